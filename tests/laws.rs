//! Laws that every truth obeys, whatever the schemas: a schema reads its own data; spelling does not count; levels
//! and combinators mean what they say.
#![cfg(feature = "engine")]

#[path = "support/corpus.rs"]
#[expect(dead_code, reason = "each test uses its part")]
mod corpus;
#[path = "fuzz/dice.rs"]
mod dice;
#[path = "support/reports.rs"]
mod reports;
#[path = "fuzz/json_schemas.rs"]
mod schemas;
#[path = "support/truths.rs"]
#[expect(dead_code, reason = "each test uses its part")]
mod truths;

use accord::compat::report::{Ruling, VerdictPolicy};
use accord::format::truth::{Budget, Outcome, Truth};
use accord::format::{Parsed, Resolved, truth};
use accord::model::{Level, Policy, SchemaType};
use dice::Dice;
use reports::Question;
use schemas::{Draft, Maker};
use serde_json::{Map, Value, json};
use truths::{cases, everything, on_big_stack, parse, resolved};

fn json(schema: &Value) -> Option<Parsed> {
    parse(SchemaType::Json, &schema.to_string(), &[])
}

fn truth_of(reader: &Parsed, writer: &Parsed) -> Truth {
    truth(reader, writer, &Budget::default())
}

/// Asserts that nothing of the writer's is refused. Undecided is no contradiction, and is counted.
fn contained(reader: &Value, writer: &Value, undecided: &mut u32, law: &str) {
    let (Some(r), Some(w)) = (json(reader), json(writer)) else {
        return;
    };
    let truth = truth_of(&r, &w);
    match truth.outcome {
        Outcome::Proved => {}
        Outcome::Undecided => *undecided += 1,
        Outcome::Broken => panic!(
            "{law}\nreader {reader}\nwriter {writer}\n{:?}",
            truth.breaks
        ),
    }
}

/// A random schema, its draft, and its parts without what belongs to the whole.
fn random(dice: &mut Dice) -> (Draft, Value) {
    let draft = *dice.of(&Draft::ALL);
    let schema = Maker::new(dice, draft).document();
    (draft, schema)
}

const ROUNDS: u64 = 250;

#[test]
fn every_schema_reads_its_own_data() {
    on_big_stack(|| {
        let (mut asked, mut undecided) = (0, Vec::new());
        let mut ask = |id: &str, schema_type: SchemaType, text: &str, references: &[Resolved]| {
            let pair = (
                parse(schema_type, text, references),
                parse(schema_type, text, references),
            );
            let (Some(reader), Some(writer)) = pair else {
                return;
            };
            asked += 1;
            match truth_of(&reader, &writer) {
                truth if truth.outcome == Outcome::Broken => panic!("{id}: {:?}", truth.breaks),
                truth if truth.outcome == Outcome::Undecided => undecided.push(id.to_owned()),
                _ => {}
            }
        };
        for (file, schema_type) in [
            ("avro.json", SchemaType::Avro),
            ("json.json", SchemaType::Json),
            ("protobuf.json", SchemaType::Protobuf),
        ] {
            for case in cases("vectors", file).into_iter().flatten() {
                let text = |schema: &Value| match schema {
                    Value::String(text) if schema_type == SchemaType::Protobuf => text.clone(),
                    other => other.to_string(),
                };
                let named = case["references"]["reader"]
                    .as_array()
                    .into_iter()
                    .flatten();
                let references: Vec<Resolved> = named
                    .map(|r| Resolved {
                        name: r["name"].as_str().unwrap_or_default().into(),
                        text: text(&r["schema"]).into(),
                    })
                    .collect();
                let id = case["id"].as_str().unwrap_or_default();
                ask(id, schema_type, &text(&case["reader"]), &references);
            }
        }
        if let Some(folder) = corpus::folder() {
            for (file, schema_type) in [
                ("singles_avro", SchemaType::Avro),
                ("singles_json", SchemaType::Json),
                ("singles_protobuf", SchemaType::Protobuf),
            ] {
                let step = if everything() { 1 } else { 9 };
                for subject in corpus::read(&folder, file, step) {
                    for version in &subject.versions {
                        let references = resolved(subject.references_of(version));
                        ask(&subject.subject, schema_type, &version.text, &references);
                    }
                }
            }
        }
        println!(
            "{asked} schemas against themselves, {} undecided",
            undecided.len()
        );
        assert!(undecided.is_empty(), "undecided: {undecided:?}");
    });
}

