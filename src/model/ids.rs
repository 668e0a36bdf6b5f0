//! Schema ids and version numbers.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The number of a schema's content within one context. Positive; travels as a big-endian int32 in records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SchemaId(pub i32);

impl fmt::Display for SchemaId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The number of a schema within its subject, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Version(pub i32);

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a version segment of a path names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VersionSpec {
    /// The highest live version (`latest` in any case, or `-1`).
    Latest,
    /// This version.
    Exact(Version),
}

impl VersionSpec {
    /// Reads a path segment; `None` when it is neither a positive int32, `-1` nor `latest`.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.eq_ignore_ascii_case("latest") {
            return Some(Self::Latest);
        }
        match text.parse::<i32>() {
            Ok(-1) => Some(Self::Latest),
            Ok(n) if n > 0 => Some(Self::Exact(Version(n))),
            _ => None,
        }
    }

    /// The number that messages print: -1 for the latest.
    pub fn number(self) -> i32 {
        match self {
            Self::Latest => -1,
            Self::Exact(v) => v.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_segments() {
        assert_eq!(VersionSpec::parse("LaTest"), Some(VersionSpec::Latest));
        assert_eq!(VersionSpec::parse("-1"), Some(VersionSpec::Latest));
        assert_eq!(
            VersionSpec::parse(" 7 "),
            Some(VersionSpec::Exact(Version(7)))
        );
        for bad in ["0", "-2", "2147483648", "", "1.0", "v1"] {
            assert_eq!(VersionSpec::parse(bad), None, "{bad}");
        }
    }
}
