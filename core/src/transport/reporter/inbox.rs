//! What the gateway asks for.

use super::Reporter;
use crate::frame::{DELIMITER, Kind, MIN_FRAME, open};
use crate::model::Source;
use crate::wire::Request;

/// Whether a [`Reporter`] reads requests: not, `()`, or by an [`Inbox`].
pub trait Requests: sealed::Sealed {
    /// Takes over what was asked for since the last time.
    #[doc(hidden)]
    fn take(&mut self) -> Wants;

    /// What was taken over; `None` if requests are not read.
    #[doc(hidden)]
    fn wants(&self) -> Option<Wants>;
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

    fn wants(&self) -> Option<Wants> {
        None
    }
}

/// What is asked for. Requests add up to one that covers them all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wants {
    pub(super) hello: bool,
    pub(super) snapshot: bool,
    /// Families from this on.
    pub(super) schema: u16,
    /// Labels from this family and slot on.
    pub(super) family: u16,
    pub(super) slot: u16,
}

impl Wants {
    pub(super) const NOTHING: Self =
        Self { hello: false, snapshot: false, schema: u16::MAX, family: u16::MAX, slot: u16::MAX };

    /// All records.
    pub(super) const ALL: Self = Self { hello: true, snapshot: false, schema: 0, family: 0, slot: 0 };

    /// Whether any records are asked for.
    pub(super) fn records(self) -> bool {
        Self { snapshot: false, ..self } != Self::NOTHING
    }

    fn add(&mut self, request: Request) {
        // What is beyond all numbers is nothing.
        let number = |n: usize| n.min(u16::MAX.into()) as u16;
        match request {
            Request::Hello => self.hello = true,
            Request::Snapshot => self.snapshot = true,
            Request::Schema { family } => self.schema = self.schema.min(number(family)),
            Request::Labels { family, slot } => {
                (self.family, self.slot) = (self.family, self.slot).min((number(family), number(slot)));
            }
        }
    }
}

/// Finds the requests in what comes from the gateway.
///
/// Requests are short: whatever is longer than the smallest frame is none.
#[derive(Debug)]
pub struct Inbox {
    /// What has come since the last delimiter, as far as it fits.
    piece: [u8; MIN_FRAME - 1],
    /// How much has come; more than fits is no request.
    len: u8,
    /// Asked for since the snapshot began.
    asked: Wants,
    /// Asked for before: this snapshot has it.
    taken: Wants,
}

impl Inbox {
    pub(super) const fn new() -> Self {
        Self { piece: [0; MIN_FRAME - 1], len: 0, asked: Wants::NOTHING, taken: Wants::NOTHING }
    }

    fn receive(&mut self, bytes: &[u8]) {
        for byte in bytes {
            if *byte != DELIMITER {
                if let Some(place) = self.piece.get_mut(usize::from(self.len)) {
                    *place = *byte;
                }
                self.len = self.len.saturating_add(1);
                continue;
            }
            let len = core::mem::take(&mut self.len);
            if let Some(piece) = self.piece.get_mut(..usize::from(len))
                && let Some(Ok(frame)) = open(piece)
                && frame.header.kind == Kind::REQUESTS
            {
                let mut payload = frame.payload;
                while let Some(request) = Request::take(&mut payload) {
                    if let Some(request) = request {
                        self.asked.add(request);
                    }
                }
            }
        }
    }
}

impl Requests for Inbox {
    fn take(&mut self) -> Wants {
        self.taken = core::mem::replace(&mut self.asked, Wants::NOTHING);
        self.taken
    }

    fn wants(&self) -> Option<Wants> {
        Some(self.taken)
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
