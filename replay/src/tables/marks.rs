//! `marks`: the prices that the machine used, each when it took effect, and those it flagged; where
//! depth is finite also how the run's own forced trades moved them, and what depth they left.
//!
//! `role` says what a row is: `index`, `mark` and `last` are prices that came in; `moved` is a
//! mark, or the index of an asset that is sold into a book, that came into force in place of the
//! recorded one, at publication (wave 0) or after a wave; `impact` is what a wave left, `depth` a
//! change of the depth that is there. The columns from `depth_level` on are of the instrument right
//! after the event; they are null in all other rows and in runs without depth. Venues are walked as
//! one book, so consumption has no venue.

use std::path::Path;

use domain::{Effect, Feed, InstrumentId};
use risk::impact::market::DepthMarket;

use super::market::Market;
use super::sheet::{Decimal, Flag, Form, Id, Sheet, Word};
use super::{Moment, PLACES, Written};
use crate::failure::Answer;
use crate::rows::words;

/// The columns after those that every table begins with.
#[derive(Debug, Clone, Copy)]
struct Columns {
    role: Word,
    asset: Word,
    instrument: Word,
    price: Decimal,
    flagged: Flag,
    recorded: Decimal,
    wave: Id,
    venue: Id,
    venue_depth: Decimal,
    depth_level: Decimal,
    impact_permanent: Decimal,
    impact_transient: Decimal,
    impact_gap: Decimal,
    consumed_by_sells: Decimal,
    consumed_by_buys: Decimal,
}

/// The table.
pub struct Marks {
    sheet: Sheet,
    columns: Columns,
}

impl Marks {
    /// Creates the file.
    ///
    /// # Errors
    /// The disk.
    pub fn create(folder: &Path) -> Answer<Marks> {
        let mut form = Form::new("marks", 2);
        let columns = Columns {
            role: form.word("role"),
            asset: form.word("asset"),
            instrument: form.word("instrument"),
            price: form.decimal("price", PLACES),
            flagged: form.flag("flagged"),
            recorded: form.decimal("recorded", PLACES),
            wave: form.id("wave"),
            venue: form.id("venue"),
            venue_depth: form.decimal("venue_depth", PLACES),
            depth_level: form.decimal("depth_level", PLACES),
            impact_permanent: form.decimal("impact_permanent", PLACES),
            impact_transient: form.decimal("impact_transient", PLACES),
            impact_gap: form.decimal("impact_gap", PLACES),
            consumed_by_sells: form.decimal("consumed_by_sells", PLACES),
            consumed_by_buys: form.decimal("consumed_by_buys", PLACES),
        };
        Ok(Marks { sheet: form.create(folder)?, columns })
    }

    /// Writes a price, or what happened to depth; `depth` are the markets that the event touched,
    /// as it left them.
    ///
    /// # Errors
    /// The disk; a figure with too many digits.
    pub fn take(
        &mut self,
        market: &Market,
        moment: &Moment,
        (ordinal, effect): (u64, &Effect),
        depth: &[DepthMarket],
    ) -> Answer<()> {
        let (feed, price, flagged) = match *effect {
            Effect::PricePublished { feed, price } => (feed, price, false),
            Effect::PriceFlagged { feed, price, .. } => (feed, price, true),
            Effect::IndexMoved { asset, wave, recorded, price } => {
                let (sheet, columns) = (&mut self.sheet, self.columns);
                sheet.row(moment.sequence, ordinal, moment.at)?;
                sheet.word(columns.role, "moved");
                sheet.name(columns.asset, market.asset(asset));
                sheet.id(columns.wave, u64::from(wave));
                let places = market.names().feed_places(Feed::index(asset));
                sheet.decimal(columns.price, price.wide(), places)?;
                return sheet.decimal(columns.recorded, recorded.wide(), places);
            }
            _ => return self.depth(market, moment, (ordinal, effect), depth),
        };
        let (sheet, columns) = (&mut self.sheet, self.columns);
        sheet.row(moment.sequence, ordinal, moment.at)?;
        sheet.word(columns.role, words::role(feed.role));
        let (asset, instrument) = market.target(feed);
        if let Some(asset) = asset {
            sheet.name(columns.asset, market.asset(asset));
        }
        if let Some(instrument) = instrument {
            sheet.name(columns.instrument, market.instrument(instrument));
        }
        sheet.flag(columns.flagged, flagged);
        sheet.decimal(columns.price, price.wide(), market.names().feed_places(feed))
    }

    fn depth(
        &mut self,
        market: &Market,
        moment: &Moment,
        (ordinal, effect): (u64, &Effect),
        depth: &[DepthMarket],
    ) -> Answer<()> {
        let Some((instrument, role)) = depth_of(effect) else { return Ok(()) };
        let (sheet, columns, places) = (&mut self.sheet, self.columns, u32::from(PLACES));
        sheet.row(moment.sequence, ordinal, moment.at)?;
        sheet.word(columns.role, role);
        sheet.name(columns.instrument, market.instrument(instrument));
        let after = depth.iter().find(|one| one.instrument == instrument);
        let mut impact = after.map(|one| one.impact);
        match *effect {
            Effect::MarkMoved { wave, recorded, mark, .. } => {
                sheet.id(columns.wave, u64::from(wave));
                let scale = market.names().price_places(instrument);
                sheet.decimal(columns.price, mark.wide(), scale)?;
                sheet.decimal(columns.recorded, recorded.wide(), scale)?;
            }
            Effect::ImpactMoved { wave, permanent, transient, gap, .. } => {
                sheet.id(columns.wave, u64::from(wave));
                // Of several waves in one event each says what it left itself.
                if let Some(impact) = &mut impact {
                    (impact.permanent, impact.transient, impact.gap) = (permanent, transient, gap);
                }
            }
            Effect::DepthPublished { venue, depth, .. } => {
                sheet.id(columns.venue, u64::from(venue));
                sheet.decimal(columns.venue_depth, depth.units(), places)?;
            }
            _ => {}
        }
        let (Some(after), Some(impact)) = (after, impact) else { return Ok(()) };
        let [sells, buys] = after.consumed.map(domain::Quote::units);
        for (column, units) in [
            (columns.depth_level, after.level),
            (columns.impact_permanent, impact.permanent),
            (columns.impact_transient, impact.transient),
            (columns.impact_gap, impact.gap),
            (columns.consumed_by_sells, sells),
            (columns.consumed_by_buys, buys),
        ] {
            sheet.decimal(column, units, places)?;
        }
        Ok(())
    }

    /// Completes the file.
    ///
    /// # Errors
    /// The disk.
    pub fn finish(self) -> Answer<Written> {
        self.sheet.finish()
    }
}

/// The market whose depth an effect tells of, and the word for it; `None` for all others.
pub const fn depth_of(effect: &Effect) -> Option<(InstrumentId, &'static str)> {
    match *effect {
        Effect::MarkMoved { instrument, .. } => Some((instrument, "moved")),
        Effect::ImpactMoved { instrument, .. } => Some((instrument, "impact")),
        Effect::DepthPublished { instrument, .. } | Effect::DepthLevelFell { instrument, .. } => {
            Some((instrument, "depth"))
        }
        _ => None,
    }
}
