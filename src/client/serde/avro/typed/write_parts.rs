//! What a value that is written is made of: items, entries and fields, in whatever order they come.

use super::Error;
use super::read_parts::DURATION;
use super::write::{Output, Writer};
use crate::format::avro::table::{Node, Record, Table};
use serde::Serialize;
use serde::ser::{
    Impossible, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant,
    SerializeTuple, SerializeTupleStruct, SerializeTupleVariant, Serializer,
};
use std::fmt::Display;

/// Something of several parts.
pub(super) struct Compound<'t, 'o> {
    table: &'t Table,
    out: &'o mut Output,
    part: Part<'t>,
    /// Of a record: the field whose turn it is. Of items: how many were written.
    at: usize,
    /// Of a record: where its early fields begin in the list of all.
    base: usize,
    /// Of a map: the key whose value comes next.
    key: String,
}

/// What has parts.
pub(super) enum Part<'t> {
    /// The items of an array, or the entries of a map, and how many there are to be.
    Items(&'t Node, Option<usize>),
    Record(&'t Record),
    /// How many of its three numbers were written.
    Duration(usize),
    /// Bytes that come one by one, and how many there have to be.
    Octets(Vec<u8>, Option<usize>),
}

impl<'t> Part<'t> {
    pub fn items(of: &'t Node, count: Option<usize>) -> Self {
        Self::Items(of, count)
    }
}

impl<'t, 'o> Compound<'t, 'o> {
    #[inline]
    pub fn new(table: &'t Table, out: &'o mut Output, part: Part<'t>) -> Self {
        if let Part::Items(_, Some(count)) = part
            && count > 0
        {
            out.long(count as i64);
        }
        let base = out.early.len();
        Self {
            table,
            out,
            part,
            at: 0,
            base,
            key: String::new(),
        }
    }

    #[inline]
    fn item<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        match &mut self.part {
            Part::Items(of, count) => {
                if count.is_none() {
                    // Nobody knows how many will come: each is a block of its own.
                    self.out.long(1);
                }
                self.at += 1;
                value.serialize(Writer {
                    table: self.table,
                    node: of,
                    out: &mut *self.out,
                })
            }
            Part::Duration(_) => self.number(value),
            Part::Octets(bytes, _) => {
                bytes.push(value.serialize(Whole)?.try_into().map_err(|_| octet())?);
                Ok(())
            }
            Part::Record(_) => Err(Error::new("items where the schema has a record")),
        }
    }

    fn number<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        let Part::Duration(count) = &mut self.part else {
            return Err(Error::new("a number where none is"));
        };
        let number = u32::try_from(value.serialize(Whole)?)
            .map_err(|_| Error::new("a duration is three numbers of 32 bits"))?;
        *count += 1;
        self.out.bytes.extend_from_slice(&number.to_le_bytes());
        Ok(())
    }

    #[inline]
    fn field<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> Result<(), Error> {
        match self.part {
            Part::Record(record) => match record.fields.get(self.at) {
                Some(field) if *field.name == *name => {
                    value.serialize(Writer {
                        table: self.table,
                        node: self.table.node(field.of),
                        out: &mut *self.out,
                    })?;
                    self.at += 1;
                    if self.out.early.len() > self.base {
                        self.take_early();
                    }
                    Ok(())
                }
                _ => self.early_field(record, name, value),
            },
            Part::Duration(count) => match DURATION.get(count) {
                Some(wanted) if *wanted == name => self.number(value),
                _ => Err(Error::new(
                    "a duration has the fields months, days and milliseconds",
                )),
            },
            Part::Items(..) => {
                self.entry_key(name);
                self.entry_value(value)
            }
            Part::Octets(..) => Err(Error::new("a field where the schema has bytes")),
        }
    }

    /// The key of a map's entry comes before what [`Self::item`] writes, but after a block's count.
    fn entry_key(&mut self, name: &str) {
        if let Part::Items(_, None) = self.part {
            self.out.long(1);
        }
        self.out.block(name.as_bytes());
    }

    fn entry_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        let Part::Items(of, _) = self.part else {
            return Err(Error::new("a value where no map is"));
        };
        self.at += 1;
        value.serialize(Writer {
            table: self.table,
            node: of,
            out: &mut *self.out,
        })
    }

    /// A field before its turn is kept until then.
    #[cold]
    fn early_field<T: Serialize + ?Sized>(
        &mut self,
        record: &Record,
        name: &str,
        value: &T,
    ) -> Result<(), Error> {
        let Some(&at) = record.index.get(name) else {
            return Err(Error::new(format_args!(
                "the record {} has no field {name:?}",
                record.name
            )));
        };
        let is_there = |(early, _): &(usize, Vec<u8>)| *early == at;
        let early = self.out.early.get(self.base..).unwrap_or_default();
        let Some(field) = record
            .fields
            .get(at)
            .filter(|_| at > self.at && !early.iter().any(is_there))
        else {
            return Err(Error::new(format_args!("the field {name:?} comes twice")));
        };
        let mut buffer = self.out.spare.pop().unwrap_or_default();
        buffer.clear();
        std::mem::swap(&mut self.out.bytes, &mut buffer);
        let written = value.serialize(Writer {
            table: self.table,
            node: self.table.node(field.of),
            out: &mut *self.out,
        });
        std::mem::swap(&mut self.out.bytes, &mut buffer);
        self.out.early.push((at, buffer));
        written
    }

    /// Writes the fields whose turn has come.
    fn take_early(&mut self) {
        while let Some(place) =
            (self.out.early.iter().skip(self.base)).position(|(at, _)| *at == self.at)
        {
            let (_, buffer) = self.out.early.swap_remove(self.base + place);
            self.out.bytes.extend_from_slice(&buffer);
            self.out.spare.push(buffer);
            self.at += 1;
        }
    }

    /// Fields that did not come have their default.
    fn end_record(&mut self, record: &Record) -> Result<(), Error> {
        while let Some(field) = record.fields.get(self.at) {
            match &field.default {
                Some(default) => self.out.bytes.extend_from_slice(default),
                None => {
                    return Err(Error::new(format_args!("missing field {:?}", field.name)));
                }
            }
            self.at += 1;
            self.take_early();
        }
        Ok(())
    }

    pub fn end(mut self) -> Result<(), Error> {
        match std::mem::replace(&mut self.part, Part::Duration(0)) {
            Part::Record(record) => match self.at == record.fields.len() {
                true => Ok(()),
                false => self.end_record(record),
            },
            Part::Items(_, Some(count)) if count != self.at => Err(Error::new(format_args!(
                "{count} items were promised and {} came",
                self.at
            ))),
            Part::Items(..) => {
                self.out.bytes.push(0);
                Ok(())
            }
            Part::Duration(3) => Ok(()),
            Part::Duration(_) => Err(Error::new("a duration is three numbers of 32 bits")),
            Part::Octets(bytes, None) => {
                self.out.block(&bytes);
                Ok(())
            }
            Part::Octets(bytes, Some(size)) if bytes.len() == size => {
                self.out.bytes.extend_from_slice(&bytes);
                Ok(())
            }
            Part::Octets(bytes, Some(size)) => Err(Error::new(format_args!(
                "{} bytes where the schema has {size}",
                bytes.len()
            ))),
        }
    }
}

