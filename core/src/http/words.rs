//! What the texts of HTTP are made of. Each of these is linked once, however often it is called.

/// The part in front of the next separator that does not stand between quotes; `rest` is what follows it.
#[inline(never)]
pub(super) fn part<'a>(rest: &mut &'a [u8], separator: u8) -> Option<&'a [u8]> {
    if rest.is_empty() {
        return None;
    }
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
    let (part, behind) = at.and_then(|at| rest.split_at_checked(at)).unwrap_or((rest, &[]));
    *rest = behind.get(1..).unwrap_or_default();
    Some(part)
}

/// Without blanks around it.
#[inline(never)]
pub(super) fn trim(text: &[u8]) -> &[u8] {
    text.trim_ascii()
}

/// Which of these words it is, in upper or lower case.
#[inline(never)]
pub(super) fn is_one_of(words: &[&str], text: &[u8]) -> Option<usize> {
    words.iter().position(|word| word.as_bytes().eq_ignore_ascii_case(text))
}
