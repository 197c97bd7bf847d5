//! Recording all that comes in, for `--replay` and `decode`.
//!
//! What arrives is put into a queue of bounded length; a thread of its own writes it out. Links never wait for the
//! file: when the disk is full or too slow, what does not fit is dropped and counted, and recording goes on when there
//! is room.

use std::fmt;
use std::fs::{File, OpenOptions, TryLockError};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Read, Write};
use std::os::unix::fs::FileTypeExt;
use std::path::Path;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use tracing::{info, warn};

use super::capture::{self, PREAMBLE, Writer};
use super::{Gate, Intake, why};
use crate::relay::now::Now;

/// What came is in the file after this time at the latest.
const FLUSH: Duration = Duration::from_millis(250);
/// So much is written at once, without waiting for more.
const PLENTY: usize = 256 * 1024;
/// So much may wait for the file.
const MOST: usize = 8 << 20;
/// Room beyond that for the opening and closing of connections, which says more than bytes do.
const RESERVE: usize = 1 << 20;

/// Why a file cannot be recorded into.
#[derive(Debug)]
#[non_exhaustive]
pub enum RecordError {
    /// The system does not allow it.
    Io(io::Error),
    /// It holds something else, which is not destroyed.
    NotACapture,
    /// It is a pipe or a socket.
    NoFile,
    /// Another gateway records into it.
    Taken,
}

impl fmt::Display for RecordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => f.write_str(&why(error)),
            Self::NotACapture => {
                f.write_str("the file holds something that is no capture, and is left as it is")
            }
            Self::NoFile => f.write_str("not a file"),
            Self::Taken => f.write_str("another gateway records into this file"),
        }
    }
}

impl std::error::Error for RecordError {}

impl From<io::Error> for RecordError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Records what comes through its gates into one file, until it is dropped or [finished](Self::finish).
#[derive(Debug)]
pub struct Recorder {
    tape: Arc<Tape>,
}

/// How recording is doing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordReport {
    /// Bytes of the capture that are in the file.
    pub written_bytes: u64,
    /// Bytes of the capture that were dropped, as the disk was full or too slow.
    pub dropped_bytes: u64,
}

impl Recorder {
    /// Records into the file at `path`. One that is a capture already is continued, anything else is not touched.
    ///
    /// # Errors
    /// When the file cannot be written, or holds something else.
    pub fn create(path: &Path) -> Result<Self, RecordError> {
        let random = RandomState::new();
        let fresh = (random.hash_one(0) as u32).to_le_bytes();
        let (file, known) = open(path)?;
        let writer = Writer::new(known.unwrap_or(fresh));
        let mut bytes = Vec::new();
        if known.is_none() {
            writer.preamble(&mut bytes);
        }
        writer.start(Now::read().unix_ms(), &mut bytes);
        let tape = Arc::new(Tape {
            name: path.display().to_string(),
            writer,
            queue: Mutex::new(Queue { bytes, ..Queue::default() }),
            changed: Condvar::new(),
            next: AtomicU32::new(random.hash_one(1) as u32),
            written: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
        });
        let writing = Arc::clone(&tape);
        thread::Builder::new().name("record".to_owned()).spawn(move || writing.write_out(file))?;
        Ok(Self { tape })
    }

    /// A gate that records what comes through it on its way to `inner`.
    pub fn gate(&self, inner: Arc<dyn Gate>) -> Arc<dyn Gate> {
        Arc::new(RecordedGate { inner, tape: Arc::clone(&self.tape) })
    }

    /// How it is doing.
    pub fn report(&self) -> RecordReport {
        RecordReport {
            written_bytes: self.tape.written.load(Ordering::Relaxed),
            dropped_bytes: self.tape.dropped.load(Ordering::Relaxed),
        }
    }

    /// Records no more, and waits until all is in the file, but no longer than `patience`.
    pub fn finish(&self, patience: Duration) {
        let mut queue = self.tape.lock();
        queue.ending = true;
        self.tape.changed.notify_all();
        let wait = self.tape.changed.wait_timeout_while(queue, patience, |queue| !queue.ended);
        if wait.is_ok_and(|(queue, _)| !queue.ended) {
            warn!("record {}: the end is missing: the disk is too slow", self.tape.name);
        }
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        let mut queue = self.tape.lock();
        queue.ending = true;
        self.tape.changed.notify_all();
    }
}

/// Opens the file for what comes behind it. Returns the key of the capture that it holds, if it holds one.
fn open(path: &Path) -> Result<(File, Option<[u8; 4]>), RecordError> {
    let kind = std::fs::metadata(path).map(|file| file.file_type()).ok();
    if kind.is_some_and(|kind| kind.is_fifo() || kind.is_socket()) {
        return Err(RecordError::NoFile);
    }
    if kind.is_some_and(|kind| !kind.is_file() && !kind.is_dir()) {
        // A device, such as /dev/full: it has no beginning to look at.
        return Ok((OpenOptions::new().write(true).open(path)?, None));
    }
    let mut file = OpenOptions::new().read(true).append(true).create(true).open(path)?;
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => return Err(RecordError::Taken),
        // A file system without locks does without.
        Ok(()) | Err(TryLockError::Error(_)) => {}
    }
    let mut preamble = Vec::new();
    (&mut file).take(PREAMBLE as u64).read_to_end(&mut preamble)?;
    match capture::key(&preamble) {
        None if !preamble.is_empty() => Err(RecordError::NotACapture),
        key => Ok((file, key)),
    }
}

