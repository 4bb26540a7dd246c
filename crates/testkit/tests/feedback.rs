//! Goal: forced trades feed back into prices as the closed forms say, and a differential run under
//! the rules of its baseline is the recorded day.
//!
//! Method: a uniform density of equal long accounts under linear depth, closed whole, whose
//! thresholds lie at the right edges of their cells (models 7.4); the move is compared with
//! d0 (1 - n^(w+1)) / (1 - n) wave by wave and with d0 / (1 - n) at the end, within the stated
//! bound of one account's impact. Then prices through a baseline pass and a differential run.

use clearing::{ClearingHouse, SEMANTICS};
use domain::command::{
    BaselineImpact, Deposit, Genesis, OpenAccount, PayInCapital, PublishPrice,
    PublishPriceWithBaseline, Pulse, RegisterTrade, SetRulebook,
};
use domain::event::HOUSE_PRODUCER;
use domain::rulebook::{ImpactModel, PriceMode};
use domain::{
    AccountId, Amount, AssetId, Command, Effect, Event, Feed, InstrumentId, Price, Quantity, Quote,
    Ratio, Rulebook, Timestamp,
};
use testkit::scenario::rulebook;

const PERP: InstrumentId = InstrumentId::new(0);
const USD: AssetId = AssetId::new(0);
const UNIT: i64 = 100_000_000;
const START: i64 = 100 * UNIT;
const VALUE_ONE: i128 = 10_000_000_000_000_000;

/// A machine that is sent commands second by second, pulses where they are due.
struct Sent {
    house: ClearingHouse,
    counts: [u64; 2],
    at: i64,
}

impl Sent {
    fn new(rules: &Rulebook) -> Self {
        let mut sent = Self { house: ClearingHouse::new(), counts: [0; 2], at: 1_000_000_000 };
        let rulebook = rules.clone();
        sent.send(Genesis { semantics: SEMANTICS, seal_interval: 4_096, rulebook }.into());
        sent
    }

    fn apply(&mut self, producer: u32, at: Timestamp, command: Command) -> Vec<Effect> {
        let count = &mut self.counts[usize::from(producer != HOUSE_PRODUCER)];
        *count += 1;
        let event = Event {
            sequence: self.house.sequence().next(),
            timestamp: at,
            producer,
            producer_seq: *count,
            command,
        };
        let mut effects = Vec::new();
        self.house.apply(&event, &mut effects);
        effects
    }

    /// The command's effects, a second after the last one's.
    fn send(&mut self, command: Command) -> Vec<Effect> {
        self.at += 1_000_000_000;
        let at = Timestamp::from_nanos(self.at);
        while let Some(due) = self.house.next_pulse().filter(|due| *due <= at) {
            let due = due.max(self.house.timestamp());
            self.apply(HOUSE_PRODUCER, due, Pulse {}.into());
        }
        self.apply(1, at, command)
    }

    fn mark(&mut self, price: i64) -> Vec<Effect> {
        let price = self.price(price);
        self.send(price.into())
    }

    fn price(&self, units: i64) -> PublishPrice {
        PublishPrice {
            feed: Feed::mark(PERP),
            source: 0,
            price: Price::new(units),
            confidence: Price::new(0),
            published_at: Timestamp::from_nanos(self.at),
        }
    }

    fn open(&mut self, account: u64, cash: i128) {
        let account = AccountId::new(account);
        self.send(OpenAccount { account }.into());
        self.send(Deposit { account, asset: USD, amount: Amount::new(cash) }.into());
    }

    fn buy(&mut self, buyer: u64, seller: u64, quantity: i64) {
        let trade = RegisterTrade {
            buyer: AccountId::new(buyer),
            seller: AccountId::new(seller),
            instrument: PERP,
            quantity: Quantity::new(quantity),
            price: Price::new(START),
            buyer_fee: Amount::ZERO,
            seller_fee: Amount::ZERO,
        };
        let effects = self.send(trade.into());
        assert!(matches!(effects.first(), Some(Effect::Novated { .. })), "{effects:?}");
    }
}

/// The scenarios' rulebook with one market of linear depth, limits above every number of accounts.
fn linear(depth: i128) -> Rulebook {
    let mut rules = rulebook("depth").expect("the rulebook of the scenarios is valid");
    rules.limits.cascade_waves_max = u16::MAX;
    rules.limits.steps_per_event = u32::MAX;
    // What a step would leave is swept: full close.
    rules.liquidation.dust = 10_000;
    let market = &mut rules.sections.liquidity.markets[0];
    market.model = ImpactModel::LinearReturns;
    market.venues[0].depth = Quote::new(depth);
    market.distance_max = Ratio::from_parts(500_000);
    let perpetual = &mut rules.instruments[0];
    perpetual.lot = Quantity::new(1);
    perpetual.slippage = Ratio::ZERO;
    for tier in &mut perpetual.tiers {
        tier.maintenance = Ratio::from_parts(10_000);
        tier.release = Ratio::from_parts(10_000);
        tier.initial = Ratio::from_parts(10_000);
    }
    rules
}

