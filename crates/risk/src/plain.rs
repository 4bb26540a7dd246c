//! Weights as whole parts per million: what a change of cash and notional in the numeraire adds to
//! an account's slack, one product of 64 bits a term.
//!
//! Only where every ratio that has a say is exact over a million and one tier covers any notional,
//! as in most rulebooks; otherwise [`mod@crate::slack_change`] asks each rule.

use crate::kept::{DROPPED, Kept};
use crate::margin;
use crate::prices::Prices;
use core::hint::select_unpredictable;
use domain::{InstrumentId, Ratio, Value};

/// Weights of an instrument and the numeraire it settles in, in parts per million.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlainWeights {
    /// Of a gain, at the steepest haircut.
    gain: i64,
    /// Of a loss, as it counts where cash is owed: for maintenance and for initial margin.
    loss: (i64, i64),
    /// Initial margin of notional.
    initial: i64,
    /// Maintenance margin of notional.
    maintenance: i64,
}

/// Bits dropped of a value, so that a product with a weight lacks twenty more of what [`Kept`]
/// drops.
const VALUE_DROPPED: u32 = DROPPED - 20;

impl PlainWeights {
    /// The weights, where it settles in the numeraire and all are whole parts per million and the
    /// same at every size.
    ///
    /// # Panics
    /// As [`Prices::asset_rules`].
    #[must_use]
    pub fn of(instrument: InstrumentId, prices: &Prices<'_>) -> Option<Self> {
        let rules = prices.instrument_rules(instrument);
        if rules.settles != prices.rulebook.numeraire {
            return None;
        }
        let asset = prices.asset_rules(rules.settles);
        let (initial, maintenance) = margin::flat_ratios(rules, prices)?;
        let gain = match asset.haircuts.as_slice() {
            [tier] => 1_000_000 - parts(tier.haircut)?,
            _ => return None,
        };
        let (loss, debt) = (parts(asset.liability_weight)?, parts(asset.debt_initial)?);
        let (initial, maintenance) = (parts(initial)?, parts(maintenance)?);
        Some(Self { gain, loss: (loss, loss.checked_add(debt)?), initial, maintenance })
    }

    /// What cash (deposit and PnL) and a rise of notional add to slack at least; `None` for values
    /// too large to be kept.
    ///
    /// Worked: 10 of cash without a haircut and 50 of notional at 2 % and 1 % add 9 and 9.50.
    #[must_use]
    #[inline]
    pub fn change(&self, cash: Value, notional: Value) -> Option<Kept> {
        let owed = cash.is_negative();
        // Cash is rounded down, notional up: the first counts for the account, the other against.
        let cash = i64::try_from(cash.units() >> VALUE_DROPPED).ok()?;
        let notional = i64::try_from((notional.units() >> VALUE_DROPPED) + 1).ok()?;
        let of = |value: i64, weight: i64| i128::from(value) * i128::from(weight);
        let keep = |weight: i64, margin: i64| {
            let change = of(cash, weight) - of(notional, margin);
            i64::try_from(change >> 20).ok()
        };
        let (maintenance, initial) = self.loss;
        Some(Kept {
            maintenance: keep(
                select_unpredictable(owed, maintenance, self.gain),
                self.maintenance,
            )?,
            initial: keep(select_unpredictable(owed, initial, self.gain), self.initial)?,
        })
    }
}

/// Parts per million of a ratio that is exact in them.
fn parts(ratio: Ratio) -> Option<i64> {
    if ratio.is_exact() { i64::try_from(ratio.numerator()).ok() } else { None }
}
