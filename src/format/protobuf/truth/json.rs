//! The same question for the JSON mapping: what a strict parser of the reader's messages makes of the JSON that
//! the writer prints. Fields go by their JSON names, enums by their constants' names, unknown members fail.
//!
//! Source: the Protocol Buffers documentation, "ProtoJSON format".

use super::fields::{gap, range};
use super::model::{Field, Kind, Message, Model, Msg, Presence};
use super::pairs::{Flaw, Reached, Walk};
use super::value::{Content, Minimal, Value};
use crate::format::truth::Steps;
use std::collections::{HashMap, HashSet, VecDeque};

/// Looks at the pairs that were reached by name, and at those that JSON leads to from them.
pub(super) fn walk(
    reader: &Model,
    writer: &Model,
    minimal: &Minimal<'_>,
    roots: &[Reached],
    steps: u64,
) -> Walk {
    let mut walker = Walker {
        reader,
        writer,
        minimal,
        steps: Steps::default(),
        seen: HashSet::new(),
        queue: VecDeque::new(),
        names: HashMap::new(),
        walk: Walk {
            reached: Vec::new(),
            flaws: Vec::new(),
            hidden: Vec::new(),
            missing: Vec::new(),
            is_cut_short: false,
        },
    };
    for root in roots.iter().filter(|root| root.from.is_none()) {
        walker.reach(root.reader, root.writer, None);
    }
    while let Some(at) = walker.queue.pop_front() {
        if walker.steps.0 > steps {
            walker.walk.is_cut_short = true;
            break;
        }
        walker.look(at);
    }
    walker.walk
}

/// The reader's fields by the names that its parser accepts.
type Names = HashMap<String, u32>;

struct Walker<'m> {
    reader: &'m Model,
    writer: &'m Model,
    minimal: &'m Minimal<'m>,
    steps: Steps,
    seen: HashSet<(Msg, Msg)>,
    queue: VecDeque<usize>,
    names: HashMap<Msg, std::rc::Rc<Names>>,
    walk: Walk,
}

