//! From a flaw to what is told: the record, executed, the places, and the words.

use super::super::{Schema, diff};
use super::compare::{By, compare};
use super::model::{Kind, Model, Msg};
use super::pairs::{Flaw, Reached, Walk};
use super::reflect::Reflection;
use super::value::{Content, Minimal, Value};
use super::{decode, obstacle, settle};
use crate::format::truth::{Arguments, Break, Budget, Effect, Place, Truth, Witness};
use crate::format::{Difference, Judgement, Limits};
use std::collections::{HashMap, HashSet};

/// Which mapping is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mapping {
    Wire,
    Json,
}

/// Tells flaws.
pub(super) struct Teller<'m> {
    schemas: (&'m Schema, &'m Schema),
    reader: &'m Model,
    writer: &'m Model,
    minimal: &'m Minimal<'m>,
    budget: &'m Budget,
    /// What the rules say of the same schemas; read when the first flaw is told.
    differences: Option<Vec<Difference>>,
    /// The descriptors of each message that records were made of.
    reflections: HashMap<(bool, Msg), Option<Reflection<'m>>>,
}

/// Why a flaw is not told.
enum Untold {
    TooLarge,
    NotReproduced,
}

impl<'m> Teller<'m> {
    pub(super) fn new(
        reader: &'m Schema,
        writer: &'m Schema,
        new: &'m Model,
        old: &'m Model,
        minimal: &'m Minimal<'m>,
        budget: &'m Budget,
    ) -> Self {
        Self {
            schemas: (reader, writer),
            reader: new,
            writer: old,
            minimal,
            budget,
            differences: None,
            reflections: HashMap::new(),
        }
    }

    /// What a walk found, told.
    pub(super) fn truth(&mut self, walk: &Walk, mapping: Mapping) -> Truth {
        let mut truth = Truth::proved();
        let mut told: HashSet<(Msg, Option<u32>, &str)> = HashSet::new();
        for flaw in &walk.flaws {
            if truth.breaks.len() >= self.budget.told {
                break;
            }
            // One message may be reached in several ways.
            if !told.insert((flaw.message, flaw.number, flaw.rule)) {
                continue;
            }
            let place = self
                .writer
                .place(flaw.message, self.field_name(flaw).as_deref());
            match self.tell(walk, flaw, mapping) {
                Ok(found) => truth.breaks.push(found),
                Err(Untold::TooLarge) => truth.obstacles.push(obstacle(
                    "the smallest record that would show it is too large",
                    place,
                )),
                Err(Untold::NotReproduced) => {
                    truth.unreproduced += 1;
                    truth.obstacles.push(obstacle(
                        format!("a record that should show {} did not", flaw.rule),
                        place,
                    ));
                }
            }
        }
        for flaw in walk.hidden.iter().take(self.budget.told) {
            if let Ok(found) = self.tell(walk, flaw, mapping) {
                truth.warnings.push(found);
            }
        }
        for (message, number) in walk.missing.iter().take(self.budget.told) {
            let of = self.writer.message(*message);
            let name = of.and_then(|m| m.field(*number)).map(|f| f.name.clone());
            let construct = if mapping == Mapping::Json {
                "a well-known type whose JSON form changed"
            } else {
                "a type that is not there"
            };
            truth.obstacles.push(obstacle(
                construct,
                self.writer.place(*message, name.as_deref()),
            ));
        }
        if walk.is_cut_short {
            truth.obstacles.push(obstacle(
                "too many pairs of messages: the steps are used up",
                Place::here(""),
            ));
        }
        settle(&mut truth);
        truth
    }

    fn field_name(&self, flaw: &Flaw) -> Option<String> {
        let message = self.writer.message(flaw.message)?;
        let number = flaw.number?;
        let name = match message.field(number) {
            Some(field) => field.name.to_string(),
            None => return None,
        };
        Some(name)
    }

