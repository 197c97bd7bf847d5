//! Which format a client likes best, by `Accept` ([RFC 9110, 12.5.1](https://www.rfc-editor.org/rfc/rfc9110#section-12.5.1)).
//!
//! Headers come as the values of all header lines of that name, in order. Nothing in them can fail: what is not
//! understood is passed over, and in the end there is always text 0.0.4.

use super::words::{place, word};
use crate::text::Format;

/// The format of the best clause in `Accept`: of those with the highest weight, the first.
///
/// A clause for a version that is not offered is passed over, as is one whose weight is not within 0 to 1:
/// Prometheus 2.49 sends `*/*;q=2`.
///
/// ```
/// use narthex::http::accept;
/// use narthex::text::Format;
/// let line = b"application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
/// assert_eq!(accept::format([&line[..]]), Format::OpenMetrics);
/// assert_eq!(accept::format([&b"*/*"[..]]), Format::Text);
/// assert_eq!(accept::format([]), Format::Text);
/// ```
pub fn format<'a>(lines: impl IntoIterator<Item = &'a [u8]>) -> Format {
    let mut best = Best::default();
    lines.into_iter().for_each(|line| best.consider(line));
    best.format
}

/// The best so far.
#[derive(Default)]
pub(super) struct Best {
    weight: u16,
    pub(super) format: Format,
}

impl Best {
    /// Goes on with another line.
    pub(super) fn consider(&mut self, mut line: &[u8]) {
        while !line.is_empty() {
            let clause = Clause::take(&mut line);
            if clause.weight > self.weight
                && let Some(format) = clause.format()
            {
                (self.weight, self.format) = (clause.weight, format);
            }
        }
    }
}

/// One clause of a header that weighs things: a name, parameters, a weight.
#[derive(Clone, Copy, Debug)]
pub struct Clause<'a> {
    /// What is weighed.
    pub name: &'a [u8],
    /// In thousandths, which is as fine as a weight may be; 1000 if there is none, and 0 if it is none.
    pub weight: u16,
    /// Of a media type.
    version: Version,
}

/// What the parameter `version` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Version {
    Unsaid,
    /// 0.0.4, of text.
    Text,
    /// 1.0.0 of OpenMetrics, or 0.0.1, which is what 1.0.0 was called before.
    OpenMetrics,
    Other,
}

/// The clauses of a line.
///
/// ```
/// use narthex::http::accept::clauses;
/// let mut clauses = clauses(b"gzip;q=0.5, br;q=2, *");
/// let mut next = || clauses.next().map(|clause| (clause.name, clause.weight));
/// assert_eq!(next(), Some((&b"gzip"[..], 500)));
/// assert_eq!(next(), Some((&b"br"[..], 0)));
/// assert_eq!(next(), Some((&b"*"[..], 1_000)));
/// assert_eq!(next(), None);
/// ```
pub fn clauses(line: &[u8]) -> impl Iterator<Item = Clause<'_>> {
    let mut rest = line;
    core::iter::from_fn(move || (!rest.is_empty()).then(|| Clause::take(&mut rest)))
}

impl<'a> Clause<'a> {
    fn take(rest: &mut &'a [u8]) -> Self {
        let mut text = word(rest, b',');
        let mut clause = Self { name: word(&mut text, b';'), weight: 1_000, version: Version::Unsaid };
        let mut weighed = false;
        while !text.is_empty() {
            let mut value = word(&mut text, b';');
            let parameter = word(&mut value, b'=');
            value = value.trim_ascii_start();
            if let [b'"', inside @ .., b'"'] = value {
                value = inside;
            }
            // Of a parameter that is repeated, as Prometheus 3.0 does, the first.
            match place("q version", parameter) {
                0 if !weighed => (clause.weight, weighed) = (thousandths(value), true),
                1 if clause.version == Version::Unsaid => {
                    clause.version = match place("0.0.4 1.0.0 0.0.1", value) {
                        0 => Version::Text,
                        3 => Version::Other,
                        _ => Version::OpenMetrics,
                    }
                }
                _ => {}
            }
        }
        clause
    }

    fn format(&self) -> Option<Format> {
        match (place("application/openmetrics-text text/plain text/* */*", self.name), self.version) {
            (0, Version::Unsaid | Version::OpenMetrics) => Some(Format::OpenMetrics),
            (1..4, Version::Unsaid | Version::Text) => Some(Format::Text),
            _ => None,
        }
    }
}

/// A weight in thousandths; 0 if it is not a number from 0 to 1.
fn thousandths(text: &[u8]) -> u16 {
    if text.get(1).is_some_and(|byte| *byte != b'.') {
        return 0;
    }
    let (mut sum, mut place) = (0, 1_000);
    for byte in text.iter().filter(|byte| **byte != b'.') {
        let digit = u32::from(byte.wrapping_sub(b'0'));
        // What is no digit is too much.
        sum += digit * if digit < 10 { place } else { 1_000 };
        place /= 10;
    }
    if sum <= 1_000 { sum as u16 } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_what_they_say_or_nothing() {
        for (text, want) in [
            ("1", 1_000),
            ("1.000", 1_000),
            ("0", 0),
            ("0.5", 500),
            ("0.123", 123),
            ("0.1239", 123),
            ("0.05", 50),
            ("1.001", 0),
            ("2", 0),
            ("10", 0),
            ("-1", 0),
            ("0.5x", 0),
            ("NaN", 0),
            ("", 0),
        ] {
            assert_eq!(thousandths(text.as_bytes()), want, "{text}");
        }
    }
}
