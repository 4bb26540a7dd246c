//! From minutes to points: buckets of equal width, few enough to draw and to keep.
//!
//! A level gives its lowest and highest of each bucket, in the order they were met, so that no
//! extreme is lost; a flow gives its sum. Law: a series has at most [`POINTS_MAX`] points.

use std::collections::BTreeMap;

use crate::chronicle::minutes::Levels;

/// Points of a series at most.
pub const POINTS_MAX: i64 = 4_000;

/// Rows of a chart's folded table at most.
const ROWS_MAX: i64 = 50;

/// Bucket widths in minutes that people can name.
const WIDTHS: [i64; 14] = [1, 2, 5, 10, 15, 20, 30, 60, 120, 240, 480, 720, 1_440, 10_080];

/// Minutes of a run, and the widths to show them at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grid {
    /// First minute.
    pub from: i64,
    /// Last minute.
    pub to: i64,
    /// Points of a series at most.
    pub points: i64,
}

/// Lowest and highest of a bucket in the order they were met.
pub type Pair = (i128, i128);

impl Grid {
    /// Minutes from the first to the last, both included.
    pub fn minutes(&self) -> i64 {
        (self.to - self.from + 1).max(1)
    }

    /// The smallest width that needs at most so many buckets.
    pub fn width(&self, buckets_max: i64) -> i64 {
        let needed = (self.minutes() + buckets_max - 1) / buckets_max;
        let named = WIDTHS.iter().find(|width| **width >= needed);
        named.copied().unwrap_or(needed)
    }

    /// Width of the rows of a folded table.
    pub fn row_width(&self) -> i64 {
        self.width(ROWS_MAX)
    }

    /// Starts of the buckets of a width, aligned to it.
    pub fn starts(&self, width: i64) -> impl Iterator<Item = i64> + use<> {
        let (first, last) = (self.from.div_euclid(width), self.to.div_euclid(width));
        (first..=last).map(move |bucket| bucket * width)
    }

    /// Extremes of a level in each bucket, `None` where it was not met.
    pub fn pairs(&self, width: i64, levels: &Levels) -> Vec<Option<Pair>> {
        let mut buckets: BTreeMap<i64, (i128, i128, bool)> = BTreeMap::new();
        for row in levels.rows() {
            let bucket = row.minute.div_euclid(width);
            let known = buckets.entry(bucket).or_insert((row.low, row.high, row.low_first));
            if row.low < known.0 {
                (known.0, known.2) = (row.low, row.high > known.1 && row.low_first);
            }
            if row.high > known.1 {
                (known.1, known.2) = (row.high, row.low != known.0 || row.low_first);
            }
        }
        let pair = |(low, high, low_first)| if low_first { (low, high) } else { (high, low) };
        self.starts(width)
            .map(|start| buckets.get(&start.div_euclid(width)).copied().map(pair))
            .collect()
    }

    /// Sums of a flow in each bucket.
    pub fn sums(&self, width: i64, flow: &BTreeMap<i64, i128>) -> Vec<i128> {
        let sum = |start: i64| flow.range(start..start + width).map(|(_, value)| value).sum();
        self.starts(width).map(sum).collect()
    }
}

#[cfg(test)]
mod tests {
    //! Goal: few enough points, and no extreme or unit of a sum lost. Method: tables.

    use super::*;

    #[test]
    fn widths_keep_the_limit() {
        let table = [(1, 1), (4_000, 1), (4_001, 2), (44_640, 15), (10_000_000, 10_080)];
        for (minutes, width) in table {
            let grid = Grid { from: 7, to: 6 + minutes, points: POINTS_MAX };
            assert_eq!(grid.width(POINTS_MAX), width, "{minutes}");
            assert!(grid.starts(width).count() as i64 <= POINTS_MAX + 1, "{minutes}");
        }
    }

    #[test]
    fn extremes_survive_in_order() {
        let mut levels = Levels::default();
        for (minute, value) in [(0, 5), (1, 9), (2, 1), (4, 7), (5, 7)] {
            levels.meet(minute, value);
        }
        let grid = Grid { from: 0, to: 9, points: POINTS_MAX };
        let expected = [(3, vec![Some((9, 1)), Some((7, 7)), None, None])];
        for (width, pairs) in expected {
            assert_eq!(grid.pairs(width, &levels), pairs);
        }
    }

    #[test]
    fn sums_lose_nothing() {
        let flow: BTreeMap<i64, i128> = [(0, 5), (1, 9), (4, 1), (9, 2)].into();
        let grid = Grid { from: 0, to: 9, points: POINTS_MAX };
        for width in [1, 2, 5, 10] {
            assert_eq!(grid.sums(width, &flow).iter().sum::<i128>(), 17, "{width}");
        }
    }
}
