//! The command line as people meet it: transcripts of commands, what they print, and what they end with.
//!
//! Every file `tests/cli/<command>/*.trycmd` is a trial. Its commands run one after another in the folder of the same
//! name ending in `.in`, if there is one; with a folder ending in `.out` in a copy of it, which must look like that one
//! afterwards. Each file has an empty registry of its own at `$ACCORD_REGISTRY`, written `[REGISTRY]` in its output; those
//! of `migrate` have another one, `[TARGET]`, to move to.
//! `TRYCMD=overwrite` writes what is printed: read it then.

use libtest_mimic::{Arguments, Failed, Trial};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A registry for one transcript.
struct Registry {
    child: Child,
    url: String,
}

impl Registry {
    fn start() -> Result<Self, String> {
        let mut child = Command::new(env!("CARGO_BIN_EXE_accord"))
            .args([
                "serve",
                "--listen",
                "127.0.0.1:0",
                "--database-url",
                "memory:",
            ])
            .env_remove("ACCORD_REGISTRY")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| error.to_string())?;
        let mut line = String::new();
        if let Some(out) = child.stdout.take() {
            BufReader::new(out)
                .read_line(&mut line)
                .map_err(|error| error.to_string())?;
        }
        match line.trim().strip_prefix("listening on ") {
            Some(url) => Ok(Self {
                url: url.to_owned(),
                child,
            }),
            None => {
                drop(child.kill());
                Err(format!("the registry does not start: {line}"))
            }
        }
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// The transcripts below a folder, in a steady order.
fn transcripts(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for command in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        for file in std::fs::read_dir(command.path())
            .into_iter()
            .flatten()
            .flatten()
        {
            if file.path().extension().is_some_and(|end| end == "trycmd") {
                found.push(file.path());
            }
        }
    }
    found.sort();
    found
}

fn run(file: &Path) -> Result<(), Failed> {
    let registry = Registry::start()?;
    let target = match file.parent().and_then(Path::file_name) {
        Some(command) if command == "migrate" => Some(Registry::start()?),
        _ => None,
    };
    let cases = trycmd::TestCases::new();
    if let Some(target) = &target {
        cases
            .env("ACCORD_FROM", &registry.url)
            .env("ACCORD_TO", &target.url)
            .insert_var("[TARGET]", target.url.clone())
            .map_err(|error| error.to_string())?;
    }
    cases
        .register_bin("accord", PathBuf::from(env!("CARGO_BIN_EXE_accord")))
        .env("ACCORD_REGISTRY", &registry.url)
        .env("NO_COLOR", "1")
        .env("COLUMNS", "100")
        .insert_var("[REGISTRY]", registry.url.clone())
        .map_err(|error| error.to_string())?
        .insert_var("[VERSION]", env!("CARGO_PKG_VERSION"))
        .map_err(|error| error.to_string())?
        .case(file);
    // It panics when a transcript differs, which is a failed trial.
    cases.run();
    Ok(())
}

fn main() {
    let mut arguments = Arguments::from_args();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli");
    let trials: Vec<Trial> = transcripts(&folder)
        .into_iter()
        .map(|file| {
            let name = file
                .strip_prefix(&folder)
                .unwrap_or(&file)
                .with_extension("")
                .display()
                .to_string();
            Trial::test(name, move || run(&file))
        })
        .collect();
    assert!(!trials.is_empty(), "no transcripts in {}", folder.display());
    arguments.test_threads.get_or_insert(2);
    libtest_mimic::run(&arguments, trials).exit();
}
