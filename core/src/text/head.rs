//! The upper floor: what stays the same from page to page.

use super::{Format, Out};
use crate::model::Kind;

/// The name a family has in this format: OpenMetrics leaves out a counter's `_total` and an info's `_info`.
pub fn family(format: Format, kind: Kind, name: &str) -> &str {
    match format {
        Format::OpenMetrics => name.strip_suffix(kind.suffix()).unwrap_or(name),
        Format::Text => name,
    }
}

/// Writes `# HELP name text`.
pub fn help(out: &mut Out<'_>, format: Format, name: &str, kind: Kind, help: &str) {
    comment(out, "# HELP ", family(format, kind, name));
    // OpenMetrics escapes quotes in HELP, text 0.0.4 does not.
    out.escaped(help.as_bytes(), format == Format::OpenMetrics);
    out.byte(b'\n');
}

/// Writes `# TYPE name kind`.
pub fn kind(out: &mut Out<'_>, format: Format, name: &str, kind: Kind) {
    comment(out, "# TYPE ", family(format, kind, name));
    // Text 0.0.4 has no infos and state sets: their series are gauges.
    out.str(if format == Format::Text { kind.in_text() } else { kind }.as_str());
    out.byte(b'\n');
}

/// Writes `# UNIT name unit` in OpenMetrics; nothing in text 0.0.4, or without a unit.
pub fn unit(out: &mut Out<'_>, format: Format, name: &str, kind: Kind, unit: &str) {
    if format == Format::OpenMetrics && !unit.is_empty() {
        comment(out, "# UNIT ", family(format, kind, name));
        out.str(unit);
        out.byte(b'\n');
    }
}

/// Writes `name="value"`, escaped, without comma or braces.
pub fn label(out: &mut Out<'_>, name: &str, value: &str) {
    pair(out, name, value.as_bytes());
}

/// The same for a value that need not be looked at as UTF-8, which it is.
pub(super) fn pair(out: &mut Out<'_>, name: &str, value: &[u8]) {
    out.str(name);
    out.str("=\"");
    out.escaped(value, true);
    out.byte(b'"');
}

fn comment(out: &mut Out<'_>, word: &str, family: &str) {
    out.str(word);
    out.str(family);
    out.byte(b' ');
}
