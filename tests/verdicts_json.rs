//! The truth about other people's pairs of JSON Schemas, as one table; see `verdicts.rs`.
//!
//! Labels are judged too: where a label says "compatible", a witness that the validator accepts under the writer's
//! schema and refuses under the reader's shows that the label is wrong. The validator is asked here once more,
//! whatever the checker did.
#![cfg(feature = "engine")]

#[path = "support/corpus.rs"]
#[expect(dead_code, reason = "each test uses its part")]
mod corpus;
#[path = "support/semantic_json.rs"]
mod semantic_json;
#[path = "support/truths.rs"]
#[expect(dead_code, reason = "each test uses its part")]
mod truths;

use accord::format::Parsed;
use accord::format::json::judge::{Bound, stand_in};
use accord::format::truth::{Budget, Outcome};
use accord::model::SchemaType;
use flate2::read::MultiGzDecoder;
use semantic_json::{Judge, all_documents, in_words_of_draft_4, tells_apart};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{BufRead, BufReader};
use truths::{Judged, Table, cases, everything, on_big_stack, shared, text_of};

/// The program's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Why a label counts for nothing where a document was executed against it.
const EXECUTED: &str =
    "the validator accepts the record under the writer's schema and not under the reader's";
/// Why a label "incompatible" counts for nothing.
const ALL_READ: &str =
    "the writer's schema allows only a list of documents, and the reader's accepts them all";

/// One schema of a pair.
struct Side {
    text: String,
    references: Vec<(String, String)>,
    parsed: Parsed,
}

impl Side {
    fn new(text: String, references: Vec<(String, String)>) -> Option<Self> {
        let named: Vec<corpus::Named> = (references.iter())
            .map(|(name, text)| corpus::Named {
                name: name.clone(),
                text: text.clone(),
            })
            .collect();
        let parsed = truths::parse(SchemaType::Json, &text, &truths::resolved(&named))?;
        Some(Self {
            text,
            references,
            parsed,
        })
    }

    /// A side of a case of the vectors or pairs.
    fn of(case: &Value, name: &str, draft: Option<&str>) -> Option<Self> {
        let references = (case["references"][name].as_array().into_iter().flatten())
            .map(|r| {
                let text = text_of(&r["schema"], SchemaType::Json, draft);
                (r["name"].as_str().unwrap_or_default().to_owned(), text)
            })
            .collect();
        Self::new(text_of(&case[name], SchemaType::Json, draft), references)
    }

    fn judge(&self, budget: &Budget) -> Option<Judge> {
        Judge::new(&self.text, &self.references, budget.assert_formats)
    }

    /// The judge of a bound of a side that no validator compiles.
    fn bound(&self, bound: Bound, budget: &Budget) -> Option<Judge> {
        let Parsed::Json(schema) = &self.parsed else {
            return None;
        };
        let Some(documents) = stand_in(&schema.side(), bound) else {
            return self.judge(budget);
        };
        let mut texts = documents.iter().map(|node| node.to_serde().to_string());
        let root = texts.next()?;
        let names = self.references.iter().map(|(name, _)| name.clone());
        let references: Vec<_> = names.zip(texts).collect();
        Judge::new(&root, &references, budget.assert_formats)
    }
}

/// A pair's truth, with every witness executed once more.
struct Executed {
    judged: Judged,
    /// A witness that does not hold.
    hollow: Option<String>,
}

fn execute(reader: &Side, writer: &Side, budget: &Budget) -> Executed {
    let judged = Judged::within(&reader.parsed, &writer.parsed, budget);
    let mut hollow = None;
    if judged.truth.outcome == Outcome::Broken {
        match (writer.judge(budget), reader.judge(budget)) {
            (Some(w), Some(r)) => {
                let mut records = judged.truth.breaks.iter().map(|told| &told.witness.record);
                let hollow_one = records.find(|record| {
                    !serde_json::from_str(record)
                        .is_ok_and(|document| tells_apart(&w, &r, &document))
                });
                hollow = hollow_one.cloned();
            }
            _ => hollow = hollow_in_bounds(reader, writer, &judged, budget),
        }
    }
    Executed { judged, hollow }
}

