//! Where in a run a liquidation began, and who closed whose position.

use domain::{AccountId, Effect, Sequence};
use runtime::rerun::{Witness, rerun};
use runtime::{Observer, Walk};

use super::story::Began;
use crate::failure::{Answer, Failure};
use crate::opened::Run;

/// A closing of a winner's position against an account in default.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClosedAgainst {
    /// In which event.
    pub sequence: u64,
    /// Place of the effect in the event.
    pub ordinal: usize,
    /// The account in default.
    pub account: AccountId,
}

/// What a run did to one account.
#[derive(Debug, Default)]
pub struct Fate {
    /// Its liquidations, in order.
    pub began: Vec<Began>,
    /// Closings of its positions as a winner's, in order.
    pub closed: Vec<ClosedAgainst>,
}

struct Search {
    account: AccountId,
    fate: Fate,
}

impl Observer for Search {
    fn observe(&mut self, event: &domain::Event, effects: &[Effect]) {
        let sequence = event.sequence.number();
        for (ordinal, effect) in effects.iter().enumerate() {
            match *effect {
                Effect::LiquidationStarted { account, .. } if account == self.account => {
                    self.fate.began.push(Began { account, sequence, ordinal });
                }
                Effect::Deleveraged { account, winner, .. } if winner == self.account => {
                    self.fate.closed.push(ClosedAgainst { sequence, ordinal, account });
                }
                _ => {}
            }
        }
    }
}

impl Witness for Search {}

/// What a run did to an account, up to an event.
///
/// # Errors
/// Damage to the journal.
pub fn fate(run: &Run, account: AccountId, until: u64) -> Answer<Fate> {
    let mut search = Search { account, fate: Fate::default() };
    let mut house = clearing::ClearingHouse::new();
    let reader = run.reader()?;
    rerun(&mut house, reader, Some(Sequence::new(until)), &mut search)
        .map_err(|error| Failure::runtime(&run.journal(), &error))?;
    Ok(search.fate)
}

/// Counts liquidations up to the one that is meant.
struct Count {
    number: u64,
    count: u64,
    found: Option<Began>,
}

impl Observer for Count {
    fn observe(&mut self, event: &domain::Event, effects: &[Effect]) {
        for (ordinal, effect) in effects.iter().enumerate() {
            if let Effect::LiquidationStarted { account, .. } = *effect {
                self.count += 1;
                if self.count == self.number {
                    let sequence = event.sequence.number();
                    self.found = Some(Began { account, sequence, ordinal });
                }
            }
        }
    }
}

impl Witness for Count {}

/// The liquidation of a number, counted from 1 in the order in which they began, and how many there
/// were.
///
/// # Errors
/// Damage to the journal.
pub fn liquidation(run: &Run, number: u64) -> Answer<(Option<Began>, u64)> {
    let mut count = Count { number, count: 0, found: None };
    let mut house = clearing::ClearingHouse::new();
    rerun(&mut house, run.reader()?, None, &mut count)
        .map_err(|error| Failure::runtime(&run.journal(), &error))?;
    Ok((count.found, count.count))
}

/// The liquidations that began in the next event of a walk.
///
/// # Errors
/// Damage to the journal.
pub fn began_next(run: &Run, walk: &mut Walk) -> Answer<Vec<Began>> {
    let taken = walk.take().map_err(|error| Failure::runtime(&run.journal(), &error))?;
    let Some((event, effects)) = taken else { return Ok(Vec::new()) };
    let sequence = event.sequence.number();
    let started = effects.iter().enumerate().filter_map(|(ordinal, effect)| match effect {
        Effect::LiquidationStarted { account, .. } => {
            Some(Began { account: *account, sequence, ordinal })
        }
        _ => None,
    });
    Ok(started.collect())
}
