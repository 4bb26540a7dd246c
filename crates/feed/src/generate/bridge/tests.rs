//! Goal: minutes reproduce hours exactly, share one shape, and redraw none of their neighbours.
//! Method: every hour of every series of the five fixture days, several seeds, against the bars;
//! small tables by hand for the order of extremes, for bad prints and for what is refused.

use super::super::fixture::{DAYS, Day};
use super::super::millionths::Millionths;
use super::*;

const SEEDS: [u64; 3] = [1, 20_200_312, u64::MAX];

fn flat_series(asset: &str, role: Role, bar: HourBar) -> HourSeries {
    HourSeries { asset: asset.to_owned(), role, bars: vec![bar] }
}

fn bar(open: i64, high: i64, low: i64, close: i64) -> HourBar {
    HourBar { open, high, low, close }
}

/// Asserts that the minutes of a series give its bars back; returns how many hours were compared.
fn check(day: &Day, seed: u64, series: &HourSeries, found: &MinuteSeries) -> usize {
    assert_eq!(found.minutes.len(), series.bars.len() * MINUTES);
    for (hour, (bar, minutes)) in series.bars.iter().zip(found.minutes.chunks(MINUTES)).enumerate()
    {
        let back = HourBar {
            open: minutes[0],
            high: *minutes.iter().max().expect("sixty minutes"),
            low: *minutes.iter().min().expect("sixty minutes"),
            close: minutes[MINUTES - 1],
        };
        let place =
            format!("{} {} {:?} hour {hour}, seed {seed}", day.name, series.asset, series.role);
        assert_eq!(back, *bar, "{place}");
    }
    series.bars.len()
}

#[test]
fn every_hour_of_the_five_days_is_exact() {
    let mut compared = 0;
    for day in &DAYS {
        let series = day.series();
        for seed in SEEDS {
            let found = bridge(seed, day.first_hour, &day.parameters(), &series).expect(day.name);
            for (series, found) in series.iter().zip(&found) {
                let hours = check(day, seed, series, found);
                let counted = ["BTC", "ETH", "XRP", "LTC", "ADA"].contains(&series.asset.as_str());
                compared += if counted && series.role != Role::Last { hours } else { 0 };
            }
        }
    }
    assert_eq!(compared, 1_680 * SEEDS.len(), "series-hours of five compared, index and mark");
}

#[test]
fn documented_lows_stand_at_their_minutes() {
    for day in &DAYS {
        let series = day.series();
        let parameters = day.parameters();
        let found = bridge(9, day.first_hour, &parameters, &series).expect(day.name);
        for entry in &parameters.extreme_at {
            let minute = (entry.minute - day.first_hour * 60) as usize;
            let from = minute / MINUTES * MINUTES;
            for (series, found) in series.iter().zip(&found) {
                let low = found.minutes[from..from + MINUTES].iter().min();
                assert_eq!(Some(&found.minutes[minute]), low, "{} {}", day.name, series.asset);
            }
        }
    }
}

#[test]
fn the_one_bad_print_is_one_tick() {
    for day in &DAYS {
        let series = day.series();
        for seed in SEEDS {
            let found = bridge(seed, day.first_hour, &day.parameters(), &series).expect(day.name);
            for (series, found) in series.iter().zip(&found) {
                let place = format!("{} {} {:?}, seed {seed}", day.name, series.asset, series.role);
                let expected = (day.name, series.asset.as_str(), series.role);
                if expected != ("2020-03-12", "ETH", Role::Last) {
                    assert_eq!(found.bad_prints, [0; 0], "{place}");
                    continue;
                }
                // 2020-03-13 02:00: high 323.00, mark high 119.47.
                let [minute] = found.bad_prints[..] else { panic!("{place}: {found:?}") };
                assert_eq!(
                    (minute / MINUTES, found.minutes[minute]),
                    (26, 32_300_000_000),
                    "{place}"
                );
                let hour = &found.minutes[26 * MINUTES..27 * MINUTES];
                let others = hour.iter().filter(|price| **price != 32_300_000_000);
                assert!(others.max().is_some_and(|price| *price <= 11_947_000_000), "{place}");
            }
        }
    }
}

