//! The book and its mixed workload as external commands, for targets that drive the pipeline.
//!
//! The same book as [`crate::book::build`], as the commands that a producer would send: genesis,
//! prices, then each account with its deposits, then the trades that give it four positions.

use clearing::SEMANTICS;
use domain::command::{Command, Deposit, Feed, Genesis, OpenAccount};
use domain::{AccountId, Amount, Duration, InstrumentId, Timestamp};
use runtime::ExternalCommand;

use crate::book::{self, BTC, INSTRUMENTS, Mix, OPENING, POSITIONS, USD};

/// The one producer of a stream.
pub const PRODUCER: u32 = 1;
const BTC_PRICE: i64 = 1_000_000_000_000;

/// Numbers commands as one producer's, a microsecond apart.
#[derive(Clone, Copy, Debug)]
pub struct Numbering {
    count: u64,
    begin: Timestamp,
}

impl Numbering {
    /// From 1 and from this time on.
    #[must_use]
    pub const fn from(begin: Timestamp) -> Self {
        Self { count: 0, begin }
    }

    /// The next count and the command under it.
    pub fn next(&mut self, command: Command) -> ExternalCommand {
        self.count += 1;
        let wish = self.begin.plus(Duration::from_nanos(self.count as i64 * 1_000));
        ExternalCommand { producer: PRODUCER, producer_seq: self.count, wish, command }
    }

    /// How many were numbered.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }
}

/// The first command of the book.
#[must_use]
pub fn genesis(seal_interval: u64) -> Command {
    Genesis { semantics: SEMANTICS, seal_interval, rulebook: book::rulebook() }.into()
}

/// Everything after genesis that makes a book of so many accounts.
pub fn setup(accounts: u64) -> impl Iterator<Item = Command> {
    let marks = (0..INSTRUMENTS).map(|number| Feed::mark(InstrumentId::new(number)));
    let prices = std::iter::once(book::price(Feed::index(BTC), BTC_PRICE).into())
        .chain(marks.map(|feed| book::price(feed, OPENING).into()));
    prices.chain((0..accounts).flat_map(open)).chain(trades(accounts))
}

fn open(number: u64) -> [Command; 3] {
    let account = AccountId::new(number);
    let deposit = |asset, units| Deposit { account, asset, amount: Amount::new(units) }.into();
    [OpenAccount { account }.into(), deposit(USD, 2_000_000_000_000), deposit(BTC, 100_000_000)]
}

fn trades(accounts: u64) -> impl Iterator<Item = Command> {
    let step = u64::from(INSTRUMENTS);
    (0..accounts)
        .filter(move |first| (first / step).is_multiple_of(2) && first + step < accounts)
        .flat_map(move |first| {
            (0..POSITIONS).map(move |slot| {
                let second = first + step;
                let (buyer, seller) = if slot % 2 == 0 { (first, second) } else { (second, first) };
                let instrument = book::instrument_of(first, slot);
                book::trade(buyer, seller, instrument, 1_000_000_000, OPENING).into()
            })
        })
}

/// The mixed workload without end.
pub fn mixed(seed: u64, accounts: u64) -> impl Iterator<Item = Command> {
    let mut mix = Mix::new(seed, accounts);
    std::iter::repeat_with(move || mix.next_command())
}
