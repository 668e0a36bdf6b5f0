//! Bundles: a registry's content as lines of JSON. docs/bundle.md is the format's description.
//!
//! Neither side holds more than a line: the writer streams, and the reader goes through the file once to see that it
//! is whole, and comes back for single lines.

use super::entry::{Schema, Scope};
use crate::cli::exit::Failure;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// The format's number. A reader refuses higher ones.
pub(super) const FORMAT: u32 = 1;
/// The longest line: a schema of the largest size that servers take, with every character escaped.
const LINE_BYTES: u64 = 128 << 20;

/// A line.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub(super) enum Line {
    Bundle(Header),
    Context(ContextLine),
    Schema(Schema),
    Config(ConfigLine),
    Mode(ModeLine),
    End(End),
}

/// The first line.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Header {
    pub format: u32,
    /// The program that wrote it.
    pub generator: String,
}

/// A context, and the highest id that it has handed out, where the registry tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::cli) struct ContextLine {
    pub context: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_id: Option<i32>,
}

/// The settings of a scope.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ConfigLine {
    /// `null` for the default context.
    pub subject: Option<String>,
    pub config: Map<String, Value>,
}

/// The mode of a scope.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ModeLine {
    /// `null` for the default context.
    pub subject: Option<String>,
    pub mode: String,
}

/// The last line: how many lines of each kind there are, and the SHA-256 of all bytes before this line.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::cli) struct End {
    pub contexts: u64,
    pub schemas: u64,
    pub configs: u64,
    pub modes: u64,
    pub sha256: String,
}

/// Writes a bundle.
pub(super) struct Writer<W: Write> {
    out: W,
    hash: Sha256,
    end: End,
}

impl<W: Write> Writer<W> {
    pub fn new(out: W) -> Result<Self, Failure> {
        let mut writer = Self {
            out,
            hash: Sha256::new(),
            end: End::default(),
        };
        writer.line(&Line::Bundle(Header {
            format: FORMAT,
            generator: format!("accord {}", env!("CARGO_PKG_VERSION")),
        }))?;
        Ok(writer)
    }

    fn line(&mut self, line: &Line) -> Result<(), Failure> {
        let mut bytes = serde_json::to_vec(line).map_err(Failure::outside)?;
        bytes.push(b'\n');
        self.hash.update(&bytes);
        self.out.write_all(&bytes).map_err(Failure::outside)
    }

    pub fn context(&mut self, context: &ContextLine) -> Result<(), Failure> {
        self.end.contexts += 1;
        self.line(&Line::Context(context.clone()))
    }

    pub fn schema(&mut self, schema: Schema) -> Result<(), Failure> {
        self.end.schemas += 1;
        self.line(&Line::Schema(schema))
    }

    pub fn scope(&mut self, scope: &Scope) -> Result<(), Failure> {
        let subject = || (!scope.scope.is_empty()).then(|| scope.scope.to_string());
        if let Some(config) = &scope.config {
            self.end.configs += 1;
            self.line(&Line::Config(ConfigLine {
                subject: subject(),
                config: config.clone(),
            }))?;
        }
        if let Some(mode) = &scope.mode {
            self.end.modes += 1;
            self.line(&Line::Mode(ModeLine {
                subject: subject(),
                mode: mode.clone(),
            }))?;
        }
        Ok(())
    }

