//! The monitor's place in a network: one port, one address, which is the one that QEMU's user network expects.

use core::time::Duration;

use lm3s6965evb::ethernet::{Ethernet, Frames, Mac};
use lm3s6965evb::gptm::Timer;
use lm3s6965evb::{clock, interrupt};
use narthex::transport::smoltcp::Client;
use smoltcp::iface::{Config, Interface, SocketSet, SocketStorage};
use smoltcp::socket::tcp::{Socket, SocketBuffer};
use smoltcp::time::Instant;
use smoltcp::wire::{IpCidr, Ipv4Address};

/// The monitor, and how many bits of its address are those of its network.
const ADDRESS: (Ipv4Address, u8) = (Ipv4Address::new(10, 0, 2, 15), 24);
/// Who knows the way to all others.
const ROUTER: Ipv4Address = Ipv4Address::new(10, 0, 2, 2);

/// The metrics of the one port.
pub static ETHERNET: Ethernet = Ethernet::new();

/// The port, the stack and its sockets.
#[allow(missing_debug_implementations, reason = "sockets have none")]
pub struct Network<'a> {
    mac: Mac<'a>,
    interface: Interface,
    /// All that the stack serves.
    pub sockets: SocketSet<'a>,
}

/// What one client of a server takes: a socket's buffers, and the head of a request.
#[derive(Debug)]
pub struct Memory {
    receive: [u8; 512],
    send: [u8; 2_048],
    request: [u8; 512],
}

impl Memory {
    /// All zero.
    pub const NEW: Self = Self { receive: [0; 512], send: [0; 2_048], request: [0; 512] };
}

impl<'a> Network<'a> {
    /// Starts the port. `seed` differs from boot to boot, so that nobody guesses how connections are numbered.
    pub fn start(frames: &'a mut Frames, storage: &'a mut [SocketStorage<'a>], seed: u32) -> Self {
        let mut mac = Mac::new(frames, &ETHERNET);
        let mut config = Config::new(mac.start().into());
        config.random_seed = seed.into();
        let mut interface = Interface::new(config, &mut mac, now());
        let (address, bits) = ADDRESS;
        // There is room for one address and one route.
        interface.update_ip_addrs(|addresses| _ = addresses.push(IpCidr::new(address.into(), bits)));
        _ = interface.routes_mut().add_default_ipv4_route(ROUTER);
        Self { mac, interface, sockets: SocketSet::new(storage) }
    }

    /// A client for a server, with a socket of its own.
    pub fn client(&mut self, memory: &'a mut Memory) -> Client<'a> {
        let Memory { receive, send, request } = memory;
        let socket = Socket::new(SocketBuffer::new(&mut receive[..]), SocketBuffer::new(&mut send[..]));
        Client::new(self.sockets.add(socket), request)
    }

    /// Takes the frames that wait, and sends what is due.
    pub fn poll(&mut self) {
        self.interface.poll(now(), &mut self.mac, &mut self.sockets);
    }

    /// Sleeps until a frame comes, the stack has something to do, or the time is up. Returns for how long, in
    /// microseconds.
    pub fn sleep(&mut self, limit: Duration) -> u32 {
        let begin = clock::micros();
        let due = self.interface.poll_delay(now(), &self.sockets).map_or(limit, Duration::from).min(limit);
        // With interrupts masked, none can come between the question and the sleep; a pending one still ends it.
        cortex_m::interrupt::free(|_| {
            if !due.is_zero() && !self.mac.has_frame() {
                Timer::Zero.once(u32::try_from(due.as_micros()).unwrap_or(u32::MAX));
                cortex_m::asm::wfi();
            }
        });
        (clock::micros() - begin) as u32
    }
}

/// Time since boot, as the stack has it.
pub fn now() -> Instant {
    Instant::from_micros(clock::micros().cast_signed())
}

#[interrupt]
fn ETHERNET() {
    ETHERNET.on_interrupt();
}

/// Something is due: this ends the sleep.
#[interrupt]
fn TIMER_0A() {
    Timer::Zero.acknowledge();
}