#[test]
fn a_bad_print_leaves_its_legs_to_the_mark() {
    let mark = bar(100_000, 110_000, 95_000, 105_000);
    for (last, high_flagged, low_flagged) in [
        (bar(100_000, 137_501, 95_000, 105_000), true, false),
        (bar(100_000, 137_500, 95_000, 105_000), false, false),
        (bar(100_000, 110_000, 71_249, 105_000), false, true),
        (bar(100_000, 110_000, 71_250, 105_000), false, false),
        (bar(100_000, 300_000, 1, 105_000), true, true),
        (bar(111_000, 300_000, 94_000, 105_000), true, false),
    ] {
        let all = [flat_series("BTC", Role::Mark, mark), flat_series("BTC", Role::Last, last)];
        let found = &bridge(4, 0, &Parameters::default(), &all).expect("valid")[1];
        let prints = usize::from(high_flagged) + usize::from(low_flagged);
        assert_eq!(found.bad_prints.len(), prints, "{last:?}");
        let (low, high) = (found.minutes.iter().min(), found.minutes.iter().max());
        assert_eq!((low, high), (Some(&last.low), Some(&last.high)));
        let highest = if high_flagged { last.open.max(mark.high) } else { last.high };
        let lowest = if low_flagged { mark.low } else { last.low };
        for (minute, price) in found.minutes.iter().enumerate() {
            let print = found.bad_prints.contains(&minute);
            assert!(print || (lowest..=highest).contains(price), "{last:?} at {minute}");
        }
    }
}

/// One hour with documented minutes: `(high, low)` minutes, if that can be.
fn extremes(low_first: bool, named: &[(i64, Extreme)], seed: u64) -> Option<(usize, usize)> {
    let entry =
        |(minute, extreme): &(i64, Extreme)| ExtremeAt { minute: *minute, extreme: *extreme };
    let extreme_at = named.iter().map(entry).collect();
    let parameters = Parameters { extreme_at, ..Parameters::default() };
    let shape = Shape::new(seed, 0, low_first, &parameters);
    shape.ok().map(|shape| shape.extremes())
}

#[test]
fn extremes_keep_their_order_and_their_room() {
    use Extreme::{High, Low};
    for seed in 0..200 {
        let (high, low) = extremes(true, &[], seed).expect("free");
        assert!((5..=27).contains(&low) && (32..=54).contains(&high), "seed {seed}");
        let (high, low) = extremes(false, &[], seed).expect("free");
        assert!((5..=27).contains(&high) && (32..=54).contains(&low), "seed {seed}");
        for (low_first, minute, others) in [
            (true, 10, 23..=57),
            (true, 1, 16..=57),
            (true, 56, 57..=57),
            (true, 57, 1..=56), // no minute after it: the order flips
            (true, 58, 1..=57),
            (false, 45, 1..=44),
            (false, 2, 1..=1),
            (false, 1, 16..=57), // no minute before it: the order flips
        ] {
            let (high, low) = extremes(low_first, &[(minute, Low)], seed).expect("room");
            assert_eq!(low, minute as usize);
            assert!(others.contains(&high), "high {high} for low {minute}, seed {seed}");
            let mirrored = extremes(!low_first, &[(minute, High)], seed);
            assert_eq!(mirrored, Some((low, high)), "high and low are alike");
        }
    }
    assert_eq!(extremes(true, &[(40, Low), (20, High)], 1), Some((20, 40)));
    assert_eq!(extremes(true, &[(20, Low), (40, Low)], 1), None);
    assert_eq!(extremes(true, &[(20, Low), (20, High)], 1), None);
    assert_eq!(extremes(true, &[(20, Low), (30, High), (40, Low)], 1), None);
}

#[test]
fn another_asset_redraws_nobody() {
    let day = &DAYS[0];
    let all = day.series();
    let parameters = day.parameters();
    let found = bridge(5, day.first_hour, &parameters, &all).expect("valid");
    let fewer: Vec<HourSeries> = all.iter().filter(|known| known.asset != "ETH").cloned().collect();
    let again = bridge(5, day.first_hour, &parameters, &fewer).expect("valid");
    let kept = all.iter().zip(&found).filter(|(known, _)| known.asset != "ETH");
    assert!(kept.map(|(_, minutes)| minutes).eq(again.iter()));
    assert_ne!(found, bridge(6, day.first_hour, &parameters, &all).expect("valid"));
}

#[test]
fn noise_is_shared_as_the_correlation_says() {
    let wide = bar(1_000_000_000, 1_400_000_000, 700_000_000, 1_100_000_000);
    let bridged = |correlation: i64, amplitude: i64, asset: &str| {
        let parameters = Parameters {
            correlation: Millionths::constant(correlation),
            amplitude: Millionths::constant(amplitude),
            ..Parameters::default()
        };
        let all = [flat_series("BTC", Role::Mark, wide), flat_series(asset, Role::Index, wide)];
        let bridged = bridge(8, 0, &parameters, &all).expect("valid");
        [0, 1].map(|place: usize| bridged[place].minutes.clone())
    };
    let [hub, same] = bridged(900_000, 200_000, "BTC");
    assert_eq!(hub, same, "roles of one asset share its noise");
    let [hub, other] = bridged(1_000_000, 200_000, "ETH");
    assert_eq!(hub, other, "correlation one");
    let [hub, other] = bridged(900_000, 200_000, "ETH");
    assert_ne!(hub, other, "correlation below one");
    let [straight, other] = bridged(0, 0, "ETH");
    assert_eq!(straight, other, "no amplitude, no noise");
    // Close above open: the second leg rises from the low to the high.
    let fall_while_rising = |path: &[i64]| {
        let place = |price| path.iter().position(|known| *known == price).expect("an extreme");
        let rising = &path[place(wide.low)..=place(wide.high)];
        rising.windows(2).any(|pair| pair[1] < pair[0])
    };
    assert!(fall_while_rising(&hub) && !fall_while_rising(&straight));
}

