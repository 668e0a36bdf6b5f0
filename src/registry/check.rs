//! Checking a schema without registering it. Source: section 2.9 of the API contract.

use super::candidate::Candidate;
use super::library::{Library, Stop};
use super::refusal::Refusal;
use super::scope;
use super::verdict::{self, Detail, Verdict};
use crate::model::{Mode, Subject, VersionSpec};

/// The verdict that a registration would get. With a version, only that one
/// counts.
pub fn check(
    library: &Library<'_>,
    subject: &Subject,
    version: Option<VersionSpec>,
    candidate: &Candidate,
    normalize: bool,
    detail: Detail,
) -> Result<Verdict, Stop> {
    let index = library.index;
    let effective = scope::effective(index, library.settings, subject);
    let records = match version {
        None => index.live(subject).rev().copied().collect(),
        Some(VersionSpec::Latest) => index
            .live(subject)
            .next_back()
            .copied()
            .into_iter()
            .collect(),
        Some(VersionSpec::Exact(number)) => {
            let record = index
                .record(subject, number)
                .filter(|r| !r.deleted)
                .ok_or(Refusal::VersionNotFound(number.0))?;
            vec![record]
        }
    };
    let spelling = Candidate::spelling(normalize, &effective, Mode::Readwrite);
    let mut content = candidate.read_new(library, subject, spelling, &effective)?;
    // A registration would inherit what is not sent.
    let previous = index
        .live(subject)
        .next_back()
        .and_then(|r| index.schema(subject.context(), r.id));
    (content.metadata, content.rule_set) = candidate.contract(&effective, previous.map(|p| &**p));
    verdict::of_records(library, subject, &content, &effective, &records, detail)
}
