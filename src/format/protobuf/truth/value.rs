//! Messages as values, and the smallest of each type.

use super::model::{Default, Field, Kind, Message, Model, Msg, Presence};
use std::collections::BTreeMap;

/// One value of a field.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    /// Integers, booleans and enums' numbers.
    Number(i128),
    /// Floats and doubles.
    Real(f64),
    /// Bytes and texts.
    Bytes(Vec<u8>),
    Message(Content),
}

/// What is set in a message: values by field number. Singular fields have one.
pub(super) type Content = BTreeMap<u32, Vec<Value>>;

/// The smallest message of every type of a model.
pub(super) struct Minimal<'m> {
    model: &'m Model,
    /// The number of messages in each; `None` for messages that need themselves.
    costs: Vec<Option<u64>>,
}

impl<'m> Minimal<'m> {
    pub(super) fn of(model: &'m Model) -> Self {
        let count = model.messages.len();
        let mut parents: Vec<Vec<Msg>> = vec![Vec::new(); count];
        let mut missing = vec![0_usize; count];
        let mut costs = vec![None; count];
        let mut sums = vec![1_u64; count];
        let mut ready = Vec::new();
        for (at, message) in model.messages.iter().enumerate() {
            for field in &message.fields {
                if is_needed(message, field)
                    && let Some(inner) = field.kind.message()
                    && let (Some(parents), Some(missing)) =
                        (parents.get_mut(inner), missing.get_mut(at))
                {
                    parents.push(at);
                    *missing += 1;
                }
            }
            if missing.get(at) == Some(&0) {
                ready.push(at);
            }
        }
        while let Some(at) = ready.pop() {
            let cost = sums.get(at).copied().unwrap_or(1);
            if let Some(slot) = costs.get_mut(at) {
                *slot = Some(cost);
            }
            for &parent in parents.get(at).into_iter().flatten() {
                if let (Some(sum), Some(missing)) = (sums.get_mut(parent), missing.get_mut(parent))
                {
                    *sum = sum.saturating_add(cost);
                    *missing = missing.saturating_sub(1);
                    if *missing == 0 {
                        ready.push(parent);
                    }
                }
            }
        }
        Self { model, costs }
    }

    /// How many messages the smallest one is made of; `None` if there is no finite one.
    pub(super) fn cost(&self, of: Msg) -> Option<u64> {
        self.costs.get(of).copied().flatten()
    }

    /// The smallest message; `None` if there is none within the limit.
    pub(super) fn message(&self, of: Msg, limit: u64) -> Option<Content> {
        if self.cost(of)? > limit {
            return None;
        }
        stacker::maybe_grow(64 << 10, 1 << 20, || {
            let mut content = Content::new();
            let message = self.model.message(of)?;
            for field in &message.fields {
                if is_needed(message, field) {
                    let value = match field.kind.message() {
                        Some(inner) => Value::Message(self.message(inner, limit)?),
                        None => self.zero(field.kind),
                    };
                    content.insert(field.number, vec![value]);
                }
            }
            Some(content)
        })
    }

    /// The zero of a scalar; an enum's first value.
    pub(super) fn zero(&self, kind: Kind) -> Value {
        match kind {
            Kind::Double | Kind::Float => Value::Real(0.0),
            Kind::String | Kind::Bytes => Value::Bytes(Vec::new()),
            Kind::Message(_) | Kind::Group(_) | Kind::Missing => Value::Message(Content::new()),
            Kind::Enum(at) => {
                let first = self.model.enumeration(at).and_then(|e| e.values.first());
                Value::Number(first.map_or(0, |(_, n)| *n).into())
            }
            _ => Value::Number(0),
        }
    }

    /// A value of a field that is written: not the default, if the field has another value, else the default if
    /// that is written too.
    pub(super) fn written(&self, field: &Field) -> Option<Value> {
        if field
            .kind
            .message()
            .is_some_and(|of| self.cost(of).is_none())
        {
            return None;
        }
        let is_implicit = field.presence == Presence::Implicit && !field.repeated;
        self.telling(field.kind, field.default.as_ref())
            .or_else(|| (!is_implicit).then(|| self.zero(field.kind)))
    }

    /// A value that is not the default; `None` if the type has no other.
    pub(super) fn telling(&self, kind: Kind, default: Option<&Default>) -> Option<Value> {
        let not = |n: i128| default != Some(&Default::Number(n));
        Some(match kind {
            Kind::Double | Kind::Float => Value::Real(if default == Some(&Default::Real(1.5)) {
                2.5
            } else {
                1.5
            }),
            Kind::String | Kind::Bytes => {
                Value::Bytes(if default == Some(&Default::Bytes(b"x".to_vec())) {
                    b"y".to_vec()
                } else {
                    b"x".to_vec()
                })
            }
            Kind::Message(of) | Kind::Group(of) => Value::Message(self.message(of, MANY)?),
            Kind::Missing => return None,
            Kind::Enum(at) => {
                let of = self.model.enumeration(at)?;
                let other = of.values.iter().find(|(_, n)| not((*n).into()));
                Value::Number(other.map(|(_, n)| i128::from(*n))?)
            }
            Kind::Bool => Value::Number(i128::from(not(1))),
            _ => Value::Number(if not(1) { 1 } else { 2 }),
        })
    }
}

/// Whether a field is always written: a required one, and the message in a map's entry.
fn is_needed(message: &Message, field: &Field) -> bool {
    field.presence == Presence::Required || message.is_entry && field.kind.message().is_some()
}

/// How many messages a value in passing may be made of.
const MANY: u64 = 1_000;
