//! Where bytes that are no Protobuf message break: the library's reader says what is wrong, and not where.
//!
//! Source: the Protocol Buffers documentation, "Encoding". Groups are not followed.

use prost_reflect::{Kind, MessageDescriptor};
use std::collections::HashMap;

/// As deep as the library's reader goes.
const DEPTH: usize = 100;

/// The way to the first place that breaks; empty if it is the message itself, or cannot be told.
pub(super) fn place(descriptor: &MessageDescriptor, bytes: &[u8]) -> Vec<String> {
    let mut path = Vec::new();
    match walk(descriptor, bytes, &mut path, 0) {
        Walked::Broken => path,
        Walked::Whole | Walked::Lost => Vec::new(),
    }
}

enum Walked {
    Whole,
    /// The path leads there.
    Broken,
    /// Something that is not followed.
    Lost,
}

fn walk(of: &MessageDescriptor, bytes: &[u8], path: &mut Vec<String>, depth: usize) -> Walked {
    if depth > DEPTH {
        return Walked::Broken;
    }
    let mut rest = bytes;
    let mut counts: HashMap<u32, usize> = HashMap::new();
    while !rest.is_empty() {
        let Some(key) = varint(&mut rest) else {
            return Walked::Broken;
        };
        let wire = key & 7;
        let field = u32::try_from(key >> 3)
            .ok()
            .and_then(|number| of.get_field(number));
        let outer = path.len();
        if let Some(field) = &field {
            path.push(field.name().to_owned());
            if field.is_list() {
                let count = counts.entry(field.number()).or_default();
                path.push(count.to_string());
                *count += 1;
            }
        }
        let walked = match wire {
            0 => varint(&mut rest).is_some(),
            1 => take(&mut rest, 8).is_some(),
            5 => take(&mut rest, 4).is_some(),
            2 => {
                let length = varint(&mut rest).and_then(|length| usize::try_from(length).ok());
                match length.and_then(|length| take(&mut rest, length)) {
                    None => false,
                    Some(inside) => match field.as_ref().map(|field| field.kind()) {
                        Some(Kind::Message(of)) => match walk(&of, inside, path, depth + 1) {
                            Walked::Whole => true,
                            other => return other,
                        },
                        Some(Kind::String) => std::str::from_utf8(inside).is_ok(),
                        _ => true,
                    },
                }
            }
            _ => return Walked::Lost,
        };
        let is_as_declared = field
            .as_ref()
            .is_none_or(|field| fits(&field.kind(), wire, field.is_list()));
        if !walked || !is_as_declared {
            return Walked::Broken;
        }
        path.truncate(outer);
    }
    Walked::Whole
}

/// Whether a field may have this wire type. Lists of numbers may be packed.
fn fits(kind: &Kind, wire: u64, is_list: bool) -> bool {
    let own = match kind {
        Kind::Double | Kind::Fixed64 | Kind::Sfixed64 => 1,
        Kind::Float | Kind::Fixed32 | Kind::Sfixed32 => 5,
        Kind::String | Kind::Bytes | Kind::Message(_) => 2,
        _ => 0,
    };
    wire == own || (is_list && wire == 2)
}

fn take<'b>(rest: &mut &'b [u8], count: usize) -> Option<&'b [u8]> {
    let (taken, tail) = rest.split_at_checked(count)?;
    *rest = tail;
    Some(taken)
}

fn varint(rest: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..70).step_by(7) {
        let (byte, tail) = rest.split_first()?;
        *rest = tail;
        if shift < 64 {
            number |= u64::from(byte & 0x7f) << shift;
        }
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}
