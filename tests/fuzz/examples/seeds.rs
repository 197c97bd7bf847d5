//! Writes the inputs that fuzzing begins with: real frames, and what users write. `cargo run -p narthex-fuzz --example seeds`
//!
//! They are made again when the wire changes. Inputs that once did harm are named otherwise, and stay.
#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a program for the source tree")]

use narthex::frame::{self, Decoder, Event, Header, Kind, MAX_FRAME, MIN_FRAME};
use narthex::wire::Request;
use narthex::wire::record::{Record, Records};
use narthex_host::relay::link::capture::Writer;
use narthex_tests::bad_link::{BadLink, Piece, Rates};
use narthex_tests::machine::{Machine, Voice};
use narthex_tests::random::Random;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

const ACCEPT: [&str; 6] = [
    "",
    "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.2,*/*;q=0.1",
    "text/html, application/xhtml+xml;q=0.9\n*/*;q=2",
    "gzip, deflate, br;q=1.000, identity;q=0, *;q=0.001",
    "application/openmetrics-text; version=\"1.0.0\"; charset=utf-8;q=0.75\ntext/*;q=.5",
    "*;q=0,x-gzip;Q=1,,;;=,\"a,b\\\";q=1\"",
];

const COMMAND_LINES: [&str; 10] = [
    "relay\n--tcp\n127.0.0.1:9901\n--udp\n[::1]:9902\n--ttl\n5m",
    "relay\n--serial\npump=/dev/ttyUSB0@9600\n--serial\n/dev/serial/by-id/a=b@c\n--stdin",
    "relay\n--tcp-connect\nterminal.example:2001\n--state\n/var/lib/narthex\n--device-label\nnode",
    "relay\n--replay\nold.nx\n--record\nnew.nx\n--max-devices\n16384\n--max-scrapes=16\n--print-text\n-vv",
    "demo\n--devices\n100\n--listen\n0.0.0.0:0\n--seconds\n2.5s\n-q",
    "decode\ncapture.nx\n--format\nopenmetrics",
    "config\ncheck\nnarthex.toml",
    "relay\n--max-devices\n0\n--ttl\n36526d\n--fly",
    "10.0.0.0/8\nfd00::1\n90s\n1h\n99999999999999999999d\n/dev/ttyUSB0@0",
    "\u{1b}[31mred\u{7}\r\nrelay\n--device-label\n\u{202e}le\n--tcp\n\u{a0}",
];

const CONFIGURATIONS: [&str; 8] = [
    include_str!("../../../host/examples/ops/narthex.toml"),
    "listen = \"127.0.0.1:9920\"\nttl = \"1h\"\nmax_devices = 1\nmax_scrapes = 0x5\nprint_text = true\n",
    "[source]\nbytes_per_second = 6\nnew_names_per_minute = 7\nnew_schemas_per_minute = 8\n",
    "[[link]]\nname = \"floor-2\"\ntcp = \"0.0.0.0:9100\"\nnetworks = [\"10.0.0.0/8\"]\ndevices = [\"pump-*\"]\nlabels = { site = \"b2\" }\n",
    "[[link]]\nserial = \"/dev/ttyUSB0@9600\"\nbaud = 115200\n[[link]]\nstdin = true\n[[link]]\nreplay = \"old.nx\"\n",
    "[[device]]\nname = \"pump-3\"\nlabels = { room = \"4\", device = \"x\" }\n[[device]]\nname = \"pump-3\"\n",
    "ttl = 5\nmax_devices = -1\nlisten = [\nfly = '''\n\u{1b}[31m''' # \u{7}\n[link]\n",
    "device_label = \"le\"\n\"a\\u0000b\" = 1979-05-27T07:32:00Z\n[[link]]\nudp = \"[::1]:5\"\ntcp = \"a\"\nfly = inf\n",
];

