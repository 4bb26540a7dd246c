//! Goal: every forced trade and sale is explained under every policy: the price recomputed from the
//! printed terms is the fill's, and every printed formula comes to its result.
//!
//! Method: all scenarios played; each liquidation told as `inspect --why` tells it; its lines
//! worked out by the calculator of the tests, powers of depth in floating point.

#[path = "../../tests/support/calculator.rs"]
mod calculator;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clearing::ClearingHouse;
use domain::{AccountId, Effect, Event};
use feed::scenario::{parse, run};

use super::story::{Began, Scene, Story};
use super::{Line, Section};
use crate::verbs::scenario::{House, rulebook};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/scenarios")
}

/// The events of a scenario.
fn events(path: &Path) -> Vec<Event> {
    let text = std::fs::read_to_string(path).expect("a scenario");
    let name = path.display().to_string();
    let scenario = parse(&name, &text, &|word| rulebook(path, word)).expect("a sound scenario");
    run(&scenario, &mut House(ClearingHouse::new())).events
}

/// Everything told of every liquidation: whose, and the effects told of with their sections.
struct Told {
    account: AccountId,
    effects: Vec<Effect>,
    sections: Vec<Section>,
}

fn tell(events: &[Event]) -> Vec<Told> {
    let mut house = ClearingHouse::new();
    house.keep_looks(None);
    let mut open: BTreeMap<AccountId, (Story, usize)> = BTreeMap::new();
    let mut told = Vec::new();
    for event in events {
        let before: Vec<_> =
            (0..house.accounts()).map(AccountId::new).map(|one| house.terms(one)).collect();
        let mut effects = Vec::new();
        house.apply(event, &mut effects);
        let looks = house.take_looks();
        for (ordinal, effect) in effects.iter().enumerate() {
            if let Effect::LiquidationStarted { account, .. } = *effect {
                let began = Began { account, sequence: event.sequence.number(), ordinal };
                open.insert(account, (Story::new(began), 0));
            }
        }
        for (account, (story, steps)) in &mut open {
            let first = story.began.sequence == event.sequence.number();
            let mut scene = Scene {
                account: *account,
                rulebook: house.rulebook().cloned(),
                before: before.get(account.index()).cloned().flatten(),
                replaced: None,
                event: event.clone(),
                effects: effects.clone(),
                looks: looks.iter().filter(|look| look.account == *account).cloned().collect(),
            };
            if scene.looks.is_empty() {
                continue;
            }
            scene.tell(story, first, steps);
            if first {
                scene.effects.drain(..story.began.ordinal);
            }
            let sections = std::mem::take(&mut story.sections);
            let effects = if story.ended.is_some() {
                let own = |one: &Effect| match one {
                    Effect::LiquidationEnded { account: of, .. } => of == account,
                    _ => false,
                };
                let end = scene.effects.iter().position(own).unwrap_or(scene.effects.len());
                scene.effects.truncate(end);
                scene.effects
            } else {
                scene.effects
            };
            told.push(Told { account: *account, effects, sections });
        }
        open.retain(|_, (story, _)| story.ended.is_none());
    }
    told
}

/// Results of formulas with a label, in order.
fn results<'a>(sections: &'a [Section], label: impl Fn(&str) -> bool + 'a) -> Vec<&'a str> {
    let lines = sections.iter().flat_map(|section| &section.lines);
    let found = lines.filter_map(move |line| match line {
        Line::Sum { label: own, result, .. } if label(own) => Some(result.as_str()),
        _ => None,
    });
    found.collect()
}

/// Works every line out; how many there were.
fn work_out(place: &str, sections: &[Section], faults: &mut Vec<String>) -> usize {
    let mut count = 0;
    for line in sections.iter().flat_map(|section| &section.lines) {
        match line {
            Line::Sum { label, formula, result, rounded } => {
                let rounded = rounded.map(|one| (one.up, one.places as usize));
                let holds = calculator::holds(formula, result, rounded);
                if !holds {
                    faults.push(format!("{place}: {label}: {formula} = {result}"));
                }
                count += 1;
            }
            Line::Fact { label, text } if text.contains(")^(") && text.contains(" at C ") => {
                faults.extend(power(place, label, text));
                count += 1;
            }
            Line::Fact { .. } => {}
        }
    }
    count
}

