//! Frames found in a stream.

use narthex::frame::{
    self, Decoder, Event, Frame, HEADER_LEN, Header, Kind, MAX_FRAME, MIN_FRAME, open_whole, payload, seal,
};

use crate::bytes::{Bytes, pieces};

/// What a decoder made of a stream.
#[derive(Debug, Default, PartialEq, Eq)]
struct Found {
    frames: Vec<(Header, Vec<u8>)>,
    refused: Vec<String>,
    /// Pieces that were neither frames nor text.
    corrupt: usize,
    /// Bytes of text, and of what came before the first delimiter.
    foreign: usize,
}

/// The decoder, fed in pieces: what it finds does not depend on where they are cut, every byte is accounted for once,
/// frames that it finds are made of the bytes they are found in, and whatever is sealed is found.
pub fn frame(data: &[u8]) {
    let mut input = Bytes(data);
    let count = input.byte() % 8;
    let (cuts, stream) = (input.take(count.into()), input.0);
    let cut = pieces(stream, cuts);
    let whole = decode::<MAX_FRAME>(stream, &[stream], false);
    for (pieces, shared) in [(&cut[..], false), (&[stream], true), (&cut, true)] {
        assert_eq!(decode::<MAX_FRAME>(stream, pieces, shared), whole, "{shared}, {cuts:?}");
        decode::<MIN_FRAME>(stream, pieces, shared);
    }
    for (header, bytes) in &whole.frames {
        assert_eq!(sealed(header, bytes), Some((*header, bytes.clone())));
    }
    let header = Header { kind: Kind::new(data.len() as u8), boot: 1, schema: 2, sequence: 3, uptime: 4 };
    let most = payload(&mut [0; MAX_FRAME]).len();
    let bytes = &stream[..stream.len().min(most)];
    assert_eq!(sealed(&header, bytes), Some((header, bytes.to_vec())));
}

/// What a decoder finds in a stream, given piece by piece; `shared` if it reads as a host does, in room that many share.
fn decode<const N: usize>(stream: &[u8], pieces: &[&[u8]], shared: bool) -> Found {
    let (mut decoder, mut room, mut found) = (Decoder::<N>::new(), [0; N], Found::default());
    // Bytes of complete pieces, and how many events there were: no more than bytes.
    let (mut told, mut events) = (0, 0);
    for piece in pieces {
        let mut rest = *piece;
        loop {
            let whole = (shared && decoder.is_in_step()).then(|| open_whole(&mut rest, &mut room)).flatten();
            let event = match whole {
                Some((Ok(header), len)) => {
                    decoder = Decoder::in_step();
                    Event::Frame(Frame { header, payload: &room[HEADER_LEN..][..len] })
                }
                Some((Err(why), _)) => Event::Refused(why),
                None => match decoder.feed(&mut rest) {
                    Some(event) => event,
                    None => break,
                },
            };
            events += 1;
            match event {
                Event::Frame(frame) => {
                    told += 1 + frame.payload.len();
                    found.frames.push((frame.header, frame.payload.to_vec()));
                }
                Event::Foreign(bytes) => {
                    told += bytes.len();
                    found.foreign += bytes.len();
                }
                Event::Joined(bytes) => {
                    told += bytes;
                    found.foreign += bytes;
                }
                Event::Corrupt(bytes) => {
                    told += bytes;
                    found.corrupt += 1;
                }
                Event::Refused(why) => {
                    told += 1;
                    found.refused.push(why.to_string());
                }
            }
        }
        assert!(rest.is_empty(), "it has taken all");
    }
    let (text, cut) = decoder.end();
    told += text.len() + cut;
    found.foreign += text.len() + cut;
    assert!(told <= stream.len() && events <= stream.len(), "{told} of {}, {events}", stream.len());
    found
}

/// A frame of these bytes, opened again.
fn sealed(header: &Header, bytes: &[u8]) -> Option<(Header, Vec<u8>)> {
    let mut buf = vec![0; bytes.len() + frame::overhead(MAX_FRAME) + MIN_FRAME];
    payload(&mut buf)[..bytes.len()].copy_from_slice(bytes);
    let mut sent = seal(&mut buf, header, bytes.len()).to_vec();
    assert_eq!(sent.pop(), Some(frame::DELIMITER));
    assert!(!sent.contains(&frame::DELIMITER));
    let opened = frame::open(&mut sent)?.ok()?;
    Some((opened.header, opened.payload.to_vec()))
}
