//! Short texts that are written again and again.

/// A text of at most [`Piece::MOST`] bytes with what makes it a size that is copied in few steps: for hosts, which write
/// millions of lines out of the same pieces. Written by [`Out::pieces`](super::Out::pieces).
///
/// ```
/// use narthex::text::{Out, Piece};
/// let mut buf = [0; 64];
/// let mut out = Out::new(&mut buf);
/// let [name, brace] = ["busy_seconds_total{", "}"].map(|text| Piece::new(text).unwrap_or_default());
/// out.pieces([&name, &Piece::new("cpu=\"0\"").unwrap_or_default(), &brace]);
/// assert_eq!(out.written(), b"busy_seconds_total{cpu=\"0\"}");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Piece {
    pub(super) text: [u8; Self::MOST],
    len: u8,
}

impl Piece {
    /// Most bytes of a piece.
    pub const MOST: usize = 79;
    /// A piece without text.
    pub const EMPTY: Self = Self { text: [0; Self::MOST], len: 0 };

    /// A piece, if the text is not too long for one.
    pub fn new(text: &str) -> Option<Self> {
        let mut piece = Self::EMPTY;
        piece.set(text).then_some(piece)
    }

    /// Holds another text, if that is not too long. Returns whether it does.
    #[inline]
    pub fn set(&mut self, text: &str) -> bool {
        let Some(place) = self.text.get_mut(..text.len()) else { return false };
        place.copy_from_slice(text.as_bytes());
        self.len = text.len() as u8;
        true
    }

    /// Holds the first `len` of some bytes of text, all of which are copied.
    #[inline]
    pub fn set_first_of<const N: usize>(&mut self, text: &[u8; N], len: usize) {
        const { assert!(N <= Self::MOST) };
        if let Some(place) = self.text.first_chunk_mut() {
            *place = *text;
        }
        self.len = len.min(N) as u8;
    }

    /// How many bytes of text it has.
    #[inline]
    pub const fn len(&self) -> usize {
        self.len as usize
    }

    /// Whether there is no text.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        core::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }

    /// The text.
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        self.text.get(..self.len()).unwrap_or_default()
    }
}

impl Default for Piece {
    fn default() -> Self {
        Self::EMPTY
    }
}
