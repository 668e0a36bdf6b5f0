//! Registering a schema. Source: section 3.3 of the API contract; the letters below are its steps.

use super::candidate::{Candidate, Content};
use super::change::{Change, StoredSchema};
use super::index::VersionRecord;
use super::library::{Library, Stop};
use super::lookup::{self, Sight, can_look_up};
use super::refusal::Refusal;
use super::scope::{self, Effective};
use super::verdict::{self, Detail};
use super::{Decision, tags};
use crate::compat::report::Report;
use crate::model::{CONFLUENT_VERSION, Metadata, Mode, SchemaId, Subject, Version};
use crate::wire::SchemaTags;
use std::sync::Arc;

/// A request to register.
#[derive(Debug, Clone)]
pub struct Register {
    /// The subject.
    pub subject: Subject,
    /// The schema.
    pub candidate: Candidate,
    /// Whether to normalise.
    pub normalize: bool,
    /// Whether to skip the compatibility check.
    pub force: bool,
    /// Inline tags to add.
    pub tags_to_add: Vec<SchemaTags>,
    /// Inline tags to remove.
    pub tags_to_remove: Vec<SchemaTags>,
    /// Whether to take over the previous version's inline tags.
    pub propagate_tags: bool,
    /// How much to tell of the compatibility check.
    pub detail: Detail,
}

/// What a registration came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registered {
    /// The version.
    pub record: VersionRecord,
    /// The content.
    pub schema: Arc<StoredSchema>,
    /// Whether the text is another one than was sent: inherited, or with edited tags.
    pub rewritten: bool,
    /// What a check of the schema finds, if it was asked for.
    pub report: Option<Box<Report>>,
}

/// Whether a subject may be registered under, and rules are valid: checked before anything else.
pub fn admit(library: &Library<'_>, command: &Register) -> Result<(), Refusal> {
    if let Some(rules) = &command.candidate.rule_set {
        rules.validate().map_err(Refusal::InvalidRuleSet)?;
    }
    admit_subject(library, &command.subject)
}

/// Whether a subject's name may be used.
pub fn admit_subject(library: &Library<'_>, subject: &Subject) -> Result<(), Refusal> {
    let empty = library.settings.reject_empty_subject && matches!(subject.name(), "" | "*");
    if subject.is_invalid() || empty {
        return Err(Refusal::InvalidSubject(subject.clone()));
    }
    Ok(())
}

/// Step A: the answer for a schema that the subject has already, in any mode and without a write.
pub fn known(library: &Library<'_>, command: &Register) -> Result<Option<Registered>, Stop> {
    let Register {
        subject, candidate, ..
    } = command;
    let effective = scope::effective(library.index, library.settings, subject);
    let config = &effective.config;
    let edits = !command.tags_to_add.is_empty()
        || !command.tags_to_remove.is_empty()
        || command.propagate_tags;
    let laid_over = config.default_metadata.is_some()
        || config.override_metadata.is_some()
        || config.default_rule_set.is_some()
        || config.override_rule_set.is_some();
    if edits || laid_over || candidate.text.is_none() {
        return Ok(None);
    }
    let mode = scope::mode_in_scope(library.index, subject);
    let spelling = Candidate::spelling(command.normalize, &effective, mode);
    let sight = if candidate.version == -1 {
        Sight::Latest
    } else {
        Sight::Live
    };
    let found = match lookup::find(library, subject, candidate, spelling, &effective, sight) {
        Ok(Some(found)) => found,
        // A text that cannot be read gets its error where new schemas get theirs.
        Ok(None) | Err(Stop::Refused(_)) => return Ok(None),
        Err(need) => return Err(need),
    };
    let answer = |record: VersionRecord, schema: Arc<StoredSchema>| {
        let report = match command.detail {
            Detail::Messages => None,
            Detail::Report => {
                let mut content = candidate.read(library, subject, spelling)?;
                content.metadata = schema.metadata.clone();
                verdict::of_history(library, subject, &content, &effective, command.detail)?.report
            }
        };
        Ok(Some(Registered {
            record,
            schema,
            rewritten: false,
            report,
        }))
    };
    let same_id = candidate.id.is_none_or(|id| id == found.record.id.0);
    if candidate.version <= 0 {
        return if same_id {
            answer(found.record, found.schema)
        } else {
            Ok(None)
        };
    }
    // An explicit version is only known already together with its id.
    if candidate.id != Some(found.record.id.0) {
        return Ok(None);
    }
    if found.record.version.0 == candidate.version {
        return answer(found.record, found.schema);
    }
    let asked = library
        .index
        .record(subject, Version(candidate.version))
        .filter(|r| !r.deleted && r.id == found.record.id);
    match asked {
        Some(record) => answer(record, found.schema),
        None => Ok(None),
    }
}

