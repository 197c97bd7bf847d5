//! The schemas that devices had, kept on disk: a gateway that starts anew knows its devices at their first snapshot.
//!
//! A schema is one file, `schemas/DEVICE/HASH.schema` below the state directory, whose bytes are what the schema hash is
//! computed over: each family's length (2 bytes, little-endian), then its record. A file counts only if its bytes have
//! the hash it is called by. Nothing else is trusted: what is not a plain file of that name in a plain directory is
//! left alone.
//!
//! Files are written by a thread of the store's own, each beside its place and then renamed, so that a session never
//! waits for a disk that is slow, and a file is never half there. They are read where they are wanted: once for a
//! connection, and only if the store has them.

mod index;
mod name;
#[cfg(test)]
mod tests;

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::SystemTime;

use narthex::wire::schema::{HASH_START, hash_family};

use index::{Gone, Index};
use name::{directory, file};

/// Most changes that wait to be written, and most bytes of them; more are dropped, and counted.
const MAX_WAITING: usize = 16_384;
const MAX_WAITING_BYTES: usize = 64 << 20;

/// Schemas by device and hash, in a directory.
pub struct Store {
    shared: Arc<Shared>,
    jobs: Option<SyncSender<Job>>,
    writer: Option<JoinHandle<()>>,
}

/// What the store may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreLimits {
    /// Most devices; the one that was not heard for longest goes first.
    pub devices: usize,
    /// Most schemas of one device; the one that was not used for longest goes first.
    pub schemas: usize,
    /// Most bytes of one file.
    pub bytes: usize,
}

impl Default for StoreLimits {
    fn default() -> Self {
        Self { devices: 16_384, schemas: 4, bytes: 2 * 65_536 }
    }
}

/// What the store did, since it was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StoreCounts {
    /// Files there are now.
    pub files: u64,
    /// Schemas read.
    pub loaded: u64,
    /// Schemas written.
    pub saved: u64,
    /// Files that were not what they should be; each is replaced when its schema comes again.
    pub corrupt: u64,
    /// Files that could not be read, written or removed.
    pub failed: u64,
    /// Schemas that were not written, as too many others waited.
    pub dropped: u64,
    /// Schemas that were removed to make room.
    pub evicted: u64,
}

struct Shared {
    root: PathBuf,
    limits: Mutex<StoreLimits>,
    index: Mutex<Index>,
    waiting: AtomicUsize,
    /// Whether the last change failed: that is told once, not each time.
    failing: AtomicBool,
    loaded: AtomicU64,
    saved: AtomicU64,
    corrupt: AtomicU64,
    failed: AtomicU64,
    dropped: AtomicU64,
    evicted: AtomicU64,
}

enum Job {
    Save {
        device: String,
        hash: u32,
        bytes: Box<[u8]>,
    },
    /// It was used: younger files go after it.
    Touch {
        device: String,
        hash: u32,
    },
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("root", &self.shared.root).finish_non_exhaustive()
    }
}

impl Store {
    /// Opens the store in a state directory, which is made if it is not there. A directory that can be read but not
    /// written is one warning.
    ///
    /// # Errors
    /// When the directory cannot be made or read, or no thread started.
    pub fn open(state: impl AsRef<Path>) -> io::Result<Self> {
        let root = state.as_ref().join("schemas");
        fs::create_dir_all(&root)?;
        let shared = Arc::new(Shared {
            index: Mutex::new(Index::scan(&root)?),
            root,
            limits: Mutex::default(),
            waiting: AtomicUsize::new(0),
            failing: AtomicBool::new(false),
            loaded: AtomicU64::new(0),
            saved: AtomicU64::new(0),
            corrupt: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
            evicted: AtomicU64::new(0),
        });
        shared.probe();
        let (jobs, waiting) = sync_channel(MAX_WAITING);
        let theirs = Arc::clone(&shared);
        let writer =
            std::thread::Builder::new().name("schema store".into()).spawn(move || theirs.work(&waiting))?;
        Ok(Self { shared, jobs: Some(jobs), writer: Some(writer) })
    }

