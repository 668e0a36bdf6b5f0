//! The one character that Postgres' texts cannot hold.

use crate::store::StoreError;
use std::borrow::Cow;

/// Introduces what stands for a character that Postgres cannot keep, and for itself. Not a character that
/// texts are written with, but one that they may hold.
const ESCAPE: char = '\u{10FFFF}';

/// Postgres' texts hold every character but U+0000. Whatever goes into a text column passes here, because
/// whatever comes out passes [`unescape`]. Keys and words of ours cannot hold either character.
pub(super) fn escape(text: &str) -> String {
    if !text.contains(['\0', ESCAPE]) {
        return text.to_owned();
    }
    let text = text.replace(ESCAPE, "\u{10FFFF}1");
    text.replace('\0', "\u{10FFFF}0")
}

/// Undoes [`escape`].
pub(super) fn unescape(text: &str) -> Result<Cow<'_, str>, StoreError> {
    let mut parts = text.split(ESCAPE);
    let first = parts.next().unwrap_or_default();
    if first.len() == text.len() {
        return Ok(Cow::Borrowed(text));
    }
    let mut whole = first.to_owned();
    for part in parts {
        let (character, rest) = if let Some(rest) = part.strip_prefix('0') {
            ('\0', rest)
        } else if let Some(rest) = part.strip_prefix('1') {
            (ESCAPE, rest)
        } else {
            return Err(StoreError::Corrupt("a text's escape".to_owned()));
        };
        whole.push(character);
        whole.push_str(rest);
    }
    Ok(Cow::Owned(whole))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes() {
        for text in [
            "",
            "a",
            "\0",
            "a\0\u{10FFFF}0\u{10FFFF}",
            "\u{10FFFF}1\0\0b",
        ] {
            let kept = escape(text);
            assert!(!kept.contains('\0'));
            assert_eq!(unescape(&kept).unwrap(), text);
        }
        assert!(unescape("\u{10FFFF}2").is_err());
    }
}