    /// Writes the last line, and says what was written.
    pub fn finish(mut self) -> Result<(W, End), Failure> {
        let mut end = self.end.clone();
        end.sha256 = hex(&self.hash.clone().finalize());
        self.line(&Line::End(end.clone()))?;
        self.out.flush().map_err(Failure::outside)?;
        Ok((self.out, end))
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A bundle in a file.
#[derive(Debug)]
pub(super) struct Bundle {
    path: PathBuf,
    file: Mutex<File>,
}

/// Where a line is.
#[derive(Debug, Clone, Copy)]
pub(in crate::cli) struct At {
    offset: u64,
    length: u64,
}

impl Bundle {
    pub fn open(path: &Path) -> Result<Self, Failure> {
        let file = File::open(path)
            .map_err(|error| Failure::usage(format!("{}: {error}", path.display())))?;
        if !file.metadata().is_ok_and(|about| about.is_file()) {
            return Err(Failure::usage(format!(
                "{} is no file: a bundle is read twice, so it cannot come from a pipe",
                path.display()
            )));
        }
        Ok(Self {
            path: path.to_owned(),
            file: Mutex::new(file),
        })
    }

    fn wrong(&self, line: u64, what: impl std::fmt::Display) -> Failure {
        Failure::usage(format!("{}:{line}: {what}", self.path.display()))
    }

    /// Goes through all lines and sees that the file is whole.
    pub fn scan(
        &self,
        mut each: impl FnMut(At, Line) -> Result<(), Failure>,
    ) -> Result<End, Failure> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.rewind().map_err(Failure::outside)?;
        let mut reader = BufReader::with_capacity(1 << 20, &mut *file);
        let mut hash = Sha256::new();
        let mut counts = End::default();
        let (mut offset, mut number) = (0, 0);
        let mut bytes = Vec::new();
        loop {
            bytes.clear();
            number += 1;
            let length = (&mut reader)
                .take(LINE_BYTES)
                .read_until(b'\n', &mut bytes)
                .map_err(Failure::outside)? as u64;
            if length == 0 {
                return Err(self.wrong(number, "the file is cut off: there is no last line"));
            }
            if bytes.last() != Some(&b'\n') {
                let what = if length == LINE_BYTES {
                    "the line is too long for a bundle"
                } else {
                    "the file is cut off within this line"
                };
                return Err(self.wrong(number, what));
            }
            let line: Line = serde_json::from_slice(&bytes)
                .map_err(|error| self.wrong(number, format!("no line of a bundle: {error}")))?;
            match (&line, number) {
                (Line::Bundle(header), 1) if header.format > FORMAT => {
                    return Err(self.wrong(
                        1,
                        format!(
                            "a bundle of format {}, and this program knows {FORMAT}: use a newer one",
                            header.format
                        ),
                    ));
                }
                (Line::Bundle(_), 1) => {}
                (_, 1) => return Err(self.wrong(1, "not a bundle: the first line is no header")),
                (Line::Bundle(_), _) => return Err(self.wrong(number, "a second header")),
                _ => {}
            }
            match line {
                Line::End(end) => {
                    counts.sha256 = hex(&hash.finalize());
                    if counts != end {
                        return Err(self.wrong(
                            number,
                            "the lines are not those that were written: their number or their SHA-256 differs",
                        ));
                    }
                    let after = reader.fill_buf().map_err(Failure::outside)?;
                    if !after.is_empty() {
                        return Err(
                            self.wrong(number + 1, "there is something after the last line")
                        );
                    }
                    return Ok(end);
                }
                line => {
                    match line {
                        Line::Context(_) => counts.contexts += 1,
                        Line::Schema(_) => counts.schemas += 1,
                        Line::Config(_) => counts.configs += 1,
                        Line::Mode(_) => counts.modes += 1,
                        Line::Bundle(_) | Line::End(_) => {}
                    }
                    hash.update(&bytes);
                    each(At { offset, length }, line)?;
                }
            }
            offset += length;
        }
    }

    /// The schema in a line that was scanned.
    pub fn schema(&self, at: At) -> Result<Schema, Failure> {
        let mut bytes = vec![0; usize::try_from(at.length).map_err(Failure::outside)?];
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.seek(SeekFrom::Start(at.offset))
            .and_then(|_| file.read_exact(&mut bytes))
            .map_err(|error| Failure::outside(format!("{}: {error}", self.path.display())))?;
        match serde_json::from_slice(&bytes) {
            Ok(Line::Schema(schema)) => Ok(schema),
            _ => Err(Failure::outside(format!(
                "{} was changed while it was read",
                self.path.display()
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written() -> Vec<u8> {
        let mut writer = Writer::new(Vec::new()).unwrap();
        writer
            .schema(
                serde_json::from_value(serde_json::json!({
                    "subject": "a", "version": 1, "id": 7, "schema": "\"string\"", "deleted": true
                }))
                .unwrap(),
            )
            .unwrap();
        writer
            .scope(&Scope {
                scope: "".into(),
                config: Some(Map::new()),
                mode: Some("READONLY".into()),
            })
            .unwrap();
        writer.finish().unwrap().0
    }

    fn scanned(bytes: &[u8]) -> Result<End, Failure> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(bytes).unwrap();
        Bundle::open(file.path()).unwrap().scan(|_, _| Ok(()))
    }

    #[test]
    fn every_cut_and_every_changed_byte_is_noticed() {
        let bytes = written();
        let end = scanned(&bytes).unwrap();
        assert_eq!((end.schemas, end.configs, end.modes), (1, 1, 1));
        for length in 0..bytes.len() {
            assert!(scanned(&bytes[..length]).is_err(), "cut at {length}");
        }
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert!(scanned(&changed).is_err(), "changed at {at}");
        }
        let mut longer = bytes.clone();
        longer.extend_from_slice(b"{}\n");
        assert!(scanned(&longer).is_err());
    }

    #[test]
    fn lines_are_found_again() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(&written()).unwrap();
        let bundle = Bundle::open(file.path()).unwrap();
        let mut places = Vec::new();
        bundle
            .scan(|at, line| {
                if matches!(line, Line::Schema(_)) {
                    places.push(at);
                }
                Ok(())
            })
            .unwrap();
        let schema = bundle.schema(places[0]).unwrap();
        assert_eq!((schema.id, schema.deleted), (7, true));
    }
}