/// The schema with its definitions renamed, and what refers to them.
fn renamed(schema: &Value) -> Value {
    let mut text = schema.to_string();
    for at in 0..3 {
        text = text.replace(&format!("\"d{at}\""), &format!("\"other{at}\""));
        text = text.replace(&format!("/d{at}\""), &format!("/other{at}\""));
    }
    serde_json::from_str(&text).expect("it is still JSON")
}

/// The schema with more to read for people, in every part.
fn annotated(schema: &Value) -> Value {
    let mut copy = schema.clone();
    let mut places = Vec::new();
    schemas::parts(schema, String::new(), &mut places);
    for place in places {
        if let Some(Value::Object(part)) = copy.pointer_mut(&place) {
            part.insert("description".to_owned(), json!("for people"));
            part.insert("$comment".to_owned(), json!("for other people"));
            part.insert("title".to_owned(), json!("T"));
        }
    }
    copy
}

/// The schema's text with the members of every object in reverse order.
fn reversed(schema: &Value) -> String {
    match schema {
        Value::Object(map) => {
            let members: Vec<String> = (map.iter().rev())
                .map(|(name, value)| format!("{}:{}", json!(name), reversed(value)))
                .collect();
            format!("{{{}}}", members.join(","))
        }
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(reversed).collect();
            format!("[{}]", items.join(","))
        }
        other => other.to_string(),
    }
}

#[test]
fn spelling_does_not_count() {
    on_big_stack(|| {
        let mut dice = Dice::new(11);
        for _ in 0..ROUNDS {
            let draft = *dice.of(&Draft::ALL);
            let mut maker = Maker::new(&mut dice, draft);
            let writer = maker.document();
            let reader = maker.edited(&writer);
            let (Some(r), Some(w)) = (json(&reader), json(&writer)) else {
                continue;
            };
            let expected = truth_of(&r, &w).outcome;
            let others = [
                (
                    "definitions renamed",
                    json(&renamed(&reader)),
                    json(&renamed(&writer)),
                ),
                (
                    "one side's definitions renamed",
                    json(&renamed(&reader)),
                    json(&writer),
                ),
                ("annotated", json(&annotated(&reader)), json(&writer)),
                (
                    "in another order",
                    parse(SchemaType::Json, &reversed(&reader), &[]),
                    json(&writer),
                ),
            ];
            for (what, r, w) in others {
                let (Some(r), Some(w)) = (r, w) else {
                    panic!("{what}: no schema any more\nreader {reader}\nwriter {writer}");
                };
                let found = truth_of(&r, &w).outcome;
                assert_eq!(found, expected, "{what}\nreader {reader}\nwriter {writer}");
            }
        }
    });
}

/// A schema as a part: what belongs to the whole taken off.
fn part_of(schema: &Value, draft: Draft) -> (Value, Map<String, Value>) {
    let mut map = schema.as_object().cloned().unwrap_or_default();
    let mut whole = Map::new();
    for word in ["$schema", draft.definitions()] {
        if let Some(value) = map.remove(word) {
            whole.insert(word.to_owned(), value);
        }
    }
    (map.into(), whole)
}

