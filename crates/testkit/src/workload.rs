//! Seeded streams of events that try everything: every command, accepted and refused, jumps that
//! bankrupt, cascades over limits, funding, interest, expiries, halts and changes of rules.
//!
//! A [`Workload`] draws a rulebook and then one event after the other; whoever applies them says
//! when the next pulse is due before each, and may tell what followed so that trades hit real
//! positions. Same seed and same answers: same events. Nothing is kept but a few tables, so streams
//! may be as long as one likes.

mod absurd;
mod commands;
mod dice;
mod liquidity;
mod rules;
mod selling;

use dice::Dice;
use domain::command::{Genesis, OpenAccount, Pulse};
use domain::event::HOUSE_PRODUCER;
use domain::{AccountId, Command, Duration, Effect, Event, InstrumentId, Rulebook};
use domain::{Sequence, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// When the first event of a workload happens: 2020-09-13 12:26:40 UTC.
pub const OPENS_AT: Timestamp = Timestamp::from_nanos(1_600_000_000_000_000_000);

/// A command on its way to be stamped.
#[derive(Clone, Debug)]
struct Pending {
    at: Timestamp,
    producer: u32,
    /// How far its count lies from the one expected: 0, or a resend or a gap.
    off: i64,
    command: Command,
}

/// A stream of events; see the door.
#[derive(Clone, Debug)]
pub struct Workload {
    dice: Dice,
    rulebook: Rulebook,
    /// Price of each asset in the numeraire, at 1e-9; where each began.
    levels: Vec<i128>,
    bases: Vec<i128>,
    /// Positions as effects told them.
    positions: BTreeMap<(AccountId, InstrumentId), i64>,
    halted: BTreeSet<InstrumentId>,
    expired: BTreeSet<InstrumentId>,
    accounts: u64,
    opening: u64,
    sequence: u64,
    now: Timestamp,
    producers: BTreeMap<u32, u64>,
    pending: Option<Pending>,
    script: Vec<Command>,
}

impl Workload {
    /// The stream of a seed, over a small book of 6 to 14 accounts.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let opening = dice.between(6, 14) as u64;
        Self::with_dice(dice, opening)
    }

    /// The stream of a seed that opens so many accounts first.
    #[must_use]
    pub fn with_accounts(seed: u64, accounts: u64) -> Self {
        Self::with_dice(Dice::new(seed), accounts)
    }

    fn with_dice(mut dice: Dice, opening: u64) -> Self {
        let (rulebook, levels) = rules::draw(&mut dice, opening);
        let mut workload = Self {
            dice,
            rulebook,
            bases: levels.clone(),
            levels,
            positions: BTreeMap::new(),
            halted: BTreeSet::new(),
            expired: BTreeSet::new(),
            accounts: 0,
            opening,
            sequence: 0,
            now: OPENS_AT,
            producers: BTreeMap::new(),
            pending: None,
            script: Vec::new(),
        };
        workload.script = workload.opening_script();
        workload
    }

    /// The rulebook of the genesis event, or the last valid one sent since.
    #[must_use]
    pub const fn rulebook(&self) -> &Rulebook {
        &self.rulebook
    }

    /// The next event. `next_pulse` is what the machine says after the event before: a due pulse
    /// comes first.
    pub fn next_event(&mut self, next_pulse: Option<Timestamp>) -> Event {
        let pending = match self.pending.take() {
            Some(pending) => pending,
            None => self.draw_pending(),
        };
        if let Some(due) = next_pulse.map(|due| due.max(self.now)).filter(|due| *due <= pending.at)
        {
            self.pending = Some(pending);
            return self.stamp(due, HOUSE_PRODUCER, 0, Pulse {}.into());
        }
        self.stamp(pending.at, pending.producer, pending.off, pending.command)
    }

    /// Learns what followed from the last event; without it trades meet positions by chance only.
    pub fn observe(&mut self, effects: &[Effect]) {
        for effect in effects {
            match *effect {
                Effect::AccountOpened { .. } => self.accounts += 1,
                Effect::Novated { instrument, buyer, seller, quantity, .. } => {
                    self.moved(buyer, instrument, quantity.units());
                    self.moved(seller, instrument, -quantity.units());
                }
                Effect::PositionReduced { account, instrument, quantity, .. } => {
                    self.moved(account, instrument, quantity.units());
                }
                Effect::Deleveraged { account, winner, instrument, quantity, .. } => {
                    self.moved(account, instrument, quantity.units());
                    self.moved(winner, instrument, -quantity.units());
                }
                Effect::PositionTakenOver { account, backstop, instrument, quantity, .. } => {
                    self.moved(account, instrument, quantity.units());
                    self.moved(backstop, instrument, -quantity.units());
                }
                Effect::InstrumentExpired { instrument, .. } => {
                    self.expired.insert(instrument);
                    self.halted.remove(&instrument);
                    self.positions.retain(|(_, held), _| *held != instrument);
                }
                Effect::InstrumentHalted { instrument } => {
                    self.halted.insert(instrument);
                }
                Effect::InstrumentResumed { instrument } => {
                    self.halted.remove(&instrument);
                }
                _ => {}
            }
        }
    }

    fn moved(&mut self, account: AccountId, instrument: InstrumentId, by: i64) {
        let held = self.positions.entry((account, instrument)).or_insert(0);
        *held += by;
        if *held == 0 {
            self.positions.remove(&(account, instrument));
        }
    }

    /// Genesis, accounts, a price of everything, money for everybody. Some commands come too early.
    fn opening_script(&mut self) -> Vec<Command> {
        let mut script = Vec::new();
        if self.dice.chance(300) {
            script.push(OpenAccount { account: AccountId::new(0) }.into());
            script.push(rules::invalid_genesis(&mut self.dice, &self.rulebook).into());
        }
        let seal_interval = self.dice.pick(&[64, 1_000, 4_096]);
        let rulebook = self.rulebook.clone();
        script.push(Genesis { semantics: 1, seal_interval, rulebook }.into());
        for account in 0..self.opening {
            script.push(OpenAccount { account: AccountId::new(account) }.into());
        }
        script.extend(self.all_prices());
        for account in 0..self.opening {
            script.extend(self.first_deposits(AccountId::new(account)));
        }
        script.reverse();
        script
    }

    fn draw_pending(&mut self) -> Pending {
        if let Some(command) = self.script.pop() {
            return Pending { at: self.now, producer: 1, off: 0, command };
        }
        let seconds = match self.dice.below(1_000) {
            0..=499 => 0,
            500..=979 => self.dice.between(1, 8),
            980..=995 => self.dice.between(10, 60),
            996..=997 if self.halted.is_empty() => self.calm(),
            _ => self.dice.between(300, 900),
        };
        let at = self.now.plus(Duration::from_nanos(
            seconds as i64 * 1_000_000_000 + self.dice.below(1_000) as i64,
        ));
        let off = match self.dice.below(400) {
            0 => -1,
            1 => 1,
            _ => 0,
        };
        let command = self.draw_command(at);
        Pending { at, producer: 1 + self.dice.below(2) as u32, off, command }
    }

    /// A spell in which nothing happens but interest, in seconds.
    fn calm(&mut self) -> i128 {
        let step = self.rulebook.liquidation.interest_step.nanos() / 1_000_000_000;
        i128::from(step) * self.dice.between(5, 40)
    }

    fn stamp(&mut self, at: Timestamp, producer: u32, off: i64, command: Command) -> Event {
        self.sequence += 1;
        self.now = at;
        let count = self.producers.entry(producer).or_insert(0);
        let producer_seq = (*count + 1).saturating_add_signed(off);
        if off == 0 {
            *count += 1;
        }
        let sequence = Sequence::new(self.sequence);
        Event { sequence, timestamp: at, producer, producer_seq, command }
    }
}
