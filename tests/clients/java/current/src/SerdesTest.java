// Avro messages through Confluent's serializer and deserializer, and the rules that they run.
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.confluent.kafka.schemaregistry.avro.AvroSchema;
import io.confluent.kafka.schemaregistry.client.rest.entities.Config;
import io.confluent.kafka.schemaregistry.client.rest.entities.Metadata;
import io.confluent.kafka.schemaregistry.client.rest.entities.Rule;
import io.confluent.kafka.schemaregistry.client.rest.entities.RuleKind;
import io.confluent.kafka.schemaregistry.client.rest.entities.RuleMode;
import io.confluent.kafka.schemaregistry.client.rest.entities.RuleSet;
import io.confluent.kafka.schemaregistry.rules.RuleContext;
import io.confluent.kafka.schemaregistry.rules.RuleExecutor;
import io.confluent.kafka.serializers.KafkaAvroDeserializer;
import io.confluent.kafka.serializers.KafkaAvroSerializer;
import io.confluent.kafka.serializers.subject.RecordNameStrategy;
import io.confluent.kafka.serializers.subject.TopicNameStrategy;
import io.confluent.kafka.serializers.subject.TopicRecordNameStrategy;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericRecord;
import org.apache.kafka.common.errors.SerializationException;
import org.junit.jupiter.api.Test;

class SerdesTest {
  private static final String TEXT = Registry.record("Order", Registry.field("id", "int"), Registry.field("name", "string"));
  private static final Map<String, Object> LATEST =
      Map.of("auto.register.schemas", false, "use.latest.version", true);

  private static GenericRecord order(String text) {
    GenericRecord made = new GenericData.Record(new Schema.Parser().parse(text));
    made.put("id", 7);
    made.put("name", "seven");
    return made;
  }

  private static Map<String, Object> configured(Map<String, ?> more) {
    Map<String, Object> config = new HashMap<>(more);
    config.put("schema.registry.url", Registry.URL);
    return config;
  }

  private static byte[] write(String topic, Object value, Map<String, ?> config, boolean key) {
    try (KafkaAvroSerializer serializer = new KafkaAvroSerializer()) {
      serializer.configure(configured(config), key);
      return serializer.serialize(topic, value);
    }
  }

  private static byte[] write(String topic, Object value, Map<String, ?> config) {
    return write(topic, value, config, false);
  }

  private static GenericRecord read(String topic, byte[] payload, Map<String, ?> config) {
    try (KafkaAvroDeserializer deserializer = new KafkaAvroDeserializer()) {
      deserializer.configure(configured(config), false);
      return (GenericRecord) deserializer.deserialize(topic, payload);
    }
  }

  private static void same(GenericRecord read) {
    assertEquals(7, read.get("id"));
    assertEquals("seven", read.get("name").toString());
  }

  @Test
  void thereAndBackRegisteredOnTheWay() throws Exception {
    String topic = Registry.unique("t");
    byte[] payload = write(topic, order(TEXT), Map.of());
    assertEquals(Registry.client().getLatestSchemaMetadata(topic + "-value").getId(), Registry.idIn(payload));
    same(read(topic, payload, Map.of()));
    write(topic, order(TEXT), Map.of(), true);
    assertEquals(List.of(1), Registry.client().getAllVersions(topic + "-key"));
  }

  @Test
  void subjectsByEachStrategy() throws Exception {
    String name = Registry.word("R");
    String topic = Registry.unique("t");
    String text = Registry.record(name, Registry.field("id", "int"), Registry.field("name", "string"));
    Map<Class<?>, String> subjects =
        Map.of(
            TopicNameStrategy.class, topic + "-value",
            RecordNameStrategy.class, "com.acme." + name,
            TopicRecordNameStrategy.class, topic + "-com.acme." + name);
    for (var pair : subjects.entrySet()) {
      byte[] payload = write(topic, order(text), Map.of("value.subject.name.strategy", pair.getKey().getName()));
      assertEquals(List.of(1), Registry.client().getAllVersions(pair.getValue()));
      same(read(topic, payload, Map.of("value.subject.name.strategy", pair.getKey().getName())));
    }
  }

