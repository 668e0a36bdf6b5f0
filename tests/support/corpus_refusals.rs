//! Schemas of the corpus that the registry is right to refuse, each with the reason.

/// A subject with versions that are refused.
#[derive(Debug)]
pub struct Refusal {
    /// The file.
    pub file: &'static str,
    /// The subject.
    pub subject: &'static str,
    /// A part of the message, and why the refusal is right.
    pub cause: Cause,
    /// How many of the subject's versions.
    pub versions: usize,
}

/// Why something is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cause {
    /// A part of the message.
    pub message: &'static str,
    /// Why that is right.
    pub why: &'static str,
}

const fn cause(message: &'static str, why: &'static str) -> Cause {
    Cause { message, why }
}

const fn refusal(
    file: &'static str,
    subject: &'static str,
    cause: Cause,
    versions: usize,
) -> Refusal {
    Refusal {
        file,
        subject,
        cause,
        versions,
    }
}

const NAME: Cause = cause("Illegal character in name", "the name ends in a blank");
const MARK: Cause = cause(
    "the text starts with a byte order mark",
    "Avro's parser takes no byte order mark",
);
const DANGLING: Cause = cause(
    "leads nowhere",
    "a $ref that the root leads to names a part that is not there, or is no schema",
);
const UNKNOWN: Cause = cause(
    "no reference of this schema is named",
    "the data lacks the document that a $ref names",
);
const REMOTE: Cause = cause(
    "Remote schema reference fetching over HTTP(S) is disabled",
    "the data lacks the document that a $ref names, and nothing is fetched",
);
const PATTERN: Cause = cause(
    "the pattern is malformed",
    "a group of the pattern is not closed",
);
const TYPE: Cause = cause("unknown type \"record\"", "JSON Schema has no records");
const EDITION: Cause = cause(
    "editions are not supported",
    "the contract has proto2 and proto3",
);