/// Decides a registration; `now` is in milliseconds since 1970.
pub fn register(
    library: &Library<'_>,
    command: &Register,
    now: i64,
) -> Result<Decision<Registered>, Stop> {
    admit(library, command)?;
    if let Some(known) = known(library, command)? {
        return Ok(Decision::unchanged(known));
    }
    let index = library.index;
    let subject = &command.subject;
    let context = subject.context();
    let mode = scope::mode_in_scope(index, subject);
    check_mode(subject, mode, command.candidate.id)?;
    let effective = scope::effective(index, library.settings, subject);

    let explicit = Version(command.candidate.version);
    let next = if mode.is_import() && explicit.0 > 0 {
        explicit
    } else {
        next_version(library, subject)?
    };
    let (content, rewritten) = populate(library, command, &effective, mode, next)?;

    // G: the context may have this content already.
    let guid = content.guid();
    let request_id = command.candidate.id.map(SchemaId);
    let reusable = index
        .ids_of(context, &guid)
        .iter()
        .rev()
        .copied()
        .find(|id| {
            request_id.is_none_or(|r| r == *id)
                && index
                    .schema(context, *id)
                    .is_some_and(|s| content.equals(s))
        });
    let any_version = command.candidate.version == 0;
    let answer = |record: VersionRecord, schema: &Arc<StoredSchema>| {
        let report = match command.detail {
            Detail::Messages => None,
            detail => verdict::of_history(library, subject, &content, &effective, detail)?.report,
        };
        Ok(Decision::unchanged(Registered {
            record,
            schema: schema.clone(),
            rewritten,
            report,
        }))
    };
    if let Some(id) = reusable
        && any_version
        && let Some(record) = index.live(subject).rev().find(|r| r.id == id)
        && let Some(schema) = index.schema(context, id)
    {
        return answer(*record, schema);
    }
    // H: the subject may have an equivalent.
    let fixed = request_id.or(reusable);
    if any_version {
        for record in index.live(subject).rev() {
            if let Some(schema) = index.schema(context, record.id)
                && fixed.is_none_or(|id| id == record.id)
                && can_look_up(library, &content, schema, record)?
            {
                return answer(*record, schema);
            }
        }
    }
    let binding = !mode.is_import() && !command.force;
    let mut report = None;
    if binding || command.detail == Detail::Report {
        let verdict = verdict::of_history(library, subject, &content, &effective, command.detail)?;
        if binding && !verdict.messages.is_empty() {
            return Err(Refusal::Incompatible {
                subject: subject.clone(),
                messages: verdict.messages,
                report: verdict.report,
            }
            .into());
        }
        report = verdict.report;
    }
    let version = if command.candidate.version <= 0 || command.candidate.version == next.0 {
        next
    } else {
        return Err(
            Refusal::InvalidSchema("Version is not one more than previous version".into()).into(),
        );
    };
    let mut decision = store(library, command, content, fixed, version, now)?;
    decision.reply.rewritten = rewritten;
    decision.reply.report = report;
    Ok(decision)
}

/// Step B.
fn check_mode(subject: &Subject, mode: Mode, id: Option<i32>) -> Result<(), Refusal> {
    let context = subject.context().delimited();
    let name = subject.to_string();
    if mode.is_read_only() {
        return Err(Refusal::ReadOnly {
            subject: name,
            context,
        });
    }
    match (id, mode.is_import()) {
        (Some(_), false) => Err(Refusal::NotImport {
            subject: name,
            context,
        }),
        (None, true) => Err(Refusal::NotReadWrite {
            subject: name,
            context,
        }),
        _ => Ok(()),
    }
}

/// Step C: one more than every version there is, soft-deleted ones included.
fn next_version(library: &Library<'_>, subject: &Subject) -> Result<Version, Refusal> {
    let last = library
        .index
        .versions(subject)
        .last()
        .map_or(0, |r| r.version.0);
    last.checked_add(1)
        .map(Version)
        .ok_or_else(|| Refusal::InvalidSchema("The versions of the subject are used up".into()))
}

