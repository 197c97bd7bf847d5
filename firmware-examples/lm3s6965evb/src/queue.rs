//! Bytes on their way from a task to an interrupt.

use core::sync::atomic::{AtomicU8, AtomicUsize, Ordering};

/// A queue of up to `N` bytes between one writer and one reader, either of which may preempt the other.
///
/// # Protocol
/// `written` and `read` count bytes since boot, wrapping; their difference is what waits, so full and empty differ
/// and no slot is wasted. The writer alone stores `written`, after the bytes (release), and the reader alone stores
/// `read`, after it has taken them. `N` must be a power of two, so that the places stay in order when the counts
/// wrap.
#[derive(Debug)]
pub struct Queue<const N: usize> {
    bytes: [AtomicU8; N],
    written: AtomicUsize,
    read: AtomicUsize,
}

impl<const N: usize> Queue<N> {
    /// An empty queue.
    pub const fn new() -> Self {
        const { assert!(N.is_power_of_two(), "the size of a queue must be a power of two") }
        Self {
            bytes: [const { AtomicU8::new(0) }; N],
            written: AtomicUsize::new(0),
            read: AtomicUsize::new(0),
        }
    }

    /// How many bytes wait.
    pub fn len(&self) -> usize {
        self.written.load(Ordering::Acquire).wrapping_sub(self.read.load(Ordering::Acquire))
    }

    /// Whether no byte waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds all of `bytes`, or none if there is no room for all. For the one writer.
    ///
    /// # Errors
    /// [`Full`], when there is no room.
    pub fn push(&self, bytes: &[u8]) -> Result<(), Full> {
        if bytes.len() > N - self.len() {
            return Err(Full);
        }
        let mut at = self.written.load(Ordering::Relaxed);
        for byte in bytes {
            // The index is below `N`, so there is always a place.
            if let Some(place) = self.bytes.get(at % N) {
                place.store(*byte, Ordering::Relaxed);
            }
            at = at.wrapping_add(1);
        }
        self.written.store(at, Ordering::Release);
        Ok(())
    }

    /// Takes the oldest byte. For the one reader.
    pub fn pop(&self) -> Option<u8> {
        if self.is_empty() {
            return None;
        }
        let at = self.read.load(Ordering::Relaxed);
        let byte = self.bytes.get(at % N)?.load(Ordering::Relaxed);
        self.read.store(at.wrapping_add(1), Ordering::Release);
        Some(byte)
    }
}

impl<const N: usize> Default for Queue<N> {
    fn default() -> Self {
        Self::new()
    }
}

/// There is no room in a [`Queue`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

impl core::fmt::Display for Full {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("the queue has no room for all of the bytes")
    }
}

impl core::error::Error for Full {}
