//! A repository of schemas: `accord.toml`, the files that are schemas, their subjects, and what they refer to.
//!
//! Commands that work on a repository start here. Nothing here asks a registry or a version control system.
//!
//! [`Project::open`] finds the settings, [`Project::files`] the files, and [`Project::schemas`] makes of files the
//! list of schemas that are wanted, each after everything it refers to. Files may come from anywhere: a commit's are
//! made to schemas by the same rules as those on disk.

mod discover;
mod link;
mod name;
mod settings;
mod suppress;
#[cfg(test)]
mod tests;

pub(super) use discover::read;
pub(in crate::cli) use settings::REGISTRY;
pub use settings::{
    Against, CheckSettings, FileSettings, Rating, ReferenceSettings, SchemaSettings, Settings,
    SubjectSettings, Suppression,
};
pub use suppress::{Today, today};

use super::exit::Failure;
use crate::model::SchemaType;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The name of the settings' file.
pub const FILE: &str = "accord.toml";

/// A folder of schemas with its settings.
#[derive(Debug, Clone)]
pub struct Project {
    /// The folder that paths are relative to: where `accord.toml` is, else the current one.
    pub root: PathBuf,
    /// Where the settings were read, if anywhere.
    pub file: Option<PathBuf>,
    /// The settings.
    pub settings: Settings,
}

/// A file that may hold a schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// The path below the project's root, with `/` between its parts; an absolute one for a file from elsewhere.
    pub path: String,
    /// What it holds.
    pub text: Arc<str>,
}

/// A schema as the repository wants it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Desired {
    /// The subject.
    pub subject: String,
    /// The version that the file's name tells; `None` if the file is the subject's newest state.
    pub version: Option<i32>,
    /// The language.
    pub schema_type: SchemaType,
    /// The file, as in [`SourceFile`].
    pub path: String,
    /// The text.
    pub text: Arc<str>,
    /// What it refers to.
    pub references: Vec<DesiredReference>,
}

/// A reference as the repository wants it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DesiredReference {
    /// The name that the referring text uses.
    pub name: String,
    /// The subject.
    pub subject: String,
    /// The version; `None` for the newest one, which may be one that is not registered yet.
    pub version: Option<i32>,
    /// The file that it was found in; `None` if the settings name a subject that no file is of.
    pub path: Option<String>,
}

impl Project {
    /// The project that `folder` is in: the nearest `accord.toml` in it or above it, up to the repository's root.
    ///
    /// # Errors
    ///
    /// Settings that cannot be read.
    pub fn open(folder: &Path) -> Result<Self, Failure> {
        let folder = std::path::absolute(folder).map_err(Failure::usage)?;
        for above in folder.ancestors() {
            let file = above.join(FILE);
            if file.is_file() {
                return Self::read(&file);
            }
            if above.join(".git").exists() {
                break;
            }
        }
        Ok(Self {
            root: folder,
            file: None,
            settings: Settings::default(),
        })
    }

    /// The project of a settings' file.
    ///
    /// # Errors
    ///
    /// Settings that cannot be read.
    pub fn read(file: &Path) -> Result<Self, Failure> {
        let file = std::path::absolute(file).map_err(Failure::usage)?;
        let text = std::fs::read_to_string(&file)
            .map_err(|error| Failure::usage(format!("{}: {error}", file.display())))?;
        let settings = Settings::parse(&text)
            .map_err(|error| Failure::usage(format!("{}: {error}", shown(&file))))?;
        Ok(Self {
            root: file.parent().unwrap_or(Path::new(".")).to_owned(),
            file: Some(file),
            settings,
        })
    }

    /// The files on disk that may be schemas, by path.
    ///
    /// # Errors
    ///
    /// Folders and files that cannot be read, and more of them than anybody has.
    pub fn files(&self) -> Result<Vec<SourceFile>, Failure> {
        discover::files(self)
    }

    /// Whether a path below the root is one that [`files`](Self::files) would look into.
    pub fn covers(&self, path: &str) -> bool {
        discover::covers(&self.settings.schemas, path)
    }

    /// The schemas among these files, each after everything it refers to, else by path.
    ///
    /// # Errors
    ///
    /// Two files for one version of a subject, names that several files define, and references in a circle.
    pub fn schemas(&self, files: Vec<SourceFile>) -> Result<Vec<Desired>, Failure> {
        link::schemas(&self.settings.schemas, files)
    }

    /// A path as it is given on the command line, from the current folder, seen from the root.
    pub fn relative(&self, path: &Path) -> Result<String, Failure> {
        let path = std::path::absolute(path).map_err(Failure::usage)?;
        let mut clean = PathBuf::new();
        for part in path.components() {
            match part {
                std::path::Component::ParentDir => {
                    clean.pop();
                }
                std::path::Component::CurDir => {}
                other => clean.push(other),
            }
        }
        Ok(discover::slashed(
            clean.strip_prefix(&self.root).unwrap_or(&clean),
        ))
    }
}

/// A path as people know it: from the current folder where it is inside of it.
pub fn shown(path: &Path) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    let path = path.strip_prefix(&here).unwrap_or(path);
    path.display().to_string()
}
