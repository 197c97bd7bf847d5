//! What the gateway asks for.

use super::Reporter;
use crate::frame::{Decoder, Event, Kind, MIN_FRAME};
use crate::model::Source;
use crate::wire::Hello;
use crate::wire::record::{Record, Records};

/// Whether a [`Reporter`] reads requests: not, `()`, or by an [`Inbox`].
pub trait Requests: sealed::Sealed {
    /// The flags of the hello.
    #[doc(hidden)]
    const FLAGS: u64;

    /// Takes over what was asked for since the last time.
    #[doc(hidden)]
    fn take(&mut self) -> Wants;

    /// What was taken over.
    #[doc(hidden)]
    fn wants(&self) -> Wants;
}

mod sealed {
    pub trait Sealed {}

    impl Sealed for () {}
    impl Sealed for super::Inbox {}
}

impl Requests for () {
    const FLAGS: u64 = 0;

    fn take(&mut self) -> Wants {
        Wants::NOTHING
    }

    fn wants(&self) -> Wants {
        Wants::NOTHING
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

    /// Whether any records are asked for.
    pub(super) fn records(self) -> bool {
        Self { snapshot: false, ..self } != Self::NOTHING
    }

    fn add(&mut self, record: &Record<'_>) {
        let number = |n: usize| u16::try_from(n).unwrap_or(u16::MAX);
        match *record {
            Record::HelloRequest => self.hello = true,
            Record::SnapshotRequest => self.snapshot = true,
            Record::SchemaRequest { family } => self.schema = self.schema.min(number(family)),
            Record::LabelRequest { family, slot } => {
                let asked = (number(family), number(slot));
                (self.family, self.slot) = asked.min((self.family, self.slot));
            }
            _ => {}
        }
    }
}

/// Finds the requests in what comes from the gateway.
///
/// Requests are short: whatever is longer than the smallest frame is none.
#[derive(Debug)]
pub struct Inbox {
    decoder: Decoder<MIN_FRAME>,
    /// Asked for since the snapshot began.
    asked: Wants,
    /// Asked for before: this snapshot has it.
    taken: Wants,
}

impl Inbox {
    pub(super) const fn new() -> Self {
        Self { decoder: Decoder::new(), asked: Wants::NOTHING, taken: Wants::NOTHING }
    }

    fn receive(&mut self, mut bytes: &[u8]) {
        while let Some(event) = self.decoder.feed(&mut bytes) {
            if let Event::Frame(frame) = event
                && frame.header.kind == Kind::REQUESTS
            {
                Records::new(frame.payload).for_each(|record| self.asked.add(&record));
            }
        }
    }
}

impl Requests for Inbox {
    const FLAGS: u64 = Hello::READS_REQUESTS;

    fn take(&mut self) -> Wants {
        self.taken = core::mem::replace(&mut self.asked, Wants::NOTHING);
        self.taken
    }

    fn wants(&self) -> Wants {
        self.taken
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
