//! What a client keeps on disk, so that a program can start while the registry is away.
//!
//! One file per question, written aside and renamed into place, so that other processes may use the folder too.
//! The first line holds the digest of the rest: a file that does not match is removed and counted, never used.

use super::key::Key;
use super::stats::Counters;
use crate::model::{Subject, TextId};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Semaphore;

/// How long a disk may take before the client goes on without it.
const PATIENCE: Duration = Duration::from_secs(2);
/// How many threads a disk that hangs may hold.
const THREADS: usize = 4;
/// What every file starts with: the form's name and version.
const HEAD: &str = "accord-schema-1 ";

/// A folder for schemas, and how much may be in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiskOptions {
    /// The folder. It is made if it is not there; each registry has a folder of its own in it.
    pub folder: PathBuf,
    /// How many files to keep for this registry; the oldest go first. Default: 10,000.
    pub max_files: usize,
    /// How many bytes to keep for this registry. Default: 256 MiB.
    pub max_bytes: u64,
    /// What tells this registry from others, such as its cluster's id. By default, it is its URLs, the headers that
    /// were given to the client, and the user of basic authentication: one address may serve many registries.
    pub identity: Option<String>,
}

impl DiskOptions {
    /// The default bounds.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            max_files: 10_000,
            max_bytes: 256 << 20,
            identity: None,
        }
    }
}

/// The disk cache of one registry.
#[derive(Debug)]
pub(super) struct Disk {
    store: Arc<Store>,
    threads: Arc<Semaphore>,
    counters: Arc<Counters>,
}

impl Disk {
    /// Touches no disk yet. `identity` tells registries apart.
    pub fn new(options: &DiskOptions, identity: &str, counters: Arc<Counters>) -> Self {
        let identity = options.identity.as_deref().unwrap_or(identity);
        let name: String = TextId::of(identity).to_string().chars().take(16).collect();
        Self {
            store: Arc::new(Store {
                folder: options.folder.join(name),
                identity: identity.to_owned(),
                max_files: options.max_files,
                max_bytes: options.max_bytes,
                index: Mutex::new(None),
                writer: rand::random(),
                written: AtomicU64::new(0),
            }),
            threads: Arc::new(Semaphore::new(THREADS)),
            counters,
        }
    }

    /// What was kept, if it can be read.
    pub async fn read<V>(&self, key: &Key) -> Option<Arc<V>>
    where
        V: DeserializeOwned + Send + 'static,
    {
        let key = key.clone();
        let outcome = self.run("read", move |store| store.read(&key)).await?;
        match outcome {
            Reading::Absent => None,
            Reading::Corrupt(reason) => {
                Counters::add(&self.counters.disk_corrupt);
                tracing::warn!(
                    reason,
                    "a file of the schema cache was damaged and is removed"
                );
                None
            }
            Reading::Found(found) => {
                Counters::add(&self.counters.disk_reads);
                Some(Arc::from(found))
            }
        }
    }

    /// Keeps an answer.
    pub async fn write<V>(&self, key: &Key, value: &Arc<V>)
    where
        V: Serialize + Send + Sync + 'static,
    {
        let (key, value) = (key.clone(), Arc::clone(value));
        self.run("write", move |store| store.write(&key, &*value))
            .await;
    }

    /// Forgets an answer.
    pub async fn remove(&self, key: &Key) {
        let key = key.clone();
        self.run("remove", move |store| store.remove(&key)).await;
    }

    /// Forgets the versions of a subject and what topics are associated with, but not the content of its ids.
    pub async fn forget(&self, subject: &Subject) {
        let subject = subject.clone();
        self.run("forget", move |store| store.forget(&subject))
            .await;
    }

    /// Files and bytes, as far as is known.
    pub fn size(&self) -> (usize, u64) {
        let index = self.store.lock();
        index
            .as_ref()
            .map_or((0, 0), |index| (index.files.len(), index.bytes))
    }

