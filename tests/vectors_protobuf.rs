//! Runs the Protobuf cases of the wider field and the corpus of real schemas, where they lie.
#![cfg(feature = "engine")]

use accord::format::{self, Limits, Parsed, Resolved, Source, Strictness};
use accord::model::{Policy, SchemaType};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::io::BufRead;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Differences from undisputed verdicts where the reference server's rule and the truth differ. We follow
/// the rule.
const EXPLAINED: &[(&str, &str)] = &[
    (
        "canon-redpanda-proto-test-protobuf-sanitize-strip-comments-and-newlines",
        OTHER_LAYOUT,
    ),
    (
        "canon-redpanda-proto-test-protobuf-sanitize-no-syntax",
        OTHER_LAYOUT,
    ),
    (
        "canon-redpanda-proto-test-protobuf-sanitize-no-syntax-package",
        OTHER_LAYOUT,
    ),
    (
        "canon-redpanda-proto-test-protobuf-sanitize-no-imports",
        OTHER_LAYOUT,
    ),
    (
        "buf-proto-breaking-field-wire-compatible-car-field-wire-compatible-cardinality-73",
        LABELS,
    ),
    (
        "buf-proto-breaking-field-wire-compatible-car-field-wire-compatible-cardinality-78",
        LABELS,
    ),
    ("probe-proto-packed-to-singular", LABELS),
];

const OTHER_LAYOUT: &str = "Redpanda's own layout; the contract (3.2.3) keeps names as written, omits an absent \
    syntax line and puts the package directly below it";

const LABELS: &str = "the contract (6.5) compares labels only when both are written; the loss is the semantic verdict's";

/// The folder beside the project; `ACCORD_SHARED` says where else it lies.
fn shared(name: &str) -> Option<PathBuf> {
    let root = std::env::var_os("ACCORD_SHARED").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"),
        PathBuf::from,
    );
    let path = root.join(name);
    if path.exists() {
        return Some(path);
    }
    println!("SKIPPED: no {}", path.display());
    None
}

fn vectors(name: &str) -> Vec<Value> {
    let Some(path) = shared("vectors").map(|p| p.join(name)) else {
        return Vec::new();
    };
    let text = std::fs::read_to_string(path).unwrap();
    let cases: Vec<Value> = serde_json::from_str(&text).unwrap();
    let ours = |c: &Value| c["schema_type"] == "PROTOBUF";
    cases.into_iter().filter(ours).collect()
}

fn on_big_stack<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    std::thread::Builder::new()
        .stack_size(64 << 20)
        .spawn(work)
        .unwrap()
        .join()
        .unwrap()
}

fn references(value: &Value) -> Vec<Resolved> {
    let Some(list) = value.as_array() else {
        return Vec::new();
    };
    list.iter()
        .map(|r| Resolved {
            name: r["name"].as_str().unwrap().into(),
            text: r["schema"].as_str().or(r["text"].as_str()).unwrap().into(),
        })
        .collect()
}

fn parse(text: &str, references: &[Resolved], strictness: Strictness) -> Result<Parsed, String> {
    let source = Source {
        text,
        references,
        strictness,
        limits: Limits::default(),
    };
    Parsed::parse(SchemaType::Protobuf, &source).map_err(|e| e.details)
}

type Row = (String, bool, Result<(), String>);

/// Prints a table of (id, disputed, agreement or reason); returns what the explained list lacks.
fn report(title: &str, rows: &[Row]) -> Vec<String> {
    let explained: BTreeMap<&str, &str> = EXPLAINED.iter().copied().collect();
    let count = |d: bool, ok: bool| {
        rows.iter()
            .filter(|r| r.1 == d && r.2.is_ok() == ok)
            .count()
    };
    println!(
        "\n{title}: {} cases · undisputed: {} agree, {} differ · disputed: {} agree, {} differ",
        rows.len(),
        count(false, true),
        count(false, false),
        count(true, true),
        count(true, false),
    );
    let mut open = Vec::new();
    for (id, disputed, outcome) in rows {
        if let Err(reason) = outcome {
            let why = explained.get(id.as_str());
            println!(
                "  {} {id}: {reason}{}",
                if *disputed { "disputed" } else { "DIFFERS " },
                why.map_or(String::new(), |w| format!(" -- explained: {w}"))
            );
            if !disputed && why.is_none() {
                open.push(id.clone());
            }
        }
    }
    open
}

fn row(case: &Value, outcome: Result<(), String>) -> Row {
    let id = case["id"].as_str().unwrap().to_owned();
    (id, case["disputed"] == true, outcome)
}

