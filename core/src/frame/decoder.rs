//! Finding frames in a stream of bytes.

use super::check::crc32_of;
use super::log;
use super::{CHECK_LEN, DELIMITER, HEADER_LEN, Header, HeaderError, MIN_FRAME, cobs, crc32};

/// Finds frames in whatever arrives: in pieces of any size, in the middle, between log lines, with noise.
///
/// Feed it all bytes that come; it keeps at most `N` of them, and is in step again at each delimiter. Every byte is
/// accounted for: as part of a frame, as foreign, or as part of something corrupt. `N` is [`MIN_FRAME`] at least; a
/// frame longer than `N` and its delimiter is let go as foreign.
///
/// ```
/// use narthex::frame::{Decoder, Event};
/// let mut decoder = Decoder::<256>::new();
/// let mut input: &[u8] = b"[ 12.0] booted\r\n\0";
/// assert!(matches!(decoder.feed(&mut input), Some(Event::Foreign(text)) if text == b"[ 12.0] booted\r\n"));
/// assert!(decoder.feed(&mut input).is_none());
/// ```
#[derive(Debug)]
pub struct Decoder<const N: usize> {
    buf: [u8; N],
    /// Bytes since the last delimiter, as far as they were kept.
    len: usize,
    /// How many bytes at the front of `buf` were given out as text; a frame may begin behind them.
    text: usize,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// No delimiter was seen yet: what comes may be the end of a frame.
    Joining,
    /// Since the last delimiter all but lines of text is in `buf`.
    Collecting,
    /// More came than `buf` holds, and not all of it was text.
    Long,
    /// `buf` holds a complete piece that must be looked at.
    Complete { joining: bool },
}

/// What was found.
#[derive(Debug)]
pub enum Event<'a> {
    /// A frame whose check is good.
    Frame(Frame<'a>),
    /// Bytes outside of frames: text, or what is too long to be a frame.
    Foreign(&'a [u8]),
    /// The end of something whose beginning was missed, because the receiver joined in the middle; how many bytes.
    Joined(usize),
    /// Something between two delimiters that is neither text nor a frame; how many bytes it had, as far as kept.
    Corrupt(usize),
    /// A frame whose check is good but whose header is not understood.
    Refused(HeaderError),
}

/// A frame whose check is good.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// What stands in front.
    pub header: Header,
    /// What it carries.
    pub payload: &'a [u8],
}

impl<const N: usize> Default for Decoder<N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize> Decoder<N> {
    /// A decoder that has seen nothing.
    pub const fn new() -> Self {
        const { assert!(N >= MIN_FRAME, "a decoder must hold the smallest frame: `N` is `MIN_FRAME` at least") };
        Self { buf: [0; N], len: 0, text: 0, state: State::Joining }
    }

    /// Takes bytes from the front of `input` up to the next event. `None` when all input was taken.
    ///
    /// Call it until it returns `None`: that takes time in proportion to the input, whatever it holds.
    pub fn feed<'a>(&'a mut self, input: &mut &[u8]) -> Option<Event<'a>> {
        while !matches!(self.state, State::Complete { .. }) {
            self.forget_text();
            let room = N.saturating_sub(self.len);
            let cut = cut(input, room);
            let (piece, rest) = cut.unwrap_or_else(|| input.split_at_checked(room).unwrap_or((input, &[])));
            if let Some(place) = self.buf.get_mut(self.len..).and_then(|free| free.get_mut(..piece.len())) {
                place.copy_from_slice(piece);
                self.len += piece.len();
            }
            *input = rest;
            if cut.is_none() {
                return if rest.is_empty() && !self.is_log() { None } else { Some(self.flush()) };
            }
            match self.state {
                State::Joining | State::Collecting if self.len == 0 => self.state = State::Collecting,
                State::Joining => self.state = State::Complete { joining: true },
                State::Long => {
                    self.state = State::Collecting;
                    return Some(Event::Corrupt(core::mem::take(&mut self.len)));
                }
                _ => self.state = State::Complete { joining: false },
            }
        }
        Some(self.finish())
    }

    /// One that has seen a delimiter, and nothing behind it.
    pub const fn in_step() -> Self {
        let mut new = Self::new();
        new.state = State::Collecting;
        new
    }

    /// Whether it is as one [`in_step`](Self::in_step): what comes next may as well be given to another one, or to
    /// [`open_whole`](super::open_whole).
    pub fn is_in_step(&self) -> bool {
        self.state == State::Collecting && self.len == self.text
    }

    /// Gives out what is kept when no more bytes will come: text, such as the last words of a device, and how many
    /// bytes there are behind it, of a frame that was cut off.
    ///
    /// ```
    /// use narthex::frame::Decoder;
    /// let mut decoder = Decoder::<256>::new();
    /// assert!(decoder.feed(&mut &b"panicked"[..]).is_none());
    /// assert_eq!(decoder.end(), (&b"panicked"[..], 0));
    /// assert_eq!(decoder.end(), (&b""[..], 0));
    /// ```
    pub fn end(&mut self) -> (&[u8], usize) {
        self.forget_text();
        let kept = self.buf.get(..core::mem::take(&mut self.len)).unwrap_or_default();
        let run = if self.state == State::Long { &[] } else { log::run(kept) };
        self.state = State::Joining;
        let text = if run.len() == kept.len() { run.len() } else { log::lines(run) };
        kept.split_at_checked(text).map_or((&[], kept.len()), |(text, rest)| (text, rest.len()))
    }

    /// Whether all that is kept is lines of text, and more of it than a frame can look like: it is told at once,
    /// rather than when a delimiter comes, which may be never.
    fn is_log(&self) -> bool {
        let kept = self.buf.get(..self.len).unwrap_or_default();
        // A second line feed may be the first code byte of a frame.
        let ends = kept.ends_with(b"\n") && !kept.ends_with(b"\n\n");
        self.len >= log::LONG && ends && log::run(kept).len() == self.len
    }

    /// Makes room of what was given out as text.
    fn forget_text(&mut self) {
        let text = core::mem::take(&mut self.text);
        if text > 0
            && let Some(behind) = self.len.checked_sub(text)
            && cobs::shift(&mut self.buf, text, behind, 0).is_some()
        {
            self.len = behind;
        }
    }

    /// Makes room when more comes than fits. Lines of text go, and what is behind them may be the beginning of a
    /// frame; anything else is too long to be one.
    fn flush(&mut self) -> Event<'_> {
        let kept = self.buf.get(..self.len).unwrap_or_default();
        let run = if self.state == State::Long { &[] } else { log::run(kept) };
        self.text = match log::lines(run) {
            0 if run.len() < kept.len() => {
                if self.state != State::Joining {
                    self.state = State::Long;
                }
                self.len
            }
            0 => self.len,
            lines => lines,
        };
        Event::Foreign(self.buf.get(..self.text).unwrap_or_default())
    }

    /// Looks at a complete piece: a frame, text, text with a frame behind it, or something corrupt.
    fn finish(&mut self) -> Event<'_> {
        let joining = self.state == State::Complete { joining: true };
        let skip = core::mem::take(&mut self.text);
        let piece = self.buf.get_mut(skip..self.len).unwrap_or_default();
        // Text is told from frames before COBS is undone in place.
        let text = text_prefix(piece);
        if text > 0 && !is_sound(piece) {
            if text < piece.len() {
                // Text that no delimiter separates from the frame behind it.
                self.text = skip + text;
            } else {
                self.state = State::Collecting;
                self.len = 0;
            }
            return Event::Foreign(piece.get(..text).unwrap_or_default());
        }
        self.state = State::Collecting;
        self.len = 0;
        let kept = piece.len();
        match open(piece) {
            Some(opened) => opened.into(),
            None if joining => Event::Joined(kept),
            None => Event::Corrupt(kept),
        }
    }
}

