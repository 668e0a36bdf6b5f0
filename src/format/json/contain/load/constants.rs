//! Equality with a value, as the algebra says it.

use super::{Loader, Stop, others};
use crate::format::json::contain::algebra::{ARRAY, Atom, FALSE, Lit, OBJECT, Scalar, Sym};
use crate::format::json::contain::value::{Shape, Val, grown, rational};
use crate::format::json_text::{Node, Value};
use std::rc::Rc;

impl Loader<'_> {
    /// Equality with a value of a schema.
    pub(super) fn constant(&mut self, value: &Node) -> Result<Lit, Stop> {
        self.meter.read(1)?;
        let scalar = match &value.value {
            Value::Null => Scalar::Null,
            Value::Bool(b) => Scalar::Bool(*b),
            Value::Number(n) => Scalar::Number(Rc::new(rational(n))),
            Value::String(text) => Scalar::String(self.algebra.symbol(text)),
            Value::Array(items) => {
                let mut parts = Vec::with_capacity(items.len());
                for item in items {
                    parts.push(grown(|| self.constant(item))?);
                }
                return Ok(self.exactly_items(&parts));
            }
            Value::Object(members) => {
                let mut parts = Vec::with_capacity(members.len());
                for (name, value) in members {
                    let symbol = self.algebra.symbol(name);
                    parts.push((symbol, grown(|| self.constant(value))?));
                }
                return Ok(self.exactly_members(&parts));
            }
        };
        Ok(self.atom(Atom::Scalar(scalar), value))
    }

    /// Equality with a value that was found.
    pub(in crate::format::json::contain) fn equality(&mut self, value: &Val) -> Lit {
        let scalar = match &value.shape {
            Shape::Null => Scalar::Null,
            Shape::Bool(b) => Scalar::Bool(*b),
            Shape::Number { value, .. } => Scalar::Number(Rc::clone(value)),
            Shape::String(text) => Scalar::String(self.algebra.symbol(text)),
            Shape::Array(items) => {
                let parts: Vec<Lit> = items
                    .iter()
                    .map(|item| grown(|| self.equality(item)))
                    .collect();
                return self.exactly_items(&parts);
            }
            Shape::Object(members) => {
                let parts: Vec<(Sym, Lit)> = members
                    .iter()
                    .map(|(name, value)| (*name, grown(|| self.equality(value))))
                    .collect();
                return self.exactly_members(&parts);
            }
        };
        self.algebra.atom(Atom::Scalar(scalar))
    }

    pub(super) fn exactly_items(&mut self, parts: &[Lit]) -> Lit {
        let algebra = &mut self.algebra;
        let length = parts.len() as u64;
        let mut all = vec![algebra.types(ARRAY), algebra.atom(Atom::MaxItems(length))];
        if length > 0 {
            all.push(algebra.atom(Atom::MinItems(length)));
        }
        for (&part, i) in parts.iter().zip(0u32..) {
            all.push(algebra.atom(Atom::At(i, part)));
        }
        algebra.and(all)
    }

    pub(super) fn exactly_members(&mut self, parts: &[(Sym, Lit)]) -> Lit {
        let algebra = &mut self.algebra;
        let names = parts.iter().map(|(name, _)| *name).collect();
        let mut all = vec![
            algebra.types(OBJECT),
            algebra.atom(others(names, Vec::new(), FALSE)),
        ];
        for &(name, part) in parts {
            all.push(algebra.atom(Atom::Required(name)));
            all.push(algebra.atom(Atom::Member(name, part)));
        }
        algebra.and(all)
    }
}
