//! One step of a liquidation: what was closed or sold, at what price, and why so much of it.

use clearing::Look;
use clearing::liquidation::Step;
use domain::effect::Stage;
use domain::rulebook::InsuranceFee;
use domain::{
    AccountId, Amount, AssetId, Effect, Holder, InstrumentId, Price, Quantity, Quote, Rounding,
    Timestamp,
};

use super::depth::Books;
use super::figures::{Figures, less, quote, ratio, value, weighted};
use super::handed::take_over_lines;
use super::payment::{Fund, payments};
use super::sale::sale_lines;
use super::wait::wait_lines;
use super::{Line, Section, concession, size};
use crate::summary::numbers::VALUE_PLACES;

/// A forced trade, as its effect tells it.
pub struct Trade {
    /// Of what.
    pub instrument: InstrumentId,
    /// The account's signed change.
    pub quantity: Quantity,
    /// What it received; negative where it paid.
    pub received: Quote,
    /// Mark of the moment.
    pub mark: Price,
}

/// A step to be told: the look it was decided on, the one after it, its time.
pub struct Told<'a> {
    /// Names and numbers.
    pub figures: Figures<'a>,
    /// What the machine saw.
    pub look: &'a Look,
    /// What it saw afterwards.
    pub next: Option<&'a Look>,
    /// When.
    pub now: Timestamp,
}

/// The section of one step: its effects between one look and the next.
pub fn section(number: usize, step: &Told<'_>, effects: &[&Effect]) -> Section {
    let (figures, look) = (step.figures, step.look);
    let mut section = Section::new(format!("step {number}: {}", what(figures, effects)));
    let mut books = Books::of(look);
    solvency(&mut section, look);
    for effect in effects {
        match **effect {
            Effect::PositionReduced { instrument, quantity, quote, mark, .. } => {
                let trade = Trade { instrument, quantity, received: quote, mark };
                trade_lines(step, &mut section, &mut books, &trade);
                match &look.choice {
                    Some(choice) => section.push(size::line(figures, choice.full, &trade)),
                    None => size_lines(figures, &mut section, &trade, look),
                }
            }
            Effect::PositionTakenOver {
                backstop, instrument, quantity, quote: received, ..
            } => {
                let taken = (backstop, instrument, quantity, received);
                take_over_lines(figures, &mut section, look, taken);
            }
            Effect::CollateralSold { asset, amount, debt_asset, proceeds, .. } => {
                sale_lines(step, &mut section, (asset, amount), (debt_asset, proceeds));
            }
            Effect::LiquidationFeeCharged { asset, amount, .. } => {
                fee_line(figures, &mut section, effects, (asset, amount));
            }
            Effect::StepPostponed { .. } | Effect::StageRaised { .. } => {
                wait_lines(step, &mut section, effect);
            }
            _ => posting_line(figures, &mut section, look.account, effect),
        }
    }
    payments(figures, &mut section, &mut Fund::of(look), effects);
    if let Some(next) = step.next {
        let now = &next.terms.assessment;
        let label = "shortfall afterwards";
        section.push(shortfall_line(label, now.requirement.release, now.adjusted_equity));
    }
    section
}

/// What the step did, in words.
fn what(figures: Figures<'_>, effects: &[&Effect]) -> String {
    let word = |effect: &&Effect| match **effect {
        Effect::PositionReduced { instrument, stage, .. } => {
            Some(format!("{}, {}", figures.instrument(instrument), stage_words(stage)))
        }
        Effect::Deleveraged { instrument, .. } => {
            Some(format!("{}, closed against winners", figures.instrument(instrument)))
        }
        Effect::CollateralSold { asset, debt_asset, .. } => {
            let (sold, debt) = (figures.asset(asset), figures.asset(debt_asset));
            Some(format!("{sold} sold for a debt in {debt}"))
        }
        Effect::PositionTakenOver { backstop, .. } => {
            Some(format!("handed over to account {}", backstop.number()))
        }
        Effect::StepSkipped { .. } => Some("nothing can be traded now".to_owned()),
        Effect::StageRaised { .. } => Some("from here on everything is closed".to_owned()),
        Effect::StepPostponed { .. } => Some("it waits".to_owned()),
        _ => None,
    };
    let loss = |effect: &&Effect| matches!(effect, Effect::DeficitRecognised { .. });
    let found = effects.iter().find_map(word);
    found.unwrap_or_else(|| {
        let deficit = effects.iter().any(loss);
        if deficit { "a debt that nothing is left for" } else { "nothing more to do" }.to_owned()
    })
}

