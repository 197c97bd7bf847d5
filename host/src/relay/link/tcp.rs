//! TCP: devices that dial us, and devices (or terminal servers) that we dial.

use std::io;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};
use tracing::{debug, warn};

use super::redial::{Opened, keep_open};
use super::{Backoff, Link, plain, why};

/// How long a peer may take to answer when dialled.
const DIAL: Duration = Duration::from_secs(10);
/// A device that loses power says no goodbye. After this long without a byte it is asked for a sign of life, ...
const QUIET: Duration = Duration::from_secs(30);
/// ... then again at this interval, ...
const PROBE_EVERY: Duration = Duration::from_secs(10);
/// ... and after this many unanswered questions its connection is over.
const PROBES: u32 = 3;

/// Takes the connections that devices open, for ever. Each runs in a task of its own; they end with this future.
///
/// A connection that may not come in or finds no place is closed at once, and counted. The link is up from now on, as
/// the system takes connections before the first is asked for.
pub fn listen(listener: TcpListener, link: Link) -> impl Future<Output = ()> + Send {
    link.status().up();
    accept(listener, link)
}

async fn accept(listener: TcpListener, link: Link) {
    let mut connections = tokio::task::JoinSet::new();
    let mut backoff = Backoff::new();
    loop {
        // Those that have ended are forgotten, so that the set holds the open ones only.
        while connections.try_join_next().is_some() {}
        let (mut stream, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                // Mostly: no file descriptor left. Trying again at once would spin.
                let why = format!("cannot accept a connection: {}", why(&error));
                if link.status().deaf(&why) {
                    warn!("{}: {why}; trying again", link.name);
                }
                sleep(backoff.wait()).await;
                continue;
            }
        };
        backoff.reset();
        let peer = plain(peer);
        let Some(mut connection) = link.admit(peer) else { continue };
        link.status().up();
        debug!("{}: {peer} connected", link.name);
        let link = link.clone();
        connections.spawn(async move {
            let end = match prepare(&stream) {
                Ok(()) => connection.pump(&mut stream).await,
                Err(error) => Err(error),
            };
            if let Err(error) = &end {
                link.status().error();
                debug!("{}: lost {peer}: {}", link.name, why(error));
            } else {
                debug!("{}: {peer} closed", link.name);
            }
        });
    }
}

/// Dials `address` (`HOST:PORT`, resolved anew each time), and again whenever the connection is refused or lost, for
/// ever.
pub async fn dial(address: &str, link: Link) {
    keep_open(link, || async {
        let (stream, peer) = connect(address).await.map_err(|error| why(&error))?;
        Ok(Opened { stream, peer, how: "connected".to_owned() })
    })
    .await;
}

async fn connect(address: &str) -> io::Result<(TcpStream, String)> {
    let stream = timeout(DIAL, TcpStream::connect(address))
        .await
        .map_err(|_| io::Error::new(io::ErrorKind::TimedOut, "no answer"))??;
    prepare(&stream)?;
    let peer = stream.peer_addr()?.to_string();
    Ok((stream, peer))
}