    fn tell(&mut self, walk: &Walk, flaw: &Flaw, mapping: Mapping) -> Result<Break, Untold> {
        let limit = self.budget.witness_bytes as u64 / 16;
        let mut content = self
            .minimal
            .message(flaw.message, limit)
            .ok_or(Untold::TooLarge)?;
        content.extend(flaw.set.clone());
        let (root, reader, content) = match flaw.pair {
            Some(pair) => {
                let (root, content) = self.wrapped(walk, pair, content).ok_or(Untold::TooLarge)?;
                (root.writer, Some(root.reader), content)
            }
            None => (flaw.message, None, content),
        };
        let (effect, witness) = self
            .executed(root, reader, &content, flaw, mapping)
            .ok_or(Untold::NotReproduced)?;
        let pair = flaw.pair.and_then(|at| walk.reached.get(at));
        let reader = pair.map(|pair| pair.reader);
        let number = flaw.number.unwrap_or_default();
        let names = |model: &Model, of: Msg| {
            let message = model.message(of)?;
            message.field(number).map(|field| field.name.clone())
        };
        let place = |model: &Model, of: Option<Msg>| match of {
            Some(of) => model.place(of, names(model, of).as_deref()),
            None => Place::here(""),
        };
        Ok(Break {
            rule: flaw.rule,
            effect,
            reader: place(self.reader, reader),
            writer: place(self.writer, Some(flaw.message)),
            difference: if mapping == Mapping::Wire {
                self.difference(flaw, reader)
            } else {
                None
            },
            arguments: self.words(flaw, reader),
            witness,
        })
    }

    /// The record with everything around it that leads to the pair.
    fn wrapped(&self, walk: &Walk, pair: usize, content: Content) -> Option<(Reached, Content)> {
        let limit = self.budget.witness_bytes as u64 / 16;
        let mut content = content;
        let mut at = *walk.reached.get(pair)?;
        while let Some((from, number)) = at.from {
            let outer = *walk.reached.get(from)?;
            let field = self.writer.message(outer.writer)?.field(number)?;
            let inner = field.kind.message()?;
            if field.map && inner != at.writer {
                // The walk over JSON goes from a map's field straight to its values.
                let key = self.writer.message(inner)?.field(1)?.kind;
                let key = self
                    .minimal
                    .telling(key, None)
                    .unwrap_or_else(|| self.minimal.zero(key));
                content = [(1, vec![key]), (2, vec![Value::Message(content)])].into();
            }
            let mut around = self.minimal.message(outer.writer, limit)?;
            around.insert(number, vec![Value::Message(content)]);
            content = around;
            at = outer;
        }
        Some((at, content))
    }

    /// Writes the record and reads it. `None` if that does not show the flaw.
    fn executed(
        &mut self,
        root: Msg,
        reader: Option<Msg>,
        content: &Content,
        flaw: &Flaw,
        mapping: Mapping,
    ) -> Option<(Effect, Witness)> {
        let limit = self.budget.witness_bytes;
        let written = self.reflection(false, root)?;
        let bytes = written.encode(root, content)?;
        if bytes.len() > limit {
            return None;
        }
        let json = written.json(root, content)?;
        // What the library wrote must be what was meant.
        let back = decode::decode(self.writer, root, &bytes).ok()?;
        if compare(
            (self.writer, root, content),
            (self.writer, root, &back),
            By::Number,
        )
        .is_some()
        {
            return None;
        }
        let name = self.writer.message(root)?.full_name.to_string();
        let (effect, reading) = match (reader, mapping) {
            (None, _) => {
                if self.reader.by_name.contains_key(&*name) {
                    return None;
                }
                (
                    Effect::Fails,
                    format!("the reader's schema has no message {name}"),
                )
            }
            (Some(reader), Mapping::Wire) => match decode::decode(self.reader, reader, &bytes) {
                Err(why) => (Effect::Fails, why),
                Ok(read) if flaw.rule == "field-removed" => {
                    let seen = compare(
                        (self.writer, root, content),
                        (self.reader, reader, &read),
                        By::Number,
                    );
                    if seen.is_some() {
                        return None;
                    }
                    (
                        Effect::Hidden,
                        "the value stays in the bytes as an unknown field".to_owned(),
                    )
                }
                Ok(read) => {
                    let seen = compare(
                        (self.writer, root, &back),
                        (self.reader, reader, &read),
                        By::Number,
                    )?;
                    (seen.effect, sentence(&seen))
                }
            },
            (Some(reader), Mapping::Json) => {
                match self.reflection(true, reader)?.read_json(reader, &json)? {
                    Err(why) => (Effect::Fails, why),
                    Ok(read) => {
                        let seen = compare(
                            (self.writer, root, &back),
                            (self.reader, reader, &read),
                            By::JsonName,
                        )?;
                        (seen.effect, sentence(&seen))
                    }
                }
            }
        };
        let hex: String = bytes.iter().map(|b| format!("{b:02x}")).collect();
        Some((
            effect,
            Witness {
                record: json,
                root: Some(name),
                hex: Some(hex),
                reading,
            },
        ))
    }

