//! A whole session of any bytes.

use std::time::Duration;

use narthex_host::relay::fleet::Limits;
use narthex_tests::hub::Hub;

use crate::bytes::{Bytes, pieces};
use crate::frames::shown;

/// Any bytes over one connection, cut anywhere: the page stands by the letter, and all that is counted does not depend
/// on where the bytes were cut.
pub fn session(data: &[u8]) {
    let mut input = Bytes(data);
    let count = input.byte() % 8;
    let (cuts, stream) = (input.take(count.into()), input.0);
    let whole = run(&[stream]);
    if !cuts.is_empty() {
        assert_eq!(run(&pieces(stream, cuts)), whole, "{cuts:?}");
    }
}

/// The page once all has come, and the device has had time to say its name.
fn run(pieces: &[&[u8]]) -> String {
    let mut hub = Hub::new(Limits::default());
    let connection = hub.connect("peer");
    for piece in pieces {
        // What goes back depends on when it is asked.
        drop(hub.feed(connection, piece));
    }
    hub.at(Duration::from_secs(31));
    drop(hub.feed(connection, &[0]));
    hub.page();
    shown(&hub)
}
