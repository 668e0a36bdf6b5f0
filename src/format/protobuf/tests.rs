//! What the API contract says about Protobuf, case by case.

use super::*;
use crate::format::{EntityType, Resolved};

fn read_with(
    text: &str,
    references: &[(&str, &str)],
    strictness: Strictness,
) -> Result<Schema, InvalidSchema> {
    let references: Vec<Resolved> = references
        .iter()
        .map(|(name, text)| Resolved {
            name: (*name).into(),
            text: (*text).into(),
        })
        .collect();
    parse(&Source {
        text,
        references: &references,
        strictness,
        limits: Limits::default(),
    })
}

fn read(text: &str) -> Schema {
    read_with(text, &[], Strictness::New).unwrap()
}

fn refusal(text: &str) -> String {
    read_with(text, &[], Strictness::New).unwrap_err().details
}

fn messages(new: &str, old: &str) -> Vec<String> {
    diff(&read(new), &read(old), &Limits::default())
        .unwrap()
        .iter()
        .filter(|d| d.judgement == crate::format::Judgement::Incompatible)
        .map(|d| d.message("new", "old"))
        .collect()
}

const LAYOUT: &str = r#"syntax = "proto3";
package a.b;

import "x.proto";
import public "y.proto";

option java_package = "c";

message M {
  reserved 4, 8 to 10;
  reserved "old";

  option deprecated = true;

  string s = 1;
  repeated int32 r = 2 [packed = false];
  map<string, N> mm = 5 [
    deprecated = true,
    json_name = "MM"
  ];

  oneof o {
    int32 i = 3;
    string j = 6;
  }

  extensions 100 to max;

  message N {
    M m = 1;
  }
  enum E {
    A = 0;
  }
}
message Empty {}
enum F {
  Z = 0;
}

extend google.protobuf.FieldOptions {
  string x = 50001;
}

service S {
  rpc Call (M) returns (stream M.N);
}
"#;

#[test]
fn the_layout_of_the_contract_prints_as_itself() {
    assert_eq!(canonical(&read(LAYOUT)), LAYOUT);
}

#[test]
fn comments_vanish_and_everything_finds_its_place() {
    let text = r#"/* c */ syntax = 'proto3'; // d
        enum E { Z = 0; } option java_package="p"; message M { message N { int32 a = 0x1; string b = 2; oneof o { bool c = 3; } }
        int32 late = 2; string first = 1 [json_name="x", deprecated=true]; }"#;
    let expected = "syntax = \"proto3\";\n\noption java_package = \"p\";\n\nmessage M {\n  int32 late = 2;\n  \
        string first = 1 [\n    deprecated = true,\n    json_name = \"x\"\n  ];\n\n  message N {\n    int32 a = 1;\n    \
        string b = 2;\n  \n    oneof o {\n      bool c = 3;\n    }\n  }\n}\nenum E {\n  Z = 0;\n}\n";
    assert_eq!(canonical(&read(text)), expected);
}

#[test]
fn strings_are_escaped_the_c_way() {
    let text = "message M {\n  optional string a = 1 [default = \"q\\\"b\\\\n\\n\\001\\u00e9\\xff\"];\n}\n";
    let printed = canonical(&read(text));
    assert!(
        printed.contains("[default = \"q\\\"b\\\\n\\n\\001é\\377\"]"),
        "{printed}"
    );
    assert_eq!(canonical(&read(&printed)), printed);
}

#[test]
fn text_and_descriptor_are_one_schema() {
    let text = "syntax = \"proto3\";\npackage p;\n\nimport \"google/protobuf/timestamp.proto\";\n\nmessage M {\n  \
        optional int32 a = 1;\n  map<string, N> m = 2;\n  google.protobuf.Timestamp t = 3;\n  E e = 6;\n\n  oneof o {\n    \
        string x = 4;\n    N y = 5;\n  }\n\n  message N {\n    repeated M ms = 1 [deprecated = true];\n  }\n}\n\
        enum E {\n  A = 0;\n}\n";
    let schema = read(text);
    assert_eq!(canonical(&schema), text);
    let base64 = formatted(&schema, "SERIALIZED").unwrap();
    let again = read(&base64);
    assert_eq!(canonical(&again), text);
    assert_eq!(canonical(&read(base64.trim_end_matches('='))), text);
    assert_eq!(formatted(&again, "serialized"), Some(base64));
    assert_eq!(formatted(&schema, "default"), None);
}

