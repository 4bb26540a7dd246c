//! Pairing: every long lot finds a short one, at the opening mark.
//!
//! Both sides are put in a random order (each account by a number from its own stream, ties by
//! account), then two pointers trade the smaller remainder. At most longs + shorts - 1 trades.
//! Law: nobody trades with himself, as nobody is on both sides of an instrument.

use domain::{InstrumentId, Quantity};

use super::super::stream::{Purpose, Stream};
use super::{Account, Cell, Trade};

/// Trades that bring all accounts to their positions in one instrument.
pub(super) fn pair(
    seed: u64,
    instrument: InstrumentId,
    asset: &str,
    cells: &[Cell],
    accounts: &[Account],
) -> Vec<Trade> {
    let [longs, shorts] = sides(seed, instrument, asset, cells, accounts);
    let mut trades = Vec::new();
    let (mut longs, mut shorts) = (longs.into_iter(), shorts.into_iter());
    let (mut long, mut short) = (longs.next(), shorts.next());
    while let (Some((buyer, bought)), Some((seller, sold))) = (long, short) {
        let quantity = bought.min(sold);
        trades.push(Trade { instrument, buyer, seller, quantity: Quantity::new(quantity) });
        long = if bought > quantity { Some((buyer, bought - quantity)) } else { longs.next() };
        short = if sold > quantity { Some((seller, sold - quantity)) } else { shorts.next() };
    }
    trades
}

/// Account and size of every position, longs and shorts, each side in its random order.
fn sides(
    seed: u64,
    instrument: InstrumentId,
    asset: &str,
    cells: &[Cell],
    accounts: &[Account],
) -> [Vec<(u32, i64)>; 2] {
    let mut sides = [Vec::new(), Vec::new()];
    for (number, account) in (0..).zip(accounts) {
        let quantity = account.quantity(instrument);
        if quantity.is_zero() {
            continue;
        }
        let subject = format!("{asset} in {}", cells[account.cell].name);
        let order = Stream::new(seed, Purpose::Pairing, &subject, i64::from(account.place)).bits();
        let side = usize::from(quantity.is_negative());
        sides[side].push((order, number, quantity.magnitude().units()));
    }
    sides.map(|mut side| {
        side.sort_unstable();
        side.into_iter().map(|(_, number, size)| (number, size)).collect()
    })
}
