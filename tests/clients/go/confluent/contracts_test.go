package confluent

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/confluentinc/confluent-kafka-go/v2/schemaregistry"
	"github.com/confluentinc/confluent-kafka-go/v2/schemaregistry/serde/avrov2"

	"accord.test/clients/registry"
)

func withRules(rules ...schemaregistry.Rule) schemaregistry.SchemaInfo {
	schema := avro(orderText)
	schema.RuleSet = &schemaregistry.RuleSet{DomainRules: rules}
	return schema
}

// The client's executor knows a field by its name in Go.
var longEnough = schemaregistry.Rule{
	Name: "short", Kind: "CONDITION", Mode: "WRITE", Type: "CEL", Expr: "size(message.Name) > 2", OnFailure: "ERROR",
}

func TestMetadataAndRulesAreKept(t *testing.T) {
	sent := withRules(longEnough)
	sent.Metadata = &schemaregistry.Metadata{
		Tags:       map[string][]string{"Order": {"PII"}},
		Properties: map[string]string{"owner": "team"},
		Sensitive:  []string{"owner"},
	}
	sent.RuleSet.MigrationRules = []schemaregistry.Rule{
		{Name: "up", Kind: "TRANSFORM", Mode: "UPGRADE", Type: "JSONATA", Expr: "$", Params: map[string]string{"a": "1"}},
	}
	sent.RuleSet.EncodingRules = []schemaregistry.Rule{
		{Name: "encrypt", Kind: "TRANSFORM", Mode: "WRITEREAD", Type: "ENCRYPT_PAYLOAD"},
	}
	subject := registry.Unique("s")
	full := registry.Must(client(t).RegisterFullResponse(subject, sent, false))(t)
	for _, read := range []schemaregistry.SchemaInfo{
		registry.Must(client(t).GetBySubjectAndID(subject, full.ID))(t),
		registry.Must(client(t).GetByGUID(full.GUID))(t),
		registry.Must(client(t).GetLatestSchemaMetadata(subject))(t).SchemaInfo,
		registry.Must(client(t).GetIDFullResponse(subject, sent, false))(t).SchemaInfo,
	} {
		for _, pair := range [][2]any{{read.Metadata, sent.Metadata}, {read.RuleSet, sent.RuleSet}} {
			got, want := registry.Must(json.Marshal(pair[0]))(t), registry.Must(json.Marshal(pair[1]))(t)
			registry.SameJSON(t, string(got), string(want))
		}
	}
}

func TestAConditionStopsTheProducer(t *testing.T) {
	topic := registry.Unique("t")
	register(t, topic+"-value", withRules(longEnough))
	registry.Must(avroWriter(t, nil).Serialize(topic, &order))(t)
	_, err := avroWriter(t, nil).Serialize(topic, &Order{ID: 1, Name: "x"})
	if err == nil || !strings.Contains(err.Error(), longEnough.Expr) {
		t.Fatal(err)
	}
}

func TestATransformationOfFields(t *testing.T) {
	topic := registry.Unique("t")
	register(t, topic+"-value", withRules(schemaregistry.Rule{
		Name: "loud", Kind: "TRANSFORM", Mode: "WRITE", Type: "CEL_FIELD", Expr: "name == 'name' ; value + '!'",
	}))
	payload := registry.Must(avroWriter(t, nil).Serialize(topic, &Order{ID: 7, Name: "seven"}))(t)
	registry.Equal(t, "name", readOrder(t, topic, payload).Name, "seven!")
}

func TestMigrationBetweenMajorVersions(t *testing.T) {
	topic := registry.Unique("t")
	subject := topic + "-value"
	registry.Must(client(t).UpdateConfig(subject, schemaregistry.ServerConfig{
		CompatibilityUpdate: schemaregistry.Backward, CompatibilityGroup: "application.major",
	}))(t)
	version := func(major, field string, rules ...schemaregistry.Rule) schemaregistry.SchemaInfo {
		schema := avro(registry.Record("Order", registry.Field{Name: field, Type: "string"}))
		schema.Metadata = &schemaregistry.Metadata{Properties: map[string]string{"application.major": major}}
		schema.RuleSet = &schemaregistry.RuleSet{MigrationRules: rules}
		return schema
	}
	register(t, subject, version("1", "name"))
	register(t, subject, version("2", "title", schemaregistry.Rule{
		Name: "up", Kind: "TRANSFORM", Mode: "UPGRADE", Type: "JSONATA", Expr: "{'title': $.name}",
	}))
	writer := avroWriter(t, func(config *avrov2.SerializerConfig) {
		config.UseLatestVersion = false
		config.UseLatestWithMetadata = map[string]string{"application.major": "1"}
	})
	payload := registry.Must(writer.Serialize(topic, &struct {
		Name string `avro:"name"`
	}{"Emma"}))(t)
	reader := avroReader(t)
	reader.Conf.UseLatestWithMetadata = map[string]string{"application.major": "2"}
	var read struct {
		Title string `avro:"title" json:"title"`
	}
	if err := reader.DeserializeInto(topic, payload, &read); err != nil {
		t.Fatal(err)
	}
	registry.Equal(t, "title", read.Title, "Emma")
}

func TestWhatIsNoRule(t *testing.T) {
	bad := schemaregistry.Rule{Name: "up", Kind: "TRANSFORM", Mode: "UPGRADE", Type: "CEL", Expr: "true"}
	_, err := client(t).Register(registry.Unique("s"), withRules(bad), false)
	refused(t, err, 42210, "")
}
