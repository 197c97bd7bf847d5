//! What the texts of HTTP are made of. Each of these is linked once, however often it is called.

/// Takes what stands in front of the next separator that is not between quotes, without blanks around it; `rest` is what
/// follows.
#[inline(never)]
pub(super) fn word<'a>(rest: &mut &'a [u8], separator: u8) -> &'a [u8] {
    let (mut quoted, mut escaped) = (false, false);
    let at = rest.iter().position(|byte| {
        match *byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            byte => return byte == separator && !quoted,
        }
        false
    });
    let (mut word, behind) = at.and_then(|at| rest.split_at_checked(at)).unwrap_or((rest, &[]));
    *rest = behind.get(1..).unwrap_or_default();
    while let [b'\t' | b'\r' | b' ', inside @ ..] | [inside @ .., b'\t' | b'\r' | b' '] = word {
        word = inside;
    }
    word
}

/// Its place among these words, in upper or lower case; behind them all if it is none of them.
#[inline(never)]
pub(super) fn place(words: &str, text: &[u8]) -> usize {
    let mut at = 0;
    for word in words.as_bytes().split(|byte| *byte == b' ') {
        if word.eq_ignore_ascii_case(text) {
            break;
        }
        at += 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    #[test]
    fn separators_between_quotes_separate_nothing() {
        let mut rest = &b" a;b=\";\\\";\" ;;c"[..];
        let words: Vec<&[u8]> =
            core::iter::from_fn(|| (!rest.is_empty()).then(|| word(&mut rest, b';'))).collect();
        assert_eq!(words, [&b"a"[..], b"b=\";\\\";\"", b"", b"c"]);
    }

    #[test]
    fn words_have_their_place() {
        let place = |text: &str| place("one two", text.as_bytes());
        assert_eq!([place("one"), place("TWO"), place("o"), place("three"), place("")], [0, 1, 2, 2, 2]);
    }
}
