//! Pages over TCP and frames over UDP, on the sockets of smoltcp.
//!
//! Neither waits: both do what can be done now, and are called again after each `Interface::poll`.

use core::fmt;
use core::time::Duration;

use smoltcp::iface::{SocketHandle, SocketSet};
use smoltcp::socket::{Socket, tcp, udp};
use smoltcp::time::Instant;
use smoltcp::wire::IpEndpoint;

use super::{Error, Inbox, Memory, Reporter, Requests};
use crate::http::{Connection, Endpoint, Observe, Wants};
use crate::model::Source;

/// What an idle client keeps its socket for at least, when no other is left.
const KEPT: Duration = Duration::from_secs(1);
/// How long a reset may wait to be sent.
const RESET: Duration = Duration::from_secs(1);

/// Serves `GET /metrics` on a few TCP sockets, one for each client at a time.
///
/// Each [`Client`] has a socket of the set and a buffer for the head of a request. Pages are written straight into the
/// sockets' own buffers: a socket needs one that holds the longest line, and does well with two segments or more (2 to
/// 4 KiB); 512 bytes are enough to receive into. A client that is slow, silent or gone costs its socket until one of the
/// [deadlines](crate::http::Deadlines), and nothing else; when all sockets have clients, the one that has been idle the
/// longest makes room.
///
/// ```
/// # use narthex::{Counter, Metrics, Registry, registry};
/// # /// A radio.
/// # #[derive(Metrics)]
/// # struct Radio {
/// #     /// Packets sent.
/// #     radio_packets_total: Counter,
/// # }
/// # static RADIO: Radio = Radio::new();
/// # static REGISTRY: Registry = registry![RADIO];
/// use narthex::http::Endpoint;
/// use narthex::transport::smoltcp::{Client, Server};
/// use smoltcp::iface::{SocketSet, SocketStorage};
/// use smoltcp::socket::tcp::{Socket, SocketBuffer};
///
/// let (mut receive, mut send, mut request) = ([0; 512], [0; 2048], [0; 512]);
/// let mut storage = [SocketStorage::EMPTY; 1];
/// let mut sockets = SocketSet::new(&mut storage[..]);
/// let socket = Socket::new(SocketBuffer::new(&mut receive[..]), SocketBuffer::new(&mut send[..]));
/// let mut clients = [Client::new(sockets.add(socket), &mut request)];
/// let mut server = Server::new(Endpoint::new(&REGISTRY), 80, &mut clients);
/// # let now = smoltcp::time::Instant::ZERO;
///
/// // In the main loop, between `interface.poll(now, …)` and sleep:
/// if server.poll(now, &mut sockets) {
///     // interface.poll(now, …) once more: there is something to send.
/// }
/// ```
#[derive(Debug)]
pub struct Server<'a, 'b, S: Source + ?Sized, O: ?Sized = ()> {
    endpoint: Endpoint<'a, S, O>,
    port: u16,
    clients: &'a mut [Client<'b>],
}

/// A socket of a [`Server`], and who is there.
#[derive(Debug)]
pub struct Client<'b> {
    handle: SocketHandle,
    connection: Connection<'b>,
    /// Whether somebody is there.
    open: bool,
    /// When the connection was reset.
    reset: Option<Instant>,
}

impl<'b> Client<'b> {
    /// A client on this socket, whose requests must fit in `buf`: 512 bytes are enough for Prometheus, 1 KiB for most
    /// browsers.
    pub const fn new(handle: SocketHandle, buf: &'b mut [u8]) -> Self {
        Self { handle, connection: Connection::new(buf), open: false, reset: None }
    }
}

impl<'a, 'b, S: Source + ?Sized, O: Observe + ?Sized> Server<'a, 'b, S, O> {
    /// Serves `endpoint` on this port, to as many clients at a time as there are.
    pub const fn new(endpoint: Endpoint<'a, S, O>, port: u16, clients: &'a mut [Client<'b>]) -> Self {
        Self { endpoint, port, clients }
    }

    /// Does what can be done now: takes requests, writes answers, looks at deadlines, listens. Call it after each
    /// `Interface::poll`. Returns whether there may be something to send: then poll the interface again.
    pub fn poll(&mut self, now: Instant, sockets: &mut SocketSet<'_>) -> bool {
        let (mut busy, mut listening, mut idlest) = (false, false, KEPT);
        let mut idle = None;
        for (handle, socket) in sockets.iter_mut() {
            let Some(at) = self.clients.iter().position(|client| client.handle == handle) else { continue };
            let (Socket::Tcp(socket), Some(client)) = (socket, self.clients.get_mut(at)) else { continue };
            busy |= client.poll(&self.endpoint, self.port, socket, now);
            listening |= socket.is_listening();
            if let Some(time) = client.connection.idle(since_start(now))
                && client.open
                && socket.send_queue() == 0
                && time >= idlest
            {
                (idle, idlest) = (Some(handle), time);
            }
        }
        if let Some(handle) = idle.filter(|_| !listening) {
            busy |= self.let_go(handle, sockets, now);
        }
        busy
    }

    /// Makes room for somebody else.
    fn let_go(&mut self, handle: SocketHandle, sockets: &mut SocketSet<'_>, now: Instant) -> bool {
        let found = sockets.iter_mut().find(|(other, _)| *other == handle);
        let (Some((_, Socket::Tcp(socket))), Some(client)) =
            (found, self.clients.iter_mut().find(|client| client.handle == handle))
        else {
            return false;
        };
        // At once: nothing is under way, and behind an orderly end the client would still have the socket.
        client.reset(&self.endpoint, socket, now);
        true
    }

    /// How long until [`poll`](Self::poll) has something to do though nothing has come: the next deadline. `None` when
    /// nobody is there.
    pub fn poll_delay(&self, now: Instant) -> Option<smoltcp::time::Duration> {
        let now = since_start(now);
        let left = |client: &Client<'_>| match client.reset {
            Some(_) => RESET,
            None => client.connection.left(&self.endpoint, now),
        };
        self.clients.iter().filter(|client| client.open).map(left).min().map(Into::into)
    }
}

