//! A liquidation from the event that woke the account to its end, event by event, step by step.

use clearing::explained::Terms;
use clearing::{ClearingHouse, Look};
use domain::effect::Outcome;
use domain::{AccountId, Command, Effect, Event, Feed, FeedRole, Rulebook, Sequence};
use runtime::Walk;

use super::figures::{Figures, less, weighted};
use super::{Line, Section, assessment, step};
use crate::console::Console;
use crate::failure::{Answer, FOUND, Failure};
use crate::opened::Run;
use crate::rows::{command, effect, names::Names};
use crate::travel;

/// Where a liquidation began: its `LiquidationStarted`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Began {
    /// Who was liquidated.
    pub account: AccountId,
    /// In which event.
    pub sequence: u64,
    /// Place of the effect in the event.
    pub ordinal: usize,
}

/// A liquidation, told.
pub struct Story {
    /// Where it began.
    pub began: Began,
    /// When, in nanoseconds since 1970.
    pub at: i64,
    /// The event it ended in, and how; `None` where it had not ended.
    pub ended: Option<(u64, Outcome)>,
    /// The telling.
    pub sections: Vec<Section>,
    /// Events since the last one told in which it only waited on.
    pub waits: u64,
}

impl Story {
    /// A story that begins.
    pub const fn new(began: Began) -> Story {
        Story { began, at: 0, ended: None, sections: Vec::new(), waits: 0 }
    }

    /// Says how often it waited on.
    fn tell_waits(&mut self) {
        if self.waits > 0 {
            let mut section = Section::new(format!("{} more pulses: it waits on", self.waits));
            section.push(Line::fact("pulses", "as above, with nothing done"));
            self.sections.push(section);
            self.waits = 0;
        }
    }
}

/// Tells a liquidation up to the event `until`.
///
/// # Errors
/// Damage to the journal; exit 1 where the terms are not those of the machine's own effect.
pub fn tell(console: &Console, run: &Run, began: Began, until: u64) -> Answer<Story> {
    let failed = |error| Failure::runtime(&run.journal(), &error);
    let before = Sequence::new(began.sequence.saturating_sub(1));
    let mut walk = travel::to(console, &run.path, before)?;
    walk.house_mut().keep_looks(Some(began.account));
    let mut story = Story::new(began);
    let mut steps = 0;
    while walk.house().sequence().number() < until && story.ended.is_none() {
        let Some(scene) = Scene::take(&mut walk, began.account).map_err(failed)? else { break };
        let first = scene.event.sequence.number() == began.sequence;
        if first {
            story.at = scene.event.timestamp.nanos();
            meet(run, began, &scene)?;
        } else if scene.looks.is_empty() && scene.ended(0).is_none() {
            continue;
        }
        if !first && scene.only_waits() {
            story.waits += 1;
            continue;
        }
        scene.tell(&mut story, first, &mut steps);
    }
    story.tell_waits();
    Ok(story)
}

/// The figures told have to be those of the effect.
fn meet(run: &Run, began: Began, scene: &Scene) -> Answer<()> {
    let look = scene.looks.iter().find(|look| look.ordinal > began.ordinal);
    let told = look.map(|look| {
        let assessment = &look.terms.assessment;
        (assessment.equity, assessment.adjusted_equity, assessment.requirement.maintenance)
    });
    let stated = match scene.effects.get(began.ordinal) {
        Some(Effect::LiquidationStarted { equity, adjusted_equity, maintenance, .. }) => {
            Some((*equity, *adjusted_equity, *maintenance))
        }
        _ => None,
    };
    if told.is_some() && told == stated {
        return Ok(());
    }
    let sentence = format!(
        "the terms of account {} do not sum to what event {} recorded of it",
        began.account.number(),
        began.sequence
    );
    Err(Failure::about(FOUND, "inspect.differs", &run.path, sentence))
}

/// One event of a liquidation.
pub struct Scene {
    /// Whose.
    pub account: AccountId,
    /// The rules in force.
    pub rulebook: Option<Rulebook>,
    /// The account before the event.
    pub before: Option<Terms>,
    /// The price that the event replaced.
    pub replaced: Option<domain::Price>,
    /// The event.
    pub event: Event,
    /// What followed from it.
    pub effects: Vec<Effect>,
    /// What the machine saw of the account.
    pub looks: Vec<Look>,
}

impl Scene {
    fn take(walk: &mut Walk, account: AccountId) -> Result<Option<Scene>, runtime::RuntimeError> {
        let before = walk.house().terms(account);
        let feed = walk.peek()?.and_then(|event| match &event.command {
            Command::PublishPrice(price) => Some(price.feed),
            _ => None,
        });
        let replaced = feed.and_then(|feed| price_of(walk.house(), feed));
        let Some((event, effects)) = walk.take()? else { return Ok(None) };
        let (event, effects) = (event.clone(), effects.to_vec());
        let looks = walk.house_mut().take_looks();
        let rulebook = walk.house().rulebook().cloned();
        Ok(Some(Scene { account, rulebook, before, replaced, event, effects, looks }))
    }

