//! The figures of a run, gathered from its events and effects alone.
//!
//! Money is summed in exact integers: values at 1e-16 of the numeraire. Law: what was lost is what
//! the layers of the waterfall bore, deficit = fund + deleveraged + socialised + uncovered, to the
//! last unit, in total and for each account.

use std::collections::{BTreeMap, BTreeSet};

use domain::rulebook::InstrumentKind;
use domain::{
    AccountId, AssetId, Command, Effect, Event, Feed, InstrumentId, Price, Quantity, Refusal,
    Rulebook, Timestamp,
};
use runtime::Observer;
use store::journal::control::Seal;

use super::feedback::Feedback;
use super::numbers::in_numeraire;
use crate::clockface::minute_of;

/// The way of a price through a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PriceTrack {
    /// First published.
    pub open: Price,
    /// Lowest, and when it was first met.
    pub low: (Price, Timestamp),
    /// Highest, and when it was first met.
    pub high: (Price, Timestamp),
    /// Last published.
    pub close: Price,
    /// How often it was published.
    pub count: u64,
}

/// Who bore a deficit, at 1e-16 of the numeraire.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Deficit {
    /// Recognised.
    pub deficit: i128,
    /// Paid by the insurance fund.
    pub insurance_fund: i128,
    /// Taken from winners.
    pub deleveraged: i128,
    /// Shared by depositors.
    pub socialised: i128,
    /// Borne by nobody.
    pub uncovered: i128,
}

impl Deficit {
    /// What the layers bore together.
    pub fn borne(&self) -> i128 {
        self.insurance_fund + self.deleveraged + self.socialised + self.uncovered
    }
}

/// Everything that the summary and `summary.json` say about a run.
#[derive(Debug, Clone, Default)]
pub struct Statistics {
    /// The rules in force.
    pub rulebook: Option<Rulebook>,
    /// Events seen.
    pub events: u64,
    /// Effects seen.
    pub effects: u64,
    /// Commands by their kind's number.
    pub commands: BTreeMap<u16, u64>,
    /// Refusals by reason, in order of precedence.
    pub refusals: BTreeMap<Refusal, u64>,
    /// Accounts opened.
    pub accounts: u64,
    /// Prices by stream.
    pub prices: BTreeMap<Feed, PriceTrack>,
    /// Last prices that the guard flagged.
    pub flagged: u64,
    /// Value of open positions once the opening trades were done.
    pub opening_notional: Option<i128>,
    /// Who was liquidated.
    pub liquidated: BTreeSet<AccountId>,
    /// When the first liquidation began.
    pub first_liquidation: Option<Timestamp>,
    /// Notional closed against the liquidity account.
    pub reduced: i128,
    /// Notional, at mark, closed against winners.
    pub deleveraged: i128,
    /// Notional, at mark, that the backstop account took over.
    pub taken_over: i128,
    /// Closings against winners.
    pub deleveragings: u64,
    /// Winners who were closed.
    pub winners: BTreeSet<AccountId>,
    /// Positions handed over.
    pub takeovers: u64,
    /// Notional closed by minute, in minutes since 1970.
    pub minutes: BTreeMap<i64, i128>,
    /// Deficits by account.
    pub deficits: BTreeMap<AccountId, Deficit>,
    /// Profit and loss of the liquidity account at the end, which took what was sold.
    pub liquidity_pnl: Option<i128>,
    /// Times a limit stopped a cascade.
    pub cascades_limited: u64,
    /// Place of the last event.
    pub last_sequence: u64,
    /// Time of the first event after genesis, and of the last one.
    pub span: Option<(Timestamp, Timestamp)>,
    /// Seals in order: sequence, seal digest, effect digest.
    pub seals: Vec<(u64, [u8; 16], [u8; 16])>,
    /// What forced trades did to prices, where depth is finite.
    pub feedback: Feedback,
    pub(super) opening: Option<Opening>,
}

/// Positions while the opening trades come in.
#[derive(Debug, Clone)]
pub(super) struct Opening {
    at: Timestamp,
    quantities: BTreeMap<(InstrumentId, AccountId), i64>,
}

