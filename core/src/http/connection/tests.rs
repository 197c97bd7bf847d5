use super::*;
use crate::http::Deadlines;
use crate::model::{Desc, Details, Instance, Label, Value};
use core::cell::RefCell;
use core::sync::atomic::{AtomicU32, Ordering};
use std::format;
use std::string::String;
use std::sync::Mutex;
use std::vec;
use std::vec::Vec;

/// A counter on so many groups, and a histogram.
struct Pumps {
    revision: AtomicU32,
}

static PUMPS: Pumps = Pumps { revision: AtomicU32::new(1) };
const COUNT: usize = 7;

impl Source for Pumps {
    fn instance(&self, index: usize) -> Option<Instance<'_>> {
        const STROKES: Desc<'static> = Desc::counter("pump_strokes_total", "Strokes.");
        const BOUNDS: Details<'static> = Details { bounds: &[1, 10, 100], ..Details::NONE };
        const WAITS: Desc<'static> = Desc::histogram("pump_wait", "Waits.", &BOUNDS);
        const LABELS: [&[Label<'static>]; COUNT] = [
            &[Label::new("pump", "a")],
            &[Label::new("pump", "b")],
            &[Label::new("pump", "c")],
            &[Label::new("pump", "d")],
            &[Label::new("pump", "e")],
            &[Label::new("pump", "f")],
            &[Label::new("pump", "g")],
        ];
        match LABELS.get(index) {
            Some(labels) => Some(Instance { desc: &STROKES, labels, first: index == 0 }),
            None => (index == COUNT).then_some(Instance { desc: &WAITS, labels: &[], first: true }),
        }
    }

    fn read(&self, index: usize, _: usize, cell: usize) -> Option<Value> {
        Some(Value::Unsigned((index * 1_000 + cell) as u64))
    }

    fn schema_hash(&self) -> u32 {
        self.revision.load(Ordering::Relaxed)
    }
}

/// What the observer was told.
#[derive(Default)]
struct Told {
    statuses: Mutex<Vec<Status>>,
    aborted: AtomicU32,
    bytes: AtomicU32,
}

impl Observe for Told {
    fn answered(&self, status: Status) {
        self.statuses.lock().unwrap().push(status);
    }

    fn aborted(&self) {
        self.aborted.fetch_add(1, Ordering::Relaxed);
    }

    fn sent(&self, bytes: usize) {
        self.bytes.fetch_add(bytes as u32, Ordering::Relaxed);
    }
}

const START: Duration = Duration::from_secs(4_294_960); // 7 s before the milliseconds wrap

fn page(format: Format) -> String {
    let (mut page, mut encoder, mut buf) = (String::new(), Encoder::new(format), [0; 256]);
    while let n @ 1.. = encoder.fill(&PUMPS, &mut buf).unwrap() {
        page.push_str(core::str::from_utf8(&buf[..n]).unwrap());
    }
    page
}

/// Gives `bytes` to a connection, in pieces that end at `cuts`, and takes what it answers through a buffer of `room` that
/// is all there is. Returns that, and what the connection wants in the end.
fn talk(bytes: &[u8], cuts: &[usize], room: usize) -> (Vec<u8>, Wants) {
    let (endpoint, mut request, mut buf) = (Endpoint::new(&PUMPS), [0; 256], vec![0; room]);
    let mut connection = Connection::new(&mut request);
    connection.open(START);
    let (mut answer, mut at) = (Vec::new(), 0);
    for end in cuts.iter().copied().chain([bytes.len()]) {
        while at < end {
            at += connection.receive(&endpoint, &bytes[at..end], START);
            while connection.wants() == Wants::Room {
                let n = connection.send(&endpoint, &mut buf, true, START);
                answer.extend_from_slice(&buf[..n]);
            }
        }
    }
    (answer, connection.wants())
}

