//! The log of a firmware, as `defmt-print` shows it.

use defmt_decoder::{DecodeError, Table};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// Decodes what a firmware sent, by the strings in its ELF file: one line for each message, its level in front. Times
/// are left out.
///
/// # Panics
/// If there is no message, or one that cannot be decoded.
pub(crate) fn read(elf: &Path, sent: &[u8]) -> String {
    let elf = fs::read(elf).expect("the program can be read");
    let table = Table::parse(&elf).expect("the program can be parsed").expect("the program logs");
    let mut decoder = table.new_stream_decoder();
    decoder.received(sent);
    let (mut log, mut last) = (String::new(), 0.0);
    loop {
        match decoder.decode() {
            Ok(message) => {
                // Messages have times, which rise.
                let time = message.display_timestamp().expect("a message has a time").to_string();
                let time: f64 = time.parse().expect("seconds");
                assert!(time >= last, "from {last} s to {time} s");
                last = time;
                let level = message.level().map_or("", |level| level.as_str());
                writeln!(log, "{level:5} {}", message.display_message()).expect("a string takes all");
            }
            Err(DecodeError::UnexpectedEof) => return log,
            Err(DecodeError::Malformed) => panic!("a message cannot be decoded, after:\n{log}"),
        }
    }
}
