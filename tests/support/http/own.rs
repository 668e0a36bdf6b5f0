//! Tests of the runner itself: that its patterns refuse what they must, and that it sends what is written.

use super::pattern::{Members, compare};
use super::vars::Vars;
use libtest_mimic::{Failed, Trial};
use serde_json::{Value, json};

/// All of them.
pub fn trials() -> Vec<Trial> {
    vec![
        trial("patterns", patterns),
        trial("saved values", saved),
        trial("variables", variables),
    ]
}

fn trial(name: &str, test: fn() -> Result<(), String>) -> Trial {
    Trial::test(name, move || test().map_err(Failed::from)).with_kind("runner")
}

/// A pattern, a value it fits, and one it does not.
fn patterns() -> Result<(), String> {
    let exactly = [
        (json!(1), json!(1), json!(2)),
        (json!(1), json!(1), json!("1")),
        (json!("a"), json!("a"), json!("ab")),
        (json!(null), json!(null), json!(false)),
        (json!([1, 2]), json!([1, 2]), json!([2, 1])),
        (json!([1, 2]), json!([1, 2]), json!([1, 2, 3])),
        (json!([]), json!([]), json!([1])),
        (json!({"a": 1}), json!({"a": 1}), json!({"a": 1, "b": 2})),
        (json!({"a": 1}), json!({"a": 1}), json!({})),
        (json!({}), json!({}), json!({"a": 1})),
        (
            json!({"a": {"$absent": true}}),
            json!({}),
            json!({"a": null}),
        ),
        (json!({"a": {"$any": true}}), json!({"a": null}), json!({})),
        (json!({"$type": "integer"}), json!(3), json!(3.5)),
        (json!({"$type": "string"}), json!("x"), json!(1)),
        (json!({"$contains": "b"}), json!("abc"), json!("ac")),
        (json!({"$contains": ["a", "c"]}), json!("abc"), json!("ab")),
        (json!({"$regex": "^a+$"}), json!("aa"), json!("ab")),
        (
            json!({"$partial": {"a": 1}}),
            json!({"a": 1, "b": 2}),
            json!({"b": 2}),
        ),
        (json!({"$set": [1, 2]}), json!([2, 1]), json!([1, 1])),
        (json!({"$set": [1]}), json!([1]), json!([1, 2])),
        (json!({"$has": [2]}), json!([1, 2]), json!([1])),
        (
            json!({"$each": {"$type": "integer"}}),
            json!([1, 2]),
            json!([1, "2"]),
        ),
        (json!({"$length": 2}), json!([1, 2]), json!([1])),
        (json!({"$not": 1}), json!(2), json!(1)),
        (json!({"$oneOf": [1, 2]}), json!(2), json!(3)),
        (
            json!({"$json": {"a": 1}}),
            json!("{\"a\": 1}"),
            json!("{\"a\": 2}"),
        ),
        (json!({"$concat": [[1], [2]]}), json!([1, 2]), json!([1])),
        (
            json!({"$pairs": [["s", 1]]}),
            json!([{"subject": "s", "version": 1, "id": 7}]),
            json!([{"subject": "s", "version": 2}]),
        ),
    ];
    for (pattern, good, bad) in exactly {
        expect(&pattern, &good, Members::Exactly, true)?;
        expect(&pattern, &bad, Members::Exactly, false)?;
    }
    let some = json!({"a": {"b": 1}});
    expect(
        &some,
        &json!({"a": {"b": 1, "c": 2}, "d": 3}),
        Members::AtLeast,
        true,
    )?;
    expect(&some, &json!({"a": {"c": 2}}), Members::AtLeast, false)?;
    let exact = json!({"a": {"$exact": {"b": 1}}});
    expect(
        &exact,
        &json!({"a": {"b": 1, "c": 2}}),
        Members::AtLeast,
        false,
    )?;
    match compare(
        &json!({"$nothing": 1}),
        None,
        Members::Exactly,
        &mut Vars::default(),
    ) {
        Err(_) => Ok(()),
        Ok(_) => Err("an unknown matcher is taken".to_owned()),
    }
}

fn expect(pattern: &Value, value: &Value, members: Members, fits: bool) -> Result<(), String> {
    let found = compare(pattern, Some(value), members, &mut Vars::default())?;
    if found.is_empty() == fits {
        Ok(())
    } else {
        Err(format!("{pattern} against {value}: {found:?}"))
    }
}

/// `$id` binds once and must agree from then on; what a failed attempt would have saved is not kept.
fn saved() -> Result<(), String> {
    let mut vars = Vars::default();
    let pattern = json!({"id": {"$id": "a"}});
    for (value, fits) in [(7, true), (7, true), (8, false)] {
        let value = json!({ "id": value });
        let found = compare(&pattern, Some(&value), Members::Exactly, &mut vars)?;
        if found.is_empty() != fits {
            return Err(format!("{value}: {found:?}"));
        }
    }
    let choice = json!({"$oneOf": [{"x": {"$save": "s"}, "y": 1}, {"x": 1, "y": 2}]});
    compare(
        &choice,
        Some(&json!({"x": 1, "y": 2})),
        Members::Exactly,
        &mut vars,
    )?;
    if vars.get("s").is_some() {
        return Err("a failed attempt has saved a value".to_owned());
    }
    Ok(())
}

fn variables() -> Result<(), String> {
    let mut vars = Vars::default();
    vars.set("n", json!(7));
    vars.set("deep", json!({"x": ["${n}"]}));
    let cases = [
        (json!("${n}"), json!(7)),
        (json!("v${n}w"), json!("v7w")),
        (json!("$${n}"), json!("${n}")),
        (json!(["${deep}"]), json!([{"x": [7]}])),
        (json!({"$repeat": ["ab", 3]}), json!("ababab")),
    ];
    for (given, wanted) in cases {
        let got = vars.fill(&given)?;
        if got != wanted {
            return Err(format!("{given} becomes {got}, not {wanted}"));
        }
    }
    match vars.fill(&json!("${unknown}")) {
        Err(_) => Ok(()),
        Ok(value) => Err(format!("an unknown variable is {value}")),
    }
}
