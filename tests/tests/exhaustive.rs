//! Small domains, whole: numbers, varints, checks and envelopes against plain twins.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that panics has failed")]

use narthex::frame::{self, HEADER_LEN, Header, Kind, crc32, open, seal};
use narthex::model::Scale;
use narthex::text::{Out, number};
use narthex::wire::{MAX_VARINT, put_varint, take_varint, varint_len};

/// All of 16 bits, and what is beside each power of two above.
fn numbers() -> impl Iterator<Item = u64> {
    let beside = |bit: u32| [(1u64 << bit) - 1, 1 << bit, (1 << bit) + 1];
    (0..=u64::from(u16::MAX)).chain((16..64).flat_map(beside)).chain([u64::MAX - 1, u64::MAX])
}

/// LEB128 as it is told: seven bits a byte, the lowest first, the top bit where more follow.
fn leb128(mut n: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while n > 127 {
        bytes.push((n % 128) as u8 + 128);
        n /= 128;
    }
    bytes.push(n as u8);
    bytes
}

#[test]
fn varints_are_leb128_and_come_back() {
    for n in numbers() {
        let plain = leb128(n);
        let mut buf = [0; MAX_VARINT];
        assert_eq!(put_varint(&mut buf, n), Some(plain.len()), "{n}");
        assert_eq!((&buf[..plain.len()], varint_len(n)), (&plain[..], plain.len()), "{n}");
        let mut rest = &buf[..plain.len()];
        assert_eq!((take_varint(&mut rest), rest.len()), (Some(n), 0));
        for short in 0..plain.len() {
            assert_eq!(put_varint(&mut buf[..short], n), None, "{n} in {short}");
            assert_eq!(take_varint(&mut &plain[..short]), None, "{n} of {short}");
        }
    }
}

/// Every two bytes, before two that end any number: what is read is what they say, or nothing.
#[test]
fn any_two_bytes_are_read_as_they_say() {
    for bytes in 0..=u16::MAX {
        let [first, second] = bytes.to_le_bytes();
        let expected = match (first, second) {
            (0..128, _) => Some((u64::from(first), 1)),
            (_, 0..128) => Some((u64::from(first - 128) + 128 * u64::from(second), 2)),
            _ => None,
        };
        let input = [first, second];
        let mut rest = &input[..];
        let taken = take_varint(&mut rest).map(|n| (n, 2 - rest.len()));
        // A number may have a shorter form: a reader may refuse the longer one, never read another number.
        assert!(taken == expected || (taken.is_none() && second == 0), "{first} {second}: {taken:?}");
    }
}

/// CRC-32 (IEEE 802.3) bit by bit, the polynomial reflected.
fn plain_crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, byte| {
        (0..8).fold(
            crc ^ u32::from(*byte),
            |crc, _| if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 },
        )
    })
}

#[test]
fn checks_are_those_of_a_plain_one() {
    assert_eq!(crc32(b"123456789".iter().copied()), 0xcbf4_3926);
    for bytes in 0..=u16::MAX {
        let bytes = bytes.to_le_bytes();
        assert_eq!(crc32(bytes.into_iter()), plain_crc(&bytes));
        assert_eq!(crc32(bytes.into_iter().take(1)), plain_crc(&bytes[..1]));
    }
}

/// COBS as its paper tells it (Cheshire and Baker, 1999): a code, and so many bytes less one; a zero follows unless the
/// code is 255 or the end is reached.
fn plain_cobs(mut piece: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    while let [code, rest @ ..] = piece {
        let (run, rest) = rest.split_at(usize::from(*code) - 1);
        bytes.extend(run);
        if *code < 255 && !rest.is_empty() {
            bytes.push(0);
        }
        piece = rest;
    }
    bytes
}

/// Seals, takes apart by the plain twins, and opens.
fn envelope(payload: &[u8]) {
    let header = Header { kind: Kind::VALUES, boot: 0x0100_0001, schema: 0, sequence: 0x00ff, uptime: 7 };
    let mut buf = [0; 1024];
    frame::payload(&mut buf)[..payload.len()].copy_from_slice(payload);
    let sealed = seal(&mut buf, &header, payload.len()).to_vec();
    let (delimiter, piece) = sealed.split_last().unwrap();
    assert_eq!((*delimiter, piece.contains(&0)), (0, false));
    let plain = plain_cobs(piece);
    let (body, check) = plain.split_last_chunk::<4>().unwrap();
    assert_eq!(body, [&header.to_bytes()[..], payload].concat());
    assert_eq!(u32::from_le_bytes(*check), plain_crc(body));
    let mut piece = piece.to_vec();
    let opened = open(&mut piece).unwrap().unwrap();
    assert_eq!((opened.header, opened.payload), (header, payload));
}

#[test]
fn every_short_payload_comes_back() {
    envelope(&[]);
    for payload in 0..=u16::MAX {
        envelope(&payload.to_le_bytes());
    }
}

/// Runs without a zero of every length around those at which COBS begins a new one.
#[test]
fn every_run_comes_back() {
    for zero_at in (0..600).step_by(7).chain(235..275).chain(485..525) {
        let mut payload = vec![0xa5; 600];
        payload[zero_at] = 0;
        envelope(&payload);
        envelope(&payload[..=zero_at]);
        envelope(&payload[..zero_at]);
    }
    assert_eq!(HEADER_LEN, 15);
}

/// Moves the decimal point in the digits.
fn plain_decimal(n: u64, scale: i8) -> String {
    let digits = n.to_string();
    if n == 0 || scale >= 0 {
        return digits + &"0".repeat(if n == 0 { 0 } else { scale.unsigned_abs().into() });
    }
    let places = usize::from(scale.unsigned_abs());
    let digits = format!("{digits:0>width$}", width = places + 1);
    let (whole, fraction) = digits.split_at(digits.len() - places);
    format!("{whole}.{fraction}").trim_end_matches('0').trim_end_matches('.').into()
}

#[test]
fn decimals_are_digits_with_a_point_moved() {
    for scale in -18..=18i8 {
        for n in numbers() {
            let mut buf = [0; 64];
            let mut out = Out::new(&mut buf);
            number::decimal(&mut out, n, Scale::new(scale));
            assert_eq!(out.written(), plain_decimal(n, scale).as_bytes(), "{n} with scale {scale}");
        }
    }
}
