//! The keywords of one schema object, and the model node they make.

use super::build::{Builder, plain};
use super::comparable;
use super::documents::Spot;
use super::model::{
    ArrayRules, Combined, Criterion, Id, Kind, Named, Node, NumberRules, ObjectRules, Part, Rest,
    StringRules,
};
use super::vocabulary::{Found, Keywords, Type};
use crate::format::InvalidSchema;
use crate::format::json_text::{Node as Json, Number, Value};

impl<'a> Builder<'a> {
    /// The node of the schema at a place.
    pub(super) fn schema(&mut self, spot: &Spot<'a>) -> Result<Node, InvalidSchema> {
        let members = match &spot.value.value {
            Value::Bool(true) => return Ok(plain(Kind::Any)),
            Value::Bool(false) => return Ok(plain(Kind::Never)),
            Value::Object(members) => members,
            _ => return Ok(plain(Kind::Any)),
        };
        let dialect = self.documents.dialect(spot);
        let mut k = Keywords::of(members);
        let id = k.id.and_then(|_| spot.value.get(dialect.id_keyword()));
        k.keep_known(dialect, id);
        if let Some(schema) = spot.value.get("$schema")
            && schema.as_str().is_none()
        {
            self.fault(spot, schema, "$schema must be a string")?;
        }
        let [definitions, modern_definitions] = k.definitions;
        // To a document of an older dialect `$defs` is no keyword, and real ones keep notes in it.
        let modern_definitions = modern_definitions
            .filter(|_| dialect.is_modern() || !self.documents.declares_dialect(spot));
        for definitions in [definitions, modern_definitions].into_iter().flatten() {
            self.definitions(spot, definitions)?;
        }
        if let Some(value) = k.reference.filter(|_| !dialect.is_modern()) {
            return Ok(plain(self.reference(spot, value)?));
        }
        let mut node = plain(Kind::Any);
        node.id = self.string(spot, k.id)?.filter(|_| !dialect.is_modern());
        node.title = self.string(spot, k.title)?;
        node.description = self.string(spot, k.description)?;
        node.default = k.default.map(comparable);
        node.is_connect_bytes = k.connect_type.and_then(Json::as_str) == Some("bytes");

        let mut kinds = self.parts(spot, &k)?;
        node.kind = match kinds.len() {
            0 => Kind::Any,
            1 => kinds.pop().unwrap_or(Kind::Any),
            _ => {
                let text = self.fingerprint(spot.document, spot.value);
                let parts = kinds
                    .into_iter()
                    .zip(0u64..)
                    .map(|(kind, i)| Part {
                        id: self.push(plain(kind)),
                        text: text.wrapping_add(i),
                    })
                    .collect::<Vec<_>>();
                Kind::Combined(Combined {
                    criterion: Criterion::All,
                    written: parts.len(),
                    parts,
                })
            }
        };
        Ok(node)
    }

    /// The separate demands of a schema, in the order in which the reference server finds them.
    fn parts(&mut self, spot: &Spot<'a>, k: &Keywords<'a>) -> Result<Vec<Kind>, InvalidSchema> {
        let mut kinds = Vec::new();
        for value in [k.reference, k.recursive_reference].into_iter().flatten() {
            kinds.push(self.reference(spot, value)?);
        }
        if let Some(value) = k.allowed {
            match value.as_array() {
                Some(values) => {
                    let mut values: Vec<_> = values.iter().map(comparable).collect();
                    values.sort_unstable();
                    values.dedup();
                    kinds.push(Kind::Enum(values));
                }
                None => self.fault(spot, value, "enum must be an array")?,
            }
        }
        for (criterion, value) in [
            (Criterion::All, k.all_of),
            (Criterion::Any, k.any_of),
            (Criterion::One, k.one_of),
        ] {
            let Some(value) = value else { continue };
            match value.as_array() {
                Some(items) => kinds.push(self.combined(spot, criterion, items)?),
                None => {
                    let what = format!("{} must be an array of schemas", criterion.keyword());
                    self.fault(spot, value, &what)?;
                }
            }
        }
        if let Some(value) = k.not {
            kinds.push(Kind::Not(self.child(spot, value)?));
        }
        if let Some(value) = k.constant {
            kinds.push(Kind::Const(comparable(value)));
        }
        let types = self.types(spot, k, &mut kinds)?;
        let has = |wanted: &[Type]| types.iter().any(|t| wanted.contains(t));
        if k.speaks_of_arrays() && !has(&[Type::Array]) {
            kinds.push(self.array(spot, k)?);
        }
        if k.speaks_of_objects() && !has(&[Type::Object]) {
            kinds.push(self.object(spot, k)?);
        }
        if k.speaks_of_numbers() && !has(&[Type::Number, Type::Integer]) {
            kinds.push(self.numeric(spot, k, false)?);
        }
        if k.speaks_of_strings() && !has(&[Type::String]) {
            kinds.push(self.text(spot, k)?);
        }
        if Keywords::any(&k.condition) {
            for value in k.condition.into_iter().flatten() {
                self.child(spot, value)?;
            }
            kinds.push(Kind::Conditional);
        }
        Ok(kinds)
    }