#[test]
fn what_the_linker_refuses_is_serialized_all_the_same() {
    let text = "message M {\n  optional int32 a_b = 1;\n  optional E aB = 2;\n  map<string, M> m = 3;\n}\nenum E {\n  \
        A = 0;\n}\n";
    let schema = read(text);
    let again = read(&formatted(&schema, "serialized").unwrap());
    assert_eq!(canonical(&again), format!("syntax = \"proto2\";\n\n{text}"));
}

#[test]
fn custom_options_survive_the_descriptor() {
    let text = "syntax = \"proto3\";\n\nimport \"confluent/meta.proto\";\n\nmessage M {\n  option (confluent.message_meta) = {\n    \
        doc: \"d\"\n  };\n\n  int32 a = 1 [(confluent.field_meta) = {\n    params: [\n      {\n        key: \"k\",\n        \
        value: \"v\"\n      }\n    ],\n    tags: [\n      \"PII\",\n      \"X\"\n    ]\n  }];\n}\n";
    let schema = read(text);
    let again = read(&formatted(&schema, "serialized").unwrap());
    assert_eq!(normalized(&again), normalized(&schema));
    assert_eq!(tags(&again), tags(&schema));
}

#[test]
fn spelled_out_maps_stay_in_canonical_and_shorten_in_normalized() {
    let long = "syntax = \"proto3\";\n\nmessage M {\n  repeated MEntry m = 1;\n\n  message MEntry {\n    \
        option map_entry = true;\n  \n    string key = 1;\n    int32 value = 2;\n  }\n}\n";
    let short = "syntax = \"proto3\";\n\nmessage M {\n  map<string, int32> m = 1;\n}\n";
    let schema = read(long);
    assert_eq!(canonical(&schema), long);
    assert_eq!(normalized(&schema), short);
    assert!(
        diff(&schema, &read(short), &Limits::default())
            .unwrap()
            .is_empty()
    );
    assert!(formatted(&schema, "serialized").is_some());
}

#[test]
fn imports_may_be_missing_when_nothing_needs_them() {
    assert!(
        read_with(
            "import \"nowhere.proto\"; message M {}",
            &[],
            Strictness::New
        )
        .is_ok()
    );
    let used = "import \"nowhere.proto\"; message M { optional Gone g = 1; }";
    let details = refusal(used);
    assert!(
        details.contains("Gone") && details.contains("nowhere.proto"),
        "{details}"
    );
    assert!(read_with(used, &[], Strictness::Existing).is_ok());
    let other = [("nowhere.proto", "message Gone {}")];
    assert!(read_with(used, &other, Strictness::New).is_ok());
}

#[test]
fn every_built_in_is_there() {
    for path in [
        "google/type/phone_number.proto",
        "google/protobuf/struct.proto",
        "confluent/type/variant.proto",
    ] {
        assert!(builtin::file(path).is_some(), "{path}");
    }
    for (path, _) in builtin::TEXTS {
        let text = format!("syntax = \"proto3\"; import \"{path}\";");
        let schema = read(&text);
        assert!(schema.imports.iter().any(|i| i.path == path), "{path}");
        assert!(formatted(&schema, "serialized").is_some(), "{path}");
    }
}

#[test]
fn what_protoc_refuses_is_refused() {
    for (text, word) in [
        ("message M { optional int32 a = 0; }", "positive"),
        ("message M { optional int32 a = 536870912; }", "536870911"),
        (
            "message M { optional int32 a = 1; optional int32 b = 1; }",
            "already",
        ),
        (
            "message M { optional int32 a = 1; optional int32 a = 2; }",
            "already",
        ),
        ("message M {} message M {}", "already"),
        ("message M { reserved 1, \"x\"; }", "expected a number"),
        (
            "message M { reserved 5 to 8; optional int32 a = 6; }",
            "reserved",
        ),
        (
            "message M { reserved \"a\"; optional int32 a = 6; }",
            "reserved",
        ),
        ("message M { optional Nope a = 6; }", "not defined"),
        ("syntax = \"proto3\"; enum E { A = 1; }", "zero"),
        ("enum E { A = 1; B = 1; }", "same enum value"),
        ("message M { optional map<string, string> m = 1; }", "label"),
        ("message M { map<float, string> m = 1; }", "key type"),
        (
            "edition = \"2023\"; message M {}",
            "editions are not supported",
        ),
        ("syntax = \"proto4\";", "unknown syntax"),
        ("message M {", "end of the text"),
    ] {
        let details = refusal(text);
        assert!(details.contains(word), "{text}: {details}");
    }
}