impl Observer for Statistics {
    fn observe(&mut self, event: &Event, effects: &[Effect]) {
        self.events += 1;
        self.last_sequence = event.sequence.number();
        let first = self.span.map_or(event.timestamp, |(first, _)| first);
        self.span = Some((first, event.timestamp));
        *self.commands.entry(event.command.kind()).or_default() += 1;
        if self.opening.as_ref().is_some_and(|opening| opening.at < event.timestamp) {
            self.close_opening();
        }
        for effect in effects {
            self.effects += 1;
            self.take(event, effect);
            self.feed_back(event, effect);
        }
    }

    fn sealed(&mut self, seal: &Seal) {
        self.seals.push((seal.at_seq, seal.seal_digest, seal.effect_digest));
    }
}

impl Statistics {
    fn feed_back(&mut self, event: &Event, effect: &Effect) {
        let Some(rulebook) = &self.rulebook else { return };
        if rulebook.sections.liquidity.markets.is_empty() {
            return;
        }
        let prices = &self.prices;
        let index = |asset| prices.get(&Feed::index(asset)).map(|track| track.close.units());
        self.feedback.take(event.timestamp, effect, rulebook, index);
    }

    fn take(&mut self, event: &Event, effect: &Effect) {
        match *effect {
            Effect::Refused { refusal } => *self.refusals.entry(refusal).or_default() += 1,
            Effect::RulebookAdopted { .. } => self.adopt(&event.command),
            Effect::AccountOpened { .. } => self.accounts += 1,
            Effect::PricePublished { feed, price } => self.price(feed, price, event.timestamp),
            Effect::PriceFlagged { .. } => self.flagged += 1,
            Effect::Novated { instrument, buyer, seller, quantity, .. } => {
                self.open(event.timestamp, instrument, buyer, seller, quantity);
            }
            Effect::LiquidationStarted { account, .. } => {
                self.liquidated.insert(account);
                self.first_liquidation.get_or_insert(event.timestamp);
            }
            Effect::PositionReduced { notional, .. } => {
                self.reduced += notional.units();
                self.close_notional(event.timestamp, notional.units());
            }
            Effect::Deleveraged { winner, instrument, quantity, .. } => {
                self.deleveragings += 1;
                self.winners.insert(winner);
                let notional = self.notional(instrument, quantity).unwrap_or(0);
                self.deleveraged += notional;
                self.close_notional(event.timestamp, notional);
            }
            Effect::PositionTakenOver { instrument, quantity, .. } => {
                self.takeovers += 1;
                let notional = self.notional(instrument, quantity).unwrap_or(0);
                self.taken_over += notional;
                self.close_notional(event.timestamp, notional);
            }
            Effect::CascadeLimited { .. } => self.cascades_limited += 1,
            _ => self.take_deficit(effect),
        }
    }

    fn take_deficit(&mut self, effect: &Effect) {
        let (account, value, bear): (_, _, fn(&mut Deficit) -> &mut i128) = match *effect {
            Effect::DeficitRecognised { account, value, .. } => {
                (account, value, |one| &mut one.deficit)
            }
            Effect::InsuranceDrawn { account, value, .. } => {
                (account, value, |one| &mut one.insurance_fund)
            }
            Effect::DeficitDeleveraged { account, value, .. } => {
                (account, value, |one| &mut one.deleveraged)
            }
            Effect::LossSocialised { account, value, .. } => {
                (account, value, |one| &mut one.socialised)
            }
            Effect::LossUncovered { account, value, .. } => {
                (account, value, |one| &mut one.uncovered)
            }
            _ => return,
        };
        *bear(self.deficits.entry(account).or_default()) += value.units();
    }

    fn adopt(&mut self, command: &Command) {
        match command {
            Command::Genesis(genesis) => self.rulebook = Some(genesis.rulebook.clone()),
            Command::SetRulebook(set) => self.rulebook = Some(set.rulebook.clone()),
            _ => {}
        }
    }

    fn price(&mut self, feed: Feed, price: Price, at: Timestamp) {
        let fresh =
            PriceTrack { open: price, low: (price, at), high: (price, at), close: price, count: 0 };
        let track = self.prices.entry(feed).or_insert(fresh);
        if price < track.low.0 {
            track.low = (price, at);
        }
        if price > track.high.0 {
            track.high = (price, at);
        }
        track.close = price;
        track.count += 1;
    }

