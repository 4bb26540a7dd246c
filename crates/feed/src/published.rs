//! `published.toml`: what was published about a market day, for comparison with a run of it.
//!
//! A figure names its value or range, unit, source, class, and either the measure of a run that
//! it is laid beside (`ours`, see [`Measure`]) or why there is none (`cannot`). Class 1 is checked
//! exactly, 2 in order of magnitude, 3 in shape alone. Law: the file says what was published and
//! what a shape must be, never what came of the comparison.

mod measure;

pub use measure::{Extreme, Figures, Kind, Measure, Moment};

use std::path::Path;

use domain::Timestamp;
use rust_decimal::Decimal;
use serde::Deserialize;

use crate::decimal;
use crate::document::Document;
use crate::error::{FeedError, FeedErrors, Place};
use crate::time;

/// The schema this version reads.
pub const SCHEMA: &str = "clearsim.published/1";

/// The file's name in the folder of its day.
pub const FILE: &str = "published.toml";

/// Places of every number of this module: 1e-16.
pub const PLACES: u32 = 16;

/// How far a published figure can be checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// To its last published digit.
    Exact,
    /// In order of magnitude.
    Order,
    /// In shape: did it happen, which side, how late.
    Shape,
}

impl Class {
    /// The word of files.
    pub const fn word(self) -> &'static str {
        match self {
            Class::Exact => "exact",
            Class::Order => "order",
            Class::Shape => "shape",
        }
    }
}

/// What was published: one value or a range of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Numbers at 1e-16, lowest and highest, and the most places either was published with.
    Number([i128; 2], u32),
    /// From the first time on, and before the second; a minute where one time was published.
    Time([Timestamp; 2]),
    /// Whether it happened.
    Flag(bool),
    /// Words alone, for what cannot be compared.
    Words(String),
}

/// What a figure is laid beside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ours {
    /// A measure of the run.
    Measure(Measure),
    /// Nothing, for this reason.
    Cannot(String),
}

/// A published figure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figure {
    /// What it is.
    pub name: String,
    /// What was published.
    pub value: Value,
    /// Unit of its numbers; empty for times and flags.
    pub unit: String,
    /// Who published it.
    pub source: String,
    /// How far it can be checked.
    pub class: Class,
    /// What it is laid beside.
    pub ours: Ours,
    /// For a number of shape: what ours has to lie between, both ends included.
    pub holds: Option<[i128; 2]>,
}

/// What the house of the day is a part of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Whole {
    /// Open notional of the whole market at the opening, at 1e-16.
    pub open_notional: i128,
    /// The instrument it was published for; all of them if absent.
    pub of: Option<String>,
    /// Who published it.
    pub source: String,
}

/// All that was published about a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// What the house is a part of, where known.
    pub market: Option<Whole>,
    /// The figures, in the order of the file.
    pub figures: Vec<Figure>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    schema: String,
    market: Option<MarketFields>,
    figure: Vec<FigureFields>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct MarketFields {
    open_notional: String,
    of: Option<String>,
    source: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FigureFields {
    name: String,
    value: Option<String>,
    range: Option<[String; 2]>,
    words: Option<String>,
    #[serde(default)]
    unit: String,
    source: String,
    class: Class,
    ours: Option<String>,
    /// A date, for a price of one day of several.
    on: Option<String>,
    holds: Option<[String; 2]>,
    cannot: Option<String>,
}

impl Published {
    /// Reads the file of a day's folder; `None` where there is none.
    ///
    /// # Errors
    /// `published.*` with path and line, several where several figures do not fit.
    pub fn load(folder: &Path) -> Result<Option<Published>, FeedErrors> {
        let path = folder.join(FILE);
        let name = path.display().to_string();
        match std::fs::read_to_string(&path) {
            Ok(text) => Published::parse(&name, &text).map(Some),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => {
                let place = Place::file(&name);
                let expected = "a readable text";
                Err(FeedError::unavailable("published.file", place, expected, error.to_string())
                    .into())
            }
        }
    }

    /// Reads the text of a file.
    ///
    /// # Errors
    /// As [`Published::load`].
    pub fn parse(file: &str, text: &str) -> Result<Published, FeedErrors> {
        let document = Document::parse(file, text, "published")?;
        let fields: File = document.decode()?;
        if fields.schema != SCHEMA {
            let expected = format!("{SCHEMA:?}");
            return Err(document.invalid("schema", expected, fields.schema).into());
        }
        let mut errors = FeedErrors::default();
        let market = fields.market.map(|market| whole(&document, market, &mut errors));
        let mut figures = Vec::new();
        for (place, fields) in fields.figure.into_iter().enumerate() {
            let reader = Reader { document: &document, path: format!("figure[{place}]") };
            match reader.figure(fields, market.is_some()) {
                Ok(figure) => figures.push(figure),
                Err(error) => errors.push(error),
            }
        }
        errors.or(Published { market, figures })
    }
}

fn whole(document: &Document, fields: MarketFields, errors: &mut FeedErrors) -> Whole {
    let reader = Reader { document, path: "market".to_owned() };
    let open_notional = match reader.number("open_notional", &fields.open_notional) {
        Ok((units, _)) if units > 0 => units,
        Ok(_) => {
            let found = fields.open_notional;
            errors.push(reader.wrong("open_notional", "a number above zero", found));
            1
        }
        Err(error) => {
            errors.push(error);
            1
        }
    };
    Whole { open_notional, of: fields.of, source: fields.source }
}

/// Reads one table of the file and knows where it stands.
struct Reader<'a> {
    document: &'a Document,
    path: String,
}

