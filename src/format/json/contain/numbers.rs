//! Numbers: an interval, steps that must and must not divide, values that are excluded. Exact.

use super::algebra::{Atom, Bound, Lit, Scalar};
use super::fast::Set;
use super::load::Stop;
use super::tableau::{Found, Solver};
use super::value::Shape;
use num_bigint::BigInt;
use num_integer::Integer;
use num_rational::BigRational;
use num_traits::{One, Signed, Zero};
use std::rc::Rc;

/// Numbers larger than this are not calculated with.
const MOST_BITS: u64 = 1 << 17;
/// So many multiples are tried.
const MOST_TRIES: usize = 20_000;

/// What is demanded of a number.
#[derive(Default)]
struct Demands {
    least: Option<Bound>,
    most: Option<Bound>,
    steps: Vec<Rc<BigRational>>,
    no_steps: Vec<Rc<BigRational>>,
    excluded: Set<Rc<BigRational>>,
    only: Option<Rc<BigRational>>,
    /// Spelt with a fraction if it is integral.
    point: bool,
}

impl Demands {
    fn lower(&mut self, value: &Rc<BigRational>, exclusive: bool) {
        if self
            .least
            .as_ref()
            .is_none_or(|b| *value > b.value || (*value == b.value && exclusive))
        {
            let value = Rc::clone(value);
            self.least = Some(Bound { value, exclusive });
        }
    }

    fn upper(&mut self, value: &Rc<BigRational>, exclusive: bool) {
        if self
            .most
            .as_ref()
            .is_none_or(|b| *value < b.value || (*value == b.value && exclusive))
        {
            let value = Rc::clone(value);
            self.most = Some(Bound { value, exclusive });
        }
    }

    fn is_inside(&self, value: &BigRational) -> bool {
        let above = |b: &Bound| *value > *b.value || (!b.exclusive && *value == *b.value);
        let below = |b: &Bound| *value < *b.value || (!b.exclusive && *value == *b.value);
        self.least.as_ref().is_none_or(above) && self.most.as_ref().is_none_or(below)
    }

    fn fits(&self, value: &BigRational) -> bool {
        self.is_inside(value)
            && !self.excluded.contains(value)
            && self.steps.iter().all(|s| divides(s, value))
            && !self.no_steps.iter().any(|s| divides(s, value))
    }

    fn found(&self, value: BigRational) -> Found {
        Found::exactly(Shape::Number {
            value: Rc::new(value),
            point: self.point,
        })
    }
}

fn divides(step: &BigRational, value: &BigRational) -> bool {
    !step.is_zero() && (value / step).is_integer()
}

fn common_multiple(a: &BigRational, b: &BigRational) -> BigRational {
    // Of fractions in lowest terms.
    BigRational::new(a.numer().lcm(b.numer()), a.denom().gcd(b.denom()))
}

fn bits(value: &BigRational) -> u64 {
    value.numer().bits() + value.denom().bits()
}

