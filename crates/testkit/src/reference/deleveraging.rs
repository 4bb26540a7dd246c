//! Closing a defaulted position against winners of the other side, at the bankruptcy quote.

use super::exact::{down, over, up, whole};
use super::fill::Fill;
use super::state::State;
use super::waterfall::Defaulted;
use domain::{AccountId, Effect, InstrumentId, Position, Quantity, Quote, Rounding, Value};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Scale of the two factors of a score.
const SCORE_ONE: i128 = 1_000_000;

/// Opponents left of each side (shorts: true) of each instrument: ranked when first needed in a
/// wave, then consumed in order.
pub(super) type Ranking = BTreeMap<(InstrumentId, bool), Vec<AccountId>>;

impl State {
    pub fn deleverage(&mut self, default: &mut Defaulted, ranking: &mut Ranking) {
        let matched = self.match_opponents(default, ranking);
        let size: i64 = matched.iter().map(|(_, size)| size).sum();
        if size == 0 {
            return;
        }
        let (account, instrument) = (default.account, default.position.instrument);
        let quotes = self.split(self.bankruptcy_quote(default, size), &matched, size);
        let buys = default.position.quantity.is_negative();
        for ((winner, size), quote) in matched.into_iter().zip(quotes) {
            let filled = Fill { quantity: if buys { size } else { -size }, quote };
            self.effects.push(Effect::Deleveraged {
                account,
                winner,
                instrument,
                quantity: Quantity::new(filled.quantity),
                quote: Quote::new(-filled.quote),
            });
            self.fill_client(winner, instrument, filled.opposite());
            self.fill_client(account, instrument, filled);
        }
        let settles = self.rules_of(instrument).settles;
        let value = self.worth(settles, self.lacking(default, size), Rounding::Up);
        self.recognise(account, settles, value);
        let value = Value::new(value);
        self.effects.push(Effect::DeficitDeleveraged { account, instrument, value });
        default.open -= size;
    }

    /// The forced quote less the size's part of what is lacking.
    fn bankruptcy_quote(&self, default: &Defaulted, size: i64) -> i128 {
        if let Some(share) = default.share(size) {
            let mark = self.instrument(default.position.instrument).mark.wide();
            let at_mark = i128::from(size) * mark;
            return if default.position.quantity.is_negative() {
                at_mark + share
            } else {
                share - at_mark
            };
        }
        self.forced_fill(&default.position, size).quote - default.part(size)
    }

    /// Opponents in order with what each closes. Who would end below zero is skipped for the wave;
    /// who closes all it has is used up.
    fn match_opponents(&self, default: &Defaulted, ranking: &mut Ranking) -> Vec<(AccountId, i64)> {
        let instrument = default.position.instrument;
        let shorts = default.position.quantity.is_positive();
        let limit = self.rulebook.limits.opponents_max as usize;
        let mut matched = Vec::new();
        let mut open = default.open;
        if open == 0 {
            return matched;
        }
        let ranked = || self.rank(instrument, shorts);
        let opponents = ranking.entry((instrument, shorts)).or_insert_with(ranked);
        while open > 0 && matched.len() < limit && !opponents.is_empty() {
            let opponent = opponents[0];
            let held = self.account(opponent).positions.get(&instrument).copied();
            let held = held.filter(|held| held.quantity.is_negative() == shorts);
            let size = held.map_or(0, |held| held.quantity.magnitude().units().min(open));
            let fits = size > 0 && self.survives(opponent, default, size);
            if fits {
                matched.push((opponent, size));
                open -= size;
            }
            let used_up = held.is_some_and(|held| held.quantity.magnitude().units() == size);
            if used_up || !fits {
                opponents.remove(0);
            }
        }
        matched
    }

    /// Whether an opponent's equity stays at zero or above, at a quote one unit worse than exact.
    fn survives(&self, opponent: AccountId, default: &Defaulted, size: i64) -> bool {
        let quote = 1 - self.bankruptcy_quote(default, size);
        let quantity = if default.position.quantity.is_negative() { -size } else { size };
        let filled = Fill { quantity, quote };
        let account = self.account(opponent);
        let after = self.after_fill(account, default.position.instrument, filled, 0);
        self.assess(&after).equity >= 0
    }

    /// Everybody on one side, highest score first, then by account.
    fn rank(&self, instrument: InstrumentId, shorts: bool) -> Vec<AccountId> {
        let mut scored = Vec::new();
        for (id, account) in &self.accounts {
            let held = account.positions.get(&instrument);
            let Some(held) = held.filter(|held| held.quantity.is_negative() == shorts) else {
                continue;
            };
            let equity = self.assess(account).equity;
            if equity > 0 {
                scored.push((Reverse(self.score(held, equity)), *id));
            }
        }
        scored.sort();
        scored.into_iter().map(|(_, id)| id).collect()
    }

    /// Share of profit times leverage; a share of loss over leverage. Both factors at 1e-6, down.
    fn score(&self, held: &Position, equity: i128) -> dashu_int::IBig {
        let mark = self.instrument(held.instrument).mark.wide();
        let profit = held.quantity.wide() * mark - held.cost.units();
        let cost = held.cost.units().abs().max(1);
        let share = (whole(profit) * over(SCORE_ONE, cost)).floor();
        let notional = self.notional(held, held.quantity.units());
        let leverage = down(&(whole(notional) * over(SCORE_ONE, equity))).max(1);
        if profit > 0 && share > dashu_int::IBig::ZERO {
            share * dashu_int::IBig::from(leverage)
        } else {
            let scaled = dashu_ratio::RBig::from(share) * over(SCORE_ONE * SCORE_ONE, leverage);
            scaled.floor()
        }
    }

    /// A quote split over sizes: floors of magnitudes, then a unit each to the largest remainders,
    /// ties to the lower place.
    fn split(&self, quote: i128, matched: &[(AccountId, i64)], size: i64) -> Vec<i128> {
        let exact = |part: i64| whole(quote.abs()) * over(i128::from(part), i128::from(size));
        let mut parts: Vec<i128> = matched.iter().map(|(_, part)| down(&exact(*part))).collect();
        let mut places: Vec<usize> = (0..matched.len()).collect();
        let rest = |place: usize| exact(matched[place].1) - whole(parts[place]);
        places.sort_by_key(|place| (Reverse(rest(*place)), *place));
        let left = quote.abs() - parts.iter().sum::<i128>();
        debug_assert_eq!(up(&over(left, 1)), left);
        for place in places.into_iter().take(left as usize) {
            parts[place] += 1;
        }
        parts.into_iter().map(|part| part * quote.signum()).collect()
    }
}
