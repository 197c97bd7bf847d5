//! A whole page, line by line, into buffers of any size.

use core::fmt;

use super::{Format, Out, head, line, number};
use crate::model::{Instance, Kind, Scale, Slots, Source, Value};

/// Lines of a family before its samples: HELP, TYPE, UNIT.
const COMMENTS: u16 = 3;

/// Writes all series of a [`Source`] as text, as many whole lines at a time as the caller's buffer holds.
///
/// What a child needs to stay one thing is carried from line to line, however many buffers lie between them: a
/// histogram's running total, so that `+Inf` and `_count` are the sum of exactly the buckets that were printed; the
/// state of a state set; the birth of a slot of a table family. A child that is removed between two of its lines ends
/// there. 24 bytes of state.
///
/// ```
/// use narthex::text::{Encoder, Format};
/// use narthex::{Counter, Metrics, Registry, registry};
/// #[derive(Metrics)]
/// struct Radio {
///     /// Packets sent.
///     radio_packets_total: Counter,
/// }
/// static RADIO: Radio = Radio::new();
/// static REGISTRY: Registry = registry![RADIO];
/// RADIO.radio_packets_total.inc();
///
/// let mut page = Vec::new();
/// let mut encoder = Encoder::new(Format::Text);
/// let mut buf = [0; 48];
/// loop {
///     let n = encoder.fill(&REGISTRY, &mut buf).unwrap();
///     if n == 0 {
///         break;
///     }
///     page.extend_from_slice(&buf[..n]);
/// }
/// let page = String::from_utf8(page).unwrap();
/// let lines: Vec<&str> = page.lines().collect();
/// assert_eq!(lines[0], "# HELP radio_packets_total Packets sent.");
/// assert_eq!(lines[1], "# TYPE radio_packets_total counter");
/// assert_eq!(lines[2], "radio_packets_total 1");
/// ```
#[derive(Clone, Debug, Default)]
pub struct Encoder {
    /// Of the child at hand: the sum of the bucket cells printed so far, or the index of its state.
    total: u64,
    /// Of the child at hand, if it is a slot.
    birth: u32,
    /// The schema hash of the source as the page began; 0 before.
    schema: u32,
    instance: u16,
    child: u16,
    line: u16,
    format: Format,
    ended: bool,
}

/// Why a page cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The next line alone is longer than the whole buffer.
    BufferTooSmall {
        /// Bytes the line needs.
        needs: usize,
        /// Bytes the buffer has.
        has: usize,
    },
    /// The set of families has changed since the page began: it cannot be finished.
    Changed,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BufferTooSmall { needs, has } => {
                write!(f, "a line needs {needs} bytes, the buffer has {has}")
            }
            Self::Changed => {
                f.write_str("metrics were registered or unregistered while the page was written")
            }
        }
    }
}

impl core::error::Error for Error {}

impl Encoder {
    /// Starts a page.
    pub const fn new(format: Format) -> Self {
        Self { total: 0, birth: 0, schema: 0, instance: 0, child: 0, line: 0, format, ended: false }
    }

    /// Fills `buf` with whole lines and returns how many bytes were written; 0 when the page is complete.
    ///
    /// # Errors
    /// [`Error::BufferTooSmall`] when not even one line fits; the page can go on with a larger buffer.
    /// [`Error::Changed`] when the set of families is not that with which the page began; begin anew.
    pub fn fill<S: Source + ?Sized>(&mut self, source: &S, buf: &mut [u8]) -> Result<usize, Error> {
        let has = buf.len();
        let schema = source.schema_hash();
        if self.schema == 0 {
            self.schema = schema;
        }
        let mut out = Out::new(buf);
        let filled = self.lines(source, &mut out, has)?;
        // Looked at behind the lines: they were all written before it changed.
        if self.schema == source.schema_hash() { Ok(filled) } else { Err(Error::Changed) }
    }

    fn lines<S: Source + ?Sized>(
        &mut self,
        source: &S,
        out: &mut Out<'_>,
        has: usize,
    ) -> Result<usize, Error> {
        loop {
            let (mark, before) = (out.len(), self.clone());
            let goes_on = self.step(source, out);
            if out.is_full() {
                *self = before;
                if mark == 0 {
                    return Err(Error::BufferTooSmall { needs: out.len(), has });
                }
                return Ok(mark);
            }
            if !goes_on {
                return Ok(out.len());
            }
        }
    }

    /// Writes at most one line, and goes on behind it. Returns false at the end of the page.
    fn step<S: Source + ?Sized>(&mut self, source: &S, out: &mut Out<'_>) -> bool {
        let Some(instance) = source.instance(usize::from(self.instance)) else {
            if !self.ended {
                line::end(out, self.format);
            }
            return !core::mem::replace(&mut self.ended, true);
        };
        let desc = instance.desc;
        let line = self.line;
        if line < COMMENTS {
            if !instance.first {
                self.line = COMMENTS;
                return true;
            }
            // Asked once: a gauge may be cleared or set while the page is written.
            if line == 0
                && (desc.optional || desc.capacity > 0)
                && let Some(behind) = behind_absent(source, self.instance)
            {
                self.instance = behind;
                return true;
            }
            match line {
                0 => head::help(out, self.format, desc.name, desc.kind, desc.help),
                1 => head::kind(out, self.format, desc.name, desc.kind),
                _ => head::unit(out, self.format, desc.name, desc.kind, desc.unit),
            }
            self.line = line + 1;
            return true;
        }
        if usize::from(self.child) >= desc.children() {
            self.instance = self.instance.saturating_add(1);
            (self.child, self.line, self.total) = (0, 0, 0);
            return true;
        }
        let slots = source.slots(usize::from(self.instance));
        let start = out.len();
        if !self.is_same_child(slots, line > COMMENTS) || !self.sample(source, &instance, slots, out) {
            self.next_child();
        } else if !self.is_same_child(slots, true) {
            out.rewind(start);
            self.next_child();
        }
        true
    }

