//! Containment of JSON Schemas against data sets with known truth, read where they lie.
//!
//! The folders are not part of the project; without them these tests say so and check nothing. Every document that
//! is found is executed with a validator, so a "broken" that is shown is one.
#![cfg(feature = "engine")]
#![expect(clippy::disallowed_methods, reason = "tests print how long they took")]

use accord::format::json::Dialect;
use accord::format::json::contain::{Search, Side, search_documents};
use accord::format::json_text::{self, Node};
use accord::format::truth::Budget;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::BufRead;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

fn shared(path: &str) -> Option<PathBuf> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../shared")
        .join(path);
    if path.exists() {
        return Some(path);
    }
    println!("{path:?} is not there: nothing is checked");
    None
}

fn json(path: &str) -> Option<Value> {
    let text = std::fs::read_to_string(shared(path)?).expect("it is readable");
    Some(serde_json::from_str(&text).expect("it is JSON"))
}

fn lines(path: &str) -> Option<impl Iterator<Item = String>> {
    let file = std::fs::File::open(shared(path)?).expect("it is readable");
    let file = std::io::BufReader::new(flate2::read::MultiGzDecoder::new(file));
    Some(file.lines().map(|line| line.expect("it is text")))
}

/// One side of a case.
struct Schema {
    root: Node,
    references: Vec<(Arc<str>, Node)>,
    dialect: Dialect,
    /// Whether formats are assertions.
    formats: bool,
}

impl Schema {
    fn new(root: &Value, references: &[(String, Value)], dialect: Dialect) -> Self {
        Self::of_texts(
            &root.to_string(),
            &references
                .iter()
                .map(|(name, value)| (name.clone(), value.to_string()))
                .collect::<Vec<_>>(),
            dialect,
        )
        .expect("it is JSON")
    }

    fn of_texts(text: &str, references: &[(String, String)], dialect: Dialect) -> Option<Self> {
        let parse = |text: &str| json_text::parse(text.trim_start_matches('\u{feff}'), 1_000).ok();
        Some(Self {
            root: parse(text)?,
            references: references
                .iter()
                .filter_map(|(name, text)| Some((Arc::from(name.as_str()), parse(text)?)))
                .collect(),
            dialect,
            formats: false,
        })
    }

    fn with_formats(mut self, formats: bool) -> Self {
        self.formats = formats;
        self
    }

    fn side(&self) -> Side<'_> {
        let references = (self.references.iter())
            .map(|(name, node)| (Arc::clone(name), node))
            .collect();
        Side::new(&self.root, references, self.dialect)
    }

    /// Whether a validator accepts a document; the error if there is no validator of this schema.
    fn accepts(&self, document: &Value) -> Result<bool, String> {
        Ok(self.validator()?.is_valid(document))
    }

    fn validator(&self) -> Result<jsonschema::Validator, String> {
        let draft = match Dialect::declared(&self.root).unwrap_or(self.dialect) {
            Dialect::Draft4 => jsonschema::Draft::Draft4,
            Dialect::Draft6 => jsonschema::Draft::Draft6,
            Dialect::Draft7 => jsonschema::Draft::Draft7,
            Dialect::Draft2019 => jsonschema::Draft::Draft201909,
            Dialect::Draft2020 => jsonschema::Draft::Draft202012,
        };
        let known = Known(
            self.references
                .iter()
                .map(|(name, node)| (name.to_string(), node.to_serde()))
                .collect(),
        );
        let schema = self.root.to_serde();
        jsonschema::options()
            .with_draft(draft)
            .with_retriever(known)
            .should_validate_formats(self.formats)
            .build(&schema)
            .map_err(|error| error.to_string())
    }
}

struct Known(Vec<(String, Value)>);

impl jsonschema::Retrieve for Known {
    fn retrieve(
        &self,
        uri: &jsonschema::Uri<String>,
    ) -> Result<Value, Box<dyn std::error::Error + Send + Sync>> {
        let uri = uri.as_str();
        self.0
            .iter()
            .find(|(name, _)| uri == name || uri.ends_with(&format!("/{name}")))
            .map(|(_, value)| value.clone())
            .ok_or_else(|| "it is not among the references".into())
    }
}