impl Client<'_> {
    fn poll<S: Source + ?Sized, O: Observe + ?Sized>(
        &mut self,
        endpoint: &Endpoint<'_, S, O>,
        port: u16,
        socket: &mut tcp::Socket<'_>,
        now: Instant,
    ) -> bool {
        let time = since_start(now);
        match socket.state() {
            // A client that was reset before it was there.
            tcp::State::Listen => {
                self.open = false;
                return false;
            }
            tcp::State::Closed | tcp::State::TimeWait => {
                self.listen(endpoint, port, socket, now);
                return false;
            }
            _ if !self.open => {
                // What is written is written as a whole: there is nothing to wait for.
                socket.set_nagle_enabled(false);
                self.connection.open(time);
                (self.open, self.reset) = (true, None);
            }
            _ => {}
        }
        let before = (socket.state(), socket.recv_queue(), socket.send_queue());
        self.connection.check(endpoint, time);
        // Each round takes some of what has come, or is the last.
        while self.take(endpoint, socket, time) | self.answer(endpoint, socket, time) {}
        // Half of a request will stay one.
        if self.connection.wants() == Wants::Bytes && !socket.may_recv() && socket.state() != SYN_RECEIVED {
            self.connection.dismiss(time);
        }
        match (self.connection.wants(), socket.state()) {
            (Wants::Abort, _) | (Wants::Close, SYN_RECEIVED) => self.reset(endpoint, socket, now),
            (Wants::Close, _) => socket.close(),
            _ => {}
        }
        before != (socket.state(), socket.recv_queue(), socket.send_queue())
    }

    fn reset<S: Source + ?Sized, O: Observe + ?Sized>(
        &mut self,
        endpoint: &Endpoint<'_, S, O>,
        socket: &mut tcp::Socket<'_>,
        now: Instant,
    ) {
        self.connection.lost(endpoint);
        self.reset = Some(now);
        socket.abort();
    }

    /// Is there for somebody else, as soon as a reset is sent.
    fn listen<S: Source + ?Sized, O: Observe + ?Sized>(
        &mut self,
        endpoint: &Endpoint<'_, S, O>,
        port: u16,
        socket: &mut tcp::Socket<'_>,
        now: Instant,
    ) {
        if socket.remote_endpoint().is_some() && self.reset.is_some_and(|at| now - at < RESET.into()) {
            return;
        }
        if self.open {
            self.connection.lost(endpoint);
        }
        // There is no port 0, and the socket is closed: otherwise it would be tried again.
        self.open = socket.listen(port).is_err();
    }

    /// Takes what has come. Returns whether there was something.
    fn take<S: Source + ?Sized, O: Observe + ?Sized>(
        &mut self,
        endpoint: &Endpoint<'_, S, O>,
        socket: &mut tcp::Socket<'_>,
        now: Duration,
    ) -> bool {
        let connection = &mut self.connection;
        let take = |bytes: &mut [u8]| {
            let taken = connection.receive(endpoint, bytes, now);
            (taken, taken > 0)
        };
        socket.can_recv() && socket.recv(take).unwrap_or(false)
    }

    /// Writes what there is room for. Returns whether an answer is complete.
    fn answer<S: Source + ?Sized, O: Observe + ?Sized>(
        &mut self,
        endpoint: &Endpoint<'_, S, O>,
        socket: &mut tcp::Socket<'_>,
        now: Duration,
    ) -> bool {
        if self.connection.wants() != Wants::Room || !socket.can_send() {
            return false;
        }
        let (connection, is_all) = (&mut self.connection, socket.send_queue() == 0);
        let send = |buf: &mut [u8]| (connection.send(endpoint, buf, is_all, now), ());
        socket.send(send).is_ok() && self.connection.wants() != Wants::Room
    }
}

const SYN_RECEIVED: tcp::State = tcp::State::SynReceived;

