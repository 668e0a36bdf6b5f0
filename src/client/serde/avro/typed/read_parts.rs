//! What a value that is read is made of: items, entries, fields, variants.

use super::Error;
use super::input::Input;
use super::read::Reader;
use crate::format::avro::table::{Field, Node, Table};
use serde::Deserializer;
use serde::de::value::{BorrowedStrDeserializer, StrDeserializer};
use serde::de::{
    DeserializeSeed, EnumAccess, IntoDeserializer, MapAccess, SeqAccess, Unexpected, VariantAccess,
    Visitor,
};

/// The blocks of an array or a map.
pub(super) struct Blocks<'r, 'de> {
    pub input: &'r mut Input<'de>,
    left: u64,
    total: u64,
    is_over: bool,
}

impl<'r, 'de> Blocks<'r, 'de> {
    pub fn new(input: &'r mut Input<'de>) -> Result<Self, Error> {
        let mut blocks = Self {
            input,
            left: 0,
            total: 0,
            is_over: false,
        };
        blocks.open()?;
        Ok(blocks)
    }

    /// Reads how many items the next block has.
    fn open(&mut self) -> Result<(), Error> {
        let count = self.input.long()?;
        if count < 0 {
            // Its size in bytes, for those who pass over it.
            self.input.long()?;
        }
        self.left = count.unsigned_abs();
        self.is_over = count == 0;
        self.total = self.total.saturating_add(self.left);
        if self.total > self.input.bounds.items as u64 {
            return Err(Error::new(
                "an array or map of more items than there can be",
            ));
        }
        Ok(())
    }

    /// Whether there is one more.
    #[inline]
    pub fn next(&mut self) -> Result<bool, Error> {
        if self.is_over {
            return Ok(false);
        }
        self.left -= 1;
        Ok(true)
    }

    /// After an item: the next block, if this one has no more.
    #[inline]
    pub fn passed(&mut self) -> Result<(), Error> {
        if self.left == 0 {
            self.open()?;
        }
        Ok(())
    }

    /// Nothing may be left over.
    #[inline]
    pub fn end(&self) -> Result<(), Error> {
        match self.is_over {
            true => Ok(()),
            false => Err(Error::new("more items than the type takes")),
        }
    }

    fn hint(&self) -> usize {
        // Items without bytes are bounded, and types reserve little at once.
        usize::try_from(self.left).unwrap_or(usize::MAX)
    }
}

/// The items of an array.
pub(super) struct Items<'t, 'r, 'de> {
    pub table: &'t Table,
    pub of: &'t Node,
    pub blocks: Blocks<'r, 'de>,
    pub depth: usize,
}

impl<'de> SeqAccess<'de> for Items<'_, '_, 'de> {
    type Error = Error;

    #[inline]
    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Error> {
        if !self.blocks.next()? {
            return Ok(None);
        }
        let value = seed.deserialize(Reader {
            table: self.table,
            node: self.of,
            input: &mut *self.blocks.input,
            depth: self.depth,
            branch: None,
        })?;
        self.blocks.passed()?;
        Ok(Some(value))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.blocks.hint())
    }
}

/// The entries of a map.
pub(super) struct Entries<'t, 'r, 'de> {
    pub table: &'t Table,
    pub of: &'t Node,
    pub blocks: Blocks<'r, 'de>,
    pub depth: usize,
}

impl<'de> MapAccess<'de> for Entries<'_, '_, 'de> {
    type Error = Error;

    #[inline]
    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Error> {
        if !self.blocks.next()? {
            return Ok(None);
        }
        let key = self.blocks.input.text()?;
        seed.deserialize(BorrowedStrDeserializer::new(key))
            .map(Some)
    }

    #[inline]
    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Error> {
        let value = seed.deserialize(Reader {
            table: self.table,
            node: self.of,
            input: &mut *self.blocks.input,
            depth: self.depth,
            branch: None,
        })?;
        self.blocks.passed()?;
        Ok(value)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.blocks.hint())
    }
}

/// The fields of a record.
pub(super) struct Members<'t, 'r, 'de> {
    pub table: &'t Table,
    pub fields: std::slice::Iter<'t, Field>,
    pub next: Option<&'t Field>,
    pub input: &'r mut Input<'de>,
    pub depth: usize,
}

impl<'t, 'de> Members<'t, '_, 'de> {
    #[inline]
    fn reader(&mut self, field: &'t Field) -> Reader<'t, '_, 'de> {
        Reader {
            table: self.table,
            node: self.table.node(field.of),
            input: &mut *self.input,
            depth: self.depth,
            branch: None,
        }
    }

    /// Nothing may be left over.
    #[inline]
    pub fn end(&self) -> Result<(), Error> {
        match self.fields.len() {
            0 => Ok(()),
            _ => Err(Error::new("more fields than the type takes")),
        }
    }
}