fn dialect(name: &str) -> Dialect {
    match name.trim_start_matches("draft").trim_start_matches('-') {
        "4" | "04" => Dialect::Draft4,
        "6" | "06" => Dialect::Draft6,
        "7" | "07" => Dialect::Draft7,
        "2019-09" => Dialect::Draft2019,
        _ => Dialect::Draft2020,
    }
}

/// What became of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Answer {
    Proved,
    /// The document was executed.
    Broken(String),
    /// There is a document, but no validator compiles one of the schemas.
    NotExecuted(String),
    /// Why not.
    Undecided(String),
}

fn answer(reader: &Schema, writer: &Schema, budget: &Budget) -> (Answer, Duration) {
    let start = Instant::now();
    let found = search_documents(&reader.side(), &writer.side(), budget);
    let took = start.elapsed();
    let answer = match found {
        Search::Empty => Answer::Proved,
        Search::Unknown(obstacles) => Answer::Undecided(
            obstacles
                .iter()
                .map(|o| o.construct.clone())
                .collect::<std::collections::BTreeSet<_>>()
                .into_iter()
                .collect::<Vec<_>>()
                .join(" + "),
        ),
        Search::Found(value) | Search::Maybe(value, _) => {
            let document = Node::made(value);
            let text = json_text::print(&document, &|number| number.as_spelt().to_owned());
            let document = document.to_serde();
            match (writer.accepts(&document), reader.accepts(&document)) {
                (Ok(true), Ok(false)) => Answer::Broken(text),
                (Ok(w), Ok(r)) => Answer::Undecided(format!(
                    "not reproduced: writer {w}, reader {r}: {}",
                    text.chars().take(80).collect::<String>()
                )),
                (Err(error), _) | (_, Err(error)) => Answer::NotExecuted(format!(
                    "no validator: {}",
                    error.chars().take(60).collect::<String>()
                )),
            }
        }
    };
    (answer, took)
}

/// Counts of one data set.
#[derive(Default)]
struct Table {
    right: usize,
    /// Labels that an executed document contradicts.
    labels: Vec<String>,
    wrong: Vec<String>,
    undecided: usize,
    not_executed: usize,
    causes: BTreeMap<String, (usize, String)>,
    times: Vec<(Duration, String)>,
}

impl Table {
    fn count(&mut self, id: &str, expected: bool, (answer, took): (Answer, Duration)) {
        self.times.push((took, id.to_owned()));
        match (answer, expected) {
            (Answer::Proved, true) | (Answer::Broken(_), false) => self.right += 1,
            (Answer::Broken(document), true) => self.labels.push(format!("{id}: {document}")),
            (Answer::Proved, false) => self.wrong.push(id.to_owned()),
            (Answer::NotExecuted(cause) | Answer::Undecided(cause), _) => {
                if cause.starts_with("no validator") {
                    self.not_executed += 1;
                } else {
                    self.undecided += 1;
                }
                let entry = self.causes.entry(cause).or_default();
                entry.0 += 1;
                if entry.1.len() < 100 {
                    entry.1.push(' ');
                    entry.1.push_str(id);
                }
            }
        }
    }

    fn decided(&self) -> f64 {
        let decided = self.right + self.labels.len() + self.wrong.len();
        let all = decided + self.undecided + self.not_executed;
        100.0 * decided as f64 / all.max(1) as f64
    }

