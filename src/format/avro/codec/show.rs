//! Datum to text: Avro's JSON encoding, and what the logical types make of a value.

use super::super::logical::{Logical, logical};
use super::super::model::{Kind, Schema, TypeId};
use super::{DEPTH, Datum, deeper};
use crate::format::json_text::print_string;
use bigdecimal::BigDecimal;
use num_bigint::BigInt;

/// A datum in Avro's JSON encoding, with the names of unions' branches; `None` if it is none of this type.
pub(in super::super) fn show(schema: &Schema, of: TypeId, datum: &Datum) -> Option<String> {
    let mut out = String::new();
    put(schema, of, datum, Style::Encoding, &mut out, 0)?;
    Some(out)
}

/// The same as a person would say it: values of logical types in their own terms, unions without names.
pub(in super::super) fn meaning(schema: &Schema, of: TypeId, datum: &Datum) -> Option<String> {
    let mut out = String::new();
    put(schema, of, datum, Style::Meaning, &mut out, 0)?;
    Some(out)
}

#[derive(Clone, Copy, PartialEq)]
enum Style {
    Encoding,
    Meaning,
}

fn put(
    schema: &Schema,
    of: TypeId,
    datum: &Datum,
    style: Style,
    out: &mut String,
    depth: usize,
) -> Option<()> {
    if depth > DEPTH {
        return None;
    }
    let inner = |of: TypeId, datum: &Datum, out: &mut String| {
        deeper(|| put(schema, of, datum, style, out, depth + 1))
    };
    if style == Style::Meaning
        && let Some(words) = spoken(schema, of, datum)
    {
        out.push_str(&words);
        return Some(());
    }
    match (schema.kind(of), datum) {
        (Kind::Primitive(_), datum) => scalar(datum, out)?,
        (Kind::Fixed(_), Datum::Fixed(bytes)) => latin(bytes, out),
        (Kind::Enum(of), Datum::Enum(at)) => print_string(of.symbols.get(*at)?, out),
        (Kind::Array(of), Datum::Array(items)) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                separate(at, out);
                inner(*of, item, out)?;
            }
            out.push(']');
        }
        (Kind::Map(of), Datum::Map(entries)) => {
            out.push('{');
            for (at, (key, value)) in entries.iter().enumerate() {
                separate(at, out);
                print_string(key, out);
                out.push_str(": ");
                inner(*of, value, out)?;
            }
            out.push('}');
        }
        (Kind::Record(record), Datum::Record(values)) => {
            out.push('{');
            for (at, (field, value)) in record.fields.iter().zip(values).enumerate() {
                separate(at, out);
                print_string(&field.name, out);
                out.push_str(": ");
                inner(field.of, value, out)?;
            }
            out.push('}');
        }
        (Kind::Union(branches), Datum::Union(at, value)) => {
            let branch = *branches.get(*at)?;
            let kind = schema.kind(branch);
            if style == Style::Meaning || matches!(**value, Datum::Null) {
                return inner(branch, value, out);
            }
            out.push('{');
            match kind.named() {
                Some(named) => print_string(named.name.full(), out),
                None => print_string(kind.word(), out),
            }
            out.push_str(": ");
            inner(branch, value, out)?;
            out.push('}');
        }
        _ => return None,
    }
    Some(())
}

fn separate(at: usize, out: &mut String) {
    if at > 0 {
        out.push_str(", ");
    }
}

fn scalar(datum: &Datum, out: &mut String) -> Option<()> {
    match datum {
        Datum::Null => out.push_str("null"),
        Datum::Boolean(yes) => out.push_str(if *yes { "true" } else { "false" }),
        Datum::Int(number) => out.push_str(&number.to_string()),
        Datum::Long(number) => out.push_str(&number.to_string()),
        Datum::Float(number) => out.push_str(&real(f64::from(*number), &format!("{number:?}"))),
        Datum::Double(number) => out.push_str(&real(*number, &format!("{number:?}"))),
        Datum::Bytes(bytes) => latin(bytes, out),
        Datum::String(text) => print_string(text, out),
        _ => return None,
    }
    Some(())
}

