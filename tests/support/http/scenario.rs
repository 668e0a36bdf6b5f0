//! Reads scenario files. A mistake in one is reported with its file and place, and fails the run.

use super::vars::Vars;
use serde_json::{Map, Value};
use std::path::{Path, PathBuf};

/// One behaviour: a list of requests with what must come back.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// `area/file` or `area/file#case`.
    pub name: String,
    /// The sentence at the top of the file.
    pub title: String,
    /// Numbers of section 9 of the contract that it pins.
    pub surprises: Vec<u64>,
    /// Options of the server; empty for the defaults.
    pub server: Map<String, Value>,
    /// Whether it counts on the first id being 1, so that it needs a registry that never had a schema.
    pub fresh: bool,
    /// Why it is known to fail, if it does; it must not pass then.
    pub fails: Option<String>,
    /// The stores it is for; `None` for all.
    pub stores: Option<Vec<String>>,
    /// Its variables.
    pub vars: Vars,
    /// What happens.
    pub steps: Vec<Step>,
}

/// One request, or several alike.
#[derive(Debug, Clone)]
pub struct Step {
    /// `METHOD /raw/path?raw=query`.
    pub request: String,
    /// Header names and values; `null` takes a default header away.
    pub headers: Map<String, Value>,
    /// What is sent.
    pub content: Content,
    /// How often, one after another; `${i}` counts from 1.
    pub times: u64,
    /// How many at once.
    pub parallel: u64,
    /// What must come back.
    pub expect: Expect,
}

/// A request's body.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// None.
    Nothing,
    /// JSON.
    Json(Value),
    /// The body of a registration, or its schema alone.
    Registration(Value),
    /// These characters.
    Text(Value),
}

/// What must come back.
#[derive(Debug, Clone, Default)]
pub struct Expect {
    /// The HTTP status; taken from the error code if only that is given, else 200.
    pub status: Option<Value>,
    /// The member `error_code`.
    pub error_code: Option<Value>,
    /// The member `message`.
    pub message: Option<Value>,
    /// The body, member for member.
    pub body: Option<Value>,
    /// Some of the body's members.
    pub has: Option<Value>,
    /// The body as a text.
    pub text: Option<Value>,
    /// Headers; `null` for one that must be absent.
    pub headers: Map<String, Value>,
}

/// Every scenario below a directory, in the order of their names.
pub fn read_all(root: &Path) -> Result<Vec<Scenario>, String> {
    let fixtures = match read_yaml(&root.join("fixtures.yaml"))? {
        Value::Object(members) => members,
        _ => return Err("fixtures.yaml is not a mapping".to_owned()),
    };
    let mut files = Vec::new();
    collect(root, &mut files).map_err(|e| format!("{}: {e}", root.display()))?;
    files.sort();
    let mut scenarios = Vec::new();
    for file in files {
        let name = file
            .strip_prefix(root)
            .unwrap_or(&file)
            .with_extension("")
            .to_string_lossy()
            .replace('\\', "/");
        let document = read_yaml(&file)?;
        scenarios
            .extend(expand(&name, &document, &fixtures).map_err(|e| format!("{name}.yaml: {e}"))?);
    }
    Ok(scenarios)
}

/// The YAML files in the directories below `root`; those in `root` itself are not scenarios.
fn collect(root: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(root)? {
        let path = entry?.path();
        if path.is_dir() {
            for entry in std::fs::read_dir(&path)? {
                let path = entry?.path();
                if path.extension().is_some_and(|e| e == "yaml") {
                    files.push(path);
                }
            }
        }
    }
    Ok(())
}

/// Reads a YAML file as JSON.
pub fn read_yaml(file: &Path) -> Result<Value, String> {
    let text = std::fs::read_to_string(file).map_err(|e| format!("{}: {e}", file.display()))?;
    // YAML 1.2: `y` and `on` are texts.
    let options = serde_saphyr::options! { strict_booleans: true };
    serde_saphyr::from_str_with_options(&text, options)
        .map_err(|e| format!("{}: {e}", file.display()))
}

