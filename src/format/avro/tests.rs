//! Expected values: the API contract (sections 1.5.4, 2.4.6, 2.16, 3.2.1, 6.3), the Avro specification, and the
//! documented behaviour of the JVM library.

use super::*;
use crate::format::{EntityType, Judgement, Resolved, Strictness};

fn read(
    text: &str,
    references: &[Resolved],
    strictness: Strictness,
) -> Result<Schema, InvalidSchema> {
    parse(&Source {
        text,
        references,
        strictness,
        limits: Limits::default(),
    })
}

fn old(text: &str) -> Schema {
    read(text, &[], Strictness::Existing).unwrap()
}

fn refused(text: &str, strictness: Strictness) -> String {
    read(text, &[], strictness).unwrap_err().details
}

fn reference(name: &str, text: &str) -> Resolved {
    Resolved {
        name: name.into(),
        text: text.into(),
    }
}

/// `(kind, path)` of each difference.
fn differences(reader: &str, writer: &str) -> Vec<(&'static str, String)> {
    diff(&old(reader), &old(writer), &Limits::default())
        .unwrap()
        .into_iter()
        .inspect(|d| assert_eq!(d.judgement, Judgement::Incompatible))
        .map(|d| (d.kind, d.path))
        .collect()
}

fn messages(reader: &str, writer: &str) -> Vec<String> {
    diff(&old(reader), &old(writer), &Limits::default())
        .unwrap()
        .iter()
        .map(|d| d.message("new", "old"))
        .collect()
}

