package confluent

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/confluentinc/confluent-kafka-go/v2/schemaregistry"
	_ "github.com/confluentinc/confluent-kafka-go/v2/schemaregistry/rules/cel"
	_ "github.com/confluentinc/confluent-kafka-go/v2/schemaregistry/rules/jsonata"
	"github.com/confluentinc/confluent-kafka-go/v2/schemaregistry/serde"
	"github.com/confluentinc/confluent-kafka-go/v2/schemaregistry/serde/avrov2"
	"github.com/confluentinc/confluent-kafka-go/v2/schemaregistry/serde/jsonschema"
	"github.com/confluentinc/confluent-kafka-go/v2/schemaregistry/serde/protobuf"
	"github.com/confluentinc/confluent-kafka-go/v2/schemaregistry/test"
	"google.golang.org/protobuf/proto"

	"accord.test/clients/registry"
)

// Order is what most tests send.
type Order struct {
	ID   int    `avro:"id" json:"id"`
	Name string `avro:"name" json:"name"`
}

var (
	order     = Order{ID: 7, Name: "seven"}
	orderText = registry.Record("Order",
		registry.Field{Name: "id", Type: "int"}, registry.Field{Name: "name", Type: "string"})
)

func idIn(t *testing.T, payload []byte) int {
	t.Helper()
	if len(payload) < 5 || payload[0] != 0 {
		t.Fatalf("no frame: %x", payload)
	}
	return int(binary.BigEndian.Uint32(payload[1:5]))
}

// avroWriter looks schemas up instead of registering them, as most producers do in production.
func avroWriter(t *testing.T, change func(*avrov2.SerializerConfig)) *avrov2.Serializer {
	t.Helper()
	config := avrov2.NewSerializerConfig()
	config.AutoRegisterSchemas = false
	config.UseLatestVersion = true
	if change != nil {
		change(config)
	}
	return registry.Must(avrov2.NewSerializer(client(t), serde.ValueSerde, config))(t)
}

func avroReader(t *testing.T) *avrov2.Deserializer {
	t.Helper()
	return registry.Must(avrov2.NewDeserializer(client(t), serde.ValueSerde, avrov2.NewDeserializerConfig()))(t)
}

func readOrder(t *testing.T, topic string, payload []byte) Order {
	t.Helper()
	var read Order
	if err := avroReader(t).DeserializeInto(topic, payload, &read); err != nil {
		t.Fatal(err)
	}
	return read
}

func TestAvroRegisteredOnTheWay(t *testing.T) {
	topic := registry.Unique("t")
	writer := registry.Must(avrov2.NewSerializer(client(t), serde.ValueSerde, avrov2.NewSerializerConfig()))(t)
	payload := registry.Must(writer.Serialize(topic, &order))(t)
	latest := registry.Must(client(t).GetLatestSchemaMetadata(topic + "-value"))(t)
	registry.Equal(t, "id", idIn(t, payload), latest.ID)
	registry.Equal(t, "order", readOrder(t, topic, payload), order)
}

func TestAvroKeys(t *testing.T) {
	topic := registry.Unique("t")
	writer := registry.Must(avrov2.NewSerializer(client(t), serde.KeySerde, avrov2.NewSerializerConfig()))(t)
	registry.Must(writer.Serialize(topic, &order))(t)
	registry.Equal(t, "keys", len(registry.Must(client(t).GetAllVersions(topic+"-key"))(t)), 1)
}

func TestAvroTheLatestVersion(t *testing.T) {
	topic := registry.Unique("t")
	register(t, topic+"-value", avro(orderText))
	newest := register(t, topic+"-value", avro(registry.Record("Order",
		registry.Field{Name: "id", Type: "int"}, registry.Field{Name: "name", Type: "string"},
		registry.Field{Name: "note", Type: "string", Default: "-"})))
	payload := registry.Must(avroWriter(t, nil).Serialize(topic, &struct {
		Order
		Note string `avro:"note"`
	}{order, "x"}))(t)
	registry.Equal(t, "id", idIn(t, payload), newest)
	registry.Equal(t, "order", readOrder(t, topic, payload), order)
}

func TestAvroTheLatestVersionWithMetadata(t *testing.T) {
	topic := registry.Unique("t")
	ids := map[string]int{}
	for _, stage := range []string{"stable", "trial"} {
		schema := avro(orderText)
		schema.Metadata = &schemaregistry.Metadata{Properties: map[string]string{"stage": stage}}
		ids[stage] = register(t, topic+"-value", schema)
	}
	write := func(stage string) ([]byte, error) {
		return avroWriter(t, func(config *avrov2.SerializerConfig) {
			config.UseLatestVersion = false
			config.UseLatestWithMetadata = map[string]string{"stage": stage}
		}).Serialize(topic, &order)
	}
	for stage, id := range ids {
		registry.Equal(t, stage, idIn(t, registry.Must(write(stage))(t)), id)
	}
	_, err := write("none")
	refused(t, err, 40403, "")
}

