//! An invented book under any rulebook, and a stream of ordinary commands over it: what a latency
//! is measured with.
//!
//! Up to ten perpetuals paid in the numeraire, opening at a hundredth of their highest price; each
//! account holds the numeraire and trades four of them. Of the stream 70 % are trades, 20 % ticks,
//! 10 % deposits, withdrawals and funding. Seeded: the same numbers give the same commands.

use clearing::SEMANTICS;
use domain::command::{
    Command, Deposit, Feed, Genesis, OpenAccount, PublishFunding, PublishPrice, RegisterTrade,
    Withdraw,
};
use domain::rulebook::{InstrumentKind, Rulebook};
use domain::{AccountId, Amount, Duration, InstrumentId, Price, Quantity, Rate, Timestamp};
use feed::error::{FeedError, Place};
use runtime::ExternalCommand;

use crate::failure::{Answer, Failure, NOT_UNDERSTOOD};

/// The one producer.
pub const PRODUCER: u32 = 1;
/// Events between two seals of the book's journal.
pub const SEAL_INTERVAL: u64 = 65_536;
/// Instruments in which an account trades.
const POSITIONS: usize = 4;
const INSTRUMENTS_MAX: usize = 10;
/// Largest notional of a trade, in whole units of the numeraire.
const NOTIONAL: i128 = 100;
/// What an account holds, in whole units of the numeraire, if caps allow.
const HOLDING: i128 = 100_000;

/// An instrument of the book.
#[derive(Debug, Clone, Copy)]
struct Traded {
    instrument: InstrumentId,
    opening: i64,
    mark: i64,
    lot: i64,
    lots_max: u64,
    rate_max: i64,
}

/// The book and where its stream stands.
#[derive(Debug, Clone)]
pub struct Workload {
    rules: Rulebook,
    traded: Vec<Traded>,
    accounts: u64,
    holding: Amount,
    random: u64,
}

