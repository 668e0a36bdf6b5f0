// The registry client itself: its calls, and its errors.
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.confluent.kafka.schemaregistry.avro.AvroSchema;
import io.confluent.kafka.schemaregistry.client.SchemaMetadata;
import io.confluent.kafka.schemaregistry.client.rest.entities.Config;
import io.confluent.kafka.schemaregistry.client.rest.entities.Metadata;
import io.confluent.kafka.schemaregistry.client.rest.entities.SchemaReference;
import io.confluent.kafka.schemaregistry.client.rest.entities.SubjectVersion;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ClientTest {
  @Test
  void registersAndReadsBack() throws Exception {
    String subject = Registry.unique("s");
    int first = Registry.client().register(subject, Registry.ONE);
    var full = Registry.client().registerWithResponse(subject, Registry.TWO, false, false);
    assertNotEquals(first, full.getId());
    assertEquals(List.of(1, 2), Registry.client().getAllVersions(subject));
    SchemaMetadata latest = Registry.client().getLatestSchemaMetadata(subject);
    assertEquals(full.getId(), latest.getId());
    assertEquals(2, latest.getVersion());
    assertEquals("AVRO", latest.getSchemaType());
    assertEquals(Registry.TWO, new AvroSchema(latest.getSchema()));
    assertEquals(first, Registry.client().getSchemaMetadata(subject, 1).getId());
  }

  @Test
  void readsById() throws Exception {
    String subject = Registry.unique("s");
    int id = Registry.client().register(subject, Registry.ONE);
    assertEquals(Registry.ONE, Registry.client().getSchemaById(id));
    assertEquals(Registry.ONE, Registry.client().getSchemaBySubjectAndId(subject, id));
    assertTrue(Registry.client().getAllSubjectsById(id).contains(subject));
    assertTrue(Registry.client().getAllVersionsById(id).contains(new SubjectVersion(subject, 1)));
    assertEquals(Registry.ONE, new AvroSchema(Registry.rest().getOnlySchemaById(id)));
    assertTrue(Registry.rest().getId(id, subject, true).getMaxId() >= id);
  }

  @Test
  void theSameSchemaAgain() throws Exception {
    String subject = Registry.unique("s");
    int id = Registry.client().register(subject, Registry.ONE);
    assertEquals(id, Registry.client().register(subject, Registry.ONE));
    assertEquals(id, Registry.client().register(Registry.unique("other"), Registry.ONE));
    assertEquals(List.of(1), Registry.client().getAllVersions(subject));
  }

  @Test
  void looksUp() throws Exception {
    String subject = Registry.unique("s");
    Registry.refused(404, 40401, subject, () -> Registry.client().getId(subject, Registry.ONE));
    int id = Registry.client().register(subject, Registry.ONE);
    assertEquals(id, Registry.client().getId(subject, Registry.ONE));
    assertEquals(1, Registry.client().getVersion(subject, Registry.ONE));
    Registry.refused(404, 40403, "", () -> Registry.client().getId(subject, Registry.TWO));
  }

  @Test
  void normalizes() throws Exception {
    String subject = Registry.unique("s");
    String one = "{\"type\":\"record\",\"name\":\"N\",\"fields\":[{\"name\":\"f\",\"type\":\"int\",\"z\":1,\"a\":2}]}";
    String other = "{\"type\":\"record\",\"name\":\"N\",\"fields\":[{\"name\":\"f\",\"type\":\"int\",\"a\":2,\"z\":1}]}";
    int id = Registry.client().register(subject, new AvroSchema(one), true);
    assertEquals(id, Registry.client().register(subject, new AvroSchema(other), true));
    assertEquals(id, Registry.client().getId(subject, new AvroSchema(other), true));
  }

  @Test
  void anIncompatibleSchema() throws Exception {
    String subject = Registry.unique("s");
    Registry.client().register(subject, Registry.ONE);
    Registry.refused(409, 409, "incompatible", () -> Registry.client().register(subject, Registry.BROKEN));
  }

  @Test
  void asksBeforeItRegisters() throws Exception {
    String subject = Registry.unique("s");
    Registry.client().register(subject, Registry.ONE);
    assertTrue(Registry.client().testCompatibility(subject, Registry.TWO));
    assertFalse(Registry.client().testCompatibility(subject, Registry.BROKEN));
    assertEquals(List.of(), Registry.client().testCompatibilityVerbose(subject, Registry.TWO));
    assertFalse(Registry.client().testCompatibilityVerbose(subject, Registry.BROKEN).isEmpty());
  }

  @Test
  void levels() throws Exception {
    String subject = Registry.unique("s");
    Registry.refused(404, 40408, "", () -> Registry.client().getCompatibility(subject));
    for (String level :
        List.of("NONE", "FORWARD", "FULL", "BACKWARD_TRANSITIVE", "FORWARD_TRANSITIVE", "FULL_TRANSITIVE")) {
      assertEquals(level, Registry.client().updateCompatibility(subject, level));
      assertEquals(level, Registry.client().getCompatibility(subject));
    }
    Registry.refused(422, 42203, "", () -> Registry.client().updateCompatibility(subject, "SIDEWAYS"));
    Registry.client().deleteCompatibility(subject);
    Registry.refused(404, 40408, "", () -> Registry.client().getCompatibility(subject));
  }

  @Test
  void theWholeConfig() throws Exception {
    String subject = Registry.unique("s");
    Config sent = new Config("FORWARD");
    sent.setNormalize(true);
    sent.setValidateFields(true);
    sent.setCompatibilityGroup("application.major");
    sent.setDefaultMetadata(new Metadata(Map.of(), Map.of("team", "a"), Set.of()));
    sent.setOverrideMetadata(new Metadata(Map.of(), Map.of("tier", "high"), Set.of()));
    Registry.client().updateConfig(subject, sent);
    Config read = Registry.client().getConfig(subject);
    assertEquals("FORWARD", read.getCompatibilityLevel());
    assertTrue(read.isNormalize());
    assertTrue(read.isValidateFields());
    assertEquals("application.major", read.getCompatibilityGroup());
    assertEquals(Map.of("team", "a"), read.getDefaultMetadata().getProperties());
    assertEquals(Map.of("tier", "high"), read.getOverrideMetadata().getProperties());
    Registry.client().deleteConfig(subject);
    Registry.refused(404, 40408, "", () -> Registry.client().getConfig(subject));
  }

  @Test
  void theGlobalConfig() throws Exception {
    Config global = Registry.client().getConfig(null);
    assertEquals("BACKWARD", global.getCompatibilityLevel());
    assertEquals("BACKWARD", Registry.rest().getConfig(Map.of(), Registry.unique("none"), true).getCompatibilityLevel());
  }

  @Test
  void modes() throws Exception {
    String subject = Registry.unique("s");
    Registry.client().register(subject, Registry.ONE);
    assertEquals("READWRITE", Registry.client().getMode());
    Registry.refused(404, 40409, "", () -> Registry.client().getMode(subject));
    assertEquals("READONLY", Registry.client().setMode("READONLY", subject));
    assertEquals("READONLY", Registry.client().getMode(subject));
    Registry.refused(422, 42205, "read-only", () -> Registry.client().register(subject, Registry.TWO));
    Registry.client().deleteMode(subject);
    Registry.client().register(subject, Registry.TWO);
    Registry.refused(422, 42204, "", () -> Registry.client().setMode("SOMETHING", subject));
  }

  @Test
  void importsWithGivenNumbers() throws Exception {
    String context = Registry.word(".c");
    String subject = ":" + context + ":imported";
    Registry.client().setMode("IMPORT", ":" + context + ":");
    assertEquals(4711, Registry.client().register(subject, Registry.ONE, 8, 4711));
    assertEquals(4711, Registry.client().getSchemaMetadata(subject, 8).getId());
  }

  @Test
  void deletes() throws Exception {
    String subject = Registry.unique("s");
    int first = Registry.client().register(subject, Registry.ONE);
    Registry.client().register(subject, Registry.TWO);
    Registry.refused(404, 40407, "", () -> Registry.client().deleteSchemaVersion(subject, "1", true));
    assertEquals(1, Registry.client().deleteSchemaVersion(subject, "1", false));
    Registry.refused(404, 40402, "", () -> Registry.client().getSchemaMetadata(subject, 1));
    assertEquals(first, Registry.client().getSchemaMetadata(subject, 1, true).getId());
    assertEquals(List.of(1, 2), Registry.client().getAllVersions(subject, true));
    assertEquals(Registry.ONE, Registry.client().getSchemaById(first));
    assertEquals(1, Registry.client().deleteSchemaVersion(subject, "1", true));
    Registry.refused(404, 40405, "", () -> Registry.client().deleteSubject(subject, true));
    assertEquals(List.of(2), Registry.client().deleteSubject(subject, false));
    Registry.refused(404, 40404, "", () -> Registry.client().deleteSubject(subject, false));
    assertFalse(Registry.client().getAllSubjects().contains(subject));
    assertTrue(Registry.client().getAllSubjects(true).contains(subject));
    assertEquals(List.of(2), Registry.client().deleteSubject(subject, true));
    assertFalse(Registry.client().getAllSubjects(true).contains(subject));
  }

  @Test
  void references() throws Exception {
    String money = Registry.unique("money");
    String subject = Registry.unique("s");
    String moneyText = Registry.record("Money", Registry.field("units", "long"));
    Registry.client().register(money, new AvroSchema(moneyText));
    String text = Registry.record("Order", Registry.field("price", "com.acme.Money"));
    SchemaReference reference = Registry.reference("com.acme.Money", money, 1);
    AvroSchema order = new AvroSchema(text, List.of(reference), Map.of("com.acme.Money", moneyText), null);
    int id = Registry.client().register(subject, order);
    assertEquals(List.of(reference), Registry.client().getLatestSchemaMetadata(subject).getReferences());
    // The client reads the references of what it reads by itself.
    assertEquals(order, Registry.client().getSchemaById(id));
    assertEquals(List.of(id), Registry.rest().getReferencedBy(money, 1));
    Registry.refused(422, 42206, "", () -> Registry.client().deleteSchemaVersion(money, "1", false));
    Registry.refused(
        422, 42201, "", () -> Registry.rest().registerSchema(text, "AVRO", List.of(), Registry.unique("s")));
  }

  @Test
  void contexts() throws Exception {
    String context = Registry.word(".c");
    String subject = ":" + context + ":orders-value";
    assertEquals(1, Registry.client().register(subject, Registry.TWO), "a context counts its own ids");
    assertTrue(Registry.client().getAllContexts().contains(context));
    assertEquals(List.of(subject), List.copyOf(Registry.client().getAllSubjectsByPrefix(":" + context + ":")));
    assertEquals(Registry.TWO, Registry.client().getSchemaBySubjectAndId(subject, 1));
    var inside = Registry.client(Registry.URL + "/contexts/" + context, Map.of());
    assertEquals(List.of(1), inside.getAllVersions("orders-value"));
    assertEquals(Registry.TWO, inside.getSchemaById(1));
  }

  @Test
  void listsSchemas() throws Exception {
    String subject = Registry.unique("s");
    Registry.client().register(subject, Registry.ONE);
    Registry.client().register(subject, Registry.TWO);
    assertEquals(List.of(Registry.ONE, Registry.TWO), Registry.client().getSchemas(subject, false, false));
    assertEquals(List.of(Registry.TWO), Registry.client().getSchemas(subject, false, true));
  }

  @Test
  void theOtherLanguages() throws Exception {
    // Their providers are not among the artefacts; the calls below the client do without.
    String json = "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"integer\"}}}";
    String proto = "syntax = \"proto3\"; package shop; message A { int32 a = 1; }";
    for (var pair : Map.of("JSON", json, "PROTOBUF", proto).entrySet()) {
      String subject = Registry.unique("s");
      int id = Registry.rest().registerSchema(pair.getValue(), pair.getKey(), List.of(), subject).getId();
      assertEquals(pair.getKey(), Registry.rest().getId(id).getSchemaType());
      assertEquals(pair.getKey(), Registry.rest().getLatestVersion(subject).getSchemaType());
      assertEquals(id, Registry.rest().lookUpSubjectVersion(pair.getValue(), pair.getKey(), List.of(), subject, false).getId());
    }
    assertEquals(Set.of("AVRO", "JSON", "PROTOBUF"), Set.copyOf(Registry.rest().getSchemaTypes()));
  }

  @Test
  void pages() throws Exception {
    String subject = Registry.unique("s");
    Registry.client().register(subject, Registry.ONE);
    Registry.client().register(subject, Registry.TWO);
    assertEquals(1, Registry.rest().getAllSubjectsWithPagination(0, 1).size());
    assertEquals(List.of(2), Registry.rest().getAllVersionsWithPagination(Map.of(), subject, false, 1, 5));
  }

  @Test
  void whatIsNoSchema() {
    for (var pair : Map.of("AVRO", "{", "JSON", "{]", "PROTOBUF", "message {", "THRIFT", "{}").entrySet()) {
      String subject = Registry.unique("s");
      Registry.refused(
          422, 42201, "", () -> Registry.rest().registerSchema(pair.getValue(), pair.getKey(), List.of(), subject));
    }
  }

  @Test
  void whatIsNotThere() throws Exception {
    String subject = Registry.unique("s");
    Registry.refused(404, 40403, "", () -> Registry.client().getSchemaById(2_000_000_000));
    Registry.refused(404, 40401, "", () -> Registry.client().getLatestSchemaMetadata(subject));
    Registry.client().register(subject, Registry.ONE);
    Registry.refused(404, 40402, "", () -> Registry.client().getSchemaMetadata(subject, 7));
  }

  @Test
  void credentialsAreAccepted() throws Exception {
    Map<String, String> basic =
        Map.of("basic.auth.credentials.source", "USER_INFO", "basic.auth.user.info", "user:secret");
    Map<String, String> bearer =
        Map.of("bearer.auth.credentials.source", "STATIC_TOKEN", "bearer.auth.token", "token");
    for (Map<String, String> config : List.of(basic, bearer)) {
      assertTrue(Registry.client(Registry.URL, config).register(Registry.unique("s"), Registry.ONE) > 0);
    }
  }

  @Test
  void subjectsWithOddLetters() throws Exception {
    // Letters beyond ASCII are left out: this client escapes them as Latin-1, or not at all.
    for (String word : List.of("a/b c", "x+y", "50%", "a,b@c~d", "q?r#s")) {
      String subject = Registry.unique(word);
      int id = Registry.client().register(subject, Registry.ONE);
      assertEquals(id, Registry.client().getLatestSchemaMetadata(subject).getId());
      assertTrue(Registry.client().getAllSubjects().contains(subject));
    }
  }
}
