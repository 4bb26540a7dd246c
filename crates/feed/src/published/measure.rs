//! The measures of a run that published figures can be laid beside, and the words for them.
//!
//! Prices are those in force: a mark that the run's own forced trades moved counts as moved.

use domain::{FeedRole, Timestamp};

use crate::time::{HOUR, text};

/// Which point of a price's way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extreme {
    /// First.
    Open,
    /// Lowest.
    Low,
    /// Highest.
    High,
    /// Last.
    Close,
}

/// The point itself, or its minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// Its value.
    Value,
    /// When it was first met.
    Time,
}

/// Figures of a whole run that need no further words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Figures {
    /// Last prices that the guard flagged.
    Flagged,
    /// Accounts that were liquidated.
    LiquidatedAccounts,
    /// Notional closed, against the liquidity account or winners.
    LiquidatedNotional,
    /// The same as if the house were its whole market.
    LiquidatedMarketNotional,
    /// Share of it that was long.
    LiquidatedLongShare,
    /// Bursts of liquidation with a quiet stretch between.
    LiquidatedLegs,
    /// Notional closed against winners, as if the house were its whole market.
    DeleveragedMarketNotional,
    /// Share of the closed notional that was closed against winners.
    DeleveragedShare,
    /// Whether any winner was closed.
    DeleveragedStarted,
    /// Seconds from the first liquidation to the first winner closed.
    DeleveragedDelay,
    /// Liquidations that began before the first winner was closed.
    DeleveragedAfter,
    /// Whether every winner was closed for an account that was being liquidated at that instant.
    DeleveragedWithLiquidations,
    /// What the fund paid as a share of what it held before the first liquidation.
    FundDrawnShare,
    /// What the fund paid, as if the house were its whole market.
    FundMarketDraw,
    /// Whether the fund paid all that was lacking.
    FundSuffices,
    /// Whether the fund ends the run with at least what it began with.
    FundRefilled,
    /// Deficits, as if the house were its whole market.
    DeficitMarketValue,
    /// Accounts with a deficit.
    DeficitAccounts,
}

/// What kind of value a measure has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A number at 1e-16.
    Number,
    /// A time.
    Time,
    /// Yes or no.
    Flag,
}

/// A measure of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Measure {
    /// A point of a price stream, of the whole run or of one UTC day.
    Price {
        /// Which of the streams of a market.
        role: FeedRole,
        /// Asset of an index, instrument of a mark or a last price.
        name: String,
        /// Which point.
        extreme: Extreme,
        /// The point or its minute.
        moment: Moment,
        /// Midnight at which the day begins.
        on: Option<Timestamp>,
    },
    /// The lowest or highest funding rate of an instrument.
    Funding {
        /// The instrument.
        name: String,
        /// Low or high.
        extreme: Extreme,
        /// The rate or its time.
        moment: Moment,
    },
    /// Share of the closed notional that was closed in one instrument.
    LiquidatedIn(String),
    /// A figure of the whole run.
    Run(Figures),
}

/// Words of the figures that need no more.
const WORDS: [(&str, Figures); 18] = [
    ("prices flagged", Figures::Flagged),
    ("liquidated accounts", Figures::LiquidatedAccounts),
    ("liquidated notional", Figures::LiquidatedNotional),
    ("liquidated market_notional", Figures::LiquidatedMarketNotional),
    ("liquidated long_share", Figures::LiquidatedLongShare),
    ("liquidated legs", Figures::LiquidatedLegs),
    ("deleveraged market_notional", Figures::DeleveragedMarketNotional),
    ("deleveraged share", Figures::DeleveragedShare),
    ("deleveraged started", Figures::DeleveragedStarted),
    ("deleveraged delay", Figures::DeleveragedDelay),
    ("deleveraged after", Figures::DeleveragedAfter),
    ("deleveraged with_liquidations", Figures::DeleveragedWithLiquidations),
    ("fund drawn_share", Figures::FundDrawnShare),
    ("fund market_draw", Figures::FundMarketDraw),
    ("fund suffices", Figures::FundSuffices),
    ("fund refilled", Figures::FundRefilled),
    ("deficit market_value", Figures::DeficitMarketValue),
    ("deficit accounts", Figures::DeficitAccounts),
];

