//! Reads a `.proto` text into [`ast::File`]: syntax only, no names are resolved here.

use super::ast::*;
use super::lex::{Lexer, Token};
use super::read_value;
use crate::format::{InvalidSchema, Limits};

/// How deep messages and option values may nest at most, whatever the caller's limits are. What deep indentation
/// and long names add to a text is bounded by `size`.
pub(super) const NESTING: usize = 1_000;

/// How long a written or a full name may be, so that names repeated by resolution cannot blow a text up.
pub(super) const NAME: usize = 8_192;

type Read<T> = Result<T, InvalidSchema>;

/// Reads a whole file.
pub(super) fn read(text: &str, limits: &Limits) -> Read<File> {
    let mut reader = Reader::new(text, limits)?;
    reader.file()
}

/// The parser's state: one token of look-ahead.
pub(super) struct Reader<'a> {
    lexer: Lexer<'a>,
    pub token: Token<'a>,
    at: usize,
    depth: usize,
    nesting: usize,
    proto3: bool,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str, limits: &Limits) -> Read<Self> {
        let mut lexer = Lexer::new(text);
        let (token, at) = lexer.next()?;
        Ok(Self {
            lexer,
            token,
            at,
            depth: 0,
            nesting: limits.depth.min(NESTING),
            proto3: false,
        })
    }

    pub fn error<T>(&self, what: impl std::fmt::Display) -> Read<T> {
        Err(self.lexer.error_at(self.at, what))
    }

    pub fn unexpected<T>(&self, expected: &str) -> Read<T> {
        let found = match &self.token {
            Token::Ident(word) | Token::Number(word) => {
                format!("'{}'", word.chars().take(60).collect::<String>())
            }
            Token::Text(_) => "a string".to_owned(),
            Token::Sign(c) => format!("'{c}'"),
            Token::End => "the end of the text".to_owned(),
        };
        self.error(format_args!("expected {expected} but found {found}"))
    }

    pub fn advance(&mut self) -> Read<Token<'a>> {
        let (next, at) = self.lexer.next()?;
        self.at = at;
        Ok(std::mem::replace(&mut self.token, next))
    }

    pub fn at_sign(&self, sign: char) -> bool {
        self.token == Token::Sign(sign)
    }

    fn at_word(&self, word: &str) -> bool {
        self.token == Token::Ident(word)
    }

    pub fn take_sign(&mut self, sign: char) -> Read<bool> {
        let there = self.at_sign(sign);
        if there {
            self.advance()?;
        }
        Ok(there)
    }

    pub fn take_word(&mut self, word: &str) -> Read<bool> {
        let there = self.at_word(word);
        if there {
            self.advance()?;
        }
        Ok(there)
    }

    pub fn sign(&mut self, sign: char) -> Read<()> {
        if self.take_sign(sign)? {
            Ok(())
        } else {
            self.unexpected(&format!("'{sign}'"))
        }
    }

    /// Goes one level down; the caller calls [`Self::leave`].
    pub fn enter(&mut self) -> Read<()> {
        self.depth += 1;
        if self.depth > self.nesting {
            return self.error(format_args!("nested deeper than {} levels", self.nesting));
        }
        Ok(())
    }

    pub fn leave(&mut self) {
        self.depth -= 1;
    }

    pub fn ident(&mut self) -> Read<&'a str> {
        match self.token {
            Token::Ident(word) if word.len() > NAME => self.error("the name is too long"),
            Token::Ident(word) => {
                self.advance()?;
                Ok(word)
            }
            _ => self.unexpected("a name"),
        }
    }

    /// A dotted name, with a leading dot if it has one.
    pub fn dotted(&mut self) -> Read<String> {
        let mut name = String::new();
        if self.take_sign('.')? {
            name.push('.');
        }
        loop {
            name.push_str(self.ident()?);
            if name.len() > NAME {
                return self.error("the name is too long");
            }
            if !self.take_sign('.')? {
                return Ok(name);
            }
            name.push('.');
        }
    }

    /// A string; adjacent ones are joined.
    pub fn string(&mut self) -> Read<Vec<u8>> {
        let mut out = match self.token {
            Token::Text(_) => Vec::new(),
            _ => return self.unexpected("a string"),
        };
        while let Token::Text(_) = self.token {
            if let Token::Text(part) = self.advance()? {
                out.extend_from_slice(&part);
            }
        }
        Ok(out)
    }

    fn utf8(&mut self) -> Read<String> {
        let at = self.at;
        let bytes = self.string()?;
        String::from_utf8(bytes).map_err(|_| self.lexer.error_at(at, "the string is not UTF-8"))
    }

    fn whole_number(&mut self, what: &str) -> Read<i64> {
        if let Token::Number(word) = self.token
            && let Some(value) = whole(word)
        {
            self.advance()?;
            return Ok(value);
        }
        self.unexpected(what)
    }

    pub fn signed_number(&mut self) -> Read<i64> {
        let negative = self.take_sign('-')?;
        let value = self.whole_number("a number")?;
        Ok(if negative { -value } else { value })
    }

    // ---- the file ----

    fn file(&mut self) -> Read<File> {
        let mut file = File::default();
        let mut first = true;
        loop {
            let word = match self.token {
                Token::End => return Ok(file),
                Token::Sign(';') => {
                    self.advance()?;
                    continue;
                }
                Token::Ident(word) => word,
                _ => return self.unexpected("a declaration"),
            };
            match word {
                "syntax" | "edition" => {
                    let at = self.at;
                    self.advance()?;
                    self.sign('=')?;
                    let value = self.utf8()?;
                    self.sign(';')?;
                    if word == "edition" {
                        return Err(self.lexer.error_at(
                            at,
                            "editions are not supported, only syntax \"proto2\" and \"proto3\"",
                        ));
                    }
                    if !first {
                        return Err(self.lexer.error_at(
                            at,
                            "'syntax' element must be the first declaration in a file",
                        ));
                    }
                    file.syntax = Some(match value.as_str() {
                        "proto2" => Syntax::Proto2,
                        "proto3" => Syntax::Proto3,
                        _ => return Err(self.lexer.error_at(at, "unknown syntax")),
                    });
                    self.proto3 = file.is_proto3();
                }
                "package" => {
                    if file.package.is_some() {
                        return self.error("more than one package");
                    }
                    self.advance()?;
                    let name = self.dotted()?;
                    self.sign(';')?;
                    file.package = Some(name.trim_start_matches('.').to_owned());
                }
                "import" => {
                    self.advance()?;
                    let kind = if self.take_word("public")? {
                        ImportKind::Public
                    } else if self.take_word("weak")? {
                        ImportKind::Weak
                    } else {
                        ImportKind::Plain
                    };
                    let path = self.utf8()?;
                    self.sign(';')?;
                    file.imports.push(Import { kind, path });
                }
                "option" => file.options.push(self.option_statement()?),
                "message" => file.messages.push(self.message()?),
                "enum" => file.enums.push(self.enumeration()?),
                "extend" => file.extends.push(self.extend()?),
                "service" => file.services.push(self.service()?),
                _ => return self.unexpected("a declaration"),
            }
            first = false;
        }
    }

    // ---- messages ----

    fn message(&mut self) -> Read<Message> {
        self.advance()?;
        let name = self.ident()?.to_owned();
        self.message_body(name)
    }

    fn message_body(&mut self, name: String) -> Read<Message> {
        let mut message = Message {
            name,
            ..Message::default()
        };
        self.enter()?;
        self.sign('{')?;
        while !self.take_sign('}')? {
            match self.token {
                Token::Sign(';') => {
                    self.advance()?;
                }
                Token::Ident("message") => message.messages.push(self.message()?),
                Token::Ident("enum") => message.enums.push(self.enumeration()?),
                Token::Ident("extend") => message.extends.push(self.extend()?),
                Token::Ident("extensions") => message.extensions.push(self.extensions()?),
                Token::Ident("reserved") => message.reserved.push(self.reserved()?),
                Token::Ident("option") => message.options.push(self.option_statement()?),
                Token::Ident("oneof") => message.oneofs.push(self.oneof()?),
                Token::Ident(_) | Token::Sign('.') => {
                    self.field(&mut message.fields, &mut message.groups, Place::Message)?;
                }
                _ => return self.unexpected("a field, a nested declaration or '}'"),
            }
        }
        self.leave();
        Ok(message)
    }

    fn oneof(&mut self) -> Read<Oneof> {
        self.advance()?;
        let mut oneof = Oneof {
            name: self.ident()?.to_owned(),
            ..Oneof::default()
        };
        self.sign('{')?;
        while !self.take_sign('}')? {
            match self.token {
                Token::Sign(';') => {
                    self.advance()?;
                }
                Token::Ident("option") => oneof.options.push(self.option_statement()?),
                Token::Ident(_) | Token::Sign('.') => {
                    self.field(&mut oneof.fields, &mut oneof.groups, Place::Oneof)?;
                }
                _ => return self.unexpected("a field or '}'"),
            }
        }
        Ok(oneof)
    }

    fn extend(&mut self) -> Read<Extend> {
        self.advance()?;
        let mut extend = Extend {
            name: self.dotted()?,
            ..Extend::default()
        };
        self.sign('{')?;
        while !self.take_sign('}')? {
            match self.token {
                Token::Sign(';') => {
                    self.advance()?;
                }
                Token::Ident(_) | Token::Sign('.') => {
                    self.field(&mut extend.fields, &mut extend.groups, Place::Extend)?;
                }
                _ => return self.unexpected("a field or '}'"),
            }
        }
        Ok(extend)
    }

    fn label(&mut self) -> Read<Option<Label>> {
        let label = match self.token {
            Token::Ident("optional") => Label::Optional,
            Token::Ident("required") => Label::Required,
            Token::Ident("repeated") => Label::Repeated,
            _ => return Ok(None),
        };
        self.advance()?;
        Ok(Some(label))
    }

    fn field(
        &mut self,
        fields: &mut Vec<Field>,
        groups: &mut Vec<Group>,
        place: Place,
    ) -> Read<()> {
        let at = self.at;
        let label = self.label()?;
        let wrong = |reader: &Self, what: &str| Err(reader.lexer.error_at(at, what));
        match (label, place) {
            (Some(_), Place::Oneof) => return wrong(self, "a oneof's field has no label"),
            (Some(Label::Required), _) if self.proto3 => {
                return wrong(
                    self,
                    "'required' label forbidden in proto3 field declarations",
                );
            }
            _ => {}
        }
        if self.at_word("group") {
            if self.proto3 {
                return wrong(self, "groups are not supported in proto3");
            }
            self.advance()?;
            let name = self.ident()?.to_owned();
            self.sign('=')?;
            let tag = self.whole_number("a field number")?;
            let options = self.bracket_options()?;
            let body = self.message_body(name)?;
            groups.push(Group {
                label,
                tag,
                options,
                body,
            });
            return Ok(());
        }
        let name = self.dotted()?;
        let ty = if name == "map" && self.at_sign('<') {
            if label.is_some() {
                return wrong(self, "'map' type cannot have label");
            }
            if place != Place::Message {
                return wrong(self, "'map' type is only allowed for fields of a message");
            }
            self.advance()?;
            let key = self.dotted()?;
            self.sign(',')?;
            let value = self.dotted()?;
            self.sign('>')?;
            Type::Map(key, value)
        } else {
            if label.is_none() && !self.proto3 && place != Place::Oneof {
                return wrong(
                    self,
                    format!("expected 'required', 'optional' or 'repeated' before '{name}'")
                        .as_str(),
                );
            }
            Type::Named(name)
        };
        let name = self.ident()?.to_owned();
        self.sign('=')?;
        let tag = self.whole_number("a field number")?;
        let options = self.bracket_options()?;
        self.sign(';')?;
        fields.push(Field {
            label,
            ty,
            name,
            tag,
            options,
        });
        Ok(())
    }

    /// `4`, `4 to 6`, `4 to max`, `"name"`: one statement is all numbers or all names.
    pub fn reserved(&mut self) -> Read<Vec<Reserved>> {
        self.advance()?;
        let mut items = Vec::new();
        let names = matches!(self.token, Token::Text(_));
        loop {
            if names {
                items.push(Reserved::Name(self.utf8()?));
            } else {
                items.push(self.range()?);
            }
            if !self.take_sign(',')? {
                self.sign(';')?;
                return Ok(items);
            }
        }
    }

    fn range(&mut self) -> Read<Reserved> {
        let start = self.signed_number()?;
        if !self.take_word("to")? {
            return Ok(Reserved::Number(start));
        }
        if self.take_word("max")? {
            return Ok(Reserved::Range(start, None));
        }
        let end = self.signed_number()?;
        if end < start {
            return self.error("the end of a range is before its start");
        }
        Ok(Reserved::Range(start, Some(end)))
    }

    fn extensions(&mut self) -> Read<Extensions> {
        self.advance()?;
        let mut ranges = Vec::new();
        loop {
            ranges.push(self.range()?);
            if !self.take_sign(',')? {
                break;
            }
        }
        let options = self.bracket_options()?;
        self.sign(';')?;
        Ok(Extensions { ranges, options })
    }

    pub fn ident_peek(&self) -> &'a str {
        match self.token {
            Token::Ident(word) => word,
            _ => "",
        }
    }

    pub fn next_is_equals(&mut self) -> Read<bool> {
        self.lexer.peek_is('=')
    }

    // ---- options ----

    pub fn option_statement(&mut self) -> Read<Opt> {
        self.advance()?;
        let option = self.option()?;
        self.sign(';')?;
        Ok(option)
    }

    pub fn bracket_options(&mut self) -> Read<Vec<Opt>> {
        let mut options = Vec::new();
        if self.take_sign('[')? {
            loop {
                options.push(self.option()?);
                if self.take_sign(',')? {
                    continue;
                }
                self.sign(']')?;
                break;
            }
        }
        Ok(options)
    }

    fn option(&mut self) -> Read<Opt> {
        let mut name = Vec::new();
        loop {
            if self.take_sign('(')? {
                name.push(Part::custom(self.dotted()?));
                self.sign(')')?;
            } else {
                name.push(Part::plain(self.ident()?));
            }
            if name.len() > self.nesting {
                return self.error("the option's name has too many parts");
            }
            if !self.take_sign('.')? {
                break;
            }
        }
        self.sign('=')?;
        let value = read_value::value(self)?;
        Ok(Opt { name, value })
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Place {
    Message,
    Oneof,
    Extend,
}

/// A whole number as written: decimal, octal with a leading 0, hexadecimal.
pub(super) fn whole(word: &str) -> Option<i64> {
    if let Some(hex) = word.strip_prefix("0x").or_else(|| word.strip_prefix("0X")) {
        i64::from_str_radix(hex, 16).ok()
    } else if word.len() > 1 && word.starts_with('0') {
        i64::from_str_radix(word, 8).ok()
    } else {
        word.parse().ok()
    }
}