func TestAvroAGivenID(t *testing.T) {
	topic := registry.Unique("t")
	id := register(t, topic+"-value", avro(orderText))
	writer := avroWriter(t, func(config *avrov2.SerializerConfig) {
		config.UseLatestVersion = false
		config.UseSchemaID = id
	})
	registry.Equal(t, "id", idIn(t, registry.Must(writer.Serialize(topic, &order))(t)), id)
}

func TestAvroWithoutRegistering(t *testing.T) {
	_, err := avroWriter(t, func(config *avrov2.SerializerConfig) { config.UseLatestVersion = false }).
		Serialize(registry.Unique("t"), &order)
	refused(t, err, 40401, "")
}

func TestAvroTheGUIDInAHeader(t *testing.T) {
	topic := registry.Unique("t")
	register(t, topic+"-value", avro(orderText))
	guid := registry.Must(client(t).GetLatestSchemaMetadata(topic + "-value"))(t).GUID
	writer := avroWriter(t, nil)
	writer.SchemaIDSerializer = serde.HeaderSchemaIDSerializer
	headers, payload, err := writer.SerializeWithHeaders(topic, &order)
	if err != nil {
		t.Fatal(err)
	}
	want := append([]byte{1}, registry.Must(hex.DecodeString(strings.ReplaceAll(guid, "-", "")))(t)...)
	if len(headers) != 1 || headers[0].Key != "__value_schema_id" || !bytes.Equal(headers[0].Value, want) {
		t.Fatal(headers)
	}
	var read Order
	if err := avroReader(t).DeserializeWithHeadersInto(topic, headers, payload, &read); err != nil {
		t.Fatal(err)
	}
	registry.Equal(t, "order", read, order)
}

func TestAvroADeletedSchemaIsStillRead(t *testing.T) {
	topic := registry.Unique("t")
	register(t, topic+"-value", avro(orderText))
	payload := registry.Must(avroWriter(t, nil).Serialize(topic, &order))(t)
	registry.Must(client(t).DeleteSubject(topic+"-value", false))(t)
	registry.Equal(t, "order", readOrder(t, topic, payload), order)
}

func TestAvroReferencesInTwoSteps(t *testing.T) {
	topic, currency, money := registry.Unique("t"), registry.Unique("currency"), registry.Unique("money")
	register(t, currency, avro(`{"type":"enum","name":"Currency","namespace":"com.acme","symbols":["EUR","USD"]}`))
	register(t, money, avro(
		registry.Record("Money", registry.Field{Name: "units", Type: "long"},
			registry.Field{Name: "currency", Type: "com.acme.Currency"}),
		schemaregistry.Reference{Name: "com.acme.Currency", Subject: currency, Version: 1}))
	register(t, topic+"-value", avro(
		registry.Record("Purchase", registry.Field{Name: "price", Type: "com.acme.Money"}),
		schemaregistry.Reference{Name: "com.acme.Money", Subject: money, Version: 1}))
	type purchase struct {
		Price struct {
			Units    int64  `avro:"units"`
			Currency string `avro:"currency"`
		} `avro:"price"`
	}
	var sent, read purchase
	sent.Price.Units, sent.Price.Currency = 3, "USD"
	payload := registry.Must(avroWriter(t, nil).Serialize(topic, &sent))(t)
	if err := avroReader(t).DeserializeInto(topic, payload, &read); err != nil {
		t.Fatal(err)
	}
	registry.Equal(t, "purchase", read, sent)
}

func TestAvroAnotherNameForTheSubject(t *testing.T) {
	topic := registry.Unique("t")
	// The client leaves names by record to its user.
	byRecord := func(topic string, _ serde.Type, _ schemaregistry.SchemaInfo) (string, error) {
		return topic + "-com.acme.Order", nil
	}
	id := register(t, topic+"-com.acme.Order", avro(orderText))
	writer := avroWriter(t, nil)
	writer.SubjectNameStrategy = byRecord
	registry.Equal(t, "id", idIn(t, registry.Must(writer.Serialize(topic, &order))(t)), id)
}

func jsonSerdes(t *testing.T, register bool) (*jsonschema.Serializer, *jsonschema.Deserializer) {
	t.Helper()
	writing, reading := jsonschema.NewSerializerConfig(), jsonschema.NewDeserializerConfig()
	// The client validates maps, not structs.
	writing.EnableValidation = !register
	writing.AutoRegisterSchemas, writing.UseLatestVersion = register, !register
	return registry.Must(jsonschema.NewSerializer(client(t), serde.ValueSerde, writing))(t),
		registry.Must(jsonschema.NewDeserializer(client(t), serde.ValueSerde, reading))(t)
}

