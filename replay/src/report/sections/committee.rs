//! Figures a risk committee asks for: coverage, concentration, procyclicality, calls, flows.
//!
//! Shares are rounded down to a millionth, ratios to a thousandth.

use crate::chronicle::loss::Layer;
use crate::chronicle::margin::Sample;
use crate::clockface::day_and_minute;
use crate::report::Told;
use crate::report::table::{Block, Cell, Section, Table};
use crate::summary::numbers::{VALUE_PLACES, grouped, parts, rounded};

/// The section.
pub fn section(told: &Told) -> Option<Section> {
    let mut blocks = vec![Block::Table(figures(told))];
    let calls = calls(told);
    if !calls.rows.is_empty() {
        blocks.push(Block::Folded(calls));
    }
    let flows = flows(told);
    if !flows.rows.is_empty() {
        blocks.push(Block::Folded(flows));
    }
    Some(Section { id: "committee", title: "For the risk committee".to_owned(), blocks })
}

fn whole(units: i128) -> String {
    rounded(units, VALUE_PLACES, 0)
}

fn share(part: i128, all: i128) -> String {
    parts(part, all).map_or_else(|| "-".to_owned(), |share| format!("{} %", rounded(share, 4, 1)))
}

/// `part` over `all` to two places.
fn ratio(part: i128, all: i128) -> String {
    parts(part, all).map_or_else(|| "-".to_owned(), |share| rounded(share, 6, 2))
}

fn figures(told: &Told) -> Table {
    let mut rows = Vec::new();
    let mut row = |group: &str, name: &str, figure: String, read: &str| {
        rows.push(vec![
            Cell::text(group),
            Cell::words(name),
            Cell::text(figure),
            Cell::words(read),
        ]);
    };
    coverage(told, &mut row);
    concentration(told, &mut row);
    procyclicality(told, &mut row);
    let head = ["about", "figure", "value", "how to read it"];
    Table {
        caption: format!("Values in {}", told.numeraire()),
        head: head.map(str::to_owned).to_vec(),
        rows,
    }
}

type Row<'a> = dyn FnMut(&str, &str, String, &str) + 'a;

fn coverage(told: &Told, row: &mut Row<'_>) {
    let chronicle = &told.chronicle;
    let fund = &chronicle.house.fund;
    let paid_in = fund.highest().unwrap_or(0);
    let lowest = fund.lowest().map_or(0, |(_, lowest)| lowest.min(paid_in));
    let deficit = chronicle.losses.layers.totals(|layer| layer);
    let deficit = deficit.get(&Layer::Deficit).copied().unwrap_or(0);
    let after_opening = fund.rows().iter().skip_while(|level| level.high < paid_in);
    let lowest = after_opening.map(|level| level.low).min().unwrap_or(lowest);
    row("coverage", "insurance fund at its highest", whole(paid_in), "what was prefunded");
    row(
        "coverage",
        "largest draw from there",
        format!("{} ({})", whole(paid_in - lowest), share(paid_in - lowest, paid_in)),
        "100 % is an empty fund",
    );
    row("coverage", "fund over all deficits", ratio(paid_in, deficit), "below 1 others must pay");
    let mut single: Vec<i128> = chronicle.liquidations.deficits.values().copied().collect();
    single.sort_unstable_by(|one, other| other.cmp(one));
    let two: i128 = single.iter().take(2).sum();
    row(
        "coverage",
        "two largest single deficits",
        format!("{} ({} of the fund)", whole(two), share(two, paid_in)),
        "cover 2: a fund should bear both",
    );
}

fn concentration(told: &Told, row: &mut Row<'_>) {
    let chronicle = &told.chronicle;
    let top = |values: Vec<i128>, count: usize| {
        let all: i128 = values.iter().sum();
        let mut values = values;
        values.sort_unstable_by(|one, other| other.cmp(one));
        share(values.iter().take(count).sum(), all)
    };
    let closed: Vec<i128> = chronicle.liquidations.by_account.values().copied().collect();
    let accounts = grouped(closed.len() as u128);
    row(
        "concentration",
        "five largest of liquidated notional",
        top(closed, 5),
        &format!("of {accounts} accounts"),
    );
    let deficits: Vec<i128> = chronicle.liquidations.deficits.values().copied().collect();
    if !deficits.is_empty() {
        let accounts = grouped(deficits.len() as u128);
        let read = format!("of {accounts} accounts below zero");
        row("concentration", "five largest of all deficits", top(deficits, 5), &read);
    }
    if let Some(first) = chronicle.margins.samples.first() {
        let open = first.open_notional.clone();
        row(
            "concentration",
            "largest instrument of open notional",
            top(open, 1),
            "at the first sample",
        );
    }
    let winners: Vec<i128> =
        chronicle.losses.winners.values().map(|winner| winner.given_up).collect();
    if !winners.is_empty() {
        let read = format!("of {} deleveraged winners", grouped(winners.len() as u128));
        row("concentration", "five largest of what winners gave up", top(winners, 5), &read);
    }
}

