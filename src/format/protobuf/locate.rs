//! Where messages, enums, fields and constants are declared in a text.
//!
//! Follows blocks and statements over the tokens, as far as names need it. Positions are not kept when a text is
//! read, because only reports ask for them.

use super::lex::{Lexer, Token};
use std::ops::Range;

/// Statements that declare nothing that has a place.
const SKIPPED: [&str; 8] = [
    "syntax",
    "package",
    "import",
    "option",
    "reserved",
    "extensions",
    "rpc",
    "edition",
];

/// The bytes of the name that `pointer` leads to: `/Order/Line/price`.
pub(super) fn locate(text: &str, pointer: &str) -> Option<Range<usize>> {
    let wanted: Vec<&str> = pointer.split('/').skip(1).collect();
    if wanted.is_empty() {
        return Some(0..text.len());
    }
    let mut finder = Finder {
        lexer: Lexer::new(text),
        scopes: Vec::new(),
        wanted: &wanted,
    };
    finder.run()
}

struct Finder<'t, 'w> {
    lexer: Lexer<'t>,
    /// The open blocks; oneofs and the like have no name of their own.
    scopes: Vec<Option<&'t str>>,
    wanted: &'w [&'w str],
}

impl<'t> Finder<'t, '_> {
    fn next(&mut self) -> Option<(Token<'t>, usize)> {
        self.lexer.next().ok()
    }

    /// Whether `name` in the open blocks is what is wanted.
    fn is_wanted(&self, name: &str) -> bool {
        let open = self.scopes.iter().flatten().copied();
        open.chain([name]).eq(self.wanted.iter().copied())
    }

    fn run(&mut self) -> Option<Range<usize>> {
        loop {
            match self.next()? {
                (Token::End, _) => return None,
                (Token::Sign('}'), _) => {
                    self.scopes.pop();
                }
                (Token::Ident(word), at) => {
                    if let Some(found) = self.statement(word, at)? {
                        return Some(found);
                    }
                }
                _ => {}
            }
        }
    }

    /// A statement that begins with `word`. The outer `None` is the end of the text.
    fn statement(&mut self, word: &'t str, at: usize) -> Option<Option<Range<usize>>> {
        let mut name = (word, at);
        let (mut next, mut from) = self.next()?;
        let is_block = matches!(word, "message" | "enum" | "oneof" | "extend" | "service");
        if is_block && let Token::Ident(first) = next {
            let (after, _) = self.next()?;
            if after == Token::Sign('{') {
                if matches!(word, "oneof" | "extend" | "service") {
                    self.scopes.push(None);
                    return Some(None);
                }
                if self.is_wanted(first) {
                    return Some(Some(from..from + first.len()));
                }
                self.scopes.push(Some(first));
                return Some(None);
            }
            // `extend a.b.C {`, or a field whose type is called `message`.
            name = (first, from);
            next = after;
        } else if SKIPPED.contains(&word) && next != Token::Sign('=') {
            self.skip(next)?;
            return Some(None);
        }
        let is_group = word == "group";
        let mut group = is_group;
        loop {
            match next {
                Token::Ident(word) => {
                    group |= name.0 == "group";
                    name = (word, from);
                }
                Token::Sign('=') => {
                    let found = if group {
                        self.is_wanted(&name.0.to_lowercase())
                    } else {
                        self.is_wanted(name.0)
                    };
                    if found || group && self.is_wanted(name.0) {
                        return Some(Some(name.1..name.1 + name.0.len()));
                    }
                    if group {
                        return self.group(name.0);
                    }
                    let next = self.next()?.0;
                    self.skip(next)?;
                    return Some(None);
                }
                Token::Sign('{') => {
                    self.scopes.push(None);
                    return Some(None);
                }
                Token::Sign(';' | '}') | Token::End => return Some(None),
                _ => {}
            }
            (next, from) = self.next()?;
        }
    }

    /// A group's number, options and block.
    fn group(&mut self, name: &'t str) -> Option<Option<Range<usize>>> {
        let mut brackets = 0_usize;
        loop {
            match self.next()?.0 {
                Token::Sign('[') => brackets += 1,
                Token::Sign(']') => brackets = brackets.saturating_sub(1),
                Token::Sign('{') if brackets == 0 => {
                    self.scopes.push(Some(name));
                    return Some(None);
                }
                Token::Sign(';') | Token::End => return Some(None),
                _ => {}
            }
        }
    }

    /// To the end of a statement that began before `next`.
    fn skip(&mut self, next: Token<'t>) -> Option<()> {
        let mut open = 0_usize;
        let mut next = next;
        loop {
            match next {
                Token::Sign('{' | '[') => open += 1,
                Token::Sign('}') => {
                    open = open.saturating_sub(1);
                    // A method's block needs no semicolon.
                    if open == 0 {
                        if self.lexer.peek_is(';').ok()? {
                            self.next()?;
                        }
                        return Some(());
                    }
                }
                Token::Sign(']') => open = open.saturating_sub(1),
                Token::Sign(';') if open == 0 => return Some(()),
                Token::End => return Some(()),
                _ => {}
            }
            next = self.next()?.0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::locate;

    #[test]
    fn declarations_are_found() {
        let text = r#"syntax = "proto2";
package p;
option java_package = "a.b";
import "x.proto";
message Order {
  option deprecated = true;
  reserved 5, 6;
  required int64 id = 1 [default = 3, (a.b) = { c: 1 }];
  map<string, Line> lines = 2;
  oneof o { string a = 3; Line b = 4; }
  message Line { optional .p.Order message = 1; }
  repeated group Item = 7 { optional int32 n = 1; }
  enum Kind { option allow_alias = true; NONE = 0; NEGATIVE = -1; }
}
extend p.Order { optional string more = 100; }
service S { rpc Get(Order) returns (Order) { option (x) = { y: 1 }; } rpc Put(Order) returns (Order); }
message Last { optional Order.Kind kind = 1; }
"#;
        for (pointer, name) in [
            ("/Order", "Order"),
            ("/Order/id", "id"),
            ("/Order/lines", "lines"),
            ("/Order/a", "a"),
            ("/Order/b", "b"),
            ("/Order/Line/message", "message"),
            ("/Order/item", "Item"),
            ("/Order/Item/n", "n"),
            ("/Order/Kind/NEGATIVE", "NEGATIVE"),
            ("/Last/kind", "kind"),
        ] {
            let found = locate(text, pointer).expect(pointer);
            assert_eq!(&text[found], name, "{pointer}");
        }
        assert_eq!(locate(text, "/Order/nothing"), None);
        assert_eq!(locate(text, "/Order/deprecated"), None);
    }
}