func TestJSONRegisteredOnTheWay(t *testing.T) {
	topic := registry.Unique("t")
	writer, reader := jsonSerdes(t, true)
	payload := registry.Must(writer.Serialize(topic, &order))(t)
	var read Order
	if err := reader.DeserializeInto(topic, payload, &read); err != nil {
		t.Fatal(err)
	}
	registry.Equal(t, "order", read, order)
	registry.Equal(t, "type", registry.Must(client(t).GetLatestSchemaMetadata(topic+"-value"))(t).SchemaType, "JSON")
}

func TestJSONReferencesAreFetchedForValidation(t *testing.T) {
	topic, customer := registry.Unique("t"), registry.Unique("customer")
	register(t, customer, schemaregistry.SchemaInfo{
		SchemaType: "JSON", Schema: `{"type":"object","properties":{"name":{"type":"string","minLength":2}}}`,
	})
	register(t, topic+"-value", schemaregistry.SchemaInfo{
		SchemaType: "JSON", Schema: `{"type":"object","properties":{"customer":{"$ref":"customer.json"}}}`,
		References: []schemaregistry.Reference{{Name: "customer.json", Subject: customer, Version: 1}},
	})
	writer, _ := jsonSerdes(t, false)
	registry.Must(writer.Serialize(topic, &map[string]any{"customer": map[string]any{"name": "Ada"}}))(t)
	if _, err := writer.Serialize(topic, &map[string]any{"customer": map[string]any{"name": "A"}}); err == nil {
		t.Fatal("the referenced schema was not asked")
	}
}

func protobufSerdes(t *testing.T, register bool) (*protobuf.Serializer, *protobuf.Deserializer) {
	t.Helper()
	writing := protobuf.NewSerializerConfig()
	writing.AutoRegisterSchemas = register
	reader := registry.Must(
		protobuf.NewDeserializer(client(t), serde.ValueSerde, protobuf.NewDeserializerConfig()))(t)
	for _, message := range []proto.Message{
		&test.Author{}, &test.DependencyMessage{}, &test.NestedMessage_InnerMessage{}, &test.NestedMessage{},
	} {
		if err := reader.ProtoRegistry.RegisterMessage(message.ProtoReflect().Type()); err != nil {
			t.Fatal(err)
		}
	}
	return registry.Must(protobuf.NewSerializer(client(t), serde.ValueSerde, writing))(t), reader
}

// The messages are the ones that the client's own module has.
func TestProtobuf(t *testing.T) {
	topic := registry.Unique("t")
	writer, reader := protobufSerdes(t, true)
	sent := &test.Author{Name: "Ada", Id: 7, Works: []string{"Notes"}}
	payload := registry.Must(writer.Serialize(topic, sent))(t)
	read := registry.Must(reader.Deserialize(topic, payload))(t)
	if !proto.Equal(read.(proto.Message), sent) {
		t.Fatal(read)
	}
	stored := registry.Must(client(t).GetLatestSchemaMetadata(topic + "-value"))(t)
	if stored.SchemaType != "PROTOBUF" || !strings.Contains(stored.Schema, "message Author") {
		t.Fatalf("served as text: %+v", stored)
	}
}

func TestProtobufFilesItImportsAreRegisteredToo(t *testing.T) {
	topic := registry.Unique("t")
	writer, reader := protobufSerdes(t, true)
	sent := &test.DependencyMessage{IsActive: true, TestMesssage: &test.TestMessage{TestString: "x"}}
	payload := registry.Must(writer.Serialize(topic, sent))(t)
	stored := registry.Must(client(t).GetLatestSchemaMetadata(topic + "-value"))(t)
	if len(stored.References) != 1 || stored.References[0].Subject != stored.References[0].Name {
		t.Fatal(stored.References)
	}
	if read := registry.Must(reader.Deserialize(topic, payload))(t); !proto.Equal(read.(proto.Message), sent) {
		t.Fatal(read)
	}
}

func TestProtobufMessagesInsideOthers(t *testing.T) {
	topic := registry.Unique("t")
	writer, reader := protobufSerdes(t, true)
	sent := &test.NestedMessage_InnerMessage{Id: "x", Ids: []int32{1, 2}}
	payload := registry.Must(writer.Serialize(topic, sent))(t)
	if read := registry.Must(reader.Deserialize(topic, payload))(t); !proto.Equal(read.(proto.Message), sent) {
		t.Fatal(read)
	}
}

func TestProtobufWithoutRegistering(t *testing.T) {
	topic := registry.Unique("t")
	sent := &test.Author{Name: "Ada"}
	writer, _ := protobufSerdes(t, true)
	first := registry.Must(writer.Serialize(topic, sent))(t)
	known, _ := protobufSerdes(t, false)
	registry.Equal(t, "id", idIn(t, registry.Must(known.Serialize(topic, sent))(t)), idIn(t, first))
}
