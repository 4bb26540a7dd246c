//! Old formats to the present one.
//!
//! Bytes on disk are never rewritten: a body of an older schema is raised at reading, one schema
//! at a time, by a pure function over frozen structs. Changing a released struct takes a new
//! schema number in `present_schema`, an upcaster, and a golden journal, in one commit.
//! Version 1 is the first of every type, so the table is empty.

use std::borrow::Cow;

use crate::error::Defect;

/// Raises the body of one type from one schema to the next.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Upcaster {
    /// Type number of the command.
    pub(crate) kind: u16,
    /// The schema it reads; it writes the next.
    pub(crate) from: u16,
    /// The function.
    pub(crate) raise: fn(&[u8]) -> Result<Vec<u8>, Defect>,
}

/// Every upcaster ever needed.
pub(crate) const UPCASTERS: &[Upcaster] = &[];

/// The schema under which a type is written today.
pub(crate) fn present_schema(_kind: u16) -> u16 {
    1
}

/// The body under the present schema.
pub(crate) fn raise<'a>(
    upcasters: &[Upcaster],
    kind: u16,
    schema: u16,
    body: &'a [u8],
) -> Result<Cow<'a, [u8]>, Defect> {
    raise_to(upcasters, kind, schema, present_schema(kind), body)
}

fn raise_to<'a>(
    upcasters: &[Upcaster],
    kind: u16,
    schema: u16,
    present: u16,
    body: &'a [u8],
) -> Result<Cow<'a, [u8]>, Defect> {
    let mut body = Cow::Borrowed(body);
    for from in schema..present.max(schema) {
        let known =
            upcasters.iter().find(|upcaster| (upcaster.kind, upcaster.from) == (kind, from));
        match known {
            Some(upcaster) => body = Cow::Owned((upcaster.raise)(&body)?),
            None => return Err(unknown(kind, schema, present)),
        }
    }
    if schema > present { Err(unknown(kind, schema, present)) } else { Ok(body) }
}

fn unknown(kind: u16, schema: u16, present: u16) -> Defect {
    let expected = format!("schema 1 to {present} of type {kind:#06x}");
    Defect::unsupported(expected, format!("schema {schema}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn append(byte: u8) -> impl Fn(&[u8]) -> Result<Vec<u8>, Defect> {
        move |body| Ok([body, &[byte]].concat())
    }

    #[test]
    fn a_body_is_raised_one_schema_at_a_time() {
        let table = [
            Upcaster { kind: 4, from: 1, raise: |body| append(1)(body) },
            Upcaster { kind: 4, from: 2, raise: |body| append(2)(body) },
            Upcaster { kind: 5, from: 1, raise: |body| append(9)(body) },
        ];
        for (schema, raised) in [(1, &[7, 1, 2][..]), (2, &[7, 2]), (3, &[7])] {
            assert_eq!(&*raise_to(&table, 4, schema, 3, &[7]).expect("raises"), raised);
        }
        for (kind, schema) in [(4, 0), (4, 4), (5, 1), (6, 1)] {
            let defect = raise_to(&table, kind, schema, 3, &[7]).expect_err("unknown");
            assert_eq!(defect.category, crate::Category::Unsupported, "{kind} {schema}");
        }
    }
}