/// A witness that does not hold of a pair that no validator compiles: the writer's lower bound has to accept it, and
/// the reader's upper one to refuse it; as each side lies between its bounds, the other bounds have to agree.
fn hollow_in_bounds(
    reader: &Side,
    writer: &Side,
    judged: &Judged,
    budget: &Budget,
) -> Option<String> {
    let bounds = |side: &Side| {
        Some((
            side.bound(Bound::Below, budget)?,
            side.bound(Bound::Above, budget)?,
        ))
    };
    let (Some((below, above)), Some((least, most))) = (bounds(writer), bounds(reader)) else {
        return Some("a broken pair of which no validator compiles the bounds".to_owned());
    };
    let mut records = judged.truth.breaks.iter().map(|told| &told.witness.record);
    let hollow = records.find(|record| {
        !serde_json::from_str(record).is_ok_and(|document| {
            below.takes(&document)
                && above.takes(&document)
                && !most.takes(&document)
                && !least.takes(&document)
        })
    });
    hollow.cloned()
}

/// Why a label is wrong, if it is.
fn wrong_label(
    compatible: bool,
    executed: &Executed,
    reader: &Side,
    writer: &Side,
    budget: &Budget,
) -> Option<&'static str> {
    match (executed.judged.truth.outcome, compatible) {
        (Outcome::Broken, true) if executed.hollow.is_none() => Some(EXECUTED),
        (Outcome::Proved, false) => {
            let schema = serde_json::from_str(&writer.text).ok()?;
            let judge = reader.judge(budget)?;
            let documents = all_documents(&schema)?;
            (documents.iter().all(|document| judge.takes(document))).then_some(ALL_READ)
        }
        _ => None,
    }
}

/// Counts a case with a label.
fn count(
    table: &mut Table,
    hollow: &mut Vec<String>,
    id: &str,
    compatible: bool,
    pair: (&Side, &Side),
    budget: &Budget,
) {
    let executed = execute(pair.0, pair.1, budget);
    let excuse = wrong_label(compatible, &executed, pair.0, pair.1, budget);
    table.count(id, compatible, &executed.judged, excuse);
    hollow.extend(executed.hollow.map(|record| format!("{id}: {record}")));
}

fn print(table: &Table, hollow: &[String]) {
    table.print();
    for line in hollow {
        println!("  WITNESS THAT DOES NOT HOLD: {line}");
    }
}

fn finish(table: &Table, hollow: &[String], decided: f64) {
    print(table, hollow);
    require(table, hollow, decided);
}

fn require(table: &Table, hollow: &[String], decided: f64) {
    // A witness that the checker withheld is printed and no error: nobody saw it.
    table.assert_labels();
    assert!(hollow.is_empty(), "witnesses do not hold, see above");
    table.assert_decided(decided);
}

fn vectors(file: &str, decided: f64) {
    let Some(cases) = cases("vectors", file) else {
        return;
    };
    let mut table = Table::new(format!("vectors/{file} JSON"));
    let (mut hollow, mut disputed) = (Vec::new(), Vec::new());
    let budget = Budget::default();
    for case in &cases {
        let Some(compatible) = case["compatible"].as_bool() else {
            continue;
        };
        if case["schema_type"] != "JSON" || case["invalid_schema"] == true {
            continue;
        }
        let id = case["id"].as_str().unwrap_or_default();
        let side = |name: &str| Side::of(case, name, case["dialect"][name].as_str());
        let (Some(reader), Some(writer)) = (side("reader"), side("writer")) else {
            table.unread(id);
            continue;
        };
        if case["disputed"] == true {
            let executed = execute(&reader, &writer, &budget);
            disputed.push(format!(
                "{id}: {} (label {compatible}, {}){}",
                executed.judged.truth.outcome,
                case["category"].as_str().unwrap_or_default(),
                executed.judged.shown()
            ));
            hollow.extend(executed.hollow.map(|record| format!("{id}: {record}")));
            continue;
        }
        count(
            &mut table,
            &mut hollow,
            id,
            compatible,
            (&reader, &writer),
            &budget,
        );
    }
    if !disputed.is_empty() {
        println!("vectors/{file} JSON, disputed, our answers:");
        disputed.iter().for_each(|line| println!("    {line}"));
    }
    finish(&table, &hollow, decided);
}

