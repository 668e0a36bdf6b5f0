//! Reads enums and services.

use super::ast::*;
use super::lex::Token;
use super::read::Reader;
use crate::format::InvalidSchema;

type Read<T> = Result<T, InvalidSchema>;

impl Reader<'_> {
    pub fn enumeration(&mut self) -> Read<Enum> {
        self.advance()?;
        let mut out = Enum {
            name: self.ident()?.to_owned(),
            ..Enum::default()
        };
        self.sign('{')?;
        while !self.take_sign('}')? {
            match self.token {
                Token::Sign(';') => {
                    self.advance()?;
                    continue;
                }
                Token::Ident(_) => {}
                _ => return self.unexpected("a constant or '}'"),
            }
            let word = self.ident_peek();
            // `option = 1;` and `reserved = 2;` are constants with odd names.
            match word {
                "option" | "reserved" if !self.next_is_equals()? => {
                    if word == "option" {
                        out.options.push(self.option_statement()?);
                    } else {
                        out.reserved.push(self.reserved()?);
                    }
                }
                _ => {
                    let name = self.ident()?.to_owned();
                    self.sign('=')?;
                    let tag = self.signed_number()?;
                    let options = self.bracket_options()?;
                    self.sign(';')?;
                    out.constants.push(Constant { name, tag, options });
                }
            }
        }
        Ok(out)
    }

    pub fn service(&mut self) -> Read<Service> {
        self.advance()?;
        let mut service = Service {
            name: self.ident()?.to_owned(),
            ..Service::default()
        };
        self.sign('{')?;
        while !self.take_sign('}')? {
            match self.token {
                Token::Sign(';') => {
                    self.advance()?;
                }
                Token::Ident("option") => service.options.push(self.option_statement()?),
                Token::Ident("rpc") => service.rpcs.push(self.rpc()?),
                _ => return self.unexpected("an rpc or '}'"),
            }
        }
        Ok(service)
    }

    fn rpc(&mut self) -> Read<Rpc> {
        self.advance()?;
        let name = self.ident()?.to_owned();
        let (request, request_stream) = self.rpc_type()?;
        if !self.take_word("returns")? {
            return self.unexpected("'returns'");
        }
        let (response, response_stream) = self.rpc_type()?;
        let mut options = Vec::new();
        if self.take_sign('{')? {
            while !self.take_sign('}')? {
                match self.token {
                    Token::Sign(';') => {
                        self.advance()?;
                    }
                    Token::Ident("option") => options.push(self.option_statement()?),
                    _ => return self.unexpected("an option or '}'"),
                }
            }
            self.take_sign(';')?;
        } else {
            self.sign(';')?;
        }
        Ok(Rpc {
            name,
            request,
            request_stream,
            response,
            response_stream,
            options,
        })
    }

    fn rpc_type(&mut self) -> Read<(String, bool)> {
        self.sign('(')?;
        let name = self.dotted()?;
        let (name, stream) = if name == "stream" && !self.at_sign(')') {
            (self.dotted()?, true)
        } else if let Some(rest) = name.strip_prefix("stream.") {
            // `stream .a.B` reads as one dotted name.
            (format!(".{rest}"), true)
        } else {
            (name, false)
        };
        self.sign(')')?;
        Ok((name, stream))
    }
}
