//! `accord get`: a schema by subject and version, by id, or by GUID.

use super::ask::{self, Asker};
use crate::cli::exit::Failure;
use crate::cli::remote::Remote;
use crate::client::Method;
use clap::Args;
use serde_json::Value;

/// Which schema.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  accord get orders-value                 the latest version's text, as it is stored
  accord get orders-value@3 --json        the whole answer
  accord get --id 42 --pretty

Exit codes: 0 found, 1 there is none, 2 usage, 3 the registry could not be asked.")]
#[command(group(clap::ArgGroup::new("which").required(true).args(["subject", "id", "guid"])))]
pub(in crate::cli) struct Arguments {
    /// The subject; its latest version without @VERSION.
    #[arg(value_name = "SUBJECT[@VERSION]")]
    subject: Option<String>,
    /// By id.
    #[arg(long, value_name = "N")]
    id: Option<i32>,
    /// By GUID.
    #[arg(long)]
    guid: Option<String>,
    /// See soft-deleted versions too.
    #[arg(long, requires = "subject")]
    deleted: bool,
    /// Indent a text that is JSON.
    #[arg(long)]
    pretty: bool,
    /// Print the registry's whole answer.
    #[arg(long, conflicts_with = "pretty")]
    json: bool,
    #[command(flatten)]
    remote: Remote,
}

pub(in crate::cli) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let asker = Asker::new(&arguments.remote)?;
    let mut query = Vec::new();
    let answer = if let Some(id) = arguments.id {
        if !asker.context().is_empty() {
            query.push(("subject", asker.context()));
        }
        let path = ["schemas", "ids", &id.to_string()];
        asker.json(Method::Get, &path, &query, None)?
    } else if let Some(guid) = &arguments.guid {
        asker.json(Method::Get, &["schemas", "guids", guid], &query, None)?
    } else {
        let (subject, version) = ask::versioned(arguments.subject.as_deref().unwrap_or_default());
        if arguments.deleted {
            query.push(("deleted", "true"));
        }
        let subject = asker.place(subject);
        let path = [
            "subjects",
            &subject,
            "versions",
            version.unwrap_or("latest"),
        ];
        asker.json(Method::Get, &path, &query, None)?
    };
    if arguments.json {
        return ask::print_json(&answer);
    }
    let text = answer
        .get("schema")
        .and_then(Value::as_str)
        .ok_or_else(|| Failure::outside("the answer has no schema"))?;
    // A text that is no JSON, as Protobuf's, is readable as it is.
    if arguments.pretty && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok() {
        return crate::cli::print(&indented(text));
    }
    let end = if text.ends_with('\n') { "" } else { "\n" };
    crate::cli::print(&format!("{text}{end}"))
}

/// JSON with its members in the order they have: of a record's fields it means something.
fn indented(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    let mut depth = 0_usize;
    let (mut quoted, mut escaped) = (false, false);
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        if quoted {
            out.push(c);
            quoted = escaped || c != '"';
            escaped = !escaped && c == '\\';
            continue;
        }
        match c {
            '"' => {
                quoted = true;
                out.push(c);
            }
            '{' | '[' => {
                out.push(c);
                while rest.next_if(|c| c.is_ascii_whitespace()).is_some() {}
                if let Some(end) = rest.next_if(|c| matches!(c, '}' | ']')) {
                    out.push(end);
                } else {
                    depth += 1;
                    line(&mut out, depth);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                line(&mut out, depth);
                out.push(c);
            }
            ',' => {
                out.push(c);
                line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            c if c.is_ascii_whitespace() => {}
            c => out.push(c),
        }
    }
    out.push('\n');
    out
}

fn line(out: &mut String, depth: usize) {
    out.push('\n');
    // Texts nest as deep as they like; what is printed need not grow with the square of it.
    out.extend(std::iter::repeat_n("  ", depth.min(100)));
}

#[cfg(test)]
mod tests {
    use super::indented;

    #[test]
    fn order_and_quotes_stay() {
        let text = r#"{"type" : "a\\\"{:,","b":[ ],"a":[1,{}]}"#;
        let shown = indented(text);
        assert_eq!(
            shown,
            "{\n  \"type\": \"a\\\\\\\"{:,\",\n  \"b\": [],\n  \"a\": [\n    1,\n    {}\n  ]\n}\n"
        );
    }
}
