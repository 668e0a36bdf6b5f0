//! Random pairs of JSON Schemas, judged by a validator: no document may contradict a `proved`, every witness has to
//! hold.

#[path = "json_documents.rs"]
mod documents;
#[path = "json_schemas.rs"]
mod schemas;

use crate::dice::Dice;
use crate::{Pair, Round};
use accord::format::truth::{Budget, Outcome, Truth};
use accord::format::{Limits, Parsed, Source, Strictness, truth};
use accord::model::SchemaType;
use documents::Sampler;
use jsonschema::Validator;
use schemas::{Draft, Maker, parts};
use serde_json::Value;

/// How many documents are tried on a proof.
const DOCUMENTS: usize = 120;

/// A schema with everything that reads it.
struct Side {
    text: Value,
    draft: Draft,
    parsed: Parsed,
    judge: Validator,
}

impl Side {
    /// `None` if it is no schema.
    fn new(text: Value, draft: Draft) -> Option<Self> {
        let source = text.to_string();
        let parsed = Parsed::parse(
            SchemaType::Json,
            &Source {
                text: &source,
                references: &[],
                strictness: Strictness::New,
                limits: Limits::default(),
            },
        )
        .ok()?;
        let judge = jsonschema::options()
            .with_draft(as_judged(draft))
            .should_validate_formats(false)
            .build(&text)
            .ok()?;
        Some(Self {
            text,
            draft,
            parsed,
            judge,
        })
    }
}

/// The draft as the judge knows it.
fn as_judged(draft: Draft) -> jsonschema::Draft {
    match draft {
        Draft::D4 => jsonschema::Draft::Draft4,
        Draft::D6 => jsonschema::Draft::Draft6,
        Draft::D7 => jsonschema::Draft::Draft7,
        Draft::D2019 => jsonschema::Draft::Draft201909,
        Draft::D2020 => jsonschema::Draft::Draft202012,
    }
}

/// One pair, with what was said of it.
pub fn round(seed: u64) -> Round {
    let mut dice = Dice::new(seed);
    let (reader, writer) = loop {
        if let Some(sides) = sides(&mut dice) {
            break sides;
        }
    };
    let truth = truth(&reader.parsed, &writer.parsed, &Budget::default());
    if let Some(document) = contradiction(&reader, &writer, &truth, dice.throw()) {
        return Err(told(reader, writer, document));
    }
    Ok(Pair {
        reader: reader.text.to_string(),
        writer: writer.text.to_string(),
        truth,
    })
}

fn sides(dice: &mut Dice) -> Option<(Side, Side)> {
    let draft = *dice.of(&Draft::ALL);
    let edits = dice.chance(82);
    let (old, new) = {
        let mut maker = Maker::new(dice, draft);
        let old = maker.document();
        let new = if edits {
            maker.edited(&old)
        } else {
            maker.document()
        };
        (old, new)
    };
    let (mut reader, writer) = if dice.chance(50) {
        (new, old)
    } else {
        (old, new)
    };
    let mut reader_draft = draft;
    // The same words under another draft; booleans are no schemas in draft 4.
    if draft > Draft::D4 && dice.chance(4) {
        reader_draft = *dice.of(&[Draft::D6, Draft::D7, Draft::D2020]);
        if let Some(said) = reader.get_mut("$schema") {
            *said = reader_draft.uri().into();
        }
    }
    Some((Side::new(reader, reader_draft)?, Side::new(writer, draft)?))
}

/// What contradicts the answer.
enum Contradiction {
    /// A document that the writer's schema allows and the reader's does not, of a proved pair.
    Refused(Value),
    /// A witness that is none.
    Hollow(String),
}

fn contradiction(reader: &Side, writer: &Side, truth: &Truth, seed: u64) -> Option<Contradiction> {
    match truth.outcome {
        Outcome::Proved => {
            let roots = [(&writer.text, writer.draft), (&reader.text, reader.draft)];
            let mut sampler = Sampler::new(seed, roots);
            (0..DOCUMENTS)
                .map(|_| sampler.document())
                .find(|document| refused(reader, writer, document))
                .map(Contradiction::Refused)
        }
        Outcome::Broken => (truth.breaks.iter())
            .map(|told| &told.witness.record)
            .find(|record| match serde_json::from_str::<Value>(record) {
                Ok(document) => !refused(reader, writer, &document),
                Err(_) => true,
            })
            .map(|record| Contradiction::Hollow(record.clone())),
        Outcome::Undecided => None,
    }
}

fn refused(reader: &Side, writer: &Side, document: &Value) -> bool {
    writer.judge.is_valid(document) && !reader.judge.is_valid(document)
}

/// The contradiction in words, as small as it gets.
fn told(reader: Side, writer: Side, contradiction: Contradiction) -> String {
    let (reader, writer, what) = match contradiction {
        Contradiction::Hollow(record) => {
            (reader, writer, format!("broken, but by no means: {record}"))
        }
        Contradiction::Refused(document) => {
            let (reader, writer) = shrunk(reader, writer, &document);
            (reader, writer, format!("proved, but: {document}"))
        }
    };
    format!("{what}\n  writer {}\n  reader {}", writer.text, reader.text)
}

/// Takes parts away from both schemas for as long as the pair is proved and the document shows the contrary.
fn shrunk(mut reader: Side, mut writer: Side, document: &Value) -> (Side, Side) {
    let holds = |reader: &Side, writer: &Side| {
        refused(reader, writer, document)
            && truth(&reader.parsed, &writer.parsed, &Budget::default()).outcome == Outcome::Proved
    };
    loop {
        let smaller = smaller(&writer.text)
            .into_iter()
            .filter_map(|text| Side::new(text, writer.draft))
            .find(|writer| holds(&reader, writer));
        if let Some(smaller) = smaller {
            writer = smaller;
            continue;
        }
        let smaller = self::smaller(&reader.text)
            .into_iter()
            .filter_map(|text| Side::new(text, reader.draft))
            .find(|reader| holds(reader, &writer));
        match smaller {
            Some(smaller) => reader = smaller,
            None => return (reader, writer),
        }
    }
}

/// The schema with one keyword, one member or one item less.
fn smaller(schema: &Value) -> Vec<Value> {
    let mut places = Vec::new();
    parts(schema, String::new(), &mut places);
    let mut all = Vec::new();
    for place in places {
        let Some(Value::Object(part)) = schema.pointer(&place) else {
            continue;
        };
        for (word, value) in part.iter().filter(|(word, _)| *word != "$schema") {
            let mut less = |edit: &dyn Fn(&mut serde_json::Map<String, Value>)| {
                let mut copy = schema.clone();
                if let Some(Value::Object(part)) = copy.pointer_mut(&place) {
                    edit(part);
                    all.push(copy);
                }
            };
            less(&|part| drop(part.remove(word)));
            match value {
                Value::Object(members) => {
                    for name in members.keys() {
                        less(&|part| {
                            if let Some(Value::Object(members)) = part.get_mut(word) {
                                members.remove(name);
                            }
                        });
                    }
                }
                Value::Array(items) => {
                    for at in 0..items.len() {
                        less(&|part| {
                            if let Some(Value::Array(items)) = part.get_mut(word) {
                                items.remove(at);
                            }
                        });
                    }
                }
                _ => {}
            }
        }
    }
    all
}
