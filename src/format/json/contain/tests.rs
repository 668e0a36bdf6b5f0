//! Cases of our own, by family of keywords. Whether a pair is contained follows from the specification of its
//! dialect; every document that is found is executed by an independent validator.

use super::{Search, Side, search_documents};
use crate::format::json::Dialect;
use crate::format::json_text::{self, Node};
use crate::format::truth::{Budget, Obstacle};

fn parse(text: &str) -> Node {
    json_text::parse(text, 1_000).unwrap()
}

fn side(root: &Node, dialect: Dialect) -> Side<'_> {
    Side::new(root, Vec::new(), dialect)
}

fn search(dialect: Dialect, writer: &str, reader: &str) -> Search {
    let (writer, reader) = (parse(writer), parse(reader));
    search_documents(
        &side(&reader, dialect),
        &side(&writer, dialect),
        &Budget::default(),
    )
}

fn accepts(dialect: Dialect, schema: &str, document: &serde_json::Value) -> bool {
    let draft = match dialect {
        Dialect::Draft4 => jsonschema::Draft::Draft4,
        Dialect::Draft6 => jsonschema::Draft::Draft6,
        Dialect::Draft7 => jsonschema::Draft::Draft7,
        Dialect::Draft2019 => jsonschema::Draft::Draft201909,
        Dialect::Draft2020 => jsonschema::Draft::Draft202012,
    };
    jsonschema::options()
        .with_draft(draft)
        .should_validate_formats(false)
        .build(&parse(schema).to_serde())
        .unwrap()
        .is_valid(document)
}

/// Each case: the writer, the reader, and whether everything of the writer is the reader's.
fn check(dialect: Dialect, cases: &[(&str, &str, bool)]) {
    for (writer, reader, contained) in cases {
        match search(dialect, writer, reader) {
            Search::Empty => assert!(contained, "proved: {writer} in {reader}"),
            Search::Found(value) | Search::Maybe(value, _) => {
                let document = Node::made(value).to_serde();
                assert!(!contained, "{document} found: {writer} in {reader}");
                assert!(accepts(dialect, writer, &document), "{document}: {writer}");
                assert!(!accepts(dialect, reader, &document), "{document}: {reader}");
            }
            Search::Unknown(obstacles) => panic!("{obstacles:?}: {writer} in {reader}"),
        }
    }
}

fn obstacles(dialect: Dialect, writer: &str, reader: &str) -> Vec<Obstacle> {
    match search(dialect, writer, reader) {
        Search::Unknown(obstacles) => obstacles,
        other => panic!("{other:?}"),
    }
}

