//! Where what comes out of a bad link goes: a gateway in this process, or a running one over a real link.

use super::Piece;
use crate::gateway::Gateway;
use crate::host::Host;
use crate::random::Random;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::process::ChildStdin;

/// A way into a gateway.
pub trait Wire {
    /// Sends what has come out of the link.
    fn send(&mut self, pieces: &[Piece]);

    /// What has come back for the device since it was last asked.
    fn replies(&mut self) -> Vec<u8> {
        Vec::new()
    }
}

/// Bytes, in pieces of any size, into a gateway of this process.
#[allow(missing_debug_implementations, reason = "a gateway; a seed tells all")]
pub struct InProcess {
    /// The gateway.
    pub host: Host,
    /// How bytes are cut into pieces.
    pub random: Random,
    replies: Vec<u8>,
}

impl InProcess {
    /// Into a new gateway.
    pub fn new(seed: u64) -> Self {
        Self { host: Host::new(), random: Random(seed), replies: Vec::new() }
    }
}

impl Wire for InProcess {
    fn send(&mut self, pieces: &[Piece]) {
        for connection in pieces.split_inclusive(|piece| *piece == Piece::Cut) {
            self.replies.extend(self.host.feed(&bytes(connection), &mut self.random));
            if connection.ends_with(&[Piece::Cut]) {
                self.replies.clear();
                self.host.reconnect();
            }
        }
    }

    fn replies(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.replies)
    }
}

/// All bytes of some pieces.
fn bytes(pieces: &[Piece]) -> Vec<u8> {
    let bytes = |piece: &Piece| if let Piece::Bytes(bytes) = piece { bytes.clone() } else { Vec::new() };
    pieces.iter().flat_map(bytes).collect()
}

/// A connection over TCP, dialled again when it is cut.
#[derive(Debug)]
pub struct Tcp {
    address: SocketAddr,
    stream: TcpStream,
    random: Random,
}

impl Tcp {
    /// Dials a gateway.
    ///
    /// # Panics
    /// If nobody listens there.
    pub fn dial(address: SocketAddr, seed: u64) -> Self {
        Self { address, stream: dial(address), random: Random(seed) }
    }
}

fn dial(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).expect("the gateway listens for devices");
    stream.set_nodelay(true).expect("a connected socket");
    stream
}

impl Wire for Tcp {
    fn send(&mut self, pieces: &[Piece]) {
        for connection in pieces.split_inclusive(|piece| *piece == Piece::Cut) {
            in_parts(&bytes(connection), &mut self.random, &mut self.stream);
            if connection.ends_with(&[Piece::Cut]) {
                self.stream = dial(self.address);
            }
        }
    }

    fn replies(&mut self) -> Vec<u8> {
        let mut replies = vec![0; 4096];
        self.stream.set_nonblocking(true).expect("a connected socket");
        let n = self.stream.read(&mut replies).unwrap_or(0);
        self.stream.set_nonblocking(false).expect("a connected socket");
        replies.truncate(n);
        replies
    }
}

/// Writes in parts of any size.
fn in_parts(mut bytes: &[u8], random: &mut Random, to: &mut impl Write) {
    while !bytes.is_empty() {
        let (part, rest) = bytes.split_at(1 + random.below(bytes.len()));
        to.write_all(part).and_then(|()| to.flush()).expect("the gateway takes bytes");
        bytes = rest;
    }
}

/// Datagrams of one piece or several.
#[derive(Debug)]
pub struct Udp {
    address: SocketAddr,
    socket: UdpSocket,
    random: Random,
}

impl Udp {
    /// Sends to a gateway.
    ///
    /// # Panics
    /// If loopback has no free port.
    pub fn to(address: SocketAddr, seed: u64) -> Self {
        Self { address, socket: bind(), random: Random(seed) }
    }
}

fn bind() -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("loopback has a free port");
    socket.set_nonblocking(true).expect("a bound socket");
    socket
}

impl Wire for Udp {
    fn send(&mut self, pieces: &[Piece]) {
        let mut datagram = Vec::new();
        for piece in pieces {
            match piece {
                Piece::Bytes(bytes) => datagram.extend(bytes),
                // Another source is another session.
                Piece::Cut => self.socket = bind(),
            }
            if datagram.len() > 1_000 || self.random.below(2) == 0 {
                self.put(&mut datagram);
            }
        }
        self.put(&mut datagram);
    }

    fn replies(&mut self) -> Vec<u8> {
        let (mut replies, mut buf) = (Vec::new(), [0; 2048]);
        while let Ok(n) = self.socket.recv(&mut buf) {
            replies.extend(&buf[..n]);
        }
        replies
    }
}

impl Udp {
    fn put(&self, datagram: &mut Vec<u8>) {
        if !datagram.is_empty() {
            self.socket.send_to(datagram, self.address).expect("loopback takes a datagram");
            datagram.clear();
        }
    }
}

/// The standard input of a gateway, or a serial line: one connection for good. A cut is a gap.
#[derive(Debug)]
pub struct Line<W> {
    to: W,
    random: Random,
}

impl<W: Write> Line<W> {
    /// Writes to this.
    pub fn new(to: W, seed: u64) -> Self {
        Self { to, random: Random(seed) }
    }
}

impl<W: Write> Wire for Line<W> {
    fn send(&mut self, pieces: &[Piece]) {
        in_parts(&bytes(pieces), &mut self.random, &mut self.to);
    }
}

/// A gateway that reads its standard input, and the line to it.
///
/// # Panics
/// If it cannot be started.
pub fn stdin(seed: u64) -> (Gateway, Line<ChildStdin>) {
    let (gateway, stdin) = Gateway::reading(&["relay", "--stdin"]);
    (gateway, Line::new(stdin, seed))
}
