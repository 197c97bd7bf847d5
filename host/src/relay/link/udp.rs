//! UDP: each source address is a connection of its own.
//!
//! Whoever can reach the socket can invent source addresses, and each costs a connection. So there is a table of
//! sources with rules for when it is full:
//!
//! - A source is *regular* once it was heard again [`REGULAR`] after its first datagram. A regular source keeps its
//!   place until it has been silent for [`SILENCE`]; no flood of others pushes it out.
//! - All others are newcomers. The next newcomer takes the place of the one that has been silent for longest, so a
//!   flood of invented addresses pushes out itself. A real device that is pushed out is let in again with its next
//!   datagram.
//! - What goes back to a source is never more than what came from it: to whoever uses an address that is not theirs,
//!   we are no amplifier.
//! - A quarter of the places that were free when the link began is not given to sources: TCP, where a connection costs
//!   its peer something, still finds some.

use std::collections::{BTreeSet, HashMap};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::net::UdpSocket;
use tokio::time::{MissedTickBehavior, interval, sleep};
use tracing::{debug, warn};

use super::rate::Bucket;
use super::status::Refusal;
use super::{Backoff, Connection, Link, plain, why};

/// A source that is silent for so long is closed.
pub const SILENCE: Duration = Duration::from_secs(60);
/// A source that is heard for longer than this is regular.
pub const REGULAR: Duration = Duration::from_secs(5);
/// How often silence is looked for.
const SWEEP: Duration = Duration::from_secs(5);
/// No datagram is longer.
const DATAGRAM_BYTES: usize = 65_536;
/// Room for datagrams while we are busy; the system may give less.
const SOCKET_BYTES: usize = 4 << 20;

/// Takes the datagrams that devices send, for ever. A datagram is bytes like any others: what a device cuts into
/// several is put together again. The link is up from now on.
pub fn listen(socket: UdpSocket, link: Link) -> impl Future<Output = ()> + Send {
    link.status().up();
    receive(socket, link)
}

async fn receive(socket: UdpSocket, link: Link) {
    // Not to get more room is no error: what is lost is counted by who reads the bytes.
    let _ = socket2::SockRef::from(&socket).set_recv_buffer_size(SOCKET_BYTES);
    let mut sources = Sources::new(link);
    let mut datagram = vec![0; DATAGRAM_BYTES];
    let mut reply = Vec::new();
    let mut backoff = Backoff::new();
    let mut ticks = interval(SWEEP);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let received = tokio::select! {
            received = socket.recv_from(&mut datagram) => received,
            _ = ticks.tick() => {
                sources.sweep(Instant::now());
                continue;
            }
        };
        match received {
            Ok((bytes, peer)) => {
                backoff.reset();
                let bytes = datagram.get(..bytes).unwrap_or_default();
                sources.take(plain(peer), bytes, &mut reply, Instant::now());
                if !reply.is_empty() {
                    // What the socket does not take at once is dropped.
                    let sent = socket.try_send_to(&reply, peer).unwrap_or(0);
                    sources.link.status().sent(sent, reply.len());
                    reply.clear();
                }
            }
            Err(error) => {
                let why = format!("cannot receive: {}", why(&error));
                if sources.link.status().deaf(&why) {
                    warn!("{}: {why}; trying again", sources.link.name);
                }
                sleep(backoff.wait()).await;
            }
        }
    }
}

/// One source that has a place.
struct Source {
    connection: Connection,
    rate: Option<Arc<Bucket>>,
    first: Instant,
    last: Instant,
    regular: bool,
    /// How many bytes more came from it than went back.
    credit: usize,
}

/// All sources that have a place, and who is next to lose it.
struct Sources {
    link: Link,
    /// Places that sources leave to others.
    spare: usize,
    open: HashMap<SocketAddr, Source>,
    /// By when they were last heard, for longest silent first.
    newcomers: BTreeSet<(Instant, SocketAddr)>,
    regulars: BTreeSet<(Instant, SocketAddr)>,
}

impl Sources {
    fn new(link: Link) -> Self {
        let spare = link.places.available_permits() / 4;
        Self { link, spare, open: HashMap::new(), newcomers: BTreeSet::new(), regulars: BTreeSet::new() }
    }

