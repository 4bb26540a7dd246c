//! What takers are offered at a decision: the rulebook's price function worked out for the account
//! and the time, in lines that can be checked by hand.
//!
//! Shares are at 1e-16, as the machine holds them. Law: what is derived here is what the machine
//! conceded; a share that this file cannot derive is stated as it is.

use clearing::Look;
use domain::rulebook::PriceFunction;
use domain::wide::mul_div;
use domain::{Duration, Ratio, Rounding, Timestamp};
use risk::number::Fixed;
use risk::terms::{Concession, Offer, SaleConcession, Terms, offer};

use super::Line;
use super::figures::{Figures, less, weighted};
use crate::summary::numbers::exact;

/// Places of shares.
pub const SHARE_PLACES: u32 = 16;
const ONE: i128 = 10_000_000_000_000_000;

/// A share as a decimal.
pub fn text(share: i128) -> String {
    exact(share, SHARE_PLACES)
}

/// Seconds of a span as a decimal.
fn seconds(span: Duration) -> String {
    exact(i128::from(span.nanos()), 9)
}

fn up(ratio: Ratio) -> i128 {
    Fixed::of_ratio(ratio, Rounding::Up).units()
}

fn down(ratio: Ratio) -> i128 {
    Fixed::of_ratio(ratio, Rounding::Down).units()
}

/// The terms of the step that followed a look; those of last resort where there are none.
pub fn terms(look: &Look) -> Terms {
    look.choice.and_then(|choice| choice.terms).unwrap_or_default()
}

/// What the price function says at a look, step by step.
pub fn lines(figures: Figures<'_>, look: &Look, now: Timestamp) -> Vec<Line> {
    let Some(choice) = &look.choice else { return Vec::new() };
    if choice.full {
        let words = "mark less slippage: everything is closed now";
        return vec![Line::fact("price of last resort", words)];
    }
    let (waited, auctioned) = (now.since(choice.since), now.since(choice.auction_at));
    let function = &figures.0.sections.selling.price;
    if matches!(offer(function, &look.terms.assessment, waited, auctioned), Offer::Over) {
        let words = format!("over after {} s, nobody came", seconds(auctioned));
        return vec![Line::fact("auction", words)];
    }
    match *function {
        PriceFunction::Slippage => Vec::new(),
        PriceFunction::OracleFee { base, most, grace, per_second } => {
            ramp(waited, (up(base), up(most)), grace, up(per_second))
        }
        PriceFunction::Fillable { adjustment, .. } => rating(look, up(adjustment)),
        PriceFunction::FixedBonus { bonus } => {
            vec![Line::fact("bonus of takers", text(up(bonus)))]
        }
        PriceFunction::RatioDiscount { most } => distress(look, up(most)),
        PriceFunction::Dutch { start, cutoff, fast, slow } => {
            dutch(auctioned, (down(start), down(cutoff)), fast, slow)
        }
        PriceFunction::Stair { buffer, step, interval, .. } => {
            stair(auctioned, down(buffer), down(step), interval)
        }
        PriceFunction::LotThenBid { step, interval } => lot(auctioned, down(step), interval),
    }
}

fn ramp(
    waited: Duration,
    (base, most): (i128, i128),
    grace: Duration,
    per_second: i128,
) -> Vec<Line> {
    let passed = format!("{} s since it was taken into liquidation", seconds(waited));
    let mut lines = vec![Line::fact("waited", passed)];
    if waited < grace {
        let words = format!("{}, until {} s of grace are over", text(base), seconds(grace));
        lines.push(Line::fact("fee of takers", words));
        return lines;
    }
    let span = i128::from(waited.nanos()) * 10_000_000;
    let grown = mul_div(per_second, span, ONE, Rounding::Up).unwrap_or(ONE) + base;
    let formula = format!("{} + {} * {}", text(base), text(per_second), seconds(waited));
    lines.push(Line::sum("fee of takers", formula, text(grown)).rounded(true, SHARE_PLACES));
    if grown > most {
        lines.push(Line::fact("fee of takers, at most", text(most)));
    }
    lines
}

