//! The links of the gateway: opened, closed, and listed for whoever shows them.

use std::fs::File;
use std::io;
use std::net::SocketAddr;
use std::num::NonZeroU64;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use narthex_host::relay::Now;
use narthex_host::relay::fleet::{Access, Connection, Fleet, Origin};
use narthex_host::relay::link::record::{RecordReport, Recorder};
use narthex_host::relay::link::{Gate, Intake, Link, LinkStatus, replay, serial, stdin, tcp, udp};
use narthex_host::relay::status::LinkReport;
use tokio::net::{TcpListener, UdpSocket};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tracing::warn;

use crate::Failure;
use crate::settings::{LinkSettings, Source};

/// How long what was recorded may take to reach the file at the end.
const LAST_WRITE: Duration = Duration::from_secs(1);

/// All links that are open.
pub(crate) struct Links {
    fleet: Arc<Fleet>,
    /// What all that comes in is recorded by, if it is.
    recorder: Option<Recorder>,
    /// Places for connections, which all links share.
    places: Arc<Semaphore>,
    /// How many there are.
    all_places: Mutex<usize>,
    open: RwLock<Vec<Open>>,
}

struct Open {
    settings: LinkSettings,
    status: Arc<LinkStatus>,
    task: JoinHandle<()>,
}

/// A link that has what it needs, and takes no bytes yet.
pub(crate) struct Ready {
    settings: LinkSettings,
    link: Link,
    bound: Bound,
}

/// What a link listens on.
enum Bound {
    Nothing,
    Replay(File),
    Tcp(TcpListener, SocketAddr),
    Udp(UdpSocket, SocketAddr),
}

impl Links {
    pub(crate) fn new(fleet: Arc<Fleet>, recorder: Option<Recorder>, places: usize) -> Self {
        Self {
            fleet,
            recorder,
            places: Arc::new(Semaphore::new(places)),
            all_places: Mutex::new(places),
            open: RwLock::default(),
        }
    }

    /// Changes how many connections there may be. Those above a lower number stay until they end.
    pub(crate) fn set_places(&self, wanted: usize) {
        let mut all = self.all_places.lock().unwrap_or_else(PoisonError::into_inner);
        self.places.add_permits(wanted.saturating_sub(*all));
        if let Some(fewer) = all.checked_sub(wanted).and_then(|fewer| u32::try_from(fewer).ok()) {
            let places = Arc::clone(&self.places);
            tokio::spawn(async move {
                // Free ones at once, the others as they become free.
                if let Ok(places) = places.acquire_many_owned(fewer).await {
                    places.forget();
                }
            });
        }
        *all = wanted;
    }

    /// Gets what a link needs: an address is bound now, a port or a peer is waited for later.
    ///
    /// # Errors
    /// Status 2 when an address cannot be had.
    pub(crate) async fn prepare(&self, settings: &LinkSettings) -> Result<Ready, Failure> {
        let mut name = settings.shown();
        let bound = match &settings.source {
            Source::Tcp(address) => {
                let (listener, address) = bind(&settings.said(), *address).await?;
                exposed(&settings.said(), address);
                name = settings.name.clone().unwrap_or_else(|| Source::Tcp(address).to_string());
                Bound::Tcp(listener, address)
            }
            Source::Udp(address) => {
                let (socket, address) = bind_udp(&settings.said(), *address).await?;
                exposed(&settings.said(), address);
                name = settings.name.clone().unwrap_or_else(|| Source::Udp(address).to_string());
                Bound::Udp(socket, address)
            }
            Source::Serial(port) => {
                port.check().map_err(|why| Failure::usage(format!("{}: {why}", settings.said())))?;
                Bound::Nothing
            }
            Source::Replay(path) => {
                // A pipe is open once somebody writes to it.
                let path = path.clone();
                let opened = tokio::task::spawn_blocking(move || replay::open(&path)).await;
                let opened = opened.unwrap_or_else(|error| Err(io::Error::other(error)));
                Bound::Replay(opened.map_err(|error| cannot(&settings.said(), &error))?)
            }
            Source::TcpConnect(_) | Source::Stdin => Bound::Nothing,
        };
        let fleet = Arc::clone(&self.fleet);
        let mut gate: Arc<dyn Gate> = Arc::new(Entrance { fleet, access: Arc::new(settings.access()) });
        if let Some(recorder) = &self.recorder {
            gate = recorder.gate(gate);
        }
        let mut link = Link::new(&name, gate, Arc::clone(&self.places))
            .with_device(settings.device.as_deref())
            .with_networks(settings.networks.clone());
        if let Some(rate) = settings.bytes_per_second.and_then(NonZeroU64::new) {
            link = link.with_rate(rate);
        }
        Ok(Ready { settings: settings.clone(), link, bound })
    }

