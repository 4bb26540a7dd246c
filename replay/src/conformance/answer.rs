//! What a rule answered, and how it compares with what a vector expects.
//!
//! Law: a figure that is expected and not answered is never taken as met. Words that are expected
//! and not answered are remarks.

use serde_json::Value;

use super::exact::{Exact, Reads};
use super::fields::{Fields, Stop};
use super::tolerance::Tolerance;

/// A tree of figures, words and truths.
#[derive(Debug, Clone)]
pub enum Answer<N> {
    /// A figure.
    Number(N),
    /// A name or a stage.
    Words(String),
    /// A decision.
    Truth(bool),
    /// Several in order.
    List(Vec<Answer<N>>),
    /// Several by name.
    Record(Vec<(String, Answer<N>)>),
}

impl<N> Answer<N> {
    /// Named figures.
    pub fn figures<const COUNT: usize>(figures: [(&str, N); COUNT]) -> Answer<N> {
        let named =
            figures.into_iter().map(|(name, figure)| (name.to_owned(), Answer::Number(figure)));
        Answer::Record(named.collect())
    }

    /// Named answers of any kind.
    pub fn record<const COUNT: usize>(parts: [(&str, Answer<N>); COUNT]) -> Answer<N> {
        Answer::Record(parts.into_iter().map(|(name, part)| (name.to_owned(), part)).collect())
    }

    /// Figures in order.
    pub fn list(figures: impl IntoIterator<Item = N>) -> Answer<N> {
        Answer::List(figures.into_iter().map(Answer::Number).collect())
    }

    /// Words in order.
    pub fn words(words: impl IntoIterator<Item = String>) -> Answer<N> {
        Answer::List(words.into_iter().map(Answer::Words).collect())
    }

    /// This record with one more part.
    #[must_use]
    pub fn with(mut self, name: &str, part: Answer<N>) -> Answer<N> {
        if let Answer::Record(parts) = &mut self {
            parts.push((name.to_owned(), part));
        }
        self
    }
}

/// A part that is not as expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// Path below the vector, such as `expected.steps[1].user_base`.
    pub path: String,
    /// As the vector says it.
    pub expected: String,
    /// As the rule says it.
    pub found: String,
}

/// What comparing came to.
#[derive(Debug, Default)]
pub struct Comparison {
    /// Parts that differ.
    pub mismatches: Vec<Mismatch>,
    /// Expected figures that the rule does not answer.
    pub unanswered: Vec<String>,
    /// How many parts were compared.
    pub compared: usize,
}

impl Comparison {
    /// Compares what is expected with an answer, part by part.
    ///
    /// # Errors
    /// An expectation that is no figure where one is answered.
    pub fn compare<N: Reads>(
        &mut self,
        expected: &Fields<'_>,
        answer: &Answer<N>,
        tolerance: &Tolerance,
    ) -> Result<(), Stop> {
        match answer {
            Answer::Record(parts) if expected.is_record() => {
                for (name, field) in expected.parts() {
                    match parts.iter().find(|(known, _)| *known == name) {
                        Some((_, part)) => self.compare(&field, part, tolerance)?,
                        None => self.leave(&field),
                    }
                }
                return Ok(());
            }
            Answer::List(items) if expected.is_list() => {
                let fields = expected.items();
                if items.len() != fields.len() {
                    let (wanted, found) = (fields.len(), items.len());
                    self.differ(expected, format!("{wanted} items"), format!("{found} items"));
                    return Ok(());
                }
                for (field, item) in fields.iter().zip(items) {
                    self.compare(field, item, tolerance)?;
                }
                return Ok(());
            }
            _ => self.compared += 1,
        }
        let (met, found) = match answer {
            Answer::Number(number) => {
                let Some(wanted) = expected.figure::<Exact>()? else {
                    return Err(expected.malformed("a number"));
                };
                let number = number.exact();
                (tolerance.met(&wanted, expected.value(), &number), number.to_string())
            }
            Answer::Words(words) => {
                (expected.value() == &Value::from(words.as_str()), words.clone())
            }
            Answer::Truth(truth) => (expected.value() == &Value::from(*truth), truth.to_string()),
            Answer::List(_) => (false, "a list".to_owned()),
            Answer::Record(_) => (false, "a record".to_owned()),
        };
        if !met {
            self.differ(expected, expected.shown(), found);
        }
        Ok(())
    }

    fn differ(&mut self, field: &Fields<'_>, expected: String, found: String) {
        self.mismatches.push(Mismatch { path: field.path().to_owned(), expected, found });
    }

    /// A part without an answer: figures and decisions are missed, words are remarks.
    fn leave(&mut self, field: &Fields<'_>) {
        let is_remark = field.value().is_null()
            || (field.value().is_string() && field.figure::<Exact>().ok().flatten().is_none());
        if !is_remark {
            self.unanswered.push(field.path().to_owned());
        }
    }
}