    /// Where and how the account's liquidation ends at or after an effect.
    fn ended(&self, from: usize) -> Option<(usize, Outcome)> {
        let effects = self.effects.iter().enumerate().skip(from);
        effects.into_iter().find_map(|(place, effect)| match effect {
            Effect::LiquidationEnded { account, outcome } if *account == self.account => {
                Some((place, *outcome))
            }
            _ => None,
        })
    }

    /// Adds the event to a story.
    pub fn tell(&self, story: &mut Story, first: bool, steps: &mut usize) {
        let Some(rulebook) = &self.rulebook else { return };
        let figures = Figures(rulebook);
        story.tell_waits();
        let from = if first { story.began.ordinal } else { 0 };
        let ended = self.ended(from);
        let end = ended.map_or(self.effects.len(), |(place, _)| place);
        let inside = |look: &&Look| look.ordinal >= from && look.ordinal <= end;
        let looks: Vec<&Look> = self.looks.iter().filter(inside).collect();
        story.sections.push(self.opening(first));
        if let Some(look) = looks.first() {
            story.sections.push(assessment::prices(figures, &look.terms));
            if first {
                story.sections.extend(assessment::sections(figures, &look.terms));
            }
        }
        for (place, look) in looks.iter().enumerate() {
            let next = looks.get(place + 1).copied();
            let until = next.map_or(end, |next| next.ordinal);
            let own = self.own_effects(look.ordinal, until);
            if !own.is_empty() {
                *steps += 1;
                let now = self.event.timestamp;
                let told = step::Told { figures, look, next, now };
                story.sections.push(step::section(*steps, &told, &own));
            }
        }
        let last = looks.last().map(|look| &look.terms);
        if let Some((_, outcome)) = ended {
            story.ended = Some((self.event.sequence.number(), outcome));
        }
        story.sections.push(closing(ended.map(|(_, outcome)| outcome), last));
    }

    /// Whether nothing happened to the account but that it has to wait on.
    fn only_waits(&self) -> bool {
        let own = self.own_effects(0, self.effects.len());
        !own.is_empty() && own.iter().all(|one| matches!(one, Effect::StepPostponed { .. }))
    }

    /// Effects between two places that name the account.
    fn own_effects(&self, from: usize, until: usize) -> Vec<&Effect> {
        let named = |one: &&Effect| effect::accounts(one).contains(&Some(self.account));
        self.effects.iter().take(until).skip(from).filter(named).collect()
    }

    /// What happened, and how the account stood before it.
    fn opening(&self, first: bool) -> Section {
        let names = Names(self.rulebook.as_ref());
        let event = &self.event;
        let word = if first { "woken by" } else { "goes on at" };
        let mut section = Section::new(format!(
            "{word} event {} at {}: {}",
            event.sequence.number(),
            feed::time::text(event.timestamp),
            event.command.word()
        ));
        let row = command::json(&names, &event.command);
        if let Command::PublishPrice(price) = &event.command {
            let text = |at| plain(&names.feed_price(price.feed, at));
            let role = row["publish_price"]["role"].as_str().unwrap_or("price");
            let of = names.target(price.feed);
            let label = format!("{role} {}", of.as_str().unwrap_or("?"));
            let was = self.replaced.map_or("none".to_owned(), text);
            section.push(Line::fact(label, format!("{} (was {was})", text(price.price))));
        } else if event.producer != 0 {
            section.push(Line::fact("command", row[event.command.word()].to_string()));
        }
        if let (true, Some(before)) = (first, &self.before) {
            let (held, asked) =
                (before.assessment.adjusted_equity, before.assessment.requirement.maintenance);
            let formula = less(&weighted(held), &weighted(asked));
            let excess = weighted(before.assessment.excess());
            section.push(Line::sum("excess before it", formula, excess));
        }
        section
    }
}

fn plain(value: &serde_json::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn price_of(house: &ClearingHouse, feed: Feed) -> Option<domain::Price> {
    match feed.role {
        FeedRole::Index => house.index(domain::AssetId::new(feed.target)),
        FeedRole::Mark => house.mark(domain::InstrumentId::new(feed.target)),
        FeedRole::Last => {
            house.instrument(domain::InstrumentId::new(feed.target)).map(|market| market.last)
        }
    }
}

/// How it ended, with the figures that ended it.
fn closing(outcome: Option<Outcome>, last: Option<&Terms>) -> Section {
    let (word, text) = match outcome {
        Some(Outcome::Released) => ("released", "adjusted equity is back at release margin"),
        Some(Outcome::ClosedOut) => ("closed out", "nothing is left open, equity is not negative"),
        Some(Outcome::Bankrupt) => ("bankrupt", "nothing is left, the waterfall bore the deficit"),
        None => {
            ("waits", "for a pulse: a limit, a halt or a choice of the rulebook stopped it here")
        }
    };
    let mut section = Section::new(format!("outcome: {word}"));
    section.push(Line::fact(word, text));
    if let Some(terms) = last {
        let (held, asked) =
            (terms.assessment.adjusted_equity, terms.assessment.requirement.release);
        let formula = less(&weighted(held), &weighted(asked));
        section.push(Line::sum("above release margin", formula, weighted(held - asked)));
    }
    section
}
