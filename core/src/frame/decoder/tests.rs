//! Frames among whatever else is on a line.

use super::super::{DELIMITER, Kind, open_whole, payload, seal};
use super::*;
use std::string::String;
use std::vec::Vec;

fn frame(sequence: u16, bytes: &[u8]) -> Vec<u8> {
    let mut buf = [0; 512];
    payload(&mut buf)[..bytes.len()].copy_from_slice(bytes);
    let header = Header { kind: Kind::VALUES, boot: 1, schema: 2, sequence, uptime: 3 };
    seal(&mut buf, &header, bytes.len()).to_vec()
}

/// Feeds in pieces of `step` bytes; events as text. They are the same whether whole frames are opened elsewhere or not.
fn events(input: &[u8], step: usize) -> Vec<String> {
    let seen = events_of(input, step, |decoder, piece, _| decoder.feed(piece));
    assert_eq!(seen, events_of(input, step, feed_whole), "in steps of {step}");
    seen
}

/// As a host does.
fn feed_whole<'a>(
    decoder: &'a mut Decoder<256>,
    piece: &mut &[u8],
    room: &'a mut [u8; 256],
) -> Option<Event<'a>> {
    if decoder.is_in_step()
        && let Some((opened, len)) = open_whole(piece, room)
    {
        *decoder = Decoder::in_step();
        let payload = &room[HEADER_LEN..][..len];
        return Some(opened.map(|header| Frame { header, payload }).into());
    }
    decoder.feed(piece)
}

fn events_of(
    input: &[u8],
    step: usize,
    feed: impl for<'a> Fn(&'a mut Decoder<256>, &mut &[u8], &'a mut [u8; 256]) -> Option<Event<'a>>,
) -> Vec<String> {
    let (mut decoder, mut room) = (Decoder::<256>::new(), [0; 256]);
    let mut seen = Vec::new();
    for mut piece in input.chunks(step) {
        while let Some(event) = feed(&mut decoder, &mut piece, &mut room) {
            seen.push(match event {
                Event::Frame(frame) => std::format!("frame {}", frame.header.sequence),
                Event::Foreign(bytes) => std::format!("foreign {:?}", String::from_utf8_lossy(bytes)),
                Event::Joined(n) => std::format!("joined {n}"),
                Event::Corrupt(n) => std::format!("corrupt {n}"),
                Event::Refused(error) => std::format!("refused {error}"),
            });
        }
    }
    seen
}

fn check(input: &[u8], want: &[&str]) {
    for step in [1, 2, 3, 7, 64, 1000] {
        assert_eq!(events(input, step), want, "in steps of {step}");
    }
}

#[test]
fn frames_and_log_lines_share_a_line() {
    let mut link = frame(1, b"abc");
    link.extend(b"[ 1.0] 21 \xc2\xb0C\r\n\0");
    link.extend(frame(2, b""));
    check(&link, &["frame 1", "foreign \"[ 1.0] 21 °C\\r\\n\"", "frame 2"]);
}

#[test]
fn a_log_line_needs_no_delimiter() {
    let mut link = b"\0boot\r\nready\r\n".to_vec();
    link.extend(frame(1, b"abc"));
    check(&link, &["foreign \"boot\\r\\nready\\r\\n\"", "frame 1"]);
}

#[test]
fn joining_in_the_middle_is_no_corruption() {
    let mut link = frame(1, &[200; 40])[9..].to_vec();
    link.extend(frame(2, b"x"));
    check(&link, &["joined 51", "frame 2"]);
}

#[test]
fn a_flipped_bit_is_corrupt_and_the_next_frame_is_not() {
    let good = frame(1, &[7; 30]);
    for at in 1..good.len() - 1 {
        let mut link = frame(0, b"");
        let mut bad = good.clone();
        // A bit that makes no zero.
        bad[at] ^= if bad[at] == 0x10 { 0x20 } else { 0x10 };
        link.extend(&bad);
        link.extend(frame(2, b""));
        let seen = events(&link, 11);
        assert_eq!(seen.len(), 3, "{seen:?}");
        assert!(seen[1].starts_with("corrupt"), "{seen:?}");
    }
}

