//! One step of a liquidation: what was closed or sold, at what price, and why so much of it.

use clearing::Look;
use clearing::liquidation::Step;
use domain::effect::{RaiseReason, Stage, WaitReason};
use domain::rulebook::InsuranceFee;
use domain::{
    AccountId, Amount, AssetId, Effect, Holder, InstrumentId, Price, Quantity, Quote, Rounding,
    Timestamp,
};
use risk::terms::SaleConcession;

use super::depth::Books;
use super::figures::{Figures, less, quote, ratio, value, weighted};
use super::payment::{Fund, payments};
use super::{Line, Section, concession};
use crate::summary::numbers::{VALUE_PLACES, exact};

/// A forced trade, as its effect tells it.
struct Trade {
    instrument: InstrumentId,
    quantity: Quantity,
    received: Quote,
    mark: Price,
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
                size_lines(figures, &mut section, &trade, look);
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
    if books.closing(trade.instrument, !sells, size) == Some(-trade.received) {
        books.tell(figures, section, trade.instrument, (!sells, size));
        return;
    }
    let (conceded, lines) = concession_lines(step, trade, at_mark);
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

fn sale_lines(
    step: &Told<'_>,
    section: &mut Section,
    (asset, amount): (AssetId, Amount),
    (debt_asset, proceeds): (AssetId, Amount),
) {
    let (figures, look) = (step.figures, step.look);
    let row = |asset: AssetId| look.terms.balances.iter().find(|terms| terms.asset == asset);
    let price = |asset: AssetId| figures.index(asset, row(asset).map_or(0, |terms| terms.price));
    let concession = concession::terms(look).sale;
    if !matches!(concession, SaleConcession::Slippage) {
        concession::lines(figures, look, step.now).into_iter().for_each(|line| section.push(line));
    }
    if let SaleConcession::Lot { lot, bid } = concession {
        let held = |asset: AssetId| row(asset).map_or(Amount::ZERO, |terms| terms.amount);
        let parts = [
            (asset, held(asset), lot.units(), amount, true),
            (debt_asset, -held(debt_asset), bid.units(), proceeds, false),
        ];
        for (of, whole, share, part, up) in parts {
            let word = if up { "handed over" } else { "repaid" };
            let label = format!("{} {word}", figures.asset(of));
            let formula = format!("{} * {}", figures.amount(of, whole), concession::text(share));
            let line = Line::sum(label, formula, figures.amount(of, part));
            section.push(line.rounded(up, figures.decimals(of)));
        }
        return;
    }
    let slippage = |asset: AssetId| {
        let rules = figures.asset_rules(asset);
        rules.map_or_else(|| "0".to_owned(), |rules| ratio(rules.slippage))
    };
    let factors = concession::sale_factors(concession, [slippage(asset), slippage(debt_asset)]);
    let [kept, dearer] = factors.map(|share| share.filter(|share| share != "0"));
    // The numeraire is sold at par; it is bought at par but for a bonus.
    let bonus = matches!(concession, SaleConcession::Bonus(_));
    let kept = kept.filter(|_| !figures.is_numeraire(asset));
    let dearer = dearer.filter(|_| {
        if bonus { !figures.is_numeraire(asset) } else { !figures.is_numeraire(debt_asset) }
    });
    let mut formula = format!("{} * {}", figures.amount(asset, amount), price(asset));
    if let Some(kept) = kept {
        formula += &format!(" * (1 - {kept})");
    }
    match (figures.is_numeraire(debt_asset), dearer) {
        (true, Some(dearer)) => formula += &format!(" / (1 + {dearer})"),
        (false, Some(dearer)) => {
            formula += &format!(" / ({} * (1 + {dearer}))", price(debt_asset));
        }
        (false, None) => formula += &format!(" / {}", price(debt_asset)),
        (true, None) => {}
    }
    let received = figures.amount(debt_asset, proceeds);
    let label = format!("{} for {}", figures.asset(debt_asset), figures.asset(asset));
    let line = Line::sum(label, formula, received);
    section.push(line.rounded(false, figures.decimals(debt_asset)));
}

/// A position that the backstop took at the mark.
fn take_over_lines(
    figures: Figures<'_>,
    section: &mut Section,
    look: &Look,
    (backstop, instrument, quantity, received): (AccountId, InstrumentId, Quantity, Quote),
) {
    if let Some(hand_over) = figures.0.sections.selling.hand_over {
        let assessment = &look.terms.assessment;
        let maintenance = assessment.requirement.maintenance;
        let formula = format!(
            "{} - {} * {}",
            weighted(assessment.adjusted_equity),
            weighted(maintenance),
            ratio(hand_over.line)
        );
        let (over, under) = (hand_over.line.numerator(), hand_over.line.denominator());
        let line = domain::wide::mul_div(
            maintenance.units(),
            i128::from(over),
            i128::from(under),
            Rounding::Down,
        );
        let below = assessment.adjusted_equity.units() - line.unwrap_or(0);
        let text = exact(below, super::figures::WEIGHTED_PLACES);
        // Less what was rounded down is no more than the exact figure.
        let line = Line::sum("above the close-out line", formula, text);
        section.push(line.rounded(true, super::figures::WEIGHTED_PLACES));
    }
    let mark = look.terms.positions.iter().find(|one| one.position.instrument == instrument);
    let mark = mark.map_or(domain::Price::new(0), |one| one.mark);
    let size = figures.quantity(instrument, quantity.magnitude());
    let total = if quantity.is_negative() { received } else { -received };
    let label = format!("{} at mark", figures.instrument(instrument));
    let formula = format!("{size} * {}", figures.price(instrument, mark));
    section.push(Line::sum(label, formula, quote(total)));
    let words = format!("account {}, with all balances", backstop.number());
    section.push(Line::fact("taken over by", words));
}

/// Why an account waits, or is closed whole from here on.
fn wait_lines(step: &Told<'_>, section: &mut Section, effect: &Effect) {
    match *effect {
        Effect::StepPostponed { until, reason, .. } => {
            let words = match reason {
                WaitReason::Keepers => "keepers have not come, or have their hands full",
                WaitReason::Auction => "takers wait for a larger discount",
                WaitReason::Clip => "a clip was closed, the next one follows",
                WaitReason::Share => "the share that may be removed by now was removed",
                WaitReason::Cooldown => "the first part of a large position was closed",
                WaitReason::Cap => "what one event may close of one account was closed",
            };
            if reason == WaitReason::Auction {
                let lines = concession::lines(step.figures, step.look, step.now);
                lines.into_iter().for_each(|line| section.push(line));
                let keepers = step.figures.0.sections.selling.keepers;
                let wanted = format!("at least {}", ratio(keepers.discount));
                section.push(Line::fact("takers come for", wanted));
            }
            section.push(Line::fact("because", words));
            section.push(Line::fact("waits until", feed::time::text(until)));
        }
        Effect::StageRaised { reason, .. } => {
            let words = match reason {
                RaiseReason::Toxic => "a partial step costs more than the requirement it frees",
                RaiseReason::NoBidder => "nobody came: the auction or the patience is over",
                RaiseReason::CloseOutLine => "adjusted equity is below the close-out line",
            };
            section.push(Line::fact("because", words));
        }
        _ => {}
    }
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
