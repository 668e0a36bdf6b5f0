//! The wire format, read as it comes: numbers and raw values.

use crate::format::InvalidSchema;

/// A field's value on the wire.
#[derive(Debug, Clone, Copy)]
pub(super) enum Raw<'b> {
    Varint(u64),
    Fixed64(u64),
    Fixed32(u32),
    Bytes(&'b [u8]),
}

impl<'b> Raw<'b> {
    pub fn bytes(self) -> Option<&'b [u8]> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    pub fn text(self) -> Result<String, InvalidSchema> {
        let bytes = self.bytes().ok_or_else(broken)?;
        String::from_utf8(bytes.to_vec()).map_err(|_| broken())
    }

    pub fn number(self) -> i64 {
        match self {
            Self::Varint(v) | Self::Fixed64(v) => v as i64,
            Self::Fixed32(v) => i64::from(v),
            Self::Bytes(_) => 0,
        }
    }

    pub fn int32(self) -> i64 {
        i64::from(self.number() as i32)
    }
}

pub(super) fn broken() -> InvalidSchema {
    InvalidSchema::new("not a FileDescriptorProto")
}

/// Takes one varint from the front.
pub(super) fn varint(bytes: &mut &[u8]) -> Result<u64, InvalidSchema> {
    let mut value = 0_u64;
    for shift in (0..70).step_by(7) {
        let (&first, rest) = bytes.split_first().ok_or_else(broken)?;
        *bytes = rest;
        value |= u64::from(first & 0x7f).checked_shl(shift).unwrap_or(0);
        if first & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(broken())
}

pub(super) fn take<'b>(bytes: &mut &'b [u8], count: usize) -> Result<&'b [u8], InvalidSchema> {
    let (head, rest) = bytes.split_at_checked(count).ok_or_else(broken)?;
    *bytes = rest;
    Ok(head)
}

/// All fields of a message. The content of a group counts as its bytes.
pub(super) fn fields(mut bytes: &[u8]) -> Result<Vec<(i64, Raw<'_>)>, InvalidSchema> {
    let mut out = Vec::new();
    while !bytes.is_empty() {
        let key = varint(&mut bytes)?;
        let number = i64::try_from(key >> 3).map_err(|_| broken())?;
        if number == 0 {
            return Err(broken());
        }
        let raw = match key & 7 {
            0 => Raw::Varint(varint(&mut bytes)?),
            1 => Raw::Fixed64(fixed64(take(&mut bytes, 8)?)),
            2 => {
                let length = usize::try_from(varint(&mut bytes)?).map_err(|_| broken())?;
                Raw::Bytes(take(&mut bytes, length)?)
            }
            5 => Raw::Fixed32(fixed32(take(&mut bytes, 4)?)),
            3 => Raw::Bytes(group(&mut bytes)?),
            _ => return Err(broken()),
        };
        out.push((number, raw));
    }
    Ok(out)
}

/// The message without its top-level fields of one number.
pub(super) fn without(mut bytes: &[u8], number: u64) -> Result<Vec<u8>, InvalidSchema> {
    let mut out = Vec::with_capacity(bytes.len());
    while !bytes.is_empty() {
        let start = bytes;
        let key = varint(&mut bytes)?;
        match key & 7 {
            0 => {
                varint(&mut bytes)?;
            }
            2 => {
                let length = usize::try_from(varint(&mut bytes)?).map_err(|_| broken())?;
                take(&mut bytes, length)?;
            }
            _ => return Err(broken()),
        }
        if key >> 3 != number {
            let used = start.len() - bytes.len();
            out.extend_from_slice(start.get(..used).unwrap_or_default());
        }
    }
    Ok(out)
}

/// Takes a group up to its end; groups in it are counted, not entered.
fn group<'b>(bytes: &mut &'b [u8]) -> Result<&'b [u8], InvalidSchema> {
    let start = *bytes;
    let mut open = 1_usize;
    loop {
        let before = bytes.len();
        match varint(bytes)? & 7 {
            0 => {
                varint(bytes)?;
            }
            1 => {
                take(bytes, 8)?;
            }
            2 => {
                let length = usize::try_from(varint(bytes)?).map_err(|_| broken())?;
                take(bytes, length)?;
            }
            3 => open += 1,
            4 => open -= 1,
            5 => {
                take(bytes, 4)?;
            }
            _ => return Err(broken()),
        }
        if open == 0 {
            return start.get(..start.len() - before).ok_or_else(broken);
        }
    }
}

pub(super) fn fixed64(bytes: &[u8]) -> u64 {
    bytes.try_into().map(u64::from_le_bytes).unwrap_or(0)
}

pub(super) fn fixed32(bytes: &[u8]) -> u32 {
    bytes.try_into().map(u32::from_le_bytes).unwrap_or(0)
}
