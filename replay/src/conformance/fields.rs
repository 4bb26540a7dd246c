//! Reading a vector's fields by name, with the path of each at hand.
//!
//! A field that is missing means zero or "not configured"; one of the wrong kind is malformed and
//! named. Nothing here knows a house.

use serde_json::Value;

use super::exact::Reads;

/// Why a vector has no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    /// The request is refused, as a house would refuse it.
    Rejected(String),
    /// The model for it does not exist yet.
    Waiting(String),
    /// A field is not what it should be.
    Malformed {
        /// Path below the vector.
        path: String,
        /// What stands there in a sound file.
        expected: String,
        /// What was found.
        found: String,
    },
}

/// A field of a vector, or the absence of one.
#[derive(Debug, Clone)]
pub struct Fields<'a> {
    value: &'a Value,
    path: String,
}

const ABSENT: Value = Value::Null;

impl<'a> Fields<'a> {
    /// A whole value under a name.
    pub fn root(path: &str, value: &'a Value) -> Fields<'a> {
        Fields { value, path: path.to_owned() }
    }

    /// Where it stands.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// As the file has it; null where it is missing.
    pub fn value(&self) -> &'a Value {
        self.value
    }

    /// Missing or null.
    pub fn is_absent(&self) -> bool {
        self.value.is_null()
    }

    /// An object.
    pub fn is_record(&self) -> bool {
        self.value.is_object()
    }

    /// An array.
    pub fn is_list(&self) -> bool {
        self.value.is_array()
    }

    /// Whether a part of that name is there.
    pub fn has(&self, name: &str) -> bool {
        self.value.get(name).is_some_and(|value| !value.is_null())
    }

