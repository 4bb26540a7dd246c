//! `inspect`: how a run stood at any moment, and why what happened there happened.

use clearing::ClearingHouse;
use domain::{AccountId, Effect, Event, Rulebook, Sequence};
use feed::error::{FeedError, Place};
use serde_json::{Value, json};

use crate::cli::InspectArgs;
use crate::console::Console;
use crate::explain::figures::{Figures, value, weighted};
use crate::explain::search::{began_next, fate, liquidation};
use crate::explain::story::{Began, Story, tell};
use crate::explain::{Line, Section, assessment, document, refused, state, text};
use crate::failure::{Answer, DONE, FOUND, Failure};
use crate::opened::Run;
use crate::rows::names::{Names, snake};
use crate::rows::{command, effect};
use crate::select::{Bound, last_event_before};
use crate::travel;

/// What is shown: a document and the same as text.
struct Shown {
    document: Value,
    sections: Vec<Section>,
}

/// Shows what was asked for.
///
/// # Errors
/// No run; exit 1 for an account, liquidation, event or time that the run does not have.
pub fn inspect(console: &mut Console, args: &InspectArgs) -> Answer {
    let run = Run::open(&args.run)?;
    let at = moment(&run, args.at.as_deref())?;
    let shown = match (&args.liquidation, args.event, args.account) {
        (Some(liquidation), ..) => one_liquidation(console, &run, liquidation)?,
        (None, Some(event), _) => one_event(console, &run, event, args.why)?,
        (None, None, Some(account)) => {
            one_account(console, &run, AccountId::new(account), at, args.why)?
        }
        (None, None, None) => whole_house(console, &run, at)?,
    };
    if console.json {
        let mut out = json!({ "schema": "clearsim.inspect/1", "run": run.id });
        if let (Value::Object(out), Value::Object(fields)) = (&mut out, shown.document) {
            out.extend(fields);
        }
        console.document(&out)?;
    } else {
        text(&shown.sections).into_iter().try_for_each(|line| console.line(line))?;
    }
    Ok(DONE)
}

/// The sequence meant by `--at`: an event, or the last one at or before a time; without it the end.
fn moment(run: &Run, at: Option<&str>) -> Answer<u64> {
    let Some(text) = at else { return Ok(run.last_sequence) };
    let last = run.last_sequence;
    match Bound::parse("--at", text)? {
        Bound::Sequence(sequence) if (1..=last).contains(&sequence) => Ok(sequence),
        Bound::Sequence(_) => {
            Err(outside(run, "--at", &format!("an event from 1 to {last}"), text))
        }
        Bound::Time(time) => {
            let said = |error| Failure::store(&run.journal(), &error);
            let after = time.plus(domain::Duration::from_nanos(1));
            let at = last_event_before(after, &run.storage()?).map_err(said)?;
            let [from, to] = span(run)?;
            if at > 0 && time >= from && time <= to {
                return Ok(at);
            }
            let [from, to] = [from, to].map(feed::time::text);
            Err(outside(run, "--at", &format!("a time from {from} to {to}"), text))
        }
    }
}

/// The window of the run, its end as the moment at which it stood still; of a run without one the
/// times of its first and its last event.
fn span(run: &Run) -> Answer<[domain::Timestamp; 2]> {
    match run.window() {
        Some(window) => Ok(window),
        None => times(run),
    }
}

/// Times of the first and the last event.
fn times(run: &Run) -> Answer<[domain::Timestamp; 2]> {
    let said = |error| Failure::store(&run.journal(), &error);
    let mut reader = run.reader()?;
    let mut times: Option<[i64; 2]> = None;
    while let Some(batch) = reader.next_batch().map_err(said)? {
        for record in batch.records() {
            if let store::journal::Record::Event(event) = record {
                let at = event.envelope.timestamp;
                times = Some([times.map_or(at, |[first, _]| first), at]);
            }
        }
    }
    Ok(times.unwrap_or_default().map(domain::Timestamp::from_nanos))
}

/// Something that the run does not have: exit 1.
fn outside(run: &Run, flag: &str, expected: &str, found: &str) -> Failure {
    let place = Place::file(run.path.display().to_string()).at(flag);
    Failure::said(FOUND, FeedError::input("inspect.absent", place, expected, found))
}

fn rulebook<'a>(run: &Run, house: &'a ClearingHouse) -> Answer<&'a Rulebook> {
    house.rulebook().ok_or_else(|| outside(run, "--at", "a moment after genesis", "before it"))
}

/// When and where, as the first section and as fields.
fn heading(what: &str, house: &ClearingHouse) -> (Section, Value) {
    let (sequence, at) = (house.sequence().number(), house.timestamp());
    let title = format!("{what} after event {sequence} at {}", feed::time::text(at));
    (Section::new(title), json!({ "sequence": sequence, "timestamp": at.nanos() }))
}

