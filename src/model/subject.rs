//! Contexts and subjects, and the grammar of their qualified names.
//!
//! ```text
//! qualified = ":." context ":" subject     the context's leading dot is part of its name
//!           | ":." context                 the context itself: an empty subject
//!           | subject                      the default context
//! ```

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// A namespace with its own ids, in dotted form: `.` is the default one, `.a` another.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Context(Arc<str>);

/// A context segment of a path that cannot be one.
#[derive(Debug, thiserror::Error)]
#[error("Context name '{0}' cannot contain a colon")]
pub struct ContextError(pub String);

impl Context {
    /// The name of the pseudo-context whose settings apply to all contexts.
    pub const GLOBAL: &'static str = ".__GLOBAL";

    /// The default context.
    pub fn default_context() -> Self {
        Self(Arc::from("."))
    }

    /// The pseudo-context `.__GLOBAL`.
    pub fn global() -> Self {
        Self(Arc::from(Self::GLOBAL))
    }

    /// Reads `c`, `.c`, `:.c:` or `:.c` as a path may spell it.
    pub fn parse(text: &str) -> Result<Self, ContextError> {
        let inner = match text.strip_prefix(":.") {
            Some(_) => {
                let rest = &text[1..];
                rest.strip_suffix(':').unwrap_or(rest)
            }
            None => text,
        };
        if inner.contains(':') {
            return Err(ContextError(text.to_owned()));
        }
        Ok(if inner.starts_with('.') {
            Self(Arc::from(inner))
        } else {
            Self(Arc::from(format!(".{inner}")))
        })
    }

    /// The dotted form, `.` or `.a`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is the default context.
    pub fn is_default(&self) -> bool {
        &*self.0 == "."
    }

    /// Whether this is the pseudo-context of settings for all contexts.
    pub fn is_global(&self) -> bool {
        &*self.0 == Self::GLOBAL
    }

    /// The prefix in front of a qualified subject: `:.a:`, and nothing for the default context.
    pub fn delimited(&self) -> String {
        if self.is_default() {
            String::new()
        } else {
            format!(":{}:", self.0)
        }
    }
}

impl fmt::Display for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Context {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Context {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(Arc::from(String::deserialize(deserializer)?)))
    }
}

/// A subject: a context and a name. Prints as its qualified name, in which the default context is left out.
#[derive(Debug, Clone)]
pub struct Subject {
    context: Context,
    qualified: Arc<str>,
    name_at: usize,
    /// Whether the context was named. It makes no other subject, so it does not count where two are compared.
    placed: bool,
}

impl PartialEq for Subject {
    fn eq(&self, other: &Self) -> bool {
        self.qualified == other.qualified && self.context == other.context
    }
}

impl Eq for Subject {}

impl Hash for Subject {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.qualified.hash(state);
    }
}

impl Subject {
    /// The longest qualified name, in bytes: what every store can index.
    pub const MAX_BYTES: usize = 2_048;

    /// Reads a qualified name; every string is one.
    pub fn parse(text: &str) -> Self {
        if text.starts_with(":.") {
            let rest = &text[1..];
            let (context, name) = rest.split_once(':').unwrap_or((rest, ""));
            Self::new(&Context(Arc::from(context)), name)
        } else {
            Self {
                placed: false,
                ..Self::new(&Context::default_context(), text)
            }
        }
    }

    /// Reads a name that is relative to `parent` unless it is qualified itself.
    pub fn parse_in(parent: &Context, text: &str) -> Self {
        if text.starts_with(":.") {
            Self::parse(text)
        } else {
            Self::new(parent, text)
        }
    }

    /// The subject `name` of `context`.
    pub fn new(context: &Context, name: &str) -> Self {
        let prefix = context.delimited();
        Self {
            context: context.clone(),
            name_at: prefix.len(),
            qualified: Arc::from(prefix + name),
            placed: true,
        }
    }

    /// Whether the context was named when this was made: not so for `parse("orders")`, which leaves it to who uses
    /// the subject, but for `parse(":.:orders")`, for [`Subject::new`], and for what was read from JSON, where
    /// registries name the default context by leaving it out.
    pub fn names_context(&self) -> bool {
        self.placed
    }

    /// The context.
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// The name without its context.
    pub fn name(&self) -> &str {
        &self.qualified[self.name_at..]
    }

    /// The qualified name, e.g. `:.ctx:orders-value`, or `orders-value` in the default context.
    pub fn as_str(&self) -> &str {
        &self.qualified
    }

    /// Whether this names a whole context rather than a subject in it (`:.ctx:`).
    pub fn is_context(&self) -> bool {
        !self.context.is_default() && self.name().is_empty()
    }

    /// Whether a schema may not be registered under this name: control characters, reserved names, the
    /// pseudo-context, or too long.
    pub fn is_invalid(&self) -> bool {
        self.as_str()
            .chars()
            .any(|c| c <= '\u{1f}' || ('\u{7f}'..='\u{9f}').contains(&c))
            || matches!(self.name(), "__GLOBAL" | "__EMPTY")
            || self.context.is_global()
            || self.as_str().starts_with(":*:")
            || self.as_str().len() > Self::MAX_BYTES
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.qualified)
    }
}

impl PartialOrd for Subject {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Subject {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.qualified.cmp(&other.qualified)
    }
}

impl Serialize for Subject {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.qualified)
    }
}

impl<'de> Deserialize<'de> for Subject {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self {
            placed: true,
            ..Self::parse(&String::deserialize(deserializer)?)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn qualified_names() {
        let s = Subject::parse(":.ctx:a:b");
        assert_eq!(
            (s.context().as_str(), s.name(), s.as_str()),
            (".ctx", "a:b", ":.ctx:a:b")
        );
        assert_eq!(Subject::parse(":.:x"), Subject::parse("x"));
        assert_eq!(Subject::parse(":.ctx"), Subject::parse(":.ctx:"));
        assert!(Subject::parse(":.ctx").is_context());
        assert_eq!(Subject::parse(":x").name(), ":x");
        assert!(Subject::parse(":.__GLOBAL:x").is_invalid());
        assert!(Subject::parse("a\u{85}").is_invalid());
        assert!(!Subject::parse("").is_invalid());
    }

    #[test]
    fn whether_the_context_was_named() {
        assert!(!Subject::parse("x").names_context());
        for text in [":.:x", ":.", ":.a:x"] {
            assert!(Subject::parse(text).names_context(), "{text}");
        }
        assert!(Subject::parse_in(&Context::default_context(), "x").names_context());
        let told: Subject = serde_json::from_str("\"x\"").unwrap();
        assert!(told.names_context());
        assert_eq!(told, Subject::parse("x"));
    }

    #[test]
    fn context_segments() {
        for text in ["c", ".c", ":.c:", ":.c"] {
            assert_eq!(Context::parse(text).unwrap().as_str(), ".c");
        }
        assert!(Context::parse(":.:").unwrap().is_default());
        assert!(Context::parse("foo:bar").is_err());
    }
}