/// All of them.
#[rustfmt::skip]
pub const REFUSALS: &[Refusal] = &[
    refusal("histories_avro", "RADAR-base/RADAR-Schemas:commons/passive/ticwatch/gyroscope.avsc", NAME, 1),
    refusal("histories_avro", "confluentinc/confluent-kafka-dotnet:examples/AvroSpecific/User.avsc", MARK, 3),
    refusal("singles_avro", "confluentinc/confluent-kafka-dotnet:examples/AvroSpecificEncryption/User.avsc", MARK, 1),
    refusal("singles_avro", "confluentinc/confluent-kafka-dotnet:test/Confluent.SchemaRegistry.Serdes.UnitTests/Complex.avsc", MARK, 1),
    refusal("histories_json", "SchemaStore/schemastore:src/schemas/json/bamboo-spec.json", DANGLING, 1),
    refusal("histories_json", "SchemaStore/schemastore:src/schemas/json/block.json", REMOTE, 3),
    refusal("histories_json", "SchemaStore/schemastore:src/schemas/json/bower.json", REMOTE, 1),
    refusal("histories_json", "SchemaStore/schemastore:src/schemas/json/circleciconfig.json", REMOTE, 1),
    refusal("histories_json", "SchemaStore/schemastore:src/schemas/json/cirrus.json", DANGLING, 6),
    refusal("histories_json", "SchemaStore/schemastore:src/schemas/json/cloudify.json", DANGLING, 1),
    refusal("histories_json", "SchemaStore/schemastore:src/schemas/json/compilerconfig.json", UNKNOWN, 1),
    refusal("histories_json", "SchemaStore/schemastore:src/schemas/json/databricks-asset-bundles.json", REMOTE, 3),
    refusal("histories_json", "SchemaStore/schemastore:src/schemas/json/drone.json", REMOTE, 24),
    refusal("histories_json", "SchemaStore/schemastore:src/schemas/json/gematik-test-hcpis.json", REMOTE, 1),
    refusal("histories_json", "SchemaStore/schemastore:src/schemas/json/gematik-test-hcps.json", REMOTE, 1),
    refusal("histories_json", "SchemaStore/schemastore:src/schemas/json/gematik-test-insurances.json", REMOTE, 1),
    refusal("histories_json", "SchemaStore/schemastore:src/schemas/json/gematik-test-patients.json", REMOTE, 1),
    refusal("histories_json", "SchemaStore/schemastore:src/schemas/json/geojson.json", REMOTE, 1),
    refusal("histories_json", "SchemaStore/schemastore:src/schemas/json/github-workflow.json", PATTERN, 1),
    refusal("histories_json", "SchemaStore/schemastore:src/schemas/json/gitversion.json", REMOTE, 11),
    refusal("histories_json", "SchemaStore/schemastore:src/schemas/json/golangci-lint.json", REMOTE, 1),
    refusal("histories_json", "SchemaStore/schemastore:src/schemas/json/ksp-avc.json", REMOTE, 1),
    refusal("histories_json", "SchemaStore/schemastore:src/schemas/json/ksp-ckan.json", REMOTE, 1),
    refusal("histories_json", "SchemaStore/schemastore:src/schemas/json/library.json", UNKNOWN, 9),
    refusal("histories_json", "SchemaStore/schemastore:src/schemas/json/markdownlint.json", REMOTE, 4),
    refusal("histories_json", "SchemaStore/schemastore:src/schemas/json/mta.json", DANGLING, 1),
    refusal("histories_json", "SchemaStore/schemastore:src/schemas/json/openapi-3.X.json", REMOTE, 2),
    refusal("histories_json", "SchemaStore/schemastore:src/schemas/json/pep-723.json", REMOTE, 1),
    refusal("histories_json", "SchemaStore/schemastore:src/schemas/json/problem_package_generators.json", REMOTE, 2),
    refusal("histories_json", "SchemaStore/schemastore:src/schemas/json/renovate.json", REMOTE, 3),
    refusal("histories_json", "SchemaStore/schemastore:src/schemas/json/sarif-external-property-file-2.1.0.json", REMOTE, 5),
    refusal("histories_json", "SchemaStore/schemastore:src/schemas/json/theme-v1.json", REMOTE, 3),
    refusal("histories_json", "SchemaStore/schemastore:src/schemas/json/tsoa.json", REMOTE, 1),
    refusal("histories_json", "SchemaStore/schemastore:src/schemas/json/tslint.json", DANGLING, 8),
    refusal("histories_json", "SchemaStore/schemastore:src/schemas/json/web-manifest-app-info.json", DANGLING, 1),
    refusal("histories_json", "SchemaStore/schemastore:src/schemas/json/web-manifest.json", DANGLING, 1),
    refusal("histories_json", "SchemaStore/schemastore:src/schemas/json/xs-app.json", DANGLING, 1),
    refusal("histories_json", "SchemaStore/schemastore:src/schemas/json/xunit-2.2.json", REMOTE, 3),
    refusal("histories_json", "SchemaStore/schemastore:src/schemas/json/xunit-2.3.json", REMOTE, 3),
    refusal("singles_json", "SchemaStore/schemastore:src/schemas/json/declarative-automation-bundles.json", REMOTE, 1),
    refusal("singles_json", "SchemaStore/schemastore:src/schemas/json/ogen.json", REMOTE, 1),
    refusal("singles_json", "SchemaStore/schemastore:src/schemas/json/openapi-arazzo-1.X.json", REMOTE, 1),
    refusal("singles_json", "SchemaStore/schemastore:src/schemas/json/renovate-global-schema.json", REMOTE, 1),
    refusal("singles_json", "SchemaStore/schemastore:src/schemas/json/renovate-inherited-schema.json", REMOTE, 1),
    refusal("singles_json", "snowplow/iglu-central:com.snowplowanalytics.kinesistee.config/Configuration", TYPE, 1),
    refusal("singles_json", "snowplow/iglu-central:com.snowplowanalytics.sauna.commands/command", REMOTE, 1),
    refusal("singles_json", "snowplow/iglu-central:com.snowplowanalytics.sauna.loggers/AmazonDynamodbConfig", TYPE, 1),
    refusal("singles_json", "snowplow/iglu-central:com.snowplowanalytics.sauna.loggers/HipchatConfig", TYPE, 1),
    refusal("singles_json", "snowplow/iglu-central:com.snowplowanalytics.sauna.observers/AmazonKinesisConfig", TYPE, 1),
    refusal("singles_json", "snowplow/iglu-central:com.snowplowanalytics.sauna.observers/AmazonS3Config", TYPE, 1),
    refusal("singles_json", "snowplow/iglu-central:com.snowplowanalytics.sauna.observers/LocalFilesystemConfig", TYPE, 1),
    refusal("singles_json", "snowplow/iglu-central:com.snowplowanalytics.sauna.responders/HipchatConfig", TYPE, 1),
    refusal("singles_json", "snowplow/iglu-central:com.snowplowanalytics.sauna.responders/PagerDutyConfig", TYPE, 1),
    refusal("histories_protobuf", "bufbuild/buf:private/bufpkg/bufcheck/bufbreaking/testdata/breaking_field_same_java_utf8_validation/6.proto", EDITION, 2),
    refusal("histories_protobuf", "bufbuild/buf:private/bufpkg/bufcheck/bufbreaking/testdata/breaking_field_same_type/3.proto", EDITION, 2),
    refusal("histories_protobuf", "bufbuild/buf:private/bufpkg/bufcheck/bufbreaking/testdata/breaking_field_wire_compatible_cardinality/3.proto", EDITION, 2),
    refusal("histories_protobuf", "bufbuild/buf:private/bufpkg/bufcheck/bufbreaking/testdata/breaking_field_wire_compatible_type/3.proto", EDITION, 2),
    refusal("histories_protobuf", "bufbuild/buf:private/bufpkg/bufcheck/bufbreaking/testdata_previous/breaking_field_same_cpp_string_type/2.proto", EDITION, 2),
    refusal("histories_protobuf", "bufbuild/buf:private/bufpkg/bufcheck/bufbreaking/testdata_previous/breaking_field_same_java_utf8_validation/4.proto", EDITION, 2),
    refusal("histories_protobuf", "bufbuild/buf:private/bufpkg/bufcheck/bufbreaking/testdata_previous/breaking_field_same_java_utf8_validation/6.proto", EDITION, 2),
    refusal("histories_protobuf", "bufbuild/buf:private/bufpkg/bufcheck/bufbreaking/testdata_previous/breaking_field_same_type/3.proto", EDITION, 2),
    refusal("singles_protobuf", "bufbuild/buf:private/buf/buflsp/testdata/semantic_tokens/edition.proto", EDITION, 1),
    refusal("singles_protobuf", "bufbuild/buf:private/bufpkg/bufcheck/testdata/breaking/current/breaking_field_same_cpp_string_type/2.proto", EDITION, 1),
    refusal("singles_protobuf", "bufbuild/buf:private/bufpkg/bufcheck/testdata/breaking/current/breaking_field_same_cpp_string_type/3.proto", EDITION, 1),
    refusal("singles_protobuf", "bufbuild/buf:private/bufpkg/bufcheck/testdata/breaking/current/breaking_field_same_default/2.proto", EDITION, 1),
    refusal("singles_protobuf", "bufbuild/buf:private/bufpkg/bufcheck/testdata/breaking/current/breaking_field_same_java_utf8_validation/5.proto", EDITION, 1),
    refusal("singles_protobuf", "bufbuild/buf:private/bufpkg/bufcheck/testdata/breaking/current/breaking_field_same_label/3.proto", EDITION, 1),
    refusal("singles_protobuf", "bufbuild/buf:private/bufpkg/bufcheck/testdata/breaking/current/breaking_field_same_type/3.proto", EDITION, 1),
    refusal("singles_protobuf", "bufbuild/buf:private/bufpkg/bufcheck/testdata/breaking/current/breaking_field_same_utf8_validation/3.proto", EDITION, 1),
    refusal("singles_protobuf", "bufbuild/buf:private/bufpkg/bufcheck/testdata/breaking/current/breaking_field_wire_compatible_cardinality/3.proto", EDITION, 1),
    refusal("singles_protobuf", "bufbuild/buf:private/bufpkg/bufcheck/testdata/breaking/current/breaking_message_same_json_format/3.proto", EDITION, 1),
    refusal("singles_protobuf", "bufbuild/buf:private/bufpkg/bufcheck/testdata/breaking/previous/breaking_enum_same_json_format/4.proto", EDITION, 1),
    refusal("singles_protobuf", "bufbuild/buf:private/bufpkg/bufcheck/testdata/breaking/previous/breaking_field_same_cpp_string_type/2.proto", EDITION, 1),
    refusal("singles_protobuf", "bufbuild/buf:private/bufpkg/bufcheck/testdata/breaking/previous/breaking_field_same_java_utf8_validation/4.proto", EDITION, 1),
    refusal("singles_protobuf", "bufbuild/buf:private/bufpkg/bufcheck/testdata/breaking/previous/breaking_field_same_java_utf8_validation/5.proto", EDITION, 1),
    refusal("singles_protobuf", "bufbuild/buf:private/bufpkg/bufcheck/testdata/breaking/previous/breaking_field_same_type/3.proto", EDITION, 1),
    refusal("singles_protobuf", "bufbuild/buf:private/bufpkg/bufcheck/testdata/breaking/previous/breaking_field_wire_json_compatible_type/2.proto", EDITION, 1),
];
