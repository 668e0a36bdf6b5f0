//! May this schema join that history? The rules, and the list of messages that clients know.
//!
//! Source: sections 6.1 and 6.2 of the API contract. Pure; the languages' own differences come from
//! [`crate::format`].
//!
//! [`check`] gives the reference's messages, [`decide`] the messages under a verdict policy, and [`report()`] both
//! verdicts with everything found.

mod assess;
mod decide;
mod judge;
pub mod render;
pub mod report;
pub mod rules;
mod sites;

pub use assess::report;
pub use decide::decide;
pub use judge::{Afresh, Asked, Document, Judge, Pair, PastDocument};

use crate::format::{self, Difference, Limits, Parsed, TooComplex};
use crate::model::{Level, Metadata, Policy, Version};
use report::Direction;
use std::ops::Deref;
use std::sync::Arc;

/// What decides a check beside the schemas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules<'a> {
    /// The level in scope.
    pub level: Level,
    /// The policy in scope.
    pub policy: Policy,
    /// The metadata property that partitions versions.
    pub group: Option<&'a str>,
    /// Whether reserved fields are watched.
    pub validate_fields: bool,
    /// Bounds.
    pub limits: &'a Limits,
}

/// A schema that wants to join.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'a> {
    /// The schema.
    pub parsed: &'a Parsed,
    /// Its metadata.
    pub metadata: Option<&'a Metadata>,
}

/// An earlier version.
#[derive(Debug, Clone)]
pub struct Past<'a, P> {
    /// Its number.
    pub version: Version,
    /// Its metadata.
    pub metadata: Option<&'a Metadata>,
    /// Whatever [`check`]'s reader makes a schema of.
    pub schema: P,
}

/// An earlier version as read.
#[derive(Debug, Clone)]
pub struct PastSchema<R> {
    /// Holds the schema.
    pub reading: R,
    /// Its canonical text.
    pub text: Arc<str>,
}

/// How many differences one answer tells in each direction; nobody reads more, and there can be a million.
const TOLD: usize = 1_000;

/// What a comparison with one of many versions may cost at least, in steps.
const LEAST_STEPS: u64 = 200_000;

/// How many characters of an old schema a message shows.
const SHOWN: usize = 10_240;

/// Checks a candidate against the live history, newest first. `read` reads an earlier version when its turn
/// comes. Returns the messages; none means compatible.
pub fn check<'a, P, R, E>(
    rules: &Rules<'_>,
    candidate: Candidate<'_>,
    history: &[Past<'a, P>],
    read: impl Fn(&P) -> Result<PastSchema<R>, E>,
) -> Result<Vec<String>, E>
where
    R: Deref<Target: AsRef<Parsed>>,
    E: From<TooComplex>,
{
    let mut messages = Vec::new();
    if rules.validate_fields {
        messages.extend(reserved(
            candidate,
            history.first().and_then(|p| p.metadata),
        ));
    }
    if rules.level != Level::None {
        let limits = shared_limits(rules, history.len());
        let rules = &Rules {
            limits: &limits,
            ..*rules
        };
        for past in peers(rules, candidate, history) {
            let found = against(rules, candidate.parsed, past.version, &read(&past.schema)?)?;
            if !found.is_empty() {
                messages.extend(found);
                break;
            }
        }
    }
    close(rules, &mut messages);
    Ok(messages)
}

/// The versions that the level and the group compare a candidate with, newest first.
fn peers<'h, 'a, P>(
    rules: &Rules<'_>,
    candidate: Candidate<'_>,
    history: &'h [Past<'a, P>],
) -> impl Iterator<Item = &'h Past<'a, P>> {
    let name = rules.group;
    let group = move |metadata: Option<&Metadata>| {
        name.and_then(|name| metadata.and_then(|m| m.property(name)).map(str::to_owned))
    };
    let own = group(candidate.metadata);
    let count = match rules.level {
        Level::None => 0,
        level if level.is_transitive() => usize::MAX,
        _ => 1,
    };
    history
        .iter()
        .filter(move |p| group(p.metadata) == own)
        .take(count)
}

/// Many versions share what one check may cost.
fn shared_limits(rules: &Rules<'_>, history: usize) -> Limits {
    let count = if rules.level.is_transitive() {
        history.max(1)
    } else {
        1
    };
    let share = rules.limits.steps.saturating_mul(10) / count as u64;
    Limits {
        steps: share.clamp(LEAST_STEPS.min(rules.limits.steps), rules.limits.steps),
        ..*rules.limits
    }
}

