"""Writes readings to the topic: first with the first version of the schema, then with the second.

produce.py [VERSION]   only those of `v1`, or of `v2`
"""

import sys

from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroSerializer
from confluent_kafka.serialization import MessageField, SerializationContext
from greenhouse import BEFORE_HUMIDITY, COUNT, PARTITIONS, reading, schema, setting

SECONDS = 30
VERSIONS = {"v1": range(BEFORE_HUMIDITY), "v2": range(BEFORE_HUMIDITY, COUNT)}


def make_topic(bootstrap, topic):
    """A topic is a log in several partitions; each of them keeps its own order."""
    admin = AdminClient({"bootstrap.servers": bootstrap})
    if topic in admin.list_topics(timeout=SECONDS).topics:
        return
    made = admin.create_topics([NewTopic(topic, num_partitions=PARTITIONS, replication_factor=1)])
    made[topic].result(SECONDS)
    print(f"topic {topic} with {PARTITIONS} partitions")


def write(producer, registry, topic, version, indexes):
    """Serializes and sends; the serializer registers the schema under `<topic>-value` when it first needs it."""
    serialize = AvroSerializer(registry, schema(version))
    failed = []

    def sent(error, message):
        if error is not None:
            failed.append(error)

    for index in indexes:
        value = reading(index)
        producer.produce(
            topic,
            # The key decides on the partition: all readings of a sensor go to one, and stay in order there.
            key=value["sensor"].encode(),
            value=serialize(value, SerializationContext(topic, MessageField.VALUE)),
            # Headers tell about a message without a look into it.
            headers={"site": b"north", "schema": version.encode()},
            on_delivery=sent,
        )
    waiting = producer.flush(SECONDS)
    if failed or waiting:
        raise SystemExit(f"not delivered: {waiting} are waiting, {failed}")
    registered = registry.lookup_schema(f"{topic}-value", Schema(schema(version), "AVRO"))
    print(f"wrote {len(indexes)} readings with version {registered.version}, schema id {registered.schema_id}")


def main():
    bootstrap, topic = setting("KAFKA_BOOTSTRAP"), setting("TOPIC")
    registry = SchemaRegistryClient({"url": setting("REGISTRY_URL")})
    # murmur2 is how Java clients choose a partition, so that one key is in one place whoever writes it.
    producer = Producer({"bootstrap.servers": bootstrap, "partitioner": "murmur2_random", "acks": "all"})
    make_topic(bootstrap, topic)
    for version in sys.argv[1:] or VERSIONS:
        write(producer, registry, topic, version, VERSIONS[version])


if __name__ == "__main__":
    main()
