//! Avro against the wider field's vectors: verdicts, difference names, canonical texts, GUIDs, validity.
//!
//! Reads the vectors where they lie; without them it says so and passes. Run with `--nocapture` for the table.
#![cfg(feature = "engine")]
#![expect(clippy::disallowed_methods, reason = "tests print how long they took")]

use accord::format::{Limits, Parsed, Resolved, Source, Strictness, diff};
use accord::model::{Metadata, Policy, Reference, RuleSet, SchemaType, content_guid};
use serde_json::Value;
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::time::Instant;

/// Where we differ on purpose: the start of a case's id, and why.
const EXPLAINED: &[(&str, &str)] = &[
    (
        "canon-apicurio-avro-parse-schema-schemas-with-optional-attributes-in-field-equal",
        "that registry's equality drops `doc`; contract 3.2.1: the normal form keeps it",
    ),
    (
        "canon-apicurio-avro-parse-schema-nested-record-with-nullable-union-equal",
        "that registry's equality invents `default: null`; contract 3.2.1: the normal form keeps defaults as they are",
    ),
    (
        "canon-apicurio-avro-parse-schema-three-way-union-starting-with-null-equal",
        "that registry's equality invents `default: null`; contract 3.2.1: the normal form keeps defaults as they are",
    ),
];

struct Table {
    name: &'static str,
    cases: usize,
    /// `(id, disputed, what)`.
    differ: Vec<(String, bool, String)>,
}

impl Table {
    fn new(name: &'static str) -> Self {
        Self {
            name,
            cases: 0,
            differ: Vec::new(),
        }
    }

    fn case(&mut self, case: &Value, flaw: Option<String>) {
        self.cases += 1;
        if let Some(what) = flaw {
            let disputed = case["disputed"].as_bool().unwrap_or(false);
            self.differ
                .push((text(case, "id").to_owned(), disputed, what));
        }
    }
}

fn reason(id: &str) -> Option<&'static str> {
    EXPLAINED
        .iter()
        .find(|(start, _)| id.starts_with(start))
        .map(|(_, why)| *why)
}

fn text<'a>(case: &'a Value, member: &str) -> &'a str {
    case[member].as_str().unwrap_or_default()
}

/// The vectors beside the project.
fn load(file: &str) -> Option<Vec<Value>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = root.join("../shared/vectors").join(file);
    if !path.exists() {
        println!("{file}: the folder ../shared/vectors is absent, nothing was checked");
        return None;
    }
    let cases: Vec<Value> = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    Some(
        cases
            .into_iter()
            .filter(|case| text(case, "schema_type") == "AVRO")
            .collect(),
    )
}

fn parse(text: &str, strictness: Strictness) -> Result<Parsed, String> {
    Parsed::parse(
        SchemaType::Avro,
        &Source {
            text,
            references: &[],
            strictness,
            limits: Limits::default(),
        },
    )
    .map_err(|e| e.details)
}

fn found(reader: &Parsed, writer: &Parsed) -> Vec<(String, String)> {
    diff(reader, writer, Policy::Strict, &Limits::default())
        .unwrap()
        .into_iter()
        .filter(|d| d.breaks(Policy::Strict))
        .map(|d| (d.kind.to_owned(), d.path))
        .collect()
}

/// A pair's verdict, and the names and places of the differences where the JVM library's are given.
fn pair(case: &Value, names: &mut Table) -> Option<String> {
    let expected = case["compatible"].as_bool().unwrap();
    let read = |side: &str| parse(&case[side].to_string(), Strictness::Existing);
    let (reader, writer) = match (read("reader"), read("writer")) {
        (Ok(reader), Ok(writer)) => (reader, writer),
        (Err(e), _) | (_, Err(e)) => return Some(format!("refused: {e}")),
    };
    let found = found(&reader, &writer);
    if text(case, "differences_by").starts_with("avro/java")
        && case["differences_partial"].as_bool() != Some(true)
    {
        let expected: BTreeSet<_> = case["differences"]
            .as_array()
            .unwrap()
            .iter()
            .map(|d| (text(d, "type").to_owned(), text(d, "path").to_owned()))
            .collect();
        let ours: BTreeSet<_> = found.iter().cloned().collect();
        names.case(
            case,
            (expected != ours).then(|| format!("expected {expected:?}, found {ours:?}")),
        );
    }
    (found.is_empty() != expected).then(|| format!("expected {expected}, found {found:?}"))
}

