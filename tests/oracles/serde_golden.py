"""Writes records with Confluent's Python serializers, for tests/serde_golden.rs, which expects the same bytes of ours.

    python tests/oracles/serde_golden.py REGISTRY_URL > tests/serde/golden.json

The registry has to be an empty Accord: the schemas' ids come from the order in which they are registered here. Needs
what tests/clients/python/requirements.txt lists.
"""

import base64
import json
import sys

sys.path.insert(0, __file__.rsplit("/", 2)[0] + "/clients/python")

from confluent_kafka.schema_registry import (  # noqa: E402
    Schema,
    SchemaReference,
    SchemaRegistryClient,
    header_schema_id_serializer,
)
from confluent_kafka.schema_registry.avro import AvroSerializer  # noqa: E402
from confluent_kafka.schema_registry.json_schema import JSONSerializer  # noqa: E402
from confluent_kafka.schema_registry.protobuf import ProtobufSerializer  # noqa: E402
from confluent_kafka.serialization import MessageField, SerializationContext  # noqa: E402
from messages import an_order, build  # noqa: E402

client = SchemaRegistryClient({"url": sys.argv[1]})
compact = {"separators": (",", ":"), "ensure_ascii": False}

ADDRESS = {"type": "record", "name": "shop.Address", "fields": [
    {"name": "street", "type": "string"}, {"name": "zip", "type": ["null", "string"], "default": None}]}
AVRO = [
    ("long", "long", [0, -1, 1, 63, 64, -(2**63), 2**63 - 1]),
    ("string", "string", ["", "x", "Grüße, 世界"]),
    ("double", "double", [0.0, -0.5, 1e300]),
    ("float", "float", [0.5, -2.0]),
    ("boolean", "boolean", [True, False]),
    ("enum", {"type": "enum", "name": "shop.Status", "symbols": ["NEW", "PAID"]}, ["NEW", "PAID"]),
    ("array", {"type": "array", "items": "int"}, [[], [1], [1, -2, 3]]),
    ("map", {"type": "map", "values": "long"}, [{}, {"a": 1}]),
    ("union", ["null", "string", "long"], ["x", 7]),
    ("record", {"type": "record", "name": "shop.Order", "fields": [
        {"name": "id", "type": "long"},
        {"name": "note", "type": ["null", "string"], "default": None},
        {"name": "lines", "type": {"type": "array", "items": {"type": "record", "name": "Line", "fields": [
            {"name": "sku", "type": "string"}, {"name": "count", "type": "int"}]}}},
        {"name": "labels", "type": {"type": "map", "values": "string"}}]},
     [{"id": 5, "note": None, "lines": [], "labels": {}},
      {"id": -5, "note": "n", "lines": [{"sku": "a", "count": 1}, {"sku": "b", "count": 2}], "labels": {"k": "v"}}]),
    ("list", {"type": "record", "name": "shop.Node", "fields": [
        {"name": "value", "type": "int"}, {"name": "next", "type": ["null", "Node"], "default": None}]},
     [{"value": 1, "next": {"value": 2, "next": {"value": 3, "next": None}}}]),
]


def framed(serializer, topic, record):
    """The bytes, and the header if the id travels there."""
    headers = []
    context = SerializationContext(topic, MessageField.VALUE, headers)
    payload = serializer(record, context)
    case = {"payload": payload.hex()}
    if headers:
        (name, value), = headers
        case["header"] = {"name": name, "value": value.hex()}
    return case


cases = []


def case(language, topic, schema, references, records):
    cases.append({"language": language, "topic": topic, "schema": schema, "references": references,
                  "records": records})


for topic, schema, records in AVRO:
    text = json.dumps(schema)
    prefix = AvroSerializer(client, text)
    header = AvroSerializer(client, text, conf={"schema.id.serializer": header_schema_id_serializer})
    case("AVRO", topic, text, [], [
        {"json": record, "prefix": framed(prefix, topic, record), "header": framed(header, topic, record)}
        for record in records])

client.register_schema("address", Schema(json.dumps(ADDRESS), "AVRO"))
references = [SchemaReference("shop.Address", "address", 1)]
text = json.dumps({"type": "record", "name": "shop.Person", "fields": [
    {"name": "name", "type": "string"}, {"name": "home", "type": "shop.Address"}]})
serializer = AvroSerializer(client, Schema(text, "AVRO", references))
record = {"name": "Ada", "home": {"street": "Main", "zip": "1"}}
case("AVRO", "person", text, [["shop.Address", "address", json.dumps(ADDRESS)]], [
    {"json": record, "prefix": framed(serializer, "person", record)}])

text = json.dumps({"$schema": "http://json-schema.org/draft-07/schema#", "title": "Person", "type": "object",
                   "properties": {"name": {"type": "string"}, "age": {"type": "integer"}}})
record = {"name": "Grüße", "age": 5}
prefix = JSONSerializer(text, client, json_encode=lambda value: json.dumps(value, **compact))
header = JSONSerializer(text, client, conf={"schema.id.serializer": header_schema_id_serializer},
                        json_encode=lambda value: json.dumps(value, **compact))
case("JSON", "person-json", text, [], [
    {"json": record, "prefix": framed(prefix, "person-json", record), "header": framed(header, "person-json", record)}])

made = build("golden")
order = an_order(made)
line = made.classes["Order.Line"](sku="a", count=3)
receipt = made.classes["Receipt"](paid=True)
files = [[name, base64.b64encode(file.serialized_pb).decode()] for name, file in made.files.items()]
records = []
for message, shown in ((order, {"id": "5", "customer": {"name": "Ada", "country": "UTOPIA"},
                                "at": "2023-11-14T22:13:20Z"}),
                       (line, {"sku": "a", "count": 3}), (receipt, {"paid": True})):
    prefix = ProtobufSerializer(type(message), client)
    header = ProtobufSerializer(type(message), client, conf={"schema.id.serializer": header_schema_id_serializer})
    records.append({"message": message.DESCRIPTOR.full_name, "json": shown,
                    "prefix": framed(prefix, "order", message), "header": framed(header, "order", message)})
case("PROTOBUF", "order", "", files, records)

print("[\n" + ",\n".join(json.dumps(c, ensure_ascii=False) for c in cases) + "\n]")
