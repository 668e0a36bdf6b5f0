//! The report: every version that the level asks for, both verdicts, every finding once.

use super::judge::{
    Asked, Document, Judge, Judged, Pair, PastDocument, Plan, directions, judge, sides,
};
use super::report::{
    Direction, Finding, Report, Ruling, Severity, ShownWitness, Site, Undecided, VerdictPolicy,
    Verdicts,
};
use super::sites::Sites;
use super::{Candidate, Past, Reserved, Rules, TOLD, peers, rules as table, shared_limits};
use super::{unreserved, words};
use crate::format::truth::{Arguments, Break, Outcome, Place, Truth};
use crate::format::{Difference, Parsed, TooComplex};
use crate::model::{SchemaType, Version};
use std::collections::HashSet;
use std::ops::Deref;

/// How many bytes of findings a report holds; nobody reads more.
const BYTES: usize = 16 << 20;

/// How many findings are kept to choose the told ones from: breaks may still come, refusals may not.
const KEPT: usize = 4 * TOLD;

/// Everything about a candidate and the live history, newest first. `text` is the candidate's own text; `read`
/// reads an earlier version when its turn comes; `answers` says what is true of a pair.
///
/// Unlike [`check`](super::check) it goes on after a version that is violated. Its verdict by the reference's
/// rules is the same: what is too complex after a violation is not compared, before it is the error.
pub fn report<'a, P, R, E>(
    rules: &Rules<'_>,
    asked: &Asked<'_>,
    candidate: Candidate<'_>,
    text: Document<'_>,
    history: &[Past<'a, P>],
    read: impl Fn(&P) -> Result<PastDocument<R>, E>,
    answers: &dyn Judge<P>,
) -> Result<Report, E>
where
    R: Deref<Target: AsRef<Parsed>>,
    E: From<TooComplex>,
{
    let plan = Plan::new(rules, asked, candidate, history);
    let limits = shared_limits(rules, history.len());
    let rules = &Rules {
        limits: &limits,
        ..*rules
    };
    let mut found = Found::new(asked);
    if rules.validate_fields {
        found.reserved(candidate, history.first());
    }
    let new = candidate.parsed;
    let mut compared = Vec::new();
    for (at, past) in peers(rules, candidate, history).enumerate() {
        let reached = at < plan.versions;
        let document = read(&past.schema)?;
        let old = document.schema.reading.as_ref();
        if new.schema_type() != old.schema_type() {
            found.other_type(past.version, new.schema_type(), old.schema_type(), rules);
            compared.push(past.version);
            continue;
        }
        let texts = (
            text,
            Document {
                text: &document.schema.text,
                references: &document.references,
            },
        );
        let mut complete = reached;
        for direction in directions(rules) {
            let (reader, writer) = sides(direction, new, old);
            let pair = Pair {
                past: &past.schema,
                direction,
                reader,
                writer,
                budget: &plan.budget,
            };
            match judge(rules, answers, &pair, reached) {
                Ok(judged) => found.pair(&judged, past.version, direction, new, at, texts),
                Err(error) if found.ruling == Ruling::Compatible => return Err(error.into()),
                Err(_) => {
                    complete = false;
                    found.unreached(past.version, direction);
                }
            }
        }
        if complete {
            compared.push(past.version);
        }
    }
    let reached: HashSet<Version> = compared.iter().copied().collect();
    let not_compared = history
        .iter()
        .map(|p| p.version)
        .filter(|v| !reached.contains(v))
        .collect();
    Ok(found.finish(rules, asked.policy, compared, not_compared))
}

/// What has been found so far.
struct Found {
    policy: VerdictPolicy,
    /// How many breaks a checker tells.
    told: usize,
    ruling: Ruling,
    semantic: Outcome,
    json_mapping: Option<Outcome>,
    /// Whether everything so far is allowed under the policy.
    allowed: bool,
    findings: Vec<Finding>,
    seen: HashSet<Key>,
    bytes: usize,
    left_out: usize,
    undecided: Vec<Undecided>,
    unreproduced: u32,
    sites: Sites,
}

/// Two findings with the same key say the same.
#[derive(PartialEq, Eq, Hash)]
struct Key {
    rule: String,
    mapping: Option<&'static str>,
    against: Option<Version>,
    direction: Direction,
    sites: [Site; 2],
    difference: (Option<String>, Option<String>),
}