fn main() {
    let frames = frames();
    for (at, (name, sent)) in frames.iter().enumerate() {
        let stream = sent.concat();
        write("frame", name, &[&[3, 0, 7, 63][..], &stream].concat());
        write("session", name, &[&[2, 100, 1][..], &stream].concat());
        write("capture", name, &captured(sent, at));
        write("frames", name, &steps(sent));
        for (kind, payload) in payloads(sent).into_iter().enumerate().step_by(3) {
            write("wire", &format!("{name}-{kind}"), &payload);
        }
    }
    let (families, values, labels) = schema(&frames[0].1);
    let all: Vec<_> = families.iter().map(Vec::as_slice).collect();
    for (at, pair) in all.chunks(2).enumerate() {
        write("family", &format!("pair-{at}"), &family(pair, &[7; 60], &[]));
        write("store", &format!("pair-{at}"), &stored(at as u8, pair, &[7; 60]));
    }
    write("family", "all", &family(&all, &values, &labels));
    write("store", "all", &stored(0, &all, &values));
    for (at, request) in requests().iter().enumerate() {
        write("request", &format!("asked-{at}"), request);
    }
    for (target, texts) in [
        ("accept", &ACCEPT[..]),
        ("command_line", &COMMAND_LINES[..]),
        ("configuration", &CONFIGURATIONS[..]),
    ] {
        for (at, text) in texts.iter().enumerate() {
            write(target, &at.to_string(), text.as_bytes());
        }
    }
}

fn write(target: &str, name: &str, bytes: &[u8]) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    fs::create_dir_all(&folder).expect("a folder can be made");
    fs::write(folder.join(format!("seed-{name}")), bytes).expect("a file can be written");
}

/// What some links carry.
fn frames() -> Vec<(String, Vec<Vec<u8>>)> {
    let mut all = Vec::new();
    let links = [
        ("whole", 1024, Voice::Full, Rates::default()),
        ("split", 200, Voice::Sparse, Rates::default()),
        (
            "bad",
            128,
            Voice::Sparse,
            Rates { lost: 150, flipped: 150, repeated: 150, late: 200, text: 300, ..Rates::default() },
        ),
        ("tiny", 48, Voice::Full, Rates { text: 100, ..Rates::default() }),
        ("asked", 400, Voice::Asked, Rates { late: 300, ..Rates::default() }),
        ("wild", 300, Voice::Full, Rates { wild: true, text: 300, ..Rates::default() }),
    ];
    for (seed, (name, mtu, voice, rates)) in links.into_iter().enumerate() {
        let (mut machine, mut random) = (Machine::new("machine", 7, mtu, voice), Random(seed as u64));
        let mut link = BadLink::new(seed as u64, rates);
        let mut sent = Vec::new();
        for _ in 0..2 {
            machine.work(&mut random);
            for piece in link.carry(&machine.snapshot(Duration::from_secs(1))) {
                if let Piece::Bytes(bytes) = piece {
                    sent.push(bytes);
                }
            }
        }
        all.push((name.to_owned(), sent));
    }
    all
}

/// The frames among these.
fn opened(sent: &[Vec<u8>]) -> Vec<(Header, Vec<u8>)> {
    let (mut decoder, mut opened) = (Decoder::<MAX_FRAME>::new(), Vec::new());
    let stream = sent.concat();
    let mut rest = &*stream;
    while let Some(event) = decoder.feed(&mut rest) {
        if let Event::Frame(frame) = event {
            opened.push((frame.header, frame.payload.to_vec()));
        }
    }
    opened
}

fn payloads(sent: &[Vec<u8>]) -> Vec<Vec<u8>> {
    opened(sent).into_iter().map(|(_, payload)| payload).collect()
}

/// As the steps of `frames`.
fn steps(sent: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (at, (header, payload)) in opened(sent).into_iter().enumerate() {
        // Now and then another boot, a step of time, another connection.
        match at % 11 {
            10 => bytes.extend([0b0001_0001, (at / 11) as u8, 10, 1]),
            5 => bytes.extend([0b0011_0000, 10, 1, 1]),
            _ => bytes.push(0),
        }
        bytes.push(header.kind.number());
        piece(&mut bytes, &payload);
    }
    bytes
}