/// As [`Duration`], which is positive.
fn since_start(now: Instant) -> Duration {
    Duration::from_micros(now.total_micros().unsigned_abs())
}

/// Frames of a [`Reporter`] as datagrams to one gateway, each frame one datagram.
///
/// The buffer is as long as a datagram may be: 48 bytes at least, 256 is plenty; the socket's own should hold a few.
///
/// ```
/// # use narthex::{Counter, Metrics, Registry, registry};
/// # /// A radio.
/// # #[derive(Metrics)]
/// # struct Radio {
/// #     /// Packets sent.
/// #     radio_packets_total: Counter,
/// # }
/// # static RADIO: Radio = Radio::new();
/// # static REGISTRY: Registry = registry![RADIO];
/// use core::time::Duration;
/// use narthex::transport::{Reporter, smoltcp::Datagrams};
/// use narthex::wire::Identity;
/// use smoltcp::socket::udp::{PacketBuffer, PacketMetadata, Socket};
/// use smoltcp::wire::{IpAddress, IpEndpoint};
///
/// let (mut metadata, mut send) = ([PacketMetadata::EMPTY; 4], [0; 1024]);
/// # let (mut metadata_in, mut receive) = ([PacketMetadata::EMPTY; 4], [0; 256]);
/// # let received = PacketBuffer::new(&mut metadata_in[..], &mut receive[..]);
/// let mut socket = Socket::new(received, PacketBuffer::new(&mut metadata[..], &mut send[..]));
/// socket.bind(9902).unwrap();
/// let mut buf = [0; 256];
/// let mut datagrams = Datagrams::new(IpEndpoint::new(IpAddress::v4(192, 0, 2, 1), 9902), &mut buf);
/// let identity = Identity { device: "node-7", firmware: "1.2.0" };
/// let mut reporter = Reporter::new(&REGISTRY, identity, 0x5eed).with_requests();
///
/// // Each second:
/// reporter.begin(Duration::from_secs(1));
/// // In the main loop, between `interface.poll(…)` and sleep:
/// datagrams.receive(&mut reporter, &mut socket);
/// let complete = datagrams.send(&mut reporter, &mut socket)?;
/// assert!(complete, "there was room for all");
/// # Ok::<(), narthex::transport::smoltcp::DatagramError>(())
/// ```
#[derive(Debug)]
pub struct Datagrams<'b> {
    gateway: IpEndpoint,
    buf: &'b mut [u8],
    /// Bytes of a frame for which there was no room.
    waiting: usize,
}

/// Why no frames go out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum DatagramError {
    /// No frame could be made.
    Frame(Error),
    /// The socket is not bound, or the gateway has no address.
    Unaddressable,
    /// The socket's buffer is shorter than a frame.
    SocketTooSmall,
}

impl fmt::Display for DatagramError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Frame(error) => error.fmt(f),
            Self::Unaddressable => f.write_str("the socket is not bound, or the gateway has no address"),
            Self::SocketTooSmall => f.write_str("the buffer of the socket is shorter than a frame"),
        }
    }
}

impl core::error::Error for DatagramError {}

impl<'b> Datagrams<'b> {
    /// Frames to this gateway, through `buf`.
    pub const fn new(gateway: IpEndpoint, buf: &'b mut [u8]) -> Self {
        Self { gateway, buf, waiting: 0 }
    }

    /// Sends as many frames of the present snapshot as there is room for, and returns whether that was all. Call it again
    /// after `Interface::poll` until it was; a frame for which there was no room is kept.
    ///
    /// # Errors
    /// [`DatagramError`], as long as what it says is so; the frame at hand is kept.
    pub fn send<S: Source + ?Sized, M: Memory, R: Requests>(
        &mut self,
        reporter: &mut Reporter<'_, S, M, R>,
        socket: &mut udp::Socket<'_>,
    ) -> Result<bool, DatagramError> {
        loop {
            if self.waiting == 0 {
                match reporter.frame(self.buf).map_err(DatagramError::Frame)? {
                    Some(frame) => self.waiting = frame.len(),
                    None => return Ok(true),
                }
            }
            let frame = self.buf.get(..self.waiting).unwrap_or_default();
            if frame.len() > socket.payload_send_capacity() {
                return Err(DatagramError::SocketTooSmall);
            }
            match socket.send_slice(frame, self.gateway) {
                Ok(()) => self.waiting = 0,
                Err(udp::SendError::BufferFull) => return Ok(false),
                Err(udp::SendError::Unaddressable) => return Err(DatagramError::Unaddressable),
            }
        }
    }

    /// Takes requests that have come from the gateway; what others have sent is passed over. Call it before each snapshot
    /// at least.
    pub fn receive<S: Source + ?Sized, M>(
        &mut self,
        reporter: &mut Reporter<'_, S, M, Inbox>,
        socket: &mut udp::Socket<'_>,
    ) where
        M: Memory,
    {
        while let Ok((bytes, from)) = socket.recv() {
            if from.endpoint == self.gateway {
                reporter.receive(bytes);
            }
        }
    }
}
