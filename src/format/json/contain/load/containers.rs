//! What the keywords for arrays and objects demand.

use super::{Loader, Stop, Words, count, items, others, strings_of};
use crate::format::json::contain::algebra::{ALL_TYPES, ARRAY, Atom, Lit, OBJECT, Sym, TRUE};
use crate::format::json::dialect::Dialect;

impl<'a> Loader<'a> {
    pub(super) fn arrays(
        &mut self,
        words: &Words<'_, 'a>,
        dialect: Dialect,
        out: &mut Vec<Lit>,
    ) -> Result<(), Stop> {
        self.counts(words, ["minItems", "maxItems"], out, |lower, n| {
            if lower {
                Atom::MinItems(n)
            } else {
                Atom::MaxItems(n)
            }
        });
        if let Some(value) = words.get("uniqueItems") {
            match value.as_bool() {
                Some(true) => out.push(self.atom(Atom::Unique, value)),
                Some(false) => {}
                None => out.push(self.malformed("uniqueItems", value)),
            }
        }
        let (prefix, rest) = items(words, dialect);
        for (value, i) in prefix.iter().zip(0u32..) {
            let lit = self.child(words.spot, value)?;
            if lit != TRUE {
                out.push(self.atom(Atom::At(i, lit), value));
            }
        }
        if let Some(value) = rest {
            let lit = self.child(words.spot, value)?;
            if lit != TRUE {
                out.push(self.atom(Atom::From(prefix.len() as u32, lit), value));
            }
        }
        if let Some(value) = words.get("contains").filter(|_| dialect >= Dialect::Draft6) {
            let lit = self.child(words.spot, value)?;
            let bound = |keyword| {
                words
                    .get(keyword)
                    .filter(|_| dialect.is_modern())
                    .map(|value| (value, count(value)))
            };
            let least = match bound("minContains") {
                Some((value, None)) => {
                    out.push(self.malformed("minContains", value));
                    1
                }
                Some((_, Some(n))) => n,
                None => 1,
            };
            if least > 0 {
                out.push(self.atom(
                    match lit {
                        TRUE => Atom::MinItems(least),
                        _ => Atom::Contains(lit, least),
                    },
                    value,
                ));
            }
            match bound("maxContains") {
                Some((value, None)) => out.push(self.malformed("maxContains", value)),
                Some((value, Some(most))) => {
                    let more = self.atom(
                        match lit {
                            TRUE => Atom::MinItems(most + 1),
                            _ => Atom::Contains(lit, most + 1),
                        },
                        value,
                    );
                    let other_types = self.algebra.types(ALL_TYPES & !ARRAY);
                    out.push(self.algebra.or([other_types, -more]));
                }
                None => {}
            }
        }
        Ok(())
    }

    pub(super) fn objects(
        &mut self,
        words: &Words<'_, 'a>,
        dialect: Dialect,
        out: &mut Vec<Lit>,
    ) -> Result<(), Stop> {
        self.counts(
            words,
            ["minProperties", "maxProperties"],
            out,
            |lower, n| {
                if lower {
                    Atom::MinMembers(n)
                } else {
                    Atom::MaxMembers(n)
                }
            },
        );
        let mut names: Vec<Sym> = Vec::new();
        let mut patterns: Vec<Sym> = Vec::new();
        for (keyword, symbols) in [
            ("properties", &mut names),
            ("patternProperties", &mut patterns),
        ] {
            let Some(value) = words.get(keyword) else {
                continue;
            };
            let Some(members) = value.as_object() else {
                out.push(self.malformed(keyword, value));
                continue;
            };
            for (name, value) in members {
                let symbol = self.algebra.symbol(name);
                symbols.push(symbol);
                let lit = self.child(words.spot, value)?;
                if lit != TRUE {
                    let atom = if keyword == "properties" {
                        Atom::Member(symbol, lit)
                    } else {
                        Atom::Matching(symbol, lit)
                    };
                    out.push(self.atom(atom, value));
                }
            }
        }
        if let Some(value) = words.get("additionalProperties") {
            let lit = self.child(words.spot, value)?;
            if lit != TRUE {
                let others = others(names, patterns, lit);
                out.push(self.atom(others, value));
            }
        }
        if let Some(value) = words.get("required") {
            match strings_of(value) {
                Some(required) => {
                    for name in required {
                        let symbol = self.algebra.symbol(name);
                        out.push(self.atom(Atom::Required(symbol), value));
                    }
                }
                None => out.push(self.malformed("required", value)),
            }
        }
        if let Some(value) = words
            .get("propertyNames")
            .filter(|_| dialect >= Dialect::Draft6)
        {
            let lit = self.child(words.spot, value)?;
            if lit != TRUE {
                out.push(self.atom(Atom::Names(lit), value));
            }
        }
        for (keyword, counts) in [
            // The newest specifications left it behind, validators did not.
            ("dependencies", true),
            ("dependentRequired", dialect.is_modern()),
            ("dependentSchemas", dialect.is_modern()),
        ] {
            let Some(value) = words.get(keyword).filter(|_| counts) else {
                continue;
            };
            let Some(members) = value.as_object() else {
                out.push(self.malformed(keyword, value));
                continue;
            };
            for (name, value) in members {
                let symbol = self.algebra.symbol(name);
                let premise = self.atom(Atom::Required(symbol), value);
                let conclusion = match strings_of(value) {
                    Some(required) if keyword != "dependentSchemas" => {
                        let all: Vec<Lit> = required
                            .into_iter()
                            .map(|name| {
                                let symbol = self.algebra.symbol(name);
                                self.atom(Atom::Required(symbol), value)
                            })
                            .collect();
                        self.algebra.and(all)
                    }
                    // Older schemas name a single one.
                    _ if keyword == "dependencies" && value.as_str().is_some() => {
                        let symbol = self.algebra.symbol(value.as_str().unwrap_or_default());
                        self.atom(Atom::Required(symbol), value)
                    }
                    _ if keyword == "dependentRequired" => self.malformed(keyword, value),
                    _ => self.child(words.spot, value)?,
                };
                let other_types = self.algebra.types(ALL_TYPES & !OBJECT);
                out.push(self.algebra.or([other_types, -premise, conclusion]));
            }
        }
        Ok(())
    }
}