    /// A part by name.
    pub fn part(&self, name: &str) -> Fields<'a> {
        static NOTHING: Value = ABSENT;
        let path = format!("{}.{name}", self.path);
        Fields { value: self.value.get(name).unwrap_or(&NOTHING), path }
    }

    /// Every part by name.
    pub fn parts(&self) -> Vec<(String, Fields<'a>)> {
        let object = self.value.as_object();
        let names = object.into_iter().flat_map(|object| object.keys());
        names.map(|name| (name.clone(), self.part(name))).collect()
    }

    /// Every item of a list; none where it is missing.
    pub fn items(&self) -> Vec<Fields<'a>> {
        let items = self.value.as_array().into_iter().flatten().enumerate();
        items
            .map(|(place, value)| Fields { value, path: format!("{}[{place}]", self.path) })
            .collect()
    }

    /// Every item of a part that must be a list, if it is there.
    ///
    /// # Errors
    /// Something else.
    pub fn list(&self, name: &str) -> Result<Vec<Fields<'a>>, Stop> {
        let part = self.part(name);
        if part.is_absent() || part.is_list() {
            Ok(part.items())
        } else {
            Err(part.malformed("a list"))
        }
    }

    /// Every part of a part that must be an object, if it is there.
    ///
    /// # Errors
    /// Something else.
    pub fn named(&self, name: &str) -> Result<Vec<(String, Fields<'a>)>, Stop> {
        let part = self.part(name);
        let sound = part.is_absent() || part.is_record();
        if sound { Ok(part.parts()) } else { Err(part.malformed("an object")) }
    }

    /// A part that must be an object, if it is there.
    ///
    /// # Errors
    /// Something else.
    pub fn record(&self, name: &str) -> Result<Fields<'a>, Stop> {
        let part = self.part(name);
        let sound = part.is_absent() || part.is_record();
        if sound { Ok(part) } else { Err(part.malformed("an object")) }
    }

    /// This field as a figure: a decimal string, a plain number or a ratio; none where missing.
    ///
    /// # Errors
    /// Something else.
    pub fn figure<N: Reads>(&self) -> Result<Option<N>, Stop> {
        let read = match self.value {
            Value::Null => return Ok(None),
            Value::String(text) => N::decimal(text),
            Value::Number(number) => N::decimal(&number.to_string()),
            Value::Object(object) => object.get("ratio").and_then(Value::as_str).and_then(ratio),
            _ => None,
        };
        let expected = "a decimal, a number or {\"ratio\": \"a/b\"}";
        read.map(Some).ok_or_else(|| self.malformed(expected))
    }

    /// A part as a figure, if it is there.
    ///
    /// # Errors
    /// Something that is no figure.
    pub fn optional<N: Reads>(&self, name: &str) -> Result<Option<N>, Stop> {
        self.part(name).figure()
    }

    /// A part as a figure, zero where it is missing.
    ///
    /// # Errors
    /// Something that is no figure.
    pub fn number<N: Reads>(&self, name: &str) -> Result<N, Stop> {
        Ok(self.optional(name)?.unwrap_or_else(N::zero))
    }

    /// A part as a figure, one where it is missing.
    ///
    /// # Errors
    /// Something that is no figure.
    pub fn or_one<N: Reads>(&self, name: &str) -> Result<N, Stop> {
        Ok(self.optional(name)?.unwrap_or_else(N::one))
    }

    /// Every item of a list as figures.
    ///
    /// # Errors
    /// No list, or something in it that is no figure.
    pub fn numbers<N: Reads>(&self, name: &str) -> Result<Vec<N>, Stop> {
        let items = self.list(name)?;
        items.iter().map(|item| item.figure()?.ok_or_else(|| item.malformed("a number"))).collect()
    }

    /// A part as words, if it is there.
    ///
    /// # Errors
    /// Something else.
    pub fn words(&self, name: &str) -> Result<Option<&'a str>, Stop> {
        let part = self.part(name);
        match part.value {
            Value::Null => Ok(None),
            Value::String(text) => Ok(Some(text)),
            _ => Err(part.malformed("words")),
        }
    }

    /// A part as words that must be there.
    ///
    /// # Errors
    /// Something else, or nothing.
    pub fn name(&self, name: &str) -> Result<&'a str, Stop> {
        self.words(name)?.ok_or_else(|| self.part(name).malformed("a name"))
    }

    /// A part as a decision, false where it is missing.
    ///
    /// # Errors
    /// Something else.
    pub fn truth(&self, name: &str) -> Result<bool, Stop> {
        let part = self.part(name);
        match part.value {
            Value::Null => Ok(false),
            Value::Bool(truth) => Ok(*truth),
            _ => Err(part.malformed("true or false")),
        }
    }

    /// A figure that is said for many at once, such as `"all 1"` or `"all zero"`.
    ///
    /// # Errors
    /// Other words: what they mean is not known.
    pub fn for_all<N: Reads>(&self, name: &str) -> Result<Option<N>, Stop> {
        let Some(words) = self.words(name)? else { return Ok(None) };
        let figure = words.strip_prefix("all ").and_then(|figure| match figure {
            "zero" => Some(N::zero()),
            "one" => Some(N::one()),
            _ => N::decimal(figure),
        });
        let part = self.part(name);
        figure.map(Some).ok_or_else(|| Stop::Waiting(format!("{}: {words:?}", part.path)))
    }

    /// What is wrong with this field.
    pub fn malformed(&self, expected: &str) -> Stop {
        let found = if self.is_absent() { "nothing".to_owned() } else { self.shown() };
        Stop::Malformed { path: self.path.clone(), expected: expected.to_owned(), found }
    }

    /// As the file writes it, shortened.
    pub fn shown(&self) -> String {
        let text = match self.value {
            Value::String(text) => text.clone(),
            Value::Object(object) if object.contains_key("ratio") => {
                object.get("ratio").and_then(Value::as_str).unwrap_or("").to_owned()
            }
            other => other.to_string(),
        };
        if text.chars().count() <= 60 {
            text
        } else {
            text.chars().take(57).chain("...".chars()).collect()
        }
    }
}

fn ratio<N: Reads>(text: &str) -> Option<N> {
    let (numerator, denominator) = text.split_once('/')?;
    N::fraction(&N::decimal(numerator.trim())?, &N::decimal(denominator.trim())?)
}