    fn print(&mut self, name: &str) {
        self.times.sort();
        self.times.reverse();
        let at = |share: usize| {
            self.times
                .get(self.times.len() * share / 1_000)
                .map_or(Duration::ZERO, |(took, _)| *took)
        };
        println!(
            "{name}: {} right, {} labels contradicted by an executed document, {} wrong, {} undecided, {} not executed ({:.2} % decided); median {:?}, p95 {:?}, max {:?} {:?}",
            self.right,
            self.labels.len(),
            self.wrong.len(),
            self.undecided,
            self.not_executed,
            self.decided(),
            at(500),
            at(50),
            at(0),
            self.times
                .iter()
                .take(3)
                .map(|(_, id)| id)
                .collect::<Vec<_>>(),
        );
        let mut causes: Vec<_> = self.causes.iter().collect();
        causes.sort_by_key(|(cause, (n, _))| {
            (cause.starts_with("no validator"), std::cmp::Reverse(*n))
        });
        for (cause, (n, ids)) in causes.into_iter().take(25) {
            println!(
                "  undecided {n}: {cause} |{}",
                ids.chars().take(150).collect::<String>()
            );
        }
        for label in self.labels.iter().take(12) {
            println!("  label {}", label.chars().take(200).collect::<String>());
        }
        for wrong in &self.wrong {
            println!("  WRONG {wrong}");
        }
    }
}

/// The documents of a schema that is nothing but a list of them.
fn all_documents(schema: &Value) -> Option<Vec<Value>> {
    let members = schema.as_object()?;
    if members.len() != 1 {
        return None;
    }
    match members.iter().next()? {
        (name, value) if name == "const" => Some(vec![value.clone()]),
        (name, Value::Array(values)) if name == "enum" => Some(values.clone()),
        (name, Value::Array(parts)) if name == "anyOf" => {
            let parts: Option<Vec<_>> = parts.iter().map(all_documents).collect();
            Some(parts?.into_iter().flatten().collect())
        }
        _ => None,
    }
}

/// The suite writes `const` in draft-04 too, which has only `enum`.
fn in_words_of_draft_4(value: &Value) -> Value {
    match value {
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| match name.as_str() {
                "const" => ("enum".to_owned(), Value::Array(vec![value.clone()])),
                "enum" => (name.clone(), value.clone()),
                _ => (name.clone(), in_words_of_draft_4(value)),
            })
            .collect(),
        Value::Array(items) => items.iter().map(in_words_of_draft_4).collect(),
        other => other.clone(),
    }
}

#[test]
fn containment_suite() {
    let Some(lines) = lines("vectors/containment.jsonl.gz") else {
        return;
    };
    let mut tables: BTreeMap<String, Table> = BTreeMap::new();
    for line in lines {
        let case: Value = serde_json::from_str(&line).expect("it is JSON");
        let draft = case["draft"].as_str().expect("draft").to_owned();
        let dialect = dialect(&draft);
        let words = |schema: &Value| match dialect {
            Dialect::Draft4 => in_words_of_draft_4(schema),
            _ => schema.clone(),
        };
        let id = case["id"].as_str().expect("id");
        let budget = Budget {
            assert_formats: id.contains("/format/"),
            ..Budget::default()
        };
        let schema = |key: &str| {
            Schema::new(&words(&case[key]), &[], dialect).with_formats(budget.assert_formats)
        };
        let (writer, reader) = (schema("old"), schema("new"));
        let mut expected = case["backward_compatible"].as_bool().expect("label");
        let (answer, took) = answer(&reader, &writer, &budget);
        let table = tables.entry(draft).or_default();
        if let (Answer::Proved, false, Some(documents)) =
            (&answer, expected, all_documents(&words(&case["old"])))
            && documents
                .iter()
                .all(|document| reader.accepts(document) == Ok(true))
        {
            // The writer has but these documents, and the reader takes them all.
            table
                .labels
                .push(format!("{id}: all of {documents:?} are accepted"));
            expected = true;
        }
        table.count(id, expected, (answer, took));
    }
    for (draft, table) in &mut tables {
        table.print(draft);
    }
    for (draft, table) in &tables {
        assert!(table.wrong.is_empty(), "{draft}: {:?}", table.wrong);
        let least = if draft == "draft4" { 97.0 } else { 99.0 };
        assert!(table.decided() >= least, "{draft}");
    }
}