const fn stage_words(stage: Stage) -> &'static str {
    match stage {
        Stage::Partial => "only as far as release needs",
        Stage::FullClose => "closed whole",
        Stage::Waterfall => "closed with the insurance fund",
    }
}

fn shortfall_line(label: &str, release: domain::Weighted, held: domain::Weighted) -> Line {
    let formula = less(&weighted(release), &weighted(held));
    Line::sum(label, formula, weighted(release - held))
}

/// Whether the account pays for its own closing.
fn solvency(section: &mut Section, look: &Look) {
    let now = &look.terms.assessment;
    let line = shortfall_line("shortfall", now.requirement.release, now.adjusted_equity);
    section.push(line);
    let Some(sizing) = &look.sizing else { return };
    let solvency = &sizing.solvency;
    section.push(Line::sum(
        "equity less closing cost",
        less(&value(solvency.realisable), &value(solvency.cost)),
        value(solvency.realisable - solvency.cost),
    ));
    if let Step::Default { lack } = sizing.step {
        let text = format!("{}: what closing all of it costs beyond its equity", quote(lack));
        section.push(Line::fact("lacking", text));
    }
}

fn trade_lines(step: &Told<'_>, section: &mut Section, books: &mut Books, trade: &Trade) {
    let figures = step.figures;
    let size = trade.quantity.magnitude();
    let at_mark = size.quote(trade.mark);
    let sells = trade.quantity.is_negative();
    let text =
        [figures.quantity(trade.instrument, size), figures.price(trade.instrument, trade.mark)];
    let formula = format!("{} * {}", text[0], text[1]);
    let verb = if sells { "sold, at mark" } else { "bought, at mark" };
    section.push(Line::sum(verb, formula, quote(at_mark)));
    let in_book = books.closing(trade.instrument, !sells, size);
    if in_book == Some(-trade.received) {
        books.tell(figures, section, trade.instrument, (!sells, size), None);
        return;
    }
    let (conceded, lines) = concession_lines(step, trade, at_mark);
    if in_book.is_some_and(|gross| gross + conceded == -trade.received) {
        let on_top = Some((conceded, lines));
        books.tell(figures, section, trade.instrument, (!sells, size), on_top);
        return;
    }
    let planned = if sells { at_mark - conceded } else { -(at_mark + conceded) };
    if planned == trade.received {
        lines.into_iter().for_each(|line| section.push(line));
        let line = if sells {
            Line::sum("received", less(&quote(at_mark), &quote(conceded)), quote(planned))
        } else {
            let formula = format!("{} + {}", quote(at_mark), quote(conceded));
            Line::sum("paid", formula, quote(-planned))
        };
        section.push(line);
    } else {
        // What it came to on average can be checked.
        let (label, paid) =
            if sells { ("received", trade.received) } else { ("paid", -trade.received) };
        section.push(Line::fact(label, quote(paid)));
        section.push(Line::sum(
            "loss against mark",
            if sells {
                less(&quote(at_mark), &quote(paid))
            } else {
                less(&quote(paid), &quote(at_mark))
            },
            quote(if sells { at_mark - paid } else { paid - at_mark }),
        ));
    }
}

/// What a trade concedes of its worth at the mark, and how that comes about.
fn concession_lines(step: &Told<'_>, trade: &Trade, at_mark: Quote) -> (Quote, Vec<Line>) {
    let terms = concession::terms(step.look);
    let share = concession::share(step.look, terms.position, trade.instrument);
    let Some((share, made_of)) = share else {
        let rules = step.figures.instrument_rules(trade.instrument);
        let slippage = rules.map_or(domain::Ratio::ZERO, |rules| rules.slippage);
        let conceded = Quote::new(slippage.of(at_mark.units(), Rounding::Up));
        let formula = format!("{} * {}", quote(at_mark), ratio(slippage));
        let line = Line::sum("slippage", formula, quote(conceded));
        return (conceded, vec![line.rounded(true, VALUE_PLACES)]);
    };
    let mut lines = concession::lines(step.figures, step.look, step.now);
    lines.extend(made_of);
    let one = 10i128.pow(concession::SHARE_PLACES);
    let part = domain::wide::mul_div(at_mark.units(), share, one, Rounding::Up);
    let conceded = Quote::new(part.unwrap_or(at_mark.units()));
    let formula = format!("{} * {}", quote(at_mark), concession::text(share));
    lines.push(Line::sum("conceded", formula, quote(conceded)).rounded(true, VALUE_PLACES));
    (conceded, lines)
}

