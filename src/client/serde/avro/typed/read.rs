//! Reads bytes into a type: a deserializer over them and the schema's table.

use super::input::{Bounds, Fields, Input};
use super::read_parts::{Blocks, Duration, Entries, Items, Members, Octets, Variant};
use super::{Error, decimal};
use crate::format::avro::table::{Branch, Node, NodeId, Record, Table, Union};
use serde::Deserialize;
use serde::de::{Deserializer, Visitor};
use std::sync::atomic::Ordering;

/// Reads one record, and gives what is left of the bytes.
#[inline]
pub(in super::super) fn read<'de, T: Deserialize<'de>>(
    table: &Table,
    bytes: &'de [u8],
    bounds: Bounds,
    fields: Fields,
) -> Result<(T, &'de [u8]), Error> {
    let mut input = Input {
        rest: bytes,
        bounds,
        fields,
    };
    let value = T::deserialize(Reader {
        table,
        node: table.root(),
        input: &mut input,
        depth: bounds.depth,
        branch: None,
    })?;
    Ok((value, input.rest))
}

/// Reads a record once more to say where it fails.
pub(in super::super) fn read_with_path<'de, T: Deserialize<'de>>(
    table: &Table,
    bytes: &'de [u8],
    bounds: Bounds,
) -> Result<T, serde_path_to_error::Error<Error>> {
    let mut input = Input {
        rest: bytes,
        bounds,
        fields: Fields::ByName,
    };
    serde_path_to_error::deserialize(Reader {
        table,
        node: table.root(),
        input: &mut input,
        depth: bounds.depth,
        branch: None,
    })
}

/// One value.
pub(super) struct Reader<'t, 'r, 'de> {
    pub table: &'t Table,
    pub node: &'t Node,
    pub input: &'r mut Input<'de>,
    pub depth: usize,
    /// The branch of the union that the value is in, if its place was read already.
    pub branch: Option<&'t Branch>,
}

impl<'t, 'r, 'de> Reader<'t, 'r, 'de> {
    /// One level deeper.
    #[inline]
    pub fn inner(self, of: NodeId) -> Result<Self, Error> {
        let depth = self.depth.checked_sub(1).ok_or_else(too_deep)?;
        Ok(Self {
            node: self.table.node(of),
            depth,
            branch: None,
            ..self
        })
    }

    /// The value of a union.
    #[inline]
    fn in_branch(self, union: &'t Union) -> Result<Self, Error> {
        let branch = self.input.branch(union)?;
        let mut reader = self.inner(branch.of)?;
        reader.branch = Some(branch);
        Ok(reader)
    }

    fn items<V: Visitor<'de>>(self, of: NodeId, visitor: V) -> Result<V::Value, Error> {
        let depth = self.depth.checked_sub(1).ok_or_else(too_deep)?;
        let mut items = Items {
            table: self.table,
            of: self.table.node(of),
            blocks: Blocks::new(self.input)?,
            depth,
        };
        let value = visitor.visit_seq(&mut items)?;
        items.blocks.end()?;
        Ok(value)
    }

    fn entries<V: Visitor<'de>>(self, of: NodeId, visitor: V) -> Result<V::Value, Error> {
        let depth = self.depth.checked_sub(1).ok_or_else(too_deep)?;
        let mut entries = Entries {
            table: self.table,
            of: self.table.node(of),
            blocks: Blocks::new(self.input)?,
            depth,
        };
        let value = visitor.visit_map(&mut entries)?;
        entries.blocks.end()?;
        Ok(value)
    }

    fn members(&mut self, record: &'t Record) -> Result<Members<'t, '_, 'de>, Error> {
        Ok(Members {
            table: self.table,
            fields: record.fields.iter(),
            next: None,
            input: &mut *self.input,
            depth: self.depth.checked_sub(1).ok_or_else(too_deep)?,
        })
    }

    fn record<V: Visitor<'de>>(
        mut self,
        record: &'t Record,
        visitor: V,
    ) -> Result<V::Value, Error> {
        let mut members = self.members(record)?;
        let value = visitor.visit_map(&mut members)?;
        members.end()?;
        Ok(value)
    }

    /// Passes over a value.
    fn skip(self) -> Result<(), Error> {
        match self.node {
            Node::Null => {}
            Node::Boolean => drop(self.input.boolean()?),
            Node::Int => drop(self.input.int()?),
            Node::Long => drop(self.input.long()?),
            Node::Float => drop(self.input.take(4)?),
            Node::Double => drop(self.input.take(8)?),
            Node::Bytes => drop(self.input.block()?),
            Node::String => drop(self.input.text()?),
            Node::Fixed(size) => drop(self.input.take(*size)?),
            Node::Duration => drop(self.input.take(12)?),
            Node::Decimal(of) => drop(self.input.decimal(of)?),
            Node::Enum(of) => drop(self.input.symbol(of)?),
            Node::Union(union) => self.in_branch(union)?.skip()?,
            Node::Record(record) => {
                let depth = self.depth.checked_sub(1).ok_or_else(too_deep)?;
                for field in &record.fields {
                    Reader {
                        table: self.table,
                        node: self.table.node(field.of),
                        input: &mut *self.input,
                        depth,
                        branch: None,
                    }
                    .skip()?;
                }
            }
            Node::Array(of) | Node::Map(of) => {
                let depth = self.depth.checked_sub(1).ok_or_else(too_deep)?;
                let is_map = matches!(self.node, Node::Map(_));
                let mut blocks = Blocks::new(self.input)?;
                while blocks.next()? {
                    if is_map {
                        blocks.input.text()?;
                    }
                    Reader {
                        table: self.table,
                        node: self.table.node(*of),
                        input: &mut *blocks.input,
                        depth,
                        branch: None,
                    }
                    .skip()?;
                    blocks.passed()?;
                }
            }
        }
        Ok(())
    }
}