impl SerializeSeq for Compound<'_, '_> {
    type Ok = ();
    type Error = Error;

    #[inline]
    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.item(value)
    }

    fn end(self) -> Result<(), Error> {
        self.end()
    }
}

impl SerializeTuple for Compound<'_, '_> {
    type Ok = ();
    type Error = Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.item(value)
    }

    fn end(self) -> Result<(), Error> {
        self.end()
    }
}

impl SerializeTupleStruct for Compound<'_, '_> {
    type Ok = ();
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.item(value)
    }

    fn end(self) -> Result<(), Error> {
        self.end()
    }
}

impl SerializeTupleVariant for Compound<'_, '_> {
    type Ok = ();
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.item(value)
    }

    fn end(self) -> Result<(), Error> {
        self.end()
    }
}

impl SerializeMap for Compound<'_, '_> {
    type Ok = ();
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        match self.part {
            Part::Items(_, count) => {
                if count.is_none() {
                    self.out.long(1);
                }
                key.serialize(Key(|text: &str| self.out.block(text.as_bytes())))
            }
            _ => {
                self.key.clear();
                let kept = &mut self.key;
                key.serialize(Key(|text: &str| kept.push_str(text)))
            }
        }
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        match self.part {
            Part::Items(..) => self.entry_value(value),
            _ => {
                let key = std::mem::take(&mut self.key);
                let written = self.field(&key, value);
                self.key = key;
                written
            }
        }
    }

    fn end(self) -> Result<(), Error> {
        self.end()
    }
}

impl SerializeStruct for Compound<'_, '_> {
    type Ok = ();
    type Error = Error;

    #[inline]
    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        self.field(key, value)
    }

    #[inline]
    fn end(self) -> Result<(), Error> {
        self.end()
    }
}

impl SerializeStructVariant for Compound<'_, '_> {
    type Ok = ();
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        self.field(key, value)
    }

    fn end(self) -> Result<(), Error> {
        self.end()
    }
}

#[cold]
fn octet() -> Error {
    Error::new("bytes are numbers from 0 to 255")
}

macro_rules! refused {
    ($error:expr; $($name:ident($($value:ty),*)),* $(,)?) => {
        $(fn $name(self, $(_: $value),*) -> Result<Self::Ok, Error> {
            Err($error)
        })*
    };
}

