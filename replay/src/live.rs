//! A run while it runs: a picture on a terminal, else a line every five seconds.
//!
//! Prices, where accounts stand, what was liquidated, the fund, the last liquidations. The picture
//! is made while events are heard and shown when they are durable. Law: looking changes nothing.

mod board;

use std::time::{Duration, Instant};

use clearing::ClearingHouse;
use domain::{Effect, Event, Sequence, Timestamp};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::console::Console;
use crate::failure::Answer;
use crate::listener::Listener;
use board::Board;

/// Time between two lines where nothing is drawn.
const LINE_EVERY: Duration = Duration::from_secs(5);
/// Time between two pictures on a terminal.
const DRAW_EVERY: Duration = Duration::from_millis(250);
/// Events between two looks at the clock.
const CLOCK_EVERY: u64 = 256;

/// Shows a run on stderr.
pub struct Live<'a> {
    console: &'a Console,
    bar: Option<ProgressBar>,
    window: Option<[Timestamp; 2]>,
    board: Board,
    began: Instant,
    shown: Instant,
    heard: u64,
    due: bool,
}

impl<'a> Live<'a> {
    /// Over a window of the run's own time; without one there is no share done.
    pub fn new(console: &'a Console, window: Option<[Timestamp; 2]>) -> Live<'a> {
        let bar = console.draws().then(|| {
            let length = window.map(|[from, to]| to.since(from).nanos().unsigned_abs());
            let bar = ProgressBar::with_draw_target(length, ProgressDrawTarget::stderr_with_hz(10));
            let form = if window.is_some() { "{bar:30} {msg}" } else { "{spinner} {msg}" };
            bar.set_style(ProgressStyle::with_template(form).expect("a template of known keys"));
            bar
        });
        let now = Instant::now();
        let board = Board::default();
        Live { console, bar, window, board, began: now, shown: now, heard: 0, due: false }
    }

    fn every(&self) -> Duration {
        if self.bar.is_some() { DRAW_EVERY } else { LINE_EVERY }
    }

    /// Takes the picture away; nothing of it stays on the screen.
    fn clear(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

impl Drop for Live<'_> {
    fn drop(&mut self) {
        self.clear();
    }
}

impl Listener for Live<'_> {
    fn begin(&mut self) -> Answer<()> {
        self.board = Board::default();
        Ok(())
    }

    fn event(&mut self, event: &Event, effects: &[Effect], house: &ClearingHouse) -> Answer<()> {
        self.board.hear(event, effects, house);
        self.heard += 1;
        let clock = self.heard.is_multiple_of(CLOCK_EVERY);
        if clock && !self.due && self.shown.elapsed() >= self.every() {
            self.board.look(house, self.bar.is_some());
            self.due = true;
        }
        Ok(())
    }

    fn reached(&mut self, sequence: Sequence, at: Timestamp) -> Answer<()> {
        if !self.due {
            return Ok(());
        }
        self.due = false;
        self.shown = Instant::now();
        let seconds = self.began.elapsed().as_secs_f64();
        let rate = if seconds > 0.0 { (self.heard as f64 / seconds) as u64 } else { 0 };
        match &self.bar {
            Some(bar) => {
                if let Some([from, _]) = self.window {
                    let passed = at.nanos().saturating_sub(from.nanos());
                    bar.set_position(u64::try_from(passed).unwrap_or(0));
                }
                bar.set_message(self.board.picture(sequence.number(), at, rate).join("\n"));
            }
            None => self.console.note(&self.board.line(sequence.number(), at)),
        }
        Ok(())
    }

    fn finish(&mut self, _house: &ClearingHouse) -> Answer<()> {
        self.clear();
        Ok(())
    }
}
