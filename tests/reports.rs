//! Laws of reports, on the vectors' pairs: they agree with the check and with what a registration is told.
#![cfg(feature = "engine")]

#[path = "support/reports.rs"]
mod reports;

use accord::compat::report::{Ruling, Severity, VerdictPolicy};
use accord::format::truth::Outcome;
use accord::model::{Level, Policy, SchemaType};
use reports::{Question, on_big_stack};

const POLICIES: [VerdictPolicy; 3] = [
    VerdictPolicy::Confluent,
    VerdictPolicy::Semantic,
    VerdictPolicy::Strictest,
];

fn laws(question: &mut Question<'_>) {
    let Ok(check) = question.check() else {
        return;
    };
    for policy in POLICIES {
        question.policy = policy;
        let report = question.report().expect("a report where there is a check");
        let told = question.decide().expect("messages where there is a check");
        let ruled = report.verdicts.confluent == Ruling::Compatible;
        assert_eq!(ruled, check.is_empty());
        assert_eq!(report.compatible, told.is_empty(), "{policy:?}: {told:?}");
        match policy {
            VerdictPolicy::Confluent => assert_eq!(told, check),
            VerdictPolicy::Semantic => {
                if report.verdicts.semantic == Outcome::Broken {
                    assert!(!report.compatible);
                }
                assert_eq!(
                    report.fell_back,
                    report.verdicts.semantic == Outcome::Undecided
                );
            }
            VerdictPolicy::Strictest => assert_eq!(
                report.compatible,
                ruled && report.verdicts.semantic == Outcome::Proved
            ),
        }
        let broken = report
            .findings
            .iter()
            .any(|f| f.severity == Severity::Broken && f.mapping.is_none());
        assert_eq!(broken, report.verdicts.semantic == Outcome::Broken);
        assert!(report.findings.is_sorted_by_key(|f| f.severity));
        if let Some(last) = told.last() {
            assert!(last.starts_with("{validateFields: 'false', compatibility: '"));
        }
    }
}

#[test]
fn reports_agree_with_checks() {
    on_big_stack(|| {
        for (schema_type, name) in [
            (SchemaType::Avro, "avro"),
            (SchemaType::Json, "json"),
            (SchemaType::Protobuf, "protobuf"),
        ] {
            let pairs = reports::vectors(name);
            for (reader, writer) in &pairs {
                let twice = [writer.as_str(), reader.as_str(), writer.as_str()];
                for (level, history) in [
                    (Level::Backward, &twice[..1]),
                    (Level::Full, &twice[..1]),
                    (Level::ForwardTransitive, &twice[1..]),
                ] {
                    for lenience in [Policy::Strict, Policy::Lenient] {
                        laws(&mut Question {
                            level,
                            lenience,
                            ..Question::of(schema_type, history, reader)
                        });
                    }
                }
            }
            println!("{name}: {} pairs", pairs.len());
        }
    });
}

#[test]
fn a_transitive_report_goes_on_after_a_violation_and_others_say_what_they_left() {
    let new = r#"{"type":"record","name":"R","fields":[{"name":"a","type":"int"}]}"#;
    let other = r#"{"type":"record","name":"R","fields":[{"name":"a","type":"string"}]}"#;
    let history = [other, new, other];
    let numbers = |all: &[accord::model::Version]| all.iter().map(|v| v.0).collect::<Vec<_>>();
    let mut question = Question::of(SchemaType::Avro, &history, new);
    question.level = Level::BackwardTransitive;
    let report = question.report().expect("a report");
    assert_eq!(numbers(&report.compared), [3, 2, 1]);
    assert!(report.not_compared.is_empty());
    let against: Vec<i32> = report
        .findings
        .iter()
        .filter_map(|f| Some(f.against?.0))
        .collect();
    assert_eq!(against, [3, 1]);
    question.level = Level::Backward;
    let report = question.report().expect("a report");
    assert_eq!(numbers(&report.compared), [3]);
    assert_eq!(numbers(&report.not_compared), [2, 1]);
    question.level = Level::None;
    let report = question.report().expect("a report");
    assert!(report.compatible && report.compared.is_empty());
}

