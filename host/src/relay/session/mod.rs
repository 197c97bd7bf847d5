//! One connection: from bytes to checked cells.
//!
//! A [`Session`] finds frames, counts what happens to them, puts schema records together and checks them, and hands
//! children of known families to its [`Sink`]. It knows one device, and neither links nor pages. Any bytes are
//! fine: what is wrong is refused, counted, and forgotten; memory is bounded by [`Bounds`].

mod assembly;
mod clock;
mod description;
mod device;
mod family;
mod full;
mod labels;
mod places;
mod refused;
mod request;
mod schema;
mod sequence;
mod slots;
mod snapshot;
#[cfg(test)]
mod tests;

use std::cell::Cell;
use std::sync::Arc;

use narthex::frame::{Decoder, Event, MAX_FRAME};
pub use narthex::wire::Hello;

use device::Device;
pub use family::FamilySchema;
pub use labels::{Added, ChildSchema};
pub use refused::{Fault, Refused};
pub use sequence::{Order, Sequence};
use snapshot::Cells;
pub use snapshot::Stretch;

use super::Now;
use super::status::FrameCounts;

/// Most cells a schema can place: positions are counted in 16 bits on devices.
const MAX_CELLS: usize = 1 << 16;

thread_local! {
    /// Room to decode frames in, for all sessions of a thread: what each of ten thousand had of its own would have to
    /// be fetched from far away for each frame.
    static ROOM: Cell<Option<Box<Room>>> = const { Cell::new(None) };
}

/// Room for one frame, opened and read.
struct Room {
    frame: [u8; MAX_FRAME],
    cells: Cells,
}

/// What one device may make us keep.
#[derive(Clone, Debug)]
pub struct Bounds {
    /// The labels the gateway adds, which devices may not use.
    pub labels: Added,
    /// Most series of one device, each bucket counted.
    pub max_series: usize,
    /// Most bytes of one schema.
    pub max_schema_bytes: usize,
}

/// Takes what a [`Session`] has read and checked.
pub trait Sink {
    /// The device has booted, or changed its schema: nothing that was known of its families holds any more. `booted`
    /// tells which.
    fn reset(&mut self, boot: u32, schema: u32, booted: bool);
    /// A good frame has come: the device was up for so many tenths of a second.
    fn alive(&mut self, uptime: u32, sequence: u16);
    /// Who the device is. Returns false if that is not who spoke before: the session then begins anew with a
    /// [`reset`](Sink::reset), and says it again.
    fn hello(&mut self, hello: &Hello<'_>) -> bool;
    /// The families of the device's schema of this hash, from an earlier connection or an earlier run: what was given
    /// to [`save`](Sink::save). It is checked, and may be anything.
    fn stored(&mut self, schema: u32) -> Option<Box<[u8]>>;
    /// The families of the schema are complete, and have this hash: the bytes it is computed over.
    fn save(&mut self, schema: u32, families: &[u8]);
    /// A family that was read before from a record of the same bytes.
    fn known(&mut self, record: &[u8]) -> Option<Arc<FamilySchema>>;
    /// A family has come. Returns where its cells are kept, or `None` if they are not.
    fn family(&mut self, family: &Arc<FamilySchema>) -> Option<usize>;
    /// A family or a frame was refused.
    fn refused(&mut self, refused: Refused);
    /// How much of the schema is known: records that have come, and how many there are.
    fn progress(&mut self, known: usize, total: usize);
    /// New values: stretches of cells, kept from the place on that [`family`](Sink::family) has told; of a table family
    /// whole children, with the birth of each in front. Of another child of which all have come once, they may be some:
    /// with the others as they are there, they are its state in one snapshot.
    fn cells(&mut self, stretches: &[Stretch], values: &[u64]);
    /// The label values of the table slot that was assigned with this birth, in the family kept at `place`; there is
    /// one for each label.
    fn label(&mut self, place: usize, slot: usize, birth: u32, values: &mut dyn Iterator<Item = &str>);
    /// A slot that has values but not the labels of their birth: the place of its family, and its number. Asked before
    /// each request, about once a second.
    fn unlabelled(&mut self) -> Option<(usize, usize)>;
    /// Where frames are counted.
    fn counts(&mut self) -> &mut FrameCounts;
    /// A frame has come that is newer than all before it.
    fn received(&mut self) {
        self.counts().received += 1;
    }
    /// Bytes that belong to no frame have come: text, mostly.
    fn foreign(&mut self, bytes: &[u8]);
    /// Bytes were skipped, as the session began in the middle of something.
    fn joined(&mut self, bytes: usize);
}

impl Default for Room {
    fn default() -> Self {
        Self { frame: [0; MAX_FRAME], cells: Cells::default() }
    }
}

/// One connection.
pub struct Session {
    decoder: Box<Decoder<MAX_FRAME>>,
    device: Device,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("device", &self.device).finish_non_exhaustive()
    }
}

impl Session {
    /// A session that has heard nothing yet.
    pub fn new(bounds: Bounds) -> Self {
        Self { decoder: Box::new(Decoder::new()), device: Device::new(bounds) }
    }

    /// Takes bytes as they came, cut anywhere. Appends to `reply` what the device is asked for: a short frame, once a
    /// second at most, and only if it has said that it reads requests.
    pub fn feed(&mut self, mut bytes: &[u8], now: Now, sink: &mut dyn Sink, reply: &mut Vec<u8>) {
        let mut room = ROOM.take().unwrap_or_default();
        let Room { frame: opened, cells } = &mut *room;
        while let Some(event) = self.decoder.feed_in(&mut bytes, opened) {
            match event {
                Event::Frame(frame) => {
                    if self.device.frame(&frame, now.instant, cells, sink) {
                        self.device.ask(now.instant, sink, reply);
                    }
                }
                Event::Foreign(text) => sink.foreign(text),
                Event::Joined(len) => sink.joined(len),
                Event::Corrupt(_) => sink.counts().corrupt += 1,
                Event::Refused(error) => sink.refused(Refused::new(Fault::Frame, error.to_string())),
            }
        }
        ROOM.set(Some(room));
    }

    /// Nothing more will come: frames that were waited for are lost, and text that was held back is told.
    pub fn end(&mut self, sink: &mut dyn Sink) {
        let (text, cut) = self.decoder.end();
        if !text.is_empty() {
            sink.foreign(text);
        }
        if cut > 0 {
            sink.joined(cut);
        }
        self.device.end(sink);
    }
}
