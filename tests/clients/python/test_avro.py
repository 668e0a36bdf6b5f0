"""Avro records through the client's serializer and deserializer."""

import pytest
from confluent_kafka.schema_registry import (
    Metadata,
    MetadataProperties,
    Schema,
    SchemaReference,
    header_schema_id_serializer,
    prefix_schema_id_deserializer,
    prefix_schema_id_serializer,
    record_subject_name_strategy,
    topic_record_subject_name_strategy,
)
from confluent_kafka.schema_registry.error import SchemaRegistryError
from support import avro, id_in, key_of, record, refused, unique, value_of

TEXT = record(("id", "long"), ("name", "string"))
ORDER = {"id": 7, "name": "seven"}


def test_there_and_back(flavour, client, topic):
    write = flavour.avro_serializer(client, TEXT)
    payload = write(ORDER, value_of(topic))
    # The default strategy asks for an association first, and takes "there is none" for an answer.
    assert id_in(payload) == client.get_latest_version(f"{topic}-value").schema_id
    read = flavour.avro_deserializer(client)
    assert read(payload, value_of(topic)) == ORDER
    assert write(ORDER, key_of(topic)) == payload
    assert client.get_versions(f"{topic}-key") == [1]


def test_on_another_machine(flavour, client, url, topic):
    payload = flavour.avro_serializer(client, TEXT)(ORDER, value_of(topic))
    elsewhere = flavour.client({"url": url})
    assert flavour.avro_deserializer(elsewhere)(payload, value_of(topic)) == ORDER


def test_a_schema_that_was_deleted_is_still_read(flavour, client, url, topic):
    payload = flavour.avro_serializer(client, TEXT)(ORDER, value_of(topic))
    client.delete_subject(f"{topic}-value")
    elsewhere = flavour.client({"url": url})
    assert flavour.avro_deserializer(elsewhere)(payload, value_of(topic)) == ORDER


def test_the_guid_in_a_header(flavour, client, url, topic):
    headers = []
    write = flavour.avro_serializer(client, TEXT, {"schema.id.serializer": header_schema_id_serializer})
    payload = write(ORDER, value_of(topic, headers))
    assert payload[:1] != b"\x00", "the payload has no frame"
    guid = client.get_latest_version(f"{topic}-value").guid
    assert headers == [("__value_schema_id", b"\x01" + bytes.fromhex(guid.replace("-", "")))]
    elsewhere = flavour.client({"url": url})
    assert flavour.avro_deserializer(elsewhere)(payload, value_of(topic, headers)) == ORDER


def test_the_id_in_front_when_asked_for(flavour, client, topic):
    conf = {"schema.id.serializer": prefix_schema_id_serializer}
    payload = flavour.avro_serializer(client, TEXT, conf)(ORDER, value_of(topic))
    conf = {"schema.id.deserializer": prefix_schema_id_deserializer}
    assert flavour.avro_deserializer(client, conf=conf)(payload, value_of(topic)) == ORDER


def test_without_registering(flavour, client, url, topic):
    conf = {"auto.register.schemas": False}
    unknown = flavour.avro_serializer(flavour.client({"url": url}), TEXT, conf)
    refused(lambda: unknown(ORDER, value_of(topic)), 404, 40401)
    id = client.register_schema(f"{topic}-value", Schema(TEXT, "AVRO"))
    known = flavour.avro_serializer(flavour.client({"url": url}), TEXT, conf)
    assert id_in(known(ORDER, value_of(topic))) == id


def test_the_latest_version(flavour, client, topic):
    subject = f"{topic}-value"
    client.register_schema(subject, Schema(TEXT, "AVRO"))
    newest = client.register_schema(subject, avro(("id", "long"), ("name", "string"), ("note", "string", "-")))
    conf = {"auto.register.schemas": False, "use.latest.version": True}
    payload = flavour.avro_serializer(client, TEXT, conf)(ORDER, value_of(topic))
    assert id_in(payload) == newest
    assert flavour.avro_deserializer(client)(payload, value_of(topic)) == {**ORDER, "note": "-"}


def test_the_latest_version_with_metadata(flavour, client, topic):
    subject = f"{topic}-value"

    def labelled(fields, **properties):
        metadata = Metadata(tags=None, properties=MetadataProperties(properties), sensitive=None)
        return Schema(record(*fields), "AVRO", metadata=metadata)

    fields = [("id", "long"), ("name", "string")]
    stable = client.register_schema(subject, labelled(fields, stage="stable"))
    trial = client.register_schema(subject, labelled([*fields, ("note", "string", "-")], stage="trial"))
    for stage, id in (("stable", stable), ("trial", trial)):
        conf = {"auto.register.schemas": False, "use.latest.with.metadata": {"stage": stage}}
        payload = flavour.avro_serializer(client, TEXT, conf)(ORDER, value_of(topic))
        assert id_in(payload) == id
    conf = {"auto.register.schemas": False, "use.latest.with.metadata": {"stage": "none"}}
    refused(lambda: flavour.avro_serializer(client, TEXT, conf)(ORDER, value_of(topic)), 404, 40403)


