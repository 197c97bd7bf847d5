use std::collections::BTreeMap;

use super::header::{HEADER, Header, Kind};
use super::*;

const KEY: [u8; 4] = [0xDE, 0xAD, 0x00, 0x42];

/// A generator that is the same everywhere: splitmix64.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) % below as u64) as usize
    }
}

/// What a capture told.
#[derive(Debug, Default, PartialEq, Eq)]
struct Told {
    names: BTreeMap<u32, [String; 3]>,
    bytes: BTreeMap<u32, Vec<u8>>,
    times: Vec<u64>,
    closed: Vec<u32>,
    unreadable: u64,
}

impl Told {
    fn by(file: &[u8], piece: usize) -> Self {
        let (mut told, mut reader) = (Self::default(), Reader::new());
        let mut tell = |event: Event<'_>| match event {
            Event::Open { connection, link, peer, device, .. } => {
                let names = [link, peer, device.unwrap_or_default()].map(str::to_owned);
                told.names.insert(connection, names);
            }
            Event::Bytes { connection, time_ms, bytes } => {
                assert!(told.names.contains_key(&connection), "bytes before it was opened");
                told.bytes.entry(connection).or_default().extend_from_slice(bytes);
                told.times.push(time_ms);
            }
            Event::Close { connection } => told.closed.push(connection),
        };
        for piece in file.chunks(piece) {
            reader.feed(piece, &mut tell);
            assert!(reader.buffer.len() <= (1 << 16) + 2 * HEADER, "the buffer has {}", reader.buffer.len());
        }
        reader.finish(&mut tell);
        told.unreadable = reader.unreadable();
        told
    }

    fn total(&self) -> usize {
        self.bytes.values().map(Vec::len).sum()
    }
}

/// Three connections that send numbered pieces of 40 bytes, each of which says whose it is.
fn capture(rounds: u32) -> Vec<u8> {
    let (writer, mut file) = (Writer::new(KEY), Vec::new());
    writer.preamble(&mut file);
    writer.start(1, &mut file);
    for connection in 7..10 {
        let peer = format!("127.0.0.1:{connection}");
        writer.open(
            connection,
            2,
            ["tcp 127.0.0.1:9100", &peer, if connection == 7 { "pump" } else { "" }],
            &mut file,
        );
    }
    for round in 0..rounds {
        for connection in 7..10 {
            writer.bytes(connection, 3 + u64::from(round), &piece(connection, round), &mut file);
        }
    }
    (7..10).for_each(|connection| writer.close(connection, 9, &mut file));
    file
}

fn piece(connection: u32, round: u32) -> Vec<u8> {
    [connection.to_le_bytes(), round.to_le_bytes()].concat().repeat(5)
}

#[test]
fn what_was_written_is_read_however_it_is_cut() {
    let file = capture(50);
    let told = Told::by(&file, usize::MAX);
    assert_eq!(told.names[&7], ["tcp 127.0.0.1:9100", "127.0.0.1:7", "pump"]);
    assert_eq!(told.names[&9], ["tcp 127.0.0.1:9100", "127.0.0.1:9", ""]);
    for connection in 7..10 {
        let sent: Vec<u8> = (0..50).flat_map(|round| piece(connection, round)).collect();
        assert_eq!(told.bytes[&connection], sent);
    }
    assert_eq!((&told.times[..4], &*told.closed, told.unreadable), (&[3, 3, 3, 4][..], &[7, 8, 9][..], 0));
    for size in [1, 2, 19, 20, 1000] {
        assert_eq!(Told::by(&file, size), told, "in pieces of {size}");
    }
}

#[test]
fn long_input_is_split_and_long_names_are_cut() {
    let (writer, mut file) = (Writer::new(KEY), Vec::new());
    let long: Vec<u8> = (0..200_000_u32).flat_map(u32::to_le_bytes).collect();
    writer.preamble(&mut file);
    writer.open(1, 1, [&"ä".repeat(1000), "a\0b", ""], &mut file);
    let before = file.len();
    writer.bytes(1, 1, &long, &mut file);
    assert_eq!(file.len() - before, Writer::length(long.len()));
    let told = Told::by(&file, 5000);
    assert_eq!((&told.bytes[&1], told.unreadable), (&long, 0));
    assert_eq!(told.names[&1], ["ä".repeat(127), "ab".to_owned(), String::new()]);
    // What is not closed in the file is closed at its end.
    assert_eq!(told.closed, [1]);
}

#[test]
fn a_hundredth_of_wrong_bytes_costs_little_and_nothing_is_told_of_another() {
    for seed in 0..12 {
        let (mut dice, mut file) = (Dice(seed), capture(1000));
        for byte in &mut file {
            if dice.roll(100) == 0 {
                *byte ^= 1 + dice.roll(255) as u8;
            }
        }
        let told = Told::by(&file, 4096);
        // Of 120 000 bytes: 1.5 % of the headers have two wrong bytes.
        assert!((114_000..=120_000).contains(&told.total()), "seed {seed}: {}", told.total());
        assert!(told.unreadable < 6000 + 500, "seed {seed}: {}", told.unreadable);
        for (connection, bytes) in &told.bytes {
            assert!((7..10).contains(connection), "seed {seed}: {connection}");
            // Each piece says five times whose it is; an entry is told whole or not at all.
            assert_eq!(bytes.len() % 40, 0, "seed {seed}");
            for piece in bytes.chunks(40) {
                let says = piece.chunks(8).filter(|part| part[..4] == connection.to_le_bytes()).count();
                assert!(says >= 2, "seed {seed}: {connection} was told {piece:?}");
            }
        }
        for (connection, [_, peer, _]) in &told.names {
            assert!(peer.is_empty() || *peer == format!("127.0.0.1:{connection}"), "seed {seed}: {peer}");
        }
    }
}

