//! From a place in a schema to line and column in the text that holds it.

use super::judge::Document;
use super::report::Site;
use crate::format;
use crate::format::json_text::line_column;
use crate::format::truth::Place;
use crate::model::SchemaType;
use std::cell::Cell;
use std::collections::HashMap;

/// How many bytes of text one report reads in search of places; later places stay without a line.
const READ: usize = 32 << 20;

/// Looks places up within a bound.
#[derive(Debug, Default)]
pub(super) struct Sites {
    read: Cell<usize>,
    known: std::cell::RefCell<HashMap<(usize, Place), Site>>,
}

impl Sites {
    /// The site of a place. `document` is the text's number within the report.
    pub(super) fn of(
        &self,
        schema_type: SchemaType,
        number: usize,
        document: Document<'_>,
        place: &Place,
    ) -> Site {
        let key = (number, place.clone());
        if let Some(site) = self.known.borrow().get(&key) {
            return site.clone();
        }
        let mut site = Site {
            reference: place.reference.as_deref().map(str::to_owned),
            pointer: place.pointer.clone(),
            ..Site::default()
        };
        let text = match &place.reference {
            None => Some(document.text),
            Some(name) => document
                .references
                .iter()
                .find(|r| r.name == *name)
                .map(|r| &*r.text),
        };
        if let Some(text) = text {
            // Once for the search, twice for the lines.
            let read = self
                .read
                .get()
                .saturating_add(text.len().saturating_mul(3).max(64));
            if read <= READ {
                self.read.set(read);
                if let Some(range) = format::locate(schema_type, text, &place.pointer) {
                    let (line, column) = line_column(text, range.start);
                    let (end_line, end_column) = line_column(text, range.end);
                    site.line = Some(line);
                    site.column = Some(column);
                    site.end_line = Some(end_line);
                    site.end_column = Some(end_column);
                }
            }
        }
        self.known.borrow_mut().insert(key, site.clone());
        site
    }
}
