//! Is this schema known under that subject? Source: section 3.9 of the API contract.

use super::candidate::{Candidate, Content, same_contract};
use super::change::StoredSchema;
use super::index::{Index, VersionRecord};
use super::library::{Library, Spelling, Stop};
use super::refusal::Refusal;
use super::scope::{self, Effective};
use crate::format::json_text;
use crate::model::{Mode, SchemaType, Subject};
use std::sync::Arc;

/// A version that holds the schema that was looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The subject it was found under.
    pub subject: Subject,
    /// The version.
    pub record: VersionRecord,
    /// The content.
    pub schema: Arc<StoredSchema>,
}

/// Which versions a lookup sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sight {
    /// Live ones.
    Live,
    /// Soft-deleted ones too.
    All,
    /// The latest live one.
    Latest,
}

/// Answers a lookup: under the subject itself, and for an unqualified one under the same name elsewhere.
pub fn lookup(
    library: &Library<'_>,
    subject: &Subject,
    candidate: &Candidate,
    normalize: bool,
    sight: Sight,
) -> Result<Found, Stop> {
    let here = one(library, subject, candidate, normalize, sight);
    let miss = match here {
        Ok(found) => return Ok(found),
        Err(Stop::Need(texts)) => return Err(Stop::Need(texts)),
        Err(miss) => miss,
    };
    let not_found = matches!(
        miss,
        Stop::Refused(Refusal::SchemaNotFound | Refusal::SubjectNotFound(_))
    );
    if not_found && subject.context().is_default() {
        for context in library.index.contexts().into_iter().skip(1) {
            let there = Subject::new(&context, subject.name());
            match one(library, &there, candidate, normalize, sight) {
                Ok(found) => return Ok(found),
                Err(Stop::Need(texts)) => return Err(Stop::Need(texts)),
                Err(Stop::Refused(_)) => {}
            }
        }
    }
    Err(miss)
}

fn one(
    library: &Library<'_>,
    subject: &Subject,
    candidate: &Candidate,
    normalize: bool,
    sight: Sight,
) -> Result<Found, Stop> {
    if seen(library.index, subject, sight).next().is_none() {
        return Err(Refusal::SubjectNotFound(subject.to_string()).into());
    }
    if candidate.text.is_none() {
        return Err(Refusal::SchemaNotFound.into());
    }
    let effective = scope::effective(library.index, library.settings, subject);
    // A lookup does not depend on the mode.
    let spelling = Candidate::spelling(normalize, &effective, Mode::Readwrite);
    find(library, subject, candidate, spelling, &effective, sight)?
        .ok_or_else(|| Refusal::SchemaNotFound.into())
}

/// Looks for a candidate, as sent and then with the contract it would end up with.
pub fn find(
    library: &Library<'_>,
    subject: &Subject,
    candidate: &Candidate,
    spelling: Spelling,
    effective: &Effective,
    sight: Sight,
) -> Result<Option<Found>, Stop> {
    let mut content = candidate.read(library, subject, spelling)?;
    if let Some(found) = find_content(library, subject, &content, sight)? {
        return Ok(Some(found));
    }
    let latest = library.index.live(subject).next_back();
    let previous = latest.and_then(|r| library.index.schema(subject.context(), r.id));
    let (metadata, rule_set) = candidate.contract(effective, previous.map(|p| &**p));
    if metadata == content.metadata && rule_set == content.rule_set {
        return Ok(None);
    }
    content.metadata = metadata;
    content.rule_set = rule_set;
    find_content(library, subject, &content, sight)
}

/// Looks for content: by its exact identity, then version by version from the newest.
fn find_content(
    library: &Library<'_>,
    subject: &Subject,
    content: &Content,
    sight: Sight,
) -> Result<Option<Found>, Stop> {
    let index = library.index;
    let context = subject.context();
    let found = |record: VersionRecord, schema: &Arc<StoredSchema>| Found {
        subject: subject.clone(),
        record,
        schema: schema.clone(),
    };
    let same: Vec<_> = index
        .ids_of(context, &content.guid())
        .iter()
        .rev()
        .copied()
        .filter(|id| {
            index
                .schema(context, *id)
                .is_some_and(|s| content.equals(s))
        })
        .collect();
    for id in same {
        if let Some(record) = seen(index, subject, sight).find(|r| r.id == id)
            && let Some(schema) = index.schema(context, id)
        {
            return Ok(Some(found(*record, schema)));
        }
    }
    for record in seen(index, subject, sight) {
        if let Some(schema) = index.schema(context, record.id)
            && can_look_up(library, content, schema, record)?
        {
            return Ok(Some(found(*record, schema)));
        }
    }
    Ok(None)
}

/// The versions in sight, newest first.
fn seen<'a>(
    index: &'a Index,
    subject: &Subject,
    sight: Sight,
) -> impl Iterator<Item = &'a VersionRecord> {
    let count = match sight {
        Sight::Latest => 1,
        Sight::Live | Sight::All => usize::MAX,
    };
    index
        .versions(subject)
        .iter()
        .rev()
        .filter(move |r| sight == Sight::All || !r.deleted)
        .take(count)
}

/// Whether `content` stands for a stored version.
pub fn can_look_up(
    library: &Library<'_>,
    content: &Content,
    stored: &StoredSchema,
    record: &VersionRecord,
) -> Result<bool, Stop> {
    if content.schema_type != stored.schema_type
        || !same_contract(
            (content.metadata.as_ref(), content.rule_set.as_ref()),
            (stored.metadata.as_ref(), stored.rule_set.as_ref()),
            record.version.0,
        )
    {
        return Ok(false);
    }
    if content.references.is_empty() && !stored.references.is_empty() {
        if content.schema_type != SchemaType::Avro {
            return Ok(content.shape == stored.shape);
        }
        let inlined = library.stored(stored)?.parsed.formatted("resolved");
        let depth = library.readings.limits().depth;
        return Ok(inlined.is_some_and(|text| same_json(&text, &content.text, depth)));
    }
    Ok(content.references == stored.references && content.shape == stored.shape)
}

/// Whether two Avro texts differ at most in the order of members. Orders of the same members have one length.
fn same_json(one: &str, other: &str, depth: usize) -> bool {
    one == other
        || one.len() == other.len()
            && match (json_text::parse(one, depth), json_text::parse(other, depth)) {
                (Ok(one), Ok(other)) => one == other,
                _ => false,
            }
}
