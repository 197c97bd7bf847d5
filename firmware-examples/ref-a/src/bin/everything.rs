//! Linked, not run: uses all of narthex that a device can, and must link nothing that panics.
#![no_std]
#![no_main]

use core::hint::black_box;
use core::panic::PanicInfo;
use core::time::Duration;

// Not `machine`, which says why it ends: the sections would be those of that.
#[cfg(target_arch = "arm")]
use {cortex_m as _, cortex_m_rt::entry};
#[cfg(target_arch = "riscv32")]
use {riscv as _, riscv_rt::entry};

use narthex::frame::Decoder;
use narthex::http::{Connection, Endpoint, Observe, Wants};
use narthex::model::Source;
use narthex::runtime::ResetReason;
use narthex::text::{Encoder, Format};
use narthex::transport::{Memory, Reporter, Requests};
use narthex::wire::Identity;
use ref_a::everything::{
    ALL, BUS, DYNAMIC, HEAP, HTTP, IDLE, Link, MAIN, REGISTRY, RUNTIME, Way, Wire, peer,
};
use ref_a::{RADIO, Reason};

const IDENTITY: Identity<'static> = Identity { device: "radio-1", firmware: "1.0.0" };

#[entry]
fn main() -> ! {
    let (mut buf, mut other, mut last) = ([0; 256], [0; 256], [0; 320]);
    loop {
        update(black_box(7));
        tables(black_box(7));
        register();
        print(&REGISTRY, black_box(&mut buf));
        print(&DYNAMIC, black_box(&mut buf));
        send(Reporter::new(&REGISTRY, IDENTITY, 1).with_trickle(black_box(2)), &mut buf);
        send(Reporter::new(&DYNAMIC, IDENTITY, 1), &mut buf);
        let reporter =
            Reporter::new(&REGISTRY, IDENTITY, 1).with_memory(black_box(&mut last)).with_requests();
        poll(reporter, &mut buf, black_box(&other));
        receive(black_box(&mut other));
        serve(&Endpoint::new(&REGISTRY), black_box(&other), &mut buf);
        serve(&Endpoint::new(&DYNAMIC).with_observer(&HTTP), black_box(&other), &mut buf);
    }
}

#[inline(never)]
fn update(n: u32) {
    ALL.frames_total.add(n);
    ALL.frames_total.add_u64(black_box(1 << 40));
    ALL.celsius.sub(n.cast_signed());
    ALL.celsius.set_max(n.cast_signed());
    ALL.ratio.set(f32::from_bits(n));
    ALL.ratio.set_max(1.0);
    ALL.maybe.add(n.cast_signed());
    ALL.maybe.set_min(n.cast_signed());
    ALL.maybe.clear();
    ALL.link.set(black_box(Link::Up));
    ALL.ways_total.at(Way { reason: black_box(Reason::Key), encrypted: black_box(true) }).inc();
    ALL.wait_seconds().at(black_box(Link::Joining)).observe_n(n, n);
    drop(ALL.wait_seconds().at(black_box(Link::Up)).start(|| black_box(3)));
    ALL.turn_seconds().observe(n);
    ALL.turn_seconds().observe_u64(black_box(1 << 40));
    drop(ALL.turn_seconds().start(|| black_box(3)));
    ALL.offset().at(black_box(Link::Up)).observe_n(n.cast_signed(), n);
    ALL.latency_seconds.observe(n);
    ALL.latency_seconds.tick(Duration::from_secs(n.into()));
    black_box((ALL.turn_seconds.count(), ALL.turn_seconds.sum(), ALL.latency_seconds.quantile(n)));
    RADIO.acknowledgement_seconds().observe(n);
    RUNTIME.set_uptime(Duration::from_secs(n.into()));
    RUNTIME.boots.set(n.cast_signed());
    RUNTIME.reset_reason.set(black_box(ResetReason::Watchdog));
    MAIN.max_used_bytes.set_max(n.cast_signed());
    HEAP.set_free(n as usize);
    IDLE.idle_seconds_total.add(n);
}

#[inline(never)]
fn tables(n: u16) {
    ALL.packets_total.update(peer(n), |packets| packets.add(3));
    let pinned = ALL.packets_total.pin(peer(n));
    pinned.inc();
    black_box(ALL.packets_total.remove(peer(n)).is_err());
    drop(pinned);
    ALL.size_bytes().observe(peer(n), 12);
    ALL.answer_seconds().observe(peer(n), 12);
    ALL.answer_seconds().pin(peer(n)).observe(12);
    black_box((ALL.answer_seconds.clear(), ALL.packets_total.len(), ALL.packets_total.overflows()));
}

#[inline(never)]
fn register() {
    black_box(DYNAMIC.register(&ALL, BUS).is_err());
    black_box(DYNAMIC.register(&RADIO, &[]).is_err());
    black_box(DYNAMIC.unregister(&ALL, BUS).is_err());
}

#[inline(never)]
fn print<S: Source>(source: &S, buf: &mut [u8; 256]) {
    let mut encoder = Encoder::new(black_box(Format::OpenMetrics));
    while let Ok(1..) = encoder.fill(source, buf) {
        black_box(&buf);
    }
}

#[inline(never)]
fn send<S: Source + ?Sized, M: Memory, R: Requests>(
    mut reporter: Reporter<'_, S, M, R>,
    buf: &mut [u8; 256],
) {
    let mut wire = Wire { receive: &[], sent: 0 };
    black_box(reporter.send(black_box(Duration::from_secs(1)), buf, &mut wire).is_err());
    black_box(wire.sent);
}

#[inline(never)]
fn poll<S: Source, M: Memory>(
    mut reporter: Reporter<'_, S, M, narthex::transport::Inbox>,
    buf: &mut [u8; 256],
    bytes: &[u8; 256],
) {
    let mut wire = Wire { receive: bytes, sent: 0 };
    black_box(reporter.poll(&mut wire).is_err());
    reporter.receive(bytes);
    black_box(reporter.send(black_box(Duration::from_secs(2)), buf, &mut wire).is_err());
}

/// What a device does that listens to frames of its own accord.
#[inline(never)]
fn receive(bytes: &mut [u8; 256]) {
    let mut decoder = Decoder::<64>::new();
    let mut input = &bytes[..];
    while let Some(event) = decoder.feed(&mut input) {
        black_box(&event);
    }
}

/// All that a transport does with a connection.
#[inline(never)]
fn serve<S: Source, O: Observe>(endpoint: &Endpoint<'_, S, O>, bytes: &[u8; 256], buf: &mut [u8; 256]) {
    let (mut head, now) = ([0; 128], black_box(Duration::from_secs(1)));
    let mut connection = Connection::new(&mut head);
    connection.open(now);
    connection.check(endpoint, now);
    black_box((connection.left(endpoint, now), connection.idle(now)));
    black_box(connection.receive(endpoint, bytes, now));
    while connection.wants() == Wants::Room {
        black_box(connection.send(endpoint, buf, black_box(true), now));
    }
    connection.dismiss(now);
    connection.lost(endpoint);
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    loop {}
}
