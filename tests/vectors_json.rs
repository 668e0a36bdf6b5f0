//! JSON Schema against the verdicts of other projects, read where they lie.
//!
//! The folder is not part of the project; without it these tests say so and check nothing.
#![cfg(feature = "engine")]

use accord::format::{Limits, Parsed, Resolved, Source, Strictness, diff};
use accord::model::{Policy, SchemaType};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::BufRead;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Where the rule of the contract, which is the reference server's, and the truth differ. Each entry is the case and
/// the reason; cases beyond these are bugs.
const EXPLAINED: &[(&str, &str)] = &[
    (
        "probe-json-type-added-number",
        "keywords of one type are read as a schema of that type, so adding the type changes nothing",
    ),
    (
        "probe-json-pattern-properties-added",
        "patternProperties are not compared beyond coverage",
    ),
    (
        "probe-json-property-names-added",
        "propertyNames is not compared",
    ),
    ("probe-json-contains-added", "contains is not compared"),
    (
        "probe-json-const-to-enum",
        "const and enum are different kinds of schema",
    ),
    (
        "probe-json-enum-to-type",
        "an enum and a type are different kinds of schema",
    ),
    (
        "probe-json-excl-to-incl",
        "exclusive and inclusive bounds are compared each by its keyword",
    ),
    (
        "probe-json-oneof-branch-added-overlap",
        "that oneOf is exclusive is not considered",
    ),
    (
        "probe-json-anyof-to-oneof-disjoint",
        "anyOf to oneOf is a change of criterion, disjoint or not",
    ),
    (
        "probe-json-allof-to-flat",
        "keywords of one object are not split into an allOf, nor joined",
    ),
    (
        "probe-json-flat-to-allof",
        "keywords of one object are not split into an allOf, nor joined",
    ),
    (
        "probe-json-max-props-implied",
        "bounds that follow from other keywords are not inferred",
    ),
    (
        "probe-json-tuple-to-list",
        "a schema for all items and one for each are not compared with each other",
    ),
    (
        "probe-json-list-to-open-tuple",
        "a schema for all items and one for each are not compared with each other",
    ),
    (
        "probe-json-unique-added-maxitems-1",
        "bounds that follow from other keywords are not inferred",
    ),
    (
        "probe-json-pattern-anchored-subset",
        "patterns are compared as texts",
    ),
    (
        "probe-json-pattern-to-length",
        "patterns are compared as texts, and not with lengths",
    ),
    (
        "probe-json-contradictory-writer",
        "that a schema accepts nothing is noticed for false alone",
    ),
    (
        "apicurio-json-testdata-number-exclusive-minimum-2-backward-54",
        "exclusive and inclusive bounds are compared each by its keyword",
    ),
    (
        "apicurio-json-testdata-number-exclusive-maximum-2-backward-64",
        "exclusive and inclusive bounds are compared each by its keyword",
    ),
    (
        "apicurio-json-testdata-number-exclusive-maximum-5-backward-70",
        "draft-04's boolean bounds are not compared with numbers",
    ),
    (
        "apicurio-json-testdata-number-exclusive-maximum-5-forward-71",
        "draft-04's boolean bounds are not compared with numbers",
    ),
    (
        "apicurio-json-testdata-object-required-forward-83",
        "required is compared for names in properties alone",
    ),
    (
        "apicurio-json-testdata-object-pattern-properties-1-forward-105",
        "patternProperties are not compared beyond coverage",
    ),
    (
        "apicurio-json-testdata-object-pattern-properties-2-backward-106",
        "patternProperties are not compared beyond coverage",
    ),
    (
        "apicurio-json-testdata-object-pattern-properties-2-forward-107",
        "patternProperties are not compared beyond coverage",
    ),
];

/// A file of the shared folder, which lies beside the project or beside the folder of its worktrees.
fn shared(folder: &str, file: &str) -> Option<PathBuf> {
    let found = ["..", "../.."]
        .iter()
        .map(|up| {
            [env!("CARGO_MANIFEST_DIR"), up, "shared", folder, file]
                .iter()
                .collect::<PathBuf>()
        })
        .find(|path| path.exists());
    if found.is_none() {
        println!("SKIPPED: there is no shared/{folder}/{file} beside the project");
    }
    found
}

