// Clients of @confluentinc/schemaregistry, and how their refusals are checked.
import assert from 'node:assert/strict';
import registry from '@confluentinc/schemaregistry';
import { url } from '../support.mjs';

/** A client with empty caches that does not try again. */
export const client = (more = {}) =>
  registry.SchemaRegistryClient.newClient({ baseURLs: [url], maxRetries: 0, ...more });

/** Wants the client's own error with these numbers, and this word in its text. */
export async function refused(promise, status, code, word = '') {
  await assert.rejects(promise, (error) => {
    assert.ok(error instanceof registry.RestError, String(error));
    assert.equal(error.status, status, error.message);
    assert.equal(error.errorCode, code, error.message);
    assert.ok(error.message.includes(word), error.message);
    return true;
  });
}
