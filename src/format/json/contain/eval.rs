//! Whether a value satisfies a literal, where nothing in it is opaque.

use super::algebra::{ARRAY, BOOLEAN, NULL, NUMBER, OBJECT, STRING};
use super::algebra::{Atom, FALSE, Lit, Scalar, Sym, TRUE, Types};
use super::load::Stop;
use super::tableau::Solver;
use super::value::{Shape, Val, equal, grown, made};
use num_traits::Zero;
use std::rc::Rc;

/// References that lead to references, without a step into the value.
const MOST_REFERRALS: u32 = 24;
/// So many evaluations are a step.
const PER_STEP: u32 = 32;

/// The references that are being followed at one value.
#[derive(Clone, Copy)]
pub(super) struct Chain<'c> {
    class: u32,
    length: u32,
    up: Option<&'c Chain<'c>>,
}

impl Chain<'_> {
    fn has(&self, class: u32) -> bool {
        self.class == class || self.up.is_some_and(|up| up.has(class))
    }
}

type Referrals<'c> = Option<&'c Chain<'c>>;

/// The type of a value.
pub(super) fn kind_of(value: &Val) -> Types {
    match &value.shape {
        Shape::Null => NULL,
        Shape::Bool(_) => BOOLEAN,
        Shape::Number { .. } => NUMBER,
        Shape::String(_) => STRING,
        Shape::Array(_) => ARRAY,
        Shape::Object(_) => OBJECT,
    }
}