#[test]
fn a_history_beyond_the_budget_is_undecided() {
    let text = r#"{"type":"record","name":"R","fields":[{"name":"a","type":"int"}]}"#;
    let history = vec![text; 2_000];
    let mut question = Question::of(SchemaType::Avro, &history, text);
    question.level = Level::FullTransitive;
    let report = question.report().expect("a report");
    assert_eq!(report.verdicts.semantic, Outcome::Undecided);
    assert_eq!(report.verdicts.confluent, Ruling::Compatible);
    assert!(report.compatible && !report.compared.is_empty());
    assert_eq!(report.compared.len() + report.not_compared.len(), 2_000);
    question.policy = VerdictPolicy::Semantic;
    let report = question.report().expect("a report");
    assert!(report.compatible && report.fell_back);
    question.policy = VerdictPolicy::Strictest;
    assert!(!question.decide().expect("messages").is_empty());
}

#[test]
#[expect(clippy::disallowed_methods, reason = "it prints how long it took")]
fn a_flood_of_findings_is_bounded() {
    on_big_stack(|| {
        let record =
            |fields: &str| format!(r#"{{"type":"record","name":"R","fields":[{fields}]}}"#);
        let fields: Vec<String> = (0..3_000)
            .map(|i| format!(r#"{{"name":"field_{i}","type":"string"}}"#))
            .collect();
        let (old, new) = (record(""), record(&fields.join(",")));
        let history = vec![old.as_str(); 100];
        let mut question = Question::of(SchemaType::Avro, &history, &new);
        question.level = Level::FullTransitive;
        let start = std::time::Instant::now();
        let report = question.report().expect("a report");
        let took = start.elapsed();
        let size = serde_json::to_string(&report).expect("JSON").len();
        println!(
            "{took:?}, {size} bytes, {} left out",
            report.findings_left_out
        );
        assert_eq!(report.findings.len(), 1_000);
        assert!(report.findings_left_out > 0);
        assert!(size < 32 << 20);
    });
}

const SCHEMA: &str = r#"{"type":"record","name":"R","fields":[{"name":"id","type":"long"}]}"#;

#[test]
fn a_break_that_the_rules_do_not_see_is_told_in_their_shape() {
    let new = r#"{"type":"record","name":"R","fields":[{"name":"id","type":"long"},{"name":"n","type":"int","default":"none"}]}"#;
    let history = [SCHEMA];
    let mut question = Question::of(SchemaType::Avro, &history, new);
    assert!(question.decide().expect("messages").is_empty());
    for policy in [VerdictPolicy::Semantic, VerdictPolicy::Strictest] {
        question.policy = policy;
        let told = question.decide().expect("messages");
        let [entry, version, schema, closing] = told.as_slice() else {
            panic!("{told:?}");
        };
        assert!(
            entry.starts_with("{errorType:'DEFAULT_DOES_NOT_FIT', description:'"),
            "{entry}"
        );
        assert!(
            entry.ends_with("', additionalInfo:'{\"id\": 0}'}"),
            "{entry}"
        );
        assert_eq!(version, "{oldSchemaVersion: 1}");
        assert_eq!(*schema, format!("{{oldSchema: '{SCHEMA}'}}"));
        assert_eq!(
            closing,
            "{validateFields: 'false', compatibility: 'BACKWARD'}"
        );
        let report = question.report().expect("a report");
        assert!(!report.compatible && !report.fell_back);
        assert!(report.findings.iter().all(|f| !f.confluent));
    }
}

/// No record of the old schema ends, so there is none that could fail.
#[test]
fn the_truth_accepts_what_the_rules_refuse_without_need() {
    let old = r#"{"type":"record","name":"R","fields":[{"name":"next","type":"R"}]}"#;
    let new = r#"{"type":"record","name":"R","fields":[{"name":"next","type":"R"},{"name":"n","type":"int"}]}"#;
    let history = [old];
    let mut question = Question::of(SchemaType::Avro, &history, new);
    for (policy, may) in [
        (VerdictPolicy::Confluent, false),
        (VerdictPolicy::Semantic, true),
        (VerdictPolicy::Strictest, false),
    ] {
        question.policy = policy;
        let report = question.report().expect("a report");
        assert_eq!(report.compatible, may);
        assert_eq!(report.verdicts.semantic, Outcome::Proved);
        assert_eq!(report.findings.len(), 1);
        let finding = &report.findings[0];
        assert_eq!(finding.severity, Severity::Rule);
        assert!(finding.confluent && finding.witness.is_none());
        assert!(finding.message.contains("No record fails"), "{finding:?}");
        assert_eq!(finding.reader.pointer, "/fields/1");
        let column = new.find(r#"{"name":"n""#).map(|at| at + 1);
        assert_eq!(
            (finding.reader.line, finding.reader.column),
            (Some(1), column)
        );
    }
}

#[test]
fn a_break_and_its_difference_are_one_finding() {
    let new = r#"{"type":"record","name":"R","fields":[{"name":"id","type":"long"},{"name":"n","type":"int"}]}"#;
    let history = [SCHEMA];
    let mut question = Question::of(SchemaType::Avro, &history, new);
    let check = question.check().expect("messages");
    for policy in POLICIES {
        question.policy = policy;
        let report = question.report().expect("a report");
        assert_eq!(report.findings.len(), 1);
        assert!(report.findings[0].confluent);
        assert_eq!(report.findings[0].severity, Severity::Broken);
        assert_eq!(question.decide().expect("messages"), check);
    }
}

#[test]
fn another_language_and_reserved_fields_refuse_under_every_policy() {
    use accord::compat::{
        Afresh, Asked, Candidate, Document, Past, PastDocument, PastSchema, Rules,
    };
    use accord::format::truth::Budget;
    use accord::format::{Limits, TooComplex};
    use accord::model::{Metadata, Version};

    let new = reports::parse(SchemaType::Avro, SCHEMA).expect("a schema");
    let other = reports::parse(SchemaType::Json, "{}").expect("a schema");
    let metadata = |list: &str| -> Metadata {
        let text = format!(r#"{{"properties":{{"confluent:reserved":"{list}"}}}}"#);
        serde_json::from_str(&text).expect("metadata")
    };
    let (now, before) = (metadata("id"), metadata("gone"));
    for policy in POLICIES {
        let mut all = Vec::new();
        for past in [&new, &other] {
            let history = [Past {
                version: Version(1),
                metadata: Some(&before),
                schema: past.clone(),
            }];
            let rules = Rules {
                level: Level::Backward,
                policy: Policy::Strict,
                group: None,
                validate_fields: true,
                limits: &Limits::default(),
            };
            let asked = Asked {
                policy,
                budget: &Budget::default(),
            };
            let candidate = Candidate {
                parsed: &new.0,
                metadata: Some(&now),
            };
            let schema = |held: &std::sync::Arc<reports::Held>| PastSchema {
                reading: held.clone(),
                text: "{}".into(),
            };
            let report = accord::compat::report(
                &rules,
                &asked,
                candidate,
                Document {
                    text: SCHEMA,
                    references: &[],
                },
                &history,
                |held| {
                    Ok::<_, TooComplex>(PastDocument {
                        schema: schema(held),
                        references: [].into(),
                    })
                },
                &Afresh,
            )
            .expect("a report");
            assert!(!report.compatible);
            assert_eq!(report.verdicts.confluent, Ruling::Incompatible);
            all.extend(report.findings.into_iter().map(|f| f.rule));
            let read = |held: &_| Ok::<_, TooComplex>(schema(held));
            let told = accord::compat::decide(&rules, &asked, candidate, &history, read, &Afresh)
                .expect("messages");
            let check = accord::compat::check(&rules, candidate, &history, read);
            assert_eq!(told, check.expect("messages"));
        }
        all.sort();
        all.dedup();
        assert_eq!(
            all,
            [
                "registry/reserved-field-removed",
                "registry/reserved-field-used",
                "registry/schema-type-changed"
            ]
        );
    }
}
