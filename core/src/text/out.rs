//! Where text goes: the caller's buffer.

use super::Piece;
use super::copy::copy;

/// A cursor over the caller's buffer. What does not fit is not written but still counted, so that a caller learns
/// how much room it would have taken.
///
/// ```
/// use narthex::text::Out;
/// let mut buf = [0; 4];
/// let mut out = Out::new(&mut buf);
/// out.str("abc");
/// let mark = out.len();
/// out.str("def");
/// assert!(out.is_full());
/// assert_eq!(out.len(), 6);
/// out.rewind(mark);
/// assert_eq!(out.written(), b"abc");
/// ```
#[derive(Debug)]
pub struct Out<'a> {
    buf: &'a mut [u8],
    len: usize,
}

impl<'a> Out<'a> {
    /// Starts at the beginning of `buf`.
    pub const fn new(buf: &'a mut [u8]) -> Self {
        Self { buf, len: 0 }
    }

    /// How many bytes were asked for; more than the buffer holds once it is full.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether nothing was asked for yet.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether something did not fit. Rewind to the last good place, or give up.
    pub const fn is_full(&self) -> bool {
        self.len > self.buf.len()
    }

    /// Forgets what was written after `len`.
    pub fn rewind(&mut self, len: usize) {
        self.len = self.len.min(len);
    }

    /// What has been written, as far as it fitted.
    pub fn written(&self) -> &[u8] {
        self.buf.get(..self.len).unwrap_or(self.buf)
    }

    /// Writes bytes.
    // A device has flash for one copy of this, a host has none to spare of its time.
    #[cfg_attr(target_pointer_width = "64", inline)]
    #[cfg_attr(not(target_pointer_width = "64"), inline(never))]
    pub fn bytes(&mut self, bytes: &[u8]) {
        if let Some(room) = self.buf.get_mut(self.len..) {
            copy(room, bytes);
        }
        self.len = self.len.wrapping_add(bytes.len());
    }

    /// Writes the first `len` of some bytes. All of them are copied where there is room, which takes less time than to
    /// find out how many.
    #[inline]
    pub(super) fn first_of<const N: usize>(&mut self, bytes: &[u8; N], len: usize) {
        match self.buf.get_mut(self.len..).and_then(|rest| rest.first_chunk_mut::<N>()) {
            Some(room) => {
                *room = *bytes;
                self.len = self.len.saturating_add(len);
            }
            None => self.bytes(bytes.get(..len).unwrap_or(bytes)),
        }
    }

    /// Writes three pieces one behind the other, such as a name, labels and what ends them.
    #[inline]
    pub fn pieces(&mut self, pieces: [&Piece; 3]) {
        // Copied whole, which takes less time than to find out how much of each is text; all have room in so many bytes.
        let Some(room) = self.room::<{ 3 * Piece::MOST }>() else {
            return pieces.into_iter().for_each(|piece| self.bytes(piece.as_bytes()));
        };
        let mut len = 0usize;
        for piece in pieces {
            let rest = room.get_mut(len..).unwrap_or_default();
            if let (true, Some(rest)) = (piece.len() <= 32, rest.first_chunk_mut::<32>())
                && let Some(text) = piece.text.first_chunk()
            {
                *rest = *text;
            } else if let Some(rest) = rest.first_chunk_mut() {
                *rest = piece.text;
            }
            len = len.wrapping_add(piece.len());
        }
        self.advance(len);
    }

    /// Room for `N` bytes, if there is: what is written there counts once [`advance`](Self::advance) is called.
    #[inline]
    pub(super) fn room<const N: usize>(&mut self) -> Option<&mut [u8; N]> {
        self.buf.get_mut(self.len..)?.first_chunk_mut()
    }

    /// So many bytes were written.
    #[inline]
    pub(super) fn advance(&mut self, len: usize) {
        self.len = self.len.wrapping_add(len);
    }

    /// Writes once more the `len` bytes that were written from `start` on.
    #[inline]
    pub fn again(&mut self, start: usize, len: usize) {
        let (from, end) = (start.saturating_add(len), self.len.saturating_add(len));
        if from <= self.len && end <= self.buf.len() && !self.is_copied_ahead(start, len) {
            self.buf.copy_within(start..from, self.len);
        }
        self.len = end;
    }

