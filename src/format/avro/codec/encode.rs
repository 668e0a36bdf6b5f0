//! Datum to bytes.

use super::super::model::{Kind, Primitive, Schema, TypeId};
use super::{DEPTH, Datum, deeper};

/// The bytes of a datum; `None` if it is none of this type.
pub(in super::super) fn encode(schema: &Schema, of: TypeId, datum: &Datum) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    put(schema, of, datum, &mut out, 0)?;
    Some(out)
}

fn put(schema: &Schema, of: TypeId, datum: &Datum, out: &mut Vec<u8>, depth: usize) -> Option<()> {
    if depth > DEPTH {
        return None;
    }
    let inner = |of: TypeId, datum: &Datum, out: &mut Vec<u8>| {
        deeper(|| put(schema, of, datum, out, depth + 1))
    };
    match (schema.kind(of), datum) {
        (Kind::Primitive(primitive), datum) => scalar(*primitive, datum, out)?,
        (Kind::Array(of), Datum::Array(items)) => {
            if !items.is_empty() {
                long(i64::try_from(items.len()).ok()?, out);
                for item in items {
                    inner(*of, item, out)?;
                }
            }
            long(0, out);
        }
        (Kind::Map(of), Datum::Map(entries)) => {
            if !entries.is_empty() {
                long(i64::try_from(entries.len()).ok()?, out);
                for (key, value) in entries {
                    block(key.as_bytes(), out)?;
                    inner(*of, value, out)?;
                }
            }
            long(0, out);
        }
        (Kind::Union(branches), Datum::Union(at, value)) => {
            let branch = branches.get(*at)?;
            long(i64::try_from(*at).ok()?, out);
            inner(*branch, value, out)?;
        }
        (Kind::Record(record), Datum::Record(values)) => {
            if record.fields.len() != values.len() {
                return None;
            }
            for (field, value) in record.fields.iter().zip(values) {
                inner(field.of, value, out)?;
            }
        }
        (Kind::Enum(of), Datum::Enum(at)) => {
            of.symbols.get(*at)?;
            long(i64::try_from(*at).ok()?, out);
        }
        (Kind::Fixed(of), Datum::Fixed(bytes)) => {
            if usize::try_from(of.size).ok()? != bytes.len() {
                return None;
            }
            out.extend_from_slice(bytes);
        }
        _ => return None,
    }
    Some(())
}

fn scalar(of: Primitive, datum: &Datum, out: &mut Vec<u8>) -> Option<()> {
    match (of, datum) {
        (Primitive::Null, Datum::Null) => {}
        (Primitive::Boolean, Datum::Boolean(yes)) => out.push(u8::from(*yes)),
        (Primitive::Int, Datum::Int(number)) => long(i64::from(*number), out),
        (Primitive::Long, Datum::Long(number)) => long(*number, out),
        (Primitive::Float, Datum::Float(number)) => out.extend_from_slice(&number.to_le_bytes()),
        (Primitive::Double, Datum::Double(number)) => out.extend_from_slice(&number.to_le_bytes()),
        (Primitive::Bytes, Datum::Bytes(bytes)) => block(bytes, out)?,
        (Primitive::String, Datum::String(text)) => block(text.as_bytes(), out)?,
        _ => return None,
    }
    Some(())
}

fn block(bytes: &[u8], out: &mut Vec<u8>) -> Option<()> {
    long(i64::try_from(bytes.len()).ok()?, out);
    out.extend_from_slice(bytes);
    Some(())
}

/// Zig-zag, then seven bits a byte, the lowest first.
fn long(number: i64, out: &mut Vec<u8>) {
    let mut rest = ((number << 1) ^ (number >> 63)).cast_unsigned();
    loop {
        let low = (rest & 0x7f) as u8;
        rest >>= 7;
        if rest == 0 {
            out.push(low);
            return;
        }
        out.push(low | 0x80);
    }
}
