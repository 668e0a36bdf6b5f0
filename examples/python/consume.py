"""Reads all readings with the second version of the schema, whichever version wrote them, and checks them."""

import time

from confluent_kafka import Consumer, KafkaException
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer
from confluent_kafka.serialization import MessageField, SerializationContext
from greenhouse import COUNT, SENSORS, reading, schema, setting

SECONDS = 60


def read(topic, count):
    """The next messages of the topic, at most `count`, as (message, record)."""
    registry = SchemaRegistryClient({"url": setting("REGISTRY_URL")})
    # The schema given here is the reader's. The writer's is fetched by the id in front of each record.
    deserialize = AvroDeserializer(registry, schema("v2"))
    consumer = Consumer(
        {
            "bootstrap.servers": setting("KAFKA_BOOTSTRAP"),
            "group.id": f"{topic}-check",
            "auto.offset.reset": "earliest",
        }
    )
    consumer.subscribe([topic])
    got = []
    deadline = time.monotonic() + SECONDS
    try:
        while len(got) < count and time.monotonic() < deadline:
            message = consumer.poll(1.0)
            if message is None:
                continue
            if message.error():
                raise KafkaException(message.error())
            context = SerializationContext(topic, MessageField.VALUE, message.headers())
            got.append((message, deserialize(message.value(), context)))
    finally:
        consumer.close()
    return got


def check(got):
    """Counts the readings that are as written, in order within their sensor, and on one partition for each sensor."""
    expected = {}
    for index in range(COUNT):
        # Whoever reads an old record gets the default of the field that it lacks.
        made = {"humidity": None} | reading(index)
        expected[(made["sensor"], made["number"])] = made
    right, partitions, last = 0, {}, dict.fromkeys(SENSORS, 0)
    for message, record in got:
        sensor, number = message.key().decode(), record["number"]
        same_partition = partitions.setdefault(sensor, message.partition()) == message.partition()
        in_order = number == last.get(sensor, 0) + 1
        last[sensor] = number
        site = dict(message.headers() or []).get("site")
        if record == expected.get((sensor, number)) and same_partition and in_order and site == b"north":
            right += 1
        else:
            print(f"wrong: partition {message.partition()}, offset {message.offset()}, key {sensor}: {record}")
    for sensor, partition in sorted(partitions.items()):
        print(f"{sensor}: {last[sensor]} readings, all on partition {partition}")
    return right


def main():
    got = read(setting("TOPIC"), COUNT)
    old = sum(record["humidity"] is None for _, record in got)
    right = check(got)
    print(f"{old} of them were written before there was a humidity, and read as null")
    if right != COUNT or len(got) != COUNT:
        raise SystemExit(f"FAILED: {right} of {COUNT} records are as they should be")
    print(f"OK: {right} of {COUNT} records, in order within each sensor")


if __name__ == "__main__":
    main()