    /// The demand that `type` makes, added to `kinds`; the types it names.
    fn types(
        &mut self,
        spot: &Spot<'a>,
        k: &Keywords<'a>,
        kinds: &mut Vec<Kind>,
    ) -> Result<Vec<Type>, InvalidSchema> {
        let Some(value) = k.types else {
            return Ok(Vec::new());
        };
        let mut types = Vec::new();
        match &value.value {
            Value::String(name) => match Type::named(name) {
                Some(one) => {
                    types.push(one);
                    kinds.push(self.of_type(spot, k, one)?);
                }
                None => self.fault(spot, value, &format!("unknown type \"{name}\""))?,
            },
            Value::Array(names) if !names.is_empty() => {
                for name in names {
                    match name.as_str().and_then(Type::named) {
                        Some(one) if types.contains(&one) => {}
                        Some(one) => types.push(one),
                        None => self.fault(spot, name, "unknown type")?,
                    }
                }
                let text = self.fingerprint(spot.document, spot.value);
                let mut parts = Vec::new();
                for &one in &types {
                    let kind = self.of_type(spot, k, one)?;
                    parts.push(Part {
                        id: self.push(plain(kind)),
                        text: text ^ (one as u64 + 1),
                    });
                }
                kinds.push(Kind::Combined(Combined {
                    criterion: Criterion::Any,
                    written: parts.len(),
                    parts,
                }));
            }
            _ => self.fault(
                spot,
                value,
                "type must be a type's name or an array of names",
            )?,
        }
        Ok(types)
    }

    fn of_type(
        &mut self,
        spot: &Spot<'a>,
        k: &Keywords<'a>,
        one: Type,
    ) -> Result<Kind, InvalidSchema> {
        Ok(match one {
            Type::Null => Kind::Null,
            Type::Boolean => Kind::Boolean,
            Type::Object => self.object(spot, k)?,
            Type::Array => self.array(spot, k)?,
            Type::Number => self.numeric(spot, k, false)?,
            Type::Integer => self.numeric(spot, k, true)?,
            Type::String => self.text(spot, k)?,
        })
    }

    fn reference(&mut self, spot: &Spot<'a>, value: &'a Json) -> Result<Kind, InvalidSchema> {
        match value.as_str() {
            Some(reference) => self.follow(spot, value, reference),
            None => {
                self.fault(spot, value, "a reference must be a string")?;
                Ok(Kind::Any)
            }
        }
    }

    /// Definitions are read when something refers to them; here only their shape counts.
    fn definitions(&mut self, spot: &Spot<'a>, value: &'a Json) -> Result<(), InvalidSchema> {
        let Some(members) = value.as_object() else {
            return self.fault(spot, value, "definitions must be an object");
        };
        for (_, value) in members {
            if !matches!(value.value, Value::Object(_) | Value::Bool(_)) {
                self.fault(spot, value, "a definition must be an object or a boolean")?;
            }
        }
        Ok(())
    }

