//! The upper floor: what stays the same from page to page.

use super::{Format, Out};
use crate::model::{Desc, Kind};

/// The name a family has in this format: OpenMetrics leaves out a counter's `_total` and an info's `_info`.
pub fn family(format: Format, kind: Kind, name: &str) -> &str {
    match format {
        Format::OpenMetrics => name.strip_suffix(kind.suffix()).unwrap_or(name),
        Format::Text => name,
    }
}

/// Writes `# HELP name text`.
pub fn help(out: &mut Out<'_>, format: Format, name: &str, kind: Kind, help: &str) {
    comment(out, format, "# HELP ", family(format, kind, name), help);
}

/// Writes `# TYPE name kind`.
pub fn kind(out: &mut Out<'_>, format: Format, name: &str, kind: Kind) {
    comment(out, format, "# TYPE ", family(format, kind, name), word(format, kind));
}

/// Writes `# UNIT name unit` in OpenMetrics; nothing in text 0.0.4, or without a unit.
pub fn unit(out: &mut Out<'_>, format: Format, name: &str, kind: Kind, unit: &str) {
    if format == Format::OpenMetrics && !unit.is_empty() {
        comment(out, format, "# UNIT ", family(format, kind, name), unit);
    }
}

/// Writes the comment line of this number: the three above in order.
pub(super) fn comments(out: &mut Out<'_>, format: Format, line: u16, desc: &Desc<'_>) {
    let (what, text) = match line {
        0 => ("# HELP ", desc.help),
        1 => ("# TYPE ", word(format, desc.kind)),
        _ if format == Format::Text || desc.details.unit.is_empty() => return,
        _ => ("# UNIT ", desc.details.unit),
    };
    comment(out, format, what, family(format, desc.kind, desc.name), text);
}

/// The word for a kind. Text 0.0.4 has no infos and state sets: their series are gauges.
const fn word(format: Format, kind: Kind) -> &'static str {
    if matches!(format, Format::Text) { kind.in_text() } else { kind }.as_str()
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

/// Writes `name="value"` into the braces that begin at `start`: with the opening one, or a comma.
#[inline(never)] // Called for every kind of label.
pub(super) fn listed(out: &mut Out<'_>, start: usize, name: &str, value: &[u8]) {
    out.byte(if out.len() == start { b'{' } else { b',' });
    pair(out, name, value);
}

fn comment(out: &mut Out<'_>, format: Format, what: &str, family: &str, text: &str) {
    out.str(what);
    out.str(family);
    out.byte(b' ');
    // OpenMetrics escapes quotes in HELP, text 0.0.4 does not; other comments have none.
    out.escaped(text.as_bytes(), format == Format::OpenMetrics);
    out.byte(b'\n');
}
