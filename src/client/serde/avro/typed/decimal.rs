//! Decimals: integers in two's complement, biggest byte first, with the decimal places of the schema.

use super::Error;
use crate::format::avro::table::Decimal;
use bigdecimal::num_bigint::BigInt;
use bigdecimal::{BigDecimal, ToPrimitive};

/// Exponents of written numbers beyond this are refused: all their digits would be counted out.
const EXPONENT: i64 = 20_000;

/// The number as the schema has it.
pub(super) fn from_text(of: &Decimal, text: &str) -> Result<Vec<u8>, Error> {
    let number: BigDecimal = text
        .trim()
        .parse()
        .map_err(|_| Error::new(format_args!("{text:?} is no decimal number")))?;
    let (_, places) = number.as_bigint_and_exponent();
    if places.unsigned_abs() > EXPONENT.unsigned_abs() {
        return Err(Error::new(
            "a decimal of more places than can be counted out",
        ));
    }
    let scaled = number.with_scale(of.scale);
    if scaled != number {
        return Err(Error::new(format_args!(
            "{text} has more decimal places than the schema's {}",
            of.scale
        )));
    }
    let (unscaled, _) = scaled.into_bigint_and_exponent();
    bytes(of, &unscaled)
}

/// An integer as the schema has it.
pub(super) fn from_integer(of: &Decimal, integer: i128) -> Result<Vec<u8>, Error> {
    let places = u32::try_from(of.scale).unwrap_or(u32::MAX);
    bytes(of, &(BigInt::from(integer) * BigInt::from(10).pow(places)))
}

fn bytes(of: &Decimal, unscaled: &BigInt) -> Result<Vec<u8>, Error> {
    let digits = unscaled.magnitude().to_string().len() as u64;
    if digits > of.precision {
        return Err(Error::new(format_args!(
            "a decimal of {digits} digits where the schema allows {}",
            of.precision
        )));
    }
    let bytes = unscaled.to_signed_bytes_be();
    let Some(size) = of.size else {
        return Ok(bytes);
    };
    let Some(more) = size.checked_sub(bytes.len()) else {
        return Err(Error::new(format_args!(
            "a decimal of {} bytes where the schema has {size}",
            bytes.len()
        )));
    };
    let sign = match unscaled.sign() {
        bigdecimal::num_bigint::Sign::Minus => 0xff,
        _ => 0,
    };
    let mut all = vec![sign; more];
    all.extend(bytes);
    Ok(all)
}

/// A number that was read.
pub(super) fn number(of: &Decimal, bytes: &[u8]) -> BigDecimal {
    BigDecimal::new(BigInt::from_signed_bytes_be(bytes), of.scale)
}

/// The number as people write it, with all its decimal places.
pub(super) fn text(of: &Decimal, bytes: &[u8]) -> String {
    number(of, bytes).to_plain_string()
}

/// The number, if it is an integer that fits.
pub(super) fn integer(of: &Decimal, bytes: &[u8]) -> Option<i128> {
    let number = number(of, bytes);
    number.is_integer().then(|| number.to_i128())?
}

/// The nearest double.
pub(super) fn double(of: &Decimal, bytes: &[u8]) -> Option<f64> {
    number(of, bytes).to_f64()
}
