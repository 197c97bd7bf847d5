//! Captures: what `--record` writes, and `--replay` and `decode` read. No I/O: bytes in, bytes out.
//!
//! # Format
//! All numbers are little-endian. A capture begins with a preamble:
//!
//! | bytes | |
//! |---|---|
//! | 18 | `narthex capture 1`, line feed |
//! | 8 × 4 | the key of this capture, random, eight times |
//!
//! Then entries follow, each a header and its payload:
//!
//! | bytes | |
//! |---|---|
//! | 2 | marker, `F1 A7` |
//! | 1 | kind: 1 start, 2 open, 3 bytes, 4 close |
//! | 2 | length of the payload |
//! | 4 | number of the connection; 0 in a start |
//! | 6 | milliseconds since the Unix epoch |
//! | 4 | CRC-32 of the 15 bytes before, exclusive-or the key |
//!
//! - **start**: a gateway begins to record; connections that are open from before have ended. No payload.
//! - **open**: CRC-32 of the rest, then the link, the peer, and the device's name as the user gave it (or nothing),
//!   with a zero byte between them.
//! - **bytes**: what came, up to 65535 bytes.
//! - **close**: the connection has ended. No payload.
//!
//! Start and open are written twice. Connections are numbered from a random number on, so that two runs that record
//! into one file do not share numbers. A file that does not begin like this is the plain bytes of one device, as
//! `cat /dev/ttyUSB0 > file` writes them.
//!
//! # What damage does
//! The payload is not covered by a check, as frames carry their own. A header is: where one byte of it is wrong it is
//! put right, where more is wrong its payload is passed over and counted. Behind it the next header is looked for byte
//! by byte. The key makes sure that only headers are found, and nothing that a device has sent to look like one. An
//! entry that was cut short, because the disk was full or the power failed, ends where the next header begins.

mod header;
mod reader;
mod writer;

pub use reader::{Event, Reader};
pub use writer::Writer;

/// How a capture begins.
const MAGIC: &[u8; 18] = b"narthex capture 1\n";
/// How often the key stands in the preamble.
const KEYS: usize = 8;
/// Length of the preamble.
pub const PREAMBLE: usize = MAGIC.len() + 4 * KEYS;

/// Whether bytes are the beginning of a capture, [`PREAMBLE`] bytes long. If so, returns its key.
///
/// A third of the first line may be wrong, and three of the eight keys: no file is one by chance.
pub fn key(preamble: &[u8]) -> Option<[u8; 4]> {
    let (magic, keys) = preamble.split_at_checked(MAGIC.len())?;
    is_magic(magic).then_some(())?;
    let keys: &[[u8; 4]] = keys.as_chunks().0.get(..KEYS)?;
    let mut key = [0; 4];
    for (at, byte) in key.iter_mut().enumerate() {
        let each = || keys.iter().filter_map(|key| key.get(at));
        *byte = *each().max_by_key(|byte| each().filter(|other| other == byte).count())?;
    }
    Some(key)
}

/// Whether these are the first bytes of a capture, as far as can be told.
fn is_magic(bytes: &[u8]) -> bool {
    bytes.iter().zip(MAGIC).filter(|(a, b)| a == b).count() * 3 >= MAGIC.len() * 2
}

#[cfg(test)]
mod tests;
