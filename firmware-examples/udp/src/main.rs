//! A monitor of the mains that tells: each second a snapshot goes to a gateway, each frame a datagram. Who asks for the page
//! gets it too.
//!
//! What it says changes just before a snapshot and at no other time, so that page and gateway say the same. So what the
//! network does is left out here: each look at it would change it.
#![no_std]
#![no_main]

use core::net::{Ipv4Addr, SocketAddrV4};
use core::panic::PanicInfo;
use core::time::Duration;

use cortex_m_rt::entry;
use lm3s6965evb::ethernet::Frames;
use lm3s6965evb::{clock, host};
use monitor::mains::MAINS;
use monitor::network::{Memory, Network, now};
use narthex::http::Endpoint;
use narthex::runtime::Runtime;
use narthex::transport::Reporter;
use narthex::transport::smoltcp::{Datagrams, Server};
use narthex::wire::Identity;
use narthex::{Registry, registry};
use smoltcp::iface::SocketStorage;
use smoltcp::socket::udp::{PacketBuffer, PacketMetadata, Socket};

/// How many are served the page at a time.
const CLIENTS: usize = 4;
/// Longest datagram, in bytes.
const FRAME: usize = 256;
/// Our port, and the gateway's.
const PORT: u16 = 9_921;
/// Who is told, unless `--gateway` says otherwise: QEMU's host, on its loopback.
const GATEWAY: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(10, 0, 2, 2), PORT);
/// Who this is. A real device would take its name from its serial number.
const IDENTITY: Identity<'static> = Identity { device: "mains-1", firmware: env!("CARGO_PKG_VERSION") };

static RUNTIME: Runtime = Runtime::new();
static REGISTRY: Registry = registry![MAINS, RUNTIME];

#[entry]
fn main() -> ! {
    static mut FRAMES: Frames = Frames::NEW;
    static mut MEMORY: [Memory; CLIENTS] = [Memory::NEW; CLIENTS];
    static mut RECEIVE: [u8; 2 * FRAME] = [0; 2 * FRAME];
    static mut SEND: [u8; 4 * FRAME] = [0; 4 * FRAME];
    static mut FRAME_BUFFER: [u8; FRAME] = [0; FRAME];

    // The runtime hands them out once, and nobody else takes them.
    let Some(core) = cortex_m::Peripherals::take() else { unreachable!("the core is taken once") };
    lm3s6965evb::start(core);
    let boot = host::boot_id();
    let mut storage = [SocketStorage::EMPTY; CLIENTS + 1];
    let mut network = Network::start(FRAMES, &mut storage, boot);
    let mut clients = MEMORY.each_mut().map(|memory| network.client(memory));
    let mut server = Server::new(Endpoint::new(&REGISTRY), 80, &mut clients);

    let mut packets = [[PacketMetadata::EMPTY; 4]; 2];
    let [received, sent] = packets.each_mut().map(|packets| &mut packets[..]);
    let mut socket =
        Socket::new(PacketBuffer::new(received, &mut RECEIVE[..]), PacketBuffer::new(sent, &mut SEND[..]));
    // It is not bound yet, and the port is none of 0.
    _ = socket.bind(PORT);
    let socket = network.sockets.add(socket);
    let mut datagrams = Datagrams::new(host::gateway().unwrap_or(GATEWAY).into(), FRAME_BUFFER);
    let mut reporter = Reporter::new(&REGISTRY, IDENTITY, boot).with_requests();

    let end = host::seconds().unwrap_or(Duration::MAX);
    let mut next = Duration::ZERO;
    while clock::uptime() < end {
        let port = network.sockets.get_mut(socket);
        datagrams.receive(&mut reporter, port);
        if clock::uptime() >= next {
            next += Duration::from_secs(1);
            MAINS.measure();
            RUNTIME.set_uptime(clock::uptime());
            reporter.begin(clock::uptime());
        }
        // The socket is bound, and holds four frames: there are no errors.
        let told = datagrams.send(&mut reporter, port).unwrap_or(true);
        network.poll();
        let busy = server.poll(now(), &mut network.sockets);
        // There is more to send, and room for it; without room, whoever sleeps is woken when there may be some.
        let room = network.sockets.get::<Socket<'_>>(socket).can_send();
        if busy || (!told && room) {
            continue;
        }
        let wait = next.saturating_sub(clock::uptime());
        let deadline = server.poll_delay(now()).map_or(wait, Duration::from);
        network.sleep(wait.min(deadline));
    }
    host::exit()
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    host::fail(info)
}
