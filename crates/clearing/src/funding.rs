//! Funding and interest: one index update a market, never a loop over accounts.

use crate::house::Books;
use crate::settlement::transfer;
use crate::watch::Watch;
use alloc::vec::Vec;
use domain::command::PublishFunding;
use domain::{AssetId, Effect, Holder, HouseAccount, Rate, Timestamp};
use risk::InstrumentMarket;
use risk::accrual::interest_step;

/// Whether the funding index stays within the price range after this rate.
pub(crate) fn room(market: &InstrumentMarket, rate: Rate) -> bool {
    let after = market.funding_index + market.mark.wide() * rate.wide();
    // A funded mark is mark less this many price units and must fit beside it.
    (after / risk::prices::FUNDING_ONE).abs() <= i128::from(i64::MAX / 4)
}

/// Moves the index of a perpetual by rate times mark, exactly.
///
/// Worked: .0001 at 50,000 moves it by 5; a long of 2 owes 10.
pub(crate) fn publish(
    books: &mut Books,
    watch: &mut Watch,
    publish: &PublishFunding,
    effects: &mut Vec<Effect>,
) {
    let PublishFunding { instrument, rate } = *publish;
    let Some(market) = books.instruments.get_mut(instrument.index()) else { return };
    market.funding_index += market.mark.wide() * rate.wide();
    let index = market.funding_index;
    watch.move_instrument(&mut books.accounts, instrument, market.funded_mark());
    watch.indexes_moved();
    effects.push(Effect::FundingIndexMoved { instrument, rate, index });
}

/// One step of the interest grid, if it is due: every asset's indexes move, the fee is paid.
pub(crate) fn step_interest(books: &mut Books, watch: &mut Watch, effects: &mut Vec<Effect>) {
    let due = books.cursor.interest_at.filter(|at| *at <= books.now());
    let Some(at) = due else { return };
    let step = books.rulebook.liquidation.interest_step;
    let accounts = books.accounts.count();
    for place in 0..books.rulebook.assets.len() {
        let (Some(rules), Some(market)) =
            (books.rulebook.assets.get(place), books.assets.get_mut(place))
        else {
            continue;
        };
        let Some(moved) = interest_step(market, &rules.interest, step, accounts) else { continue };
        market.borrow_index = moved.borrow_index;
        market.deposit_index = moved.deposit_index;
        let asset = AssetId::new(place as u32);
        let sides = (Holder::House(HouseAccount::Interest), Holder::House(HouseAccount::Fees));
        transfer(books, sides, asset, moved.fee);
        effects.push(Effect::InterestIndexMoved {
            asset,
            borrow_index: moved.borrow_index,
            deposit_index: moved.deposit_index,
            fee: moved.fee,
        });
    }
    books.cursor.interest_at = Some(at.plus(step));
    watch.indexes_moved();
}

/// Starts or stops the interest grid, as something is lent at interest or nothing is.
pub(crate) fn schedule_interest(books: &mut Books) {
    let lent = books
        .assets
        .iter()
        .zip(&books.rulebook.assets)
        .any(|(market, rules)| market.borrow_shares > 0 && !rules.interest.points.is_empty());
    books.cursor.interest_at = match books.cursor.interest_at {
        _ if !lent => None,
        Some(at) => Some(at),
        None => {
            let step = books.rulebook.liquidation.interest_step.nanos();
            let next = (books.now().nanos().div_euclid(step) + 1).saturating_mul(step);
            Some(Timestamp::from_nanos(next))
        }
    };
}
