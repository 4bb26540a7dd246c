//! What forced trades did to prices and to each other, where depth is finite (models 11).
//!
//! Computed from effects alone, in exact integers. First-order liquidations would have happened at
//! recorded marks too; induced ones would not. Nothing here is asked of a run without depth.

use std::collections::BTreeMap;

use domain::{AccountId, Effect, InstrumentId, Price, Quantity, Quote, Rulebook, Timestamp, Value};
use serde_json::json;

use super::numbers::{VALUE_PLACES, exact, grouped, in_numeraire, parts, rounded};

/// An account while it is being sold out.
#[derive(Debug, Clone, Copy)]
struct Open {
    since: Timestamp,
    below_zero: bool,
    induced: bool,
    cause: Option<InstrumentId>,
    wave: u16,
}

/// Closed notional of one market, and how much of it other markets caused.
#[derive(Debug, Clone, Copy, Default)]
struct Market {
    closed: i128,
    caused_elsewhere: i128,
    recorded_low: Option<Price>,
    marked_low: Option<Price>,
    open: Option<Price>,
}

impl Market {
    /// The lowest mark in force, moved or not.
    fn lowest_mark(&self) -> Option<Price> {
        match (self.marked_low, self.recorded_low) {
            (Some(marked), Some(recorded)) => Some(marked.min(recorded)),
            (marked, recorded) => marked.or(recorded),
        }
    }
}

/// The figures.
#[derive(Debug, Clone, Default)]
pub struct Feedback {
    accounts: BTreeMap<AccountId, Open>,
    markets: BTreeMap<InstrumentId, Market>,
    /// Liquidations that began: first-order, induced, wrongful by the index.
    pub counts: [u64; 3],
    /// Notional closed of first-order and of induced ones.
    pub closed: [i128; 2],
    /// Notional closed in first waves, and in later ones.
    pub by_wave: [i128; 2],
    /// Most waves of one event.
    pub waves_max: u16,
    /// What forced trades gave away against the mark.
    pub slippage: i128,
    /// Notional that would have sufficed for release, at the mark and free of charge.
    pub least: i128,
    /// Nanoseconds that accounts were below maintenance, and below zero, while being sold out.
    pub below: [i128; 2],
    moved: bool,
}

impl Feedback {
    /// Takes an effect; `index` prices assets in the numeraire.
    pub fn take(
        &mut self,
        at: Timestamp,
        effect: &Effect,
        rulebook: &Rulebook,
        index: impl Fn(domain::AssetId) -> Option<i64>,
    ) {
        match *effect {
            Effect::LiquidationStarted { account, wave, equity, .. } => {
                self.waves_max = self.waves_max.max(wave);
                let below_zero = equity.is_negative();
                let fresh = Open { since: at, below_zero, induced: false, cause: None, wave };
                self.accounts.insert(account, fresh);
            }
            Effect::LiquidationTraced { account, induced, wrongful, cause, least } => {
                self.counts[usize::from(induced)] += 1;
                self.counts[2] += u64::from(wrongful);
                self.least += least.units();
                if let Some(open) = self.accounts.get_mut(&account) {
                    (open.induced, open.cause) = (induced, cause);
                }
            }
            Effect::LiquidationEnded { account, .. } => {
                if let Some(open) = self.accounts.remove(&account) {
                    let nanos = i128::from(at.since(open.since).nanos());
                    self.below[0] += nanos;
                    self.below[1] += if open.below_zero { nanos } else { 0 };
                }
            }
            Effect::PositionReduced {
                account,
                instrument,
                quantity,
                quote,
                mark,
                notional,
                ..
            } => {
                self.reduced(account, instrument, notional);
                let conceded = conceded(quantity, quote, mark);
                let settles = rulebook.instrument(instrument).map(|rules| rules.settles);
                let worth = settles
                    .and_then(|settles| in_numeraire(rulebook, settles, conceded, index(settles)));
                self.slippage += worth.unwrap_or(0);
            }
            Effect::MarkMoved { instrument, mark, .. } => {
                self.moved = true;
                let low = &mut self.markets.entry(instrument).or_default().marked_low;
                *low = Some(low.map_or(mark, |low| low.min(mark)));
            }
            Effect::ImpactMoved { .. } => self.moved = true,
            Effect::PricePublished { feed, price } if feed.role == domain::FeedRole::Mark => {
                let market = self.markets.entry(InstrumentId::new(feed.target)).or_default();
                market.open.get_or_insert(price);
                let low = &mut market.recorded_low;
                *low = Some(low.map_or(price, |low| low.min(price)));
            }
            _ => {}
        }
    }

