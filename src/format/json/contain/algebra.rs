//! The algebra that schemas are translated to: atoms with numbers, combined by "and", "exactly one" and a sign.
//!
//! Equal atoms have equal numbers, so what the reader and the writer have in common cancels at sight. Every atom
//! but the combinators speaks of one JSON type and is true of values of the others, as keywords are.

use super::fast::Map;
use num_rational::BigRational;
use std::rc::Rc;

/// An atom's number, negative for its complement.
pub(super) type Lit = i32;
/// True of every value.
pub(super) const TRUE: Lit = 1;
/// True of none.
pub(super) const FALSE: Lit = -1;

/// A string's number: member names, patterns, formats.
pub(super) type Sym = u32;

/// A set of JSON types, or one.
pub(super) type Types = u8;
pub(super) const NULL: Types = 1;
pub(super) const BOOLEAN: Types = 2;
pub(super) const STRING: Types = 4;
pub(super) const NUMBER: Types = 8;
pub(super) const OBJECT: Types = 16;
pub(super) const ARRAY: Types = 32;
pub(super) const ALL_TYPES: Types = 63;
/// The types in the order in which witnesses are looked for.
pub(super) const EACH_TYPE: [Types; 6] = [NULL, BOOLEAN, STRING, NUMBER, OBJECT, ARRAY];

/// A value without parts.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Scalar {
    Null,
    Bool(bool),
    String(Sym),
    Number(Rc<BigRational>),
}

impl Scalar {
    pub(super) fn kind(&self) -> Types {
        match self {
            Scalar::Null => NULL,
            Scalar::Bool(_) => BOOLEAN,
            Scalar::String(_) => STRING,
            Scalar::Number(_) => NUMBER,
        }
    }
}

/// A bound of numbers.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Bound {
    pub(super) value: Rc<BigRational>,
    /// Whether the bound itself is outside.
    pub(super) exclusive: bool,
}

/// What one demand says.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Atom {
    True,
    And(Rc<[Lit]>),
    /// Exactly one of them.
    One(Rc<[Lit]>),
    /// What a schema that is referred to says, by its class.
    Ref(u32),
    Types(Types),
    Scalar(Scalar),
    /// Integral; in draft-04 also spelt without a fraction.
    Integer {
        spelt: bool,
    },
    Minimum(Bound),
    Maximum(Bound),
    MultipleOf(Rc<BigRational>),
    MinLength(u64),
    MaxLength(u64),
    Pattern(Sym),
    Format(Sym),
    MinItems(u64),
    MaxItems(u64),
    Unique,
    /// The item at this place, if there is one.
    At(u32, Lit),
    /// All items from this place on.
    From(u32, Lit),
    /// At least so many items.
    Contains(Lit, u64),
    MinMembers(u64),
    MaxMembers(u64),
    Required(Sym),
    /// The member of this name, if there is one.
    Member(Sym, Lit),
    /// All members whose names match.
    Matching(Sym, Lit),
    /// All members but those of these names and those that match one of these patterns.
    Others(Rc<[Sym]>, Rc<[Sym]>, Lit),
    /// All names.
    Names(Lit),
    /// Something that this checker does not interpret.
    Opaque(Sym),
}

impl Atom {
    /// The type whose values the atom speaks of; it is true of all others.
    pub(super) fn speaks_of(&self) -> Option<Types> {
        Some(match self {
            Atom::Integer { .. } | Atom::Minimum(_) | Atom::Maximum(_) | Atom::MultipleOf(_) => {
                NUMBER
            }
            Atom::MinLength(_) | Atom::MaxLength(_) | Atom::Pattern(_) | Atom::Format(_) => STRING,
            Atom::MinItems(_)
            | Atom::MaxItems(_)
            | Atom::Unique
            | Atom::At(..)
            | Atom::From(..)
            | Atom::Contains(..) => ARRAY,
            Atom::MinMembers(_)
            | Atom::MaxMembers(_)
            | Atom::Required(_)
            | Atom::Member(..)
            | Atom::Matching(..)
            | Atom::Others(..)
            | Atom::Names(_) => OBJECT,
            _ => return None,
        })
    }
}

