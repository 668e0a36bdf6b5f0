//! The verdict on a schema that wants to join a subject's history: the messages and, if asked for, the report.

use super::candidate::Content;
use super::change::StoredSchema;
use super::index::VersionRecord;
use super::library::{Library, Question, Reach, Reading, References, Stop};
use super::scope::Effective;
use crate::compat::report::{Direction, Report};
use crate::compat::{self, Asked, Document, Judge, Pair, Past, PastDocument, PastSchema, Rules};
use crate::format::truth::{Budget, Truth};
use crate::model::Subject;
use std::cell::OnceCell;
use std::sync::Arc;

/// How much is told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Detail {
    /// The messages.
    #[default]
    Messages,
    /// The report too.
    Report,
}

/// The verdict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The messages as clients know them; none if the schema may join.
    pub messages: Vec<String>,
    /// Everything that was found, if it was asked for.
    pub report: Option<Box<Report>>,
}

/// An earlier version, with its schema once that is read.
#[derive(Debug)]
struct Earlier {
    schema: Arc<StoredSchema>,
    reading: OnceCell<Arc<Reading>>,
}

/// Asks the library's source of truths, which knows schemas by what they were read from.
struct Answers<'a> {
    library: &'a Library<'a>,
    subject: &'a Subject,
    candidate: &'a Reading,
}

impl Judge<Earlier> for Answers<'_> {
    fn truth(&self, pair: &Pair<'_, Earlier>) -> Arc<Truth> {
        let Some(earlier) = pair.past.reading.get() else {
            // Nobody asks about a version that was not read; if somebody does, there is an answer all the same.
            return compat::Afresh.truth(pair);
        };
        let (reader, writer) = match pair.direction {
            Direction::Backward => (self.candidate, &**earlier),
            Direction::Forward => (&**earlier, self.candidate),
        };
        self.library.truths.truth(&Question {
            subject: self.subject,
            reader,
            writer,
            budget: pair.budget,
        })
    }
}

/// The verdict against the whole live history.
pub fn of_history(
    library: &Library<'_>,
    subject: &Subject,
    content: &Content,
    effective: &Effective,
    detail: Detail,
) -> Result<Verdict, Stop> {
    let records: Vec<_> = library.index.live(subject).rev().copied().collect();
    of_records(library, subject, content, effective, &records, detail)
}

/// The verdict against these versions, newest first.
pub fn of_records(
    library: &Library<'_>,
    subject: &Subject,
    content: &Content,
    effective: &Effective,
    records: &[VersionRecord],
    detail: Detail,
) -> Result<Verdict, Stop> {
    let history: Vec<Past<'_, Earlier>> = records
        .iter()
        .filter_map(|record| {
            let schema = library.index.schema(subject.context(), record.id)?;
            Some(Past {
                version: record.version,
                metadata: schema.metadata.as_ref(),
                schema: Earlier {
                    schema: schema.clone(),
                    reading: OnceCell::new(),
                },
            })
        })
        .collect();
    if effective.level.is_transitive() {
        library.need(history.iter().map(|p| p.schema.schema.text))?;
    }
    let rules = Rules {
        level: effective.level,
        policy: effective.policy,
        group: effective.config.compatibility_group.as_deref(),
        validate_fields: effective.validate_fields,
        limits: library.readings.limits(),
    };
    let candidate = compat::Candidate {
        parsed: &content.reading.parsed,
        metadata: content.metadata.as_ref(),
    };
    let asked = Asked {
        policy: effective.verdict_policy,
        budget: &Budget::default(),
    };
    let answers = Answers {
        library,
        subject,
        candidate: &content.reading,
    };
    let read = |earlier: &Earlier| -> Result<PastSchema<Arc<Reading>>, Stop> {
        let reading = match earlier.reading.get() {
            Some(reading) => reading.clone(),
            None => {
                let reading = library.stored(&earlier.schema)?;
                earlier.reading.get_or_init(|| reading).clone()
            }
        };
        Ok(PastSchema {
            reading,
            text: library.text(earlier.schema.text)?,
        })
    };
    let messages = compat::decide(&rules, &asked, candidate, &history, read, &answers)?;
    let report = match detail {
        Detail::Messages => None,
        Detail::Report => {
            let document = Document {
                text: &content.source,
                references: &content.resolved,
            };
            let read = |earlier: &Earlier| -> Result<PastDocument<Arc<Reading>>, Stop> {
                let schema = &earlier.schema;
                let References { resolved, .. } =
                    library.resolve(&schema.context, &schema.references, Reach::Any)?;
                Ok(PastDocument {
                    schema: read(earlier)?,
                    references: resolved.into(),
                })
            };
            let report = compat::report(
                &rules, &asked, candidate, document, &history, read, &answers,
            )?;
            Some(Box::new(report))
        }
    };
    Ok(Verdict { messages, report })
}
