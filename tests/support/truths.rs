//! Judges pairs of other people's data and counts the answers.

use accord::format::truth::{Budget, Outcome, Truth};
use accord::format::{Limits, Parsed, Resolved, Source, Strictness, diff, truth};
use accord::model::{Policy, SchemaType};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// Whether everything is to be run, however long it takes.
pub fn everything() -> bool {
    std::env::var_os("ACCORD_VERDICTS").is_some_and(|value| value == "all")
}

/// On a stack as large as the registry gives the engine.
pub fn on_big_stack(test: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new()
        .stack_size(64 << 20)
        .spawn(test)
        .expect("a thread");
    if let Err(panic) = thread.join() {
        std::panic::resume_unwind(panic);
    }
}

/// A file of the shared folder beside the project, or a plain word that it is absent.
pub fn shared(folder: &str, file: &str) -> Option<PathBuf> {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "..", "shared", folder, file]
        .iter()
        .collect();
    if path.exists() {
        return Some(path);
    }
    println!("not run: there is no shared/{folder}/{file} beside the project");
    None
}

/// The cases of a JSON file.
pub fn cases(folder: &str, file: &str) -> Option<Vec<Value>> {
    let text = std::fs::read_to_string(shared(folder, file)?).expect("the data is readable");
    Some(serde_json::from_str(&text).expect("the data is JSON"))
}

/// References of the corpus as the engine takes them.
pub fn resolved(references: &[crate::corpus::Named]) -> Vec<Resolved> {
    references
        .iter()
        .map(|r| Resolved {
            name: r.name.as_str().into(),
            text: r.text.as_str().into(),
        })
        .collect()
}

/// A schema as a registry with a history reads it.
pub fn parse(schema_type: SchemaType, text: &str, references: &[Resolved]) -> Option<Parsed> {
    let source = Source {
        text,
        references,
        strictness: Strictness::Existing,
        limits: Limits::default(),
    };
    Parsed::parse(schema_type, &source).ok()
}

/// A case's schema as text, with the draft that the case tells.
pub fn text_of(schema: &Value, schema_type: SchemaType, dialect: Option<&str>) -> String {
    match (schema_type, schema) {
        (SchemaType::Protobuf, Value::String(text)) => text.clone(),
        (SchemaType::Json, Value::Object(members)) if !members.contains_key("$schema") => {
            let uri = match dialect.unwrap_or("draft-07") {
                "draft-04" | "draft4" => "http://json-schema.org/draft-04/schema#",
                "draft-06" | "draft6" => "http://json-schema.org/draft-06/schema#",
                "2019-09" | "draft2019-09" => "https://json-schema.org/draft/2019-09/schema",
                "2020-12" | "draft2020-12" => "https://json-schema.org/draft/2020-12/schema",
                _ => return schema.to_string(),
            };
            let mut members = members.clone();
            members.insert("$schema".to_owned(), uri.into());
            Value::Object(members).to_string()
        }
        _ => schema.to_string(),
    }
}

/// One side of a case: `reader`/`writer`, or `new`/`old`.
fn side(case: &Value, names: [&str; 2], schema_type: SchemaType) -> Option<Parsed> {
    let name = names
        .into_iter()
        .find(|name| !case[*name].is_null() || case.get(*name).is_some())?;
    let dialect = case["dialect"][names[0]]
        .as_str()
        .or_else(|| case["draft"].as_str());
    let references: Vec<Resolved> = case["references"][names[0]]
        .as_array()
        .into_iter()
        .flatten()
        .map(|r| Resolved {
            name: r["name"].as_str().unwrap_or_default().into(),
            text: text_of(&r["schema"], schema_type, dialect).into(),
        })
        .collect();
    parse(
        schema_type,
        &text_of(&case[name], schema_type, dialect),
        &references,
    )
}