fn expand(
    name: &str,
    document: &Value,
    fixtures: &Map<String, Value>,
) -> Result<Vec<Scenario>, String> {
    let top = object(document, "the file")?;
    known(
        top,
        "the file",
        &[
            "title", "section", "surprise", "server", "fresh", "fails", "stores", "let", "cases",
            "steps",
        ],
    )?;
    let mut vars = Vars::default();
    vars.extend(fixtures);
    if let Some(own) = top.get("let") {
        vars.extend(object(own, "let")?);
    }
    let steps = array(top.get("steps").ok_or("no steps")?, "steps")?
        .iter()
        .enumerate()
        .map(|(i, s)| step(s).map_err(|e| format!("step {}: {e}", i + 1)))
        .collect::<Result<Vec<_>, _>>()?;
    let base = Scenario {
        name: name.to_owned(),
        title: string(top.get("title").ok_or("no title")?, "title")?,
        surprises: numbers(top.get("surprise"))?,
        server: match top.get("server") {
            Some(options) => object(options, "server")?.clone(),
            None => Map::new(),
        },
        fresh: top.get("fresh") == Some(&Value::Bool(true)),
        fails: match top.get("fails") {
            Some(reason) => Some(string(reason, "fails")?),
            None => None,
        },
        stores: match top.get("stores") {
            Some(list) => Some(
                array(list, "stores")?
                    .iter()
                    .map(|s| string(s, "stores"))
                    .collect::<Result<_, _>>()?,
            ),
            None => None,
        },
        vars,
        steps,
    };
    let Some(cases) = top.get("cases") else {
        return Ok(vec![base]);
    };
    let mut scenarios = Vec::new();
    for (i, case) in array(cases, "cases")?.iter().enumerate() {
        let what = format!("case {}", i + 1);
        let case = object(case, &what)?;
        let label = string(
            case.get("name").ok_or(format!("{what} has no name"))?,
            "name",
        )?;
        let mut scenario = base.clone();
        scenario.name = format!("{name}#{}", label.replace(' ', "-"));
        scenario.surprises.extend(numbers(case.get("surprise"))?);
        for (name, value) in case {
            if !matches!(name.as_str(), "name" | "surprise") {
                scenario.vars.set(name, value.clone());
            }
        }
        scenarios.push(scenario);
    }
    for (i, scenario) in scenarios.iter().enumerate() {
        if scenarios
            .iter()
            .skip(i + 1)
            .any(|s| s.name == scenario.name)
        {
            return Err(format!("two cases are called {}", scenario.name));
        }
    }
    Ok(scenarios)
}

fn step(value: &Value) -> Result<Step, String> {
    let map = object(value, "a step")?;
    known(
        map,
        "a step",
        &[
            "do", "register", "as", "headers", "body", "text", "times", "parallel", "expect",
        ],
    )?;
    let (request, content) = match (map.get("do"), map.get("register")) {
        (Some(request), None) => {
            let content = match (map.get("body"), map.get("text")) {
                (Some(json), None) => Content::Json(json.clone()),
                (None, Some(text)) => Content::Text(text.clone()),
                (None, None) => Content::Nothing,
                _ => return Err("body and text exclude each other".to_owned()),
            };
            (string(request, "do")?, content)
        }
        (None, Some(subject)) => {
            // The commonest request of all has a short form.
            let body = map.get("as").ok_or("register wants 'as'")?.clone();
            let subject = string(subject, "register")?;
            (
                format!("POST /subjects/{subject}/versions"),
                Content::Registration(body),
            )
        }
        _ => return Err("one of 'do' and 'register'".to_owned()),
    };
    if !request.contains(' ') && !request.starts_with("${") {
        return Err(format!("'{request}' is not METHOD /path"));
    }
    Ok(Step {
        request,
        headers: match map.get("headers") {
            Some(headers) => object(headers, "headers")?.clone(),
            None => Map::new(),
        },
        content,
        times: count(map.get("times"))?,
        parallel: count(map.get("parallel"))?,
        expect: match map.get("expect") {
            Some(expect) => self::expect(expect)?,
            None => Expect::default(),
        },
    })
}

fn expect(value: &Value) -> Result<Expect, String> {
    if value.is_u64() {
        return Ok(Expect {
            status: Some(value.clone()),
            ..Expect::default()
        });
    }
    let map = object(value, "expect")?;
    known(
        map,
        "expect",
        &[
            "status",
            "error_code",
            "message",
            "body",
            "has",
            "text",
            "headers",
        ],
    )?;
    Ok(Expect {
        status: map.get("status").cloned(),
        error_code: map.get("error_code").cloned(),
        message: map.get("message").cloned(),
        body: map.get("body").cloned(),
        has: map.get("has").cloned(),
        text: map.get("text").cloned(),
        headers: match map.get("headers") {
            Some(headers) => object(headers, "headers")?.clone(),
            None => Map::new(),
        },
    })
}

fn known(map: &Map<String, Value>, what: &str, names: &[&str]) -> Result<(), String> {
    match map.keys().find(|k| !names.contains(&k.as_str())) {
        Some(name) => Err(format!("{what} has no member '{name}'")),
        None => Ok(()),
    }
}

fn object<'a>(value: &'a Value, what: &str) -> Result<&'a Map<String, Value>, String> {
    value
        .as_object()
        .ok_or_else(|| format!("{what} is not a mapping"))
}

fn array<'a>(value: &'a Value, what: &str) -> Result<&'a Vec<Value>, String> {
    value
        .as_array()
        .ok_or_else(|| format!("{what} is not a list"))
}

fn string(value: &Value, what: &str) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        _ => Err(format!("{what} is not a text")),
    }
}

fn count(value: Option<&Value>) -> Result<u64, String> {
    match value {
        None => Ok(1),
        Some(value) => value.as_u64().ok_or_else(|| "not a count".to_owned()),
    }
}

fn numbers(value: Option<&Value>) -> Result<Vec<u64>, String> {
    let one = |v: &Value| v.as_u64().ok_or_else(|| format!("{v} is not a number"));
    match value {
        None => Ok(Vec::new()),
        Some(Value::Array(list)) => list.iter().map(one).collect(),
        Some(single) => Ok(vec![one(single)?]),
    }
}
