package confluent

import (
	"slices"
	"testing"

	"github.com/confluentinc/confluent-kafka-go/v2/schemaregistry"

	"accord.test/clients/registry"
)

func TestRegistersAndReadsBack(t *testing.T) {
	subject := registry.Unique("s")
	first := register(t, subject, avro(registry.One))
	full := registry.Must(client(t).RegisterFullResponse(subject, avro(registry.Two), false))(t)
	if full.ID == first || full.Version != 2 || len(full.GUID) != 36 {
		t.Fatalf("%+v", full)
	}
	latest := registry.Must(client(t).GetLatestSchemaMetadata(subject))(t)
	registry.Equal(t, "latest id", latest.ID, full.ID)
	registry.Equal(t, "latest GUID", latest.GUID, full.GUID)
	registry.SameJSON(t, latest.Schema, registry.Two)
	if versions := registry.Must(client(t).GetAllVersions(subject))(t); !slices.Equal(versions, []int{1, 2}) {
		t.Fatal(versions)
	}
	registry.Equal(t, "first id", registry.Must(client(t).GetSchemaMetadata(subject, 1))(t).ID, first)
}

func TestReadsByIDAndByGUID(t *testing.T) {
	subject := registry.Unique("s")
	full := registry.Must(client(t).RegisterFullResponse(subject, avro(registry.One), false))(t)
	registry.SameJSON(t, registry.Must(client(t).GetBySubjectAndID(subject, full.ID))(t).Schema, registry.One)
	registry.SameJSON(t, registry.Must(client(t).GetByGUID(full.GUID))(t).Schema, registry.One)
	pairs := registry.Must(client(t).GetSubjectsAndVersionsByID(full.ID))(t)
	if !slices.Contains(pairs, schemaregistry.SubjectAndVersion{Subject: subject, Version: 1}) {
		t.Fatal(pairs)
	}
}

func TestTheSameSchemaAgain(t *testing.T) {
	subject := registry.Unique("s")
	registry.Equal(t, "id", register(t, subject, avro(registry.One)), register(t, subject, avro(registry.One)))
}

func TestLooksUp(t *testing.T) {
	subject := registry.Unique("s")
	_, err := client(t).GetID(subject, avro(registry.One), false)
	refused(t, err, 40401, subject)
	id := register(t, subject, avro(registry.One))
	registry.Equal(t, "id", registry.Must(client(t).GetID(subject, avro(registry.One), false))(t), id)
	registry.Equal(t, "version", registry.Must(client(t).GetVersion(subject, avro(registry.One), false))(t), 1)
	_, err = client(t).GetID(subject, avro(registry.Two), false)
	refused(t, err, 40403, "")
}

func TestNormalizes(t *testing.T) {
	subject := registry.Unique("s")
	var ids []int
	for _, text := range []string{
		`{"type":"record","name":"N","fields":[{"name":"f","type":"int","z":1,"a":2}]}`,
		`{"type":"record","name":"N","fields":[{"name":"f","type":"int","a":2,"z":1}]}`,
	} {
		ids = append(ids, registry.Must(client(t).Register(subject, avro(text), true))(t))
	}
	registry.Equal(t, "id", ids[1], ids[0])
}

func TestAnIncompatibleSchema(t *testing.T) {
	subject := registry.Unique("s")
	register(t, subject, avro(registry.One))
	_, err := client(t).Register(subject, avro(registry.Broken), false)
	refused(t, err, 409, "incompatible")
}

func TestChecksCompatibility(t *testing.T) {
	subject := registry.Unique("s")
	register(t, subject, avro(registry.One))
	for text, want := range map[string]bool{registry.Two: true, registry.Broken: false} {
		registry.Equal(t, "latest", registry.Must(client(t).TestSubjectCompatibility(subject, avro(text)))(t), want)
		registry.Equal(t, "first", registry.Must(client(t).TestCompatibility(subject, 1, avro(text)))(t), want)
	}
}

func TestLevels(t *testing.T) {
	subject := registry.Unique("s")
	_, err := client(t).GetCompatibility(subject)
	refused(t, err, 40408, "")
	for _, level := range []schemaregistry.Compatibility{
		schemaregistry.None, schemaregistry.Forward, schemaregistry.Full, schemaregistry.BackwardTransitive,
		schemaregistry.ForwardTransitive, schemaregistry.FullTransitive,
	} {
		registry.Equal(t, "set", registry.Must(client(t).UpdateCompatibility(subject, level))(t), level)
		registry.Equal(t, "level", registry.Must(client(t).GetCompatibility(subject))(t), level)
	}
}

