//! The Ethernet controller, as a device of smoltcp (data sheet, chapter 16, "Ethernet Controller").
//!
//! The controller keeps up to 31 received frames in 2 KiB and sends one at a time. Frames pass through its FIFOs as
//! words of 32 bits, least significant byte first, the first two bytes of each frame being a length:
//!
//! | | length | then | at the end |
//! |---|---|---|---|
//! | received | of length, frame and checksum | the frame | four bytes of checksum, and what fills the word |
//! | to be sent | of the frame less its header (14 bytes) | the frame | what fills the word; the checksum is added |
//!
//! So a buffer with room for the length in front of the frame is read and written word by word, and frames lie at an
//! even address, their IP header at a whole word. The interrupt tells that frames wait, which ends a sleep, and counts;
//! whoever polls the interface takes them.

use core::mem::offset_of;

use narthex::{Counter, Family, Histogram, LabelSet, Metrics};
use smoltcp::phy::{self, Device, DeviceCapabilities, Medium};
use smoltcp::time::Instant;
use smoltcp::wire::EthernetAddress;
use volatile_register::{RO, RW};

use crate::{Interrupt, clock, sysctl};

/// Bytes of the length in front of a frame.
const LENGTH: usize = 2;
/// Bytes of an Ethernet header, which the length of a frame to be sent leaves out.
const HEADER: usize = 14;
/// Bytes of the checksum behind a received frame.
const CHECKSUM: usize = 4;
/// Longest frame, in bytes: a header and 1500 bytes.
const FRAME: usize = HEADER + 1500;
/// Bytes of a word of the FIFOs, of which length and longest frame fill a whole number.
const WORD: usize = 4;
const _: () = assert!((LENGTH + FRAME).is_multiple_of(WORD));

/// `MACRIS`, `MACIACK`, `MACIM`: frames wait (`RXINT`).
const RECEIVED: u32 = 1;
/// The same: the receive FIFO was full, and a frame was lost (`FOV`).
const OVERRUN: u32 = 1 << 3;
/// The same: a frame was broken (`RXER`).
const BROKEN: u32 = 1 << 4;
/// `MACRCTL`: empty the receive FIFO (`RSTFIFO`), refuse frames with a wrong checksum (`BADCRC`).
const EMPTY_CHECKED: u32 = 1 << 4 | 1 << 3;
/// `MACRCTL`: receive (`RXEN`), multicast too (`AMUL`), with right checksums.
const RECEIVE: u32 = 1 << 3 | 1 << 1 | 1;
/// `MACTCTL`: full duplex, add the checksum (`CRC`), fill up short frames (`PADEN`).
const CHECKED_PADDED: u32 = 1 << 4 | 1 << 2 | 1 << 1;
/// `MACTCTL`: transmit (`TXEN`), as before.
const TRANSMIT: u32 = CHECKED_PADDED | 1;
/// `MACTR`: send what is in the FIFO; reads as set until it has been sent (`NEWTX`).
const NEW: u32 = 1;
/// `MACNP`: how many frames wait.
const WAITING: u32 = 0x3F;

#[repr(C)]
struct Registers {
    /// Raw interrupt status; writing ones acknowledges (`MACIACK`).
    macris: RW<u32>,
    /// Interrupt mask.
    macim: RW<u32>,
    /// Receive control.
    macrctl: RW<u32>,
    /// Transmit control.
    mactctl: RW<u32>,
    /// Data: both FIFOs.
    macdata: RW<u32>,
    /// Our address: bytes 0 to 3, and 4 to 5.
    macia: [RO<u32>; 2],
    _0: [u32; 6],
    /// Frames that wait.
    macnp: RO<u32>,
    /// Transmission request.
    mactr: RW<u32>,
}
const _: () = assert!(offset_of!(Registers, macnp) == 0x34 && offset_of!(Registers, mactr) == 0x38);

fn registers() -> &'static Registers {
    // SAFETY: the controller lies at this address, clocked since the board started. A shared reference is enough: the
    // fields are volatile cells, and what may race is said where they are written.
    unsafe { &*(0x4004_8000 as *const Registers) }
}

/// Why a frame was dropped.
#[derive(Clone, Copy, Debug, LabelSet)]
#[label(name = "reason")]
pub enum Drop {
    /// The receive FIFO was full.
    Overrun,
    /// It was broken on its way.
    Broken,
    /// Its length is none a frame can have.
    Length,
}

/// What is counted about the controller.
#[derive(Debug, Metrics)]
#[metrics(prefix = "ethernet")]
pub struct Ethernet {
    /// Frames received.
    pub received_frames_total: Counter,
    /// Bytes of frames received, without checksums.
    #[metric(unit = "bytes")]
    pub received_bytes_total: Counter,
    /// Frames sent.
    pub transmitted_frames_total: Counter,
    /// Bytes of frames sent, without what fills up short ones, and without checksums.
    #[metric(unit = "bytes")]
    pub transmitted_bytes_total: Counter,
    /// Frames dropped, by reason; of overruns, how often some were.
    pub dropped_frames_total: Family<Drop, Counter>,
    /// Time spent in the interrupt.
    #[metric(unit = "seconds", scale = -6, buckets = [1, 2, 5, 10, 20, 50])]
    pub interrupt_seconds: Histogram<6>,
}

impl Ethernet {
    /// Acknowledges the interrupt, and counts. Its handler calls this, and nothing else.
    pub fn on_interrupt(&self) {
        let begin = clock::micros();
        let why = registers().macris.read() & (RECEIVED | OVERRUN | BROKEN);
        // SAFETY: only this handler writes `MACIACK` once the controller has started. Frames that wait stay there, and
        // whoever sleeps looks for them first.
        unsafe { registers().macris.write(why) };
        for (bit, reason) in [(OVERRUN, Drop::Overrun), (BROKEN, Drop::Broken)] {
            if why & bit != 0 {
                self.dropped_frames_total.at(reason).inc();
            }
        }
        self.interrupt_seconds().observe((clock::micros() - begin) as u32);
    }
}

