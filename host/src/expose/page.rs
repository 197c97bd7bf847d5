//! A page of text, written chunk by chunk.

use std::ops::ControlFlow;

use narthex::model::{Scale, Value};
use narthex::text::{Format, Out, head, line};

use crate::model::{Bound, Child, Family, Point};
use crate::registry::{Gathered, Resume};

/// A page under way: families by name, children by label text, all lines of a child from one state.
///
/// HELP, TYPE and UNIT stand before the first child; a family without children is left out. Between two chunks no
/// lock is held, and nothing but the place is kept.
#[derive(Debug)]
pub struct Page {
    gathered: Gathered,
    format: Format,
    created: bool,
    /// The family that is being written, by index.
    at: usize,
    /// Whether its comment lines are.
    headed: bool,
    resume: Resume,
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
            created: false,
            at: 0,
            headed: false,
            resume: Resume::default(),
            done: false,
        }
    }

    /// With `_created` lines in OpenMetrics, too. Prometheus 2 stores them as series of their own.
    #[must_use]
    pub fn with_created(self) -> Self {
        Self { created: true, ..self }
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
        let Self { gathered, format, created, at, headed, resume, done } = self;
        let lines = Lines { format: *format, created: *created };
        while let Some(planned) = gathered.families().get(*at) {
            let all = planned.visit(resume, &mut |child| {
                let fits = append(buf, len, |out| {
                    if !*headed {
                        lines.head(out, &planned.family);
                    }
                    lines.child(out, &planned.family, child);
                });
                if !fits {
                    return ControlFlow::Break(());
                }
                *headed = true;
                ControlFlow::Continue(())
            });
            if !all {
                return false;
            }
            *at += 1;
            *headed = false;
            resume.restart();
        }
        if !*done {
            *done = append(buf, len, |out| line::end(out, *format));
        }
        *done
    }
}

/// Writes at `len` and moves it on. What does not fit is left out, and false returned, unless nothing stands before it:
/// then the buffer grows.
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

/// How lines are written on one page.
#[derive(Clone, Copy)]
struct Lines {
    format: Format,
    created: bool,
}

impl Lines {
    fn head(self, out: &mut Out<'_>, family: &Family) {
        let Family { name, help, unit, kind } = family;
        head::help(out, self.format, name, *kind, help);
        head::kind(out, self.format, name, *kind);
        head::unit(out, self.format, name, *kind, unit);
    }

    fn child(self, out: &mut Out<'_>, family: &Family, child: &Child<'_>) {
        // A head has the parts of a label text, which sources keep in a few pieces. More are joined first.
        let mut joined = String::new();
        let mut labels = child.labels;
        let one;
        if labels.len() > Head::LABELS {
            child.join_labels(&mut joined);
            one = [joined.as_str()];
            labels = &one;
        }
        let head = Head { name: &family.name, labels, bare: child.is_bare() };
        match child.point {
            Point::Value { value, scale } => head.sample(out, self.format, "", None, value, scale),
            Point::Histogram { bounds, buckets, sum, scale } => {
                self.histogram(out, head, bounds, buckets);
                let count = buckets.iter().fold(0u64, |count, bucket| count.wrapping_add(*bucket));
                head.sample(out, self.format, "_sum", None, sum, scale);
                head.sample(out, self.format, "_count", None, Value::Unsigned(count), Scale::ONE);
            }
        }
        if let (Format::OpenMetrics, true, Some(created)) = (self.format, self.created, child.created) {
            let head = Head { name: family.open_metrics_name(), ..head };
            let milliseconds = Value::Unsigned(created);
            head.sample(out, self.format, "_created", None, milliseconds, Scale::new(-3));
        }
    }

    fn histogram(self, out: &mut Out<'_>, head: Head<'_>, bounds: &[Bound], buckets: &[u64]) {
        let mut count = 0u64;
        let bounds = bounds.iter().map(|bound| bound.in_format(self.format)).chain(["+Inf"]);
        for (bound, bucket) in bounds.zip(buckets) {
            count = count.wrapping_add(*bucket);
            head.sample(out, self.format, "_bucket", Some(bound), Value::Unsigned(count), Scale::ONE);
        }
    }
}

/// What stands before a value.
#[derive(Clone, Copy)]
struct Head<'a> {
    name: &'a str,
    labels: &'a [&'a str],
    bare: bool,
}

impl Head<'_> {
    /// Most pieces of label text.
    const LABELS: usize = 6;

    fn sample(
        self,
        out: &mut Out<'_>,
        format: Format,
        suffix: &str,
        bound: Option<&str>,
        value: Value,
        scale: Scale,
    ) {
        let mut parts = [""; Self::LABELS + 6];
        let open = if self.bare && bound.is_none() { "" } else { "{" };
        let labels = if self.bare { &[] } else { self.labels };
        let le: &[&str] = match bound {
            Some(bound) if self.bare => &["le=\"", bound, "\"}"],
            Some(bound) => &[",le=\"", bound, "\"}"],
            None if self.bare => &[],
            None => &["}"],
        };
        let wanted =
            [self.name, suffix, open].into_iter().chain(labels.iter().copied()).chain(le.iter().copied());
        let mut used = 0;
        for (part, text) in parts.iter_mut().zip(wanted) {
            *part = text;
            used += 1;
        }
        line::sample(out, format, parts.get(..used).unwrap_or(&parts), value, scale);
    }
}

#[cfg(test)]
mod tests;