#[test]
fn two_assets_move_together_as_the_correlation_says() {
    let parameters = Parameters::default();
    let (mut squares, mut product) = ([0.0; 2], 0.0);
    let hours = 16_000;
    for hour in 0..hours {
        let shape = Shape::new(12, hour, true, &parameters).expect("free");
        let (high, low) = shape.extremes();
        let middle = (high + low) / 2;
        let pair = ["BTC", "ETH"].map(|asset| shape.noise(12, hour, asset)[middle]);
        squares = [0, 1].map(|place: usize| squares[place] + pair[place] * pair[place]);
        product += pair[0] * pair[1];
    }
    // Half way of a leg the variance is 1/4 (less where its length is odd); the standard errors are
    // 0.0028 of the variance and (1 - 0.81)/sqrt(16,000) = 0.0015 of the correlation; five of each.
    for square in squares {
        let variance = square / hours as f64;
        assert!((variance - 0.25).abs() < 0.014, "variance {variance}");
    }
    let correlation = product / (squares[0] * squares[1]).sqrt();
    assert!((correlation - 0.9).abs() < 0.007_5, "correlation {correlation}");
}

#[test]
fn bad_input_is_refused_with_its_place() {
    let good = bar(100, 120, 90, 110);
    let mark = |bar| flat_series("BTC", Role::Mark, bar);
    let at = |minute| ExtremeAt { minute, extreme: Extreme::Low };
    let with = |extreme_at: Vec<ExtremeAt>| Parameters { extreme_at, ..Parameters::default() };
    let loud = Parameters { amplitude: Millionths::constant(10_000_001), ..Parameters::default() };
    let odd = Parameters { correlation: Millionths::constant(1_000_001), ..Parameters::default() };
    let plain = Parameters::default();
    let short = HourSeries { bars: vec![], ..flat_series("ETH", Role::Index, good) };
    let two = with(vec![at(20), at(30)]);
    for (parameters, series, place) in [
        (&plain, vec![flat_series("ETH", Role::Mark, good)], "bridge.hub"),
        (&plain, vec![flat_series("BTC", Role::Index, good)], "bridge.hub"),
        (&plain, vec![mark(good), short], "ETH index"),
        (&plain, vec![mark(bar(100, 99, 90, 95))], "BTC mark, hour 1970-01-01T00:00:00Z"),
        (&plain, vec![mark(bar(100, 120, 101, 110))], "BTC mark, hour 1970-01-01T00:00:00Z"),
        (&plain, vec![mark(bar(100, 120, 0, 110))], "BTC mark, hour 1970-01-01T00:00:00Z"),
        (&odd, vec![mark(good)], "bridge.correlation"),
        (&loud, vec![mark(good)], "bridge.amplitude"),
        (&with(vec![at(60)]), vec![mark(good)], "bridge.extreme_at[0].at"),
        (&with(vec![at(30), at(-1)]), vec![mark(good)], "bridge.extreme_at[1].at"),
        (&with(vec![at(0)]), vec![mark(good)], "bridge.extreme_at[0].at"),
        (&with(vec![at(59)]), vec![mark(good)], "bridge.extreme_at[0].at"),
        (&two, vec![mark(good)], "bridge.extreme_at in 1970-01-01T00:00:00Z"),
    ] {
        let error = bridge(1, 0, parameters, &series).expect_err(place);
        assert_eq!(error.place.path.as_deref(), Some(place));
    }
}

#[test]
fn the_table_of_a_day_file_is_read_and_written_back() {
    let text = "hub = \"BTC\"\ncorrelation = \"0.9\"\namplitude = \"0.2\"\n\n[[extreme_at]]\n\
                at = \"2020-03-12T10:45:00Z\"\nextreme = \"low\"\n";
    let read: Parameters = toml::from_str(text).expect("valid");
    assert_eq!(read.extreme_at, DAYS[0].parameters().extreme_at[..1]);
    assert_eq!(toml::to_string(&read).expect("plain data"), text);
    for (wrong, expected) in [
        ("at = \"2020-03-12T10:45:30Z\"\nextreme = \"low\"", "expected a whole minute"),
        ("at = \"10:45\"\nextreme = \"low\"", "expected a whole minute"),
        ("at = \"2020-03-12T10:45:00Z\"\nextreme = \"bottom\"", "unknown variant `bottom`"),
    ] {
        let error = toml::from_str::<Parameters>(&format!("[[extreme_at]]\n{wrong}\n"));
        let error = error.expect_err(wrong).to_string();
        assert!(error.contains(expected), "{error}");
    }
}
