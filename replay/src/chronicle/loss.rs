//! Who bore what was lost, by layer of the waterfall, minute and asset; and what winners gave.
//!
//! Values at 1e-16 of the numeraire. Law: recognised = fund + deleveraged + socialised + uncovered.

use std::collections::BTreeMap;

use clearing::ClearingHouse;
use domain::{AccountId, AssetId, Effect, InstrumentId, Quote, Rulebook};

use super::minutes::Flows;
use super::money::{notional, quote_value};

/// Where a deficit went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Layer {
    /// Recognised: what the layers below it share.
    Deficit,
    /// The insurance fund paid.
    InsuranceFund,
    /// Winners were closed at the bankruptcy quote.
    Deleveraging,
    /// Depositors shared it.
    Socialised,
    /// Nobody could bear it.
    Uncovered,
}

impl Layer {
    /// The layers that bear, in their order.
    pub const BEARING: [Layer; 4] =
        [Layer::InsuranceFund, Layer::Deleveraging, Layer::Socialised, Layer::Uncovered];

    /// As a person reads it.
    pub const fn name(self) -> &'static str {
        match self {
            Layer::Deficit => "deficit",
            Layer::InsuranceFund => "insurance fund",
            Layer::Deleveraging => "deleveraging",
            Layer::Socialised => "socialised loss",
            Layer::Uncovered => "uncovered",
        }
    }
}

/// What a winner gave up by being closed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Winner {
    /// Times it was closed against.
    pub closings: u64,
    /// What was closed, at mark.
    pub notional: i128,
    /// What it would have had at mark beyond what it got.
    pub given_up: i128,
}

/// Losses of a run.
#[derive(Debug, Clone, Default)]
pub struct Losses {
    /// Value by minute and layer.
    pub layers: Flows<Layer>,
    /// Value by layer and asset, where the layer names one.
    pub assets: BTreeMap<(Layer, AssetId), i128>,
    /// What deleveraging had to absorb, by minute and instrument.
    pub needed: Flows<InstrumentId>,
    /// What winners gave up against the mark of the moment, by minute and instrument.
    pub taken: Flows<InstrumentId>,
    /// Notional closed against winners, at mark, by minute and instrument.
    pub closed: Flows<InstrumentId>,
    /// Every winner that was closed.
    pub winners: BTreeMap<AccountId, Winner>,
}

impl Losses {
    /// Takes what concerns losses.
    pub fn take(
        &mut self,
        minute: i64,
        effect: &Effect,
        rulebook: &Rulebook,
        house: &ClearingHouse,
    ) {
        let (layer, asset, value) = match *effect {
            Effect::DeficitRecognised { asset, value, .. } => (Layer::Deficit, Some(asset), value),
            Effect::InsuranceDrawn { asset, value, .. } => {
                (Layer::InsuranceFund, Some(asset), value)
            }
            Effect::DeficitDeleveraged { instrument, value, .. } => {
                self.needed.add(minute, instrument, value.units());
                (Layer::Deleveraging, rulebook.instrument(instrument).map(|one| one.settles), value)
            }
            Effect::LossSocialised { asset, value, .. } => (Layer::Socialised, Some(asset), value),
            Effect::LossUncovered { asset, value, .. } => (Layer::Uncovered, Some(asset), value),
            Effect::Deleveraged { winner, instrument, quantity, quote, .. } => {
                let Some(mark) = house.mark(instrument) else { return };
                // The winner pays the quote and gets the quantity's worth at mark.
                let worth = quantity.quote(mark).units();
                let given_up = Quote::new(quote.units() + worth);
                let given_up = quote_value(rulebook, house, instrument, given_up).unwrap_or(0);
                let notional = notional(rulebook, house, instrument, quantity, mark).unwrap_or(0);
                self.taken.add(minute, instrument, given_up);
                self.closed.add(minute, instrument, notional);
                let one = self.winners.entry(winner).or_default();
                one.closings += 1;
                one.notional += notional;
                one.given_up += given_up;
                return;
            }
            _ => return,
        };
        self.layers.add(minute, layer, value.units());
        if let Some(asset) = asset {
            *self.assets.entry((layer, asset)).or_default() += value.units();
        }
    }
}