/// How far the account sank: 0 at maintenance margin, 1 far below.
fn rating(look: &Look, adjustment: i128) -> Vec<Line> {
    let assessment = &look.terms.assessment;
    let maintenance = Fixed::of_weighted(assessment.requirement.maintenance, Rounding::Down);
    let (equity, maintenance) = (assessment.equity.units(), maintenance.units());
    if maintenance <= 0 {
        return vec![Line::fact("rating", "1, as nothing is required")];
    }
    let lacking = maintenance - equity;
    let formula = format!(
        "{} * ({}) / {}",
        text(adjustment),
        less(&text(maintenance), &text(equity)),
        text(maintenance)
    );
    match mul_div(lacking, adjustment, maintenance, Rounding::Up) {
        Some(rating) if (0..=ONE).contains(&rating) => {
            vec![Line::sum("rating", formula, text(rating)).rounded(true, SHARE_PLACES)]
        }
        Some(rating) if rating < 0 => {
            vec![Line::fact("rating", format!("0, as {formula} is below zero"))]
        }
        _ => vec![Line::fact("rating", format!("1, as {formula} is above one"))],
    }
}

fn distress(look: &Look, most: i128) -> Vec<Line> {
    let assessment = &look.terms.assessment;
    let (held, asked) = (assessment.adjusted_equity, assessment.requirement.maintenance);
    let mut lines = Vec::new();
    let ratio = match asked.units() {
        0 => 0,
        asked => mul_div(held.units(), ONE, asked, Rounding::Down).unwrap_or(0),
    };
    if asked.units() != 0 {
        let formula = format!("{} / {}", weighted(held), weighted(asked));
        let line = Line::sum("margin ratio", formula, text(ratio));
        lines.push(line.rounded(false, SHARE_PLACES));
    }
    let formula = less("1", &text(ratio));
    lines.push(Line::sum("discount of takers", formula, text(ONE - ratio)));
    if ONE - ratio > most {
        lines.push(Line::fact("discount, at most", text(most)));
    }
    lines
}

fn dutch(
    auctioned: Duration,
    (start, cutoff): (i128, i128),
    fast: Duration,
    slow: Duration,
) -> Vec<Line> {
    let passed = format!("{} s since the auction began", seconds(auctioned));
    let mut lines = vec![Line::fact("auction", passed)];
    let elapsed = i128::from(auctioned.nanos().max(0));
    let (share, formula) = if auctioned < fast {
        let over = i128::from(fast.nanos());
        let fallen = mul_div(start - cutoff, elapsed, over, Rounding::Up).unwrap_or(0);
        let formula = format!(
            "{0} - ({0} - {1}) * {2} / {3}",
            text(start),
            text(cutoff),
            seconds(auctioned),
            seconds(fast)
        );
        (start - fallen, formula)
    } else {
        let (over, left) = (i128::from(slow.nanos()), i128::from(slow.nanos() + fast.nanos()));
        let left = (left - elapsed).max(0);
        let share = mul_div(cutoff, left, over, Rounding::Down).unwrap_or(0);
        let formula = format!(
            "{} * ({} - {} + {}) / {}",
            text(cutoff),
            seconds(slow),
            seconds(auctioned),
            seconds(fast),
            seconds(slow)
        );
        (share, formula)
    };
    let line = Line::sum("share of the mark asked", formula, text(share));
    lines.push(line.rounded(false, SHARE_PLACES));
    lines.push(Line::sum("discount of takers", less("1", &text(share)), text(ONE - share)));
    lines
}

