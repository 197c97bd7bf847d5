//! Scrapes over a real connection.

use std::io::Read;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::super::Format;
use super::*;
use crate::collector::{Collected, Collector};
use crate::instrument::{Counter, Vector};
use crate::model::{Family, Value};
use crate::registry::{Registerer, Registry};

/// A response as it came, chunks joined.
#[derive(Debug)]
struct Answer {
    head: String,
    body: Vec<u8>,
}

impl Answer {
    fn status(&self) -> u16 {
        self.head.split(' ').nth(1).unwrap().parse().unwrap()
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (there, value) = line.split_once(": ")?;
            there.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

async fn serve(metrics: Metrics) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = Router::new().route("/metrics", metrics.into_route());
    tokio::spawn(async move { axum::serve(listener, app).await });
    address
}

async fn ask(address: SocketAddr, method: &str, headers: &str) -> TcpStream {
    ask_for(address, method, "/metrics", headers).await
}

async fn ask_for(address: SocketAddr, method: &str, path: &str, headers: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("{method} {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    stream
}

async fn answer(mut stream: TcpStream) -> Answer {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.unwrap();
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let mut answer = Answer { head, body: bytes[end + 4..].to_vec() };
    if answer.header("transfer-encoding") == Some("chunked") {
        answer.body = joined(&answer.body);
    }
    answer
}

fn joined(mut chunked: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while !chunked.is_empty() {
        let end = chunked.windows(2).position(|window| window == b"\r\n").unwrap();
        let len = usize::from_str_radix(std::str::from_utf8(&chunked[..end]).unwrap(), 16).unwrap();
        body.extend_from_slice(&chunked[end + 2..end + 2 + len]);
        chunked = &chunked[end + 4 + len..];
    }
    body
}

async fn get(address: SocketAddr, headers: &str) -> Answer {
    answer(ask(address, "GET", headers).await).await
}

/// A registry with a page of several chunks.
fn registry() -> Arc<Registry> {
    let registry = Arc::new(Registry::new());
    let many = Vector::<Counter>::new(Family::counter("many_total", "Many.").unwrap(), &["n"]).unwrap();
    for n in 0..20_000 {
        many.with(&[&n.to_string()]).unwrap().add(n);
    }
    registry.register(many).unwrap();
    registry
}

/// A collector that pushes what nobody described.
struct Stray;

impl Collector for Stray {
    fn describe(&self) -> Vec<Family> {
        vec![Family::gauge("g", "G.").unwrap()]
    }

    fn collect(&self, into: &mut Collected) {
        into.push("stray", &[], Value::Unsigned(1));
        into.push("g", &[], Value::Unsigned(1));
    }
}

#[tokio::test]
async fn pages_come_in_the_format_and_packing_asked_for() {
    let registry = registry();
    let address = serve(Metrics::new(registry.clone())).await;
    let text = Page::new(registry.gather(), Format::Text).into_text();
    let open = Page::new(registry.gather(), Format::OpenMetrics).into_text();

    let plain = get(address, "").await;
    assert_eq!(plain.status(), 200);
    assert_eq!(plain.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    assert_eq!(plain.header("vary"), Some("Accept, Accept-Encoding"));
    assert_eq!(plain.header("content-encoding"), None);
    assert!(plain.text() == text);

    // Headers may come in several lines.
    let accept = "Accept: text/plain;q=0.1\r\nAccept: application/openmetrics-text\r\n";
    let packed = get(address, &format!("{accept}Accept-Encoding: gzip\r\n")).await;
    let content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    assert_eq!(packed.header("content-type"), Some(content_type));
    assert_eq!(packed.header("content-encoding"), Some("gzip"));
    assert!(packed.body.len() < open.len() / 3);
    let mut unpacked = String::new();
    flate2::read::GzDecoder::new(&packed.body[..]).read_to_string(&mut unpacked).unwrap();
    assert!(unpacked == open);
}

#[tokio::test]
async fn get_and_head_and_nothing_else() {
    let address = serve(Metrics::new(registry())).await;
    let head = answer(ask(address, "HEAD", "Accept-Encoding: gzip\r\n").await).await;
    assert_eq!((head.status(), head.body.len()), (200, 0));
    assert_eq!(head.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    assert_eq!(head.header("content-encoding"), Some("gzip"));
    assert_eq!(head.header("content-length"), None);
    let post = answer(ask(address, "POST", "Content-Length: 0\r\n").await).await;
    assert_eq!((post.status(), post.header("allow")), (405, Some("GET,HEAD")));
}

#[tokio::test]
async fn what_is_left_out_fails_the_page_or_not() {
    let registry = Arc::new(Registry::new());
    registry.register_collector(Arc::new(Stray)).unwrap();
    let failing = get(serve(Metrics::new(registry.clone())).await, "Accept-Encoding: gzip\r\n").await;
    assert_eq!(failing.status(), 500);
    assert_eq!(failing.header("content-type"), Some("text/plain; charset=utf-8"));
    assert_eq!(
        failing.text(),
        "An error has occurred while serving metrics:\n\nfamily `stray`: its collector does not describe it"
    );
    let going_on = get(serve(Metrics::new(registry).on_error(OnError::Continue)).await, "").await;
    assert_eq!((going_on.status(), going_on.text()), (200, "# HELP g G.\n# TYPE g gauge\ng 1\n"));
}

/// A collector that waits until it is let go.
struct Slow(Mutex<Receiver<()>>);

impl Slow {
    fn new() -> (Sender<()>, Arc<Self>) {
        let (go, wait) = channel();
        (go, Arc::new(Self(Mutex::new(wait))))
    }
}

impl Collector for Slow {
    fn describe(&self) -> Vec<Family> {
        vec![Family::gauge("slow", "Slow.").unwrap()]
    }

    fn collect(&self, into: &mut Collected) {
        self.0.lock().unwrap().recv().unwrap();
        into.push("slow", &[], Value::Unsigned(1));
    }
}

#[tokio::test]
async fn one_scrape_too_many_is_told_to_come_back() {
    let (registry, counted) = (Arc::new(Registry::new()), Registry::new());
    let (go, slow) = Slow::new();
    registry.register_collector(slow).unwrap();
    let scrapes = Scrapes::register(&counted).unwrap();
    let address = serve(Metrics::new(registry).max_scrapes(1).counted_by(scrapes)).await;
    let first = ask(address, "GET", "").await;
    // The other one may come first; then it is it that waits.
    let second = ask(address, "GET", "").await;
    let (first, second) = tokio::join!(answer(first), async {
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        go.send(()).unwrap();
        answer(second).await
    });
    let (refused, served) = if first.status() == 503 { (first, second) } else { (second, first) };
    assert_eq!(refused.status(), 503);
    assert_eq!(refused.text(), "Limit of concurrent requests reached (1), try again later.");
    assert_eq!((served.status(), served.text().ends_with("slow 1\n")), (200, true));
    // The slot is free again.
    go.send(()).unwrap();
    assert_eq!(get(address, "").await.status(), 200);

    let page = Page::new(counted.gather(), Format::Text).into_text();
    assert!(page.contains("narthex_scrapes_total{outcome=\"ok\"} 2\n"), "{page}");
    assert!(page.contains("narthex_scrapes_total{outcome=\"refused\"} 1\n"), "{page}");
}

#[tokio::test]
async fn scrapes_are_counted_by_how_they_end() {
    let (registry, counted) = (registry(), Registry::new());
    let scrapes = Scrapes::register(&counted).unwrap();
    let metrics = Metrics::new(registry.clone()).counted_by(scrapes);
    let address = serve(metrics.clone()).await;
    let sent = get(address, "").await.body.len();
    answer(ask(address, "HEAD", "").await).await;
    registry.register_collector(Arc::new(Stray)).unwrap();
    get(address, "").await;
    let partial = serve(metrics.on_error(OnError::Continue)).await;
    let sent = sent + get(partial, "Accept-Encoding: gzip\r\n").await.body.len();

    let page = Page::new(counted.gather(), Format::Text).into_text();
    for want in [
        "narthex_scrapes_total{outcome=\"aborted\"} 0\n".to_string(),
        "narthex_scrapes_total{outcome=\"failed\"} 1\n".to_string(),
        "narthex_scrapes_total{outcome=\"ok\"} 2\n".to_string(),
        "narthex_scrapes_total{outcome=\"partial\"} 1\n".to_string(),
        "narthex_scrape_duration_seconds_count 4\n".to_string(),
        format!("narthex_scrape_bytes_total {sent}\n"),
    ] {
        assert!(page.contains(&want), "{want}{page}");
    }
    assert_eq!(
        Scrapes::register(&counted).unwrap_err().to_string(),
        "series narthex_scrapes_total{outcome=\"aborted\"}: a registered source has it already"
    );
}

#[tokio::test]
async fn a_client_that_leaves_frees_its_slot() {
    // More than a connection buffers.
    let large = Vector::<Counter>::new(Family::counter("large_total", "Large.").unwrap(), &["l"]).unwrap();
    for n in 0..200 {
        large.with(&[&format!("{n}{}", "x".repeat(100_000))]).unwrap();
    }
    let (registry, counted) = (Arc::new(Registry::new()), Registry::new());
    registry.register(large).unwrap();
    let scrapes = Scrapes::register(&counted).unwrap();
    let address = serve(Metrics::new(registry).max_scrapes(1).counted_by(scrapes)).await;
    let mut stream = ask(address, "GET", "").await;
    let mut some = [0; 100];
    stream.read_exact(&mut some).await.unwrap();
    assert_eq!(get(address, "").await.status(), 503);
    drop(stream);
    // It takes the server a moment to notice.
    for _ in 0..100 {
        if get(address, "").await.status() == 200 {
            let page = Page::new(counted.gather(), Format::Text).into_text();
            assert!(page.contains("narthex_scrapes_total{outcome=\"aborted\"} 1\n"), "{page}");
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("the slot is still taken");
}

#[tokio::test]
async fn created_times_are_shown_to_those_who_ask() {
    let registry = Registry::new();
    let counter = Vector::<Counter>::new(Family::counter("a_total", "A.").unwrap(), &[]).unwrap();
    counter.with(&[]).unwrap().inc();
    registry.register(counter).unwrap();
    let address = serve(Metrics::new(Arc::new(registry))).await;
    let open = "Accept: application/openmetrics-text;version=1.0.0\r\n";
    for (path, shown) in [
        ("/metrics", false),
        ("/metrics?created=true", true),
        ("/metrics?name[]=a&created=1", true),
        ("/metrics?created=false", false),
    ] {
        let answer = answer(ask_for(address, "GET", path, open).await).await;
        assert_eq!(answer.text().contains("\na_created "), shown, "{path}: {}", answer.text());
    }
}