/// Accounts of 1,000 USD of notional, one each 2 bp of return.
const ACCOUNTS: u64 = 700;
const NOTIONAL: i128 = 1_000;
const CELL: i128 = 5_000;

/// The moves, in 1e-8 of the starting price, after the shock and after each wave; every account
/// that fell was closed whole.
fn moves(branching: Ratio, shock: i64) -> (Vec<i64>, usize) {
    // n = lambda l, l = notional per cell, lambda = 1 % / depth: depth = 1 % * l / n.
    let density = NOTIONAL * CELL * VALUE_ONE / 100;
    let over = i128::from(branching.denominator());
    let depth = density * over / i128::from(branching.numerator());
    let rules = linear(depth);
    let mut sent = Sent::new(&rules);
    sent.mark(START);
    let short = ACCOUNTS;
    for account in 0..ACCOUNTS {
        // Liquidatable beyond a return of (account + 1) cells: equity less 1 % of what is left.
        let edge = i128::from(account + 1) * i128::from(UNIT) * NOTIONAL / CELL;
        let margin = (i128::from(UNIT) * NOTIONAL - edge) / 100;
        sent.open(account, edge + margin);
    }
    sent.open(short, 50_000_000 * i128::from(UNIT));
    let capital = PayInCapital { asset: USD, amount: Amount::new(10_000_000 * i128::from(UNIT)) };
    sent.send(capital.into());
    for account in 0..ACCOUNTS {
        sent.buy(account, short, 10 * UNIT);
    }
    // From here on a liquidation stops only where nothing is left: full close.
    let mut full = rules;
    for tier in &mut full.instruments[0].tiers {
        (tier.release, tier.initial) =
            (Ratio::from_parts(100_000_000), Ratio::from_parts(100_000_000));
    }
    sent.send(SetRulebook { rulebook: full }.into());
    let effects = sent.mark(START - shock);
    let mut moves = vec![shock];
    let mut fell = 0;
    for effect in &effects {
        match *effect {
            Effect::MarkMoved { mark, .. } => moves.push(START - mark.units()),
            Effect::LiquidationStarted { .. } => fell += 1,
            Effect::LiquidationEnded { account, .. } => {
                let view = sent.house.account(account).expect("an opened account");
                assert!(view.positions.is_empty(), "{account:?} is closed whole");
            }
            _ => {}
        }
    }
    assert_eq!(sent.house.check_invariants(), Ok(()));
    (moves, fell)
}

#[test]
fn amplification_is_one_over_one_less_n() {
    let shock = START / 100;
    for tenths in 1..=9u64 {
        let branching = Ratio::new(tenths, 10).expect("a ratio");
        let (moves, fell) = moves(branching, shock);
        let (n, d) = (i128::from(tenths), 10i128);
        // One account's impact is n cells of 2 bp; times A it bounds what is missing.
        let bound = i128::from(START) / CELL * n / d * d / (d - n) + 100;
        let total = i128::from(shock) * d / (d - n);
        let last = i128::from(*moves.last().expect("at least the shock"));
        assert!((total - bound..=total).contains(&last), "n {tenths}/10: {last} of {total}");
        // After w waves: d0 (1 - n^(w+1)) / (1 - n).
        let mut sum = 0;
        let mut term = i128::from(shock);
        for (wave, moved) in moves.iter().enumerate() {
            sum += term;
            term = term * n / d;
            let moved = i128::from(*moved);
            let within = (sum - bound..=sum + 1).contains(&moved);
            assert!(within, "n {tenths}/10 wave {wave}: {moved}, expected {sum} less {bound}");
        }
        println!("n {tenths}/10: {last} of {total} in {} waves, {fell} accounts", moves.len() - 1);
    }
}

#[test]
fn five_waves_at_a_half_reach_the_published_sum() {
    let (moves, _) = moves(Ratio::from_parts(500_000), START / 100);
    // 1.96875 of 2, within one account's impact (1 bp) doubled.
    let fifth = moves[5];
    assert!((START / 100 * 196_875 / 100_000 - START / 5_000..).contains(&fifth), "{fifth}");
    assert!(fifth <= START / 100 * 196_875 / 100_000);
}

