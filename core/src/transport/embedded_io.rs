//! Snapshots into any blocking byte sink.

use core::fmt;
use core::time::Duration;

use embedded_io::Write;

use super::{Error, Reporter};
use crate::frame::DELIMITER;
use crate::model::Source;

/// Why a snapshot was not sent whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SendError<E> {
    /// No frame could be made.
    Frame(Error),
    /// The sink failed.
    Write(E),
    /// The sink takes no more bytes.
    Closed,
}

impl<E: fmt::Display> fmt::Display for SendError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Frame(error) => error.fmt(f),
            Self::Write(error) => write!(f, "writing a frame failed: {error}"),
            Self::Closed => f.write_str("the link takes no more bytes"),
        }
    }
}

impl<E: fmt::Debug + fmt::Display> core::error::Error for SendError<E> {}

impl<S: Source + ?Sized> Reporter<'_, S> {
    /// Sends one snapshot: [`begin`](Reporter::begin), then every [`frame`](Reporter::frame), through `buf`, into
    /// `sink`; blocks as long as the sink does.
    ///
    /// A delimiter goes in front of each frame too, so that log lines may share the line with frames.
    ///
    /// # Errors
    /// [`SendError`]; what was not sent is given up. The next snapshot carries the values, and hello and schema come
    /// round again ([`with_trickle`](Reporter::with_trickle)).
    pub fn send<W: Write>(
        &mut self,
        uptime: Duration,
        buf: &mut [u8],
        sink: &mut W,
    ) -> Result<(), SendError<W::Error>> {
        self.begin(uptime);
        while let Some(frame) = self.frame(buf).map_err(SendError::Frame)? {
            put(sink, &[DELIMITER])?;
            put(sink, frame)?;
        }
        sink.flush().map_err(SendError::Write)
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
