//! Upper bounds of buckets, rendered once.

use narthex::model::{Scale, Value};
use narthex::text::{Format, Out, number};

/// An upper bound of a histogram's bucket, as it stands in an `le` label in each of the two text formats.
///
/// ```
/// use narthex_host::expose::Format;
/// use narthex_host::model::{Bound, Scale};
/// let bound = Bound::scaled(1_000, Scale::new(-3));
/// assert_eq!((bound.in_format(Format::Text), bound.in_format(Format::OpenMetrics)), ("1", "1.0"));
/// assert_eq!(bound, Bound::new(1.0));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bound {
    /// The whole label, behind other ones, with the brace that ends them.
    text: Box<str>,
    /// The same in the canonical form of OpenMetrics, `1.0` for 1.
    open_metrics: Box<str>,
}

impl Bound {
    /// The end of the labels of the last bucket, which all histograms have.
    pub(crate) const INFINITE: &str = ",le=\"+Inf\"}";

    /// Renders a bound.
    pub fn new(bound: f64) -> Self {
        Self::render(|out, format| {
            number::value(out, format, Value::F64(bound), Scale::ONE);
        })
    }

    /// Renders a bound given in a device's unit.
    pub fn scaled(bound: u32, scale: Scale) -> Self {
        Self::render(|out, format| number::bound(out, format, u64::from(bound), scale))
    }

    /// The text for a format.
    pub fn in_format(&self, format: Format) -> &str {
        let label = self.label(format);
        label.strip_prefix(",le=\"").and_then(|label| label.strip_suffix("\"}")).unwrap_or(label)
    }

    /// The end of a bucket's labels: a comma, `le="…"` and a brace.
    pub(crate) fn label(&self, format: Format) -> &str {
        match format {
            Format::Text => &self.text,
            Format::OpenMetrics => &self.open_metrics,
        }
    }

    fn render(write: impl Fn(&mut Out<'_>, Format)) -> Self {
        let label = |format| {
            // The longest number, -1.7976931348623157e+308, has 24 bytes.
            let mut buf = [0; 48];
            let mut out = Out::new(&mut buf);
            out.str(",le=\"");
            write(&mut out, format);
            out.str("\"}");
            String::from_utf8_lossy(out.written()).into()
        };
        Self { text: label(Format::Text), open_metrics: label(Format::OpenMetrics) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_canonical_in_both_formats() {
        for (bound, text, open_metrics) in [
            (0.005, "0.005", "0.005"),
            (1e-6, "1e-06", "1e-06"),
            (1e6, "1e+06", "1e+06"),
            (-2.0, "-2", "-2.0"),
        ] {
            let bound = Bound::new(bound);
            assert_eq!(bound.in_format(Format::Text), text);
            assert_eq!(bound.in_format(Format::OpenMetrics), open_metrics);
        }
    }
}
