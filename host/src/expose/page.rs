//! A page of text, written chunk by chunk.

use std::ops::ControlFlow;

use narthex::text::{Format, Out, line};

use super::lines::Lines;
use super::memory::Memory;
use crate::model::{Child, Family};
use crate::registry::{Gathered, Run, Visitor};

/// A page under way: families by name, children by label text, all lines of a child from one state.
///
/// HELP, TYPE and UNIT stand before the first child; a family without children is left out. Between two chunks no
/// lock is held, and nothing but the place is kept.
#[derive(Debug)]
pub struct Page {
    gathered: Gathered,
    format: Format,
    /// The lines of the present family, and where it is.
    memory: Memory,
    /// The family that is being written, by index.
    at: usize,
    /// Whether its lines are.
    begun: bool,
    /// Whether its comment lines are.
    headed: bool,
    done: bool,
}

impl Page {
    /// Size of a chunk in bytes. Only a child that is larger by itself makes a larger one.
    pub const CHUNK: usize = 64 * 1024;

    /// Starts a page.
    pub fn new(gathered: Gathered, format: Format) -> Self {
        Self {
            gathered,
            format,
            memory: Memory::take(format),
            at: 0,
            begun: false,
            headed: false,
            done: false,
        }
    }

    /// With `_created` lines in OpenMetrics, too. Prometheus 2 stores them as series of their own.
    #[must_use]
    pub fn with_created(mut self) -> Self {
        self.memory.lines.show_created();
        self
    }

    /// What the page is made from.
    pub fn gathered(&self) -> &Gathered {
        &self.gathered
    }

    /// Fills `buf` with the next chunk, in place of what it holds; returns whether there is more to come.
    ///
    /// A buffer that is used again is not allocated again.
    pub fn chunk(&mut self, buf: &mut Vec<u8>) -> bool {
        // Not cleared first: that would have all of it zeroed each time.
        if buf.len() < Self::CHUNK {
            buf.resize(Self::CHUNK, 0);
        }
        let mut len = 0;
        let more = !self.fill(buf, &mut len);
        buf.truncate(len);
        more
    }

    /// Writes the rest of the page into one string.
    pub fn into_text(mut self) -> String {
        let (mut text, mut chunk) = (Vec::new(), Vec::new());
        loop {
            let more = self.chunk(&mut chunk);
            text.extend_from_slice(&chunk);
            if !more {
                // Names, labels and numbers all come from `str`.
                return String::from_utf8_lossy(&text).into_owned();
            }
        }
    }

    /// Writes until the page is done (true), or `buf` is full.
    fn fill(&mut self, buf: &mut Vec<u8>, len: &mut usize) -> bool {
        let Self { gathered, format, memory: Memory { lines, resume }, at, begun, headed, done } = self;
        while let Some(planned) = gathered.families().get(*at) {
            if !*begun {
                lines.begin(&planned.family);
                *begun = true;
            }
            if !planned.visit(resume, &mut Writer { buf, len, lines, headed, family: &planned.family }) {
                return false;
            }
            *at += 1;
            (*begun, *headed) = (false, false);
            resume.restart();
        }
        if !*done {
            *done = append(buf, len, |out| line::end(out, *format));
        }
        *done
    }
}

/// Writes the children of one family, the first behind its comment lines.
struct Writer<'a> {
    buf: &'a mut Vec<u8>,
    len: &'a mut usize,
    lines: &'a mut Lines,
    headed: &'a mut bool,
    family: &'a Family,
}

impl Visitor for Writer<'_> {
    fn child(&mut self, child: &Child<'_>) -> ControlFlow<()> {
        let Self { buf, len, lines, headed, family } = self;
        let fits = append(buf, len, |out| {
            if !**headed {
                lines.head(out, family);
            }
            lines.child(out, child);
        });
        if !fits {
            return ControlFlow::Break(());
        }
        **headed = true;
        ControlFlow::Continue(())
    }

    fn run(&mut self, run: &Run) -> usize {
        let (children, mut written) = (run.children(), 0);
        loop {
            if *self.headed {
                let mut out = Out::new(self.buf.get_mut(*self.len..).unwrap_or_default());
                written = self.lines.run(&mut out, run, written);
                *self.len += out.len();
            }
            // What comes first, or is larger than a chunk, is written as any child is.
            if written == children || run.show(written, self).is_break() {
                return written;
            }
            written += 1;
        }
    }
}

/// Writes at `len` and moves it on. What does not fit is left out, and false returned, unless nothing stands before it:
/// then the buffer grows.
#[inline]
fn append(buf: &mut Vec<u8>, len: &mut usize, write: impl Fn(&mut Out<'_>)) -> bool {
    loop {
        let mut out = Out::new(buf.get_mut(*len..).unwrap_or_default());
        write(&mut out);
        let end = len.saturating_add(out.len());
        if !out.is_full() {
            *len = end;
            return true;
        }
        if *len > 0 {
            return false;
        }
        buf.resize(end, 0);
    }
}

#[cfg(test)]
mod tests;
