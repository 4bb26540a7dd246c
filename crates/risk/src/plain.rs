//! Weights as whole parts per million: what a change of cash and notional in the numeraire adds to
//! an account's slack, one product a term.
//!
//! Only where every ratio that has a say is exact over a million and one tier covers any notional,
//! as in most rulebooks; otherwise [`crate::envelope`] asks each rule.

use crate::envelope::Slack;
use crate::margin;
use crate::prices::Prices;
use core::hint::select_unpredictable;
use domain::rulebook::{AssetRules, InstrumentRules};
use domain::wide::bounded_mul;
use domain::{Ratio, Value, Weighted};

/// Weights of an instrument and the numeraire it settles in, in parts per million.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlainWeights {
    /// Of a gain, at the steepest haircut.
    gain: i64,
    /// Of a loss, as it counts where cash is owed.
    loss: i64,
    /// Of a loss towards initial margin, beside that.
    debt: i64,
    /// Initial margin of notional.
    initial: i64,
    /// Maintenance margin of notional.
    maintenance: i64,
}

impl PlainWeights {
    /// The weights, where all are whole parts per million and the same at every size.
    #[must_use]
    #[inline]
    pub fn of(rules: &InstrumentRules, asset: &AssetRules, prices: &Prices<'_>) -> Option<Self> {
        let (initial, maintenance) = margin::flat_ratios(rules, prices)?;
        let gain = match asset.haircuts.as_slice() {
            [tier] => 1_000_000 - parts(tier.haircut)?,
            _ => return None,
        };
        let (loss, debt) = (parts(asset.liability_weight)?, parts(asset.debt_initial)?);
        let (initial, maintenance) = (parts(initial)?, parts(maintenance)?);
        Some(Self { gain, loss, debt, initial, maintenance })
    }

    /// What cash (deposit and PnL) and a rise of notional add to slack.
    ///
    /// Worked: 10 of cash without a haircut and 50 of notional at 1 % and 2 % add 9.50 and 9.
    #[must_use]
    #[inline]
    pub fn slack(&self, cash: Value, notional: Value) -> Slack {
        let of = |value: Value, weight: i64| bounded_mul(value.units(), i128::from(weight));
        let owed = cash.is_negative();
        let counted = of(cash, select_unpredictable(owed, self.loss, self.gain));
        let debt = of(cash, select_unpredictable(owed, self.debt, 0));
        Slack {
            maintenance: Weighted::new(counted - of(notional, self.maintenance)),
            initial: Weighted::new(counted + debt - of(notional, self.initial)),
        }
    }
}

/// Parts per million of a ratio that is exact in them.
#[inline]
fn parts(ratio: Ratio) -> Option<i64> {
    if ratio.is_exact() { i64::try_from(ratio.numerator()).ok() } else { None }
}
