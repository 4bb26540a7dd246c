//! The only clock. Everything else is told the time.
//!
//! Two questions are kept apart. *When is an event stamped?* [`Clock`] answers: by the clock of
//! this machine, or by the command's own time. *How long did it take?* [`Moment`] answers, on a
//! clock that never runs backwards.
//!
//! Law: a stamp is never before the last one.

use std::sync::OnceLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use domain::Timestamp;

/// Where the timestamps of events come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// The time of this machine; a command's own time is only its planned send time.
    Live,
    /// The command's own time: recorded days, generators, replays.
    Historical,
}

impl Clock {
    /// The stamp of a command that wishes for `wish`, after an event stamped `last`.
    ///
    /// Worked: historical, last 12:00:05, wish 12:00:03: stamped 12:00:05.
    #[must_use]
    pub fn stamp(self, wish: Timestamp, last: Timestamp) -> Timestamp {
        match self {
            Self::Live => Moment::now().timestamp().max(last),
            Self::Historical => wish.max(last),
        }
    }
}

/// A point in time of this process, in nanoseconds since its first reading of the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(i64);

/// The first reading: the steady clock and, beside it, nanoseconds since 1970. Later readings of
/// the wall clock are this one plus what the steady clock says has passed, so that a correction
/// of the machine's clock makes neither a stamp nor a latency jump.
fn origin() -> &'static (Instant, i64) {
    static ORIGIN: OnceLock<(Instant, i64)> = OnceLock::new();
    ORIGIN.get_or_init(|| {
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        (Instant::now(), i64::try_from(since_1970.as_nanos()).unwrap_or(i64::MAX))
    })
}

impl Moment {
    /// Now.
    #[must_use]
    pub fn now() -> Self {
        let passed = Instant::now().saturating_duration_since(origin().0);
        Self(i64::try_from(passed.as_nanos()).unwrap_or(i64::MAX))
    }

    /// The moment at which the wall clock shows, or showed, this time.
    #[must_use]
    pub fn of(timestamp: Timestamp) -> Self {
        Self(timestamp.nanos().saturating_sub(origin().1))
    }

    /// What the wall clock shows at this moment.
    #[must_use]
    pub fn timestamp(self) -> Timestamp {
        Timestamp::from_nanos(origin().1.saturating_add(self.0))
    }

    /// This much later.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)))
    }

    /// Time passed since `earlier`; zero if it is not earlier.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.nanos_since(earlier))
    }

    /// Nanoseconds passed since `earlier`; zero if it is not earlier.
    #[must_use]
    pub fn nanos_since(self, earlier: Self) -> u64 {
        u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0)
    }

    /// Waits until this moment or somewhat longer, and leaves the core to others meanwhile: a
    /// sender that spins takes it from those whose latency it measures.
    pub fn wait_asleep(self) {
        const LEAST: Duration = Duration::from_micros(50);
        let left = self.since(Self::now());
        if !left.is_zero() {
            std::thread::sleep(left.max(LEAST));
        }
    }

    /// Waits until this moment: sleeps while it is far, spins for the last stretch, because a
    /// sleep ends up to a scheduler tick late.
    pub fn wait(self) {
        const SPIN: u64 = 100_000;
        loop {
            let left = self.nanos_since(Self::now());
            if left == 0 {
                return;
            } else if left > SPIN {
                std::thread::sleep(Duration::from_nanos(left - SPIN));
            } else {
                std::hint::spin_loop();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(nanos: i64) -> Timestamp {
        Timestamp::from_nanos(nanos)
    }

    #[test]
    fn historical_stamps_follow_the_wish_and_never_fall() {
        for (wish, last, stamp) in [(5, 3, 5), (3, 5, 5), (5, 5, 5), (0, 0, 0)] {
            assert_eq!(Clock::Historical.stamp(at(wish), at(last)), at(stamp), "{wish} {last}");
        }
    }

    #[test]
    fn live_stamps_ignore_the_wish_and_never_fall() {
        let now = Moment::now().timestamp();
        let stamp = Clock::Live.stamp(at(1), at(2));
        assert!(stamp >= now);
        let future = now.plus(domain::Duration::from_seconds(3_600));
        assert_eq!(Clock::Live.stamp(at(1), future), future);
    }

    #[test]
    fn a_moment_and_its_timestamp_are_one() {
        let moment = Moment::now();
        assert_eq!(Moment::of(moment.timestamp()), moment);
        let later = moment.plus(Duration::from_micros(300));
        later.wait();
        assert!(Moment::now() >= later);
        assert_eq!(later.nanos_since(moment), 300_000);
        assert_eq!(moment.nanos_since(later), 0);
        let last = later.plus(Duration::from_micros(300));
        last.wait_asleep();
        assert!(Moment::now() >= last);
    }
}
