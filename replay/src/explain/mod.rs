//! A run made to explain itself: formulas with their numbers, in a form checked by hand.
//!
//! The numbers come from the machine: its terms of an assessment, its looks at the decisions of a
//! liquidation, its effects. Here they are only written down. Law: every line of the form
//! `formula = result` holds exactly, or in the direction and to the unit that it names.

pub(crate) mod assessment;
pub(crate) mod concession;
pub(crate) mod depth;
pub(crate) mod figures;
pub(crate) mod handed;
pub(crate) mod payment;
pub(crate) mod refused;
pub(crate) mod sale;
pub(crate) mod search;
pub(crate) mod size;
pub(crate) mod state;
pub(crate) mod step;
pub(crate) mod story;
#[cfg(test)]
mod tests;
pub(crate) mod wait;

use serde_json::{Value, json};

/// How a result was rounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rounded {
    /// Up or down.
    pub up: bool,
    /// To a unit of ten to minus this.
    pub places: u32,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// A formula that comes to a result.
    Sum {
        /// What it is.
        label: String,
        /// Numbers, signs and parentheses.
        formula: String,
        /// What it comes to.
        result: String,
        /// `None` where it is exact.
        rounded: Option<Rounded>,
    },
    /// Something that is so.
    Fact {
        /// What it is.
        label: String,
        /// In words.
        text: String,
    },
}

impl Line {
    /// An exact formula.
    pub fn sum(
        label: impl Into<String>,
        formula: impl Into<String>,
        result: impl Into<String>,
    ) -> Line {
        let (label, formula, result) = (label.into(), formula.into(), result.into());
        Line::Sum { label, formula, result, rounded: None }
    }

    /// The same, rounded once.
    #[must_use]
    pub fn rounded(mut self, up: bool, places: u32) -> Line {
        if let Line::Sum { rounded, .. } = &mut self {
            *rounded = Some(Rounded { up, places });
        }
        self
    }

    /// Something that is so.
    pub fn fact(label: impl Into<String>, text: impl Into<String>) -> Line {
        Line::Fact { label: label.into(), text: text.into() }
    }
}

/// Lines under a heading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// The heading.
    pub title: String,
    /// Its lines.
    pub lines: Vec<Line>,
}

impl Section {
    /// A heading with nothing under it yet.
    pub fn new(title: impl Into<String>) -> Section {
        Section { title: title.into(), lines: Vec::new() }
    }

    /// Adds a line.
    pub fn push(&mut self, line: Line) {
        self.lines.push(line);
    }
}

/// Columns of a label.
const LABEL: usize = 25;

/// Sections as text.
pub fn text(sections: &[Section]) -> Vec<String> {
    let mut lines = Vec::new();
    for section in sections {
        lines.push(section.title.clone());
        for line in &section.lines {
            lines.push(match line {
                Line::Fact { label, text } => format!("  {label:<LABEL$} {text}"),
                Line::Sum { label, formula, result, rounded } => {
                    let rounded = rounded.map_or_else(String::new, |rounded| {
                        let direction = if rounded.up { "up" } else { "down" };
                        format!("  (rounded {direction} at 1e-{})", rounded.places)
                    });
                    format!("  {label:<LABEL$} {formula} = {result}{rounded}")
                }
            });
        }
    }
    lines
}

/// Sections as JSON.
pub fn document(sections: &[Section]) -> Value {
    let line = |line: &Line| match line {
        Line::Fact { label, text } => json!({ "label": label, "text": text }),
        Line::Sum { label, formula, result, rounded } => {
            let mut row = json!({ "label": label, "formula": formula, "result": result });
            if let Some(rounded) = rounded {
                let direction = if rounded.up { "up" } else { "down" };
                row["rounded"] = json!({ "direction": direction, "places": rounded.places });
            }
            row
        }
    };
    let sections = sections.iter().map(|section| {
        let lines: Vec<Value> = section.lines.iter().map(line).collect();
        json!({ "section": section.title, "lines": lines })
    });
    Value::Array(sections.collect())
}
