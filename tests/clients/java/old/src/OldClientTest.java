// Confluent's Java client of 2019 (5.3.0). It refuses every answer that has a member it does not know, so it works as
// far as answers are the ones of its time.
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.confluent.kafka.schemaregistry.client.rest.RestService;
import io.confluent.kafka.schemaregistry.client.rest.exceptions.RestClientException;
import io.confluent.kafka.serializers.KafkaAvroDeserializer;
import io.confluent.kafka.serializers.KafkaAvroSerializer;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericRecord;
import org.junit.jupiter.api.Disabled;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

class OldClientTest {
  private static final String URL = System.getenv("REGISTRY_URL");
  private static final String ONE =
      "{\"type\":\"record\",\"name\":\"Order\",\"fields\":[{\"name\":\"id\",\"type\":\"int\"}]}";
  private static final String TWO =
      "{\"type\":\"record\",\"name\":\"Order\",\"fields\":[{\"name\":\"id\",\"type\":\"int\"},"
          + "{\"name\":\"note\",\"type\":\"string\",\"default\":\"\"}]}";
  private static final String BROKEN =
      "{\"type\":\"record\",\"name\":\"Order\",\"fields\":[{\"name\":\"id\",\"type\":\"int\"},"
          + "{\"name\":\"note\",\"type\":\"string\"}]}";
  private static final String LONG_ANSWERS =
      "the registry names members in this answer that the client does not know, and so refuses";

  private static RestService rest() {
    return new RestService(URL);
  }

  private static String unique(String word) {
    return word + "-" + UUID.randomUUID();
  }

  /** Registers without the client. */
  private static String registered(String text) throws IOException, InterruptedException {
    String subject = unique("s");
    String body = "{\"schema\": \"" + text.replace("\"", "\\\"") + "\"}";
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(URL + "/subjects/" + subject + "/versions"))
            .header("Content-Type", "application/vnd.schemaregistry.v1+json")
            .POST(HttpRequest.BodyPublishers.ofString(body))
            .build();
    int status = HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString()).statusCode();
    assertEquals(200, status);
    return subject;
  }

  private static void refused(int status, int code, Executable call) {
    RestClientException error = assertThrows(RestClientException.class, call);
    assertEquals(status, error.getStatus(), error.getMessage());
    assertEquals(code, error.getErrorCode(), error.getMessage());
  }

  @Test
  void lists() throws Exception {
    String subject = registered(ONE);
    assertTrue(rest().getAllSubjects().contains(subject));
    assertEquals(List.of(1), rest().getAllVersions(subject));
  }

  @Test
  void textsOfVersions() throws Exception {
    String subject = registered(ONE);
    Schema read = new Schema.Parser().parse(rest().getVersionSchemaOnly(subject, 1));
    assertEquals(new Schema.Parser().parse(ONE), read);
  }

  @Test
  void asksForCompatibility() throws Exception {
    String subject = registered(ONE);
    assertTrue(rest().testCompatibility(TWO, subject, "latest"));
    assertFalse(rest().testCompatibility(BROKEN, subject, "latest"));
  }

  @Test
  void levels() throws Exception {
    String subject = registered(ONE);
    refused(404, 40408, () -> rest().getConfig(subject));
    assertEquals("FULL", rest().updateCompatibility("FULL", subject).getCompatibilityLevel());
    assertEquals("FULL", rest().getConfig(subject).getCompatibilityLevel());
    assertEquals("BACKWARD", rest().getConfig(null).getCompatibilityLevel());
  }

  @Test
  void modes() throws Exception {
    String subject = registered(ONE);
    assertEquals("READWRITE", rest().getMode().getMode());
    assertEquals("READONLY", rest().setMode("READONLY", subject).getMode());
    assertEquals("READONLY", rest().getMode(subject).getMode());
  }

  @Test
  void deletes() throws Exception {
    String subject = registered(ONE);
    assertEquals(1, rest().deleteSchemaVersion(new HashMap<>(), subject, "1"));
    String other = registered(ONE);
    assertEquals(List.of(1), rest().deleteSubject(new HashMap<>(), other));
  }

  @Test
  void refusals() throws Exception {
    refused(404, 40403, () -> rest().getId(2_000_000_000));
    refused(404, 40401, () -> rest().getLatestVersion(unique("s")));
    refused(422, 42201, () -> rest().registerSchema("{", unique("s")));
    String subject = registered(ONE);
    refused(409, 409, () -> rest().registerSchema(BROKEN, subject));
  }

  @Test
  @Disabled(LONG_ANSWERS)
  void registers() throws Exception {
    assertTrue(rest().registerSchema(ONE, unique("s")) > 0);
  }

  @Test
  @Disabled(LONG_ANSWERS)
  void looksUp() throws Exception {
    assertEquals(1, rest().lookUpSubjectVersion(ONE, registered(ONE)).getVersion());
  }

  @Test
  @Disabled(LONG_ANSWERS)
  void readsVersions() throws Exception {
    assertEquals(1, rest().getLatestVersion(registered(ONE)).getVersion());
  }

  @Test
  @Disabled(LONG_ANSWERS)
  void thereAndBack() {
    Map<String, String> config = Map.of("schema.registry.url", URL);
    String topic = unique("t");
    GenericRecord value = new GenericData.Record(new Schema.Parser().parse(ONE));
    value.put("id", 7);
    KafkaAvroSerializer serializer = new KafkaAvroSerializer();
    serializer.configure(config, false);
    KafkaAvroDeserializer deserializer = new KafkaAvroDeserializer();
    deserializer.configure(config, false);
    assertEquals(value, deserializer.deserialize(topic, serializer.serialize(topic, value)));
  }
}