/// What gates and the writing thread share.
#[derive(Debug)]
struct Tape {
    name: String,
    writer: Writer,
    queue: Mutex<Queue>,
    /// The queue was empty, is long, or ends; or the thread has ended.
    changed: Condvar,
    /// The number of the next connection.
    next: AtomicU32,
    written: AtomicU64,
    dropped: AtomicU64,
}

#[derive(Debug, Default)]
struct Queue {
    bytes: Vec<u8>,
    ending: bool,
    ended: bool,
    /// Whether it was said that the disk is too slow.
    said: bool,
}

impl Tape {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts an entry of `length` bytes, if it is known, into the queue, unless it holds `most`.
    fn put(&self, length: usize, most: usize, write: impl FnOnce(&Writer, &mut Vec<u8>)) {
        let mut queue = self.lock();
        let before = queue.bytes.len();
        if queue.ending || before + length > most {
            self.dropped.fetch_add(length as u64, Ordering::Relaxed);
            if !queue.ending && !queue.said {
                queue.said = true;
                drop(queue);
                warn!("record {}: the disk is too slow; what does not fit is dropped and counted", self.name);
            }
            return;
        }
        write(&self.writer, &mut queue.bytes);
        if before == 0 || (before < PLENTY && queue.bytes.len() >= PLENTY) {
            self.changed.notify_all();
        }
    }

    /// Writes what is in the queue into the file until it ends.
    fn write_out(&self, mut file: File) {
        let mut bytes = Vec::new();
        let mut failing = false;
        loop {
            let queue = self.lock();
            // Nothing to do until there is something; then a little later there is more.
            let queue = self.changed.wait_while(queue, |queue| queue.bytes.is_empty() && !queue.ending);
            let queue = queue.unwrap_or_else(PoisonError::into_inner);
            let more = |queue: &mut Queue| queue.bytes.len() < PLENTY && !queue.ending;
            let queue = self.changed.wait_timeout_while(queue, FLUSH, more);
            let (mut queue, _) = queue.unwrap_or_else(PoisonError::into_inner);
            std::mem::swap(&mut queue.bytes, &mut bytes);
            let ending = queue.ending;
            drop(queue);
            match self.write(&mut file, &bytes) {
                Err(error) if !failing => {
                    failing = true;
                    warn!("record {}: {}; what comes is dropped and counted", self.name, why(&error));
                }
                Ok(()) if failing && !bytes.is_empty() => {
                    failing = false;
                    info!("record {}: there is room again", self.name);
                }
                _ => {}
            }
            bytes.clear();
            // Nothing is put behind the end, so what was swapped out was the last.
            if ending {
                // Closed first: who waits for the end may record into it anew.
                drop(file);
                self.lock().ended = true;
                self.changed.notify_all();
                return;
            }
        }
    }

    /// Writes all, or counts what could not be. An entry may be cut short by that; who reads it notices.
    fn write(&self, file: &mut File, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let error = match file.write(bytes) {
                Ok(0) => io::ErrorKind::WriteZero.into(),
                Ok(written) => {
                    self.written.fetch_add(written as u64, Ordering::Relaxed);
                    bytes = bytes.get(written..).unwrap_or_default();
                    continue;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => error,
            };
            self.dropped.fetch_add(bytes.len() as u64, Ordering::Relaxed);
            return Err(error);
        }
        Ok(())
    }
}

struct RecordedGate {
    inner: Arc<dyn Gate>,
    tape: Arc<Tape>,
}

impl Gate for RecordedGate {
    fn open(&self, link: &Arc<str>, name: Option<&Arc<str>>, peer: &str) -> Box<dyn Intake> {
        let connection = self.tape.next.fetch_add(1, Ordering::Relaxed);
        let names = [&**link, peer, name.map_or("", |name| name)];
        let mut entry = Vec::new();
        self.tape.writer.open(connection, Now::read().unix_ms(), names, &mut entry);
        self.tape.put(entry.len(), MOST + RESERVE, |_, into| into.extend_from_slice(&entry));
        let inner = self.inner.open(link, name, peer);
        Box::new(RecordedIntake { inner, connection, tape: Arc::clone(&self.tape) })
    }
}

struct RecordedIntake {
    inner: Box<dyn Intake>,
    connection: u32,
    tape: Arc<Tape>,
}

impl Intake for RecordedIntake {
    fn feed(&mut self, bytes: &[u8], reply: &mut Vec<u8>) {
        let (connection, time) = (self.connection, Now::read().unix_ms());
        let length = Writer::length(bytes.len());
        self.tape.put(length, MOST, |writer, into| writer.bytes(connection, time, bytes, into));
        self.inner.feed(bytes, reply);
    }
}

impl Drop for RecordedIntake {
    fn drop(&mut self) {
        let (connection, time) = (self.connection, Now::read().unix_ms());
        let length = Writer::length(0);
        self.tape.put(length, MOST + RESERVE, |writer, into| writer.close(connection, time, into));
    }
}

#[cfg(test)]
mod tests;