#[test]
fn json_vectors() {
    on_big_stack(|| {
        vectors("json.json", 0.99);
        vectors("probes.json", 0.99);
    });
}

#[test]
fn json_pairs() {
    on_big_stack(|| {
        let Some(cases) = cases("semantic", "json_containment_pairs.json") else {
            return;
        };
        let mut table = Table::new("semantic/json_containment_pairs.json".to_owned());
        let mut hollow = Vec::new();
        for case in &cases {
            let id = case["id"].as_str().unwrap_or_default();
            let budget = Budget {
                assert_formats: case["format_mode"] == "assertion",
                ..Budget::default()
            };
            let side = |name: &str| Side::of(case, name, case["draft"].as_str());
            let (Some(reader), Some(writer)) = (side("new"), side("old")) else {
                table.unread(id);
                continue;
            };
            let compatible = case["backward_compatible"] == true;
            count(
                &mut table,
                &mut hollow,
                id,
                compatible,
                (&reader, &writer),
                &budget,
            );
        }
        finish(&table, &hollow, 0.99);
    });
}

fn lines(folder: &str, file: &str) -> Option<impl Iterator<Item = Value>> {
    let file = File::open(shared(folder, file)?).expect("the data is readable");
    let lines = BufReader::new(MultiGzDecoder::new(file)).lines();
    Some(lines.map(|line| serde_json::from_str(&line.expect("text")).expect("a line is JSON")))
}

#[test]
fn json_containment() {
    on_big_stack(|| {
        let Some(cases) = lines("vectors", "containment.jsonl.gz") else {
            return;
        };
        let step = if everything() { 1 } else { 23 };
        let mut tables: BTreeMap<String, (Table, Vec<String>)> = BTreeMap::new();
        for case in cases.step_by(step) {
            let id = case["id"].as_str().unwrap_or_default();
            let draft = case["draft"].as_str().unwrap_or_default();
            let budget = Budget {
                assert_formats: id.contains("/format/"),
                ..Budget::default()
            };
            let (table, hollow) = tables.entry(draft.to_owned()).or_insert_with(|| {
                let name = format!("vectors/containment.jsonl.gz {draft}");
                (Table::new(name), Vec::new())
            });
            let side = |name: &str| {
                let schema = match draft {
                    "draft4" => in_words_of_draft_4(&case[name]),
                    _ => case[name].clone(),
                };
                Side::new(text_of(&schema, SchemaType::Json, Some(draft)), Vec::new())
            };
            let (Some(reader), Some(writer)) = (side("new"), side("old")) else {
                table.unread(id);
                continue;
            };
            let compatible = case["backward_compatible"] == true;
            count(table, hollow, id, compatible, (&reader, &writer), &budget);
        }
        for (table, hollow) in tables.values() {
            print(table, hollow);
        }
        for (draft, (table, hollow)) in &tables {
            require(table, hollow, if draft == "draft4" { 0.95 } else { 0.97 });
        }
    });
}

/// Which consecutive pairs real documents tell apart: by subject and the older version's place, whether a document
/// is valid only under the old version, and only under the new one.
fn told_apart() -> HashMap<(String, usize), (bool, bool)> {
    let mut all = HashMap::new();
    for line in lines("corpus", "instances_json.jsonl.gz")
        .into_iter()
        .flatten()
    {
        let subject = line["subject"].as_str().unwrap_or_default();
        for pair in line["pairs"].as_array().into_iter().flatten() {
            let some = |key: &str| pair[key].as_array().is_some_and(|list| !list.is_empty());
            let old = pair["old"].as_u64().unwrap_or_default() as usize;
            let key = (subject.to_owned(), old);
            all.insert(
                key,
                (some("valid_only_under_old"), some("valid_only_under_new")),
            );
        }
    }
    all
}

/// What a SchemaVer says of a step: `ADDITION` promises that all old data is valid.
fn step_of(old: Option<&str>, new: Option<&str>) -> Option<&'static str> {
    let parts = |version: &str| version.split('-').map(str::to_owned).collect::<Vec<_>>();
    let (old, new) = (parts(old?), parts(new?));
    if old.len() != 3 || new.len() != 3 {
        return None;
    }
    let names = ["MODEL", "REVISION", "ADDITION"];
    (0..3).find(|at| old[*at] != new[*at]).map(|at| names[at])
}

