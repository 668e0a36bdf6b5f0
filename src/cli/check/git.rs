//! What a commit holds, by the `git` program.

use crate::cli::exit::Failure;
use crate::cli::project::{Project, SourceFile};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// How much one command of git may say.
const BYTES: usize = 256 << 20;

/// Runs git; what it prints, or what it complains about.
fn git(folder: &Path, arguments: &[&str], input: Option<&[u8]>) -> Result<Vec<u8>, String> {
    let mut child = Command::new("git")
        .args(arguments)
        .current_dir(folder)
        .env("GIT_OPTIONAL_LOCKS", "0")
        .stdin(if input.is_some() {
            Stdio::piped()
        } else {
            Stdio::null()
        })
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("git cannot be run: {error}"))?;
    let writer = child.stdin.take().zip(input.map(<[u8]>::to_vec));
    // Beside the reading, or both would wait for each other.
    let writer = writer.map(|(mut stdin, input)| {
        std::thread::spawn(move || match stdin.write_all(&input) {
            Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error),
            _ => Ok(()),
        })
    });
    let output = child.wait_with_output().map_err(|e| e.to_string())?;
    if let Some(writer) = writer {
        match writer.join() {
            Ok(written) => written.map_err(|error| error.to_string())?,
            Err(_) => return Err("git was not told what to print".to_owned()),
        }
    }
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).trim().to_owned());
    }
    if output.stdout.len() > BYTES {
        return Err(format!("git printed more than {BYTES} bytes"));
    }
    Ok(output.stdout)
}

fn line(folder: &Path, arguments: &[&str]) -> Result<String, String> {
    let out = git(folder, arguments, None)?;
    Ok(String::from_utf8_lossy(&out).trim().to_owned())
}

/// Whether a folder is in a repository.
pub(super) fn is_repository(folder: &Path) -> bool {
    line(folder, &["rev-parse", "--is-inside-work-tree"]).is_ok_and(|answer| answer == "true")
}

/// The branch that a change is for, as continuous integration names it, else the repository's main one: its
/// merge-base with HEAD is written `BRANCH...`.
pub(super) fn target(folder: &Path) -> Result<String, Failure> {
    let named = ["GITHUB_BASE_REF", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME"]
        .iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
    let candidates = match &named {
        Some(name) => vec![format!("origin/{name}"), name.clone()],
        None => [
            "origin/HEAD",
            "origin/main",
            "origin/master",
            "main",
            "master",
        ]
        .map(str::to_owned)
        .to_vec(),
    };
    candidates
        .iter()
        .find(|name| commit(folder, name).is_ok())
        .map(|name| format!("{name}..."))
        .ok_or_else(|| {
            Failure::outside(format!(
                "none of {} is a branch here: fetch the branch that the change is for (in a shallow clone with its \
                 history), or say what to compare with: --against",
                candidates.join(", ")
            ))
        })
}

fn commit(folder: &Path, reference: &str) -> Result<String, String> {
    let name = format!("{reference}^{{commit}}");
    line(
        folder,
        &[
            "rev-parse",
            "--verify",
            "--quiet",
            "--end-of-options",
            &name,
        ],
    )
}

/// The commit that a reference means; `A...` is the commit where HEAD left A.
fn resolve(folder: &Path, reference: &str) -> Result<String, Failure> {
    let missing = |name: &str| {
        Failure::outside(format!(
            "git knows no commit '{name}'; in a shallow clone fetch more of the history"
        ))
    };
    match reference.strip_suffix("...") {
        None => commit(folder, reference).map_err(|_| missing(reference)),
        Some(branch) => {
            let branch = commit(folder, branch).map_err(|_| missing(branch))?;
            line(folder, &["merge-base", &branch, "HEAD"]).map_err(|_| {
                Failure::outside(format!(
                    "HEAD and {reference} have no common commit here; in a shallow clone fetch more of the history"
                ))
            })
        }
    }
}

/// A commit's schemas, and what was renamed since: the new path and the old one.
pub(super) struct Snapshot {
    pub commit: String,
    pub files: Vec<SourceFile>,
    pub renamed: Vec<(String, String)>,
}

/// The files of a commit. Those that did not change since are taken from `now`.
pub(super) fn snapshot(
    project: &Project,
    reference: &str,
    now: &[SourceFile],
) -> Result<Snapshot, Failure> {
    let root = project.root.as_path();
    let commit = resolve(root, reference)?;
    let tree =
        git(root, &["ls-tree", "-r", "-z", &commit, "--", "."], None).map_err(Failure::outside)?;
    let mut blobs: Vec<(String, String)> = Vec::new();
    for entry in String::from_utf8_lossy(&tree).split('\0') {
        // MODE TYPE OBJECT TAB PATH, the path seen from the folder.
        let Some((about, path)) = entry.split_once('\t') else {
            continue;
        };
        let mut words = about.split(' ').skip(1);
        if let (Some("blob"), Some(object)) = (words.next(), words.next())
            && project.covers(path)
        {
            blobs.push((path.to_owned(), object.to_owned()));
        }
    }
    let changes = git(
        root,
        &[
            "diff",
            "--name-status",
            "-z",
            "-M",
            "--no-ext-diff",
            "--relative",
            &commit,
            "--",
            ".",
        ],
        None,
    )
    .map_err(Failure::outside)?;
    let changes = String::from_utf8_lossy(&changes).into_owned();
    let mut words = changes.split('\0');
    let mut changed = std::collections::HashSet::new();
    let mut renamed = Vec::new();
    while let Some(status) = words.next().filter(|status| !status.is_empty()) {
        let Some(path) = words.next() else { break };
        changed.insert(path);
        if status.starts_with(['R', 'C'])
            && let Some(to) = words.next()
        {
            changed.insert(to);
            if status.starts_with('R') {
                renamed.push((to.to_owned(), path.to_owned()));
            }
        }
    }
    let here: std::collections::HashMap<&str, &SourceFile> =
        now.iter().map(|file| (file.path.as_str(), file)).collect();
    let mut files = Vec::with_capacity(blobs.len());
    let mut wanted = Vec::new();
    for (path, object) in blobs {
        match here.get(path.as_str()) {
            Some(file) if !changed.contains(path.as_str()) => files.push((*file).clone()),
            _ => wanted.push((path, object)),
        }
    }
    if !wanted.is_empty() {
        let asked: String = wanted
            .iter()
            .map(|(_, object)| format!("{object}\n"))
            .collect();
        let out = git(root, &["cat-file", "--batch"], Some(asked.as_bytes()))
            .map_err(Failure::outside)?;
        let mut rest = out.as_slice();
        for (path, _) in wanted {
            let text = blob(&mut rest).ok_or_else(|| {
                Failure::outside(format!("git does not print {path} of {commit}"))
            })?;
            files.push(SourceFile {
                path,
                text: String::from_utf8_lossy(text).into(),
            });
        }
    }
    Ok(Snapshot {
        commit,
        files,
        renamed,
    })
}

/// The next blob: OBJECT TYPE SIZE, a line end, the bytes, a line end.
fn blob<'o>(rest: &mut &'o [u8]) -> Option<&'o [u8]> {
    let end = rest.iter().position(|b| *b == b'\n')?;
    let head = std::str::from_utf8(rest.get(..end)?).ok()?;
    let size: usize = head.rsplit(' ').next()?.parse().ok()?;
    let start = end + 1;
    let text = rest.get(start..start.checked_add(size)?)?;
    *rest = rest.get(start + size + 1..)?;
    Some(text)
}
