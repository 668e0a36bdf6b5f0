package main

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/hamba/avro/v2"
)

// The story that all examples tell: four sensors of a greenhouse, five readings each.
const (
	count = 20
	// The first readings are written before anybody measures humidity.
	beforeHumidity = 10
	partitions     = 3
)

var (
	sensors = []string{"bench-a", "bench-b", "bench-c", "bench-d"}
	start   = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
)

// reading is what one sensor measured at one time. Humidity is nil where nothing measured it.
type reading struct {
	Sensor   string    `avro:"sensor"`
	Number   int       `avro:"number"`
	At       time.Time `avro:"at"`
	Celsius  float64   `avro:"celsius"`
	Humidity *float64  `avro:"humidity"`
}

// readingAt makes the reading of an index, from 0 to count - 1.
func readingAt(index int) reading {
	made := reading{
		Sensor:  sensors[index%len(sensors)],
		Number:  index/len(sensors) + 1,
		At:      start.Add(time.Duration(index) * time.Minute),
		Celsius: 18 + float64(index)/4,
	}
	if index >= beforeHumidity {
		humidity := 40 + float64(index)
		made.Humidity = &humidity
	}
	return made
}

// equal compares all fields.
func (r reading) equal(other reading) bool {
	humidity := r.Humidity == nil && other.Humidity == nil ||
		r.Humidity != nil && other.Humidity != nil && *r.Humidity == *other.Humidity
	return r.Sensor == other.Sensor && r.Number == other.Number && r.At.Equal(other.At) &&
		r.Celsius == other.Celsius && humidity
}

// setting reads an address or a name from the environment; examples/go/run sets them.
func setting(name string) (string, error) {
	value := os.Getenv(name)
	if value == "" {
		return "", fmt.Errorf("set %s, or start this with `run`", name)
	}
	return value, nil
}

// schemaText reads a schema that all examples share, and makes sure that it is one.
func schemaText(name string) (string, avro.Schema, error) {
	folder, err := setting("SCHEMAS")
	if err != nil {
		return "", nil, err
	}
	text, err := os.ReadFile(filepath.Join(folder, "reading-"+name+".avsc"))
	if err != nil {
		return "", nil, err
	}
	// A cache of its own: each version defines the same name anew.
	parsed, err := avro.ParseBytesWithCache(text, "", &avro.SchemaCache{})
	return string(text), parsed, err
}