#[test]
fn types_and_values() {
    check(
        Dialect::Draft7,
        &[
            (r#"{"type":"integer"}"#, r#"{"type":"number"}"#, true),
            (r#"{"type":"number"}"#, r#"{"type":"integer"}"#, false),
            (
                r#"{"type":["boolean","null"]}"#,
                r#"{"enum":[true,false,null]}"#,
                true,
            ),
            (
                r#"{"type":["boolean","null"]}"#,
                r#"{"enum":[true,null]}"#,
                false,
            ),
            (r#"{"const":1.0}"#, r#"{"const":1}"#, true),
            (
                r#"{"const":[1,{"a":null}]}"#,
                r#"{"enum":[0,[1.0,{"a":null}]]}"#,
                true,
            ),
            (r#"{"const":{"a":1}}"#, r#"{"const":{"a":1,"b":2}}"#, false),
            ("true", "{}", true),
            ("{}", "false", false),
            ("false", "false", true),
        ],
    );
}

#[test]
fn numbers() {
    check(
        Dialect::Draft7,
        &[
            (
                r#"{"type":"integer","exclusiveMinimum":2}"#,
                r#"{"minimum":3}"#,
                true,
            ),
            (
                r#"{"type":"number","exclusiveMinimum":2}"#,
                r#"{"minimum":3}"#,
                false,
            ),
            (r#"{"multipleOf":6}"#, r#"{"multipleOf":3}"#, true),
            (r#"{"multipleOf":0.01}"#, r#"{"multipleOf":0.001}"#, true),
            (
                r#"{"type":"integer"}"#,
                r#"{"anyOf":[{"multipleOf":2},{"multipleOf":3}]}"#,
                false,
            ),
            (
                r#"{"type":"number","minimum":9007199254740993}"#,
                r#"{"exclusiveMinimum":9007199254740992}"#,
                true,
            ),
            (
                r#"{"type":"integer","minimum":1,"maximum":3}"#,
                r#"{"enum":[1,2,3]}"#,
                true,
            ),
            (
                r#"{"type":"number","minimum":1,"maximum":1}"#,
                r#"{"const":1}"#,
                true,
            ),
            (
                r#"{"type":"number","exclusiveMinimum":1,"exclusiveMaximum":2,"multipleOf":0.25}"#,
                r#"{"enum":[1.25,1.5,1.75]}"#,
                true,
            ),
            (
                r#"{"type":"integer","multipleOf":7,"minimum":1,"maximum":13}"#,
                r#"{"const":7}"#,
                true,
            ),
            (
                r#"{"type":"number"}"#,
                r#"{"not":{"enum":[0,1,-1,2]}}"#,
                false,
            ),
        ],
    );
}

#[test]
fn strings() {
    check(
        Dialect::Draft2020,
        &[
            (
                r#"{"type":"string","minLength":3}"#,
                r#"{"minLength":2}"#,
                true,
            ),
            (
                r#"{"type":"string","pattern":"^a+$"}"#,
                r#"{"pattern":"^a","minLength":1}"#,
                true,
            ),
            (
                r#"{"type":"string","pattern":"^[a-c]{2}$"}"#,
                r#"{"minLength":2,"maxLength":2}"#,
                true,
            ),
            (
                r#"{"type":"string","maxLength":2}"#,
                r#"{"maxLength":1}"#,
                false,
            ),
            (r#"{"pattern":"a"}"#, r#"{"pattern":"^a"}"#, false),
            (
                r#"{"type":"string"}"#,
                r#"{"not":{"enum":["","a","b"]}}"#,
                false,
            ),
            (
                r#"{"type":"string","maxLength":0}"#,
                r#"{"const":""}"#,
                true,
            ),
            (
                r#"{"type":"string","format":"date"}"#,
                r#"{"format":"uuid"}"#,
                true,
            ),
        ],
    );
}

#[test]
fn arrays() {
    check(
        Dialect::Draft2020,
        &[
            (
                r#"{"type":"array","items":{"type":"integer"}}"#,
                r#"{"items":{"type":"number"}}"#,
                true,
            ),
            (
                r#"{"type":"array","prefixItems":[{"type":"string"}],"items":false}"#,
                r#"{"maxItems":1}"#,
                true,
            ),
            (
                r#"{"type":"array","minItems":3,"items":{"type":"boolean"},"uniqueItems":true}"#,
                "false",
                true,
            ),
            (
                r#"{"type":"array","minItems":2,"items":{"type":"boolean"},"uniqueItems":true}"#,
                "false",
                false,
            ),
            (
                r#"{"type":"array","contains":{"const":1}}"#,
                r#"{"minItems":1}"#,
                true,
            ),
            (
                r#"{"type":"array","contains":{"const":1},"minContains":2}"#,
                r#"{"uniqueItems":true}"#,
                false,
            ),
            (
                r#"{"type":"array","contains":{"const":1},"minContains":0}"#,
                r#"{"minItems":1}"#,
                false,
            ),
            (
                r#"{"type":"array","contains":{"type":"integer"},"maxContains":1,"minItems":3}"#,
                r#"{"contains":{"not":{"type":"integer"}},"minContains":2}"#,
                true,
            ),
            (
                r#"{"maxContains":0,"contains":true,"minContains":0}"#,
                r#"{"type":["null","boolean","string","number","object","array"]}"#,
                true,
            ),
            (
                r#"{"type":"array","minItems":2,"maxItems":2,"uniqueItems":true,"prefixItems":[{"enum":[1,2]},{"const":1}]}"#,
                r#"{"prefixItems":[{"const":2}]}"#,
                true,
            ),
            (
                r#"{"type":"array","prefixItems":[{"enum":[1,2,3]},{"enum":[1,2]},{"const":1}],"minItems":3,"uniqueItems":true}"#,
                r#"{"prefixItems":[{"const":3},{"const":2}]}"#,
                true,
            ),
            (
                r#"{"type":"array","maxItems":2}"#,
                r#"{"items":{"type":"null"}}"#,
                false,
            ),
        ],
    );
    check(
        Dialect::Draft7,
        &[
            (
                r#"{"type":"array","items":[{"type":"string"}],"additionalItems":false}"#,
                r#"{"items":{"type":"string"}}"#,
                true,
            ),
            (
                r#"{"type":"array","items":[{"type":"string"}]}"#,
                r#"{"items":{"type":"string"}}"#,
                false,
            ),
            // Not a keyword before 2019-09.
            (
                r#"{"type":"array","contains":{"const":1},"minContains":0}"#,
                r#"{"minItems":1}"#,
                true,
            ),
        ],
    );
}

#[test]
fn objects() {
    check(
        Dialect::Draft7,
        &[
            (
                r#"{"type":"object","properties":{"a":{"type":"string"}},"required":["a"]}"#,
                r#"{"required":["a"]}"#,
                true,
            ),
            (
                r#"{"type":"object","properties":{"a":{"type":"string"}}}"#,
                r#"{"required":["a"]}"#,
                false,
            ),
            (
                r#"{"type":"object","properties":{"a":true},"required":["a"],"additionalProperties":false}"#,
                r#"{"properties":{"b":true},"required":["a"],"additionalProperties":false}"#,
                false,
            ),
            (
                r#"{"type":"object","additionalProperties":{"type":"integer"}}"#,
                r#"{"patternProperties":{"^x":{"type":"number"}}}"#,
                true,
            ),
            (
                r#"{"type":"object","patternProperties":{"^x":{"type":"integer"}}}"#,
                r#"{"additionalProperties":{"type":"number"}}"#,
                false,
            ),
            (
                r#"{"type":"object","propertyNames":{"enum":["a","b"]}}"#,
                r#"{"maxProperties":2}"#,
                true,
            ),
            (
                r#"{"type":"object","propertyNames":{"maxLength":1}}"#,
                r#"{"patternProperties":{"^..":false}}"#,
                true,
            ),
            (
                r#"{"type":"object","minProperties":2,"properties":{"a":true},"additionalProperties":false}"#,
                "false",
                true,
            ),
            (
                r#"{"type":"object","dependencies":{"a":["b"]},"required":["a"]}"#,
                r#"{"required":["b"]}"#,
                true,
            ),
            (
                r#"{"type":"object","dependencies":{"a":{"required":["b"]}}}"#,
                r#"{"dependencies":{"a":["b"]}}"#,
                true,
            ),
            (
                r#"{"properties":{"a":false}}"#,
                r#"{"not":{"required":["a"]}}"#,
                false,
            ),
            (
                r#"{"type":"object","properties":{"a":false}}"#,
                r#"{"not":{"required":["a"]}}"#,
                true,
            ),
            (
                r#"{"type":"object","patternProperties":{"a":{"minimum":1},"b":{"maximum":0}},"required":["ab"],"properties":{"ab":{"type":"number"}}}"#,
                "false",
                true,
            ),
        ],
    );
}

#[test]
fn combinations() {
    check(
        Dialect::Draft7,
        &[
            (
                r#"{"oneOf":[{"type":"string"},{"type":"null"}]}"#,
                r#"{"anyOf":[{"type":"null"},{"type":"string"}]}"#,
                true,
            ),
            (
                r#"{"anyOf":[{"minimum":1},{"maximum":5}]}"#,
                r#"{"oneOf":[{"minimum":1},{"maximum":5}]}"#,
                false,
            ),
            (
                r#"{"oneOf":[{"type":"integer"},{"minimum":0}],"type":"number"}"#,
                r#"{"not":{"const":3}}"#,
                true,
            ),
            (
                r#"{"not":{"not":{"type":"string"}}}"#,
                r#"{"type":"string"}"#,
                true,
            ),
            (
                r#"{"if":{"properties":{"k":{"const":1}}},"then":{"required":["x"]},"type":"object","required":["k"],"properties":{"k":{"enum":[1]}}}"#,
                r#"{"required":["x"]}"#,
                true,
            ),
            (
                r#"{"if":{"required":["k"]},"else":{"required":["x"]},"type":"object"}"#,
                r#"{"required":["x"]}"#,
                false,
            ),
            (
                r#"{"allOf":[{"minLength":2},{"maxLength":1},{"type":"string"}]}"#,
                "false",
                true,
            ),
        ],
    );
}

#[test]
fn references() {
    let list = r##"{"$ref":"#/definitions/list","definitions":{"list":{"type":"object","properties":{"next":{"$ref":"#/definitions/list"},"v":{"type":"integer"}},"required":["v"]}}}"##;
    let wider = r##"{"$ref":"#/definitions/l","definitions":{"l":{"type":"object","properties":{"next":{"$ref":"#/definitions/l"},"v":{"type":"number"}}}}}"##;
    // No finite document: every one needs another inside.
    let endless = r##"{"type":"object","properties":{"next":{"$ref":"#"}},"required":["next"]}"##;
    check(
        Dialect::Draft7,
        &[
            (list, wider, true),
            (wider, list, false),
            (endless, "false", true),
            (
                r##"{"properties":{"a":{"$ref":"#/definitions/x","type":"string"}},"definitions":{"x":{"type":"integer"}},"required":["a"],"type":"object"}"##,
                r#"{"properties":{"a":{"type":"integer"}}}"#,
                true,
            ),
            // An `$id` in an enum names nothing.
            (
                r##"{"definitions":{"e":{"enum":[{"$id":"http://x/y","type":"null"}]},"y":{"$id":"http://x/y","type":"string"}},"$ref":"http://x/y"}"##,
                r#"{"type":"string"}"#,
                true,
            ),
        ],
    );
    check(
        Dialect::Draft2020,
        &[
            (
                r##"{"$ref":"#/$defs/x","type":"number","$defs":{"x":{"minimum":1}}}"##,
                r#"{"type":"number","minimum":0}"#,
                true,
            ),
            (
                r##"{"$id":"http://x/root","$ref":"#a","$defs":{"a":{"$anchor":"a","type":"string"}}}"##,
                r#"{"type":"string"}"#,
                true,
            ),
            // The outermost anchor of the name counts: the items are strings.
            (
                r##"{"$id":"http://x/strings","$ref":"list","$defs":{"s":{"$dynamicAnchor":"item","type":"string"},"list":{"$id":"list","type":"array","items":{"$dynamicRef":"#item"},"$defs":{"i":{"$dynamicAnchor":"item"}}}}}"##,
                r#"{"items":{"type":"string"}}"#,
                true,
            ),
            (
                r#"{"$ref":"https://json-schema.org/draft/2020-12/schema"}"#,
                r#"{"type":["object","boolean"]}"#,
                true,
            ),
        ],
    );
}

#[test]
fn meta_schemas() {
    for (dialect, uri) in [
        (Dialect::Draft4, "http://json-schema.org/draft-04/schema#"),
        (Dialect::Draft6, "http://json-schema.org/draft-06/schema"),
        (Dialect::Draft7, "http://json-schema.org/draft-07/schema#"),
        (
            Dialect::Draft2019,
            "https://json-schema.org/draft/2019-09/schema",
        ),
        (
            Dialect::Draft2020,
            "https://json-schema.org/draft/2020-12/schema",
        ),
    ] {
        let meta = format!(r#"{{"$ref":"{uri}"}}"#);
        check(
            dialect,
            &[
                (&meta, r#"{"type":["object","boolean"]}"#, true),
                (
                    &meta,
                    r#"{"properties":{"maxLength":{"type":"number"}}}"#,
                    true,
                ),
                (r#"{"enum":[{"title":"t"}]}"#, &meta, true),
                (r#"{"enum":[{"title":1}]}"#, &meta, false),
            ],
        );
    }
}

#[test]
fn unevaluated() {
    check(
        Dialect::Draft2020,
        &[
            (
                r#"{"type":"object","allOf":[{"properties":{"a":true}}],"properties":{"b":true},"unevaluatedProperties":false}"#,
                r#"{"propertyNames":{"enum":["a","b"]}}"#,
                true,
            ),
            (
                r#"{"type":"object","anyOf":[{"properties":{"a":{"const":1}},"required":["a"]},true],"unevaluatedProperties":false}"#,
                r#"{"properties":{"a":{"const":1}},"additionalProperties":false}"#,
                true,
            ),
            (
                r#"{"type":"object","if":{"required":["k"]},"then":{"properties":{"k":true,"x":true}},"unevaluatedProperties":false}"#,
                r#"{"required":["k"]}"#,
                false,
            ),
            (
                r#"{"type":"array","contains":{"type":"string"},"unevaluatedItems":false}"#,
                r#"{"items":{"type":"string"}}"#,
                true,
            ),
        ],
    );
    check(
        Dialect::Draft2019,
        &[(
            // In 2019-09 `contains` evaluates nothing.
            r#"{"type":"array","contains":{"type":"string"},"unevaluatedItems":false}"#,
            "false",
            true,
        )],
    );
}

#[test]
fn dialects() {
    check(
        Dialect::Draft4,
        &[
            (
                r#"{"type":"number","minimum":1,"exclusiveMinimum":true}"#,
                r#"{"not":{"enum":[1]}}"#,
                true,
            ),
            (
                r#"{"type":"number","minimum":1}"#,
                r#"{"not":{"enum":[1]}}"#,
                false,
            ),
            // Spelt with a fraction it is no integer there.
            (r#"{"enum":[1]}"#, r#"{"type":"integer"}"#, false),
            // No keyword yet.
            (r#"{"const":1}"#, r#"{"enum":[1]}"#, false),
        ],
    );
    check(
        Dialect::Draft6,
        &[
            (r#"{"const":1.0}"#, r#"{"type":"integer"}"#, true),
            (r#"{"if":true,"then":false}"#, "true", true),
            (r#"{"if":true,"then":false}"#, "false", false),
        ],
    );
    let (writer, reader) = (
        parse(r#"{"type":"array","items":[{"type":"null"}]}"#),
        parse(r#"{"prefixItems":[{"type":"null"}]}"#),
    );
    let found = search_documents(
        &side(&reader, Dialect::Draft2020),
        &side(&writer, Dialect::Draft7),
        &Budget::default(),
    );
    assert!(matches!(found, Search::Empty), "{found:?}");
}

#[test]
fn formats_as_assertions() {
    let decide = |writer: &str, reader: &str| {
        let (writer, reader) = (parse(writer), parse(reader));
        let budget = Budget {
            assert_formats: true,
            ..Budget::default()
        };
        search_documents(
            &side(&reader, Dialect::Draft2020),
            &side(&writer, Dialect::Draft2020),
            &budget,
        )
    };
    let date = r#"{"type":"string","format":"date"}"#;
    assert!(matches!(
        decide(date, r#"{"pattern":"^\\d{4}-"}"#),
        Search::Empty
    ));
    assert!(matches!(
        decide(r#"{"const":"2000-01-01"}"#, date),
        Search::Empty
    ));
    assert!(matches!(
        decide(r#"{"type":"string"}"#, date),
        Search::Found(_) | Search::Maybe(..)
    ));
    assert!(matches!(
        decide(date, r#"{"maxLength":9}"#),
        Search::Found(_) | Search::Maybe(..)
    ));
}

#[test]
fn obstacles_say_what_and_where() {
    let found = obstacles(
        Dialect::Draft7,
        r##"{"properties":{"a/b":{"$ref":"#/definitions/none"}},"required":["a/b"],"type":"object"}"##,
        r#"{"properties":{"a/b":{"type":"string"}}}"#,
    );
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].construct, "reference that leads nowhere");
    assert_eq!(found[0].place.pointer, "/properties/a~1b");
}

/// What a stranger sends ends, soon and on a small stack.
#[test]
fn bounds() {
    let nested = |inner: &str| {
        let mut text = inner.to_owned();
        for _ in 0..450 {
            text = format!(r#"{{"type":"object","properties":{{"a":{text}}},"required":["a"]}}"#);
        }
        text
    };
    let both_deep = (
        nested(r#"{"type":"integer"}"#),
        nested(r#"{"type":"string"}"#),
    );
    let not = "{\"not\":".repeat(900) + "{\"type\":\"string\"}" + &"}".repeat(900);
    let many: String = (0..60)
        .map(|i| format!(r#"{{"anyOf":[{{"required":["a{i}"]}},{{"required":["b{i}"]}}]}}"#))
        .collect::<Vec<_>>()
        .join(",");
    let choices = format!(r#"{{"type":"object","allOf":[{many}],"maxProperties":59}}"#);
    let cases = [
        (both_deep.0.clone(), both_deep.1.clone()),
        (
            both_deep.0.clone(),
            both_deep.0.clone().replace("integer", "number"),
        ),
        (not, r#"{"type":"string"}"#.to_owned()),
        (choices, "false".to_owned()),
        (
            r#"{"type":"number","minimum":1e4000,"multipleOf":1e-4000}"#.to_owned(),
            r#"{"multipleOf":3}"#.to_owned(),
        ),
        (
            r#"{"type":"array","minItems":1000000}"#.to_owned(),
            "false".to_owned(),
        ),
        (
            r#"{"type":"string","minLength":1000000000}"#.to_owned(),
            "false".to_owned(),
        ),
        (
            r#"{"type":"object","minProperties":1000000000}"#.to_owned(),
            "false".to_owned(),
        ),
        (
            r##"{"anyOf":[{"$ref":"#"},{"$ref":"#"}]}"##.to_owned(),
            r##"{"allOf":[{"$ref":"#"}]}"##.to_owned(),
        ),
    ];
    // Parsing is not at trial here.
    let parsed = std::thread::Builder::new()
        .stack_size(64 << 20)
        .spawn(move || cases.map(|(writer, reader)| (parse(&writer), parse(&reader))))
        .unwrap()
        .join()
        .unwrap();
    let run = move || {
        for (writer, reader) in &parsed {
            let found = search_documents(
                &side(reader, Dialect::Draft7),
                &side(writer, Dialect::Draft7),
                &Budget::default(),
            );
            drop(found);
        }
    };
    std::thread::Builder::new()
        .stack_size(2 << 20)
        .spawn(run)
        .unwrap()
        .join()
        .unwrap();
}
