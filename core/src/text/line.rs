//! The lower floor: one sample line out of ready parts and a value.

use super::{Format, Out, last, number};
use crate::model::{Scale, Value};

/// Writes a whole sample line: the parts of its head (name, braces, labels), a space, the value, a line feed.
///
/// ```
/// use narthex::model::{Scale, Value};
/// use narthex::text::{Format, Out, line};
/// let mut buf = [0; 64];
/// let mut out = Out::new(&mut buf);
/// let head = ["busy_seconds_total", "{", r#"cpu="0""#, "}"];
/// line::sample(&mut out, Format::Text, &head, Value::Unsigned(1_500), Scale::new(-3));
/// assert_eq!(out.written(), b"busy_seconds_total{cpu=\"0\"} 1.5\n");
/// ```
pub fn sample(out: &mut Out<'_>, format: Format, head: &[&str], value: Value, scale: Scale) {
    let start = out.len();
    for part in head {
        out.str(part);
    }
    finish(out, format, start, value, scale);
}

/// Ends a line whose head was written from `start` on, all of it: a space, the value, a line feed. A value whose digits
/// this build cannot write takes its whole line with it.
pub fn finish(out: &mut Out<'_>, format: Format, start: usize, value: Value, scale: Scale) {
    if cfg!(target_pointer_width = "64") {
        let (negative, n) = match value {
            Value::Unsigned(n) => (false, Some(n)),
            Value::Signed(n) => (n < 0, Some(n.unsigned_abs())),
            _ => (false, None),
        };
        match n {
            Some(n) if scale == Scale::ONE && !negative => return last::whole(out, n),
            Some(n) if last::decimal(out, negative, n, scale) => return,
            _ => {}
        }
    }
    out.byte(b' ');
    if number::value(out, format, value, scale) {
        out.byte(b'\n');
    } else {
        out.rewind(start);
    }
}

/// Ends a line as [`finish`] does, with a whole number.
#[inline]
pub fn whole(out: &mut Out<'_>, n: u64) {
    if cfg!(target_pointer_width = "64") {
        return last::whole(out, n);
    }
    out.byte(b' ');
    number::decimal(out, n, Scale::ONE);
    out.byte(b'\n');
}

/// Writes what ends a page: `# EOF` in OpenMetrics, nothing in text 0.0.4.
pub fn end(out: &mut Out<'_>, format: Format) {
    if format == Format::OpenMetrics {
        out.str("# EOF\n");
    }
}