#[test]
fn what_is_too_long_is_let_go() {
    let mut link = frame(1, b"");
    link.extend([b'a'; 600]);
    link.push(0);
    link.extend([0x80; 600]);
    link.push(0);
    link.extend(frame(2, b""));
    let seen = events(&link, 50);
    assert_eq!(seen.iter().filter(|event| event.starts_with("corrupt")).count(), 1, "{seen:?}");
    assert_eq!(seen.last().map(String::as_str), Some("frame 2"));
}

#[test]
fn a_frame_behind_any_length_of_log_is_found() {
    for line in ["21 degrees\r\n", "21 °C\r\n", "\n", "no line feed, °°°"] {
        for lines in 0..80 {
            let mut link = b"\0".to_vec();
            link.extend(line.repeat(lines).bytes());
            if !line.ends_with('\n') {
                link.push(DELIMITER);
            }
            link.extend(frame(1, b"abc"));
            let seen = events(&link, 50);
            assert_eq!(seen.last().map(String::as_str), Some("frame 1"), "{lines} of {line:?}");
            let text = seen.iter().filter(|event| event.starts_with("foreign")).count();
            assert!(line.contains("°°") || text + 1 == seen.len(), "{seen:?}");
        }
    }
}

#[test]
fn a_frame_that_begins_with_a_line_feed_is_not_cut() {
    let mut buf = [0; 64];
    // The first zero is the tenth byte, the low one of the sequence: the first code byte is 10, a line feed.
    let header = Header { kind: Kind::VALUES, boot: !0, schema: !0, sequence: 0x100, uptime: 3 };
    let mut link = b"ready\r\n".to_vec();
    link.extend(seal(&mut buf, &header, 0));
    assert_eq!(link.get(7), Some(&b'\n'));
    check(&link, &["foreign \"ready\\r\\n\"", "frame 256"]);
}

#[test]
fn a_frame_that_looks_like_text_is_a_frame() {
    let word = u32::from_le_bytes(*b"AAAA");
    let found = (0..u16::MAX).find_map(|sequence| {
        let mut buf = [0; 64];
        payload(&mut buf)[..20].fill(b'a');
        let header = Header { kind: Kind::VALUES, boot: word, schema: word, sequence, uptime: word };
        let frame = seal(&mut buf, &header, 20).to_vec();
        (log::run(&frame).len() + 1 == frame.len()).then_some((sequence, frame))
    });
    let (sequence, link) = found.unwrap();
    check(&link, &[&std::format!("frame {sequence}")]);
}

#[test]
fn a_log_is_told_before_a_delimiter_comes() {
    let mut link = b"0123456789abcd\r\n".repeat(9);
    let seen = events(&link, 16);
    assert_eq!(seen.len(), 1, "{seen:?}");
    assert!(seen.iter().all(|event| event.starts_with("foreign")), "{seen:?}");
    link.extend(frame(1, b"abc"));
    for step in [1, 16, 145, 146, 147, 1000] {
        assert_eq!(events(&link, step).last().map(String::as_str), Some("frame 1"), "in steps of {step}");
    }
}

#[test]
fn time_is_in_proportion_to_the_input() {
    // With a search to the end of the input for each buffer it fills, this takes minutes.
    let input = std::vec![b'\n'; 4 << 20];
    assert_eq!(events(&input, input.len()).len(), input.len() / 256 - 1);
}

#[test]
fn a_newer_version_is_refused_by_name() {
    let mut buf = [0u8; 64];
    let header = Header { kind: Kind::VALUES, boot: 1, schema: 2, sequence: 3, uptime: 4 };
    let mut link = Vec::new();
    // Build a version 2 frame by hand: COBS of header and check.
    let mut body = header.to_bytes().to_vec();
    body[0] = 0x80;
    body.extend(crc32(body.iter().copied()).to_le_bytes());
    buf[2..2 + body.len()].copy_from_slice(&body);
    let len = cobs::encode_in_place(&mut buf, 2, 2 + body.len());
    link.extend(&buf[..len]);
    check(&link, &["refused a frame has version 2, this is version 1"]);
}
