//! The truth about other people's pairs of schemas, as one table: right, wrong, undecided, and how long it took.
//!
//! `scripts/verdicts` runs it over everything and in release; the tests run over the vectors, the pairs with
//! ground truth and a sample of the rest. Data is read where it lies; without it the test says so and passes.
//! "Wrong" is a `proved` that a label contradicts, or a `broken` whose label says that every record is read.
#![cfg(feature = "engine")]

#[path = "support/corpus.rs"]
#[expect(dead_code, reason = "each test uses its part")]
mod corpus;
#[path = "support/truths.rs"]
mod truths;

use accord::format::truth::{Effect, Outcome};
use accord::model::SchemaType;
use serde_json::Value;
use truths::{Judged, Table, cases, everything, judge, on_big_stack};

/// The program's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Labels that are wrong: the start of the id, and why.
const MISLABELLED: &[(&str, &str)] = &[
    (
        "rec-21",
        "contested there: two aliases match two fields of the writer, and every decoder that was run fails",
    ),
    (
        "avro-java-test-schema-compatibility-type-mismatch-test-type-mismat-28",
        "the writer's list has no end, so nothing can be written with it",
    ),
    (
        "probe-proto-proto2-default-change",
        "its note says that absent values change their meaning, which is what the record shows",
    ),
];

fn mislabelled(id: &str) -> Option<&'static str> {
    MISLABELLED
        .iter()
        .find(|(start, _)| id.starts_with(start))
        .map(|(_, why)| *why)
}

/// The cases of a file of the vectors: undisputed in one row, disputed told one by one.
fn vectors(file: &str, schema_type: SchemaType, label: impl Fn(&Value) -> bool) {
    let Some(cases) = cases("vectors", file) else {
        return;
    };
    let mut table = Table::new(format!("vectors/{file} {schema_type}"));
    let mut disputed = Vec::new();
    for case in &cases {
        if case["schema_type"].as_str() != Some(schema_type.as_str())
            || case["invalid_schema"].as_bool() == Some(true)
            || !case["compatible"].is_boolean()
        {
            continue;
        }
        let id = case["id"].as_str().unwrap_or_default();
        let Some(judged) = judge(case, schema_type) else {
            table.unread(id);
            continue;
        };
        let expected = label(case);
        if case["disputed"].as_bool() == Some(true) {
            disputed.push(format!(
                "    {id}: {} (label {expected}, {}){}",
                judged.truth.outcome,
                case["category"].as_str().unwrap_or_default(),
                judged.shown()
            ));
            continue;
        }
        table.count(id, expected, &judged, mislabelled(id));
    }
    table.print();
    if !disputed.is_empty() {
        println!("  disputed, our answers:");
        disputed.iter().for_each(|line| println!("{line}"));
    }
    table.assert_none_wrong();
}

fn compatible(case: &Value) -> bool {
    case["compatible"].as_bool() == Some(true)
}

#[test]
fn avro_vectors() {
    on_big_stack(|| {
        vectors("avro.json", SchemaType::Avro, compatible);
        vectors("probes.json", SchemaType::Avro, compatible);
    });
}

#[test]
fn avro_pairs() {
    on_big_stack(|| {
        let Some(cases) = cases("semantic", "avro_pairs.json") else {
            return;
        };
        let mut table = Table::new("semantic/avro_pairs.json, resolves".to_owned());
        let mut faithful = Table::new("semantic/avro_pairs.json, faithful".to_owned());
        for case in &cases {
            let id = case["id"].as_str().unwrap_or_default();
            let Some(judged) = judge(case, SchemaType::Avro) else {
                table.unread(id);
                continue;
            };
            table.count(id, compatible(case), &judged, mislabelled(id));
            // That data calls a symbol which the reader's enum replaces by its default faithful.
            let lossy = judged
                .truth
                .warnings
                .iter()
                .any(|w| w.rule != "enum-symbol-replaced");
            let mut both = judged.clone();
            if lossy && both.truth.outcome == Outcome::Proved {
                both.truth.outcome = Outcome::Broken;
            }
            let label = case["faithful"].as_bool() == Some(true);
            faithful.count(id, label, &both, mislabelled(id));
        }
        table.print();
        faithful.print();
        table.assert_none_wrong();
        table.assert_decided(1.0);
        faithful.assert_none_wrong();
    });
}

