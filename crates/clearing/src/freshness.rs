//! Until when every price is young enough: one comparison a trade in place of a look at every price
//! that the account depends on.
//!
//! Derived from the books, outside digest and snapshot. An answer of "no" proves nothing: then the
//! account's own prices are asked.

use crate::house::Books;
use domain::{Duration, Timestamp};

/// How often, at most, a stale market makes all of them looked at: each sixteenth of the limit.
const LOOKS: i64 = 16;

/// All prices are there and young enough up to a time.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Freshness {
    until: Option<Timestamp>,
    looked_at: Option<Timestamp>,
}

impl Freshness {
    /// Whether no account can meet a missing or stale price at `now`.
    pub fn covers(self, now: Timestamp) -> bool {
        self.until.is_some_and(|until| now <= until)
    }

    /// Forgets what it knew: the markets or the limit changed.
    pub const fn forget(&mut self) {
        *self = Self { until: None, looked_at: None };
    }
}

/// After a price: looks at every market anew once the known time has passed, or after the `first`
/// price of a market.
pub(crate) fn renew(books: &mut Books, first: bool) {
    let now = books.now();
    if books.freshness.covers(now) {
        return;
    }
    let limit = books.rulebook.oracle.stale_after;
    let pause = Duration::from_nanos(limit.nanos() / LOOKS);
    let soon = |looked_at: Timestamp| now.since(looked_at) < pause;
    if !first && books.freshness.looked_at.is_some_and(soon) {
        return;
    }
    let until = oldest(books).map(|oldest| oldest.plus(limit));
    books.freshness = Freshness { until, looked_at: Some(now) };
}

/// When the oldest price was observed; `None` where one is missing. Nobody holds anything in an
/// instrument that expired.
fn oldest(books: &Books) -> Option<Timestamp> {
    let live = books.instruments.iter().filter(|market| !market.expired);
    let marks = live.map(|market| (market.mark, market.published_at));
    let numeraire = books.rulebook.numeraire.index();
    let indexed = books.assets.iter().enumerate().filter(|(place, _)| *place != numeraire);
    let indexes = indexed.map(|(_, market)| (market.price, market.published_at));
    let mut oldest = books.now();
    for (price, published_at) in marks.chain(indexes) {
        if !price.is_positive() {
            return None;
        }
        oldest = oldest.min(published_at);
    }
    Some(oldest)
}