macro_rules! no_parts {
    ($error:expr) => {
        fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Self::Ok, Error> {
            value.serialize(self)
        }
        fn serialize_newtype_struct<T: Serialize + ?Sized>(
            self,
            _name: &'static str,
            value: &T,
        ) -> Result<Self::Ok, Error> {
            value.serialize(self)
        }
        fn serialize_newtype_variant<T: Serialize + ?Sized>(
            self,
            _name: &'static str,
            _index: u32,
            _variant: &'static str,
            _value: &T,
        ) -> Result<Self::Ok, Error> {
            Err($error)
        }
        fn serialize_seq(self, _: Option<usize>) -> Result<Self::SerializeSeq, Error> {
            Err($error)
        }
        fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple, Error> {
            Err($error)
        }
        fn serialize_tuple_struct(
            self,
            _: &'static str,
            _: usize,
        ) -> Result<Self::SerializeTupleStruct, Error> {
            Err($error)
        }
        fn serialize_tuple_variant(
            self,
            _: &'static str,
            _: u32,
            _: &'static str,
            _: usize,
        ) -> Result<Self::SerializeTupleVariant, Error> {
            Err($error)
        }
        fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, Error> {
            Err($error)
        }
        fn serialize_struct(
            self,
            _: &'static str,
            _: usize,
        ) -> Result<Self::SerializeStruct, Error> {
            Err($error)
        }
        fn serialize_struct_variant(
            self,
            _: &'static str,
            _: u32,
            _: &'static str,
            _: usize,
        ) -> Result<Self::SerializeStructVariant, Error> {
            Err($error)
        }
    };
}

/// Takes a map's key, which is a text.
struct Key<F>(F);

impl<F: FnOnce(&str)> Serializer for Key<F> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Impossible<(), Error>;
    type SerializeTuple = Impossible<(), Error>;
    type SerializeTupleStruct = Impossible<(), Error>;
    type SerializeTupleVariant = Impossible<(), Error>;
    type SerializeMap = Impossible<(), Error>;
    type SerializeStruct = Impossible<(), Error>;
    type SerializeStructVariant = Impossible<(), Error>;

    fn serialize_str(self, text: &str) -> Result<(), Error> {
        (self.0)(text);
        Ok(())
    }

    fn serialize_char(self, value: char) -> Result<(), Error> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_unit_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
    ) -> Result<(), Error> {
        self.serialize_str(variant)
    }

    fn collect_str<T: Display + ?Sized>(self, value: &T) -> Result<(), Error> {
        self.serialize_str(&value.to_string())
    }

    refused!(Error::new("the keys of a map are texts");
        serialize_bool(bool), serialize_i8(i8), serialize_i16(i16), serialize_i32(i32), serialize_i64(i64),
        serialize_u8(u8), serialize_u16(u16), serialize_u32(u32), serialize_u64(u64), serialize_f32(f32),
        serialize_f64(f64), serialize_bytes(&[u8]), serialize_none(), serialize_unit(),
        serialize_unit_struct(&'static str));
    no_parts!(Error::new("the keys of a map are texts"));
}

/// Takes a whole number.
struct Whole;

impl Serializer for Whole {
    type Ok = i128;
    type Error = Error;
    type SerializeSeq = Impossible<i128, Error>;
    type SerializeTuple = Impossible<i128, Error>;
    type SerializeTupleStruct = Impossible<i128, Error>;
    type SerializeTupleVariant = Impossible<i128, Error>;
    type SerializeMap = Impossible<i128, Error>;
    type SerializeStruct = Impossible<i128, Error>;
    type SerializeStructVariant = Impossible<i128, Error>;

    fn serialize_i8(self, value: i8) -> Result<i128, Error> {
        Ok(value.into())
    }

    fn serialize_i16(self, value: i16) -> Result<i128, Error> {
        Ok(value.into())
    }

    fn serialize_i32(self, value: i32) -> Result<i128, Error> {
        Ok(value.into())
    }

    fn serialize_i64(self, value: i64) -> Result<i128, Error> {
        Ok(value.into())
    }

    fn serialize_u8(self, value: u8) -> Result<i128, Error> {
        Ok(value.into())
    }

    fn serialize_u16(self, value: u16) -> Result<i128, Error> {
        Ok(value.into())
    }

    fn serialize_u32(self, value: u32) -> Result<i128, Error> {
        Ok(value.into())
    }

    fn serialize_u64(self, value: u64) -> Result<i128, Error> {
        Ok(value.into())
    }

    refused!(octet();
        serialize_bool(bool), serialize_f32(f32), serialize_f64(f64), serialize_char(char), serialize_str(&str),
        serialize_bytes(&[u8]), serialize_none(), serialize_unit(), serialize_unit_struct(&'static str),
        serialize_unit_variant(&'static str, u32, &'static str));
    no_parts!(octet());
}