  @Test
  void theLatestVersion() throws Exception {
    String topic = Registry.unique("t");
    Registry.client().register(topic + "-value", new AvroSchema(TEXT));
    String wider = Registry.record("Order", Registry.field("id", "int"), Registry.field("name", "string"), Registry.text("note", "-"));
    int newest = Registry.client().register(topic + "-value", new AvroSchema(wider));
    GenericRecord value = order(wider);
    value.put("note", "n");
    assertEquals(newest, Registry.idIn(write(topic, value, LATEST)));
  }

  @Test
  void theLatestVersionWithMetadata() throws Exception {
    String topic = Registry.unique("t");
    Map<String, Integer> ids = new HashMap<>();
    for (String stage : List.of("stable", "trial")) {
      Metadata metadata = new Metadata(Map.of(), Map.of("stage", stage), Set.of());
      ids.put(stage, Registry.client().register(topic + "-value", Registry.contract(TEXT, metadata, null)));
    }
    for (String stage : List.of("stable", "trial")) {
      Map<String, Object> config =
          Map.of("auto.register.schemas", false, "use.latest.with.metadata", "stage=" + stage);
      assertEquals(ids.get(stage), Registry.idIn(write(topic, order(TEXT), config)));
    }
  }

  @Test
  void aGivenId() throws Exception {
    String topic = Registry.unique("t");
    int id = Registry.client().register(topic + "-value", new AvroSchema(TEXT));
    Map<String, Object> config = Map.of("auto.register.schemas", false, "use.schema.id", id);
    assertEquals(id, Registry.idIn(write(topic, order(TEXT), config)));
  }

  @Test
  void withoutRegistering() throws Exception {
    String topic = Registry.unique("t");
    Map<String, Object> config = Map.of("auto.register.schemas", false);
    Exception error = assertThrows(SerializationException.class, () -> write(topic, order(TEXT), config));
    assertTrue(error.getCause().getMessage().contains("40401"), error.getCause().getMessage());
    int id = Registry.client().register(topic + "-value", new AvroSchema(TEXT));
    assertEquals(id, Registry.idIn(write(topic, order(TEXT), config)));
  }

  @Test
  void anIncompatibleChangeStopsTheProducer() {
    String topic = Registry.unique("t");
    write(topic, order(TEXT), Map.of());
    String broken =
        Registry.record("Order", Registry.field("id", "int"), Registry.field("name", "string"), Registry.field("must", "string"));
    GenericRecord value = order(broken);
    value.put("must", "x");
    Exception error = assertThrows(Exception.class, () -> write(topic, value, Map.of()));
    assertTrue(error.getCause().getMessage().contains("409"), error.getCause().getMessage());
  }

  @Test
  void aDeletedSchemaIsStillRead() throws Exception {
    String topic = Registry.unique("t");
    byte[] payload = write(topic, order(TEXT), Map.of());
    Registry.client().deleteSubject(topic + "-value", false);
    same(read(topic, payload, Map.of()));
  }

  @Test
  void anOldMessageUnderANewerReader() throws Exception {
    String topic = Registry.unique("t");
    byte[] payload = write(topic, order(TEXT), Map.of());
    String wider = Registry.record("Order", Registry.field("id", "int"), Registry.field("name", "string"), Registry.text("note", "-"));
    Registry.client().register(topic + "-value", new AvroSchema(wider));
    GenericRecord read = read(topic, payload, Map.of("use.latest.version", true));
    assertEquals("-", read.get("note").toString());
  }

