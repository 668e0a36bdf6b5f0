//! Formats as assertions: whether a known text is of one, by the validator that judges witnesses; examples; and
//! what is necessary.

use std::collections::HashMap;

/// The formats that were asked for, by keyword, format and dialect.
#[derive(Default)]
pub(super) struct Formats(HashMap<String, Option<jsonschema::Validator>>);

/// The keyword and its value.
fn parts(name: &str) -> Option<(&str, &str, &str)> {
    let mut parts = name.split('\u{0}');
    Some((parts.next()?, parts.next()?, parts.next()?))
}

impl Formats {
    /// Whether a text is of a format.
    pub(super) fn holds(&mut self, name: &str, text: &str) -> Option<bool> {
        if !self.0.contains_key(name) {
            self.0.insert(name.to_owned(), validator(name));
        }
        let validator = self.0.get(name)?.as_ref()?;
        Some(validator.is_valid(&text.into()))
    }

    /// Texts of a format, most likely.
    pub(super) fn examples(name: &str) -> &'static [&'static str] {
        match parts(name).map(|(_, format, _)| format) {
            Some("date") => &["2000-01-01"],
            Some("date-time") => &["2000-01-01T00:00:00Z"],
            Some("time") => &["00:00:00Z", "00:00:00"],
            Some("duration") => &["P1D"],
            Some("email" | "idn-email") => &["a@example.com"],
            Some("hostname" | "idn-hostname" | "host-name") => &["a", "example.com"],
            Some("ipv4" | "ip-address") => &["127.0.0.1"],
            Some("ipv6") => &["::1"],
            Some("uri" | "iri") => &["https://example.com", "a:b"],
            Some("uuid") => &["00000000-0000-0000-0000-000000000000"],
            Some("json-pointer") => &["", "/a"],
            Some("relative-json-pointer") => &["0"],
            Some("application/json") => &["0", "{}"],
            Some("base64") => &["", "YQ=="],
            _ => &[],
        }
    }

    /// A pattern that all texts of a format match, where the dialect asserts it.
    pub(super) fn necessary(&mut self, name: &str) -> Option<&'static str> {
        let pattern = match parts(name) {
            Some(("format", "date", _)) => r"^\d{4}-\d{2}-\d{2}$",
            Some(("format", "date-time", _)) => r"^\d{4}-\d{2}-\d{2}",
            Some(("format", "ipv4", _)) => r"^\d{1,3}(\.\d{1,3}){3}$",
            Some(("format", "uuid", _)) => r"^[0-9a-fA-F-]{36}$",
            _ => return None,
        };
        (self.holds(name, "") == Some(false)).then_some(pattern)
    }
}

fn validator(name: &str) -> Option<jsonschema::Validator> {
    let (keyword, value, dialect) = parts(name)?;
    let draft = match dialect {
        "Draft4" => jsonschema::Draft::Draft4,
        "Draft6" => jsonschema::Draft::Draft6,
        "Draft7" => jsonschema::Draft::Draft7,
        "Draft2019" => jsonschema::Draft::Draft201909,
        _ => jsonschema::Draft::Draft202012,
    };
    let schema =
        serde_json::Value::Object([(keyword.to_owned(), value.into())].into_iter().collect());
    jsonschema::options()
        .with_draft(draft)
        .should_validate_formats(true)
        .build(&schema)
        .ok()
}
