// Package confluent tests confluent-kafka-go's schemaregistry: its client, serializers, deserializers and rules.
package confluent

import (
	"errors"
	"strings"
	"testing"

	"github.com/confluentinc/confluent-kafka-go/v2/schemaregistry"
	"github.com/confluentinc/confluent-kafka-go/v2/schemaregistry/rest"

	"accord.test/clients/registry"
)

// client has empty caches, and does not try again.
func client(t *testing.T) schemaregistry.Client {
	t.Helper()
	return clientWith(t, schemaregistry.NewConfig(registry.URL(t)))
}

func clientWith(t *testing.T, config *schemaregistry.Config) schemaregistry.Client {
	t.Helper()
	config.MaxRetries = 0
	made, err := schemaregistry.NewClient(config)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// refused wants the client's own error, with this code (the client keeps no status), and a word of its text.
func refused(t *testing.T, err error, code int, word string) {
	t.Helper()
	var answer *rest.Error
	if !errors.As(err, &answer) {
		t.Fatalf("no answer of the registry: %v", err)
	}
	if answer.Code != code || !strings.Contains(answer.Message, word) {
		t.Fatalf("got %d: %s", answer.Code, answer.Message)
	}
}

func avro(text string, references ...schemaregistry.Reference) schemaregistry.SchemaInfo {
	return schemaregistry.SchemaInfo{Schema: text, SchemaType: "AVRO", References: references}
}

func register(t *testing.T, subject string, schema schemaregistry.SchemaInfo) int {
	t.Helper()
	return registry.Must(client(t).Register(subject, schema, false))(t)
}
