//! The book of [`crate::book`] with collateral that differs: leverage from 1 to 36, so that a fall
//! meets accounts near the line and far from it.

use domain::{Amount, Command, Rulebook};

use crate::book::{self, BTC, Driver, Stream, USD};
use crate::stream;

/// Notional of an account's four positions at the opening: 40,000 USD.
const NOTIONAL: u64 = 4_000_000_000_000;
/// The highest leverage.
const LEVERAGE_MAX: u64 = 36;

/// Collateral by a leverage drawn for the account; 0.001 BTC keeps the second balance.
fn thinned(command: Command) -> Command {
    let Command::Deposit(mut deposit) = command else { return command };
    if deposit.asset == USD {
        let hundredths = 100 + Stream::new(deposit.account.number()).below(LEVERAGE_MAX * 100 - 99);
        deposit.amount = Amount::new(i128::from(NOTIONAL * 100 / hundredths));
    } else if deposit.asset == BTC {
        deposit.amount = Amount::new(100_000);
    }
    deposit.into()
}

/// Opens so many accounts, each with four positions and its own leverage.
#[must_use]
pub fn build(accounts: u64, seal_interval: u64) -> Driver {
    under(book::rulebook(), accounts, seal_interval)
}

/// The same under other rules.
#[must_use]
pub fn under(rulebook: Rulebook, accounts: u64, seal_interval: u64) -> Driver {
    let mut driver = Driver::new(rulebook, seal_interval);
    for command in stream::setup(accounts) {
        driver.send(thinned(command));
    }
    driver
}
