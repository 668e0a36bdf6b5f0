//! What a registry says of the same schemas, and where it says something else.

use super::judge::at_start;
use crate::cli::exit::Failure;
use crate::cli::output::{Outcome, State, Weight};
use crate::cli::project::Desired;
use crate::client::{ClientError, Normalize, RegistryClient, Schema};
use crate::model::{Reference, Subject};

/// Asks about every schema that was checked. A registry that refuses what passed here is an error, one that takes what
/// was refused here a warning.
pub(super) async fn ask(
    client: &RegistryClient,
    outcome: &mut Outcome,
    candidates: &[Desired],
) -> Result<(), Failure> {
    for checked in &mut outcome.checked {
        let named = candidates.iter().find(|c| c.path == checked.path);
        let (Some(candidate), false) = (named, checked.state == State::Deleted) else {
            continue;
        };
        let references = candidate.references.iter().map(|r| Reference {
            name: r.name.clone(),
            subject: r.subject.clone(),
            version: r.version.unwrap_or(-1),
        });
        let schema = Schema::new(candidate.schema_type, candidate.text.clone())
            .with_references(references.collect());
        let subject = Subject::parse(&candidate.subject);
        let asked = client.is_compatible(&subject, &schema, None, Normalize::AsConfigured);
        let (taken, why) = match asked.await {
            Ok(answer) => (answer.is_compatible, answer.messages.unwrap_or_default()),
            Err(error) if error.is_not_found() => (true, Vec::new()),
            Err(ClientError::Refused {
                status: 422,
                message,
                ..
            }) => (false, vec![message.to_string()]),
            Err(error) => return Err(error.into()),
        };
        let passed = matches!(checked.state, State::New | State::Compatible);
        if taken == passed {
            continue;
        }
        let (weight, message) = if taken {
            let message = "the registry would take this schema, which is refused here".to_owned();
            (Weight::Warning, message)
        } else {
            let why = why.first().map_or("no reason given", String::as_str);
            let message = format!("the registry would refuse this schema: {why}");
            (Weight::Error, message)
        };
        let told = at_start(candidate, "check/registry-differs", weight, message);
        checked.diagnostics.push(told);
    }
    Ok(())
}
