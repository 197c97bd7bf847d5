//! A monitor of the mains, with an Ethernet port: what two examples are. `ethernet` is asked by a server, `udp` tells a
//! gateway.
#![no_std]

pub mod mains;
pub mod network;
