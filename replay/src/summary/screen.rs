//! The summary as one screen: at most 24 lines of 80 columns, always in the same order.

use domain::{Feed, FeedRole, InstrumentId, Rulebook};

use super::numbers::{VALUE_PLACES, grouped, parts, price, rounded};
use super::statistics::{PriceTrack, Statistics};
use super::{Facts, NOT_COMPARABLE, numeraire, price_mode, stream_name};
use crate::clockface::{day_and_minute, minute_start};

/// Columns of a screen.
const WIDTH: usize = 80;
/// Columns before the text of a line.
const MARGIN: usize = 13;
/// Prices shown; the rest stand in the document.
const PRICES_MAX: usize = 9;

/// The lines of the summary.
pub fn screen(facts: &Facts, statistics: &Statistics) -> Vec<String> {
    let mut lines = title(facts, price_mode(statistics.rulebook.as_ref()));
    prices(&mut lines, statistics);
    liquidated(&mut lines, statistics);
    if let Some(rulebook) = statistics.rulebook.as_ref().filter(|_| statistics.feedback.is_there())
    {
        block(&mut lines, "feedback", &statistics.feedback.line(rulebook));
    }
    money(&mut lines, statistics);
    lost(&mut lines, statistics);
    if facts.synthetic_accounts {
        block(&mut lines, "note", NOT_COMPARABLE);
    }
    let digest = facts.state_digest.get(..16).unwrap_or(&facts.state_digest);
    block(&mut lines, "digest", &format!("{digest}   run {}", facts.place));
    block(&mut lines, "next", &facts.next);
    lines
}

/// Title, rulebook and price mode, wrapped at the left edge.
fn title(facts: &Facts, mode: &str) -> Vec<String> {
    let until = facts.until.as_ref().map_or_else(String::new, |until| format!("   until {until}"));
    let mut rulebook = facts.rulebook.clone();
    if !facts.overrides.is_empty() {
        rulebook += &format!(" with {}", facts.overrides.join(", "));
    }
    let text = format!("{}   rulebook {rulebook}   {mode} prices{until}", facts.title);
    wrap(&text, WIDTH)
}

/// Words into lines; runs of blanks inside a line are kept.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split(' ') {
        let full =
            !line.trim().is_empty() && line.chars().count() + 1 + word.chars().count() > width;
        if full {
            lines.push(line.trim_end().to_owned());
            line = String::new();
        } else if !line.is_empty() {
            line.push(' ');
        } else if word.is_empty() {
            continue;
        }
        line.push_str(word);
    }
    if !line.trim().is_empty() {
        lines.push(line.trim_end().to_owned());
    }
    lines
}

/// A labelled text, its continuation lines indented.
fn block(lines: &mut Vec<String>, label: &str, text: &str) {
    for (place, part) in wrap(text, WIDTH - MARGIN).into_iter().enumerate() {
        let label = if place == 0 { label } else { "" };
        lines.push(format!("{label:<MARGIN$}{part}"));
    }
}

/// The mark of each instrument, else the index of its asset.
fn prices(lines: &mut Vec<String>, statistics: &Statistics) {
    let Some(rulebook) = &statistics.rulebook else { return };
    let shown: Vec<(&Feed, &PriceTrack)> =
        statistics.prices.iter().filter(|(feed, _)| is_shown(statistics, rulebook, feed)).collect();
    let names = shown.iter().filter_map(|(feed, _)| short_name(rulebook, feed));
    let width = names.map(|name| name.chars().count()).max().unwrap_or(0);
    for (place, (feed, track)) in shown.iter().take(PRICES_MAX).enumerate() {
        let (Some(name), Some((_, places))) =
            (short_name(rulebook, feed), stream_name(rulebook, **feed))
        else {
            continue;
        };
        let text = |units: domain::Price| price(units.units(), places);
        let label = if place == 0 { "prices" } else { "" };
        lines.push(format!(
            "{label:<MARGIN$}{name:<width$} {} -> low {} ({}) -> {}",
            text(track.open),
            text(track.low.0),
            day_and_minute(track.low.1),
            text(track.close)
        ));
    }
    if shown.len() > PRICES_MAX {
        let more = shown.len() - PRICES_MAX;
        lines.push(format!("{:MARGIN$}and {more} more in summary.json", ""));
    }
}

