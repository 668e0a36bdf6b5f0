//! Which subject a record's schema belongs to.

use super::error::SerdeError;
use super::settings::{Part, SubjectStrategy};
use crate::client::RegistryClient;
use crate::model::Subject;

/// The subject of a record of `topic` whose full name is `record`.
pub(super) async fn subject_of(
    client: &RegistryClient,
    strategy: &SubjectStrategy,
    part: Part,
    topic: &str,
    record: Option<&str>,
) -> Result<Subject, SerdeError> {
    let named = || {
        record.ok_or_else(|| {
            SerdeError::settings(
                "subjects are named by record, and the schema's root has no name (for JSON Schema: no title)",
            )
        })
    };
    Ok(match strategy {
        SubjectStrategy::Topic => by_topic(part, topic),
        SubjectStrategy::Record => Subject::parse(named()?),
        SubjectStrategy::TopicRecord => Subject::parse(&format!("{topic}-{}", named()?)),
        SubjectStrategy::Associated { namespace } => {
            let wanted = word(part);
            let found = match client.associations(namespace, topic).await {
                Ok(found) => found,
                // A registry that knows no associations knows none of this topic.
                Err(error) if error.is_not_found() => Vec::new(),
                Err(error) => return Err(error.into()),
            };
            let mut subjects = found
                .into_iter()
                .filter(|a| a.association_type.as_deref() == Some(wanted))
                .map(|a| a.subject);
            match (subjects.next(), subjects.next()) {
                (None, _) => by_topic(part, topic),
                (Some(subject), None) => subject,
                (Some(_), Some(_)) => {
                    return Err(SerdeError::settings(format!(
                        "several subjects are associated with the {wanted} of topic {topic}"
                    )));
                }
            }
        }
    })
}

fn by_topic(part: Part, topic: &str) -> Subject {
    Subject::parse(&format!("{topic}-{}", word(part)))
}

fn word(part: Part) -> &'static str {
    match part {
        Part::Key => "key",
        Part::Value => "value",
    }
}