    /// Sets what it may hold. What is too much goes when the next schema is saved.
    pub fn set_limits(&self, limits: StoreLimits) {
        *self.shared.limits.lock().unwrap_or_else(PoisonError::into_inner) = limits;
    }

    /// Whether there is such a schema, by its name.
    pub fn has(&self, device: &str, hash: u32) -> bool {
        self.shared.index().has(device, hash)
    }

    /// The bytes of a schema, if they are there and have its hash.
    pub fn load(&self, device: &str, hash: u32) -> Option<Box<[u8]>> {
        if !self.shared.index().has(device, hash) {
            return None;
        }
        let bytes = match self.shared.read(device, hash) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => {
                self.shared.corrupt.fetch_add(1, Ordering::Relaxed);
                self.shared.index().distrust(device, hash);
                return None;
            }
            Err(error) => {
                self.shared.index().distrust(device, hash);
                self.shared.fail(&error);
                return None;
            }
        };
        self.shared.loaded.fetch_add(1, Ordering::Relaxed);
        self.shared.index().trust(device, hash, SystemTime::now());
        self.send(Job::Touch { device: device.into(), hash }, 0);
        Some(bytes)
    }

    /// Keeps the bytes of a schema, which must have its hash. Returns at once; they are written later.
    pub fn save(&self, device: &str, hash: u32, bytes: &[u8]) {
        if directory(device).is_none() || self.shared.index().is_trusted(device, hash) {
            return;
        }
        if !has_hash(bytes, hash) || bytes.len() > self.shared.limits().bytes {
            return;
        }
        self.send(Job::Save { device: device.into(), hash, bytes: bytes.into() }, bytes.len());
    }

    /// What it did.
    pub fn counts(&self) -> StoreCounts {
        let shared = &self.shared;
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        StoreCounts {
            files: shared.index().files() as u64,
            loaded: read(&shared.loaded),
            saved: read(&shared.saved),
            corrupt: read(&shared.corrupt),
            failed: read(&shared.failed),
            dropped: read(&shared.dropped),
            evicted: read(&shared.evicted),
        }
    }

    fn send(&self, job: Job, bytes: usize) {
        let is_save = matches!(job, Job::Save { .. });
        let waiting = self.shared.waiting.fetch_add(bytes, Ordering::Relaxed);
        let sent = waiting.saturating_add(bytes) <= MAX_WAITING_BYTES
            && self.jobs.as_ref().is_some_and(|jobs| jobs.try_send(job).is_ok());
        if !sent {
            self.shared.waiting.fetch_sub(bytes, Ordering::Relaxed);
            self.shared.dropped.fetch_add(is_save.into(), Ordering::Relaxed);
        }
    }
}

/// Waits until all is written that was to be.
impl Drop for Store {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(writer) = self.writer.take() {
            let _ = writer.join();
        }
    }
}

impl Shared {
    fn index(&self) -> MutexGuard<'_, Index> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn limits(&self) -> StoreLimits {
        *self.limits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a failure, and tells it if the change before succeeded.
    fn fail(&self, error: &io::Error) {
        self.failed.fetch_add(1, Ordering::Relaxed);
        if !self.failing.swap(true, Ordering::Relaxed) {
            let root = self.root.display();
            tracing::warn!(
                "state directory {root}: {error}; schemas are not kept, devices must send them again"
            );
        }
    }

    /// Tells at once if nothing can be written.
    fn probe(&self) {
        let probe = self.root.join(".probe");
        let _ = fs::remove_file(&probe);
        match File::create_new(&probe) {
            Ok(_) => drop(fs::remove_file(&probe)),
            Err(error) => self.fail(&error),
        }
    }

