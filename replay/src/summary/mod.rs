//! What a run came to: gathered from effects, written as one screen and as one document.

pub mod document;
pub mod feedback;
pub mod numbers;
pub mod screen;
pub mod statistics;

use domain::Rulebook;

pub use statistics::Statistics;

/// What the summary says besides the figures.
#[derive(Debug, Clone)]
pub struct Facts {
    /// What was run, with its provenance.
    pub title: String,
    /// Schema of the document.
    pub schema: &'static str,
    /// Name of the rulebook.
    pub rulebook: String,
    /// What `--set` replaced in it, as given.
    pub overrides: Vec<String>,
    /// Seed of what was invented, where something was.
    pub seed: Option<u64>,
    /// `--until`, where given.
    pub until: Option<String>,
    /// Whether accounts were invented.
    pub synthetic_accounts: bool,
    /// The state digest at the end, 64 hexadecimal digits.
    pub state_digest: String,
    /// The run directory or journal.
    pub place: String,
    /// The next command to try.
    pub next: String,
}

/// The sentence about invented accounts.
pub const NOT_COMPARABLE: &str =
    "the accounts are invented: these totals are not comparable with published ones";

/// Where the run's marks came from, in the words of the command line.
pub fn price_mode(rulebook: Option<&Rulebook>) -> &'static str {
    let mode = rulebook.map(|rulebook| rulebook.sections.liquidity.price_mode);
    feed::rulebook::mode_word(mode.unwrap_or_default())
}

/// Name of the numeraire, for figures.
pub fn numeraire(rulebook: Option<&Rulebook>) -> String {
    let rules = rulebook.and_then(|rulebook| rulebook.asset(rulebook.numeraire));
    rules.map_or_else(|| "of the numeraire".to_owned(), |rules| rules.name.clone())
}

/// A price stream as people name it, with the places of its price unit.
pub fn stream_name(rulebook: &Rulebook, feed: domain::Feed) -> Option<(String, u32)> {
    if feed.role == domain::FeedRole::Index {
        let rules = rulebook.asset(domain::AssetId::new(feed.target))?;
        Some((rules.name.clone(), 16u32.saturating_sub(u32::from(rules.decimals))))
    } else {
        let rules = rulebook.instrument(domain::InstrumentId::new(feed.target))?;
        Some((rules.name.clone(), u32::from(rules.price_decimals)))
    }
}