/// What random messages showed where it was tried, else what the suites say.
fn on_the_wire(case: &Value) -> bool {
    let flags = case["wire"]["flags"]
        .as_array()
        .or_else(|| case["wire"].as_array());
    match flags {
        // Fields that the reader does not know stay in the bytes.
        Some(flags) => flags.iter().all(|flag| flag == "dropped"),
        None => compatible(case),
    }
}

#[test]
fn protobuf_vectors() {
    on_big_stack(|| {
        vectors("protobuf.json", SchemaType::Protobuf, on_the_wire);
        vectors("probes.json", SchemaType::Protobuf, on_the_wire);
    });
}

#[test]
fn protobuf_pairs() {
    on_big_stack(|| {
        let Some(cases) = cases("semantic", "protobuf_pairs.json") else {
            return;
        };
        let mut wire = Table::new("semantic/protobuf_pairs.json, wire".to_owned());
        let mut json = Table::new("semantic/protobuf_pairs.json, JSON".to_owned());
        let mut effects = Vec::new();
        for case in &cases {
            let id = case["id"].as_str().unwrap_or_default();
            let Some(mut judged) = judge(case, SchemaType::Protobuf) else {
                wire.unread(id);
                continue;
            };
            wire.count(
                id,
                case["wire_compatible"] == true,
                &judged,
                mislabelled(id),
            );
            let expected = case["effect"].as_str().unwrap_or_default();
            let told: Vec<_> = judged
                .truth
                .breaks
                .iter()
                .map(|b| effect(b.effect))
                .collect();
            if case["wire_compatible"] == false && !told.contains(&expected) {
                effects.push(format!("{id}: {expected}, ours {told:?}{}", judged.shown()));
            }
            judged.truth = *judged
                .truth
                .json_mapping
                .clone()
                .expect("Protobuf has a JSON mapping");
            json.count(
                id,
                case["json_compatible"] == true,
                &judged,
                mislabelled(id),
            );
        }
        wire.print();
        json.print();
        wire.assert_none_wrong();
        wire.assert_decided(1.0);
        json.assert_none_wrong();
        json.assert_decided(1.0);
        assert!(effects.is_empty(), "other effects:\n{}", effects.join("\n"));
    });
}

fn effect(effect: Effect) -> &'static str {
    match effect {
        Effect::Fails => "parse_error",
        Effect::Lost => "lost",
        Effect::Changed => "changed",
        Effect::Hidden => "hidden",
    }
}

#[test]
fn protobuf_histories() {
    on_big_stack(|| histories("histories_protobuf", SchemaType::Protobuf, 12, 1.0));
}

#[test]
fn avro_histories() {
    on_big_stack(|| histories("histories_avro", SchemaType::Avro, 1, 1.0));
}

/// Both directions of all consecutive pairs of the corpus' histories, or of a sample.
fn histories(file: &str, schema_type: SchemaType, step: usize, decided: f64) {
    let Some(folder) = corpus::folder() else {
        return;
    };
    let step = if everything() { 1 } else { step };
    let mut table = Table::new(format!("corpus/{file}, both directions"));
    for subject in corpus::read(&folder, file, step) {
        let texts: Vec<_> = subject
            .versions
            .iter()
            .map(|version| {
                truths::parse(
                    schema_type,
                    &version.text,
                    &truths::resolved(subject.references_of(version)),
                )
            })
            .collect();
        for (at, pair) in texts.windows(2).enumerate() {
            let [Some(old), Some(new)] = pair else {
                table.unread(&subject.subject);
                continue;
            };
            for (reader, writer, direction) in [(new, old, "backward"), (old, new, "forward")] {
                let judged = Judged::of(reader, writer);
                let id = format!("{} {}→{} {direction}", subject.subject, at + 1, at + 2);
                table.note(&id, &judged);
            }
        }
    }
    table.print();
    table.assert_decided(decided);
    table.assert_reproduced();
}
