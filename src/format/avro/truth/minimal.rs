//! The smallest datum of each type, and datums that are small but for one place.

use super::super::codec::Datum;
use super::super::model::{Kind, Primitive, Schema, TypeId};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// The smallest datum of every type of a writer, by size.
pub(super) struct Minimal<'a> {
    schema: &'a Schema,
    /// The size of each type's smallest datum, about in bytes; `None` if it has no finite one.
    sizes: Vec<Option<u64>>,
}

impl<'a> Minimal<'a> {
    /// Settles types from the smallest up, so each is settled once, and a type that needs itself never is.
    pub(super) fn of(schema: &'a Schema) -> Self {
        let count = schema.types.len();
        let mut parents: Vec<Vec<usize>> = vec![Vec::new(); count];
        let mut missing = vec![0_usize; count];
        let mut sums = vec![1_u64; count];
        let mut sizes: Vec<Option<u64>> = vec![None; count];
        let mut queue = BinaryHeap::new();
        for (at, of) in schema.types.iter().enumerate() {
            let own = match &of.kind {
                Kind::Primitive(Primitive::Null) => Some(0),
                Kind::Primitive(_) | Kind::Array(_) | Kind::Map(_) => Some(1),
                Kind::Enum(e) => (!e.symbols.is_empty()).then_some(1),
                Kind::Fixed(f) => Some(u64::try_from(f.size).unwrap_or(0)),
                Kind::Record(r) if r.fields.is_empty() => Some(1),
                Kind::Record(_) | Kind::Union(_) => {
                    let children = of.kind.children();
                    if let Some(missing) = missing.get_mut(at) {
                        *missing = children.len();
                    }
                    for child in children {
                        if let Some(parents) = parents.get_mut(child.0) {
                            parents.push(at);
                        }
                    }
                    None
                }
                Kind::Unresolved(_) => None,
            };
            if let Some(own) = own {
                queue.push(Reverse((own, at)));
            }
        }
        while let Some(Reverse((size, at))) = queue.pop() {
            let Some(slot @ None) = sizes.get_mut(at) else {
                continue;
            };
            *slot = Some(size);
            for &parent in parents.get(at).into_iter().flatten() {
                let is_union = matches!(schema.kind(TypeId(parent)), Kind::Union(_));
                let (Some(sum), Some(missing)) = (sums.get_mut(parent), missing.get_mut(parent))
                else {
                    continue;
                };
                if is_union {
                    queue.push(Reverse((size.saturating_add(1), parent)));
                } else {
                    *sum = sum.saturating_add(size);
                    *missing = missing.saturating_sub(1);
                    if *missing == 0 {
                        queue.push(Reverse((*sum, parent)));
                    }
                }
            }
        }
        Self { schema, sizes }
    }

    /// The size of the smallest datum; `None` if there is no finite one.
    pub(super) fn size(&self, of: TypeId) -> Option<u64> {
        self.sizes.get(of.0).copied().flatten()
    }

    /// The branch of a union with the smallest datum.
    fn branch(&self, branches: &[TypeId]) -> Option<(usize, TypeId)> {
        branches
            .iter()
            .enumerate()
            .filter_map(|(at, of)| Some((self.size(*of)?, at, *of)))
            .min_by_key(|(size, at, _)| (*size, *at))
            .map(|(_, at, of)| (at, of))
    }

    /// The smallest datum; `None` if there is none, or it is larger than `limit`.
    pub(super) fn datum(&self, of: TypeId, limit: u64) -> Option<Datum> {
        if self.size(of)? > limit {
            return None;
        }
        // Sizes shrink on the way in, so this ends.
        stacker::maybe_grow(64 << 10, 1 << 20, || self.build(of, limit))
    }

    fn build(&self, of: TypeId, limit: u64) -> Option<Datum> {
        Some(match self.schema.kind(of) {
            Kind::Primitive(primitive) => scalar(*primitive),
            Kind::Array(_) => Datum::Array(Vec::new()),
            Kind::Map(_) => Datum::Map(Vec::new()),
            Kind::Enum(_) => Datum::Enum(0),
            Kind::Fixed(f) => Datum::Fixed(vec![0; usize::try_from(f.size).ok()?]),
            Kind::Union(branches) => {
                let (at, branch) = self.branch(branches)?;
                Datum::Union(at, Box::new(self.datum(branch, limit)?))
            }
            Kind::Record(record) => Datum::Record(
                record
                    .fields
                    .iter()
                    .map(|field| self.datum(field.of, limit))
                    .collect::<Option<_>>()?,
            ),
            Kind::Unresolved(_) => return None,
        })
    }
}

fn scalar(of: Primitive) -> Datum {
    match of {
        Primitive::Null => Datum::Null,
        Primitive::Boolean => Datum::Boolean(false),
        Primitive::Int => Datum::Int(0),
        Primitive::Long => Datum::Long(0),
        Primitive::Float => Datum::Float(0.0),
        Primitive::Double => Datum::Double(0.0),
        Primitive::Bytes => Datum::Bytes(Vec::new()),
        Primitive::String => Datum::String(String::new()),
    }
}