/// The closing line of a list that says anything.
fn close(rules: &Rules<'_>, messages: &mut Vec<String>) {
    if !messages.is_empty() {
        messages.push(format!(
            "{{validateFields: '{}', compatibility: '{}'}}",
            rules.validate_fields, rules.level
        ));
    }
}

/// The messages against one earlier version, without the closing line.
fn against<R: Deref<Target: AsRef<Parsed>>>(
    rules: &Rules<'_>,
    new: &Parsed,
    version: Version,
    past: &PastSchema<R>,
) -> Result<Vec<String>, TooComplex> {
    let old = past.reading.as_ref();
    if new.schema_type() != old.schema_type() {
        return Ok(vec![OTHER_TYPE.to_owned()]);
    }
    let told = |reader: &Parsed, writer: &Parsed, direction: Direction| {
        let (r, w) = words(direction);
        let all = violations(rules, reader, writer)?;
        Ok(bounded(all.iter().map(|d| d.message(r, w)), all.len()))
    };
    let backward = rules.level.needs_backward();
    let forward = rules.level.needs_forward();
    let mut messages = Vec::new();
    if backward && forward {
        messages.extend(told(old, new, Direction::Forward)?);
    }
    let main = if backward {
        told(new, old, Direction::Backward)?
    } else {
        told(old, new, Direction::Forward)?
    };
    finish(&mut messages, main, version, &past.text);
    Ok(messages)
}

/// The whole message about a version in another language.
const OTHER_TYPE: &str = "Incompatible because of different schema type";

/// The differences that violate the policy.
fn violations(
    rules: &Rules<'_>,
    reader: &Parsed,
    writer: &Parsed,
) -> Result<Vec<Difference>, TooComplex> {
    let mut all = format::diff(reader, writer, rules.policy, rules.limits)?;
    all.retain(|d| d.breaks(rules.policy));
    Ok(all)
}

/// The words for the reader and the writer.
fn words(direction: Direction) -> (&'static str, &'static str) {
    match direction {
        Direction::Backward => ("new", "old"),
        Direction::Forward => ("old", "new"),
    }
}

/// As many messages as one answer tells.
fn bounded(messages: impl Iterator<Item = String>, count: usize) -> Vec<String> {
    let mut told: Vec<String> = messages.take(TOLD).collect();
    let more = count.saturating_sub(TOLD);
    if more > 0 {
        told.push(format!("{{truncated: '{more} more differences'}}"));
    }
    told
}

/// The messages of the main direction, followed by the version that they are about.
fn finish(messages: &mut Vec<String>, main: Vec<String>, version: Version, text: &str) {
    if !main.is_empty() {
        messages.extend(main);
        messages.push(format!("{{oldSchemaVersion: {version}}}"));
        messages.push(old_schema(text));
    }
}

fn old_schema(text: &str) -> String {
    // Lengths count UTF-16 units, as the server that clients know counts them.
    let units = text.encode_utf16().count();
    if units <= SHOWN {
        return format!("{{oldSchema: '{text}'}}");
    }
    let mut seen = 0;
    let shown: String = text
        .chars()
        .take_while(|c| {
            seen += c.len_utf16();
            seen <= SHOWN
        })
        .collect();
    format!("{{oldSchema: <truncated> '{shown}...'}}")
}

/// What became of a reserved field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reserved {
    /// It disappeared from the list.
    Removed,
    /// It is a field of the schema.
    Used,
}

/// Reserved fields that are not respected: none may disappear from the list, none may be a field of the schema.
fn unreserved(candidate: Candidate<'_>, previous: Option<&Metadata>) -> Vec<(Reserved, String)> {
    let now = candidate
        .metadata
        .map(Metadata::reserved_fields)
        .unwrap_or_default();
    let before = previous.map(Metadata::reserved_fields).unwrap_or_default();
    let removed = before
        .iter()
        .filter(|f| !now.contains(f))
        .map(|field| (Reserved::Removed, (*field).to_owned()));
    let fields = candidate.parsed.field_names();
    let clashing = now
        .iter()
        .filter(|f| fields.iter().any(|name| name == **f))
        .map(|field| (Reserved::Used, (*field).to_owned()));
    removed.chain(clashing).collect()
}

/// Messages about reserved fields.
fn reserved(candidate: Candidate<'_>, previous: Option<&Metadata>) -> Vec<String> {
    unreserved(candidate, previous)
        .into_iter()
        .map(|(what, field)| match what {
            Reserved::Removed => format!(
                "The new schema has reserved field {field} removed from its metadata which is present in the old schema's metadata."
            ),
            Reserved::Used => {
                format!("The new schema has field that conflicts with the reserved field {field}.")
            }
        })
        .collect()
}