/// Whether a schema refers to a document of which the data say that it is not among them.
fn leads_out(subject: &corpus::Subject, side: &Side) -> bool {
    let texts = || std::iter::once(&side.text).chain(side.references.iter().map(|(_, text)| text));
    (subject.unresolved_references.iter())
        .any(|uri| texts().any(|text| text.contains(uri.as_str())))
}

#[test]
fn json_histories() {
    on_big_stack(|| {
        let Some(folder) = corpus::folder() else {
            return;
        };
        let step = if everything() { 1 } else { 29 };
        let apart = told_apart();
        let mut table = Table::new("corpus/histories_json, both directions".to_owned());
        let mut complete =
            Table::new("corpus/histories_json, of these, all references in the data".to_owned());
        let mut whole = Table::new("corpus/histories_json, every break told".to_owned());
        let mut documents =
            Table::new("corpus/instances_json, pairs that documents tell apart".to_owned());
        let mut hollow = Vec::new();
        let mut steps: BTreeMap<(&str, String), usize> = BTreeMap::new();
        let mut additions = Vec::new();
        let budget = Budget::default();
        let one = Budget { told: 1, ..budget };
        let only = std::env::var("ACCORD_SUBJECT").unwrap_or_default();
        for subject in corpus::read(&folder, "histories_json", step) {
            if !subject.subject.contains(&only) {
                continue;
            }
            let sides: Vec<_> = (subject.versions.iter())
                .map(|version| {
                    let references = (subject.references_of(version).iter())
                        .map(|r| (r.name.clone(), r.text.clone()))
                        .collect();
                    Side::new(version.text.clone(), references)
                })
                .collect();
            for (at, pair) in sides.windows(2).enumerate() {
                let [Some(old), Some(new)] = pair else {
                    table.unread(&subject.subject);
                    continue;
                };
                let evidence = apart.get(&(subject.subject.clone(), at)).copied();
                let directions = [
                    (new, old, "backward", evidence.is_some_and(|(old, _)| old)),
                    (old, new, "forward", evidence.is_some_and(|(_, new)| new)),
                ];
                for (reader, writer, direction, broken) in directions {
                    let id = format!("{} {}→{} {direction}", subject.subject, at + 1, at + 2);
                    let verdict = Judged::within(&reader.parsed, &writer.parsed, &one);
                    table.note(&id, &verdict);
                    if ![reader, writer]
                        .into_iter()
                        .any(|side| leads_out(&subject, side))
                    {
                        complete.note(&id, &verdict);
                    }
                    let executed = execute(reader, writer, &budget);
                    whole.note(&id, &executed.judged);
                    assert_eq!(
                        verdict.truth.outcome, executed.judged.truth.outcome,
                        "{id}: the verdict depends on how many breaks are told"
                    );
                    if broken {
                        documents.count(&id, false, &executed.judged, None);
                    }
                    if direction == "backward" {
                        let declared = [at, at + 1]
                            .map(|at| subject.versions.get(at).and_then(|v| v.declared.as_deref()));
                        if let Some(step) = step_of(declared[0], declared[1]) {
                            let outcome = executed.judged.truth.outcome;
                            *steps.entry((step, outcome.to_string())).or_default() += 1;
                            if step == "ADDITION" && outcome == Outcome::Broken {
                                additions.push(format!(
                                    "{id} ({} → {}){}",
                                    declared[0].unwrap_or_default(),
                                    declared[1].unwrap_or_default(),
                                    executed.judged.shown()
                                ));
                            }
                        }
                    }
                    hollow.extend(executed.hollow.map(|record| format!("{id}: {record}")));
                }
            }
        }
        documents.print();
        for ((step, outcome), count) in &steps {
            println!("  declared {step}, old data read by the new version: {outcome} ({count})");
        }
        for line in &additions {
            println!("  declared ADDITION, and old data breaks: {line}");
        }
        complete.print();
        whole.print();
        // What has references that lead nowhere in the data cannot be decided.
        finish(&table, &hollow, 0.8);
        documents.assert_none_wrong();
    });
}
