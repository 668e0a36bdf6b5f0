"""Protobuf messages through the client's serializer and deserializer. The client speaks descriptors in base64; other
clients speak `.proto` text, so the tests mix the two."""

import base64

import pytest
from confluent_kafka.schema_registry import Schema, SchemaReference, header_schema_id_serializer
from google.protobuf import descriptor_pb2
from messages import an_order, build, order_text
from support import id_in, refused, unique, value_of


@pytest.fixture
def made():
    """Messages that no other test uses."""
    return build(unique("w").replace("-", ""))


def references(made):
    customer = f"{made.word}/customer.proto"
    return [SchemaReference(customer, customer, 1)]


def test_there_and_back(flavour, client, url, topic, made):
    kind = made.classes["Order"]
    order = an_order(made)
    payload = flavour.protobuf_serializer(client, kind)(order, value_of(topic))
    assert id_in(payload) == client.get_latest_version(f"{topic}-value").schema_id
    assert payload[5:6] == b"\x00", "the first message of the file"
    assert flavour.protobuf_deserializer(client, kind)(payload, value_of(topic)) == order
    elsewhere = flavour.client({"url": url})
    assert flavour.protobuf_deserializer(elsewhere, kind)(payload, value_of(topic)) == order


def test_imports_become_subjects(flavour, client, url, topic, made):
    flavour.protobuf_serializer(client, made.classes["Order"])(an_order(made), value_of(topic))
    other = flavour.client({"url": url})
    read = other.get_latest_version(f"{topic}-value")
    assert read.schema.references == references(made), "what comes with every installation is not among them"
    country = f"{made.word}/country.proto"
    customer = other.get_latest_version(f"{made.word}/customer.proto")
    assert customer.schema.references == [SchemaReference(country, country, 1)]
    assert other.get_versions(country) == [1]
    assert other.get_referenced_by(country, 1) == [customer.schema_id]


def test_people_read_text(flavour, client, url, topic, made):
    flavour.protobuf_serializer(client, made.classes["Order"])(an_order(made), value_of(topic))
    text = flavour.client({"url": url}).get_latest_version(f"{topic}-value").schema.schema_str
    for line in ('syntax = "proto3";', f"package shop.{made.word};", "message Order {", "  int64 id = 1;"):
        assert line in text.splitlines(), text


def test_programs_read_a_descriptor(flavour, client, url, topic, made):
    flavour.protobuf_serializer(client, made.classes["Order"])(an_order(made), value_of(topic))
    other = flavour.client({"url": url})
    encoded = other.get_latest_version(f"{topic}-value", fmt="serialized").schema.schema_str
    file = descriptor_pb2.FileDescriptorProto.FromString(base64.b64decode(encoded, validate=True))
    assert file.package == f"shop.{made.word}"
    assert [message.name for message in file.message_type] == ["Order", "Receipt"]
    assert [message.name for message in file.message_type[0].nested_type] == ["Line", "Note"]
    assert list(file.dependency) == [f"{made.word}/customer.proto", "google/protobuf/timestamp.proto"]
    assert [field.number for field in file.message_type[0].field] == [1, 2, 3]


def test_text_and_descriptor_are_one_schema(flavour, client, url, topic, made):
    payload = flavour.protobuf_serializer(client, made.classes["Order"])(an_order(made), value_of(topic))
    written = Schema(order_text(made.word), "PROTOBUF", references(made))
    other = flavour.client({"url": url})
    assert other.lookup_schema(f"{topic}-value", written).version == 1
    assert other.register_schema(f"{topic}-value", written) == id_in(payload)
    assert other.get_versions(f"{topic}-value") == [1]


@pytest.mark.parametrize("full, normalize", [(False, False), (True, True)], ids=["plain", "normalized"])
def test_a_schema_that_was_registered_as_text(flavour, client, url, topic, made, full, normalize):
    country = f"{made.word}/country.proto"
    needs = {"country": [], "customer": [SchemaReference(country, country, 1)]}
    for name in ("country", "customer"):
        encoded = base64.b64encode(made.files[f"{name}.proto"].serialized_pb).decode()
        schema = Schema(encoded, "PROTOBUF", needs[name])
        client.register_schema(f"{made.word}/{name}.proto", schema, normalize_schemas=normalize)
    written = Schema(order_text(made.word, full), "PROTOBUF", references(made))
    id = client.register_schema(f"{topic}-value", written, normalize_schemas=normalize)
    producer = flavour.client({"url": url})
    kind = made.classes["Order"]
    conf = {"auto.register.schemas": False, "normalize.schemas": normalize}
    payload = flavour.protobuf_serializer(producer, kind, conf)(an_order(made), value_of(topic))
    assert id_in(payload) == id
    assert flavour.protobuf_deserializer(flavour.client({"url": url}), kind)(payload, value_of(topic)) == an_order(made)


