"""The records of benches/client.rs through confluent-kafka-python's AvroSerializer and AvroDeserializer.

    python benches/python_avro.py REGISTRY_URL

Needs what tests/clients/python/requirements.txt lists.
"""

import re
import sys
import time
from pathlib import Path

from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.serialization import MessageField, SerializationContext

source = (Path(__file__).parent / "client.rs").read_text()
schemas = {name: re.search(rf'const {name}: &str = r#"(.*?)"#;', source, re.S).group(1) for name in ("SMALL", "ORDER")}
records = {
    "SMALL": {"id": 1_234_567, "name": "a name of some length", "price": 19.99, "active": True},
    "ORDER": {
        "id": 987_654_321, "customer": "Grace Hopper", "email": "grace@example.test", "status": "PAID",
        "created": 1_700_000_000_000, "total": 1_234.5, "gift": False,
        "items": [{"sku": f"SKU-{n:06}", "quantity": n, "price": n * 1.5} for n in range(1, 6)],
        "labels": {"channel": "web", "region": "eu"}, "note": "Please leave it with the neighbours.",
    },
}


def measured(work):
    """Nanoseconds of one call: the best of seven rounds."""
    rounds = []
    for _ in range(7):
        start = time.perf_counter_ns()
        for _ in range(5_000):
            work()
        rounds.append((time.perf_counter_ns() - start) / 5_000)
    return min(rounds)


client = SchemaRegistryClient({"url": sys.argv[1]})
for name, schema in schemas.items():
    context = SerializationContext(name, MessageField.VALUE)
    serializer, deserializer = AvroSerializer(client, schema), AvroDeserializer(client)
    record = records[name]
    framed = serializer(record, context)
    assert deserializer(framed, context) == record
    print(f"{name.lower():8} encode {measured(lambda: serializer(record, context)):9.0f} ns")
    print(f"{name.lower():8} decode {measured(lambda: deserializer(framed, context)):9.0f} ns")