fn whole_house(console: &Console, run: &Run, at: u64) -> Answer<Shown> {
    let walk = travel::to(console, &run.path, Sequence::new(at))?;
    let house = walk.house();
    let (section, mut fields) = heading(&run.id, house);
    let stands = state::house(rulebook(run, house)?, house);
    fields["state"] = document(&stands);
    Ok(Shown { document: fields, sections: [vec![section], stands].concat() })
}

fn one_account(
    console: &Console,
    run: &Run,
    account: AccountId,
    at: u64,
    why: bool,
) -> Answer<Shown> {
    let walk = travel::to(console, &run.path, Sequence::new(at))?;
    let house = walk.house();
    let rules = rulebook(run, house)?;
    let (Some(view), Some(terms)) = (house.account(account), house.terms(account)) else {
        let expected = match house.accounts() {
            0 => "an account, of which there is none yet".to_owned(),
            count => format!("an account from 0 to {}", count - 1),
        };
        return Err(outside(run, "--account", &expected, &account.number().to_string()));
    };
    let waits = house.queue().contains(&account);
    let (section, mut fields) = heading(&format!("account {}", account.number()), house);
    fields["state"] = state::account_document(rules, &view, waits);
    let stands = state::account(rules, &view, waits);
    if !why {
        return Ok(Shown { document: fields, sections: [vec![section], stands].concat() });
    }
    let fate = fate(run, account, at)?;
    let mut sections = Vec::new();
    if let Some(began) = fate.began.last() {
        let story = tell(console, run, *began, at)?;
        fields["liquidation"] = story_document(&story);
        sections.extend(told(&story));
    } else {
        let mut lines = assessment::sections(Figures(rules), &terms);
        fields["why"] = document(&lines);
        lines.insert(0, assessment::prices(Figures(rules), &terms));
        lines.insert(0, Section::new(format!("{}: was not liquidated", section.title)));
        sections.append(&mut lines);
    }
    sections.extend(other_fates(&fate, &mut fields));
    Ok(Shown { document: fields, sections })
}

/// Earlier liquidations, and closings of the account's positions as a winner's.
fn other_fates(fate: &crate::explain::search::Fate, fields: &mut Value) -> Vec<Section> {
    let id = |began: &Began| format!("{}.{}", began.sequence, began.ordinal);
    let mut sections = Vec::new();
    let earlier = fate.began.iter().rev().skip(1).rev().map(id);
    let earlier: Vec<String> = earlier.collect();
    if !earlier.is_empty() {
        let mut section = Section::new("liquidated before that");
        section.push(Line::fact("--liquidation", earlier.join(", ")));
        sections.push(section);
    }
    if !fate.closed.is_empty() {
        let mut section = Section::new("its own positions closed against accounts in default");
        for one in &fate.closed {
            let text = format!("event {}, effect {}", one.sequence, one.ordinal);
            section.push(Line::fact(format!("account {}", one.account.number()), text));
        }
        sections.push(section);
    }
    fields["liquidations"] = json!(fate.began.iter().map(id).collect::<Vec<_>>());
    fields["closed_against"] = fate
        .closed
        .iter()
        .map(|one| {
            json!({
                "account": one.account.number(),
                "sequence": one.sequence,
                "ordinal": one.ordinal,
            })
        })
        .collect();
    sections
}

/// `--liquidation`: its number, as tables count them, or `SEQUENCE.ORDINAL` of its first effect.
fn one_liquidation(console: &Console, run: &Run, id: &str) -> Answer<Shown> {
    let expected = "a number from 1, or SEQUENCE.ORDINAL of its first effect, such as 81234.2";
    let wrong = |_: std::num::ParseIntError| Failure::argument("--liquidation", expected, id);
    let began = match id.split_once('.') {
        None => numbered(run, id.parse().map_err(wrong)?)?,
        Some((sequence, ordinal)) => {
            let sequence: u64 = sequence.parse().map_err(wrong)?;
            let ordinal: usize = ordinal.parse().map_err(wrong)?;
            let inside = (1..=run.last_sequence).contains(&sequence);
            let before = Sequence::new(sequence.saturating_sub(1));
            let began = if inside {
                began_next(run, &mut travel::to(console, &run.path, before)?)?
            } else {
                Vec::new()
            };
            began.into_iter().find(|one| one.ordinal == ordinal).ok_or_else(|| {
                outside(run, "--liquidation", "an effect with which a liquidation began", id)
            })?
        }
    };
    let story = tell(console, run, began, run.last_sequence)?;
    let fields = json!({ "liquidation": story_document(&story) });
    Ok(Shown { document: fields, sections: told(&story) })
}

fn numbered(run: &Run, number: u64) -> Answer<Began> {
    let (found, count) = liquidation(run, number)?;
    found.ok_or_else(|| {
        let expected = match count {
            0 => "no liquidation, as nobody was liquidated".to_owned(),
            count => format!("a liquidation from 1 to {count}"),
        };
        outside(run, "--liquidation", &expected, &number.to_string())
    })
}

fn told(story: &Story) -> Vec<Section> {
    let Began { account, sequence, ordinal } = story.began;
    let title = format!("account {}, liquidation {sequence}.{ordinal}", account.number());
    [vec![Section::new(title)], story.sections.clone()].concat()
}

