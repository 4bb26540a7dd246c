//! One step of a liquidation: what was closed or sold, at what price, and why so much of it.

use clearing::Look;
use clearing::liquidation::Step;
use domain::effect::Stage;
use domain::{
    AccountId, Amount, AssetId, Effect, Holder, InstrumentId, Price, Quantity, Quote, Rounding,
};

use super::figures::{Figures, less, quote, ratio, value, weighted};
use super::payment::{Fund, payments};
use super::{Line, Section};
use crate::summary::numbers::VALUE_PLACES;

/// A forced trade, as its effect tells it.
struct Trade {
    instrument: InstrumentId,
    quantity: Quantity,
    received: Quote,
    mark: Price,
}

/// The section of one step: its effects between one look and the next.
pub fn section(
    figures: Figures<'_>,
    number: usize,
    looks: (&Look, Option<&Look>),
    effects: &[&Effect],
) -> Section {
    let (look, next) = looks;
    let mut section = Section::new(format!("step {number}: {}", what(figures, effects)));
    solvency(&mut section, look);
    for effect in effects {
        match **effect {
            Effect::PositionReduced { instrument, quantity, quote, mark, .. } => {
                let trade = Trade { instrument, quantity, received: quote, mark };
                trade_lines(figures, &mut section, &trade);
                size_lines(figures, &mut section, &trade, look);
            }
            Effect::CollateralSold { asset, amount, debt_asset, proceeds, .. } => {
                sale_lines(figures, &mut section, look, (asset, amount), (debt_asset, proceeds));
            }
            Effect::LiquidationFeeCharged { asset, amount, .. } => {
                fee_line(figures, &mut section, effects, (asset, amount));
            }
            _ => posting_line(figures, &mut section, look.account, effect),
        }
    }
    payments(figures, &mut section, &mut Fund::of(look), effects);
    if let Some(next) = next {
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
        Effect::StepSkipped { .. } => Some("nothing can be traded now".to_owned()),
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

fn trade_lines(figures: Figures<'_>, section: &mut Section, trade: &Trade) {
    let Some(rules) = figures.instrument_rules(trade.instrument) else { return };
    let size = trade.quantity.magnitude();
    let at_mark = size.quote(trade.mark);
    let sells = trade.quantity.is_negative();
    let text =
        [figures.quantity(trade.instrument, size), figures.price(trade.instrument, trade.mark)];
    let formula = format!("{} * {}", text[0], text[1]);
    let verb = if sells { "sold, at mark" } else { "bought, at mark" };
    section.push(Line::sum(verb, formula, quote(at_mark)));
    let conceded = Quote::new(rules.slippage.of(at_mark.units(), Rounding::Up));
    let planned = if sells { at_mark - conceded } else { -(at_mark + conceded) };
    if planned == trade.received {
        let formula = format!("{} * {}", quote(at_mark), ratio(rules.slippage));
        let line = Line::sum("slippage", formula, quote(conceded));
        section.push(line.rounded(true, VALUE_PLACES));
        let line = if sells {
            Line::sum("received", less(&quote(at_mark), &quote(conceded)), quote(planned))
        } else {
            let formula = format!("{} + {}", quote(at_mark), quote(conceded));
            Line::sum("paid", formula, quote(-planned))
        };
        section.push(line);
    } else {
        // The price came from a book or a policy; what it came to on average can be checked.
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
            let text = format!("{charged}: no more than equity exceeds the closing cost by");
            Line::fact("fee to the fund", text)
        }
    });
}

fn sale_lines(
    figures: Figures<'_>,
    section: &mut Section,
    look: &Look,
    (asset, amount): (AssetId, Amount),
    (debt_asset, proceeds): (AssetId, Amount),
) {
    let price = |asset: AssetId| {
        let terms = look.terms.balances.iter().find(|terms| terms.asset == asset);
        figures.index(asset, terms.map_or(0, |terms| terms.price))
    };
    let slippage = |asset: AssetId| match figures.asset_rules(asset) {
        Some(rules) if !figures.is_numeraire(asset) => ratio(rules.slippage),
        _ => "0".to_owned(),
    };
    let sold = figures.amount(asset, amount);
    let mut formula = format!("{sold} * {} * (1 - {})", price(asset), slippage(asset));
    if !figures.is_numeraire(debt_asset) {
        formula += &format!(" / ({} * (1 + {}))", price(debt_asset), slippage(debt_asset));
    }
    let received = figures.amount(debt_asset, proceeds);
    let line = Line::sum(
        format!("{} for {}", figures.asset(debt_asset), figures.asset(asset)),
        formula,
        received,
    );
    section.push(line.rounded(false, figures.decimals(debt_asset)));
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