    /// Trades of the first trade's instant are the opening.
    fn open(
        &mut self,
        at: Timestamp,
        instrument: InstrumentId,
        buyer: AccountId,
        seller: AccountId,
        quantity: Quantity,
    ) {
        if self.opening_notional.is_some() || self.is_spot(instrument) {
            return;
        }
        let fresh = || Opening { at, quantities: BTreeMap::new() };
        let opening = self.opening.get_or_insert_with(fresh);
        *opening.quantities.entry((instrument, buyer)).or_default() += quantity.units();
        *opening.quantities.entry((instrument, seller)).or_default() -= quantity.units();
    }

    fn close_opening(&mut self) {
        let Some(opening) = self.opening.take() else { return };
        let longs = opening.quantities.iter().filter(|(_, quantity)| **quantity > 0);
        let values = longs.filter_map(|((instrument, _), units)| {
            self.notional(*instrument, Quantity::new(*units))
        });
        self.opening_notional = Some(values.sum());
    }

    fn is_spot(&self, instrument: InstrumentId) -> bool {
        let rules = self.rulebook.as_ref().and_then(|rulebook| rulebook.instrument(instrument));
        rules.is_some_and(|rules| matches!(rules.kind, InstrumentKind::Spot { .. }))
    }

    fn close_notional(&mut self, at: Timestamp, notional: i128) {
        *self.minutes.entry(minute_of(at)).or_default() += notional;
    }

    /// Absolute quantity at the last mark, in the numeraire.
    fn notional(&self, instrument: InstrumentId, quantity: Quantity) -> Option<i128> {
        let rulebook = self.rulebook.as_ref()?;
        let settles = rulebook.instrument(instrument)?.settles;
        let mark = self.prices.get(&Feed::mark(instrument))?.close;
        in_numeraire(rulebook, settles, quantity.magnitude().quote(mark), self.index(settles))
    }

    fn index(&self, asset: AssetId) -> Option<i64> {
        self.prices.get(&Feed::index(asset)).map(|track| track.close.units())
    }

    /// Notional of everything forced: closed against liquidity, against winners, handed over.
    pub fn forced(&self) -> i128 {
        self.reduced + self.deleveraged + self.taken_over
    }

    /// Ends the gathering and checks the identity; `Err` names the first account that breaks it.
    ///
    /// # Errors
    /// The sentence of the broken law.
    pub fn finish(&mut self) -> Result<(), String> {
        self.close_opening();
        for (account, deficit) in &self.deficits {
            if deficit.deficit != deficit.borne() {
                return Err(format!(
                    "deficit = fund + deleveraged + socialised + uncovered does not hold for \
                     account {}: {} recognised, {} borne, at 1e-16 of the numeraire",
                    account.number(),
                    deficit.deficit,
                    deficit.borne()
                ));
            }
        }
        Ok(())
    }

    /// All deficits together.
    pub fn deficit(&self) -> Deficit {
        self.deficits.values().fold(Deficit::default(), |sum, one| Deficit {
            deficit: sum.deficit + one.deficit,
            insurance_fund: sum.insurance_fund + one.insurance_fund,
            deleveraged: sum.deleveraged + one.deleveraged,
            socialised: sum.socialised + one.socialised,
            uncovered: sum.uncovered + one.uncovered,
        })
    }

    /// The account that lost most beyond its own money; the lower number among equals.
    pub fn worst_account(&self) -> Option<(AccountId, i128)> {
        let deficits = self.deficits.iter().filter(|(_, one)| one.deficit > 0);
        deficits
            .max_by_key(|(account, one)| (one.deficit, std::cmp::Reverse(**account)))
            .map(|(account, one)| (*account, one.deficit))
    }

    /// The minute in which most was closed; the earlier one among equals.
    pub fn worst_minute(&self) -> Option<(i64, i128)> {
        let minutes = self.minutes.iter().map(|(minute, notional)| (*minute, *notional));
        minutes.max_by_key(|(minute, notional)| (*notional, std::cmp::Reverse(*minute)))
    }
}
