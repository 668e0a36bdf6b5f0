//! Which partition a key belongs to: the hash of Java's producer, over bytes that no schema's id can change.

/// From what the partition of a record with a key is computed. A partition that the record names itself comes before
/// all of these; a record without a key goes where librdkafka sends it (its `partitioner`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Partitioning {
    /// From the key's payload: without magic byte and schema id and, for Protobuf, without message indexes. The key
    /// stays in its partition when its schema gets a new id. The same as what Java's producer, and librdkafka with
    /// `partitioner=murmur2_random`, do with the same payload as an unframed key, or with the id in a header.
    ///
    /// Not what they do with framed keys: where such a producer writes to the same topic, choose `Framed`.
    #[default]
    Payload,
    /// From the bytes as they are sent, with the id in front: as Java's producer does with Confluent's serializers. A
    /// new id moves every key.
    Framed,
    /// By librdkafka, as its setting `partitioner` says, from the bytes as they are sent.
    Native,
}

/// The partition of a key among `count`, as Java's producer computes it: murmur2 without its sign, modulo. 0 for a
/// count below 1.
pub fn partition_of(key: &[u8], count: i32) -> i32 {
    (murmur2(key) & i32::MAX).checked_rem(count).unwrap_or(0)
}

/// Kafka's variant of the 32-bit murmur2 hash, with its seed.
pub fn murmur2(data: &[u8]) -> i32 {
    const SEED: u32 = 0x9747_b28c;
    const M: u32 = 0x5bd1_e995;
    // Java's arrays have an int for a length; keys are far shorter.
    let mut h = SEED ^ (data.len() as u32);
    let (words, tail) = data.as_chunks::<4>();
    for word in words {
        let mut k = u32::from_le_bytes(*word).wrapping_mul(M);
        k ^= k >> 24;
        h = h.wrapping_mul(M) ^ k.wrapping_mul(M);
    }
    if !tail.is_empty() {
        for (i, &byte) in tail.iter().enumerate() {
            h ^= u32::from(byte) << (8 * i);
        }
        h = h.wrapping_mul(M);
    }
    h ^= h >> 13;
    h = h.wrapping_mul(M);
    (h ^ (h >> 15)).cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The key, its hash, and its partition among 12: `Utils.murmur2` and `BuiltInPartitioner.partitionForKey` of
    /// Kafka's own Java client, 4.1.1.
    const OF_JAVA: [(&[u8], i32, i32); 13] = [
        (b"", 275_646_681, 9),
        (b"\0", 375_494_588, 8),
        (b"a", -1_563_381_124, 4),
        (b"ab", 316_155_434, 2),
        (b"abc", 479_470_107, 3),
        (b"abcd", -1_323_649_548, 8),
        (b"sensor-0", 2_000_812_614, 6),
        (b"customer-7", -1_283_830_537, 7),
        (b"\xff\x80\0\xfe\x81", 1_700_763_136, 4),
        (
            b"a-little-bit-longer-key, with 41 bytes...",
            2_142_711_191,
            11,
        ),
        (b"\0\0\0\0\x01\x10sensor-0", 1_848_057_637, 1),
        (b"\0\0\0\0\x02\x10sensor-0", 468_471_826, 10),
        (b"\x10sensor-0", 1_722_393_732, 0),
    ];

    #[test]
    fn keys_are_where_javas_client_puts_them() {
        for (key, hash, partition) in OF_JAVA {
            assert_eq!(murmur2(key), hash, "{}", key.escape_ascii());
            assert_eq!(partition_of(key, 12), partition, "{}", key.escape_ascii());
        }
    }

    #[test]
    fn a_count_that_is_none_is_no_panic() {
        assert_eq!(partition_of(b"a", 0), 0);
        assert_eq!(partition_of(b"a", 1), 0);
    }
}