def test_a_given_id(flavour, client, url, topic):
    id = client.register_schema(f"{topic}-value", Schema(TEXT, "AVRO"))
    client.register_schema(f"{topic}-value", avro(("id", "long"), ("name", "string"), ("note", "string", "-")))
    conf = {"auto.register.schemas": False, "use.schema.id": id}
    elsewhere = flavour.client({"url": url})
    payload = flavour.avro_serializer(elsewhere, TEXT, conf)(ORDER, value_of(topic))
    assert id_in(payload) == id


def test_normalized(flavour, client, url, topic):
    texts = [
        '{"type":"record","name":"P","fields":[{"name":"f","type":"int","z":"1","a":"2"}]}',
        '{"type":"record","name":"P","fields":[{"name":"f","type":"int","a":"2","z":"1"}]}',
    ]
    ids = set()
    for text in texts:
        write = flavour.avro_serializer(flavour.client({"url": url}), text, {"normalize.schemas": True})
        ids.add(id_in(write({"f": 1}, value_of(topic))))
    assert len(ids) == 1
    assert client.get_versions(f"{topic}-value") == [1]


def test_references_in_two_steps(flavour, client, url, topic):
    currency, money = unique("currency"), unique("money")
    symbols = '{"type":"enum","name":"Currency","namespace":"com.acme","symbols":["EUR","USD"]}'
    client.register_schema(currency, Schema(symbols, "AVRO"))
    to_currency = SchemaReference("com.acme.Currency", currency, 1)
    text = record(("units", "long"), ("currency", "com.acme.Currency"), name="Money")
    client.register_schema(money, Schema(text, "AVRO", [to_currency]))
    to_money = SchemaReference("com.acme.Money", money, 1)
    order = Schema(record(("price", "com.acme.Money")), "AVRO", [to_money])
    value = {"price": {"units": 3, "currency": "USD"}}
    payload = flavour.avro_serializer(client, order)(value, value_of(topic))
    elsewhere = flavour.client({"url": url})
    assert flavour.avro_deserializer(elsewhere)(payload, value_of(topic)) == value
    assert elsewhere.get_latest_version(f"{topic}-value").schema.references == [to_money]


def test_an_incompatible_change_stops_the_producer(flavour, client, topic):
    flavour.avro_serializer(client, TEXT)(ORDER, value_of(topic))
    write = flavour.avro_serializer(client, record(("id", "long"), ("name", "string"), ("must", "string")))
    with pytest.raises(SchemaRegistryError) as caught:
        write({**ORDER, "must": "x"}, value_of(topic))
    assert caught.value.http_status_code == 409
    assert "incompatible" in caught.value.error_message


def test_old_data_under_a_newer_reader(flavour, client, topic):
    payload = flavour.avro_serializer(client, TEXT)(ORDER, value_of(topic))
    newer = record(("id", "long"), ("name", "string"), ("note", "string", "-"))
    write = flavour.avro_serializer(client, newer)
    second = write({**ORDER, "note": "n"}, value_of(topic))
    assert id_in(second) != id_in(payload)
    read = flavour.avro_deserializer(client, newer)
    assert read(payload, value_of(topic)) == {**ORDER, "note": "-"}
    assert read(second, value_of(topic)) == {**ORDER, "note": "n"}


@pytest.mark.parametrize(
    "strategy, subject",
    [(record_subject_name_strategy, "{record}"), (topic_record_subject_name_strategy, "{topic}-{record}")],
)
def test_other_names_for_subjects(flavour, client, topic, strategy, subject):
    name = unique("R").replace("-", "")
    text = record(("id", "long"), ("name", "string"), name=name)
    flavour.avro_serializer(client, text, {"subject.name.strategy": strategy})(ORDER, value_of(topic))
    assert client.get_versions(subject.format(record=f"com.acme.{name}", topic=topic)) == [1]


def test_in_a_context(flavour, url, topic):
    context = unique(".k").replace("-", "")
    client = flavour.client({"url": f"{url}/contexts/{context}"})
    payload = flavour.avro_serializer(client, TEXT)(ORDER, value_of(topic))
    assert id_in(payload) == 1
    assert flavour.avro_deserializer(flavour.client({"url": f"{url}/contexts/{context}"}))(
        payload, value_of(topic)
    ) == ORDER