#[test]
fn above_one_the_cascade_runs_away() {
    let (moves, fell) = moves(Ratio::from_parts(1_100_000), START / 100);
    assert_eq!(fell as u64, ACCOUNTS, "everybody falls");
    assert!(moves.last().expect("moved") > &(START / 10), "{moves:?}");
}

/// Prices that fall, recover and fall again; accounts of many leverages; depth that refills.
fn day(rules: &Rulebook, baseline: &[Vec<BaselineImpact>]) -> (Vec<Vec<Effect>>, ClearingHouse) {
    let mut sent = Sent::new(rules);
    let mut heard = Vec::new();
    sent.mark(START);
    for account in 0..40 {
        sent.open(account, i128::from(UNIT) * (105 + 6 * i128::from(account)));
    }
    sent.open(40, 50_000_000 * i128::from(UNIT));
    for account in 0..40 {
        sent.buy(account, 40, 10 * UNIT);
    }
    let mut price = START;
    for step in 0..400i64 {
        // A sawtooth with a trend: down 35 % and half way back.
        let trend = if step < 260 { -13 } else { 9 };
        price += price / 10_000 * (trend + (step * 37 % 23) - 11);
        let command = sent.price(price);
        let told = baseline.get(step as usize).cloned().unwrap_or_default();
        let command = if told.is_empty() {
            command.into()
        } else {
            PublishPriceWithBaseline { price: command, baseline: told }.into()
        };
        heard.push(sent.send(command));
    }
    assert_eq!(sent.house.check_invariants(), Ok(()));
    (heard, sent.house)
}

/// What a baseline pass tells each of its prices' commands; its pulses fall between them.
fn told(heard: &[Vec<Effect>], first: i64) -> Vec<Vec<BaselineImpact>> {
    let seconds = |place: usize| Timestamp::from_nanos(first + place as i64 * 1_000_000_000);
    let rows = heard.iter().enumerate().map(|(place, effects)| {
        let moved = effects.iter().filter_map(|effect| match *effect {
            Effect::ImpactMoved { instrument, wave, permanent, transient, gap, .. } => {
                let since = seconds(place);
                Some(BaselineImpact { instrument, wave, permanent, transient, gap, since })
            }
            _ => None,
        });
        moved.collect()
    });
    rows.collect()
}

#[test]
fn a_differential_run_under_equal_rules_is_the_recorded_day() {
    let mut rules = rulebook("depth").expect("valid");
    rules.instruments[0].lot = Quantity::new(1);
    rules.limits.cascade_waves_max = 50;
    let liquidity = &mut rules.sections.liquidity;
    liquidity.markets[0].model = ImpactModel::Depth { exponent: Ratio::from_parts(400_000) };
    liquidity.markets[0].refill = domain::Duration::from_seconds(25);
    liquidity.markets[0].permanent = Ratio::from_parts(330_000);
    // Nobody waits for a pulse: what pulses do is shown by the market days.
    liquidity.markets[0].distance_max = Ratio::from_parts(500_000);
    let with = |mode: PriceMode| {
        let mut rules = rules.clone();
        rules.sections.liquidity.price_mode = mode;
        rules
    };
    let (base, _) = day(&with(PriceMode::Baseline), &[]);
    let first = first_price_at();
    let baseline = told(&base, first);
    let moved = baseline.iter().filter(|row| !row.is_empty()).count();
    assert!(moved > 10, "the baseline moved {moved} times");
    let (same, _) = day(&with(PriceMode::Differential), &baseline);
    assert_eq!(same, base, "equal rules: the same effects, no mark moved");
    let recorded = |effects: &[Vec<Effect>]| {
        effects.iter().flatten().filter(|one| matches!(one, Effect::MarkMoved { .. })).count()
    };
    assert_eq!(recorded(&same), 0);
    // Half the depth: what is beyond the baseline's impact shows, and nothing else.
    let mut thin = with(PriceMode::Differential);
    thin.sections.liquidity.markets[0].venues[0].depth = Quote::new(5_000 * VALUE_ONE);
    let (thinner, _) = day(&thin, &baseline);
    assert!(recorded(&thinner) > 10);
    // Synthetic: all of it shows.
    let (synthetic, _) = day(&with(PriceMode::Synthetic), &[]);
    assert!(recorded(&synthetic) > recorded(&thinner) / 2);
}

/// When the first price of `day`'s path is sent: a second after each command before it.
fn first_price_at() -> i64 {
    // Genesis, the first mark, 41 accounts with a deposit each, 40 trades.
    1_000_000_000 * (1 + 1 + 1 + 82 + 40 + 1)
}