#[test]
fn pairs_with_known_truth() {
    let Some(cases) = json("semantic/json_containment_pairs.json") else {
        return;
    };
    let mut table = Table::default();
    for case in cases.as_array().expect("a list") {
        let dialect = dialect(case["draft"].as_str().expect("draft"));
        let budget = Budget {
            assert_formats: case["format_mode"] == "assertion",
            ..Budget::default()
        };
        let schema =
            |key: &str| Schema::new(&case[key], &[], dialect).with_formats(budget.assert_formats);
        let (writer, reader) = (schema("old"), schema("new"));
        table.count(
            case["id"].as_str().expect("id"),
            case["backward_compatible"].as_bool().expect("truth"),
            answer(&reader, &writer, &budget),
        );
    }
    table.print("pairs");
    assert!(table.wrong.is_empty() && table.labels.is_empty());
    assert!(table.undecided <= 1);
}

#[test]
fn vectors() {
    let Some(cases) = json("vectors/json.json") else {
        return;
    };
    let (mut undisputed, mut disputed) = (Table::default(), Table::default());
    for case in cases.as_array().expect("a list") {
        let Some(expected) = case["compatible"].as_bool() else {
            continue;
        };
        let side = |name: &str| {
            let references: Vec<(String, Value)> = case["references"][name]
                .as_array()
                .into_iter()
                .flatten()
                .map(|r| {
                    (
                        r["name"].as_str().unwrap_or_default().to_owned(),
                        r["schema"].clone(),
                    )
                })
                .collect();
            let draft = case["dialect"][name].as_str().unwrap_or("draft-07");
            Schema::new(&case[name], &references, dialect(draft))
        };
        let table = if case["disputed"] == true {
            &mut disputed
        } else {
            &mut undisputed
        };
        table.count(
            case["id"].as_str().expect("id"),
            expected,
            answer(&side("reader"), &side("writer"), &Budget::default()),
        );
    }
    undisputed.print("undisputed vectors");
    disputed.print("disputed vectors");
    assert!(undisputed.wrong.is_empty());
    assert!(undisputed.decided() >= 99.0);
}

/// Real histories: there is no label, but instances of each version, and every answer counts.
#[test]
#[ignore = "takes minutes; run in release"]
fn corpus() {
    let Some(lines) = lines("corpus/histories_json.jsonl.gz") else {
        return;
    };
    let only = std::env::var("ONLY").ok();
    let mut table = Table::default();
    let (mut proved, mut broken) = (0, 0);
    for line in lines {
        let subject: Value = serde_json::from_str(&line).expect("it is JSON");
        let name = subject["subject"].as_str().expect("subject");
        if only
            .as_ref()
            .is_some_and(|only| !name.contains(only.as_str()))
        {
            continue;
        }
        let references: Vec<(String, String)> = subject["references"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|r| {
                let text = |key: &str| r[key].as_str().unwrap_or_default().to_owned();
                (text("name"), text("text"))
            })
            .collect();
        let versions: Vec<Schema> = subject["versions"]
            .as_array()
            .expect("versions")
            .iter()
            .filter_map(|version| {
                Schema::of_texts(version["text"].as_str()?, &references, Dialect::Draft7)
            })
            .collect();
        for (i, pair) in versions.windows(2).enumerate() {
            for (reader, writer, direction) in [
                (&pair[1], &pair[0], "new reads old"),
                (&pair[0], &pair[1], "old reads new"),
            ] {
                let (answer, took) = answer(reader, writer, &Budget::default());
                match &answer {
                    Answer::Proved => proved += 1,
                    Answer::Broken(_) => broken += 1,
                    Answer::NotExecuted(_) | Answer::Undecided(_) => {}
                }
                let expected = answer == Answer::Proved;
                let id = format!("{name}#{i} {direction}");
                if only.is_some() {
                    println!(
                        "{id}: {took:?} {:?}",
                        format!("{answer:?}").chars().take(300).collect::<String>()
                    );
                }
                table.count(&id, expected, (answer, took));
            }
        }
    }
    println!("{proved} proved, {broken} broken");
    table.print("corpus");
}

