//! What an account is worth and must hold, term by term, from the machine's own terms.

use clearing::explained::{BalanceTerms, Gain, PositionTerms, Terms, WeightedPart};
use domain::{Ratio, Weighted};

use super::figures::weighted;
use super::figures::{Figures, WEIGHTED_PLACES, is_exact, joined, less, quote, ratio, value};
use super::{Line, Section};
use crate::summary::numbers::{VALUE_PLACES, exact};

/// Places of interest indexes.
const INDEX_PLACES: u32 = 16;

/// The four sections of an assessment: equity, adjusted equity, requirement, thresholds.
pub fn sections(figures: Figures<'_>, terms: &Terms) -> Vec<Section> {
    vec![
        equity(figures, terms),
        adjusted_equity(figures, terms),
        requirement(figures, terms),
        thresholds(terms),
    ]
}

/// The prices that the terms used.
pub fn prices(figures: Figures<'_>, terms: &Terms) -> Section {
    let mut section = Section::new("prices used");
    for position in &terms.positions {
        let instrument = position.position.instrument;
        let mark = figures.price(instrument, position.mark);
        section.push(Line::fact(format!("mark {}", figures.instrument(instrument)), mark));
    }
    for balance in terms.balances.iter().filter(|balance| !figures.is_numeraire(balance.asset)) {
        let index = figures.index(balance.asset, balance.price);
        section.push(Line::fact(format!("index {}", figures.asset(balance.asset)), index));
    }
    section
}

fn equity(figures: Figures<'_>, terms: &Terms) -> Section {
    let mut section = Section::new("equity: balances at index plus unrealised PnL at mark");
    for balance in &terms.balances {
        balance_lines(figures, &mut section, balance);
    }
    let worths: Vec<String> = terms.balances.iter().map(|one| value(one.worth)).collect();
    section.push(Line::sum("equity", joined(&worths), value(terms.assessment.equity)));
    section
}

fn balance_lines(figures: Figures<'_>, section: &mut Section, balance: &BalanceTerms) {
    let name = figures.asset(balance.asset);
    let amount = figures.amount(balance.asset, balance.amount);
    if balance.amount != balance.posted {
        let posted = figures.amount(balance.asset, balance.posted);
        let (then, now) = balance.interest_index;
        let [now, then] = [now, then].map(|index| exact(index, INDEX_PLACES));
        let line = Line::sum(
            format!("{name} with interest"),
            format!("{posted} * {now} / {then}"),
            &amount,
        );
        section.push(line.rounded(false, figures.decimals(balance.asset)));
    }
    let mut cash = vec![amount.clone()];
    for gain in &balance.gains {
        gain_lines(figures, section, gain, &mut cash);
    }
    if balance.gains.is_empty() {
        section.push(Line::fact(format!("{name} balance"), amount));
    } else {
        section.push(Line::sum(format!("{name} with PnL"), joined(&cash), quote(balance.cash)));
    }
    if !figures.is_numeraire(balance.asset) {
        let formula =
            format!("{} * {}", quote(balance.cash), figures.index(balance.asset, balance.price));
        let line = Line::sum(format!("{name} worth"), formula, value(balance.worth));
        let whole = balance.gains.is_empty();
        section.push(if whole { line } else { line.rounded(false, VALUE_PLACES) });
    }
}

fn gain_lines(figures: Figures<'_>, section: &mut Section, gain: &Gain, cash: &mut Vec<String>) {
    let name = figures.instrument(gain.instrument);
    let quantity = figures.quantity(gain.instrument, gain.quantity);
    let mark = figures.price(gain.instrument, gain.mark);
    let formula = less(&format!("{quantity} * {mark}"), &quote(gain.cost));
    section.push(Line::sum(format!("{name} PnL"), formula, quote(gain.pnl)));
    cash.push(quote(gain.pnl));
    let (then, now) = gain.funding_index;
    if then != now {
        let opposite = figures.quantity(gain.instrument, -gain.quantity);
        let [now, then] = [now, then].map(|index| figures.funding_index(gain.instrument, index));
        let asset = figures.settles(gain.instrument);
        let funding = figures.amount(asset, gain.funding);
        let line = Line::sum(
            format!("{name} funding"),
            format!("{opposite} * ({})", less(&now, &then)),
            &funding,
        );
        section.push(line.rounded(false, figures.decimals(asset)));
        cash.push(funding);
    }
}

fn adjusted_equity(figures: Figures<'_>, terms: &Terms) -> Section {
    let mut section = Section::new("adjusted equity: after haircuts and liability weights");
    for balance in &terms.balances {
        let name = figures.asset(balance.asset);
        let tiers = balance.parts.len() > 1;
        for (place, part) in balance.parts.iter().enumerate() {
            let label = if tiers { format!("{name} tier {}", place + 1) } else { name.clone() };
            if tiers {
                let index = figures.index(balance.asset, balance.price);
                let formula = format!("{} * {index}", quote(part.cash));
                let line = Line::sum(format!("{label} worth"), formula, value(part.worth));
                section.push(line.rounded(false, VALUE_PLACES));
            }
            section.push(weight_line(&label, part));
        }
    }
    let counted: Vec<String> = terms.balances.iter().map(|one| weighted(one.counted)).collect();
    let total = weighted(terms.assessment.adjusted_equity);
    section.push(Line::sum("adjusted equity", joined(&counted), total));
    section
}