fn cases(file: &str) -> Option<Vec<Value>> {
    let text = std::fs::read_to_string(shared("vectors", file)?).expect("the vectors are readable");
    Some(serde_json::from_str(&text).expect("the vectors are JSON"))
}

/// On a stack as large as the registry gives the engine.
fn on_big_stack(test: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new()
        .stack_size(64 << 20)
        .spawn(test)
        .expect("a thread")
        .join()
        .expect("the test passes");
}

fn with_dialect(schema: &Value, dialect: Option<&str>) -> String {
    let uri = match dialect {
        Some("draft-04") => "http://json-schema.org/draft-04/schema#",
        Some("draft-06") => "http://json-schema.org/draft-06/schema#",
        Some("2019-09") => "https://json-schema.org/draft/2019-09/schema",
        Some("2020-12") => "https://json-schema.org/draft/2020-12/schema",
        _ => return schema.to_string(),
    };
    match schema {
        Value::Object(members) if !members.contains_key("$schema") => {
            let mut members = members.clone();
            members.insert("$schema".into(), uri.into());
            Value::Object(members).to_string()
        }
        other => other.to_string(),
    }
}

fn references(case: &Value, side: &str) -> Vec<Resolved> {
    let list = &case["references"];
    let list = if list.is_array() { list } else { &list[side] };
    list.as_array()
        .map(|list| {
            list.iter()
                .map(|r| Resolved {
                    name: r["name"].as_str().expect("a name").into(),
                    text: match &r["schema"] {
                        Value::String(text) => text.as_str().into(),
                        other => other.to_string().into(),
                    },
                })
                .collect()
        })
        .unwrap_or_default()
}

fn parse(text: &str, references: &[Resolved]) -> Result<Parsed, String> {
    Parsed::parse(
        SchemaType::Json,
        &Source {
            text,
            references,
            strictness: Strictness::New,
            limits: Limits::default(),
        },
    )
    .map_err(|e| e.details)
}

fn side(case: &Value, side: &str) -> Result<Parsed, String> {
    let text = with_dialect(&case[side], case["dialect"][side].as_str());
    parse(&text, &references(case, side))
}

#[derive(Default)]
struct Score {
    cases: usize,
    agree: usize,
    differ: Vec<(String, String)>,
    reference_cases: usize,
    reference_differ: Vec<String>,
}

impl Score {
    fn print(&self, title: &str) {
        println!(
            "{title}: {} cases, {} agree, {} differ",
            self.cases,
            self.agree,
            self.differ.len()
        );
        for (id, what) in &self.differ {
            let reason = EXPLAINED
                .iter()
                .find(|(known, _)| known == id)
                .map_or("", |(_, reason)| reason);
            println!("  {id}: {what}. {reason}");
        }
        if self.reference_cases > 0 {
            println!(
                "  against the reference's own answers: {} cases, {} differ {:?}",
                self.reference_cases,
                self.reference_differ.len(),
                self.reference_differ
            );
        }
    }

    fn assert_explained(&self) {
        let unexplained: Vec<_> = self
            .differ
            .iter()
            .filter(|(id, _)| !EXPLAINED.iter().any(|(known, _)| known == id))
            .collect();
        assert!(unexplained.is_empty(), "not explained: {unexplained:#?}");
    }
}

fn verdict(case: &Value, policy: Policy) -> Result<bool, String> {
    let (reader, writer) = (side(case, "reader")?, side(case, "writer")?);
    let differences =
        diff(&reader, &writer, policy, &Limits::default()).map_err(|e| e.to_string())?;
    Ok(!differences.iter().any(|d| d.breaks(policy)))
}