def test_messages_inside_messages(flavour, client, url, topic, made):
    kind = made.classes["Order.Note"]
    note = kind(text="fragile")
    payload = flavour.protobuf_serializer(client, kind)(note, value_of(topic))
    assert payload[5:8] == bytes([4, 0, 2]), "the second message inside the first"
    assert flavour.protobuf_deserializer(flavour.client({"url": url}), kind)(payload, value_of(topic)) == note
    kind = made.classes["Receipt"]
    payload = flavour.protobuf_serializer(client, kind)(kind(paid=True), value_of(topic))
    assert payload[5:7] == bytes([2, 2]), "the second message of the file"


def test_the_guid_in_a_header(flavour, client, url, topic, made):
    headers = []
    kind = made.classes["Order"]
    write = flavour.protobuf_serializer(client, kind, {"schema.id.serializer": header_schema_id_serializer})
    payload = write(an_order(made), value_of(topic, headers))
    assert payload == an_order(made).SerializeToString()
    assert headers[0][0] == "__value_schema_id"
    elsewhere = flavour.client({"url": url})
    assert flavour.protobuf_deserializer(elsewhere, kind)(payload, value_of(topic, headers)) == an_order(made)


def test_without_registering(flavour, client, url, topic, made):
    kind = made.classes["Order"]
    conf = {"auto.register.schemas": False}
    unknown = flavour.protobuf_serializer(flavour.client({"url": url}), kind, conf)
    refused(lambda: unknown(an_order(made), value_of(topic)), 404, 40401)
    id = id_in(flavour.protobuf_serializer(client, kind)(an_order(made), value_of(topic)))
    known = flavour.protobuf_serializer(flavour.client({"url": url}), kind, conf)
    assert id_in(known(an_order(made), value_of(topic))) == id


def test_the_latest_version(flavour, client, url, topic, made):
    kind = made.classes["Order"]
    flavour.protobuf_serializer(client, kind)(an_order(made), value_of(topic))
    newer = build(made.word, [("gift", "bool")])
    second = flavour.protobuf_serializer(client, newer.classes["Order"])(an_order(newer), value_of(topic))
    assert client.get_versions(f"{topic}-value") == [1, 2]
    conf = {"auto.register.schemas": False, "use.latest.version": True}
    elsewhere = flavour.client({"url": url})
    payload = flavour.protobuf_serializer(elsewhere, kind, conf)(an_order(made), value_of(topic))
    assert id_in(payload) == id_in(second)
    read = flavour.protobuf_deserializer(elsewhere, kind, {"use.latest.version": True})
    assert read(payload, value_of(topic)) == an_order(made)


def test_normalized(flavour, client, url, topic, made):
    kind = made.classes["Order"]
    conf = {"normalize.schemas": True}
    ids = {
        id_in(flavour.protobuf_serializer(flavour.client({"url": url}), kind, conf)(an_order(made), value_of(topic)))
        for _ in range(2)
    }
    assert len(ids) == 1
    # In another order, with other spaces: the same once normalised.
    text = order_text(made.word, full=True).replace("Customer customer", "Customer   customer")
    lines = text.splitlines()
    at = next(i for i, line in enumerate(lines) if "int64 id" in line)
    lines.insert(at + 2, lines.pop(at))
    turned = Schema("\n".join(lines), "PROTOBUF", references(made))
    assert client.lookup_schema(f"{topic}-value", turned, normalize_schemas=True).version == 1


def test_an_incompatible_change_stops_the_producer(flavour, client, topic, made):
    flavour.protobuf_serializer(client, made.classes["Order"])(an_order(made), value_of(topic))
    text = order_text(made.word).replace("int64 id = 1", "string id = 1")
    changed = Schema(text, "PROTOBUF", references(made))
    assert not client.test_compatibility(f"{topic}-value", changed)
    refused(
        lambda: client.register_schema(f"{topic}-value", changed), 409, 409, "FIELD_SCALAR_KIND_CHANGED", "Order"
    )