    /// Does something with the disk elsewhere, and gives up on it in time.
    async fn run<T: Send + 'static>(
        &self,
        what: &'static str,
        work: impl FnOnce(&Store) -> io::Result<T> + Send + 'static,
    ) -> Option<T> {
        let store = Arc::clone(&self.store);
        let threads = Arc::clone(&self.threads);
        let job = async move {
            let Ok(permit) = threads.acquire_owned().await else {
                return Err(io::Error::other("closed"));
            };
            tokio::task::spawn_blocking(move || {
                let outcome = work(&store);
                drop(permit);
                outcome
            })
            .await
            .map_err(io::Error::other)?
        };
        let outcome = tokio::time::timeout(PATIENCE, job)
            .await
            .unwrap_or_else(|_| Err(io::Error::from(ErrorKind::TimedOut)));
        match outcome {
            Ok(value) => Some(value),
            Err(error) => {
                Counters::add(&self.counters.disk_errors);
                tracing::warn!(%error, what, "the schema cache on disk does not work");
                None
            }
        }
    }
}

enum Reading<V> {
    Absent,
    Corrupt(&'static str),
    Found(Box<V>),
}

/// What is in a file, after its first line.
#[derive(Serialize, Deserialize)]
struct Record<T> {
    registry: String,
    question: String,
    answer: T,
}

#[derive(Debug)]
struct Store {
    folder: PathBuf,
    identity: String,
    max_files: usize,
    max_bytes: u64,
    /// What is in the folder; nothing before it was looked into.
    index: Mutex<Option<Index>>,
    /// Tells the files that this client writes aside from everybody else's: of other clients in the process, and
    /// of other containers, whose processes have the same id.
    writer: u64,
    written: AtomicU64,
}

/// The files, oldest first.
#[derive(Debug, Default)]
struct Index {
    files: HashMap<String, (u64, u64)>,
    order: BTreeMap<u64, String>,
    bytes: u64,
    next: u64,
}

impl Index {
    fn put(&mut self, name: &str, bytes: u64) {
        self.take(name);
        self.files.insert(name.to_owned(), (bytes, self.next));
        self.order.insert(self.next, name.to_owned());
        self.next += 1;
        self.bytes += bytes;
    }

    fn take(&mut self, name: &str) {
        if let Some((bytes, place)) = self.files.remove(name) {
            self.order.remove(&place);
            self.bytes = self.bytes.saturating_sub(bytes);
        }
    }
}

/// The start of the names of what is known of topics.
const TOPICS: &str = "topics";

/// The name of a file: what belongs to a subject has a common start. Content is kept when a subject goes.
fn name(key: &Key) -> String {
    let owner = match key.subject() {
        _ if key.is_content() => "content".to_owned(),
        Some(subject) => prefix(subject),
        None => TOPICS.to_owned(),
    };
    format!("{owner}-{}", TextId::of(&key.to_string()))
}

fn prefix(subject: &Subject) -> String {
    TextId::of(subject.as_str())
        .to_string()
        .chars()
        .take(16)
        .collect()
}

impl Store {
    /// The index is changed in single steps that cannot fail half-way.
    fn lock(&self) -> MutexGuard<'_, Option<Index>> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks into the folder, the first time.
    fn open(&self) -> io::Result<()> {
        if self.lock().is_some() {
            return Ok(());
        }
        fs::create_dir_all(&self.folder)?;
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            let metadata = match entry.metadata() {
                Ok(metadata) => metadata,
                // Another process was faster.
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            };
            if let Ok(name) = entry.file_name().into_string()
                && metadata.is_file()
            {
                found.push((metadata.modified()?, name, metadata.len()));
            }
        }
        found.sort_unstable();
        let mut index = Index::default();
        for (_, name, bytes) in found {
            index.put(&name, bytes);
        }
        self.lock().get_or_insert(index);
        self.trim()
    }

    /// Removes the oldest files until the bounds hold.
    fn trim(&self) -> io::Result<()> {
        loop {
            let name = {
                let mut index = self.lock();
                let Some(index) = index.as_mut() else {
                    return Ok(());
                };
                if index.files.len() <= self.max_files && index.bytes <= self.max_bytes {
                    return Ok(());
                }
                let Some((_, name)) = index.order.pop_first() else {
                    return Ok(());
                };
                index.take(&name);
                name
            };
            absent_is_fine(fs::remove_file(self.folder.join(name)))?;
        }
    }

