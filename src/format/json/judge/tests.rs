//! Executing, making small and attributing, on pairs of our own and on the pairs with a known truth.

use super::execute::Executor;
use super::{judge, rule_of, truth};
use crate::format::json::contain::Side;
use crate::format::json::{Dialect, Schema, parse};
use crate::format::truth::{Budget, Outcome, Truth};
use crate::format::{Limits, Resolved, Source, Strictness, json_text};
use std::collections::BTreeMap;

fn schema(text: &str, references: &[Resolved]) -> Schema {
    parse(&Source {
        text,
        references,
        strictness: Strictness::Existing,
        limits: Limits::default(),
    })
    .unwrap()
}

fn answer(writer: &str, reader: &str) -> Truth {
    let (writer, reader) = (schema(writer, &[]), schema(reader, &[]));
    truth(&reader, &writer, &Budget::default())
}

fn rules() -> BTreeMap<String, toml::Table> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/rules/json");
    (std::fs::read_dir(folder).unwrap())
        .map(|file| {
            let path = file.unwrap().path();
            let id = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let text = std::fs::read_to_string(&path).unwrap();
            (id, text.parse().unwrap())
        })
        .collect()
}

#[test]
fn each_example_yields_its_rule() {
    let mut failures = Vec::new();
    for (id, rule) in rules() {
        let Some(example) = rule.get("example") else {
            // What only shows where formats are asserted, or by a keyword that no rule knows.
            assert_ne!(rule["severity"].as_str(), Some("broken"), "{id}");
            continue;
        };
        let text = |name: &str| example[name].as_str().unwrap();
        let found = answer(text("writer"), text("reader"));
        if rule["severity"].as_str() != Some("broken") {
            if found.outcome == Outcome::Broken {
                failures.push(format!("{id}: broken"));
            }
            continue;
        }
        let Some(told) = found.breaks.iter().find(|b| b.rule == id) else {
            failures.push(format!("{id}: {found:?}"));
            continue;
        };
        let record: serde_json::Value = serde_json::from_str(text("record")).unwrap();
        let accepts = |name: &str| {
            let schema = schema(text(name), &[]);
            let executor = Executor::new(schema.side(), false).unwrap();
            executor.accepts(&record)
        };
        if accepts("writer") != Some(true) || accepts("reader") != Some(false) {
            failures.push(format!("{id}: {record} is no witness"));
        }
        if told.witness.record.len() > text("record").len() + 3 {
            failures.push(format!("{id}: {} could be smaller", told.witness.record));
        }
        let message = rule["message"].as_str().unwrap();
        for name in message
            .split('{')
            .skip(1)
            .filter_map(|s| s.split('}').next())
        {
            if !told.arguments.0.contains_key(name) {
                failures.push(format!("{id}: no word for {name}"));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn each_name_is_covered_by_the_rule_of_its_file() {
    let mut named = 0;
    for (id, rule) in rules() {
        for kind in rule["kinds"].as_array().unwrap() {
            assert_eq!(rule_of(kind.as_str().unwrap()), Some(id.as_str()));
            named += 1;
        }
    }
    // The names that `kinds.rs` judges incompatible or lenient, read from its text.
    let text = include_str!("../kinds.rs");
    let mut names = 0;
    for call in ["Rule::breaking(", "Rule::lenient("] {
        for rest in text.split(call).skip(1) {
            let name = rest
                .trim_start()
                .strip_prefix('"')
                .unwrap()
                .split('"')
                .next()
                .unwrap();
            assert!(rule_of(name).is_some(), "{name}");
            names += 1;
        }
    }
    assert_eq!(named, names);
}

#[test]
fn all_breaks_and_through_references() {
    let writer = r#"{"type":"object","properties":{"a":{"type":"integer"},"b":{"type":"string"}}}"#;
    let reader = r##"{"type":"object","definitions":{"t":{"minLength":2}},
        "properties":{"a":{"maximum":9},"b":{"$ref":"#/definitions/t"}},"required":["c"]}"##;
    let found = answer(writer, reader);
    let told: Vec<_> = (found.breaks.iter())
        .map(|b| (b.rule, b.reader.pointer.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            ("min-length-raised", "/definitions/t/minLength"),
            ("maximum-lowered", "/properties/a/maximum"),
            ("required-property-added", "/required"),
        ]
    );
    let other = Resolved {
        name: "other.json".into(),
        text: r#"{"type":"string"}"#.into(),
    };
    let reader = schema(r#"{"properties":{"a":{"$ref":"other.json"}}}"#, &[other]);
    let found = truth(&reader, &schema(writer, &[]), &Budget::default());
    assert_eq!(
        found.breaks[0].reader.reference.as_deref(),
        Some("other.json"),
        "{found:?}"
    );
    assert_eq!(found.breaks[0].reader.pointer, "/type");
}

#[test]
fn hostile_schemas_end() {
    // Frames of a debug build are large.
    let thread = std::thread::Builder::new().stack_size(64 << 20);
    thread.spawn(hostile_schemas).unwrap().join().unwrap();
}

fn hostile_schemas() {
    let deep = format!("{}true{}", r#"{"items":"#.repeat(900), "}".repeat(900));
    let other = format!("{}false{}", r#"{"items":"#.repeat(900), "}".repeat(900));
    answer(&deep, &other);
    let doubling: Vec<String> = (0..40)
        .map(|i| format!(r##""d{i}":{{"allOf":[{{"$ref":"#/definitions/d{0}"}},{{"$ref":"#/definitions/d{0}"}}]}}"##, i + 1))
        .collect();
    let reader = format!(
        r##"{{"definitions":{{{},"d40":{{"type":"string"}}}},"$ref":"#/definitions/d0"}}"##,
        doubling.join(",")
    );
    assert_ne!(answer("{}", &reader).outcome, Outcome::Proved);
    assert_ne!(
        answer(
            r#"{"type":"string"}"#,
            r#"{"pattern":"^(?=(a+)+$)(a|aa)+$"}"#
        )
        .outcome,
        Outcome::Proved
    );
    assert_ne!(
        answer("{}", r#"{"maximum":1e400}"#).outcome,
        Outcome::Proved
    );
    let many: Vec<String> = (0..20_000).map(|i| format!("\"v{i}\"")).collect();
    let found = answer(
        &format!(r#"{{"enum":[{}]}}"#, many.join(",")),
        &format!(r#"{{"enum":[{}]}}"#, many[1..].join(",")),
    );
    assert_ne!(found.outcome, Outcome::Proved);
}

#[test]
fn pairs_with_a_known_truth() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../shared/semantic/json_containment_pairs.json"
    );
    let Ok(text) = std::fs::read_to_string(path) else {
        println!("skipped: no pairs beside the project");
        return;
    };
    let pairs = json_text::parse(&text, 1_000).unwrap();
    let (mut right, mut open, mut unreproduced, mut unnamed) =
        (0, Vec::new(), Vec::new(), Vec::new());
    for pair in pairs.as_array().unwrap() {
        let word = |name: &str| pair.get(name).unwrap().as_str().unwrap();
        let dialect = match word("draft") {
            "draft-04" => Dialect::Draft4,
            "draft-06" => Dialect::Draft6,
            "draft-07" => Dialect::Draft7,
            "2019-09" => Dialect::Draft2019,
            _ => Dialect::Draft2020,
        };
        let side = |name: &str| Side::new(pair.get(name).unwrap(), Vec::new(), dialect);
        let budget = Budget {
            assert_formats: word("format_mode") == "assertion",
            ..Budget::default()
        };
        let found = judge(&side("new"), &side("old"), &budget, &Vec::new);
        let compatible = pair.get("backward_compatible").unwrap().as_bool().unwrap();
        let id = word("id");
        match found.outcome {
            Outcome::Proved => assert!(compatible, "{id}: proved"),
            Outcome::Broken => assert!(!compatible, "{id}: {found:?}"),
            Outcome::Undecided => open.push(format!("{id}: {:?}", found.obstacles)),
        }
        right += u32::from(found.outcome != Outcome::Undecided);
        if found.unreproduced > 0 {
            unreproduced.push(id.to_owned());
        }
        unnamed.extend(
            found
                .breaks
                .iter()
                .filter(|b| b.rule == "schema-changed")
                .map(|_| id.to_owned()),
        );
    }
    println!(
        "{right} decided; undecided {open:#?}; not reproduced {unreproduced:?}; unnamed {unnamed:?}"
    );
    assert!(open.len() <= 12);
}

/// A side between its bounds: what is unknown decides nothing, or everything.
#[test]
fn unknown_parts_are_bounded() {
    let outcome = |writer: &str, reader: &str| answer(writer, reader).outcome;
    let dead = r##"{"$ref":"#/definitions/gone"}"##;
    let object =
        |of: &str, n: &str| format!(r#"{{"properties":{{"a":{of},"n":{{"type":"{n}"}}}}}}"#);
    // Whatever stands behind the reference, `n` breaks.
    assert_eq!(
        outcome(&object(dead, "string"), &object(dead, "integer")),
        Outcome::Broken
    );
    assert_eq!(
        outcome(&object(dead, "string"), &object(dead, "string")),
        Outcome::Proved
    );
    let refused = r#"{"pattern":"(unclosed"}"#;
    assert_eq!(
        outcome(&object(refused, "string"), &object(refused, "integer")),
        Outcome::Broken
    );
    let malformed = r#"{"minLength":"1"}"#;
    assert_eq!(
        outcome(&object(malformed, "string"), &object(malformed, "integer")),
        Outcome::Broken
    );
    // It depends on what stands there.
    let text = r#"{"type":"string"}"#;
    for (writer, reader) in [
        (text.to_owned(), dead.to_owned()),
        (dead.to_owned(), text.to_owned()),
        (text.to_owned(), format!(r#"{{"not":{dead}}}"#)),
        // With both true, or both false, every document is refused; with one of them, none.
        (
            "{}".to_owned(),
            format!(r##"{{"oneOf":[{dead},{{"$ref":"#/definitions/lost"}}]}}"##),
        ),
        (
            "{}".to_owned(),
            format!(r#"{{"if":{dead},"then":true,"else":false}}"#),
        ),
        (text.to_owned(), refused.to_owned()),
        (text.to_owned(), malformed.to_owned()),
    ] {
        assert_eq!(
            outcome(&writer, &reader),
            Outcome::Undecided,
            "{writer} {reader}"
        );
    }
    // A pattern that is not known may be the one that lets a name in.
    let closed = r#"{"patternProperties":{"(unclosed":{}},"additionalProperties":false}"#;
    assert_eq!(outcome(r#"{"type":"object"}"#, closed), Outcome::Undecided);
}
