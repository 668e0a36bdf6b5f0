//! Keys whose schema has evolved: said once, because other clients move them to other partitions.

use super::codec::Origin;
use crate::client::Deleted;
use crate::model::Subject;
use crate::wire::frame::SchemaKey;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How many pairs of a topic and a schema are remembered, and how many warnings are kept.
const LIMIT: usize = 10_000;

/// Something that moves keys of a topic between partitions, wherever their framed bytes decide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyWarning {
    /// The topic.
    pub topic: Box<str>,
    /// The subject of its keys; none if the schema is chosen by its id or GUID.
    pub subject: Option<Subject>,
    /// What it is.
    pub kind: KeyWarningKind,
}

/// What a [`KeyWarning`] is about.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyWarningKind {
    /// The subject had more than one version when this producer first wrote such a key.
    Versions {
        /// How many.
        count: usize,
    },
    /// This producer wrote keys with one schema, and now writes them with another.
    Changed {
        /// The one before.
        from: SchemaKey,
        /// The one now.
        to: SchemaKey,
    },
    /// The registry could not be asked how many versions there are.
    Unasked {
        /// Why.
        reason: Box<str>,
    },
}

impl fmt::Display for KeyWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "keys of topic {}", self.topic)?;
        if let Some(subject) = &self.subject {
            write!(f, " (subject {subject})")?;
        }
        match &self.kind {
            KeyWarningKind::Versions { count } => write!(
                f,
                ": the schema has {count} versions; keys written with another id than before are other bytes, for partitioners that hash them and for compaction"
            ),
            KeyWarningKind::Changed { from, to } => write!(
                f,
                ": written with schema {to} from now on, before with {from}; these are other bytes, for partitioners that hash them and for compaction"
            ),
            KeyWarningKind::Unasked { reason } => {
                write!(
                    f,
                    ": it is not known whether the schema has several versions: {reason}"
                )
            }
        }
    }
}

#[derive(Default)]
struct State {
    /// Which schemas the keys of a topic were written with.
    seen: HashMap<Box<str>, Vec<SchemaKey>>,
    /// How many there are in `seen`.
    pairs: usize,
    /// The newest of them by topic and subject.
    last: HashMap<(Box<str>, Option<Subject>), SchemaKey>,
    warnings: Vec<KeyWarning>,
}

/// Watches which schemas keys are written with.
#[derive(Clone, Default)]
pub(super) struct KeyWatch {
    state: Arc<Mutex<State>>,
}

impl KeyWatch {
    /// Notes that a key was written with a schema. `origin` is asked where that is news.
    pub(super) fn wrote(
        &self,
        topic: &str,
        schema: SchemaKey,
        origin: impl FnOnce() -> Option<Origin>,
    ) {
        {
            let mut state = self.lock();
            let seen = state
                .seen
                .get(topic)
                .is_some_and(|all| all.contains(&schema));
            if seen || state.pairs >= LIMIT {
                return;
            }
            state.seen.entry(topic.into()).or_default().push(schema);
            state.pairs += 1;
        }
        let Some(Origin { client, subject }) = origin() else {
            return;
        };
        let place = (Box::from(topic), subject.clone());
        let before = self.lock().last.insert(place, schema);
        let topic: Box<str> = topic.into();
        match (before, subject) {
            (Some(from), subject) => self.warn(KeyWarning {
                topic,
                subject,
                kind: KeyWarningKind::Changed { from, to: schema },
            }),
            // It is no condition for sending, and does not wait.
            (None, Some(subject)) => {
                let watch = self.clone();
                tokio::spawn(async move {
                    let kind = match client.versions(&subject, Deleted::Included).await {
                        Ok(all) if all.len() < 2 => return,
                        Ok(all) => KeyWarningKind::Versions { count: all.len() },
                        Err(error) => KeyWarningKind::Unasked {
                            reason: error.to_string().into(),
                        },
                    };
                    watch.warn(KeyWarning {
                        topic,
                        subject: Some(subject),
                        kind,
                    });
                });
            }
            (None, None) => {}
        }
    }

    /// What there was to say so far, oldest first.
    pub(super) fn warnings(&self) -> Vec<KeyWarning> {
        self.lock().warnings.clone()
    }

    fn warn(&self, warning: KeyWarning) {
        tracing::warn!("{warning}");
        let mut state = self.lock();
        if state.warnings.len() < LIMIT {
            state.warnings.push(warning);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing is left half done where it is held.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