fn pair(case: &Value) -> Result<(), String> {
    let side = |name: &str| {
        parse(
            case[name].as_str().unwrap(),
            &references(&case["references"][name]),
            Strictness::Existing,
        )
        .map_err(|e| format!("{name} refused: {e}"))
    };
    let (reader, writer) = (side("reader")?, side("writer")?);
    let differences = format::diff(&reader, &writer, Policy::Strict, &Limits::default())
        .map_err(|e| e.to_string())?;
    let found: Vec<String> = differences
        .iter()
        .map(|d| format!("{} {}", d.kind, d.path))
        .collect();
    let compatible = !differences.iter().any(|d| d.breaks(Policy::Strict));
    if compatible != case["compatible"].as_bool().unwrap() {
        return Err(format!("we say compatible={compatible} {found:?}"));
    }
    // Names and paths are comparable where the reference's own suite gives them.
    if case["differences_by"] == "confluent" {
        let named = |d: &Value| {
            let (kind, path) = (d["type"].as_str().unwrap(), d["path"].as_str().unwrap());
            format!("{kind} {path}")
        };
        let expected: BTreeSet<String> = case["differences"]
            .as_array()
            .unwrap()
            .iter()
            .map(named)
            .collect();
        let got: BTreeSet<String> = found.into_iter().collect();
        let partial = case["differences_partial"] == true;
        if got != expected && !(partial && expected.is_subset(&got)) {
            return Err(format!("differences {got:?}, expected {expected:?}"));
        }
    }
    let same = format::diff(&reader, &reader, Policy::Strict, &Limits::default()).unwrap();
    if !same.is_empty() {
        return Err(format!("differs from itself: {same:?}"));
    }
    Ok(())
}

#[test]
fn pairs() {
    let open = on_big_stack(|| {
        let mut open = Vec::new();
        for name in ["protobuf.json", "probes.json"] {
            let rows: Vec<_> = vectors(name).iter().map(|c| row(c, pair(c))).collect();
            open.extend(report(name, &rows));
        }
        open
    });
    assert!(open.is_empty(), "unexplained: {open:#?}");
}

fn canonical_case(case: &Value) -> Result<(), String> {
    let read = |name: &str| {
        parse(
            case[name].as_str().unwrap(),
            &references(&case["references"]),
            Strictness::Existing,
        )
        .map_err(|e| format!("{name} refused: {e}"))
    };
    let schema = read("schema")?;
    let same = |what: &str, got: &str, expected: &Value| match expected.as_str() {
        Some(expected) if got != expected => Err(format!(
            "{what} differs\n---- ours\n{got}\n---- theirs\n{expected}"
        )),
        _ => Ok(()),
    };
    let canonical = schema.canonical();
    same("canonical", &canonical, &case["canonical"])?;
    same("normalized", &schema.normalized(), &case["normalized"])?;
    if case["kind"] == "equivalence" {
        let equal = schema.normalized() == read("other")?.normalized();
        if equal != case["equal"].as_bool().unwrap() {
            return Err(format!("normalized equal: {equal}"));
        }
    }
    Ok(())
}

#[test]
fn canonical_forms() {
    let open = on_big_stack(|| {
        let cases = vectors("canonical.json");
        let rows: Vec<_> = cases.iter().map(|c| row(c, canonical_case(c))).collect();
        report("canonical.json", &rows)
    });
    assert!(open.is_empty(), "unexplained: {open:#?}");
}

#[test]
fn validity() {
    let check = |case: &Value| {
        let parsed = parse(
            case["schema"].as_str().unwrap(),
            &references(&case["references"]),
            Strictness::New,
        );
        match (parsed, case["valid"].as_bool().unwrap()) {
            (Ok(_), true) | (Err(_), false) => Ok(()),
            (Ok(_), false) => Err("we accept it".to_owned()),
            (Err(e), true) => Err(format!("we refuse it: {e}")),
        }
    };
    let open = on_big_stack(move || {
        let cases = vectors("validity.json");
        let rows: Vec<_> = cases.iter().map(|c| row(c, check(c))).collect();
        report("validity.json", &rows)
    });
    assert!(open.is_empty(), "unexplained: {open:#?}");
}

/// What was measured over one corpus file.
#[derive(Default)]
struct Measured {
    texts: usize,
    editions: usize,
    refused: Vec<String>,
    failures: Vec<String>,
    unserialized: Vec<String>,
    same_canonical: usize,
    same_normalized: usize,
    pairs: usize,
    incompatible: usize,
}

