//! Prints a file in the layout of the API contract. Printing what was printed gives the same text.

use super::ast::*;
use std::fmt::Write as _;

/// The text of a file.
pub(super) fn print(file: &File) -> String {
    let mut out = Printer::default();
    out.file(file);
    out.text
}

#[derive(Default)]
struct Printer {
    text: String,
    depth: usize,
}

impl Printer {
    fn indent(&mut self) {
        for _ in 0..self.depth {
            self.text.push_str("  ");
        }
    }

    /// One line of the current block.
    fn line(&mut self, words: std::fmt::Arguments<'_>) {
        self.open(words);
        self.text.push('\n');
    }

    /// A line's start, without its end.
    fn open(&mut self, words: std::fmt::Arguments<'_>) {
        self.indent();
        // Writing to a string cannot fail.
        let _ = self.text.write_fmt(words);
    }

    fn file(&mut self, file: &File) {
        match file.syntax {
            Some(Syntax::Proto2) => self.text.push_str("syntax = \"proto2\";\n"),
            Some(Syntax::Proto3) => self.text.push_str("syntax = \"proto3\";\n"),
            None => {}
        }
        if let Some(package) = &file.package {
            self.line(format_args!("package {package};"));
        }
        if !file.imports.is_empty() {
            self.text.push('\n');
            for kind in [ImportKind::Plain, ImportKind::Public, ImportKind::Weak] {
                for import in file.imports.iter().filter(|i| i.kind == kind) {
                    self.text.push_str(match kind {
                        ImportKind::Plain => "import ",
                        ImportKind::Public => "import public ",
                        ImportKind::Weak => "import weak ",
                    });
                    self.quoted(import.path.as_bytes());
                    self.text.push_str(";\n");
                }
            }
        }
        if !file.options.is_empty() {
            self.text.push('\n');
            self.statements(&file.options);
        }
        if !(file.messages.is_empty() && file.enums.is_empty()) {
            self.text.push('\n');
            self.types(&file.messages, &file.enums);
        }
        if !file.extends.is_empty() {
            self.text.push('\n');
            self.extends(&file.extends);
        }
        if !file.services.is_empty() {
            self.text.push('\n');
            for service in &file.services {
                self.service(service);
            }
        }
    }

    fn types(&mut self, messages: &[Message], enums: &[Enum]) {
        for message in messages {
            self.open(format_args!("message {} ", message.name));
            self.body(message);
            self.text.push('\n');
        }
        for item in enums {
            self.enumeration(item);
        }
    }

    /// `{ … }` without the line's end.
    fn body(&mut self, message: &Message) {
        self.text.push('{');
        self.section(message.reserved.is_empty(), |p| {
            p.reserved(&message.reserved)
        });
        self.section(message.options.is_empty(), |p| {
            p.statements(&message.options)
        });
        self.section(message.fields.is_empty(), |p| p.fields(&message.fields));
        self.section(message.oneofs.is_empty(), |p| {
            for oneof in &message.oneofs {
                p.oneof(oneof);
            }
        });
        self.section(message.groups.is_empty(), |p| p.groups(&message.groups));
        self.section(message.extensions.is_empty(), |p| {
            for extensions in &message.extensions {
                p.open(format_args!("extensions "));
                p.ranges(&extensions.ranges);
                p.bracket(&extensions.options);
                p.text.push_str(";\n");
            }
        });
        self.section(message.extends.is_empty(), |p| p.extends(&message.extends));
        self.section(
            message.messages.is_empty() && message.enums.is_empty(),
            |p| {
                p.types(&message.messages, &message.enums);
            },
        );
        self.close();
    }

    /// A part of a block: the first starts on a new line, each further one after a separator line, which
    /// carries the indentation of the block.
    fn section(&mut self, empty: bool, print: impl FnOnce(&mut Self)) {
        if empty {
            return;
        }
        if !self.text.ends_with('{') {
            self.indent();
        }
        self.text.push('\n');
        self.depth += 1;
        print(self);
        self.depth -= 1;
    }