fn story_document(story: &Story) -> Value {
    let Began { account, sequence, ordinal } = story.began;
    json!({
        "account": account.number(),
        "id": format!("{sequence}.{ordinal}"),
        "sequence": sequence,
        "ordinal": ordinal,
        "timestamp": story.at,
        "ended": story.ended.map(|(sequence, outcome)| json!({
            "sequence": sequence,
            "outcome": snake(&format!("{outcome:?}")),
        })),
        "why": document(&story.sections),
    })
}

/// An event with its effects; with the reasons, who was liquidated by it and who paid.
fn one_event(console: &Console, run: &Run, sequence: u64, why: bool) -> Answer<Shown> {
    if sequence == 0 || sequence > run.last_sequence {
        let expected = format!("an event from 1 to {}", run.last_sequence);
        return Err(outside(run, "--event", &expected, &sequence.to_string()));
    }
    let mut walk = travel::to(console, &run.path, Sequence::new(sequence - 1))?;
    let said = |error| Failure::runtime(&run.journal(), &error);
    let taken = walk.take().map_err(said)?.map(|(event, all)| (event.clone(), all.to_vec()));
    let Some((event, effects)) = taken else {
        return Err(outside(run, "--event", "an event of the journal", &sequence.to_string()));
    };
    let house = walk.house();
    let names = Names(house.rulebook());
    let row = command::event(&names, &event);
    let (mut section, mut fields) = heading("state", house);
    section.title = format!(
        "event {sequence} at {}, producer {} ({})",
        feed::time::text(event.timestamp),
        event.producer,
        event.producer_seq
    );
    section
        .push(Line::fact(event.command.word(), row["command"][event.command.word()].to_string()));
    let rows: Vec<Value> = effects.iter().map(|one| effect::json(&names, one)).collect();
    let mut followed = Section::new(format!("{} effects", effects.len()));
    for (ordinal, row) in rows.iter().enumerate() {
        if let Some((word, body)) = row.as_object().and_then(|row| row.iter().next()) {
            followed.push(Line::fact(format!("{ordinal} {word}"), body.to_string()));
        }
    }
    fields["event"] = row;
    fields["effects"] = Value::Array(rows);
    let mut sections = vec![section, followed];
    if why {
        let reasons = reasons(house, &event, &effects);
        fields["why"] = document(&reasons);
        sections = [vec![sections.swap_remove(0)], reasons].concat();
    }
    Ok(Shown { document: fields, sections })
}

/// Who was liquidated and what came of it; why a command was refused.
fn reasons(house: &ClearingHouse, event: &Event, effects: &[Effect]) -> Vec<Section> {
    let sequence = event.sequence.number();
    let mut sections = Vec::new();
    for (ordinal, effect) in effects.iter().enumerate() {
        match *effect {
            Effect::Refused { refusal } => {
                sections.push(refused::section(house, &event.command, refusal));
            }
            Effect::LiquidationStarted { account, wave, equity, adjusted_equity, maintenance } => {
                let mut section = Section::new(format!(
                    "account {}, liquidation {sequence}.{ordinal}, wave {wave}",
                    account.number()
                ));
                section.push(Line::fact("equity", value(equity)));
                let formula = crate::explain::figures::less(
                    &weighted(adjusted_equity),
                    &weighted(maintenance),
                );
                let excess = weighted(adjusted_equity - maintenance);
                section.push(Line::sum("excess", formula, excess));
                outcome_lines(&mut section, account, &effects[ordinal..]);
                sections.push(section);
            }
            Effect::CascadeLimited { waves, waiting } => {
                let mut section = Section::new("a limit stopped the cascade");
                let text = format!("after wave {waves}; {waiting} accounts wait for a pulse");
                section.push(Line::fact("limit", text));
                sections.push(section);
            }
            _ => {}
        }
    }
    if sections.is_empty() {
        let mut section = Section::new("nobody was liquidated");
        section.push(Line::fact("effects", effects.len().to_string()));
        sections.push(section);
    }
    sections
}

/// What came of one account until its liquidation ended.
fn outcome_lines(section: &mut Section, account: AccountId, effects: &[Effect]) {
    let mut trades = 0;
    for effect in effects {
        match *effect {
            Effect::PositionReduced { account: owner, .. } if owner == account => trades += 1,
            Effect::DeficitRecognised { account: owner, value: lost, .. } if owner == account => {
                section.push(Line::fact("deficit", value(lost)));
            }
            Effect::Deleveraged { account: owner, winner, .. } if owner == account => {
                section.push(Line::fact("closed against", format!("account {}", winner.number())));
            }
            Effect::LiquidationEnded { account: owner, outcome } if owner == account => {
                section.push(Line::fact("forced trades", trades.to_string()));
                let word = snake(&format!("{outcome:?}")).replace('_', " ");
                section.push(Line::fact("outcome", word));
                return;
            }
            _ => {}
        }
    }
    section.push(Line::fact("forced trades", format!("{trades}, and it goes on at a pulse")));
}
