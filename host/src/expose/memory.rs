//! Memory that one page after the other is written with, so that writing one takes none.

use std::mem;
use std::sync::{Mutex, PoisonError};

use narthex::text::Format;

use super::lines::Lines;
use crate::registry::Resume;

/// What a page keeps from chunk to chunk; kept for the next page when it is dropped.
#[derive(Debug)]
pub(super) struct Memory {
    pub(super) lines: Lines,
    pub(super) resume: Resume,
}

/// Memory of pages that are done.
static SPARE: Mutex<Vec<(Lines, Resume)>> = Mutex::new(Vec::new());
/// Most that is kept: as many as there usually are pages at a time, of 8 KiB or so each.
const MOST: usize = 16;

impl Memory {
    /// For a page of this format.
    pub(super) fn take(format: Format) -> Self {
        let spare = SPARE.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let (mut lines, resume) = spare.unwrap_or_else(|| (Lines::new(format), Resume::default()));
        lines.restart(format);
        Self { lines, resume }
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        // Nothing of what was shown stays alive for it.
        self.lines.restart(Format::Text);
        self.resume.restart();
        let mut spare = SPARE.lock().unwrap_or_else(PoisonError::into_inner);
        if spare.len() < MOST {
            let lines = mem::replace(&mut self.lines, Lines::new(Format::Text));
            spare.push((lines, mem::take(&mut self.resume)));
        }
    }
}
