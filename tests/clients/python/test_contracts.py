"""Data contracts: metadata and rules are kept, served where a consumer looks for them, and so executed."""

import json

from confluent_kafka.schema_registry import (
    ConfigCompatibilityLevel,
    Metadata,
    MetadataProperties,
    Rule,
    RuleKind,
    RuleMode,
    RuleParams,
    RuleSet,
    Schema,
    ServerConfig,
)
from confluent_kafka.schema_registry.rule_registry import RuleRegistry
from confluent_kafka.schema_registry.serde import RuleExecutor
from support import id_in, record, refused, value_of

TEXT = record(("name", "string"), ("note", "string"))


def metadata(**properties):
    return Metadata(tags=None, properties=MetadataProperties(properties), sensitive=None)


def rule(name, type="REVERSE", mode=RuleMode.WRITEREAD, **more):
    members = {
        "doc": None,
        "kind": RuleKind.TRANSFORM,
        "tags": None,
        "params": None,
        "expr": None,
        "on_success": None,
        "on_failure": None,
        "disabled": False,
    }
    return Rule(name=name, type=type, mode=mode, **{**members, **more})


class Reverse(RuleExecutor):
    """Turns the note round: applied twice it is as before, applied once one can see that it was."""

    def __init__(self):
        self.seen = []

    def type(self):
        return "REVERSE"

    def transform(self, ctx, message):
        self.seen.append((ctx.rule_mode, ctx.rule.name))
        return {**message, "note": message["note"][::-1]}


class Rename(RuleExecutor):
    """A migration: a field's name between two major versions."""

    def type(self):
        return "RENAME"

    def transform(self, ctx, message):
        params = ctx.rule.params.params
        names = (params["old"], params["new"])
        old, new = names if ctx.rule_mode == RuleMode.UPGRADE else names[::-1]
        return {(new if key == old else key): value for key, value in message.items()}


def executors(*all):
    registry = RuleRegistry()
    for executor in all:
        registry.register_executor(executor)
    return registry


def test_everything_comes_back(client, flavour, url, topic):
    rules = RuleSet(
        migration_rules=[rule("up", type="JSONATA", mode=RuleMode.UPGRADE, expr="$merge([$, {'a': 1}])")],
        domain_rules=[
            rule(
                "check",
                type="CEL",
                kind=RuleKind.CONDITION,
                mode=RuleMode.WRITE,
                doc="a name is long enough",
                tags=["PII"],
                params=RuleParams({"b": "2", "a": "1"}),
                expr="size(message.name) > 2",
                on_success="NONE",
                on_failure="ERROR",
                disabled=True,
            )
        ],
        encoding_rules=[rule("encrypt", type="ENCRYPT_PAYLOAD")],
        enable_at=None,
    )
    label = Metadata(tags=None, properties=MetadataProperties({"owner": "team-a", "a": "1"}), sensitive=["owner"])
    sent = Schema(TEXT, "AVRO", metadata=label, rule_set=rules)
    id = client.register_schema(topic, sent)
    other = flavour.client({"url": url})
    for read in (
        other.get_latest_version(topic).schema,
        other.get_version(topic, 1).schema,
        other.get_schema(id),
        other.get_schema_by_guid(other.get_version(topic, 1).guid),
        other.lookup_schema(topic, sent).schema,
    ):
        assert read.metadata.properties == label.properties
        assert read.metadata.sensitive == ["owner"]
        assert read.rule_set.migration_rules == rules.migration_rules
        assert read.rule_set.domain_rules == rules.domain_rules
        assert read.rule_set.encoding_rules == rules.encoding_rules


def test_empty_is_the_same_as_absent(client, flavour, url, topic):
    plain = client.register_schema_full_response(topic, Schema(TEXT, "AVRO"))
    spelled = Schema(TEXT, "AVRO", references=[], rule_set=RuleSet(migration_rules=[], domain_rules=[]))
    other = flavour.client({"url": url})
    found = other.lookup_schema(topic, spelled)
    assert (found.schema_id, found.version) == (plain.schema_id, 1)
    assert flavour.client({"url": url}).register_schema(topic, spelled) == plain.schema_id


