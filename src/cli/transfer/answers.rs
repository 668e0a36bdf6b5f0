//! Whether two registries' answers are the same: byte for byte, but for what no API carries over.

use super::endpoint::Told;
use serde_json::Value;

/// How two answers compare.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Likeness {
    /// Byte for byte, apart from times of registration.
    Equal,
    /// They say the same in other words, as products and releases do.
    Alike,
    /// They do not; with the first difference.
    Different(String),
}

/// How much of an answer is shown.
const SHOWN: usize = 200;

pub(super) fn compare(a: &Told, b: &Told) -> Likeness {
    match (a, b) {
        (Told::Success(a), Told::Success(b)) => {
            if without_times(a) == without_times(b) {
                return Likeness::Equal;
            }
            match (serde_json::from_slice(a), serde_json::from_slice(b)) {
                (Ok(a), Ok(b)) => match difference(&a, &b, "") {
                    None => Likeness::Alike,
                    Some(what) => Likeness::Different(what),
                },
                _ => Likeness::Different(format!("{} / {}", cut(a), cut(b))),
            }
        }
        (a, b) if a == b => Likeness::Equal,
        (Told::Refusal(a, _), Told::Refusal(b, _)) if a == b => Likeness::Alike,
        (Told::Refusal(status, what), _) => {
            Likeness::Different(format!("the source answers {status} {what}"))
        }
        (_, Told::Refusal(status, what)) => {
            Likeness::Different(format!("the target answers {status} {what}"))
        }
    }
}

fn cut(bytes: &[u8]) -> String {
    let text: String = String::from_utf8_lossy(bytes).chars().take(SHOWN).collect();
    text
}

/// The bytes without the members `ts` of the answer, or of the objects that it lists. When something was registered
/// cannot be said to a registry.
fn without_times(body: &[u8]) -> Vec<u8> {
    const MEMBER: &[u8] = b"\"ts\":";
    let deepest = if body.starts_with(b"[") { 2 } else { 1 };
    let mut out = Vec::with_capacity(body.len());
    let (mut depth, mut in_text, mut at) = (0_usize, false, 0);
    let mut starts_member = false;
    while let Some(&byte) = body.get(at) {
        if in_text {
            let length = if byte == b'\\' { 2 } else { 1 };
            in_text = byte != b'"';
            out.extend_from_slice(body.get(at..at + length).unwrap_or(&[byte]));
            at += length;
            continue;
        }
        if byte == b'"'
            && starts_member
            && depth <= deepest
            && body.get(at..).is_some_and(|rest| rest.starts_with(MEMBER))
        {
            at += MEMBER.len();
            while body.get(at).is_some_and(u8::is_ascii_digit) {
                at += 1;
            }
            // One of the commas around it goes, too.
            if body.get(at) == Some(&b',') {
                at += 1;
            } else if out.last() == Some(&b',') {
                out.pop();
            }
            continue;
        }
        match byte {
            b'"' => in_text = true,
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        starts_member = matches!(byte, b'{' | b',');
        out.push(byte);
        at += 1;
    }
    out
}

/// The first difference in what two answers say.
fn difference(a: &Value, b: &Value, place: &str) -> Option<String> {
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => {
            let own = is_own(place);
            let mut names: Vec<&String> = a.keys().chain(b.keys()).collect();
            names.sort();
            names.dedup();
            names.into_iter().find_map(|name| {
                let place = format!("{place}/{name}");
                match (a.get(name), b.get(name)) {
                    (Some(_), Some(_)) if own && name == "ts" => None,
                    (Some(a), Some(b)) => difference(a, b, &place),
                    (Some(one), None) | (None, Some(one)) => (!may_be_left_out(name, one, own))
                        .then(|| {
                            format!(
                                "{place} is only there once: {}",
                                cut(one.to_string().as_bytes())
                            )
                        }),
                    (None, None) => None,
                }
            })
        }
        (Value::Array(a), Value::Array(b)) => {
            if a.len() != b.len() {
                return Some(format!("{place}: {} and {} items", a.len(), b.len()));
            }
            let (mut a, mut b) = (a.clone(), b.clone());
            if a.iter().all(Value::is_string) {
                // Lists of names have no order in the contract.
                a.sort_by_key(Value::to_string);
                b.sort_by_key(Value::to_string);
            }
            a.iter()
                .zip(&b)
                .enumerate()
                .find_map(|(at, (a, b))| difference(a, b, &format!("{place}/{at}")))
        }
        (a, b) if a == b => None,
        (a, b) => Some(format!(
            "{}: {} and {}",
            if place.is_empty() {
                "the answer"
            } else {
                place
            },
            cut(a.to_string().as_bytes()),
            cut(b.to_string().as_bytes())
        )),
    }
}