  @Test
  void referencesInTwoSteps() throws Exception {
    String topic = Registry.unique("t");
    String currency = Registry.unique("currency");
    String money = Registry.unique("money");
    String symbols = "{\"type\":\"enum\",\"name\":\"Currency\",\"namespace\":\"com.acme\",\"symbols\":[\"EUR\",\"USD\"]}";
    var rest = Registry.rest();
    rest.registerSchema(symbols, "AVRO", List.of(), currency);
    rest.registerSchema(
        Registry.record("Money", Registry.field("units", "long"), Registry.field("currency", "com.acme.Currency")),
        "AVRO",
        List.of(Registry.reference("com.acme.Currency", currency, 1)),
        money);
    rest.registerSchema(
        Registry.record("Order", Registry.field("price", "com.acme.Money")),
        "AVRO",
        List.of(Registry.reference("com.acme.Money", money, 1)),
        topic + "-value");
    Schema schema = ((AvroSchema) Registry.client().getSchemas(topic + "-value", false, true).get(0)).rawSchema();
    Schema inner = schema.getField("price").schema();
    GenericRecord price = new GenericData.Record(inner);
    price.put("units", 3L);
    price.put("currency", new GenericData.EnumSymbol(inner.getField("currency").schema(), "USD"));
    GenericRecord value = new GenericData.Record(schema);
    value.put("price", price);
    GenericRecord read = read(topic, write(topic, value, LATEST), Map.of());
    assertEquals("USD", ((GenericRecord) read.get("price")).get("currency").toString());
  }

  /** Turns the name round: applied twice it is as before, applied once one can see that it was. */
  public static class Reverse implements RuleExecutor {
    @Override
    public String type() {
      return "REVERSE";
    }

    @Override
    public Object transform(RuleContext context, Object message) {
      GenericRecord turned = new GenericData.Record((GenericData.Record) message, true);
      turned.put("name", new StringBuilder(turned.get("name").toString()).reverse().toString());
      return turned;
    }

    @Override
    public void close() {}
  }

  private static final Map<String, Object> EXECUTORS =
      Map.of("rule.executors", "reverse", "rule.executors.reverse.class", Reverse.class.getName());

  private static Map<String, Object> with(Map<String, Object> one, Map<String, Object> other) {
    Map<String, Object> both = new HashMap<>(one);
    both.putAll(other);
    return both;
  }

  private static Rule rule(String name, RuleMode mode, String type) {
    return new Rule(name, "a doc", RuleKind.TRANSFORM, mode, type, Set.of("PII"), Map.of("a", "1"), "x", "NONE", "ERROR", false);
  }

  @Test
  void rulesRunOnBothSides() throws Exception {
    String topic = Registry.unique("t");
    RuleSet rules = new RuleSet(List.of(), List.of(rule("turn", RuleMode.WRITEREAD, "REVERSE")));
    Registry.client().register(topic + "-value", Registry.contract(TEXT, null, rules));
    byte[] payload = write(topic, order(TEXT), with(LATEST, EXECUTORS));
    assertTrue(new String(payload, "UTF-8").contains("neves"), "the producer ran the rule");
    same(read(topic, payload, EXECUTORS));
  }

  @Test
  void aRuleWithoutAnExecutorStopsTheProducer() throws Exception {
    String topic = Registry.unique("t");
    RuleSet rules = new RuleSet(List.of(), List.of(rule("unknown", RuleMode.WRITE, "UNKNOWN")));
    Registry.client().register(topic + "-value", Registry.contract(TEXT, null, rules));
    assertThrows(SerializationException.class, () -> write(topic, order(TEXT), LATEST));
  }

