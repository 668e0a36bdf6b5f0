//! Reads the values of options, among them the text form of messages.

use super::ast::Value;
use super::lex::Token;
use super::read::Reader;
use crate::format::InvalidSchema;
use std::collections::HashMap;

type Read<T> = Result<T, InvalidSchema>;

/// A value after `=`, or inside a message or a list.
pub(super) fn value(reader: &mut Reader<'_>) -> Read<Value> {
    match &reader.token {
        Token::Text(_) => Ok(Value::Text(reader.string()?)),
        Token::Sign('{') => message(reader, '}'),
        Token::Sign('<') => message(reader, '>'),
        Token::Sign('[') => list(reader),
        Token::Sign(sign @ ('-' | '+')) => {
            let minus = *sign == '-';
            reader.advance()?;
            let signed = |word: &str| {
                if minus {
                    format!("-{word}")
                } else {
                    word.to_owned()
                }
            };
            match reader.advance()? {
                Token::Number(word) => Ok(Value::Number(signed(word))),
                Token::Ident(word) => Ok(Value::Word(signed(word))),
                _ => reader.error("expected a number after the sign"),
            }
        }
        Token::Number(word) => {
            let word = (*word).to_owned();
            reader.advance()?;
            Ok(Value::Number(word))
        }
        Token::Ident(_) | Token::Sign('.') => Ok(Value::Word(reader.dotted()?)),
        _ => reader.error("expected a value"),
    }
}

fn list(reader: &mut Reader<'_>) -> Read<Value> {
    reader.enter()?;
    reader.sign('[')?;
    let mut items = Vec::new();
    while !reader.take_sign(']')? {
        items.push(value(reader)?);
        if !reader.take_sign(',')? {
            reader.sign(']')?;
            break;
        }
    }
    reader.leave();
    Ok(Value::List(items))
}

fn message(reader: &mut Reader<'_>, close: char) -> Read<Value> {
    reader.enter()?;
    reader.advance()?;
    let mut fields = Fields::default();
    while !reader.take_sign(close)? {
        let key = key(reader)?;
        let colon = reader.take_sign(':')?;
        let value = if !colon && !reader.at_sign('{') && !reader.at_sign('<') {
            return reader.error("expected ':' after a key");
        } else {
            value(reader)?
        };
        fields.add(key, value);
        if !reader.take_sign(',')? {
            reader.take_sign(';')?;
        }
    }
    reader.leave();
    Ok(Value::Message(fields.list))
}

/// `name`, `[full.name]` or `[host/full.name]`.
fn key(reader: &mut Reader<'_>) -> Read<String> {
    if !reader.take_sign('[')? {
        // Map literals of other parsers allow strings as keys.
        if let Token::Text(_) = reader.token {
            let bytes = reader.string()?;
            return match String::from_utf8(bytes) {
                Ok(text) if is_name(&text) => Ok(text),
                _ => reader.error("a key must be a name"),
            };
        }
        return reader.dotted();
    }
    let mut name = format!("[{}", reader.dotted()?);
    while reader.take_sign('/')? {
        name.push('/');
        name.push_str(&reader.dotted()?);
    }
    reader.sign(']')?;
    name.push(']');
    Ok(name)
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with(|c: char| c.is_ascii_digit())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// The fields of a message value. A key that comes again makes a list in its first place.
#[derive(Default)]
pub(super) struct Fields {
    pub list: Vec<(String, Value)>,
    at: HashMap<String, usize>,
}

impl Fields {
    pub fn add(&mut self, key: String, value: Value) {
        let Some(found) = self.at.get(&key).and_then(|&i| self.list.get_mut(i)) else {
            self.at.insert(key.clone(), self.list.len());
            self.list.push((key, value));
            return;
        };
        join(&mut found.1, value);
    }
}

/// Adds a value to one that is already there.
pub(super) fn join(old: &mut Value, new: Value) {
    if !matches!(old, Value::List(_)) {
        let first = std::mem::replace(old, Value::List(Vec::new()));
        if let Value::List(items) = old {
            items.push(first);
        }
    }
    if let Value::List(items) = old {
        match new {
            Value::List(more) => items.extend(more),
            one => items.push(one),
        }
    }
}
