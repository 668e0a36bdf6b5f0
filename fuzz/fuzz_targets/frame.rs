//! Any bytes as a framed record: what is split off is what was there.
#![no_main]

use accord::wire::frame;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok((_, rest)) = frame::split(bytes) {
        assert!(bytes.ends_with(rest));
        if let Ok((indexes, payload)) = frame::read_indexes(rest) {
            assert!(!indexes.is_empty() && rest.ends_with(payload));
        }
    }
});
