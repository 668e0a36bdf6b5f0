//! The bytes of a record, and what stands in them: numbers, lengths, texts.

use super::Error;
use crate::format::avro::table::{Branch, Decimal, Enum, Union};

/// What a record may be.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Bounds {
    /// How deep it may nest.
    pub depth: usize,
    /// How many items one array may have.
    pub items: usize,
}

/// How the fields of a record are given to a type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Fields {
    /// One after the other, where the type has the same ones in the same order: then their names need not be compared.
    InOrder,
    /// By their names.
    ByName,
}

/// The bytes that are left.
pub(super) struct Input<'de> {
    pub rest: &'de [u8],
    pub bounds: Bounds,
    pub fields: Fields,
}

impl<'de> Input<'de> {
    /// The next bytes.
    #[inline]
    pub fn take(&mut self, count: usize) -> Result<&'de [u8], Error> {
        match self.rest.split_at_checked(count) {
            Some((taken, rest)) => {
                self.rest = rest;
                Ok(taken)
            }
            None => Err(Error::new("the bytes end too early")),
        }
    }

    /// The next integer, zigzag and of variable length.
    #[inline]
    pub fn long(&mut self) -> Result<i64, Error> {
        if let [byte, rest @ ..] = self.rest
            && *byte < 0x80
        {
            self.rest = rest;
            let byte = i64::from(*byte);
            return Ok((byte >> 1) ^ -(byte & 1));
        }
        self.long_of_several()
    }

    fn long_of_several(&mut self) -> Result<i64, Error> {
        let mut value = 0u64;
        for (at, byte) in self.rest.iter().take(10).enumerate() {
            let bits = u64::from(byte & 0x7f);
            if at == 9 && bits > 1 {
                break;
            }
            value |= bits << (7 * at);
            if byte & 0x80 == 0 {
                self.rest = self.rest.get(at + 1..).unwrap_or_default();
                return Ok((value >> 1) as i64 ^ -((value & 1) as i64));
            }
        }
        Err(Error::new("the bytes hold no integer of 64 bits"))
    }

    /// The next integer of 32 bits.
    #[inline]
    pub fn int(&mut self) -> Result<i32, Error> {
        i32::try_from(self.long()?).map_err(|_| Error::new("the integer is larger than an int"))
    }

    /// A length and so many bytes.
    #[inline]
    pub fn block(&mut self) -> Result<&'de [u8], Error> {
        let length = self.long()?;
        let length = usize::try_from(length).map_err(|_| Error::new("a length below zero"))?;
        self.take(length)
    }

    /// A length and a text.
    #[inline]
    pub fn text(&mut self) -> Result<&'de str, Error> {
        std::str::from_utf8(self.block()?).map_err(|_| Error::new("a string that is no UTF-8"))
    }

    #[inline]
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        match self.rest.split_first_chunk::<N>() {
            Some((taken, rest)) => {
                self.rest = rest;
                Ok(*taken)
            }
            None => Err(Error::new("the bytes end too early")),
        }
    }

    pub fn boolean(&mut self) -> Result<bool, Error> {
        match self.array::<1>()? {
            [0] => Ok(false),
            [1] => Ok(true),
            _ => Err(Error::new("a boolean that is neither 0 nor 1")),
        }
    }

    /// The bytes of a decimal.
    pub fn decimal(&mut self, of: &Decimal) -> Result<&'de [u8], Error> {
        match of.size {
            Some(size) => self.take(size),
            None => self.block(),
        }
    }

    /// The branch of a union.
    #[inline]
    pub fn branch<'t>(&mut self, union: &'t Union) -> Result<&'t Branch, Error> {
        let place = self.long()?;
        usize::try_from(place)
            .ok()
            .and_then(|place| union.branches.get(place))
            .ok_or_else(|| Error::new("the union has no such branch"))
    }

    /// The symbol of an enum, and its place.
    #[inline]
    pub fn symbol<'t>(&mut self, of: &'t Enum) -> Result<(usize, &'t str), Error> {
        let place = usize::try_from(self.int()?).unwrap_or(usize::MAX);
        match of.symbols.get(place) {
            Some(symbol) => Ok((place, symbol)),
            None => Err(Error::new("the enum has no such symbol")),
        }
    }
}
