//! The names of the differences, how they are judged, and their sentences. They are part of the API contract
//! (section 6.4), so each constant simply bears its name.

use crate::format::{Difference, Judgement, READER, WRITER};

/// The sentence that describes a difference.
#[derive(Debug, Clone, Copy)]
enum Family {
    Silent,
    Keyword,
    More,
    Less,
    Value,
    Fewer,
    Extra,
    Type,
    Open,
    Unopen,
    Closed,
    RemovedUncovered,
    AddedUncovered,
}

/// A kind of difference.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// Its name.
    pub name: &'static str,
    /// How it is judged.
    pub judgement: Judgement,
    family: Family,
}

impl Rule {
    const fn fine(name: &'static str) -> Self {
        Self {
            name,
            judgement: Judgement::Compatible,
            family: Family::Silent,
        }
    }

    const fn lenient(name: &'static str, family: Family) -> Self {
        Self {
            name,
            judgement: Judgement::Lenient,
            family,
        }
    }

    const fn breaking(name: &'static str, family: Family) -> Self {
        Self {
            name,
            judgement: Judgement::Incompatible,
            family,
        }
    }

    /// The difference at a path (without its leading `#/`).
    pub fn at(&self, path: &str) -> Difference {
        let path = format!("#/{path}");
        // A NUL would be taken for the place of a word.
        let shown = path.replace('\u{0}', "\u{fffd}");
        let (r, w, p) = (READER, WRITER, shown.as_str());
        let sentence = match self.family {
            Family::Silent => String::new(),
            Family::Keyword => format!(
                "The keyword at path '{p}' in the {r} schema is not present in the {w} schema"
            ),
            Family::More => format!(
                "The value at path '{p}' in the {r} schema is more than its value in the {w} schema"
            ),
            Family::Less => format!(
                "The value at path '{p}' in the {r} schema is less than its value in the {w} schema"
            ),
            Family::Value => {
                format!("The value at path '{p}' is different between the {r} and {w} schema")
            }
            Family::Fewer => format!(
                "An array or combined type at path '{p}' has fewer elements in the {r} schema than the {w} schema"
            ),
            Family::Extra => format!(
                "An array or combined type at path '{p}' has more elements in the {r} schema than the {w} schema"
            ),
            Family::Type => {
                format!(
                    "A type at path '{p}' is different between the {r} schema and the {w} schema"
                )
            }
            Family::Open => format!(
                "The {r} schema has an open content model and has a property or item at path '{p}' which is missing in the {w} schema"
            ),
            Family::Unopen => format!(
                "The {r} schema has an unopen content model and has a required property at path '{p}' which is missing in the {w} schema"
            ),
            Family::Closed => format!(
                "The {r} has a closed content model and is missing a property or item present at path '{p}' in the {w} schema"
            ),
            Family::RemovedUncovered => format!(
                "A property or item is missing in the {r} schema but present at path '{p}' in the {w} schema and is not covered by its partially open content model"
            ),
            Family::AddedUncovered => format!(
                "The {r} schema has a property or item at path '{p}' which is missing in the {w} schema and is not covered by its partially open content model"
            ),
        };
        Difference {
            kind: self.name,
            judgement: self.judgement,
            // The quote that opens the description is closed by another one: clients know it so.
            template: format!("{{errorType:\"{}\", description:\"{sentence}'}}", self.name),
            path,
        }
    }
}

/// The four ways in which a bound changes.
#[derive(Debug, Clone, Copy)]
pub struct Bound {
    pub keyword: &'static str,
    pub added: Rule,
    pub removed: Rule,
    pub increased: Rule,
    pub decreased: Rule,
}

pub const ID_CHANGED: Rule = Rule::fine("ID_CHANGED");
pub const TITLE_CHANGED: Rule = Rule::fine("TITLE_CHANGED");
pub const DESCRIPTION_CHANGED: Rule = Rule::fine("DESCRIPTION_CHANGED");
pub const DEFAULT_CHANGED: Rule = Rule::fine("DEFAULT_CHANGED");
pub const SCHEMA_REMOVED: Rule = Rule::fine("SCHEMA_REMOVED");
pub const TYPE_EXTENDED: Rule = Rule::fine("TYPE_EXTENDED");
pub const PATTERN_REMOVED: Rule = Rule::fine("PATTERN_REMOVED");
pub const MULTIPLE_OF_REMOVED: Rule = Rule::fine("MULTIPLE_OF_REMOVED");
pub const MULTIPLE_OF_REDUCED: Rule = Rule::fine("MULTIPLE_OF_REDUCED");
pub const REQUIRED_ATTRIBUTE_WITH_DEFAULT_ADDED: Rule =
    Rule::fine("REQUIRED_ATTRIBUTE_WITH_DEFAULT_ADDED");
