//! A whole page, line by line, into buffers of any size.

mod distribution;

use core::fmt;

use super::{Format, Out, head, line, number};
use crate::model::{Instance, Kind, Scale, Slots, Source, Value};

/// Lines of a family before its samples, where the first child is that is there: HELP, TYPE, UNIT.
const COMMENTS: u16 = 3;
/// In place of a line: the comments of the instance before are written; who comes next may be of another family.
const BETWEEN: u16 = u16::MAX;
/// In place of a line, behind the last instance: the page has its end.
const ENDED: u16 = 1;

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
    /// The revision of the source as the page began; 0 before.
    revision: u32,
    instance: u16,
    child: u16,
    line: u16,
    format: Format,
    /// Of an exponential histogram at hand: its halvings at the last line.
    halvings: u8,
}

/// Why a page cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
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
        Self { total: 0, birth: 0, revision: 0, instance: 0, child: 0, line: 0, format, halvings: 0 }
    }

    /// Fills `buf` with whole lines and returns how many bytes were written; 0 when the page is complete.
    ///
    /// # Errors
    /// [`Error::BufferTooSmall`] when not even one line fits; the page can go on with a larger buffer.
    /// [`Error::Changed`] when the set of families is not that with which the page began; begin anew.
    pub fn fill<S: Source + ?Sized>(&mut self, source: &S, buf: &mut [u8]) -> Result<usize, Error> {
        let has = buf.len();
        if self.revision == 0 {
            self.revision = source.revision();
        }
        let mut out = Out::new(buf);
        let filled = self.lines(source, &mut out, has)?;
        // Looked at behind the lines: they were all written before it changed.
        if source.has_changed(self.revision) { Err(Error::Changed) } else { Ok(filled) }
    }

    /// Whether every line is written: the next [`fill`](Self::fill) returns 0, or finds that the set has changed.
    pub fn has_written_all<S: Source + ?Sized>(&self, source: &S) -> bool {
        self.line == ENDED && source.instance(usize::from(self.instance)).is_none()
    }

    fn lines<S: Source + ?Sized>(
        &mut self,
        source: &S,
        out: &mut Out<'_>,
        has: usize,
    ) -> Result<usize, Error> {
        loop {
            let (mark, mut next) = (out.len(), self.clone());
            let goes_on = next.step(source, out);
            if out.is_full() {
                if mark == 0 {
                    return Err(Error::BufferTooSmall { needs: out.len(), has });
                }
                return Ok(mark);
            }
            *self = next;
            if !goes_on {
                return Ok(out.len());
            }
        }
    }

    /// Writes at most one line, and goes on behind it. Returns false at the end of the page.
    fn step<S: Source + ?Sized>(&mut self, source: &S, out: &mut Out<'_>) -> bool {
        let Some(instance) = source.instance(usize::from(self.instance)) else {
            let ended = core::mem::replace(&mut self.line, ENDED) == ENDED;
            if !ended {
                line::end(out, self.format);
            }
            return !ended;
        };
        if self.line == BETWEEN {
            self.line = if instance.first { 0 } else { COMMENTS };
        }
        if self.child(source, &instance, out) {
            return true;
        }
        self.total = 0;
        // A source has fewer instances and cells than these numbers can tell.
        self.child = self.child.wrapping_add(1);
        let last = usize::from(self.child) >= instance.desc.children();
        if last {
            self.child = 0;
            self.instance = self.instance.wrapping_add(1);
        }
        // Comments for which nothing was there yet stand in front of the next child.
        if self.line > 0 {
            self.line = if last { BETWEEN } else { COMMENTS };
        }
        true
    }

    /// Writes the next line of a child, if it has one, or of the comments before it. Returns whether more lines follow.
    fn child<S: Source + ?Sized>(&mut self, source: &S, instance: &Instance<'_>, out: &mut Out<'_>) -> bool {
        let (index, child) = (usize::from(self.instance), usize::from(self.child));
        let (desc, slots) = (instance.desc, source.slots(index));
        // All that is no slot has one child for ever.
        let birth = || slots.map_or(1, |slots| slots.birth(child));
        let now = birth();
        let start = out.len();
        if self.line < COMMENTS {
            // Asked once: a gauge may be cleared or set while the page is written.
            let there = || now > 0 && (!desc.optional || source.read(index, child, 0).is_some());
            if self.line == 0 && !there() {
                return false;
            }
            head::comments(out, self.format, self.line, desc);
            self.line += 1;
            // A unit takes a line only if there is one.
            if out.len() > start {
                return true;
            }
        }
        if self.line == COMMENTS {
            self.birth = now;
        }
        if now == 0 || now != self.birth {
            return false;
        }
        let lines = if source.has_distributions() && desc.kind.is_distribution() {
            self.distribution(source, instance, slots, out)
        } else {
            self.sample(source, instance, slots, out)
        };
        if lines == 0 || birth() != now {
            out.rewind(start);
            return false;
        }
        self.line = self.line.wrapping_add(1);
        usize::from(self.line - COMMENTS) < lines
    }

    /// Writes the next line of a child, and returns how many it has in all; 0 if it is not there. A histogram has its
    /// buckets, `+Inf`, `_sum` and `_count`, a state set one line for each state.
    fn sample<S: Source + ?Sized>(
        &mut self,
        source: &S,
        instance: &Instance<'_>,
        slots: Option<&dyn Slots>,
        out: &mut Out<'_>,
    ) -> usize {
        let desc = instance.desc;
        let index = usize::from(self.line - COMMENTS);
        let sum = desc.details.bounds.len() + 1;
        // Compared one by one: where all descriptions are constant, the kinds that none of them has take no flash.
        let histogram = desc.kind == Kind::Histogram;
        let (info, state_set) = (desc.kind == Kind::Info, desc.kind == Kind::StateSet);
        // How many lines there are, and whether this one has a cell, which then is that of its number. A state is
        // read once: two cannot hold at a time.
        let (lines, reads) = if histogram {
            (sum + 2, index <= sum)
        } else if state_set {
            (desc.details.states.len(), index == 0)
        } else {
            (1, !info)
        };
        let mut value = Value::Unsigned(0);
        if reads {
            // A cell that is not there would be a broken group: the child goes, not the page.
            let read = source.read(usize::from(self.instance), usize::from(self.child), index);
            let Some(read) = read else { return 0 };
            value = read;
        }
        let mut scale = desc.scale;
        if (histogram && index != sum) || info || state_set {
            if let Value::Unsigned(n) = value {
                self.total = self.total.wrapping_add(n);
            }
            scale = Scale::ONE;
            // An info is as a state that always holds.
            let holds = u64::from(self.total == index as u64);
            value = Value::Unsigned(if histogram { self.total } else { holds });
        }
        let start = out.len();
        out.str(desc.name);
        if histogram {
            let bucket = index < sum;
            let last = if index == sum { "_sum" } else { "_count" };
            out.str(if bucket { "_bucket" } else { last });
        }
        let braces = self.labels(out, instance, slots);
        if desc.kind == Kind::StateSet
            && let Some(state) = desc.details.states.get(index)
        {
            head::listed(out, braces, desc.name, state.as_bytes());
        }
        if desc.kind == Kind::Histogram && index <= desc.details.bounds.len() {
            out.byte(if out.len() == braces { b'{' } else { b',' });
            out.str("le=\"");
            match desc.details.bounds.get(index) {
                Some(bound) => number::bound(out, self.format, u64::from(*bound), desc.scale),
                None => out.str("+Inf"),
            }
            out.byte(b'"');
        }
        if out.len() > braces {
            out.byte(b'}');
        }
        line::finish(out, self.format, start, value, scale);
        lines
    }

    /// Writes `{…`: constant labels, then the child's; nothing if there is none. Returns where that begins.
    fn labels(&self, out: &mut Out<'_>, instance: &Instance<'_>, slots: Option<&dyn Slots>) -> usize {
        let Instance { desc, labels, .. } = instance;
        let child = usize::from(self.child);
        let start = out.len();
        for constant in *labels {
            head::listed(out, start, constant.name, constant.value.as_bytes());
        }
        let mut stride = if desc.details.dimensions.is_empty() { 1 } else { desc.children() };
        for (i, dimension) in desc.details.dimensions.iter().enumerate() {
            let value = slots.and_then(|slots| slots.label(child, self.birth, i));
            // In a table there are none.
            let count = dimension.values.len().max(1);
            stride = (stride / count).max(1);
            let value = match &value {
                Some(value) => value.as_bytes(),
                None => dimension.values.get(child / stride % count).copied().unwrap_or_default().as_bytes(),
            };
            head::listed(out, start, dimension.name, value);
        }
        start
    }
}

#[cfg(test)]
mod tests;