    fn text(&mut self, spot: &Spot<'a>, k: &Keywords<'a>) -> Result<Kind, InvalidSchema> {
        self.string(spot, k.format)?;
        let pattern = self.string(spot, k.pattern)?;
        if let (Some(text), Some(value)) = (&pattern, k.pattern)
            && let Some(why) = super::pattern::broken(text)
        {
            self.fault(spot, value, &format!("the pattern is malformed: {why}"))?;
        }
        Ok(Kind::String(StringRules {
            max_length: self.count(spot, k.max_length)?,
            min_length: self.count(spot, k.min_length)?,
            pattern,
        }))
    }

    fn numeric(
        &mut self,
        spot: &Spot<'a>,
        k: &Keywords<'a>,
        is_integer: bool,
    ) -> Result<Kind, InvalidSchema> {
        Ok(Kind::Number(NumberRules {
            is_integer,
            maximum: self.number(spot, k.maximum)?,
            minimum: self.number(spot, k.minimum)?,
            exclusive_maximum: self.exclusive(spot, k.exclusive_maximum)?,
            exclusive_minimum: self.exclusive(spot, k.exclusive_minimum)?,
            multiple_of: self.number(spot, k.multiple_of)?,
        }))
    }

    fn object(&mut self, spot: &Spot<'a>, k: &Keywords<'a>) -> Result<Kind, InvalidSchema> {
        let mut rules = ObjectRules {
            properties: Named::new(self.map(spot, k.properties)?),
            patterns: self.map(spot, k.pattern_properties)?,
            additional: self.rest(spot, k.additional_properties)?,
            unevaluated: self.rest(spot, k.unevaluated_properties)?,
            max_properties: self.count(spot, k.max_properties)?,
            min_properties: self.count(spot, k.min_properties)?,
            ..ObjectRules::default()
        };
        for (pattern, _) in &rules.patterns {
            if let (Some(why), Some(value)) =
                (super::pattern::broken(pattern), k.pattern_properties)
            {
                let what = format!("the pattern \"{pattern}\" is malformed: {why}");
                self.fault(spot, value, &what)?;
            }
        }
        if let Some(members) = k.properties.and_then(Json::as_object) {
            rules.defaulted = members
                .iter()
                .filter(|(_, value)| value.get("default").is_some())
                .map(|(name, _)| name.clone())
                .collect();
        }
        if let Some(value) = k.required {
            rules.required = self.strings(spot, value)?.into_iter().collect();
        }
        if let Some(value) = k.property_names {
            self.child(spot, value)?;
        }
        let mut lists = Vec::new();
        let mut schemas = self.map(spot, k.dependent_schemas)?;
        for (source, may_be_schema) in [(k.dependencies, true), (k.dependent_required, false)] {
            let Some(value) = source else { continue };
            let Some(members) = value.as_object() else {
                self.fault(spot, value, "dependencies must be an object")?;
                continue;
            };
            for (name, value) in members {
                if may_be_schema && value.as_array().is_none() {
                    schemas.push((name.clone(), self.child(spot, value)?));
                } else {
                    lists.push((name.clone(), self.strings(spot, value)?));
                }
            }
        }
        rules.property_dependencies = Named::new(first_of_each(lists));
        rules.schema_dependencies = Named::new(first_of_each(schemas));
        Ok(Kind::Object(Box::new(rules)))
    }

    fn array(&mut self, spot: &Spot<'a>, k: &Keywords<'a>) -> Result<Kind, InvalidSchema> {
        let mut rules = ArrayRules {
            additional: self.rest(spot, k.additional_items)?,
            unevaluated: self.rest(spot, k.unevaluated_items)?,
            max_items: self.count(spot, k.max_items)?,
            min_items: self.count(spot, k.min_items)?,
            max_contains: self.count(spot, k.max_contains)?,
            min_contains: self.count(spot, k.min_contains)?,
            ..ArrayRules::default()
        };
        let tuple = match (k.prefix_items, k.items) {
            (Some(prefix), items) => {
                rules.additional = self.rest(spot, items)?;
                Some(prefix)
            }
            (None, Some(items)) if items.as_array().is_some() => Some(items),
            (None, Some(items)) => {
                rules.every = Some(self.child(spot, items)?);
                None
            }
            (None, None) => None,
        };
        if let Some(value) = tuple {
            match value.as_array() {
                Some(items) => {
                    for item in items {
                        let id = self.child(spot, item)?;
                        rules.tuple.push(id);
                    }
                }
                None => self.fault(spot, value, "prefixItems must be an array of schemas")?,
            }
        }
        if let Some(value) = k.contains {
            self.child(spot, value)?;
        }
        if let Some(value) = k.unique_items {
            match value.as_bool() {
                Some(is_unique) => rules.is_unique = is_unique,
                None => self.fault(spot, value, "uniqueItems must be a boolean")?,
            }
        }
        Ok(Kind::Array(Box::new(rules)))
    }