#[test]
fn the_messages_of_the_contract() {
    assert_eq!(
        messages(
            "syntax = \"proto3\"; message M { string a = 1; }",
            "syntax = \"proto3\"; message M { int32 a = 1; }"
        ),
        [
            "{errorType:\"FIELD_SCALAR_KIND_CHANGED\", description:\"The kind of a SCALAR field at path '#/M/1' in the \
             new schema does not match its kind in the old schema\"}"
        ]
    );
    assert_eq!(
        messages("package b;", "package a;"),
        [
            "{errorType:\"PACKAGE_CHANGED\", description:\"The package at '#/' in the new schema does not match the \
             package in the old schema\"}"
        ]
    );
    assert_eq!(
        messages("message M { required int32 a = 1; }", "message M {}"),
        [
            "{errorType:\"REQUIRED_FIELD_ADDED\", description:\"A required field  at path '#/M/1' in the new schema is \
             missing in the old schema\"}"
        ]
    );
}

#[test]
fn referenced_types_are_compared_by_content_once() {
    let root = "syntax = \"proto3\"; import \"r.proto\"; message M { r.N a = 1; r.N b = 2; }";
    let side = |field: &str| {
        let reference =
            format!("syntax = \"proto3\"; package r; message N {{ N n = 2; {field} x = 1; }}");
        read_with(root, &[("r.proto", &reference)], Strictness::New).unwrap()
    };
    let found: Vec<String> = diff(&side("string"), &side("int32"), &Limits::default())
        .unwrap()
        .iter()
        .map(|d| format!("{} {}", d.kind, d.path))
        .collect();
    assert_eq!(
        found,
        [
            "FIELD_SCALAR_KIND_CHANGED #/N/1",
            "FIELD_NAMED_TYPE_CHANGED #/M/1",
            "FIELD_NAMED_TYPE_CHANGED #/M/2"
        ]
    );
    let few = Limits {
        steps: 3,
        ..Limits::default()
    };
    assert_eq!(diff(&side("string"), &side("int32"), &few), Err(TooComplex));
}

#[test]
fn tags_are_read_and_edited() {
    let text = "syntax = \"proto3\";\n\nmessage M {\n  string a = 1;\n\n  oneof o {\n    string b = 2;\n  }\n}\n";
    let edit = |path: &str, entity, add: &[&str], remove: &[&str]| TagEdit {
        path: path.to_owned(),
        entity,
        add: add.iter().map(|t| (*t).to_owned()).collect(),
        remove: remove.iter().map(|t| (*t).to_owned()).collect(),
    };
    let edits = [
        edit(".M.a", EntityType::Field, &["PII", "X"], &[]),
        edit("M.o.b", EntityType::Field, &["B"], &[]),
        edit(".M", EntityType::Record, &["R"], &[]),
    ];
    let tagged = with_tags(&read(text), &edits).unwrap();
    let expected = "syntax = \"proto3\";\n\nimport \"confluent/meta.proto\";\n\nmessage M {\n  option \
        (confluent.message_meta) = {\n    tags: [\n      \"R\"\n    ]\n  };\n\n  string a = 1 [(confluent.field_meta) = \
        {\n    tags: [\n      \"PII\",\n      \"X\"\n    ]\n  }];\n\n  oneof o {\n    string b = 2 \
        [(confluent.field_meta) = {\n      tags: [\n        \"B\"\n      ]\n    }];\n  }\n}\n";
    assert_eq!(tagged, expected);
    let schema = read(&tagged);
    let paths: Vec<String> = tags(&schema).into_iter().map(|t| t.path).collect();
    assert_eq!(paths, ["M", "M.a", "M.b"]);
    let back = [
        edit("M.a", EntityType::Field, &[], &["PII", "X"]),
        edit("M.b", EntityType::Field, &[], &["B"]),
        edit("M", EntityType::Record, &[], &["R"]),
    ];
    let untagged = read(&with_tags(&schema, &back).unwrap());
    assert!(tags(&untagged).is_empty());
    let wrong = with_tags(&schema, &[edit(".M.zz", EntityType::Field, &["T"], &[])]).unwrap_err();
    assert_eq!(
        wrong.details,
        "No matching Field with name '.M.zz' found in the schema"
    );
}

