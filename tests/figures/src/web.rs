//! `GET /metrics`, through real servers on loopback.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;
use cpu_time::{ProcessTime, ThreadTime};
use narthex_host::expose::http::metrics;
use prometheus_client::registry::Registry;
use tokio::runtime::Runtime;
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;

use crate::clock;
use crate::device::node::{CHILDREN, NODE};
use crate::rig::Rig;
use crate::{row, twin};

/// The page of the peer, as its documentation serves it.
async fn page(State(registry): State<Arc<Registry>>) -> impl IntoResponse {
    let mut text = String::new();
    twin::scrape(&registry, &mut text);
    ([(CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text)
}

/// Serves until the runtime ends.
fn serve(runtime: &Runtime, router: Router) -> SocketAddr {
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).expect("a free port");
    let address = listener.local_addr().expect("a bound socket has an address");
    runtime.spawn(async move { axum::serve(listener, router).await });
    address
}

/// A client that keeps its connection.
struct Client {
    reader: BufReader<TcpStream>,
    request: String,
}

impl Client {
    fn new(server: SocketAddr, encoding: &str) -> Self {
        let stream = TcpStream::connect(server).expect("the server listens");
        stream.set_nodelay(true).expect("a TCP socket");
        let request = format!("GET /metrics HTTP/1.1\r\nHost: h\r\nAccept-Encoding: {encoding}\r\n\r\n");
        Self { reader: BufReader::with_capacity(1 << 18, stream), request }
    }

    /// One line, without its end.
    fn line(&mut self) -> String {
        let mut line = String::new();
        self.reader.read_line(&mut line).expect("the server answers");
        line.trim_end().to_ascii_lowercase()
    }

    fn skip(&mut self, bytes: u64) {
        let copied = std::io::copy(&mut self.reader.by_ref().take(bytes), &mut std::io::sink());
        assert_eq!(copied.expect("the server answers"), bytes);
    }

    /// Gets a page; returns the bytes of its body.
    fn get(&mut self) -> u64 {
        self.reader.get_mut().write_all(self.request.as_bytes()).expect("the server listens");
        assert_eq!(self.line(), "http/1.1 200 ok");
        let mut length = None;
        loop {
            let line = self.line();
            match line.split_once(": ") {
                Some(("content-length", bytes)) => length = bytes.parse().ok(),
                Some(_) => {}
                None => break,
            }
        }
        if let Some(length) = length {
            self.skip(length);
            return length;
        }
        let mut all = 0;
        loop {
            let bytes = u64::from_str_radix(&self.line(), 16).expect("the length of a chunk");
            self.skip(bytes + 2);
            all += bytes;
            if bytes == 0 {
                return all;
            }
        }
    }

    /// Nanoseconds of processor time that the rest of the process takes for a page.
    fn time(&mut self) -> f64 {
        const PAGES: u32 = 10;
        let (process, thread) = (ProcessTime::now(), ThreadTime::now());
        for _ in 0..PAGES {
            self.get();
        }
        let (thread, process) = (thread.elapsed(), process.elapsed());
        clock::in_nanoseconds(process.saturating_sub(thread)) / f64::from(PAGES)
    }
}

/// Prints what a page of 10 000 children costs a server.
pub(crate) fn pages() {
    let runtime = Runtime::new().expect("threads");
    let rig = Rig::new();
    let _lines = rig.populate(&NODE, 10_000 / CHILDREN);
    let own = serve(&runtime, metrics(Arc::new(rig.devices())));
    let registry = Arc::new(twin::nodes(10_000 / CHILDREN));
    let router = || Router::new().route("/metrics", get(page)).with_state(Arc::clone(&registry));
    let peer = serve(&runtime, router().layer(CompressionLayer::new()));
    let fast = serve(&runtime, router().layer(CompressionLayer::new().quality(CompressionLevel::Fastest)));
    for (what, encoding) in [("plain", "identity"), ("gzip", "gzip")] {
        let [mut own, mut peer, mut fast] = [own, peer, fast].map(|server| Client::new(server, encoding));
        let bytes = [&mut own, &mut peer, &mut fast].map(Client::get);
        let [own, peer, fast] =
            clock::rounds(7, [&mut || own.time(), &mut || peer.time(), &mut || fast.time()]);
        row(&format!("GET /metrics, {what}, time"), own / 1e6, 2);
        row(&format!("GET /metrics, {what}, ratio"), own / peer, 2);
        if what == "gzip" {
            row("GET /metrics, gzip, ratio at the same level", own / fast, 2);
            row("GET /metrics, gzip, bytes", bytes[0] as f64 / 1000.0, 0);
            eprintln!("gzip: {bytes:?} bytes; peer {:.2} ms, at level 1 {:.2} ms", peer / 1e6, fast / 1e6);
        }
    }
}
