//! Writes a type as bytes: a serializer over the schema's table.

use super::write_parts::{Compound, Part};
use super::{Error, decimal};
use crate::format::avro::table::{Branch, Decimal, Enum, Node, NodeId, Table, Union};
use serde::Serialize;
use serde::ser::Serializer;

/// Where records are written, with buffers that are kept from record to record.
#[derive(Default)]
pub(in super::super) struct Output {
    pub bytes: Vec<u8>,
    /// Fields that were given before their turn.
    pub(super) early: Vec<(usize, Vec<u8>)>,
    /// Buffers that are free.
    pub(super) spare: Vec<Vec<u8>>,
}

impl Output {
    /// An integer, zigzag and of variable length.
    #[inline]
    pub(super) fn long(&mut self, value: i64) {
        let mut rest = ((value << 1) ^ (value >> 63)) as u64;
        if rest < 0x80 {
            self.bytes.push(rest as u8);
            return;
        }
        let mut buffer = [0u8; 10];
        let mut length = 0;
        for place in &mut buffer {
            length += 1;
            if rest < 0x80 {
                *place = rest as u8;
                break;
            }
            *place = rest as u8 | 0x80;
            rest >>= 7;
        }
        self.bytes
            .extend_from_slice(buffer.get(..length).unwrap_or_default());
    }

    /// Lets go of what a record that failed has left.
    #[cold]
    pub fn forget(&mut self) {
        self.early.clear();
    }

    #[inline]
    pub(super) fn block(&mut self, bytes: &[u8]) {
        // No slice is longer than that.
        self.long(bytes.len() as i64);
        self.bytes.extend_from_slice(bytes);
    }
}

/// Writes one record at the end of `out.bytes`.
#[inline]
pub(in super::super) fn write<T: Serialize + ?Sized>(
    table: &Table,
    value: &T,
    out: &mut Output,
) -> Result<(), Error> {
    value.serialize(Writer {
        table,
        node: table.root(),
        out,
    })
}

/// One value.
pub(super) struct Writer<'t, 'o> {
    pub table: &'t Table,
    pub node: &'t Node,
    pub out: &'o mut Output,
}

