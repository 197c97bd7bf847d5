//! A device and its clients on one network in memory, with a clock of its own.

use narthex::http::{Deadlines, Endpoint};
use narthex::model::Source;
use narthex::runtime::HttpServer;
use narthex::transport::smoltcp::{Client, Server};
use smoltcp::iface::{Config, Interface, SocketHandle, SocketSet};
use smoltcp::phy::{self, DeviceCapabilities, Medium};
use smoltcp::socket::tcp::{Socket, SocketBuffer, State};
use smoltcp::time::{Duration, Instant};
use smoltcp::wire::{HardwareAddress, IpAddress, IpCidr};
use std::collections::{HashSet, VecDeque};

/// The device's address, and everybody's.
pub(crate) const ADDRESS: IpAddress = IpAddress::v4(10, 0, 0, 1);
/// The port of the server.
pub(crate) const PORT: u16 = 80;

/// A cable from here to here. From muted ports nothing comes any more, as if who has them were gone.
#[derive(Default)]
pub(crate) struct Cable {
    packets: VecDeque<Vec<u8>>,
    pub(crate) muted: HashSet<u16>,
}

pub(crate) struct Received(Vec<u8>);
pub(crate) struct Sent<'a>(&'a mut Cable);

impl phy::RxToken for Received {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, f: F) -> R {
        f(&self.0)
    }
}

impl phy::TxToken for Sent<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, len: usize, f: F) -> R {
        let mut packet = vec![0; len];
        let made = f(&mut packet);
        // Behind a header of IPv4 without options.
        let from = u16::from_be_bytes([packet[20], packet[21]]);
        if !self.0.muted.contains(&from) {
            self.0.packets.push_back(packet);
        }
        made
    }
}

impl phy::Device for Cable {
    type RxToken<'a> = Received;
    type TxToken<'a> = Sent<'a>;

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ip;
        capabilities.max_transmission_unit = 1500;
        capabilities
    }

    fn receive(&mut self, _: Instant) -> Option<(Received, Sent<'_>)> {
        self.packets.pop_front().map(|packet| (Received(packet), Sent(self)))
    }

    fn transmit(&mut self, _: Instant) -> Option<Sent<'_>> {
        Some(Sent(self))
    }
}

/// A network.
pub(crate) struct Net {
    pub(crate) now: Instant,
    pub(crate) cable: Cable,
    pub(crate) interface: Interface,
    pub(crate) sockets: SocketSet<'static>,
    next_port: u16,
}

impl Net {
    pub(crate) fn new() -> Self {
        let mut cable = Cable::default();
        let mut interface = Interface::new(Config::new(HardwareAddress::Ip), &mut cable, Instant::ZERO);
        interface.update_ip_addrs(|addresses| addresses.push(IpCidr::new(ADDRESS, 24)).unwrap());
        let sockets = SocketSet::new(Vec::new());
        Self { now: Instant::ZERO, cable, interface, sockets, next_port: 49_152 }
    }

    /// Adds a socket with buffers of these sizes.
    pub(crate) fn add(&mut self, receive: usize, send: usize) -> SocketHandle {
        self.sockets.add(Socket::new(SocketBuffer::new(vec![0; receive]), SocketBuffer::new(vec![0; send])))
    }

    /// Until all has come where it should.
    pub(crate) fn poll(&mut self) {
        loop {
            self.interface.poll(self.now, &mut self.cable, &mut self.sockets);
            if self.cable.packets.is_empty() {
                return;
            }
        }
    }

    pub(crate) fn socket(&mut self, handle: SocketHandle) -> &mut Socket<'static> {
        self.sockets.get_mut(handle)
    }

    /// Sends what there is to send, and receives nothing.
    pub(crate) fn poll_egress(&mut self) {
        self.interface.poll_egress(self.now, &mut self.cable, &mut self.sockets);
    }

    /// A client that dials the server, and its port. `window` bytes wait at it at most.
    pub(crate) fn dial(&mut self, window: usize) -> (SocketHandle, u16) {
        let handle = self.add(window, 16_384);
        // One after the other, as the first were closed long ago when they come round.
        self.next_port = self.next_port.checked_add(1).unwrap_or(49_152);
        let (port, context) = (self.next_port, self.interface.context());
        self.sockets.get_mut::<Socket<'_>>(handle).connect(context, (ADDRESS, PORT), port).unwrap();
        (handle, port)
    }
}