/// The GUID of a text as it is given: it names types that the case does not bring, so it cannot be parsed.
fn guid(case: &Value) -> Option<String> {
    let whole = |member: &str| case.get(member).cloned();
    let references: Vec<Reference> = whole("references")
        .map(|v| serde_json::from_value(v).unwrap())
        .unwrap_or_default();
    let metadata: Option<Metadata> = whole("metadata").map(|v| serde_json::from_value(v).unwrap());
    let rules: Option<RuleSet> = whole("ruleSet").map(|v| serde_json::from_value(v).unwrap());
    let guid = content_guid(
        text(case, "schema"),
        &references,
        metadata.as_ref(),
        rules.as_ref(),
    )
    .to_string();
    (guid != text(case, "guid")).then(|| format!("expected {}, found {guid}", text(case, "guid")))
}

/// What a canonical-text case asks.
fn canonical(case: &Value) -> Option<String> {
    if text(case, "kind") == "confluent-guid-md5" {
        return guid(case);
    }
    let parsed = match parse(text(case, "schema"), Strictness::Existing) {
        Ok(parsed) => parsed,
        Err(e) => return Some(format!("refused: {e}")),
    };
    let ours = parsed.canonical();
    let same = |what: &str, expected: &str, ours: &str| {
        (expected != ours).then(|| format!("{what}: expected {expected}, found {ours}"))
    };
    match text(case, "kind") {
        // Another canonical form: it must read as the same schema, not as the same text.
        "avro-parsing-canonical-form" => {
            let other = parse(text(case, "canonical"), Strictness::Existing).unwrap();
            let ways = [found(&parsed, &other), found(&other, &parsed)].concat();
            (!ways.is_empty()).then(|| format!("{ways:?}"))
        }
        "equivalence" => {
            let other = parse(text(case, "other"), Strictness::Existing).unwrap();
            let equal = parsed.normalized() == other.normalized();
            let expected = case["equal"].as_bool().unwrap();
            (equal != expected).then(|| format!("expected equal: {expected}"))
        }
        _ => same("canonical", text(case, "canonical"), &ours).or_else(|| {
            let normalized = case["normalized"].as_str()?;
            same("normalized", normalized, &parsed.normalized())
        }),
    }
}

fn validity(case: &Value) -> Option<String> {
    let expected = case["valid"].as_bool().unwrap();
    let strict = parse(text(case, "schema"), Strictness::New);
    if strict.is_ok() != expected {
        return Some(match strict {
            Ok(_) => "accepted".to_owned(),
            Err(e) => format!("refused: {e}"),
        });
    }
    let lax = case["implementations"]["avro-java-lax-defaults"].as_bool() == Some(true);
    match parse(text(case, "schema"), Strictness::Existing) {
        Err(e) if expected || lax => Some(format!("refused as an existing schema: {e}")),
        _ => None,
    }
}

#[test]
fn vectors() {
    let mut tables = Vec::new();
    let mut names = Table::new("difference names (JVM library's)");
    for (name, file) in [
        ("pairs (avro.json)", "avro.json"),
        ("pairs (probes.json)", "probes.json"),
    ] {
        let mut table = Table::new(name);
        for case in load(file).unwrap_or_default() {
            let flaw = pair(&case, &mut names);
            table.case(&case, flaw);
        }
        tables.push(table);
    }
    tables.push(names);
    let canonical_cases = load("canonical.json").unwrap_or_default();
    for (name, kinds) in [
        (
            "canonical text",
            ["confluent-canonical-and-normalized", "redpanda-sanitize"].as_slice(),
        ),
        ("GUID", &["confluent-guid-md5"]),
        (
            "parsing canonical form reads the same",
            &["avro-parsing-canonical-form"],
        ),
        ("equivalence (another registry's rules)", &["equivalence"]),
    ] {
        let mut table = Table::new(name);
        for case in canonical_cases
            .iter()
            .filter(|case| kinds.contains(&text(case, "kind")))
        {
            table.case(case, canonical(case));
        }
        tables.push(table);
    }
    let mut table = Table::new("validity");
    for case in load("validity.json").unwrap_or_default() {
        table.case(&case, validity(&case));
    }
    tables.push(table);

    println!("{:<42} {:>6} {:>6} {:>6}", "", "cases", "agree", "differ");
    let mut unexplained = Vec::new();
    for table in &tables {
        println!(
            "{:<42} {:>6} {:>6} {:>6}",
            table.name,
            table.cases,
            table.cases - table.differ.len(),
            table.differ.len()
        );
        for (id, disputed, what) in &table.differ {
            let why = match (reason(id), disputed) {
                (Some(why), _) => why,
                (None, true) => "disputed",
                (None, false) => {
                    unexplained.push(id.clone());
                    "UNEXPLAINED"
                }
            };
            println!("    {id}\n        {what}\n        {why}");
        }
    }
    assert!(unexplained.is_empty(), "unexplained: {unexplained:#?}");
    let all: Vec<&String> = tables
        .iter()
        .flat_map(|t| t.differ.iter().map(|(id, _, _)| id))
        .collect();
    if tables.iter().any(|t| t.cases > 0) {
        for (start, why) in EXPLAINED {
            assert!(
                all.iter().any(|id| id.starts_with(start)),
                "nothing differs any more that needs: {start} ({why})"
            );
        }
    }
}

