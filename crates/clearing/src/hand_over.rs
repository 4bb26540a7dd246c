//! Handing an account over whole: the backstop takes its positions at the mark and all it holds.
//!
//! Law: the backstop stands at initial margin and within every cap afterwards, or nothing is
//! handed over.

use crate::account::{LIQUIDATING, QUEUED};
use crate::closeout::CloseOut;
use crate::house::Books;
use crate::settlement::{fill_client, post_balance, transfer};
use domain::{AccountId, Amount, AssetId, Balance, Effect, Holder, Position, Quantity, Quote};
use risk::accrual::{effective_amount, side_index};
use risk::assess;
use risk::fill::after_fill;
use risk::portfolio::Change;
use risk::selling::tradable;
use risk::slice::Holdings;

impl CloseOut<'_> {
    /// Hands everything over if the backstop can carry it.
    pub fn take_over(&mut self, backstop: AccountId) -> bool {
        if !carries(self.books, self.account, backstop) {
            return false;
        }
        let account = self.account;
        for position in self.books.accounts.positions(account).to_vec() {
            let instrument = position.instrument;
            let quote = at_mark(self.books, &position);
            self.effects.push(Effect::PositionTakenOver {
                account,
                backstop,
                instrument,
                quantity: -position.quantity,
                quote,
            });
            self.fill(instrument, (-position.quantity, -quote));
            let bought = (position.quantity, quote);
            fill_client(self.books, backstop, instrument, bought, self.effects);
        }
        for balance in self.books.accounts.balances(account).to_vec() {
            self.pass_on(backstop, balance.asset, balance.amount);
        }
        true
    }

    fn pass_on(&mut self, backstop: AccountId, asset: AssetId, amount: Amount) {
        if amount == Amount::ZERO {
            return;
        }
        post_balance(self.books, backstop, asset, self.effects);
        let (from, to, amount) = if amount.is_negative() {
            (backstop, self.account, -amount)
        } else {
            (self.account, backstop, amount)
        };
        transfer(self.books, (Holder::Client(from), Holder::Client(to)), asset, amount);
        self.effects.push(Effect::AssetTransferred { from, to, asset, amount });
    }
}

fn at_mark(books: &Books, position: &Position) -> Quote {
    position.quantity.quote(books.prices().instrument(position.instrument).mark)
}

/// Whether the backstop exists, is healthy itself, and would be after taking over all of an
/// account.
fn carries(books: &Books, account: AccountId, backstop: AccountId) -> bool {
    let opened = backstop.number() < books.accounts.count();
    if !opened || backstop == account || books.accounts.flag(backstop, LIQUIDATING | QUEUED) {
        return false;
    }
    let prices = books.prices();
    let mut giver = Holdings::of(&books.accounts.portfolio(account));
    let mut taker = Holdings::of(&books.accounts.portfolio(backstop));
    for position in books.accounts.positions(account) {
        let held = held(books, &taker, position);
        let sum = held.quantity.units().saturating_add(position.quantity.units());
        let most = prices.instrument_rules(position.instrument).position_max.units();
        if !tradable(position, &prices) || sum.saturating_abs() > most {
            return false;
        }
        let quote = at_mark(books, position);
        let fill = |side: &Holdings, held: &Position, quantity: Quantity, quote: Quote| {
            after_fill(&side.portfolio(), &prices, held, quantity, quote, Amount::ZERO)
        };
        let given = fill(&giver, position, -position.quantity, -quote);
        let taken = fill(&taker, &held, position.quantity, quote);
        giver.apply(&given);
        taker.apply(&taken);
    }
    for given in giver.portfolio().balances() {
        let row = taker.portfolio().balance(given.asset);
        let market = prices.asset(given.asset);
        let own = row.map_or(Amount::ZERO, |row| effective_amount(&row, market));
        let amount = own + effective_amount(&given, market);
        let most = prices.asset_rules(given.asset).balance_max;
        if amount > most || amount < -most {
            return false;
        }
        let row = Balance { asset: given.asset, amount, index: side_index(amount, market) };
        taker.apply(&Change { position: None, balances: [Some(row), None] });
    }
    let room = usize::from(books.rulebook.limits.positions_per_account);
    let after = taker.portfolio();
    let assessment = assess(&after, &prices);
    after.positions().count() <= room
        && assessment.adjusted_equity >= assessment.requirement.initial
}

/// What a side holds in the instrument of a position.
fn held(books: &Books, side: &Holdings, position: &Position) -> Position {
    let instrument = position.instrument;
    let funding_index = books.prices().instrument(instrument).funding_index;
    side.portfolio().position(instrument).unwrap_or(Position {
        instrument,
        quantity: Quantity::ZERO,
        cost: Quote::ZERO,
        funding_index,
    })
}
