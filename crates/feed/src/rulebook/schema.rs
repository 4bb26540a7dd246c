//! The JSON Schema of rulebook files, generated from their shape.
//!
//! The schema is committed beside the rulebooks and a test regenerates it, so editors can check a
//! file while it is written. What relates several fields is not in the schema: `validate` says it.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::Value;

use super::file::RulebookFile;

macro_rules! quoted_text {
    ($($(#[$doc:meta])* $name:ident $pattern:literal;)*) => {$(
        $(#[$doc])*
        pub struct $name;

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "pattern": $pattern })
            }
        }
    )*};
}

quoted_text! {
    /// A decimal in quotes.
    DecimalText r"^-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?$";
    /// A decimal or a fraction in quotes.
    FractionText r"^([0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?|[0-9]+/[0-9]+)$";
    /// A duration with its unit.
    SpanText r"^[0-9]+(ns|us|ms|s|m|h|d)$";
    /// A time in UTC.
    InstantText r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z$";
    /// A power of ten from 1 to 1e-16.
    UnitText r"^1(e-([1-9]|1[0-6]))?$";
}

/// Tables by name.
pub struct Tables<T>(PhantomData<T>);

impl<T: JsonSchema> JsonSchema for Tables<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("Tables_{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let inner = generator.subschema_for::<T>();
        json_schema!({
            "type": "object",
            "propertyNames": { "pattern": "^[A-Za-z0-9_-]+$" },
            "additionalProperties": inner,
        })
    }
}

/// The JSON Schema of `clearsim.rulebook/1`, keys in order, with a final newline.
#[must_use]
pub fn schema() -> String {
    let schema = schemars::schema_for!(RulebookFile);
    let mut text = serde_json::to_string_pretty(&sorted(schema.as_value().clone()))
        .expect("a schema is plain JSON");
    text.push('\n');
    text
}

/// The same with its keys sorted: whether objects keep their order is for other crates to choose,
/// and must not change a committed file.
fn sorted(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let fields: BTreeMap<String, Value> =
                fields.into_iter().map(|(name, field)| (name, sorted(field))).collect();
            Value::Object(fields.into_iter().collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(sorted).collect()),
        other => other,
    }
}
