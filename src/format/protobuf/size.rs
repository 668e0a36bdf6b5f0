//! Bounds what a small text may print as: indentation and full names grow with nesting, and a text that nests deep
//! and repeats itself would come out hundreds of times as long as it went in.

use super::ast::*;
use crate::format::InvalidSchema;

/// How many bytes indentation and full names may add, in sum.
const ADDED: u64 = 32 << 20;

/// Refuses a file whose canonical or normalized text could be too long.
pub(super) fn check(file: &File) -> Result<(), InvalidSchema> {
    let package = file.package.as_deref().map_or(0, |p| p.len() as u64 + 2);
    let mut size = Size(0);
    let top = Line {
        depth: 0,
        scope: package,
    };
    size.options(&file.options, top);
    file.messages.iter().for_each(|m| size.message(m, top));
    file.enums.iter().for_each(|e| size.enumeration(e, top));
    file.extends.iter().for_each(|e| size.extend(e, top));
    for service in &file.services {
        size.line(top);
        size.options(&service.options, top.inside(&service.name));
        for rpc in &service.rpcs {
            size.lines(2, top.inside(&service.name));
            size.options(&rpc.options, top.inside(&service.name));
        }
    }
    if size.0 > ADDED {
        return Err(InvalidSchema::new(
            "the schema nests too deep for its length: printed, it would be many times as long",
        ));
    }
    Ok(())
}

/// Where a line stands: how far it is indented, and how long the full name of its surroundings is.
#[derive(Clone, Copy)]
struct Line {
    depth: u64,
    scope: u64,
}

impl Line {
    fn inside(self, name: &str) -> Self {
        Self {
            depth: self.depth + 1,
            scope: self.scope + name.len() as u64 + 1,
        }
    }
}

/// The bytes added so far.
struct Size(u64);

impl Size {
    fn line(&mut self, at: Line) {
        self.lines(1, at);
    }

    fn lines(&mut self, count: usize, at: Line) {
        self.0 = self
            .0
            .saturating_add((2 * at.depth + at.scope).saturating_mul(count as u64));
    }

    fn message(&mut self, message: &Message, at: Line) {
        self.line(at);
        let at = at.inside(&message.name);
        self.options(&message.options, at);
        self.fields(&message.fields, at);
        for oneof in &message.oneofs {
            self.line(at);
            let at = at.inside("");
            self.options(&oneof.options, at);
            self.fields(&oneof.fields, at);
            self.groups(&oneof.groups, at);
        }
        self.groups(&message.groups, at);
        self.lines(message.reserved.iter().map(Vec::len).sum(), at);
        for extensions in &message.extensions {
            self.lines(extensions.ranges.len(), at);
            self.options(&extensions.options, at);
        }
        message.extends.iter().for_each(|e| self.extend(e, at));
        message.messages.iter().for_each(|m| self.message(m, at));
        message.enums.iter().for_each(|e| self.enumeration(e, at));
    }

    fn fields(&mut self, fields: &[Field], at: Line) {
        self.lines(fields.len(), at);
        fields.iter().for_each(|f| self.options(&f.options, at));
    }

    fn groups(&mut self, groups: &[Group], at: Line) {
        for group in groups {
            self.options(&group.options, at);
            self.message(&group.body, at);
        }
    }

    fn extend(&mut self, extend: &Extend, at: Line) {
        self.line(at);
        let at = at.inside("");
        self.fields(&extend.fields, at);
        self.groups(&extend.groups, at);
    }

    fn enumeration(&mut self, enumeration: &Enum, at: Line) {
        self.line(at);
        let at = at.inside(&enumeration.name);
        self.options(&enumeration.options, at);
        self.lines(enumeration.reserved.iter().map(Vec::len).sum(), at);
        self.lines(enumeration.constants.len(), at);
        for constant in &enumeration.constants {
            self.options(&constant.options, at);
        }
    }

    fn options(&mut self, options: &[Opt], at: Line) {
        for option in options {
            self.line(at.inside(""));
            self.value(&option.value, at.inside(""));
        }
    }

    fn value(&mut self, value: &Value, at: Line) {
        let at = at.inside("");
        match value {
            Value::Message(entries) => entries.iter().for_each(|(_, v)| {
                self.line(at);
                self.value(v, at);
            }),
            Value::List(items) => items.iter().for_each(|v| {
                self.line(at);
                self.value(v, at);
            }),
            Value::Word(_) | Value::Number(_) | Value::Text(_) => {}
        }
    }
}