/// The texts that places lead into, and whose they are.
struct Texts<'a> {
    language: SchemaType,
    reader: (usize, Document<'a>),
    writer: (usize, Document<'a>),
}

/// The worse of two outcomes.
fn worse(a: Outcome, b: Outcome) -> Outcome {
    let badness = |o: Outcome| match o {
        Outcome::Proved => 0,
        Outcome::Undecided => 1,
        Outcome::Broken => 2,
    };
    if badness(b) > badness(a) { b } else { a }
}

impl Found {
    fn new(asked: &Asked<'_>) -> Self {
        Self {
            policy: asked.policy,
            told: asked.budget.told,
            ruling: Ruling::Compatible,
            semantic: Outcome::Proved,
            json_mapping: None,
            allowed: true,
            findings: Vec::new(),
            seen: HashSet::new(),
            bytes: 0,
            left_out: 0,
            undecided: Vec::new(),
            unreproduced: 0,
            sites: Sites::default(),
        }
    }

    /// What the two verdicts on one pair add.
    fn pair(
        &mut self,
        judged: &Judged,
        version: Version,
        direction: Direction,
        new: &Parsed,
        at: usize,
        (candidate, past): (Document<'_>, Document<'_>),
    ) {
        if !judged.violations.is_empty() {
            self.ruling = Ruling::Incompatible;
        }
        self.allowed &= judged.allowed(self.policy);
        self.semantic = worse(self.semantic, judged.outcome());
        let language = new.schema_type();
        let (new_text, old_text) = ((0, candidate), (at + 1, past));
        let texts = match direction {
            Direction::Backward => Texts {
                language,
                reader: new_text,
                writer: old_text,
            },
            Direction::Forward => Texts {
                language,
                reader: old_text,
                writer: new_text,
            },
        };
        let mut matched = HashSet::new();
        match &judged.truth {
            Some(truth) => {
                self.truth(
                    truth,
                    None,
                    judged,
                    version,
                    direction,
                    &texts,
                    &mut matched,
                );
                if let Some(json) = &truth.json_mapping {
                    let so_far = self.json_mapping.unwrap_or(Outcome::Proved);
                    self.json_mapping = Some(worse(so_far, json.outcome));
                    let mapping = Some("json");
                    self.truth(
                        json,
                        mapping,
                        judged,
                        version,
                        direction,
                        &texts,
                        &mut matched,
                    );
                }
            }
            None => self.unreached(version, direction),
        }
        for (nth, difference) in judged.violations.iter().enumerate() {
            if matched.contains(&nth) {
                continue;
            }
            if self.findings.len() >= KEPT {
                self.left_out += 1;
                continue;
            }
            let finding = self.refused(difference, judged, version, direction, &texts);
            self.add(finding);
        }
    }

    #[expect(clippy::too_many_arguments, reason = "one pair's circumstances")]
    fn truth(
        &mut self,
        truth: &Truth,
        mapping: Option<&'static str>,
        judged: &Judged,
        version: Version,
        direction: Direction,
        texts: &Texts<'_>,
        matched: &mut HashSet<usize>,
    ) {
        self.unreproduced = self.unreproduced.saturating_add(truth.unreproduced);
        let told = truth
            .breaks
            .iter()
            .map(|b| (b, Severity::Broken))
            .chain(truth.warnings.iter().map(|b| (b, Severity::Warning)));
        for (b, severity) in told {
            let violation = b.difference.as_ref().and_then(|(kind, path)| {
                let at = |d: &Difference| d.kind == *kind && d.path == *path;
                judged.violations.iter().position(at)
            });
            // The JSON mapping is told apart: what the rules refuse is still to be judged by the bytes.
            if mapping.is_none() {
                matched.extend(violation);
            }
            let finding = Finding {
                mapping,
                confluent: violation.is_some(),
                ..self.broken(b, severity, version, direction, texts)
            };
            self.add(finding);
        }
        for obstacle in &truth.obstacles {
            let undecided = Undecided {
                against: version,
                direction,
                mapping,
                construct: obstacle.construct.clone(),
                reference: obstacle.place.reference.as_deref().map(str::to_owned),
                pointer: obstacle.place.pointer.clone(),
            };
            if self.undecided.len() < TOLD && !self.undecided.contains(&undecided) {
                self.undecided.push(undecided);
            }
        }
    }

    /// A record that is not read as it was written.
    fn broken(
        &self,
        b: &Break,
        severity: Severity,
        version: Version,
        direction: Direction,
        texts: &Texts<'_>,
    ) -> Finding {
        let rule = table::rule(table::folder(texts.language), b.rule);
        Finding {
            rule: format!("{}/{}", table::folder(texts.language), b.rule),
            severity,
            confluent: false,
            mapping: None,
            against: Some(version),
            direction,
            effect: Some(b.effect),
            reader: self.site(texts.language, texts.reader, &b.reader),
            writer: self.site(texts.language, texts.writer, &b.writer),
            kind: b.difference.as_ref().map(|(kind, _)| (*kind).to_owned()),
            path: b.difference.as_ref().map(|(_, path)| path.clone()),
            arguments: b.arguments.clone(),
            message: table::message(texts.language, b.rule, &b.arguments),
            ways_out: rule.map_or_else(Vec::new, |r| table::ways_out(r, &b.arguments)),
            witness: Some(ShownWitness {
                record: b.witness.record.clone(),
                root: b.witness.root.clone(),
                hex: b.witness.hex.clone(),
                reading: b.witness.reading.clone(),
            }),
        }
    }

    /// A difference that the rules refuse, and of which no record tells.
    fn refused(
        &self,
        difference: &Difference,
        judged: &Judged,
        version: Version,
        direction: Direction,
        texts: &Texts<'_>,
    ) -> Finding {
        let folder = table::folder(texts.language);
        let rule = table::rule_of_kind(folder, difference.kind);
        // Avro's paths are pointers; the others start with `#`.
        let place = Place::here(match difference.path.trim_start_matches('#') {
            "/" => "",
            path => path,
        });
        let title = rule.map_or(difference.kind, |r| r.text.title.trim_end_matches('.'));
        let (reader, writer) = words(direction);
        let truth = match judged.outcome() {
            Outcome::Proved => format!(
                "Every record of the {writer} schema was proved to be read by the {reader} one. No record fails: the \
                 rule refuses more than it must."
            ),
            Outcome::Undecided => format!(
                "Whether a record of the {writer} schema fails to be read by the {reader} one was not decided."
            ),
            Outcome::Broken if judged.breaks() >= self.told => {
                "More records fail than are told; this may be why one of the others does.".to_owned()
            }
            Outcome::Broken => {
                "No record was found that fails because of this. Those that fail for another reason have findings of \
                 their own."
                    .to_owned()
            }
        };
        let mapping = judged.truth.as_ref().and_then(|t| t.json_mapping.as_ref());
        let apart = match mapping {
            Some(json) if json.outcome != Outcome::Proved => {
                " The JSON mapping has a verdict of its own."
            }
            _ => "",
        };
        Finding {
            rule: rule.map_or_else(
                || {
                    format!(
                        "{folder}/{}",
                        difference.kind.to_ascii_lowercase().replace('_', "-")
                    )
                },
                table::Rule::full_id,
            ),
            severity: Severity::Rule,
            confluent: true,
            mapping: None,
            against: Some(version),
            direction,
            effect: None,
            reader: self.site(texts.language, texts.reader, &place),
            writer: self.site(texts.language, texts.writer, &place),
            kind: Some(difference.kind.to_owned()),
            path: Some(difference.path.clone()),
            arguments: Arguments::default(),
            message: format!("{title}, at `{}`. {truth}{apart}", difference.path),
            ways_out: rule.map_or_else(Vec::new, |r| table::ways_out(r, &Arguments::default())),
            witness: None,
        }
    }

    fn site(
        &self,
        language: SchemaType,
        (number, document): (usize, Document<'_>),
        place: &Place,
    ) -> Site {
        self.sites.of(language, number, document, place)
    }

    /// The budget did not reach this pair.
    fn unreached(&mut self, version: Version, direction: Direction) {
        self.semantic = worse(self.semantic, Outcome::Undecided);
        self.undecided(
            version,
            direction,
            "steps used up before this version's turn",
        );
    }

    fn undecided(&mut self, against: Version, direction: Direction, construct: &str) {
        if self.undecided.len() < TOLD {
            self.undecided.push(Undecided {
                against,
                direction,
                mapping: None,
                construct: construct.to_owned(),
                reference: None,
                pointer: String::new(),
            });
        }
    }

    /// A finding of the registry's own rules.
    fn own(
        &mut self,
        rule: &str,
        against: Option<Version>,
        direction: Direction,
        arguments: Arguments,
    ) {
        self.ruling = Ruling::Incompatible;
        let known = table::rule(table::REGISTRY, rule);
        self.add(Finding {
            rule: format!("{}/{rule}", table::REGISTRY),
            severity: Severity::Rule,
            confluent: true,
            mapping: None,
            against,
            direction,
            effect: None,
            reader: Site::default(),
            writer: Site::default(),
            kind: None,
            path: None,
            message: known.map_or_else(
                || rule.to_owned(),
                |r| table::fill(&r.text.message, &arguments).text,
            ),
            ways_out: known.map_or_else(Vec::new, |r| table::ways_out(r, &arguments)),
            arguments,
            witness: None,
        });
    }

    /// Reserved fields are watched because somebody asked for it, so they count under every policy.
    fn reserved<P>(&mut self, candidate: Candidate<'_>, previous: Option<&Past<'_, P>>) {
        for (what, field) in unreserved(candidate, previous.and_then(|p| p.metadata)) {
            self.allowed = false;
            let rule = match what {
                Reserved::Removed => "reserved-field-removed",
                Reserved::Used => "reserved-field-used",
            };
            self.own(
                rule,
                previous.map(|p| p.version),
                Direction::Backward,
                Arguments::of([("field", field)]),
            );
        }
    }

    fn other_type(
        &mut self,
        version: Version,
        new: SchemaType,
        old: SchemaType,
        rules: &Rules<'_>,
    ) {
        self.allowed = false;
        self.semantic = worse(self.semantic, Outcome::Undecided);
        for direction in directions(rules) {
            self.own(
                "schema-type-changed",
                Some(version),
                direction,
                Arguments::of([
                    ("new", new.as_str().to_owned()),
                    ("old", old.as_str().to_owned()),
                    ("version", version.to_string()),
                ]),
            );
            self.undecided(version, direction, "schemas of different types");
        }
    }

    fn add(&mut self, finding: Finding) {
        let key = Key {
            rule: finding.rule.clone(),
            mapping: finding.mapping,
            against: finding.against,
            direction: finding.direction,
            sites: [finding.reader.clone(), finding.writer.clone()],
            difference: (finding.kind.clone(), finding.path.clone()),
        };
        let size = weight(&finding);
        if self.seen.contains(&key) {
            return;
        }
        if self.bytes.saturating_add(size) > BYTES {
            self.left_out += 1;
            return;
        }
        self.seen.insert(key);
        self.bytes += size;
        self.findings.push(finding);
    }

    fn finish(
        mut self,
        rules: &Rules<'_>,
        policy: VerdictPolicy,
        compared: Vec<Version>,
        not_compared: Vec<Version>,
    ) -> Report {
        self.findings.sort_by_cached_key(|f| {
            (
                f.severity,
                f.mapping.is_some(),
                std::cmp::Reverse(f.against),
                f.reader.reference.clone(),
                f.reader.line.unwrap_or(usize::MAX),
                f.reader.column.unwrap_or(usize::MAX),
                f.reader.pointer.clone(),
                f.direction,
            )
        });
        self.left_out += self.findings.len().saturating_sub(TOLD);
        self.findings.truncate(TOLD);
        Report {
            policy,
            level: rules.level.to_string(),
            compatible: match policy {
                VerdictPolicy::Confluent => self.ruling == Ruling::Compatible,
                VerdictPolicy::Semantic | VerdictPolicy::Strictest => self.allowed,
            },
            verdicts: Verdicts {
                confluent: self.ruling,
                semantic: self.semantic,
                json_mapping: self.json_mapping,
            },
            fell_back: policy == VerdictPolicy::Semantic && self.semantic == Outcome::Undecided,
            compared,
            not_compared,
            findings: self.findings,
            findings_left_out: self.left_out,
            undecided: self.undecided,
            unreproduced: self.unreproduced,
        }
    }
}

/// About how many bytes a finding takes.
fn weight(finding: &Finding) -> usize {
    let witness = finding.witness.as_ref().map_or(0, |w| {
        w.record.len() + w.hex.as_ref().map_or(0, String::len) + w.reading.len()
    });
    let words: usize = finding.arguments.0.values().map(String::len).sum();
    let ways: usize = finding.ways_out.iter().map(String::len).sum();
    512 + witness
        + words
        + ways
        + finding.message.len()
        + 2 * finding.path.as_ref().map_or(0, String::len)
        + 2 * (finding.reader.pointer.len() + finding.writer.pointer.len())
}
