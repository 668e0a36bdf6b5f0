//! `unevaluatedProperties` and `unevaluatedItems`: which members and items the neighbours look at depends on which
//! of them are satisfied, so the cases are listed, each with what holds in it and what it covers.

use super::algebra::{ALL_TYPES, Atom, FALSE, Lit, OBJECT, Sym, TRUE, Types};
use super::classes::{Led, referrals};
use super::load::{Loader, Meter, Stop, Words, items, others};
use super::sources::Spot;
use super::value::grown;
use crate::format::json::comparable;
use crate::format::json::dialect::Dialect;
use crate::format::json_text::{Node, Value};
use std::collections::BTreeSet;

/// More cases than this are not told apart.
const MOST_CASES: usize = 300;
/// Schemas inside one another, references followed.
const DEEPEST: usize = 24;
/// Schemas that are looked at for one keyword.
const MOST_SCHEMAS: usize = 3_000;

/// Where the listing of cases is.
#[derive(Default)]
pub(super) struct Listing {
    /// The schemas that it is inside of, by address.
    path: Vec<usize>,
    seen: usize,
}

/// Members or items that are looked at.
#[derive(Debug, Clone, Default)]
struct Covered {
    all: bool,
    names: BTreeSet<Sym>,
    patterns: BTreeSet<Sym>,
    /// So many first items.
    prefix: u32,
    /// Items that satisfy one of these.
    contained: BTreeSet<Lit>,
}

impl Covered {
    fn with(&self, other: &Self) -> Self {
        Self {
            all: self.all || other.all,
            names: self.names.union(&other.names).copied().collect(),
            patterns: self.patterns.union(&other.patterns).copied().collect(),
            prefix: self.prefix.max(other.prefix),
            contained: self.contained.union(&other.contained).copied().collect(),
        }
    }
}

/// What holds, and what is covered then.
#[derive(Debug, Clone, Default)]
struct Case {
    holds: BTreeSet<Lit>,
    covered: Covered,
}

impl Case {
    fn of(lit: Lit) -> Self {
        Self {
            holds: BTreeSet::from([lit]),
            covered: Covered::default(),
        }
    }

    /// How much there is to copy.
    fn size(&self) -> usize {
        let covered = &self.covered;
        self.holds.len() + covered.names.len() + covered.patterns.len() + covered.contained.len()
    }

    fn with(&self, other: &Self) -> Option<Self> {
        let holds: BTreeSet<Lit> = self.holds.union(&other.holds).copied().collect();
        let impossible = holds.contains(&FALSE) || holds.iter().any(|lit| holds.contains(&-lit));
        (!impossible).then(|| Self {
            holds,
            covered: self.covered.with(&other.covered),
        })
    }
}

/// Why there is no list of cases.
enum Fail {
    TooMany,
    Stopped(Stop),
}

impl From<Stop> for Fail {
    fn from(stop: Stop) -> Self {
        Fail::Stopped(stop)
    }
}

type Cases = Result<Vec<Case>, Fail>;

/// Every case of the one list with every case of the other.
fn product(meter: &mut Meter, a: &[Case], b: &[Case]) -> Cases {
    let mut all = Vec::new();
    for x in a {
        for y in b {
            meter.read(1 + (x.size() + y.size()) as u64)?;
            if let Some(case) = x.with(y) {
                if all.len() >= MOST_CASES {
                    return Err(Fail::TooMany);
                }
                all.push(case);
            }
        }
    }
    Ok(all)
}

impl<'a> Loader<'a> {
    /// What an `unevaluated*` keyword says.
    pub(super) fn unevaluated(
        &mut self,
        spot: &Spot<'a>,
        members: &'a [(String, Node)],
        keyword: &str,
        value: &'a Node,
        kind: Types,
    ) -> Result<Lit, Stop> {
        let rest = self.child(spot, value)?;
        if rest == TRUE {
            return Ok(TRUE);
        }
        let outer = std::mem::take(&mut self.listing);
        let cases = self.cases(spot, members, kind, keyword);
        self.listing = outer;
        let cases = match cases {
            Ok(cases) => cases,
            Err(Fail::Stopped(stop)) => return Err(stop),
            Err(Fail::TooMany) => {
                let side = self.sources.side(spot);
                let text = comparable(spot.value);
                return Ok(self.opaque(&format!("{keyword}\u{0}{side}{text}"), value));
            }
        };
        let mut any = vec![self.algebra.types(ALL_TYPES & !kind)];
        for case in cases {
            self.meter.read(1 + case.holds.len() as u64)?;
            let mut all: Vec<Lit> = case.holds.into_iter().collect();
            if !case.covered.all {
                let covered = case.covered;
                let atom = if kind == OBJECT {
                    others(
                        covered.names.into_iter().collect(),
                        covered.patterns.into_iter().collect(),
                        rest,
                    )
                } else {
                    let any = covered.contained.into_iter().chain([rest]);
                    let inside = self.algebra.or(any);
                    if inside == TRUE {
                        Atom::True
                    } else {
                        Atom::From(covered.prefix, inside)
                    }
                };
                all.push(self.algebra.atom(atom));
            }
            any.push(self.algebra.and(all));
        }
        Ok(self.algebra.or(any))
    }