fn real(value: f64, spelt: &str) -> String {
    if value.is_finite() {
        spelt.to_owned()
    } else if value.is_nan() {
        "\"NaN\"".to_owned()
    } else if value > 0.0 {
        "\"Infinity\"".to_owned()
    } else {
        "\"-Infinity\"".to_owned()
    }
}

/// Bytes are a string of the characters U+0000 to U+00FF in Avro's JSON. Escaped beyond ASCII, for people.
fn latin(bytes: &[u8], out: &mut String) {
    let mut plain = String::new();
    let flush = |plain: &mut String, out: &mut String| {
        let mut quoted = String::new();
        print_string(plain, &mut quoted);
        out.push_str(
            quoted
                .trim_start_matches('"')
                .strip_suffix('"')
                .unwrap_or(""),
        );
        plain.clear();
    };
    out.push('"');
    for byte in bytes {
        if byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\') || *byte == b' ' {
            plain.push(char::from(*byte));
        } else {
            flush(&mut plain, out);
            out.push_str(&format!("\\u{byte:04x}"));
        }
    }
    flush(&mut plain, out);
    out.push('"');
}

/// What a logical type makes of a value; `None` where there is none.
fn spoken(schema: &Schema, of: TypeId, datum: &Datum) -> Option<String> {
    let number = || match datum {
        Datum::Int(n) => Some(i64::from(*n)),
        Datum::Long(n) => Some(*n),
        _ => None,
    };
    match logical(schema.get(of))? {
        Logical::Decimal { scale, .. } => {
            let (Datum::Bytes(bytes) | Datum::Fixed(bytes)) = datum else {
                return None;
            };
            let unscaled = BigInt::from_signed_bytes_be(bytes);
            Some(BigDecimal::new(unscaled, scale).to_plain_string())
        }
        Logical::Plain(word) => {
            let unit = match word {
                "date" => "days since 1970-01-01",
                "time-millis" => "ms after midnight",
                "time-micros" => "µs after midnight",
                "timestamp-millis" => "ms since 1970-01-01T00:00Z",
                "timestamp-micros" => "µs since 1970-01-01T00:00Z",
                "timestamp-nanos" => "ns since 1970-01-01T00:00Z",
                "local-timestamp-millis" => "ms since 1970-01-01T00:00 local time",
                "local-timestamp-micros" => "µs since 1970-01-01T00:00 local time",
                "local-timestamp-nanos" => "ns since 1970-01-01T00:00 local time",
                "uuid" => return uuid(datum),
                "duration" => return duration(datum),
                other => {
                    let mut plain = String::new();
                    match datum {
                        Datum::Fixed(bytes) => latin(bytes, &mut plain),
                        other => scalar(other, &mut plain)?,
                    }
                    return Some(format!("{other} {plain}"));
                }
            };
            Some(format!("{} {unit}", number()?))
        }
    }
}

fn uuid(datum: &Datum) -> Option<String> {
    match datum {
        Datum::String(text) => {
            let parts: Vec<usize> = text.split('-').map(str::len).collect();
            let hex = text.chars().all(|c| c.is_ascii_hexdigit() || c == '-');
            let mut quoted = String::new();
            print_string(text, &mut quoted);
            Some(if hex && parts == [8, 4, 4, 4, 12] {
                format!("UUID {quoted}")
            } else {
                format!("{quoted}, which is no UUID")
            })
        }
        Datum::Fixed(bytes) => {
            let hex: String = bytes.iter().map(|b| format!("{b:02x}")).collect();
            Some(format!("UUID {hex}"))
        }
        _ => None,
    }
}

fn duration(datum: &Datum) -> Option<String> {
    let Datum::Fixed(bytes) = datum else {
        return None;
    };
    let part = |at: usize| {
        let four: [u8; 4] = bytes.get(at..at + 4)?.try_into().ok()?;
        Some(u32::from_le_bytes(four))
    };
    let (months, days, millis) = (part(0)?, part(4)?, part(8)?);
    Some(format!("{months} months {days} days {millis} ms"))
}