#[cold]
fn too_deep() -> Error {
    Error::new("the record nests too deeply")
}

/// Whether a type's fields are the record's, in the same order. What was found is remembered by where the type's list
/// stands, which is for the whole life of the program.
#[inline]
fn are_same(record: &Record, fields: &'static [&'static str]) -> bool {
    if fields.len() != record.fields.len() || fields.is_empty() {
        return false;
    }
    let place = fields.as_ptr().cast_mut();
    if record.same_names.load(Ordering::Relaxed) == place {
        return true;
    }
    let same = (record.fields.iter().zip(fields)).all(|(field, name)| *field.name == **name);
    if same {
        record.same_names.store(place, Ordering::Relaxed);
    }
    same
}

impl<'de> Deserializer<'de> for Reader<'_, '_, 'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.node {
            Node::Null => visitor.visit_unit(),
            Node::Boolean => visitor.visit_bool(self.input.boolean()?),
            Node::Int => visitor.visit_i32(self.input.int()?),
            Node::Long => visitor.visit_i64(self.input.long()?),
            Node::Float => visitor.visit_f32(f32::from_le_bytes(self.input.array()?)),
            Node::Double => visitor.visit_f64(f64::from_le_bytes(self.input.array()?)),
            Node::Bytes => visitor.visit_borrowed_bytes(self.input.block()?),
            Node::String => visitor.visit_borrowed_str(self.input.text()?),
            Node::Fixed(size) => visitor.visit_borrowed_bytes(self.input.take(*size)?),
            Node::Enum(of) => visitor.visit_str(self.input.symbol(of)?.1),
            Node::Decimal(of) => {
                let bytes = self.input.decimal(of)?;
                visitor.visit_string(decimal::text(of, bytes))
            }
            Node::Duration => visitor.visit_map(Duration::new(self.input.array()?)),
            Node::Array(of) => self.items(*of, visitor),
            Node::Map(of) => self.entries(*of, visitor),
            Node::Record(record) => self.record(record, visitor),
            Node::Union(union) => self.in_branch(union)?.deserialize_any(visitor),
        }
    }

    #[inline]
    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.node {
            Node::Boolean => visitor.visit_bool(self.input.boolean()?),
            _ => self.deserialize_any(visitor),
        }
    }

    #[inline]
    fn deserialize_i32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.node {
            Node::Int => visitor.visit_i32(self.input.int()?),
            _ => self.deserialize_i64(visitor),
        }
    }

    #[inline]
    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.node {
            Node::Long => visitor.visit_i64(self.input.long()?),
            Node::Decimal(of) => {
                let bytes = self.input.decimal(of)?;
                match decimal::integer(of, bytes) {
                    Some(integer) => match i64::try_from(integer) {
                        Ok(integer) => visitor.visit_i64(integer),
                        Err(_) => visitor.visit_i128(integer),
                    },
                    None => visitor.visit_string(decimal::text(of, bytes)),
                }
            }
            Node::Union(union) => self.in_branch(union)?.deserialize_i64(visitor),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_i8<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_i64(visitor)
    }

    fn deserialize_i16<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_i64(visitor)
    }

    fn deserialize_u8<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_i64(visitor)
    }

    fn deserialize_u16<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_i64(visitor)
    }

    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_i64(visitor)
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.node {
            // A type that counts in its own way, such as a bit set: the symbol's place.
            Node::Enum(of) => visitor.visit_u64(self.input.symbol(of)?.0 as u64),
            Node::Decimal(of) => {
                let bytes = self.input.decimal(of)?;
                match decimal::integer(of, bytes).map(u64::try_from) {
                    Some(Ok(integer)) => visitor.visit_u64(integer),
                    _ => visitor.visit_string(decimal::text(of, bytes)),
                }
            }
            Node::Union(union) => self.in_branch(union)?.deserialize_u64(visitor),
            _ => self.deserialize_i64(visitor),
        }
    }

    fn deserialize_i128<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.node {
            Node::Decimal(of) => {
                let bytes = self.input.decimal(of)?;
                match decimal::integer(of, bytes) {
                    Some(integer) => visitor.visit_i128(integer),
                    None => visitor.visit_string(decimal::text(of, bytes)),
                }
            }
            Node::Union(union) => self.in_branch(union)?.deserialize_i128(visitor),
            _ => self.deserialize_i64(visitor),
        }
    }

    fn deserialize_u128<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_i128(visitor)
    }

    #[inline]
    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.node {
            Node::Double => visitor.visit_f64(f64::from_le_bytes(self.input.array()?)),
            Node::Decimal(of) => {
                let bytes = self.input.decimal(of)?;
                match decimal::double(of, bytes) {
                    Some(double) => visitor.visit_f64(double),
                    None => visitor.visit_string(decimal::text(of, bytes)),
                }
            }
            Node::Union(union) => self.in_branch(union)?.deserialize_f64(visitor),
            _ => self.deserialize_any(visitor),
        }
    }

    #[inline]
    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.node {
            Node::Float => visitor.visit_f32(f32::from_le_bytes(self.input.array()?)),
            _ => self.deserialize_f64(visitor),
        }
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    #[inline]
    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let utf8 = |bytes| std::str::from_utf8(bytes).ok();
        match self.node {
            Node::String => visitor.visit_borrowed_str(self.input.text()?),
            Node::Bytes | Node::Fixed(_) => {
                let bytes = match self.node {
                    Node::Fixed(size) => self.input.take(*size)?,
                    _ => self.input.block()?,
                };
                match utf8(bytes) {
                    Some(text) => visitor.visit_borrowed_str(text),
                    None => visitor.visit_borrowed_bytes(bytes),
                }
            }
            Node::Union(union) => self.in_branch(union)?.deserialize_str(visitor),
            _ => self.deserialize_any(visitor),
        }
    }

    #[inline]
    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.node {
            Node::String => visitor.visit_borrowed_bytes(self.input.text()?.as_bytes()),
            Node::Decimal(of) => visitor.visit_borrowed_bytes(self.input.decimal(of)?),
            Node::Duration => visitor.visit_borrowed_bytes(self.input.take(12)?),
            Node::Union(union) => self.in_branch(union)?.deserialize_bytes(visitor),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_bytes(visitor)
    }

    #[inline]
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.node {
            Node::Null => visitor.visit_none(),
            Node::Union(union) => {
                let reader = self.in_branch(union)?;
                match reader.node {
                    Node::Null => visitor.visit_none(),
                    _ => visitor.visit_some(reader),
                }
            }
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_any(visitor)
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.node {
            // A record without fields.
            Node::Record(record) if record.fields.is_empty() => visitor.visit_unit(),
            _ => self.deserialize_any(visitor),
        }
    }

    #[inline]
    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    #[inline]
    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.node {
            Node::Array(of) => self.items(*of, visitor),
            Node::Duration => visitor.visit_seq(Duration::new(self.input.array()?)),
            Node::Bytes => visitor.visit_seq(Octets::new(self.input.block()?)),
            Node::Fixed(size) => visitor.visit_seq(Octets::new(self.input.take(*size)?)),
            Node::Union(union) => self.in_branch(union)?.deserialize_seq(visitor),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        _len: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _len: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    #[inline]
    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.node {
            Node::Map(of) => self.entries(*of, visitor),
            _ => self.deserialize_any(visitor),
        }
    }

    #[inline]
    fn deserialize_struct<V: Visitor<'de>>(
        mut self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.node {
            Node::Record(record) => {
                if self.input.fields == Fields::InOrder && are_same(record, fields) {
                    let mut members = self.members(record)?;
                    let value = visitor.visit_seq(&mut members)?;
                    members.end()?;
                    return Ok(value);
                }
                self.record(record, visitor)
            }
            Node::Union(union) => self
                .in_branch(union)?
                .deserialize_struct(_name, fields, visitor),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let reader = match (self.node, self.branch) {
            (Node::Union(union), _) => self.in_branch(union)?,
            _ => self,
        };
        let name: &str = match (reader.node, reader.branch) {
            // An enum in a union: of the enum's symbols, if the type knows such.
            (Node::Enum(of), branch)
                if branch.is_none_or(|b| !variants.iter().any(|v| b.is_called(v))) =>
            {
                let (_, symbol) = reader.input.symbol(of)?;
                return visitor.visit_enum(Variant::Unit(symbol));
            }
            (Node::String, branch)
                if branch.is_none_or(|b| !variants.iter().any(|v| b.is_called(v))) =>
            {
                return visitor.visit_enum(Variant::Unit(reader.input.text()?));
            }
            (_, Some(branch)) => (variants.iter())
                .find(|variant| branch.is_called(variant))
                .map_or(&*branch.name, |variant| variant),
            (node, None) => match (node, variants) {
                (Node::Record(record), _) => (variants.iter())
                    .find(|v| ***v == *record.name || record.name.ends_with(&format!(".{v}")))
                    .map_or(&*record.name, |variant| variant),
                _ => return Err(Error::other(node, "an enum")),
            },
        };
        visitor.visit_enum(Variant::Branch(name, reader))
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.skip()?;
        visitor.visit_unit()
    }
}