fn pairs(file: &str) {
    let Some(cases) = cases(file) else { return };
    let (mut undisputed, mut disputed, mut lenient) =
        (Score::default(), Score::default(), Score::default());
    for case in cases.iter().filter(|c| c["schema_type"] == "JSON") {
        let id = case["id"].as_str().unwrap_or_default().to_owned();
        let expected = case["compatible"].as_bool().expect("a verdict");
        let ours = verdict(case, Policy::Strict);
        let score = if case["disputed"] == true {
            &mut disputed
        } else {
            &mut undisputed
        };
        score.cases += 1;
        // A schema that is refused accepts no data, so "compatible" is never the answer.
        let answer = ours.clone().unwrap_or(false);
        if answer == expected && (ours.is_ok() || case["invalid_schema"] == true) {
            score.agree += 1;
        } else {
            let category = case["category"].as_str().unwrap_or_default();
            score.differ.push((
                id.clone(),
                format!("expected {expected}, ours {ours:?} {category}"),
            ));
        }
        if let Some(reference) = case["implementations"]["confluent-json-diff"].as_bool() {
            score.reference_cases += 1;
            if ours != Ok(reference) {
                score.reference_differ.push(id.clone());
            }
        }
        if let Some(expected) = case["compatible_lenient"].as_bool() {
            lenient.cases += 1;
            let ours = verdict(case, Policy::Lenient);
            if ours == Ok(expected) {
                lenient.agree += 1;
            } else {
                lenient
                    .differ
                    .push((id, format!("LENIENT: expected {expected}, ours {ours:?}")));
            }
        }
    }
    undisputed.print(&format!("{file}, undisputed"));
    disputed.print(&format!("{file}, disputed"));
    lenient.print(&format!("{file}, lenient policy"));
    undisputed.assert_explained();
    assert!(lenient.differ.is_empty());
    assert_eq!(undisputed.reference_differ, [] as [String; 0]);
    assert_eq!(disputed.reference_differ, [] as [String; 0]);
}

#[test]
fn verdicts() {
    on_big_stack(|| pairs("json.json"));
}

#[test]
fn probes() {
    on_big_stack(|| pairs("probes.json"));
}

/// Names and paths of differences, where the reference server's own are known.
#[test]
fn differences() {
    on_big_stack(|| {
        let Some(cases) = cases("json.json") else {
            return;
        };
        let (mut compared, mut agree) = (0, 0);
        let mut by_kind: BTreeMap<String, usize> = BTreeMap::new();
        for case in &cases {
            if case["differences_by"] != "confluent" || case["differences_partial"] == true {
                continue;
            }
            let (Ok(reader), Ok(writer)) = (side(case, "reader"), side(case, "writer")) else {
                continue;
            };
            compared += 1;
            let ours = diff(&reader, &writer, Policy::Strict, &Limits::default()).unwrap();
            let mut ours: Vec<_> = ours
                .iter()
                .map(|d| (d.kind.to_owned(), d.path.clone()))
                .collect();
            let mut theirs: Vec<_> = case["differences"]
                .as_array()
                .unwrap()
                .iter()
                .map(|d| {
                    (
                        d["type"].as_str().unwrap().to_owned(),
                        d["path"].as_str().unwrap().to_owned(),
                    )
                })
                .collect();
            for (kind, _) in &theirs {
                *by_kind.entry(kind.clone()).or_default() += 1;
            }
            ours.sort();
            theirs.sort();
            if ours == theirs {
                agree += 1;
            } else {
                println!("  {}: theirs {theirs:?}, ours {ours:?}", case["id"]);
            }
        }
        println!(
            "differences named by the reference: {compared} cases, {agree} equal; {} kinds",
            by_kind.len()
        );
        assert_eq!(agree, compared);
    });
}

#[test]
fn validity() {
    on_big_stack(|| {
        let Some(cases) = cases("validity.json") else {
            return;
        };
        let (mut undisputed, mut disputed) = (Score::default(), Score::default());
        for case in cases.iter().filter(|c| c["schema_type"] == "JSON") {
            let id = case["id"].as_str().unwrap_or_default().to_owned();
            let expected = case["valid"].as_bool().expect("a verdict");
            let ours = parse(
                case["schema"].as_str().expect("a text"),
                &references(case, "reader"),
            );
            let score = if case["disputed"] == true {
                &mut disputed
            } else {
                &mut undisputed
            };
            score.cases += 1;
            if ours.is_ok() == expected {
                score.agree += 1;
            } else {
                let ours = ours.map(|_| "valid");
                score
                    .differ
                    .push((id, format!("expected {expected}, ours {ours:?}")));
            }
        }
        undisputed.print("validity.json, undisputed");
        disputed.print("validity.json, disputed");
        undisputed.assert_explained();
    });
}

