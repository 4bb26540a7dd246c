//! Laws of the machine, each a named function with one sentence.
//!
//! They read the whole state: tests call them after every event, runs on request.

use crate::account::{LIQUIDATING, QUEUED};
use crate::house::{Books, ClearingHouse};
use alloc::format;
use alloc::string::String;
use domain::{AccountId, Amount, AssetId, HouseAccount, InstrumentId, Position};
use risk::accrual::{effective_amount, funding_credit, shares};
use risk::assess;

/// A law that does not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{law} does not hold: {detail}")]
pub struct Violation {
    /// Name of the law: its function.
    pub law: &'static str,
    /// Where and by how much.
    pub detail: String,
}

type Law = fn(&ClearingHouse) -> Result<(), String>;

/// Every law with its name.
const LAWS: &[(&str, Law)] = &[
    ("positions_sum_to_zero", positions_sum_to_zero),
    ("assets_sum_to_zero", assets_sum_to_zero),
    ("settlement_pool_owes_open_costs", settlement_pool_owes_open_costs),
    ("funding_pool_covers_accruals", funding_pool_covers_accruals),
    ("interest_pool_covers_accruals", interest_pool_covers_accruals),
    ("house_signs_hold", house_signs_hold),
    ("totals_are_sums", totals_are_sums),
    ("requirements_are_ordered", requirements_are_ordered),
    ("nobody_is_missed", nobody_is_missed),
    ("queue_is_flagged", queue_is_flagged),
    ("who_is_sold_out_waits", who_is_sold_out_waits),
    ("cases_belong_to_the_queue", cases_belong_to_the_queue),
    ("hashes_are_current", hashes_are_current),
];

impl ClearingHouse {
    /// Names of the laws, in the order they are checked.
    pub fn laws() -> impl Iterator<Item = &'static str> {
        LAWS.iter().map(|(name, _)| *name)
    }

    /// Checks every law.
    ///
    /// # Errors
    /// The first law that does not hold.
    pub fn check_invariants(&self) -> Result<(), Violation> {
        for (law, holds) in LAWS {
            holds(self).map_err(|detail| Violation { law, detail })?;
        }
        Ok(())
    }
}

fn hold(holds: bool, detail: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(detail()) }
}

/// Every open position of everybody, the liquidity account included.
fn all_positions(books: &Books) -> impl Iterator<Item = Position> + use<'_> {
    let clients = books.accounts.ids().flat_map(|account| books.accounts.positions(account));
    clients.chain(books.liquidity.positions()).copied()
}

fn assets(books: &Books) -> impl Iterator<Item = AssetId> + use<> {
    (0..books.assets.len() as u32).map(AssetId::new)
}

fn client_sum(books: &Books, asset: AssetId) -> i128 {
    let balances = books.accounts.ids().filter_map(|id| books.accounts.balance(id, asset));
    balances.map(|balance| balance.amount.units()).sum()
}

/// The signed quantities of each instrument, liquidity included, sum to zero.
fn positions_sum_to_zero(house: &ClearingHouse) -> Result<(), String> {
    for number in 0..house.books.instruments.len() as u32 {
        let instrument = InstrumentId::new(number);
        let held = all_positions(&house.books).filter(|held| held.instrument == instrument);
        let sum: i128 = held.map(|held| held.quantity.wide()).sum();
        hold(sum == 0, || format!("instrument {number} sums to {sum}"))?;
    }
    Ok(())
}

/// The balances of each asset, clients and house, sum to zero.
fn assets_sum_to_zero(house: &ClearingHouse) -> Result<(), String> {
    let books = &house.books;
    for asset in assets(books) {
        let house_row = HouseAccount::ALL.iter().map(|held| books.ledger.house(*held, asset));
        let sum = client_sum(books, asset) + house_row.map(Amount::units).sum::<i128>();
        hold(sum == 0, || format!("asset {} sums to {sum}", asset.number()))?;
    }
    Ok(())
}

/// What the settlement pool paid out is what open positions still cost, but for the fractions of a
/// unit it kept when positions closed.
fn settlement_pool_owes_open_costs(house: &ClearingHouse) -> Result<(), String> {
    let books = &house.books;
    let prices = books.prices();
    for asset in assets(books) {
        let costs: i128 = all_positions(books)
            .filter(|held| prices.instrument_rules(held.instrument).settles == asset)
            .map(|held| held.cost.units())
            .sum();
        let pool = books.ledger.house(HouseAccount::Settlement, asset).units();
        let residue = pool * prices.asset_rules(asset).scale() + costs;
        hold(residue >= 0, || format!("asset {} lacks {residue} at 1e-16", asset.number()))?;
    }
    Ok(())
}

/// The funding pool and what is not yet posted come to a residue of at least zero.
fn funding_pool_covers_accruals(house: &ClearingHouse) -> Result<(), String> {
    let books = &house.books;
    let prices = books.prices();
    for asset in assets(books) {
        let scale = prices.asset_rules(asset).divisor();
        let credits: i128 = all_positions(books)
            .filter(|held| prices.instrument_rules(held.instrument).settles == asset)
            .map(|held| funding_credit(&held, prices.instrument(held.instrument), scale).units())
            .sum();
        let residue = books.ledger.house(HouseAccount::Funding, asset).units() - credits;
        hold(residue >= 0, || format!("asset {} lacks {residue}", asset.number()))?;
    }
    Ok(())
}