/// The truth about a case's pair; `None` if one of the schemas is none.
pub fn judge(case: &Value, schema_type: SchemaType) -> Option<Judged> {
    let reader = side(case, ["reader", "new"], schema_type)?;
    let writer = side(case, ["writer", "old"], schema_type)?;
    let mut judged = Judged::of(&reader, &writer);
    if let (Parsed::Protobuf(reader), Parsed::Protobuf(writer), Some(message)) =
        (&reader, &writer, case["message"].as_str())
    {
        let budget = Budget::default();
        judged.truth = accord::format::protobuf::truth_of_message(reader, writer, message, &budget);
    }
    Some(judged)
}

/// How long the processor worked for this thread: what else the machine does counts little.
fn worked() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(
        time.tv_sec.try_into().unwrap_or_default(),
        time.tv_nsec.try_into().unwrap_or_default(),
    )
}

/// The truth about a pair, what the rules say, and how long the truth took.
#[derive(Clone)]
pub struct Judged {
    pub truth: Truth,
    pub rules: Option<bool>,
    pub took: Duration,
}

impl Judged {
    pub fn of(reader: &Parsed, writer: &Parsed) -> Self {
        Self::within(reader, writer, &Budget::default())
    }

    /// The truth within a budget of one's own.
    pub fn within(reader: &Parsed, writer: &Parsed, budget: &Budget) -> Self {
        let start = worked();
        let truth = truth(reader, writer, budget);
        let took = worked().saturating_sub(start);
        let rules = diff(reader, writer, Policy::Strict, &Limits::default())
            .ok()
            .map(|found| !found.iter().any(|d| d.breaks(Policy::Strict)));
        Self { truth, rules, took }
    }

    /// The first witness, or the first obstacle.
    pub fn shown(&self) -> String {
        let short = |text: &str| text.chars().take(160).collect::<String>();
        if let Some(first) = self.truth.breaks.first() {
            return format!(
                "\n        {} {}: {}",
                first.rule,
                short(&first.witness.record),
                short(&first.witness.reading)
            );
        }
        match self.truth.obstacles.first() {
            Some(o) => format!("\n        {} at {}", short(&o.construct), o.place.pointer),
            None => String::new(),
        }
    }
}

/// The answers for one set of data.
pub struct Table {
    name: String,
    right: usize,
    wrong: Vec<String>,
    undecided: Vec<String>,
    excused: Vec<String>,
    unread: Vec<String>,
    unreproduced: u32,
    causes: BTreeMap<String, usize>,
    /// By what the rules say and what is true.
    against: BTreeMap<(String, String), usize>,
    telling: BTreeMap<(bool, String), Vec<String>>,
    times: Vec<Duration>,
    slowest: (Duration, String),
}

impl Table {
    pub fn new(name: String) -> Self {
        Self {
            name,
            right: 0,
            wrong: Vec::new(),
            undecided: Vec::new(),
            excused: Vec::new(),
            unread: Vec::new(),
            unreproduced: 0,
            causes: BTreeMap::new(),
            against: BTreeMap::new(),
            telling: BTreeMap::new(),
            times: Vec::new(),
            slowest: (Duration::ZERO, String::new()),
        }
    }

    pub fn unread(&mut self, id: &str) {
        self.unread.push(id.to_owned());
    }

    /// Counts an answer that has a label.
    pub fn count(
        &mut self,
        id: &str,
        compatible: bool,
        judged: &Judged,
        mislabelled: Option<&'static str>,
    ) {
        self.note(id, judged);
        let is_right = match judged.truth.outcome {
            Outcome::Proved => compatible,
            Outcome::Broken => !compatible,
            Outcome::Undecided => return,
        };
        let line = || format!("{id}: {}{}", judged.truth.outcome, judged.shown());
        match (is_right, mislabelled) {
            (true, _) => self.right += 1,
            (false, Some(why)) => self.excused.push(format!("{} — {why}", line())),
            (false, None) => self.wrong.push(line()),
        }
    }

