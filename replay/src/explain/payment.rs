//! Who paid for a deficit: the fund, winners, depositors, nobody; and that the shares sum to it.

use clearing::Look;
use domain::{Amount, AssetId, Effect, Value};

use super::figures::{Figures, joined, less, quote, value};
use super::{Line, Section};

/// What the insurance fund holds while a step draws on it.
pub struct Fund(Vec<Amount>);

impl Fund {
    /// As it was at a look.
    pub fn of(look: &Look) -> Fund {
        Fund(look.fund.clone())
    }

    /// Takes an amount out; what was there, or `None` where the asset had to be bought.
    fn draw(&mut self, asset: AssetId, amount: Amount) -> Option<Amount> {
        let held = self.0.get_mut(asset.index())?;
        let before = *held;
        *held = Amount::new((before - amount).units().max(0));
        (amount.units() <= before.units()).then_some(before)
    }
}

/// Adds the lines of the waterfall, where a step came to it.
pub fn payments(figures: Figures<'_>, section: &mut Section, fund: &mut Fund, effects: &[&Effect]) {
    let mut deficit = Value::ZERO;
    let mut shares: Vec<(&str, Value)> = Vec::new();
    for effect in effects {
        match **effect {
            Effect::DeficitRecognised { value: part, .. } => deficit += part,
            Effect::InsuranceDrawn { asset, amount, value: part, .. } => {
                section.push(draw_line(figures, fund, asset, amount));
                shares.push(("insurance fund", part));
            }
            Effect::Deleveraged { winner, instrument, quantity, quote: received, .. } => {
                let size = figures.quantity(instrument, quantity.magnitude());
                let side = if quantity.is_negative() { "received" } else { "paid" };
                let total = if quantity.is_negative() { received } else { -received };
                let text = format!(
                    "closed {size} {}, {side} {}",
                    figures.instrument(instrument),
                    quote(total)
                );
                let label = format!("against account {}", winner.number());
                section.push(Line::fact(label, text));
            }
            Effect::DeficitDeleveraged { value: part, .. } => shares.push(("deleveraged", part)),
            Effect::LossSocialised { asset, amount, value: part, .. } => {
                let text = format!(
                    "{} {}, by every depositor of it",
                    figures.amount(asset, amount),
                    figures.asset(asset)
                );
                section.push(Line::fact("shared", text));
                shares.push(("socialised", part));
            }
            Effect::LossUncovered { value: part, .. } => shares.push(("uncovered", part)),
            _ => {}
        }
    }
    if shares.is_empty() && deficit == Value::ZERO {
        return;
    }
    for (layer, part) in &shares {
        section.push(Line::fact(format!("borne: {layer}"), value(*part)));
    }
    let parts: Vec<String> = shares.iter().map(|(_, part)| value(*part)).collect();
    section.push(Line::sum("deficit", joined(&parts), value(deficit)));
}

fn draw_line(figures: Figures<'_>, fund: &mut Fund, asset: AssetId, amount: Amount) -> Line {
    let label = format!("fund after, {}", figures.asset(asset));
    let paid = figures.amount(asset, amount);
    match fund.draw(asset, amount) {
        Some(before) => {
            let formula = less(&figures.amount(asset, before), &paid);
            Line::sum(label, formula, figures.amount(asset, before - amount))
        }
        None => Line::fact("fund paid", format!("{paid} {}, bought for it", figures.asset(asset))),
    }
}
