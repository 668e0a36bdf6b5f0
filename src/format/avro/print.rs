//! Schema to text: the canonical, the normalized and the self-contained one differ only in [`Style`].

use super::logical::{Logical, logical};
use super::model::{Kind, Named, Order, Props, Record, Schema, Type, TypeId};
use crate::format::json_text::{self, Node, Number, Value, java_double, print_string};
use std::collections::HashSet;

/// How a schema is written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Style {
    /// Referenced types are written out at their first use instead of by name.
    pub(super) inline: bool,
    /// Properties and aliases are sorted, empty documentation is dropped.
    pub(super) sorted: bool,
}

/// As stored and returned.
pub(super) const CANONICAL: Style = Style {
    inline: false,
    sorted: false,
};
/// In which schemas of equal meaning coincide.
pub(super) const NORMALIZED: Style = Style {
    inline: false,
    sorted: true,
};
/// Without references.
pub(super) const RESOLVED: Style = Style {
    inline: true,
    sorted: false,
};

/// Writes the whole schema.
pub(super) fn print(schema: &Schema, style: Style) -> String {
    print_type(schema, schema.root, style)
}

/// Writes one type and what is in it.
pub(super) fn print_type(schema: &Schema, id: TypeId, style: Style) -> String {
    let mut printer = Printer {
        schema,
        style,
        written: HashSet::new(),
        out: String::new(),
    };
    printer.of(id, None);
    printer.out
}

/// Strings by UTF-16 units, the order of the JVM.
fn by_utf16(a: &str, b: &str) -> std::cmp::Ordering {
    a.encode_utf16().cmp(b.encode_utf16())
}

/// Numbers as the JVM library prints what it read: integers exactly, others as doubles.
fn spell(number: &Number) -> String {
    match number.as_spelt() {
        "-0" => "0".to_owned(),
        spelt if number.is_integer_literal() => spelt.to_owned(),
        _ => {
            let value = number.to_f64();
            if value.is_finite() {
                java_double(value)
            } else {
                format!("\"{}\"", java_double(value))
            }
        }
    }
}

struct Printer<'a> {
    schema: &'a Schema,
    style: Style,
    written: HashSet<TypeId>,
    out: String,
}

impl<'a> Printer<'a> {
    fn member(&mut self, name: &str) {
        if !self.out.ends_with('{') {
            self.out.push(',');
        }
        print_string(name, &mut self.out);
        self.out.push(':');
    }

    fn text(&mut self, name: &str, value: &str) {
        self.member(name);
        print_string(value, &mut self.out);
    }

