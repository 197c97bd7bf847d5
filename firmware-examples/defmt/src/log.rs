//! The firmware's logger: defmt's frames (rzCOBS), out of UART0, each whole or not at all.

use core::cell::UnsafeCell;

use critical_section::RestoreState;
use heapless::Vec;
use lm3s6965evb::clock;
use lm3s6965evb::pl011::{Pl011, Uart};
use lm3s6965evb::queue::Queue;
use narthex::{Counter, Metrics};

/// Bytes that may wait for UART0: all of a dump.
const WAITING: usize = 4_096;
/// Longest frame, in bytes.
const FRAME: usize = 192;

static TRANSMIT: Queue<WAITING> = Queue::new();
static RECEIVED: Queue<1> = Queue::new();
static CONSOLE_METRICS: Uart = Uart::new();
/// UART0, which the logger alone writes.
pub(crate) static CONSOLE: Pl011<WAITING, 1> = Pl011::uart0(&TRANSMIT, &RECEIVED, &CONSOLE_METRICS);

/// How well the log gets out.
#[derive(Debug, Metrics)]
#[metrics(prefix = "log")]
pub(crate) struct Log {
    /// Messages sent.
    messages_total: Counter,
    /// Messages dropped, as they were too long or there was no room for them.
    dropped_messages_total: Counter,
}

/// The metrics of the one logger.
pub(crate) static LOG: Log = Log::new();

defmt::timestamp!("{=u64:us}", clock::micros());

/// A message under way.
struct Message {
    encoder: defmt::Encoder,
    frame: Vec<u8, FRAME>,
    overflows: bool,
    /// Interrupts are masked while a message is under way.
    section: Option<RestoreState>,
}

struct Shared(UnsafeCell<Message>);

// SAFETY: it is used between `acquire` and `release` alone, in a critical section.
unsafe impl Sync for Shared {}

static MESSAGE: Shared = Shared(UnsafeCell::new(Message {
    encoder: defmt::Encoder::new(),
    frame: Vec::new(),
    overflows: false,
    section: None,
}));

impl Message {
    /// Puts what `encode` writes behind what there is.
    fn put(&mut self, encode: impl FnOnce(&mut defmt::Encoder, &mut dyn FnMut(&[u8]))) {
        let Self { encoder, frame, overflows, .. } = self;
        encode(encoder, &mut |bytes| *overflows |= frame.extend_from_slice(bytes).is_err());
    }
}

#[defmt::global_logger]
struct Logger;

// SAFETY: what is between `acquire` and `release` is in one critical section, and cannot be entered again: a `Format`
// that logs is a bug, which stops the firmware.
unsafe impl defmt::Logger for Logger {
    fn acquire() {
        // SAFETY: `release` ends it, and defmt calls the two in turn.
        let section = unsafe { critical_section::acquire() };
        // SAFETY: the critical section has just begun.
        let message = unsafe { &mut *MESSAGE.0.get() };
        assert!(message.section.is_none(), "something logged while it was being logged");
        (message.section, message.overflows) = (Some(section), false);
        message.frame.clear();
        message.put(|encoder, write| encoder.start_frame(write));
    }

    unsafe fn write(bytes: &[u8]) {
        // SAFETY: defmt calls this after `acquire`.
        unsafe { &mut *MESSAGE.0.get() }.put(|encoder, write| encoder.write(bytes, write));
    }

    unsafe fn flush() {}

    unsafe fn release() {
        // SAFETY: as above.
        let message = unsafe { &mut *MESSAGE.0.get() };
        message.put(|encoder, write| encoder.end_frame(write));
        if !message.overflows && CONSOLE.send(&message.frame).is_ok() {
            LOG.messages_total.inc();
        } else {
            LOG.dropped_messages_total.inc();
        }
        if let Some(section) = message.section.take() {
            // SAFETY: it was begun by `acquire`, and is ended once.
            unsafe { critical_section::release(section) };
        }
    }
}
