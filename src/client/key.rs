//! The questions whose answers are kept.

use super::types::{Deleted, Format, Normalize};
use crate::model::{Guid, SchemaId, Subject, TextId, Version};
use std::fmt;
use std::sync::Arc;

/// A question about one schema, or about the subjects of one topic.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Key {
    /// What has this id, seen from this subject.
    Id(SchemaId, Option<Subject>, Format),
    /// What has this GUID.
    Guid(Guid, Format),
    /// A version of a subject.
    Version(Subject, Version, Deleted, Format),
    /// What a subject knows this content as.
    Lookup(Subject, TextId, Normalize, Deleted),
    /// What this content is after it was registered under a subject.
    Register(Subject, TextId, Normalize),
    /// The latest version of a subject.
    Latest(Subject, Format),
    /// The latest version with these metadata properties, `[name, value]` each, in the order of names.
    LatestWith(Subject, Arc<[(String, String)]>, Format),
    /// What a topic is associated with: the namespace, and the topic.
    Associations(Arc<str>, Arc<str>),
}

impl Key {
    /// The subject, if the answer depends on one.
    pub fn subject(&self) -> Option<&Subject> {
        match self {
            Self::Id(_, subject, _) => subject.as_ref(),
            Self::Guid(..) | Self::Associations(..) => None,
            Self::Version(subject, ..)
            | Self::Lookup(subject, ..)
            | Self::Register(subject, ..)
            | Self::Latest(subject, _)
            | Self::LatestWith(subject, ..) => Some(subject),
        }
    }

    /// Whether the answer can never be another one, whatever happens in the registry.
    pub fn is_content(&self) -> bool {
        matches!(self, Self::Id(..) | Self::Guid(..))
    }

    /// Whether the answer changes by itself.
    pub fn is_latest(&self) -> bool {
        matches!(
            self,
            Self::Latest(..) | Self::LatestWith(..) | Self::Associations(..)
        )
    }
}

/// The form under which the disk knows it: the same in every version of this program, and different for
/// different keys.
impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let spelt = |format: &Format| format.parameter().unwrap_or("registered");
        match self {
            Self::Id(id, subject, format) => {
                let subject = subject.as_ref().map_or("", Subject::as_str);
                write!(f, "id {id} {} {subject:?}", spelt(format))
            }
            Self::Guid(guid, format) => write!(f, "guid {guid} {}", spelt(format)),
            Self::Version(subject, version, deleted, format) => {
                let subject = subject.as_str();
                write!(
                    f,
                    "version {version} {deleted:?} {} {subject:?}",
                    spelt(format)
                )
            }
            Self::Lookup(subject, content, normalize, deleted) => {
                let subject = subject.as_str();
                write!(f, "lookup {content} {normalize:?} {deleted:?} {subject:?}")
            }
            Self::Register(subject, content, normalize) => {
                write!(f, "register {content} {normalize:?} {:?}", subject.as_str())
            }
            Self::Latest(subject, format) => {
                write!(f, "latest {} {:?}", spelt(format), subject.as_str())
            }
            Self::LatestWith(subject, pairs, format) => {
                let subject = subject.as_str();
                write!(f, "latest-with {} {subject:?} {pairs:?}", spelt(format))
            }
            Self::Associations(namespace, topic) => {
                write!(f, "associations {namespace:?} {topic:?}")
            }
        }
    }
}