func TestTheGlobalLevel(t *testing.T) {
	registry.Equal(t, "level", registry.Must(client(t).GetDefaultCompatibility())(t), schemaregistry.Backward)
	registry.Must(client(t).UpdateDefaultCompatibility(schemaregistry.Full))(t)
	registry.Equal(t, "level", registry.Must(client(t).GetDefaultConfig())(t).CompatibilityLevel, schemaregistry.Full)
	back := schemaregistry.ServerConfig{CompatibilityUpdate: schemaregistry.Backward}
	registry.Must(client(t).UpdateDefaultConfig(back))(t)
	registry.Equal(t, "level", registry.Must(client(t).GetDefaultCompatibility())(t), schemaregistry.Backward)
}

func TestTheWholeConfig(t *testing.T) {
	subject := registry.Unique("s")
	sent := schemaregistry.ServerConfig{
		CompatibilityUpdate: schemaregistry.Forward,
		Normalize:           true,
		CompatibilityGroup:  "application.major",
		DefaultMetadata:     &schemaregistry.Metadata{Properties: map[string]string{"team": "a"}},
		OverrideMetadata:    &schemaregistry.Metadata{Properties: map[string]string{"tier": "high"}},
	}
	registry.Must(client(t).UpdateConfig(subject, sent))(t)
	read := registry.Must(client(t).GetConfig(subject, false))(t)
	if read.CompatibilityLevel != schemaregistry.Forward || !read.Normalize ||
		read.CompatibilityGroup != sent.CompatibilityGroup || read.DefaultMetadata.Properties["team"] != "a" ||
		read.OverrideMetadata.Properties["tier"] != "high" {
		t.Fatalf("%+v", read)
	}
	global := registry.Must(client(t).GetConfig(registry.Unique("other"), true))(t)
	registry.Equal(t, "level", global.CompatibilityLevel, schemaregistry.Backward)
}

func TestAnAlias(t *testing.T) {
	subject, alias := registry.Unique("s"), registry.Unique("alias")
	id := register(t, subject, avro(registry.One))
	registry.Must(client(t).UpdateConfig(alias, schemaregistry.ServerConfig{Alias: subject}))(t)
	registry.Equal(t, "id", registry.Must(client(t).GetLatestSchemaMetadata(alias))(t).ID, id)
}

func TestDeletes(t *testing.T) {
	subject := registry.Unique("s")
	first := register(t, subject, avro(registry.One))
	register(t, subject, avro(registry.Two))
	_, err := client(t).DeleteSubjectVersion(subject, 1, true)
	refused(t, err, 40407, "")
	registry.Equal(t, "deleted", registry.Must(client(t).DeleteSubjectVersion(subject, 1, false))(t), 1)
	_, err = client(t).GetSchemaMetadata(subject, 1)
	refused(t, err, 40402, "")
	shown := registry.Must(client(t).GetSchemaMetadataIncludeDeleted(subject, 1, true))(t)
	registry.Equal(t, "id", shown.ID, first)
	registry.SameJSON(t, registry.Must(client(t).GetBySubjectAndID(subject, first))(t).Schema, registry.One)
	version := registry.Must(client(t).GetVersionIncludeDeleted(subject, avro(registry.One), false, true))(t)
	registry.Equal(t, "version", version, 1)
	registry.Equal(t, "deleted", registry.Must(client(t).DeleteSubjectVersion(subject, 1, true))(t), 1)
	_, err = client(t).DeleteSubject(subject, true)
	refused(t, err, 40405, "")
	if gone := registry.Must(client(t).DeleteSubject(subject, false))(t); !slices.Equal(gone, []int{2}) {
		t.Fatal(gone)
	}
	_, err = client(t).DeleteSubject(subject, false)
	refused(t, err, 40404, "")
	if gone := registry.Must(client(t).DeleteSubject(subject, true))(t); !slices.Equal(gone, []int{2}) {
		t.Fatal(gone)
	}
	if slices.Contains(registry.Must(client(t).GetAllSubjects())(t), subject) {
		t.Fatal("still listed")
	}
}

