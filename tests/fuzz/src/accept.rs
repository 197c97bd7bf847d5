//! What a client says it accepts.

use narthex_host::expose::negotiate;

/// `Accept` and `Accept-Encoding`, a header line a line: nothing in them fails, and how a header is cut into lines makes
/// no difference, unless a quote is left open at the end of one.
pub fn accept(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let closed = |line: &str| !line.contains(['"', '\\']);
    if !text.split('\n').all(closed) {
        _ = (negotiate::format(text.split('\n')), negotiate::encoding(text.split('\n')));
        return;
    }
    let joined = text.replace('\n', ",");
    assert_eq!(negotiate::format(text.split('\n')), negotiate::format([&*joined]));
    assert_eq!(negotiate::encoding(text.split('\n')), negotiate::encoding([&*joined]));
}
