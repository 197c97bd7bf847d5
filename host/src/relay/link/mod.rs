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
//! | `udp ADDR` | [`udp`] | a source address, until it is silent |
//! | `serial PATH` | [`serial`] | an open port |
//! | `stdin` | [`stdin`] | standard input, once |
//! | `replay FILE` | [`replay`] | each one in a [`capture`], once |
//!
//! A [`record::Recorder`] before the gate writes all that comes in to a capture, whatever link it comes from.

mod backoff;
pub mod capture;
mod connection;
mod rate;
pub mod record;
mod redial;
pub mod replay;
pub mod serial;
mod status;
pub mod stdin;
pub mod tcp;
pub mod udp;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU64;
use std::sync::Arc;
use std::time::Instant;

pub use ipnet::IpNet;
use tokio::sync::Semaphore;
use tracing::{debug, warn};

pub use backoff::Backoff;
pub use connection::Connection;
use rate::{Bucket, Rates};
pub use status::LinkStatus;
use status::Refusal;

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
    networks: Arc<[IpNet]>,
    rates: Option<Arc<Rates>>,
    gate: Arc<dyn Gate>,
    places: Arc<Semaphore>,
    status: Arc<LinkStatus>,
}

impl Link {
    /// A link called `name` that opens its intakes through `gate`. Each connection takes one of `places`, which
    /// all links share.
    pub fn new(name: &str, gate: Arc<dyn Gate>, places: Arc<Semaphore>) -> Self {
        let name: Arc<str> = name.into();
        let status = Arc::new(LinkStatus::new(Arc::clone(&name)));
        Self { name, device: None, networks: [].into(), rates: None, gate, places, status }
    }

    /// The same link, with the name of the one device at its other end.
    #[must_use]
    pub fn with_device(mut self, device: Option<&str>) -> Self {
        self.device = device.map(Into::into);
        self
    }

    /// The same link, taking only what comes from these networks; from everywhere, if there are none. Others are
    /// refused and counted. Links that have no source address, such as a serial port, do not ask.
    #[must_use]
    pub fn with_networks(mut self, networks: Vec<IpNet>) -> Self {
        self.networks = networks.into();
        self
    }

    /// The same link, taking at most so many bytes a second from each source (an IP address, else the link), and as
    /// much at once. A stream is not read for a while, which its sender feels; datagrams are dropped and counted.
    #[must_use]
    pub fn with_rate(mut self, bytes_per_second: NonZeroU64) -> Self {
        self.rates = Some(Arc::new(Rates::new(bytes_per_second)));
        self
    }

    /// The counts of this link, updated as it works.
    pub fn status(&self) -> &Arc<LinkStatus> {
        &self.status
    }

    /// Opens a connection to `peer`; `None` when all places are taken.
    pub fn connect(&self, peer: &str) -> Option<Connection> {
        let rate = self.rate_of(IpAddr::from([0; 4]), Instant::now());
        self.open(self.device.as_ref(), peer, rate)
    }

    /// Opens a connection that came from `source`, if it may come in.
    fn admit(&self, source: SocketAddr) -> Option<Connection> {
        if !self.is_allowed(source) {
            return None;
        }
        let rate = self.rate_of(source.ip(), Instant::now());
        let connection = self.open(self.device.as_ref(), &source.to_string(), rate);
        if connection.is_none() {
            self.refuse(Refusal::Full, source);
        }
        connection
    }

    /// Whether a source is in one of the networks. If not, it is counted.
    fn is_allowed(&self, source: SocketAddr) -> bool {
        let allowed = self.networks.is_empty() || self.networks.iter().any(|net| net.contains(&source.ip()));
        if !allowed {
            self.refuse(Refusal::Network, source);
        }
        allowed
    }

    /// Counts what is not taken, and says so from time to time.
    fn refuse(&self, why: Refusal, source: SocketAddr) {
        if self.status.refused(why) {
            warn!(
                "{}: {source} is refused: {why}; others may be, too: see narthex_link_refused_total",
                self.name
            );
        } else {
            debug!("{}: {source} is refused: {why}", self.name);
        }
    }

    fn rate_of(&self, source: IpAddr, now: Instant) -> Option<Arc<Bucket>> {
        self.rates.as_ref().map(|rates| rates.of(source, now))
    }

    fn open(&self, device: Option<&Arc<str>>, peer: &str, rate: Option<Arc<Bucket>>) -> Option<Connection> {
        let place = Arc::clone(&self.places).try_acquire_owned().ok()?;
        let intake = self.gate.open(&self.name, device, peer);
        Some(Connection::new(intake, Arc::clone(&self.status), rate, place))
    }
}

/// The address as people and networks are written: what a socket for both families calls `::ffff:10.0.0.1` is
/// 10.0.0.1.
fn plain(address: SocketAddr) -> SocketAddr {
    match address {
        SocketAddr::V6(six) => six.ip().to_ipv4_mapped().map_or(address, |ip| (ip, six.port()).into()),
        SocketAddr::V4(_) => address,
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