/// Splits an answer: its head, its body without chunks, and what is behind. `None` if it has no end.
fn split(answer: &[u8]) -> Option<(String, String, &[u8])> {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let head = core::str::from_utf8(&answer[..end]).unwrap();
    let (mut body, mut rest) = (String::new(), &answer[end..]);
    if head.contains("Content-Length: 0\r\n") {
        return Some((head.into(), body, rest));
    }
    if !head.contains("Transfer-Encoding: chunked\r\n") {
        return Some((head.into(), String::from_utf8(rest.into()).unwrap(), &[]));
    }
    loop {
        let line = rest.windows(2).position(|two| two == b"\r\n")?;
        let size = usize::from_str_radix(core::str::from_utf8(&rest[..line]).unwrap(), 16).unwrap();
        let chunk = rest.get(line + 2..line + 2 + size)?;
        assert_eq!(rest.get(line + 2 + size..line + 4 + size)?, b"\r\n");
        rest = &rest[line + 4 + size..];
        if size == 0 {
            return Some((head.into(), body, rest));
        }
        body.push_str(core::str::from_utf8(chunk).unwrap());
    }
}

const GET: &[u8] = b"GET /metrics HTTP/1.1\r\nHost: pump\r\n\r\n";

#[test]
fn a_page_is_the_same_through_any_room_however_the_request_is_cut() {
    let want = page(Format::Text);
    let (whole, _) = talk(GET, &[], 4096);
    let (head, body, rest) = split(&whole).unwrap();
    assert_eq!(
        head,
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n"
    );
    assert_eq!((body.as_str(), rest), (want.as_str(), &b""[..]));
    for cut in 0..GET.len() {
        assert_eq!(talk(GET, &[cut], 4096), (whole.clone(), Wants::Bytes), "{cut}");
    }
    let bytewise: Vec<usize> = (0..GET.len()).collect();
    assert_eq!(talk(GET, &bytewise, 4096).0, whole);
    for room in head.len()..want.len() + 200 {
        let (answer, wants) = talk(GET, &[], room);
        let (_, body, rest) = split(&answer).unwrap();
        assert_eq!((body.as_str(), rest, wants), (want.as_str(), &b""[..], Wants::Bytes), "{room}");
    }
}

#[test]
fn too_little_room_for_a_line_is_no_page() {
    // Shorter than the head of the answer, which never fits.
    assert_eq!(talk(GET, &[], 100), (Vec::new(), Wants::Abort));
    let old = b"GET /metrics HTTP/1.0\r\n\r\n";
    let (endpoint, mut request, mut buf) = (Endpoint::new(&PUMPS), [0; 256], [0; 256]);
    for (bytes, cut) in [(GET, &b""[..]), (&old[..], &b"!"[..])] {
        let mut connection = Connection::new(&mut request);
        connection.open(START);
        connection.receive(&endpoint, bytes, START);
        let n = connection.send(&endpoint, &mut buf, true, START);
        assert!(n > 0 && connection.wants() == Wants::Room);
        // A later call may have more room than this one.
        assert_eq!(connection.send(&endpoint, &mut buf[..8], false, START), 0);
        assert_eq!(connection.wants(), Wants::Room);
        let n = connection.send(&endpoint, &mut buf[..8], true, START);
        assert_eq!((&buf[..n], connection.wants()), (cut, Wants::Abort));
    }
}

#[test]
fn the_format_is_that_which_is_accepted() {
    for (accept, format) in [
        ("application/openmetrics-text;version=1.0.0;q=0.5\r\nAccept: text/plain;q=0.4", Format::OpenMetrics),
        ("application/openmetrics-text;version=1.0.0;q=0.5\r\naCCept: text/plain", Format::Text),
        ("*/*", Format::Text),
    ] {
        let request = format!("GET /metrics HTTP/1.1\r\nhost: pump\r\naccept: {accept}\r\n\r\n");
        let (answer, _) = talk(request.as_bytes(), &[], 512);
        let (head, body, _) = split(&answer).unwrap();
        assert!(head.contains(&format!("Content-Type: {}\r\n", format.content_type())), "{accept}: {head}");
        assert_eq!(body, page(format), "{accept}");
    }
}

