//! Metrics as lines of the log, through the logger that the firmware has.
//!
//! For firmware whose one way out is its log, over RTT, semihosting or a UART. Whoever reads the log sees each series
//! as a line of its own, between the others, with their timestamps:
//!
//! ```text
//! 12.000171 radio_packets_total{direction="in"} 1201
//! 12.000203 radio_temperature_celsius 21.37
//! ```
//!
//! A log is read by people: it has no frames and no schema, so that a gateway (`narthex relay`) and `narthex decode`
//! make nothing of it. Firmware that has a second way out, or a UART on which the log is text, sends snapshots there.
//!
//! # Cost
//! The text encoder, which firmware that serves a page has anyway, and a walk over its lines. Each line is one message:
//! the logger is held, and on most boards interrupts are masked, for as long as it takes to write that one line.

use crate::model::Source;
use crate::text::{Encoder, Error, Format};

/// Logs the series of a registry, one message each: the sample lines of its page in text 0.0.4, without comments.
///
/// `buf` holds as many lines as it has room for, one at least. Messages are printed, not logged at a level: what was
/// asked for by this call is not filtered by `DEFMT_LOG`.
///
/// Type `Format` is implemented for the errors of this crate, so that they can be logged too.
///
/// # Errors
/// As [`Encoder::fill`]: a line is longer than `buf`, or the set of families has changed. What was logged before stays.
///
/// ```no_run
/// use narthex::{Counter, Metrics, Registry, registry, transport};
/// #[derive(Metrics)]
/// struct Radio {
///     /// Packets sent.
///     radio_packets_total: Counter,
/// }
/// static RADIO: Radio = Radio::new();
/// static REGISTRY: Registry = registry![RADIO];
///
/// if let Err(error) = transport::defmt::dump(&REGISTRY, &mut [0; 128]) {
///     defmt::error!("metrics: {}", error);
/// }
/// ```
pub fn dump<S: Source + ?Sized>(source: &S, buf: &mut [u8]) -> Result<(), Error> {
    let mut encoder = Encoder::new(Format::Text);
    loop {
        let n = encoder.fill(source, buf)?;
        if n == 0 {
            return Ok(());
        }
        for line in buf.get(..n).unwrap_or_default().split(|byte| *byte == b'\n') {
            // Comments begin so, names do not. What the encoder writes is UTF-8.
            if let Ok(line) = core::str::from_utf8(line)
                && !line.is_empty()
                && !line.starts_with('#')
            {
                ::defmt::println!("{=str}", line);
            }
        }
    }
}
