//! What a client wants: formats by `Accept`, packing by `Accept-Encoding`
//! ([RFC 9110, section 12](https://www.rfc-editor.org/rfc/rfc9110#section-12)).
//!
//! Headers come as the values of all header lines of that name, in order. Nothing in them can fail: what is not
//! understood is passed over, and in the end there is always text 0.0.4, not packed.

use super::Format;

/// How a body is packed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// Not at all.
    #[default]
    Identity,
    /// As gzip.
    Gzip,
}

/// The format of the best clause in `Accept`: of those with the highest weight, the first.
///
/// A clause for a version that is not offered is passed over, as is one whose weight is not within 0 to 1:
/// Prometheus 2.49 sends `*/*;q=2`.
///
/// ```
/// use narthex_host::expose::{Format, negotiate};
/// let accept = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
/// assert_eq!(negotiate::format([accept]), Format::OpenMetrics);
/// assert_eq!(negotiate::format(["*/*"]), Format::Text);
/// assert_eq!(negotiate::format([]), Format::Text);
/// ```
pub fn format<'a>(accept: impl IntoIterator<Item = &'a str>) -> Format {
    let mut best = (0, Format::Text);
    for clause in clauses(accept) {
        if let Some(format) = clause.format()
            && clause.weight > best.0
        {
            best = (clause.weight, format);
        }
    }
    best.1
}

/// Whether `Accept-Encoding` asks for gzip: with a weight of its own, or that of `*`, which must be above that of
/// `identity`.
///
/// ```
/// use narthex_host::expose::negotiate::{self, Encoding};
/// assert_eq!(negotiate::encoding(["gzip, deflate, br"]), Encoding::Gzip);
/// assert_eq!(negotiate::encoding(["gzip;q=0, *"]), Encoding::Identity);
/// assert_eq!(negotiate::encoding([]), Encoding::Identity);
/// ```
pub fn encoding<'a>(accept_encoding: impl IntoIterator<Item = &'a str>) -> Encoding {
    let (mut gzip, mut identity, mut any) = (None, None, None);
    for Clause { name, weight, .. } in clauses(accept_encoding) {
        if name.eq_ignore_ascii_case("gzip") || name.eq_ignore_ascii_case("x-gzip") {
            gzip = gzip.max(Some(weight));
        } else if name.eq_ignore_ascii_case("identity") {
            identity = identity.max(Some(weight));
        } else if name == "*" {
            any = any.max(Some(weight));
        }
    }
    // Identity is acceptable without being named, but nobody who names gzip alone means it.
    if gzip.or(any).unwrap_or(0) > identity.or(any).unwrap_or(0) {
        Encoding::Gzip
    } else {
        Encoding::Identity
    }
}

/// One clause of a header: a name, parameters, a weight.
#[derive(Clone, Copy, Debug)]
struct Clause<'a> {
    name: &'a str,
    /// Parameters, not yet split.
    parameters: &'a str,
    /// In thousandths, which is as fine as a weight may be.
    weight: u16,
}

/// The clauses whose weight can be understood.
fn clauses<'a>(lines: impl IntoIterator<Item = &'a str>) -> impl Iterator<Item = Clause<'a>> {
    lines.into_iter().flat_map(|line| Split { rest: line, separator: b',' }).filter_map(Clause::new)
}

impl<'a> Clause<'a> {
    fn new(text: &'a str) -> Option<Self> {
        let mut parts = Split { rest: text, separator: b';' };
        let name = parts.next()?.trim();
        let clause = Self { name, parameters: parts.rest, weight: 0 };
        let weight = clause.parameter("q").map_or(Some(1000), weight)?;
        Some(Self { weight, ..clause })
    }

    /// The value of a parameter, without quotes. Of a parameter that is repeated, as Prometheus 3.0 does, the first.
    fn parameter(&self, wanted: &str) -> Option<&'a str> {
        Split { rest: self.parameters, separator: b';' }.find_map(|parameter| {
            let (name, value) = parameter.split_once('=')?;
            let value = value.trim();
            let unquoted = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
            name.trim().eq_ignore_ascii_case(wanted).then_some(unquoted.unwrap_or(value))
        })
    }

    fn format(&self) -> Option<Format> {
        let version = self.parameter("version");
        let is = |name: &str| self.name.eq_ignore_ascii_case(name);
        if is("application/openmetrics-text") {
            // 0.0.1 is what 1.0.0 was called before; it is also meant when there is no version.
            return matches!(version, None | Some("1.0.0" | "0.0.1")).then_some(Format::OpenMetrics);
        }
        let text = is("*/*") || is("text/*") || is("text/plain");
        (text && matches!(version, None | Some("0.0.4"))).then_some(Format::Text)
    }
}

/// A weight in thousandths; none if it is not a number from 0 to 1.
fn weight(text: &str) -> Option<u16> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let thousandths = fraction.bytes().chain([b'0'; 3]).take(3);
    let thousandths = thousandths.fold(0, |n, digit| n * 10 + u16::from(digit.wrapping_sub(b'0')));
    match (whole, thousandths) {
        ("0", n) => Some(n),
        ("1", 0) => Some(1000),
        _ => None,
    }
}

/// Splits at a separator that does not stand between quotes.
struct Split<'a> {
    rest: &'a str,
    separator: u8,
}

