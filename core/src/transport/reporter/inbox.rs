//! What the gateway asks for.

use super::Reporter;
use crate::frame::{HEADER_LEN, Header, Kind, Step, Stream};
use crate::model::Source;
use crate::wire::{RequestReader, Wants};

/// Whether a [`Reporter`] reads requests: not, `()`, or by an [`Inbox`].
pub trait Requests: sealed::Sealed {
    /// Takes over what was asked for since the last time.
    #[doc(hidden)]
    fn take(&mut self) -> Wants;

    /// What was taken over; `None` if requests are not read.
    #[doc(hidden)]
    fn wants(&self) -> Option<&Wants>;
}

mod sealed {
    pub trait Sealed {}

    impl Sealed for () {}
    impl Sealed for super::Inbox {}
}

impl Requests for () {
    fn take(&mut self) -> Wants {
        Wants::NOTHING
    }

    fn wants(&self) -> Option<&Wants> {
        None
    }
}

/// Finds the requests in what comes from the gateway.
#[derive(Debug)]
pub struct Inbox {
    stream: Stream,
    reader: RequestReader,
    /// Asked for since the snapshot began.
    asked: Wants,
    /// Asked for before: this snapshot has it.
    taken: Wants,
}

impl Inbox {
    pub(super) const fn new() -> Self {
        Self {
            stream: Stream::new(),
            reader: RequestReader::new(),
            asked: Wants::NOTHING,
            taken: Wants::NOTHING,
        }
    }

    #[inline(never)]
    fn receive(&mut self, bytes: &[u8]) {
        for byte in bytes {
            match self.stream.take(*byte) {
                Step::Byte(0, first) => self.reader.begin(first == Header::first_byte(Kind::REQUESTS)),
                Step::Byte(at, byte) if at as usize >= HEADER_LEN => self.reader.take(byte),
                Step::End(true) => self.asked.add(self.reader.wants()),
                _ => {}
            }
        }
    }
}

impl Requests for Inbox {
    fn take(&mut self) -> Wants {
        self.taken = core::mem::replace(&mut self.asked, Wants::NOTHING);
        self.taken
    }

    fn wants(&self) -> Option<&Wants> {
        Some(&self.taken)
    }
}

impl<S: Source + ?Sized, M> Reporter<'_, S, M, Inbox> {
    /// Takes bytes that came from the gateway, cut anywhere. What they ask for goes out with the next snapshot.
    ///
    /// Takes time in proportion to the bytes, whatever they hold. Between frames, and not in an interrupt: it is
    /// the same reporter that fills them.
    pub fn receive(&mut self, bytes: &[u8]) {
        self.requests.receive(bytes);
    }
}
