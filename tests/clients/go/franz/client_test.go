// Package franz tests github.com/twmb/franz-go/pkg/sr: its calls, errors, and wire format.
package franz

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"testing"

	"github.com/twmb/franz-go/pkg/sr"

	"accord.test/clients/registry"
)

var ctx = context.Background()

func client(t *testing.T, more ...sr.ClientOpt) *sr.Client {
	t.Helper()
	made, err := sr.NewClient(append([]sr.ClientOpt{sr.URLs(registry.URL(t))}, more...)...)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func avro(text string, references ...sr.SchemaReference) sr.Schema {
	return sr.Schema{Schema: text, Type: sr.TypeAvro, References: references}
}

// refused wants the client's own error, with these numbers.
func refused(t *testing.T, err error, status int, want *sr.Error) {
	t.Helper()
	var response *sr.ResponseError
	if !errors.As(err, &response) {
		t.Fatalf("no answer of the registry: %v", err)
	}
	if response.StatusCode != status || response.ErrorCode != want.Code {
		t.Fatalf("got %d and %d: %s", response.StatusCode, response.ErrorCode, response.Message)
	}
	if known := response.SchemaError(); known.Name != want.Name {
		t.Fatalf("the client takes it for %s", known.Name)
	}
}

func create(t *testing.T, subject string, schema sr.Schema) sr.SubjectSchema {
	t.Helper()
	made, err := client(t).CreateSchema(ctx, subject, schema)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func TestCreatesAndReadsBack(t *testing.T) {
	subject := registry.Unique("s")
	first, second := create(t, subject, avro(registry.One)), create(t, subject, avro(registry.Two))
	registry.Equal(t, "version", second.Version, 2)
	if first.ID == second.ID || len(second.GUID) != 36 {
		t.Fatalf("%+v, then %+v", first, second)
	}
	latest := registry.Must(client(t).SchemaByVersion(ctx, subject, -1))(t)
	registry.Equal(t, "latest id", latest.ID, second.ID)
	registry.SameJSON(t, latest.Schema.Schema, registry.Two)
	versions := registry.Must(client(t).SubjectVersions(ctx, subject))(t)
	if !slices.Equal(versions, []int{1, 2}) {
		t.Fatal(versions)
	}
}

func TestRegistersWithoutReadingBack(t *testing.T) {
	subject := registry.Unique("s")
	id := registry.Must(client(t).RegisterSchema(ctx, subject, avro(registry.One), -1, -1))(t)
	registry.Equal(t, "id", id, registry.Must(client(t).SchemaByVersion(ctx, subject, 1))(t).ID)
}

func TestTheSameSchemaAgain(t *testing.T) {
	subject := registry.Unique("s")
	first, again := create(t, subject, avro(registry.One)), create(t, subject, avro(registry.One))
	registry.Equal(t, "id", again.ID, first.ID)
	registry.Equal(t, "version", again.Version, 1)
}

func TestReadsByID(t *testing.T) {
	subject := registry.Unique("s")
	made := create(t, subject, avro(registry.One))
	schema := registry.Must(client(t).SchemaByID(ctx, made.ID))(t)
	registry.SameJSON(t, schema.Schema, registry.One)
	registry.Equal(t, "type", schema.Type, sr.TypeAvro)
	registry.SameJSON(t, registry.Must(client(t).SchemaTextByID(ctx, made.ID))(t), registry.One)
	registry.SameJSON(t, registry.Must(client(t).SchemaTextByVersion(ctx, subject, 1))(t), registry.One)
}

func TestReadsByGUID(t *testing.T) {
	made := create(t, registry.Unique("s"), avro(registry.One))
	registry.SameJSON(t, registry.Must(client(t).SchemaByGUID(ctx, made.GUID))(t).Schema.Schema, registry.One)
	ids := registry.Must(client(t).SchemaIDsByGUID(ctx, made.GUID))(t)
	if !slices.ContainsFunc(ids, func(id sr.ContextID) bool { return id.ID == made.ID }) {
		t.Fatalf("%+v lacks %d", ids, made.ID)
	}
}

func TestWhoUsesAnID(t *testing.T) {
	subject := registry.Unique("s")
	made := create(t, subject, avro(registry.One))
	if !slices.Contains(registry.Must(client(t).SubjectsByID(ctx, made.ID))(t), subject) {
		t.Fatal("the subject is missing")
	}
	versions := registry.Must(client(t).SchemaVersionsByID(ctx, made.ID))(t)
	if !slices.Contains(versions, sr.SubjectVersion{Subject: subject, Version: 1}) {
		t.Fatal(versions)
	}
	usages := registry.Must(client(t).SchemaUsagesByID(ctx, made.ID))(t)
	if !slices.ContainsFunc(usages, func(u sr.SubjectSchema) bool { return u.Subject == subject && u.Version == 1 }) {
		t.Fatal(usages)
	}
}

func TestLooksUp(t *testing.T) {
	subject := registry.Unique("s")
	_, err := client(t).LookupSchema(ctx, subject, avro(registry.One))
	refused(t, err, 404, sr.ErrSubjectNotFound)
	made := create(t, subject, avro(registry.One))
	found := registry.Must(client(t).LookupSchema(ctx, subject, avro(registry.One)))(t)
	registry.Equal(t, "id", found.ID, made.ID)
	registry.Equal(t, "version", found.Version, 1)
	_, err = client(t).LookupSchema(ctx, subject, avro(registry.Two))
	refused(t, err, 404, sr.ErrSchemaNotFound)
}

func TestNormalizes(t *testing.T) {
	subject := registry.Unique("s")
	normalized := sr.WithParams(ctx, sr.Normalize)
	var ids []int
	for _, text := range []string{
		`{"type":"record","name":"N","fields":[{"name":"f","type":"int","z":1,"a":2}]}`,
		`{"type":"record","name":"N","fields":[{"name":"f","type":"int","a":2,"z":1}]}`,
	} {
		ids = append(ids, registry.Must(client(t).RegisterSchema(normalized, subject, avro(text), -1, -1))(t))
	}
	registry.Equal(t, "id", ids[1], ids[0])
}

func TestAnIncompatibleSchema(t *testing.T) {
	subject := registry.Unique("s")
	create(t, subject, avro(registry.One))
	_, err := client(t).CreateSchema(ctx, subject, avro(registry.Broken))
	refused(t, err, 409, sr.ErrIncompatibleSchema)
}

func TestChecksCompatibility(t *testing.T) {
	subject := registry.Unique("s")
	create(t, subject, avro(registry.One))
	verbose := sr.WithParams(ctx, sr.Verbose)
	for _, version := range []int{1, -1, -2} {
		good := registry.Must(client(t).CheckCompatibility(verbose, subject, version, avro(registry.Two)))(t)
		bad := registry.Must(client(t).CheckCompatibility(verbose, subject, version, avro(registry.Broken)))(t)
		if !good.Is || bad.Is || len(bad.Messages) == 0 {
			t.Fatalf("version %d: %+v and %+v", version, good, bad)
		}
	}
}

func TestLevels(t *testing.T) {
	subject := registry.Unique("s")
	refused(t, client(t).Compatibility(ctx, subject)[0].Err, 404, sr.ErrSubjectLevelCompatibilityNotConfigured)
	toGlobal := client(t).Compatibility(sr.WithParams(ctx, sr.DefaultToGlobal), subject)[0]
	registry.Equal(t, "level", toGlobal.Level, sr.CompatBackward)
	for _, level := range []sr.CompatibilityLevel{
		sr.CompatNone, sr.CompatForward, sr.CompatFull,
		sr.CompatBackwardTransitive, sr.CompatForwardTransitive, sr.CompatFullTransitive,
	} {
		set := client(t).SetCompatibility(ctx, sr.SetCompatibility{Level: level}, subject)[0]
		if set.Err != nil {
			t.Fatal(set.Err)
		}
		registry.Equal(t, "level", client(t).Compatibility(ctx, subject)[0].Level, level)
	}
	reset := client(t).ResetCompatibility(ctx, subject)[0]
	if reset.Err != nil {
		t.Fatal(reset.Err)
	}
	refused(t, client(t).Compatibility(ctx, subject)[0].Err, 404, sr.ErrSubjectLevelCompatibilityNotConfigured)
}

func TestTheWholeConfig(t *testing.T) {
	subject := registry.Unique("s")
	sent := sr.SetCompatibility{
		Level:            sr.CompatForward,
		Normalize:        true,
		Group:            "application.major",
		DefaultMetadata:  &sr.SchemaMetadata{Properties: map[string]string{"team": "a"}},
		OverrideMetadata: &sr.SchemaMetadata{Properties: map[string]string{"tier": "high"}},
	}
	if set := client(t).SetCompatibility(ctx, sent, subject)[0]; set.Err != nil {
		t.Fatal(set.Err)
	}
	read := client(t).Compatibility(ctx, subject)[0]
	if read.Level != sent.Level || !read.Normalize || read.Group != sent.Group ||
		read.DefaultMetadata.Properties["team"] != "a" || read.OverrideMetadata.Properties["tier"] != "high" {
		t.Fatalf("%+v", read)
	}
}

func TestModes(t *testing.T) {
	subject := registry.Unique("s")
	create(t, subject, avro(registry.One))
	registry.Equal(t, "global mode", client(t).Mode(ctx)[0].Mode, sr.ModeReadWrite)
	refused(t, client(t).Mode(ctx, subject)[0].Err, 404, sr.ErrSubjectLevelModeNotConfigured)
	if set := client(t).SetMode(ctx, sr.ModeReadOnly, subject)[0]; set.Err != nil {
		t.Fatal(set.Err)
	}
	registry.Equal(t, "mode", client(t).Mode(ctx, subject)[0].Mode, sr.ModeReadOnly)
	_, err := client(t).CreateSchema(ctx, subject, avro(registry.Two))
	refused(t, err, 422, sr.ErrOperationNotPermitted)
	reset := client(t).ResetMode(ctx, subject)[0]
	if reset.Err != nil {
		t.Fatal(reset.Err)
	}
	create(t, subject, avro(registry.Two))
}

func TestImportsWithGivenNumbers(t *testing.T) {
	name := registry.Word(".c")
	if set := client(t).SetMode(ctx, sr.ModeImport, ":"+name+":")[0]; set.Err != nil {
		t.Fatal(set.Err)
	}
	inside := client(t, sr.DefaultSchemaContext(name))
	made := registry.Must(inside.CreateSchemaWithIDAndVersion(ctx, "imported", avro(registry.One), 4711, 8))(t)
	if made.ID != 4711 || made.Version != 8 {
		t.Fatalf("%+v", made)
	}
}

func TestDeletes(t *testing.T) {
	subject := registry.Unique("s")
	first := create(t, subject, avro(registry.One))
	create(t, subject, avro(registry.Two))
	cl := client(t)
	refused(t, cl.DeleteSchema(ctx, subject, 1, sr.HardDelete), 404, sr.ErrSchemaVersionNotSoftDeleted)
	if err := cl.DeleteSchema(ctx, subject, 1, sr.SoftDelete); err != nil {
		t.Fatal(err)
	}
	refused(t, cl.DeleteSchema(ctx, subject, 1, sr.SoftDelete), 404, sr.ErrSchemaVersionSoftDeleted)
	_, err := cl.SchemaByVersion(ctx, subject, 1)
	refused(t, err, 404, sr.ErrVersionNotFound)
	shown := registry.Must(cl.SchemaByVersion(sr.WithParams(ctx, sr.ShowDeleted), subject, 1))(t)
	registry.Equal(t, "id", shown.ID, first.ID)
	registry.SameJSON(t, registry.Must(cl.SchemaTextByID(ctx, first.ID))(t), registry.One)
	if err := cl.DeleteSchema(ctx, subject, 1, sr.HardDelete); err != nil {
		t.Fatal(err)
	}
	_, err = cl.DeleteSubject(ctx, subject, sr.HardDelete)
	refused(t, err, 404, sr.ErrSubjectNotSoftDeleted)
	if gone := registry.Must(cl.DeleteSubject(ctx, subject, sr.SoftDelete))(t); !slices.Equal(gone, []int{2}) {
		t.Fatal(gone)
	}
	_, err = cl.DeleteSubject(ctx, subject, sr.SoftDelete)
	refused(t, err, 404, sr.ErrSubjectSoftDeleted)
	if slices.Contains(registry.Must(cl.Subjects(ctx))(t), subject) {
		t.Fatal("still listed")
	}
	if !slices.Contains(registry.Must(cl.Subjects(sr.WithParams(ctx, sr.ShowDeleted)))(t), subject) {
		t.Fatal("not listed among the deleted ones")
	}
	if gone := registry.Must(cl.DeleteSubject(ctx, subject, sr.HardDelete))(t); !slices.Equal(gone, []int{2}) {
		t.Fatal(gone)
	}
}

func TestReferences(t *testing.T) {
	money, subject := registry.Unique("money"), registry.Unique("s")
	create(t, money, avro(registry.Record("Money", registry.Field{Name: "units", Type: "long"})))
	text := registry.Record("Order", registry.Field{Name: "price", Type: "com.acme.Money"})
	_, err := client(t).CreateSchema(ctx, subject, avro(text))
	refused(t, err, 422, sr.ErrInvalidSchema)
	reference := sr.SchemaReference{Name: "com.acme.Money", Subject: money, Version: 1}
	made := create(t, subject, avro(text, reference))
	if !slices.Equal(made.References, []sr.SchemaReference{reference}) {
		t.Fatal(made.References)
	}
	referrers := registry.Must(client(t).SchemaReferences(ctx, money, 1))(t)
	if len(referrers) != 1 || referrers[0].ID != made.ID {
		t.Fatalf("%+v", referrers)
	}
	refused(t, client(t).DeleteSchema(ctx, money, 1, sr.SoftDelete), 422, sr.ErrReferenceExists)
}

func TestListsSchemas(t *testing.T) {
	subject := registry.Unique("s")
	create(t, subject, avro(registry.One))
	create(t, subject, avro(registry.Two))
	registry.Equal(t, "schemas", len(registry.Must(client(t).Schemas(ctx, subject))(t)), 2)
	all := registry.Must(client(t).AllSchemas(sr.WithParams(ctx, sr.SubjectPrefix(subject), sr.LatestOnly)))(t)
	if len(all) != 1 || all[0].Version != 2 {
		t.Fatalf("%+v", all)
	}
}

func TestContexts(t *testing.T) {
	name := registry.Word(".c")
	inside := client(t, sr.DefaultSchemaContext(name))
	made := registry.Must(inside.CreateSchema(ctx, "orders-value", avro(registry.Two)))(t)
	registry.Equal(t, "id", made.ID, 1)
	if !slices.Contains(registry.Must(client(t).Contexts(ctx))(t), name) {
		t.Fatal("the context is not listed")
	}
	registry.SameJSON(t, registry.Must(inside.SchemaTextByID(ctx, 1))(t), registry.Two)
	versions := registry.Must(client(t).SubjectVersions(ctx, ":"+name+":orders-value"))(t)
	if !slices.Equal(versions, []int{1}) {
		t.Fatal(versions)
	}
	refused(t, client(t).DeleteContext(ctx, name), 422, sr.ErrContextNotEmpty)
}

func TestMetadataAndRulesAreKept(t *testing.T) {
	sent := avro(registry.One)
	sent.SchemaMetadata = &sr.SchemaMetadata{
		Tags:       map[string][]string{"Order": {"PII"}},
		Properties: map[string]string{"owner": "team"},
		Sensitive:  []string{"owner"},
	}
	sent.SchemaRuleSet = &sr.SchemaRuleSet{DomainRules: []sr.SchemaRule{{
		Name: "check", Kind: sr.SchemaRuleKindCondition, Mode: sr.SchemaRuleModeWrite, Type: "CEL",
		Tags: []string{"PII"}, Expr: "message.a > 0", OnFailure: "ERROR",
	}}}
	subject := registry.Unique("s")
	made := create(t, subject, sent)
	read := registry.Must(client(t).SchemaByID(ctx, made.ID))(t)
	for _, pair := range [][2]any{{read.SchemaMetadata, sent.SchemaMetadata}, {read.SchemaRuleSet, sent.SchemaRuleSet}} {
		registry.SameJSON(t, string(registry.Must(json.Marshal(pair[0]))(t)), string(registry.Must(json.Marshal(pair[1]))(t)))
	}
}

func TestTypes(t *testing.T) {
	types := registry.Must(client(t).SupportedTypes(ctx))(t)
	slices.Sort(types)
	want := []sr.SchemaType{sr.TypeAvro, sr.TypeJSON, sr.TypeProtobuf}
	slices.Sort(want)
	if !slices.Equal(types, want) {
		t.Fatal(types)
	}
}

func TestWhatIsNoSchema(t *testing.T) {
	for kind, text := range map[sr.SchemaType]string{sr.TypeAvro: "{", sr.TypeJSON: "{]", sr.TypeProtobuf: "message {"} {
		_, err := client(t).CreateSchema(ctx, registry.Unique("s"), sr.Schema{Schema: text, Type: kind})
		refused(t, err, 422, sr.ErrInvalidSchema)
	}
}

func TestWhatIsNotThere(t *testing.T) {
	subject := registry.Unique("s")
	_, err := client(t).SchemaByID(ctx, 2_000_000_000)
	refused(t, err, 404, sr.ErrSchemaNotFound)
	_, err = client(t).SchemaByVersion(ctx, subject, -1)
	refused(t, err, 404, sr.ErrSubjectNotFound)
	create(t, subject, avro(registry.One))
	_, err = client(t).SchemaByVersion(ctx, subject, 7)
	refused(t, err, 404, sr.ErrVersionNotFound)
}

func TestCredentialsAreAccepted(t *testing.T) {
	for _, option := range []sr.ClientOpt{sr.BasicAuth("user", "secret"), sr.BearerToken("token")} {
		registry.Must(client(t, option).RegisterSchema(ctx, registry.Unique("s"), avro(registry.One), -1, -1))(t)
	}
}

func TestSubjectsWithAnyLetters(t *testing.T) {
	for _, word := range []string{"a/b c", "x+y", "50%", "größe", "a,b@c~d", "q?r#s", "日本"} {
		subject := registry.Unique(word)
		made := create(t, subject, avro(registry.One))
		registry.Equal(t, subject, registry.Must(client(t).SchemaByVersion(ctx, subject, -1))(t).ID, made.ID)
	}
}

func TestTheWireFormat(t *testing.T) {
	type receipt struct {
		Number int `json:"number"`
	}
	schemas := []sr.Schema{
		{Type: sr.TypeJSON, Schema: `{"type":"object","properties":{"number":{"type":"integer"}}}`},
		{Type: sr.TypeProtobuf, Schema: `syntax = "proto3"; message Other {} message Receipt { int32 number = 1; }`},
	}
	for _, schema := range schemas {
		made := create(t, registry.Unique("s"), schema)
		serde := sr.NewSerde()
		options := []sr.EncodingOpt{sr.EncodeFn(json.Marshal), sr.DecodeFn(json.Unmarshal)}
		if schema.Type == sr.TypeProtobuf {
			options = append(options, sr.Index(1))
		}
		serde.Register(made.ID, receipt{}, options...)
		payload := serde.MustEncode(receipt{3})
		id, _, err := serde.DecodeID(payload)
		if err != nil {
			t.Fatal(err)
		}
		registry.Equal(t, "type", registry.Must(client(t).SchemaByID(ctx, id))(t).Type, schema.Type)
		var read receipt
		if err := serde.Decode(payload, &read); err != nil {
			t.Fatal(err)
		}
		registry.Equal(t, "number", read.Number, 3)
	}
}