fn is_shown(statistics: &Statistics, rulebook: &Rulebook, feed: &Feed) -> bool {
    match feed.role {
        FeedRole::Mark => true,
        FeedRole::Last => false,
        FeedRole::Index => {
            let mut marks = statistics.prices.keys().filter(|other| other.role == FeedRole::Mark);
            let name = short_name(rulebook, feed);
            !marks.any(|mark| short_name(rulebook, mark) == name)
        }
    }
}

/// `BTC` for the index of BTC and for BTC-PERP.
fn short_name(rulebook: &Rulebook, feed: &Feed) -> Option<String> {
    let (name, _) = stream_name(rulebook, *feed)?;
    if feed.role == FeedRole::Index {
        return Some(name);
    }
    let mut others = (0..)
        .zip(&rulebook.instruments)
        .filter(|(number, other)| *number != feed.target && base_of(&other.name) == base_of(&name));
    // Two instruments on one asset keep their whole names.
    let shared = others.any(|(number, _)| Feed::mark(InstrumentId::new(number)) != *feed);
    Some(if shared { name } else { base_of(&name).to_owned() })
}

fn base_of(name: &str) -> &str {
    name.split('-').next().unwrap_or(name)
}

fn whole(units: i128) -> String {
    rounded(units, VALUE_PLACES, 0)
}

fn liquidated(lines: &mut Vec<String>, statistics: &Statistics) {
    let unit = numeraire(statistics.rulebook.as_ref());
    let notional = statistics.forced();
    let accounts = grouped(statistics.liquidated.len() as u128);
    let opening = statistics.opening_notional.unwrap_or(0);
    let share = parts(notional, opening).map_or_else(String::new, |share| {
        format!(", {} % of opening open notional", rounded(share, 4, 1))
    });
    block(lines, "liquidated", &format!("{accounts} accounts, {} {unit}{share}", whole(notional)));
    if statistics.takeovers > 0 {
        let count = grouped(u128::from(statistics.takeovers));
        let taken = whole(statistics.taken_over);
        block(
            lines,
            "",
            &format!("of it {taken} {unit} handed to the backstop, {count} positions"),
        );
    }
    let (Some(first), Some((minute, worst))) =
        (statistics.first_liquidation, statistics.worst_minute())
    else {
        return;
    };
    let first = day_and_minute(first);
    let at = day_and_minute(minute_start(minute));
    block(lines, "", &format!("first {first}, worst minute {at} ({} {unit})", whole(worst)));
}

fn money(lines: &mut Vec<String>, statistics: &Statistics) {
    let total = statistics.deficit();
    // Rounded terms may miss their rounded sum by a unit; the document holds them exactly.
    let head = format!(
        "deficit {} = fund {} + deleveraged {}",
        whole(total.deficit),
        whole(total.insurance_fund),
        whole(total.deleveraged)
    );
    let tail =
        format!("+ socialised {} + uncovered {}", whole(total.socialised), whole(total.uncovered));
    let indent = head.find('+').unwrap_or(0);
    lines.push(format!("{:<MARGIN$}{head}", "money"));
    lines.push(format!("{:MARGIN$}{:indent$}{tail}", "", ""));
}

fn lost(lines: &mut Vec<String>, statistics: &Statistics) {
    let unit = numeraire(statistics.rulebook.as_ref());
    let below = statistics.deficits.values().filter(|one| one.deficit > 0).count();
    let worst = statistics.worst_account().map_or_else(String::new, |(account, deficit)| {
        let number = grouped(u128::from(account.number()));
        format!("; worst: account {number}, {} {unit}", whole(-deficit))
    });
    block(lines, "lost", &format!("{} accounts below zero{worst}", grouped(below as u128)));
}

#[cfg(test)]
mod tests {
    //! Goal: the screen keeps its size and order. Method: a run's figures written down by hand.

    use domain::{AccountId, Price, Timestamp};

    use super::*;
    use crate::summary::statistics::Deficit;

