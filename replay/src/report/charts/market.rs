//! One market at a time: mark, index and last price, the recorded mark where feedback moved it,
//! what was liquidated at its foot, and marks where it stopped, a bad print was passed over, or
//! most was liquidated.

use domain::rulebook::InstrumentKind;
use domain::{Feed, InstrumentId, Rulebook};

use crate::chronicle::house::instruments;
use crate::chronicle::market::Incident;
use crate::chronicle::minutes::Levels;
use crate::report::Told;
use crate::report::chart::{Chart, Figures, Kind, Line, Mark, View};
use crate::summary::numbers::{VALUE_PLACES, price, rounded};

const TITLE: &str = "One market: mark, index, last";
const MOVED_TITLE: &str = "One market: mark in force, recorded mark, index, last";
const LOOK: &str = "The mark triggers liquidations and values positions, the index values \
    collateral, the last price is for display only. Look for a mark that leaves the index \
    (basis), a last price that leaves the mark (a bad print: cut off here and marked), and for \
    liquidations, at the foot, that follow the mark down.";
const MOVED_LOOK: &str =
    "Forced trades move the mark here: the recorded one is what the world gave without them.";

/// Marks drawn at most.
const MARKS_MAX: usize = 60;

/// Seconds within which bad prints of one market share a mark.
const SPELL: i64 = 3_600;

/// A view for each instrument that has a mark.
pub fn chart(told: &Told) -> Option<Chart> {
    let rulebook = told.chronicle.rulebook.as_ref()?;
    let views: Vec<View> =
        instruments(rulebook).filter_map(|instrument| view(told, rulebook, instrument)).collect();
    if views.is_empty() {
        return None;
    }
    let moved = !told.chronicle.markets.recorded.is_empty();
    Some(Chart {
        id: "market",
        title: if moved { MOVED_TITLE } else { TITLE }.to_owned(),
        look: if moved { format!("{LOOK} {MOVED_LOOK}") } else { LOOK.to_owned() },
        views,
    })
}

fn view(told: &Told, rulebook: &Rulebook, instrument: InstrumentId) -> Option<View> {
    let rules = rulebook.instrument(instrument)?;
    let prices = &told.chronicle.markets.prices;
    let mark = prices.get(&Feed::mark(instrument))?;
    let places = u32::from(rules.price_decimals);
    let shown = shown_places(mark, places);
    let mut lines = Vec::new();
    if let Some(last) = prices.get(&Feed::last(instrument)).filter(|last| *last != mark) {
        let mut line = Line::new("last", "c1", Figures::Levels(last)).scaled(places, shown);
        line.loose = true;
        lines.push(line);
    }
    if let Some((index, index_places)) = index(told, rulebook, rules.kind)
        && index.rows() != mark.rows()
    {
        let mut line = Line::new("index", "c2", Figures::Levels(index)).scaled(index_places, shown);
        line.dash = true;
        lines.push(line);
    }
    // Under price feedback: what the world gave, before the run's own trades moved it.
    if let Some(recorded) = told.chronicle.markets.recorded.get(&instrument) {
        let figures = Figures::Levels(recorded);
        lines.push(Line::new("recorded mark", "c3", figures).scaled(places, shown));
    }
    lines.push(Line::new("mark", "c0", Figures::Levels(mark)).scaled(places, shown));
    for (name, tone, long) in
        [("longs liquidated", "bad", true), ("shorts liquidated", "c6", false)]
    {
        let sums = told
            .chronicle
            .liquidations
            .notional
            .by_minute(|(which, _, side)| which == instrument && side == long);
        let mut line = Line::new(name, tone, Figures::Sums(sums));
        line.foot = true;
        if !line.is_empty() {
            lines.push(line);
        }
    }
    let settles = rulebook.asset(rules.settles).map_or("", |rules| rules.name.as_str());
    let mut view = View::of(&rules.name, settles, Kind::Lines, told.grid(), &lines);
    view.marks = marks(told, instrument, places);
    Some(view)
}

/// The index an instrument follows, and the places of its price.
fn index<'a>(
    told: &'a Told,
    rulebook: &Rulebook,
    kind: InstrumentKind,
) -> Option<(&'a Levels, u32)> {
    let (InstrumentKind::Spot { base: asset }
    | InstrumentKind::Perpetual { underlying: asset }
    | InstrumentKind::Future { underlying: asset, .. }) = kind;
    let decimals = rulebook.asset(asset)?.decimals;
    let levels = told.chronicle.markets.prices.get(&Feed::index(asset))?;
    Some((levels, 16u32.saturating_sub(u32::from(decimals))))
}

/// Two places from 10 on, four below, eight below a hundredth.
fn shown_places(levels: &Levels, places: u32) -> u32 {
    let unit = 10i128.pow(places);
    match levels.highest().unwrap_or(0) {
        high if high >= 10 * unit => 2,
        high if high * 100 >= unit => 4,
        _ => 8,
    }
}

fn marks(told: &Told, instrument: InstrumentId, places: u32) -> Vec<Mark> {
    let own = told.chronicle.markets.incidents.iter().filter(|(_, which, _)| *which == instrument);
    let mut marks: Vec<Mark> = Vec::new();
    let mut flagged = i64::MIN;
    for (at, _, incident) in own {
        let time = at.nanos() / 1_000_000_000;
        let (text, tone) = match incident {
            Incident::Halted => ("halted".to_owned(), "bad"),
            Incident::Resumed => ("resumed".to_owned(), "good"),
            Incident::Expired => ("expired".to_owned(), "c0"),
            Incident::Flagged(last) => {
                let spell = time.saturating_sub(flagged) < SPELL;
                flagged = time;
                if spell {
                    continue;
                }
                let units = i64::try_from(*last).unwrap_or(i64::MAX);
                (format!("last {} passed over", price(units, places)), "warn")
            }
        };
        marks.push(Mark { time, text, tone: tone.to_owned() });
    }
    marks.truncate(MARKS_MAX);
    marks.extend(worst(told, instrument));
    marks.sort_by_key(|mark| mark.time);
    marks
}

/// The minute in which most of an instrument was liquidated.
fn worst(told: &Told, instrument: InstrumentId) -> Option<Mark> {
    let notional = &told.chronicle.liquidations.notional;
    let sums = notional.by_minute(|(which, _, _)| which == instrument);
    let (minute, sum) =
        sums.into_iter().max_by_key(|(minute, sum)| (*sum, std::cmp::Reverse(*minute)))?;
    let text = format!("most liquidated: {} {}", rounded(sum, VALUE_PLACES, 0), told.numeraire());
    (sum > 0).then(|| Mark { time: minute * 60, text, tone: "bad".to_owned() })
}
