//! The versions that a registry has of the candidates' subjects, and of what they refer to.

use crate::cli::exit::Failure;
use crate::cli::project::{Desired, DesiredReference, Settings};
use crate::client::{Deleted, RegistryClient};
use crate::model::{Config, Level, Subject, Version};
use std::collections::{HashMap, HashSet};

/// Schemas that are asked for at most, references included.
const MOST: usize = 100_000;

/// What a registry has.
#[derive(Default)]
pub(super) struct Registered {
    /// Versions, each after all that it refers to.
    pub schemas: Vec<Desired>,
    /// The settings that work for a subject there.
    pub configs: HashMap<Subject, Config>,
}

/// Asks for the versions that the candidates' levels compare with: all of them where the level is transitive, else the
/// latest.
pub(super) async fn registered(
    client: &RegistryClient,
    wishes: &Settings,
    candidates: &[Desired],
) -> Result<Registered, Failure> {
    let mut found = Registered::default();
    let mut seen = HashSet::new();
    for candidate in candidates {
        let subject = Subject::parse(&candidate.subject);
        if found.configs.contains_key(&subject) {
            continue;
        }
        let config = client.config(Some(&subject), true).await?;
        let level = (wishes.of_subject(subject.as_str()).level)
            .or(config.compatibility_level)
            .unwrap_or(Level::Backward);
        found.configs.insert(subject.clone(), config);
        let versions = match client.versions(&subject, Deleted::Hidden).await {
            Ok(versions) => versions,
            Err(error) if error.is_not_found() => continue,
            Err(error) => return Err(error.into()),
        };
        let from = match level.is_transitive() {
            true => 0,
            false => versions.len().saturating_sub(1),
        };
        for version in versions.into_iter().skip(from) {
            fetch(client, (subject.clone(), version), &mut found, &mut seen).await?;
        }
    }
    Ok(found)
}

/// One version, after what it refers to.
async fn fetch(
    client: &RegistryClient,
    wanted: (Subject, Version),
    found: &mut Registered,
    seen: &mut HashSet<(Subject, Version)>,
) -> Result<(), Failure> {
    // Each is looked at twice: when it is met, and when all that it refers to has been.
    let mut open = vec![(wanted, None)];
    while let Some((key, asked)) = open.pop() {
        if let Some(desired) = asked {
            found.schemas.push(desired);
            continue;
        }
        if !seen.insert(key.clone()) {
            continue;
        }
        if seen.len() > MOST {
            return Err(Failure::outside(format!(
                "more than {MOST} schemas to compare with"
            )));
        }
        let (subject, version) = &key;
        let answer = client.version(subject, *version, Deleted::Included).await?;
        let schema = &answer.schema;
        let references: Vec<DesiredReference> = (schema.references.iter())
            .map(|reference| DesiredReference {
                name: reference.name.clone(),
                subject: Subject::parse_in(subject.context(), &reference.subject)
                    .as_str()
                    .to_owned(),
                version: Some(reference.version),
                path: None,
            })
            .collect();
        let next: Vec<_> = (references.iter())
            .filter_map(|r| Some((Subject::parse(&r.subject), Version(r.version?))))
            .collect();
        let desired = Desired {
            subject: subject.as_str().to_owned(),
            version: Some(version.0),
            schema_type: schema.schema_type,
            path: format!("{subject} version {version}"),
            text: schema.text.clone(),
            references,
        };
        open.push((key, Some(desired)));
        open.extend(next.into_iter().map(|key| (key, None)));
    }
    Ok(())
}
