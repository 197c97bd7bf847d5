//! TCP: devices that dial us, and devices (or terminal servers) that we dial.

use std::io;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};
use tracing::{debug, info, warn};

use super::{Backoff, Link, why};

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
/// A connection that finds no place is closed at once, and counted as an error.
pub async fn listen(listener: TcpListener, link: Link) {
    let mut connections = tokio::task::JoinSet::new();
    let mut backoff = Backoff::new();
    link.status().up();
    loop {
        // Those that have ended are forgotten, so that the set holds the open ones only.
        while connections.try_join_next().is_some() {}
        let (stream, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                // Mostly: no file descriptor left. Trying again at once would spin.
                let why = format!("cannot accept a connection: {}", why(&error));
                if link.status().trouble(&why) {
                    warn!("{}: {why}", link.name);
                }
                sleep(backoff.wait()).await;
                continue;
            }
        };
        backoff.reset();
        let Some(mut connection) = link.connect(&peer.to_string()) else {
            if link.status().trouble("refusing connections: the limit is reached") {
                warn!("{}: the limit of connections is reached; {peer} is refused", link.name);
            }
            continue;
        };
        link.status().up();
        debug!("{}: {peer} connected", link.name);
        let link = link.clone();
        connections.spawn(async move {
            let mut stream = stream;
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
    let mut backoff = Backoff::new();
    loop {
        let lost = match connect(address).await {
            Ok((mut stream, peer)) => match link.connect(&peer) {
                Some(mut connection) => {
                    info!("{}: connected", link.name);
                    link.status().up();
                    let before = link.status().bytes();
                    let end = connection.pump(&mut stream).await;
                    if link.status().bytes() != before {
                        backoff.reset();
                    }
                    end.map_or_else(|error| why(&error), |()| "closed by its peer".to_owned())
                }
                None => "the limit of connections is reached".to_owned(),
            },
            Err(error) => why(&error),
        };
        if link.status().fail(&lost) {
            warn!("{}: {lost}; dialling again until it answers", link.name);
        }
        sleep(backoff.wait()).await;
    }
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

    use tokio::io::AsyncWriteExt;
    use tokio::sync::Semaphore;

    use super::super::testing::Recorder;
    use super::*;

    async fn listening(places: usize) -> (std::net::SocketAddr, Arc<Recorder>, Link) {
        let recorder = Arc::new(Recorder::default());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let gate: Arc<dyn super::super::Gate> = recorder.clone();
        let link = Link::new(&format!("tcp {address}"), gate, Arc::new(Semaphore::new(places)));
        tokio::spawn(listen(listener, link.clone()));
        (address, recorder, link)
    }

    #[tokio::test]
    async fn each_connection_has_its_own_intake_and_ends_with_it() {
        let (address, recorder, link) = listening(8).await;
        let mut a = TcpStream::connect(address).await.unwrap();
        let mut b = TcpStream::connect(address).await.unwrap();
        a.write_all(b"one").await.unwrap();
        b.write_all(b"two").await.unwrap();
        recorder.until(|log| log.fed.len() == 2 && log.total() == 6).await;
        drop(a);
        recorder.until(|log| log.closed.len() == 1).await;
        b.write_all(b"more").await.unwrap();
        recorder.until(|log| log.total() == 10).await;
        drop(b);
        recorder.until(|log| log.closed.len() == 2).await;
        recorder.with(|log| {
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
        let (address, recorder, link) = listening(1).await;
        let first = TcpStream::connect(address).await.unwrap();
        recorder.until(|log| log.peers.len() == 1).await;
        let mut second = TcpStream::connect(address).await.unwrap();
        let mut byte = [0];
        let end = tokio::io::AsyncReadExt::read(&mut second, &mut byte).await;
        assert!(matches!(end, Ok(0) | Err(_)));
        assert_eq!(link.status().report().errors, 1);
        drop(first);
        recorder.until(|log| log.closed.len() == 1).await;
        let mut third = TcpStream::connect(address).await.unwrap();
        third.write_all(b"in").await.unwrap();
        recorder.until(|log| log.total() == 2).await;
        assert_eq!(link.status().report().trouble, "");
    }

    #[tokio::test]
    async fn a_lost_peer_is_dialled_again() {
        let recorder = Arc::new(Recorder::default());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let gate: Arc<dyn super::super::Gate> = recorder.clone();
        let link = Link::new("tcp-connect", gate, Arc::new(Semaphore::new(4)));
        let dialling = link.clone();
        let to = address.clone();
        tokio::spawn(async move { dial(&to, dialling).await });
        for round in 1..=2 {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.write_all(b"hi").await.unwrap();
            recorder.until(|log| log.total() == 2 * round).await;
            drop(stream);
            recorder.until(|log| log.closed.len() == round).await;
        }
        // The intake is gone before the failure is written down.
        sleep(Duration::from_millis(20)).await;
        let report = link.status().report();
        assert!(!report.up);
        assert_eq!((report.connections, report.connections_total, report.errors), (0, 2, 2));
    }

    #[tokio::test]
    async fn a_missing_peer_is_waited_for() {
        let recorder = Arc::new(Recorder::default());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let gate: Arc<dyn super::super::Gate> = recorder.clone();
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
        recorder.until(|log| log.total() == 4).await;
        let report = link.status().report();
        assert!(report.up && report.trouble.is_empty());
    }
}
