//! The asynchronous server of a device before a client that people use: hyper, over TCP on loopback.
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "tests")]

use embedded_io_async::{ErrorKind, ErrorType, Read, Write};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{ACCEPT, ALLOW, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HOST, TRANSFER_ENCODING};
use hyper::{Method, Request, StatusCode, Version};
use hyper_util::rt::TokioIo;
use narthex::http::Endpoint;
use narthex::model::{Instance, Source, Value};
use narthex::runtime::{HttpServer, Runtime};
use narthex::text::{Encoder, Format};
use narthex::transport::HttpStream;
use narthex::{Registry, registry};
use nix::sys::socket::sockopt::Linger;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::pin::pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, Waker};
use std::thread;

static RUNTIME: Runtime = Runtime::new();
static HTTP: HttpServer = HttpServer::new();
static REGISTRY: Registry = registry![RUNTIME];

/// A socket that blocks, where an executor would let others run.
struct Socket(TcpStream);

impl ErrorType for Socket {
    type Error = ErrorKind;
}

impl Read for Socket {
    async fn read(&mut self, buf: &mut [u8]) -> Result<usize, Self::Error> {
        self.0.read(buf).map_err(|_| ErrorKind::Other)
    }
}

impl Write for Socket {
    async fn write(&mut self, buf: &[u8]) -> Result<usize, Self::Error> {
        self.0.write(buf).map_err(|_| ErrorKind::Other)
    }

    async fn flush(&mut self) -> Result<(), Self::Error> {
        Ok(())
    }
}

/// What never waits.
fn block_on<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("it waits"),
    }
}

/// Serves each client in a thread of its own.
fn serve<S: Source>(source: &'static S) -> SocketAddr {
    // The same for all tests, each of which begins with this.
    RUNTIME.boots.set(3);
    RUNTIME.set_uptime(std::time::Duration::from_secs(77));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for socket in listener.incoming().map_while(Result::ok) {
            thread::spawn(move || client(source, socket));
        }
    });
    address
}

fn client<S: Source>(source: &S, socket: TcpStream) {
    let end = socket.try_clone().unwrap();
    let (mut request, mut page) = ([0; 1024], [0; 200]);
    let mut stream = HttpStream::new(Socket(socket), &mut request, &mut page);
    let endpoint = Endpoint::new(source).with_observer(&HTTP);
    loop {
        match block_on(stream.answer(&endpoint)) {
            Ok(true) => {}
            Ok(false) => return,
            Err(_) => {
                // A reset.
                let now = nix::libc::linger { l_onoff: 1, l_linger: 0 };
                nix::sys::socket::setsockopt(&end, Linger, &now).unwrap();
                return;
            }
        }
    }
}

fn page<S: Source>(source: &S, format: Format) -> String {
    let (mut page, mut encoder, mut buf) = (Vec::new(), Encoder::new(format), [0; 1024]);
    while let n @ 1.. = encoder.fill(source, &mut buf).unwrap() {
        page.extend_from_slice(&buf[..n]);
    }
    String::from_utf8(page).unwrap()
}

type Client = SendRequest<Empty<Bytes>>;

/// Opens a connection.
async fn connect(server: SocketAddr) -> Client {
    let socket = tokio::net::TcpStream::connect(server).await.unwrap();
    let (client, connection) = handshake(TokioIo::new(socket)).await.unwrap();
    // It ends when the client or the server does; how, the client is told.
    tokio::task::spawn_local(async move { _ = connection.await });
    client
}

/// An answer: its head, and its body if that was whole.
struct Answer {
    head: hyper::http::response::Parts,
    body: Option<String>,
}

