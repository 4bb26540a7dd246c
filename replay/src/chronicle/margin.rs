//! All accounts at once, at moments spread over a run: margin ratios, equity, requirement, open
//! notional.
//!
//! Equity and notional at 1e-16 of the numeraire, margin at 1e-22. A sample assesses every exposed
//! account, so samples are few: the interval starts at ten minutes and doubles whenever there are
//! more than [`SAMPLES_MAX`], which bounds the work and the memory of a run of any length.

use clearing::ClearingHouse;
use domain::{InstrumentId, Quote, Rulebook, Timestamp};

use super::house::instruments;
use super::money::quote_value;

/// Samples kept at most.
const SAMPLES_MAX: usize = 320;

/// Minutes between two samples at the start.
const INTERVAL: i64 = 10;

/// Upper bounds of margin ratio (adjusted equity over maintenance margin) in hundredths; the last
/// band is open.
pub const BOUNDS: [i128; 8] = [100, 110, 125, 150, 200, 300, 500, 1_000];

/// Bands of margin ratio.
pub const BANDS: usize = BOUNDS.len() + 1;

/// All accounts at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sample {
    /// When.
    pub at: Timestamp,
    /// Exposed accounts by band of margin ratio.
    pub bands: [u64; BANDS],
    /// Equity of exposed accounts.
    pub equity: i128,
    /// Their adjusted equity.
    pub adjusted_equity: i128,
    /// Their initial margin.
    pub initial: i128,
    /// Their maintenance margin.
    pub maintenance: i128,
    /// Accounts whose equity is below zero.
    pub under_water: u64,
    /// Open notional by instrument number, at mark, in the numeraire.
    pub open_notional: Vec<i128>,
}

/// Samples of a run.
#[derive(Debug, Clone)]
pub struct Margins {
    /// In order of time.
    pub samples: Vec<Sample>,
    interval: i64,
}

impl Default for Margins {
    fn default() -> Margins {
        Margins { samples: Vec::new(), interval: INTERVAL }
    }
}

impl Margins {
    /// Takes a sample if one is due in this minute.
    pub fn offer(
        &mut self,
        minute: i64,
        at: Timestamp,
        rulebook: &Rulebook,
        house: &ClearingHouse,
    ) {
        let last = self.samples.last().map(|sample| crate::clockface::minute_of(sample.at));
        let due = last
            .is_none_or(|last| minute.div_euclid(self.interval) > last.div_euclid(self.interval));
        if due {
            self.take(at, rulebook, house);
        }
    }

    /// Takes a sample.
    pub fn take(&mut self, at: Timestamp, rulebook: &Rulebook, house: &ClearingHouse) {
        let sample = look(at, rulebook, house);
        if sample.bands.iter().sum::<u64>() == 0 && self.samples.is_empty() {
            return;
        }
        self.samples.push(sample);
        if self.samples.len() > SAMPLES_MAX {
            let mut place = 0;
            self.samples.retain(|_| {
                place += 1;
                place % 2 == 1
            });
            self.interval *= 2;
        }
    }
}

fn look(at: Timestamp, rulebook: &Rulebook, house: &ClearingHouse) -> Sample {
    let mut sample = Sample { at, ..Sample::default() };
    let mut long = vec![0i128; rulebook.instruments.len()];
    for (_, positions, exposed) in house.exposed() {
        for position in positions.iter().filter(|position| position.quantity.is_positive()) {
            if let Some(sum) = long.get_mut(position.instrument.index()) {
                *sum += position.quantity.wide();
            }
        }
        let adjusted_equity = exposed.adjusted_equity.units();
        let maintenance = exposed.requirement.maintenance.units();
        sample.bands[band(adjusted_equity, maintenance)] += 1;
        sample.equity += exposed.equity.units();
        sample.adjusted_equity += adjusted_equity;
        sample.initial += exposed.requirement.initial.units();
        sample.maintenance += maintenance;
        sample.under_water += u64::from(exposed.equity.is_negative());
    }
    sample.open_notional = instruments(rulebook)
        .zip(long)
        .map(|(instrument, long)| open_notional(rulebook, house, instrument, long).unwrap_or(0))
        .collect();
    sample
}

/// Long quantity of everybody, the liquidity account included, at mark, in the numeraire.
fn open_notional(
    rulebook: &Rulebook,
    house: &ClearingHouse,
    instrument: InstrumentId,
    clients: i128,
) -> Option<i128> {
    let held = house.liquidity_position(instrument).map_or(0, |held| held.quantity.wide());
    let quote = Quote::new((clients + held.max(0)) * house.mark(instrument)?.wide());
    quote_value(rulebook, house, instrument, quote)
}

/// The band of a margin ratio; without maintenance margin the ratio has no end, or is below one if
/// the account owes.
///
/// Worked: 112 against 100 is 1.12, the third band, from 1.10 to 1.25.
fn band(adjusted_equity: i128, maintenance: i128) -> usize {
    BOUNDS.iter().position(|bound| adjusted_equity * 100 < maintenance * bound).unwrap_or(BANDS - 1)
}

#[cfg(test)]
mod tests {
    //! Goal: an account stands in the band of its ratio. Method: a table.

    use super::*;

    #[test]
    fn a_ratio_has_its_band() {
        let table = [
            ((-5, 10), 0),
            ((99, 100), 0),
            ((100, 100), 1),
            ((112, 100), 2),
            ((999, 100), 7),
            ((1_000, 100), 8),
            ((5, 0), 8),
            ((-5, 0), 0),
        ];
        for ((adjusted_equity, maintenance), expected) in table {
            // Without maintenance only a debt is below every bound.
            assert_eq!(band(adjusted_equity, maintenance), expected, "{adjusted_equity}");
        }
    }
}