impl<'de> SeqAccess<'de> for Members<'_, '_, 'de> {
    type Error = Error;

    #[inline]
    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Error> {
        match self.fields.next() {
            None => Ok(None),
            Some(field) => seed.deserialize(self.reader(field)).map(Some),
        }
    }
}

impl<'de> MapAccess<'de> for Members<'_, '_, 'de> {
    type Error = Error;

    #[inline]
    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Error> {
        self.next = self.fields.next();
        match self.next {
            None => Ok(None),
            Some(field) => {
                let name: StrDeserializer<'_, Error> = (&*field.name).into_deserializer();
                seed.deserialize(name).map(Some)
            }
        }
    }

    #[inline]
    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Error> {
        match self.next.take() {
            Some(field) => seed.deserialize(self.reader(field)),
            None => Err(Error::new("a value is asked for before its name")),
        }
    }
}

/// A duration: months, days and milliseconds, as items or by name.
pub(super) struct Duration {
    bytes: [u8; 12],
    at: usize,
}

impl Duration {
    pub fn new(bytes: [u8; 12]) -> Self {
        Self { bytes, at: 0 }
    }

    fn number(&mut self) -> Option<u32> {
        let bytes = self.bytes.get(4 * self.at..4 * self.at + 4)?;
        self.at += 1;
        Some(u32::from_le_bytes(bytes.try_into().ok()?))
    }
}

impl<'de> SeqAccess<'de> for Duration {
    type Error = Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Error> {
        match self.number() {
            None => Ok(None),
            Some(number) => seed.deserialize(number.into_deserializer()).map(Some),
        }
    }

    fn size_hint(&self) -> Option<usize> {
        Some(3 - self.at.min(3))
    }
}

/// The names of a duration's parts.
pub(super) const DURATION: [&str; 3] = ["months", "days", "milliseconds"];

impl<'de> MapAccess<'de> for Duration {
    type Error = Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Error> {
        match DURATION.get(self.at) {
            None => Ok(None),
            Some(name) => seed
                .deserialize(BorrowedStrDeserializer::new(name))
                .map(Some),
        }
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Error> {
        match self.number() {
            Some(number) => seed.deserialize(number.into_deserializer()),
            None => Err(Error::new("a duration has three numbers")),
        }
    }
}

/// Bytes, one by one, for types that are lists of them.
pub(super) struct Octets<'de>(std::slice::Iter<'de, u8>);

impl<'de> Octets<'de> {
    pub fn new(bytes: &'de [u8]) -> Self {
        Self(bytes.iter())
    }
}

impl<'de> SeqAccess<'de> for Octets<'de> {
    type Error = Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Error> {
        match self.0.next() {
            None => Ok(None),
            Some(byte) => seed.deserialize((*byte).into_deserializer()).map(Some),
        }
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.0.len())
    }
}

/// The variant of a Rust enum.
pub(super) enum Variant<'n, 't, 'r, 'de> {
    /// A symbol.
    Unit(&'n str),
    /// A union's branch.
    Branch(&'n str, Reader<'t, 'r, 'de>),
}

impl<'de> EnumAccess<'de> for Variant<'_, '_, '_, 'de> {
    type Error = Error;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self), Error> {
        let (Self::Unit(name) | Self::Branch(name, _)) = &self;
        let name: StrDeserializer<'_, Error> = (*name).into_deserializer();
        Ok((seed.deserialize(name)?, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'_, '_, '_, 'de> {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        match self {
            Self::Unit(_) => Ok(()),
            Self::Branch(_, reader) => {
                reader.deserialize_ignored_any(serde::de::IgnoredAny)?;
                Ok(())
            }
        }
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Error> {
        match self {
            Self::Unit(_) => Err(no_value(&"a variant with a value")),
            Self::Branch(_, reader) => seed.deserialize(reader),
        }
    }

    fn tuple_variant<V: Visitor<'de>>(self, _len: usize, visitor: V) -> Result<V::Value, Error> {
        match self {
            Self::Unit(_) => Err(no_value(&"a variant with values")),
            Self::Branch(_, reader) => reader.deserialize_seq(visitor),
        }
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self {
            Self::Unit(_) => Err(no_value(&"a variant with fields")),
            Self::Branch(name, reader) => {
                let _ = name;
                reader.deserialize_struct("", fields, visitor)
            }
        }
    }
}

#[cold]
fn no_value(wanted: &dyn serde::de::Expected) -> Error {
    serde::de::Error::invalid_type(Unexpected::UnitVariant, wanted)
}
