//! Depth as a curve: how far a price gives way to a value consumed, and what that costs.
//!
//! d(C) = a (C / K)^p up to `distance_max`; beyond that edge nothing is filled, and what closing
//! more would cost is reckoned at the edge's distance. The cost of the first C is the integral,
//! d(C) C / (1 + p) (models 7.1).

use super::SHARE_ONE;
use super::real::Real;
use domain::rulebook::{DepthRules, ImpactModel};
use domain::wide::mul_div;
use domain::{Quote, Ratio, Rounding};

/// Consumed value at which a curve without an edge ends: more than any rulebook allows.
const ENDLESS: i128 = 10i128.pow(36);

/// One side of a book.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Curve {
    /// a: distance where the value K is consumed, at 1e-16.
    at_depth: i128,
    /// K at 1e-16 of the settlement asset.
    depth: i128,
    /// p as numerator and denominator.
    power: (u64, u64),
    /// Where fills stop, at 1e-16.
    distance_max: i128,
    /// Consumed value there, rounded down.
    edge: i128,
    /// Cost of consuming that, rounded up.
    edge_cost: i128,
}

impl Curve {
    /// The curve of a model over a depth K; `stressed` multiplies its volatility.
    #[must_use]
    pub fn new(rules: &DepthRules, depth: i128, stressed: Ratio) -> Self {
        let (at_depth, power) = shape(rules.model, stressed);
        let distance_max = rules.distance_max.of(SHARE_ONE, Rounding::Down);
        let mut curve = Self {
            at_depth,
            depth: depth.max(1),
            power,
            distance_max,
            edge: ENDLESS,
            edge_cost: 0,
        };
        curve.edge = curve.inverse(distance_max);
        curve.edge_cost = if curve.edge < ENDLESS { curve.integral(curve.edge) } else { 0 };
        curve
    }

    /// What the curve is made of: a at 1e-16, K at 1e-16 of the settlement asset, p as numerator
    /// and denominator.
    #[must_use]
    pub const fn parameters(&self) -> (i128, i128, (u64, u64)) {
        (self.at_depth, self.depth, self.power)
    }

    /// Distance after a value was consumed, rounded up, at most `distance_max`.
    ///
    /// Worked: K 20M, exponent .4: 20M 1 %, 40M 5.66 %; 5M at a regime of .1 9.88 %.
    #[must_use]
    pub fn distance(&self, consumed: Quote) -> i128 {
        let exact = Real::whole(self.at_depth).times(self.growth(consumed.units()));
        let distance = self.round(exact, Rounding::Up).unwrap_or(self.distance_max);
        distance.min(self.distance_max)
    }

    /// The value that may be consumed before a distance is passed, rounded down.
    ///
    /// Worked: K 20M, exponent .4: 10 % is reached at 50.2M (2.51 K).
    #[must_use]
    pub fn inverse(&self, distance: i128) -> i128 {
        let (over, under) = self.power;
        if over == 0 || self.at_depth == 0 {
            return ENDLESS;
        }
        let times = Real::fraction(distance, self.at_depth).power(under, over);
        let value = times.map(|times| Real::whole(self.depth).times(times));
        let value = value.and_then(|value| self.round(value, Rounding::Down));
        value.unwrap_or(ENDLESS).min(ENDLESS)
    }

    /// The value that can be consumed in all.
    #[must_use]
    pub const fn edge(&self) -> Quote {
        Quote::new(self.edge)
    }

    /// Cost of consuming a value from nothing, rounded up; beyond the edge at its distance.
    ///
    /// Worked: K 20M, exponent .4: the first 20M cost .286 % of it, 40M 1.616 %.
    #[must_use]
    pub fn cost(&self, consumed: Quote) -> Quote {
        let value = consumed.units();
        if value <= self.edge {
            return Quote::new(self.integral(value));
        }
        let beyond = mul_div(self.distance_max, value - self.edge, SHARE_ONE, Rounding::Up);
        Quote::new(self.edge_cost + beyond.expect("a share of a value is no larger than it"))
    }

    /// Rounds what came of the curve: whole powers of one need no logarithm.
    fn round(&self, exact: Real, rounding: Rounding) -> Option<i128> {
        if self.power.0 == self.power.1 {
            exact.round_quotient(rounding)
        } else {
            exact.round(rounding)
        }
    }

    /// (C / K)^p.
    fn growth(&self, consumed: i128) -> Real {
        let (over, under) = self.power;
        if over == 0 {
            return Real::ONE;
        }
        Real::fraction(consumed, self.depth).power(over, under).unwrap_or(Real::whole(i128::MAX))
    }

    fn integral(&self, consumed: i128) -> i128 {
        let (over, under) = (i128::from(self.power.0), i128::from(self.power.1));
        let exact = Real::whole(consumed)
            .times(Real::fraction(self.at_depth, SHARE_ONE))
            .times(self.growth(consumed))
            .times(Real::fraction(under, over + under));
        self.round(exact, Rounding::Up).expect("within the edge a cost is below the value")
    }
}

/// a at 1e-16 and p of a model.
fn shape(model: ImpactModel, stressed: Ratio) -> (i128, (u64, u64)) {
    let percent = SHARE_ONE / 100;
    match model {
        ImpactModel::Depth { exponent } => {
            (percent, (exponent.denominator(), exponent.numerator()))
        }
        ImpactModel::Linear | ImpactModel::LinearReturns => (percent, (1, 1)),
        ImpactModel::SquareRoot { factor, volatility } => {
            (marginal(Ratio::from_parts(500_000), factor, volatility, stressed), (1, 2))
        }
        ImpactModel::Power { exponent, factor, volatility } => {
            let power = (exponent.numerator(), exponent.denominator());
            (marginal(exponent, factor, volatility, stressed), power)
        }
        ImpactModel::Fixed { distance } => (distance.of(SHARE_ONE, Rounding::Up), (0, 1)),
    }
}

/// (1 + p) Y sigma: the marginal distance whose average is Y sigma (Q / K)^p.
fn marginal(power: Ratio, factor: Ratio, volatility: Ratio, stressed: Ratio) -> i128 {
    let average = [factor, volatility, stressed]
        .iter()
        .fold(SHARE_ONE, |product, ratio| ratio.of(product, Rounding::Up));
    average + power.of(average, Rounding::Up)
}