    fn close(&mut self) {
        if !self.text.ends_with('{') {
            self.indent();
        }
        self.text.push('}');
    }

    fn fields(&mut self, fields: &[Field]) {
        for field in fields {
            self.open(format_args!(""));
            if let Some(label) = field.label {
                self.text.push_str(label.word());
                self.text.push(' ');
            }
            match &field.ty {
                Type::Named(name) => self.text.push_str(name),
                Type::Map(key, value) => {
                    let _ = write!(self.text, "map<{key}, {value}>");
                }
            }
            let _ = write!(self.text, " {} = {}", field.name, field.tag);
            self.bracket(&field.options);
            self.text.push_str(";\n");
        }
    }

    fn oneof(&mut self, oneof: &Oneof) {
        self.open(format_args!("oneof {} {{", oneof.name));
        self.section(oneof.options.is_empty(), |p| p.statements(&oneof.options));
        self.section(oneof.fields.is_empty(), |p| p.fields(&oneof.fields));
        self.section(oneof.groups.is_empty(), |p| p.groups(&oneof.groups));
        self.close();
        self.text.push('\n');
    }

    fn groups(&mut self, groups: &[Group]) {
        for group in groups {
            self.open(format_args!(""));
            if let Some(label) = group.label {
                self.text.push_str(label.word());
                self.text.push(' ');
            }
            let _ = write!(self.text, "group {} = {}", group.body.name, group.tag);
            self.bracket(&group.options);
            self.text.push(' ');
            self.body(&group.body);
            self.text.push('\n');
        }
    }

    fn extends(&mut self, extends: &[Extend]) {
        for extend in extends {
            self.open(format_args!("extend {} {{", extend.name));
            self.section(extend.fields.is_empty(), |p| p.fields(&extend.fields));
            self.section(extend.groups.is_empty(), |p| p.groups(&extend.groups));
            self.close();
            self.text.push('\n');
        }
    }

    fn enumeration(&mut self, item: &Enum) {
        self.open(format_args!("enum {} {{", item.name));
        let empty =
            item.reserved.is_empty() && item.options.is_empty() && item.constants.is_empty();
        self.section(empty, |p| {
            p.reserved(&item.reserved);
            p.statements(&item.options);
            for constant in &item.constants {
                p.open(format_args!("{} = {}", constant.name, constant.tag));
                p.bracket(&constant.options);
                p.text.push_str(";\n");
            }
        });
        self.close();
        self.text.push('\n');
    }

    fn service(&mut self, service: &Service) {
        self.open(format_args!("service {} {{", service.name));
        self.section(service.options.is_empty(), |p| {
            p.statements(&service.options)
        });
        self.section(service.rpcs.is_empty(), |p| {
            for rpc in &service.rpcs {
                let stream = |on: bool| if on { "stream " } else { "" };
                p.open(format_args!(
                    "rpc {} ({}{}) returns ({}{})",
                    rpc.name,
                    stream(rpc.request_stream),
                    rpc.request,
                    stream(rpc.response_stream),
                    rpc.response
                ));
                if !rpc.options.is_empty() {
                    p.text.push_str(" {");
                    p.section(false, |p| p.statements(&rpc.options));
                    p.close();
                }
                p.text.push_str(";\n");
            }
        });
        self.close();
        self.text.push('\n');
    }

    fn reserved(&mut self, statements: &[Vec<Reserved>]) {
        for items in statements {
            self.open(format_args!("reserved "));
            self.ranges(items);
            self.text.push_str(";\n");
        }
    }

    fn ranges(&mut self, items: &[Reserved]) {
        for (i, item) in items.iter().enumerate() {
            if i > 0 {
                self.text.push_str(", ");
            }
            let _ = match item {
                Reserved::Name(name) => {
                    self.quoted(name.as_bytes());
                    Ok(())
                }
                Reserved::Number(number) => write!(self.text, "{number}"),
                Reserved::Range(start, Some(end)) => write!(self.text, "{start} to {end}"),
                Reserved::Range(start, None) => write!(self.text, "{start} to max"),
            };
        }
    }

    // ---- options ----

