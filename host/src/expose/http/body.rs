//! The body of a scrape: chunks of a page, made when the client is ready for them.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_core::Stream;
use tokio::sync::OwnedSemaphorePermit;

use super::super::compress::{Gzip, PackError};
use super::super::negotiate::Encoding;
use super::{Page, Watch};

/// A stream of chunks. Each takes some tens of microseconds to make, and no lock is held between two.
pub(super) struct Chunks {
    page: Page,
    gzip: Option<Gzip>,
    /// A chunk to be packed.
    text: Vec<u8>,
    /// Chunks that were sent, whose memory is used again once the connection has let go of them.
    sent: VecDeque<Bytes>,
    ended: bool,
    watch: Watch,
    _slot: OwnedSemaphorePermit,
}

impl Chunks {
    /// Most sent chunks that are kept: what a connection buffers at a time.
    const KEPT: usize = 8;

    pub(super) fn new(page: Page, encoding: Encoding, watch: Watch, slot: OwnedSemaphorePermit) -> Self {
        let gzip = (encoding == Encoding::Gzip).then(Gzip::new);
        let (text, sent) = (Vec::new(), VecDeque::new());
        Self { page, gzip, text, sent, ended: false, watch, _slot: slot }
    }

    /// The next chunk; empty only at the end.
    fn next(&mut self) -> Result<Bytes, PackError> {
        let mut buf = self.buffer();
        let Some(gzip) = &mut self.gzip else {
            self.ended = !self.page.chunk(&mut buf);
            return Ok(self.keep(buf.into()));
        };
        buf.clear();
        while buf.is_empty() && !self.ended {
            self.ended = !self.page.chunk(&mut self.text);
            gzip.pack(&self.text, &mut buf)?;
            if self.ended {
                gzip.finish(&mut buf)?;
            }
        }
        Ok(self.keep(buf.into()))
    }

    /// Memory for a chunk: that of the oldest one sent, if it is free.
    fn buffer(&mut self) -> Vec<u8> {
        match self.sent.pop_front().map(Bytes::try_into_mut) {
            Some(Ok(free)) => free.into(),
            Some(Err(busy)) => {
                self.sent.push_front(busy);
                Vec::new()
            }
            None => Vec::new(),
        }
    }

    fn keep(&mut self, chunk: Bytes) -> Bytes {
        if self.sent.len() < Self::KEPT {
            self.sent.push_back(chunk.clone());
        }
        chunk
    }
}

impl Stream for Chunks {
    type Item = Result<Bytes, PackError>;

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        if this.ended {
            this.watch.done();
            return Poll::Ready(None);
        }
        let chunk = this.next();
        match &chunk {
            Ok(chunk) if chunk.is_empty() => {
                this.watch.done();
                return Poll::Ready(None);
            }
            Ok(chunk) => this.watch.sent(chunk.len()),
            // Never polled again after an error.
            Err(_) => this.ended = true,
        }
        Poll::Ready(Some(chunk))
    }
}

/// A body without chunks whose length is not known beforehand.
pub(super) struct Nothing;

impl Stream for Nothing {
    type Item = Result<Bytes, PackError>;

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(None)
    }
}