impl Answer {
    fn header(&self, name: hyper::header::HeaderName) -> Option<&str> {
        self.head.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

async fn ask(client: &mut Client, method: Method, path: &str, version: Version, accept: &str) -> Answer {
    client.ready().await.unwrap();
    let request = Request::builder().method(method).uri(path).version(version);
    let request = request.header(HOST, "device").header(ACCEPT, accept).body(Empty::new()).unwrap();
    let (head, body) = client.send_request(request).await.unwrap().into_parts();
    let body = body.collect().await.ok();
    Answer { head, body: body.map(|body| String::from_utf8(body.to_bytes().into()).unwrap()) }
}

fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, test);
}

const OPEN: &str = "application/openmetrics-text;version=1.0.0,text/plain;q=0.5";

#[test]
fn hyper_gets_what_it_asks_for_on_one_connection() {
    let server = serve(&REGISTRY);
    run(async {
        let mut client = connect(server).await;
        for (accept, format) in [("*/*", Format::Text), (OPEN, Format::OpenMetrics), ("*/*", Format::Text)] {
            let answer = ask(&mut client, Method::GET, "/metrics?a=b", Version::HTTP_11, accept).await;
            assert_eq!(answer.head.status, StatusCode::OK);
            assert_eq!(answer.header(CONTENT_TYPE), Some(format.content_type()));
            assert_eq!(answer.header(TRANSFER_ENCODING), Some("chunked"));
            assert_eq!(answer.header(CONNECTION), None);
            assert_eq!(answer.body, Some(page(&REGISTRY, format)));
            let head = ask(&mut client, Method::HEAD, "/metrics", Version::HTTP_11, accept).await;
            assert_eq!((head.head.headers, head.body), (answer.head.headers, Some(String::new())));
        }
        let other = ask(&mut client, Method::GET, "/", Version::HTTP_11, "*/*").await;
        assert_eq!((other.head.status, other.header(CONTENT_LENGTH)), (StatusCode::NOT_FOUND, Some("0")));
        let other = ask(&mut client, Method::DELETE, "/metrics", Version::HTTP_11, "*/*").await;
        assert_eq!(
            (other.head.status, other.header(ALLOW)),
            (StatusCode::METHOD_NOT_ALLOWED, Some("GET, HEAD"))
        );
        let last = ask(&mut client, Method::GET, "/metrics", Version::HTTP_11, "*/*").await;
        assert_eq!(last.body, Some(page(&REGISTRY, Format::Text)));
    });
}

#[test]
fn http_1_0_gets_a_page_that_ends_with_the_connection() {
    let server = serve(&REGISTRY);
    run(async {
        let mut client = connect(server).await;
        let answer = ask(&mut client, Method::GET, "/metrics", Version::HTTP_10, "*/*").await;
        assert_eq!((answer.header(TRANSFER_ENCODING), answer.header(CONTENT_LENGTH)), (None, None));
        assert_eq!(answer.header(CONNECTION), Some("close"));
        assert_eq!(answer.body, Some(page(&REGISTRY, Format::Text)));
        assert!(client.ready().await.is_err(), "it is closed");
    });
}

/// A set of families that is another one for each page.
struct Restless(AtomicU32);

impl Source for Restless {
    fn instance(&self, index: usize) -> Option<Instance<'_>> {
        REGISTRY.instance(index)
    }

    fn read(&self, index: usize, child: usize, cell: usize) -> Option<Value> {
        // As the page comes to its last family.
        self.0.fetch_add(u32::from(index == 2), Ordering::Relaxed);
        REGISTRY.read(index, child, cell)
    }

    fn schema_hash(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }
}

#[test]
fn a_page_that_was_cut_is_no_page() {
    static RESTLESS: Restless = Restless(AtomicU32::new(1));
    let server = serve(&RESTLESS);
    run(async {
        for version in [Version::HTTP_11, Version::HTTP_10] {
            let mut client = connect(server).await;
            let answer = ask(&mut client, Method::GET, "/metrics", version, "*/*").await;
            assert_eq!((answer.head.status, answer.body), (StatusCode::OK, None), "{version:?}");
        }
    });
}
