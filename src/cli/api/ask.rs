//! Asking a registry one thing, and what the commands print of its answers.

use crate::cli::exit::Failure;
use crate::cli::remote::{Remote, block_on};
use crate::client::{ClientError, Method, RegistryClient, Request};
use crate::model::Context;
use serde_json::Value;
use std::path::Path;

/// The largest file that is sent.
const FILE_BYTES: u64 = 64 << 20;

/// A registry, and the context of subjects that name none.
pub(super) struct Asker {
    client: RegistryClient,
    context: String,
}

impl Asker {
    pub fn new(remote: &Remote) -> Result<Self, Failure> {
        let context = match &remote.context {
            Some(name) => Context::parse(name)
                .map_err(|error| Failure::usage(format!("the context {name}: {error}")))?
                .delimited(),
            None => String::new(),
        };
        Ok(Self {
            client: remote.client(None)?,
            context,
        })
    }

    /// The context as a prefix of subjects; empty for the default one.
    pub fn context(&self) -> &str {
        &self.context
    }

    /// A subject in its context.
    pub fn place(&self, subject: &str) -> String {
        if subject.starts_with(":.") {
            subject.to_owned()
        } else {
            format!("{}{subject}", self.context)
        }
    }

    /// An answer as it came.
    pub fn text(
        &self,
        method: Method,
        segments: &[&str],
        query: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<String, Failure> {
        Ok(self.answer(method, segments, query, body)??)
    }

    /// An answer that is JSON.
    pub fn json(
        &self,
        method: Method,
        segments: &[&str],
        query: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<Value, Failure> {
        let text = self.text(method, segments, query, body)?;
        if text.trim().is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_str(&text)
            .map_err(|error| Failure::outside(format!("the answer is no JSON: {error}")))
    }

    fn answer(
        &self,
        method: Method,
        segments: &[&str],
        query: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<Result<String, ClientError>, Failure> {
        let body = body.map(|value| value.to_string().into_bytes().into());
        let request = Request::new(method, segments, query, body)?;
        match block_on(self.client.send(&request))? {
            Ok(answer) => match String::from_utf8(answer.body.to_vec()) {
                Ok(text) => Ok(Ok(text)),
                Err(_) => Err(Failure::outside("the answer is no UTF-8")),
            },
            Err(error) => Ok(Err(error)),
        }
    }

    /// Refuses to try a write on a registry that would not know that it is only tried: it would be written.
    pub fn admit_dry_run(&self) -> Result<(), Failure> {
        let unknown = || {
            Failure::usage(
                "this registry is not Accord's and would write in spite of --dry-run; nothing was sent",
            )
        };
        match self.answer(Method::Get, &["accord", "v1", "revision"], &[], None)? {
            Ok(text) => {
                let answer: Value = serde_json::from_str(&text).unwrap_or_default();
                match answer.get("revision").and_then(Value::as_i64) {
                    Some(_) => Ok(()),
                    None => Err(unknown()),
                }
            }
            Err(error) if matches!(error.status(), Some(404 | 405)) => Err(unknown()),
            Err(error) => Err(error.into()),
        }
    }
}

/// `SUBJECT@VERSION`. What follows the last `@` counts if it is a number or `latest`.
pub(super) fn versioned(text: &str) -> (&str, Option<&str>) {
    match text.rsplit_once('@') {
        Some((subject, version))
            if version == "latest"
                || (!version.is_empty() && version.bytes().all(|b| b.is_ascii_digit())) =>
        {
            (subject, Some(version))
        }
        _ => (text, None),
    }
}

/// A file's text; `-` is standard input.
pub(super) fn read(file: &Path) -> Result<String, Failure> {
    use std::io::Read;
    let failed = |error: std::io::Error| Failure::usage(format!("{}: {error}", file.display()));
    let mut text = String::new();
    let length = if file == Path::new("-") {
        std::io::stdin()
            .lock()
            .take(FILE_BYTES + 1)
            .read_to_string(&mut text)
    } else {
        std::fs::File::open(file)
            .map_err(failed)?
            .take(FILE_BYTES + 1)
            .read_to_string(&mut text)
    }
    .map_err(failed)?;
    if length as u64 > FILE_BYTES {
        return Err(Failure::usage(format!(
            "{} is longer than {FILE_BYTES} bytes",
            file.display()
        )));
    }
    Ok(text)
}

/// JSON for programs.
pub(super) fn print_json(value: &Value) -> Result<(), Failure> {
    let mut text = serde_json::to_string_pretty(value).map_err(Failure::outside)?;
    text.push('\n');
    crate::cli::print(&text)
}

/// A value without quotes where it is a text.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// One value per line.
pub(super) fn print_lines(value: &Value) -> Result<(), Failure> {
    let items = value
        .as_array()
        .ok_or_else(|| Failure::outside("the answer is no list"))?;
    let text: String = items.iter().map(|v| plain(v) + "\n").collect();
    crate::cli::print(&text)
}

/// An object's members, one per line.
pub(super) fn print_members(value: &Value) -> Result<(), Failure> {
    let members = value
        .as_object()
        .ok_or_else(|| Failure::outside("the answer is no object"))?;
    let widest = members.keys().map(String::len).max().unwrap_or_default();
    let text: String = members
        .iter()
        .map(|(name, value)| format!("{name:widest$}  {}\n", plain(value)))
        .collect();
    crate::cli::print(&text)
}

#[cfg(test)]
mod tests {
    use super::versioned;

    #[test]
    fn what_is_a_version() {
        assert_eq!(versioned("a@3"), ("a", Some("3")));
        assert_eq!(versioned("a@latest"), ("a", Some("latest")));
        assert_eq!(versioned("team@corp"), ("team@corp", None));
        assert_eq!(versioned("team@corp@2"), ("team@corp", Some("2")));
        assert_eq!(versioned("a@"), ("a@", None));
    }
}