func TestReferences(t *testing.T) {
	money, subject := registry.Unique("money"), registry.Unique("s")
	register(t, money, avro(registry.Record("Money", registry.Field{Name: "units", Type: "long"})))
	text := registry.Record("Order", registry.Field{Name: "price", Type: "com.acme.Money"})
	_, err := client(t).Register(subject, avro(text), false)
	refused(t, err, 42201, "")
	reference := schemaregistry.Reference{Name: "com.acme.Money", Subject: money, Version: 1}
	register(t, subject, avro(text, reference))
	read := registry.Must(client(t).GetLatestSchemaMetadata(subject))(t)
	if !slices.Equal(read.References, []schemaregistry.Reference{reference}) {
		t.Fatal(read.References)
	}
	_, err = client(t).DeleteSubjectVersion(money, 1, false)
	refused(t, err, 42206, "")
	missing := schemaregistry.Reference{Name: "com.acme.Money", Subject: money, Version: 9}
	_, err = client(t).Register(subject, avro(text, missing), false)
	refused(t, err, 42201, money)
}

func TestContexts(t *testing.T) {
	name := registry.Word(".c")
	subject := ":" + name + ":orders-value"
	registry.Equal(t, "id", register(t, subject, avro(registry.Two)), 1)
	if !slices.Contains(registry.Must(client(t).GetAllContexts())(t), name) {
		t.Fatal("the context is not listed")
	}
	registry.SameJSON(t, registry.Must(client(t).GetBySubjectAndID(subject, 1))(t).Schema, registry.Two)
	inside := clientWith(t, schemaregistry.NewConfig(registry.URL(t)+"/contexts/"+name))
	if versions := registry.Must(inside.GetAllVersions("orders-value"))(t); !slices.Equal(versions, []int{1}) {
		t.Fatal(versions)
	}
}

func TestAReadOnlySubject(t *testing.T) {
	subject := registry.Unique("s")
	register(t, subject, avro(registry.One))
	// This client has no call for modes.
	mode := map[string]string{"mode": "READONLY"}
	registry.Equal(t, "status", registry.Call(t, "PUT", "/mode/"+subject, mode), 200)
	_, err := client(t).Register(subject, avro(registry.Two), false)
	refused(t, err, 42205, "read-only")
}

func TestWhatIsNoSchema(t *testing.T) {
	for kind, text := range map[string]string{"AVRO": "{", "JSON": "{]", "PROTOBUF": "message {", "THRIFT": "{}"} {
		schema := schemaregistry.SchemaInfo{Schema: text, SchemaType: kind}
		_, err := client(t).Register(registry.Unique("s"), schema, false)
		refused(t, err, 42201, "")
	}
}

func TestWhatIsNotThere(t *testing.T) {
	subject := registry.Unique("s")
	_, err := client(t).GetBySubjectAndID(subject, 2_000_000_000)
	refused(t, err, 40403, "")
	_, err = client(t).GetByGUID("00000000-0000-0000-0000-000000000000")
	refused(t, err, 40403, "")
	_, err = client(t).GetLatestSchemaMetadata(subject)
	refused(t, err, 40401, "")
	register(t, subject, avro(registry.One))
	_, err = client(t).GetSchemaMetadata(subject, 7)
	refused(t, err, 40402, "")
}

func TestCredentialsAreAccepted(t *testing.T) {
	url := registry.URL(t)
	for _, config := range []*schemaregistry.Config{
		schemaregistry.NewConfigWithBasicAuthentication(url, "user", "secret"),
		schemaregistry.NewConfigWithBearerAuthentication(url, "token", "lsrc-1", "pool-1"),
	} {
		registry.Must(clientWith(t, config).Register(registry.Unique("s"), avro(registry.One), false))(t)
	}
}

func TestSubjectsWithAnyLetters(t *testing.T) {
	for _, word := range []string{"a/b c", "x+y", "50%", "größe", "a,b@c~d", "q?r#s", "日本"} {
		subject := registry.Unique(word)
		id := register(t, subject, avro(registry.One))
		registry.Equal(t, subject, registry.Must(client(t).GetLatestSchemaMetadata(subject))(t).ID, id)
	}
}