    fn map(
        &mut self,
        spot: &Spot<'a>,
        found: Found<'a>,
    ) -> Result<Vec<(String, Id)>, InvalidSchema> {
        let Some(value) = found else {
            return Ok(Vec::new());
        };
        let Some(members) = value.as_object() else {
            self.fault(spot, value, "expected an object whose members are schemas")?;
            return Ok(Vec::new());
        };
        members
            .iter()
            .map(|(name, value)| Ok((name.clone(), self.child(spot, value)?)))
            .collect()
    }

    fn rest(&mut self, spot: &Spot<'a>, found: Found<'a>) -> Result<Rest, InvalidSchema> {
        Ok(match found {
            None => Rest::Open,
            Some(value) => match value.as_bool() {
                Some(true) => Rest::Open,
                Some(false) => Rest::Closed,
                None => Rest::Schema(self.child(spot, value)?),
            },
        })
    }

    fn string(&self, spot: &Spot<'a>, found: Found<'a>) -> Result<Option<String>, InvalidSchema> {
        let Some(value) = found else { return Ok(None) };
        if value.as_str().is_none() {
            self.fault(spot, value, "expected a string")?;
        }
        Ok(value.as_str().map(str::to_owned))
    }

    fn strings(&self, spot: &Spot<'a>, value: &'a Json) -> Result<Vec<String>, InvalidSchema> {
        let Some(items) = value.as_array() else {
            self.fault(spot, value, "expected an array of strings")?;
            return Ok(Vec::new());
        };
        let mut strings = Vec::with_capacity(items.len());
        for item in items {
            match item.as_str() {
                Some(text) => strings.push(text.to_owned()),
                None => self.fault(spot, item, "expected a string")?,
            }
        }
        Ok(strings)
    }

    fn number(&self, spot: &Spot<'a>, found: Found<'a>) -> Result<Option<Number>, InvalidSchema> {
        let Some(value) = found else { return Ok(None) };
        if value.as_number().is_none() {
            self.fault(spot, value, "expected a number")?;
        }
        Ok(value.as_number().cloned())
    }

    fn count(&self, spot: &Spot<'a>, found: Found<'a>) -> Result<Option<Number>, InvalidSchema> {
        let number = self.number(spot, found)?;
        if let (Some(number), Some(value)) = (&number, found)
            && !number.is_integral()
        {
            self.fault(spot, value, "expected an integer")?;
        }
        Ok(number)
    }

    /// An exclusive bound: a number, or in draft-04 a boolean that turns the other bound exclusive.
    fn exclusive(
        &self,
        spot: &Spot<'a>,
        found: Found<'a>,
    ) -> Result<Option<Number>, InvalidSchema> {
        let Some(value) = found else { return Ok(None) };
        match (&value.value, self.documents.takes_boolean_bounds(spot)) {
            (Value::Bool(_), Some(true) | None) => Ok(None),
            (Value::Number(number), Some(false) | None) => Ok(Some(number.clone())),
            (_, Some(true)) => {
                self.fault(spot, value, "expected a boolean")?;
                Ok(value.as_number().cloned())
            }
            _ => {
                self.fault(spot, value, "expected a number")?;
                Ok(None)
            }
        }
    }
}

/// `dependencies` and its successors may name the same property; the first counts.
fn first_of_each<T>(entries: Vec<(String, T)>) -> Vec<(String, T)> {
    let mut seen = std::collections::HashSet::new();
    entries
        .into_iter()
        .filter(|(name, _)| seen.insert(name.clone()))
        .collect()
}