/// Why a trade has its size, where it is the one that the sizing planned.
fn size_lines(figures: Figures<'_>, section: &mut Section, trade: &Trade, look: &Look) {
    let Some(sizing) = &look.sizing else { return };
    let Step::Close { closing, toxic } = &sizing.step else { return };
    let same = sizing.position.instrument == trade.instrument && closing.quantity == trade.quantity;
    let Some(rules) = figures.instrument_rules(trade.instrument).filter(|_| same) else { return };
    let size = trade.quantity.magnitude();
    let lot = rules.lot.units();
    if size.units().rem_euclid(lot) == 0 {
        let formula = format!(
            "{} / {}",
            figures.quantity(trade.instrument, size),
            figures.quantity(trade.instrument, rules.lot)
        );
        section.push(Line::sum("lots", formula, size.units().div_euclid(lot).to_string()));
    }
    let whole = size == sizing.position.quantity.magnitude();
    let position = figures.quantity(trade.instrument, sizing.position.quantity);
    let text = match (sizing.shortfall_one_lot_less, whole) {
        _ if *toxic => format!("all of {position}: closing raises the shortfall, so none is kept"),
        (_, true) if sizing.shortfall_after.is_some_and(|after| after.is_positive()) => {
            format!("all of {position}: not enough to reach release margin")
        }
        (Some(left), _) if left.is_positive() => {
            let left = weighted(left);
            format!("the fewest lots that reach release: one less leaves a shortfall of {left}")
        }
        (_, true) => format!("all of {position}: fewer lots would leave dust"),
        _ => "one lot reaches release".to_owned(),
    };
    section.push(Line::fact("why so many", text));
}

fn fee_line(
    figures: Figures<'_>,
    section: &mut Section,
    effects: &[&Effect],
    (asset, amount): (AssetId, Amount),
) {
    let trade = effects.iter().find_map(|effect| match **effect {
        Effect::PositionReduced { instrument, quantity, mark, .. } => {
            Some((instrument, quantity.magnitude().quote(mark)))
        }
        _ => None,
    });
    let charged = figures.amount(asset, amount);
    let planned = trade.and_then(|(instrument, at_mark)| {
        let fee = figures.instrument_rules(instrument)?.liquidation_fee;
        let scale = figures.asset_rules(asset)?.scale();
        let asked = fee.of(at_mark.units(), Rounding::Up);
        let asked = domain::wide::div(asked, scale, Rounding::Up);
        (asked == amount.units()).then(|| format!("{} * {}", quote(at_mark), ratio(fee)))
    });
    section.push(match planned {
        Some(formula) => {
            Line::sum("fee to the fund", formula, charged).rounded(true, figures.decimals(asset))
        }
        None => {
            let bound = match figures.0.sections.selling.insurance_fee {
                InsuranceFee::HouseShare => "no more than equity exceeds the closing cost by",
                InsuranceFee::RequirementRoom => {
                    "no more than 0.95 of what requirement, concession and shortfall leave"
                }
                InsuranceFee::FillDelta => "no more than the fill exceeds the bankruptcy quote by",
            };
            Line::fact("fee to the fund", format!("{charged}: {bound}"))
        }
    });
}

/// What a step posted to the account.
fn posting_line(figures: Figures<'_>, section: &mut Section, account: AccountId, effect: &Effect) {
    match *effect {
        Effect::PnlRealised { holder: Holder::Client(owner), instrument, amount }
            if owner == account =>
        {
            let amount = figures.amount(figures.settles(instrument), amount);
            section.push(Line::fact("realised PnL", amount));
        }
        Effect::FundingPosted { holder: Holder::Client(owner), instrument, amount }
            if owner == account =>
        {
            let amount = figures.amount(figures.settles(instrument), amount);
            section.push(Line::fact("funding posted", amount));
        }
        Effect::AssetTransferred { from, to, asset, amount } if from == account => {
            let text = format!(
                "{} {} to account {}",
                figures.amount(asset, amount),
                figures.asset(asset),
                to.number()
            );
            section.push(Line::fact("handed over", text));
        }
        Effect::CollateralSeized { asset, amount, .. } => {
            let text = format!(
                "{} {}, which nobody buys, to the insurance fund",
                figures.amount(asset, amount),
                figures.asset(asset)
            );
            section.push(Line::fact("seized", text));
        }
        Effect::InterestPosted { asset, amount, .. } => {
            let text = format!("{} {}", figures.amount(asset, amount), figures.asset(asset));
            section.push(Line::fact("interest posted", text));
        }
        Effect::StepSkipped { reason, .. } => {
            let reason = crate::rows::names::snake(&format!("{reason:?}"));
            section.push(Line::fact("skipped", reason.replace('_', " ")));
        }
        _ => {}
    }
}