    fn reduced(&mut self, account: AccountId, instrument: InstrumentId, notional: Value) {
        let Some(open) = self.accounts.get(&account).copied() else { return };
        let notional = notional.units();
        self.closed[usize::from(open.induced)] += notional;
        self.by_wave[usize::from(open.wave > 1)] += notional;
        let market = self.markets.entry(instrument).or_default();
        market.closed += notional;
        if open.cause.is_some_and(|cause| cause != instrument) {
            market.caused_elsewhere += notional;
        }
    }

    /// Whether any forced trade met a book.
    pub const fn is_there(&self) -> bool {
        self.moved
    }

    /// Induced notional over all: n of the geometric series that waves are.
    pub fn branching(&self) -> Option<i128> {
        parts(self.by_wave[1], self.by_wave[0] + self.by_wave[1])
    }

    /// The market whose way down was lengthened most: name, total over recorded move, overshoot as
    /// a share of the opening price, all at 1e-6.
    fn amplified(&self) -> Option<(InstrumentId, i128, i128)> {
        let rows = self.markets.iter().filter_map(|(instrument, market)| {
            let (open, recorded) = (market.open?.wide(), market.recorded_low?.wide());
            let marked = market.marked_low.map_or(recorded, |low| low.wide().min(recorded));
            let amplification = parts(open - marked, open - recorded)?;
            Some((*instrument, amplification, parts(recorded - marked, open)?))
        });
        rows.max_by_key(|(_, amplification, _)| *amplification)
    }

    /// One line for the screen.
    pub fn line(&self, rulebook: &Rulebook) -> String {
        let [first, induced, wrongful] = self.counts.map(|count| grouped(u128::from(count)));
        let amplified = self.amplified().map_or_else(String::new, |(instrument, times, _)| {
            let name = rulebook.instrument(instrument).map(|rules| rules.name.clone());
            let name = name.unwrap_or_default();
            format!(", {name} fell {} times as far", rounded(times, 6, 2))
        });
        format!(
            "{first} first-order and {induced} induced ({wrongful} wrongful), up to {} waves, \
             slippage {}{amplified}",
            self.waves_max,
            rounded(self.slippage, VALUE_PLACES, 0)
        )
    }

    /// The figures as an object.
    pub fn document(&self, rulebook: &Rulebook) -> serde_json::Value {
        let value = |units: i128| exact(units, VALUE_PLACES);
        let share = |share: Option<i128>| share.map(|share| exact(share, 6));
        let name = |instrument: InstrumentId| {
            let rules = rulebook.instrument(instrument);
            rules.map_or_else(|| instrument.number().to_string(), |rules| rules.name.clone())
        };
        let markets = self.markets.iter().filter(|(_, market)| market.closed > 0);
        let markets = markets.map(|(instrument, market)| {
            let low = |price: Option<Price>| {
                let places = rulebook.instrument(*instrument).map(|rules| rules.price_decimals);
                price.zip(places).map(|(low, places)| exact(low.wide(), u32::from(places)))
            };
            json!({
                "name": name(*instrument),
                "closed_notional": value(market.closed),
                "contagion": share(parts(market.caused_elsewhere, market.closed)),
                "recorded_low": low(market.recorded_low),
                "marked_low": low(market.lowest_mark()),
            })
        });
        let seconds = |nanos: i128| exact(nanos, 9);
        let amplified = self.amplified();
        json!({
            "first_order": self.counts[0],
            "induced": self.counts[1],
            "wrongful": self.counts[2],
            "first_order_notional": value(self.closed[0]),
            "induced_notional": value(self.closed[1]),
            "waves_max": self.waves_max,
            "branching_ratio": share(self.branching()),
            "amplification": amplified.map(|(instrument, times, overshoot)| json!({
                "name": name(instrument),
                "total_over_recorded": exact(times, 6),
                "overshoot_of_open": exact(overshoot, 6),
            })),
            "slippage": value(self.slippage),
            "least_notional": value(self.least),
            "over_liquidation": share(parts(self.closed[0] + self.closed[1], self.least)),
            "account_seconds_below_maintenance": seconds(self.below[0]),
            "account_seconds_below_zero": seconds(self.below[1]),
            "markets": markets.collect::<Vec<_>>(),
        })
    }
}

