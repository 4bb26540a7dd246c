//! Claim: seals add at most 30 % to apply at the better of the intervals 4,096 and 65,536.
//!
//! Method: the mixed workload, decoded beforehand, accounts loaded 32 events at a time; rounds of
//! 262,144 events that hash nothing (`hash_at_seals`), with a seal every 4,096 and with one every
//! 65,536 in turn, CPU time of the thread, medians. The difference is all that digests cost: rows
//! are hashed as they are written, seals hash the house. The share depends on how fast apply is, so
//! the nanoseconds stand beside it.

use std::hint::black_box;

use benches::book::{self, Driver, Mix};
use benches::clock::{median, timed};
use benches::figure::Figures;
use benches::following;
use clearing::WARMED_TOGETHER;
use domain::Event;

const EVENTS: usize = 262_144;
const INTERVALS: [usize; 2] = [4_096, 65_536];

/// Applies a round; a seal after each `interval` of its events.
fn run(driver: &mut Driver, events: &[Event], interval: usize) {
    for stretch in events.chunks(interval) {
        for chunk in stretch.chunks(WARMED_TOGETHER) {
            black_box(driver.house.warm(chunk.iter().map(|event| &event.command)));
            for event in chunk {
                driver.house.apply(event, &mut driver.effects);
            }
        }
        if interval < EVENTS {
            black_box(driver.house.seal_digest());
        }
    }
}

/// Medians of ns an event: without seals, then at each of the intervals.
fn measure(accounts: u64, rounds: usize) -> ([f64; 3], Driver) {
    let mut driver = book::build(accounts, 65_536);
    let mut mix = Mix::new(1, accounts);
    let mut costs: [Vec<f64>; 3] = Default::default();
    for round in 0..=rounds {
        for (costs, interval) in costs.iter_mut().zip([EVENTS, INTERVALS[0], INTERVALS[1]]) {
            let commands = std::iter::repeat_with(|| mix.next_command()).take(EVENTS);
            let events = following::events(&driver.house, commands);
            driver.house.hash_at_seals(interval == EVENTS);
            let (nanos, ()) = timed(|| run(&mut driver, &events, interval));
            if round > 0 {
                costs.push(nanos as f64 / EVENTS as f64);
            }
        }
    }
    (costs.map(median), driver)
}

fn main() {
    let claim = "seals add at most 30 % to apply at the better of two intervals";
    let mut figures = Figures::open("digest", claim);
    for (accounts, rounds) in [(10_000, 7), (65_536, 5), (1_000_000, 5)] {
        let ([plain, often, seldom], driver) = measure(accounts, rounds);
        figures.report(&format!("{accounts} accounts, no seals"), plain, "ns");
        for (interval, cost) in INTERVALS.into_iter().zip([often, seldom]) {
            let figure = format!("{accounts} accounts, a seal each {interval}");
            figures.beside(&figure, cost, "ns", plain);
        }
        figures.report(&format!("{accounts} accounts, seals each 4096 add"), often - plain, "ns");
        figures.report(&format!("{accounts} accounts, seals each 65536 add"), seldom - plain, "ns");
        let figure = format!("{accounts} accounts, the better interval");
        figures.at_most(&figure, often.min(seldom), "ns", plain, 1.3);
        let (nanos, digest) = timed(|| driver.house.seal_digest_from_scratch());
        black_box(digest);
        let each = nanos as f64 / accounts as f64;
        figures.report(&format!("{accounts} accounts, one hashed in order"), each, "ns");
    }
    figures.close();
}
