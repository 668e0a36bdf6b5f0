//! Schemas to the algebra: what each keyword of each dialect demands.
//!
//! What is malformed, or leads nowhere, or is not interpreted becomes an opaque atom: it stands for itself, so it
//! still cancels where both sides have it, and leaving it out makes schemas larger, which no proof minds.

mod constants;
mod containers;

use super::algebra::{
    ARRAY, Algebra, Atom, BOOLEAN, Bound, FALSE, Lit, NULL, NUMBER, OBJECT, STRING, Sym, TRUE,
    Types,
};
use super::classes::{Classes, Led, Referral, referrals};
use super::covered::Listing;
use super::fast::{Map, Set};
use super::sources::{SideIndex, Sources, Spot, address};
use super::value::{grown, rational};
use crate::format::json::comparable;
use crate::format::json::dialect::Dialect;
use crate::format::json_text::{Node, Value};
use num_traits::Signed;
use std::rc::Rc;

/// The keywords that assert something by themselves.
pub(super) const ASSERTIONS: &[&str] = &[
    "type",
    "enum",
    "const",
    "multipleOf",
    "maximum",
    "exclusiveMaximum",
    "minimum",
    "exclusiveMinimum",
    "maxLength",
    "minLength",
    "pattern",
    "maxItems",
    "minItems",
    "uniqueItems",
    "maxContains",
    "minContains",
    "maxProperties",
    "minProperties",
    "required",
    "dependentRequired",
    "format",
];

/// Larger counts are one: nobody writes so many things.
const MOST: u64 = 1 << 40;

/// The steps are used up.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stop;

/// Counts steps.
pub(super) struct Meter {
    /// Steps of the search.
    pub(super) left: u64,
    /// Parts of schemas that may be read; reading is far cheaper than searching.
    pub(super) reading: u64,
}

impl Meter {
    pub(super) fn tick(&mut self, steps: u64) -> Result<(), Stop> {
        self.left = self.left.checked_sub(steps).ok_or(Stop)?;
        Ok(())
    }

    pub(super) fn read(&mut self, parts: u64) -> Result<(), Stop> {
        self.reading = self.reading.checked_sub(parts).ok_or(Stop)?;
        Ok(())
    }
}

/// Reads schemas, each once.
pub(super) struct Loader<'a> {
    pub(super) algebra: Algebra,
    pub(super) sources: Sources<'a>,
    pub(super) classes: Classes<'a>,
    pub(super) meter: Meter,
    pub(super) assert_formats: bool,
    pub(super) listing: Listing,
    /// Where an atom was first seen: the address of a value.
    origins: Map<Lit, usize>,
    loaded: Map<(SideIndex, usize), Lit>,
    /// What is being read: `unevaluated*` reads what a reference leads to in place, which may be where it stands.
    loading: Set<(SideIndex, usize)>,
}

impl<'a> Loader<'a> {
    pub(super) fn new(
        sources: Sources<'a>,
        classes: Classes<'a>,
        meter: Meter,
        assert_formats: bool,
    ) -> Self {
        Self {
            algebra: Algebra::new(),
            sources,
            classes,
            meter,
            assert_formats,
            listing: Listing::default(),
            origins: Map::default(),
            loaded: Map::default(),
            loading: Set::default(),
        }
    }

    /// Where an atom was first seen.
    pub(super) fn origin(&self, lit: Lit) -> Option<usize> {
        self.origins.get(&lit.abs()).copied()
    }

    /// What the schemas of a class say.
    pub(super) fn target(&mut self, class: u32) -> Result<Lit, Stop> {
        match self.classes.representatives.get(class as usize).copied() {
            Some(spot) => self.load(spot),
            None => Ok(TRUE),
        }
    }

    /// What a schema says.
    pub(super) fn load(&mut self, spot: Spot<'a>) -> Result<Lit, Stop> {
        let members = match &spot.value.value {
            Value::Bool(true) => return Ok(TRUE),
            Value::Bool(false) => return Ok(FALSE),
            Value::Object(members) => members,
            _ => return Ok(self.malformed("schema", spot.value)),
        };
        let key = (self.sources.side(&spot), spot.address());
        if let Some(&lit) = self.loaded.get(&key) {
            return Ok(lit);
        }
        self.meter.read(1 + members.len() as u64)?;
        if !self.loading.insert(key) {
            return Ok(self.reference(&spot));
        }
        let lit = grown(|| self.object(&spot, members))?;
        self.loading.remove(&key);
        self.loaded.insert(key, lit);
        Ok(lit)
    }

