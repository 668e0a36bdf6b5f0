//! Reports about two texts, for tests.
#![expect(dead_code, reason = "each test target uses a part of it")]

use accord::compat::report::{Report, VerdictPolicy};
use accord::compat::{
    self, Afresh, Asked, Candidate, Document, Past, PastDocument, PastSchema, Rules,
};
use accord::format::truth::Budget;
use accord::format::{Limits, Parsed, Source, Strictness, TooComplex};
use accord::model::{Level, Policy, SchemaType, Version};
use std::sync::Arc;

/// A parsed schema that a history can hold.
pub struct Held(pub Parsed);

impl AsRef<Parsed> for Held {
    fn as_ref(&self) -> &Parsed {
        &self.0
    }
}

/// A text as a registry reads it.
pub fn parse(schema_type: SchemaType, text: &str) -> Result<Arc<Held>, String> {
    let source = Source {
        text,
        references: &[],
        strictness: Strictness::Existing,
        limits: Limits::default(),
    };
    Parsed::parse(schema_type, &source)
        .map(|parsed| Arc::new(Held(parsed)))
        .map_err(|error| error.to_string())
}

/// A question about a candidate and earlier texts, newest first.
pub struct Question<'a> {
    pub schema_type: SchemaType,
    pub level: Level,
    pub lenience: Policy,
    pub policy: VerdictPolicy,
    pub new: &'a str,
    pub history: &'a [&'a str],
}

impl<'a> Question<'a> {
    /// Whether `new` reads what `old` wrote.
    pub fn of(schema_type: SchemaType, old: &'a [&'a str], new: &'a str) -> Self {
        Self {
            schema_type,
            level: Level::Backward,
            lenience: Policy::Strict,
            policy: VerdictPolicy::Confluent,
            new,
            history: old,
        }
    }

    fn ask<T>(
        &self,
        answer: impl Fn(
            &Rules<'_>,
            &Asked<'_>,
            Candidate<'_>,
            &[Past<'_, (Arc<Held>, Arc<str>)>],
        ) -> Result<T, TooComplex>,
    ) -> Result<T, String> {
        let new = parse(self.schema_type, self.new)?;
        let count = self.history.len() as i32;
        let history = self
            .history
            .iter()
            .zip((1..=count).rev())
            .map(|(text, version)| {
                Ok(Past {
                    version: Version(version),
                    metadata: None,
                    schema: (parse(self.schema_type, text)?, Arc::from(*text)),
                })
            })
            .collect::<Result<Vec<_>, String>>()?;
        let rules = Rules {
            level: self.level,
            policy: self.lenience,
            group: None,
            validate_fields: false,
            limits: &Limits::default(),
        };
        let asked = Asked {
            policy: self.policy,
            budget: &Budget::default(),
        };
        let candidate = Candidate {
            parsed: &new.0,
            metadata: None,
        };
        answer(&rules, &asked, candidate, &history).map_err(|error| error.to_string())
    }

    pub fn report(&self) -> Result<Report, String> {
        let text = Document {
            text: self.new,
            references: &[],
        };
        self.ask(|rules, asked, candidate, history| {
            compat::report(
                rules,
                asked,
                candidate,
                text,
                history,
                |(held, text)| {
                    Ok::<_, TooComplex>(PastDocument {
                        schema: PastSchema {
                            reading: held.clone(),
                            text: text.clone(),
                        },
                        references: Arc::from([]),
                    })
                },
                &Afresh,
            )
        })
    }

    pub fn decide(&self) -> Result<Vec<String>, String> {
        self.ask(|rules, asked, candidate, history| {
            compat::decide(rules, asked, candidate, history, read, &Afresh)
        })
    }

    pub fn check(&self) -> Result<Vec<String>, String> {
        self.ask(|rules, _, candidate, history| compat::check(rules, candidate, history, read))
    }
}

fn read(past: &(Arc<Held>, Arc<str>)) -> Result<PastSchema<Arc<Held>>, TooComplex> {
    Ok(PastSchema {
        reading: past.0.clone(),
        text: past.1.clone(),
    })
}

/// The language of a folder of rules.
pub fn language(folder: &str) -> Option<SchemaType> {
    SchemaType::ALL
        .into_iter()
        .find(|t| compat::rules::folder(*t) == folder)
}

/// On a stack as large as the registry gives the engine.
pub fn on_big_stack(test: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new()
        .stack_size(64 << 20)
        .spawn(test)
        .expect("a thread");
    if let Err(panic) = thread.join() {
        std::panic::resume_unwind(panic);
    }
}

/// The vectors' pairs of a language, reader and writer; those that refer to other texts are left out.
pub fn vectors(name: &str) -> Vec<(String, String)> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../shared/vectors")
        .join(format!("{name}.json"));
    let Ok(text) = std::fs::read_to_string(path) else {
        println!("not run: there is no shared/vectors/{name}.json beside the project");
        return Vec::new();
    };
    let cases: Vec<serde_json::Value> = serde_json::from_str(&text).expect("the data is JSON");
    let text_of = |schema: &serde_json::Value| match (name, schema) {
        ("protobuf", serde_json::Value::String(text)) => text.clone(),
        _ => schema.to_string(),
    };
    cases
        .iter()
        .filter(|case| {
            case.get("references")
                .is_none_or(serde_json::Value::is_null)
        })
        .map(|case| (text_of(&case["reader"]), text_of(&case["writer"])))
        .collect()
}