    fn strings<'s>(&mut self, name: &str, values: impl Iterator<Item = &'s str>) {
        self.member(name);
        self.out.push('[');
        for (i, value) in values.enumerate() {
            if i > 0 {
                self.out.push(',');
            }
            print_string(value, &mut self.out);
        }
        self.out.push(']');
    }

    /// A type where `namespace` is in force.
    fn of(&mut self, id: TypeId, namespace: Option<&str>) {
        let schema = self.schema;
        let of = schema.get(id);
        if let Some(named) = of.kind.named()
            && ((named.referenced && !self.style.inline) || !self.written.insert(id))
        {
            print_string(named.name.written_in(namespace), &mut self.out);
            return;
        }
        match &of.kind {
            Kind::Primitive(p) if of.props.is_empty() => print_string(p.as_str(), &mut self.out),
            Kind::Union(branches) => {
                self.out.push('[');
                for (i, branch) in branches.iter().enumerate() {
                    if i > 0 {
                        self.out.push(',');
                    }
                    self.of(*branch, namespace);
                }
                self.out.push(']');
            }
            _ => {
                self.out.push('{');
                self.object(of, namespace);
                self.out.push('}');
            }
        }
    }

    fn object(&mut self, of: &'a Type, namespace: Option<&str>) {
        match &of.kind {
            Kind::Record(record) => {
                self.text("type", if record.is_error { "error" } else { "record" });
                self.named(&record.named, namespace, self.style.sorted);
                self.fields(record);
            }
            Kind::Enum(e) => {
                self.text("type", "enum");
                self.named(&e.named, namespace, self.style.sorted);
                self.strings("symbols", e.symbols.iter().map(AsRef::as_ref));
                if let Some(default) = &e.default {
                    self.text("default", default);
                }
            }
            Kind::Fixed(fixed) => {
                self.text("type", "fixed");
                self.named(&fixed.named, namespace, false);
                self.member("size");
                self.out.push_str(&fixed.size.to_string());
            }
            Kind::Array(items) => {
                self.text("type", "array");
                self.member("items");
                self.of(*items, namespace);
            }
            Kind::Map(values) => {
                self.text("type", "map");
                self.member("values");
                self.of(*values, namespace);
            }
            kind => self.text("type", kind.word()),
        }
        self.type_props(of);
        if let Some(named) = of.kind.named()
            && !named.aliases.is_empty()
        {
            let namespace = named.name.namespace();
            // Where only names stand, no built-in word needs its namespace.
            let aliases = named.aliases.iter().map(|alias| {
                if alias.namespace() == namespace {
                    alias.short()
                } else {
                    alias.full()
                }
            });
            self.aliases(aliases.collect());
        }
    }

    fn named(&mut self, named: &'a Named, namespace: Option<&str>, drop_empty_doc: bool) {
        self.text("name", named.name.short());
        match named.name.namespace() {
            Some(own) if Some(own) != namespace => self.text("namespace", own),
            None if namespace.is_some() => self.text("namespace", ""),
            _ => {}
        }
        self.doc(
            named
                .doc
                .as_deref()
                .filter(|d| !(drop_empty_doc && d.is_empty())),
        );
    }

    fn doc(&mut self, doc: Option<&str>) {
        if let Some(doc) = doc {
            self.text("doc", doc);
        }
    }

    fn fields(&mut self, record: &'a Record) {
        self.member("fields");
        self.out.push('[');
        for (i, field) in record.fields.iter().enumerate() {
            self.out.push_str(if i > 0 { ",{" } else { "{" });
            self.text("name", &field.name);
            self.member("type");
            self.of(field.of, record.named.name.namespace());
            self.doc(field.doc.as_deref());
            if let Some(default) = &field.default {
                self.member("default");
                self.out.push_str(&json_text::print(default, &spell));
            }
            match field.order {
                Order::Ascending => {}
                Order::Descending => self.text("order", "descending"),
                Order::Ignore => self.text("order", "ignore"),
            }
            if !field.aliases.is_empty() {
                self.aliases(field.aliases.iter().map(String::as_str).collect());
            }
            self.props(&field.props, &[]);
            self.out.push('}');
        }
        self.out.push(']');
    }

    fn aliases(&mut self, mut aliases: Vec<&str>) {
        if self.style.sorted {
            aliases.sort_by(|a, b| by_utf16(a, b));
        }
        self.strings("aliases", aliases.into_iter());
    }

    /// The properties of a type; sorted, a valid logical type comes first with its own.
    fn type_props(&mut self, of: &Type) {
        if !self.style.sorted {
            return self.props(&of.props, &[]);
        }
        match logical(of) {
            None => self.props(&of.props, &[]),
            Some(Logical::Plain(word)) => {
                self.text("logicalType", word);
                self.props(&of.props, &["logicalType"]);
            }
            Some(Logical::Decimal { precision, scale }) => {
                self.text("logicalType", "decimal");
                self.member("precision");
                self.out.push_str(&precision.to_string());
                if scale != 0 {
                    self.member("scale");
                    self.out.push_str(&scale.to_string());
                }
                self.props(&of.props, &["logicalType", "precision", "scale"]);
            }
        }
    }

    fn props(&mut self, props: &Props, without: &[&str]) {
        let mut list: Vec<_> = props
            .iter()
            .filter(|(name, _)| !without.contains(&name.as_str()))
            .collect();
        if self.style.sorted {
            list.sort_by(|a, b| by_utf16(&a.0, &b.0));
        }
        for (name, value) in list {
            self.member(name);
            let text = if self.style.sorted {
                json_text::print(&sorted(value), &spell)
            } else {
                json_text::print(value, &spell)
            };
            self.out.push_str(&text);
        }
    }
}

/// The value with the members of every object in it sorted.
fn sorted(node: &Node) -> Node {
    Node::made(match &node.value {
        Value::Array(items) => Value::Array(items.iter().map(sorted).collect()),
        Value::Object(members) => {
            let mut members: Vec<_> = members
                .iter()
                .map(|(k, v)| (k.clone(), sorted(v)))
                .collect();
            members.sort_by(|a, b| by_utf16(&a.0, &b.0));
            Value::Object(members)
        }
        other => other.clone(),
    })
}
