// The story that all examples tell: four sensors of a greenhouse, five readings each.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

export const SENSORS = ['bench-a', 'bench-b', 'bench-c', 'bench-d'];
export const COUNT = 20;
/** The first readings are written before anybody measures humidity. */
export const BEFORE_HUMIDITY = 10;
export const PARTITIONS = 3;
const START = Date.UTC(2026, 0, 1);

/** An address or a name from the environment; examples/javascript/run sets them. */
export function setting(name) {
  const value = process.env[name];
  if (!value) {
    throw new Error(`set ${name}, or start this with \`run\``);
  }
  return value;
}

/** The text of a JSON Schema. */
export function schema(name) {
  return readFile(join(setting('SCHEMAS'), `reading-${name}.json`), 'utf8');
}

/** The reading of this index, from 0 to COUNT - 1. */
export function reading(index) {
  const made = {
    sensor: SENSORS[index % SENSORS.length],
    number: Math.floor(index / SENSORS.length) + 1,
    at: START + index * 60_000,
    celsius: 18 + index / 4,
  };
  if (index >= BEFORE_HUMIDITY) {
    made.humidity = 40 + index;
  }
  return made;
}