    /// A schema directly inside another.
    pub(super) fn child(&mut self, parent: &Spot<'a>, value: &'a Node) -> Result<Lit, Stop> {
        let spot = self.sources.inside(parent, value);
        self.load(spot)
    }

    /// What a reference to a schema says.
    pub(super) fn reference(&mut self, target: &Spot<'a>) -> Lit {
        match target.value.value {
            Value::Bool(true) => return TRUE,
            Value::Bool(false) => return FALSE,
            _ => {}
        }
        let key = (self.sources.side(target), target.address());
        let class = match self.classes.of.get(&key) {
            Some(&class) => class,
            None => {
                let class = self.classes.representatives.len() as u32;
                self.classes.representatives.push(*target);
                self.classes.of.insert(key, class);
                class
            }
        };
        self.atom(Atom::Ref(class), target.value)
    }

    /// An atom that stands in a schema's text.
    fn atom(&mut self, atom: Atom, at: &Node) -> Lit {
        let lit = self.algebra.atom(atom);
        self.origins.entry(lit).or_insert_with(|| address(at));
        lit
    }

    /// Something that is not interpreted.
    pub(super) fn opaque(&mut self, what: &str, at: &Node) -> Lit {
        let symbol = self.algebra.symbol(what);
        self.atom(Atom::Opaque(symbol), at)
    }

    fn malformed(&mut self, keyword: &str, value: &Node) -> Lit {
        self.opaque(
            &format!("malformed {keyword}\u{0}{}", comparable(value)),
            value,
        )
    }

    /// What the references of a schema object say.
    fn references(
        &mut self,
        spot: &Spot<'a>,
        members: &'a [(String, Node)],
        out: &mut Vec<Lit>,
    ) -> Result<bool, Stop> {
        let mut refers = false;
        for (kind, reference) in referrals(&self.sources, spot, members) {
            refers |= kind == Referral::Plain;
            let led = self.classes.lead(&mut self.sources, spot, kind, reference);
            out.push(match led {
                Led::To(target) => self.reference(&target),
                Led::Missing => self.unresolved(spot, reference),
                Led::Depends => {
                    let side = self.sources.side(spot);
                    self.opaque(
                        &format!("dynamic reference\u{0}{side}{reference}"),
                        spot.value,
                    )
                }
            });
        }
        Ok(refers)
    }

    fn unresolved(&mut self, spot: &Spot<'a>, reference: &str) -> Lit {
        let full = self.sources.absolute(spot, reference);
        // What leads nowhere on both sides by the same URI is the same unknown thing.
        self.opaque(
            &format!("reference that leads nowhere\u{0}{full}"),
            spot.value,
        )
    }

    fn object(&mut self, spot: &Spot<'a>, members: &'a [(String, Node)]) -> Result<Lit, Stop> {
        let dialect = self.sources.dialect(spot);
        let mut out: Vec<Lit> = Vec::new();
        let refers = self.references(spot, members, &mut out)?;
        if !refers || dialect.is_modern() {
            let words = Words { spot, members };
            self.general(&words, dialect, &mut out)?;
            self.numbers(&words, dialect, &mut out);
            self.strings(&words, &mut out);
            self.combinations(&words, dialect, &mut out)?;
            self.arrays(&words, dialect, &mut out)?;
            self.objects(&words, dialect, &mut out)?;
            if dialect.is_modern() {
                for (keyword, kind) in [
                    ("unevaluatedProperties", OBJECT),
                    ("unevaluatedItems", ARRAY),
                ] {
                    if let Some(value) = words.get(keyword) {
                        let lit = self.unevaluated(spot, members, keyword, value, kind)?;
                        out.push(lit);
                    }
                }
            }
        }
        self.meter.read(out.len() as u64)?;
        Ok(self.algebra.and(out))
    }