/// Opens what stood between two delimiters, in place. `None` if it is no frame whose check is good.
///
/// For a device, on whose line to itself nothing but frames comes; a [`Decoder`] tells them from text.
///
/// # Errors
/// [`HeaderError`] when the check is good, and the header is not understood.
pub fn open(piece: &mut [u8]) -> Option<Result<Frame<'_>, HeaderError>> {
    let len = cobs::decode_in_place(piece)?;
    open_body(piece.get(..len)?)
}

pub(super) fn open_body(body: &[u8]) -> Option<Result<Frame<'_>, HeaderError>> {
    let (body, check) = body.split_last_chunk::<CHECK_LEN>()?;
    if crc32_of(body) != u32::from_le_bytes(*check) {
        return None;
    }
    let (header, payload) = body.split_first_chunk::<HEADER_LEN>()?;
    Some(Header::from_bytes(header).map(|header| Frame { header, payload }))
}

/// Cuts `input` at the first delimiter, if no more than `most` bytes stand in front of it: a long input is not searched
/// anew for each buffer it fills.
pub(super) fn cut(input: &[u8], most: usize) -> Option<(&[u8], &[u8])> {
    let near = input.get(..=most).unwrap_or(input);
    // Compilers look at all bytes of a chunk together, if nothing is left early.
    let (chunks, _) = near.as_chunks::<32>();
    let has_delimiter =
        |chunk: &[u8; 32]| chunk.iter().fold(u8::MAX, |least, byte| least.min(*byte)) == DELIMITER;
    let from = chunks.iter().position(has_delimiter).unwrap_or(chunks.len()) * 32;
    let at = from + near.get(from..)?.iter().position(|byte| *byte == DELIMITER)?;
    let (piece, rest) = input.split_at_checked(at)?;
    Some((piece, rest.split_first()?.1))
}

impl<'a> From<Result<Frame<'a>, HeaderError>> for Event<'a> {
    fn from(opened: Result<Frame<'a>, HeaderError>) -> Self {
        opened.map_or_else(Self::Refused, Self::Frame)
    }
}

/// Whether a piece is a frame whose check is good, without changing it.
fn is_sound(piece: &[u8]) -> bool {
    // The CRC of anything with its own CRC behind it is this constant.
    const RESIDUE: u32 = 0x2144_df1c;
    cobs::decoded(piece).is_some_and(|bytes| crc32(bytes) == RESIDUE)
}

/// How many bytes at the front are lines of text: all of them if everything is text.
fn text_prefix(piece: &[u8]) -> usize {
    let run = log::run(piece);
    if run.len() == piece.len() {
        return run.len();
    }
    let end = log::lines(run);
    // A frame may begin with a line feed: its first code byte, when its tenth byte is its first zero.
    match end.checked_sub(1) {
        Some(before) if run.get(..end).is_some_and(|text| text.ends_with(b"\n\n")) => {
            if piece.get(before..).is_some_and(is_sound) { before } else { end }
        }
        _ => end,
    }
}

#[cfg(test)]
mod tests;
