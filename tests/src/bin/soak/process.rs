//! What the system says of the gateway: CPU time, memory, and what waits for it.

use std::fs;
use std::net::SocketAddr;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Datagrams that wait may take so many bytes: far below what the socket has room for, so that none is dropped.
const WAITING: u64 = 48 << 10;

/// The gateway's process.
pub(crate) struct Process {
    folder: String,
    /// Its UDP socket, as the system's table of these calls it.
    socket: String,
}

impl Process {
    /// A process, and where it listens for datagrams.
    pub(crate) fn new(id: u32, udp: SocketAddr) -> Self {
        let SocketAddr::V4(udp) = udp else { panic!("an IPv4 address") };
        let address = u32::from_ne_bytes(udp.ip().octets());
        Self { folder: format!("/proc/{id}"), socket: format!("{address:08X}:{:04X}", udp.port()) }
    }

    /// CPU time of all its threads so far.
    pub(crate) fn cpu(&self) -> Duration {
        let tasks = fs::read_dir(format!("{}/task", self.folder)).expect("the gateway runs");
        let nanoseconds = tasks.map(|task| {
            let stat =
                fs::read_to_string(task.expect("a thread").path().join("schedstat")).unwrap_or_default();
            stat.split(' ').next().and_then(|n| n.parse::<u64>().ok()).unwrap_or_default()
        });
        Duration::from_nanos(nanoseconds.sum())
    }

    /// Its resident memory in bytes.
    pub(crate) fn memory(&self) -> u64 {
        let status = fs::read_to_string(format!("{}/status", self.folder)).expect("the gateway runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("it has memory");
        line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") * 1024
    }

    /// Bytes that wait in its socket, and datagrams for which there was no room.
    fn queue(&self) -> (u64, u64) {
        let table = fs::read_to_string("/proc/net/udp").expect("the system has a table of sockets");
        let line = table.lines().find(|line| line.contains(&self.socket)).expect("the gateway listens");
        let fields: Vec<_> = line.split_whitespace().collect();
        let waiting = fields[4].split(':').nth(1).and_then(|hex| u64::from_str_radix(hex, 16).ok());
        (waiting.expect("a number"), fields.last().and_then(|drops| drops.parse().ok()).expect("a number"))
    }

    /// Datagrams that the system has dropped, as they came faster than the gateway read.
    pub(crate) fn dropped(&self) -> u64 {
        self.queue().1
    }

    /// Waits until there is room for more.
    pub(crate) fn make_room(&self) {
        self.wait(WAITING);
    }

    /// Waits until the gateway has read all, and done it.
    pub(crate) fn drain(&self) {
        self.wait(0);
        sleep(Duration::from_millis(200));
    }

    /// Waits until what new devices give it to do is done: their schemas go to disk in the background.
    pub(crate) fn settle(&self) {
        self.drain();
        loop {
            let before = self.cpu();
            sleep(Duration::from_millis(200));
            if self.cpu().saturating_sub(before) < Duration::from_millis(20) {
                return;
            }
        }
    }

    fn wait(&self, most: u64) {
        let start = Instant::now();
        while self.queue().0 > most {
            assert!(start.elapsed() < Duration::from_mins(1), "the gateway reads no more");
            sleep(Duration::from_millis(1));
        }
    }
}