    fn reflection(&mut self, of_reader: bool, root: Msg) -> Option<&Reflection<'m>> {
        let model = if of_reader { self.reader } else { self.writer };
        self.reflections
            .entry((of_reader, root))
            .or_insert_with(|| Reflection::of(model, &[root]))
            .as_ref()
    }

    /// The rules' own name for a flaw, if they see it too.
    fn difference(&mut self, flaw: &Flaw, reader: Option<Msg>) -> Option<(&'static str, String)> {
        let schemas = self.schemas;
        let steps = self.budget.steps;
        let differences = self.differences.get_or_insert_with(|| {
            let limits = Limits {
                steps,
                ..Limits::default()
            };
            let mut all =
                diff::diff(&schemas.0.scope(), &schemas.1.scope(), &limits).unwrap_or_default();
            all.retain(|d| d.judgement != Judgement::Compatible);
            all
        });
        let of = self.writer.message(flaw.message)?;
        let message = of.local_name.replace('.', "/");
        let kinds: &[&str] = match flaw.rule {
            "message-removed" => &["MESSAGE_REMOVED"],
            "required-added" => &[
                "REQUIRED_FIELD_ADDED",
                "FIELD_NUMERIC_LABEL_CHANGED",
                "FIELD_STRING_OR_BYTES_LABEL_CHANGED",
            ],
            "fields-moved-into-oneof" => &[
                "MULTIPLE_FIELDS_MOVED_TO_ONEOF",
                "FIELD_MOVED_TO_EXISTING_ONEOF",
            ],
            "repeated-to-singular" => &["FIELD_NUMERIC_LABEL_CHANGED"],
            _ => &[
                "FIELD_SCALAR_KIND_CHANGED",
                "FIELD_KIND_CHANGED",
                "FIELD_NAMED_TYPE_CHANGED",
                "FIELD_NUMERIC_LABEL_CHANGED",
            ],
        };
        let read = reader.and_then(|at| self.reader.message(at));
        let oneof = |of: Option<&super::model::Message>| {
            let of = of?;
            let field = of.field(flaw.number?)?;
            of.oneofs.get(field.oneof?).map(|name| name.to_string())
        };
        let path = match (flaw.rule, flaw.number) {
            ("fields-moved-into-oneof", _) => format!("#/{message}/{}", oneof(read)?),
            (_, None) => format!("#/{message}"),
            (_, Some(number)) => match oneof(read) {
                Some(oneof) => format!("#/{message}/{oneof}/{number}"),
                None => format!("#/{message}/{number}"),
            },
        };
        differences
            .iter()
            .find(|d| kinds.contains(&d.kind) && d.path == path)
            .map(|d| (d.kind, d.path.clone()))
    }

    /// The words for the rule's sentences.
    fn words(&self, flaw: &Flaw, reader: Option<Msg>) -> Arguments {
        let mut arguments = Arguments::default();
        let mut say = |name: &'static str, word: String| {
            arguments.0.insert(name, word);
        };
        let Some(old) = self.writer.message(flaw.message) else {
            return arguments;
        };
        say("message", old.local_name.to_string());
        let new = reader.and_then(|at| self.reader.message(at));
        if let Some(number) = flaw.number {
            say("number", number.to_string());
            let (f, g) = (old.field(number), new.and_then(|m| m.field(number)));
            if let Some(field) = f.or(g) {
                say("field", field.name.to_string());
            }
            if let Some(f) = f {
                say("written", spoken(self.writer, f));
                say("json_name", f.json_name.to_string());
            }
            if let Some(g) = g {
                say("read", spoken(self.reader, g));
                say("new_name", g.name.to_string());
                if let Some(oneof) = g.oneof.and_then(|at| new?.oneofs.get(at)) {
                    say("oneof", oneof.to_string());
                }
            }
            if let Some((Value::Number(n), Kind::Enum(at))) = flaw
                .set
                .get(&number)
                .and_then(|v| v.first())
                .zip(f.map(|f| f.kind))
                && let Some(name) = i32::try_from(*n)
                    .ok()
                    .and_then(|n| self.writer.enumeration(at)?.name_of(n))
            {
                say("constant", name.to_string());
            }
        }
        if let Some(other) = &flaw.also {
            say("other", other.clone());
        }
        arguments
    }
}

fn spoken(model: &Model, field: &super::model::Field) -> String {
    if field.map
        && let Some(entry) = field.kind.message().and_then(|at| model.message(at))
        && let (Some(key), Some(value)) = (entry.field(1), entry.field(2))
    {
        return format!(
            "map<{}, {}>",
            model.name_of(key.kind),
            model.name_of(value.kind)
        );
    }
    let name = model.name_of(field.kind);
    if field.repeated {
        format!("repeated {name}")
    } else {
        name
    }
}

fn sentence(seen: &super::compare::Seen) -> String {
    format!(
        "{}: written {}, read {}",
        seen.path, seen.written, seen.read
    )
}
