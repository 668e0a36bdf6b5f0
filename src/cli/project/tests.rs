use super::*;

fn project(toml: &str) -> Project {
    Project {
        root: PathBuf::new(),
        file: None,
        settings: Settings::parse(toml).unwrap(),
    }
}

fn files(all: &[(&str, &str)]) -> Vec<SourceFile> {
    all.iter()
        .map(|(path, text)| SourceFile {
            path: (*path).to_owned(),
            text: (*text).into(),
        })
        .collect()
}

/// Subject, and the subjects that it refers to.
fn linked(toml: &str, all: &[(&str, &str)]) -> Vec<(String, Vec<String>)> {
    let schemas = project(toml).schemas(files(all)).unwrap();
    schemas
        .into_iter()
        .map(|s| {
            let to = s.references.into_iter();
            (
                s.subject,
                to.map(|r| format!("{}={}", r.name, r.subject)).collect(),
            )
        })
        .collect()
}

const MONEY: &str = r#"{"type":"record","name":"e.Money","fields":[]}"#;
const ORDER: &str = r#"{"type":"record","name":"e.Order","fields":[{"name":"m","type":"Money"}]}"#;

#[test]
fn what_is_referred_to_comes_first() {
    let all = linked(
        "",
        &[("a/order-value.avsc", ORDER), ("b/zmoney.avsc", MONEY)],
    );
    assert_eq!(all[0], ("zmoney".to_owned(), vec![]));
    assert_eq!(
        all[1],
        ("order-value".to_owned(), vec!["e.Money=zmoney".to_owned()])
    );
}

#[test]
fn imports_and_refs_lead_to_files() {
    let all = linked(
        "[schemas]\npaths = [\"proto\", \"json\"]\nsubject = \"{path}\"",
        &[
            (
                "json/order.schema.json",
                r##"{"$ref":"sub/money.schema.json#/x"}"##,
            ),
            ("json/sub/money.schema.json", "{}"),
            (
                "proto/acme/order.proto",
                "syntax=\"proto3\"; import \"acme/item.proto\"; import \"google/protobuf/any.proto\";",
            ),
            ("proto/acme/item.proto", "syntax=\"proto3\";"),
        ],
    );
    let expected = [
        ("sub.money", vec![]),
        ("order", vec!["sub/money.schema.json=sub.money"]),
        ("acme.item", vec![]),
        ("acme.order", vec!["acme/item.proto=acme.item"]),
    ];
    assert_eq!(
        all,
        expected.map(|(s, to)| (s.to_owned(), to.into_iter().map(str::to_owned).collect()))
    );
}

#[test]
fn two_files_of_one_subject_are_refused() {
    let error = project("").schemas(files(&[("order.proto", ""), ("order.avsc", MONEY)]));
    assert_eq!(
        error.unwrap_err().to_string(),
        "order.avsc and order.proto are both the subject order: give one of them another under [[schemas.files]], \
         or choose schemas.subject = \"{path}\" in accord.toml"
    );
}

#[test]
fn a_circle_is_named() {
    let a = r#"{"type":"record","name":"A","fields":[{"name":"b","type":"B"}]}"#;
    let b = r#"{"type":"record","name":"B","fields":[{"name":"a","type":"A"}]}"#;
    let error = project("")
        .schemas(files(&[("a.avsc", a), ("b.avsc", b)]))
        .unwrap_err();
    assert!(
        error.to_string().ends_with("a.avsc -> b.avsc -> a.avsc"),
        "{error}"
    );
}

#[test]
fn versions_are_in_the_folder_of_their_subject() {
    let one = |toml, path| {
        let all = project(toml).schemas(files(&[(path, MONEY)])).unwrap();
        (all[0].subject.clone(), all[0].version)
    };
    assert_eq!(
        one("", "x/orders-value/v12.avsc"),
        ("orders-value".into(), Some(12))
    );
    assert_eq!(one("", "v12.avsc"), ("v12".into(), None));
    let path = "[schemas]\nsubject = \"{path}-value\"\npaths = [\"x\"]";
    assert_eq!(one(path, "x/a/b.avsc"), ("a.b-value".into(), None));
    assert_eq!(one(path, "x/a/b/v2.avsc"), ("a.b-value".into(), Some(2)));
    let name = "[schemas]\nsubject = \"{name}\"";
    assert_eq!(one(name, "m.avsc"), ("e.Money".into(), None));
    let order = linked("", &[("s/v10.avsc", MONEY), ("s/v9.avsc", MONEY)]);
    assert_eq!(order.len(), 2);
}

#[test]
fn json_files_that_are_no_schemas_are_passed_over() {
    let schema = r#"{"$schema":"http://json-schema.org/draft-07/schema#"}"#;
    let all = linked(
        "",
        &[
            ("package.json", "{}"),
            ("broken.json", "{"),
            ("a.json", schema),
            ("b.schema.json", "{}"),
        ],
    );
    let names: Vec<&str> = all.iter().map(|(s, _)| s.as_str()).collect();
    assert_eq!(names, ["a", "b"]);
}

#[test]
fn a_name_that_two_files_define_is_asked_about() {
    let all = [("a.avsc", MONEY), ("b.avsc", MONEY), ("o.avsc", ORDER)];
    let error = project("").schemas(files(&all)).unwrap_err().to_string();
    assert!(
        error.starts_with("o.avsc: Money may mean any of a.avsc, b.avsc"),
        "{error}"
    );
    let said = "[[schemas.files]]\npath=\"o.avsc\"\nreferences=[{name=\"e.Money\",subject=\"b\"}]";
    assert_eq!(linked(said, &all)[2].1, ["e.Money=b"]);
}

#[test]
fn the_longest_pattern_counts() {
    let settings = Settings::parse(
        "[subjects.\"*\"]\nlevel = \"full\"\nverdict = \"semantic\"\n[subjects.\"pay.*\"]\nlevel = \"NONE\"\n\
         [subjects.\"pay.x[1]\"]\nundecided = \"warn\"",
    )
    .unwrap();
    let pay = settings.of_subject("pay.x[1]");
    assert_eq!(pay.level, Some(crate::model::Level::None));
    assert_eq!(pay.verdict, Some(crate::model::VerdictPolicy::Semantic));
    assert_eq!(pay.undecided, Some(Rating::Warn));
    assert_eq!(
        settings.of_subject("pay").level,
        Some(crate::model::Level::Full)
    );
}

#[test]
fn unknown_names_are_errors_with_suggestions() {
    for (text, meant) in [
        ("regstry = 1", "did you mean 'registry'?"),
        ("[check]\nagaints = \"x\"", "did you mean 'against'?"),
        (
            "[subjects.\"*\"]\nlevel = \"BACKWARDS\"",
            "did you mean 'BACKWARD'?",
        ),
        ("[check]\nundecided = \"warning\"", "did you mean 'warn'?"),
        (
            "[schemas]\nsubject = \"{stm}\"",
            "has to hold one of {stem}",
        ),
    ] {
        let error = Settings::parse(text).unwrap_err();
        assert!(error.contains(meant), "{error}");
    }
}
