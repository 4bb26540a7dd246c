//! Who follows a run: tables, report, live view, each without knowing the others.
//!
//! A listener hears every event with its effects and the state right after it, in order and without
//! holes, whether the run is being made or a finished one is heard again. What it hears is not
//! durable until `reached` says so: what it shows a person waits for that. Law: listening changes
//! nothing; a listener that fails ends the run with its failure.

use std::cell::Cell;
use std::rc::Rc;

use clearing::ClearingHouse;
use domain::{Effect, Event, Sequence, Timestamp};
use runtime::rerun::Witness;
use runtime::{Observer, RuntimeError};
use store::journal::Chain;
use store::journal::control::Seal;

use crate::chronicle::house::liquidity_pnl;
use crate::failure::{Answer, Failure};
use crate::summary::Statistics;

/// One who follows a run. Every method but [`Listener::event`] does nothing by default.
pub trait Listener {
    /// A run begins at genesis. Whatever was heard before is void: a run that was to be gone on
    /// with turned out to be of no use.
    ///
    /// # Errors
    /// The listener's own.
    fn begin(&mut self) -> Answer<()> {
        Ok(())
    }

    /// An event, what followed from it, and the state right after it.
    ///
    /// # Errors
    /// The listener's own; the run ends with it.
    fn event(&mut self, event: &Event, effects: &[Effect], house: &ClearingHouse) -> Answer<()>;

    /// The journal took a seal after the events heard so far.
    ///
    /// # Errors
    /// The listener's own; the run ends with it.
    fn sealed(&mut self, _seal: &Seal) -> Answer<()> {
        Ok(())
    }

    /// Everything heard so far is durable; the last event's place and time.
    ///
    /// # Errors
    /// The listener's own; the run ends with it.
    fn reached(&mut self, _sequence: Sequence, _at: Timestamp) -> Answer<()> {
        Ok(())
    }

    /// The run has ended, with this state; not called for one that was stopped.
    ///
    /// # Errors
    /// The listener's own.
    fn finish(&mut self, _house: &ClearingHouse) -> Answer<()> {
        Ok(())
    }
}

/// The one point where a run fans out: the figures of the summary, and whoever else listens.
pub struct FanOut<'a, 'b> {
    /// Figures of the run so far, of durable events.
    pub statistics: Statistics,
    listeners: &'a mut [&'b mut dyn Listener],
    at: Timestamp,
    failure: Option<Failure>,
    failed: Rc<Cell<bool>>,
}

impl<'a, 'b> FanOut<'a, 'b> {
    /// To these listeners, in this order.
    pub fn new(listeners: &'a mut [&'b mut dyn Listener]) -> FanOut<'a, 'b> {
        let statistics = Statistics::default();
        FanOut { statistics, listeners, at: Timestamp::START, failure: None, failed: Rc::default() }
    }

    /// Begins at genesis; what was heard before is void.
    ///
    /// # Errors
    /// A listener's own.
    pub fn begin(&mut self) -> Answer<()> {
        self.statistics = Statistics::default();
        self.at = Timestamp::START;
        self.failure = None;
        self.failed.set(false);
        self.listeners.iter_mut().try_for_each(|listener| listener.begin())
    }

    /// Tells whether a listener failed, so that there is no use in going on; for whoever drives the
    /// run while the fan-out is lent away.
    pub fn failed(&self) -> Rc<Cell<bool>> {
        Rc::clone(&self.failed)
    }

    /// What the first listener that failed said.
    pub fn take_failure(&mut self) -> Option<Failure> {
        self.failure.take()
    }

    /// Tells everybody that the run has ended with this state.
    ///
    /// # Errors
    /// A listener's own.
    pub fn finish(&mut self, house: &ClearingHouse) -> Answer<()> {
        let rulebook = house.rulebook();
        self.statistics.liquidity_pnl = rulebook.and_then(|rules| liquidity_pnl(rules, house));
        match self.failure.take() {
            Some(failure) => Err(failure),
            None => self.listeners.iter_mut().try_for_each(|listener| listener.finish(house)),
        }
    }

    /// Tells everybody, until one fails.
    fn tell(&mut self, mut what: impl FnMut(&mut dyn Listener) -> Answer<()>) {
        if self.failure.is_none() {
            self.failure = self.listeners.iter_mut().find_map(|one| what(&mut **one).err());
            self.failed.set(self.failure.is_some());
        }
    }
}

impl Observer for FanOut<'_, '_> {
    fn observe(&mut self, event: &Event, effects: &[Effect]) {
        self.statistics.observe(event, effects);
        self.at = event.timestamp;
    }

    fn applied(&mut self, event: &Event, effects: &[Effect], house: &ClearingHouse) {
        self.tell(|listener| listener.event(event, effects, house));
    }

    fn sealed(&mut self, seal: &Seal) {
        self.statistics.sealed(seal);
        self.tell(|listener| listener.sealed(seal));
    }

    fn reached(&mut self, sequence: Sequence) {
        let at = self.at;
        self.tell(|listener| listener.reached(sequence, at));
    }
}

impl Witness for FanOut<'_, '_> {
    fn border(&mut self, _house: &ClearingHouse, _chain: Chain) -> Result<(), RuntimeError> {
        if self.failure.is_none() {
            return Ok(());
        }
        // Only ends the walk: what is said is the listener's failure.
        let error = std::io::ErrorKind::Interrupted.into();
        Err(RuntimeError::Io { doing: "tell a listener", error })
    }
}
