//! Claim: the machine runs a mixed workload within 2.5 times the bare loop, with seals within 3.
//!
//! Method: 70 % two-sided trades, 20 % ticks, 10 % deposits, withdrawals and funding over ten
//! instruments, four positions an account. Each event is decoded from its journal body, applied,
//! its effects chained into the effect digest, its record copied into a log buffer. The baseline is
//! `benches::bare`, over the same bodies; at a million accounts both load accounts 32 records
//! ahead. CPU time of the thread, medians of alternating rounds. Also ns an event by kind.

use benches::bare::{Bare, Bodies, log_record};
use benches::book::{self, Driver, Mix};
use benches::clock::{median, timed};
use benches::figure::Figures;
use clearing::WARMED_TOGETHER;
use domain::{Command, Event};
use hdrhistogram::Histogram;
use std::collections::BTreeMap;
use std::hint::black_box;
use store::codec;

fn round(mix: &mut Mix, events: usize) -> Bodies {
    Bodies::of(std::iter::repeat_with(|| mix.next_command()).take(events))
}

/// Decodes, applies and logs a round; seals at the interval if asked.
fn run(driver: &mut Driver, round: &Bodies, seals: Option<u64>, log: &mut Vec<u8>) {
    // Places that last: each command is decoded into the event it belongs to.
    let mut places: Vec<Event> = (0..WARMED_TOGETHER).map(|_| driver.place()).collect();
    let mut rest = round.iter();
    loop {
        let mut count = 0;
        for ((kind, body), event) in rest.by_ref().take(WARMED_TOGETHER).zip(&mut places) {
            event.command = codec::decode(kind, 1, body).expect("what was encoded decodes");
            driver.stamp(event);
            log_record(log, body);
            count += 1;
        }
        let ahead = &places[..count];
        if ahead.is_empty() {
            return;
        }
        black_box(driver.house.warm(ahead.iter().map(|event| &event.command)));
        for event in ahead {
            driver.house.apply(event, &mut driver.effects);
            if let Some(interval) = seals
                && event.sequence.number() % interval == 0
            {
                black_box(driver.house.seal_digest());
            }
        }
    }
}

fn compare(figures: &mut Figures, accounts: u64, rounds: usize, events: usize) {
    let mut driver = book::build(accounts, 65_536);
    let mut bare = Bare::new(accounts);
    let mut mix = Mix::new(1, accounts);
    let mut log = Vec::with_capacity(1 << 20);
    let (mut plain, mut sealed, mut limits) = (Vec::new(), Vec::new(), Vec::new());
    run(&mut driver, &round(&mut mix, events), Some(65_536), &mut log);
    for _ in 0..rounds {
        let per_event = |nanos: u64| nanos as f64 / events as f64;
        let next = round(&mut mix, events);
        let ahead = accounts >= 100_000;
        let (nanos, _) = timed(|| {
            if ahead {
                black_box(bare.run_ahead(&next));
            } else {
                bare.run(&next);
            }
        });
        limits.push(per_event(nanos));
        driver.house.hash_at_seals(true);
        plain.push(per_event(timed(|| run(&mut driver, &next, None, &mut log)).0));
        driver.house.hash_at_seals(false);
        let next = round(&mut mix, events);
        sealed.push(per_event(timed(|| run(&mut driver, &next, Some(65_536), &mut log)).0));
    }
    black_box(bare.trace());
    let (plain, sealed, limit) = (median(plain), median(sealed), median(limits));
    figures.at_most(&format!("mixed, {accounts} accounts, no seals"), plain, "ns", limit, 2.5);
    figures.at_most(&format!("mixed, {accounts} accounts, with seals"), sealed, "ns", limit, 3.0);
    figures.report(&format!("mixed, {accounts} accounts, events"), 1e9 / plain, "1/s");
    let counts = driver.house.wake_counts();
    figures.report(&format!("{accounts} accounts woken"), counts.woken as f64, "accounts");
    figures.report(&format!("{accounts} accounts boxed"), counts.boxed as f64, "boxes");
}

/// Distribution of ns an event by kind, clock included, at 10,000 accounts.
fn by_kind(figures: &mut Figures) {
    let mut driver = book::build(10_000, 65_536);
    let mut mix = Mix::new(2, 10_000);
    let mut kinds: BTreeMap<u16, Histogram<u64>> = BTreeMap::new();
    for _ in 0..500_000 {
        let command = mix.next_command();
        let kind = command.kind();
        let event = driver.event(command);
        let start = std::time::Instant::now();
        driver.house.apply(&event, &mut driver.effects);
        let nanos = start.elapsed().as_nanos() as u64;
        let histogram = kinds
            .entry(kind)
            .or_insert_with(|| Histogram::new_with_max(60_000_000_000, 3).expect("valid bounds"));
        histogram.saturating_record(nanos);
    }
    println!("  {:<18} {:>8} {:>8} {:>8} {:>8} {:>10}", "ns", "p50", "p90", "p99", "p99.9", "max");
    for (kind, histogram) in kinds {
        let word = Command::KINDS.iter().find(|(number, _)| *number == kind);
        let word = word.map_or("?", |(_, word)| word);
        let at = |quantile| histogram.value_at_quantile(quantile);
        println!(
            "  {word:<18} {:>8} {:>8} {:>8} {:>8} {:>10}",
            at(0.5),
            at(0.9),
            at(0.99),
            at(0.999),
            histogram.max()
        );
        figures.report(&format!("{word} p50"), at(0.5) as f64, "ns");
        figures.report(&format!("{word} p99"), at(0.99) as f64, "ns");
    }
}

fn main() {
    let mut figures = Figures::open("apply", "at most 2.5 x the bare loop, 3 x with seals");
    compare(&mut figures, 10_000, 7, 400_000);
    compare(&mut figures, 1_000_000, 5, 400_000);
    by_kind(&mut figures);
    figures.close();
}
