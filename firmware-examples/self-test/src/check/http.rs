//! The server: an answer to a request that comes in pieces is the page, in chunks.

use core::time::Duration;

use narthex::frame::crc32;
use narthex::http::{Connection, Endpoint, Wants};

use super::subject::REGISTRY;
use super::{Failure, Made, Outcome, holds};

const TEXT: &[u8] = b"GET /metrics HTTP/1.1\r\nHost: device\r\n\r\n";
const OPEN_METRICS: &[u8] = b"GET /metrics?all HTTP/1.1\r\nHost: device\r\n\
    Accept: text/plain;q=0.3,application/openmetrics-text;version=1.0.0\r\n\r\n";

pub(super) fn server() -> Outcome {
    let text = answer(TEXT, include_bytes!("../../expected/page.txt"))?;
    let open_metrics = answer(OPEN_METRICS, include_bytes!("../../expected/page.openmetrics"))?;
    let check = crc32(text.check.to_le_bytes().into_iter().chain(open_metrics.check.to_le_bytes()));
    Ok(Made { bytes: text.bytes + open_metrics.bytes, check })
}

/// The answer to a request has this body, in chunks.
fn answer(request: &[u8], page: &[u8]) -> Outcome {
    let (mut room, mut buf, now) = ([0; 160], [0; 256], Duration::ZERO);
    let (endpoint, mut connection) = (Endpoint::new(&REGISTRY), Connection::new(&mut room));
    connection.open(now);
    for piece in request.chunks(7) {
        holds!(connection.wants() == Wants::Bytes);
        holds!(connection.receive(&endpoint, piece, now) == piece.len());
    }
    let (mut rest, mut made, mut head) = (page, Made::default(), true);
    while connection.wants() == Wants::Room {
        let len = connection.send(&endpoint, &mut buf, true, now);
        let mut sent = buf.get(..len).unwrap_or_default();
        let before = made.check.to_le_bytes();
        made.check = crc32(before.into_iter().chain(sent.iter().copied()));
        made.bytes += len;
        if head {
            holds!(sent.starts_with(b"HTTP/1.1 200 OK\r\n"));
            let Some(end) = sent.windows(4).position(|four| four == b"\r\n\r\n") else { return Err(CUT) };
            sent = sent.get(end + 4..).unwrap_or_default();
            head = false;
        }
        while !sent.is_empty() {
            let (chunk, behind) = chunk(sent).ok_or(CUT)?;
            holds!(rest.starts_with(chunk));
            holds!(!chunk.is_empty() || (rest.is_empty() && behind.is_empty()));
            rest = rest.get(chunk.len()..).unwrap_or_default();
            sent = behind;
        }
    }
    // It may ask again.
    holds!(connection.wants() == Wants::Bytes && rest.is_empty());
    Ok(made)
}

const CUT: Failure = Failure { what: "an answer is in whole chunks", file: file!(), line: line!() };

/// Takes a chunk from the front: its size in hexadecimal, a line end, its bytes, a line end.
fn chunk(sent: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = sent.windows(2).position(|two| two == b"\r\n")?;
    let digits = core::str::from_utf8(sent.get(..end)?).ok()?;
    let (chunk, behind) = sent.get(end + 2..)?.split_at_checked(usize::from_str_radix(digits, 16).ok()?)?;
    Some((chunk, behind.strip_prefix(b"\r\n")?))
}
