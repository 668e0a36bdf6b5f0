//! The corpus on its way into a registry: references first, each as its own subject, as clients do.

use crate::corpus::{self, Named, Subject};
use crate::corpus_registry::Registry;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::path::Path;

/// What became of one file.
#[derive(Default)]
pub struct Outcome {
    /// How many subjects there were.
    pub subjects: usize,
    /// How many versions there were.
    pub versions: usize,
    /// How many of them were registered.
    pub registered: usize,
    /// How many texts that others refer to were registered.
    pub references: usize,
    /// Subject, version, reason.
    pub refused: Vec<(String, usize, String)>,
}

/// A text as a reference, with the versions of its own references.
type Key = (Named, Vec<(String, i64)>);

/// One file on its way into the registry.
struct Load<'a> {
    registry: &'a mut Registry,
    /// References that were registered, with the version they got, or why not.
    known: HashMap<Key, Result<i64, String>>,
    outcome: Outcome,
}

/// Registers every `step`th subject of a file, and what it refers to.
pub async fn load(registry: &mut Registry, folder: &Path, file: &str, step: usize) -> Outcome {
    let mut load = Load {
        registry,
        known: HashMap::new(),
        outcome: Outcome::default(),
    };
    for subject in corpus::read(folder, file, step) {
        load.subject(&subject).await;
    }
    load.outcome
}

impl Load<'_> {
    async fn subject(&mut self, subject: &Subject) {
        self.outcome.subjects += 1;
        for (at, version) in subject.versions.iter().enumerate() {
            self.outcome.versions += 1;
            let known = subject.references_of(version);
            let references = self
                .references(&subject.schema_type, None, &version.text, known)
                .await;
            let registered = match references {
                Ok(references) => {
                    let body = body(&subject.schema_type, &version.text, &references);
                    self.registry.register(&subject.subject, body).await
                }
                Err(reason) => Err(reason),
            };
            match registered {
                Ok(_) => self.outcome.registered += 1,
                Err(reason) => {
                    let subject = subject.subject.clone();
                    self.outcome.refused.push((subject, at + 1, reason));
                }
            }
        }
    }

    /// Registers what a text names, and gives the list of references for its own registration.
    async fn references(
        &mut self,
        schema_type: &str,
        own: Option<&str>,
        text: &str,
        known: &[Named],
    ) -> Result<Vec<(String, i64)>, String> {
        let mut references = Vec::new();
        for at in corpus::direct(schema_type, own, text, known) {
            let named = &known[at];
            // Who depends on a text cannot be among what it depends on.
            let below: Vec<Named> = known.iter().filter(|&n| n != named).cloned().collect();
            let version = Box::pin(self.reference(schema_type, named, &below)).await;
            let version = version.map_err(|e| format!("reference {}: {e}", named.name))?;
            references.push((named.name.clone(), version));
        }
        Ok(references)
    }

    async fn reference(
        &mut self,
        schema_type: &str,
        named: &Named,
        known: &[Named],
    ) -> Result<i64, String> {
        let references = self
            .references(schema_type, Some(&named.name), &named.text, known)
            .await?;
        let key = (named.clone(), references);
        if let Some(known) = self.known.get(&key) {
            return known.clone();
        }
        self.outcome.references += 1;
        let body = body(schema_type, &named.text, &key.1);
        let version = self.registry.register(&named.name, body).await;
        self.known.insert(key, version.clone());
        version
    }
}

/// A request to register, as clients send it. A reference is a subject of its own, under the reference's name.
fn body(schema_type: &str, text: &str, references: &[(String, i64)]) -> Value {
    let references: Vec<Value> = references
        .iter()
        .map(|(name, version)| json!({"name": name, "subject": name, "version": version}))
        .collect();
    json!({"schemaType": schema_type, "schema": text, "references": references})
}