#[test]
fn canonical_text() {
    for (text, expected) in [
        (
            r#"{"type":"record","fields":[{"type":"double","default":1.10,"name":"f","x":1e3,"doc":"d","aliases":["b","a"],"order":"descending"},{"name":"g","type":{"type":"int"},"order":"ascending","default":1e3},{"name":"h","type":{"type":"bytes","scale":0,"precision":4,"logicalType":"decimal"}}],"name":"a.B","zz":1,"aa":[1.0],"aliases":["q.C","a.D"],"doc":"x"}"#,
            r#"{"type":"record","name":"B","namespace":"a","doc":"x","fields":[{"name":"f","type":"double","doc":"d","default":1.1,"order":"descending","aliases":["b","a"],"x":1000.0},{"name":"g","type":"int","default":1000.0},{"name":"h","type":{"type":"bytes","scale":0,"precision":4,"logicalType":"decimal"}}],"zz":1,"aa":[1.0],"aliases":["q.C","D"]}"#,
        ),
        (
            r#"{"type":"record","name":"B","namespace":"n","fields":[{"name":"e","type":{"type":"enum","name":"E","default":"X","symbols":["X"],"k":1,"doc":"dd","aliases":["Q"]}},{"name":"e2","type":"n.E"},{"name":"fx","type":{"size":4,"type":"fixed","name":"F","namespace":"","doc":"g"}},{"name":"m","type":{"values":"B","type":"map","p":true}}]}"#,
            r#"{"type":"record","name":"B","namespace":"n","fields":[{"name":"e","type":{"type":"enum","name":"E","doc":"dd","symbols":["X"],"default":"X","k":1,"aliases":["Q"]}},{"name":"e2","type":"E"},{"name":"fx","type":{"type":"fixed","name":"F","namespace":"","doc":"g","size":4}},{"name":"m","type":{"type":"map","values":"B","p":true}}]}"#,
        ),
        (r#"{"type":"string"}"#, r#""string""#),
        // Integers of any size stay exact; a string on a floating field becomes a number.
        (
            r#"{"type":"record","name":"R","fields":[{"name":"a","type":"double","default":"1"},{"name":"b","type":"float","default":"NaN"},{"name":"c","type":"long","default":123456789012345678901234567890,"x":-0}]}"#,
            r#"{"type":"record","name":"R","fields":[{"name":"a","type":"double","default":1.0},{"name":"b","type":"float","default":"NaN"},{"name":"c","type":"long","default":123456789012345678901234567890,"x":0}]}"#,
        ),
        // A type whose short name is a built-in word keeps its namespace.
        (
            r#"["null",{"type":"fixed","name":"n.int","size":1},{"type":"record","name":"n.R","fields":[{"name":"x","type":"n.int"}]}]"#,
            r#"["null",{"type":"fixed","name":"int","namespace":"n","size":1},{"type":"record","name":"R","namespace":"n","fields":[{"name":"x","type":"n.int"}]}]"#,
        ),
        // A name may be used before its definition: the definition moves to the first use.
        (
            r#"{"type":"record","name":"R","fields":[{"name":"a","type":"E"},{"name":"b","type":{"type":"enum","name":"E","symbols":["X"]}}]}"#,
            r#"{"type":"record","name":"R","fields":[{"name":"a","type":{"type":"enum","name":"E","symbols":["X"]}},{"name":"b","type":"E"}]}"#,
        ),
        ("// a comment\n\"int\" /* another */", r#""int""#),
    ] {
        let schema = old(text);
        assert_eq!(canonical(&schema), expected);
        assert_eq!(canonical(&old(expected)), expected, "stable");
    }
}

#[test]
fn normalized_text() {
    let text = r#"{"type":"record","name":"n.R","doc":"","fields":[{"name":"a","doc":"","type":{"type":"bytes","z":{"y":1,"x":2},"scale":0,"precision":4,"logicalType":"decimal"},"b":1,"a":2,"aliases":["z","y"]},{"name":"b","type":{"type":"int","a":1,"logicalType":"decimal"}},{"name":"c","type":{"type":"long","a":1,"logicalType":"timestamp-millis"}}],"aliases":["z.B","n.A"]}"#;
    let expected = r#"{"type":"record","name":"R","namespace":"n","fields":[{"name":"a","type":{"type":"bytes","logicalType":"decimal","precision":4,"z":{"x":2,"y":1}},"doc":"","aliases":["y","z"],"a":2,"b":1},{"name":"b","type":{"type":"int","a":1,"logicalType":"decimal"}},{"name":"c","type":{"type":"long","logicalType":"timestamp-millis","a":1}}],"aliases":["A","z.B"]}"#;
    assert_eq!(normalized(&old(text)), expected);
    assert_eq!(normalized(&old(expected)), expected);
}

#[test]
fn strictness_of_new_schemas() {
    for text in [
        r#"{"type":"record","name":"R","fields":[{"name":"f","type":"string","default":null}]}"#,
        r#"{"type":"record","name":"R","fields":[{"name":"f","type":"int","default":"x"}]}"#,
        r#"{"type":"record","name":"R","fields":[{"name":"f","type":"int","default":1.0}]}"#,
        r#"{"type":"record","name":"R","fields":[{"name":"f","type":["int","null"],"default":"x"}]}"#,
        r#"{"type":"record","name":"R","fields":[{"name":"f","type":{"type":"array","items":"int"},"default":[1,"x"]}]}"#,
        r#"{"type":"record","name":"R","fields":[{"name":"f","type":"R","default":{}}]}"#,
        r#"{"type":"record","name":"a-b.R","fields":[]}"#,
        r#"{"type":"record","name":"Größe","fields":[]}"#,
        r#"{"type":"enum","name":"E","symbols":["é"]}"#,
    ] {
        refused(text, Strictness::New);
        old(text);
    }
    for text in [
        r#"{"type":"record","name":"R","fields":[{"name":"f","type":["null","string"],"default":"x"}]}"#,
        r#"{"type":"record","name":"R","fields":[{"name":"f","type":"double","default":"NaN"}]}"#,
        r#"{"type":"record","name":"R","fields":[{"name":"f","type":{"type":"record","name":"S","fields":[{"name":"a","type":"int","default":1},{"name":"b","type":"int"}]},"default":{"b":2}}]}"#,
        r#"{"type":"bytes","logicalType":"decimal","precision":-1}"#,
        "[]",
    ] {
        read(text, &[], Strictness::New).unwrap();
    }
}

#[test]
fn invalid_at_any_strictness() {
    for (text, part) in [
        (r#""string" x"#, "dangling content after end of schema: x"),
        ("\u{feff}\"int\"", "byte order mark"),
        (r#""Foo""#, "Undefined type: Foo"),
        (r#"["int","int"]"#, "Duplicate in union: int"),
        (r#"["int",["null"]]"#, "Nested union"),
        (r#"{"type":["null","int"]}"#, "No type"),
        (r#"{"type":"array"}"#, "Array has no items type"),
        (r#"{"type":"map"}"#, "Map has no values type"),
        (r#"{"type":"record","name":"R"}"#, "Record R has no fields"),
        (
            r#"{"type":"record","name":"int","fields":[]}"#,
            "named after primitives",
        ),
        (
            r#"{"type":"record","name":"R","fields":[{"name":"f","type":"int"},{"name":"f","type":"int"}]}"#,
            "Duplicate field f in record R",
        ),
        (
            r#"{"type":"record","name":"R","fields":[{"name":"f","type":"int","order":"up"}]}"#,
            "Unknown order of field f",
        ),
        (
            r#"{"type":"record","name":"R","fields":[{"name":"f","type":"double","default":"x"}]}"#,
            "Not a number: x",
        ),
        (
            r#"{"type":"enum","name":"E","symbols":["A","A"]}"#,
            "Duplicate enum symbol: A",
        ),
        (
            r#"{"type":"enum","name":"E","symbols":["A"],"default":"B"}"#,
            "The Enum Default: B is not",
        ),
        (
            r#"{"type":"fixed","name":"F","size":-1}"#,
            "Invalid or no size",
        ),
        (
            r#"{"type":"fixed","name":"F","size":1.0}"#,
            "Invalid or no size",
        ),
        (
            r#"{"type":"fixed","name":"F","size":1,"aliases":"x"}"#,
            "aliases is not an array",
        ),
        (
            r#"[{"type":"fixed","name":"F","size":1},{"type":"array","items":{"type":"fixed","name":"F","size":2}}]"#,
            "Can't redefine: F",
        ),
        (
            r#"{"type":"record","name":"a b","fields":[]}"#,
            r#"Illegal character in name "a b""#,
        ),
    ] {
        let details = refused(text, Strictness::Existing);
        assert!(details.contains(part), "{text}: {details}");
        assert!(details.contains("line 1, column "), "{details}");
    }
}

#[test]
fn references_are_known_by_name() {
    let user = reference(
        "a.User",
        r#"{"type":"record","name":"User","namespace":"a","fields":[{"name":"e","type":{"type":"enum","name":"E","symbols":["X"]}}]}"#,
    );
    let group = reference(
        "a.Group",
        r#"{"type":"record","name":"a.Group","fields":[{"name":"u","type":"User"}]}"#,
    );
    let text = r#"{"type":"record","name":"b.R","fields":[{"name":"g","type":"a.Group"},{"name":"e","type":"a.E"}]}"#;
    let schema = read(text, &[user.clone(), group.clone()], Strictness::New).unwrap();
    assert_eq!(
        canonical(&schema),
        r#"{"type":"record","name":"R","namespace":"b","fields":[{"name":"g","type":"a.Group"},{"name":"e","type":"a.E"}]}"#
    );
    let resolved = r#"{"type":"record","name":"R","namespace":"b","fields":[{"name":"g","type":{"type":"record","name":"Group","namespace":"a","fields":[{"name":"u","type":{"type":"record","name":"User","fields":[{"name":"e","type":{"type":"enum","name":"E","symbols":["X"]}}]}}]}},{"name":"e","type":"a.E"}]}"#;
    assert_eq!(formatted(&schema, "Resolved").as_deref(), Some(resolved));
    assert_eq!(canonical(&old(resolved)), resolved);
    assert_eq!(formatted(&schema, "default"), None);
    let details = read(text, &[group], Strictness::New).unwrap_err().details;
    assert!(details.contains("reference a.Group"), "{details}");
    // The root may be a referenced type, and a definition may be repeated.
    let schema = read(&user.text, std::slice::from_ref(&user), Strictness::New).unwrap();
    assert_eq!(canonical(&schema), r#""a.User""#);
}

#[test]
fn differences_as_the_contract_lists_them() {
    let reader = r#"{"type":"record","name":"y.R","fields":[{"name":"a","type":["null","int"]},{"name":"e","type":{"type":"enum","name":"E","symbols":["A"]}},{"name":"z","type":"int"}]}"#;
    let writer = r#"{"type":"record","name":"x.R","fields":[{"name":"a","type":["null","string"]},{"name":"e","type":{"type":"enum","name":"E","symbols":["A","C","B"]}}]}"#;
    assert_eq!(
        messages(reader, writer),
        [
            "{errorType:'MISSING_UNION_BRANCH', description:'The new schema is missing a type inside a union field at path '/fields/0/type/1' in the old schema', additionalInfo:'reader union lacking writer type: STRING'}",
            "{errorType:'MISSING_ENUM_SYMBOLS', description:'The new schema is missing enum symbols '[B, C]' at path '/fields/1/type/symbols' in the old schema', additionalInfo:'[B, C]'}",
            "{errorType:'READER_FIELD_MISSING_DEFAULT_VALUE', description:'The field 'z' at path '/fields/2' in the new schema has no default value and is missing in the old schema', additionalInfo:'z'}",
        ]
    );
    assert_eq!(
        messages(
            r#"{"type":"fixed","name":"A","size":1}"#,
            r#"{"type":"fixed","name":"n.B","size":2}"#
        ),
        [
            "{errorType:'NAME_MISMATCH', description:'The name of the schema has changed (path '/name')', additionalInfo:'expected: n.B'}",
            "{errorType:'FIXED_SIZE_MISMATCH', description:'The size of FIXED type field at path '/size' in the new schema does not match with the old schema', additionalInfo:'expected: 2, found: 1'}",
        ]
    );
    assert_eq!(
        messages(
            r#"{"type":"map","values":"int"}"#,
            r#"{"type":"map","values":"string"}"#
        ),
        [
            "{errorType:'TYPE_MISMATCH', description:'The type (path '/values') of a field in the new schema does not match with the old schema', additionalInfo:'reader type: INT not compatible with writer type: STRING'}",
        ]
    );
}

#[test]
fn unions_aliases_and_defaults() {
    let mismatch = |path: &str| vec![("TYPE_MISMATCH", path.to_owned())];
    assert_eq!(differences("\"long\"", r#"["int"]"#), []);
    assert_eq!(differences("\"int\"", r#"["null","int"]"#), mismatch("/0"));
    assert_eq!(differences("\"int\"", "[]"), []);
    assert_eq!(
        differences("[]", "\"int\""),
        [("MISSING_UNION_BRANCH", "/".to_owned())]
    );
    // An alias counts with its namespace; unqualified it takes the reader's.
    let fixed = |name: &str, alias: &str| {
        format!(r#"{{"type":"fixed","name":"{name}","size":1,"aliases":["{alias}"]}}"#)
    };
    assert_eq!(differences(&fixed("n.A", "B"), &fixed("n.B", "x")), []);
    assert_eq!(differences(&fixed("n.A", "m.B"), &fixed("m.B", "x")), []);
    assert_eq!(
        differences(&fixed("n.A", "B"), &fixed("m.B", "x")),
        [("NAME_MISMATCH", "/name".to_owned())]
    );
    // An enum's own default stands in for missing symbols, and its field is then compared with the record.
    let e = r#"{"type":"enum","name":"E","symbols":["A"],"default":"A"}"#;
    assert_eq!(
        differences(e, r#"{"type":"enum","name":"E","symbols":["A","B"]}"#),
        []
    );
    assert_eq!(
        differences(
            &format!(r#"{{"type":"record","name":"R","fields":[{{"name":"e","type":{e}}}]}}"#),
            r#"{"type":"record","name":"R","fields":[]}"#
        ),
        mismatch("/fields/0/type")
    );
}

/// What held only under an assumption is forgotten with it: `P` seems readable while `n1.A` is being tried.
#[test]
fn a_failed_branch_leaves_nothing_behind() {
    let reader = r#"{"type":"record","name":"Root","fields":[
        {"name":"u","type":[
            {"type":"record","name":"n1.A","fields":[
                {"name":"x","type":{"type":"record","name":"m.P","fields":[{"name":"a","type":"n1.A"}]}},
                {"name":"k","type":"int"}]},
            {"type":"record","name":"n2.A","fields":[]}]},
        {"name":"v","type":["null","m.P"]}]}"#;
    let writer = r#"{"type":"record","name":"Root","fields":[
        {"name":"u","type":[
            {"type":"record","name":"n1.A","fields":[
                {"name":"x","type":{"type":"record","name":"m.P","fields":[{"name":"a","type":"n1.A"}]}}]}]},
        {"name":"v","type":["null","m.P"]}]}"#;
    assert_eq!(
        differences(reader, writer),
        [("MISSING_UNION_BRANCH", "/fields/1/type/1".to_owned())]
    );
}

/// A union of many records against itself: all pairs of branches, hardly any work for each.
#[test]
fn large_unions() {
    let fields: Vec<String> = (0..20)
        .map(|i| format!(r#"{{"name":"f{i}","type":["null","string"]}}"#))
        .collect();
    let records: Vec<String> = (0..1_000)
        .map(|i| {
            format!(
                r#"{{"type":"record","name":"R{i}","fields":[{{"name":"x{i}","type":"int"}},{}]}}"#,
                fields.join(",")
            )
        })
        .collect();
    let text = format!("[{}]", records.join(","));
    assert_eq!(differences(&text, &text), []);
}

#[test]
fn ambiguous_fields_end_the_comparison() {
    let reader = r#"{"type":"record","name":"R","fields":[{"name":"x","type":"int"},{"name":"a","type":"int","aliases":["b"]}]}"#;
    let writer = r#"{"type":"record","name":"R","fields":[{"name":"a","type":"int"},{"name":"b","type":"int"}]}"#;
    assert_eq!(
        messages(reader, writer),
        [format!(
            "Unexpected exception during compatibility check: Reader record field a type:INT pos:1 matches multiple fields in writer record schema {writer}"
        )]
    );
}

#[test]
fn recursion_and_bounds() {
    let list = |of: &str| {
        format!(
            r#"{{"type":"record","name":"L","fields":[{{"name":"v","type":"{of}"}},{{"name":"next","type":["null","L"]}}]}}"#
        )
    };
    assert_eq!(differences(&list("long"), &list("int")), []);
    assert_eq!(
        differences(&list("int"), &list("long")),
        [("TYPE_MISMATCH", "/fields/0/type".to_owned())]
    );
    // Each level names the next twice: as a tree it has 2^60 leaves.
    let tower = |leaf: &str| {
        let levels: Vec<String> = (0..60)
            .map(|i| {
                format!(
                    r#"{{"type":"record","name":"T{i}","fields":[{{"name":"a","type":"T{n}"}},{{"name":"b","type":"T{n}"}}]}}"#,
                    n = i + 1
                )
            })
            .collect();
        format!(
            r#"[{},{{"type":"record","name":"T60","fields":[{{"name":"v","type":"{leaf}"}}]}}]"#,
            levels.join(",")
        )
    };
    assert_eq!(differences(&tower("long"), &tower("int")), []);
    let (r, w) = (old(&tower("int")), old(&tower("long")));
    let found = diff(&r, &w, &Limits::default()).unwrap();
    assert_eq!(found.len(), 61, "one for each writer's branch");
    let few = Limits {
        steps: 10,
        ..Limits::default()
    };
    assert_eq!(diff(&r, &w, &few), Err(TooComplex));
    // Names used before their definitions must not nest a text deeper than a text may nest.
    let chain: Vec<String> = (0..400)
        .map(|i| {
            format!(
                r#"{{"type":"record","name":"C{i}","fields":[{{"name":"n","type":"C{}"}}]}}"#,
                i + 1
            )
        })
        .collect();
    let text = format!(
        r#"[{},{{"type":"record","name":"C400","fields":[]}}]"#,
        chain.join(",")
    );
    assert!(refused(&text, Strictness::New).contains("nested deeper than 1000"));
}

/// The walks recurse: their bounds must fit the stack that callers provide.
#[test]
fn the_deepest_walks_fit_the_stack() {
    std::thread::Builder::new()
        .stack_size(64 << 20)
        .spawn(|| {
            // Two rings of coprime lengths: the walk over the pairs is as long as their product.
            let ring = |n: usize, open: &str, close: &str| {
                let records: Vec<String> = (0..n)
                    .map(|i| {
                        format!(
                            r#"{{"type":"record","name":"n{i}.R","fields":[{{"name":"f","type":{open}"n{}.R"{close}}}]}}"#,
                            (i + 1) % n
                        )
                    })
                    .collect();
                old(&format!(
                    r#"{{"type":"record","name":"Root","fields":[{{"name":"a","type":"n0.R"}},{{"name":"b","type":[{}]}}]}}"#,
                    records.join(",")
                ))
            };
            for (open, close) in [("", ""), (r#"["null","#, "]")] {
                let (reader, writer) = (ring(151, open, close), ring(149, open, close));
                let found = diff(&reader, &writer, &Limits::default());
                assert_eq!(found.map(|list| list.len()), Err(TooComplex));
            }
            // A chain through references is deep only when they are written out.
            let chain = |n: usize| -> Vec<Resolved> {
                (0..n)
                    .map(|i| {
                        let of = match i {
                            0 => "int".to_owned(),
                            i => format!("C{}", i - 1),
                        };
                        let text = format!(
                            r#"{{"type":"record","name":"C{i}","fields":[{{"name":"f","type":"{of}"}}]}}"#
                        );
                        reference(&format!("C{i}"), &text)
                    })
                    .collect()
            };
            let schema = read(r#""C2599""#, &chain(2_600), Strictness::Existing).unwrap();
            assert_eq!(canonical(&schema), r#""C2599""#);
            assert_eq!(
                formatted(&schema, "resolved").unwrap().matches("\"C").count(),
                2_600
            );
            assert_eq!(diff(&schema, &schema, &Limits::default()), Ok(Vec::new()));
            assert!(read(r#""C2999""#, &chain(3_000), Strictness::Existing).is_err());
            let arrays = |n: usize| {
                r#"{"type":"array","items":"#.repeat(n) + "\"int\"" + &"}".repeat(n)
            };
            let deep = old(&arrays(1_000));
            assert_eq!(canonical(&deep), arrays(1_000));
            assert_eq!(diff(&deep, &deep, &Limits::default()), Ok(Vec::new()));
            refused(&arrays(1_001), Strictness::Existing);
        })
        .unwrap()
        .join()
        .unwrap();
}

#[test]
fn tags_in_the_text() {
    let text = r#"{"type":"record","name":"com.acme.Order","fields":[{"name":"ssn","type":"string","confluent:tags":["PII"]},{"name":"line","type":{"type":"record","name":"Line","fields":[{"name":"sku","type":"string"}],"x":1}}]}"#;
    let schema = old(text);
    assert_eq!(field_names(&schema), ["ssn", "line"]);
    assert_eq!(
        tags(&schema),
        [Tagged {
            path: "com.acme.Order.ssn".into(),
            entity: EntityType::Field,
            tags: vec!["PII".into()]
        }]
    );
    let edit = |path: &str, entity, add: &[&str], remove: &[&str]| TagEdit {
        path: path.into(),
        entity,
        add: add.iter().map(|t| (*t).to_owned()).collect(),
        remove: remove.iter().map(|t| (*t).to_owned()).collect(),
    };
    let edited = with_tags(
        &schema,
        &[
            edit(".com.acme.Order.ssn", EntityType::Field, &[], &["PII"]),
            edit("com.acme.Line", EntityType::Record, &["B", "A", "B"], &[]),
            edit("com.acme.Line.sku", EntityType::Field, &["C"], &[]),
        ],
    )
    .unwrap();
    assert_eq!(
        edited,
        r#"{"type":"record","name":"Order","namespace":"com.acme","fields":[{"name":"ssn","type":"string"},{"name":"line","type":{"type":"record","name":"Line","fields":[{"name":"sku","type":"string","confluent:tags":["C"]}],"x":1,"confluent:tags":["B","A"]}}]}"#
    );
    for (path, entity) in [
        ("com.acme.Order.x", EntityType::Field),
        ("com.acme.Order.ssn", EntityType::Record),
        ("com.acme.Order", EntityType::Field),
    ] {
        assert_eq!(
            with_tags(&schema, &[edit(path, entity, &["T"], &[])])
                .unwrap_err()
                .details,
            format!("No matching path '{path}' found in the schema")
        );
    }
}
