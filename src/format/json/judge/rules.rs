//! Which rule covers which of the reference's difference names, and which rule a keyword's objection is.

/// The rule that covers a difference name; `None` for names that judge nothing incompatible.
pub fn rule_of(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "SCHEMA_ADDED" => "schema-added",
        "TYPE_NARROWED" | "TYPE_CHANGED" => "type-narrowed",
        "REQUIRED_ATTRIBUTE_ADDED" => "required-added",
        "REQUIRED_PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL"
        | "REQUIRED_PROPERTY_WITH_DEFAULT_ADDED_TO_OPEN_CONTENT_MODEL"
        | "REQUIRED_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL" => "required-property-added",
        "OPTIONAL_PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL"
        | "PROPERTY_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL" => "property-added-to-open",
        "PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL" => "property-removed-from-closed",
        "ADDITIONAL_PROPERTIES_REMOVED" => "additional-properties-closed",
        "ADDITIONAL_PROPERTIES_NARROWED"
        | "PROPERTY_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL" => {
            "additional-properties-narrowed"
        }
        "UNEVALUATED_PROPERTIES_REMOVED" | "UNEVALUATED_PROPERTIES_NARROWED" => {
            "unevaluated-properties-closed"
        }
        "MAX_PROPERTIES_ADDED" | "MAX_PROPERTIES_DECREASED" => "max-properties-lowered",
        "MIN_PROPERTIES_ADDED" | "MIN_PROPERTIES_INCREASED" => "min-properties-raised",
        "DEPENDENCY_ARRAY_ADDED" | "DEPENDENCY_ARRAY_EXTENDED" | "DEPENDENCY_ARRAY_CHANGED" => {
            "dependent-required-added"
        }
        "DEPENDENCY_SCHEMA_ADDED" => "dependent-schema-added",
        "ENUM_ARRAY_NARROWED" | "ENUM_ARRAY_CHANGED" => "enum-value-removed",
        "PATTERN_ADDED" | "PATTERN_CHANGED" => "pattern-changed",
        "MAX_LENGTH_ADDED" | "MAX_LENGTH_DECREASED" => "max-length-lowered",
        "MIN_LENGTH_ADDED" | "MIN_LENGTH_INCREASED" => "min-length-raised",
        "MAXIMUM_ADDED"
        | "MAXIMUM_DECREASED"
        | "EXCLUSIVE_MAXIMUM_ADDED"
        | "EXCLUSIVE_MAXIMUM_DECREASED" => "maximum-lowered",
        "MINIMUM_ADDED"
        | "MINIMUM_INCREASED"
        | "EXCLUSIVE_MINIMUM_ADDED"
        | "EXCLUSIVE_MINIMUM_INCREASED" => "minimum-raised",
        "MULTIPLE_OF_ADDED" | "MULTIPLE_OF_EXPANDED" | "MULTIPLE_OF_CHANGED" => {
            "multiple-of-changed"
        }
        "UNIQUE_ITEMS_ADDED" => "unique-items-added",
        "MAX_ITEMS_ADDED" | "MAX_ITEMS_DECREASED" => "max-items-lowered",
        "MIN_ITEMS_ADDED" | "MIN_ITEMS_INCREASED" => "min-items-raised",
        "MAX_CONTAINS_ADDED"
        | "MAX_CONTAINS_DECREASED"
        | "MIN_CONTAINS_ADDED"
        | "MIN_CONTAINS_INCREASED" => "contains-count-changed",
        "ITEM_ADDED_TO_OPEN_CONTENT_MODEL"
        | "ITEM_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL" => "item-added-to-open",
        "ADDITIONAL_ITEMS_REMOVED" | "ITEM_REMOVED_FROM_CLOSED_CONTENT_MODEL" => {
            "additional-items-closed"
        }
        "ADDITIONAL_ITEMS_NARROWED"
        | "ITEM_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL" => "items-narrowed",
        "UNEVALUATED_ITEMS_REMOVED" | "UNEVALUATED_ITEMS_NARROWED" => "unevaluated-items-closed",
        "SUM_TYPE_NARROWED" => "alternative-removed",
        "PRODUCT_TYPE_EXTENDED" | "COMBINED_TYPE_CHANGED" | "COMBINED_TYPE_SUBSCHEMAS_CHANGED" => {
            "combination-changed"
        }
        "NOT_TYPE_EXTENDED" => "not-extended",
        _ => return None,
    })
}

/// The rule for an objection of a keyword alone, wherever it stands.
pub(super) fn rule_of_keyword(keyword: &str) -> Option<&'static str> {
    Some(match keyword {
        "type" => "type-narrowed",
        "required" => "required-added",
        "enum" => "enum-value-removed",
        "const" => "const-changed",
        "pattern" => "pattern-changed",
        "maxLength" => "max-length-lowered",
        "minLength" => "min-length-raised",
        "maximum" | "exclusiveMaximum" => "maximum-lowered",
        "minimum" | "exclusiveMinimum" => "minimum-raised",
        "multipleOf" | "divisibleBy" => "multiple-of-changed",
        "format" => "format-changed",
        "contentEncoding" | "contentMediaType" => "content-changed",
        "uniqueItems" => "unique-items-added",
        "maxItems" => "max-items-lowered",
        "minItems" => "min-items-raised",
        "contains" => "contains-changed",
        "minContains" | "maxContains" => "contains-count-changed",
        "maxProperties" => "max-properties-lowered",
        "minProperties" => "min-properties-raised",
        "propertyNames" => "property-names-narrowed",
        "additionalProperties" => "additional-properties-closed",
        "additionalItems" | "items" => "additional-items-closed",
        "unevaluatedProperties" => "unevaluated-properties-closed",
        "unevaluatedItems" => "unevaluated-items-closed",
        "dependentRequired" => "dependent-required-added",
        "dependentSchemas" => "dependent-schema-added",
        "anyOf" | "oneOf" => "alternative-removed",
        "not" | "disallow" => "not-extended",
        _ => return None,
    })
}