/// What is answered to a request, in one line.
fn status(request: &str) -> String {
    let (answer, wants) = talk(request.as_bytes(), &[], 512);
    let Some((head, body, rest)) = split(&answer) else { return format!("{wants:?}") };
    assert!(rest.is_empty(), "{request:?}");
    let closes = head.contains("Connection: close\r\n");
    assert_eq!(closes, wants == Wants::Close, "{request:?}");
    let whole = body == page(Format::Text);
    assert!(whole || body.is_empty(), "{request:?}");
    let code = head.strip_prefix("HTTP/1.1 ").and_then(|head| head.get(..3)).unwrap();
    let allow = if head.contains("Allow: GET, HEAD\r\n") { " allow" } else { "" };
    format!("{code}{}{}{allow}", if whole { " page" } else { "" }, if closes { " close" } else { "" })
}

#[test]
fn each_request_is_answered_as_it_should_be() {
    for (request, want) in [
        ("GET /metrics HTTP/1.1\r\nHost: h\r\n\r\n", "200 page"),
        ("GET /metrics HTTP/1.1\nHost: h\n\n", "200 page"),
        ("\r\n\r\nGET /metrics HTTP/1.1\r\nHost: h\r\n\r\n", "200 page"),
        ("GET /metrics?x[]=1 HTTP/1.1\r\nHost: h\r\n\r\n", "200 page"),
        ("GET http://h:80/metrics HTTP/1.1\r\nHost: h\r\n\r\n", "200 page"),
        ("GET /metrics HTTP/1.1\r\nHost:\r\n\r\n", "200 page"),
        ("GET /metrics HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n", "200 page"),
        ("GET /metrics HTTP/1.1\r\nHost: h\r\nConnection: Keep-Alive, Close\r\n\r\n", "200 page close"),
        ("GET /metrics HTTP/1.1\r\nHost: h\r\nConnection: closed\r\n\r\n", "200 page"),
        ("GET /metrics HTTP/1.0\r\n\r\n", "200 page close"),
        ("GET /metrics HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "200 page close"),
        ("HEAD /metrics HTTP/1.0\r\n\r\n", "200 close"),
        ("GET / HTTP/1.1\r\nHost: h\r\n\r\n", "404"),
        ("GET /metric HTTP/1.1\r\nHost: h\r\n\r\n", "404"),
        ("GET /metrics/ HTTP/1.1\r\nHost: h\r\n\r\n", "404"),
        ("GET /metricss HTTP/1.1\r\nHost: h\r\n\r\n", "404"),
        ("GET http://h HTTP/1.1\r\nHost: h\r\n\r\n", "404"),
        ("POST / HTTP/1.0\r\n\r\n", "404 close"),
        ("POST /metrics HTTP/1.1\r\nHost: h\r\n\r\n", "405 allow"),
        ("get /metrics HTTP/1.1\r\nHost: h\r\n\r\n", "405 allow"),
        ("POST /metrics HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\n", "405 close allow"),
        ("PUT /metrics HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n", "405 close allow"),
        ("GET /metrics HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\n", "413 close"),
        ("GET /metrics HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n", "413 close"),
        ("GET /metrics HTTP/1.1\r\n\r\n", "400 close"),
        ("GET /metrics HTTP/1.1\r\nHost: h\r\nHost: i\r\n\r\n", "400 close"),
        ("GET /metrics HTTP/1.1\r\nHost : h\r\n\r\n", "400 close"),
        ("GET /metrics HTTP/1.1\r\nHost: h\r\nA\r\n\r\n", "400 close"),
        ("GET /metrics HTTP/1.1\r\nHost: h\r\n folded: h\r\n\r\n", "400 close"),
        ("GET /metrics HTTP/1.1\r\nHost: h\0\r\n\r\n", "400 close"),
        ("GET /metrics\r\nHost: h\r\n\r\n", "400 close"),
        ("GET  /metrics HTTP/1.1\r\nHost: h\r\n\r\n", "400 close"),
        ("GET /metrics HTTP/1.1 x\r\nHost: h\r\n\r\n", "505 close"),
        ("GET /metrics HTTX/1.1\r\nHost: h\r\n\r\n", "400 close"),
        ("\x16\x03\x01", "400 close"),
        ("GET /metrics HTTP/2.0\r\nHost: h\r\n\r\n", "505 close"),
        ("PRI * HTTP/2.0\r\n\r\n", "505 close"),
    ] {
        assert_eq!(status(request), want, "{request:?}");
    }
    assert_eq!(status(&format!("GET /{} HTTP/1.1\r\n", "x".repeat(300))), "414 close");
    assert_eq!(status(&format!("GET /metrics HTTP/1.1\r\nX: {}\r\n", "x".repeat(300))), "431 close");
    assert_eq!(
        status(&format!("GET /metrics HTTP/1.1\r\nHost: h\r\n{}\r\n", "x:\r\n".repeat(33))),
        "431 close"
    );
    // As much as the buffer holds is not too much.
    let rest = 256 - "GET /metrics HTTP/1.1\r\nHost: h\r\nX: \r\n\r\n".len();
    assert_eq!(
        status(&format!("GET /metrics HTTP/1.1\r\nHost: h\r\nX: {}\r\n\r\n", "x".repeat(rest))),
        "200 page"
    );
}

#[test]
fn a_head_is_that_of_the_page_without_it() {
    for (format, accept) in [(Format::Text, "*/*"), (Format::OpenMetrics, "application/openmetrics-text")] {
        let ask = |method| format!("{method} /metrics HTTP/1.1\r\nHost: h\r\nAccept: {accept}\r\n\r\n");
        let (head, _, _) = split(&talk(ask("GET").as_bytes(), &[], 512).0).unwrap();
        assert!(head.contains(format.content_type()));
        assert_eq!(talk(ask("HEAD").as_bytes(), &[], 512), (head.into_bytes(), Wants::Bytes));
    }
}

#[test]
fn requests_that_come_at_once_are_answered_in_turn() {
    let requests =
        [GET, b"HEAD /none HTTP/1.1\r\nHost: h\r\n\r\n", GET, b"GET /metrics HTTP/1.0\r\n\r\n", GET].concat();
    for room in [256, 4096] {
        let (answer, wants) = talk(&requests, &[], room);
        let (_, first, rest) = split(&answer).unwrap();
        let (second, _, rest) = split(rest).unwrap();
        let (_, third, rest) = split(rest).unwrap();
        let (_, last, rest) = split(rest).unwrap();
        let want = page(Format::Text);
        assert!(first == want && third == want && last == want && rest.is_empty());
        assert!(second.starts_with("HTTP/1.1 404 Not Found\r\n"));
        // What comes behind the last that was answered is forgotten.
        assert_eq!(wants, Wants::Close);
    }
}

#[test]
fn a_page_of_two_sets_has_no_end() {
    for (request, tail) in [(GET, ""), (&b"GET /metrics HTTP/1.0\r\n\r\n"[..], "!")] {
        let (source, told) = (Pumps { revision: AtomicU32::new(1) }, Told::default());
        let endpoint = Endpoint::new(&source).with_observer(&told);
        let (mut request_buf, mut buf, mut answer) = ([0; 256], [0; 256], Vec::new());
        let mut connection = Connection::new(&mut request_buf);
        connection.open(START);
        connection.receive(&endpoint, request, START);
        while connection.wants() == Wants::Room {
            let n = connection.send(&endpoint, &mut buf, true, START);
            answer.extend_from_slice(&buf[..n]);
            source.revision.fetch_add(u32::from(answer.len() > 400), Ordering::Relaxed);
        }
        assert_eq!(connection.wants(), Wants::Abort);
        let answer = core::str::from_utf8(&answer).unwrap();
        assert!(!answer.contains("\r\n0\r\n") && !answer.contains("pump_wait_count"), "{answer}");
        assert!(answer.ends_with(tail));
        assert_eq!(*told.statuses.lock().unwrap(), [Status::Ok]);
        assert_eq!(told.aborted.load(Ordering::Relaxed), 1);
        assert_eq!(told.bytes.load(Ordering::Relaxed) as usize, answer.len());
    }
}

#[test]
fn who_is_late_is_let_go() {
    let deadlines = Deadlines {
        head: Duration::from_secs(2),
        idle: Duration::from_secs(30),
        stall: Duration::from_secs(3),
        answer: Duration::from_secs(8),
    };
    let told = Told::default();
    let endpoint = Endpoint::new(&PUMPS).with_deadlines(deadlines).with_observer(&told);
    let (mut request, mut buf) = ([0; 256], [0; 256]);
    let connection = RefCell::new(Connection::new(&mut request));
    let now = RefCell::new(START);
    // After so many milliseconds more.
    let wants = |millis: u64| {
        *now.borrow_mut() += Duration::from_millis(millis);
        let (mut connection, now) = (connection.borrow_mut(), *now.borrow());
        let is_due = connection.left(&endpoint, now).is_zero();
        let before = connection.wants();
        connection.check(&endpoint, now);
        assert_eq!(is_due, connection.wants() != before || before == Wants::Abort, "{before:?}");
        connection.wants()
    };
    let receive = |bytes: &[u8]| connection.borrow_mut().receive(&endpoint, bytes, *now.borrow());
    let mut send = |room: usize| {
        let n = connection.borrow_mut().send(&endpoint, &mut buf[..room], false, *now.borrow());
        String::from_utf8(buf[..n].into()).unwrap()
    };
    let open = || connection.borrow_mut().open(*now.borrow());

    // Says nothing.
    open();
    assert_eq!((wants(1_999), wants(1)), (Wants::Bytes, Wants::Close));
    // Does not end either.
    assert_eq!((wants(2_999), wants(1)), (Wants::Close, Wants::Abort));

    // Says half of it, byte by byte.
    open();
    wants(1_500);
    for byte in GET.iter().take(19) {
        receive(&[*byte]);
        assert_eq!(wants(100), Wants::Bytes);
    }
    assert_eq!(wants(100), Wants::Room);
    assert!(send(256).starts_with("HTTP/1.1 408 Request Timeout\r\n"));
    assert_eq!(wants(0), Wants::Close);

    // Asks in time, says nothing more for a while, then again half of it.
    open();
    receive(GET);
    while wants(0) == Wants::Room {
        send(256);
    }
    assert_eq!(connection.borrow().idle(*now.borrow()), Some(Duration::ZERO));
    assert_eq!(wants(29_000), Wants::Bytes);
    receive(b"GET");
    assert_eq!((wants(1_999), connection.borrow().idle(*now.borrow())), (Wants::Bytes, None));
    assert_eq!(wants(1), Wants::Room);
    while wants(0) == Wants::Room {
        send(256);
    }
    open();
    receive(GET);
    while wants(0) == Wants::Room {
        send(256);
    }
    assert_eq!((wants(29_999), wants(1)), (Wants::Bytes, Wants::Close));

    // Takes nothing of a page.
    open();
    receive(GET);
    send(160);
    assert_eq!((wants(2_999), told.aborted.load(Ordering::Relaxed)), (Wants::Room, 0));
    assert_eq!((wants(1), told.aborted.load(Ordering::Relaxed)), (Wants::Abort, 1));

    // Takes it line by line.
    open();
    receive(GET);
    send(160);
    let mut lines = 0;
    while wants(1_000) == Wants::Room {
        lines += usize::from(!send(50).is_empty());
    }
    assert_eq!((wants(0), lines), (Wants::Abort, 7));
    assert_eq!(told.aborted.load(Ordering::Relaxed), 2);
}

#[test]
fn it_is_as_small_as_it_says() {
    // Beside the buffer, of which it has address and length.
    assert!(size_of::<Connection<'_>>() - size_of::<usize>() * 2 <= 96);
}
