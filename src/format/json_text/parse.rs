//! Text to values.

use super::{Node, Number, Value, line_column};
use crate::format::InvalidSchema;
use std::collections::HashMap;

/// How many values one text may hold: a value takes a hundred times its shortest spelling in memory, and schemas
/// written for people have a hundredth of this.
const MAX_VALUES: usize = 500_000;

/// Reads one JSON value that fills the whole text, nested no deeper than `depth`.
pub fn parse(text: &str, depth: usize) -> Result<Node, InvalidSchema> {
    let mut parser = Parser {
        text,
        bytes: text.as_bytes(),
        at: 0,
        depth,
        left: MAX_VALUES,
    };
    let node = parser.value(0)?;
    parser.space();
    if parser.at < text.len() {
        let rest: String = text
            .get(parser.at..)
            .unwrap_or("")
            .chars()
            .take(40)
            .collect();
        return Err(parser.error(&format!("dangling content after end of schema: {rest}")));
    }
    Ok(node)
}

struct Parser<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    depth: usize,
    /// How many more values may come.
    left: usize,
}

impl Parser<'_> {
    fn error(&self, what: &str) -> InvalidSchema {
        let mut at = self.at.min(self.text.len());
        while !self.text.is_char_boundary(at) {
            at -= 1;
        }
        let (line, column) = line_column(self.text, at);
        InvalidSchema::new(format!("{what} (line {line}, column {column})"))
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    fn word(&mut self, word: &str, value: Value) -> Result<Value, InvalidSchema> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        if rest.starts_with(word.as_bytes()) {
            self.at += word.len();
            Ok(value)
        } else {
            Err(self.error("unexpected token"))
        }
    }

    fn value(&mut self, level: usize) -> Result<Node, InvalidSchema> {
        if level > self.depth {
            return Err(self.error(&format!("nested deeper than {} levels", self.depth)));
        }
        self.left = self
            .left
            .checked_sub(1)
            .ok_or_else(|| self.error(&format!("more than {MAX_VALUES} values")))?;
        self.space();
        let start = self.at;
        let value = match self.peek() {
            None => return Err(self.error("unexpected end of text")),
            Some(b'{') => self.object(level)?,
            Some(b'[') => self.array(level)?,
            Some(b'"') => Value::String(self.string()?),
            Some(b't') => self.word("true", Value::Bool(true))?,
            Some(b'f') => self.word("false", Value::Bool(false))?,
            Some(b'n') => self.word("null", Value::Null)?,
            Some(b'-' | b'0'..=b'9') => Value::Number(self.number()?),
            Some(_) => return Err(self.error("unexpected token")),
        };
        Ok(Node {
            span: start..self.at,
            value,
        })
    }

    fn object(&mut self, level: usize) -> Result<Value, InvalidSchema> {
        self.at += 1;
        let mut members: Vec<(String, Node)> = Vec::new();
        let mut places: HashMap<String, usize> = HashMap::new();
        self.space();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Value::Object(members));
        }
        loop {
            self.space();
            if self.peek() != Some(b'"') {
                return Err(self.error("expected a member name"));
            }
            let name = self.string()?;
            self.space();
            if self.peek() != Some(b':') {
                return Err(self.error("expected ':'"));
            }
            self.at += 1;
            let node = self.value(level + 1)?;
            match places.get(&name).and_then(|&i| members.get_mut(i)) {
                Some(slot) => slot.1 = node,
                None => {
                    places.insert(name.clone(), members.len());
                    members.push((name, node));
                }
            }
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => {
                    self.at += 1;
                    return Ok(Value::Object(members));
                }
                _ => return Err(self.error("expected ',' or '}'")),
            }
        }
    }

    fn array(&mut self, level: usize) -> Result<Value, InvalidSchema> {
        self.at += 1;
        let mut items = Vec::new();
        self.space();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Value::Array(items));
        }
        loop {
            items.push(self.value(level + 1)?);
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => {
                    self.at += 1;
                    return Ok(Value::Array(items));
                }
                _ => return Err(self.error("expected ',' or ']'")),
            }
        }
    }

    fn string(&mut self) -> Result<String, InvalidSchema> {
        self.at += 1;
        let mut out = String::new();
        loop {
            let start = self.at;
            while self
                .peek()
                .is_some_and(|b| b != b'"' && b != b'\\' && b >= 0x20)
            {
                self.at += 1;
            }
            out.push_str(self.text.get(start..self.at).unwrap_or_default());
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(out);
                }
                Some(b'\\') => {
                    self.at += 1;
                    out.push(self.escape()?);
                }
                Some(_) => return Err(self.error("unescaped control character in a string")),
                None => return Err(self.error("unterminated string")),
            }
        }
    }

    fn escape(&mut self) -> Result<char, InvalidSchema> {
        let byte = self.peek();
        self.at += 1;
        Ok(match byte {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                let unit = self.hex4()?;
                match unit {
                    0xd800..=0xdbff => {
                        if self.bytes.get(self.at..self.at + 2) != Some(b"\\u") {
                            return Err(self.error("unpaired surrogate"));
                        }
                        self.at += 2;
                        let low = self.hex4()?;
                        if !(0xdc00..=0xdfff).contains(&low) {
                            return Err(self.error("unpaired surrogate"));
                        }
                        let code = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
                        char::from_u32(code).ok_or_else(|| self.error("unpaired surrogate"))?
                    }
                    unit => char::from_u32(unit).ok_or_else(|| self.error("unpaired surrogate"))?,
                }
            }
            _ => return Err(self.error("unknown escape")),
        })
    }

    fn hex4(&mut self) -> Result<u32, InvalidSchema> {
        let digits = self
            .text
            .get(self.at..self.at + 4)
            .filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()))
            .and_then(|d| u32::from_str_radix(d, 16).ok())
            .ok_or_else(|| self.error("expected four hexadecimal digits"))?;
        self.at += 4;
        Ok(digits)
    }

    fn digits(&mut self) -> Result<(), InvalidSchema> {
        let start = self.at;
        while self.peek().is_some_and(|b| b.is_ascii_digit()) {
            self.at += 1;
        }
        if self.at == start {
            return Err(self.error("expected a digit"));
        }
        Ok(())
    }

    fn number(&mut self) -> Result<Number, InvalidSchema> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        if self.peek() == Some(b'0') {
            self.at += 1;
            if self.peek().is_some_and(|b| b.is_ascii_digit()) {
                return Err(self.error("a number may not start with 0"));
            }
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.digits()?;
        }
        let spelt = self.text.get(start..self.at).unwrap_or_default();
        Number::new(spelt).ok_or_else(|| self.error("number out of range"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_and_number_of_values_are_bounded() {
        let nested = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
        assert!(parse(&nested(100), 100).is_ok());
        assert!(parse(&nested(102), 100).is_err());
        let many = |values: usize| format!("[{}0]", "0,".repeat(values - 1));
        assert!(parse(&many(MAX_VALUES - 1), 100).is_ok());
        let error = parse(&many(MAX_VALUES), 100).unwrap_err();
        assert!(error.details.contains("more than 500000 values"), "{error}");
    }
}