    /// Counts an answer without a label.
    pub fn note(&mut self, id: &str, judged: &Judged) {
        self.times.push(judged.took);
        if judged.took > self.slowest.0 {
            self.slowest = (judged.took, id.to_owned());
        }
        self.unreproduced += judged.truth.unreproduced;
        let rules = match judged.rules {
            Some(true) => "compatible",
            Some(false) => "incompatible",
            None => "too complex",
        };
        *self
            .against
            .entry((rules.to_owned(), judged.truth.outcome.to_string()))
            .or_default() += 1;
        match (judged.rules, judged.truth.outcome) {
            (Some(true), Outcome::Broken) | (Some(false), Outcome::Proved) => {
                let key = (judged.rules == Some(true), self.kind_of(judged));
                let list = self.telling.entry(key).or_default();
                list.push(format!("{id}{}", judged.shown()));
            }
            _ => {}
        }
        if judged.truth.outcome == Outcome::Undecided {
            self.undecided.push(format!("{id}{}", judged.shown()));
            for obstacle in &judged.truth.obstacles {
                *self.causes.entry(obstacle.construct.clone()).or_default() += 1;
            }
        }
    }

    fn kind_of(&self, judged: &Judged) -> String {
        judged
            .truth
            .breaks
            .first()
            .map_or_else(String::new, |first| first.rule.to_owned())
    }

    pub fn print(&self) {
        let mut times = self.times.clone();
        times.sort();
        let at = |share: f64| {
            let last = times.len().saturating_sub(1);
            let time = times.get((last as f64 * share).round() as usize);
            time.copied().unwrap_or_default().as_secs_f64() * 1e3
        };
        println!(
            "{}: {} pairs, {} right, {} wrong, {} undecided, {} mislabelled, {} unread, {} not reproduced; \
             ms p50 {:.3} p95 {:.3} p99 {:.3} max {:.1} ({})",
            self.name,
            times.len(),
            self.right,
            self.wrong.len(),
            self.undecided.len(),
            self.excused.len(),
            self.unread.len(),
            self.unreproduced,
            at(0.5),
            at(0.95),
            at(0.99),
            at(1.0),
            self.slowest.1,
        );
        let lists = [
            ("wrong", &self.wrong, 40),
            ("mislabelled", &self.excused, 60),
            ("undecided", &self.undecided, 10),
        ];
        for (title, list, most) in lists {
            for line in list.iter().take(most) {
                println!("  {title}: {line}");
            }
        }
        let counts: Vec<_> = self
            .against
            .iter()
            .map(|((rules, truth), count)| format!("{rules} × {truth}: {count}"))
            .collect();
        println!("  rules × truth: {}", counts.join(", "));
        let mut causes: Vec<_> = self.causes.iter().collect();
        causes.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        for (cause, count) in causes.into_iter().take(10) {
            println!("  undecided because of: {cause} ({count})");
        }
        if everything() {
            for accepts in [true, false] {
                let title = if accepts {
                    "accepted by the rules, with a record that breaks"
                } else {
                    "refused by the rules, every record proved to be read"
                };
                let of_kind = self.telling.iter().filter(|((a, _), _)| *a == accepts);
                // One of each kind first.
                let mut lists: Vec<_> = of_kind.map(|(_, list)| list.iter()).collect();
                let mut shown = 0;
                while shown < 10 {
                    let before = shown;
                    for list in &mut lists {
                        if let Some(line) = list.next()
                            && shown < 10
                        {
                            println!("  {title}: {line}");
                            shown += 1;
                        }
                    }
                    if shown == before {
                        break;
                    }
                }
            }
        }
    }

    /// No answer is wrong, and no witness had to be withheld.
    pub fn assert_none_wrong(&self) {
        self.assert_labels();
        self.assert_reproduced();
    }

    /// No answer is wrong.
    pub fn assert_labels(&self) {
        assert!(
            self.wrong.is_empty(),
            "{}: {} wrong:\n{}",
            self.name,
            self.wrong.len(),
            self.wrong.join("\n")
        );
    }

    pub fn assert_reproduced(&self) {
        assert_eq!(
            self.unreproduced, 0,
            "{}: witnesses did not reproduce",
            self.name
        );
    }

    /// At least this share is decided.
    pub fn assert_decided(&self, share: f64) {
        let decided = self.times.len() - self.undecided.len();
        assert!(
            decided as f64 >= share * self.times.len() as f64,
            "{}: only {decided} of {} are decided",
            self.name,
            self.times.len()
        );
    }
}