pub const REQUIRED_ATTRIBUTE_REMOVED: Rule = Rule::fine("REQUIRED_ATTRIBUTE_REMOVED");
pub const DEPENDENCY_ARRAY_REMOVED: Rule = Rule::fine("DEPENDENCY_ARRAY_REMOVED");
pub const DEPENDENCY_ARRAY_NARROWED: Rule = Rule::fine("DEPENDENCY_ARRAY_NARROWED");
pub const DEPENDENCY_SCHEMA_REMOVED: Rule = Rule::fine("DEPENDENCY_SCHEMA_REMOVED");
pub const PROPERTY_WITH_EMPTY_SCHEMA_ADDED_TO_OPEN_CONTENT_MODEL: Rule =
    Rule::fine("PROPERTY_WITH_EMPTY_SCHEMA_ADDED_TO_OPEN_CONTENT_MODEL");
pub const REQUIRED_PROPERTY_WITH_DEFAULT_ADDED_TO_UNOPEN_CONTENT_MODEL: Rule =
    Rule::fine("REQUIRED_PROPERTY_WITH_DEFAULT_ADDED_TO_UNOPEN_CONTENT_MODEL");
pub const OPTIONAL_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL: Rule =
    Rule::fine("OPTIONAL_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL");
pub const PROPERTY_REMOVED_FROM_OPEN_CONTENT_MODEL: Rule =
    Rule::fine("PROPERTY_REMOVED_FROM_OPEN_CONTENT_MODEL");
pub const PROPERTY_WITH_FALSE_REMOVED_FROM_CLOSED_CONTENT_MODEL: Rule =
    Rule::fine("PROPERTY_WITH_FALSE_REMOVED_FROM_CLOSED_CONTENT_MODEL");
pub const PROPERTY_REMOVED_IS_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL: Rule =
    Rule::fine("PROPERTY_REMOVED_IS_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL");
pub const PROPERTY_ADDED_IS_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL: Rule =
    Rule::fine("PROPERTY_ADDED_IS_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL");
pub const UNIQUE_ITEMS_REMOVED: Rule = Rule::fine("UNIQUE_ITEMS_REMOVED");
pub const ITEM_WITH_EMPTY_SCHEMA_ADDED_TO_OPEN_CONTENT_MODEL: Rule =
    Rule::fine("ITEM_WITH_EMPTY_SCHEMA_ADDED_TO_OPEN_CONTENT_MODEL");
pub const ITEM_ADDED_TO_CLOSED_CONTENT_MODEL: Rule =
    Rule::fine("ITEM_ADDED_TO_CLOSED_CONTENT_MODEL");
pub const ITEM_REMOVED_FROM_OPEN_CONTENT_MODEL: Rule =
    Rule::fine("ITEM_REMOVED_FROM_OPEN_CONTENT_MODEL");
pub const ITEM_WITH_FALSE_REMOVED_FROM_CLOSED_CONTENT_MODEL: Rule =
    Rule::fine("ITEM_WITH_FALSE_REMOVED_FROM_CLOSED_CONTENT_MODEL");
pub const ITEM_REMOVED_IS_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL: Rule =
    Rule::fine("ITEM_REMOVED_IS_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL");
pub const ITEM_ADDED_IS_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL: Rule =
    Rule::fine("ITEM_ADDED_IS_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL");
