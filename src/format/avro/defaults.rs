//! Whether a field's default fits its type. Asked of new schemas only: sloppy old ones stay readable.
//!
//! As careful as the JVM library's version 1.12, no more: a union's default may fit any branch, and bytes,
//! fixed and enum defaults are only asked to be strings.

use super::model::{Kind, Primitive, Type, TypeId};
use super::parse::{Flaw, flaw};
use crate::format::Limits;
use crate::format::json_text::{Node, Number, Value, print};
use std::collections::HashMap;

/// How much of a value a message shows.
const SHOWN: usize = 200;

/// Checks the defaults of the records from `first` on.
pub(super) fn check(types: &[Type], first: usize, limits: &Limits) -> Result<(), Flaw> {
    let mut checker = Checker {
        types,
        known: HashMap::new(),
        steps: limits.steps,
    };
    for of in types.iter().skip(first) {
        let Kind::Record(record) = &of.kind else {
            continue;
        };
        for field in &record.fields {
            let Some(default) = &field.default else {
                continue;
            };
            // The parser made a number of every string that is one; what it left are NaN and the infinities.
            let special = matches!(
                checker.kind(field.of),
                Some(Kind::Primitive(Primitive::Float | Primitive::Double))
            ) && default.as_str().is_some();
            if !special && !checker.fits(field.of, default, 0) {
                if checker.steps == 0 {
                    return flaw("the defaults are too complex to check", field.at);
                }
                let shown: String = print(default, &|n: &Number| n.as_spelt().to_owned())
                    .chars()
                    .take(SHOWN)
                    .collect();
                let expected = match checker.kind(field.of) {
                    Some(kind) => match kind.named() {
                        Some(named) => format!("{} {}", kind.word(), named.name.full()),
                        None => kind.word().to_owned(),
                    },
                    None => String::new(),
                };
                return flaw(
                    format!(
                        "Invalid default for field {} of record {}: {shown} not a {expected}",
                        field.name,
                        record.named.name.full(),
                    ),
                    default.span.start,
                );
            }
        }
    }
    Ok(())
}

struct Checker<'a> {
    types: &'a [Type],
    /// Verdicts by type and place of the value; `false` while one is being found, because a record whose
    /// default needs itself has none.
    known: HashMap<(TypeId, *const Node), bool>,
    steps: u64,
}

impl<'a> Checker<'a> {
    fn kind(&self, id: TypeId) -> Option<&'a Kind> {
        self.types.get(id.0).map(|t| &t.kind)
    }

    fn fits(&mut self, id: TypeId, value: &'a Node, level: usize) -> bool {
        if self.steps == 0 || level > super::link::WALK_DEPTH {
            self.steps = 0;
            return false;
        }
        self.steps -= 1;
        let Some(kind) = self.kind(id) else {
            return false;
        };
        let integer = |low: i64, high: i64| {
            value
                .as_number()
                .filter(|n| n.is_integer_literal())
                .and_then(Number::to_i64)
                .is_some_and(|n| (low..=high).contains(&n))
        };
        match kind {
            Kind::Primitive(Primitive::String | Primitive::Bytes)
            | Kind::Enum(_)
            | Kind::Fixed(_) => value.as_str().is_some(),
            Kind::Primitive(Primitive::Int) => integer(i32::MIN.into(), i32::MAX.into()),
            Kind::Primitive(Primitive::Long) => integer(i64::MIN, i64::MAX),
            Kind::Primitive(Primitive::Float | Primitive::Double) => value.as_number().is_some(),
            Kind::Primitive(Primitive::Boolean) => value.as_bool().is_some(),
            Kind::Primitive(Primitive::Null) => matches!(value.value, Value::Null),
            Kind::Array(_) | Kind::Map(_) | Kind::Union(_) | Kind::Record(_) => {
                let key = (id, std::ptr::from_ref(value));
                if let Some(&known) = self.known.get(&key) {
                    return known;
                }
                self.known.insert(key, false);
                let fits = self.inside(kind, value, level + 1);
                self.known.insert(key, fits);
                fits
            }
            Kind::Unresolved(_) => false,
        }
    }

    fn inside(&mut self, kind: &'a Kind, value: &'a Node, level: usize) -> bool {
        match kind {
            Kind::Array(of) => value
                .as_array()
                .is_some_and(|items| items.iter().all(|item| self.fits(*of, item, level))),
            Kind::Map(of) => value
                .as_object()
                .is_some_and(|members| members.iter().all(|(_, v)| self.fits(*of, v, level))),
            Kind::Union(branches) => branches.iter().any(|b| self.fits(*b, value, level)),
            Kind::Record(record) => value.as_object().is_some_and(|members| {
                let given: HashMap<&str, &Node> =
                    members.iter().map(|(k, v)| (k.as_str(), v)).collect();
                record.fields.iter().all(|field| {
                    given
                        .get(field.name.as_ref())
                        .copied()
                        .or(field.default.as_ref())
                        .is_some_and(|v| self.fits(field.of, v, level))
                })
            }),
            _ => false,
        }
    }
}
