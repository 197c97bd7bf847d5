//! A monitor of the mains that is asked: `GET /metrics` at its own address.
#![no_std]
#![no_main]

use core::panic::PanicInfo;
use core::time::Duration;

use cortex_m_rt::entry;
use lm3s6965evb::ethernet::Frames;
use lm3s6965evb::{clock, host, stack};
use monitor::mains::MAINS;
use monitor::network::{ETHERNET, Memory, Network, now};
use narthex::http::{Deadlines, Endpoint};
use narthex::runtime::{HttpServer, Idle, Runtime, Stack};
use narthex::transport::smoltcp::Server;
use narthex::{Registry, registry};
use smoltcp::iface::SocketStorage;

/// How many are served at a time.
const CLIENTS: usize = 8;
/// Who is slow makes room for others after some seconds.
const DEADLINES: Deadlines =
    Deadlines { head: Duration::from_secs(3), stall: Duration::from_secs(3), ..Deadlines::DEFAULT };

static RUNTIME: Runtime = Runtime::new();
static IDLE: Idle = Idle::new();
static STACK: Stack = Stack::new();
static HTTP: HttpServer = HttpServer::new();
static REGISTRY: Registry = registry![MAINS, ETHERNET, HTTP, RUNTIME, IDLE, STACK { thread: "main" }];

#[entry]
fn main() -> ! {
    static mut FRAMES: Frames = Frames::NEW;
    static mut MEMORY: [Memory; CLIENTS] = [Memory::NEW; CLIENTS];

    // The runtime hands them out once, and nobody else takes them.
    let Some(core) = cortex_m::Peripherals::take() else { unreachable!("the core is taken once") };
    lm3s6965evb::start(core);
    let mut storage = [SocketStorage::EMPTY; CLIENTS];
    let mut network = Network::start(FRAMES, &mut storage, host::boot_id());
    let mut clients = MEMORY.each_mut().map(|memory| network.client(memory));
    let endpoint = Endpoint::new(&REGISTRY).with_deadlines(DEADLINES).with_observer(&HTTP);
    let mut server = Server::new(endpoint, 80, &mut clients);

    let end = host::seconds().unwrap_or(Duration::MAX);
    let mut next = Duration::ZERO;
    while clock::uptime() < end {
        if clock::uptime() >= next {
            next += Duration::from_secs(1);
            MAINS.measure();
            RUNTIME.set_uptime(clock::uptime());
            STACK.size_bytes.set(stack::size().cast_signed() as i32);
            STACK.max_used_bytes.set(stack::max_used().cast_signed() as i32);
        }
        network.poll();
        // What was written is sent, and what came meanwhile is read, before anybody sleeps.
        if server.poll(now(), &mut network.sockets) {
            continue;
        }
        let wait = next.saturating_sub(clock::uptime());
        let deadline = server.poll_delay(now()).map_or(wait, Duration::from);
        IDLE.idle_seconds_total.add(network.sleep(wait.min(deadline)));
    }
    host::exit()
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    host::fail(info)
}
