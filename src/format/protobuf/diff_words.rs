//! The sentences of the differences: those that break in the words clients know, the others in our own.

use crate::format::{Judgement, READER, WRITER};

/// How a kind of difference is judged, and its message with places for the two sides' words.
pub(super) fn template(kind: &'static str, path: &str) -> (Judgement, String) {
    let (judgement, words) = words(kind, path);
    let text = format!("{{errorType:\"{kind}\", description:\"{words}\"}}");
    (judgement, text)
}

fn words(kind: &str, path: &str) -> (Judgement, String) {
    let (r, w) = (READER, WRITER);
    let breaks = |text: String| (Judgement::Incompatible, text);
    let fits = |text: String| (Judgement::Compatible, text);
    match kind {
        "PACKAGE_CHANGED" => breaks(format!(
            "The package at '{path}' in the {r} schema does not match the package in the {w} schema"
        )),
        "MESSAGE_REMOVED" => breaks(format!(
            "The {r} schema is missing a MESSAGE type at path '{path}' in the {w} schema"
        )),
        "FIELD_KIND_CHANGED" => breaks(format!(
            "The type of a field at path '{path}' in the {r} schema does not match the {w} schema"
        )),
        "FIELD_SCALAR_KIND_CHANGED" => breaks(format!(
            "The kind of a SCALAR field at path '{path}' in the {r} schema does not match its kind in the {w} schema"
        )),
        "FIELD_NAMED_TYPE_CHANGED" => breaks(format!(
            "The type of a MESSAGE field at path '{path}' in the {r} schema does not match its type in the {w} schema"
        )),
        "FIELD_NUMERIC_LABEL_CHANGED" => breaks(format!(
            "The label for a NUMERIC field at path '{path}' in the {r} schema does not match its label in the {w} schema"
        )),
        "REQUIRED_FIELD_ADDED" => breaks(format!(
            "A required field  at path '{path}' in the {r} schema is missing in the {w} schema"
        )),
        "REQUIRED_FIELD_REMOVED" => breaks(format!(
            "The {r} schema is missing a required field at path: '{path}' in the {w} schema"
        )),
        "ONEOF_FIELD_REMOVED" => breaks(format!(
            "The {r} schema is missing a oneof field at path '{path}' in the {w} schema"
        )),
        "MULTIPLE_FIELDS_MOVED_TO_ONEOF" => breaks(format!(
            "Multiple fields in the oneof at path '{path}' in the {r} schema are outside a oneof in the {w} schema"
        )),
        "FIELD_MOVED_TO_EXISTING_ONEOF" => breaks(format!(
            "A field in the oneof at path '{path}' in the {r} schema is outside an existing oneof in the {w} schema"
        )),
        "MESSAGE_ADDED" | "ENUM_ADDED" | "FIELD_ADDED" | "ONEOF_ADDED" | "ONEOF_FIELD_ADDED"
        | "ENUM_CONST_ADDED" => fits(format!(
            "What is at path '{path}' in the {r} schema is not in the {w} schema"
        )),
        "ENUM_REMOVED" | "FIELD_REMOVED" | "ONEOF_REMOVED" | "ENUM_CONST_REMOVED" => fits(format!(
            "What is at path '{path}' in the {w} schema is not in the {r} schema"
        )),
        "MESSAGE_MOVED" => fits(format!(
            "The position of the MESSAGE type at path '{path}' in the {r} schema is another than in the {w} schema"
        )),
        "ENUM_CONST_CHANGED" | "FIELD_NAME_CHANGED" => fits(format!(
            "The name at path '{path}' in the {r} schema is another than in the {w} schema"
        )),
        "FIELD_STRING_OR_BYTES_LABEL_CHANGED" => fits(format!(
            "The label for a STRING or BYTES field at path '{path}' in the {r} schema does not match its label in the {w} schema"
        )),
        _ => fits(format!(
            "The field at path '{path}' in the {r} schema was in a oneof in the {w} schema"
        )),
    }
}