/// The frames at hand: one that was received, and one to be sent.
#[derive(Debug)]
pub struct Frames {
    received: [u8; LENGTH + FRAME],
    sent: [u8; LENGTH + FRAME],
}

impl Frames {
    /// None.
    pub const NEW: Self = Self { received: [0; LENGTH + FRAME], sent: [0; LENGTH + FRAME] };
}

/// The controller: a device of smoltcp, for the tasks.
#[derive(Debug)]
pub struct Mac<'a> {
    frames: &'a mut Frames,
    metrics: &'static Ethernet,
}

impl<'a> Mac<'a> {
    /// The controller, which is still to be started.
    pub const fn new(frames: &'a mut Frames, metrics: &'static Ethernet) -> Self {
        Self { frames, metrics }
    }

    /// Starts both directions and the interrupt. Returns the address that the boot loader, or the emulator, has set.
    pub fn start(&mut self) -> EthernetAddress {
        let registers = registers();
        sysctl::clock_ethernet();
        // SAFETY: the order of "Initialization and Configuration": what is left of the boot loader's frames is dropped
        // before either direction starts. The interrupt is still masked in the NVIC, so nothing else touches the
        // registers.
        unsafe {
            registers.mactctl.write(CHECKED_PADDED);
            registers.macrctl.write(EMPTY_CHECKED);
            registers.macris.write(RECEIVED | OVERRUN | BROKEN);
            registers.macim.write(RECEIVED | OVERRUN | BROKEN);
            registers.mactctl.write(TRANSMIT);
            registers.macrctl.write(RECEIVE);
        }
        crate::unmask(Interrupt::ETHERNET);
        let mut address = EthernetAddress([0; 6]);
        let bytes = registers.macia.iter().flat_map(|word| word.read().to_le_bytes());
        for (place, byte) in address.0.iter_mut().zip(bytes) {
            *place = byte;
        }
        address
    }

    /// Whether a frame waits to be received.
    pub fn has_frame(&self) -> bool {
        registers().macnp.read() & WAITING > 0
    }

    /// Takes a frame out of the FIFO, all of its words, as the next begins behind them. Returns where in the buffer it
    /// ends; `None` if that cannot be one.
    fn take(&mut self) -> Option<usize> {
        let mut places = self.frames.received.chunks_exact_mut(WORD);
        let mut take = || {
            let word = registers().macdata.read();
            if let Some(place) = places.next() {
                place.copy_from_slice(&word.to_le_bytes());
            }
            word
        };
        let length = (take() & 0xFFFF) as usize;
        for _ in 1..length.div_ceil(WORD) {
            take();
        }
        let end = length.saturating_sub(CHECKSUM);
        if !(LENGTH + HEADER..=LENGTH + FRAME).contains(&end) {
            self.metrics.dropped_frames_total.at(Drop::Length).inc();
            return None;
        }
        self.metrics.received_frames_total.inc();
        self.metrics.received_bytes_total.add((end - LENGTH) as u32);
        Some(end)
    }
}

/// Whether the last frame is still on its way out.
fn is_sending() -> bool {
    registers().mactr.read() & NEW > 0
}

impl Device for Mac<'_> {
    type RxToken<'b>
        = Received<'b>
    where
        Self: 'b;
    type TxToken<'b>
        = Room<'b>
    where
        Self: 'b;

    fn receive(&mut self, _: Instant) -> Option<(Received<'_>, Room<'_>)> {
        while self.has_frame() && !is_sending() {
            if let Some(end) = self.take() {
                let Frames { received, sent } = &mut *self.frames;
                let frame = received.get(LENGTH..end)?;
                return Some((Received(frame), Room { buf: sent, metrics: self.metrics }));
            }
        }
        None
    }

    fn transmit(&mut self, _: Instant) -> Option<Room<'_>> {
        (!is_sending()).then_some(Room { buf: &mut self.frames.sent, metrics: self.metrics })
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ethernet;
        capabilities.max_transmission_unit = FRAME;
        capabilities
    }
}

/// A frame that was received.
#[derive(Debug)]
pub struct Received<'a>(&'a [u8]);

impl phy::RxToken for Received<'_> {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, take: F) -> R {
        take(self.0)
    }
}

/// Room for a frame to be sent.
#[derive(Debug)]
pub struct Room<'a> {
    buf: &'a mut [u8; LENGTH + FRAME],
    metrics: &'static Ethernet,
}

impl phy::TxToken for Room<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, length: usize, fill: F) -> R {
        let [low, high, frame @ ..] = self.buf;
        // smoltcp asks for no more than the capabilities say, and for no less than a header.
        let filled = fill(frame.get_mut(..length).unwrap_or_default());
        [*low, *high] = (length.saturating_sub(HEADER) as u16).to_le_bytes();
        for word in self.buf.chunks_exact(WORD).take((LENGTH + length).div_ceil(WORD)) {
            // SAFETY: the FIFO is empty, as nothing is being sent, and longer than a frame; tasks alone write it.
            unsafe { registers().macdata.write(word.try_into().map_or(0, u32::from_le_bytes)) };
        }
        // SAFETY: all of the frame is in the FIFO.
        unsafe { registers().mactr.write(NEW) };
        self.metrics.transmitted_frames_total.inc();
        self.metrics.transmitted_bytes_total.add(length as u32);
        filled
    }
}
