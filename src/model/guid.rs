//! The identity of content: its GUID, which travels in record headers, and the key under which a text is kept.

use super::{Metadata, Reference, RuleSet};
use md5::{Digest, Md5};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::Sha256;
use std::fmt;

/// The MD5 of a schema's text, references, metadata and rules, printed as a UUID. Equal content has an equal
/// GUID in every registry that speaks this API.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Guid(pub [u8; 16]);

impl Guid {
    /// Reads the UUID form or 32 hex digits, in any case.
    pub fn parse(text: &str) -> Option<Self> {
        let hex: Vec<u8> = match text.len() {
            32 => text.bytes().collect(),
            36 => {
                let dashes = [8, 13, 18, 23];
                if dashes
                    .iter()
                    .any(|&i| text.as_bytes().get(i) != Some(&b'-'))
                {
                    return None;
                }
                text.bytes()
                    .enumerate()
                    .filter(|(i, _)| !dashes.contains(i))
                    .map(|(_, b)| b)
                    .collect()
            }
            _ => return None,
        };
        let mut bytes = [0; 16];
        for (byte, pair) in bytes.iter_mut().zip(hex.chunks_exact(2)) {
            let digits = std::str::from_utf8(pair).ok()?;
            if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
                return None;
            }
            *byte = u8::from_str_radix(digits, 16).ok()?;
        }
        Some(Self(bytes))
    }
}

impl fmt::Display for Guid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, byte) in self.0.iter().enumerate() {
            if matches!(i, 4 | 6 | 8 | 10) {
                f.write_str("-")?;
            }
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Guid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Guid {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Guid {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("not a GUID"))
    }
}

/// The GUID of content. The order and the markers are the API contract's (section 3.4).
pub fn content_guid(
    text: &str,
    references: &[Reference],
    metadata: Option<&Metadata>,
    rule_set: Option<&RuleSet>,
) -> Guid {
    let mut md5 = Md5::new();
    md5.update(text);
    for reference in references {
        md5.update(&reference.name);
        md5.update(&reference.subject);
        md5.update(reference.version.to_be_bytes());
    }
    if let Some(metadata) = metadata {
        md5.update([1]);
        for (path, tags) in &metadata.tags {
            md5.update(&path.0);
            tags.iter().for_each(|tag| md5.update(&tag.0));
        }
        for (key, value) in &metadata.properties {
            md5.update(&key.0);
            md5.update(value);
        }
        metadata.sensitive.iter().for_each(|s| md5.update(&s.0));
    }
    if let Some(rule_set) = rule_set {
        md5.update([1]);
        for rule in rule_set.rules() {
            let mut optional = |text: &Option<String>| {
                if let Some(text) = text {
                    md5.update(text);
                }
            };
            optional(&rule.name);
            optional(&rule.doc);
            md5.update(rule.kind.as_str());
            md5.update(rule.mode.as_str());
            let mut optional = |text: &Option<String>| {
                if let Some(text) = text {
                    md5.update(text);
                }
            };
            optional(&rule.rule_type);
            rule.tags.iter().for_each(|tag| md5.update(&tag.0));
            for (key, value) in &rule.params {
                md5.update(&key.0);
                md5.update(value);
            }
            for text in [&rule.expr, &rule.on_success, &rule.on_failure]
                .into_iter()
                .flatten()
            {
                md5.update(text);
            }
            if rule.disabled {
                md5.update([1]);
            }
        }
        if let Some(at) = rule_set.enable_at {
            md5.update(at.as_str());
        }
    }
    Guid(md5.finalize().into())
}

/// The SHA-256 of a text: the key under which stores and caches keep it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TextId(pub [u8; 32]);

impl TextId {
    /// The key of `text`.
    pub fn of(text: &str) -> Self {
        Self(Sha256::digest(text).into())
    }

    /// Reads 64 hex digits.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != 64 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
        }
        Some(Self(bytes))
    }
}

impl fmt::Display for TextId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for TextId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for TextId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TextId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("not a text id"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The values of the contract's section 3.4.
    #[test]
    fn guids_of_the_contract() {
        let text = "\"string\"";
        let guid = |refs: &[Reference], metadata: Option<&Metadata>| {
            content_guid(text, refs, metadata, None).to_string()
        };
        assert_eq!(guid(&[], None), "095d71cf-1255-6b9d-5e33-0ad575b3df5d");
        assert_eq!(
            guid(&[], Some(&Metadata::default())),
            "cecc02e2-232b-87f1-1b0c-aa0e70dbb74d"
        );
        let mut metadata = Metadata::default();
        metadata.properties.insert("a".into(), "b".into());
        assert_eq!(
            guid(&[], Some(&metadata)),
            "8e0562da-2332-4679-d6fe-700f88a350ad"
        );
        let reference = Reference {
            name: "n".into(),
            subject: "s".into(),
            version: 1,
        };
        assert_eq!(
            guid(&[reference], None),
            "a7e3fe32-9bf9-b5f9-9d90-f62f838b5c93"
        );
        let record =
            r#"{"type":"record","name":"myrecord","fields":[{"name":"f1","type":"string"}]}"#;
        assert_eq!(
            content_guid(record, &[], None, None).to_string(),
            "a3d8f88a-9756-7b65-8ee2-5c9472fa6c7d"
        );
    }

    #[test]
    fn guid_spellings() {
        let guid = Guid::parse("095D71CF12556b9d5e330ad575b3df5d").unwrap();
        assert_eq!(Guid::parse(&guid.to_string()), Some(guid));
        for bad in ["", "+95d71cf12556b9d5e330ad575b3df5d", "095d71cf-1255"] {
            assert_eq!(Guid::parse(bad), None, "{bad}");
        }
    }
}
