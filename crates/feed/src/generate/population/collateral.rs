//! Collateral, worked backwards from positions: what an account must own to have its leverage.
//!
//! Value after haircut V = max(IM, N / L) with N gross notional, IM initial margin, L leverage
//! drawn per account, independent of N. The cut of L at 0.9 / M, M = IM / N, keeps N / L above IM.
//! Worked: N 10,000, L 2.5, M 2 %: V = 4,000; of it 20 % in BTC at 7,934 with weight .95 are
//! 800 / (.95 x 7,934) = 0.10614 BTC.

use domain::wide::{div, mul_div};
use domain::{Amount, Quantity, Rounding, Value, Weighted};

use super::super::millionths::MILLION;
use super::super::normal::lognormal_cut;
use super::super::stream::{Purpose, Stream};
use super::cell::CellKind;
use super::opening::{Opening, OpeningAsset, amount_of};
use super::parameters::{Parameters, wrong};
use crate::error::FeedError;

/// Share of the highest leverage that initial margin allows, up to which it is drawn.
const LEVERAGE_CUT: f64 = 0.9;

/// Where an account stands among its like; the key of its draws.
pub(super) struct Member<'a> {
    pub seed: u64,
    pub kind: CellKind,
    pub cell: &'a str,
    pub place: u32,
}

/// The mix of collateral, each asset found among those of the opening.
pub(super) struct Mix {
    /// Place among the opening's assets, share in millionths.
    shares: Vec<(usize, i64)>,
}

impl Mix {
    pub(super) fn new(parameters: &Parameters, opening: &Opening) -> Result<Mix, FeedError> {
        let mut shares = Vec::new();
        for (name, share) in &parameters.collateral {
            let path = format!("collateral.{name}");
            let place = opening.assets.iter().position(|asset| asset.name == *name);
            let place = place.ok_or_else(|| wrong(&path, "an asset of the rulebook", name))?;
            if !opening.assets[place].index.is_positive() {
                return Err(wrong(&path, "an asset with an index price", "no price"));
            }
            shares.push((place, share.parts()));
        }
        Ok(Mix { shares })
    }

    /// Adds `worth` after haircut to the balances, in the proportions of the mix.
    fn add(
        &self,
        assets: &[OpeningAsset],
        balances: &mut [Amount],
        worth: Value,
    ) -> Result<(), FeedError> {
        for (place, share) in &self.shares {
            let asset = &assets[*place];
            let part = worth.units().checked_mul(i128::from(*share)).ok_or_else(too_large)?;
            let target = asset.weighted(balances[*place]) + Weighted::new(part);
            balances[*place] = balances[*place].max(asset.amount_worth(target)?);
        }
        Ok(())
    }
}

fn too_large() -> FeedError {
    wrong("open_notional", "amounts that 128 bits hold at 1e-22", "larger ones")
}

/// What an account deposits, by place among the opening's assets.
pub(super) fn collateral(
    member: &Member<'_>,
    positions: &[(usize, Quantity)],
    parameters: &Parameters,
    opening: &Opening,
    mix: &Mix,
) -> Result<Vec<Amount>, FeedError> {
    let mut balances = vec![Amount::ZERO; opening.assets.len()];
    let held =
        || positions.iter().map(|(place, quantity)| (&opening.instruments[*place], quantity));
    let notional: Value = held().map(|(held, quantity)| held.notional(*quantity)).sum();
    let margin: Weighted = held().map(|(held, quantity)| held.initial_margin(*quantity)).sum();
    if notional.units() == 0 {
        return Ok(balances);
    }
    let least = Value::new(div(margin.units(), i128::from(MILLION), Rounding::Up));
    let worth = match member.kind {
        CellKind::SpotHedge => {
            hold_assets(positions, opening, &mut balances)?;
            let worth: Weighted = weighted(opening, &balances);
            let missing = (margin - worth).units().max(0);
            Value::new(div(missing, i128::from(MILLION), Rounding::Up))
        }
        CellKind::Maker => {
            let leverage = parameters.makers.leverage_max.parts();
            over_leverage(notional, leverage)?.max(least)
        }
        CellKind::Long | CellKind::Short | CellKind::Pair => {
            let leverage = drawn_leverage(member, parameters, notional, margin);
            over_leverage(notional, leverage)?.max(least)
        }
    };
    mix.add(&opening.assets, &mut balances, worth)?;
    Ok(balances)
}

/// Worth of all balances after haircut.
pub(super) fn weighted(opening: &Opening, balances: &[Amount]) -> Weighted {
    opening.assets.iter().zip(balances).map(|(asset, amount)| asset.weighted(*amount)).sum()
}

/// Notional over leverage in millionths, rounded up.
fn over_leverage(notional: Value, leverage: i64) -> Result<Value, FeedError> {
    mul_div(notional.units(), i128::from(MILLION), i128::from(leverage), Rounding::Up)
        .map(Value::new)
        .ok_or_else(too_large)
}

/// Leverage in millionths, at least one of them.
fn drawn_leverage(
    member: &Member<'_>,
    parameters: &Parameters,
    notional: Value,
    margin: Weighted,
) -> i64 {
    let mut stream =
        Stream::new(member.seed, Purpose::AccountLeverage, member.cell, i64::from(member.place));
    let ratio = margin.units() as f64 / (notional.units() as f64 * MILLION as f64);
    let law = &parameters.leverage;
    let drawn = lognormal_cut(
        &mut stream,
        law.median.to_float(),
        law.sigma.to_float(),
        LEVERAGE_CUT / ratio,
    );
    (libm::round(drawn * MILLION as f64) as i64).max(1)
}

/// A spot hedger holds the asset of each short.
fn hold_assets(
    positions: &[(usize, Quantity)],
    opening: &Opening,
    balances: &mut [Amount],
) -> Result<(), FeedError> {
    for (place, quantity) in positions {
        let instrument = &opening.instruments[*place];
        let path = format!("open_notional.{}", instrument.asset);
        let held = opening.assets.iter().position(|asset| asset.name == instrument.asset);
        let held = held.ok_or_else(|| {
            wrong(&path, "an asset of the rulebook, as spot hedgers hold it", &instrument.asset)
        })?;
        let amount = amount_of(*quantity, instrument, &opening.assets[held]);
        balances[held] += amount.ok_or_else(too_large)?;
    }
    Ok(())
}
