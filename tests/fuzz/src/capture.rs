//! Files that `--record` writes.

use std::collections::HashSet;

use narthex_host::relay::link::capture::{Event, Reader, Writer};

use crate::bytes::{Bytes, pieces};

/// A file of any bytes, read in pieces: what it tells does not depend on where it is cut, connections are open while
/// their bytes come and closed at last, no byte is told twice. Then the same bytes recorded as entries and damaged in
/// one place: all that came is told, but for what the damage hit.
pub fn capture(data: &[u8]) {
    let mut input = Bytes(data);
    let count = input.byte() % 8;
    let (cuts, file) = (input.take(count.into()), input.0);
    assert_eq!(told(&[file]), told(&pieces(file, cuts)));
    recorded(cuts, file);
}

/// What a reader tells of a file: the bytes of each connection in a row, and what was unreadable.
fn told(pieces: &[&[u8]]) -> (Vec<(String, Vec<u8>)>, u64) {
    let (mut reader, mut told, mut open) = (Reader::new(), Vec::<(String, Vec<u8>)>::new(), HashSet::new());
    let mut bytes_told = 0;
    let mut tell = |event: Event<'_>| match event {
        Event::Open { connection, time_ms, link, peer, device } => {
            assert!(open.insert(connection), "opened twice");
            told.push((format!("open {connection} {time_ms} {link} {peer} {device:?}"), Vec::new()));
        }
        Event::Bytes { connection, bytes, time_ms } => {
            assert!(open.contains(&connection), "not open");
            bytes_told += bytes.len();
            let what = format!("bytes {connection} {time_ms}");
            match told.last_mut() {
                // Plain bytes are told as they come.
                Some((last, before)) if *last == what => before.extend_from_slice(bytes),
                _ => told.push((what, bytes.to_vec())),
            }
        }
        Event::Close { connection } => {
            assert!(open.remove(&connection), "was not open");
            told.push((format!("close {connection}"), Vec::new()));
        }
    };
    for piece in pieces {
        reader.feed(piece, &mut tell);
    }
    reader.finish(&mut tell);
    assert!(open.is_empty(), "all are closed");
    let length: usize = pieces.iter().map(|piece| piece.len()).sum();
    let unreadable = reader.unreadable();
    assert!(bytes_told + unreadable as usize <= length, "{bytes_told} and {unreadable} of {length}");
    (told, unreadable)
}

/// Records bytes, damages one byte behind the preamble, and reads it again.
fn recorded(cuts: &[u8], bytes: &[u8]) {
    let (writer, mut file) = (Writer::new([0x51, 0x0b, 0x7e, 0xa3]), Vec::new());
    writer.preamble(&mut file);
    let preamble = file.len();
    writer.start(1, &mut file);
    writer.open(7, 2, ["link", "peer", "device"], &mut file);
    for piece in pieces(bytes, cuts) {
        writer.bytes(7, 3, piece, &mut file);
    }
    writer.close(7, 4, &mut file);
    let same = |file: &[u8]| {
        let (told, _) = told(&[file]);
        told.into_iter()
            .filter(|(what, _)| what == "bytes 7 3")
            .flat_map(|(_, bytes)| bytes)
            .collect::<Vec<_>>()
    };
    assert_eq!(same(&file), bytes);
    let at =
        preamble + cuts.iter().map(|cut| usize::from(*cut)).sum::<usize>() * 31 % (file.len() - preamble);
    file[at] ^= 1 + cuts.len() as u8;
    // A header is put right, and a payload is as long as before.
    let damaged = same(&file);
    let wrong = damaged.iter().zip(bytes).filter(|(now, then)| now != then).count();
    assert!(damaged.len() == bytes.len() && wrong <= 1, "at {at}: {wrong} wrong");
}
