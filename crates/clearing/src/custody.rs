//! Deposits, withdrawals, transfers between accounts, and capital paid into the insurance fund.

use crate::account::LIQUIDATING;
use crate::house::Books;
use crate::plan::{require, require_account, require_asset};
use crate::settlement::{post_balance, transfer as move_money};
use crate::watch::{Watch, keep};
use alloc::vec::Vec;
use domain::command::{Deposit, PayInCapital, TransferAsset, Withdraw};
use domain::{AccountId, Amount, AssetId, Balance, Effect, Holder, HouseAccount, Refusal};
use risk::accrual::{amount_of, effective_amount, shares, side_index};
use risk::kept::Kept;
use risk::portfolio::Change;
use risk::{assess, oracle};

pub(crate) fn check_deposit(books: &Books, deposit: &Deposit) -> Result<(), Refusal> {
    require_account(books, deposit.account)?;
    require_asset(books, deposit.asset)?;
    require(deposit.amount.is_positive(), Refusal::AmountNotPositive)?;
    let rules = books.prices().asset_rules(deposit.asset);
    let market = books.prices().asset(deposit.asset);
    require(deposit.amount <= rules.deposit_cap, Refusal::DepositCapExceeded)?;
    let total = amount_of(market.deposit_shares, market.deposit_index) + deposit.amount;
    require(total <= rules.deposit_cap, Refusal::DepositCapExceeded)?;
    check_balance_max(books, deposit.account, deposit.asset, deposit.amount)
}

pub(crate) fn deposit(
    books: &mut Books,
    watch: &Watch,
    deposit: &Deposit,
    effects: &mut Vec<Effect>,
) {
    let Deposit { account, asset, amount } = *deposit;
    post_moved(books, watch, (account, asset), amount, effects);
    let sides = (Holder::House(HouseAccount::Custody), Holder::Client(account));
    move_money(books, sides, asset, amount);
    effects.push(Effect::Deposited { account, asset, amount });
}

/// Posts a balance that is about to change by an amount; the proof of the account's box follows
/// where it can.
fn post_moved(
    books: &mut Books,
    watch: &Watch,
    (account, asset): (AccountId, AssetId),
    amount: Amount,
    effects: &mut Vec<Effect>,
) {
    let held = held(books, account, asset);
    let kept = watch.kept_after_cash(books, account, asset, (held, held + amount));
    post_balance(books, account, asset, effects);
    match kept.filter(|kept| kept.covers_maintenance()) {
        Some(kept) => {
            keep(&mut books.accounts, account, kept);
            books.touch_proved(account);
        }
        None => books.touch(account),
    }
}

pub(crate) fn check_withdraw(
    books: &Books,
    watch: &Watch,
    withdraw: &Withdraw,
) -> Result<(), Refusal> {
    require_account(books, withdraw.account)?;
    require_asset(books, withdraw.asset)?;
    require(withdraw.amount.is_positive(), Refusal::AmountNotPositive)?;
    check_outflow(books, watch, (withdraw.account, withdraw.asset, withdraw.amount), None)
}

pub(crate) fn withdraw(
    books: &mut Books,
    watch: &Watch,
    withdraw: &Withdraw,
    effects: &mut Vec<Effect>,
) {
    let Withdraw { account, asset, amount } = *withdraw;
    post_moved(books, watch, (account, asset), -amount, effects);
    let sides = (Holder::Client(account), Holder::House(HouseAccount::Custody));
    move_money(books, sides, asset, amount);
    effects.push(Effect::Withdrawn { account, asset, amount });
}

pub(crate) fn check_transfer(
    books: &Books,
    watch: &Watch,
    transfer: &TransferAsset,
) -> Result<(), Refusal> {
    require_account(books, transfer.from)?;
    require_account(books, transfer.to)?;
    require(transfer.from != transfer.to, Refusal::AccountRepeated)?;
    require_asset(books, transfer.asset)?;
    require(transfer.amount.is_positive(), Refusal::AmountNotPositive)?;
    let TransferAsset { from, to, asset, amount } = *transfer;
    check_outflow(books, watch, (from, asset, amount), Some(to))
}

pub(crate) fn transfer(
    books: &mut Books,
    watch: &Watch,
    command: &TransferAsset,
    effects: &mut Vec<Effect>,
) {
    let TransferAsset { from, to, asset, amount } = *command;
    post_moved(books, watch, (from, asset), -amount, effects);
    post_moved(books, watch, (to, asset), amount, effects);
    move_money(books, (Holder::Client(from), Holder::Client(to)), asset, amount);
    effects.push(Effect::AssetTransferred { from, to, asset, amount });
}

