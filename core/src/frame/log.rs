//! Telling lines of text from frames, where both share a link.

/// So many bytes of text in a row are no beginning of a frame: that has its header, with an uptime and a sequence of
/// small numbers, within its first twenty.
pub(super) const LONG: usize = 128;

/// The bytes at the front that are text.
pub(super) fn run(piece: &[u8]) -> &[u8] {
    let valid = match core::str::from_utf8(piece) {
        Ok(_) => piece.len(),
        Err(error) => error.valid_up_to(),
    };
    let valid = piece.get(..valid).unwrap_or_default();
    let run = valid.iter().position(|byte| !is_text_byte(*byte)).unwrap_or(valid.len());
    valid.get(..run).unwrap_or_default()
}

/// How many bytes whole lines take.
pub(super) fn lines(text: &[u8]) -> usize {
    text.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1)
}

/// Whether a terminal would take the byte as part of text: no control characters but those of logs.
fn is_text_byte(byte: u8) -> bool {
    matches!(byte, b'\t' | b'\n' | b'\r' | 0x07 | 0x08 | 0x1b) || (byte >= b' ' && byte != 0x7f)
}
