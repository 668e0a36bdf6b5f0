//! Comments in schema texts. They are no JSON, but the JVM's Avro parser takes `//` and `/* */`, so texts with
//! them are around; they do not survive in the canonical text.

use std::borrow::Cow;

/// The text with each comment replaced by spaces, so that places in it stay what they were.
pub(super) fn blank_out(text: &str) -> Cow<'_, str> {
    if !text.contains("//") && !text.contains("/*") {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    let mut in_string = false;
    let blank = |c: char, out: &mut String| {
        if matches!(c, '\n' | '\r') {
            out.push(c);
        } else {
            out.extend(std::iter::repeat_n(' ', c.len_utf8()));
        }
    };
    while let Some(c) = chars.next() {
        if in_string {
            out.push(c);
            match c {
                '\\' => out.extend(chars.next()),
                '"' => in_string = false,
                _ => {}
            }
            continue;
        }
        match (c, chars.peek()) {
            ('/', Some('/')) => {
                out.push(' ');
                while let Some(&next) = chars.peek() {
                    if matches!(next, '\n' | '\r') {
                        break;
                    }
                    blank(next, &mut out);
                    chars.next();
                }
            }
            ('/', Some('*')) => {
                out.push_str("  ");
                chars.next();
                let mut star = false;
                let mut closed = false;
                for next in chars.by_ref() {
                    blank(next, &mut out);
                    if star && next == '/' {
                        closed = true;
                        break;
                    }
                    star = next == '*';
                }
                if !closed {
                    // Let the JSON parser complain, at the end of the text.
                    return Cow::Borrowed(text);
                }
            }
            _ => {
                in_string = c == '"';
                out.push(c);
            }
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_comments_go() {
        for (text, expected) in [
            ("\"a//b\"", "\"a//b\""),
            (r#""\"//x""#, r#""\"//x""#),
            ("1 // é\n2", "1      \n2"),
            ("1 /* *x\n*/ 2", "1      \n   2"),
            ("1 /* open", "1 /* open"),
        ] {
            assert_eq!(blank_out(text), expected);
        }
    }
}
