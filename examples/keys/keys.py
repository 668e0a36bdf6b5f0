"""Shows that a framed key moves to another partition when its schema gets another id, and three ways to avoid it.

The partitions come from the producer's own delivery reports. What they should be is calculated here from the bytes alone.
"""

import json
import os
import zlib

from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic
from confluent_kafka.schema_registry import (
    Schema,
    SchemaRegistryClient,
    header_schema_id_serializer,
    prefix_schema_id_serializer,
)
from confluent_kafka.schema_registry.avro import AvroSerializer
from confluent_kafka.serialization import MessageField, SerializationContext

PARTITIONS = 12
SENSORS = [f"sensor-{number}" for number in range(24)]
SECONDS = 30


def key_schema(doc):
    """The key's schema. Its versions differ in a comment alone, so that they write the same bytes."""
    field = {"name": "sensor", "type": "string"}
    return json.dumps({"type": "record", "name": "SensorKey", "namespace": "greenhouse", "doc": doc, "fields": [field]})


VERSIONS = [key_schema("The sensor."), key_schema("The sensor, as its label says.")]


def murmur2(data):
    """The hash of Java's producer, as Kafka's protocol guide and its clients define it; 31 bits of it choose."""
    mask, m = 0xFFFFFFFF, 0x5BD1E995
    h = 0x9747B28C ^ len(data)
    whole = len(data) - len(data) % 4
    for at in range(0, whole, 4):
        k = int.from_bytes(data[at : at + 4], "little") * m & mask
        k = (k ^ k >> 24) * m & mask
        h = h * m & mask ^ k
    if whole < len(data):
        h = (h ^ int.from_bytes(data[whole:], "little")) * m & mask
    h = (h ^ h >> 13) * m & mask
    return (h ^ h >> 15) & 0x7FFFFFFF


# By the producer's name for them: Java's way, and librdkafka's default.
PARTITIONERS = {"murmur2_random": murmur2, "consistent_random": zlib.crc32}


class Keys:
    """Makes the bytes of keys in one way, with the newest or with another version of their schema."""

    def __init__(self, registry, topic):
        self.registry, self.topic = registry, topic
        self.ids = [registry.register_schema(f"{topic}-key", Schema(text, "AVRO")) for text in VERSIONS]

    def plain(self, sensor, _version):
        return sensor.encode(), []

    def _avro(self, sensor, text, **settings):
        headers = []
        serialize = AvroSerializer(self.registry, text, conf={"auto.register.schemas": False, **settings})
        return serialize({"sensor": sensor}, SerializationContext(self.topic, MessageField.KEY, headers)), headers

    def framed(self, sensor, version):
        return self._avro(sensor, VERSIONS[version], **{"schema.id.serializer": prefix_schema_id_serializer})

    def in_header(self, sensor, version):
        return self._avro(sensor, VERSIONS[version], **{"schema.id.serializer": header_schema_id_serializer})

    def pinned(self, sensor, _version):
        return self._avro(sensor, VERSIONS[0], **{"use.schema.id": self.ids[0]})


def partitions(bootstrap, topic, partitioner, make, version):
    """Sends one message for each sensor; answers its key's bytes and the partition that it went to, by sensor."""
    producer = Producer({"bootstrap.servers": bootstrap, "partitioner": partitioner})
    went, failed = {}, []

    def sent(sensor, key):
        def report(error, message):
            if error is not None:
                failed.append(error)
            else:
                went[sensor] = (key, message.partition())

        return report

    for sensor in SENSORS:
        key, headers = make(sensor, version)
        producer.produce(topic, key=key, value=b"", headers=headers, on_delivery=sent(sensor, key))
    if producer.flush(SECONDS) or failed:
        raise SystemExit(f"not delivered: {failed}")
    return went


def main():
    bootstrap, topic = os.environ["KAFKA_BOOTSTRAP"], os.environ["TOPIC"]
    admin = AdminClient({"bootstrap.servers": bootstrap})
    made = admin.create_topics([NewTopic(topic, num_partitions=PARTITIONS, replication_factor=1)])
    made[topic].result(SECONDS)
    keys = Keys(SchemaRegistryClient({"url": os.environ["REGISTRY_URL"]}), topic)
    if keys.ids[0] == keys.ids[1]:
        raise SystemExit("the versions should have two ids")
    print(f"versions 1 and 2 of {topic}-key have the ids {keys.ids[0]} and {keys.ids[1]}; {PARTITIONS} partitions\n")

    ways = {
        "Avro, the id in front": keys.framed,
        "plain text": keys.plain,
        "Avro, the id in a header": keys.in_header,
        "Avro, always with id of version 1": keys.pinned,
    }
    wrong, seen, example = [], 0, ""
    print(f"{'partitioner':<20}{'key':<36}moved when version 2 came")
    for partitioner, hash_of in PARTITIONERS.items():
        for way, make in ways.items():
            before, after = (partitions(bootstrap, topic, partitioner, make, version) for version in (0, 1))
            for went in (before, after):
                for sensor, (key, partition) in went.items():
                    seen += 1
                    if partition != hash_of(key) % PARTITIONS:
                        wrong.append(f"{partitioner}, {way}: {sensor} is on {partition}")
            moved = [sensor for sensor in SENSORS if before[sensor][1] != after[sensor][1]]
            print(f"{partitioner:<20}{way:<36}{len(moved)} of {len(SENSORS)}")
            # The id is all that differs, and only in front of the key is it hashed with it.
            if bool(moved) != (make == keys.framed):
                wrong.append(f"{partitioner}, {way}: moved are {moved}")
            if make == keys.framed and moved:
                (one, there), (two, then) = before[moved[0]], after[moved[0]]
                if one[5:] != two[5:] or one[:5] == two[:5]:
                    wrong.append(f"{moved[0]}: only the ids should differ, but {one.hex()} became {two.hex()}")
                example = f"{moved[0]}: {one[:5].hex()} {one[5:].hex()} is on {there}, {two[:5].hex()} {two[5:].hex()} on {then}"
    print(f"\n{example}")
    total = len(PARTITIONERS) * len(ways) * 2 * len(SENSORS)
    if wrong or seen != total:
        raise SystemExit("\n".join(wrong + [f"FAILED: {len(wrong)} of {total} are not as they should be"]))
    print(f"OK: {seen} of {total} keys are where their bytes send them; only keys with the id in front have moved")


if __name__ == "__main__":
    main()
