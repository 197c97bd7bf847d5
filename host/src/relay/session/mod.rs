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
mod payload;
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

use narthex::frame::{Decoder, Event, HEADER_LEN, Header, MAX_FRAME, open_whole};
pub use narthex::wire::Hello;

use device::Device;
pub use family::FamilySchema;
pub use labels::{Added, ChildSchema};
use payload::Payload;
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
    frame: [u8; MAX_FRAME + Payload::SLACK],
    cells: Cells,
    /// In step, for sessions to which part of a frame comes.
    #[allow(clippy::vec_box, reason = "sessions take boxes")]
    decoders: Vec<Box<Decoder<MAX_FRAME>>>,
}

/// Most decoders that are kept for other sessions.
const SPARE: usize = 16;

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
        Self { frame: [0; MAX_FRAME + Payload::SLACK], cells: Cells::default(), decoders: Vec::new() }
    }
}

/// One connection.
#[repr(C)]
pub struct Session {
    /// What has come of a frame that is not there to its end; `None` if nothing has, and the session is in step.
    decoder: Option<Box<Decoder<MAX_FRAME>>>,
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
        Self { decoder: Some(Box::new(Decoder::new())), device: Device::new(bounds) }
    }

    /// Takes bytes as they came, cut anywhere. Appends to `reply` what the device is asked for: a short frame, once a
    /// second at most, and only if it has said that it reads requests.
    pub fn feed(&mut self, mut bytes: &[u8], now: Now, sink: &mut dyn Sink, reply: &mut Vec<u8>) {
        let mut room = ROOM.take().unwrap_or_default();
        loop {
            let opened = match &self.decoder {
                None => open_whole(&mut bytes, &mut room.frame),
                Some(_) => None,
            };
            match opened {
                Some((Ok(header), len)) => self.frame(&header, len, &mut room, now, sink, reply),
                Some((Err(why), _)) => sink.refused(Refused::new(Fault::Frame, why.to_string())),
                None if bytes.is_empty() && self.decoder.is_none() => break,
                None => {
                    if !self.decode(&mut bytes, &mut room, now, sink, reply) {
                        break;
                    }
                }
            }
        }
        ROOM.set(Some(room));
    }

    /// Takes what is no whole frame, or follows what is none. Returns whether there may be more.
    fn decode(
        &mut self,
        bytes: &mut &[u8],
        room: &mut Room,
        now: Now,
        sink: &mut dyn Sink,
        reply: &mut Vec<u8>,
    ) -> bool {
        let spare = || room.decoders.pop().unwrap_or_else(|| Box::new(Decoder::in_step()));
        let mut decoder = self.decoder.take().unwrap_or_else(spare);
        let event = decoder.feed(bytes);
        let more = event.is_some();
        match event {
            None => {}
            Some(Event::Frame(frame)) => {
                let (header, len) = (frame.header, frame.payload.len());
                if let Some(place) = room.frame.get_mut(HEADER_LEN..).and_then(|room| room.get_mut(..len)) {
                    place.copy_from_slice(frame.payload);
                }
                self.frame(&header, len, room, now, sink, reply);
            }
            Some(Event::Foreign(text)) => sink.foreign(text),
            Some(Event::Joined(len)) => sink.joined(len),
            Some(Event::Corrupt(_)) => sink.counts().corrupt += 1,
            Some(Event::Refused(why)) => sink.refused(Refused::new(Fault::Frame, why.to_string())),
        }
        if !decoder.is_in_step() {
            self.decoder = Some(decoder);
        } else if room.decoders.len() < SPARE {
            room.decoders.push(decoder);
        }
        more
    }

    /// Takes a frame, of which the payload stands in `room`.
    fn frame(
        &mut self,
        header: &Header,
        len: usize,
        room: &mut Room,
        now: Now,
        sink: &mut dyn Sink,
        reply: &mut Vec<u8>,
    ) {
        let payload = Payload::new(room.frame.get(HEADER_LEN..).unwrap_or_default(), len);
        if self.device.frame(header, payload, now.instant, &mut room.cells, sink) {
            self.device.ask(now.instant, sink, reply);
        }
    }

    /// Nothing more will come: frames that were waited for are lost, and text that was held back is told.
    pub fn end(&mut self, sink: &mut dyn Sink) {
        let (text, cut) = self.decoder.as_mut().map_or((&[][..], 0), |decoder| decoder.end());
        if !text.is_empty() {
            sink.foreign(text);
        }
        if cut > 0 {
            sink.joined(cut);
        }
        self.device.end(sink);
    }
}
