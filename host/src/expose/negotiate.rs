//! What a client wants: formats by `Accept`, packing by `Accept-Encoding`
//! ([RFC 9110, section 12](https://www.rfc-editor.org/rfc/rfc9110#section-12)).
//!
//! Headers come as the values of all header lines of that name, in order. Nothing in them can fail: what is not
//! understood is passed over, and in the end there is always text 0.0.4, not packed.

use narthex::http::accept::{self, Clause};

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

/// The format of the best clause in `Accept`, as a device finds it ([`narthex::http::accept`]): of those with the highest
/// weight, the first.
///
/// ```
/// use narthex_host::expose::{Format, negotiate};
/// let accept = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
/// assert_eq!(negotiate::format([accept]), Format::OpenMetrics);
/// assert_eq!(negotiate::format(["*/*"]), Format::Text);
/// assert_eq!(negotiate::format([]), Format::Text);
/// ```
pub fn format<'a>(accept: impl IntoIterator<Item = &'a str>) -> Format {
    accept::format(accept.into_iter().map(str::as_bytes))
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
    let clauses = accept_encoding.into_iter().flat_map(|line| accept::clauses(line.as_bytes()));
    for Clause { name, weight, .. } in clauses {
        if name.eq_ignore_ascii_case(b"gzip") || name.eq_ignore_ascii_case(b"x-gzip") {
            gzip = gzip.max(Some(weight));
        } else if name.eq_ignore_ascii_case(b"identity") {
            identity = identity.max(Some(weight));
        } else if name == b"*" {
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