    fn general(
        &mut self,
        words: &Words<'_, 'a>,
        dialect: Dialect,
        out: &mut Vec<Lit>,
    ) -> Result<(), Stop> {
        if let Some(value) = words.get("type") {
            let names: Vec<&str> = match &value.value {
                Value::String(name) => vec![name],
                Value::Array(names) => names.iter().filter_map(Node::as_str).collect(),
                _ => Vec::new(),
            };
            let mut types: Types = 0;
            let mut known = !names.is_empty();
            for name in &names {
                match named_type(name) {
                    Some(one) => types |= one,
                    None => known = false,
                }
            }
            if known {
                out.push(self.algebra.types(types));
                if names.contains(&"integer") && !names.contains(&"number") {
                    let spelt = dialect == Dialect::Draft4;
                    out.push(self.atom(Atom::Integer { spelt }, value));
                }
            } else {
                out.push(self.malformed("type", value));
            }
        }
        if let Some(value) = words.get("enum") {
            match value.as_array() {
                Some(values) => {
                    let mut any = Vec::with_capacity(values.len());
                    for value in values {
                        any.push(self.constant(value)?);
                    }
                    out.push(self.algebra.or(any));
                }
                None => out.push(self.malformed("enum", value)),
            }
        }
        if let Some(value) = words.get("const").filter(|_| dialect >= Dialect::Draft6) {
            out.push(self.constant(value)?);
        }
        Ok(())
    }

    fn numbers(&mut self, words: &Words<'_, 'a>, dialect: Dialect, out: &mut Vec<Lit>) {
        for (keyword, exclusive_keyword, is_lower) in [
            ("minimum", "exclusiveMinimum", true),
            ("maximum", "exclusiveMaximum", false),
        ] {
            let exclusive = words.get(exclusive_keyword);
            let switch = exclusive.and_then(Node::as_bool);
            let mut bounds: Vec<(&'a Node, bool)> = Vec::new();
            if let Some(value) = words.get(keyword) {
                bounds.push((value, switch == Some(true)));
            }
            if let Some(value) = exclusive
                && switch.is_none()
                && dialect != Dialect::Draft4
            {
                bounds.push((value, true));
            }
            for (value, exclusive) in bounds {
                let Some(number) = value.as_number() else {
                    out.push(self.malformed(keyword, value));
                    continue;
                };
                let bound = Bound {
                    value: Rc::new(rational(number)),
                    exclusive,
                };
                let atom = if is_lower {
                    Atom::Minimum(bound)
                } else {
                    Atom::Maximum(bound)
                };
                out.push(self.atom(atom, value));
            }
        }
        if let Some(value) = words.get("multipleOf") {
            match value.as_number().map(rational) {
                Some(step) if step.is_positive() => {
                    out.push(self.atom(Atom::MultipleOf(Rc::new(step)), value));
                }
                _ => out.push(self.malformed("multipleOf", value)),
            }
        }
    }

    fn strings(&mut self, words: &Words<'_, 'a>, out: &mut Vec<Lit>) {
        self.counts(words, ["minLength", "maxLength"], out, |lower, n| {
            if lower {
                Atom::MinLength(n)
            } else {
                Atom::MaxLength(n)
            }
        });
        if let Some(value) = words.get("pattern") {
            match value.as_str() {
                Some(text) => {
                    let symbol = self.algebra.symbol(text);
                    out.push(self.atom(Atom::Pattern(symbol), value));
                }
                None => out.push(self.malformed("pattern", value)),
            }
        }
        let dialect = self.sources.dialect(words.spot);
        // Validators may assert what a text contains in the drafts before 2019-09, and some do.
        let contents = matches!(dialect, Dialect::Draft6 | Dialect::Draft7);
        for (keyword, counts) in [
            ("format", self.assert_formats),
            ("contentEncoding", contents),
            ("contentMediaType", contents),
        ] {
            if counts
                && let Some(value) = words.get(keyword)
                && let Some(text) = value.as_str()
            {
                // Each dialect has formats of its own.
                let symbol = self
                    .algebra
                    .symbol(&format!("{keyword}\u{0}{text}\u{0}{dialect:?}"));
                out.push(self.atom(Atom::Format(symbol), value));
            }
        }
    }

    /// Bounds on a count.
    fn counts(
        &mut self,
        words: &Words<'_, 'a>,
        keywords: [&'static str; 2],
        out: &mut Vec<Lit>,
        atom: impl Fn(bool, u64) -> Atom,
    ) {
        for (keyword, lower) in keywords.into_iter().zip([true, false]) {
            let Some(value) = words.get(keyword) else {
                continue;
            };
            match count(value) {
                Some(0) if lower => {}
                Some(n) if n >= MOST && !lower => {}
                Some(n) => out.push(self.atom(atom(lower, n), value)),
                None => out.push(self.malformed(keyword, value)),
            }
        }
    }

    fn combinations(
        &mut self,
        words: &Words<'_, 'a>,
        dialect: Dialect,
        out: &mut Vec<Lit>,
    ) -> Result<(), Stop> {
        for keyword in ["allOf", "anyOf", "oneOf"] {
            let Some(value) = words.get(keyword) else {
                continue;
            };
            let Some(items) = value.as_array() else {
                out.push(self.malformed(keyword, value));
                continue;
            };
            let mut parts = Vec::with_capacity(items.len());
            for item in items {
                parts.push(self.child(words.spot, item)?);
            }
            match keyword {
                "allOf" => out.extend(parts),
                "anyOf" => out.push(self.algebra.or(parts)),
                _ => {
                    let lit = self.algebra.one(parts);
                    self.origins.entry(lit).or_insert_with(|| address(value));
                    out.push(lit);
                }
            }
        }
        if let Some(value) = words.get("not") {
            out.push(-self.child(words.spot, value)?);
        }
        if let Some(value) = words.get("if").filter(|_| dialect >= Dialect::Draft7) {
            let condition = self.child(words.spot, value)?;
            for (keyword, premise) in [("then", -condition), ("else", condition)] {
                if let Some(value) = words.get(keyword) {
                    let conclusion = self.child(words.spot, value)?;
                    out.push(self.algebra.or([premise, conclusion]));
                }
            }
        }
        Ok(())
    }
}

/// The atom for all members but those.
pub(super) fn others(mut names: Vec<Sym>, mut patterns: Vec<Sym>, lit: Lit) -> Atom {
    for symbols in [&mut names, &mut patterns] {
        symbols.sort_unstable();
        symbols.dedup();
    }
    Atom::Others(names.into(), patterns.into(), lit)
}

/// The members of a schema object.
pub(super) struct Words<'w, 'a> {
    pub(super) spot: &'w Spot<'a>,
    pub(super) members: &'a [(String, Node)],
}

impl<'a> Words<'_, 'a> {
    pub(super) fn get(&self, keyword: &str) -> Option<&'a Node> {
        self.members
            .iter()
            .find(|(name, _)| name == keyword)
            .map(|(_, value)| value)
    }
}