    /// The cases of a schema that is satisfied; `skipped` is the keyword that asks.
    fn cases(
        &mut self,
        spot: &Spot<'a>,
        members: &'a [(String, Node)],
        kind: Types,
        skipped: &str,
    ) -> Cases {
        self.meter.read(8)?;
        let words = Words { spot, members };
        let mut cases = vec![Case {
            holds: BTreeSet::new(),
            covered: self.direct(&words, kind, skipped)?,
        }];
        for (referral, reference) in referrals(&self.sources, spot, members) {
            match self
                .classes
                .lead(&mut self.sources, spot, referral, reference)
            {
                Led::To(target) => {
                    let inner = self.satisfied(&target, kind)?;
                    cases = product(&mut self.meter, &cases, &inner)?;
                }
                _ => return Err(Fail::TooMany),
            }
        }
        for value in words
            .get("allOf")
            .and_then(Node::as_array)
            .unwrap_or_default()
        {
            let inner = self.satisfied_child(spot, value, kind)?;
            cases = product(&mut self.meter, &cases, &inner)?;
        }
        if let Some(values) = words.get("anyOf").and_then(Node::as_array) {
            let mut any = vec![Case::default()];
            for value in values {
                let mut options = self.satisfied_child(spot, value, kind)?;
                options.push(Case::of(-self.child(spot, value)?));
                any = product(&mut self.meter, &any, &options)?;
            }
            // Cases in which none of them holds are ruled out by the keyword itself.
            cases = product(&mut self.meter, &cases, &any)?;
        }
        if let Some(values) = words.get("oneOf").and_then(Node::as_array) {
            let mut lits = Vec::with_capacity(values.len());
            for value in values {
                lits.push(self.child(spot, value)?);
            }
            let mut one = Vec::new();
            for (i, value) in values.iter().enumerate() {
                let others = Case {
                    holds: (lits.iter().enumerate())
                        .filter(|(j, _)| *j != i)
                        .map(|(_, lit)| -lit)
                        .filter(|&lit| lit != TRUE)
                        .collect(),
                    covered: Covered::default(),
                };
                let inner = self.satisfied_child(spot, value, kind)?;
                one.extend(product(&mut self.meter, &inner, &[others])?);
            }
            cases = product(&mut self.meter, &cases, &one)?;
        }
        if let Some(value) = words.get("if") {
            let mut either = self.satisfied_child(spot, value, kind)?;
            if let Some(then) = words.get("then") {
                let inner = self.satisfied_child(spot, then, kind)?;
                either = product(&mut self.meter, &either, &inner)?;
            }
            let mut otherwise = vec![Case::of(-self.child(spot, value)?)];
            if let Some(value) = words.get("else") {
                let inner = self.satisfied_child(spot, value, kind)?;
                otherwise = product(&mut self.meter, &otherwise, &inner)?;
            }
            either.extend(otherwise);
            cases = product(&mut self.meter, &cases, &either)?;
        }
        for (name, value) in words
            .get("dependentSchemas")
            .and_then(Node::as_object)
            .unwrap_or_default()
        {
            let symbol = self.algebra.symbol(name);
            let required = self.algebra.atom(Atom::Required(symbol));
            let object = self.algebra.types(OBJECT);
            let premise = self.algebra.and([object, required]);
            let mut either = self.satisfied_child(spot, value, kind)?;
            either = product(&mut self.meter, &either, &[Case::of(premise)])?;
            either.push(Case::of(-premise));
            cases = product(&mut self.meter, &cases, &either)?;
        }
        Ok(cases)
    }

    /// The cases of a schema that is asserted to be satisfied.
    fn satisfied(&mut self, spot: &Spot<'a>, kind: Types) -> Cases {
        let lit = self.load(*spot)?;
        if lit == FALSE {
            return Ok(Vec::new());
        }
        let holds = if lit == TRUE {
            Case::default()
        } else {
            Case::of(lit)
        };
        match &spot.value.value {
            Value::Object(members) => {
                let address = spot.address();
                self.listing.seen += 1;
                if self.listing.path.contains(&address)
                    || self.listing.path.len() >= DEEPEST
                    || self.listing.seen > MOST_SCHEMAS
                {
                    return Err(Fail::TooMany);
                }
                self.listing.path.push(address);
                let inner = grown(|| self.cases(spot, members, kind, ""));
                self.listing.path.pop();
                product(&mut self.meter, &inner?, &[holds])
            }
            _ => Ok(vec![holds]),
        }
    }

    fn satisfied_child(&mut self, parent: &Spot<'a>, value: &'a Node, kind: Types) -> Cases {
        let spot = self.sources.inside(parent, value);
        self.satisfied(&spot, kind)
    }

    /// What the keywords of one schema object cover themselves.
    fn direct(
        &mut self,
        words: &Words<'_, 'a>,
        kind: Types,
        skipped: &str,
    ) -> Result<Covered, Stop> {
        let mut covered = Covered::default();
        let has = |keyword: &str| keyword != skipped && words.get(keyword).is_some();
        if kind == OBJECT {
            for (keyword, symbols) in [
                ("properties", &mut covered.names),
                ("patternProperties", &mut covered.patterns),
            ] {
                let members = words.get(keyword).and_then(Node::as_object);
                for (name, _) in members.unwrap_or_default() {
                    symbols.insert(self.algebra.symbol(name));
                }
            }
            covered.all = has("additionalProperties") || has("unevaluatedProperties");
            return Ok(covered);
        }
        let dialect = self.sources.dialect(words.spot);
        let (prefix, rest) = items(words, dialect);
        covered.prefix = prefix.len() as u32;
        covered.all = rest.is_some() || has("unevaluatedItems");
        if dialect == Dialect::Draft2020
            && let Some(value) = words.get("contains")
        {
            covered.contained.insert(self.child(words.spot, value)?);
        }
        Ok(covered)
    }
}