    fn read<V: DeserializeOwned>(&self, key: &Key) -> io::Result<Reading<V>> {
        self.open()?;
        let name = name(key);
        let path = self.folder.join(&name);
        let Some(text) = self.text(&path)? else {
            return Ok(Reading::Absent);
        };
        match self.parse(key, &text) {
            Ok(found) => {
                if let Some(index) = self.lock().as_mut() {
                    index.put(&name, text.len() as u64);
                }
                Ok(Reading::Found(found))
            }
            Err(reason) => {
                self.discard(&name)?;
                Ok(Reading::Corrupt(reason))
            }
        }
    }

    /// The bytes of a file, no more than the bound allows.
    fn text(&self, path: &Path) -> io::Result<Option<Vec<u8>>> {
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut text = Vec::new();
        file.take(self.max_bytes.saturating_add(1))
            .read_to_end(&mut text)?;
        Ok(Some(text))
    }

    fn parse<V: DeserializeOwned>(&self, key: &Key, text: &[u8]) -> Result<Box<V>, &'static str> {
        let text = std::str::from_utf8(text).map_err(|_| "it is not UTF-8")?;
        let (head, body) = text.split_once('\n').ok_or("it ends in its first line")?;
        let digest = head
            .strip_prefix(HEAD)
            .and_then(TextId::parse)
            .ok_or("its first line is of another kind")?;
        if digest != TextId::of(body) {
            return Err("its digest does not match");
        }
        let record: Record<Box<V>> =
            serde_json::from_str(body).map_err(|_| "it does not hold a schema")?;
        if record.registry != self.identity || record.question != key.to_string() {
            return Err("it belongs to something else");
        }
        Ok(record.answer)
    }

    fn write<V: Serialize>(&self, key: &Key, value: &V) -> io::Result<()> {
        self.open()?;
        let body = serde_json::to_string(&Record {
            registry: self.identity.clone(),
            question: key.to_string(),
            answer: value,
        })?;
        let text = format!("{HEAD}{}\n{body}", TextId::of(&body));
        let bytes = text.len() as u64;
        if bytes > self.max_bytes || self.max_files == 0 {
            return Ok(());
        }
        let name = name(key);
        let aside = self.folder.join(format!(
            "tmp-{:016x}-{}",
            self.writer,
            self.written.fetch_add(1, Ordering::Relaxed)
        ));
        // A crash may leave an empty file behind the name; the digest tells.
        let placed = private(&aside)
            .and_then(|mut file| file.write_all(text.as_bytes()))
            .and_then(|()| fs::rename(&aside, self.folder.join(&name)));
        if let Err(error) = placed {
            absent_is_fine(fs::remove_file(&aside))?;
            // The folder may have been removed: the next one makes it again.
            *self.lock() = None;
            return Err(error);
        }
        if let Some(index) = self.lock().as_mut() {
            index.put(&name, bytes);
        }
        self.trim()
    }

    fn remove(&self, key: &Key) -> io::Result<()> {
        self.open()?;
        self.discard(&name(key))
    }

    fn discard(&self, name: &str) -> io::Result<()> {
        if let Some(index) = self.lock().as_mut() {
            index.take(name);
        }
        absent_is_fine(fs::remove_file(self.folder.join(name)))
    }

    fn forget(&self, subject: &Subject) -> io::Result<()> {
        self.open()?;
        let start = format!("{}-", prefix(subject));
        let names: Vec<String> = self.lock().as_ref().map_or_else(Vec::new, |index| {
            let names = index.files.keys();
            names
                .filter(|n| n.starts_with(&start) || n.starts_with(TOPICS))
                .cloned()
                .collect()
        });
        names.iter().try_for_each(|name| self.discard(name))
    }
}

/// A new file that only its owner may read.
fn private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(path)
}

fn absent_is_fine(outcome: io::Result<()>) -> io::Result<()> {
    match outcome {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        outcome => outcome,
    }
}
