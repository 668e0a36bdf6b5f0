//! Words, numbers, strings and signs of a `.proto` text, without comments.

use crate::format::InvalidSchema;

/// A token.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token<'a> {
    Ident(&'a str),
    /// A whole number or a fraction, as written, without sign.
    Number(&'a str),
    Text(Vec<u8>),
    Sign(char),
    End,
}

/// Reads tokens one at a time.
#[derive(Debug)]
pub(super) struct Lexer<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Lexer<'a> {
    pub fn new(text: &'a str) -> Self {
        // A byte order mark is allowed before the first token.
        let at = if text.starts_with('\u{feff}') { 3 } else { 0 };
        Self { text, at }
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// An error at a byte offset, told as line and column.
    pub fn error_at(&self, offset: usize, what: impl std::fmt::Display) -> InvalidSchema {
        let before = self.text.get(..offset).unwrap_or(self.text);
        let line = before.bytes().filter(|&b| b == b'\n').count() + 1;
        let column = before
            .rsplit('\n')
            .next()
            .map_or(0, |tail| tail.chars().count())
            + 1;
        InvalidSchema::new(format!("Syntax error at {line}:{column}: {what}"))
    }

    fn skip_blank(&mut self) -> Result<(), InvalidSchema> {
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start_matches([' ', '\t', '\r', '\n', '\u{b}', '\u{c}']);
            self.at += rest.len() - trimmed.len();
            if trimmed.starts_with("//") {
                self.at += trimmed.find('\n').unwrap_or(trimmed.len());
            } else if trimmed.starts_with("/*") {
                match trimmed.get(2..).and_then(|t| t.find("*/")) {
                    Some(length) => self.at += length + 4,
                    None => return Err(self.error_at(self.at, "unterminated comment")),
                }
            } else {
                return Ok(());
            }
        }
    }

    /// The next token and its offset.
    pub fn next(&mut self) -> Result<(Token<'a>, usize), InvalidSchema> {
        self.skip_blank()?;
        let start = self.at;
        let rest = self.rest();
        let Some(first) = rest.chars().next() else {
            return Ok((Token::End, start));
        };
        let second = rest.chars().nth(1);
        let token = if first.is_ascii_alphabetic() || first == '_' {
            let length = rest
                .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                .unwrap_or(rest.len());
            self.at += length;
            Token::Ident(rest.get(..length).unwrap_or_default())
        } else if first.is_ascii_digit()
            || (first == '.' && second.is_some_and(|c| c.is_ascii_digit()))
        {
            Token::Number(self.number(rest)?)
        } else if first == '"' || first == '\'' {
            Token::Text(self.string(first)?)
        } else if first.is_ascii_punctuation() {
            self.at += 1;
            Token::Sign(first)
        } else {
            return Err(self.error_at(start, format_args!("unexpected character {first:?}")));
        };
        Ok((token, start))
    }

    /// Whether the token after the current one is `sign`; nothing is consumed.
    pub fn peek_is(&mut self, sign: char) -> Result<bool, InvalidSchema> {
        let before = self.at;
        let next = self.next();
        self.at = before;
        Ok(next?.0 == Token::Sign(sign))
    }

    fn number(&mut self, rest: &'a str) -> Result<&'a str, InvalidSchema> {
        let bytes = rest.as_bytes();
        let digit = |i: usize, f: fn(&u8) -> bool| bytes.get(i).is_some_and(f);
        let mut end = 0;
        let mut fraction = false;
        if rest.starts_with("0x") || rest.starts_with("0X") {
            end = 2;
            while digit(end, u8::is_ascii_hexdigit) {
                end += 1;
            }
            if end == 2 {
                return Err(self.error_at(self.at, "\"0x\" must be followed by hex digits"));
            }
        } else {
            while digit(end, u8::is_ascii_digit) {
                end += 1;
            }
            if bytes.get(end) == Some(&b'.') {
                fraction = true;
                end += 1;
                while digit(end, u8::is_ascii_digit) {
                    end += 1;
                }
            }
            if matches!(bytes.get(end), Some(b'e' | b'E')) {
                let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
                if !digit(end + 1 + sign, u8::is_ascii_digit) {
                    return Err(self.error_at(self.at, "\"e\" must be followed by an exponent"));
                }
                fraction = true;
                end += 1 + sign;
                while digit(end, u8::is_ascii_digit) {
                    end += 1;
                }
            }
        }
        let length = end;
        if fraction && matches!(bytes.get(end), Some(b'f' | b'F')) {
            end += 1;
        }
        if bytes
            .get(end)
            .is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_')
        {
            return Err(self.error_at(self.at, "a space is needed between number and identifier"));
        }
        self.at += end;
        Ok(rest.get(..length).unwrap_or_default())
    }

    fn string(&mut self, quote: char) -> Result<Vec<u8>, InvalidSchema> {
        let bytes = self.text.as_bytes();
        let mut out = Vec::new();
        self.at += 1;
        loop {
            let Some(&b) = bytes.get(self.at) else {
                return Err(self.error_at(self.at, "unterminated string"));
            };
            self.at += 1;
            if b == quote as u8 {
                return Ok(out);
            }
            match b {
                b'\n' => return Err(self.error_at(self.at - 1, "a string must not cross lines")),
                b'\\' => self.escape(&mut out)?,
                _ => out.push(b),
            }
        }
    }

    fn escape(&mut self, out: &mut Vec<u8>) -> Result<(), InvalidSchema> {
        let start = self.at - 1;
        let c = self.text.as_bytes().get(self.at).copied().unwrap_or(0);
        self.at += 1;
        match c {
            b'a' => out.push(7),
            b'b' => out.push(8),
            b'f' => out.push(12),
            b'n' => out.push(b'\n'),
            b'r' => out.push(b'\r'),
            b't' => out.push(b'\t'),
            b'v' => out.push(11),
            b'\\' | b'\'' | b'"' | b'?' => out.push(c),
            b'0'..=b'7' => {
                self.at -= 1;
                match self.digits(8, 3).and_then(|v| u8::try_from(v).ok()) {
                    Some(value) => out.push(value),
                    None => return Err(self.error_at(start, "octal escape above \\377")),
                }
            }
            b'x' | b'X' => match self.digits(16, 2) {
                Some(value) => out.push(value as u8),
                None => return Err(self.error_at(start, "expected a digit after \\x or \\X")),
            },
            b'u' | b'U' => {
                let width = if c == b'u' { 4 } else { 8 };
                let from = self.at;
                let value = self.digits(16, width);
                let scalar = match value {
                    Some(v) if self.at == from + width => char::from_u32(v),
                    _ => None,
                };
                match scalar {
                    Some(scalar) => {
                        out.extend_from_slice(scalar.encode_utf8(&mut [0; 4]).as_bytes());
                    }
                    None => return Err(self.error_at(start, "invalid Unicode escape")),
                }
            }
            _ => return Err(self.error_at(start, "invalid escape in a string")),
        }
        Ok(())
    }

    /// Up to `most` digits; `None` when there is not even one.
    fn digits(&mut self, radix: u32, most: usize) -> Option<u32> {
        let bytes = self.text.as_bytes();
        let mut value: Option<u32> = None;
        for _ in 0..most {
            let Some(d) = bytes
                .get(self.at)
                .and_then(|b| char::from(*b).to_digit(radix))
            else {
                break;
            };
            value = Some(value.unwrap_or(0).checked_mul(radix)?.checked_add(d)?);
            self.at += 1;
        }
        value
    }
}

/// The bytes of a text with escapes, as descriptors write the defaults of `bytes`.
pub(super) fn unescape(text: &str) -> Vec<u8> {
    let mut lexer = Lexer { text, at: 0 };
    let mut out = Vec::new();
    while let Some(&b) = text.as_bytes().get(lexer.at) {
        lexer.at += 1;
        if b == b'\\' {
            if lexer.escape(&mut out).is_err() {
                return text.as_bytes().to_vec();
            }
        } else {
            out.push(b);
        }
    }
    out
}
