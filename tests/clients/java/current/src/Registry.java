// What the tests share: the registry's address, clients with empty caches, texts of schemas, and checks of refusals.
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.confluent.kafka.schemaregistry.avro.AvroSchema;
import io.confluent.kafka.schemaregistry.client.CachedSchemaRegistryClient;
import io.confluent.kafka.schemaregistry.client.rest.RestService;
import io.confluent.kafka.schemaregistry.client.rest.entities.Metadata;
import io.confluent.kafka.schemaregistry.client.rest.entities.RuleSet;
import io.confluent.kafka.schemaregistry.client.rest.entities.SchemaReference;
import io.confluent.kafka.schemaregistry.client.rest.exceptions.RestClientException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Collectors;
import org.junit.jupiter.api.function.Executable;

final class Registry {
  static final String URL = address();

  private Registry() {}

  private static String address() {
    String url = System.getenv("REGISTRY_URL");
    if (url == null || url.isEmpty()) {
      throw new IllegalStateException("set REGISTRY_URL to a registry, or use tests/clients/run");
    }
    return url;
  }

  static String unique(String word) {
    return word + "-" + UUID.randomUUID().toString().substring(0, 13);
  }

  static String word(String word) {
    return word + UUID.randomUUID().toString().substring(0, 8);
  }

  static CachedSchemaRegistryClient client() {
    return client(URL, Map.of());
  }

  static CachedSchemaRegistryClient client(String url, Map<String, ?> config) {
    return new CachedSchemaRegistryClient(url, 100, config);
  }

  static RestService rest() {
    return new RestService(URL);
  }

  /** The text of an Avro record of the namespace com.acme; a field is given as its JSON. */
  static String record(String name, String... fields) {
    String joined = Arrays.stream(fields).collect(Collectors.joining(","));
    return "{\"type\":\"record\",\"name\":\"" + name + "\",\"namespace\":\"com.acme\",\"fields\":[" + joined + "]}";
  }

  /** A field without a default. */
  static String field(String name, String type) {
    return "{\"name\":\"" + name + "\",\"type\":\"" + type + "\"}";
  }

  /** A field of strings with a default. */
  static String text(String name, String otherwise) {
    return "{\"name\":\"" + name + "\",\"type\":\"string\",\"default\":\"" + otherwise + "\"}";
  }

  static final AvroSchema ONE = new AvroSchema(record("Order", field("a", "int")));
  static final AvroSchema TWO = new AvroSchema(record("Order", field("a", "int"), text("b", "none")));
  static final AvroSchema BROKEN = new AvroSchema(record("Order", field("a", "int"), field("b", "string")));

  static AvroSchema contract(String text, Metadata metadata, RuleSet rules) {
    return new AvroSchema(text, List.of(), Map.of(), metadata, rules, null, false);
  }

  static SchemaReference reference(String name, String subject, int version) {
    return new SchemaReference(name, subject, version);
  }

  /** Wants the client's own error with these numbers, and a word of its text. */
  static void refused(int status, int code, String word, Executable call) {
    RestClientException error = assertThrows(RestClientException.class, call);
    assertEquals(status, error.getStatus(), error.getMessage());
    assertEquals(code, error.getErrorCode(), error.getMessage());
    assertTrue(error.getMessage().contains(word), error.getMessage());
  }

  /** The schema id in front of a payload. */
  static int idIn(byte[] payload) {
    assertEquals(0, payload[0]);
    return ByteBuffer.wrap(payload, 1, 4).getInt();
  }
}