  @Test
  void metadataAndRulesAreKept() throws Exception {
    String subject = Registry.unique("s");
    Metadata metadata = new Metadata(Map.of("Order", Set.of("PII")), Map.of("owner", "team"), Set.of("owner"));
    RuleSet rules =
        new RuleSet(List.of(rule("up", RuleMode.UPGRADE, "JSONATA")), List.of(rule("turn", RuleMode.WRITE, "CEL")));
    AvroSchema sent = Registry.contract(TEXT, metadata, rules);
    int id = Registry.client().register(subject, sent);
    for (AvroSchema read :
        List.of(
            (AvroSchema) Registry.client().getSchemaById(id),
            (AvroSchema) Registry.client().getSchemas(subject, false, true).get(0))) {
      // The server adds the version to the metadata of what it serves by version, as the original does.
      assertEquals(metadata.getTags(), read.metadata().getTags());
      assertEquals("team", read.metadata().getProperties().get("owner"));
      assertEquals(metadata.getSensitive(), read.metadata().getSensitive());
      assertEquals(rules.getDomainRules(), read.ruleSet().getDomainRules());
      assertEquals(rules.getMigrationRules(), read.ruleSet().getMigrationRules());
    }
    assertEquals(id, Registry.client().getId(subject, sent));
  }

  @Test
  void rulesThatASubjectGivesToAllItsSchemas() throws Exception {
    String topic = Registry.unique("t");
    Config config = new Config("BACKWARD");
    config.setDefaultRuleSet(new RuleSet(List.of(), List.of(rule("turn", RuleMode.WRITE, "REVERSE"))));
    Registry.client().updateConfig(topic + "-value", config);
    Registry.client().register(topic + "-value", new AvroSchema(TEXT));
    byte[] payload = write(topic, order(TEXT), with(LATEST, EXECUTORS));
    assertTrue(new String(payload, "UTF-8").contains("neves"));
  }

  /** A migration, which gets JSON: the one field gets another name. */
  public static class Rename implements RuleExecutor {
    @Override
    public String type() {
      return "RENAME";
    }

    @Override
    public Object transform(RuleContext context, Object message) {
      boolean up = context.ruleMode() == RuleMode.UPGRADE;
      ObjectNode renamed = JsonNodeFactory.instance.objectNode();
      renamed.set(up ? "title" : "name", ((JsonNode) message).get(up ? "name" : "title"));
      return renamed;
    }

    @Override
    public void close() {}
  }

  @Test
  void migrationBetweenMajorVersionsBothWays() throws Exception {
    String topic = Registry.unique("t");
    String subject = topic + "-value";
    Config config = new Config("BACKWARD");
    config.setCompatibilityGroup("major");
    Registry.client().updateConfig(subject, config);
    RuleSet move = new RuleSet(List.of(rule("move", RuleMode.UPDOWN, "RENAME")), List.of());
    Map<String, String> fields = Map.of("1", "name", "2", "title");
    for (String major : List.of("1", "2")) {
      Metadata metadata = new Metadata(Map.of(), Map.of("major", major), Set.of());
      String text = Registry.record("Order", Registry.field(fields.get(major), "string"));
      Registry.client().register(subject, Registry.contract(text, metadata, major.equals("2") ? move : null));
    }
    Map<String, Object> executors =
        Map.of("rule.executors", "rename", "rule.executors.rename.class", Rename.class.getName());
    for (String from : fields.keySet()) {
      Schema schema = new Schema.Parser().parse(Registry.record("Order", Registry.field(fields.get(from), "string")));
      GenericRecord value = new GenericData.Record(schema);
      value.put(fields.get(from), "Emma");
      Map<String, Object> writing =
          Map.of("auto.register.schemas", false, "use.latest.with.metadata", "major=" + from);
      byte[] payload = write(topic, value, with(writing, executors));
      for (String to : fields.keySet()) {
        GenericRecord read = read(topic, payload, with(Map.of("use.latest.with.metadata", "major=" + to), executors));
        assertEquals("Emma", read.get(fields.get(to)).toString(), from + " to " + to);
      }
    }
  }

  @Test
  void whatIsNoRule() {
    RuleSet rules = new RuleSet(List.of(), List.of(rule("up", RuleMode.UPGRADE, "CEL")));
    Registry.refused(
        422, 42210, "", () -> Registry.client().register(Registry.unique("s"), Registry.contract(TEXT, null, rules)));
  }
}
