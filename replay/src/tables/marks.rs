//! `marks`: the prices that the machine used, each when it took effect, and those it flagged.

use std::path::Path;

use domain::Effect;

use super::market::Market;
use super::sheet::{Decimal, Flag, Form, Sheet, Word};
use super::{Moment, PLACES, Written};
use crate::failure::Answer;
use crate::rows::words;

/// The table.
pub struct Marks {
    sheet: Sheet,
    role: Word,
    asset: Word,
    instrument: Word,
    price: Decimal,
    flagged: Flag,
}

impl Marks {
    /// Creates the file.
    ///
    /// # Errors
    /// The disk.
    pub fn create(folder: &Path) -> Answer<Marks> {
        let mut form = Form::new("marks", 1);
        let (role, asset, instrument) =
            (form.word("role"), form.word("asset"), form.word("instrument"));
        let (price, flagged) = (form.decimal("price", PLACES), form.flag("flagged"));
        Ok(Marks { sheet: form.create(folder)?, role, asset, instrument, price, flagged })
    }

    /// Writes a price.
    ///
    /// # Errors
    /// The disk; a figure with too many digits.
    pub fn take(
        &mut self,
        market: &Market,
        moment: &Moment,
        ordinal: u64,
        effect: &Effect,
    ) -> Answer<()> {
        let (feed, price, flagged) = match *effect {
            Effect::PricePublished { feed, price } => (feed, price, false),
            Effect::PriceFlagged { feed, price, .. } => (feed, price, true),
            _ => return Ok(()),
        };
        self.sheet.row(moment.sequence, ordinal, moment.at)?;
        self.sheet.word(self.role, words::role(feed.role));
        let (asset, instrument) = market.target(feed);
        if let Some(asset) = asset {
            self.sheet.word(self.asset, market.asset(asset));
        }
        if let Some(instrument) = instrument {
            self.sheet.word(self.instrument, market.instrument(instrument));
        }
        self.sheet.flag(self.flagged, flagged);
        self.sheet.decimal(self.price, price.wide(), market.names().feed_places(feed))
    }

    /// Completes the file.
    ///
    /// # Errors
    /// The disk.
    pub fn finish(self) -> Answer<Written> {
        self.sheet.finish()
    }
}
