//! A position handed over to the backstop account at the mark.

use clearing::Look;
use domain::{AccountId, InstrumentId, Quantity, Quote, Rounding};

use super::figures::{Figures, WEIGHTED_PLACES, quote, ratio, weighted};
use super::{Line, Section};
use crate::summary::numbers::exact;

/// A position that the backstop took at the mark.
pub fn take_over_lines(
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
        let text = exact(below, WEIGHTED_PLACES);
        // Less what was rounded down is no more than the exact figure.
        let line = Line::sum("above the close-out line", formula, text);
        section.push(line.rounded(true, WEIGHTED_PLACES));
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
