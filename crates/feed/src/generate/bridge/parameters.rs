//! What a day file may say about the bridge: the table `[bridge]`.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

use super::super::millionths::{MILLION, Millionths};
use super::{MINUTES, wrong};
use crate::error::FeedError;

/// How hours become minutes.
///
/// ```
/// let text = "extreme_at = [{ at = \"2020-03-12T10:45:00Z\", extreme = \"low\" }]";
/// let parameters: feed::generate::bridge::Parameters = toml::from_str(text).unwrap();
/// assert_eq!(parameters.extreme_at[0].minute, 26_400_165);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameters {
    /// The asset whose mark orders the extremes of every series: close at or above open puts the
    /// low first. Default BTC (chosen).
    #[serde(default = "default_hub")]
    pub hub: String,
    /// Share of the noise's variance that all assets have in common. Default 0.9 (chosen).
    #[serde(default = "default_correlation")]
    pub correlation: Millionths,
    /// How far noise carries a minute from the straight leg, as a share of it. Default 0.2
    /// (chosen): more makes minutes jump, and jumps make deficits.
    #[serde(default = "default_amplitude")]
    pub amplitude: Millionths,
    /// Documented minutes of extremes.
    #[serde(default)]
    pub extreme_at: Vec<ExtremeAt>,
}

/// A documented minute at which every series has the extreme of its hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExtremeAt {
    /// The minute, counted since 1970-01-01T00:00Z; written as `2020-03-12T10:45:00Z`.
    #[serde(rename = "at", serialize_with = "print_minute", deserialize_with = "read_minute")]
    pub minute: i64,
    /// Which extreme.
    pub extreme: Extreme,
}

/// The two ends of a bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Extreme {
    /// The lowest price.
    Low,
    /// The highest price.
    High,
}

impl Extreme {
    /// The other end.
    pub fn opposite(self) -> Extreme {
        match self {
            Extreme::Low => Extreme::High,
            Extreme::High => Extreme::Low,
        }
    }
}

fn default_hub() -> String {
    "BTC".to_owned()
}

fn default_correlation() -> Millionths {
    Millionths::constant(900_000)
}

fn default_amplitude() -> Millionths {
    Millionths::constant(200_000)
}

impl Default for Parameters {
    fn default() -> Parameters {
        Parameters {
            hub: default_hub(),
            correlation: default_correlation(),
            amplitude: default_amplitude(),
            extreme_at: Vec::new(),
        }
    }
}

/// A minute since 1970 as text, for messages and day files.
pub(super) fn minute_text(minute: i64) -> String {
    minute
        .checked_mul(60)
        .and_then(|seconds| jiff::Timestamp::from_second(seconds).ok())
        .map_or_else(|| format!("minute {minute} since 1970"), |stamp| stamp.to_string())
}

fn print_minute<S: Serializer>(minute: &i64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&minute_text(*minute))
}

fn read_minute<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    let text = String::deserialize(deserializer)?;
    let expected = "expected a whole minute such as \"2020-03-12T10:45:00Z\"";
    let stamp: jiff::Timestamp =
        text.parse().map_err(|_| D::Error::custom(format!("{expected}, found \"{text}\"")))?;
    if stamp.subsec_nanosecond() != 0 || stamp.as_second() % 60 != 0 {
        return Err(D::Error::custom(format!("{expected}, found \"{text}\"")));
    }
    Ok(stamp.as_second() / 60)
}

impl Parameters {
    /// Checks ranges, and that every documented minute lies in the window and inside its hour.
    ///
    /// # Errors
    /// The first field out of its range.
    pub(super) fn validate(&self, first_hour: i64, hours: usize) -> Result<(), FeedError> {
        for (path, value, high) in [
            ("bridge.correlation", self.correlation, MILLION),
            ("bridge.amplitude", self.amplitude, 10 * MILLION),
        ] {
            if value.parts() > high {
                let range = format!("at most {}", Millionths::constant(high));
                return Err(wrong(path, range, value.to_string()));
            }
        }
        for (number, entry) in self.extreme_at.iter().enumerate() {
            let path = format!("bridge.extreme_at[{number}].at");
            let hour = entry.minute.div_euclid(60);
            if hour < first_hour || hour >= first_hour + hours as i64 {
                let from = minute_text(first_hour * 60);
                let expected = format!("a minute of the {hours} hours from {from}");
                return Err(wrong(&path, expected, minute_text(entry.minute)));
            }
            let inside = 1..MINUTES as i64 - 1;
            if !inside.contains(&entry.minute.rem_euclid(60)) {
                let expected = "a minute from :01 to :58, as :00 is the open and :59 the close";
                return Err(wrong(&path, expected, minute_text(entry.minute)));
            }
        }
        Ok(())
    }
}