impl Measure {
    /// Reads the words of a measure.
    ///
    /// ```
    /// use feed::published::{Kind, Measure};
    /// assert_eq!(Measure::parse("mark BTC-PERP low_at", None).unwrap().kind(), Kind::Time);
    /// assert!(Measure::parse("mark BTC-PERP lowest", None).is_err());
    /// ```
    ///
    /// # Errors
    /// What would have been understood.
    pub fn parse(words: &str, on: Option<Timestamp>) -> Result<Measure, String> {
        let measure = Measure::read(words, on)?;
        match (&measure, on) {
            (Measure::Price { .. }, _) | (_, None) => Ok(measure),
            (_, Some(on)) => Err(format!("a price beside on = {}", text(on))),
        }
    }

    fn read(words: &str, on: Option<Timestamp>) -> Result<Measure, String> {
        if let Some((_, figure)) = WORDS.iter().find(|(known, _)| *known == words) {
            return Ok(Measure::Run(*figure));
        }
        let parts: Vec<&str> = words.split(' ').collect();
        let [first, name, last] = *parts.as_slice() else { return Err(known()) };
        let name = name.to_owned();
        let (point, moment) = match last.strip_suffix("_at") {
            Some(point) => (point, Moment::Time),
            None => (last, Moment::Value),
        };
        let role = match first {
            "mark" => FeedRole::Mark,
            "index" => FeedRole::Index,
            "last" => FeedRole::Last,
            "funding" => {
                let extreme = match point {
                    "lowest" => Extreme::Low,
                    "highest" => Extreme::High,
                    _ => return Err("lowest, highest, or either with _at".to_owned()),
                };
                return Ok(Measure::Funding { name, extreme, moment });
            }
            "liquidated" if point == "share" && moment == Moment::Value => {
                return Ok(Measure::LiquidatedIn(name));
            }
            _ => return Err(known()),
        };
        let extreme = match point {
            "open" => Extreme::Open,
            "low" => Extreme::Low,
            "high" => Extreme::High,
            "close" => Extreme::Close,
            _ => return Err("open, low, high, close, or one of them with _at".to_owned()),
        };
        Ok(Measure::Price { role, name, extreme, moment, on })
    }

    /// What kind of value it has.
    pub const fn kind(&self) -> Kind {
        match self {
            Measure::Price { moment: Moment::Time, .. }
            | Measure::Funding { moment: Moment::Time, .. } => Kind::Time,
            Measure::Run(
                Figures::DeleveragedStarted
                | Figures::DeleveragedWithLiquidations
                | Figures::FundSuffices
                | Figures::FundRefilled,
            ) => Kind::Flag,
            _ => Kind::Number,
        }
    }

    /// Whether it is scaled from the house to its whole market.
    pub const fn needs_market(&self) -> bool {
        matches!(
            self,
            Measure::Run(
                Figures::LiquidatedMarketNotional
                    | Figures::DeleveragedMarketNotional
                    | Figures::FundMarketDraw
                    | Figures::DeficitMarketValue
            )
        )
    }

    /// Where the span that it is taken over ends; the end of the day's window if `None`.
    pub fn ends(&self) -> Option<Timestamp> {
        match self {
            Measure::Price { on: Some(on), .. } => {
                Some(Timestamp::from_nanos(on.nanos().saturating_add(24 * HOUR)))
            }
            _ => None,
        }
    }
}

fn known() -> String {
    let figures = WORDS.map(|(words, _)| words).join(", ");
    format!(
        "mark, index or last with a name and a point (mark BTC-PERP low), funding NAME lowest, \
         liquidated NAME share, or one of {figures}"
    )
}