#[test]
fn extensions_are_ignored_on_demand() {
    let text = "import \"confluent/meta.proto\"; message M { extensions 4 to 9; optional int32 a = 1 [(x.y) = 2, \
        deprecated = true, (confluent.field_meta).doc = \"d\"]; }";
    let printed = formatted(&read(text), "ignore_extensions").unwrap();
    assert_eq!(
        printed,
        "\nimport \"confluent/meta.proto\";\n\nmessage M {\n  optional int32 a = 1 [\n    deprecated = true,\n    \
         (confluent.field_meta).doc = \"d\"\n  ];\n}\n"
    );
}

#[test]
fn the_fields_of_the_first_message_have_names() {
    let schema = read(
        "message A { optional int32 x = 2; oneof o { int32 y = 1; } } message B { optional int32 z = 1; }",
    );
    assert_eq!(field_names(&schema), ["x", "y"]);
}

/// The engine's callers give it threads of this size.
fn on_a_large_stack(test: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new()
        .stack_size(64 << 20)
        .spawn(test)
        .unwrap()
        .join()
        .unwrap();
}

#[test]
fn hostile_texts_end_in_an_error() {
    on_a_large_stack(|| {
        let deep = 100_000;
        let nested = format!("{}{}", "message M {".repeat(deep), "}".repeat(deep));
        assert!(refusal(&nested).contains("nested deeper"));
        let value = format!("option (a) = {}{};", "{a:".repeat(deep), "}".repeat(deep));
        assert!(refusal(&value).contains("nested deeper"));
        let list = format!("option (a) = {}{};", "[".repeat(deep), "]".repeat(deep));
        assert!(refusal(&list).contains("nested deeper"));
        let path = format!("option a{} = 1;", ".a".repeat(deep));
        assert!(refusal(&path).contains("too many parts"));
        let name = format!("message {} {{}}", "m".repeat(10_000));
        assert!(refusal(&name).contains("too long"));
        let groups = "\x0b".repeat(deep);
        assert!(read_with(&BASE64.encode(groups), &[], Strictness::New).is_err());
        // Base64 that is no descriptor is told as such or as a syntax error, and never accepted.
        for text in ["AAAA", "hello", "abcd"] {
            assert!(
                read_with(text, &[], Strictness::Existing).is_err(),
                "{text}"
            );
        }
    });
}

#[test]
fn a_descriptor_that_nests_too_deep_is_refused() {
    on_a_large_stack(|| {
        let mut message: Vec<u8> = Vec::new();
        for _ in 0..3_000 {
            let mut outer = vec![0x0a, 1, b'M', 0x1a];
            let mut length = message.len();
            while length >= 0x80 {
                outer.push((length as u8 & 0x7f) | 0x80);
                length >>= 7;
            }
            outer.push(length as u8);
            outer.extend_from_slice(&message);
            message = outer;
        }
        assert!(descriptor::read(&message, None).is_err());
    });
}

/// As deep as the limits allow, on a stack as large as the server's.
#[test]
fn a_thousand_levels_are_read_printed_and_compared() {
    let text = |levels: usize| {
        format!(
            "syntax=\"proto3\";{}int32 a = 1;{}",
            "message Msg{".repeat(levels),
            "}".repeat(levels)
        )
    };
    on_a_large_stack(move || {
        let schema = read(&text(1_000));
        let printed = canonical(&schema);
        assert_eq!(canonical(&read(&printed)), printed);
        read(&normalized(&schema));
        assert!(
            diff(&schema, &read(&printed), &Limits::default())
                .unwrap()
                .is_empty()
        );
        // Decoders of descriptors stop at a hundred levels, so there may be none; but there is an answer.
        let _ = formatted(&schema, "serialized");
        let source = Source {
            text: &text(1_001),
            references: &[],
            strictness: Strictness::Existing,
            limits: Limits::default(),
        };
        assert!(super::parse(&source).is_err());
    });
}

