//! The messages of a registration under a verdict policy, in the shapes that clients of the reference know.

use super::judge::{Asked, Judge, Judged, Pair, Plan, directions, judge_for, sides};
use super::report::{Direction, VerdictPolicy};
use super::rules;
use super::{Candidate, OTHER_TYPE, Past, PastSchema, Rules};
use super::{bounded, check, close, finish, peers, reserved, shared_limits, words};
use crate::format::truth::{Break, Outcome};
use crate::format::{Parsed, TooComplex};
use crate::model::SchemaType;
use std::ops::Deref;

/// Checks a candidate against the live history, newest first, under a verdict policy. Returns the messages;
/// none means that it may join. Under [`VerdictPolicy::Confluent`] this is [`check`], and no checker runs.
///
/// `read` reads an earlier version when its turn comes; `answers` says what is true of a pair.
pub fn decide<'a, P, R, E>(
    rules: &Rules<'_>,
    asked: &Asked<'_>,
    candidate: Candidate<'_>,
    history: &[Past<'a, P>],
    read: impl Fn(&P) -> Result<PastSchema<R>, E>,
    answers: &dyn Judge<P>,
) -> Result<Vec<String>, E>
where
    R: Deref<Target: AsRef<Parsed>>,
    E: From<TooComplex>,
{
    if asked.policy == VerdictPolicy::Confluent {
        return check(rules, candidate, history, read);
    }
    let mut messages = Vec::new();
    if rules.validate_fields {
        messages.extend(reserved(
            candidate,
            history.first().and_then(|p| p.metadata),
        ));
    }
    let plan = Plan::new(rules, asked, candidate, history);
    let limits = shared_limits(rules, history.len());
    let rules = &Rules {
        limits: &limits,
        ..*rules
    };
    for (at, past) in peers(rules, candidate, history).enumerate() {
        let schema = read(&past.schema)?;
        let old = schema.reading.as_ref();
        let new = candidate.parsed;
        if new.schema_type() != old.schema_type() {
            messages.push(OTHER_TYPE.to_owned());
            break;
        }
        let mut found = Vec::new();
        let mut main = Vec::new();
        let directions = directions(rules);
        let last = directions.len().saturating_sub(1);
        for (nth, direction) in directions.into_iter().enumerate() {
            let (reader, writer) = sides(direction, new, old);
            let pair = Pair {
                past: &past.schema,
                direction,
                reader,
                writer,
                budget: &plan.budget,
            };
            let judged = judge_for(asked.policy, rules, answers, &pair, at < plan.versions)?;
            if judged.allowed(asked.policy) {
                continue;
            }
            let told = told(asked.policy, &judged, direction, new.schema_type());
            if nth == last {
                main = told;
            } else {
                found = told;
            }
        }
        finish(&mut found, main, past.version, &schema.text);
        if !found.is_empty() {
            messages.extend(found);
            break;
        }
    }
    close(rules, &mut messages);
    Ok(messages)
}

/// The messages of one pair that is not allowed.
fn told(
    policy: VerdictPolicy,
    judged: &Judged,
    direction: Direction,
    language: SchemaType,
) -> Vec<String> {
    let (r, w) = words(direction);
    let known = |b: &Break| {
        b.difference.as_ref().and_then(|(kind, path)| {
            judged
                .violations
                .iter()
                .find(|d| d.kind == *kind && d.path == *path)
        })
    };
    let breaks: &[Break] = judged.truth.as_ref().map_or(&[], |t| &t.breaks);
    // What the truth does not object to does not count under the semantic policy, unless it is undecided.
    let rules_count = policy == VerdictPolicy::Strictest || judged.outcome() == Outcome::Undecided;
    let mut all: Vec<String> = Vec::new();
    if rules_count {
        all.extend(judged.violations.iter().map(|d| d.message(r, w)));
    }
    for b in breaks {
        match known(b) {
            Some(_) if rules_count => {}
            Some(difference) => all.push(difference.message(r, w)),
            None => all.push(entry(
                language,
                &spelt(b.rule),
                &rules::message(language, b.rule, &b.arguments),
                &b.witness.record,
            )),
        }
    }
    if policy == VerdictPolicy::Strictest && judged.outcome() == Outcome::Undecided {
        let why = judged
            .truth
            .as_ref()
            .and_then(|t| t.obstacles.first())
            .map_or("steps used up", |o| o.construct.as_str());
        all.push(entry(
            language,
            "UNDECIDED",
            &format!(
                "It was not proved that the {r} schema reads everything that the {w} schema writes"
            ),
            why,
        ));
    }
    all.dedup();
    let count = all.len();
    bounded(all.into_iter(), count)
}

/// A rule's id in the spelling of difference names.
fn spelt(rule: &str) -> String {
    rule.to_ascii_uppercase().replace('-', "_")
}

/// How many characters of a record an entry shows.
const SHOWN: usize = 1_024;

/// An entry in the shape of the language's section of the contract. JSON Schema and Protobuf have no place for
/// the record but the sentence.
fn entry(language: SchemaType, kind: &str, words: &str, detail: &str) -> String {
    let mut shown: String = detail.chars().take(SHOWN).collect();
    if shown.len() < detail.len() {
        shown.push_str("...");
    }
    match language {
        SchemaType::Avro => {
            format!("{{errorType:'{kind}', description:'{words}', additionalInfo:'{shown}'}}")
        }
        SchemaType::Json => {
            format!("{{errorType:\"{kind}\", description:\"{words} ({shown})'}}")
        }
        SchemaType::Protobuf => {
            format!("{{errorType:\"{kind}\", description:\"{words} ({shown})\"}}")
        }
    }
}