fn prepare(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let keepalive = TcpKeepalive::new().with_time(QUIET).with_interval(PROBE_EVERY).with_retries(PROBES);
    SockRef::from(stream).set_tcp_keepalive(&keepalive)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::sync::Semaphore;

    use super::super::testing::Witness;
    use super::*;

    fn link(witness: &Arc<Witness>, places: usize) -> Link {
        let gate: Arc<dyn super::super::Gate> = witness.clone();
        Link::new("tcp", gate, Arc::new(Semaphore::new(places)))
    }

    async fn open(link: &Link) -> std::net::SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(listen(listener, link.clone()));
        address
    }

    async fn listening(places: usize) -> (std::net::SocketAddr, Arc<Witness>, Link) {
        let witness = Arc::new(Witness::default());
        let link = link(&witness, places);
        (open(&link).await, witness, link)
    }

    #[tokio::test]
    async fn each_connection_has_its_own_intake_and_ends_with_it() {
        let (address, witness, link) = listening(8).await;
        let mut a = TcpStream::connect(address).await.unwrap();
        let mut b = TcpStream::connect(address).await.unwrap();
        a.write_all(b"one").await.unwrap();
        b.write_all(b"two").await.unwrap();
        witness.until(|log| log.fed.len() == 2 && log.total() == 6).await;
        drop(a);
        witness.until(|log| log.closed.len() == 1).await;
        b.write_all(b"more").await.unwrap();
        witness.until(|log| log.total() == 10).await;
        drop(b);
        witness.until(|log| log.closed.len() == 2).await;
        witness.with(|log| {
            let mut fed: Vec<_> = log.fed.values().cloned().collect();
            fed.sort();
            assert_eq!(fed, [b"one".to_vec(), b"twomore".to_vec()]);
            assert!(log.peers.iter().all(|peer| peer.starts_with("127.0.0.1:")), "{:?}", log.peers);
        });
        let report = link.status().report();
        assert!(report.up);
        assert_eq!((report.connections_total, report.received_bytes, report.errors), (2, 10, 0));
    }

    #[tokio::test]
    async fn a_connection_above_the_limit_is_closed_and_counted() {
        let (address, witness, link) = listening(1).await;
        let first = TcpStream::connect(address).await.unwrap();
        witness.until(|log| log.peers.len() == 1).await;
        let mut second = TcpStream::connect(address).await.unwrap();
        let mut byte = [0];
        let end = second.read(&mut byte).await;
        assert!(matches!(end, Ok(0) | Err(_)));
        let report = link.status().report();
        assert_eq!((report.refused.full, report.errors, report.connections), (1, 0, 1));
        drop(first);
        witness.until(|log| log.closed.len() == 1).await;
        let mut third = TcpStream::connect(address).await.unwrap();
        third.write_all(b"in").await.unwrap();
        witness.until(|log| log.total() == 2).await;
        assert_eq!(link.status().report().trouble, "");
    }

    #[tokio::test]
    async fn answers_go_back_on_connections_of_both_directions() {
        let witness = Arc::new(Witness::answering(b"again"));
        let link = link(&witness, 4);
        let mut device = TcpStream::connect(open(&link).await).await.unwrap();
        let mut answer = [0; 5];
        device.write_all(b"one").await.unwrap();
        device.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"again");
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, dialling) = (listener.local_addr().unwrap().to_string(), link.clone());
        tokio::spawn(async move { dial(&address, dialling).await });
        let (mut device, _) = listener.accept().await.unwrap();
        device.write_all(b"two").await.unwrap();
        device.read_exact(&mut answer).await.unwrap();
        assert_eq!((&answer, link.status().report().sent_bytes), (b"again", 10));
    }

    #[tokio::test]
    async fn a_peer_that_reads_no_answers_is_still_heard() {
        let witness = Arc::new(Witness::answering(&[7; 10_000]));
        let link = link(&witness, 4);
        let mut device = TcpStream::connect(open(&link).await).await.unwrap();
        // More answers than any socket buffers hold; each byte must still arrive.
        for byte in 1..=1000 {
            device.write_all(b"x").await.unwrap();
            witness.until(|log| log.total() == byte).await;
        }
        let report = link.status().report();
        assert_eq!(report.sent_bytes + report.unsent_bytes, 10_000_000);
        assert!(report.unsent_bytes > 0 && report.up && report.connections == 1);
    }

    #[tokio::test]
    async fn only_allowed_networks_come_in() {
        for (networks, taken) in [("10.0.0.0/8", false), ("127.0.0.0/8", true)] {
            let witness = Arc::new(Witness::default());
            let link = link(&witness, 4).with_networks(vec![networks.parse().unwrap()]);
            let mut device = TcpStream::connect(open(&link).await).await.unwrap();
            let _ = device.write_all(b"bytes").await;
            if taken {
                witness.until(|log| log.total() == 5).await;
            } else {
                assert!(matches!(device.read(&mut [0]).await, Ok(0) | Err(_)));
            }
            let report = link.status().report();
            assert_eq!(
                (report.refused.network, report.connections_total),
                (u64::from(!taken), u64::from(taken))
            );
        }
    }

    #[tokio::test]
    async fn who_sends_too_fast_is_slowed_down_over_all_its_connections_and_loses_nothing() {
        let witness = Arc::new(Witness::default());
        let link = link(&witness, 4).with_rate(std::num::NonZeroU64::new(100_000).unwrap());
        let address = open(&link).await;
        let start = std::time::Instant::now();
        for _ in 0..2 {
            tokio::spawn(async move {
                let mut device = TcpStream::connect(address).await.unwrap();
                device.write_all(&vec![1; 100_000]).await.unwrap();
            });
        }
        sleep(Duration::from_millis(300)).await;
        let early = witness.with(super::super::testing::Log::total);
        assert!((100_000..=160_000).contains(&early), "{early}");
        witness.until(|log| log.total() == 200_000).await;
        assert!(start.elapsed() >= Duration::from_millis(950), "{:?}", start.elapsed());
        let report = link.status().report();
        assert!((1..200).contains(&report.pauses) && report.errors == 0, "{report:?}");
    }

    #[tokio::test]
    async fn a_lost_peer_is_dialled_again() {
        let witness = Arc::new(Witness::default());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let gate: Arc<dyn super::super::Gate> = witness.clone();
        let link = Link::new("tcp-connect", gate, Arc::new(Semaphore::new(4)));
        let dialling = link.clone();
        let to = address.clone();
        tokio::spawn(async move { dial(&to, dialling).await });
        for round in 1..=2 {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.write_all(b"hi").await.unwrap();
            witness.until(|log| log.total() == 2 * round).await;
            drop(stream);
            witness.until(|log| log.closed.len() == round).await;
        }
        // The intake is gone before the failure is written down.
        sleep(Duration::from_millis(20)).await;
        let report = link.status().report();
        assert!(!report.up);
        assert_eq!((report.connections, report.connections_total, report.errors), (0, 2, 2));
    }

    #[tokio::test]
    async fn a_missing_peer_is_waited_for() {
        let witness = Arc::new(Witness::default());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let gate: Arc<dyn super::super::Gate> = witness.clone();
        let link = Link::new("tcp-connect", gate, Arc::new(Semaphore::new(4)));
        let dialling = link.clone();
        tokio::spawn(async move { dial(&address.to_string(), dialling).await });
        while link.status().report().errors == 0 {
            sleep(Duration::from_millis(5)).await;
        }
        assert!(link.status().report().trouble.contains("refused"));
        let listener = TcpListener::bind(address).await.unwrap();
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"here").await.unwrap();
        witness.until(|log| log.total() == 4).await;
        let report = link.status().report();
        assert!(report.up && report.trouble.is_empty());
    }
}
