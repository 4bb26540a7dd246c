//! How far a run has come: a bar on a terminal, else a line every five seconds.

use std::time::{Duration, Instant};

use domain::Timestamp;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::clockface::day_and_minute;
use crate::console::Console;
use crate::summary::numbers::grouped;

/// Time between two lines where nothing is drawn.
const EVERY: Duration = Duration::from_secs(5);

/// A run's progress on stderr.
pub struct Progress {
    bar: Option<ProgressBar>,
    from: i64,
    last: Instant,
}

impl Progress {
    /// Over a window of the run's own time; without one the bar only counts.
    pub fn new(console: &Console, window: Option<[Timestamp; 2]>) -> Progress {
        let [from, to] = window.unwrap_or([Timestamp::START; 2]);
        let bar = console.draws().then(|| {
            let length = window.map(|_| to.since(from).nanos().unsigned_abs());
            let bar = ProgressBar::with_draw_target(length, ProgressDrawTarget::stderr_with_hz(10));
            let form = if window.is_some() { "{bar:30} {msg}" } else { "{spinner} {msg}" };
            bar.set_style(ProgressStyle::with_template(form).expect("a template of known keys"));
            bar
        });
        Progress { bar, from: from.nanos(), last: Instant::now() }
    }

    /// The run has come this far.
    pub fn reached(&mut self, console: &Console, events: u64, at: Timestamp) {
        let text = || format!("{} events, {}", grouped(u128::from(events)), day_and_minute(at));
        if let Some(bar) = &self.bar {
            bar.set_position(u64::try_from(at.nanos().saturating_sub(self.from)).unwrap_or(0));
            bar.set_message(text());
        } else if self.last.elapsed() >= EVERY {
            self.last = Instant::now();
            console.note(&text());
        }
    }

    /// The run is over; the bar makes room.
    pub fn done(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}
