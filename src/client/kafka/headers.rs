//! A received record's headers, read without trust in their names.
//!
//! rdkafka's own way of reading them panics at a name that is no UTF-8, which any producer can send.

use super::record::Header;
use rdkafka::bindings::{rd_kafka_header_get_all, rd_kafka_message_headers};
use rdkafka::message::BorrowedMessage;
use rdkafka::types::RDKafkaRespErr;
use std::ffi::CStr;
use std::ptr;
use std::slice;

/// The headers, in their order.
pub(super) fn of(message: &BorrowedMessage<'_>) -> Vec<Header> {
    let mut all = Vec::new();
    let mut list = ptr::null_mut();
    // SAFETY: the message is alive for as long as it is borrowed; librdkafka parses its headers and keeps them.
    let error = unsafe { rd_kafka_message_headers(message.ptr(), &raw mut list) };
    if error != RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR || list.is_null() {
        return all;
    }
    loop {
        let (mut name, mut value, mut size) = (ptr::null(), ptr::null(), 0);
        // SAFETY: the list lives as long as the message; an index beyond its end is answered with an error.
        let error = unsafe {
            rd_kafka_header_get_all(
                list,
                all.len(),
                &raw mut name,
                &raw mut value,
                &raw mut size,
            )
        };
        if error != RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR || name.is_null() {
            return all;
        }
        // SAFETY: names end with a zero that librdkafka puts there.
        let name = unsafe { CStr::from_ptr(name) };
        let value = (!value.is_null()).then(|| {
            // SAFETY: so many bytes are there, by the contract of the call.
            unsafe { slice::from_raw_parts(value.cast::<u8>(), size) }.to_vec()
        });
        all.push(Header {
            name: name.to_string_lossy().into_owned(),
            value,
        });
    }
}