impl Reader<'_> {
    fn wrong(&self, field: &str, expected: &str, found: impl Into<String>) -> FeedError {
        self.document.invalid(&format!("{}.{field}", self.path), expected, found)
    }

    /// A number at 1e-16 and the places it was written with.
    fn number(&self, field: &str, text: &str) -> Result<(i128, u32), FeedError> {
        let expected = format!("a number of at most {PLACES} places, such as \"3801.83\"");
        let wrong = || self.wrong(field, &expected, format!("{text:?}"));
        let value: Decimal = decimal::exact(text).map_err(|_| wrong())?;
        let units = decimal::in_unit_wide(value, PLACES).map_err(|_| wrong())?;
        Ok((units, value.scale()))
    }

    fn figure(&self, fields: FigureFields, has_market: bool) -> Result<Figure, FeedError> {
        for (field, text) in [("name", &fields.name), ("source", &fields.source)] {
            if text.trim().is_empty() {
                return Err(self.wrong(field, "a few words", "nothing"));
            }
        }
        let ours = self.ours(&fields, has_market)?;
        let value = self.value(&fields, &ours)?;
        let holds = self.holds(&fields, &ours)?;
        if fields.class == Class::Order
            && let (Value::Number([low, _], _), Ours::Measure(_)) = (&value, &ours)
            && *low <= 0
        {
            return Err(self.wrong("class", "numbers above zero for an order", "zero or less"));
        }
        let FigureFields { name, unit, source, class, .. } = fields;
        Ok(Figure { name, value, unit, source, class, ours, holds })
    }

    fn ours(&self, fields: &FigureFields, has_market: bool) -> Result<Ours, FeedError> {
        let both = "exactly one of ours and cannot";
        let measure = match (&fields.ours, &fields.cannot) {
            (Some(words), None) => words,
            (None, Some(reason)) if !reason.trim().is_empty() => {
                return Ok(Ours::Cannot(reason.clone()));
            }
            (None, Some(_)) => return Err(self.wrong("cannot", "a reason", "nothing")),
            (None, None) => return Err(self.wrong("ours", both, "neither")),
            (Some(_), Some(_)) => return Err(self.wrong("cannot", both, "both")),
        };
        let date = fields.on.as_deref().map(|text| {
            time::utc(&format!("{text}T00:00:00Z"))
                .ok_or_else(|| self.wrong("on", "a date such as 2020-03-12", format!("{text:?}")))
        });
        let date = date.transpose()?;
        let measure = Measure::parse(measure, date)
            .map_err(|expected| self.wrong("ours", &expected, format!("{measure:?}")))?;
        if measure.needs_market() && !has_market {
            return Err(self.wrong("ours", "a table [market] for this measure", "none"));
        }
        if fields.class == Class::Order && measure.kind() != Kind::Number {
            return Err(self.wrong("class", "exact or shape for a time or a flag", "order"));
        }
        Ok(Ours::Measure(measure))
    }

    fn value(&self, fields: &FigureFields, ours: &Ours) -> Result<Value, FeedError> {
        let measure = match ours {
            Ours::Cannot(_) => None,
            Ours::Measure(measure) => Some(measure.kind()),
        };
        let texts = match (&fields.value, &fields.range, &fields.words, measure) {
            (None, None, Some(words), None) => return Ok(Value::Words(words.clone())),
            (Some(value), None, None, _) => [value, value],
            (None, Some([low, high]), None, _) => [low, high],
            (_, _, Some(_), Some(_)) => {
                return Err(self.wrong("words", "a value or a range beside ours", "words"));
            }
            _ => {
                let expected = "exactly one of value, range and words";
                return Err(self.wrong("value", expected, "none, or several"));
            }
        };
        let field = if fields.value.is_some() { "value" } else { "range" };
        let backwards = || self.wrong(field, "the lower end first", "the higher one");
        match measure.unwrap_or(Kind::Number) {
            Kind::Number => {
                let (low, places) = self.number(field, texts[0])?;
                let (high, more) = self.number(field, texts[1])?;
                let value = Value::Number([low, high], places.max(more));
                if low > high { Err(backwards()) } else { Ok(value) }
            }
            Kind::Time => {
                let read = |text: &str| {
                    let expected = "a UTC time such as \"2020-03-13T02:15:00Z\"";
                    time::utc(text).ok_or_else(|| self.wrong(field, expected, format!("{text:?}")))
                };
                let [from, mut to] = [read(texts[0])?, read(texts[1])?];
                if fields.value.is_some() {
                    to = Timestamp::from_nanos(from.nanos() + time::MINUTE);
                }
                if from >= to { Err(backwards()) } else { Ok(Value::Time([from, to])) }
            }
            Kind::Flag => match (texts[0].as_str(), fields.value.is_some()) {
                ("yes", true) => Ok(Value::Flag(true)),
                ("no", true) => Ok(Value::Flag(false)),
                (text, _) => Err(self.wrong(field, "value = \"yes\" or \"no\"", text)),
            },
        }
    }

    fn holds(&self, fields: &FigureFields, ours: &Ours) -> Result<Option<[i128; 2]>, FeedError> {
        let needed = matches!(ours, Ours::Measure(measure) if measure.kind() == Kind::Number)
            && fields.class == Class::Shape;
        match (&fields.holds, needed) {
            (None, false) => Ok(None),
            (None, true) => {
                let expected = "holds = [low, high], what makes the shape of a number";
                Err(self.wrong("holds", expected, "nothing there"))
            }
            (Some(_), false) => {
                Err(self.wrong("holds", "no such field but for a number of shape", "holds"))
            }
            (Some([low, high]), true) => {
                let (low, _) = self.number("holds", low)?;
                let (high, _) = self.number("holds", high)?;
                let backwards = || self.wrong("holds", "the lower end first", "the higher one");
                if low > high { Err(backwards()) } else { Ok(Some([low, high])) }
            }
        }
    }
}
