//! Cases of our own; what is expected comes from the API contract or the specifications.

use super::*;
use crate::format::{EntityType, Resolved};

fn source<'a>(text: &'a str, references: &'a [Resolved], strictness: Strictness) -> Source<'a> {
    Source {
        text,
        references,
        strictness,
        limits: Limits::default(),
    }
}

fn read(text: &str) -> Schema {
    parse(&source(text, &[], Strictness::New)).unwrap_or_else(|e| panic!("{text}: {e}"))
}

fn refusal(text: &str) -> String {
    parse(&source(text, &[], Strictness::New))
        .expect_err(text)
        .details
}

fn named(name: &str, text: &str) -> Resolved {
    Resolved {
        name: name.into(),
        text: text.into(),
    }
}

fn found(writer: &Schema, reader: &Schema, policy: Policy) -> Vec<(&'static str, String, bool)> {
    diff(reader, writer, policy, &Limits::default())
        .unwrap()
        .into_iter()
        .map(|d| (d.kind, d.path.clone(), d.breaks(policy)))
        .collect()
}

/// Differences under the strict policy, from texts: names and paths.
fn strict(writer: &str, reader: &str) -> Vec<(&'static str, String)> {
    found(&read(writer), &read(reader), Policy::Strict)
        .into_iter()
        .map(|(kind, path, _)| (kind, path))
        .collect()
}

fn is_compatible(writer: &Schema, reader: &Schema) -> bool {
    found(writer, reader, Policy::Strict)
        .iter()
        .all(|(_, _, breaks)| !breaks)
}

/// Section 3.2.2.
#[test]
fn texts() {
    let text = r#" { "type" : "number", "maximum": 1.0, "minimum": 1e3, "title": "ü\u00e4", "multipleOf": 0.0000001, "maximum": 2,
        "enum": [ { "b": 1, "a": [2, 1] } ] } "#;
    let schema = read(text);
    assert_eq!(
        canonical(&schema),
        r#"{"type":"number","maximum":2,"minimum":1E+3,"title":"üä","multipleOf":1E-7,"enum":[{"b":1,"a":[2,1]}]}"#
    );
    assert_eq!(
        normalized(&schema),
        r#"{"enum":[{"a":[2,1],"b":1}],"maximum":2,"minimum":1E+3,"multipleOf":1E-7,"title":"üä","type":"number"}"#
    );
    // U+FB33 comes after the surrogates of U+10000 by code units, before it by code points.
    let sorted = normalized(&read("{\"properties\":{\"\u{fb33}\":{},\"\u{10000}\":{}}}"));
    assert_eq!(
        sorted,
        "{\"properties\":{\"\u{10000}\":{},\"\u{fb33}\":{}}}"
    );
    assert_eq!(canonical(&read(" true ")), "true");
    assert_eq!(canonical(&read("\u{feff}{}")), "{}");
}