pub const ENUM_ARRAY_EXTENDED: Rule = Rule::fine("ENUM_ARRAY_EXTENDED");
pub const COMBINED_TYPE_EXTENDED: Rule = Rule::fine("COMBINED_TYPE_EXTENDED");
pub const PRODUCT_TYPE_NARROWED: Rule = Rule::fine("PRODUCT_TYPE_NARROWED");
pub const SUM_TYPE_EXTENDED: Rule = Rule {
    family: Family::Extra,
    ..Rule::fine("SUM_TYPE_EXTENDED")
};
pub const NOT_TYPE_NARROWED: Rule = Rule::fine("NOT_TYPE_NARROWED");
pub const SCHEMA_ADDED: Rule = Rule::breaking("SCHEMA_ADDED", Family::Silent);
pub const TYPE_NARROWED: Rule = Rule::breaking("TYPE_NARROWED", Family::Type);
pub const TYPE_CHANGED: Rule = Rule::breaking("TYPE_CHANGED", Family::Type);
pub const PATTERN_ADDED: Rule = Rule::breaking("PATTERN_ADDED", Family::Keyword);
pub const PATTERN_CHANGED: Rule = Rule::breaking("PATTERN_CHANGED", Family::Value);
pub const MULTIPLE_OF_ADDED: Rule = Rule::breaking("MULTIPLE_OF_ADDED", Family::Keyword);
pub const MULTIPLE_OF_EXPANDED: Rule = Rule::breaking("MULTIPLE_OF_EXPANDED", Family::More);
pub const MULTIPLE_OF_CHANGED: Rule = Rule::breaking("MULTIPLE_OF_CHANGED", Family::Value);
pub const REQUIRED_ATTRIBUTE_ADDED: Rule =
    Rule::breaking("REQUIRED_ATTRIBUTE_ADDED", Family::Keyword);
pub const DEPENDENCY_ARRAY_ADDED: Rule = Rule::breaking("DEPENDENCY_ARRAY_ADDED", Family::Keyword);
pub const DEPENDENCY_ARRAY_EXTENDED: Rule =
    Rule::breaking("DEPENDENCY_ARRAY_EXTENDED", Family::Extra);
pub const DEPENDENCY_ARRAY_CHANGED: Rule =
    Rule::breaking("DEPENDENCY_ARRAY_CHANGED", Family::Value);
pub const DEPENDENCY_SCHEMA_ADDED: Rule =
    Rule::breaking("DEPENDENCY_SCHEMA_ADDED", Family::Keyword);
pub const REQUIRED_PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL: Rule = Rule::breaking(
    "REQUIRED_PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL",
    Family::Open,
);
pub const REQUIRED_PROPERTY_WITH_DEFAULT_ADDED_TO_OPEN_CONTENT_MODEL: Rule = Rule::lenient(
    "REQUIRED_PROPERTY_WITH_DEFAULT_ADDED_TO_OPEN_CONTENT_MODEL",
    Family::Open,
);
pub const OPTIONAL_PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL: Rule = Rule::lenient(
    "OPTIONAL_PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL",
    Family::Open,
);
pub const REQUIRED_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL: Rule = Rule::breaking(
    "REQUIRED_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL",
    Family::Unopen,
);
pub const PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL: Rule =
    Rule::lenient("PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL", Family::Closed);
pub const PROPERTY_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL: Rule = Rule::lenient(
    "PROPERTY_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL",
    Family::RemovedUncovered,
);
pub const PROPERTY_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL: Rule = Rule::lenient(
    "PROPERTY_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL",
    Family::AddedUncovered,
);
pub const UNIQUE_ITEMS_ADDED: Rule = Rule::breaking("UNIQUE_ITEMS_ADDED", Family::Keyword);
pub const ITEM_ADDED_TO_OPEN_CONTENT_MODEL: Rule =
    Rule::breaking("ITEM_ADDED_TO_OPEN_CONTENT_MODEL", Family::Open);
pub const ITEM_REMOVED_FROM_CLOSED_CONTENT_MODEL: Rule =
    Rule::breaking("ITEM_REMOVED_FROM_CLOSED_CONTENT_MODEL", Family::Closed);
