//! Sessions of good frames, with anything in them.

use std::time::Duration;

use narthex::frame::{Header, Kind, payload, seal};
use narthex::text::Format;
use narthex_host::relay::fleet::Limits;
use narthex_tests::children::of_devices;
use narthex_tests::hub::Hub;

use crate::bytes::Bytes;

/// Connections there may be at once.
const CONNECTIONS: usize = 4;
/// Longest payload, in bytes: that of a frame any receiver takes.
const MOST: usize = 1900;

/// Frames of any kind, boot, schema, number, time and payload over several connections, between which time passes:
/// the page stands by the letter, and every frame is counted once.
///
/// The input is a list of steps. A byte tells what changes before the frame, and each change has its bytes; then come
/// the kind and the payload.
pub fn frames(data: &[u8]) {
    let mut hub = Hub::new(Limits { max_devices: 3, ..Limits::default() });
    let mut headers =
        [Header { kind: Kind::VALUES, boot: 1, schema: 0x5eed, sequence: 0, uptime: 0 }; CONNECTIONS];
    let mut connections: [_; CONNECTIONS] = std::array::from_fn(|at| hub.connect(&format!("peer-{at}")));
    let (mut input, mut at, mut time, mut sent) = (Bytes(data), 0, 0u64, 0u64);
    while !input.is_empty() {
        let change = input.byte();
        let has = |bit: u32| change >> bit & 1 == 1;
        if has(0) {
            at = usize::from(input.byte()) % CONNECTIONS;
        }
        let header = &mut headers[at];
        if has(1) {
            header.boot = input.byte().into();
        }
        if has(2) {
            header.schema = input.byte().into();
        }
        if has(3) {
            header.sequence = input.word();
        } else {
            header.sequence = header.sequence.wrapping_add(1);
        }
        if has(4) {
            // From a bit back to long ahead, and the ends of time.
            let step = input.word();
            header.uptime = match step {
                0 => 0,
                u16::MAX => u32::MAX,
                _ => header.uptime.wrapping_add(u32::from(step)).wrapping_sub(1 << 8),
            };
        }
        if has(5) {
            time += u64::from(input.byte());
            hub.at(Duration::from_secs(time));
        }
        if has(6) {
            hub.cut(connections[at]);
            connections[at] = hub.connect(&format!("peer-{at}"));
        }
        header.kind = Kind::new(input.byte());
        let body = input.piece();
        let frame = sealed(header, &body[..body.len().min(MOST)]);
        sent += 1;
        drop(hub.feed(connections[at], &frame));
    }
    hub.page();
    let totals = hub.totals();
    let counted = totals.frames_received + totals.frames_repeated + totals.frames_reordered;
    assert_eq!((counted, totals.frames_corrupt, totals.foreign_bytes), (sent, 0, 0), "{totals:?}");
    assert!(totals.devices <= 3 && hub.devices().len() <= totals.devices, "{totals:?}");
}

/// A frame.
pub(crate) fn sealed(header: &Header, body: &[u8]) -> Vec<u8> {
    let mut buf = vec![0; body.len() + 64];
    payload(&mut buf)[..body.len()].copy_from_slice(body);
    seal(&mut buf, header, body.len()).to_vec()
}

/// What a gateway shows of devices, and what it has counted.
pub(crate) fn shown(hub: &Hub) -> String {
    format!("{}{:?}", of_devices(&hub.text(Format::Text)), hub.totals())
}
