//! `accord explain` as people call it: what it prints, and what it ends with.

use accord::compat::rules;
use std::process::{Command, Output};

fn explain(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_accord"))
        .arg("explain")
        .args(arguments)
        .output()
        .expect("the program runs")
}

fn printed(arguments: &[&str]) -> String {
    let output = explain(arguments);
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn every_rule_is_listed_and_explained() {
    let list = printed(&[]);
    for rule in rules::all() {
        let id = rule.full_id();
        assert!(list.contains(&id), "{id}");
        let text = printed(&[&id]);
        assert!(text.contains(&rule.text.title), "{id}");
        for kind in &rule.text.kinds {
            assert!(text.contains(kind), "{id}: {kind}");
        }
    }
}

#[test]
fn a_bare_id_and_a_difference_name_find_their_rule() {
    let text = printed(&["reserved-field-used"]);
    assert_eq!(text, printed(&["registry/reserved-field-used"]));
    for rule in rules::all() {
        for kind in &rule.text.kinds {
            let text = printed(&[kind]);
            assert!(text.contains(&rule.full_id()), "{kind}");
        }
    }
}

#[test]
fn json_is_json() {
    let one: serde_json::Value =
        serde_json::from_str(&printed(&["--json", "registry/reserved-field-used"])).expect("JSON");
    assert_eq!(one["format"], "registry");
    assert_eq!(one["id"], "reserved-field-used");
    assert_eq!(one["severity"], "rule");
    let all: Vec<serde_json::Value> = serde_json::from_str(&printed(&["--json"])).expect("JSON");
    assert_eq!(all.len(), rules::all().len());
}

#[test]
fn an_unknown_name_ends_with_2_and_near_names() {
    let output = explain(&["reserved-field-usd"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
    let said = String::from_utf8(output.stderr).expect("text");
    assert!(
        said.contains("there is no rule 'reserved-field-usd'"),
        "{said}"
    );
    assert!(
        said.contains("similar: registry/reserved-field-used"),
        "{said}"
    );
    let output = explain(&["zzzz"]);
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).expect("text");
    assert!(!said.contains("similar"), "{said}");
}