/// A number from the next state of the stream (Steele, Lea and Flood, SplitMix64).
const fn mixed(state: u64) -> u64 {
    let z = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

fn traded(rules: &Rulebook) -> Vec<Traded> {
    let listed = (0..).zip(&rules.instruments).filter(|(_, instrument)| {
        matches!(instrument.kind, InstrumentKind::Perpetual { .. })
            && instrument.settles == rules.numeraire
    });
    let traded = listed.map(|(number, instrument)| {
        let opening = (instrument.price_max.units() / 100).max(1);
        let lot = instrument.lot.units();
        // Price unit times quantity unit is 1e-16 of the numeraire.
        let lots = NOTIONAL * 10i128.pow(16) / (i128::from(opening) * i128::from(lot));
        Traded {
            instrument: InstrumentId::new(number),
            opening,
            mark: opening,
            lot,
            lots_max: u64::try_from(lots).unwrap_or(1).clamp(1, 1_000_000),
            rate_max: instrument.rate_max.units().clamp(0, 1_000_000),
        }
    });
    traded.take(INSTRUMENTS_MAX).collect()
}

impl Workload {
    /// A book of so many accounts.
    ///
    /// # Errors
    /// The rulebook has fewer than four perpetuals paid in its numeraire, or caps without room for
    /// so many accounts.
    pub fn new(rules: Rulebook, accounts: u64, seed: u64) -> Answer<Workload> {
        let traded = traded(&rules);
        let most = usize::from(rules.limits.positions_per_account);
        if traded.len() < POSITIONS || most < POSITIONS {
            let expected = "four perpetuals paid in the numeraire, and room for four positions";
            let found = format!("{} of them, room for {most}", traded.len());
            let place = Place::default().at("--rulebook");
            let error = FeedError::input("bench.rulebook", place, expected, found);
            return Err(Failure::said(NOT_UNDERSTOOD, error));
        }
        let least = 2 * traded.len() as u64;
        let most = u64::from(rules.limits.accounts_max);
        if !(least..=most).contains(&accounts) {
            let expected = format!("{least} to {most} accounts under this rulebook");
            return Err(Failure::argument("--accounts", expected, &accounts.to_string()));
        }
        let asset = &rules.assets[rules.numeraire.index()];
        let wanted = HOLDING * 10i128.pow(u32::from(asset.decimals));
        let room = asset.deposit_cap.units() / (4 * i128::from(accounts));
        let holding = Amount::new(wanted.min(asset.balance_max.units() / 4).min(room));
        if holding.units() < 1_000_000 {
            let expected = "fewer accounts: the deposit cap leaves each next to nothing";
            return Err(Failure::argument("--accounts", expected, &accounts.to_string()));
        }
        Ok(Workload { rules, traded, accounts, holding, random: seed })
    }

    /// The first command.
    pub fn genesis(&self) -> Command {
        let rulebook = self.rules.clone();
        Genesis { semantics: SEMANTICS, seal_interval: SEAL_INTERVAL, rulebook }.into()
    }

    /// Everything after genesis that makes the book; its prices are of `begin`.
    pub fn setup(&self, begin: Timestamp) -> impl Iterator<Item = Command> + '_ {
        let price = move |traded: &Traded| price(traded.instrument, traded.opening, begin);
        let prices = self.traded.iter().map(price);
        let asset = self.rules.numeraire;
        let accounts = (0..self.accounts).map(AccountId::new).flat_map(move |account| {
            let deposit = Deposit { account, asset, amount: self.holding };
            [OpenAccount { account }.into(), deposit.into()]
        });
        let step = self.traded.len() as u64;
        let pairs = (0..self.accounts - step).filter(move |first| (first / step).is_multiple_of(2));
        let trades = pairs.flat_map(move |first| {
            (0..POSITIONS).map(move |slot| {
                let place = (first % step) as usize + slot;
                let traded = self.traded[place % self.traded.len()];
                let ends =
                    if slot % 2 == 0 { (first, first + step) } else { (first + step, first) };
                trade(&traded, ends, traded.lots_max)
            })
        });
        prices.chain(accounts).chain(trades)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.random = self.random.wrapping_add(0x9E37_79B9_7F4A_7C15);
        ((u128::from(mixed(self.random)) * u128::from(bound)) >> 64) as u64
    }

    /// The next command of the stream; a price is of the time `at`.
    pub fn next_command(&mut self, at: Timestamp) -> Command {
        let asset = self.rules.numeraire;
        match self.below(100) {
            0..70 => self.next_trade(),
            70..90 => self.next_tick(at),
            90..95 => {
                let account = AccountId::new(self.below(self.accounts));
                Deposit { account, asset, amount: Amount::new(1_000) }.into()
            }
            95..98 => {
                let account = AccountId::new(self.below(self.accounts));
                Withdraw { account, asset, amount: Amount::new(1_000) }.into()
            }
            _ => {
                let place = self.below(self.traded.len() as u64) as usize;
                let traded = self.traded[place];
                let rate = self.below(2 * traded.rate_max as u64 + 1) as i64 - traded.rate_max;
                PublishFunding { instrument: traded.instrument, rate: Rate::new(rate) }.into()
            }
        }
    }

    /// A trade between two accounts that trade the same instruments.
    fn next_trade(&mut self) -> Command {
        let step = self.traded.len() as u64;
        let (group, members) = (self.below(step), self.accounts / step);
        let buyer = self.below(members);
        let seller = (buyer + 1 + self.below(members - 1)) % members;
        let place = group as usize + self.below(POSITIONS as u64) as usize;
        let traded = self.traded[place % self.traded.len()];
        let lots = 1 + self.below(traded.lots_max);
        trade(&traded, (buyer * step + group, seller * step + group), lots)
    }

    /// A step of at most a basis point, within 1 % of the opening.
    fn next_tick(&mut self, at: Timestamp) -> Command {
        let place = self.below(self.traded.len() as u64) as usize;
        let Traded { instrument, opening, mark, .. } = self.traded[place];
        let reach = (opening / 10_000).max(1);
        let step = self.below(2 * reach as u64 + 1) as i64 - reach;
        let mark = (mark + step).clamp(opening - opening / 100, opening + opening / 100);
        self.traded[place].mark = mark;
        price(instrument, mark, at)
    }
}

fn price(instrument: InstrumentId, price: i64, published_at: Timestamp) -> Command {
    let (feed, price) = (Feed::mark(instrument), Price::new(price));
    let confidence = Price::new(0);
    PublishPrice { feed, source: 1, price, confidence, published_at }.into()
}

fn trade(traded: &Traded, (buyer, seller): (u64, u64), lots: u64) -> Command {
    RegisterTrade {
        buyer: AccountId::new(buyer),
        seller: AccountId::new(seller),
        instrument: traded.instrument,
        quantity: Quantity::new(traded.lot * lots as i64),
        price: Price::new(traded.mark),
        buyer_fee: Amount::ZERO,
        seller_fee: Amount::ZERO,
    }
    .into()
}

/// Numbers commands as the one producer's, a microsecond apart.
#[derive(Debug, Clone, Copy)]
pub struct Numbering {
    /// How many were numbered.
    pub count: u64,
    /// When the first is wished for.
    pub begin: Timestamp,
}

impl Numbering {
    /// The next count and the command under it.
    pub fn next(&mut self, command: Command) -> ExternalCommand {
        self.count += 1;
        let wish = self.begin.plus(Duration::from_nanos(self.count as i64 * 1_000));
        ExternalCommand { producer: PRODUCER, producer_seq: self.count, wish, command }
    }
}
