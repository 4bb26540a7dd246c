//! The figures of a live view, and how they are written.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use clearing::ClearingHouse;
use domain::effect::Outcome;
use domain::{
    AccountId, Command, Effect, Event, Feed, FeedRole, HouseAccount, Price, Rulebook, Timestamp,
};

use crate::chronicle::money::notional;
use crate::clockface::day_and_minute;
use crate::summary::numbers::{VALUE_PLACES, grouped, price, rounded};
use crate::summary::{numeraire, stream_name};

/// Columns of a picture.
const WIDTH: usize = 80;
/// Liquidations shown.
const LAST: usize = 3;
/// Accounts looked at for the distribution; of more, an even sample.
const SAMPLE: u64 = 20_000;
/// Upper ends of margin ratios, in hundredths: below maintenance, up to release and so on.
const RATIOS: [(i128, &str); 4] = [(100, "<1"), (125, "<1.25"), (200, "<2"), (500, "<5")];

/// A liquidation that ended.
#[derive(Debug)]
struct Ended {
    at: Timestamp,
    account: AccountId,
    outcome: Outcome,
    closed: i128,
    lost: i128,
}

/// What is shown of a run.
#[derive(Debug, Default)]
pub struct Board {
    rulebook: Option<Rulebook>,
    /// First and last mark of each instrument.
    marks: BTreeMap<Feed, (Price, Price)>,
    liquidated: BTreeSet<AccountId>,
    notional: i128,
    /// Paid by the fund, by winners, by depositors.
    borne: [i128; 3],
    deficits: BTreeMap<AccountId, i128>,
    /// Notional given up so far by those being sold out.
    given: BTreeMap<AccountId, i128>,
    ended: VecDeque<Ended>,
    /// Accounts by margin ratio; empty while nobody looked.
    ratios: Vec<u64>,
    fund: Option<i128>,
}

impl Board {
    /// Takes an event in.
    pub fn hear(&mut self, event: &Event, effects: &[Effect], house: &ClearingHouse) {
        let at_mark = |instrument, quantity| {
            let worth = |mark| notional(house.rulebook()?, house, instrument, quantity, mark);
            house.mark(instrument).and_then(worth).unwrap_or(0)
        };
        for effect in effects {
            match *effect {
                Effect::RulebookAdopted { .. } => match &event.command {
                    Command::Genesis(asked) => self.rulebook = Some(asked.rulebook.clone()),
                    Command::SetRulebook(asked) => self.rulebook = Some(asked.rulebook.clone()),
                    _ => {}
                },
                Effect::PricePublished { feed, price } if feed.role == FeedRole::Mark => {
                    self.marks.entry(feed).or_insert((price, price)).1 = price;
                }
                Effect::LiquidationStarted { account, .. } => {
                    self.liquidated.insert(account);
                }
                // Where forced trades move marks, the one in force.
                Effect::MarkMoved { instrument, mark, .. } => {
                    self.marks.entry(Feed::mark(instrument)).or_insert((mark, mark)).1 = mark;
                }
                Effect::PositionReduced { account, notional, .. } => {
                    self.close(account, notional.units());
                }
                Effect::Deleveraged { account, instrument, quantity, .. }
                | Effect::PositionTakenOver { account, instrument, quantity, .. } => {
                    self.close(account, at_mark(instrument, quantity));
                }
                Effect::DeficitRecognised { account, value, .. } => {
                    *self.deficits.entry(account).or_default() += value.units();
                }
                Effect::InsuranceDrawn { value, .. } => self.borne[0] += value.units(),
                Effect::DeficitDeleveraged { value, .. } => self.borne[1] += value.units(),
                Effect::LossSocialised { value, .. } => self.borne[2] += value.units(),
                Effect::LiquidationEnded { account, outcome } => {
                    let lost = self.deficits.get(&account).copied().unwrap_or(0);
                    let closed = self.given.remove(&account).unwrap_or(0);
                    let at = event.timestamp;
                    self.ended.push_back(Ended { at, account, outcome, closed, lost });
                    if self.ended.len() > LAST {
                        self.ended.pop_front();
                    }
                }
                _ => {}
            }
        }
    }

    fn close(&mut self, account: AccountId, notional: i128) {
        self.notional += notional;
        *self.given.entry(account).or_default() += notional;
    }