pub const ITEM_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL: Rule = Rule::breaking(
    "ITEM_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL",
    Family::RemovedUncovered,
);
pub const ITEM_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL: Rule = Rule::breaking(
    "ITEM_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL",
    Family::AddedUncovered,
);
pub const ENUM_ARRAY_NARROWED: Rule = Rule::breaking("ENUM_ARRAY_NARROWED", Family::Fewer);
pub const ENUM_ARRAY_CHANGED: Rule = Rule::breaking("ENUM_ARRAY_CHANGED", Family::Type);
pub const COMBINED_TYPE_CHANGED: Rule = Rule::breaking("COMBINED_TYPE_CHANGED", Family::Type);
pub const PRODUCT_TYPE_EXTENDED: Rule = Rule::breaking("PRODUCT_TYPE_EXTENDED", Family::Extra);
pub const SUM_TYPE_NARROWED: Rule = Rule::breaking("SUM_TYPE_NARROWED", Family::Fewer);
pub const COMBINED_TYPE_SUBSCHEMAS_CHANGED: Rule =
    Rule::breaking("COMBINED_TYPE_SUBSCHEMAS_CHANGED", Family::Type);
pub const NOT_TYPE_EXTENDED: Rule = Rule::breaking("NOT_TYPE_EXTENDED", Family::Extra);
pub const MAX_LENGTH: Bound = Bound {
    keyword: "maxLength",
    added: Rule::breaking("MAX_LENGTH_ADDED", Family::Keyword),
    removed: Rule::fine("MAX_LENGTH_REMOVED"),
    increased: Rule::fine("MAX_LENGTH_INCREASED"),
    decreased: Rule::breaking("MAX_LENGTH_DECREASED", Family::Less),
};
pub const MIN_LENGTH: Bound = Bound {
    keyword: "minLength",
    added: Rule::breaking("MIN_LENGTH_ADDED", Family::Keyword),
    removed: Rule::fine("MIN_LENGTH_REMOVED"),
    increased: Rule::breaking("MIN_LENGTH_INCREASED", Family::More),
    decreased: Rule::fine("MIN_LENGTH_DECREASED"),
};
pub const MAXIMUM: Bound = Bound {
    keyword: "maximum",
    added: Rule::breaking("MAXIMUM_ADDED", Family::Keyword),
    removed: Rule::fine("MAXIMUM_REMOVED"),
    increased: Rule::fine("MAXIMUM_INCREASED"),
    decreased: Rule::breaking("MAXIMUM_DECREASED", Family::Less),
};
pub const MINIMUM: Bound = Bound {
    keyword: "minimum",
    added: Rule::breaking("MINIMUM_ADDED", Family::Keyword),
    removed: Rule::fine("MINIMUM_REMOVED"),
    increased: Rule::breaking("MINIMUM_INCREASED", Family::More),
    decreased: Rule::fine("MINIMUM_DECREASED"),
};
pub const EXCLUSIVE_MAXIMUM: Bound = Bound {
    keyword: "exclusiveMaximum",
    added: Rule::breaking("EXCLUSIVE_MAXIMUM_ADDED", Family::Keyword),
    removed: Rule::fine("EXCLUSIVE_MAXIMUM_REMOVED"),
    increased: Rule::fine("EXCLUSIVE_MAXIMUM_INCREASED"),
    decreased: Rule::breaking("EXCLUSIVE_MAXIMUM_DECREASED", Family::Less),
};
pub const EXCLUSIVE_MINIMUM: Bound = Bound {
    keyword: "exclusiveMinimum",
    added: Rule::breaking("EXCLUSIVE_MINIMUM_ADDED", Family::Keyword),
    removed: Rule::fine("EXCLUSIVE_MINIMUM_REMOVED"),
    increased: Rule::breaking("EXCLUSIVE_MINIMUM_INCREASED", Family::More),
    decreased: Rule::fine("EXCLUSIVE_MINIMUM_DECREASED"),
};
pub const MAX_PROPERTIES: Bound = Bound {
    keyword: "maxProperties",
    added: Rule::breaking("MAX_PROPERTIES_ADDED", Family::Keyword),
    removed: Rule::fine("MAX_PROPERTIES_REMOVED"),
    increased: Rule::fine("MAX_PROPERTIES_INCREASED"),
    decreased: Rule::breaking("MAX_PROPERTIES_DECREASED", Family::Less),
};
pub const MIN_PROPERTIES: Bound = Bound {
    keyword: "minProperties",
    added: Rule::breaking("MIN_PROPERTIES_ADDED", Family::Keyword),
    removed: Rule::fine("MIN_PROPERTIES_REMOVED"),
    increased: Rule::breaking("MIN_PROPERTIES_INCREASED", Family::More),
    decreased: Rule::fine("MIN_PROPERTIES_DECREASED"),
};
pub const MAX_ITEMS: Bound = Bound {
    keyword: "maxItems",
    added: Rule::breaking("MAX_ITEMS_ADDED", Family::Keyword),
    removed: Rule::fine("MAX_ITEMS_REMOVED"),
    increased: Rule::fine("MAX_ITEMS_INCREASED"),
    decreased: Rule::breaking("MAX_ITEMS_DECREASED", Family::Less),
};
pub const MIN_ITEMS: Bound = Bound {
    keyword: "minItems",
    added: Rule::breaking("MIN_ITEMS_ADDED", Family::Keyword),
    removed: Rule::fine("MIN_ITEMS_REMOVED"),
    increased: Rule::breaking("MIN_ITEMS_INCREASED", Family::More),
    decreased: Rule::fine("MIN_ITEMS_DECREASED"),
};
pub const MAX_CONTAINS: Bound = Bound {
    keyword: "maxContains",
    added: Rule::breaking("MAX_CONTAINS_ADDED", Family::Keyword),
    removed: Rule::fine("MAX_CONTAINS_REMOVED"),
    increased: Rule::fine("MAX_CONTAINS_INCREASED"),
    decreased: Rule::breaking("MAX_CONTAINS_DECREASED", Family::Less),
};
pub const MIN_CONTAINS: Bound = Bound {
    keyword: "minContains",
    added: Rule::breaking("MIN_CONTAINS_ADDED", Family::Keyword),
    removed: Rule::fine("MIN_CONTAINS_REMOVED"),
    increased: Rule::breaking("MIN_CONTAINS_INCREASED", Family::More),
    decreased: Rule::fine("MIN_CONTAINS_DECREASED"),
};

