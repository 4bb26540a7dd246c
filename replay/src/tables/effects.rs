//! `effects`: every effect of the run, with its cause; one row each.
//!
//! A column holds what the effects that have it call by its name: `quantity` and `quote` are the
//! account's change, `value` is a share of a deficit or a notional, in the numeraire. Null
//! `cause_ordinal` with a `cause_sequence`: the event itself caused it.

use std::io::Write;
use std::path::{Path, PathBuf};

use domain::Effect;

use super::cells::Cells;
use super::market::Market;
use super::sheet::{Decimal, Form, Id, Sheet, Time, Word};
use super::{INDEX_PLACES, Moment, PLACES, RATE_PLACES, WEIGHTED_PLACES, Written};
use crate::causes::Cause;
use crate::failure::Answer;
use crate::rows::words;

/// The columns after those that every table begins with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Columns {
    pub kind: Word,
    pub command: Word,
    pub cause_sequence: Id,
    pub cause_ordinal: Id,
    pub liquidation: Id,
    pub wave: Id,
    pub account: Id,
    pub counterparty: Id,
    pub house_account: Word,
    pub asset: Word,
    pub instrument: Word,
    pub debt_asset: Word,
    pub role: Word,
    pub stage: Word,
    pub detail: Word,
    pub count: Id,
    pub until: Time,
    pub amount: Decimal,
    pub proceeds: Decimal,
    pub quantity: Decimal,
    pub price: Decimal,
    pub mark: Decimal,
    pub quote: Decimal,
    pub value: Decimal,
    pub equity: Decimal,
    pub adjusted_equity: Decimal,
    pub maintenance: Decimal,
    pub rate: Decimal,
    pub funding_index: Decimal,
    pub deposit_index: Decimal,
    pub borrow_index: Decimal,
    pub depth_level: Decimal,
    pub impact_permanent: Decimal,
    pub impact_transient: Decimal,
    pub impact_gap: Decimal,
}

impl Columns {
    fn of(form: &mut Form) -> Columns {
        Columns {
            kind: form.word("kind"),
            command: form.word("command"),
            cause_sequence: form.id("cause_sequence"),
            cause_ordinal: form.id("cause_ordinal"),
            liquidation: form.id("liquidation"),
            wave: form.id("wave"),
            account: form.id("account"),
            counterparty: form.id("counterparty"),
            house_account: form.word("house_account"),
            asset: form.word("asset"),
            instrument: form.word("instrument"),
            debt_asset: form.word("debt_asset"),
            role: form.word("role"),
            stage: form.word("stage"),
            detail: form.word("detail"),
            count: form.id("count"),
            until: form.time("until"),
            amount: form.decimal("amount", PLACES),
            proceeds: form.decimal("proceeds", PLACES),
            quantity: form.decimal("quantity", PLACES),
            price: form.decimal("price", PLACES),
            mark: form.decimal("mark", PLACES),
            quote: form.decimal("quote", PLACES),
            value: form.decimal("value", PLACES),
            equity: form.decimal("equity", PLACES),
            adjusted_equity: form.decimal("adjusted_equity", WEIGHTED_PLACES),
            maintenance: form.decimal("maintenance", WEIGHTED_PLACES),
            rate: form.decimal("rate", RATE_PLACES),
            funding_index: form.decimal("funding_index", INDEX_PLACES),
            deposit_index: form.decimal("deposit_index", PLACES),
            borrow_index: form.decimal("borrow_index", PLACES),
            depth_level: form.decimal("depth_level", PLACES),
            impact_permanent: form.decimal("impact_permanent", PLACES),
            impact_transient: form.decimal("impact_transient", PLACES),
            impact_gap: form.decimal("impact_gap", PLACES),
        }
    }
}

/// The table.
pub struct Effects {
    sheet: Sheet,
    columns: Columns,
}

impl Effects {
    /// Creates the file.
    ///
    /// # Errors
    /// The disk.
    pub fn create(folder: &Path) -> Answer<Effects> {
        let (form, columns) = Effects::form();
        Ok(Effects { sheet: form.create(folder)?, columns })
    }

    /// Writes the file to wherever bytes can go.
    ///
    /// # Errors
    /// Whatever it is written to.
    pub fn into(file: Box<dyn Write + Send>) -> Answer<Effects> {
        let (form, columns) = Effects::form();
        Ok(Effects { sheet: form.into(PathBuf::from("effects.parquet"), file)?, columns })
    }

    fn form() -> (Form, Columns) {
        let mut form = Form::new("effects", 1);
        let columns = Columns::of(&mut form);
        (form, columns)
    }

    /// Writes one effect.
    ///
    /// # Errors
    /// The disk; a figure with too many digits.
    pub fn take(
        &mut self,
        market: &Market,
        moment: &Moment,
        ordinal: u64,
        effect: &Effect,
        cause: &Cause,
    ) -> Answer<()> {
        let (sheet, columns) = (&mut self.sheet, self.columns);
        sheet.row(moment.sequence, ordinal, moment.at)?;
        sheet.word(columns.kind, words::effect(effect));
        sheet.word(columns.command, moment.command);
        match cause.effect {
            Some((sequence, ordinal)) => {
                sheet.id(columns.cause_sequence, sequence);
                sheet.id(columns.cause_ordinal, u64::from(ordinal));
            }
            None => sheet.id(columns.cause_sequence, moment.sequence),
        }
        if let Some(liquidation) = cause.liquidation {
            sheet.id(columns.liquidation, liquidation);
        }
        if let Some(wave) = cause.wave {
            sheet.id(columns.wave, u64::from(wave));
        }
        Cells { sheet, columns, market }.fill(effect)
    }

    /// Completes the file.
    ///
    /// # Errors
    /// The disk.
    pub fn finish(self) -> Answer<Written> {
        self.sheet.finish()
    }
}