    fn work(&self, jobs: &Receiver<Job>) {
        while let Ok(job) = jobs.recv() {
            let done = match job {
                Job::Save { device, hash, bytes } => {
                    self.waiting.fetch_sub(bytes.len(), Ordering::Relaxed);
                    self.save(&device, hash, &bytes)
                }
                Job::Touch { device, hash } => self.touch(&device, hash),
            };
            match done {
                Ok(()) => self.failing.store(false, Ordering::Relaxed),
                Err(error) => self.fail(&error),
            }
        }
    }

    /// The directory of a device, if it is there and nothing else than a directory.
    fn directory(&self, device: &str) -> io::Result<PathBuf> {
        let name = directory(device).ok_or(io::ErrorKind::InvalidFilename)?;
        let path = self.root.join(name);
        if fs::symlink_metadata(&path)?.is_dir() {
            Ok(path)
        } else {
            Err(io::ErrorKind::NotADirectory.into())
        }
    }

    /// The bytes of a file; `None` if they are not those of its schema.
    fn read(&self, device: &str, hash: u32) -> io::Result<Option<Box<[u8]>>> {
        let path = self.directory(device)?.join(file(hash));
        let (meta, limit) = (fs::symlink_metadata(&path)?, self.limits().bytes);
        if !meta.is_file() {
            return Ok(None);
        }
        let mut bytes = Vec::new();
        // What grows meanwhile is not read without end.
        File::open(&path)?.take(limit as u64 + 1).read_to_end(&mut bytes)?;
        Ok((bytes.len() <= limit && has_hash(&bytes, hash)).then(|| bytes.into()))
    }

    fn save(&self, device: &str, hash: u32, bytes: &[u8]) -> io::Result<()> {
        if self.index().is_trusted(device, hash) {
            return Ok(());
        }
        if let Some(name) = directory(device) {
            match fs::create_dir(self.root.join(name)) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
                _ => {}
            }
        }
        let directory = self.directory(device)?;
        let (path, new) = (directory.join(file(hash)), directory.join(format!("{hash:08x}.tmp")));
        let _ = fs::remove_file(&new);
        // Without waiting for the disk: a file that a power cut empties has not its hash, and is written anew.
        let written = File::create_new(&new).and_then(|mut file| file.write_all(bytes));
        if let Err(error) = written.and_then(|()| fs::rename(&new, &path)) {
            let _ = fs::remove_file(&new);
            return Err(error);
        }
        self.saved.fetch_add(1, Ordering::Relaxed);
        let limits = self.limits();
        let gone = {
            let mut index = self.index();
            index.add(device, hash, SystemTime::now());
            index.trim(device, limits.devices, limits.schemas)
        };
        gone.iter().try_for_each(|gone| self.remove(gone))
    }

    fn touch(&self, device: &str, hash: u32) -> io::Result<()> {
        let path = self.directory(device)?.join(file(hash));
        // Opened for appending: that changes nothing, and is allowed to whoever may save.
        File::options().append(true).open(path)?.set_modified(SystemTime::now())
    }

    fn remove(&self, Gone { device, hashes, whole }: &Gone) -> io::Result<()> {
        let directory = self.directory(device)?;
        for hash in hashes {
            fs::remove_file(directory.join(file(*hash)))?;
            self.evicted.fetch_add(1, Ordering::Relaxed);
        }
        // What is not ours stays, and its directory with it.
        if *whole {
            let _ = fs::remove_dir(directory);
        }
        Ok(())
    }
}

/// Whether the bytes are families with their lengths, and have this hash.
fn has_hash(mut bytes: &[u8], hash: u32) -> bool {
    let mut found = HASH_START;
    while let [low, high, rest @ ..] = bytes {
        let Some((family, rest)) = rest.split_at_checked(u16::from_le_bytes([*low, *high]).into()) else {
            return false;
        };
        found = hash_family(found, family);
        bytes = rest;
    }
    bytes.is_empty() && found == hash
}
