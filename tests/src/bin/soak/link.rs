//! One socket from which every device sends from an address of its own: all of 127.0.0.0/8 is this machine's.

use nix::libc::{in_addr, in_pktinfo};
use nix::sys::socket::{ControlMessage, MsgFlags, SockaddrIn, sendmsg};
use std::io::IoSlice;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, UdpSocket};
use std::os::fd::AsRawFd;

/// The way to the gateway.
pub(crate) struct Link {
    socket: UdpSocket,
    to: SockaddrIn,
}

impl Link {
    /// To a gateway on loopback.
    pub(crate) fn new(to: SocketAddr) -> Self {
        let SocketAddr::V4(to) = to else { panic!("an IPv4 address") };
        let socket = UdpSocket::bind(SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 0)).expect("a port is free");
        Self { socket, to: to.into() }
    }

    /// Sends a datagram from the address of this device.
    pub(crate) fn send(&self, device: u32, bytes: &[u8]) {
        let [_, high, middle, low] = (device + 2).to_be_bytes();
        let from = Ipv4Addr::new(127, high + 1, middle, low);
        let from = in_addr { s_addr: u32::from_ne_bytes(from.octets()) };
        let info = in_pktinfo { ipi_ifindex: 0, ipi_spec_dst: from, ipi_addr: in_addr { s_addr: 0 } };
        let control = [ControlMessage::Ipv4PacketInfo(&info)];
        let slices = [IoSlice::new(bytes)];
        sendmsg(self.socket.as_raw_fd(), &slices, &control, MsgFlags::empty(), Some(&self.to))
            .expect("loopback takes datagrams");
    }
}