impl Walker<'_> {
    fn reach(&mut self, reader: Msg, writer: Msg, from: Option<(usize, u32)>) {
        self.steps += 1;
        if self.minimal.cost(writer).is_none() || !self.seen.insert((reader, writer)) {
            return;
        }
        self.walk.reached.push(Reached {
            reader,
            writer,
            from,
        });
        self.queue.push_back(self.walk.reached.len() - 1);
    }

    fn flaw(&mut self, at: usize, message: Msg, rule: &'static str, number: u32, set: Content) {
        self.walk.flaws.push(Flaw {
            pair: Some(at),
            message,
            rule,
            number: Some(number),
            set,
            also: None,
        });
    }

    fn names(&mut self, of: Msg, message: &Message) -> std::rc::Rc<Names> {
        self.names
            .entry(of)
            .or_insert_with(|| {
                let mut names = Names::new();
                for field in &message.fields {
                    names.entry(field.name.to_string()).or_insert(field.number);
                }
                for field in &message.fields {
                    names.insert(field.json_name.to_string(), field.number);
                }
                names.into()
            })
            .clone()
    }

    fn look(&mut self, at: usize) {
        let Some(&Reached { reader, writer, .. }) = self.walk.reached.get(at) else {
            return;
        };
        let (Some(new), Some(old)) = (self.reader.message(reader), self.writer.message(writer))
        else {
            return;
        };
        self.steps += (new.fields.len() + old.fields.len()) as u64;
        if new.is_well_known() || old.is_well_known() {
            if new.full_name != old.full_name {
                self.walk.missing.push((writer, 0));
            }
            return;
        }
        let names = self.names(reader, new);
        let written: HashMap<u32, &Field> = old
            .fields
            .iter()
            .filter_map(|f| Some((*names.get(&*f.json_name)?, f)))
            .collect();
        for g in &new.fields {
            if g.presence == Presence::Required
                && !written
                    .get(&g.number)
                    .is_some_and(|f| f.presence == Presence::Required)
            {
                self.flaw(at, writer, "required-added", g.number, Content::new());
            }
        }
        self.oneofs(at, writer, new, &written);
        for f in &old.fields {
            if f.kind == Kind::Missing {
                self.walk.missing.push((writer, f.number));
                continue;
            }
            let Some(g) = names.get(&*f.json_name).and_then(|n| new.field(*n)) else {
                if let Some(value) = self.minimal.written(f) {
                    let rule = if new.field(f.number).is_some() {
                        "json-name-changed"
                    } else {
                        "json-field-unknown"
                    };
                    self.flaw(at, writer, rule, f.number, [(f.number, vec![value])].into());
                }
                continue;
            };
            if g.kind == Kind::Missing {
                self.walk.missing.push((writer, f.number));
                continue;
            }
            if let (Some(a), Some(b)) = (&f.default, &g.default)
                && std::mem::discriminant(a) == std::mem::discriminant(b)
                && a != b
                && f.presence != Presence::Required
                && g.presence != Presence::Required
            {
                self.flaw(at, writer, "default-changed", f.number, Content::new());
            }
            self.field(at, writer, f, g);
        }
    }

    fn field(&mut self, at: usize, writer: Msg, f: &Field, g: &Field) {
        let Some(telling) = self.minimal.written(f) else {
            return;
        };
        let shape = |field: &Field| (field.map, field.repeated);
        if shape(f) != shape(g) {
            // A well-known type may be printed as anything.
            let is_open = |model: &Model, kind: Kind| {
                kind.message()
                    .and_then(|of| model.message(of))
                    .is_some_and(Message::is_well_known)
            };
            if is_open(self.writer, f.kind) || is_open(self.reader, g.kind) {
                self.walk.missing.push((writer, f.number));
            } else {
                let set = [(f.number, vec![telling])].into();
                self.flaw(at, writer, "json-shape-changed", f.number, set);
            }
            return;
        }
        if let (Some(a), Some(b)) = (f.kind.message(), g.kind.message()) {
            if f.map {
                self.map(at, writer, f, (a, b));
            } else {
                self.reach(b, a, Some((at, f.number)));
            }
            return;
        }
        let well_known = |model: &Model, kind: Kind| {
            kind.message()
                .and_then(|of| model.message(of))
                .is_some_and(Message::is_well_known)
        };
        if well_known(self.writer, f.kind) || well_known(self.reader, g.kind) {
            self.walk.missing.push((writer, f.number));
            return;
        }
        let value = match (f.kind.message(), g.kind.message()) {
            (None, None) => self.scalar(f, g),
            _ => Some(telling),
        };
        if let Some(value) = value {
            let set = [(f.number, vec![value])].into();
            self.flaw(at, writer, "json-value-refused", f.number, set);
        }
    }

    fn map(&mut self, at: usize, writer: Msg, f: &Field, (a, b): (Msg, Msg)) {
        let parts = |model: &Model, of: Msg| {
            let entry = model.message(of)?;
            Some((entry.field(1)?.clone(), entry.field(2)?.clone()))
        };
        let (Some((old_key, old)), Some((new_key, new))) =
            (parts(self.writer, a), parts(self.reader, b))
        else {
            return;
        };
        let entry = |key: Value, value: Value| {
            let entry: Content = [(1, vec![key]), (2, vec![value])].into();
            [(f.number, vec![Value::Message(entry)])].into()
        };
        let zero = self.minimal.zero(old.kind);
        let some_key = self
            .minimal
            .telling(old_key.kind, None)
            .unwrap_or_else(|| self.minimal.zero(old_key.kind));
        if let Some(key) = key(old_key.kind, new_key.kind) {
            self.flaw(at, writer, "json-value-refused", f.number, entry(key, zero));
            return;
        }
        match (old.kind.message(), new.kind.message()) {
            (Some(a), Some(b)) => self.reach(b, a, Some((at, f.number))),
            (None, None) => {
                if let Some(value) = self.scalar(&old, &new) {
                    self.flaw(
                        at,
                        writer,
                        "json-value-refused",
                        f.number,
                        entry(some_key, value),
                    );
                }
            }
            _ => {
                let value = self.minimal.telling(old.kind, None).unwrap_or(zero);
                self.flaw(
                    at,
                    writer,
                    "json-value-refused",
                    f.number,
                    entry(some_key, value),
                );
            }
        }
    }

    /// A scalar whose JSON is refused, or read as another value.
    fn scalar(&self, f: &Field, g: &Field) -> Option<Value> {
        let (a, b) = (f.kind, g.kind);
        let is_real = |kind: Kind| matches!(kind, Kind::Float | Kind::Double);
        if let (Kind::Enum(x), Kind::Enum(y)) = (a, b) {
            let (old, new) = (self.writer.enumeration(x)?, self.reader.enumeration(y)?);
            let lost = old.values.iter().find(|(name, number)| {
                // Printed is the first name of a number.
                let printed = old.name_of(*number) == Some(name);
                let is_absent = f.presence == Presence::Implicit && !f.repeated && *number == 0;
                printed && !is_absent && !new.has_name(name)
            })?;
            return Some(Value::Number(lost.1.into()));
        }
        let telling = || {
            self.minimal
                .telling(a, f.default.as_ref())
                .unwrap_or_else(|| self.minimal.zero(a))
        };
        match (a, b) {
            (Kind::Enum(_), _) => Some(telling()),
            (Kind::String, Kind::String)
            | (Kind::Bytes, Kind::Bytes)
            | (Kind::Bool, Kind::Bool) => None,
            (Kind::Float, Kind::Float | Kind::Double) | (Kind::Double, Kind::Double) => None,
            (Kind::Double, Kind::Float) => Some(Value::Real(1e300)),
            (a, Kind::Enum(_)) => {
                let numbers = range(a).filter(|_| a != Kind::Bool)?;
                gap(numbers, range(Kind::Int32)?).map(Value::Number)
            }
            (a, b) if is_real(a) && range(b).is_some() && b != Kind::Bool => Some(Value::Real(1.5)),
            (a, b) if range(a).is_some() && a != Kind::Bool && is_real(b) => {
                // One more than what every number up to it is exact.
                let exact = if b == Kind::Float {
                    1_i128 << 24
                } else {
                    1_i128 << 53
                };
                (range(a)?.1 > exact).then_some(Value::Number(exact + 1))
            }
            (a, b) => match (range(a), range(b)) {
                (Some(from), Some(to)) if a != Kind::Bool && b != Kind::Bool => {
                    gap(from, to).map(Value::Number)
                }
                _ => Some(telling()),
            },
        }
    }

    /// Members that may be printed together and that share a oneof of the reader.
    fn oneofs(&mut self, at: usize, writer: Msg, new: &Message, written: &HashMap<u32, &Field>) {
        let mut first: HashMap<usize, &Field> = HashMap::new();
        let mut done: HashSet<usize> = HashSet::new();
        for g in &new.fields {
            let (Some(oneof), Some(f)) = (g.oneof, written.get(&g.number)) else {
                continue;
            };
            let Some(h) = first.get(&oneof) else {
                first.insert(oneof, f);
                continue;
            };
            if f.oneof.is_some() && f.oneof == h.oneof || !done.insert(oneof) {
                continue;
            }
            let (Some(a), Some(b)) = (self.minimal.written(h), self.minimal.written(f)) else {
                continue;
            };
            let set = [(h.number, vec![a]), (f.number, vec![b])].into();
            self.walk.flaws.push(Flaw {
                pair: Some(at),
                message: writer,
                rule: "fields-moved-into-oneof",
                number: Some(f.number),
                set,
                also: Some(h.name.to_string()),
            });
        }
    }
}

/// A map's key whose text is refused, or read as another key.
fn key(a: Kind, b: Kind) -> Option<Value> {
    match (a, b) {
        (a, b) if a == b => None,
        (Kind::String, _) => Some(Value::Bytes(b"x".to_vec())),
        (Kind::Bool, _) | (_, Kind::Bool) => Some(Value::Number(1)),
        (_, Kind::String) => Some(Value::Number(1)),
        (a, b) => gap(range(a)?, range(b)?).map(Value::Number),
    }
}
