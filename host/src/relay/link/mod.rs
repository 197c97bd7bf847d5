//! Links: where bytes come in.
//!
//! A link knows bytes, peers and time, and nothing of frames. For each connection it asks its [`Gate`] for an
//! [`Intake`], feeds it what arrives, and drops it when the connection ends. A connection that ends, for whatever
//! reason, is never the end of the gateway: a listener goes on listening, a port or a peer that went away is opened
//! again.
//!
//! | link | file | a connection is |
//! |---|---|---|
//! | `tcp ADDR` | [`tcp`] | one that a device has opened |
//! | `tcp-connect ADDR` | [`tcp`] | one that we keep dialling |
//! | `serial PATH` | [`serial`] | an open port |
//! | `stdin` | [`stdin`] | standard input, once |

mod backoff;
mod connection;
pub mod serial;
mod status;
pub mod stdin;
pub mod tcp;

use std::io;
use std::sync::Arc;

use tokio::sync::Semaphore;

pub use backoff::Backoff;
pub use connection::Connection;
pub use status::LinkStatus;

/// What takes the bytes of one connection. Dropped when the connection ends.
pub trait Intake: Send {
    /// Takes bytes as they came, cut anywhere. What shall go back to the peer is appended to `reply`; a link that goes
    /// one way drops it.
    fn feed(&mut self, bytes: &[u8], reply: &mut Vec<u8>);
}

/// Makes an [`Intake`] for each new connection.
pub trait Gate: Send + Sync {
    /// A new intake for what `peer` sends over `link`; `name` is what the user calls the device at its other end.
    fn open(&self, link: &Arc<str>, name: Option<&Arc<str>>, peer: &str) -> Box<dyn Intake>;
}

/// What every link is made of, whatever it is that brings the bytes.
#[derive(Clone)]
#[allow(missing_debug_implementations, reason = "a trait object; nothing to show")]
pub struct Link {
    name: Arc<str>,
    device: Option<Arc<str>>,
    gate: Arc<dyn Gate>,
    places: Arc<Semaphore>,
    status: Arc<LinkStatus>,
}

impl Link {
    /// A link called `name` that opens its intakes through `gate`. Each connection takes one of `places`, which
    /// all links share.
    pub fn new(name: &str, gate: Arc<dyn Gate>, places: Arc<Semaphore>) -> Self {
        let name: Arc<str> = name.into();
        Self { status: Arc::new(LinkStatus::new(Arc::clone(&name))), name, device: None, gate, places }
    }

    /// The same link, with the name of the one device at its other end.
    #[must_use]
    pub fn with_device(mut self, device: Option<&str>) -> Self {
        self.device = device.map(Into::into);
        self
    }

    /// The counts of this link, updated as it works.
    pub fn status(&self) -> &Arc<LinkStatus> {
        &self.status
    }

    /// Opens a connection to `peer`; `None` when all places are taken.
    pub fn connect(&self, peer: &str) -> Option<Connection> {
        let place = Arc::clone(&self.places).try_acquire_owned().ok()?;
        let intake = self.gate.open(&self.name, self.device.as_ref(), peer);
        Some(Connection::new(intake, Arc::clone(&self.status), place))
    }
}

/// What the system says is wrong, the way the rest of a line is written: no number, no capital.
fn why(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split_once(" (os error").map_or(&*text, |(text, _)| text);
    text.to_lowercase()
}

#[cfg(test)]
pub(crate) mod testing;