fn piece(bytes: &mut Vec<u8>, piece: &[u8]) {
    bytes.extend((piece.len() as u16).to_le_bytes());
    bytes.extend(piece);
}

fn captured(sent: &[Vec<u8>], at: usize) -> Vec<u8> {
    let (writer, mut file) = (Writer::new([1, 2, 3, at as u8]), vec![3, 0, 10, 200]);
    writer.preamble(&mut file);
    writer.start(1000, &mut file);
    for (number, frame) in sent.iter().take(12).enumerate() {
        let connection = 7 + number as u32 / 4;
        if number % 4 == 0 {
            writer.open(connection, 1000, ["tcp 127.0.0.1:9100", "127.0.0.1:5", ""], &mut file);
        }
        writer.bytes(connection, 1001 + number as u64, &frame[..frame.len().min(100)], &mut file);
    }
    writer.close(7, 2000, &mut file);
    if at % 2 == 1 {
        file[200] ^= 1;
        file.truncate(file.len() - 7);
    }
    file
}

/// The families, the payload of values and that of labels.
fn schema(sent: &[Vec<u8>]) -> (Vec<Vec<u8>>, Vec<u8>, Vec<u8>) {
    let (mut families, mut values, mut labels) = (BTreeMap::<usize, Vec<u8>>::new(), Vec::new(), Vec::new());
    for (header, payload) in opened(sent) {
        match header.kind {
            Kind::VALUES => values = payload,
            Kind::RECORDS => {
                let mut records = Records::new(&payload);
                for record in &mut records {
                    match record {
                        Record::Schema { family, part, .. } => {
                            let bytes = families.entry(family).or_default();
                            bytes.resize(part.total, 0);
                            bytes[part.offset..part.offset + part.bytes.len()].copy_from_slice(part.bytes);
                        }
                        Record::Label { .. } => labels.clone_from(&payload),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    (families.into_values().collect(), values, labels)
}

fn family(families: &[&[u8]], values: &[u8], labels: &[u8]) -> Vec<u8> {
    let mut bytes = vec![families.len() as u8];
    for family in families {
        piece(&mut bytes, family);
    }
    piece(&mut bytes, values);
    bytes.extend(labels);
    bytes
}

fn stored(damage: u8, families: &[&[u8]], values: &[u8]) -> Vec<u8> {
    let (mut bytes, mut file) = (vec![damage], Vec::new());
    for family in families {
        piece(&mut file, family);
    }
    piece(&mut bytes, &file);
    bytes.extend(values);
    bytes
}

fn requests() -> Vec<Vec<u8>> {
    let asked = [
        vec![Request::Hello, Request::Snapshot],
        vec![Request::Schema { family: 0 }],
        vec![Request::Schema { family: 3 }, Request::Labels { family: 4, slot: 1 }],
        vec![Request::Labels { family: 65_535, slot: 65_535 }, Request::Schema { family: 65_535 }],
        vec![
            Request::Hello,
            Request::Schema { family: 1 },
            Request::Snapshot,
            Request::Labels { family: 0, slot: 0 },
        ],
    ];
    let ask = |(at, requests): (usize, &Vec<Request>)| {
        let mut bytes = vec![at as u8 * 60, at as u8, 2, 10, 40];
        for sequence in 1..4 {
            let mut buf = [0; MIN_FRAME];
            let len = Request::put_all(requests, frame::payload(&mut buf));
            let header = Header { kind: Kind::REQUESTS, boot: 7, schema: 0, sequence, uptime: 0 };
            bytes.extend(frame::seal(&mut buf, &header, len));
        }
        bytes
    };
    asked.iter().enumerate().map(ask).collect()
}