    /// Takes one datagram. What shall go back is in `reply`.
    fn take(&mut self, peer: SocketAddr, bytes: &[u8], reply: &mut Vec<u8>, now: Instant) {
        reply.clear();
        if bytes.is_empty() {
            return;
        }
        let rate = match self.open.get(&peer) {
            Some(source) => source.rate.clone(),
            None if self.link.is_allowed(peer) => self.link.rate_of(peer.ip(), now),
            None => return,
        };
        if rate.as_ref().is_some_and(|rate| !rate.try_take(bytes.len(), now)) {
            self.link.refuse(Refusal::Rate, peer);
            return;
        }
        if !self.open.contains_key(&peer) && !self.let_in(peer, rate, now) {
            self.link.refuse(Refusal::Full, peer);
            return;
        }
        if let Some(source) = self.open.get_mut(&peer) {
            let old = (source.last, peer);
            if source.regular { &mut self.regulars } else { &mut self.newcomers }.remove(&old);
            source.last = now;
            source.regular |= now.saturating_duration_since(source.first) >= REGULAR;
            if source.regular { &mut self.regulars } else { &mut self.newcomers }.insert((now, peer));
            source.connection.feed(bytes, reply);
            source.credit = source.credit.saturating_add(bytes.len());
            if let Some(credit) = source.credit.checked_sub(reply.len()) {
                source.credit = credit;
            } else {
                // It is asked again, as if the answer was lost.
                self.link.status().sent(0, reply.len());
                reply.clear();
            }
        }
    }

    /// Gives a source a place: a free one, or that of the newcomer that has been silent for longest.
    fn let_in(&mut self, peer: SocketAddr, rate: Option<Arc<Bucket>>, now: Instant) -> bool {
        self.sweep(now);
        if self.link.places.available_permits() <= self.spare {
            let Some((_, oldest)) = self.newcomers.pop_first() else { return false };
            self.open.remove(&oldest);
            debug!("{}: {oldest} gives its place to {peer}", self.link.name);
        }
        // The rate is ours to keep: it is asked before there is a connection.
        let device = self.link.device.as_ref();
        let Some(connection) = self.link.open(device, &peer.to_string(), None) else { return false };
        self.link.status().up();
        self.open.insert(peer, Source { connection, rate, first: now, last: now, regular: false, credit: 0 });
        true
    }