fn weight_line(label: &str, part: &WeightedPart) -> Line {
    let worth = value(part.worth);
    let factor = ratio(part.ratio);
    let line = if part.cash.is_negative() {
        Line::sum(
            format!("{label} debt counted"),
            format!("{worth} * {factor}"),
            weighted(part.counted),
        )
    } else {
        let formula = format!("{worth} * (1 - {factor})");
        Line::sum(format!("{label} counted"), formula, weighted(part.counted))
    };
    weigh_rounding(line, part.ratio, false)
}

fn weigh_rounding(line: Line, ratio: Ratio, up: bool) -> Line {
    if is_exact(ratio) { line } else { line.rounded(up, WEIGHTED_PLACES) }
}

fn requirement(figures: Figures<'_>, terms: &Terms) -> Section {
    let mut section = Section::new("requirement: shares of notional, by position");
    let mut totals: [Vec<String>; 3] = Default::default();
    for position in &terms.positions {
        position_lines(figures, &mut section, position, &mut totals);
    }
    for balance in &terms.balances {
        let owed = value(-balance.worth);
        let (initial, release) = balance.debt_ratios;
        let debts = [
            (0, "initial", initial, balance.debt.initial),
            (1, "release", release, balance.debt.release),
        ];
        for (place, word, share, asked) in debts {
            if asked == Weighted::ZERO {
                continue;
            }
            let label = format!("{} debt {word}", figures.asset(balance.asset));
            let line = Line::sum(label, format!("{owed} * {}", ratio(share)), weighted(asked));
            section.push(weigh_rounding(line, share, true));
            totals[place].push(weighted(asked));
        }
    }
    let asked = terms.assessment.requirement;
    let results = [asked.initial, asked.release, asked.maintenance].map(weighted);
    for ((name, parts), result) in NAMES.iter().zip(&totals).zip(results) {
        section.push(Line::sum(format!("{name} margin"), joined(parts), result));
    }
    section
}

/// The three requirements, in the order of their ratios.
const NAMES: [&str; 3] = ["initial", "release", "maintenance"];

fn position_lines(
    figures: Figures<'_>,
    section: &mut Section,
    terms: &PositionTerms,
    totals: &mut [Vec<String>; 3],
) {
    let instrument = terms.position.instrument;
    let name = figures.instrument(instrument);
    let size = figures.quantity(instrument, terms.position.quantity.magnitude());
    let mut formula = format!("{size} * {}", figures.price(instrument, terms.mark));
    let settles = figures.settles(instrument);
    let converted = !figures.is_numeraire(settles);
    if converted {
        formula += &format!(" * {}", figures.index(settles, terms.settlement_price));
    }
    let line = Line::sum(format!("{name} notional"), formula, value(terms.notional));
    section.push(if converted { line.rounded(true, VALUE_PLACES) } else { line });
    for (place, part) in terms.parts.iter().enumerate() {
        let tier =
            if terms.parts.len() > 1 { format!(" tier {}", place + 1) } else { String::new() };
        let asked = part.requirement;
        let asked = [asked.initial, asked.release, asked.maintenance];
        for (which, (asked, share)) in asked.into_iter().zip(part.ratios).enumerate() {
            let label = format!("{name}{tier} {}", NAMES[which]);
            let formula = format!("{} * {}", value(part.notional), ratio(share));
            let line = Line::sum(label, formula, weighted(asked));
            section.push(weigh_rounding(line, share, true));
            totals[which].push(weighted(asked));
        }
    }
}

fn thresholds(terms: &Terms) -> Section {
    let mut section = Section::new("thresholds");
    let assessment = &terms.assessment;
    let asked = assessment.requirement;
    let held = weighted(assessment.adjusted_equity);
    let lines = [
        ("to open or withdraw", asked.initial),
        ("where liquidation stops", asked.release),
        ("to be left alone", asked.maintenance),
    ];
    for (label, asked) in lines {
        let left = assessment.adjusted_equity - asked;
        section.push(Line::sum(label, less(&held, &weighted(asked)), weighted(left)));
    }
    let verdict = if assessment.excess().is_negative() {
        "adjusted equity is below maintenance margin: liquidatable"
    } else if assessment.shortfall().is_positive() {
        "above maintenance margin: left alone; a liquidation that had begun would go on to release"
    } else {
        "above release margin: left alone"
    };
    section.push(Line::fact("verdict", verdict));
    section
}
