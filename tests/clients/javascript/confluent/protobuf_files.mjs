// Protobuf message types as a compiler would make them, built from descriptors; each call makes files of its own.
//
//     customer.proto  <-  order.proto  ->  google/protobuf/timestamp.proto
import { create, createFileRegistry, createMutableRegistry } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema, file_google_protobuf_timestamp } from '@bufbuild/protobuf/wkt';

const TYPES = { int64: 3, int32: 5, string: 9, message: 11 };

const message = (name, ...fields) => ({
  name,
  field: fields.map(([field, type], index) => ({
    name: field,
    number: index + 1,
    label: 1,
    jsonName: field,
    type: type.startsWith('.') ? TYPES.message : TYPES[type],
    typeName: type.startsWith('.') ? type : '',
  })),
});

/** The types of one test; `registry` is what a serializer wants, `word` keeps tests apart in the registry. */
export function build(word) {
  const pack = `shop.${word}`;
  const customer = create(FileDescriptorProtoSchema, {
    name: `${word}/customer.proto`,
    package: pack,
    syntax: 'proto3',
    messageType: [message('Customer', ['name', 'string'])],
  });
  const order = create(FileDescriptorProtoSchema, {
    name: `${word}/order.proto`,
    package: pack,
    syntax: 'proto3',
    dependency: [customer.name, 'google/protobuf/timestamp.proto'],
    messageType: [
      {
        ...message('Order', ['id', 'int64'], ['customer', `.${pack}.Customer`], ['at', '.google.protobuf.Timestamp']),
        nestedType: [message('Line', ['sku', 'string']), message('Note', ['text', 'string'])],
      },
      message('Receipt', ['number', 'int32']),
    ],
  });
  const known = new Map([[customer.name, customer], ['google/protobuf/timestamp.proto', file_google_protobuf_timestamp]]);
  const files = createFileRegistry(order, (name) => known.get(name));
  const types = {};
  for (const name of ['Customer', 'Order', 'Order.Line', 'Order.Note', 'Receipt']) {
    types[name] = files.getMessage(`${pack}.${name}`);
  }
  const registry = createMutableRegistry(...Object.values(types));
  return { word, package: pack, types, registry, make: (name, value) => create(types[name], value) };
}