/// A few megabytes that would print as hundreds.
#[test]
fn a_text_that_would_print_many_times_as_long_is_refused() {
    let deep = |fields: usize| {
        let fields: String = (1..=fields).map(|n| format!("M f{n}={n};")).collect();
        format!(
            "syntax=\"proto3\";{}{fields}{}",
            "message M{".repeat(90),
            "}".repeat(90)
        )
    };
    let limits = Limits::default();
    let source = |text: &str| {
        super::parse(&Source {
            text,
            references: &[],
            strictness: Strictness::Existing,
            limits,
        })
        .map(drop)
    };
    assert!(source(&deep(1_000)).is_ok());
    assert!(source(&deep(200_000)).is_err());
}

#[test]
fn import_cycles_and_chains_end() {
    let references = [
        (
            "a.proto",
            "syntax = \"proto3\"; import public \"b.proto\"; message A { B b = 1; }",
        ),
        (
            "b.proto",
            "syntax = \"proto3\"; import public \"a.proto\"; message B { A a = 1; }",
        ),
    ];
    let text = "syntax = \"proto3\"; import \"a.proto\"; message M { A a = 1; B b = 2; }";
    let one = read_with(text, &references, Strictness::Existing).unwrap();
    let two = read_with(text, &references, Strictness::Existing).unwrap();
    assert!(diff(&one, &two, &Limits::default()).unwrap().is_empty());
    // No linker takes a cycle; what matters is that the walk ends.
    let _ = formatted(&one, "serialized");

    let mut chain = String::from("syntax = \"proto3\"; package c;");
    for i in 0..20_000 {
        chain.push_str(&format!("message N{i} {{ N{} n = 1; }}", i + 1));
    }
    chain.push_str("message N20000 {}");
    let root = "syntax = \"proto3\"; import \"c.proto\"; message M { c.N0 n = 1; }";
    let side = || read_with(root, &[("c.proto", &chain)], Strictness::New).unwrap();
    let (new, old) = (side(), side());
    // Too long a chain is an answer too, as long as it comes.
    let _ = diff(
        &new,
        &old,
        &Limits {
            depth: 100,
            ..Limits::default()
        },
    );
}

/// Texts that are large in one way each; quadratic behaviour would take minutes, so this test would be seen
/// to hang long before it failed.
#[test]
fn large_texts_cost_what_their_size_says() {
    use std::fmt::Write as _;
    let many = 4_000;
    let mut wide = String::from("syntax = \"proto3\"; package w; message M {");
    let mut types = String::from("syntax = \"proto3\"; package w;");
    let mut keys = String::from("option (a) = {");
    let mut parts = String::from("message M {");
    let mut options = String::from("message M { optional int32 a = 1 [(x).y0 = 0");
    let mut extends = String::from("message M { extensions 1 to max; } ");
    let mut oneofs = String::from("syntax = \"proto3\"; message M {");
    for i in 1_u32..many {
        if !(19_000..20_000).contains(&i) {
            let _ = write!(wide, "map<string, M> f{i} = {i};");
            let _ = write!(oneofs, "oneof o{i} {{ int32 f{i} = {i}; }}");
            let _ = write!(extends, "extend M {{ optional int32 e{i} = {i}; }}");
        }
        let _ = write!(
            types,
            "message T{i} {{ T{} t = 1; }}",
            i.saturating_sub(1).max(1)
        );
        let _ = write!(keys, "k{i}: {{ a: 1 }}, same: 1,");
        let _ = write!(parts, "reserved {i}; reserved \"r{i}\";");
        let _ = write!(options, ", (x).y{i} = 1");
    }
    wide.push('}');
    keys.push_str("};");
    parts.push('}');
    options.push_str("]; }");
    oneofs.push('}');
    for text in [wide, types, keys, parts, options, extends, oneofs] {
        let schema = read(&text);
        assert!(!canonical(&schema).is_empty());
        assert!(!normalized(&schema).is_empty());
        assert!(
            diff(&schema, &schema, &Limits::default())
                .unwrap()
                .is_empty()
        );
        if let Some(base64) = &formatted(&schema, "serialized") {
            read(base64);
        }
    }
}