/// The interest pool and what is not yet posted come to a residue of at least zero.
fn interest_pool_covers_accruals(house: &ClearingHouse) -> Result<(), String> {
    let books = &house.books;
    for asset in assets(books) {
        let market = books.prices().asset(asset);
        let credits: i128 = books
            .accounts
            .ids()
            .filter_map(|id| books.accounts.balance(id, asset))
            .map(|balance| (effective_amount(&balance, market) - balance.amount).units())
            .sum();
        let residue = books.ledger.house(HouseAccount::Interest, asset).units() - credits;
        hold(residue >= 0, || format!("asset {} lacks {residue}", asset.number()))?;
    }
    Ok(())
}

/// Funds, fees and residue are never negative; custody and the uncovered never positive.
fn house_signs_hold(house: &ClearingHouse) -> Result<(), String> {
    for asset in assets(&house.books) {
        let held = |account| house.books.ledger.house(account, asset);
        for account in [HouseAccount::InsuranceFund, HouseAccount::Fees, HouseAccount::Residue] {
            let amount = held(account);
            hold(!amount.is_negative(), || format!("{account:?} holds {}", amount.units()))?;
        }
        let uncovered = held(HouseAccount::Uncovered);
        hold(!uncovered.is_positive(), || format!("Uncovered holds {}", uncovered.units()))?;
    }
    Ok(())
}

/// The totals of deposits and borrows are the sums over accounts.
fn totals_are_sums(house: &ClearingHouse) -> Result<(), String> {
    let books = &house.books;
    for asset in assets(books) {
        let (mut deposits, mut borrows) = (0, 0);
        for id in books.accounts.ids() {
            let Some(balance) = books.accounts.balance(id, asset) else { continue };
            if balance.amount.is_negative() {
                borrows += shares(-balance.amount, balance.index.wide());
            } else {
                deposits += shares(balance.amount, balance.index.wide());
            }
        }
        let market = books.prices().asset(asset);
        let kept = (market.deposit_shares, market.borrow_shares);
        hold(kept == (deposits, borrows), || {
            format!("asset {}: {kept:?} kept, {deposits} and {borrows} held", asset.number())
        })?;
    }
    Ok(())
}

/// Maintenance is at most release, release at most initial margin.
fn requirements_are_ordered(house: &ClearingHouse) -> Result<(), String> {
    for id in house.books.accounts.ids() {
        let assessment = assess(&house.books.accounts.portfolio(id), &house.books.prices());
        let asked = assessment.requirement;
        let ordered = asked.maintenance <= asked.release && asked.release <= asked.initial;
        hold(ordered, || format!("account {}: {asked:?}", id.number()))?;
    }
    Ok(())
}

/// Nobody is liquidatable but who waits for a pulse, and the wake index proves it.
fn nobody_is_missed(house: &ClearingHouse) -> Result<(), String> {
    let missed = |id: &AccountId| !house.watch.proves(&house.books, *id);
    let missed = house.books.accounts.ids().find(missed);
    hold(missed.is_none(), || format!("account {missed:?} is not proved safe"))
}

/// Between two events an account that is being sold out waits for a pulse: it was not let go, for
/// it stands below release, and it is not forgotten.
fn who_is_sold_out_waits(house: &ClearingHouse) -> Result<(), String> {
    let books = &house.books;
    let flagged = |id: &AccountId| books.accounts.flag(*id, LIQUIDATING);
    let mut stray = books.accounts.ids().filter(flagged);
    let stray = stray.find(|id| !books.accounts.flag(*id, QUEUED));
    hold(stray.is_none(), || format!("account {stray:?} is flagged and does not wait"))
}

/// Where the rulebook chooses how accounts are sold out, exactly those that wait have a case, and
/// the queue's time is the earliest of theirs; elsewhere nobody has one.
fn cases_belong_to_the_queue(house: &ClearingHouse) -> Result<(), String> {
    let books = &house.books;
    let cases = books.accounts.with_cases();
    if !books.sells_by_rules() {
        return hold(cases.is_empty(), || format!("cases {cases:?}"));
    }
    hold(cases == books.queue, || format!("cases {cases:?}, queue {:?}", books.queue))?;
    let (found, earliest) = (books.cursor.queue_at, books.next_wake());
    hold(found == earliest, || format!("queue at {found:?}, earliest {earliest:?}"))
}

/// The queue holds exactly the accounts flagged as waiting, ascending.
fn queue_is_flagged(house: &ClearingHouse) -> Result<(), String> {
    let books = &house.books;
    let flagged = books.accounts.ids().filter(|id| books.accounts.flag(*id, QUEUED));
    hold(flagged.eq(books.queue.iter().copied()), || format!("queue {:?}", books.queue))
}

/// The incremental seal digest equals the one computed from every record.
fn hashes_are_current(house: &ClearingHouse) -> Result<(), String> {
    let kept = house.clone().seal_digest();
    let scratch = house.seal_digest_from_scratch();
    hold(kept == scratch, || format!("{kept:02x?} kept, {scratch:02x?} from scratch"))
}
