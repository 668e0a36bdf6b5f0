//! What a file is called in the registry.

use super::settings::SchemaSettings;
use crate::format::outline::Outline;
use crate::model::SchemaType;

/// The parts of a template that stand for something else.
const PARTS: [&str; 4] = ["{stem}", "{folder}", "{path}", "{name}"];

/// Whether a template is one.
pub(super) fn verify(template: &str) -> Result<(), String> {
    let mut rest = template.to_owned();
    let mut varies = false;
    for part in PARTS {
        varies |= rest.contains(part);
        rest = rest.replace(part, "");
    }
    if !varies || rest.contains(['{', '}']) {
        return Err(format!(
            "schemas.subject: '{template}' has to hold one of {} and no other braces",
            PARTS.join(", ")
        ));
    }
    Ok(())
}

/// The language of a file, by its name.
pub(super) fn language(path: &str) -> Option<SchemaType> {
    match path.rsplit_once('.')?.1 {
        "avsc" => Some(SchemaType::Avro),
        "json" => Some(SchemaType::Json),
        "proto" => Some(SchemaType::Protobuf),
        _ => None,
    }
}

/// The last part of a path without what says that it is a schema.
fn stem(path: &str) -> &str {
    let file = path.rsplit_once('/').map_or(path, |(_, file)| file);
    let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
    stem.strip_suffix(".schema").unwrap_or(stem)
}

/// The version that a file's name tells: `v3.avsc`, in the folder of its subject.
fn version(path: &str) -> Option<i32> {
    let digits = stem(path).strip_prefix('v')?;
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    digits.parse().ok().filter(|version| *version > 0)
}

/// The subject and the version of a file.
pub(super) fn of(
    settings: &SchemaSettings,
    path: &str,
    outline: &Outline,
) -> (String, Option<i32>) {
    let below = below(settings, path);
    let (folders, _) = below.rsplit_once('/').unwrap_or(("", below));
    let version = version(path).filter(|_| !folders.is_empty());
    // A version's file is named after its number, the folder after the subject.
    let (stem, folders) = match version {
        Some(_) => {
            let (above, folder) = folders.rsplit_once('/').unwrap_or(("", folders));
            (folder, above)
        }
        None => (stem(path), folders),
    };
    let folder = folders
        .rsplit_once('/')
        .map_or(folders, |(_, folder)| folder);
    let whole = match folders {
        "" => stem.to_owned(),
        folders => format!("{}.{stem}", folders.replace('/', ".")),
    };
    let name = outline.defines.first().map_or(stem, String::as_str);
    let subject = settings.subject.as_deref().unwrap_or("{stem}");
    let subject = subject
        .replace("{stem}", stem)
        .replace("{folder}", if folder.is_empty() { stem } else { folder })
        .replace("{path}", &whole)
        .replace("{name}", name);
    (subject, version)
}

/// A path seen from the folder of `schemas.paths` that it is in.
pub(super) fn below<'p>(settings: &SchemaSettings, path: &'p str) -> &'p str {
    settings
        .paths
        .iter()
        .map(|folder| folder.trim_start_matches("./").trim_end_matches('/'))
        .filter(|folder| !folder.is_empty() && *folder != ".")
        .filter_map(|folder| path.strip_prefix(folder)?.strip_prefix('/'))
        .min_by_key(|rest| rest.len())
        .unwrap_or(path)
}
