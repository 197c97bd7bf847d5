//! What comes to a device.

use std::time::Duration;

use narthex::instrument::OptionalGauge;
use narthex::model::ShortStr;
use narthex::text::Format;
use narthex::transport::Reporter;
use narthex::wire::Identity;
use narthex::{Counter, Family, Gauge, Histogram, LabelSet, LabelValues, Metrics, TableFamily};
use narthex_tests::board::Board;
use narthex_tests::host::Host;
use narthex_tests::machine::page;
use narthex_tests::random::Random;

use crate::bytes::{Bytes, pieces};

/// Which side.
#[derive(Clone, Copy, Debug, LabelSet)]
enum Side {
    /// Left.
    Left,
    /// Right.
    Right,
}

/// Who.
#[derive(Clone, Copy, Debug, PartialEq, LabelValues)]
struct Peer {
    /// A name.
    name: ShortStr<4>,
}

/// One of each kind of family there is to ask for.
#[derive(Metrics)]
struct Instruments {
    /// A count.
    pieces_total: Counter,
    /// A level that may be unset.
    level: OptionalGauge,
    /// A level of each side.
    load: Family<Side, Gauge>,
    /// Sizes.
    #[metric(unit = "bytes", buckets = [1, 10, 100])]
    size_bytes: Histogram<3>,
    /// A count of each peer.
    messages_total: TableFamily<Peer, Counter, 3>,
}

/// Any bytes for a device that reads requests, cut anywhere, between and within snapshots: it says of itself what its
/// own page says, whatever it was asked, and no more frames than it would for the longest answer.
///
/// The first byte tells the size of frames, the second whether they are sparse; then come the bytes.
pub fn request(data: &[u8]) {
    let mut input = Bytes(data);
    let (mtu, sparse, count) = (48 + usize::from(input.byte()), input.byte() % 2 == 1, input.byte() % 8);
    let (cuts, stream) = (input.take(count.into()), input.0);
    let board = Board::new(Instruments::new());
    let mut memory = [0; 32];
    let reporter = Reporter::new(&board, Identity { device: "device", firmware: "1" }, 7);
    let mut reporter =
        reporter.with_memory(&mut memory).with_full_every(if sparse { 5 } else { 1 }).with_requests();
    let (mut host, mut random, mut uptime) = (Host::new(), Random(1), 0);
    let mut asked = pieces(stream, cuts).into_iter();
    // As long as something comes, and then long enough for every answer, even of one family a snapshot.
    let mut calm = 0;
    while calm < 8 {
        uptime += 1;
        host.at(Duration::from_secs(uptime));
        work(&board.group, uptime);
        reporter.begin(Duration::from_secs(uptime));
        let (mut buf, mut frames) = ([0; 304], 0);
        while let Some(frame) = reporter.frame(&mut buf[..mtu]).expect("48 bytes are enough") {
            frames += 1;
            // What goes back is not the fuzzer's: the device is asked by nobody else.
            drop(host.feed(frame, &mut random));
            if frames == 1 {
                asked.next().into_iter().for_each(|piece| reporter.receive(piece));
            }
        }
        assert!(frames <= 64, "a snapshot of {frames} frames");
        match asked.next() {
            Some(piece) => reporter.receive(piece),
            None => calm += 1,
        }
    }
    // All that is held back by a piece of a frame ends with a delimiter.
    reporter.receive(&[0]);
    for format in [Format::Text, Format::OpenMetrics] {
        if let Err(why) = host.agrees("device", &page(&board, format), format) {
            panic!("{why}");
        }
    }
    let counts = host.counts();
    assert_eq!((counts.lost, counts.repeated, counts.reordered, counts.corrupt), (0, 0, 0, 0));
}

/// Lets some time pass at the device.
fn work(on: &Instruments, uptime: u64) {
    on.pieces_total.add(uptime as u32);
    on.load.at([Side::Left, Side::Right][uptime as usize % 2]).set(uptime as i32);
    on.size_bytes().observe(uptime as u32);
    on.messages_total
        .update(Peer { name: ShortStr::cut(["a", "b"][uptime as usize % 2]) }, |count| count.add(1));
    on.level.set(1);
}