    /// Whether the slot has the child that was there before, or any if none was looked at yet. All that is no slot has
    /// one child for ever.
    fn is_same_child(&mut self, slots: Option<&dyn Slots>, looked: bool) -> bool {
        let Some(slots) = slots else { return true };
        let birth = slots.birth(usize::from(self.child));
        let before = core::mem::replace(&mut self.birth, birth);
        birth != 0 && (!looked || birth == before)
    }

    const fn next_child(&mut self) {
        self.child = self.child.saturating_add(1);
        (self.line, self.total) = (COMMENTS, 0);
    }

    /// Writes the next line of a child. A histogram has its buckets, `+Inf`, `_sum` and `_count`, a state set one for
    /// each state. Returns false if there is none: the child is complete, or not there.
    fn sample<S: Source + ?Sized>(
        &mut self,
        source: &S,
        instance: &Instance<'_>,
        slots: Option<&dyn Slots>,
        out: &mut Out<'_>,
    ) -> bool {
        let desc = instance.desc;
        let index = usize::from(self.line - COMMENTS);
        // A histogram's cells have a line each, everything else has one cell.
        let cell = if desc.kind == Kind::Histogram { index } else { 0 };
        let read = || source.read(usize::from(self.instance), usize::from(self.child), cell);
        let (suffix, last, value, scale) = match desc.kind {
            Kind::Histogram => {
                let sum = desc.bounds.len() + 1;
                match read() {
                    _ if index > sum + 1 => return false,
                    _ if index > sum => ("_count", Last::None, Value::Unsigned(self.total), Scale::ONE),
                    Some(value) if index == sum => ("_sum", Last::None, value, desc.scale),
                    Some(Value::Unsigned(count)) => {
                        self.total = self.total.wrapping_add(count);
                        ("_bucket", Last::Bucket(index), Value::Unsigned(self.total), Scale::ONE)
                    }
                    // A cell that is not there would be a broken group: the child goes, not the page.
                    _ => return false,
                }
            }
            Kind::StateSet => {
                // Taken once: two states cannot hold at a time.
                if index == 0 {
                    let Some(Value::Unsigned(state)) = read() else { return false };
                    self.total = state;
                }
                let Some(state) = desc.states.get(index) else { return false };
                let holds = u64::from(self.total == index as u64);
                ("", Last::State(state), Value::Unsigned(holds), Scale::ONE)
            }
            _ if index > 0 => return false,
            Kind::Info => ("", Last::None, Value::Unsigned(1), Scale::ONE),
            _ => {
                let Some(value) = read() else { return false };
                ("", Last::None, value, desc.scale)
            }
        };
        self.line = self.line.saturating_add(1);
        let start = out.len();
        out.str(desc.name);
        out.str(suffix);
        self.labels(out, instance, slots, last);
        line::finish(out, self.format, start, value, scale);
        true
    }

    /// Writes `{…}`: constant labels, then the child's, then the last; nothing if there is none.
    fn labels(&self, out: &mut Out<'_>, instance: &Instance<'_>, slots: Option<&dyn Slots>, last: Last<'_>) {
        let Instance { desc, labels, .. } = instance;
        let child = usize::from(self.child);
        let mut separator = b'{';
        let mut label = |out: &mut Out<'_>, name: &str, value: &[u8]| {
            out.byte(core::mem::replace(&mut separator, b','));
            head::pair(out, name, value);
        };
        for constant in *labels {
            label(out, constant.name, constant.value.as_bytes());
        }
        for (i, dimension) in desc.dimensions.iter().enumerate() {
            if let Some(slots) = slots {
                if let Some(value) = slots.label(child, self.birth, i) {
                    label(out, dimension.name, value.as_bytes());
                }
            } else {
                let value = desc.label_value(child, i).unwrap_or_default();
                label(out, dimension.name, value.as_bytes());
            }
        }
        match last {
            Last::None => {}
            Last::Bucket(bucket) => {
                out.byte(core::mem::replace(&mut separator, b','));
                out.str("le=\"");
                match desc.bounds.get(bucket) {
                    Some(bound) => number::bound(out, self.format, *bound, desc.scale),
                    None => out.str("+Inf"),
                }
                out.byte(b'"');
            }
            Last::State(state) => label(out, desc.name, state.as_bytes()),
        }
        if separator == b',' {
            out.byte(b'}');
        }
    }
}

/// The label behind all others.
#[derive(Clone, Copy)]
enum Last<'a> {
    None,
    /// `le`, by the index of the bucket.
    Bucket(usize),
    /// The state, under the name of the family.
    State(&'a str),
}

/// Where the next family begins, if no child of the one that begins at `index` is there and set. Bounded by the
/// family's size.
fn behind_absent<S: Source + ?Sized>(source: &S, index: u16) -> Option<u16> {
    let mut at = usize::from(index);
    while let Some(Instance { desc, first, .. }) = source.instance(at) {
        if first && at != usize::from(index) {
            break;
        }
        let slots = source.slots(at);
        let there = |child: &usize| slots.is_none_or(|slots| slots.birth(*child) > 0);
        let set = |child| !desc.optional || source.read(at, child, 0).is_some();
        if (0..desc.children()).filter(there).any(set) {
            return None;
        }
        at += 1;
    }
    Some(at as u16)
}

#[cfg(test)]
mod tests;