#[test]
fn a_file_that_is_cut_anywhere_tells_what_is_there() {
    let (file, whole) = (capture(3), Told::by(&capture(3), 1 << 20));
    let mut most = 0;
    for end in (0..file.len()).skip(MAGIC.len()) {
        let told = Told::by(&file[..end], 1 << 20);
        for (connection, bytes) in &told.bytes {
            assert!(whole.bytes[connection].starts_with(bytes), "cut at {end}");
        }
        assert!(told.total() >= most && told.unreadable < 100);
        most = told.total();
        assert_eq!(told.closed.len(), told.names.len());
    }
}

#[test]
fn an_entry_that_was_cut_short_ends_where_the_next_begins() {
    let writer = Writer::new(KEY);
    for cut in 1..HEADER + 40 {
        let mut file = capture(1);
        // The disk was full, or the power failed; the next run goes on behind it.
        let mut torn = Vec::new();
        writer.bytes(77, 5, &[b'x'; 40], &mut torn);
        file.extend_from_slice(&torn[..torn.len() - cut]);
        writer.start(6, &mut file);
        writer.open(1000, 6, ["udp", "10.0.0.1:1", ""], &mut file);
        writer.bytes(1000, 7, b"after", &mut file);
        let told = Told::by(&file, 1 << 20);
        assert_eq!(told.bytes[&1000], b"after", "cut {cut}");
        let torn_bytes = told.bytes.get(&77).map_or(0, Vec::len);
        assert_eq!(torn_bytes, 40_usize.saturating_sub(cut), "cut {cut}");
        assert!(told.bytes.get(&77).is_none_or(|bytes| bytes.iter().all(|byte| *byte == b'x')));
    }
}

#[test]
fn what_a_device_sends_is_never_taken_for_an_entry() {
    // A device that knows the format, but not the key, sends entries of another connection; the header before it is
    // broken, so its payload is searched for headers.
    let mut forged = Vec::new();
    Writer::new([9, 9, 9, 9]).bytes(8, 1, b"I am another", &mut forged);
    let (writer, mut file) = (Writer::new(KEY), Vec::new());
    writer.preamble(&mut file);
    writer.open(8, 1, ["tcp", "victim", ""], &mut file);
    let header = file.len();
    writer.bytes(7, 1, &forged.repeat(20), &mut file);
    writer.bytes(8, 2, b"mine", &mut file);
    (header..header + 6).for_each(|at| file[at] ^= 0x55);
    let told = Told::by(&file, 1 << 20);
    assert_eq!((told.bytes.len(), &*told.bytes[&8]), (1, &b"mine"[..]));
    assert_eq!(told.unreadable, (forged.len() * 20 + HEADER) as u64);
}

#[test]
fn a_length_that_lies_costs_nothing() {
    let (writer, mut file) = (Writer::new(KEY), Vec::new());
    writer.preamble(&mut file);
    for connection in 0..1000 {
        Header { kind: Kind::Bytes, length: u16::MAX, connection, time_ms: 1 }.write(KEY, &mut file);
        file.push(connection as u8);
    }
    let told = Told::by(&file, 77);
    assert_eq!((told.total(), told.closed.len(), told.unreadable), (1000, 1000, 0));
    assert!(told.bytes.iter().all(|(connection, bytes)| **bytes == [*connection as u8]));
}

#[test]
fn any_bytes_are_read_without_end_or_panic() {
    for seed in 0..200 {
        let mut dice = Dice(seed);
        let mut file = capture(5);
        // Noise in place of some of it, at random places; some are not even captures any more.
        for _ in 0..dice.roll(20) {
            let (at, length) = (dice.roll(file.len()), dice.roll(60));
            let end = (at + length).min(file.len());
            match dice.roll(3) {
                0 => file[at..end].fill_with(|| dice.roll(256) as u8),
                1 => drop(file.drain(at..end)),
                _ => {
                    let again = file[at..end].to_vec();
                    file.splice(at..at, again);
                }
            }
        }
        let told = Told::by(&file, 1 + dice.roll(500));
        assert_eq!(told.closed.len(), told.names.len(), "seed {seed}");
        assert!(told.total() as u64 + told.unreadable <= file.len() as u64, "seed {seed}");
    }
}

#[test]
fn a_file_without_the_first_line_is_the_bytes_of_one_device() {
    for plain in [&b"x"[..], b"narthex", b"narthex capture", &[0; 100], b"boot: hello\nnarthex capture 1\n"] {
        let told = Told::by(plain, 3);
        assert_eq!((&*told.bytes[&0], &*told.closed, told.unreadable), (plain, &[0][..], 0));
    }
    assert_eq!(Told::by(b"", 1), Told::default());
    // A third of the first line and three keys may be wrong, and it is still a capture.
    let mut file = capture(1);
    file[..6].fill(b'?');
    file[20..30].fill(0);
    assert_eq!(Told::by(&file, 10), Told::by(&capture(1), 10));
    assert_eq!(Told::by(MAGIC, 10), Told::default());
}