impl Solver<'_> {
    /// A number of which these atoms are true.
    pub(super) fn number(&mut self, atoms: &[Lit]) -> Result<Found, Stop> {
        let mut d = Demands::default();
        let mut spelt_integer = false;
        let mut total_bits = 0;
        for &lit in atoms {
            let positive = lit > 0;
            match self.loader.algebra.get(lit) {
                Atom::Scalar(Scalar::Number(n)) => {
                    // Excluded values are only compared.
                    if !positive {
                        d.excluded.insert(Rc::clone(n));
                    } else if d.only.as_ref().is_some_and(|only| only != n) {
                        return Ok(Found::nothing());
                    } else {
                        d.only = Some(Rc::clone(n));
                    }
                }
                Atom::Minimum(bound) => {
                    total_bits += bits(&bound.value);
                    if positive {
                        d.lower(&bound.value, bound.exclusive);
                    } else {
                        d.upper(&bound.value, !bound.exclusive);
                    }
                }
                Atom::Maximum(bound) => {
                    total_bits += bits(&bound.value);
                    if positive {
                        d.upper(&bound.value, bound.exclusive);
                    } else {
                        d.lower(&bound.value, !bound.exclusive);
                    }
                }
                Atom::MultipleOf(step) => {
                    total_bits += bits(step);
                    if positive {
                        d.steps.push(Rc::clone(step));
                    } else {
                        d.no_steps.push(Rc::clone(step));
                    }
                }
                Atom::Integer { spelt } => match (positive, *spelt) {
                    (true, spelt) => {
                        d.steps.push(Rc::new(BigRational::one()));
                        spelt_integer |= spelt;
                    }
                    (false, false) => d.no_steps.push(Rc::new(BigRational::one())),
                    // Any number can be spelt with a fraction.
                    (false, true) => d.point = true,
                },
                _ => {}
            }
        }
        if d.point && spelt_integer {
            return Ok(Found::nothing());
        }
        self.loader.meter.tick(total_bits / 4096)?;
        if total_bits > MOST_BITS {
            self.obstacle("numbers with too many digits", atoms.first().copied());
            return Ok(Found::Unknown);
        }
        if let Some(only) = d.only.clone() {
            return Ok(if d.fits(&only) {
                d.found((*only).clone())
            } else {
                Found::nothing()
            });
        }
        if let (Some(least), Some(most)) = (&d.least, &d.most)
            && (least.value > most.value
                || (least.value == most.value && (least.exclusive || most.exclusive)))
        {
            return Ok(Found::nothing());
        }
        let found = if d.steps.is_empty() {
            self.any_fraction(&d)?
        } else {
            self.multiple(&d)?
        };
        if matches!(found, Found::Unknown) {
            self.obstacle("many divisors at once", atoms.first().copied());
        }
        Ok(found)
    }

    /// A multiple of all steps.
    fn multiple(&mut self, d: &Demands) -> Result<Found, Stop> {
        let mut step = BigRational::one();
        for (i, s) in d.steps.iter().enumerate() {
            step = if i == 0 {
                (**s).clone()
            } else {
                common_multiple(&step, s)
            };
        }
        // The multiples that must not be: every so many of ours. If that is every one, there are none left.
        let mut period = BigInt::one();
        for s in &d.no_steps {
            let every = (common_multiple(&step, s) / &step).to_integer();
            if every.is_one() {
                // Zero is a multiple of everything, and of ours every one is one of theirs.
                return Ok(Found::nothing());
            }
            period = period.lcm(&every);
            if period.bits() > MOST_BITS {
                return Ok(Found::Unknown);
            }
        }
        let first = d
            .least
            .as_ref()
            .map(|b| (&*b.value / &step).ceil().to_integer());
        let last = d
            .most
            .as_ref()
            .map(|b| (&*b.value / &step).floor().to_integer());
        // Outwards from the multiple nearest to zero.
        let zero = BigInt::zero();
        let start = match (&first, &last) {
            (Some(first), _) if *first > zero => first.clone(),
            (_, Some(last)) if *last < zero => last.clone(),
            _ => zero,
        };
        // Among so many neighbours at least one is no forbidden multiple and not excluded, nor an open end.
        let enough = &period * (d.excluded.len() + 3);
        let mut tries = 0usize;
        let mut distance = BigInt::zero();
        loop {
            let mut any_inside = false;
            for k in [&start + &distance, &start - &distance] {
                if first.as_ref().is_some_and(|first| k < *first)
                    || last.as_ref().is_some_and(|last| k > *last)
                {
                    continue;
                }
                any_inside = true;
                let value = BigRational::from_integer(k) * &step;
                if d.fits(&value) {
                    return Ok(d.found(value));
                }
                if distance.is_zero() {
                    break;
                }
            }
            if !any_inside || distance > enough {
                return Ok(Found::nothing());
            }
            distance += 1;
            tries += 1;
            if tries > MOST_TRIES {
                return Ok(Found::Unknown);
            }
            if tries.is_multiple_of(16) {
                self.loader.meter.tick(1)?;
            }
        }
    }

    /// A number of an interval that is no multiple of anything: there is always one, unless it is a single point.
    fn any_fraction(&mut self, d: &Demands) -> Result<Found, Stop> {
        if let (Some(least), Some(most)) = (&d.least, &d.most)
            && least.value == most.value
        {
            return Ok(if d.fits(&least.value) {
                d.found((*least.value).clone())
            } else {
                Found::nothing()
            });
        }
        // With ever more decimals, outwards from zero.
        let ten = BigInt::from(10);
        for decimals in 0u32..1_000 {
            self.loader.meter.tick(1)?;
            let unit = BigRational::new(BigInt::one(), ten.pow(decimals));
            let scaled = |value: &BigRational| value / &unit;
            let start = match (&d.least, &d.most) {
                (Some(least), _) if least.value.is_positive() => {
                    scaled(&least.value).ceil().to_integer()
                }
                (_, Some(most)) if most.value.is_negative() => {
                    scaled(&most.value).floor().to_integer()
                }
                _ => BigInt::zero(),
            };
            let tries = 12 + d.excluded.len().min(MOST_TRIES);
            for distance in (0..tries).map(BigInt::from) {
                let mut any_inside = false;
                for k in [&start + &distance, &start - &distance] {
                    let value = BigRational::from_integer(k) * &unit;
                    any_inside |= d.is_inside(&value);
                    if d.fits(&value) {
                        return Ok(d.found(value));
                    }
                }
                if !any_inside && distance.bits() > 1 {
                    break;
                }
            }
        }
        Ok(Found::Unknown)
    }
}