/// Whether the members at this place are the contract's: those of the answer, or of what it lists. Deeper, a name may be
/// somebody's own.
fn is_own(place: &str) -> bool {
    place.bytes().skip(1).all(|byte| byte.is_ascii_digit())
}

/// Members that older releases and other products do not have, or leave out where they say nothing.
fn may_be_left_out(name: &str, value: &Value, own: bool) -> bool {
    match name {
        "ts" | "guid" | "id" | "subject" | "version" if own => true,
        "deleted" if own => value == &Value::Bool(false),
        "schemaType" if own => value == "AVRO",
        _ => match value {
            Value::Null => true,
            Value::Array(items) => items.is_empty(),
            Value::Object(members) => members.is_empty(),
            _ => false,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Told {
        Told::Success(text.as_bytes().to_vec())
    }

    #[test]
    fn times_do_not_count_and_everything_else_does() {
        let equal = [
            (r#"{"a":1,"ts":5,"b":2}"#, r#"{"a":1,"ts":99,"b":2}"#),
            (r#"{"ts":5,"b":2}"#, r#"{"ts":1,"b":2}"#),
            (
                r#"[{"b":2,"ts":5},{"ts":1}]"#,
                r#"[{"b":2,"ts":6},{"ts":2}]"#,
            ),
            // A subject or a text may hold the same letters.
            (
                r#"{"s":"\",\"ts\":5","ts":1}"#,
                r#"{"s":"\",\"ts\":5","ts":2}"#,
            ),
        ];
        for (a, b) in equal {
            assert_eq!(compare(&told(a), &told(b)), Likeness::Equal, "{a} {b}");
        }
        let different = [
            (r#"{"s":"\",\"ts\":5"}"#, r#"{"s":"\",\"ts\":6"}"#),
            // Deeper, it is somebody's own member.
            (
                r#"{"metadata":{"properties":{"ts":1}}}"#,
                r#"{"metadata":{"properties":{"ts":2}}}"#,
            ),
            (
                r#"{"metadata":{"properties":{"version":"1"}}}"#,
                r#"{"metadata":{"properties":{}}}"#,
            ),
            (r#"{"id":1}"#, r#"{"id":2}"#),
            ("[1,2]", "[1]"),
            ("[1,2]", "[2,1]"),
            (r#"{"deleted":true}"#, "{}"),
        ];
        for (a, b) in different {
            let got = compare(&told(a), &told(b));
            assert!(matches!(got, Likeness::Different(_)), "{a} {b}: {got:?}");
        }
        let alike = [
            (r#"{"id":1,"schemaType":"AVRO"}"#, r#"{"id":1}"#),
            (r#"["b","a"]"#, r#"["a","b"]"#),
        ];
        for (a, b) in alike {
            assert_eq!(compare(&told(a), &told(b)), Likeness::Alike, "{a} {b}");
        }
        let refusal = |code: u16, text: &str| Told::Refusal(code, text.to_owned());
        assert_eq!(
            compare(&refusal(404, "x"), &refusal(404, "x")),
            Likeness::Equal
        );
        assert_eq!(
            compare(&refusal(404, "x"), &refusal(404, "y")),
            Likeness::Alike
        );
        let got = compare(&refusal(404, "x"), &told("[]"));
        assert!(matches!(got, Likeness::Different(_)));
    }
}