    /// Looks at the state: the fund, and with `all` where accounts stand.
    pub fn look(&mut self, house: &ClearingHouse, all: bool) {
        let Some(rulebook) = house.rulebook() else { return };
        let numeraire = rulebook.numeraire;
        let scale = rulebook.asset(numeraire).map_or(1, |rules| rules.scale());
        let held = house.house_balance(HouseAccount::InsuranceFund, numeraire);
        self.fund = Some(held.units() * scale);
        if !all {
            return;
        }
        self.ratios = vec![0; RATIOS.len() + 1];
        let step = (house.accounts() / SAMPLE).max(1);
        let accounts = (0..house.accounts()).step_by(usize::try_from(step).unwrap_or(1));
        for view in accounts.filter_map(|number| house.account(AccountId::new(number))) {
            let held = view.assessment.adjusted_equity.units();
            let asked = view.assessment.requirement.maintenance.units();
            if asked > 0 {
                // Hundredths of the requirement; both lie far inside 128 bits.
                let bound = RATIOS.iter().position(|(ratio, _)| held * 100 < asked * ratio);
                self.ratios[bound.unwrap_or(RATIOS.len())] += 1;
            }
        }
    }

    fn prices(&self) -> Vec<String> {
        let Some(rulebook) = &self.rulebook else { return Vec::new() };
        let shown = self.marks.iter().filter_map(|(feed, (first, last))| {
            let (name, places) = stream_name(rulebook, *feed)?;
            let name = name.strip_suffix("-PERP").unwrap_or(&name).to_owned();
            let moved = (last.wide() - first.wide()) * 1_000 / first.wide().max(1);
            let moved = rounded(moved, 1, 1);
            Some(format!("{name} {} ({moved} %)", price(last.units(), places)))
        });
        shown.collect()
    }

    fn unit(&self) -> String {
        numeraire(self.rulebook.as_ref())
    }

    /// One line, for where nothing can be drawn.
    pub fn line(&self, events: u64, at: Timestamp) -> String {
        let whole = |units: i128| rounded(units, VALUE_PLACES, 0);
        let mut parts =
            vec![format!("{} events, {}", grouped(u128::from(events)), day_and_minute(at))];
        let prices = self.prices();
        if !prices.is_empty() {
            parts.push(prices.into_iter().take(3).collect::<Vec<_>>().join(", "));
        }
        let unit = self.unit();
        parts.push(format!(
            "{} liquidated, {} {unit}",
            grouped(self.liquidated.len() as u128),
            whole(self.notional)
        ));
        if let Some(fund) = self.fund {
            parts.push(format!("fund {} {unit}", whole(fund)));
        }
        parts.join("; ")
    }

    /// The picture: lines of at most 80 columns; the first follows a bar.
    pub fn picture(&self, events: u64, at: Timestamp, rate: u64) -> Vec<String> {
        let whole = |units: i128| rounded(units, VALUE_PLACES, 0);
        let unit = self.unit();
        let count = |number: u64| grouped(u128::from(number));
        let mut lines = vec![format!("{}   {} events", day_and_minute(at), count(events))];
        let prices = self.prices();
        if !prices.is_empty() {
            lines.extend(filled("prices", &prices));
        }
        if self.ratios.iter().any(|count| *count > 0) {
            let above = format!("5 and more: {}", count(self.ratios[RATIOS.len()]));
            let mut parts: Vec<String> = RATIOS
                .iter()
                .zip(&self.ratios)
                .map(|((_, word), number)| format!("{word}: {}", count(*number)))
                .collect();
            parts.push(above);
            lines.extend(filled("margin ratio", &parts));
        }
        let liquidated = format!(
            "{} accounts, {} {unit}",
            grouped(self.liquidated.len() as u128),
            whole(self.notional)
        );
        lines.extend(filled("liquidated", &[liquidated]));
        let [fund, winners, depositors] = self.borne.map(whole);
        let mut paid = Vec::new();
        if let Some(held) = self.fund {
            paid.push(format!("holds {} {unit}", whole(held)));
        }
        paid.push(format!("paid {fund}"));
        paid.push(format!("deleveraged {winners}"));
        paid.push(format!("socialised {depositors}"));
        lines.extend(filled("fund", &paid));
        if !self.deficits.is_empty() {
            let below = grouped(self.deficits.len() as u128);
            lines.extend(filled("lost", &[format!("{below} accounts below zero")]));
        }
        for (place, one) in self.ended.iter().rev().enumerate() {
            let label = if place == 0 { "last" } else { "" };
            let outcome = match one.outcome {
                Outcome::Released => "released".to_owned(),
                Outcome::ClosedOut => "closed out".to_owned(),
                Outcome::Bankrupt => format!("bankrupt, -{} {unit}", whole(one.lost)),
            };
            let account = grouped(u128::from(one.account.number()));
            let (at, closed) = (day_and_minute(one.at), whole(one.closed));
            let text = format!("{at}  account {account}  {closed} {unit} closed  {outcome}");
            lines.extend(filled(label, &[text]));
        }
        lines.extend(filled("speed", &[format!("{} events/s", count(rate))]));
        lines
    }
}