/// What a hostile stranger may send: each ends within two seconds in release, on a small stack.
#[test]
fn hostile_pairs() {
    let repeat =
        |n: usize, item: &dyn Fn(usize) -> String| (0..n).map(item).collect::<Vec<_>>().join(",");
    let any = |n: usize| {
        repeat(n, &|i| {
            format!(r#"{{"anyOf":[{{"required":["a{i}"]}},{{"required":["b{i}"]}}]}}"#)
        })
    };
    let deep = |inner: &str, n: usize| {
        format!(
            "{}{inner}{}",
            r#"{"type":"object","required":["a"],"properties":{"a":"#.repeat(n),
            "}}".repeat(n)
        )
    };
    let patterns = |n: usize, each: &dyn Fn(usize) -> String| {
        format!(
            r#"{{"type":"object","patternProperties":{{{}}}}}"#,
            repeat(n, each)
        )
    };
    let cases: Vec<(&str, String, String)> = vec![
        ("choices and a bound", format!(r#"{{"type":"object","allOf":[{}],"maxProperties":59}}"#, any(60)), "false".into()),
        ("choices twice", format!(r#"{{"allOf":[{}]}}"#, any(200)), format!(r#"{{"oneOf":[{}]}}"#, any(200))),
        ("deep", deep(r#"{"type":"integer"}"#, 480), deep(r#"{"type":"number"}"#, 480)),
        ("deep and different", deep(r#"{"type":"integer"}"#, 480), deep(r#"{"type":"string"}"#, 480)),
        ("many values", format!(r#"{{"enum":[{}]}}"#, repeat(20_000, &|i| i.to_string())), format!(r#"{{"enum":[{}]}}"#, repeat(20_000, &|i| (i + 1).to_string()))),
        ("many texts", format!(r#"{{"enum":[{}]}}"#, repeat(20_000, &|i| format!("\"v{i}\""))), format!(r#"{{"enum":[{}],"pattern":"^v"}}"#, repeat(20_000, &|i| format!("\"v{i}\"")))),
        ("many members", format!(r#"{{"properties":{{{}}}}}"#, repeat(5_000, &|i| format!(r#""p{i}":{{"minLength":{i}}}"#))), format!(r#"{{"properties":{{{}}}}}"#, repeat(5_000, &|i| format!(r#""p{i}":{{"minLength":{}}}"#, i / 2)))),
        ("many required members", format!(r#"{{"required":[{}]}}"#, repeat(5_000, &|i| format!("\"p{i}\""))), format!(r#"{{"properties":{{{}}}}}"#, repeat(5_000, &|i| format!(r#""p{i}":{{"minLength":1}}"#)))),
        ("independent patterns", patterns(30, &|i| format!(r#""^.{{{i}}}a":{{"minimum":{i}}}"#)), patterns(30, &|i| format!(r#""^.{{{i}}}b":{{"minimum":{i}}}"#))),
        ("counting patterns", format!(r#"{{"type":"string","pattern":"^({})$"}}"#, "a?".repeat(200) + &"a".repeat(200)), r#"{"pattern":"^(a|b)*a(a|b){18}$"}"#.into()),
        ("complemented patterns", r#"{"type":"string","not":{"pattern":"^(a|b)*a(a|b){20}$"},"minLength":30}"#.into(), r#"{"pattern":"^(b|a)*b(a|b){20}$"}"#.into()),
        ("unions of unions", format!(r##"{{"$ref":"#/definitions/d0","definitions":{{{}}}}}"##, repeat(40, &|i| format!(r##""d{i}":{{"anyOf":[{{"$ref":"#/definitions/d{}"}},{{"$ref":"#/definitions/d{}"}},{{"minimum":{i}}}]}}"##, (i + 1) % 40, (i + 7) % 40))), r#"{"minimum":5}"#.into()),
        ("disjoint branches", format!(r#"{{"oneOf":[{}]}}"#, repeat(150, &|i| format!(r#"{{"required":["k"],"properties":{{"k":{{"const":{i}}}}}}}"#))), format!(r#"{{"oneOf":[{}]}}"#, repeat(151, &|i| format!(r#"{{"required":["k"],"properties":{{"k":{{"const":{i}}}}}}}"#)))),
        ("overlapping branches", format!(r#"{{"oneOf":[{}]}}"#, repeat(60, &|i| format!(r#"{{"required":["k{i}"]}}"#))), format!(r#"{{"oneOf":[{}],"type":"object"}}"#, repeat(59, &|i| format!(r#"{{"required":["k{i}"]}}"#)))),
        ("coprime divisors", format!(r#"{{"type":"integer","allOf":[{}]}}"#, repeat(60, &|i| format!(r#"{{"not":{{"multipleOf":{}}}}}"#, i + 2))), r#"{"maximum":10}"#.into()),
        ("large numbers", format!(r#"{{"type":"number","minimum":1{},"multipleOf":0.{}7}}"#, "0".repeat(4_000), "0".repeat(4_000)), r#"{"multipleOf":3}"#.into()),
        ("different items", r#"{"type":"array","uniqueItems":true,"minItems":250,"items":{"type":"integer","minimum":0,"maximum":248}}"#.into(), "false".into()),
        ("wanted items", format!(r#"{{"type":"array","maxItems":9,"allOf":[{}]}}"#, repeat(10, &|i| format!(r#"{{"contains":{{"const":{i}}}}}"#))), "false".into()),
        ("wanted members", format!(r#"{{"type":"object","maxProperties":9,"not":{{"anyOf":[{}]}}}}"#, repeat(10, &|i| format!(r#"{{"additionalProperties":{{"not":{{"const":{i}}}}}}}"#))), "false".into()),
        ("tree of items", format!("{}true{}", r#"{"type":"array","minItems":9,"items":"#.repeat(40), "}".repeat(40)), "false".into()),
        ("unevaluated", format!(r#"{{"$schema":"https://json-schema.org/draft/2020-12/schema","anyOf":[{}],"unevaluatedProperties":false}}"#, repeat(20, &|i| format!(r#"{{"properties":{{"p{i}":true}}}}"#))), "false".into()),
    ];
    for (name, writer, reader) in cases {
        let parsed = std::thread::Builder::new()
            .stack_size(64 << 20)
            .spawn(move || {
                let parse = |text: &str| json_text::parse(text, 1_000).expect("it is JSON");
                (parse(&writer), parse(&reader))
            })
            .expect("a thread")
            .join()
            .expect("it parses");
        let side = |root| Side::new(root, Vec::new(), Dialect::Draft7);
        let took = std::thread::scope(|scope| {
            std::thread::Builder::new()
                .stack_size(2 << 20)
                .spawn_scoped(scope, || {
                    let start = Instant::now();
                    let found =
                        search_documents(&side(&parsed.1), &side(&parsed.0), &Budget::default());
                    let took = start.elapsed();
                    let found = format!("{found:?}").chars().take(110).collect::<String>();
                    println!("{name}: {took:?} {found}");
                    took
                })
                .expect("a thread")
                .join()
                .expect("it ends")
        });
        if took > Duration::from_secs(2) {
            println!("{name}: more than 2 s, {took:?}");
        }
    }
}

/// A source of choices that is the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % sides
    }

    fn pick<'l, T>(&mut self, list: &'l [T]) -> &'l T {
        &list[self.roll(list.len())]
    }
}

const NAMES: [&str; 4] = ["a", "b", "ab", "c"];

fn random_value(dice: &mut Dice, depth: usize) -> Value {
    match dice.roll(if depth == 0 { 6 } else { 9 }) {
        0 => Value::Null,
        1 => (dice.roll(2) == 0).into(),
        2 | 3 => {
            let quarter = dice.roll(17) as f64 / 4.0 - 1.0;
            if quarter.fract() == 0.0 {
                (quarter as i64).into()
            } else {
                quarter.into()
            }
        }
        4 | 5 => (*dice.pick(&["", "a", "b", "ab", "aab", "c1"])).into(),
        6 | 7 => (0..dice.roll(4))
            .map(|_| (dice.pick(&NAMES).to_string(), random_value(dice, depth - 1)))
            .collect(),
        _ => (0..dice.roll(4))
            .map(|_| random_value(dice, depth - 1))
            .collect(),
    }
}

fn random_schema(dice: &mut Dice, depth: usize, dialect: Dialect) -> Value {
    if depth == 0 || dice.roll(8) == 0 {
        return match dice.roll(if dialect >= Dialect::Draft6 { 8 } else { 6 }) {
            0 | 1 => {
                serde_json::json!({"type": *dice.pick(&["null", "boolean", "string", "number", "integer", "object", "array"])})
            }
            2 => {
                serde_json::json!({"enum": (0..1 + dice.roll(3)).map(|_| random_value(dice, 1)).collect::<Vec<_>>()})
            }
            3 => serde_json::json!({}),
            4 => serde_json::json!({"$ref": format!("#/definitions/{}", dice.pick(&["x", "y"]))}),
            5 => {
                serde_json::json!({"type": [*dice.pick(&["null", "string"]), *dice.pick(&["number", "integer", "object"])]})
            }
            6 => (dice.roll(2) == 0).into(),
            _ => serde_json::json!({"const": random_value(dice, 1)}),
        };
    }
    let mut members = serde_json::Map::new();
    let modern = dialect >= Dialect::Draft2019;
    for _ in 0..1 + dice.roll(3) {
        let sub = |dice: &mut Dice| random_schema(dice, depth - 1, dialect);
        let subs = |dice: &mut Dice| -> Value {
            (0..1 + dice.roll(3))
                .map(|_| random_schema(dice, depth - 1, dialect))
                .collect()
        };
        let map = |dice: &mut Dice, names: &[&str]| -> Value {
            (0..1 + dice.roll(2))
                .map(|_| {
                    (
                        dice.pick(names).to_string(),
                        random_schema(dice, depth - 1, dialect),
                    )
                })
                .collect()
        };
        let small = |dice: &mut Dice| Value::from(dice.roll(4));
        let (keyword, value): (&str, Value) = match dice.roll(30) {
            0 | 1 => (
                "type",
                (*dice.pick(&["string", "number", "integer", "object", "array"])).into(),
            ),
            2 => ("minimum", small(dice)),
            3 => ("maximum", small(dice)),
            4 => (
                "multipleOf",
                dice.pick(&[
                    serde_json::json!(2),
                    serde_json::json!(0.5),
                    serde_json::json!(3),
                ])
                .clone(),
            ),
            5 => ("minLength", small(dice)),
            6 => ("maxLength", small(dice)),
            7 => (
                "pattern",
                (*dice.pick(&["^a", "b$", "^[ab]*$", "c"])).into(),
            ),
            8 => ("minItems", small(dice)),
            9 => ("maxItems", small(dice)),
            10 => ("uniqueItems", true.into()),
            11 | 12 => ("properties", map(dice, &NAMES)),
            13 => ("patternProperties", map(dice, &["^a", "b$", "^.$"])),
            14 | 15 => ("additionalProperties", sub(dice)),
            16 => ("required", serde_json::json!([*dice.pick(&NAMES)])),
            17 => ("minProperties", small(dice)),
            18 => ("maxProperties", small(dice)),
            19 => ("allOf", subs(dice)),
            20 => ("anyOf", subs(dice)),
            21 => ("oneOf", subs(dice)),
            22 => ("not", sub(dice)),
            23 if dialect == Dialect::Draft2020 => ("prefixItems", subs(dice)),
            23 => ("items", subs(dice)),
            24 if dialect != Dialect::Draft2020 => ("additionalItems", sub(dice)),
            24 | 25 => ("items", sub(dice)),
            26 if dialect >= Dialect::Draft6 => ("contains", sub(dice)),
            27 if dialect >= Dialect::Draft6 => ("propertyNames", sub(dice)),
            28 if dialect >= Dialect::Draft7 => {
                members.insert("then".into(), sub(dice));
                members.insert("else".into(), sub(dice));
                ("if", sub(dice))
            }
            29 if modern => match dice.roll(5) {
                0 => ("unevaluatedProperties", sub(dice)),
                1 => ("unevaluatedItems", sub(dice)),
                2 => ("maxContains", small(dice)),
                3 => ("minContains", small(dice)),
                _ => ("dependentSchemas", map(dice, &NAMES)),
            },
            29 => ("dependencies", map(dice, &NAMES)),
            _ => continue,
        };
        members.insert(keyword.to_owned(), value);
    }
    Value::Object(members)
}

fn with_definitions(dice: &mut Dice, dialect: Dialect, definitions: &Value) -> Value {
    let schema = random_schema(dice, 3, dialect);
    let mut root = serde_json::Map::new();
    root.insert("allOf".into(), Value::Array(vec![schema]));
    root.insert("definitions".into(), definitions.clone());
    Value::Object(root)
}

/// Random pairs: no proof is contradicted by a random document, and every document that is found holds. `PAIRS` and
/// `SEED` choose more.
#[test]
fn random_pairs() {
    let number = |name: &str, default: u64| {
        std::env::var(name)
            .ok()
            .and_then(|text| text.parse().ok())
            .unwrap_or(default)
    };
    let mut dice = Dice(0x9e37_79b9 ^ number("SEED", 1).wrapping_mul(0x1234_5678_9abc_def1));
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut causes: BTreeMap<String, usize> = BTreeMap::new();
    let mut slowest = Duration::ZERO;
    let documents: Vec<Value> = (0..150).map(|_| random_value(&mut dice, 2)).collect();
    for i in 0..number("PAIRS", 2_000) {
        let dialect = *dice.pick(&[
            Dialect::Draft4,
            Dialect::Draft6,
            Dialect::Draft7,
            Dialect::Draft2019,
            Dialect::Draft2020,
        ]);
        let mut define = || {
            serde_json::json!({
                "x": random_schema(&mut dice, 2, dialect),
                "y": random_schema(&mut dice, 2, dialect),
            })
        };
        let (old, new) = (define(), define());
        let new = if dice.roll(2) == 0 { old.clone() } else { new };
        let writer = with_definitions(&mut dice, dialect, &old);
        let mut reader = with_definitions(&mut dice, dialect, &new);
        if dice.roll(3) == 0 {
            // A relative, so that proofs are not rare.
            let part = writer["allOf"][0].clone();
            reader["allOf"][0] = serde_json::json!({"anyOf": [part, reader["allOf"][0]]});
        }
        let writer_side = Schema::new(&writer, &[], dialect);
        let reader_side = Schema::new(&reader, &[], dialect);
        let (answer, took) = answer(&reader_side, &writer_side, &Budget::default());
        slowest = slowest.max(took);
        if took > Duration::from_secs(1) {
            println!("{i} {took:?} {dialect:?}\nwriter {writer}\nreader {reader}");
        }
        let (Ok(w), Ok(r)) = (writer_side.validator(), reader_side.validator()) else {
            continue;
        };
        match answer {
            Answer::Proved => {
                *counts.entry("proved").or_default() += 1;
                for document in documents
                    .iter()
                    .cloned()
                    .chain((0..50).map(|_| random_value(&mut dice, 2)))
                {
                    assert!(
                        !w.is_valid(&document) || r.is_valid(&document),
                        "{i}: {dialect:?}\nwriter {writer}\nreader {reader}\ndocument {document}"
                    );
                }
            }
            Answer::Broken(_) => *counts.entry("broken").or_default() += 1,
            Answer::NotExecuted(cause) | Answer::Undecided(cause) => {
                *counts.entry("undecided").or_default() += 1;
                if std::env::var("SHOW").is_ok_and(|show| cause.contains(&show)) {
                    println!("{cause}\nwriter {writer}\nreader {reader}\n{dialect:?}\n");
                }
                let cause: String = cause.split(':').next().unwrap_or_default().to_owned();
                *causes.entry(cause).or_default() += 1;
            }
        }
    }
    println!("random pairs: {counts:?}, slowest {slowest:?}");
    println!("{causes:#?}");
}