/// How large the buffers of a server are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sizes {
    pub(crate) clients: usize,
    pub(crate) receive: usize,
    pub(crate) send: usize,
    pub(crate) request: usize,
}

impl Sizes {
    pub(crate) const USUAL: Self = Self { clients: 4, receive: 512, send: 2048, request: 512 };
}

/// Short, for short tests.
pub(crate) const DEADLINES: Deadlines = Deadlines {
    head: std::time::Duration::from_secs(2),
    idle: std::time::Duration::from_secs(20),
    stall: std::time::Duration::from_secs(3),
    answer: std::time::Duration::from_secs(30),
};

/// A device: a network on which a server runs.
pub(crate) struct Device<'a, S: Source> {
    pub(crate) net: Net,
    pub(crate) server: Server<'a, 'static, S, HttpServer>,
    pub(crate) handles: Vec<SocketHandle>,
    /// How often the server had done something.
    pub(crate) busy: usize,
}

impl<'a, S: Source> Device<'a, S> {
    pub(crate) fn new(source: &'a S, http: &'a HttpServer, sizes: Sizes) -> Self {
        let mut net = Net::new();
        let handles: Vec<_> = (0..sizes.clients).map(|_| net.add(sizes.receive, sizes.send)).collect();
        let clients = handles.iter().map(|handle| Client::new(*handle, vec![0; sizes.request].leak()));
        let endpoint = Endpoint::new(source).with_deadlines(DEADLINES).with_observer(http);
        let server = Server::new(endpoint, PORT, clients.collect::<Vec<_>>().leak());
        let mut device = Self { net, server, handles, busy: 0 };
        device.step(0);
        device
    }

    /// Lets so many milliseconds pass, and does all that there is to do then.
    pub(crate) fn step(&mut self, millis: u64) {
        self.net.now += Duration::from_millis(millis);
        for _ in 0..1_000 {
            self.net.poll();
            let busy = self.server.poll(self.net.now, &mut self.net.sockets);
            self.busy += usize::from(busy);
            if !busy {
                return;
            }
        }
        panic!("it is never done");
    }

    /// How many sockets listen.
    pub(crate) fn listening(&mut self) -> usize {
        let handles = self.handles.clone();
        handles.iter().filter(|handle| self.net.socket(**handle).is_listening()).count()
    }

    /// Sends bytes, and returns what comes back until the answer ends, or nothing has come for some seconds.
    pub(crate) fn ask(&mut self, bytes: &[u8]) -> Answer {
        let (handle, _) = self.net.dial(4096);
        self.step(1);
        let answer = self.ask_on(handle, bytes);
        self.hang_up(handle);
        answer
    }

    /// The same, on a connection that is there.
    pub(crate) fn ask_on(&mut self, handle: SocketHandle, bytes: &[u8]) -> Answer {
        let (mut sent, mut answer, mut quiet) = (0, Vec::new(), 0);
        while quiet < 10 {
            sent += self.net.socket(handle).send_slice(&bytes[sent..]).unwrap_or(0);
            self.step(10);
            let came = self.read(handle);
            quiet = if came.is_empty() { quiet + 1 } else { 0 };
            answer.extend(came);
        }
        Answer { bytes: answer, state: self.net.socket(handle).state() }
    }

    /// What has come.
    pub(crate) fn read(&mut self, handle: SocketHandle) -> Vec<u8> {
        let (socket, mut bytes) = (self.net.socket(handle), Vec::new());
        while let Ok(came @ 1..) = socket.recv(|part| {
            bytes.extend_from_slice(part);
            (part.len(), part.len())
        }) {
            _ = came;
        }
        bytes
    }

    /// Ends a client's connection, and forgets it.
    pub(crate) fn hang_up(&mut self, handle: SocketHandle) {
        self.net.socket(handle).close();
        self.step(10);
        self.net.socket(handle).abort();
        self.step(10);
        self.net.sockets.remove(handle);
    }
}

/// What came back, and how the connection stood then.
pub(crate) struct Answer {
    pub(crate) bytes: Vec<u8>,
    pub(crate) state: State,
}
