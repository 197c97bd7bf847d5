//! A whole page, line by line, into buffers of any size.

use core::fmt;

use super::{Format, Out, head, line, number};
use crate::model::{Instance, Kind, Scale, Source, Value};

/// Lines of a family before its samples: HELP, TYPE, UNIT.
const COMMENTS: u16 = 3;

/// Writes all series of a [`Source`] as text, as many whole lines at a time as the caller's buffer holds.
///
/// A histogram's running total is carried from line to line, so `+Inf` and `_count` are the sum of exactly the
/// buckets that were printed, however many buffers lie between them. 16 bytes of state.
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
    /// Sum of the bucket cells printed so far for the child at hand.
    total: u64,
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
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::BufferTooSmall { needs, has } = self;
        write!(f, "a line needs {needs} bytes, the buffer has {has}")
    }
}

impl core::error::Error for Error {}

impl Encoder {
    /// Starts a page.
    pub const fn new(format: Format) -> Self {
        Self { total: 0, instance: 0, child: 0, line: 0, format, ended: false }
    }

    /// Fills `buf` with whole lines and returns how many bytes were written; 0 when the page is complete.
    ///
    /// # Errors
    /// [`Error::BufferTooSmall`] when not even one line fits; the page can go on with a larger buffer.
    pub fn fill<S: Source + ?Sized>(&mut self, source: &S, buf: &mut [u8]) -> Result<usize, Error> {
        let has = buf.len();
        let mut out = Out::new(buf);
        loop {
            let mark = out.len();
            let next = self.step(source, &mut out);
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
                && desc.optional
                && let Some(behind) = behind_unset(source, self.instance)
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
        Some(self.sample(source, &instance, child, usize::from(self.line - COMMENTS), out))
    }

    fn next_instance(&self) -> Self {
        Self { instance: self.instance.saturating_add(1), child: 0, line: 0, total: 0, ..*self }
    }

    fn next_child(&self) -> Self {
        Self { child: self.child.saturating_add(1), line: COMMENTS, total: 0, ..*self }
    }

    /// Writes sample line `index` of a child. A histogram has its buckets, `+Inf`, `_sum` and `_count`.
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
        let (buckets, sum) = (desc.bounds.len(), desc.bounds.len() + 1);
        let next_line = Self { line: self.line.saturating_add(1), ..*self };
        let (suffix, bucket, value, scale, next) = if desc.kind != Kind::Histogram {
            let Some(value) = source.read(at, child, 0) else { return self.next_child() };
            ("", None, value, desc.scale, self.next_child())
        } else if index > sum {
            ("_count", None, Value::Unsigned(self.total), Scale::ONE, self.next_child())
        } else {
            // A cell that is not there would be a broken group: the child goes, not the page.
            let Some(value @ Value::Unsigned(count)) = source.read(at, child, index) else {
                return self.next_child();
            };
            if index == sum {
                ("_sum", None, value, desc.scale, next_line)
            } else {
                let total = self.total.wrapping_add(count);
                let next = Self { total, ..next_line };
                ("_bucket", Some(index.min(buckets)), Value::Unsigned(total), Scale::ONE, next)
            }
        };
        let start = out.len();
        out.str(desc.name);
        out.str(suffix);
        labels(out, self.format, instance, child, bucket);
        line::finish(out, self.format, start, value, scale);
        next
    }
}

/// Writes `{…}`: constant labels, then the child's, then `le` if this is a bucket; nothing if there is none.
fn labels(out: &mut Out<'_>, format: Format, instance: &Instance<'_>, child: usize, bucket: Option<usize>) {
    let Instance { desc, labels, .. } = instance;
    let mut separator = b'{';
    for label in *labels {
        out.byte(separator);
        separator = b',';
        head::label(out, label.name, label.value);
    }
    for (i, dimension) in desc.dimensions.iter().enumerate() {
        out.byte(separator);
        separator = b',';
        head::label(out, dimension.name, desc.label_value(child, i).unwrap_or_default());
    }
    if let Some(bucket) = bucket {
        out.byte(separator);
        separator = b',';
        out.str("le=\"");
        match desc.bounds.get(bucket) {
            Some(bound) => number::bound(out, format, *bound, desc.scale),
            None => out.str("+Inf"),
        }
        out.byte(b'"');
    }
    if separator == b',' {
        out.byte(b'}');
    }
}

/// Where the next family begins, if no child of the one that begins at `index` is set. Bounded by the family's size.
fn behind_unset<S: Source + ?Sized>(source: &S, index: u16) -> Option<u16> {
    let mut at = usize::from(index);
    while let Some(Instance { desc, first, .. }) = source.instance(at) {
        if first && at != usize::from(index) {
            break;
        }
        if (0..desc.children()).any(|child| source.read(at, child, 0).is_some()) {
            return None;
        }
        at += 1;
    }
    Some(at as u16)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Desc, Label};
    use core::sync::atomic::{AtomicUsize, Ordering};
    use std::string::String;

    /// A family of two optional gauges; `set` says which of them is set at the how-manieth read.
    struct Restless {
        reads: AtomicUsize,
        set: fn(usize) -> [bool; 2],
    }

    impl Source for Restless {
        fn instance(&self, index: usize) -> Option<Instance<'_>> {
            const DESC: Desc<'static> = Desc { optional: true, ..Desc::gauge("level", "Level.") };
            const LABELS: [&[Label<'static>]; 2] = [&[Label::new("tank", "0")], &[Label::new("tank", "1")]];
            Some(Instance { desc: &DESC, labels: LABELS.get(index)?, first: index == 0 })
        }

        fn read(&self, index: usize, _: usize, _: usize) -> Option<Value> {
            let read = self.reads.fetch_add(1, Ordering::Relaxed);
            (self.set)(read).get(index)?.then_some(Value::Signed(5))
        }

        fn schema_hash(&self) -> u32 {
            0
        }
    }

    fn page(set: fn(usize) -> [bool; 2]) -> String {
        let source = Restless { reads: AtomicUsize::new(0), set };
        let (mut page, mut buf) = (String::new(), [0; 24]);
        let mut encoder = Encoder::new(Format::OpenMetrics);
        while let Ok(n @ 1..) = encoder.fill(&source, &mut buf) {
            page.push_str(core::str::from_utf8(&buf[..n]).unwrap());
        }
        assert_eq!(encoder.fill(&source, &mut buf), Ok(0));
        page
    }

    #[test]
    fn samples_stand_below_their_type_whatever_happens_meanwhile() {
        let head = "# HELP level Level.\n# TYPE level gauge\n";
        assert_eq!(
            page(|_| [true, true]),
            std::format!("{head}level{{tank=\"0\"}} 5\nlevel{{tank=\"1\"}} 5\n# EOF\n")
        );
        // Cleared as soon as the family was found to be there: HELP and TYPE stay together.
        assert_eq!(page(|read| [read == 0, false]), std::format!("{head}# EOF\n"));
        assert_eq!(page(|read| [read == 0, true]), std::format!("{head}level{{tank=\"1\"}} 5\n# EOF\n"));
        // Set just behind the look at it: the whole family waits for the next page.
        assert_eq!(page(|read| [read > 1, read > 1]), "# EOF\n");
    }
}
