// Package registry has what the tests of several Go clients want: the registry's address, names that no other test
// uses, texts of schemas, and plain HTTP for what a client has no call for.
package registry

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"os"
	"testing"
)

// URL is the address of the registry under test.
func URL(t *testing.T) string {
	t.Helper()
	url := os.Getenv("REGISTRY_URL")
	if url == "" {
		t.Fatal("set REGISTRY_URL to a registry, or use tests/clients/run")
	}
	return url
}

// Unique gives a name that no other test uses.
func Unique(word string) string { return word + "-" + suffix() }

// Word gives a name that no other test uses, fit for an identifier.
func Word(word string) string { return word + suffix() }

func suffix() string {
	random := make([]byte, 6)
	if _, err := rand.Read(random); err != nil {
		panic(err)
	}
	return hex.EncodeToString(random)
}

// Field is a field of an Avro record; Default is left out when nil.
type Field struct {
	Name    string `json:"name"`
	Type    any    `json:"type"`
	Default any    `json:"default,omitempty"`
}

// Record is the text of an Avro record.
func Record(name string, fields ...Field) string {
	text, err := json.Marshal(map[string]any{
		"type": "record", "name": name, "namespace": "com.acme", "fields": fields,
	})
	if err != nil {
		panic(err)
	}
	return string(text)
}

// The versions of a schema that most tests use; Broken cannot follow One.
var (
	One    = Record("Order", Field{Name: "a", Type: "int"})
	Two    = Record("Order", Field{Name: "a", Type: "int"}, Field{Name: "b", Type: "string", Default: "none"})
	Broken = Record("Order", Field{Name: "a", Type: "int"}, Field{Name: "b", Type: "string"})
)

// Call sends a request without any client, and gives the status.
func Call(t *testing.T, method, path string, body any) int {
	t.Helper()
	var text bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&text).Encode(body); err != nil {
			t.Fatal(err)
		}
	}
	request, err := http.NewRequest(method, URL(t)+path, &text)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/vnd.schemaregistry.v1+json")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	return answer.StatusCode
}

// SameJSON fails unless both texts are the same JSON.
func SameJSON(t *testing.T, got, want string) {
	t.Helper()
	var left, right any
	if err := json.Unmarshal([]byte(got), &left); err != nil {
		t.Fatalf("%v in %s", err, got)
	}
	if err := json.Unmarshal([]byte(want), &right); err != nil {
		t.Fatalf("%v in %s", err, want)
	}
	a, _ := json.Marshal(left)
	b, _ := json.Marshal(right)
	if !bytes.Equal(a, b) {
		t.Fatalf("got %s, want %s", a, b)
	}
}

// Must passes a value on, and fails the test on an error: registry.Must(call())(t).
func Must[T any](value T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

// Equal fails unless the two are equal.
func Equal[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Fatalf("%s: got %v, want %v", what, got, want)
	}
}