    fn statements(&mut self, options: &[Opt]) {
        for option in options {
            self.open(format_args!("option "));
            self.option(option);
            self.text.push_str(";\n");
        }
    }

    /// ` [a = b]`, or one option a line; `default` and `json_name` come last.
    fn bracket(&mut self, options: &[Opt]) {
        if options.is_empty() {
            return;
        }
        let rank = |o: &Opt| match o {
            o if o.is("default") => 1,
            o if o.is("json_name") => 2,
            _ => 0,
        };
        let mut sorted: Vec<&Opt> = options.iter().collect();
        sorted.sort_by_key(|o| rank(o));
        self.text.push_str(" [");
        if let [option] = sorted.as_slice() {
            self.option(option);
        } else {
            self.text.push('\n');
            self.depth += 1;
            let last = sorted.len() - 1;
            for (i, option) in sorted.iter().enumerate() {
                self.indent();
                self.option(option);
                self.text.push_str(if i < last { ",\n" } else { "\n" });
            }
            self.depth -= 1;
            self.indent();
        }
        self.text.push(']');
    }

    fn option(&mut self, option: &Opt) {
        for (i, part) in option.name.iter().enumerate() {
            if i > 0 {
                self.text.push('.');
            }
            if part.custom {
                let _ = write!(self.text, "({})", part.name);
            } else {
                self.text.push_str(&part.name);
            }
        }
        self.text.push_str(" = ");
        match &option.value {
            // A lone simple item stays on the line.
            Value::List(items)
                if matches!(
                    items.as_slice(),
                    [Value::Word(_) | Value::Number(_) | Value::Text(_)]
                ) =>
            {
                self.text.push('[');
                items.iter().for_each(|item| self.value(item));
                self.text.push(']');
            }
            value => self.value(value),
        }
    }

    fn value(&mut self, value: &Value) {
        match value {
            Value::Word(word) | Value::Number(word) => self.text.push_str(word),
            Value::Text(bytes) => self.quoted(bytes),
            Value::Message(fields) if fields.is_empty() => self.text.push_str("{}"),
            Value::List(items) if items.is_empty() => self.text.push_str("[]"),
            Value::Message(fields) => {
                self.text.push_str("{\n");
                self.depth += 1;
                let last = fields.len() - 1;
                for (i, (key, value)) in fields.iter().enumerate() {
                    self.open(format_args!("{key}: "));
                    self.value(value);
                    self.text.push_str(if i < last { ",\n" } else { "\n" });
                }
                self.depth -= 1;
                self.indent();
                self.text.push('}');
            }
            Value::List(items) => {
                self.text.push_str("[\n");
                self.depth += 1;
                let last = items.len() - 1;
                for (i, item) in items.iter().enumerate() {
                    self.indent();
                    self.value(item);
                    self.text.push_str(if i < last { ",\n" } else { "\n" });
                }
                self.depth -= 1;
                self.indent();
                self.text.push(']');
            }
        }
    }

    /// A string in double quotes: UTF-8 stays, control characters and bytes that are not UTF-8 are escaped.
    fn quoted(&mut self, bytes: &[u8]) {
        self.text.push('"');
        for chunk in bytes.utf8_chunks() {
            for c in chunk.valid().chars() {
                match c {
                    '\u{7}' => self.text.push_str("\\a"),
                    '\u{8}' => self.text.push_str("\\b"),
                    '\u{c}' => self.text.push_str("\\f"),
                    '\n' => self.text.push_str("\\n"),
                    '\r' => self.text.push_str("\\r"),
                    '\t' => self.text.push_str("\\t"),
                    '\u{b}' => self.text.push_str("\\v"),
                    '\\' => self.text.push_str("\\\\"),
                    '"' => self.text.push_str("\\\""),
                    c if c.is_ascii_control() => {
                        let _ = write!(self.text, "\\{:03o}", c as u32);
                    }
                    c => self.text.push(c),
                }
            }
            for byte in chunk.invalid() {
                let _ = write!(self.text, "\\{byte:03o}");
            }
        }
        self.text.push('"');
    }
}
