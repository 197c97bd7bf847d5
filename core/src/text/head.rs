//! The upper floor: what stays the same from page to page.

use super::{Format, Out};
use crate::model::{Desc, Kind};

/// What a comment line tells.
#[derive(Clone, Copy)]
enum What {
    Help,
    Type,
    Unit,
}

/// The name a family has in this format: OpenMetrics leaves out a counter's `_total` and an info's `_info`.
pub fn family(format: Format, kind: Kind, name: &str) -> &str {
    match format {
        Format::OpenMetrics => name.strip_suffix(kind.suffix()).unwrap_or(name),
        Format::Text => name,
    }
}

/// Writes `# HELP name text`.
pub fn help(out: &mut Out<'_>, format: Format, name: &str, kind: Kind, help: &str) {
    comment(out, format, What::Help, family(format, kind, name), help);
}

/// Writes `# TYPE name kind`.
pub fn kind(out: &mut Out<'_>, format: Format, name: &str, kind: Kind) {
    comment(out, format, What::Type, family(format, kind, name), word(format, kind));
}

/// Writes `# UNIT name unit` in OpenMetrics; nothing in text 0.0.4, or without a unit.
pub fn unit(out: &mut Out<'_>, format: Format, name: &str, kind: Kind, unit: &str) {
    if format == Format::OpenMetrics && !unit.is_empty() {
        comment(out, format, What::Unit, family(format, kind, name), unit);
    }
}

/// Writes the comment line of this number: the three above in order.
pub(super) fn comments(out: &mut Out<'_>, format: Format, line: u16, desc: &Desc<'_>) {
    let (what, text) = match line {
        0 => (What::Help, desc.help),
        1 => (What::Type, word(format, desc.kind)),
        _ if format == Format::Text || desc.details.unit.is_empty() => return,
        _ => (What::Unit, desc.details.unit),
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

fn comment(out: &mut Out<'_>, format: Format, what: What, family: &str, text: &str) {
    out.str(match what {
        What::Help => "# HELP ",
        What::Type => "# TYPE ",
        What::Unit => "# UNIT ",
    });
    out.str(family);
    out.byte(b' ');
    if matches!(what, What::Help) {
        // OpenMetrics escapes quotes, text 0.0.4 does not. The others have nothing to escape.
        out.escaped(text.as_bytes(), format == Format::OpenMetrics);
    } else {
        out.str(text);
    }
    out.byte(b'\n');
}