/// Real schemas: all are read, printing is stable, a schema reads itself, and the self-contained form is the
/// same schema.
#[test]
fn corpus() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus");
    let (mut versions, mut pairs, mut incompatible, mut bytes) = (0, 0, 0, 0);
    let (mut sloppy, mut refused) = (Vec::new(), Vec::new());
    let mut spent = [std::time::Duration::ZERO; 2];
    for file in ["histories_avro.jsonl.gz", "singles_avro.jsonl.gz"] {
        let path = folder.join(file);
        if !path.exists() {
            println!("{file}: the folder ../shared/corpus is absent, nothing was checked");
            continue;
        }
        let lines = BufReader::new(flate2::read::GzDecoder::new(
            std::fs::File::open(path).unwrap(),
        ));
        for line in lines.lines() {
            let subject: Value = serde_json::from_str(&line.unwrap()).unwrap();
            let resolved = |of: &Value| -> Vec<Resolved> {
                let list = of["references"].as_array().cloned().unwrap_or_default();
                list.iter()
                    .map(|r| Resolved {
                        name: text(r, "name").into(),
                        text: text(r, "text").into(),
                    })
                    .collect()
            };
            let mut previous: Option<Parsed> = None;
            for version in subject["versions"].as_array().unwrap() {
                let own = resolved(if version.get("references").is_some() {
                    version
                } else {
                    &subject
                });
                let id = format!("{} {}", text(&subject, "subject"), text(version, "commit"));
                let read = |text: &str, references: &[Resolved], strictness| {
                    Parsed::parse(
                        SchemaType::Avro,
                        &Source {
                            text,
                            references,
                            strictness,
                            limits: Limits::default(),
                        },
                    )
                };
                let start = Instant::now();
                let parsed = read(text(version, "text"), &own, Strictness::Existing);
                spent[0] += start.elapsed();
                versions += 1;
                let parsed = match parsed {
                    Ok(parsed) => parsed,
                    Err(e) => {
                        refused.push(format!("{id}: {e}"));
                        continue;
                    }
                };
                bytes += text(version, "text").len();
                if let Err(e) = read(text(version, "text"), &own, Strictness::New) {
                    sloppy.push(format!("{id}: {e}"));
                }
                for form in [parsed.canonical(), parsed.normalized()] {
                    let again = read(&form, &own, Strictness::Existing).unwrap();
                    assert_eq!(again.canonical(), form, "{id}");
                }
                let alone = read(
                    &parsed.formatted("resolved").unwrap(),
                    &[],
                    Strictness::Existing,
                )
                .unwrap();
                for (reader, writer) in [(&parsed, &parsed), (&parsed, &alone), (&alone, &parsed)] {
                    let found = found(reader, writer);
                    assert!(
                        found.is_empty() || found[0].0.contains("MULTIPLE_FIELDS"),
                        "{id}: {found:?}"
                    );
                }
                if let Some(previous) = &previous {
                    let start = Instant::now();
                    pairs += 1;
                    incompatible += usize::from(!found(&parsed, previous).is_empty());
                    spent[1] += start.elapsed();
                }
                previous = Some(parsed);
            }
        }
    }
    println!(
        "{versions} versions, {bytes} bytes read in {:?}; {pairs} pairs compared in {:?}, {incompatible} not \
         backward compatible; {} not acceptable as new:",
        spent[0],
        spent[1],
        sloppy.len()
    );
    for what in sloppy {
        println!("    {what}");
    }
    println!("{} refused:", refused.len());
    for what in refused {
        println!("    {what}");
    }
}