pub(crate) fn check_capital(books: &Books, capital: &PayInCapital) -> Result<(), Refusal> {
    require_asset(books, capital.asset)?;
    require(capital.amount.is_positive(), Refusal::AmountNotPositive)?;
    let fund = books.ledger.house(HouseAccount::InsuranceFund, capital.asset);
    let most = books.prices().asset_rules(capital.asset).deposit_cap;
    require(capital.amount <= most && fund + capital.amount <= most, Refusal::DepositCapExceeded)
}

pub(crate) fn pay_in_capital(books: &mut Books, capital: &PayInCapital, effects: &mut Vec<Effect>) {
    let PayInCapital { asset, amount } = *capital;
    let sides = (Holder::House(HouseAccount::Custody), Holder::House(HouseAccount::InsuranceFund));
    move_money(books, sides, asset, amount);
    effects.push(Effect::CapitalPaidIn { asset, amount });
}

pub(crate) fn check_balance_max(
    books: &Books,
    account: AccountId,
    asset: AssetId,
    amount: Amount,
) -> Result<(), Refusal> {
    let most = books.prices().asset_rules(asset).balance_max;
    let within = amount <= most && held(books, account, asset) + amount <= most;
    require(within, Refusal::BalanceMaxExceeded)
}

/// An account's balance with interest; zero where it never had one.
fn held(books: &Books, account: AccountId, asset: AssetId) -> Amount {
    let market = books.prices().asset(asset);
    let balance = books.accounts.balance(account, asset);
    balance.map_or(Amount::ZERO, |balance| effective_amount(&balance, market))
}

/// Whether an account may part with an amount: enough left to lend, and adjusted equity still at
/// initial margin. A transfer names its recipient: the asset stays in the house.
fn check_outflow(
    books: &Books,
    watch: &Watch,
    (account, asset, amount): (AccountId, AssetId, Amount),
    recipient: Option<AccountId>,
) -> Result<(), Refusal> {
    let prices = books.prices();
    let market = prices.asset(asset);
    let most = prices.asset_rules(asset).balance_max;
    let owns = held(books, account, asset);
    let left = Amount::new(owns.units().saturating_sub(amount.units()));
    let row = Balance { asset, amount: left, index: side_index(left, market) };
    let change = Change { position: None, balances: [Some(row), None] };
    let portfolio = books.accounts.portfolio(account).with(change);
    let kept = watch.kept_after_cash(books, account, asset, (owns, left));
    let covered = kept.is_some_and(Kept::covers_initial) && books.freshness.covers(books.now());
    let exposed = !covered && portfolio.is_exposed();
    if exposed {
        oracle::check(&portfolio, &prices, books.now())?;
    }
    if let Some(recipient) = recipient {
        check_balance_max(books, recipient, asset, amount)?;
    }
    require(left >= -most, Refusal::BalanceMaxExceeded)?;
    require(!books.accounts.flag(account, LIQUIDATING), Refusal::AccountLiquidating)?;
    if exposed {
        let after = assess(&portfolio, &prices);
        let covered = after.adjusted_equity >= after.requirement.initial;
        require(covered, Refusal::CollateralInsufficient)?;
    }
    if recipient.is_none() || left.is_negative() {
        check_utilisation(books, asset, owns, left, recipient.is_none())?;
    }
    Ok(())
}

/// Borrows after the change stay within the rulebook's share of deposits, if there are any.
pub(crate) fn check_utilisation(
    books: &Books,
    asset: AssetId,
    before: Amount,
    after: Amount,
    leaves: bool,
) -> Result<(), Refusal> {
    let market = books.prices().asset(asset);
    let part = |amount: Amount, sign: i128| Amount::new((amount.units() * sign).max(0));
    let moved = |total: i128, index: i128, sign: i128| {
        let delta = shares(part(after, sign), index) - shares(part(before, sign), index);
        amount_of(total + delta, index)
    };
    let borrows = moved(market.borrow_shares, market.borrow_index, -1);
    let deposits = if leaves {
        moved(market.deposit_shares, market.deposit_index, 1)
    } else {
        // What leaves one account arrives in another.
        amount_of(market.deposit_shares, market.deposit_index)
    };
    let most = books.prices().asset_rules(asset).utilisation_max;
    let lent = borrows.units() <= most.of(deposits.units(), domain::Rounding::Down);
    require(!borrows.is_positive() || lent, Refusal::UtilisationMaxExceeded)
}