/// All atoms and strings of one search.
pub(super) struct Algebra {
    atoms: Vec<Atom>,
    numbers: Map<Atom, Lit>,
    strings: Vec<Rc<str>>,
    symbols: Map<Rc<str>, Sym>,
}

impl Algebra {
    pub(super) fn new() -> Self {
        let mut new = Self {
            atoms: vec![Atom::True],
            numbers: Map::default(),
            strings: Vec::new(),
            symbols: Map::default(),
        };
        new.atom(Atom::True);
        new
    }

    /// The number of an atom.
    pub(super) fn atom(&mut self, atom: Atom) -> Lit {
        if let Some(&number) = self.numbers.get(&atom) {
            return number;
        }
        let number = self.atoms.len() as Lit;
        self.atoms.push(atom.clone());
        self.numbers.insert(atom, number);
        number
    }

    /// The atom of a literal, whatever its sign.
    pub(super) fn get(&self, lit: Lit) -> &Atom {
        &self.atoms[lit.unsigned_abs() as usize]
    }

    pub(super) fn symbol(&mut self, text: &str) -> Sym {
        if let Some(&symbol) = self.symbols.get(text) {
            return symbol;
        }
        let symbol = self.strings.len() as Sym;
        let text: Rc<str> = text.into();
        self.strings.push(Rc::clone(&text));
        self.symbols.insert(text, symbol);
        symbol
    }

    pub(super) fn text(&self, symbol: Sym) -> &Rc<str> {
        &self.strings[symbol as usize]
    }

    /// All of them.
    pub(super) fn and(&mut self, lits: impl IntoIterator<Item = Lit>) -> Lit {
        let mut all: Vec<Lit> = Vec::new();
        for lit in lits {
            match lit {
                TRUE => {}
                FALSE => return FALSE,
                _ => match self.get(lit) {
                    Atom::And(inner) if lit > 0 => all.extend_from_slice(inner),
                    _ => all.push(lit),
                },
            }
        }
        all.sort_unstable();
        all.dedup();
        if has_contradiction(&all) {
            return FALSE;
        }
        match *all {
            [] => TRUE,
            [only] => only,
            _ => self.atom(Atom::And(all.into())),
        }
    }

    /// At least one of them.
    pub(super) fn or(&mut self, lits: impl IntoIterator<Item = Lit>) -> Lit {
        -self.and(lits.into_iter().map(|lit| -lit))
    }

    /// Exactly one of them.
    pub(super) fn one(&mut self, mut lits: Vec<Lit>) -> Lit {
        lits.retain(|&lit| lit != FALSE);
        match *lits {
            [] => FALSE,
            [only] => only,
            _ => {
                lits.sort_unstable();
                self.atom(Atom::One(lits.into()))
            }
        }
    }

    /// Values of these types.
    pub(super) fn types(&mut self, types: Types) -> Lit {
        match types {
            ALL_TYPES => TRUE,
            0 => FALSE,
            _ => self.atom(Atom::Types(types)),
        }
    }

    /// Whether a literal is decided for all values of one type.
    pub(super) fn decided(&self, lit: Lit, kind: Types) -> Option<bool> {
        let positive = match self.get(lit) {
            Atom::True => true,
            Atom::Types(types) => types & kind != 0,
            Atom::Scalar(scalar) if scalar.kind() != kind => false,
            atom => match atom.speaks_of() {
                Some(other) if other != kind => true,
                _ => return None,
            },
        };
        Some(positive == (lit > 0))
    }
}

/// Whether sorted literals hold one and its complement.
pub(super) fn has_contradiction(sorted: &[Lit]) -> bool {
    let split = sorted.partition_point(|&lit| lit < 0);
    let (negative, positive) = sorted.split_at(split);
    if negative.is_empty() || positive.is_empty() {
        return false;
    }
    // Negative literals ascend, so their atoms descend.
    let mut atoms = negative.iter().rev().map(|lit| -lit).peekable();
    positive.iter().any(|&lit| {
        while atoms.next_if(|&atom| atom < lit).is_some() {}
        atoms.peek() == Some(&lit)
    })
}