/// `R: C * a * (C / K)^(o/u) / (1 + o/u) at C X, rounded up`.
fn power(place: &str, label: &str, text: &str) -> Option<String> {
    let number = |text: &str| text.trim().parse::<f64>().expect("a number");
    let (result, rest) = text.split_once(": C * ").expect("a result");
    let (a, rest) = rest.split_once(" * (C / ").expect("a distance");
    let (k, rest) = rest.split_once(")^(").expect("a depth");
    let (p, rest) = rest.split_once(") / (1 + ").expect("a power");
    let (_, rest) = rest.split_once(" at C ").expect("a value");
    let consumed = number(rest.split(',').next().expect("a value"));
    let (over, under) = p.split_once('/').expect("a fraction");
    let p = number(over) / number(under);
    let expected = consumed * number(a) * (consumed / number(k)).powf(p) / (1.0 + p);
    let beyond = rest.contains("beyond");
    let far = (number(result) - expected).abs() > 1e-9 * expected.abs().max(1e-6);
    (far && !beyond).then(|| format!("{place}: {label}: {text} is {expected}"))
}

/// Trades and sales of one telling, each with the price it was explained to have.
fn check(place: &str, told: &Told, faults: &mut Vec<String>) -> usize {
    let own = told.account;
    let lines = |word: &'static str| results(&told.sections, move |label| label == word);
    let mut traded: Vec<String> = Vec::new();
    let mut taken = 0;
    let mut sold: Vec<String> = Vec::new();
    for effect in &told.effects {
        match *effect {
            Effect::PositionReduced { account, quote, .. } if account == own => {
                traded.push(super::figures::quote(domain::Quote::new(quote.units().abs())));
            }
            Effect::PositionTakenOver { account, .. } if account == own => taken += 1,
            Effect::CollateralSold { account, .. } if account == own => {
                sold.push(String::new());
            }
            _ => {}
        }
    }
    let mut explained = [lines("received"), lines("paid")].concat();
    explained.sort_unstable();
    traded.sort_unstable();
    let mut expect = |what: &str, holds: bool, found: String| {
        if !holds {
            faults.push(format!("{place}: {what}: {found}"));
        }
    };
    expect("fills", explained == traded, format!("{explained:?} of {traded:?}"));
    let without = lines("loss against mark");
    expect("a fill without its terms", without.is_empty(), format!("{without:?}"));
    let sales = results(&told.sections, |label| {
        label.ends_with(" repaid") || label.split_once(" for ").is_some()
    });
    expect("sales", sales.len() == sold.len(), format!("{sales:?}"));
    let handed = results(&told.sections, |label| label.ends_with(" at mark"));
    let handed = handed.len() - results(&told.sections, |label| label.ends_with(", at mark")).len();
    expect("positions handed over", handed == taken, format!("{handed} of {taken}"));
    traded.len() + sold.len() + taken
}

#[test]
fn every_fill_of_every_scenario_is_explained() {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder())
        .expect("a folder")
        .map(|entry| entry.expect("readable").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "scn"))
        .collect();
    paths.sort();
    let (mut policies, mut trades, mut lines) = (0, 0, 0);
    let mut faults = Vec::new();
    for path in &paths {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        let name = name.expect("a file has a name");
        policies += usize::from(name.starts_with("policy_"));
        for told in tell(&events(path)) {
            let place = format!("{name}, account {}", told.account.number());
            lines += work_out(&place, &told.sections, &mut faults);
            trades += check(&place, &told, &mut faults);
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    println!("{policies} policies, {trades} fills, {lines} lines worked out");
    assert!(policies > 30 && trades > 80 && lines > 1_000, "{policies} {trades} {lines}");
}
