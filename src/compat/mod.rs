//! May this schema join that history? The rules, and the list of messages that clients know.
//!
//! Source: sections 6.1 and 6.2 of the API contract. Pure; the languages' own differences come from
//! [`crate::format`].

pub mod report;

use crate::format::{self, Difference, Limits, Parsed, TooComplex};
use crate::model::{Level, Metadata, Policy, Version};
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
        let group = |metadata: Option<&Metadata>| {
            rules
                .group
                .and_then(|name| metadata.and_then(|m| m.property(name)).map(str::to_owned))
        };
        let own = group(candidate.metadata);
        let mut peers = history.iter().filter(|p| group(p.metadata) == own);
        let count = if rules.level.is_transitive() {
            usize::MAX
        } else {
            1
        };
        // Many versions share what one check may cost.
        let share = rules.limits.steps.saturating_mul(10) / history.len().clamp(1, count) as u64;
        let limits = Limits {
            steps: share.clamp(LEAST_STEPS.min(rules.limits.steps), rules.limits.steps),
            ..*rules.limits
        };
        let rules = &Rules {
            limits: &limits,
            ..*rules
        };
        for past in peers.by_ref().take(count) {
            let found = against(rules, candidate.parsed, past.version, &read(&past.schema)?)?;
            if !found.is_empty() {
                messages.extend(found);
                break;
            }
        }
    }
    if !messages.is_empty() {
        messages.push(format!(
            "{{validateFields: '{}', compatibility: '{}'}}",
            rules.validate_fields, rules.level
        ));
    }
    Ok(messages)
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
        return Ok(vec![
            "Incompatible because of different schema type".to_owned(),
        ]);
    }
    let violations = |reader, writer| -> Result<Vec<Difference>, TooComplex> {
        let mut all = format::diff(reader, writer, rules.policy, rules.limits)?;
        all.retain(|d| d.breaks(rules.policy));
        Ok(all)
    };
    let told = |differences: Vec<Difference>, reader: &str, writer: &str| -> Vec<String> {
        let more = differences.len().saturating_sub(TOLD);
        let mut messages: Vec<String> = differences
            .iter()
            .take(TOLD)
            .map(|d| d.message(reader, writer))
            .collect();
        if more > 0 {
            messages.push(format!("{{truncated: '{more} more differences'}}"));
        }
        messages
    };
    let mut messages = Vec::new();
    let backward = rules.level.needs_backward();
    let forward = rules.level.needs_forward();
    if backward && forward {
        messages.extend(told(violations(old, new)?, "old", "new"));
    }
    let main: Vec<String> = if backward {
        told(violations(new, old)?, "new", "old")
    } else {
        told(violations(old, new)?, "old", "new")
    };
    if !main.is_empty() {
        messages.extend(main);
        messages.push(format!("{{oldSchemaVersion: {version}}}"));
        messages.push(old_schema(&past.text));
    }
    Ok(messages)
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

/// Messages about reserved fields: none may disappear from the list, none may be a field of the schema.
fn reserved(candidate: Candidate<'_>, previous: Option<&Metadata>) -> Vec<String> {
    let now = candidate
        .metadata
        .map(Metadata::reserved_fields)
        .unwrap_or_default();
    let before = previous.map(Metadata::reserved_fields).unwrap_or_default();
    let removed = before.iter().filter(|f| !now.contains(f)).map(|field| {
        format!(
            "The new schema has reserved field {field} removed from its metadata which is present in the old schema's metadata."
        )
    });
    let fields = candidate.parsed.field_names();
    let clashing = now
        .iter()
        .filter(|f| fields.iter().any(|name| name == **f))
        .map(|field| {
            format!("The new schema has field that conflicts with the reserved field {field}.")
        });
    removed.chain(clashing).collect()
}
