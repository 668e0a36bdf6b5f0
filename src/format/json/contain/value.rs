//! The values that searches find, shared between goals, and how they are spelt.

use super::algebra::{Algebra, Sym};
use crate::format::json_text::{Node, Number, Value};
use num_bigint::BigInt;
use num_integer::Integer;
use num_rational::BigRational;
use num_traits::{One, Pow, Signed, Zero};
use std::rc::Rc;

/// A value, shared.
pub(super) type Val = Rc<Made>;

/// A value and what it weighs.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) shape: Shape,
    /// Bytes of its text, about. Parts are shared, so the text may be far larger than the memory.
    pub(super) weight: u64,
}

/// What a value is.
#[derive(Debug)]
pub(super) enum Shape {
    Null,
    Bool(bool),
    /// `point`: spelt with a fraction even if it is integral.
    Number {
        value: Rc<BigRational>,
        point: bool,
    },
    String(Rc<str>),
    Array(Vec<Val>),
    /// Sorted by name as strings.
    Object(Vec<(Sym, Val)>),
}

/// Shares a value.
pub(super) fn made(shape: Shape) -> Val {
    let weight = match &shape {
        Shape::Null | Shape::Bool(_) => 5,
        Shape::Number { value, .. } => 2 + (value.numer().bits() + value.denom().bits()) / 3,
        Shape::String(text) => 2 + text.len() as u64,
        Shape::Array(items) => items.iter().fold(2, |sum: u64, v| {
            sum.saturating_add(v.weight).saturating_add(1)
        }),
        Shape::Object(members) => members.iter().fold(2, |sum: u64, (_, v)| {
            sum.saturating_add(v.weight).saturating_add(8)
        }),
    };
    Rc::new(Made { shape, weight })
}

/// Whether two values are equal as JSON: numbers by value.
pub(super) fn equal(a: &Val, b: &Val) -> bool {
    if Rc::ptr_eq(a, b) {
        return true;
    }
    match (&a.shape, &b.shape) {
        (Shape::Null, Shape::Null) => true,
        (Shape::Bool(a), Shape::Bool(b)) => a == b,
        (Shape::Number { value: a, .. }, Shape::Number { value: b, .. }) => a == b,
        (Shape::String(a), Shape::String(b)) => a == b,
        (Shape::Array(a), Shape::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| grown(|| equal(a, b)))
        }
        (Shape::Object(a), Shape::Object(b)) => {
            a.len() == b.len()
                && a.iter()
                    .zip(b)
                    .all(|((m, a), (n, b))| m == n && grown(|| equal(a, b)))
        }
        _ => false,
    }
}

/// The value as JSON.
pub(super) fn node(value: &Val, algebra: &Algebra) -> Node {
    Node::made(match &value.shape {
        Shape::Null => Value::Null,
        Shape::Bool(b) => Value::Bool(*b),
        Shape::Number { value, point } => {
            Number::new(&spelling(value, *point)).map_or(Value::Null, Value::Number)
        }
        Shape::String(text) => Value::String(text.to_string()),
        Shape::Array(items) => {
            Value::Array(items.iter().map(|v| grown(|| node(v, algebra))).collect())
        }
        Shape::Object(members) => Value::Object(
            members
                .iter()
                .map(|(name, v)| (algebra.text(*name).to_string(), grown(|| node(v, algebra))))
                .collect(),
        ),
    })
}

/// Runs a step of a natural recursion, with more stack where little is left.
pub(super) fn grown<R>(step: impl FnOnce() -> R) -> R {
    stacker::maybe_grow(256 << 10, 2 << 20, step)
}

/// The exact value of a number of a schema.
pub(super) fn rational(number: &Number) -> BigRational {
    let (digits, scale) = number.value().as_bigint_and_exponent();
    let power = |n: u64| BigInt::from(10u8).pow(n);
    if scale <= 0 {
        BigRational::from_integer(digits * power(scale.unsigned_abs()))
    } else {
        BigRational::new(digits, power(scale.unsigned_abs()))
    }
}

/// A decimal spelling; every number of a schema and every number made from them has one.
fn spelling(value: &BigRational, point: bool) -> String {
    if value.is_integer() {
        let digits = value.numer().to_string();
        let zeros = digits.len() - digits.trim_end_matches('0').len();
        return match (zeros > 21, point) {
            (true, false) => digits,
            (true, true) => format!("{}.0e{zeros}", digits.trim_end_matches('0')),
            (false, true) => format!("{digits}.0"),
            (false, false) => digits,
        };
    }
    let (scale, factor) = decimals(value.denom());
    let digits = (value.numer() * factor).abs().to_string();
    let sign = if value.is_negative() { "-" } else { "" };
    let padded = format!("{digits:0>width$}", width = scale + 1);
    let (whole, fraction) = padded.split_at(padded.len() - scale);
    format!("{sign}{whole}.{fraction}")
}

/// How many decimals a denominator needs, and what to multiply the numerator with.
fn decimals(denominator: &BigInt) -> (usize, BigInt) {
    let mut rest = denominator.clone();
    let mut count = |prime: u8| {
        let prime = BigInt::from(prime);
        let mut n = 0usize;
        loop {
            let (quotient, remainder) = rest.div_rem(&prime);
            if !remainder.is_zero() {
                return n;
            }
            rest = quotient;
            n += 1;
        }
    };
    let (twos, fives) = (count(2), count(5));
    let scale = twos.max(fives);
    let factor: BigInt = BigInt::from(2u8).pow(scale - twos) * BigInt::from(5u8).pow(scale - fives);
    debug_assert!(rest.is_one(), "only decimals are made");
    (scale, factor)
}
