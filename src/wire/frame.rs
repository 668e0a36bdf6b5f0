//! How a record carries its schema's id. Source: section 5 of the API contract.

use crate::model::{Guid, SchemaId};
use std::fmt;

/// The header of a record's key in the GUID form.
pub const KEY_HEADER: &str = "__key_schema_id";
/// The header of a record's value in the GUID form.
pub const VALUE_HEADER: &str = "__value_schema_id";

/// Bytes that do not start with a schema's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// The first byte is neither 0 nor 1.
    #[error("unknown magic byte {0}")]
    Magic(u8),
    /// Framed by the Glue registry: version byte 3, a compression byte and a UUID.
    #[error("the record is framed by the Glue registry (schema version {0}), which this is not")]
    Glue(Guid),
    /// Framed by Apicurio's own format: a zero and eight bytes of id.
    #[error(
        "the record is framed as Apicurio's registry does by default (an id of 8 bytes, {0}); have its producer write 4-byte ids"
    )]
    Apicurio(i64),
    /// Fewer bytes than the id takes.
    #[error("the record ends inside its schema id")]
    Short,
    /// A message index is negative, too large, or there are too many.
    #[error("the message indexes cannot be read")]
    Indexes,
}

/// What identifies a record's schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SchemaKey {
    /// Magic byte 0: an id in a context that the record does not name.
    Id(SchemaId),
    /// Magic byte 1: a GUID.
    Guid(Guid),
}

impl fmt::Display for SchemaKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => id.fmt(f),
            Self::Guid(guid) => guid.fmt(f),
        }
    }
}

/// The bytes in front of a payload: magic 0 and the id, big-endian.
pub fn prefix(id: SchemaId) -> [u8; 5] {
    let [a, b, c, d] = id.0.to_be_bytes();
    [0, a, b, c, d]
}

/// The value of a GUID header: magic 1 and the GUID.
pub fn header(guid: Guid) -> [u8; 17] {
    let mut bytes = [1; 17];
    bytes[1..].copy_from_slice(&guid.0);
    bytes
}

/// Splits bytes into the schema's key and the rest (for Protobuf the rest starts with the message indexes).
pub fn split(bytes: &[u8]) -> Result<(SchemaKey, &[u8]), FrameError> {
    match bytes.split_first() {
        None => Err(FrameError::Short),
        Some((0, rest)) => {
            // Ids count from 1: four zeros are the upper half of a longer id.
            if let Some((id @ [0, 0, 0, 0, low @ ..], _)) = rest.split_first_chunk::<8>()
                && low != &[0; 4]
            {
                return Err(FrameError::Apicurio(i64::from_be_bytes(*id)));
            }
            let (id, rest) = rest.split_first_chunk::<4>().ok_or(FrameError::Short)?;
            Ok((SchemaKey::Id(SchemaId(i32::from_be_bytes(*id))), rest))
        }
        Some((1, rest)) => {
            let (guid, rest) = rest.split_first_chunk::<16>().ok_or(FrameError::Short)?;
            Ok((SchemaKey::Guid(Guid(*guid)), rest))
        }
        Some((3, [0 | 5, rest @ ..])) => match rest.split_first_chunk::<16>() {
            Some((version, _)) => Err(FrameError::Glue(Guid(*version))),
            None => Err(FrameError::Magic(3)),
        },
        Some((magic, _)) => Err(FrameError::Magic(*magic)),
    }
}

/// More nesting than any message has.
const MAX_INDEXES: usize = 1_000;

/// The message indexes of a Protobuf record; `[0]` has the short form, one zero byte.
pub fn write_indexes(indexes: &[i32], out: &mut Vec<u8>) {
    if indexes == [0] {
        out.push(0);
        return;
    }
    write_zigzag(indexes.len() as i64, out);
    for &index in indexes {
        write_zigzag(index.into(), out);
    }
}

/// Reads the message indexes in front of a Protobuf payload, in either form of `[0]`.
pub fn read_indexes(bytes: &[u8]) -> Result<(Vec<i32>, &[u8]), FrameError> {
    let (count, mut rest) = read_zigzag(bytes)?;
    if count == 0 {
        return Ok((vec![0], rest));
    }
    let count = usize::try_from(count).map_err(|_| FrameError::Indexes)?;
    if count > MAX_INDEXES {
        return Err(FrameError::Indexes);
    }
    let mut indexes = Vec::with_capacity(count);
    for _ in 0..count {
        let (index, tail) = read_zigzag(rest)?;
        let index = i32::try_from(index).map_err(|_| FrameError::Indexes)?;
        if index < 0 {
            return Err(FrameError::Indexes);
        }
        indexes.push(index);
        rest = tail;
    }
    Ok((indexes, rest))
}

fn write_zigzag(value: i64, out: &mut Vec<u8>) {
    let mut n = ((value << 1) ^ (value >> 63)) as u64;
    while n >= 0x80 {
        out.push((n as u8) | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
}

fn read_zigzag(bytes: &[u8]) -> Result<(i64, &[u8]), FrameError> {
    let mut n: u64 = 0;
    let mut rest = bytes;
    for shift in (0..35).step_by(7) {
        let (&byte, tail) = rest.split_first().ok_or(FrameError::Short)?;
        rest = tail;
        n |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok((((n >> 1) as i64) ^ -((n & 1) as i64), rest));
        }
    }
    Err(FrameError::Indexes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_big_endian_after_a_zero() {
        assert_eq!(prefix(SchemaId(258)), [0, 0, 0, 1, 2]);
        assert_eq!(
            split(&[0, 0, 0, 1, 2, 9]),
            Ok((SchemaKey::Id(SchemaId(258)), &[9][..]))
        );
        assert_eq!(split(&[0, 1]), Err(FrameError::Short));
        assert_eq!(split(&[7, 1]), Err(FrameError::Magic(7)));
    }

    #[test]
    fn frames_of_other_registries_are_called_by_their_names() {
        let mut glue = vec![3, 0];
        glue.extend([0x42; 16]);
        assert_eq!(split(&glue), Err(FrameError::Glue(Guid([0x42; 16]))));
        glue[1] = 5;
        assert_eq!(split(&glue), Err(FrameError::Glue(Guid([0x42; 16]))));
        assert_eq!(split(&[3, 0, 1]), Err(FrameError::Magic(3)));
        assert_eq!(
            split(&[0, 0, 0, 0, 0, 0, 0, 1, 2, 9]),
            Err(FrameError::Apicurio(258))
        );
    }

    #[test]
    fn message_indexes() {
        let written = |indexes: &[i32]| {
            let mut out = Vec::new();
            write_indexes(indexes, &mut out);
            out
        };
        assert_eq!(written(&[0]), [0]);
        assert_eq!(written(&[1, 0]), [4, 2, 0]);
        assert_eq!(read_indexes(&[2, 0, 5]), Ok((vec![0], &[5][..])));
        assert_eq!(read_indexes(&[0, 5]), Ok((vec![0], &[5][..])));
        assert_eq!(read_indexes(&[4, 2, 0]), Ok((vec![1, 0], &[][..])));
        assert_eq!(
            read_indexes(&[0xff, 0xff, 0xff, 0xff, 0xff, 1]),
            Err(FrameError::Indexes)
        );
    }
}
