//! An open loop: commands go out when they were planned to, whether or not earlier ones were
//! answered. What a stall delays counts from its planned time.
//!
//! This file drives the machine alone, without journal or threads: its stages are `queue`,
//! `apply` and `total`. The pipeline is driven over loopback by the gateway's client.

use std::time::Duration;

use clearing::ClearingHouse;
use domain::Timestamp;

use super::{LatencyTable, LogError, Recorder, Stage};
use crate::clock::Moment;
use crate::stamp::{ExternalCommand, due_pulse, stamp};

/// How much, for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenLoop {
    /// Commands a second, at least one.
    pub rate: u64,
    /// How long commands are planned for.
    pub duration: Duration,
}

impl OpenLoop {
    /// How many commands are planned.
    #[must_use]
    pub fn commands(&self) -> u64 {
        let planned = u128::from(self.rate) * self.duration.as_nanos() / 1_000_000_000;
        u64::try_from(planned).unwrap_or(u64::MAX)
    }

    /// When command `number`, from 0, is planned, counted from the start.
    ///
    /// Worked: rate 4, number 6: 1.5 s.
    #[must_use]
    pub fn planned(&self, number: u64) -> Duration {
        let nanos = u128::from(number) * 1_000_000_000 / u128::from(self.rate.max(1));
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

/// What an open loop measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenLoopReport {
    /// Commands answered.
    pub commands: u64,
    /// From the first planned send to the last answer.
    pub elapsed: Duration,
    /// The percentiles.
    pub latencies: LatencyTable,
}

/// Drives the machine alone, on this thread. `next` makes command number n, from 0, with the
/// planned send time as its wish; the machine's clock is that planned time, so that a run asks
/// the same of the machine at every speed.
///
/// # Errors
/// The latency log.
pub fn drive_in_process(
    house: &mut ClearingHouse,
    plan: OpenLoop,
    mut recorder: Recorder,
    mut next: impl FnMut(u64, Timestamp) -> ExternalCommand,
) -> Result<OpenLoopReport, LogError> {
    let mut effects = Vec::new();
    let began = Moment::now();
    let commands = plan.commands();
    for number in 0..commands {
        let planned = began.plus(plan.planned(number));
        let external = next(number, planned.timestamp());
        planned.wait();
        let taken = Moment::now();
        let at = external.wish.max(house.timestamp());
        while let Some(pulse) = due_pulse(house, at) {
            house.apply(&pulse, &mut effects);
        }
        let event = stamp(house, external, at);
        house.apply(&event, &mut effects);
        let applied = Moment::now();
        let kind = event.command.kind();
        recorder.record(Stage::Queue, kind, taken.nanos_since(planned));
        recorder.record(Stage::Apply, kind, applied.nanos_since(taken));
        recorder.record(Stage::Total, kind, applied.nanos_since(planned));
        recorder.roll(applied);
    }
    let elapsed = Moment::now().since(began);
    Ok(OpenLoopReport { commands, elapsed, latencies: recorder.finish()? })
}