/// A label and parts in as many lines as they need.
fn filled(label: &str, parts: &[String]) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = format!("{label:<13}");
    let mut empty = true;
    for part in parts {
        if !empty && line.chars().count() + 3 + part.chars().count() > WIDTH {
            lines.push(std::mem::replace(&mut line, " ".repeat(13)));
            empty = true;
        }
        if !empty {
            line.push_str("   ");
        }
        line.push_str(part);
        empty = false;
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests {
    //! Goal: the picture fits a screen and says what happened. Method: a board filled by effects.

    use domain::command::{Genesis, PublishPrice};
    use domain::{InstrumentId, Sequence, Value};

    use super::*;

    const TEXT: &str = "schema = \"clearsim.rulebook/1\"\nnumeraire = \"USD\"\n\
        [assets.USD]\ndecimals = 8\nprice_max = \"1\"\nbalance_max = \"1000000\"\n\
        [assets.BTC]\ndecimals = 8\nprice_max = \"1000000\"\nbalance_max = \"1000\"\n\
        haircut = \"0.05\"\n\
        [instruments.BTC-PERP]\nkind = \"perpetual\"\nunderlying = \"BTC\"\nsettles = \"USD\"\n\
        price_unit = \"1e-8\"\nquantity_unit = \"1e-8\"\nlot = \"0.001\"\n\
        price_max = \"1000000\"\nposition_max = \"1000\"\ninitial = \"0.02\"\n\
        release = \"0.0125\"\nmaintenance = \"0.01\"\nslippage = \"0.005\"\n";

    fn event(at: i64, command: Command) -> Event {
        Event {
            sequence: Sequence::new(1),
            timestamp: Timestamp::from_nanos(at),
            producer: 1,
            producer_seq: 1,
            command,
        }
    }

    fn board() -> Board {
        let mut board = Board::default();
        let rulebook = feed::rulebook::parse("a.toml", TEXT).expect("a rulebook");
        let genesis = Genesis { semantics: 1, seal_interval: 1, rulebook };
        let adopted = Effect::RulebookAdopted { assets: 2, instruments: 1 };
        let house = ClearingHouse::new();
        board.hear(&event(0, genesis.into()), &[adopted], &house);
        let feed = Feed::mark(InstrumentId::new(0));
        for price in [800_000_000_000, 400_000_000_000].map(Price::new) {
            let publish = PublishPrice {
                feed,
                source: 1,
                price,
                confidence: Price::new(0),
                published_at: Timestamp::START,
            };
            let published = [Effect::PricePublished { feed, price }];
            board.hear(&event(0, publish.into()), &published, &house);
        }
        for number in 0..5 {
            let account = AccountId::new(number);
            let value = Value::new(7_592 * 10i128.pow(16));
            let effects = [
                Effect::DeficitRecognised { account, asset: domain::AssetId::new(0), value },
                Effect::LiquidationEnded { account, outcome: Outcome::Bankrupt },
            ];
            board.hear(&event(0, domain::command::Pulse {}.into()), &effects, &house);
        }
        board
    }

    #[test]
    fn the_picture_fits_a_screen() {
        let lines = board().picture(113_882, Timestamp::START, 412_000);
        assert!(lines.len() < 24, "{lines:?}");
        assert!(lines.iter().all(|line| line.chars().count() <= WIDTH), "{lines:?}");
        let text = lines.join("\n");
        assert!(text.contains("BTC 4,000.00 (-50.0 %)"), "{text}");
        assert!(text.contains("account 4  0 USD closed  bankrupt, -7,592 USD"), "{text}");
        assert!(!text.contains("account 1 "), "only the last ones: {text}");
        let line = board().line(5, Timestamp::START);
        assert!(line.starts_with("5 events, 1st 00:00; BTC 4,000.00"), "{line}");
    }

    #[test]
    fn long_lines_are_broken_between_parts() {
        let parts: Vec<String> = (0..20).map(|number| format!("part {number}")).collect();
        let lines = filled("prices", &parts);
        assert!(lines.len() > 1 && lines.iter().all(|line| line.chars().count() <= WIDTH));
        assert!(lines[1].starts_with("             part "), "{lines:?}");
    }
}
