//! Numbers as spelt, their exact values, and how JVM servers print them.

use bigdecimal::{BigDecimal, num_bigint::BigInt};
use std::cmp::Ordering;
use std::str::FromStr;

/// Exponents beyond this are refused: no schema needs them, and exact arithmetic on them is a way to exhaust
/// memory.
const MAX_EXPONENT: i64 = 4_096;
/// Longer spellings are refused for the same reason.
const MAX_LENGTH: usize = 4_096;

/// A JSON number, kept as it was spelt.
#[derive(Debug, Clone)]
pub struct Number {
    text: String,
    value: BigDecimal,
}

impl Number {
    /// Reads a JSON number; `None` if it is malformed or out of the range this registry accepts.
    pub fn new(text: &str) -> Option<Self> {
        if text.len() > MAX_LENGTH {
            return None;
        }
        if let Some((_, exponent)) = text.split_once(['e', 'E'])
            && exponent.parse::<i64>().ok()?.abs() > MAX_EXPONENT
        {
            return None;
        }
        Some(Self {
            text: text.to_owned(),
            value: BigDecimal::from_str(text).ok()?,
        })
    }

    /// The number as spelt.
    pub fn as_spelt(&self) -> &str {
        &self.text
    }

    /// The exact value.
    pub fn value(&self) -> &BigDecimal {
        &self.value
    }

    /// Whether it is spelt without a fraction and an exponent.
    pub fn is_integer_literal(&self) -> bool {
        !self.text.contains(['.', 'e', 'E'])
    }

    /// Whether its value is integral, however it is spelt.
    pub fn is_integral(&self) -> bool {
        self.value.is_integer()
    }

    /// The value as an `i64`, if it is one.
    pub fn to_i64(&self) -> Option<i64> {
        if !self.is_integral() {
            return None;
        }
        let (digits, _): (BigInt, i64) = self.value.with_scale(0).into_bigint_and_exponent();
        i64::try_from(digits).ok()
    }

    /// The nearest double.
    pub fn to_f64(&self) -> f64 {
        self.text.parse().unwrap_or(f64::NAN)
    }

    /// Whether both have the same value: `1` and `1.0` do.
    pub fn same_value(&self, other: &Self) -> bool {
        self.value == other.value
    }

    /// The order of the values.
    pub fn compare(&self, other: &Self) -> Ordering {
        self.value.cmp(&other.value)
    }

    /// The spelling that a JVM's `BigDecimal` gives it; integers keep theirs.
    pub fn java_decimal(&self) -> String {
        if self.is_integer_literal() {
            // A JVM's integers know no negative zero.
            return if self.text == "-0" {
                "0".into()
            } else {
                self.text.clone()
            };
        }
        let (digits, scale) = self.value.as_bigint_and_exponent();
        let negative = digits < BigInt::from(0);
        let unscaled = digits.magnitude().to_string();
        let sign = if negative { "-" } else { "" };
        let adjusted = unscaled.len() as i64 - 1 - scale;
        if scale == 0 {
            return format!("{sign}{unscaled}");
        }
        if scale > 0 && adjusted >= -6 {
            let scale = scale as usize;
            let padded = format!("{unscaled:0>width$}", width = scale + 1);
            let (whole, fraction) = padded.split_at(padded.len() - scale);
            return format!("{sign}{whole}.{fraction}");
        }
        let (first, rest) = unscaled.split_at(1);
        let point = if rest.is_empty() { "" } else { "." };
        let exponent = match adjusted {
            0 => String::new(),
            e if e > 0 => format!("E+{e}"),
            e => format!("E{e}"),
        };
        format!("{sign}{first}{point}{rest}{exponent}")
    }

    /// As `serde_json` holds it: an integer if it fits, else a double.
    pub fn to_serde(&self) -> serde_json::Value {
        if self.is_integer_literal() {
            if let Ok(n) = self.text.parse::<i64>() {
                return n.into();
            }
            if let Ok(n) = self.text.parse::<u64>() {
                return n.into();
            }
        }
        serde_json::Number::from_f64(self.to_f64()).map_or(serde_json::Value::Null, Into::into)
    }
}

/// The spelling that a JVM gives a double: `1.0`, `1000.0`, `1.0E10`, `1.0E-4`.
pub fn java_double(value: f64) -> String {
    if value.is_nan() {
        return "NaN".into();
    }
    if value.is_infinite() {
        return if value > 0.0 { "Infinity" } else { "-Infinity" }.into();
    }
    let magnitude = value.abs();
    if magnitude == 0.0 || (1e-3..1e7).contains(&magnitude) {
        let text = format!("{value}");
        return if text.contains('.') {
            text
        } else {
            text + ".0"
        };
    }
    let text = format!("{value:E}");
    match text.split_once('E') {
        Some((mantissa, exponent)) if !mantissa.contains('.') => format!("{mantissa}.0E{exponent}"),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Expected values: the JVM's documented rules for `BigDecimal.toString` and `Double.toString`.
    #[test]
    fn jvm_spellings() {
        for (text, printed) in [
            ("1.0", "1.0"),
            ("1e3", "1E+3"),
            ("0.0000001", "1E-7"),
            ("0.000001", "0.000001"),
            ("1.50", "1.50"),
            ("12.5e3", "1.25E+4"),
            ("1e0", "1"),
            ("-1.5E-10", "-1.5E-10"),
            ("12345678901234567890", "12345678901234567890"),
        ] {
            assert_eq!(Number::new(text).unwrap().java_decimal(), printed, "{text}");
        }
        for (value, printed) in [
            (1.1, "1.1"),
            (1e3, "1000.0"),
            (1e7, "1.0E7"),
            (1e-4, "1.0E-4"),
            (123456789.125, "1.23456789125E8"),
            (-0.0, "-0.0"),
        ] {
            assert_eq!(java_double(value), printed);
        }
    }

    #[test]
    fn values_compare_exactly() {
        let number = |t: &str| Number::new(t).unwrap();
        assert!(number("0.5").same_value(&number("0.50")));
        assert_eq!(
            number("9007199254740992").compare(&number("9007199254740993")),
            Ordering::Less
        );
        assert_eq!(number("1e2").to_i64(), Some(100));
        assert!(Number::new("1e999999999").is_none());
    }
}