fn procyclicality(told: &Told, row: &mut Row<'_>) {
    let samples = &told.chronicle.margins.samples;
    let opened: Vec<&Sample> = samples.iter().filter(|sample| sample.initial > 0).collect();
    let initial = opened.iter().map(|sample| sample.initial);
    let (Some(peak), Some(trough)) = (initial.clone().max(), initial.min()) else { return };
    row(
        "procyclicality",
        "initial margin, peak over trough",
        ratio(peak, trough),
        "a model that asks for more in stress shows above the change in open notional",
    );
    // Requirement per open notional: what the model asks for each unit, cleared of closings.
    let intensity = |sample: &Sample| {
        let open: i128 = sample.open_notional.iter().sum();
        parts(sample.initial / 1_000_000, open).unwrap_or(0)
    };
    let asked = opened.iter().map(|sample| intensity(sample)).filter(|asked| *asked > 0);
    if let (Some(high), Some(low)) = (asked.clone().max(), asked.min()) {
        row(
            "procyclicality",
            "initial margin per open notional",
            format!("{} % to {} %", rounded(low, 4, 2), rounded(high, 4, 2)),
            "constant ratios stay level; tiers fall with position size",
        );
    }
    let fall = opened.windows(2).filter_map(|pair| match pair {
        [one, two] => Some((one.equity - two.equity, two.at)),
        _ => None,
    });
    if let Some((fall, at)) = fall.max_by_key(|(fall, at)| (*fall, std::cmp::Reverse(*at))) {
        row(
            "procyclicality",
            "largest loss of exposed accounts between two samples",
            format!("{} ({})", whole(fall.max(0)), day_and_minute(at)),
            "variation margin called at once; accounts that left count as a loss",
        );
    }
    if let (Some(first), Some(last)) = (opened.first(), opened.last()) {
        let leverage = |sample: &Sample| {
            let open: i128 = sample.open_notional.iter().sum();
            ratio(open, sample.equity)
        };
        row(
            "procyclicality",
            "open notional over equity, first and last",
            format!("{} to {}", leverage(first), leverage(last)),
            "leverage of exposed accounts together",
        );
    }
}

fn calls(told: &Told) -> Table {
    let calls = &told.chronicle.liquidations.largest_calls;
    let rows = calls.iter().map(|(call, account, at)| {
        vec![
            Cell::text(day_and_minute(*at)),
            Cell::text(grouped(u128::from(account.number()))),
            Cell::text(rounded(*call, 22, 0)),
        ]
    });
    let head = ["at", "account", "below maintenance margin by"];
    Table {
        caption: format!(
            "Largest calls, in {}: what was missing when it was found",
            told.numeraire()
        ),
        head: head.map(str::to_owned).to_vec(),
        rows: rows.collect(),
    }
}

fn flows(told: &Told) -> Table {
    let rulebook = told.chronicle.rulebook.as_ref();
    let rows = told.chronicle.flows.sums.iter().filter(|(_, sum)| **sum != 0);
    let rows = rows.map(|((way, asset), sum)| {
        let rules = rulebook.and_then(|rulebook| rulebook.asset(*asset));
        let decimals = rules.map_or(0, |rules| u32::from(rules.decimals));
        let exact = feed::decimal::text(*sum, decimals);
        let text = rounded(*sum, decimals, 2);
        vec![
            Cell::text(way.name()),
            Cell::words(told.asset(*asset)),
            Cell { text, exact: Some(exact), ..Cell::default() },
        ]
    });
    Table {
        caption: "Flows".to_owned(),
        head: ["flow", "asset", "amount"].map(str::to_owned).to_vec(),
        rows: rows.collect(),
    }
}
