//! Paths and queries, percent-encoded: a subject may hold `/`, `?`, `%` and whatever else people put there.

use super::error::ClientError;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What RFC 3986 calls unreserved stays as it is.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A path and its query while they are put together.
#[derive(Debug, Default)]
pub(super) struct Target {
    text: String,
    has_query: bool,
}

impl Target {
    /// A path of these segments. What URLs cannot carry as one segment is refused: `.` and `..` mean other
    /// paths however they are encoded, and an empty segment is one that proxies and servers drop.
    pub fn path(segments: &[&str]) -> Result<Self, ClientError> {
        let mut text = String::new();
        for segment in segments {
            if matches!(*segment, "." | ".." | "") {
                return Err(ClientError::invalid(format!(
                    "a URL's path cannot carry the name \"{segment}\""
                )));
            }
            text.push('/');
            text.extend(utf8_percent_encode(segment, ENCODED));
        }
        Ok(Self {
            text,
            has_query: false,
        })
    }

    /// The same with one more parameter.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.text.push(if self.has_query { '&' } else { '?' });
        self.has_query = true;
        self.text.push_str(name);
        self.text.push('=');
        self.text.extend(utf8_percent_encode(value, ENCODED));
        self
    }

    /// The same with one more parameter, if there is a value.
    pub fn with_some(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// The same with a parameter that is `true`, if it is.
    pub fn with_flag(self, name: &str, on: bool) -> Self {
        self.with_some(name, on.then_some("true"))
    }

    pub fn into_text(self) -> String {
        self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_keep_their_borders() {
        let target = Target::path(&["subjects", ":.c:a/b?c%d é", "versions"]).unwrap();
        assert_eq!(
            target.with("x", "a&b").with_flag("y", true).into_text(),
            "/subjects/%3A.c%3Aa%2Fb%3Fc%25d%20%C3%A9/versions?x=a%26b&y=true"
        );
        for bad in [".", "..", ""] {
            assert!(Target::path(&["subjects", bad]).is_err(), "{bad}");
        }
    }
}
