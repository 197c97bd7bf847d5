//! Snapshots into any blocking byte sink.

use core::time::Duration;

use embedded_io::{Read, ReadReady, Write};

use super::{Inbox, Memory, Reporter, Requests, SendError};
use crate::frame::DELIMITER;
use crate::model::Source;

impl<S: Source + ?Sized, M: Memory, R: Requests> Reporter<'_, S, M, R> {
    /// Sends one snapshot: [`begin`](Reporter::begin), then every [`frame`](Reporter::frame), through `buf`, into
    /// `sink`; blocks as long as the sink does.
    ///
    /// A delimiter goes in front of each frame too, so that log lines may share the line with frames.
    ///
    /// # Errors
    /// [`SendError`]; what was not sent is given up. The next snapshot carries the values, and hello and schema come
    /// round again ([`with_trickle`](Reporter::with_trickle)); the next snapshot is a full one.
    pub fn send<W: Write>(
        &mut self,
        uptime: Duration,
        buf: &mut [u8],
        sink: &mut W,
    ) -> Result<(), SendError<W::Error>> {
        self.begin(uptime);
        let sent = self.write_frames(buf, sink);
        if sent.is_err() {
            self.forget();
        }
        sent
    }

    fn write_frames<W: Write>(&mut self, buf: &mut [u8], sink: &mut W) -> Result<(), SendError<W::Error>> {
        while let Some(frame) = self.frame(buf).map_err(SendError::Frame)? {
            put(sink, &[DELIMITER])?;
            put(sink, frame)?;
        }
        sink.flush().map_err(SendError::Write)
    }
}

impl<S: Source + ?Sized, M> Reporter<'_, S, M, Inbox> {
    /// Takes what the gateway has sent so far, from the link's other half; never waits for more. Call it before each
    /// snapshot at least.
    ///
    /// At most 256 bytes in a call, so that it ends on a line that is never quiet; all requests together are shorter.
    ///
    /// # Errors
    /// What `link` fails with. Bytes that were read before are not lost.
    pub fn poll<L: Read + ReadReady>(&mut self, link: &mut L) -> Result<(), L::Error> {
        let mut buf = [0; 32];
        for _ in 0..256 / buf.len() {
            if !link.read_ready()? {
                break;
            }
            let n = link.read(&mut buf)?;
            if n == 0 {
                break;
            }
            self.receive(buf.get(..n).unwrap_or_default());
        }
        Ok(())
    }
}

/// Like `Write::write_all`, which may panic on a sink that is closed.
fn put<W: Write>(sink: &mut W, mut bytes: &[u8]) -> Result<(), SendError<W::Error>> {
    while !bytes.is_empty() {
        let n = sink.write(bytes).map_err(SendError::Write)?;
        bytes = bytes.get(n..).filter(|_| n > 0).ok_or(SendError::Closed)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::{Decoder, Event, Header, Kind, MAX_FRAME, MIN_FRAME, payload, seal};
    use crate::model::{Instance, Value};
    use crate::wire::{Identity, Request};
    use core::convert::Infallible;
    use std::vec::Vec;

    struct Nothing;

    impl Source for Nothing {
        fn instance(&self, _: usize) -> Option<Instance<'_>> {
            None
        }

        fn read(&self, _: usize, _: usize, _: usize) -> Option<Value> {
            None
        }

        fn schema_hash(&self) -> u32 {
            0
        }
    }

    /// A link that gives a few bytes at a time, and for ever if `noisy`.
    struct Link {
        bytes: Vec<u8>,
        noisy: bool,
        reads: usize,
    }

    impl embedded_io::ErrorType for Link {
        type Error = Infallible;
    }

    impl ReadReady for Link {
        fn read_ready(&mut self) -> Result<bool, Infallible> {
            Ok(self.noisy || !self.bytes.is_empty())
        }
    }

    impl Read for Link {
        fn read(&mut self, buf: &mut [u8]) -> Result<usize, Infallible> {
            assert!(self.noisy || !self.bytes.is_empty(), "this would block");
            self.reads += 1;
            let len = buf.len().min(7).min(self.bytes.len());
            buf[..len].copy_from_slice(&self.bytes[..len]);
            self.bytes.drain(..len);
            Ok(if self.noisy { buf.len() } else { len })
        }
    }

    #[test]
    fn what_is_ready_is_read_and_no_more() {
        let mut buf = [0; MIN_FRAME];
        let len = Request::put_all(&[Request::Hello], payload(&mut buf));
        let header = Header { kind: Kind::REQUESTS, boot: 0, schema: 0, sequence: 1, uptime: 0 };
        let bytes = seal(&mut buf, &header, len).to_vec();
        let mut link = Link { bytes, noisy: false, reads: 0 };
        let identity = Identity { device: "d", firmware: "" };
        let mut reporter = Reporter::new(&Nothing, identity, 1).with_trickle(0).with_requests();
        let frames = |reporter: &mut Reporter<'_, Nothing, (), Inbox>| {
            let (mut sent, mut buf, mut count) = ([0; 200], [0; 64], 0);
            let mut sink = &mut sent[..];
            reporter.send(Duration::ZERO, &mut buf, &mut sink).unwrap();
            let left = sink.len();
            let (mut decoder, mut sent) = (Decoder::<MAX_FRAME>::new(), &sent[..200 - left]);
            while let Some(event) = decoder.feed(&mut sent) {
                assert!(matches!(event, Event::Frame(_)));
                count += 1;
            }
            count
        };
        assert_eq!((frames(&mut reporter), frames(&mut reporter)), (1, 0));
        reporter.poll(&mut link).unwrap();
        assert_eq!((frames(&mut reporter), frames(&mut reporter)), (1, 0));
        link = Link { bytes: Vec::new(), noisy: true, reads: 0 };
        reporter.poll(&mut link).unwrap();
        assert_eq!(link.reads, 8);
    }
}