/// What happens to the keyword that governs what is not listed.
#[derive(Debug, Clone, Copy)]
pub struct RestRules {
    pub keyword: &'static str,
    pub added: Rule,
    pub removed: Rule,
    pub extended: Rule,
    pub narrowed: Rule,
}

pub const ADDITIONAL_PROPERTIES: RestRules = RestRules {
    keyword: "additionalProperties",
    added: Rule::fine("ADDITIONAL_PROPERTIES_ADDED"),
    removed: Rule::lenient("ADDITIONAL_PROPERTIES_REMOVED", Family::Keyword),
    extended: Rule::fine("ADDITIONAL_PROPERTIES_EXTENDED"),
    narrowed: Rule::lenient("ADDITIONAL_PROPERTIES_NARROWED", Family::Fewer),
};
pub const UNEVALUATED_PROPERTIES: RestRules = RestRules {
    keyword: "unevaluatedProperties",
    added: Rule::fine("UNEVALUATED_PROPERTIES_ADDED"),
    removed: Rule::lenient("UNEVALUATED_PROPERTIES_REMOVED", Family::Keyword),
    extended: Rule::fine("UNEVALUATED_PROPERTIES_EXTENDED"),
    narrowed: Rule::lenient("UNEVALUATED_PROPERTIES_NARROWED", Family::Fewer),
};
pub const ADDITIONAL_ITEMS: RestRules = RestRules {
    keyword: "additionalItems",
    added: Rule::fine("ADDITIONAL_ITEMS_ADDED"),
    removed: Rule::breaking("ADDITIONAL_ITEMS_REMOVED", Family::Keyword),
    extended: Rule::fine("ADDITIONAL_ITEMS_EXTENDED"),
    narrowed: Rule::breaking("ADDITIONAL_ITEMS_NARROWED", Family::Fewer),
};
pub const UNEVALUATED_ITEMS: RestRules = RestRules {
    keyword: "unevaluatedItems",
    added: Rule::fine("UNEVALUATED_ITEMS_ADDED"),
    removed: Rule::breaking("UNEVALUATED_ITEMS_REMOVED", Family::Keyword),
    extended: Rule::fine("UNEVALUATED_ITEMS_EXTENDED"),
    narrowed: Rule::breaking("UNEVALUATED_ITEMS_NARROWED", Family::Fewer),
};
