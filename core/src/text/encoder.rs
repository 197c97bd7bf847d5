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
            let mark = out.len();
            let next = self.step(source, out);
            if out.is_full() {
                if mark == 0 {
                    return Err(Error::BufferTooSmall { needs: out.len(), has });
                }
                return Ok(mark);
            }
            match next {
                Some(next) => *self = next,
                None => return Ok(out.len()),
            }
        }
    }

    /// Writes at most one line and returns the state after it; `None` at the end of the page.
    fn step<S: Source + ?Sized>(&self, source: &S, out: &mut Out<'_>) -> Option<Self> {
        let Some(instance) = source.instance(usize::from(self.instance)) else {
            if self.ended {
                return None;
            }
            line::end(out, self.format);
            return Some(Self { ended: true, ..*self });
        };
        let desc = instance.desc;
        if self.line < COMMENTS {
            if !instance.first {
                return Some(Self { line: COMMENTS, ..*self });
            }
            // Asked once: a gauge may be cleared or set while the page is written.
            if self.line == 0
                && (desc.optional || desc.capacity > 0)
                && let Some(behind) = behind_absent(source, self.instance)
            {
                return Some(Self { instance: behind, ..*self });
            }
            match self.line {
                0 => head::help(out, self.format, desc.name, desc.kind, desc.help),
                1 => head::kind(out, self.format, desc.name, desc.kind),
                _ => head::unit(out, self.format, desc.name, desc.kind, desc.unit),
            }
            return Some(Self { line: self.line + 1, ..*self });
        }
        let child = usize::from(self.child);
        if child >= desc.children() {
            return Some(self.next_instance());
        }
        let slots = source.slots(usize::from(self.instance));
        let birth = slots.map_or(0, |slots| slots.birth(child));
        let index = usize::from(self.line - COMMENTS);
        if slots.is_some() && (birth == 0 || (index > 0 && birth != self.birth)) {
            return Some(self.next_child());
        }
        let at = Self { birth, ..*self };
        let start = out.len();
        let next = at.sample(source, &instance, child, index, out);
        if slots.is_some_and(|slots| slots.birth(child) != birth) {
            out.rewind(start);
            return Some(self.next_child());
        }
        Some(next)
    }

    fn next_instance(&self) -> Self {
        Self { instance: self.instance.saturating_add(1), child: 0, line: 0, total: 0, birth: 0, ..*self }
    }

    fn next_child(&self) -> Self {
        Self { child: self.child.saturating_add(1), line: COMMENTS, total: 0, birth: 0, ..*self }
    }

    /// Writes sample line `index` of a child. A histogram has its buckets, `+Inf`, `_sum` and `_count`, a state set
    /// one for each state.
    fn sample<S: Source + ?Sized>(
        &self,
        source: &S,
        instance: &Instance<'_>,
        child: usize,
        index: usize,
        out: &mut Out<'_>,
    ) -> Self {
        let desc = instance.desc;
        let at = usize::from(self.instance);
        let next_line = Self { line: self.line.saturating_add(1), ..*self };
        let (suffix, last, value, scale, next) = match desc.kind {
            Kind::Histogram => {
                let (buckets, sum) = (desc.bounds.len(), desc.bounds.len() + 1);
                if index > sum {
                    ("_count", Last::None, Value::Unsigned(self.total), Scale::ONE, self.next_child())
                } else {
                    // A cell that is not there would be a broken group: the child goes, not the page.
                    let Some(value @ Value::Unsigned(count)) = source.read(at, child, index) else {
                        return self.next_child();
                    };
                    if index == sum {
                        ("_sum", Last::None, value, desc.scale, next_line)
                    } else {
                        let total = self.total.wrapping_add(count);
                        let bucket = Last::Bucket(index.min(buckets));
                        ("_bucket", bucket, Value::Unsigned(total), Scale::ONE, Self { total, ..next_line })
                    }
                }
            }
            Kind::Info => ("", Last::None, Value::Unsigned(1), Scale::ONE, self.next_child()),
            Kind::StateSet => {
                // Read once: two states cannot hold at a time.
                let total = match source.read(at, child, 0) {
                    _ if index > 0 => self.total,
                    Some(Value::Unsigned(state)) => state,
                    _ => return self.next_child(),
                };
                let Some(state) = desc.states.get(index) else { return self.next_child() };
                let holds = u64::from(total == index as u64);
                ("", Last::State(state), Value::Unsigned(holds), Scale::ONE, Self { total, ..next_line })
            }
            _ => {
                let Some(value) = source.read(at, child, 0) else { return self.next_child() };
                ("", Last::None, value, desc.scale, self.next_child())
            }
        };
        let start = out.len();
        out.str(desc.name);
        out.str(suffix);
        let slot = source.slots(at).map(|slots| (slots, self.birth));
        labels(out, self.format, instance, child, slot, last);
        line::finish(out, self.format, start, value, scale);
        next
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

/// Writes `{…}`: constant labels, then the child's, then the last; nothing if there is none.
fn labels(
    out: &mut Out<'_>,
    format: Format,
    instance: &Instance<'_>,
    child: usize,
    slot: Option<(&dyn Slots, u32)>,
    last: Last<'_>,
) {
    let Instance { desc, labels, .. } = instance;
    let mut separator = b'{';
    let mut next = |out: &mut Out<'_>| {
        out.byte(separator);
        separator = b',';
    };
    for label in *labels {
        next(out);
        head::label(out, label.name, label.value);
    }
    for (i, dimension) in desc.dimensions.iter().enumerate() {
        next(out);
        match slot {
            Some((slots, birth)) => {
                let value = slots.label(child, birth, i).unwrap_or_default();
                head::label(out, dimension.name, value.as_str());
            }
            None => head::label(out, dimension.name, desc.label_value(child, i).unwrap_or_default()),
        }
    }
    match last {
        Last::None => {}
        Last::Bucket(bucket) => {
            next(out);
            out.str("le=\"");
            match desc.bounds.get(bucket) {
                Some(bound) => number::bound(out, format, *bound, desc.scale),
                None => out.str("+Inf"),
            }
            out.byte(b'"');
        }
        Last::State(state) => {
            next(out);
            head::label(out, desc.name, state);
        }
    }
    if separator == b',' {
        out.byte(b'}');
    }
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