/// Steps D and E: what is missing comes from the previous version and the scope, then the text is read.
/// The flag says whether the text is another one than was sent.
fn populate(
    library: &Library<'_>,
    command: &Register,
    effective: &Effective,
    mode: Mode,
    next: Version,
) -> Result<(Content, bool), Stop> {
    let index = library.index;
    let subject = &command.subject;
    let spelling = Candidate::spelling(command.normalize, effective, mode);
    if mode.is_import() {
        let content = command.candidate.read(library, subject, spelling)?;
        return Ok((content, false));
    }
    let mut candidate = command.candidate.clone();
    let mut rewritten = false;
    let previous = index
        .live(subject)
        .next_back()
        .and_then(|r| index.schema(subject.context(), r.id));
    if candidate.text.is_none() {
        let previous = previous.ok_or_else(Refusal::empty_schema)?;
        candidate.text = Some(library.text(previous.text)?);
        candidate.type_name = Some(previous.schema_type.to_string());
        candidate.references = previous
            .references
            .iter()
            .map(|r| crate::wire::ReferenceBody {
                name: Some(r.name.clone()),
                subject: Some(r.subject.clone()),
                version: Some(r.version),
            })
            .collect();
        rewritten = true;
    }
    if let Some(text) = tags::edited(library, command, &candidate, previous.map(|p| &**p))? {
        candidate.text = Some(text);
        rewritten = true;
    }
    let (mut metadata, rule_set) = candidate.contract(effective, previous.map(|p| &**p));
    let numbered = metadata
        .as_ref()
        .is_some_and(|m| m.property(CONFLUENT_VERSION).is_some());
    if candidate.version != 0 || numbered {
        metadata
            .get_or_insert_with(Metadata::default)
            .properties
            .insert(CONFLUENT_VERSION.into(), next.to_string());
    }
    candidate.metadata = metadata;
    candidate.rule_set = rule_set;
    let content = candidate.read_new(library, subject, spelling, effective)?;
    Ok((content, rewritten))
}

/// Steps J to N.
fn store(
    library: &Library<'_>,
    command: &Register,
    content: Content,
    fixed: Option<SchemaId>,
    version: Version,
    now: i64,
) -> Result<Decision<Registered>, Stop> {
    let index = library.index;
    let subject = &command.subject;
    let context = subject.context();
    let mut changes = Vec::new();
    if !index.has_context(context) {
        changes.push(Change::Context {
            context: context.clone(),
            max_id: index.max_id(context),
        });
    }
    let id = match fixed {
        Some(id) => id,
        None => index
            .max_id(context)
            .checked_add(1)
            .map(SchemaId)
            .ok_or_else(|| Refusal::NoIdLeft(context.clone()))?,
    };
    let mut texts = Vec::new();
    let schema = match index.schema(context, id) {
        Some(stored) if content.equals(stored) => stored.clone(),
        Some(_) => {
            return Err(Refusal::IdTaken {
                id: id.0,
                context: context.delimited(),
            }
            .into());
        }
        None => {
            let text = content.text_id;
            texts.push((text, content.text.clone()));
            let schema = Arc::new(StoredSchema {
                context: context.clone(),
                id,
                schema_type: content.schema_type,
                text,
                shape: content.shape,
                guid: content.guid(),
                references: content.references,
                metadata: content.metadata,
                rule_set: content.rule_set,
            });
            changes.push(Change::SchemaStored(schema.clone()));
            schema
        }
    };
    let replaced = index.record(subject, version).filter(|r| r.id != id);
    let record = VersionRecord {
        version,
        id,
        deleted: false,
        at: now,
    };
    changes.push(Change::VersionStored {
        subject: subject.clone(),
        version,
        id,
        deleted: false,
        at: now,
    });
    // M: older soft-deleted versions of this id make room, unless somebody refers to them.
    let tombstones: Vec<Version> = index
        .versions(subject)
        .iter()
        .filter(|r| r.deleted && r.id == id && r.version < version)
        .map(|r| r.version)
        .filter(|v| index.referrers(subject, *v).next().is_none())
        .collect();
    if !tombstones.is_empty() {
        changes.push(Change::VersionsRemoved {
            subject: subject.clone(),
            versions: tombstones,
        });
    }
    if let Some(old) = replaced
        && index.holders(context, old.id).count() <= 1
    {
        changes.push(Change::SchemaRemoved {
            context: context.clone(),
            id: old.id,
        });
    }
    Ok(Decision {
        changes,
        texts,
        reply: Registered {
            record,
            schema,
            rewritten: false,
            report: None,
        },
    })
}
