"""Message classes as a compiler would make them, built from descriptors; each call makes its own files.

    customer.proto  <-  order.proto  ->  google/protobuf/timestamp.proto
    country.proto   <-  customer.proto
"""

from types import SimpleNamespace

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, timestamp_pb2

FIELD = descriptor_pb2.FieldDescriptorProto
TYPES = {"string": FIELD.TYPE_STRING, "int32": FIELD.TYPE_INT32, "int64": FIELD.TYPE_INT64, "bool": FIELD.TYPE_BOOL}


def add_message(parent, name, fields):
    """Adds a message; a field is (name, type), where a type that starts with a dot is a message's or enum's."""
    message = parent.add(name=name)
    for number, (field, type_name) in enumerate(fields, 1):
        added = message.field.add(name=field, number=number, label=FIELD.LABEL_OPTIONAL)
        if type_name.startswith("enum "):
            added.type, added.type_name = FIELD.TYPE_ENUM, type_name[5:]
        elif type_name.startswith("."):
            added.type, added.type_name = FIELD.TYPE_MESSAGE, type_name
        else:
            added.type = TYPES[type_name]
    return message


def new_file(name, package, imports=()):
    return descriptor_pb2.FileDescriptorProto(name=name, package=package, syntax="proto3", dependency=imports)


def build(word, more_fields=()):
    """Classes whose files and package carry `word`, so that tests do not meet in the registry."""
    package = f"shop.{word}"
    country = new_file(f"{word}/country.proto", package)
    enum = country.enum_type.add(name="Country")
    enum.value.add(name="UNKNOWN", number=0)
    enum.value.add(name="UTOPIA", number=1)

    customer = new_file(f"{word}/customer.proto", package, [country.name])
    add_message(customer.message_type, "Customer", [("name", "string"), ("country", f"enum .{package}.Country")])

    order = new_file(f"{word}/order.proto", package, [customer.name, "google/protobuf/timestamp.proto"])
    fields = [("id", "int64"), ("customer", f".{package}.Customer"), ("at", ".google.protobuf.Timestamp")]
    message = add_message(order.message_type, "Order", [*fields, *more_fields])
    add_message(message.nested_type, "Line", [("sku", "string"), ("count", "int32")])
    add_message(message.nested_type, "Note", [("text", "string")])
    add_message(order.message_type, "Receipt", [("paid", "bool")])

    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(timestamp_pb2.DESCRIPTOR.serialized_pb)
    for file in (country, customer, order):
        pool.Add(file)
    classes = {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{package}.{name}"))
        for name in ("Customer", "Order", "Order.Line", "Order.Note", "Receipt")
    }
    files = {file.name.split("/")[1]: pool.FindFileByName(file.name) for file in (country, customer, order)}
    return SimpleNamespace(word=word, package=package, files=files, classes=classes)


def an_order(made):
    order = made.classes["Order"](id=5)
    order.customer.name = "Ada"
    order.customer.country = 1
    order.at.seconds = 1_700_000_000
    return order


def order_text(word, full=False):
    """The file of the orders as text: with types named as people do, or in full, as compilers do."""
    customer, timestamp = "Customer", "google.protobuf.Timestamp"
    if full:
        customer, timestamp = f".shop.{word}.{customer}", f".{timestamp}"
    return ORDER_TEXT.format(word=word, customer=customer, timestamp=timestamp)


ORDER_TEXT = """
// The same file as a person would write it.
syntax = "proto3";
package shop.{word};

import "{word}/customer.proto";
import "google/protobuf/timestamp.proto";

message Order {{
  int64 id = 1; // comments do not count
  {customer} customer = 2;
  {timestamp} at = 3;

  message Line {{
    string sku = 1;
    int32 count = 2;
  }}
  message Note {{
    string text = 1;
  }}
}}

message Receipt {{
  bool paid = 1;
}}
"""
