//! Goal: another machine, compiler or library draws the same day to the last unit. Method: digests
//! of everything generated, frozen here; a change that is meant is written down with its new one.

use sha2::{Digest, Sha256};

use super::bridge::bridge;
use super::crash::{Crash, crash};
use super::fixture::DAYS;
use super::millionths::Millionths;
use super::walk::{Walk, walk};

/// First eight bytes of the SHA-256 of numbers of 64 bits, little endian.
fn digest(numbers: impl Iterator<Item = i64>) -> String {
    let mut hasher = Sha256::new();
    numbers.for_each(|number| hasher.update(number.to_le_bytes()));
    hasher.finalize()[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn minutes_of_the_five_days_are_frozen() {
    let found = DAYS.each_ref().map(|day| {
        let seed = day.name.replace('-', "").parse().expect("digits");
        let minutes = bridge(seed, day.first_hour, &day.parameters(), &day.series());
        digest(minutes.expect(day.name).into_iter().flat_map(|series| series.minutes))
    });
    let expected = [
        "515be9caa4149f7c",
        "63677b99fa086a4b",
        "23c5a7e57e89a9ce",
        "446faecbfb4e0781",
        "6542b92bbfda1540",
    ];
    assert_eq!(found, expected);
}

#[test]
fn invented_paths_are_frozen() {
    let plain = Walk { start: 5_000_000, drift: -3, volatility: 900, price_max: i64::MAX };
    assert_eq!(digest(walk(42, "BTC", plain).take(10_000)), "a15d7037203927ee");
    let halved = Crash {
        start: 5_000_000,
        depth: Millionths::constant(500_000),
        recovered: Millionths::constant(250_000),
        falls_from: 10,
        bottom_at: 400,
        ends_at: 1_000,
        amplitude: Millionths::constant(200_000),
    };
    assert_eq!(digest(crash(42, "BTC", halved).expect("valid").into_iter()), "c05eca1c1403144c");
}