#[test]
fn combinators_mean_what_they_say() {
    on_big_stack(|| {
        let mut dice = Dice::new(23);
        let mut undecided = 0;
        for _ in 0..ROUNDS {
            let (draft, schema) = random(&mut dice);
            let (s, whole) = part_of(&schema, draft);
            // One that refers to nothing, so that it may stand in any schema.
            let t = loop {
                let other = Maker::new(&mut dice, draft).document();
                if !other.to_string().contains("$ref") {
                    break part_of(&other, draft).0;
                }
            };
            let with = |word: &str, value: Value| {
                let mut map = whole.clone();
                map.insert(word.to_owned(), value);
                Value::Object(map)
            };
            let mut contained = |reader: &Value, writer: &Value, law: &str| {
                contained(reader, writer, &mut undecided, law);
            };
            let any = with("anyOf", json!([s, t]));
            contained(&any, &schema, "S is in anyOf [S, T]");
            contained(
                &schema,
                &with("allOf", json!([s, t])),
                "allOf [S, T] is in S",
            );
            contained(&any, &with("oneOf", json!([s, t])), "oneOf is in anyOf");
            let twice = with("not", json!({"not": s}));
            contained(&twice, &schema, "S is in not not S");
            contained(&schema, &twice, "not not S is in S");
            let at = format!("#/{}/itself", draft.definitions());
            let mut referring = with("allOf", json!([{"$ref": at}]));
            if let Some(map) = referring.as_object_mut() {
                let defs = map.entry(draft.definitions()).or_insert_with(|| json!({}));
                if let Some(defs) = defs.as_object_mut() {
                    defs.insert("itself".to_owned(), s.clone());
                }
            }
            contained(&referring, &schema, "S is in a reference to S");
            contained(&schema, &referring, "a reference to S is in S");
        }
        println!("combinators: {undecided} undecided");
        assert!(undecided <= ROUNDS as u32 / 10, "{undecided} undecided");
    });
}

#[test]
fn levels_mean_what_they_say() {
    on_big_stack(|| {
        let mut dice = Dice::new(31);
        for _ in 0..ROUNDS / 2 {
            let draft = *dice.of(&Draft::ALL);
            let mut maker = Maker::new(&mut dice, draft);
            let first = maker.document();
            let second = maker.edited(&first);
            let texts = [maker.edited(&second), second, first].map(|schema| schema.to_string());
            if texts
                .iter()
                .any(|text| parse(SchemaType::Json, text, &[]).is_none())
            {
                continue;
            }
            let [new, second, first] = &texts;
            // By the rules, and in truth: the worst of what was compared.
            let verdicts = |level: Level| {
                let history = [second.as_str(), first.as_str()];
                let report = Question {
                    schema_type: SchemaType::Json,
                    level,
                    lenience: Policy::Strict,
                    policy: VerdictPolicy::Confluent,
                    new,
                    history: &history,
                }
                .report()
                .expect("the schemas are read");
                let rules = report.verdicts.confluent == Ruling::Compatible;
                (rules, report.verdicts.semantic)
            };
            let rank = |outcome: Outcome| match outcome {
                Outcome::Proved => 0,
                Outcome::Undecided => 1,
                Outcome::Broken => 2,
            };
            let told = format!("{new}\n{second}\n{first}");
            for (full, backward, forward) in [
                (Level::Full, Level::Backward, Level::Forward),
                (
                    Level::FullTransitive,
                    Level::BackwardTransitive,
                    Level::ForwardTransitive,
                ),
            ] {
                let [f, b, w] = [full, backward, forward].map(verdicts);
                assert_eq!(f.0, b.0 && w.0, "{full:?} is both directions\n{told}");
                assert_eq!(
                    rank(f.1),
                    rank(b.1).max(rank(w.1)),
                    "{full:?} is the worse\n{told}"
                );
            }
            for (transitive, latest) in [
                (Level::BackwardTransitive, Level::Backward),
                (Level::ForwardTransitive, Level::Forward),
                (Level::FullTransitive, Level::Full),
            ] {
                let (t, l) = (verdicts(transitive), verdicts(latest));
                assert!(!t.0 || l.0, "{transitive:?} takes in {latest:?}\n{told}");
                // Undecided where versions share the steps is no lie.
                let hidden = l.1 == Outcome::Broken && t.1 != Outcome::Broken;
                assert!(!hidden, "{transitive:?} takes in {latest:?}\n{told}");
            }
        }
    });
}
