//! Exponential histograms and summaries, against twins that are plain and exact.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test stops at the first surprise"
)]

mod bounds;
mod page;
mod summary;
mod wire;

use narthex::text::{Encoder, Format};
use narthex_tests as _;

/// The whole page of a source, through a buffer of this size.
fn page(source: &dyn narthex::model::Source, format: Format, buffer: usize) -> String {
    let (mut page, mut buf) = (Vec::new(), vec![0; buffer]);
    let mut encoder = Encoder::new(format);
    loop {
        match encoder.fill(source, &mut buf).expect("a line fits") {
            0 => return String::from_utf8(page).expect("text"),
            n => page.extend_from_slice(&buf[..n]),
        }
    }
}
