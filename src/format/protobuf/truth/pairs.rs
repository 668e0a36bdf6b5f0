//! The walk over the pairs of message types that records reach, and what does not come back in each.

use super::fields::{self, Sides};
use super::model::{Kind, Model, Msg, Presence};
use super::value::{Content, Minimal, Value};
use crate::format::truth::Steps;
use std::collections::{HashMap, HashSet, VecDeque};

/// A pair that a record reaches.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reached {
    pub reader: Msg,
    pub writer: Msg,
    /// From which pair, by which field of the writer; `None` for the roots.
    pub from: Option<(usize, u32)>,
}

/// What does not come back.
#[derive(Debug, Clone)]
pub(super) struct Flaw {
    /// The pair's place in [`Walk::reached`]; `None` for a message that nobody reads.
    pub pair: Option<usize>,
    /// The writer's message.
    pub message: Msg,
    pub rule: &'static str,
    /// The number of the field that it is about.
    pub number: Option<u32>,
    /// What to set in the message, beside what is required.
    pub set: Content,
    /// Other words for the sentences.
    pub also: Option<String>,
}

/// What a walk found.
pub(super) struct Walk {
    pub reached: Vec<Reached>,
    pub flaws: Vec<Flaw>,
    /// Fields that the reader does not know.
    pub hidden: Vec<Flaw>,
    /// Types that are not there: the writer's message and the field.
    pub missing: Vec<(Msg, u32)>,
    pub is_cut_short: bool,
}

/// Looks at every pair of messages: these roots with those of the same name, and those that fields lead to.
pub(super) fn walk(
    reader: &Model,
    writer: &Model,
    minimal: &Minimal<'_>,
    roots: &[Msg],
    steps: u64,
) -> Walk {
    let mut walker = Walker {
        reader,
        writer,
        minimal,
        limit: steps,
        steps: Steps::default(),
        seen: HashSet::new(),
        queue: VecDeque::new(),
        walk: Walk {
            reached: Vec::new(),
            flaws: Vec::new(),
            hidden: Vec::new(),
            missing: Vec::new(),
            is_cut_short: false,
        },
    };
    let mut unread = Vec::new();
    for &root in roots {
        let Some(message) = writer.message(root) else {
            continue;
        };
        let same = reader
            .by_local_name
            .get(&message.local_name)
            .or_else(|| reader.by_name.get(&message.full_name));
        match same {
            Some(&same) => walker.reach(same, root, None),
            None => unread.push(root),
        }
    }
    while let Some(at) = walker.queue.pop_front() {
        if walker.steps.0 > walker.limit {
            walker.walk.is_cut_short = true;
            break;
        }
        walker.look(at);
    }
    for root in unread {
        if minimal.cost(root).is_some() {
            walker.walk.flaws.push(Flaw {
                pair: None,
                message: root,
                rule: "message-removed",
                number: None,
                set: Content::new(),
                also: None,
            });
        }
    }
    walker.walk
}

struct Walker<'m> {
    reader: &'m Model,
    writer: &'m Model,
    minimal: &'m Minimal<'m>,
    limit: u64,
    steps: Steps,
    seen: HashSet<(Msg, Msg)>,
    queue: VecDeque<usize>,
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

    fn look(&mut self, at: usize) {
        let Some(&Reached { reader, writer, .. }) = self.walk.reached.get(at) else {
            return;
        };
        let (Some(new), Some(old)) = (self.reader.message(reader), self.writer.message(writer))
        else {
            return;
        };
        self.steps += (new.fields.len() + old.fields.len()) as u64;
        for field in &new.fields {
            // Writers spell out keys and values of maps.
            let is_written = old
                .field(field.number)
                .is_some_and(|f| f.presence == Presence::Required || old.is_entry);
            if field.presence == Presence::Required && !is_written {
                self.flaw(at, writer, "required-added", field.number, Content::new());
            }
        }
        self.oneofs(at, reader, writer);
        let sides = Sides {
            writer: self.writer,
            reader: self.reader,
            minimal: self.minimal,
        };
        for f in &old.fields {
            let Some(g) = new.field(f.number) else {
                if let Some(value) = self.minimal.written(f) {
                    self.walk.hidden.push(Flaw {
                        pair: Some(at),
                        message: writer,
                        rule: "field-removed",
                        number: Some(f.number),
                        set: [(f.number, vec![value])].into(),
                        also: None,
                    });
                }
                continue;
            };
            if f.kind == Kind::Missing || g.kind == Kind::Missing {
                self.walk.missing.push((writer, f.number));
                continue;
            }
            if let (Some(a), Some(b)) = (&f.default, &g.default)
                && std::mem::discriminant(a) == std::mem::discriminant(b)
                && a != b
                && f.presence != Presence::Required
                && g.presence != Presence::Required
                && !f.repeated
                && !g.repeated
                // Writers put the key and the value into every entry of a map, zeros too.
                && !old.is_entry
            {
                self.flaw(at, writer, "default-changed", f.number, Content::new());
            }
            for loss in fields::losses(sides, f, g) {
                let is_writable = loss.values.iter().all(|value| match value {
                    Value::Message(_) => f
                        .kind
                        .message()
                        .is_none_or(|of| self.minimal.cost(of).is_some()),
                    _ => true,
                });
                if is_writable {
                    let set = [(f.number, loss.values)].into();
                    self.flaw(at, writer, loss.rule, f.number, set);
                }
            }
            if fields::goes_on(f, g)
                && let (Some(a), Some(b)) = (f.kind.message(), g.kind.message())
            {
                self.reach(b, a, Some((at, f.number)));
            }
        }
    }

    /// Fields that may be set together and that share a oneof of the reader: the last one wins.
    fn oneofs(&mut self, at: usize, reader: Msg, writer: Msg) {
        let (Some(new), Some(old)) = (self.reader.message(reader), self.writer.message(writer))
        else {
            return;
        };
        let mut first: HashMap<usize, u32> = HashMap::new();
        for g in &new.fields {
            let (Some(oneof), Some(f)) = (g.oneof, old.field(g.number)) else {
                continue;
            };
            let Some(&other) = first.get(&oneof) else {
                if self.minimal.written(f).is_some() {
                    first.insert(oneof, g.number);
                }
                continue;
            };
            let Some(h) = old.field(other) else { continue };
            if f.oneof.is_some() && f.oneof == h.oneof {
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
            // One example for each oneof.
            first.insert(oneof, u32::MAX);
        }
    }
}
