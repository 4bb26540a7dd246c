//! Figures by minute: levels that a figure stood at, and flows that add up.
//!
//! Units are the caller's; minutes are whole minutes since 1970, UTC. Memory is bounded by the
//! minutes in which something happened, whatever the number of events.

use std::collections::BTreeMap;

/// What a figure did in one minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Level {
    /// Which minute.
    pub minute: i64,
    /// Lowest met.
    pub low: i128,
    /// Highest met.
    pub high: i128,
    /// Whether the lowest was met before the highest.
    pub low_first: bool,
    /// Last met.
    pub last: i128,
}

/// A figure over time, in ascending minutes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Levels {
    rows: Vec<Level>,
}

impl Levels {
    /// The figure stands at `value`. Minutes do not go back.
    pub fn meet(&mut self, minute: i64, value: i128) {
        match self.rows.last_mut() {
            Some(row) if row.minute >= minute => {
                if value < row.low {
                    (row.low, row.low_first) = (value, false);
                }
                if value > row.high {
                    (row.high, row.low_first) = (value, true);
                }
                row.last = value;
            }
            _ => {
                let (low, high, last) = (value, value, value);
                self.rows.push(Level { minute, low, high, low_first: true, last });
            }
        }
    }

    /// Every minute in which the figure was met.
    pub fn rows(&self) -> &[Level] {
        &self.rows
    }

    /// Where the figure stood at the end of a minute: the last met at or before it.
    pub fn at(&self, minute: i64) -> Option<i128> {
        let after = self.rows.partition_point(|row| row.minute <= minute);
        self.rows.get(after.checked_sub(1)?).map(|row| row.last)
    }

    /// The first figure met.
    pub fn first(&self) -> Option<i128> {
        self.rows.first().map(|row| row.low)
    }

    /// The last figure met.
    pub fn last(&self) -> Option<i128> {
        self.rows.last().map(|row| row.last)
    }

    /// The lowest figure met, and its minute.
    pub fn lowest(&self) -> Option<(i64, i128)> {
        self.rows
            .iter()
            .map(|row| (row.minute, row.low))
            .min_by_key(|(minute, low)| (*low, *minute))
    }

    /// The highest figure met.
    pub fn highest(&self) -> Option<i128> {
        self.rows.iter().map(|row| row.high).max()
    }
}

/// Sums by minute and key.
#[derive(Debug, Clone)]
pub struct Flows<K> {
    rows: BTreeMap<(i64, K), i128>,
}

impl<K> Default for Flows<K> {
    fn default() -> Flows<K> {
        Flows { rows: BTreeMap::new() }
    }
}

impl<K: Ord + Copy> Flows<K> {
    /// Adds to the sum of a minute and key.
    pub fn add(&mut self, minute: i64, key: K, value: i128) {
        *self.rows.entry((minute, key)).or_default() += value;
    }

    /// Every sum, in ascending minutes and keys.
    pub fn rows(&self) -> impl Iterator<Item = (i64, K, i128)> + '_ {
        self.rows.iter().map(|((minute, key), value)| (*minute, *key, *value))
    }

    /// Whether nothing was ever added.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Sums over all minutes, by what a key is grouped as.
    pub fn totals<G: Ord>(&self, group: impl Fn(K) -> G) -> BTreeMap<G, i128> {
        let mut totals = BTreeMap::new();
        for (_, key, value) in self.rows() {
            *totals.entry(group(key)).or_default() += value;
        }
        totals
    }

    /// Sums by minute of what one group of keys holds.
    pub fn by_minute(&self, member: impl Fn(K) -> bool) -> BTreeMap<i64, i128> {
        let mut sums = BTreeMap::new();
        for (minute, _, value) in self.rows().filter(|(_, key, _)| member(*key)) {
            *sums.entry(minute).or_default() += value;
        }
        sums
    }
}

#[cfg(test)]
mod tests {
    //! Goal: a minute keeps its extremes in their order. Method: tables.

    use super::*;

    #[test]
    fn a_minute_keeps_its_extremes_in_order() {
        let table: [(&[i128], Level); 3] = [
            (&[5, 3, 9, 4], Level { minute: 1, low: 3, high: 9, low_first: true, last: 4 }),
            (&[5, 9, 3], Level { minute: 1, low: 3, high: 9, low_first: false, last: 3 }),
            (&[5], Level { minute: 1, low: 5, high: 5, low_first: true, last: 5 }),
        ];
        for (values, expected) in table {
            let mut levels = Levels::default();
            values.iter().for_each(|value| levels.meet(1, *value));
            assert_eq!(levels.rows(), [expected]);
        }
    }

    #[test]
    fn a_level_holds_until_the_next() {
        let mut levels = Levels::default();
        levels.meet(10, 1);
        levels.meet(20, -4);
        let table = [(9, None), (10, Some(1)), (19, Some(1)), (20, Some(-4)), (99, Some(-4))];
        for (minute, expected) in table {
            assert_eq!(levels.at(minute), expected, "{minute}");
        }
        assert_eq!(levels.lowest(), Some((20, -4)));
    }

    #[test]
    fn flows_add_up_by_any_group() {
        let mut flows = Flows::default();
        for (minute, key, value) in [(1, 'a', 2), (1, 'b', 3), (2, 'a', 5), (1, 'a', 1)] {
            flows.add(minute, key, value);
        }
        assert_eq!(flows.rows().count(), 3);
        assert_eq!(flows.totals(|key| key), BTreeMap::from([('a', 8), ('b', 3)]));
        assert_eq!(flows.by_minute(|_| true), BTreeMap::from([(1, 6), (2, 5)]));
    }
}