/// What a value is, to find its branch of a union.
#[derive(Clone, Copy)]
pub(super) enum Asked<'v> {
    Null,
    Boolean,
    /// A number, and whether it was one of at most 32 bits.
    Integer(i128, bool),
    Float,
    Double,
    Text(&'v str),
    Bytes(usize),
    /// Items, as many if that is known.
    Items(Option<usize>),
    Map,
    Struct(&'v str),
    Symbol(&'v str),
}

impl Asked<'_> {
    /// How well a type takes it; 0 is best.
    fn fit(self, node: &Node) -> Option<u8> {
        Some(match (self, node) {
            (Self::Null, Node::Null)
            | (Self::Boolean, Node::Boolean)
            | (Self::Float, Node::Float)
            | (Self::Double, Node::Double)
            | (Self::Text(_), Node::String)
            | (Self::Bytes(_), Node::Bytes)
            | (Self::Items(_), Node::Array(_))
            | (Self::Map, Node::Map(_)) => 0,
            (Self::Integer(value, small), Node::Int) => {
                i32::try_from(value).ok()?;
                u8::from(!small)
            }
            (Self::Integer(value, small), Node::Long) => {
                i64::try_from(value).ok()?;
                u8::from(small)
            }
            (Self::Integer(..), Node::Decimal(_)) => 2,
            (Self::Float, Node::Double) | (Self::Double, Node::Float) => 1,
            (Self::Text(text), Node::Enum(of)) if of.index.contains_key(text) => 1,
            (Self::Text(text), Node::Decimal(of)) => {
                decimal::from_text(of, text).ok()?;
                2
            }
            (Self::Text(_), Node::Bytes) => 3,
            (Self::Text(text), Node::Fixed(size)) if text.len() == *size => 4,
            (Self::Bytes(length), Node::Fixed(size)) if length == *size => 1,
            (Self::Bytes(12), Node::Duration) => 2,
            (Self::Items(Some(3)), Node::Duration) => 1,
            (Self::Items(_), Node::Bytes) => 2,
            (Self::Items(Some(length)), Node::Fixed(size)) if length == *size => 2,
            (Self::Map, Node::Record(_)) => 1,
            (Self::Struct(name), Node::Record(record)) => {
                let short = record.name.rsplit('.').next().unwrap_or_default();
                u8::from(*record.name != *name && short != name)
            }
            (Self::Struct(_), Node::Duration) => 2,
            (Self::Struct(_), Node::Map(_)) => 3,
            (Self::Symbol(symbol), Node::Enum(of)) if of.index.contains_key(symbol) => 0,
            (Self::Symbol(_), Node::String) => 2,
            _ => return None,
        })
    }

    fn described(self) -> String {
        match self {
            Self::Null => "null".to_owned(),
            Self::Boolean => "a boolean".to_owned(),
            Self::Integer(value, _) => format!("the integer {value}"),
            Self::Float | Self::Double => "a floating-point number".to_owned(),
            Self::Text(text) => format!("the text {:?}", text.chars().take(40).collect::<String>()),
            Self::Bytes(length) => format!("{length} bytes"),
            Self::Items(_) => "a sequence".to_owned(),
            Self::Map => "a map".to_owned(),
            Self::Struct(name) => format!("the struct {name}"),
            Self::Symbol(symbol) => format!("the variant {symbol}"),
        }
    }
}

impl<'t, 'o> Writer<'t, 'o> {
    /// Goes into the branch of a union that takes a value best.
    #[inline]
    fn for_value(self, asked: Asked<'_>) -> Result<Self, Error> {
        match self.node {
            Node::Union(union) => {
                // The common union has one choice only.
                if let Some((null, other)) = union.option {
                    let at = match asked {
                        Asked::Null => null,
                        _ => other,
                    } as usize;
                    if let Some(branch) = union.branches.get(at)
                        && asked.fit(self.table.node(branch.of)).is_some()
                    {
                        return Ok(self.into_branch(at, branch));
                    }
                }
                self.into_best(union, asked)
            }
            _ => Ok(self),
        }
    }

    fn into_best(self, union: &'t Union, asked: Asked<'_>) -> Result<Self, Error> {
        let mut best: Option<(u8, usize, &Branch)> = None;
        let mut is_tie = false;
        for (at, branch) in union.branches.iter().enumerate() {
            let Some(fit) = asked.fit(self.table.node(branch.of)) else {
                continue;
            };
            match best {
                Some((other, ..)) if other < fit => {}
                Some((other, ..)) if other == fit => is_tie = true,
                _ => {
                    best = Some((fit, at, branch));
                    is_tie = false;
                }
            }
        }
        match best {
            Some((0, at, branch)) => Ok(self.into_branch(at, branch)),
            Some((_, at, branch)) if !is_tie => Ok(self.into_branch(at, branch)),
            Some(_) => Err(Error::new(format_args!(
                "{} could be several of the union's branches: an enum with a variant of the branch's name says which",
                asked.described()
            ))),
            None => Err(Error::other(self.node, asked.described())),
        }
    }

    #[inline]
    fn into_branch(self, at: usize, branch: &Branch) -> Self {
        self.out.long(at as i64);
        self.inside(branch.of)
    }

    /// A part of the value.
    #[inline]
    pub fn inside(self, of: NodeId) -> Self {
        Self {
            node: self.table.node(of),
            ..self
        }
    }

    /// Goes into the branch that a variant names.
    fn for_variant(self, variant: &str) -> Result<Self, Error> {
        let Node::Union(union) = self.node else {
            return match self.node {
                Node::Record(record)
                    if *record.name == *variant
                        || record.name.rsplit('.').next() == Some(variant) =>
                {
                    Ok(self)
                }
                _ => Err(Error::other(
                    self.node,
                    format_args!("the variant {variant}"),
                )),
            };
        };
        let found = |exact: bool| {
            (union.branches.iter().enumerate()).find(|(_, branch)| match exact {
                true => *branch.name == *variant,
                false => branch.is_called(variant),
            })
        };
        match found(true).or_else(|| found(false)) {
            Some((at, branch)) => Ok(self.into_branch(at, branch)),
            None => Err(Error::other(
                self.node,
                format_args!("the variant {variant}"),
            )),
        }
    }

    fn symbol(self, of: &Enum, symbol: &str) -> Result<(), Error> {
        match of.index.get(symbol) {
            Some(at) => {
                self.out.long(*at as i64);
                Ok(())
            }
            None => Err(Error::other(self.node, format_args!("{symbol:?}"))),
        }
    }

    fn decimal(self, of: &Decimal, bytes: &[u8]) {
        match of.size {
            Some(_) => self.out.bytes.extend_from_slice(bytes),
            None => self.out.block(bytes),
        }
    }

    #[inline]
    fn integer(self, value: i128, small: bool) -> Result<(), Error> {
        let asked = Asked::Integer(value, small);
        let writer = self.for_value(asked)?;
        match writer.node {
            Node::Int => match i32::try_from(value) {
                Ok(value) => writer.out.long(value.into()),
                Err(_) => return Err(Error::other(writer.node, asked.described())),
            },
            Node::Long => match i64::try_from(value) {
                Ok(value) => writer.out.long(value),
                Err(_) => return Err(Error::other(writer.node, asked.described())),
            },
            Node::Decimal(of) => {
                let bytes = decimal::from_integer(of, value)?;
                writer.decimal(of, &bytes);
            }
            _ => return Err(Error::other(writer.node, asked.described())),
        }
        Ok(())
    }

    /// Begins something of several parts.
    fn compound(self, part: Part<'t>) -> Compound<'t, 'o> {
        Compound::new(self.table, self.out, part)
    }

    fn items(self, count: Option<usize>) -> Result<Compound<'t, 'o>, Error> {
        let asked = Asked::Items(count);
        let writer = self.for_value(asked)?;
        match writer.node {
            Node::Array(of) => {
                let of = writer.table.node(*of);
                Ok(writer.compound(Part::items(of, count)))
            }
            Node::Duration => Ok(writer.compound(Part::Duration(0))),
            Node::Bytes => Ok(writer.compound(Part::Octets(Vec::new(), None))),
            Node::Fixed(size) => Ok(writer.compound(Part::Octets(Vec::new(), Some(*size)))),
            _ => Err(Error::other(writer.node, asked.described())),
        }
    }

    fn entries(self, count: Option<usize>, asked: Asked<'_>) -> Result<Compound<'t, 'o>, Error> {
        let writer = self.for_value(asked)?;
        match writer.node {
            Node::Map(of) => {
                let of = writer.table.node(*of);
                Ok(writer.compound(Part::items(of, count)))
            }
            Node::Record(record) => Ok(writer.compound(Part::Record(record))),
            Node::Duration => Ok(writer.compound(Part::Duration(0))),
            _ => Err(Error::other(writer.node, asked.described())),
        }
    }
}

impl<'t, 'o> Serializer for Writer<'t, 'o> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Compound<'t, 'o>;
    type SerializeTuple = Compound<'t, 'o>;
    type SerializeTupleStruct = Compound<'t, 'o>;
    type SerializeTupleVariant = Compound<'t, 'o>;
    type SerializeMap = Compound<'t, 'o>;
    type SerializeStruct = Compound<'t, 'o>;
    type SerializeStructVariant = Compound<'t, 'o>;

    #[inline]
    fn serialize_bool(self, value: bool) -> Result<(), Error> {
        let writer = self.for_value(Asked::Boolean)?;
        match writer.node {
            Node::Boolean => writer.out.bytes.push(u8::from(value)),
            _ => return Err(Error::other(writer.node, "a boolean")),
        }
        Ok(())
    }

    fn serialize_i8(self, value: i8) -> Result<(), Error> {
        self.integer(value.into(), true)
    }

    fn serialize_i16(self, value: i16) -> Result<(), Error> {
        self.integer(value.into(), true)
    }

    #[inline]
    fn serialize_i32(self, value: i32) -> Result<(), Error> {
        match self.node {
            Node::Int | Node::Long => {
                self.out.long(value.into());
                Ok(())
            }
            _ => self.integer(value.into(), true),
        }
    }

    #[inline]
    fn serialize_i64(self, value: i64) -> Result<(), Error> {
        match self.node {
            Node::Long => {
                self.out.long(value);
                Ok(())
            }
            _ => self.integer(value.into(), false),
        }
    }

    fn serialize_i128(self, value: i128) -> Result<(), Error> {
        self.integer(value, false)
    }

    fn serialize_u8(self, value: u8) -> Result<(), Error> {
        self.integer(value.into(), true)
    }

    fn serialize_u16(self, value: u16) -> Result<(), Error> {
        self.integer(value.into(), true)
    }

    fn serialize_u32(self, value: u32) -> Result<(), Error> {
        self.integer(value.into(), false)
    }

    fn serialize_u64(self, value: u64) -> Result<(), Error> {
        self.integer(value.into(), false)
    }

    fn serialize_u128(self, value: u128) -> Result<(), Error> {
        let value = i128::try_from(value)
            .map_err(|_| Error::other(self.node, format_args!("the integer {value}")))?;
        self.integer(value, false)
    }

    #[inline]
    fn serialize_f32(self, value: f32) -> Result<(), Error> {
        let writer = self.for_value(Asked::Float)?;
        match writer.node {
            Node::Float => writer.out.bytes.extend_from_slice(&value.to_le_bytes()),
            Node::Double => {
                let value = f64::from(value);
                writer.out.bytes.extend_from_slice(&value.to_le_bytes());
            }
            _ => return Err(Error::other(writer.node, "a floating-point number")),
        }
        Ok(())
    }

    #[inline]
    fn serialize_f64(self, value: f64) -> Result<(), Error> {
        let writer = self.for_value(Asked::Double)?;
        match writer.node {
            Node::Double => writer.out.bytes.extend_from_slice(&value.to_le_bytes()),
            // Whoever calls looks for what became infinite.
            Node::Float => {
                let value = value as f32;
                writer.out.bytes.extend_from_slice(&value.to_le_bytes());
            }
            _ => return Err(Error::other(writer.node, "a floating-point number")),
        }
        Ok(())
    }

    fn serialize_char(self, value: char) -> Result<(), Error> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    #[inline]
    fn serialize_str(self, value: &str) -> Result<(), Error> {
        let writer = self.for_value(Asked::Text(value))?;
        match writer.node {
            Node::String | Node::Bytes => writer.out.block(value.as_bytes()),
            Node::Enum(of) => return writer.symbol(of, value),
            Node::Decimal(of) => {
                let bytes = decimal::from_text(of, value)?;
                writer.decimal(of, &bytes);
            }
            Node::Fixed(size) if value.len() == *size => {
                writer.out.bytes.extend_from_slice(value.as_bytes());
            }
            _ => return Err(Error::other(writer.node, Asked::Text(value).described())),
        }
        Ok(())
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<(), Error> {
        let asked = Asked::Bytes(value.len());
        let writer = self.for_value(asked)?;
        match writer.node {
            Node::Bytes => writer.out.block(value),
            Node::Fixed(size) if value.len() == *size => {
                writer.out.bytes.extend_from_slice(value);
            }
            Node::Duration if value.len() == 12 => writer.out.bytes.extend_from_slice(value),
            Node::Decimal(of) if of.size.is_none_or(|size| size == value.len()) => {
                writer.decimal(of, value);
            }
            Node::String if std::str::from_utf8(value).is_ok() => writer.out.block(value),
            _ => return Err(Error::other(writer.node, asked.described())),
        }
        Ok(())
    }

    #[inline]
    fn serialize_none(self) -> Result<(), Error> {
        self.serialize_unit()
    }

    #[inline]
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Error> {
        // Not into the other branch at once: the value may be a variant that names it.
        value.serialize(self)
    }

    #[inline]
    fn serialize_unit(self) -> Result<(), Error> {
        let writer = self.for_value(Asked::Null)?;
        match writer.node {
            Node::Null => Ok(()),
            _ => Err(Error::other(writer.node, "null")),
        }
    }

    fn serialize_unit_struct(self, name: &'static str) -> Result<(), Error> {
        match self.node {
            Node::Null => Ok(()),
            Node::Union(union) if union.branches.iter().any(|b| *b.name == *"Null") => {
                self.serialize_unit()
            }
            _ => {
                let none = self.entries(Some(0), Asked::Struct(name))?;
                none.end()
            }
        }
    }

    fn serialize_unit_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
    ) -> Result<(), Error> {
        match self.node {
            Node::Enum(of) => self.symbol(of, variant),
            Node::String => {
                self.out.block(variant.as_bytes());
                Ok(())
            }
            Node::Union(union) => {
                // A symbol of an enum, the name of a branch, or a text.
                let asked = Asked::Symbol(variant);
                let fit = |branch: &Branch| asked.fit(self.table.node(branch.of));
                let is_symbol = union.branches.iter().any(|branch| fit(branch) == Some(0));
                let is_name = union.branches.iter().any(|b| b.is_called(variant));
                let is_text = union.branches.iter().any(|branch| fit(branch).is_some());
                if is_symbol || (is_text && !is_name) {
                    return self
                        .into_best(union, asked)?
                        .serialize_unit_variant(_name, _index, variant);
                }
                let writer = self.for_variant(variant)?;
                match writer.node {
                    Node::Null => Ok(()),
                    Node::Record(_) => writer.entries(Some(0), Asked::Map)?.end(),
                    _ => Err(Error::other(
                        writer.node,
                        format_args!("the variant {variant} without a value"),
                    )),
                }
            }
            _ => Err(Error::other(
                self.node,
                format_args!("the variant {variant}"),
            )),
        }
    }

    #[inline]
    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        value.serialize(self.for_variant(variant)?)
    }

    fn serialize_seq(self, len: Option<usize>) -> Result<Self::SerializeSeq, Error> {
        self.items(len)
    }

    fn serialize_tuple(self, len: usize) -> Result<Self::SerializeTuple, Error> {
        self.items(Some(len))
    }

    fn serialize_tuple_struct(
        self,
        _name: &'static str,
        len: usize,
    ) -> Result<Self::SerializeTupleStruct, Error> {
        self.items(Some(len))
    }

    fn serialize_tuple_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Self::SerializeTupleVariant, Error> {
        self.for_variant(variant)?.items(Some(len))
    }

    fn serialize_map(self, len: Option<usize>) -> Result<Self::SerializeMap, Error> {
        self.entries(len, Asked::Map)
    }

    #[inline]
    fn serialize_struct(
        self,
        name: &'static str,
        len: usize,
    ) -> Result<Self::SerializeStruct, Error> {
        match self.node {
            Node::Record(record) => Ok(self.compound(Part::Record(record))),
            _ => self.entries(Some(len), Asked::Struct(name)),
        }
    }

    fn serialize_struct_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Self::SerializeStructVariant, Error> {
        self.for_variant(variant)?
            .entries(Some(len), Asked::Struct(variant))
    }
}
