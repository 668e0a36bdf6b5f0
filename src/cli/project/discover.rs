//! The files of a folder that may be schemas.

use super::settings::SchemaSettings;
use super::{Project, SourceFile, name};
use crate::cli::exit::Failure;
use std::path::{Path, PathBuf};

/// Folders in which nobody keeps schemas of their own.
const SKIPPED: [&str; 5] = ["node_modules", "target", "build", "dist", "vendor"];
/// How many files are looked at.
const FILES: usize = 200_000;
/// How long a schema's file may be.
const BYTES: u64 = 8 << 20;
/// How deep folders may nest.
const DEPTH: usize = 64;

pub(super) fn files(project: &Project) -> Result<Vec<SourceFile>, Failure> {
    let settings = &project.settings.schemas;
    let mut paths = Vec::new();
    let all = [".".to_owned()];
    let folders: &[String] = match settings.paths.as_slice() {
        [] => &all,
        folders => folders,
    };
    for folder in folders {
        let path = if matches!(folder.as_str(), "." | "./") {
            project.root.clone()
        } else {
            project.root.join(folder)
        };
        if path.is_file() {
            paths.push(path);
        } else if path.is_dir() {
            walk(&path, &mut paths, 0)?;
        } else {
            return Err(Failure::usage(format!(
                "schemas.paths: there is no folder {folder}"
            )));
        }
    }
    let mut files: Vec<SourceFile> = Vec::new();
    paths.sort();
    paths.dedup();
    for path in paths {
        let below = slashed(path.strip_prefix(&project.root).unwrap_or(&path));
        if covers(settings, &below)
            && let Some(file) = read(&path, below)?
        {
            files.push(file);
        }
    }
    Ok(files)
}

fn walk(folder: &Path, paths: &mut Vec<PathBuf>, depth: usize) -> Result<(), Failure> {
    let failed =
        |error: std::io::Error| Failure::usage(format!("{}: {error}", super::shown(folder)));
    if depth > DEPTH {
        return Err(Failure::usage(format!(
            "{}: folders are nested too deep",
            super::shown(folder)
        )));
    }
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with('.') {
            continue;
        }
        let kind = entry.file_type().map_err(failed)?;
        if kind.is_dir() {
            if !SKIPPED.contains(&&*name) {
                walk(&entry.path(), paths, depth + 1)?;
            }
        } else if name::language(&name).is_some() {
            // A link to a folder is not followed: it may lead back. One to a file is that file.
            if paths.len() >= FILES {
                return Err(Failure::usage(format!(
                    "there are more than {FILES} files: name the schemas' folders in schemas.paths of accord.toml"
                )));
            }
            paths.push(entry.path());
        }
    }
    Ok(())
}

/// Reads a file; `None` if the path is no file.
pub(in crate::cli) fn read(path: &Path, below: String) -> Result<Option<SourceFile>, Failure> {
    let failed = |error: std::io::Error| Failure::usage(format!("{}: {error}", super::shown(path)));
    let about = std::fs::metadata(path).map_err(failed)?;
    if !about.is_file() {
        return Ok(None);
    }
    if about.len() > BYTES {
        return Err(Failure::usage(format!(
            "{}: longer than {BYTES} bytes",
            super::shown(path)
        )));
    }
    let bytes = std::fs::read(path).map_err(failed)?;
    // What is no UTF-8 is no schema; the language's parser says so, with its place.
    let text = String::from_utf8_lossy(&bytes);
    Ok(Some(SourceFile {
        path: below,
        text: text.into(),
    }))
}

/// Whether a path is one of those that are looked into.
pub(super) fn covers(settings: &SchemaSettings, path: &str) -> bool {
    if settings.files.iter().any(|file| file.path == path) {
        return true;
    }
    let inside = settings.paths.is_empty()
        || settings.paths.iter().any(|folder| {
            let folder = folder.trim_start_matches("./").trim_end_matches('/');
            folder.is_empty()
                || folder == "."
                || path == folder
                || path
                    .strip_prefix(folder)
                    .is_some_and(|rest| rest.starts_with('/'))
        });
    let mut parts = path.split('/').rev();
    let hidden = parts.next().is_some_and(|file| file.starts_with('.'))
        || parts.any(|folder| folder.starts_with('.') || SKIPPED.contains(&folder));
    inside
        && !hidden
        && name::language(path).is_some()
        && (settings.include.is_empty() || any(&settings.include, path))
        && !any(&settings.exclude, path)
}

fn any(patterns: &[String], path: &str) -> bool {
    let options = glob::MatchOptions {
        case_sensitive: true,
        require_literal_separator: true,
        require_literal_leading_dot: false,
    };
    patterns.iter().any(|pattern| {
        glob::Pattern::new(pattern).is_ok_and(|pattern| pattern.matches_with(path, options))
    })
}

/// A path with `/` between its parts.
pub(super) fn slashed(path: &Path) -> String {
    let text = path.to_string_lossy();
    if std::path::MAIN_SEPARATOR == '/' {
        text.into_owned()
    } else {
        text.replace(std::path::MAIN_SEPARATOR, "/")
    }
}