impl<'a> Iterator for Split<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        if self.rest.is_empty() {
            return None;
        }
        let (mut quoted, mut escaped) = (false, false);
        let at = self.rest.bytes().position(|byte| {
            match byte {
                _ if escaped => escaped = false,
                b'\\' if quoted => escaped = true,
                b'"' => quoted = !quoted,
                _ => return byte == self.separator && !quoted,
            }
            false
        });
        let (part, rest) = match at.and_then(|at| self.rest.split_at_checked(at)) {
            // The separator is one byte.
            Some((part, rest)) => (part, rest.get(1..).unwrap_or("")),
            None => (self.rest, ""),
        };
        self.rest = rest;
        Some(part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPEN: &str = "application/openmetrics-text";
    const PROTO: &str =
        "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited";

    #[test]
    fn what_real_scrapers_send() {
        let v242 = format!(
            "{OPEN};version=1.0.0,{OPEN};version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
        );
        let v242_native = format!(
            "{PROTO},{OPEN};version=1.0.0;q=0.8,{OPEN};version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
        );
        let v249 = format!(
            "{OPEN};version=1.0.0;q=0.5,{OPEN};version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=2"
        );
        let v253 = format!(
            "{OPEN};version=1.0.0;q=0.5,{OPEN};version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
        );
        let v300 = format!(
            "{OPEN};version=1.0.0;escaping=allow-utf-8;q=0.6,{OPEN};version=0.0.1;escaping=allow-utf-8;q=0.5,\
             text/plain;version=1.0.0;escaping=allow-utf-8;escaping=allow-utf-8;q=0.4,\
             text/plain;version=0.0.4;escaping=allow-utf-8;q=0.3,*/*;escaping=allow-utf-8;q=0.2"
        );
        let v304 = format!(
            "{OPEN};version=1.0.0;escaping=allow-utf-8;q=0.6,{OPEN};version=0.0.1;q=0.5,\
             text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
        );
        let v304_native = format!(
            "{PROTO};q=0.6,{OPEN};version=1.0.0;escaping=allow-utf-8;q=0.5,{OPEN};version=0.0.1;q=0.4,\
             text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1"
        );
        for accept in [&v242, &v242_native, &v249, &v253, &v300, &v304, &v304_native] {
            assert_eq!(format([accept.as_str()]), Format::OpenMetrics, "{accept}");
        }
        let victoria_metrics = "text/plain;version=0.0.4;q=1,*/*;q=0.1";
        let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8";
        for accept in [victoria_metrics, browser, "*/*", "text/plain", "", "application/json", PROTO] {
            assert_eq!(format([accept]), Format::Text, "{accept}");
        }
        assert_eq!(format([]), Format::Text);
    }

    #[test]
    fn the_first_of_the_best_wins() {
        for (accept, want) in [
            ("application/openmetrics-text", Format::OpenMetrics),
            ("application/openmetrics-text, text/plain", Format::OpenMetrics),
            ("text/plain, application/openmetrics-text", Format::Text),
            ("text/plain;q=0.9, application/openmetrics-text;q=0.91", Format::OpenMetrics),
            ("application/openmetrics-text;q=0", Format::Text),
            ("application/openmetrics-text;q=0.000, */*", Format::Text),
            // Versions that are not offered.
            ("application/openmetrics-text;version=2.0.0, */*;q=0.1", Format::Text),
            (
                "text/plain;version=1.0.0, application/openmetrics-text;version=1.0.0;q=0.1",
                Format::OpenMetrics,
            ),
            // Case, blanks and quotes.
            ("Application/OpenMetrics-Text ; Version=\"1.0.0\" ; Q=1.0", Format::OpenMetrics),
            ("text/plain;q=0.5;x=\"a,b;q=1\", application/openmetrics-text;q=0.6", Format::OpenMetrics),
            ("text/plain;x=\"\\\",\";q=0.5, application/openmetrics-text;q=0.4", Format::Text),
            // Weights that are none.
            ("application/openmetrics-text;q=1.1, text/plain;q=0.1", Format::Text),
            ("application/openmetrics-text;q=-1, text/plain;q=0.1", Format::Text),
            ("application/openmetrics-text;q=, text/plain;q=0.1", Format::Text),
            ("application/openmetrics-text;q=NaN, text/plain;q=0.1", Format::Text),
            (",,;;=;\"", Format::Text),
        ] {
            assert_eq!(format([accept]), want, "{accept}");
        }
        assert_eq!(format(["text/plain;q=0.1", "application/openmetrics-text"]), Format::OpenMetrics);
    }

    #[test]
    fn gzip_is_packed_for_who_asks() {
        for (accept, want) in [
            ("gzip", Encoding::Gzip),
            ("GZip", Encoding::Gzip),
            ("x-gzip", Encoding::Gzip),
            ("gzip, deflate, br, zstd", Encoding::Gzip),
            ("deflate, gzip;q=1.0, *;q=0.5", Encoding::Gzip),
            ("identity;q=0.5, *;q=1", Encoding::Gzip),
            ("identity;q=0, gzip;q=0.1", Encoding::Gzip),
            ("gzip;q=0", Encoding::Identity),
            ("gzip;q=0.0, *", Encoding::Identity),
            ("gzip;q=2", Encoding::Identity),
            ("gzip, identity", Encoding::Identity),
            ("gzip;q=0.5, identity;q=0.9", Encoding::Identity),
            ("*", Encoding::Identity),
            ("identity;q=0", Encoding::Identity),
            ("br, zstd", Encoding::Identity),
            ("", Encoding::Identity),
        ] {
            assert_eq!(encoding([accept]), want, "{accept}");
        }
    }
}