fn stair(auctioned: Duration, buffer: i128, step: i128, interval: Duration) -> Vec<Line> {
    let stairs = auctioned.nanos().max(0).checked_div(interval.nanos()).unwrap_or(0);
    let fallen = format!(
        "{stairs} of {} each, {} s since the auction began",
        text(step),
        seconds(auctioned)
    );
    let power = u32::try_from(stairs).ok().map(|stairs| power(step, stairs));
    let power = power.unwrap_or(0);
    let share = mul_div(buffer, power, ONE, Rounding::Down).unwrap_or(0);
    let mut lines = vec![Line::fact("stairs", fallen), Line::fact("stairs together", text(power))];
    let formula = format!("{} * {}", text(buffer), text(power));
    let line = Line::sum("share of the mark asked", formula, text(share));
    lines.push(line.rounded(false, SHARE_PLACES));
    lines.push(Line::sum("discount of takers", less("1", &text(share)), text(ONE - share)));
    lines
}

/// A share to a power, by the number type of the machine.
fn power(share: i128, times: u32) -> i128 {
    risk::number::Number::to_power(&Fixed::new(share), times, Rounding::Down).units()
}

fn lot(auctioned: Duration, step: i128, interval: Duration) -> Vec<Line> {
    let steps = auctioned.nanos().max(0).checked_div(interval.nanos()).unwrap_or(0);
    let travelled = step * i128::from(steps);
    let passed = format!("{steps}, {} s since the auction began", seconds(auctioned));
    let mut lines = vec![Line::fact("steps of the auction", passed)];
    if travelled <= ONE {
        let formula = format!("{steps} * {}", text(step));
        lines.push(Line::sum("share of collateral", formula, text(travelled)));
        lines.push(Line::fact("share of debt", "1"));
    } else {
        lines.push(Line::fact("share of collateral", "1"));
        let formula = format!("1 - ({steps} * {} - 1)", text(step));
        lines.push(Line::sum("share of debt", formula, text((2 * ONE - travelled).max(0))));
    }
    lines
}

/// The share of a trade at the mark that a position concedes, with what it is made of; `None` where
/// it is the slippage of its instrument.
pub fn share(
    look: &Look,
    concession: Concession,
    instrument: domain::InstrumentId,
) -> Option<(i128, Vec<Line>)> {
    match concession {
        Concession::Slippage => None,
        Concession::Share(share) | Concession::Fee(share) => Some((share.units(), Vec::new())),
        Concession::OfMargin { rating, spread } => {
            let found = |one: &&risk::explained::PositionTerms| {
                one.position.instrument == instrument && one.notional.is_positive()
            };
            let Some(position) = look.terms.positions.iter().find(found) else {
                return Some((0, Vec::new()));
            };
            let margin = position.requirement.maintenance;
            let most = spread.of(margin.units(), Rounding::Up);
            let notional = position.notional;
            let under = notional.unweighted().units();
            let share = mul_div(most, rating.units(), under, Rounding::Up).unwrap_or(ONE);
            let formula = format!("{} * {}", weighted(margin), super::figures::ratio(spread));
            let lines = vec![
                Line::sum(
                    "conceded at most",
                    formula,
                    exact(most, super::figures::WEIGHTED_PLACES),
                )
                .rounded(true, super::figures::WEIGHTED_PLACES),
                Line::sum(
                    "share of the mark",
                    format!(
                        "{} * {} / {}",
                        exact(most, super::figures::WEIGHTED_PLACES),
                        text(rating.units()),
                        super::figures::value(notional)
                    ),
                    text(share.min(ONE)),
                )
                .rounded(true, SHARE_PLACES),
            ];
            Some((share.min(ONE), lines))
        }
    }
}

/// What a sale of collateral concedes, as factors of its formula: what is sold loses this share,
/// what is bought costs this much more.
pub fn sale_factors(concession: SaleConcession, slippage: [String; 2]) -> [Option<String>; 2] {
    let [sold, bought] = slippage;
    match concession {
        SaleConcession::Slippage | SaleConcession::Lot { .. } => [Some(sold), Some(bought)],
        SaleConcession::Less(share) | SaleConcession::Fee(share) => {
            [Some(text(share.units())), None]
        }
        SaleConcession::Bonus(share) => [None, Some(text(share.units()))],
    }
}