/// The set has no canonical texts for JSON Schema beside GUID cases, whose texts must at least be stable.
#[test]
fn canonical() {
    on_big_stack(|| {
        let Some(cases) = cases("canonical.json") else {
            return;
        };
        let (mut count, mut with_canonical, mut equal) = (0, 0, 0);
        for case in cases.iter().filter(|c| c["schema_type"] == "JSON") {
            count += 1;
            let text = case["schema"].as_str().expect("a text");
            let parsed = parse(text, &references(case, "reader")).expect("it is valid");
            let again = parse(&parsed.canonical(), &[]).expect("it is valid");
            assert_eq!(parsed.canonical(), again.canonical());
            for (key, ours) in [
                ("canonical", parsed.canonical()),
                ("normalized", parsed.normalized()),
            ] {
                if let Some(expected) = case[key].as_str() {
                    with_canonical += 1;
                    equal += usize::from(expected == ours);
                }
            }
        }
        println!(
            "canonical.json: {count} JSON Schemas, {with_canonical} with an expected text, {equal} equal"
        );
        assert_eq!(equal, with_canonical);
    });
}

/// Schemas in use and their histories: nearly all are accepted, all stay readable when stored, and none differs
/// from itself.
#[test]
#[ignore = "reads 100 MB of schemas; for release builds"]
fn corpus() {
    on_big_stack(|| {
        for file in ["histories_json.jsonl.gz", "singles_json.jsonl.gz"] {
            let Some(path) = shared("corpus", file) else {
                continue;
            };
            let file_read = std::fs::File::open(path).expect("the corpus is readable");
            let lines = std::io::BufReader::new(flate2::read::GzDecoder::new(file_read)).lines();
            let (mut count, mut pairs, mut compatible) = (0, 0, 0);
            let (mut parsing, mut comparing) = (Duration::ZERO, Duration::ZERO);
            let (mut slowest_parse, mut slowest_diff) = (Duration::ZERO, Duration::ZERO);
            let mut refused: Vec<String> = Vec::new();
            for line in lines {
                let line = line.expect("text");
                let subject: Value = serde_json::from_str(&line).expect("JSON");
                let references: Vec<Resolved> = subject["references"]
                    .as_array()
                    .expect("references")
                    .iter()
                    .map(|r| Resolved {
                        name: r["name"].as_str().expect("a name").into(),
                        text: r["text"].as_str().expect("a text").into(),
                    })
                    .collect();
                let mut before: Option<Parsed> = None;
                for version in subject["versions"].as_array().expect("versions") {
                    let text = version["text"].as_str().expect("a text");
                    count += 1;
                    let start = Instant::now();
                    let parsed = parse(text, &references);
                    parsing += start.elapsed();
                    slowest_parse = slowest_parse.max(start.elapsed());
                    let parsed = parsed.unwrap_or_else(|details| {
                        refused.push(format!("{}: {details}", subject["subject"]));
                        Parsed::parse(
                            SchemaType::Json,
                            &Source {
                                text,
                                references: &references,
                                strictness: Strictness::Existing,
                                limits: Limits::default(),
                            },
                        )
                        .expect("a stored schema stays readable")
                    });
                    let own = diff(&parsed, &parsed, Policy::Strict, &Limits::default());
                    assert_eq!(own, Ok(Vec::new()), "{}", subject["subject"]);
                    if let Some(before) = &before {
                        pairs += 1;
                        let start = Instant::now();
                        let differences = diff(&parsed, before, Policy::Strict, &Limits::default())
                            .expect("real schemas are within the limits");
                        comparing += start.elapsed();
                        slowest_diff = slowest_diff.max(start.elapsed());
                        compatible +=
                            usize::from(!differences.iter().any(|d| d.breaks(Policy::Strict)));
                    }
                    before = Some(parsed);
                }
            }
            println!(
                "{file}: {count} texts, {} refused as new; parsed in {parsing:?}, at most {slowest_parse:?}; \
                 {pairs} pairs, {compatible} compatible, compared in {comparing:?}, at most {slowest_diff:?}",
                refused.len()
            );
            for one in &refused {
                println!("  {one}");
            }
        }
    });
}
