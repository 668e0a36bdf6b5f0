//! Values to compact text.

use super::{Node, Number, Value};

/// Prints without white space, in the members' order; `number` spells the numbers.
pub fn print(node: &Node, number: &dyn Fn(&Number) -> String) -> String {
    let mut out = String::new();
    write(node, number, &mut out);
    out
}

/// Prints without white space, with the members of every object sorted by name.
pub fn print_sorted(node: &Node) -> String {
    let mut out = String::new();
    write_sorted(node, &mut out);
    out
}

fn write_sorted(node: &Node, out: &mut String) {
    match &node.value {
        Value::Array(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                write_sorted(item, out);
            }
            out.push(']');
        }
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by(|a, b| a.0.cmp(&b.0));
            out.push('{');
            for (i, (name, value)) in members.into_iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                print_string(name, out);
                out.push(':');
                write_sorted(value, out);
            }
            out.push('}');
        }
        _ => write(node, &|n| n.as_spelt().to_owned(), out),
    }
}

fn write(node: &Node, number: &dyn Fn(&Number) -> String, out: &mut String) {
    match &node.value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Number(n) => out.push_str(&number(n)),
        Value::String(s) => print_string(s, out),
        Value::Array(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                write(item, number, out);
            }
            out.push(']');
        }
        Value::Object(members) => {
            out.push('{');
            for (i, (name, value)) in members.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                print_string(name, out);
                out.push(':');
                write(value, number, out);
            }
            out.push('}');
        }
    }
}

/// Prints a string with the escapes of the JVM's usual JSON writer: short ones where they exist, `\u00XX` in
/// upper case for other control characters, everything else as it is.
pub fn print_string(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            c if c < '\u{20}' => out.push_str(&format!("\\u{:04X}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
}