    /// Closes those that have been silent for too long.
    fn sweep(&mut self, now: Instant) {
        for order in [&mut self.newcomers, &mut self.regulars] {
            while let Some((last, peer)) = order.first().copied() {
                if now.saturating_duration_since(last) < SILENCE {
                    break;
                }
                order.pop_first();
                self.open.remove(&peer);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU64;

    use tokio::sync::Semaphore;

    use super::super::IpNet;
    use super::super::testing::Witness;
    use super::*;

    fn link(witness: &Arc<Witness>, places: usize) -> Link {
        let gate: Arc<dyn super::super::Gate> = witness.clone();
        Link::new("udp", gate, Arc::new(Semaphore::new(places)))
    }

    async fn listening(link: &Link, at: &str) -> SocketAddr {
        let socket = UdpSocket::bind(at).await.unwrap();
        let address = socket.local_addr().unwrap();
        tokio::spawn(listen(socket, link.clone()));
        address
    }

    fn peer(number: u32) -> SocketAddr {
        (number.to_be_bytes(), 1000).into()
    }

    #[tokio::test]
    async fn each_source_has_its_own_intake_and_gets_its_own_answers() {
        let witness = Arc::new(Witness::answering(b"yes"));
        let link = link(&witness, 8);
        let to = listening(&link, "127.0.0.1:0").await;
        let a = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let b = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        for (socket, text) in [(&a, "one"), (&b, "two"), (&a, "more"), (&a, "")] {
            socket.send_to(text.as_bytes(), to).await.unwrap();
        }
        witness.until(|log| log.total() == 10).await;
        witness.with(|log| {
            let mut fed: Vec<_> = log.fed.values().cloned().collect();
            fed.sort();
            assert_eq!(fed, [b"onemore".to_vec(), b"two".to_vec()]);
            assert!(log.peers.contains(&a.local_addr().unwrap().to_string()), "{:?}", log.peers);
        });
        let mut answer = [0; 16];
        assert_eq!(b.recv(&mut answer).await.unwrap(), 3);
        let report = link.status().report();
        assert!(report.up);
        assert_eq!((report.connections, report.received_bytes, report.sent_bytes), (2, 10, 9));
    }

    #[tokio::test]
    async fn only_allowed_networks_come_in_on_a_socket_for_both_families_too() {
        for (networks, taken) in [("10.0.0.0/8", false), ("127.0.0.0/8", true), ("::1/128", false)] {
            let witness = Arc::new(Witness::default());
            let link = link(&witness, 8).with_networks(vec![networks.parse::<IpNet>().unwrap()]);
            // An address that a socket of the other family shows as ::ffff:127.0.0.1.
            let to = listening(&link, "[::ffff:127.0.0.1]:0").await;
            let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
            socket.send_to(b"bytes", plain(to)).await.unwrap();
            let taken_or_refused = || {
                let report = link.status().report();
                (report.received_bytes > 0, report.refused.network > 0)
            };
            while taken_or_refused() == (false, false) {
                sleep(Duration::from_millis(5)).await;
            }
            assert_eq!(taken_or_refused(), (taken, !taken), "{networks}");
            assert_eq!(witness.with(|log| log.peers.len()), usize::from(taken));
        }
    }

    #[tokio::test]
    async fn what_comes_too_fast_is_dropped_and_counted() {
        let witness = Arc::new(Witness::default());
        let link = link(&witness, 8).with_rate(NonZeroU64::new(1000).unwrap());
        let to = listening(&link, "127.0.0.1:0").await;
        // Two sockets of one machine: one source.
        let a = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let b = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        for _ in 0..20 {
            a.send_to(&[0; 100], to).await.unwrap();
            b.send_to(&[0; 100], to).await.unwrap();
        }
        let seen = || link.status().report().received_bytes / 100 + link.status().report().refused.rate;
        while seen() < 40 {
            sleep(Duration::from_millis(5)).await;
        }
        let taken = link.status().report().received_bytes;
        assert!((1000..=1500).contains(&taken), "{taken}");
        sleep(Duration::from_millis(300)).await;
        a.send_to(&[0; 100], to).await.unwrap();
        witness.until(|log| log.total() as u64 == taken + 100).await;
    }

    #[test]
    fn the_silent_are_closed_and_others_stay() {
        let witness = Arc::new(Witness::default());
        let mut sources = Sources::new(link(&witness, 8));
        let (start, mut reply) = (Instant::now(), Vec::new());
        for second in 0..200 {
            let now = start + Duration::from_secs(second);
            sources.take(peer(1), b"x", &mut reply, now);
            if second == 0 {
                sources.take(peer(2), b"y", &mut reply, now);
            }
            sources.sweep(now);
            let open = sources.link.status().report().connections;
            assert_eq!(open, if second < 60 { 2 } else { 1 }, "after {second} s");
        }
        assert_eq!((sources.open.len(), sources.newcomers.len(), sources.regulars.len()), (1, 0, 1));
        sources.sweep(start + Duration::from_secs(259));
        assert!(sources.open.is_empty() && sources.regulars.is_empty());
    }

    #[test]
    fn no_more_goes_back_than_came() {
        let witness = Arc::new(Witness::answering(&[1; 30]));
        let mut sources = Sources::new(link(&witness, 8));
        let (now, mut reply) = (Instant::now(), Vec::new());
        let mut answers = |bytes: usize| {
            sources.take(peer(1), &vec![7; bytes], &mut reply, now);
            reply.len()
        };
        // What is too little for an answer counts towards a later one.
        assert_eq!([answers(29), answers(1), answers(20), answers(50), answers(10)], [0, 30, 0, 30, 30]);
        assert_eq!(answers(1), 0);
        assert_eq!(sources.link.status().report().unsent_bytes, 90);
    }

    #[test]
    fn a_flood_of_invented_sources_pushes_out_no_regular_one() {
        let witness = Arc::new(Witness::quiet());
        let mut sources = Sources::new(link(&witness, 100));
        let (start, mut reply, mut invented) = (Instant::now(), Vec::new(), 1 << 24);
        for tick in 0..2000_u32 {
            let now = start + Duration::from_millis(u64::from(tick) * 50);
            // Ten devices that send once a second; from the tenth second on, 100 invented sources in between.
            if tick % 20 == 0 {
                (1..=10).for_each(|device| sources.take(peer(device), b"frame", &mut reply, now));
            }
            if tick >= 200 {
                for _ in 0..100 {
                    invented += 1;
                    sources.take(peer(invented), b"junk", &mut reply, now);
                }
            }
            assert!(sources.open.len() <= 75, "a quarter is left to others");
            assert_eq!(sources.open.len(), sources.newcomers.len() + sources.regulars.len());
        }
        let report = sources.link.status().report();
        assert_eq!((report.connections, report.refused.full), (75, 0));
        // The ten were let in once each.
        assert_eq!(report.connections_total, 10 + 1800 * 100);
        assert!((1..=10).all(|device| sources.open.get(&peer(device)).is_some_and(|source| source.regular)));
    }

    #[test]
    fn among_regular_sources_nobody_is_pushed_out() {
        let witness = Arc::new(Witness::default());
        let mut sources = Sources::new(link(&witness, 4));
        let (start, mut reply) = (Instant::now(), Vec::new());
        for second in [0, 6] {
            for device in 1..=3 {
                sources.take(peer(device), b"x", &mut reply, start + Duration::from_secs(second));
            }
        }
        sources.take(peer(9), b"late", &mut reply, start + Duration::from_secs(7));
        let report = sources.link.status().report();
        assert_eq!((report.connections_total, report.refused.full), (3, 1));
        assert_eq!(report.trouble, "the limit of connections is reached");
        // One falls silent: its place is free.
        sources.take(peer(1), b"x", &mut reply, start + Duration::from_secs(60));
        sources.take(peer(9), b"late", &mut reply, start + Duration::from_secs(67));
        let report = sources.link.status().report();
        assert_eq!((report.connections_total, report.connections, &*report.trouble), (4, 2, ""));
    }
}
