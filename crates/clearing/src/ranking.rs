//! Who stands on the other side of a default, in order of rank.
//!
//! A ranking is made once a wave for each side of an instrument, from a score of every account on
//! it: the score depends on the account's equity at the prices of the wave, so it is a pass over
//! all accounts. What follows costs what is taken.

use crate::house::Books;
use alloc::vec::Vec;
use core::cmp::Reverse;
use domain::rulebook::DeleveragingRule;
use domain::{AccountId, InstrumentId};
use risk::deleveraging::score;

/// Opponents of one side of one instrument, scored once a wave and consumed in order: highest score
/// first, then by account. Sorted only as far as they are asked for, since most never are.
#[derive(Clone, Debug)]
pub(crate) struct Ranked {
    instrument: InstrumentId,
    shorts: bool,
    opponents: Vec<(Reverse<i128>, AccountId)>,
    sorted: usize,
    next: usize,
}

/// Opponents sorted at first; each later part is four times what is sorted already.
const SORTED_FIRST: usize = 256;

impl Ranked {
    /// The opponent whose turn it is.
    pub fn peek(&mut self) -> Option<AccountId> {
        if self.next == self.sorted {
            self.sort_more();
        }
        self.opponents.get(self.next).map(|(_, account)| *account)
    }

    /// The next one's turn.
    pub const fn pass(&mut self) {
        self.next += 1;
    }

    /// Brings the best of the unsorted to their front, in order.
    fn sort_more(&mut self) {
        let rest = self.opponents.get_mut(self.sorted..).unwrap_or(&mut []);
        let part = (4 * self.sorted).max(SORTED_FIRST);
        if part < rest.len() {
            rest.select_nth_unstable(part);
        }
        let part = part.min(rest.len());
        rest.get_mut(..part).unwrap_or(&mut []).sort_unstable();
        self.sorted += part;
    }
}

/// Rankings of the present wave.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ranking {
    sides: Vec<Ranked>,
}

impl Ranking {
    /// A new wave has new prices: rank anew.
    pub fn clear(&mut self) {
        self.sides.clear();
    }

    /// One side's ranking, made when it is first asked for.
    pub fn side(
        &mut self,
        books: &Books,
        rule: DeleveragingRule,
        instrument: InstrumentId,
        shorts: bool,
    ) -> Option<&mut Ranked> {
        let known = self
            .sides
            .iter()
            .position(|side| side.instrument == instrument && side.shorts == shorts);
        let at = known.unwrap_or_else(|| {
            let opponents = rank(books, rule, instrument, shorts);
            self.sides.push(Ranked { instrument, shorts, opponents, sorted: 0, next: 0 });
            self.sides.len() - 1
        });
        self.sides.get_mut(at)
    }
}

/// Every account on one side of an instrument with its score. A pass over all accounts: what a
/// score is depends on the equity of each at the present prices.
fn rank(
    books: &Books,
    rule: DeleveragingRule,
    instrument: InstrumentId,
    shorts: bool,
) -> Vec<(Reverse<i128>, AccountId)> {
    let prices = books.prices();
    let mut scored = Vec::new();
    for account in books.accounts.ids() {
        let Some(position) = books.accounts.position(account, instrument) else { continue };
        if position.quantity.is_negative() == shorts {
            let portfolio = books.accounts.portfolio(account);
            if let Some(score) = score(rule, &portfolio, &position, &prices) {
                scored.push((Reverse(score), account));
            }
        }
    }
    scored
}

#[cfg(test)]
mod tests {
    use super::*;

    /// However many are asked for, they come as a full sort has them.
    #[test]
    fn parts_come_in_the_order_of_the_whole() {
        let mut state = 7u64;
        let mut next = |bound: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) % bound
        };
        for count in [0, 1, 255, 256, 257, 1_280, 1_281, 10_000] {
            let mut opponents: Vec<(Reverse<i128>, AccountId)> = (0..count)
                .map(|number| (Reverse(i128::from(next(50))), AccountId::new(number)))
                .collect();
            let instrument = InstrumentId::new(0);
            let mut ranked = Ranked {
                instrument,
                shorts: true,
                opponents: opponents.clone(),
                sorted: 0,
                next: 0,
            };
            opponents.sort_unstable();
            for (_, account) in &opponents {
                assert_eq!(ranked.peek(), Some(*account), "of {count}");
                ranked.pass();
            }
            assert_eq!(ranked.peek(), None);
        }
    }
}