impl Solver<'_> {
    /// Whether a literal is true of a value; `None` if that is not known.
    pub(super) fn holds(&mut self, lit: Lit, value: &Val) -> Result<Option<bool>, Stop> {
        self.holds_here(lit, value, None)
    }

    fn holds_here(
        &mut self,
        lit: Lit,
        value: &Val,
        referrals: Referrals<'_>,
    ) -> Result<Option<bool>, Stop> {
        match lit {
            TRUE => return Ok(Some(true)),
            FALSE => return Ok(Some(false)),
            _ => {}
        }
        if let Some(decided) = self.loader.algebra.decided(lit, kind_of(value)) {
            return Ok(Some(decided));
        }
        let holds = grown(|| self.atom_holds(lit, value, referrals))?;
        Ok(holds.map(|holds| holds == (lit > 0)))
    }

    fn all_hold(
        &mut self,
        lits: impl IntoIterator<Item = (Lit, Val)>,
        referrals: Referrals<'_>,
    ) -> Result<Option<bool>, Stop> {
        let mut all = Some(true);
        for (lit, value) in lits {
            match self.holds_here(lit, &value, referrals)? {
                Some(true) => {}
                Some(false) => return Ok(Some(false)),
                None => all = None,
            }
        }
        Ok(all)
    }

    /// Whether exactly one of the literals is true of a value.
    pub(super) fn exactly_one(
        &mut self,
        lits: &[Lit],
        value: &Val,
        referrals: Referrals<'_>,
    ) -> Result<Option<bool>, Stop> {
        let (mut hold, mut unknown) = (0, false);
        for &lit in lits {
            match self.holds_here(lit, value, referrals)? {
                Some(true) if hold == 1 => return Ok(Some(false)),
                Some(true) => hold += 1,
                Some(false) => {}
                None => unknown = true,
            }
        }
        Ok((!unknown).then_some(hold == 1))
    }

    /// Whether an atom is true of a value of the type it speaks of.
    fn atom_holds(
        &mut self,
        lit: Lit,
        value: &Val,
        referrals: Referrals<'_>,
    ) -> Result<Option<bool>, Stop> {
        self.evaluations += 1;
        if self.evaluations.is_multiple_of(PER_STEP) {
            self.loader.meter.tick(1)?;
        }
        let atom = self.loader.algebra.get(lit).clone();
        match (&atom, &value.shape) {
            (Atom::And(lits), _) => {
                let lits = lits.iter().map(|&lit| (lit, Rc::clone(value)));
                return self.all_hold(lits, referrals);
            }
            (Atom::One(lits), _) => return self.exactly_one(lits, value, referrals),
            (Atom::Ref(class), _) => {
                let length = referrals.map_or(0, |chain| chain.length) + 1;
                if length > MOST_REFERRALS || referrals.is_some_and(|chain| chain.has(*class)) {
                    return Ok(None);
                }
                let target = self.loader.target(*class)?;
                let chain = Chain {
                    class: *class,
                    length,
                    up: referrals,
                };
                return self.holds_here(target, value, Some(&chain));
            }
            (Atom::Pattern(pattern), Shape::String(text)) => {
                return Ok(self.matches(*pattern, text));
            }
            (Atom::Format(format), Shape::String(text)) => {
                return Ok(self.is_of_format(*format, text));
            }
            (Atom::Opaque(_), _) => return Ok(None),
            (_, Shape::Array(items)) => return self.array_holds(&atom, items),
            (_, Shape::Object(members)) => return self.object_holds(&atom, members),
            _ => {}
        }
        Ok(Some(match (&atom, &value.shape) {
            (Atom::Scalar(Scalar::Null), Shape::Null) => true,
            (Atom::Scalar(Scalar::Bool(a)), Shape::Bool(b)) => a == b,
            (Atom::Scalar(Scalar::String(a)), Shape::String(b)) => {
                self.loader.algebra.text(*a) == b
            }
            (Atom::Scalar(Scalar::Number(a)), Shape::Number { value: b, .. }) => a == b,
            (Atom::Integer { spelt }, Shape::Number { value, point }) => {
                value.is_integer() && !(*spelt && *point)
            }
            (Atom::Minimum(bound), Shape::Number { value, .. }) => {
                *value > bound.value || (*value == bound.value && !bound.exclusive)
            }
            (Atom::Maximum(bound), Shape::Number { value, .. }) => {
                *value < bound.value || (*value == bound.value && !bound.exclusive)
            }
            (Atom::MultipleOf(step), Shape::Number { value, .. }) => {
                !step.is_zero() && (&**value / &**step).is_integer()
            }
            (Atom::MinLength(n), Shape::String(text)) => text.chars().count() as u64 >= *n,
            (Atom::MaxLength(n), Shape::String(text)) => text.chars().count() as u64 <= *n,
            _ => return Ok(None),
        }))
    }

    fn array_holds(&mut self, atom: &Atom, items: &[Val]) -> Result<Option<bool>, Stop> {
        let length = items.len() as u64;
        Ok(Some(match atom {
            Atom::MinItems(n) => length >= *n,
            Atom::MaxItems(n) => length <= *n,
            Atom::Unique => {
                self.loader.meter.tick(length * length / 64)?;
                let repeats = |(i, a): (usize, &Val)| items.iter().take(i).any(|b| equal(a, b));
                !items.iter().enumerate().any(repeats)
            }
            Atom::At(i, lit) => match items.get(*i as usize) {
                Some(item) => return self.holds_here(*lit, item, None),
                None => true,
            },
            Atom::From(i, lit) => {
                let rest = items.iter().skip(*i as usize);
                let all: Vec<_> = rest.map(|item| (*lit, Rc::clone(item))).collect();
                return self.all_hold(all, None);
            }
            Atom::Contains(lit, n) => {
                let (mut hold, mut unknown) = (0, 0);
                for item in items {
                    match self.holds_here(*lit, item, None)? {
                        Some(true) => hold += 1,
                        Some(false) => {}
                        None => unknown += 1,
                    }
                }
                return Ok(if hold >= *n {
                    Some(true)
                } else if hold + unknown < *n {
                    Some(false)
                } else {
                    None
                });
            }
            _ => return Ok(None),
        }))
    }

    fn object_holds(&mut self, atom: &Atom, members: &[(Sym, Val)]) -> Result<Option<bool>, Stop> {
        let length = members.len() as u64;
        let member = |name: Sym| members.iter().find(|(n, _)| *n == name).map(|(_, v)| v);
        Ok(Some(match atom {
            Atom::MinMembers(n) => length >= *n,
            Atom::MaxMembers(n) => length <= *n,
            Atom::Required(name) => member(*name).is_some(),
            Atom::Member(name, lit) => match member(*name) {
                Some(value) => return self.holds_here(*lit, value, None),
                None => true,
            },
            Atom::Names(lit) => {
                let names: Vec<_> = members
                    .iter()
                    .map(|(name, _)| {
                        let text = Rc::clone(self.loader.algebra.text(*name));
                        (*lit, made(Shape::String(text)))
                    })
                    .collect();
                return self.all_hold(names, None);
            }
            Atom::Matching(pattern, lit) => {
                return self.selected_hold(members, *lit, |solver, name| {
                    solver.name_matches(*pattern, name)
                });
            }
            Atom::Others(names, patterns, lit) => {
                return self.selected_hold(members, *lit, |solver, name| {
                    solver.is_other(names, patterns, name)
                });
            }
            _ => return Ok(None),
        }))
    }

    /// Whether a literal is true of all selected members.
    fn selected_hold(
        &mut self,
        members: &[(Sym, Val)],
        lit: Lit,
        selects: impl Fn(&mut Self, Sym) -> Option<bool>,
    ) -> Result<Option<bool>, Stop> {
        let mut all = Some(true);
        for (name, value) in members {
            let selected = selects(self, *name);
            if selected == Some(false) {
                continue;
            }
            match self.holds_here(lit, value, None)? {
                Some(true) => {}
                Some(false) if selected == Some(true) => return Ok(Some(false)),
                _ => all = None,
            }
        }
        Ok(all)
    }

    /// Whether a name is none of these and matches none of these patterns.
    pub(super) fn is_other(&mut self, names: &[Sym], patterns: &[Sym], name: Sym) -> Option<bool> {
        if names.binary_search(&name).is_ok() {
            return Some(false);
        }
        let mut other = Some(true);
        for &pattern in patterns {
            match self.name_matches(pattern, name) {
                Some(true) => return Some(false),
                Some(false) => {}
                None => other = None,
            }
        }
        other
    }
}
