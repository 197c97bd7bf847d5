//! Frames as datagrams, to a gateway and back.

use super::net::{ADDRESS, Net};
use super::{Instruments, page};
use narthex::frame::{self, Header, Kind, MIN_FRAME};
use narthex::text::Format;
use narthex::transport::Reporter;
use narthex::transport::smoltcp::{DatagramError, Datagrams};
use narthex::wire::{Identity, Request};
use narthex_tests::board::Board;
use narthex_tests::host::Host;
use narthex_tests::random::Random;
use smoltcp::iface::SocketHandle;
use smoltcp::socket::udp::{PacketBuffer, PacketMetadata, Socket};
use smoltcp::wire::IpEndpoint;
use std::time::Duration;

const GATEWAY: IpEndpoint = IpEndpoint { addr: ADDRESS, port: 9_902 };
const IDENTITY: Identity<'static> = Identity { device: "device", firmware: "1" };

/// A bound socket for so many datagrams of so many bytes in all.
fn bind(net: &mut Net, port: u16, datagrams: usize, bytes: usize) -> SocketHandle {
    let buffer = || PacketBuffer::new(vec![PacketMetadata::EMPTY; datagrams], vec![0; bytes]);
    let mut socket = Socket::new(buffer(), buffer());
    socket.bind(port).unwrap();
    net.sockets.add(socket)
}

#[test]
fn every_frame_is_a_datagram_and_none_is_lost() {
    let board = Board::new(Instruments::new());
    // Room for all frames of a snapshot, for two of them, and for hardly more than one.
    for (datagrams, bytes) in [(32, 8_192), (2, 8_192), (32, 150)] {
        let mut net = Net::new();
        let device = bind(&mut net, 5_000, datagrams, bytes);
        let gateway = bind(&mut net, GATEWAY.port, 64, 16_384);
        let (mut host, mut random, mut buf) = (Host::new(), Random(1), [0; 128]);
        let mut reporter = Reporter::new(&board, IDENTITY, 7).with_trickle(1).with_requests();
        let mut datagrams = Datagrams::new(GATEWAY, &mut buf);
        for second in 1..9 {
            host.at(Duration::from_secs(second));
            board.group.weight_grams().at(super::Port::Front).observe(second as u32);
            // A new gateway must ask, else it would take longer to know all.
            if second == 6 {
                host = Host::new();
                host.at(Duration::from_secs(second));
            }
            datagrams.receive(&mut reporter, net.sockets.get_mut(device));
            reporter.begin(Duration::from_secs(second));
            let mut rounds = 0;
            while !datagrams.send(&mut reporter, net.sockets.get_mut(device)).unwrap() {
                rounds += 1;
                assert!(rounds < 100, "it is never done");
                net.poll();
            }
            net.poll();
            let mut answer = Vec::new();
            while let Ok((frame, from)) = net.sockets.get_mut::<Socket<'_>>(gateway).recv() {
                assert_eq!(from.endpoint.port, 5_000);
                assert!(
                    frame.len() <= 128 && frame.iter().position(|byte| *byte == 0) == Some(frame.len() - 1)
                );
                answer.extend(host.feed(frame, &mut random));
            }
            let socket = net.sockets.get_mut::<Socket<'_>>(gateway);
            if !answer.is_empty() {
                socket.send_slice(&answer, IpEndpoint { addr: ADDRESS, port: 5_000 }).unwrap();
            }
            net.poll();
        }
        host.agrees("device", &page(&board, Format::Text), Format::Text).unwrap();
        let counts = host.counts();
        assert_eq!((counts.repeated, counts.reordered, counts.corrupt), (0, 0, 0));
        assert_eq!(counts.lost, 0);
    }
}

#[test]
fn only_the_gateway_is_listened_to() {
    let board = Board::new(Instruments::new());
    let mut net = Net::new();
    let (device, gateway) = (bind(&mut net, 5_000, 32, 8_192), bind(&mut net, GATEWAY.port, 64, 16_384));
    let stranger = bind(&mut net, 5_001, 8, 1_024);
    let mut reporter = Reporter::new(&board, IDENTITY, 7).with_trickle(0).with_requests();
    let (mut second, mut buf) = (0, [0; 128]);
    let mut datagrams = Datagrams::new(GATEWAY, &mut buf);
    // How many frames come after these bytes have come from there.
    let mut after = |from: SocketHandle, bytes: &[u8]| {
        if !bytes.is_empty() {
            net.sockets.get_mut::<Socket<'_>>(from).send_slice(bytes, (ADDRESS, 5_000)).unwrap();
        }
        net.poll();
        second += 1;
        datagrams.receive(&mut reporter, net.sockets.get_mut(device));
        reporter.begin(Duration::from_secs(second));
        assert_eq!(datagrams.send(&mut reporter, net.sockets.get_mut(device)), Ok(true));
        net.poll();
        let mut frames = 0;
        while net.sockets.get_mut::<Socket<'_>>(gateway).recv().is_ok() {
            frames += 1;
        }
        frames
    };
    let mut request = [0; MIN_FRAME];
    let len = Request::put_all(&[Request::Hello], frame::payload(&mut request));
    let header = Header { kind: Kind::REQUESTS, boot: 0, schema: 0, sequence: 1, uptime: 0 };
    let request = frame::seal(&mut request, &header, len);
    let (first, usual) = (after(gateway, b""), after(gateway, b""));
    assert!(first > usual);
    assert_eq!(after(stranger, request), usual);
    assert_eq!(after(gateway, request), usual + 1);
}

#[test]
fn what_cannot_be_sent_says_so() {
    let board = Board::new(Instruments::new());
    let mut net = Net::new();
    let small = bind(&mut net, 5_000, 4, 60);
    let mut reporter = Reporter::new(&board, IDENTITY, 7);
    reporter.begin(Duration::from_secs(1));
    let mut buf = [0; 128];
    let mut datagrams = Datagrams::new(GATEWAY, &mut buf);
    assert_eq!(datagrams.send(&mut reporter, net.sockets.get_mut(small)), Err(DatagramError::SocketTooSmall));
    net.sockets.get_mut::<Socket<'_>>(small).close();
    let socket = bind(&mut net, 5_000, 16, 4_096);
    net.sockets.get_mut::<Socket<'_>>(socket).close();
    assert_eq!(datagrams.send(&mut reporter, net.sockets.get_mut(socket)), Err(DatagramError::Unaddressable));
    // The frame was kept.
    net.sockets.get_mut::<Socket<'_>>(socket).bind(5_000).unwrap();
    assert_eq!(datagrams.send(&mut reporter, net.sockets.get_mut(socket)), Ok(true));
    let (mut host, mut random) = (Host::new(), Random(1));
    host.at(Duration::from_secs(1));
    let gateway = bind(&mut net, GATEWAY.port, 64, 16_384);
    net.poll();
    while let Ok((frame, _)) = net.sockets.get_mut::<Socket<'_>>(gateway).recv() {
        host.feed(frame, &mut random);
    }
    host.agrees("device", &page(&board, Format::Text), Format::Text).unwrap();
    let mut short = [0; 47];
    let mut datagrams = Datagrams::new(GATEWAY, &mut short);
    reporter.begin(Duration::from_secs(2));
    assert!(matches!(
        datagrams.send(&mut reporter, net.sockets.get_mut(socket)),
        Err(DatagramError::Frame(_))
    ));
}