#[test]
fn refused_texts() {
    for text in [
        "",
        "1",
        "\"a\"",
        "[]",
        "{} {}",
        "{\"a\":1,}",
        "// c\n{}",
        r#"{"type":"potato"}"#,
        r#"{"type":[]}"#,
        r#"{"type":{"a":1}}"#,
        r#"{"$schema":42}"#,
        r#"{"properties":{"a":1}}"#,
        r#"{"properties":[]}"#,
        r#"{"properties":{"a":{"items":{"type":"potato"}}}}"#,
        r#"{"required":"a"}"#,
        r#"{"required":[1]}"#,
        r#"{"maxLength":"1"}"#,
        r#"{"maxLength":1.5}"#,
        r#"{"pattern":"(a"}"#,
        r#"{"patternProperties":{"[":true}}"#,
        r#"{"exclusiveMinimum":true}"#,
        r#"{"$schema":"http://json-schema.org/draft-04/schema#","exclusiveMinimum":1}"#,
        r#"{"anyOf":{}}"#,
        r#"{"definitions":{"description":"a note"}}"#,
        r#"{"$schema":"https://json-schema.org/draft/2020-12/schema","$defs":{"description":"a note"}}"#,
        r#"{"not":1}"#,
        r#"{"title":1}"#,
        r#"{"enum":1}"#,
        r##"{"$ref":"#/definitions/a"}"##,
        r##"{"$ref":"#a"}"##,
        r#"{"$ref":1}"#,
        r#"{"properties":{"a":{"$ref":"other.json"}}}"#,
    ] {
        refusal(text);
    }
    let details = refusal(r#"{"properties":{"a":{"$ref":"https://example.com/a.json#/b"}}}"#);
    assert!(
        details.contains("Remote schema reference fetching over HTTP(S) is disabled"),
        "{details}"
    );
    let details = refusal("{\n  \"type\": \"potato\"}");
    assert!(details.contains("line 2, column 11"), "{details}");
}

#[test]
fn accepted_texts() {
    for text in [
        "false",
        "{}",
        r#"{"$schema":"http://example.com/own#","exclusiveMinimum":true,"minimum":1}"#,
        r#"{"$schema":"http://json-schema.org/draft-04/schema#","exclusiveMinimum":true,"minimum":1}"#,
        r#"{"maxLength":2.0}"#,
        r##"{"$ref":"#"}"##,
        r##"{"properties":{"a":{"$ref":"#/definitions/b"}},"$defs":{"b":{}}}"##,
        r##"{"properties":{"a":{"$ref":"#/$defs/b~1c%20d"}},"definitions":{"b/c d":{}}}"##,
        r##"{"$ref":"#b","definitions":{"x":{"$id":"#b"}}}"##,
        r##"{"$schema":"https://json-schema.org/draft/2020-12/schema","$ref":"#b","$defs":{"x":{"$anchor":"b"}}}"##,
        r##"{"$schema":"https://json-schema.org/draft/2020-12/schema","$dynamicRef":"#b","$defs":{"x":{"$dynamicAnchor":"b"}}}"##,
        r##"{"$id":"https://e.com/a","$ref":"b","definitions":{"x":{"$id":"https://e.com/b"}}}"##,
        r##"{"$ref":"http://json-schema.org/draft-07/schema#"}"##,
        r##"{"definitions":{"unused":{"$ref":"#/nowhere"}}}"##,
        r#"{"properties":{"$ref":{"type":"string"},"enum":{"$id":"x"}}}"#,
        r#"{"$schema":"http://json-schema.org/draft-07/schema#","$defs":{"description":"a note"}}"#,
        r#"{"enum":[{"$ref":"nowhere"}],"default":{"$ref":"nowhere"}}"#,
    ] {
        read(text);
    }
}

#[test]
fn stored_texts_stay_readable() {
    for text in [
        r#"{"type":"potato","required":1,"properties":7,"$ref":3}"#,
        r#"{"$ref":"https://example.com/x"}"#,
        r#"{"pattern":"["}"#,
    ] {
        let stored = parse(&source(text, &[], Strictness::Existing)).unwrap();
        assert!(is_compatible(&stored, &stored));
    }
    let broken = [named("a.json", "{")];
    parse(&source(
        r#"{"$ref":"a.json"}"#,
        &broken,
        Strictness::Existing,
    ))
    .unwrap();
    parse(&source(r#"{"$ref":"a.json"}"#, &broken, Strictness::New)).unwrap_err();
    parse(&source("{", &[], Strictness::Existing)).unwrap_err();
}

#[test]
fn references() {
    let number = r#"{"type":"number","definitions":{"text":{"type":"string"}}}"#;
    let chain = r#"{"type":"object","properties":{"n":{"$ref":"number.json"}}}"#;
    for (text, references, same) in [
        (
            r#"{"$ref":"number.json"}"#,
            vec![named("number.json", number)],
            r#"{"type":"number"}"#,
        ),
        (
            r##"{"$ref":"number.json#/definitions/text"}"##,
            vec![named("number.json", number)],
            r#"{"type":"string"}"#,
        ),
        (
            r#"{"$id":"https://e.com/d/root.json","$ref":"number.json"}"#,
            vec![named("https://e.com/d/number.json", number)],
            r#"{"type":"number"}"#,
        ),
        (
            r#"{"$ref":"d/chain.json"}"#,
            vec![named("d/number.json", number), named("d/chain.json", chain)],
            r#"{"type":"object","properties":{"n":{"type":"number"}}}"#,
        ),
        (
            r#"{"$ref":"d/chain.json"}"#,
            vec![named("number.json", number), named("d/chain.json", chain)],
            r#"{"type":"object","properties":{"n":{"type":"number"}}}"#,
        ),
    ] {
        let schema = parse(&source(text, &references, Strictness::New)).unwrap();
        let same = read(same);
        assert!(is_compatible(&schema, &same), "{text}");
        assert!(is_compatible(&same, &schema), "{text}");
        assert!(!is_compatible(&schema, &read(r#"{"type":"null"}"#)));
    }
}

/// Section 6.4: the shape of the messages, with their unbalanced quote.
#[test]
fn messages() {
    let (old, new) = (
        read(r#"{"type":"object","properties":{"age":{"type":"string"}}}"#),
        read(r#"{"type":"object","properties":{"age":{"type":"integer"}}}"#),
    );
    let differences = diff(&new, &old, Policy::Strict, &Limits::default()).unwrap();
    let messages: Vec<_> = differences
        .iter()
        .map(|d| d.message("new", "old"))
        .collect();
    assert_eq!(
        messages,
        [
            r#"{errorType:"TYPE_CHANGED", description:"A type at path '#/properties/age' is different between the new schema and the old schema'}"#
        ]
    );
    let titled = read(r#"{"type":"object","title":"a","properties":{"age":{"type":"string"}}}"#);
    let differences = diff(&titled, &old, Policy::Strict, &Limits::default()).unwrap();
    assert_eq!(
        differences[0].message("new", "old"),
        r#"{errorType:"TITLE_CHANGED", description:"'}"#
    );
    // A property's name cannot pass for the place of a word.
    let forged = read("{\"properties\":{\"\\u0000R\":{\"type\":\"string\"}}}");
    let differences = diff(
        &forged,
        &read("{\"properties\":{}}"),
        Policy::Strict,
        &Limits::default(),
    )
    .unwrap();
    assert!(
        differences[0]
            .message("new", "old")
            .contains("'#/properties/\u{fffd}R'")
    );
}

/// What the reference server throws at, or gets from its validator, and section 6.4 settles.
#[test]
fn corners() {
    assert_eq!(
        strict(
            r#"{"type":"number","exclusiveMaximum":10}"#,
            r#"{"type":"number","exclusiveMaximum":9}"#
        ),
        [(
            "EXCLUSIVE_MAXIMUM_DECREASED",
            "#/exclusiveMaximum".to_owned()
        )]
    );
    assert_eq!(
        strict(r#"{"multipleOf":0.5}"#, r#"{"multipleOf":0.50}"#),
        []
    );
    assert_eq!(
        strict(
            r#"{"maximum":9007199254740993}"#,
            r#"{"maximum":9007199254740992}"#
        ),
        [("MAXIMUM_DECREASED", "#/maximum".to_owned())]
    );
    assert_eq!(strict(r#"{"enum":[1,"a"]}"#, r#"{"enum":["a",1.0]}"#), []);
    assert_eq!(
        strict(
            r#"{"not":{"type":"number"}}"#,
            r#"{"not":{"type":"number"}}"#
        ),
        []
    );
    // A default beside a reference is the property's own.
    assert_eq!(
        strict(
            r#"{"properties":{},"additionalProperties":false}"#,
            r##"{"properties":{"a":{"$ref":"#/definitions/s","default":"x"}},"required":["a"],"additionalProperties":false,
                "definitions":{"s":{"type":"string"}}}"##
        ),
        [(
            "REQUIRED_PROPERTY_WITH_DEFAULT_ADDED_TO_UNOPEN_CONTENT_MODEL",
            "#/properties/a".to_owned()
        )]
    );
}

#[test]
fn lenient_policy_forgives_added_optional_properties_alone() {
    let old = read(r#"{"type":"object","properties":{"a":{"type":"string"}}}"#);
    let optional =
        read(r#"{"type":"object","properties":{"a":{"type":"string"},"b":{"type":"string"}}}"#);
    let required = read(
        r#"{"type":"object","properties":{"a":{"type":"string"},"b":{"type":"string"}},"required":["b"]}"#,
    );
    let breaks = |reader: &Schema, policy| found(&old, reader, policy).iter().any(|d| d.2);
    assert!(breaks(&optional, Policy::Strict));
    assert!(!breaks(&optional, Policy::Lenient));
    assert!(breaks(&required, Policy::Lenient));
}

/// The policy reaches into branches.
#[test]
fn lenient_policy_matches_branches() {
    let old = read(r#"{"oneOf":[{"type":"object","properties":{"a":{"type":"string"}}}]}"#);
    let new = read(
        r#"{"oneOf":[{"type":"object","properties":{"a":{"type":"string"},"b":{"type":"string"}}}]}"#,
    );
    let kinds = |policy| -> Vec<_> { found(&old, &new, policy).iter().map(|d| d.0).collect() };
    assert_eq!(kinds(Policy::Strict), ["COMBINED_TYPE_SUBSCHEMAS_CHANGED"]);
    assert_eq!(
        kinds(Policy::Lenient),
        ["OPTIONAL_PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL"]
    );
}

/// An assumption that a pair under way is compatible must not outlive its refutation.
#[test]
fn recursion_does_not_hide_differences() {
    let schema = |id: &str| {
        format!(
            r##"{{"definitions":{{
                "A":{{"type":"object","properties":{{"id":{{"type":"{id}"}},"next":{{"oneOf":[{{"$ref":"#/definitions/B"}},{{"$ref":"#/definitions/A"}}]}}}}}},
                "B":{{"type":"object","properties":{{"next":{{"oneOf":[{{"$ref":"#/definitions/A"}},{{"$ref":"#/definitions/B"}}]}},"b":{{"type":"boolean"}}}}}}
                }},"$ref":"#/definitions/B"}}"##
        )
    };
    let (old, new) = (read(&schema("string")), read(&schema("number")));
    assert!(is_compatible(&old, &old));
    assert!(!is_compatible(&old, &new));
    assert!(!is_compatible(&new, &old));
}

/// Section 2.4.6 names these trails.
#[test]
fn tags_and_their_trails() {
    let text = r#"{"type":"object","confluent:tags":["ROOT"],"properties":{
        "f1":{"type":"string","confluent:tags":["PII"]},
        "items":{"type":"array","items":{"type":"object","properties":{"price":{"type":"number","confluent:tags":["P"]}}}},
        "x":{"allOf":[{"type":"object","properties":{"y":{"confluent:tags":["A"]}}}],
             "not":{"type":"object","properties":{"y":{"confluent:tags":["N"]}}}}},
        "definitions":{"Card":{"type":"object","properties":{"number":{"type":"string","confluent:tags":["C"]}}}}}"#;
    let paths: Vec<_> = tags(&read(text))
        .into_iter()
        .map(|t| (t.path, t.entity, t.tags.join(",")))
        .collect();
    let field = EntityType::Field;
    assert_eq!(
        paths,
        [
            ("object".into(), EntityType::Record, "ROOT".into()),
            ("object.f1".into(), field, "PII".into()),
            ("object.items.array.object.price".into(), field, "P".into()),
            ("object.x.allof.0.object.y".into(), field, "A".into()),
            ("object.x.not.object.y".into(), field, "N".into()),
            (
                "object.definitions.Card.object.number".into(),
                field,
                "C".into()
            ),
        ] as [(String, EntityType, String); 6]
    );
}

#[test]
fn tag_edits() {
    let schema = read(
        r#"{"anyOf":[{"type":"null"},{"type":"object","properties":{"parent":{"type":"string","confluent:tags":["A","B"]}}}],
            "if":{"type":"object"}}"#,
    );
    let edit = |path: &str, entity, add: &[&str], remove: &[&str]| {
        let words = |words: &[&str]| words.iter().map(|&w| w.to_owned()).collect();
        with_tags(
            &schema,
            &[TagEdit {
                path: path.into(),
                entity,
                add: words(add),
                remove: words(remove),
            }],
        )
    };
    assert_eq!(
        edit(
            ".anyof.1.object.parent",
            EntityType::Field,
            &["C", "A"],
            &["B"]
        )
        .unwrap(),
        r#"{"anyOf":[{"type":"null"},{"type":"object","properties":{"parent":{"type":"string","confluent:tags":["A","C"]}}}],"if":{"type":"object"}}"#
    );
    assert_eq!(
        edit("anyof.1.object.parent", EntityType::Field, &[], &["A", "B"]).unwrap(),
        r#"{"anyOf":[{"type":"null"},{"type":"object","properties":{"parent":{"type":"string"}}}],"if":{"type":"object"}}"#
    );
    assert_eq!(
        edit("conditional.if.object", EntityType::Record, &["R"], &[]).unwrap(),
        r#"{"anyOf":[{"type":"null"},{"type":"object","properties":{"parent":{"type":"string","confluent:tags":["A","B"]}}}],"if":{"type":"object","confluent:tags":["R"]}}"#
    );
    // Section 1.5.4.
    assert_eq!(
        edit("object.no", EntityType::Field, &["R"], &[])
            .unwrap_err()
            .details,
        "No matching path 'object.no' found in the schema"
    );
}

#[test]
fn field_names_of_the_root() {
    assert_eq!(
        field_names(&read(r#"{"properties":{"b":{},"a":{}}}"#)),
        ["b", "a"]
    );
    assert_eq!(
        field_names(&read(
            r##"{"$ref":"#/definitions/r","definitions":{"r":{"properties":{"a":{}}}}}"##
        )),
        ["a"]
    );
    assert!(field_names(&read("true")).is_empty());
}

fn on_big_stack(test: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new()
        .stack_size(64 << 20)
        .spawn(test)
        .unwrap()
        .join()
        .unwrap();
}

/// As deep as a text may be, and far deeper through references.
#[test]
fn depth() {
    on_big_stack(|| {
        let deep = |leaf: &str| {
            let mut text = String::new();
            for _ in 0..499 {
                text.push_str(r#"{"type":"object","properties":{"a":"#);
            }
            text + leaf + &"}}".repeat(499)
        };
        let (old, new) = (
            read(&deep(r#"{"type":"string"}"#)),
            read(&deep(r#"{"type":"number"}"#)),
        );
        assert!(is_compatible(&old, &old));
        let differences = found(&old, &new, Policy::Strict);
        assert_eq!(differences.len(), 1);
        assert_eq!(differences[0].1.len(), 1 + 499 * "/properties/a".len());
        refusal(&deep(&deep("{}")));

        let chain = |leaf: &str, union: bool| {
            let mut text = String::from(r##"{"$ref":"#/definitions/0","definitions":{"##);
            for i in 0..6_000 {
                let next = format!(r##"{{"$ref":"#/definitions/{}"}}"##, i + 1);
                let body = if union {
                    format!(r#"{{"anyOf":[{{"type":"null"}},{{"type":"array","items":{next}}}]}}"#)
                } else {
                    format!(r#"{{"type":"array","items":{next}}}"#)
                };
                text.push_str(&format!(r#""{i}":{body},"#));
            }
            text + &format!(r#""6000":{leaf}}}}}"#)
        };
        for union in [false, true] {
            let (old, new) = (
                read(&chain(r#"{"type":"string"}"#, union)),
                read(&chain(r#"{"type":"number"}"#, union)),
            );
            assert!(is_compatible(&old, &old));
            // Either the difference is found or the comparison is given up; it is never missed.
            if let Ok(differences) = diff(&new, &old, Policy::Strict, &Limits::default()) {
                assert!(differences.iter().any(|d| d.breaks(Policy::Strict)));
            }
        }
    });
}

/// Texts that would take exponential time if branches were compared again on each path to them.
#[test]
fn no_explosion() {
    on_big_stack(|| {
        let union = |kind: &str| {
            let mut text = String::from(r##"{"$ref":"#/definitions/d0","definitions":{"##);
            for i in 0..40 {
                let next = format!(r##"{{"$ref":"#/definitions/d{}"}}"##, i + 1);
                text.push_str(&format!(
                    r#""d{i}":{{"oneOf":[{{"type":"object","properties":{{"a":{next},"b":{next}}}}},{{"type":"array","items":{next}}}]}},"#
                ));
            }
            text + &format!(r#""d40":{{"type":"{kind}"}}}}}}"#)
        };
        let (old, new) = (read(&union("string")), read(&union("number")));
        assert!(is_compatible(&old, &old));
        assert!(!is_compatible(&old, &new));

        let doubling = |kind: &str| {
            let mut text = String::from(r##"{"$ref":"#/definitions/d0","definitions":{"##);
            for i in 0..60 {
                let next = format!(r##"{{"$ref":"#/definitions/d{}"}}"##, i + 1);
                text.push_str(&format!(
                    r#""d{i}":{{"type":"object","properties":{{"a":{next},"b":{next}}}}},"#
                ));
            }
            text + &format!(r#""d60":{{"type":"{kind}"}}}}}}"#)
        };
        let (old, new) = (read(&doubling("string")), read(&doubling("number")));
        assert!(is_compatible(&old, &old));
        assert!(!is_compatible(&old, &new));

        let branches = |n: usize, offset: usize| {
            let list: Vec<_> = (0..n)
                .map(|i| format!(r#"{{"type":"string","maxLength":{}}}"#, i + offset))
                .collect();
            format!(r#"{{"anyOf":[{}]}}"#, list.join(","))
        };
        let (old, new) = (read(&branches(300, 1)), read(&branches(300, 0)));
        assert!(!is_compatible(&old, &new));
        assert!(is_compatible(&new, &old));
        let huge = read(&branches(5_000, 1));
        let other = read(&branches(5_000, 1).replace("maxLength", "minLength"));
        let limits = Limits {
            steps: 200_000,
            ..Limits::default()
        };
        assert!(diff(&other, &huge, Policy::Strict, &limits).is_err());
    });
}