    /// Copies at least `len` bytes from `start` on, as 64 or 128 where there are so many and room for them, which takes
    /// less time than a call of `memmove`. Returns whether it did.
    #[inline]
    fn is_copied_ahead(&mut self, start: usize, len: usize) -> bool {
        let Some((written, room)) = self.buf.split_at_mut_checked(self.len) else { return false };
        let from = written.get(start..).unwrap_or_default();
        let copied = match len {
            ..=64 => ahead::<64>(room, from),
            65..=128 => ahead::<128>(room, from),
            _ => None,
        };
        copied.is_some()
    }

    /// Writes text as it is.
    #[inline]
    pub fn str(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    /// Writes one byte.
    #[cfg_attr(target_pointer_width = "64", inline)]
    #[cfg_attr(not(target_pointer_width = "64"), inline(never))]
    pub fn byte(&mut self, byte: u8) {
        if let Some(room) = self.buf.get_mut(self.len) {
            *room = byte;
        }
        self.len = self.len.wrapping_add(1);
    }

    /// Turns what was written from `start` on the other way round, if all of it fitted.
    pub(super) fn reverse(&mut self, start: usize) {
        if let Some(text) = self.buf.get_mut(start..self.len) {
            text.reverse();
        }
    }

    /// Writes text with `\` and line feed escaped, and `"` too if `quotes`.
    pub(super) fn escaped(&mut self, text: &[u8], quotes: bool) {
        let third = if quotes { b'"' } else { b'\n' };
        let special = |byte: &u8| *byte == b'\\' || *byte == b'\n' || *byte == third;
        let mut rest = text;
        while let Some(at) = rest.iter().position(special) {
            let Some((plain, [byte, tail @ ..])) = rest.split_at_checked(at) else { break };
            self.bytes(plain);
            self.byte(b'\\');
            self.byte(if *byte == b'\n' { b'n' } else { *byte });
            rest = tail;
        }
        self.bytes(rest);
    }
}

#[inline]
fn ahead<const N: usize>(room: &mut [u8], from: &[u8]) -> Option<()> {
    *room.first_chunk_mut::<N>()? = *from.first_chunk()?;
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_written_without_their_padding() {
        let text = "0123456789".repeat(10);
        for len in (0..=Piece::MOST).flat_map(|a| [0, 1, 31, 32, 33, Piece::MOST].map(|b| (a, b))) {
            let all = std::format!("{}{}{}", &text[..len.0], &text[..len.1], &text[..len.1]);
            let [a, b] = [len.0, len.1].map(|len| Piece::new(&text[..len]).unwrap());
            assert_eq!((a.as_bytes(), b.len()), (&text.as_bytes()[..len.0], len.1));
            for room in
                [0, all.len().saturating_sub(1), all.len(), all.len() + 1, all.len() + 40, 236, 237, 238, 300]
            {
                let mut buf = [0xff; 300];
                let mut out = Out::new(&mut buf[..room]);
                out.pieces([&a, &b, &b]);
                assert_eq!((out.is_full(), out.len()), (room < all.len(), all.len()));
                assert!(room < all.len() || out.written() == all.as_bytes());
                assert!(buf[room..].iter().all(|byte| *byte == 0xff));
            }
        }
        assert!(Piece::new(&text).is_none());
    }

    #[test]
    fn what_was_written_is_written_again_at_any_length() {
        let text: [u8; 200] = core::array::from_fn(|at| at as u8);
        for written in [0usize, 1, 60, 64, 100, 128, 130, 200] {
            for (start, len) in
                (0..written).flat_map(|start| (0..=written - start).map(move |len| (start, len)))
            {
                for room in [0, len.saturating_sub(1), len, len + 1, 200] {
                    let mut buf = [0xff; 402];
                    let mut out = Out::new(&mut buf[..written + room]);
                    out.bytes(&text[..written]);
                    out.again(start, len);
                    assert_eq!(out.is_full(), room < len);
                    assert_eq!(out.len(), written + len);
                    assert_eq!(out.written()[..written], text[..written]);
                    if room >= len {
                        assert_eq!(out.written()[written..], text[start..start + len]);
                    }
                    assert!(buf[written + room..].iter().all(|byte| *byte == 0xff));
                }
            }
        }
    }
}
