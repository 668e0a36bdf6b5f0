//! The words of JSON Schema: keywords as they stand in one object, and which of them a dialect knows.

use super::dialect::Dialect;
use crate::format::json_text::Node as Json;

/// The types of JSON Schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    Null,
    Boolean,
    Object,
    Array,
    Number,
    Integer,
    String,
}

impl Type {
    /// The type of a name.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "null" => Self::Null,
            "boolean" => Self::Boolean,
            "object" => Self::Object,
            "array" => Self::Array,
            "number" => Self::Number,
            "integer" => Self::Integer,
            "string" => Self::String,
            _ => return None,
        })
    }
}

/// A keyword's value, where it is there.
pub type Found<'a> = Option<&'a Json>;

/// The keywords of an object, by name.
#[derive(Default)]
pub struct Keywords<'a> {
    pub id: Found<'a>,
    pub title: Found<'a>,
    pub description: Found<'a>,
    pub default: Found<'a>,
    pub connect_type: Found<'a>,
    pub reference: Found<'a>,
    pub recursive_reference: Found<'a>,
    pub types: Found<'a>,
    pub allowed: Found<'a>,
    pub constant: Found<'a>,
    pub all_of: Found<'a>,
    pub any_of: Found<'a>,
    pub one_of: Found<'a>,
    pub not: Found<'a>,
    pub condition: [Found<'a>; 3],
    pub definitions: [Found<'a>; 2],
    pub format: Found<'a>,
    pub max_length: Found<'a>,
    pub min_length: Found<'a>,
    pub pattern: Found<'a>,
    pub maximum: Found<'a>,
    pub minimum: Found<'a>,
    pub exclusive_maximum: Found<'a>,
    pub exclusive_minimum: Found<'a>,
    pub multiple_of: Found<'a>,
    pub properties: Found<'a>,
    pub required: Found<'a>,
    pub pattern_properties: Found<'a>,
    pub property_names: Found<'a>,
    pub dependencies: Found<'a>,
    pub dependent_required: Found<'a>,
    pub dependent_schemas: Found<'a>,
    pub additional_properties: Found<'a>,
    pub unevaluated_properties: Found<'a>,
    pub max_properties: Found<'a>,
    pub min_properties: Found<'a>,
    pub items: Found<'a>,
    pub prefix_items: Found<'a>,
    pub additional_items: Found<'a>,
    pub unevaluated_items: Found<'a>,
    pub contains: Found<'a>,
    pub max_items: Found<'a>,
    pub min_items: Found<'a>,
    pub unique_items: Found<'a>,
    pub max_contains: Found<'a>,
    pub min_contains: Found<'a>,
}

impl<'a> Keywords<'a> {
    /// The keywords among an object's members.
    pub fn of(members: &'a [(String, Json)]) -> Self {
        let mut k = Self::default();
        for (name, value) in members {
            let slot = match name.as_str() {
                "id" | "$id" => &mut k.id,
                "title" => &mut k.title,
                "description" => &mut k.description,
                "default" => &mut k.default,
                "connect.type" => &mut k.connect_type,
                "$ref" => &mut k.reference,
                "$recursiveRef" | "$dynamicRef" => &mut k.recursive_reference,
                "type" => &mut k.types,
                "enum" => &mut k.allowed,
                "const" => &mut k.constant,
                "allOf" => &mut k.all_of,
                "anyOf" => &mut k.any_of,
                "oneOf" => &mut k.one_of,
                "not" => &mut k.not,
                "if" => &mut k.condition[0],
                "then" => &mut k.condition[1],
                "else" => &mut k.condition[2],
                "definitions" => &mut k.definitions[0],
                "$defs" => &mut k.definitions[1],
                "format" => &mut k.format,
                "maxLength" => &mut k.max_length,
                "minLength" => &mut k.min_length,
                "pattern" => &mut k.pattern,
                "maximum" => &mut k.maximum,
                "minimum" => &mut k.minimum,
                "exclusiveMaximum" => &mut k.exclusive_maximum,
                "exclusiveMinimum" => &mut k.exclusive_minimum,
                "multipleOf" => &mut k.multiple_of,
                "properties" => &mut k.properties,
                "required" => &mut k.required,
                "patternProperties" => &mut k.pattern_properties,
                "propertyNames" => &mut k.property_names,
                "dependencies" => &mut k.dependencies,
                "dependentRequired" => &mut k.dependent_required,
                "dependentSchemas" => &mut k.dependent_schemas,
                "additionalProperties" => &mut k.additional_properties,
                "unevaluatedProperties" => &mut k.unevaluated_properties,
                "maxProperties" => &mut k.max_properties,
                "minProperties" => &mut k.min_properties,
                "items" => &mut k.items,
                "prefixItems" => &mut k.prefix_items,
                "additionalItems" => &mut k.additional_items,
                "unevaluatedItems" => &mut k.unevaluated_items,
                "contains" => &mut k.contains,
                "maxItems" => &mut k.max_items,
                "minItems" => &mut k.min_items,
                "uniqueItems" => &mut k.unique_items,
                "maxContains" => &mut k.max_contains,
                "minContains" => &mut k.min_contains,
                _ => continue,
            };
            *slot = Some(value);
        }
        k
    }

    /// Whether one of them is there.
    pub fn any(found: &[Found<'a>]) -> bool {
        found.iter().any(Option::is_some)
    }

    /// Whether a keyword of strings is there.
    pub fn speaks_of_strings(&self) -> bool {
        Self::any(&[self.max_length, self.min_length, self.pattern, self.format])
    }

    /// Whether a keyword of numbers is there.
    pub fn speaks_of_numbers(&self) -> bool {
        Self::any(&[
            self.maximum,
            self.minimum,
            self.exclusive_maximum,
            self.exclusive_minimum,
            self.multiple_of,
        ])
    }

    /// Whether a keyword of objects is there.
    pub fn speaks_of_objects(&self) -> bool {
        Self::any(&[
            self.properties,
            self.required,
            self.pattern_properties,
            self.property_names,
            self.dependencies,
            self.dependent_required,
            self.dependent_schemas,
            self.additional_properties,
            self.unevaluated_properties,
            self.max_properties,
            self.min_properties,
        ])
    }

    /// Whether a keyword of arrays is there.
    pub fn speaks_of_arrays(&self) -> bool {
        Self::any(&[
            self.items,
            self.prefix_items,
            self.additional_items,
            self.unevaluated_items,
            self.contains,
            self.max_items,
            self.min_items,
            self.unique_items,
        ])
    }

    /// Takes out the keywords that the dialect does not know, so that they say nothing.
    pub fn keep_known(&mut self, dialect: Dialect, has_id: Found<'a>) {
        self.id = has_id;
        if dialect < Dialect::Draft6 {
            self.constant = None;
            self.contains = None;
            self.property_names = None;
        }
        if dialect < Dialect::Draft7 {
            self.condition = [None; 3];
        }
        if dialect.is_modern() {
            // An empty map of properties leaves no trace in the reference's reading of these dialects.
            let is_empty =
                |map: Found<'a>| map.and_then(Json::as_object).is_some_and(<[_]>::is_empty);
            if is_empty(self.properties) {
                self.properties = None;
            }
            if is_empty(self.pattern_properties) {
                self.pattern_properties = None;
            }
        } else {
            self.recursive_reference = None;
            self.dependent_required = None;
            self.dependent_schemas = None;
            self.unevaluated_properties = None;
            self.unevaluated_items = None;
            self.prefix_items = None;
            self.max_contains = None;
            self.min_contains = None;
        }
        if dialect >= Dialect::Draft2020 {
            self.additional_items = None;
        }
        if self.contains.is_none() {
            self.max_contains = None;
            self.min_contains = None;
        }
    }
}
