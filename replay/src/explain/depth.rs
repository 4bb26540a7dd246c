//! A fill into finite depth, walked: what the book had given before, what it gave for this size.
//!
//! A side has given way by a (C / K)^p once a value C was consumed, and consuming it cost
//! C a (C / K)^p / (1 + p). Powers are stated with the numbers that they are made of, for a
//! calculator; every sum of them is exact.

use clearing::Look;
use domain::{InstrumentId, Quantity, Quote};
use risk::impact::book::{MarketBook, SideBook};

use super::concession::{SHARE_PLACES, text};
use super::figures::{Figures, less, quote};
use super::{Line, Section};
use crate::summary::numbers::exact;

/// Books as a step finds and leaves them.
pub struct Books(Vec<MarketBook>);

impl Books {
    /// As they were at a look.
    pub fn of(look: &Look) -> Books {
        Books(look.markets.clone())
    }

    /// What a size comes to there: what the account pays (receives, negative); `None` without a
    /// book.
    pub fn closing(&self, instrument: InstrumentId, short: bool, size: Quantity) -> Option<Quote> {
        let book = self.0.iter().find(|book| book.instrument == instrument)?;
        Some(book.closing(short, size).1)
    }

    /// Tells of a fill, with what is charged on top of it, and takes it out of the book.
    pub fn tell(
        &mut self,
        figures: Figures<'_>,
        section: &mut Section,
        instrument: InstrumentId,
        (short, size): (bool, Quantity),
        on_top: Option<(Quote, Vec<Line>)>,
    ) {
        let Some(book) = self.0.iter_mut().find(|book| book.instrument == instrument) else {
            return;
        };
        let side = *book.side(short);
        walk(figures, section, instrument, &side, size);
        let (gross, conceded) = (size.quote(side.anchor), side.conceded(size));
        let total = match on_top {
            None => conceded,
            Some((fee, lines)) => {
                lines.into_iter().for_each(|line| section.push(line));
                let formula = format!("{} + {}", quote(conceded), quote(fee));
                section.push(Line::sum("conceded, fee on top", formula, quote(conceded + fee)));
                conceded + fee
            }
        };
        if short {
            let formula = format!("{} + {}", quote(gross), quote(total));
            section.push(Line::sum("paid", formula, quote(gross + total)));
        } else {
            let formula = less(&quote(gross), &quote(total));
            section.push(Line::sum("received", formula, quote(gross - total)));
        }
        book.side_mut(short).consume(size);
    }
}

fn walk(
    figures: Figures<'_>,
    section: &mut Section,
    instrument: InstrumentId,
    side: &SideBook,
    size: Quantity,
) {
    let quantity = figures.quantity(instrument, size);
    let price = |price| figures.price(instrument, price);
    let gross = size.quote(side.anchor);
    let formula = format!("{quantity} * {}", price(side.anchor));
    section.push(Line::sum("at the book's top", formula, quote(gross)));
    let (a, k, (over, under)) = side.curve.parameters();
    let words = format!(
        "gives way by {} * (C / {})^({over}/{under}) once C was consumed",
        text(a),
        exact(k, SHARE_PLACES)
    );
    section.push(Line::fact("book", words));
    let before = side.consumed;
    let after = before + side.value(size);
    section.push(Line::fact("consumed before", quote(before)));
    let formula = format!("{} + {quantity} * {}", quote(before), price(side.measure));
    section.push(Line::sum("consumed after", formula, quote(after)));
    let [paid_before, paid_after] = [before, after].map(|consumed| side.curve.cost(consumed));
    for (label, consumed, cost) in
        [("cost up to there, before", before, paid_before), ("and after", after, paid_after)]
    {
        let words = format!(
            "{}: C * {} * (C / {})^({over}/{under}) / (1 + {over}/{under}) at C {}, rounded up{}",
            quote(cost),
            text(a),
            exact(k, SHARE_PLACES),
            quote(consumed),
            if consumed > side.curve.edge() { "; at the edge's distance beyond it" } else { "" }
        );
        section.push(Line::fact(label, words));
    }
    let walked = Quote::new((paid_after - paid_before).units().max(0));
    let formula = less(&quote(paid_after), &quote(paid_before));
    section.push(Line::sum("walked", formula, quote(walked)));
    let spread = side.conceded(size) - walked;
    let share = text(side.half_spread);
    let formula = format!("({} - {}) * {share}", quote(after), quote(before));
    let line = Line::sum("half spread", formula, quote(spread));
    // Both ends are rounded up, so their difference may lie a unit to either side.
    let exact = side.half_spread == 0 || before.units() == 0;
    section.push(if exact && side.half_spread != 0 {
        line.rounded(true, SHARE_PLACES)
    } else if exact {
        line
    } else {
        Line::fact("half spread", format!("{}: {share} of what was consumed", quote(spread)))
    });
    let formula = format!("{} + {}", quote(walked), quote(spread));
    section.push(Line::sum("conceded", formula, quote(walked + spread)));
}