/// The schemas of the first items, and of all others.
pub(super) fn items<'a>(words: &Words<'_, 'a>, dialect: Dialect) -> (&'a [Node], Option<&'a Node>) {
    let items = words.get("items");
    if dialect == Dialect::Draft2020 {
        let prefix = words.get("prefixItems").and_then(Node::as_array);
        return (prefix.unwrap_or_default(), items);
    }
    match items.map(|value| (value, value.as_array())) {
        Some((_, Some(prefix))) => (prefix, words.get("additionalItems")),
        Some((value, None)) => (&[], Some(value)),
        None => (&[], None),
    }
}

fn strings_of(value: &Node) -> Option<Vec<&str>> {
    value.as_array()?.iter().map(Node::as_str).collect()
}

/// A count: a whole number that is not negative, however it is spelt.
fn count(value: &Node) -> Option<u64> {
    let number = value.as_number()?;
    if !number.is_integral() || rational(number).is_negative() {
        return None;
    }
    let exact = number.to_i64().map_or(MOST, i64::unsigned_abs);
    Some(exact.min(MOST))
}

fn named_type(name: &str) -> Option<Types> {
    Some(match name {
        "null" => NULL,
        "boolean" => BOOLEAN,
        "string" => STRING,
        "number" | "integer" => NUMBER,
        "object" => OBJECT,
        "array" => ARRAY,
        _ => return None,
    })
}
