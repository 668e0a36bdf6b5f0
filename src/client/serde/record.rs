//! Records on their way: bytes with the id of their schema, in front of them or in a header.

use super::settings::Part;
use crate::wire::frame;
use std::sync::Arc;

/// A record that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Framed {
    /// The bytes of the key or value.
    pub bytes: Vec<u8>,
    /// The header to send along, with [`Framing::Header`](super::Framing::Header).
    pub header: Option<(&'static str, Arc<[u8]>)>,
}

/// A record that was received.
#[derive(Debug, Clone, Copy)]
pub struct Incoming<'a> {
    /// The topic.
    pub topic: &'a str,
    /// The bytes of the key or value. None at all, without a header, are a null record:
    /// [`SerdeError::Null`](super::SerdeError::Null). With a header they may be a Protobuf message without fields, so
    /// whether the value is null has to be asked before.
    pub bytes: &'a [u8],
    /// The header that holds the schema's GUID, if the record has it. It comes before what stands in the bytes.
    pub header: Option<&'a [u8]>,
}

impl<'a> Incoming<'a> {
    /// One without headers.
    pub fn new(topic: &'a str, bytes: &'a [u8]) -> Self {
        Self {
            topic,
            bytes,
            header: None,
        }
    }

    /// The same with the record's headers, of which the one that matters is taken.
    #[must_use]
    pub fn with_headers(
        mut self,
        part: Part,
        headers: impl IntoIterator<Item = (&'a str, &'a [u8])>,
    ) -> Self {
        let wanted = header_name(part);
        // As elsewhere, the last one of a name counts.
        if let Some((_, value)) = headers.into_iter().filter(|(n, _)| *n == wanted).last() {
            self.header = Some(value);
        }
        self
    }
}

pub(super) fn header_name(part: Part) -> &'static str {
    match part {
        Part::Key => frame::KEY_HEADER,
        Part::Value => frame::VALUE_HEADER,
    }
}