def test_metadata_makes_a_version_and_is_inherited(client, flavour, url, topic):
    first = client.register_schema_full_response(topic, Schema(TEXT, "AVRO"))
    second = client.register_schema_full_response(topic, Schema(TEXT, "AVRO", metadata=metadata(owner="a")))
    assert second.schema_id != first.schema_id and second.version == 2
    wider = record(("name", "string"), ("note", "string"), ("more", "string", ""))
    client.register_schema(topic, Schema(wider, "AVRO"))
    third = flavour.client({"url": url}).get_latest_version(topic)
    assert third.version == 3 and third.schema.metadata.properties.properties == {"owner": "a"}
    with_a = flavour.client({"url": url}).get_latest_with_metadata(topic, {"owner": "a"})
    assert with_a.version == 3
    refused(lambda: client.get_latest_with_metadata(topic, {"owner": "b"}), 404, 40403)


def test_rules_run_on_both_sides(client, flavour, url, topic):
    rules = RuleSet(migration_rules=None, domain_rules=[rule("turn")])
    client.register_schema(f"{topic}-value", Schema(TEXT, "AVRO", rule_set=rules))
    value = {"name": "Ada", "note": "live"}
    writer, reader = Reverse(), Reverse()
    conf = {"auto.register.schemas": False, "use.latest.version": True}
    write = flavour.avro_serializer(client, TEXT, conf, rule_registry=executors(writer))
    payload = write(dict(value), value_of(topic))
    assert writer.seen == [(RuleMode.WRITE, "turn")] and b"evil" in payload
    # The consumer learns of the rules from the schema that it gets by id.
    elsewhere = flavour.client({"url": url})
    read = flavour.avro_deserializer(elsewhere, rule_registry=executors(reader))
    assert read(payload, value_of(topic)) == value
    assert reader.seen == [(RuleMode.READ, "turn")]


def test_migration_between_major_versions(client, flavour, url, topic):
    subject = f"{topic}-value"
    client.set_config(
        subject,
        ServerConfig(compatibility=ConfigCompatibilityLevel.BACKWARD, compatibility_group="application.major"),
    )
    old = Schema(record(("name", "string")), "AVRO", metadata=metadata(**{"application.major": "1"}))
    move = RuleSet(
        migration_rules=[
            rule("move", type="RENAME", mode=RuleMode.UPDOWN, params=RuleParams({"old": "name", "new": "title"}))
        ],
        domain_rules=None,
    )
    new = Schema(record(("title", "string")), "AVRO", metadata=metadata(**{"application.major": "2"}), rule_set=move)
    first = client.register_schema(subject, old)
    # Incompatible with the first, but of another group.
    second = client.register_schema(subject, new)
    assert first != second

    def writer(major, schema):
        conf = {"auto.register.schemas": False, "use.latest.with.metadata": {"application.major": major}}
        made = flavour.client({"url": url})
        return flavour.avro_serializer(made, schema.schema_str, conf, rule_registry=executors(Rename()))

    def reader(major):
        conf = {"use.latest.with.metadata": {"application.major": major}}
        made = flavour.client({"url": url})
        return flavour.avro_deserializer(made, conf=conf, rule_registry=executors(Rename()))

    from_old = writer("1", old)({"name": "Emma"}, value_of(topic))
    from_new = writer("2", new)({"title": "Emma"}, value_of(topic))
    assert (id_in(from_old), id_in(from_new)) == (first, second)
    for major, value in (("1", {"name": "Emma"}), ("2", {"title": "Emma"})):
        for payload in (from_old, from_new):
            assert reader(major)(payload, value_of(topic)) == value


def test_a_rule_that_is_none_is_refused(client, topic):
    bad = RuleSet(migration_rules=None, domain_rules=[rule("up", mode=RuleMode.UPGRADE)])
    refused(lambda: client.register_schema(topic, Schema(TEXT, "AVRO", rule_set=bad)), 422, 42210)


def test_defaults_and_overrides_of_a_subject(client, flavour, url, topic):
    config = ServerConfig(default_metadata=metadata(team="a", tier="low"), override_metadata=metadata(tier="high"))
    client.set_config(topic, config)
    client.register_schema(topic, Schema(TEXT, "AVRO", metadata=metadata(team="b")))
    read = flavour.client({"url": url}).get_latest_version(topic).schema
    assert read.metadata.properties.properties == {"team": "b", "tier": "high"}
    assert json.loads(read.schema_str)["name"] == "Order"


def test_nothing_is_associated(client, topic):
    """What every serializer asks before its first message."""
    refused(lambda: client.get_associations_by_resource_name(topic, "-", "topic", ["value"]), 404, 404)
