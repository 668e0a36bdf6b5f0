//! A schema with everything that it refers to.

use super::RegistryClient;
use super::error::ClientError;
use super::types::{Deleted, Format, Registered, Resolved, ResolvedReference};
use crate::model::{Context, Reference, Subject, Version};
use std::collections::HashSet;
use std::sync::Arc;

/// More than any schema refers to.
const MAX_REFERENCES: usize = 1_000;
/// Deeper than references go.
const MAX_DEPTH: usize = 100;
/// Longer than all texts together may be, in bytes.
const MAX_BYTES: usize = 64 << 20;

/// A schema whose references are being followed.
struct Open {
    /// How the one above refers to it; nothing for the root.
    entry: Option<(Reference, Subject)>,
    schema: Arc<Registered>,
    context: Context,
    next: usize,
}

impl RegistryClient {
    /// A schema with the texts of everything it refers to, directly or not, in a format. Soft-deleted versions
    /// count. References are kept as [`RegistryClient::version`] keeps them.
    ///
    /// # Errors
    ///
    /// See [`ClientError`]; [`ClientError::Reference`] where references go round in a circle or never end.
    pub async fn resolve(
        &self,
        root: Arc<Registered>,
        format: Format,
    ) -> Result<Resolved, ClientError> {
        self.resolve_from(root, format, None).await
    }

    /// The same for a schema that was asked for from a subject, or from a context (`Subject::new(&context, "")`).
    /// Its references are looked for in the context that the registry named in its answer by id; where it named
    /// none, or was asked by GUID, which contexts share, in that of `asked`; and without that in the client's.
    ///
    /// # Errors
    ///
    /// As [`RegistryClient::resolve`].
    pub async fn resolve_from(
        &self,
        root: Arc<Registered>,
        format: Format,
        asked: Option<&Subject>,
    ) -> Result<Resolved, ClientError> {
        let named = root.subject.as_ref();
        let from = if root.id.is_some() {
            named.or(asked)
        } else {
            asked.or(named)
        };
        let context = from.map_or_else(
            || self.inner.context.clone(),
            |subject| self.inner.place(subject).context().clone(),
        );
        let mut open = vec![Open {
            entry: None,
            schema: Arc::clone(&root),
            context,
            next: 0,
        }];
        let mut references: Vec<ResolvedReference> = Vec::new();
        let mut done: HashSet<(String, Subject, i32)> = HashSet::new();
        let mut bytes = 0_usize;
        while let Some(top) = open.last_mut() {
            let Some(reference) = top.schema.schema.references.get(top.next).cloned() else {
                let Some(closed) = open.pop() else { break };
                if let Some((reference, subject)) = closed.entry {
                    references.push(ResolvedReference {
                        name: reference.name,
                        subject,
                        version: closed.schema.version.unwrap_or(Version(reference.version)),
                        schema: closed.schema,
                    });
                }
                continue;
            };
            top.next += 1;
            let subject = Subject::parse_in(&top.context, &reference.subject);
            let version = Version(reference.version);
            let refuse = |reason| {
                Err(ClientError::Reference {
                    subject: subject.clone(),
                    version,
                    reason,
                })
            };
            let is_open = open.iter().any(|one| {
                one.entry
                    .as_ref()
                    .is_some_and(|(above, of)| *of == subject && above.version == reference.version)
            });
            if is_open {
                return refuse("it leads back to itself");
            }
            let key = (reference.name.clone(), subject.clone(), reference.version);
            if !done.insert(key) {
                continue;
            }
            if done.len() > MAX_REFERENCES {
                return refuse("there are too many references");
            }
            if open.len() > MAX_DEPTH {
                return refuse("the references are too deep");
            }
            let schema = if reference.version == -1 {
                self.latest_as(&subject, format).await?
            } else {
                self.version_as(&subject, version, Deleted::Included, format)
                    .await?
            };
            bytes += schema.schema.text.len();
            if bytes > MAX_BYTES {
                return refuse("the texts are too long");
            }
            open.push(Open {
                context: subject.context().clone(),
                entry: Some((reference, subject)),
                schema,
                next: 0,
            });
        }
        Ok(Resolved { root, references })
    }
}