fn corpus_file(path: &Path) -> Measured {
    let file = std::fs::File::open(path).unwrap();
    let lines = std::io::BufReader::new(flate2::read::GzDecoder::new(file)).lines();
    let mut m = Measured::default();
    for line in lines {
        let object: Value = serde_json::from_str(&line.unwrap()).unwrap();
        let subject = object["subject"].as_str().unwrap();
        let references = references(&object["references"]);
        let mut last: Option<Parsed> = None;
        for version in object["versions"].as_array().unwrap() {
            m.texts += 1;
            let text = version["text"].as_str().unwrap();
            let old = last.take();
            let parsed = match parse(text, &references, Strictness::New) {
                Ok(parsed) => parsed,
                Err(e) if e.contains("editions are not supported") => {
                    m.editions += 1;
                    continue;
                }
                Err(e) => {
                    m.refused.push(format!("{subject}: {e}"));
                    continue;
                }
            };
            if let Err(e) = round_trips(&parsed, &references, subject, &mut m) {
                m.failures.push(format!("{subject}: {e}"));
            }
            if let Some(old) = &old {
                m.pairs += 1;
                match format::diff(&parsed, old, Policy::Strict, &Limits::default()) {
                    Ok(d) => {
                        m.incompatible += usize::from(d.iter().any(|d| d.breaks(Policy::Strict)));
                    }
                    Err(e) => m.failures.push(format!("{subject}: {e}")),
                }
            }
            last = Some(parsed);
        }
    }
    m
}

fn round_trips(
    parsed: &Parsed,
    references: &[Resolved],
    subject: &str,
    m: &mut Measured,
) -> Result<(), String> {
    let read = |what: &str, text: &str| {
        parse(text, references, Strictness::New).map_err(|e| format!("{what} refused: {e}"))
    };
    let breaks = |a: &Parsed, b: &Parsed| {
        let found = format::diff(a, b, Policy::Strict, &Limits::default()).unwrap();
        found
            .iter()
            .any(|d| d.breaks(Policy::Strict))
            .then_some(found)
    };
    let canonical = parsed.canonical();
    if read("canonical", &canonical)?.canonical() != canonical {
        return Err("canonical is not idempotent".to_owned());
    }
    let normalized = parsed.normalized();
    let again = read("normalized", &normalized)?;
    if again.normalized() != normalized || again.canonical() != normalized {
        return Err("normalized is not idempotent".to_owned());
    }
    if let Some(found) = breaks(parsed, &again) {
        return Err(format!("normalized differs from the schema: {found:?}"));
    }
    let Some(base64) = parsed.formatted("serialized") else {
        m.unserialized.push(subject.to_owned());
        return Ok(());
    };
    let from_bytes = read("base64", &base64)?;
    let text = from_bytes.canonical();
    if text == canonical {
        m.same_canonical += 1;
    } else if std::env::var_os("SHOW_SPELLINGS").is_some() {
        let theirs = canonical.lines().zip(text.lines()).find(|(a, b)| a != b);
        println!("  SPELLING {subject}: {theirs:?}");
    }
    let theirs = from_bytes.normalized();
    if theirs == normalized {
        m.same_normalized += 1;
    } else if std::env::var_os("SHOW_SPELLINGS").is_some() {
        let line = normalized.lines().zip(theirs.lines()).find(|(a, b)| a != b);
        println!("  NORMALIZED {subject}: {line:?}");
    }
    if read("canonical of base64", &text)?.canonical() != text {
        return Err("canonical of base64 is not idempotent".to_owned());
    }
    if let Some(found) = breaks(&from_bytes, parsed) {
        return Err(format!("base64 differs from the text: {found:?}"));
    }
    Ok(())
}

/// All real schemas; slow without optimisation, so it is run on demand.
#[test]
#[ignore = "takes minutes without optimisation"]
fn corpus() {
    for name in ["singles_protobuf.jsonl.gz", "histories_protobuf.jsonl.gz"] {
        let Some(path) = shared("corpus").map(|p| p.join(name)) else {
            return;
        };
        let start = Instant::now();
        let m = on_big_stack(move || corpus_file(&path));
        println!(
            "{name}: {} texts · {} editions · {} refused · {} failures · {} not serialized · base64: {} same \
             canonical, {} same normalized · {} pairs, {} incompatible · {:.1} s",
            m.texts,
            m.editions,
            m.refused.len(),
            m.failures.len(),
            m.unserialized.len(),
            m.same_canonical,
            m.same_normalized,
            m.pairs,
            m.incompatible,
            start.elapsed().as_secs_f64()
        );
        for line in m.refused.iter().chain(&m.failures).chain(&m.unserialized) {
            println!("  {}", line.chars().take(400).collect::<String>());
        }
        assert!(m.refused.is_empty() && m.failures.is_empty(), "{name}");
    }
}
