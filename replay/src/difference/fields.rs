//! What differs between two events, down to the field.

use std::collections::BTreeMap;

use domain::{Command, Rulebook};
use serde_json::Value;

use super::side::Side;
use crate::rows::{command as command_row, effect as effect_row};

/// A field that differs.
pub struct Found {
    pub ordinal: Option<usize>,
    pub path: String,
    pub values: [Option<Value>; 2],
}

impl Found {
    fn at(path: &str, ordinal: Option<usize>, unequal: Unequal) -> Found {
        let path = format!("{path}{}", unequal.path);
        Found { ordinal, path, values: [unequal.left, unequal.right] }
    }
}

/// The first place where two JSON values part.
#[derive(Debug, Clone, PartialEq)]
pub struct Unequal {
    /// From the root, such as `.position_reduced.quantity` or `[2]`; empty for the root itself.
    pub path: String,
    /// Of the first value; `None` where it is absent.
    pub left: Option<Value>,
    /// Of the second value.
    pub right: Option<Value>,
}

/// The first place where two JSON values part, in the order of the first one's fields; a key on one
/// side only is such a place.
pub fn unequal(left: &Value, right: &Value) -> Option<Unequal> {
    let below = |step: String, found: Unequal| Unequal { path: step + &found.path, ..found };
    let whole = |left: Option<&Value>, right: Option<&Value>, step: String| Unequal {
        path: step,
        left: left.cloned(),
        right: right.cloned(),
    };
    match (left, right) {
        (Value::Object(a), Value::Object(b)) => {
            let mut keys: Vec<&String> = a.keys().collect();
            keys.extend(b.keys().filter(|key| !a.contains_key(*key)));
            // Two objects of one key each are two variants: the word itself differs.
            if a.len() == 1 && b.len() == 1 && keys.len() == 2 {
                return Some(whole(Some(left), Some(right), String::new()));
            }
            keys.into_iter().find_map(|key| match (a.get(key), b.get(key)) {
                (Some(one), Some(two)) => {
                    unequal(one, two).map(|found| below(format!(".{key}"), found))
                }
                (one, two) => Some(whole(one, two, format!(".{key}"))),
            })
        }
        (Value::Array(a), Value::Array(b)) => {
            (0..a.len().max(b.len())).find_map(|place| match (a.get(place), b.get(place)) {
                (Some(one), Some(two)) => {
                    unequal(one, two).map(|found| below(format!("[{place}]"), found))
                }
                (one, two) => Some(whole(one, two, format!("[{place}]"))),
            })
        }
        _ => (left != right).then(|| whole(Some(left), Some(right), String::new())),
    }
}

/// What differs between the events last taken, every field counted.
pub fn event(left: &Side, right: &Side) -> Option<Found> {
    if left.event() == right.event() {
        return None;
    }
    unequal(&left.row(), &right.row()).map(|found| Found::at("event", None, found))
}

/// What differs between the commands last taken, but for the rulebooks that are known to differ.
pub fn command(left: &Side, right: &Side) -> Option<Found> {
    let (one, two) = (&left.event()?.command, &right.event()?.command);
    let ruled =
        |command: &Command| matches!(command, Command::Genesis(_) | Command::SetRulebook(_));
    if one == two || (ruled(one) && one.kind() == two.kind()) {
        return None;
    }
    let rows = (command_row::json(&left.names(), one), command_row::json(&right.names(), two));
    unequal(&rows.0, &rows.1).map(|found| Found::at("event.command", None, found))
}

/// What differs between the effects of the events last taken.
pub fn effects(left: &Side, right: &Side) -> Option<Found> {
    let (one, two) = (left.effects(), right.effects());
    if one == two {
        return None;
    }
    let row = |side: &Side, place: usize| {
        side.effects().get(place).map(|effect| effect_row::json(&side.names(), effect))
    };
    (0..one.len().max(two.len())).find_map(|place| {
        let path = format!("effects[{place}]");
        match (row(left, place), row(right, place)) {
            (Some(a), Some(b)) => unequal(&a, &b).map(|found| Found::at(&path, Some(place), found)),
            (a, b) => Some(Found { ordinal: Some(place), path, values: [a, b] }),
        }
    })
}

/// The figures in which two rulebooks differ: path and both texts, in the order of paths.
pub fn rulebook_fields(left: &Rulebook, right: &Rulebook) -> Vec<(String, [Option<String>; 2])> {
    if left == right {
        return Vec::new();
    }
    let (one, two) = (figures(left), figures(right));
    let mut paths: Vec<&String> = one.keys().chain(two.keys()).collect();
    paths.sort();
    paths.dedup();
    let pairs = paths
        .into_iter()
        .map(|path| (path.clone(), [one.get(path).cloned(), two.get(path).cloned()]));
    pairs.filter(|(_, [one, two])| one != two).collect()
}

/// Every figure of a rulebook by its path, as its file writes it.
fn figures(rulebook: &Rulebook) -> BTreeMap<String, String> {
    let mut section = String::new();
    let mut figures = BTreeMap::new();
    let text = feed::rulebook::show(rulebook);
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = format!("{}.", name.trim_matches(['[', ']']));
        } else if let Some((key, "[")) = line.split_once(" = ") {
            // A list over several lines is one figure.
            let rows = lines.by_ref().take_while(|row| *row != "]").map(str::trim);
            let rows: Vec<&str> = rows.map(|row| row.trim_end_matches(',')).collect();
            figures.insert(format!("{section}{key}"), format!("[{}]", rows.join(", ")));
        } else if let Some((key, value)) = line.split_once(" = ") {
            figures.insert(format!("{section}{key}"), value.trim_matches('"').to_owned());
        }
    }
    figures
}

#[cfg(test)]
mod tests {
    //! Goal: the first field that differs is named, and nothing is paired by guess. Method: tables.

    use serde_json::json;

    use super::*;

    #[test]
    fn the_first_field_is_named() {
        let table = [
            (json!({"a": 1, "b": [1, 2]}), json!({"a": 1, "b": [1, 3]}), Some(".b[1]")),
            (json!({"a": 1, "b": 2}), json!({"a": 1, "c": 2}), Some(".b")),
            (json!({"a": 1}), json!({"a": 1, "c": 2}), Some(".c")),
            (json!({"deposited": {"x": 1}}), json!({"withdrawn": {"x": 1}}), Some("")),
            (json!([1, 2]), json!([1, 2, 3]), Some("[2]")),
            (json!("1.0"), json!("1"), Some("")),
            (json!({"a": null}), json!({}), Some(".a")),
            (json!({"a": [{"b": 1}]}), json!({"a": [{"b": 1}]}), None),
        ];
        for (left, right, path) in table {
            let found = unequal(&left, &right);
            assert_eq!(found.as_ref().map(|found| found.path.as_str()), path, "{left} {right}");
            let back = unequal(&right, &left);
            assert_eq!(found.is_some(), back.is_some(), "{left} {right}");
        }
    }
}
