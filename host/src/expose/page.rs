//! A page of text, written chunk by chunk.

use std::ops::ControlFlow;

use narthex::model::{Scale, Value};
use narthex::text::{Format, Out, head, line};

use crate::model::{Child, Family, Point};
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
        // A line is written from the pieces of its label text. More pieces than it has room for are joined first.
        let mut joined = String::new();
        let mut labels = child.labels;
        let one;
        if labels.len() > LABELS {
            child.join_labels(&mut joined);
            one = [joined.as_str()];
            labels = &one;
        }
        let labels = if child.is_bare() { &[] } else { labels };
        let mut line = Line::new(self.format, &family.name, labels);
        match child.point {
            Point::Value { value, scale } => line.sample(out, ["", "{"], value, scale),
            Point::Histogram { bounds, buckets, sum, scale } => {
                let mut count = 0u64;
                let bounds = bounds.iter().map(|bound| bound.in_format(self.format)).chain(["+Inf"]);
                for (bound, bucket) in bounds.zip(buckets) {
                    count = count.wrapping_add(*bucket);
                    line.bucket(out, bound, count);
                }
                line.sample(out, ["_sum", "_sum{"], sum, scale);
                line.sample(out, ["_count", "_count{"], Value::Unsigned(count), Scale::ONE);
            }
            Point::States { states, state } => {
                for (index, label) in states.iter().enumerate() {
                    line.state(out, label.as_str(), index == state);
                }
            }
        }
        if let (Format::OpenMetrics, true, Some(created)) = (self.format, self.created, child.created) {
            let mut line = Line::new(self.format, family.open_metrics_name(), labels);
            line.sample(out, ["_created", "_created{"], Value::Unsigned(created), Scale::new(-3));
        }
    }
}

/// Most pieces of label text that a line is written from.
const LABELS: usize = 12;
/// Most parts of a line's head: name, suffix, labels, and the three parts of a label behind them.
const PARTS: usize = 2 + LABELS + 3;

/// The lines of one child: what stands before a value, in pieces of which only some differ from line to line.
struct Line<'a> {
    format: Format,
    /// Name, suffix, labels, then what ends the head.
    parts: [&'a str; PARTS],
    /// How many parts stand before the end.
    fixed: usize,
}

impl<'a> Line<'a> {
    fn new(format: Format, name: &'a str, labels: &[&'a str]) -> Self {
        let mut parts = [""; PARTS];
        for (part, text) in parts.iter_mut().zip([name, ""].iter().chain(labels)) {
            *part = text;
        }
        Self { format, parts, fixed: 2 + labels.len().min(LABELS) }
    }

    /// Writes a line; the suffix of the name comes without and with a brace.
    fn sample(&mut self, out: &mut Out<'_>, suffix: [&'static str; 2], value: Value, scale: Scale) {
        let [bare, labelled] = suffix;
        if self.fixed == 2 {
            self.write(out, bare, &[], value, scale);
        } else {
            self.write(out, labelled, &["}"], value, scale);
        }
    }

    /// Writes the line of a bucket.
    fn bucket(&mut self, out: &mut Out<'_>, bound: &'a str, count: u64) {
        let le = if self.fixed == 2 { "le=\"" } else { ",le=\"" };
        self.write(out, "_bucket{", &[le, bound, "\"}"], Value::Unsigned(count), Scale::ONE);
    }

    /// Writes the line of a state.
    fn state(&mut self, out: &mut Out<'_>, label: &'a str, holds: bool) {
        let separator = if self.fixed == 2 { "" } else { "," };
        self.write(out, "{", &[separator, label, "}"], Value::Unsigned(holds.into()), Scale::ONE);
    }

    fn write(&mut self, out: &mut Out<'_>, suffix: &'a str, end: &[&'a str], value: Value, scale: Scale) {
        if let Some(part) = self.parts.get_mut(1) {
            *part = suffix;
        }
        for (part, text) in self.parts.iter_mut().skip(self.fixed).zip(end) {
            *part = text;
        }
        let head = self.parts.get(..self.fixed.saturating_add(end.len())).unwrap_or_default();
        line::sample(out, self.format, head, value, scale);
    }
}

#[cfg(test)]
mod tests;
