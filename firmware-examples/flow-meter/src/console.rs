//! Log lines on the same wire as the snapshots, as boards have them.

use core::fmt::{self, Write};

use heapless::String;
use lm3s6965evb::clock;

use crate::UART0;

/// Longest line, in bytes.
const LINE: usize = 80;

/// Sends a line between two frames, headed by the time since boot. Does nothing when the transmit queue has no room,
/// which the UART counts, or when the line would be longer than 80 bytes.
///
/// A zero byte, which a terminal does not show, keeps the line apart from the frame that follows.
pub(crate) fn log(message: fmt::Arguments<'_>) {
    let mut line = String::<LINE>::new();
    let uptime = clock::uptime();
    if write!(line, "[{:5}.{:03}] {message}\r\n\0", uptime.as_secs(), uptime.subsec_millis()).is_ok() {
        let _ = UART0.send(line.as_bytes());
    }
}
