//! Which format a client likes best, by `Accept` ([RFC 9110, 12.5.1](https://www.rfc-editor.org/rfc/rfc9110#section-12.5.1)).
//!
//! Headers come as the values of all header lines of that name, in order. Nothing in them can fail: what is not
//! understood is passed over, and in the end there is always text 0.0.4.

use super::words::{is_one_of, part, trim};
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
    pub(super) fn consider(&mut self, line: &[u8]) {
        for clause in clauses(line) {
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
    /// In thousandths, which is as fine as a weight may be; 1000 if there is none.
    pub weight: u16,
    /// Of a media type, the parameter `version`.
    version: Option<&'a [u8]>,
}

/// The clauses of a line whose weight can be understood.
///
/// ```
/// use narthex::http::accept::clauses;
/// let mut clauses = clauses(b"gzip;q=0.5, br;q=2, *");
/// let mut next = || clauses.next().map(|clause| (clause.name, clause.weight));
/// assert_eq!(next(), Some((&b"gzip"[..], 500)));
/// assert_eq!(next(), Some((&b"*"[..], 1_000)));
/// assert_eq!(next(), None);
/// ```
pub fn clauses(line: &[u8]) -> impl Iterator<Item = Clause<'_>> {
    let mut rest = line;
    core::iter::from_fn(move || {
        while let Some(text) = part(&mut rest, b',') {
            let clause = Clause::new(text);
            if clause.is_some() {
                return clause;
            }
        }
        None
    })
}

impl<'a> Clause<'a> {
    fn new(mut text: &'a [u8]) -> Option<Self> {
        let name = trim(part(&mut text, b';')?);
        let (mut q, mut version) = (None, None);
        while let Some(mut value) = part(&mut text, b';') {
            let Some(parameter) = part(&mut value, b'=') else { continue };
            let mut value = trim(value);
            if let [b'"', inside @ .., b'"'] = value {
                value = inside;
            }
            // Of a parameter that is repeated, as Prometheus 3.0 does, the first.
            match is_one_of(&["q", "version"], trim(parameter)) {
                Some(0) => _ = q.get_or_insert(value),
                Some(_) => _ = version.get_or_insert(value),
                None => {}
            }
        }
        Some(Self { name, weight: weight(q.unwrap_or(b"1"))?, version })
    }

    fn format(&self) -> Option<Format> {
        let types = ["application/openmetrics-text", "text/plain", "text/*", "*/*"];
        let offered = is_one_of(&types, self.name)?;
        let version =
            self.version.map_or(Some(0), |version| is_one_of(&["0.0.4", "1.0.0", "0.0.1"], version));
        match (offered, version?) {
            // 0.0.1 is what 1.0.0 was called before; it is also meant when there is no version.
            (0, 1 | 2) => Some(Format::OpenMetrics),
            (0, 0) => self.version.is_none().then_some(Format::OpenMetrics),
            (_, version) => (version == 0).then_some(Format::Text),
        }
    }
}

/// A weight in thousandths; none if it is not a number from 0 to 1.
fn weight(text: &[u8]) -> Option<u16> {
    let (whole, fraction) = text.split_first()?;
    let mut weight = u16::from(whole.wrapping_sub(b'0')) * 1000;
    let mut place = 100;
    match fraction {
        [] => {}
        [b'.', digits @ ..] => {
            for digit in digits {
                let digit = digit.wrapping_sub(b'0');
                if digit > 9 {
                    return None;
                }
                weight = weight.saturating_add(u16::from(digit) * place);
                place /= 10;
            }
        }
        _ => return None,
    }
    (weight <= 1000).then_some(weight)
}