    /// Takes bytes from now on. Returns the address it listens on, if any.
    pub(crate) fn start(&self, ready: Ready) -> Option<SocketAddr> {
        let Ready { settings, link, bound } = ready;
        let status = Arc::clone(link.status());
        let mut listening = None;
        let task = match (settings.source.clone(), bound) {
            (Source::Tcp(_), Bound::Tcp(listener, address)) => {
                listening = Some(address);
                tokio::spawn(tcp::listen(listener, link))
            }
            (Source::Udp(_), Bound::Udp(socket, address)) => {
                listening = Some(address);
                tokio::spawn(udp::listen(socket, link))
            }
            (Source::Serial(port), _) => tokio::spawn(async move { serial::run(&port, link).await }),
            (Source::TcpConnect(address), _) => tokio::spawn(async move { tcp::dial(&address, link).await }),
            (Source::Stdin, _) => tokio::spawn(stdin::run(link)),
            (Source::Replay(path), Bound::Replay(file)) => {
                tokio::spawn(async move { replay::run(&path, file, link).await })
            }
            // Each source has its own.
            (Source::Tcp(_) | Source::Udp(_) | Source::Replay(_), _) => tokio::spawn(async {}),
        };
        self.write().push(Open { settings, status, task });
        listening
    }

    /// Makes the open links those of `wanted`: what is gone is closed, what is new or changed is opened, the rest is
    /// not touched. Returns what could not be opened.
    pub(crate) async fn become_those(&self, wanted: &[LinkSettings]) -> Vec<Failure> {
        let gone: Vec<Open> = self.write().extract_if(.., |open| !wanted.contains(&open.settings)).collect();
        end(gone).await;
        let mut failures = Vec::new();
        for settings in wanted {
            if self.read().iter().any(|open| open.settings == *settings) {
                continue;
            }
            match self.prepare(settings).await {
                Ok(ready) => _ = self.start(ready),
                Err(failure) => failures.push(failure),
            }
        }
        failures
    }

    /// Closes all.
    pub(crate) async fn close(&self) {
        let all = std::mem::take(&mut *self.write());
        end(all).await;
        if let Some(recorder) = &self.recorder {
            recorder.finish(LAST_WRITE);
        }
    }

    /// How recording is doing, if there is any.
    pub(crate) fn recorded(&self) -> Option<RecordReport> {
        self.recorder.as_ref().map(Recorder::report)
    }

    /// How each is doing, in the order they were opened.
    pub(crate) fn reports(&self) -> Vec<LinkReport> {
        self.read().iter().map(|open| open.status.report()).collect()
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, Vec<Open>> {
        self.open.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, Vec<Open>> {
        self.open.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends links, and waits until they have let go of what they held.
async fn end(links: Vec<Open>) {
    for open in &links {
        open.task.abort();
    }
    for open in links {
        // It was told to end; whether it did so by itself makes no difference.
        let _ = open.task.await;
    }
}

/// Binds an address that `said` names.
///
/// # Errors
/// Status 2 when it cannot be had.
pub(crate) async fn bind(said: &str, address: SocketAddr) -> Result<(TcpListener, SocketAddr), Failure> {
    let listener = TcpListener::bind(address).await.map_err(|error| cannot(said, &error))?;
    let address = listener.local_addr().map_err(|error| cannot(said, &error))?;
    Ok((listener, address))
}

async fn bind_udp(said: &str, address: SocketAddr) -> Result<(UdpSocket, SocketAddr), Failure> {
    let socket = UdpSocket::bind(address).await.map_err(|error| cannot(said, &error))?;
    let address = socket.local_addr().map_err(|error| cannot(said, &error))?;
    Ok((socket, address))
}

fn cannot(said: &str, error: &io::Error) -> Failure {
    Failure::usage(format!("{said}: {}", crate::why(error)))
}

/// Warns of an address that others reach.
fn exposed(said: &str, address: SocketAddr) {
    if !address.ip().is_loopback() {
        warn!("{said}: whoever reaches this machine can send as any device");
    }
}

/// Brings each connection of a link to the fleet.
struct Entrance {
    fleet: Arc<Fleet>,
    access: Arc<Access>,
}

impl Gate for Entrance {
    fn open(&self, link: &Arc<str>, name: Option<&Arc<str>>, peer: &str) -> Box<dyn Intake> {
        // What is not an address is a line.
        let source = peer.parse().map(|peer: SocketAddr| peer.ip().to_canonical().to_string());
        let origin = Origin {
            link: Arc::clone(link),
            name: name.cloned(),
            peer: peer.to_owned(),
            source: source.unwrap_or_default(),
            access: Arc::clone(&self.access),
        };
        Box::new(Incoming(self.fleet.connect(origin, Now::read())))
    }
}

struct Incoming(Connection);

impl Intake for Incoming {
    fn feed(&mut self, bytes: &[u8], reply: &mut Vec<u8>) {
        self.0.feed(bytes, Now::read(), reply);
    }
}