/// What a forced trade gave away against its mark, in the settlement asset.
fn conceded(quantity: Quantity, quote: Quote, mark: Price) -> Quote {
    let at_mark = quantity.magnitude().quote(mark);
    // A sale received the quote; a purchase paid it, which is its negative.
    if quantity.is_negative() { at_mark - quote } else { -quote - at_mark }
}

#[cfg(test)]
mod tests {
    //! Goal: the definitions of models 11 on figures that can be done by hand. Method: two waves.

    use super::*;
    use domain::rulebook::Sections;

    const ONE: i128 = 10_000_000_000_000_000;

    fn rules() -> Rulebook {
        let text = "schema = \"clearsim.rulebook/1\"\nnumeraire = \"USD\"\n[assets.USD]\n\
            decimals = 8\nbalance_max = \"1000000\"\n[assets.BTC]\ndecimals = 8\n\
            price_max = \"1000\"\nbalance_max = \"1\"\nhaircut = \"0\"\n\
            [instruments.BTC-PERP]\nkind = \"perpetual\"\nsettles = \"USD\"\n\
            price_unit = \"1e-8\"\nquantity_unit = \"1e-8\"\nprice_max = \"1000\"\n\
            position_max = \"1000\"\ninitial = \"0.1\"\nrelease = \"0.06\"\n\
            maintenance = \"0.05\"\nslippage = \"0.01\"\n";
        let rules = feed::rulebook::parse("rules", text).expect("a sound rulebook");
        assert_eq!(rules.sections, Sections::NONE);
        rules
    }

    fn started(account: u64, wave: u16, induced: bool) -> [Effect; 2] {
        let account = AccountId::new(account);
        [
            Effect::LiquidationStarted {
                account,
                wave,
                equity: Value::new(1),
                adjusted_equity: domain::Weighted::ZERO,
                maintenance: domain::Weighted::ZERO,
            },
            Effect::LiquidationTraced {
                account,
                induced,
                wrongful: induced,
                cause: induced.then_some(InstrumentId::new(0)),
                least: Value::new(500 * ONE),
            },
        ]
    }

    fn sold(account: u64, units: i64, mark: i64, received: i128) -> Effect {
        Effect::PositionReduced {
            account: AccountId::new(account),
            instrument: InstrumentId::new(0),
            stage: domain::effect::Stage::Partial,
            quantity: Quantity::new(-units * 100_000_000),
            quote: Quote::new(received * ONE),
            mark: Price::new(mark * 100_000_000),
            notional: Value::new(i128::from(units * mark) * ONE),
        }
    }

    #[test]
    fn two_waves_by_hand() {
        let rules = rules();
        let mut feedback = Feedback::default();
        let price = |units: i64| Price::new(units * 100_000_000);
        let feed = domain::Feed::mark(InstrumentId::new(0));
        let moved = Effect::MarkMoved {
            instrument: InstrumentId::new(0),
            wave: 1,
            recorded: price(90),
            mark: price(80),
        };
        let effects = [
            vec![
                Effect::PricePublished { feed, price: price(100) },
                Effect::PricePublished { feed, price: price(90) },
            ],
            started(1, 1, false).to_vec(),
            vec![sold(1, 10, 90, 890), moved],
            started(2, 2, true).to_vec(),
            vec![sold(2, 5, 80, 397)],
        ]
        .concat();
        for effect in &effects {
            feedback.take(Timestamp::from_nanos(7), effect, &rules, |_| None);
        }
        for account in [1, 2] {
            let account = AccountId::new(account);
            let ended =
                Effect::LiquidationEnded { account, outcome: domain::effect::Outcome::Released };
            feedback.take(Timestamp::from_nanos(1_000_000_007), &ended, &rules, |_| None);
        }
        let document = feedback.document(&rules);
        let table = [
            ("first_order_notional", "900"),
            ("induced_notional", "400"),
            ("branching_ratio", "0.307692"),
            ("slippage", "13"),
            ("over_liquidation", "1.3"),
            ("account_seconds_below_maintenance", "2"),
        ];
        for (field, text) in table {
            assert_eq!(document[field], text, "{field}");
        }
        assert_eq!(document["amplification"]["total_over_recorded"], "2");
        assert_eq!(document["amplification"]["overshoot_of_open"], "0.1");
        assert!(feedback.is_there() && feedback.line(&rules).contains("fell 2.00 times"));
    }
}