    fn statistics() -> Statistics {
        let text = "schema = \"clearsim.rulebook/1\"\nnumeraire = \"USD\"\n\
            [assets.USD]\ndecimals = 2\nbalance_max = \"1000000\"\n\
            [assets.BTC]\ndecimals = 8\nprice_max = \"100000\"\nbalance_max = \"10\"\n\
            haircut = \"0.05\"\n[instruments.BTC-PERP]\nkind = \"perpetual\"\nsettles = \"USD\"\n\
            price_unit = \"1e-8\"\nquantity_unit = \"1e-8\"\nprice_max = \"100000\"\n\
            position_max = \"10\"\ninitial = \"0.02\"\nrelease = \"0.0125\"\n\
            maintenance = \"0.01\"\nslippage = \"0.005\"\n";
        let at = feed::time::utc("2020-03-13T02:15:00Z").expect("a UTC time");
        let track = PriceTrack {
            open: Price::new(793_386_000_000),
            low: (Price::new(380_183_000_000), at),
            high: (Price::new(796_900_000_000), at),
            close: Price::new(558_271_000_000),
            count: 3,
        };
        let one = 10i128.pow(16);
        let mut statistics = Statistics {
            rulebook: feed::rulebook::parse("a.toml", text).ok(),
            reduced: 216_300_000 * one,
            opening_notional: Some(667_000_000 * one),
            first_liquidation: Some(Timestamp::from_nanos(at.nanos() - 60_000_000_000)),
            ..Statistics::default()
        };
        statistics.prices.insert(Feed::mark(InstrumentId::new(0)), track);
        statistics.minutes.insert(crate::clockface::minute_of(at), 11_614_000 * one);
        let deficit = Deficit {
            deficit: 412_000 * one,
            insurance_fund: 333_000 * one,
            deleveraged: 61_000 * one,
            socialised: 18_000 * one,
            uncovered: 0,
        };
        statistics.deficits.insert(AccountId::new(8_114), deficit);
        statistics.finish().expect("the identity holds");
        statistics
    }

    #[test]
    fn the_screen_has_its_lines_in_order() {
        let facts = Facts {
            title: "2020-03-12 (reconstructed from hourly figures, Binance USD-margined \
                    perpetual; accounts synthetic)"
                .to_owned(),
            schema: "clearsim.day-report/1",
            rulebook: "default".to_owned(),
            overrides: Vec::new(),
            seed: Some(1),
            until: None,
            synthetic_accounts: true,
            state_digest: "4f1c09ab77e2d310ff".to_owned(),
            place: "runs/2020-03-12-default-1b22c04e".to_owned(),
            next: "clearsim inspect runs/2020-03-12-default-1b22c04e --account 8114 --why"
                .to_owned(),
        };
        let expected = "\
2020-03-12 (reconstructed from hourly figures, Binance USD-margined perpetual;
accounts synthetic)   rulebook default   exogenous prices
prices       BTC 7,933.86 -> low 3,801.83 (13th 02:15) -> 5,582.71
liquidated   0 accounts, 216,300,000 USD, 32.4 % of opening open notional
             first 13th 02:14, worst minute 13th 02:15 (11,614,000 USD)
money        deficit 412,000 = fund 333,000 + deleveraged 61,000
                                            + socialised 18,000 + uncovered 0
lost         1 accounts below zero; worst: account 8,114, -412,000 USD
note         the accounts are invented: these totals are not comparable with
             published ones
digest       4f1c09ab77e2d310   run runs/2020-03-12-default-1b22c04e
next         clearsim inspect runs/2020-03-12-default-1b22c04e --account 8114
             --why";
        let lines = screen(&facts, &statistics());
        assert_eq!(lines.join("\n"), expected);
        assert!(lines.len() <= 24 && lines.iter().all(|line| line.chars().count() <= WIDTH));
    }

    #[test]
    fn a_broken_identity_is_named() {
        let mut statistics = statistics();
        statistics.deficits.insert(AccountId::new(3), Deficit { deficit: 1, ..Deficit::default() });
        let sentence = statistics.finish().expect_err("one unit is not borne");
        assert!(sentence.contains("account 3: 1 recognised, 0 borne"), "{sentence}");
    }
}
