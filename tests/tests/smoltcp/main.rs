//! The server of a device over a real TCP/IP, in memory and with a clock of the test's own: clients that are many, slow,
//! silent, gone or hostile cost the others nothing, and a page is what the encoder writes.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "tests")]

mod datagrams;
mod net;
mod torture;

use narthex::model::Source;
use narthex::runtime::{HttpCode, HttpServer};
use narthex::text::{Encoder, Format};
use narthex::{Counter, Family, Histogram, LabelSet, Metrics};
use narthex_tests::answers;
use narthex_tests::board::Board;
use narthex_tests::http::Response;
use net::{Answer, Device, Sizes};
use smoltcp::iface::SocketHandle;
use smoltcp::socket::tcp::State;
use std::sync::atomic::{AtomicBool, Ordering};

#[derive(Clone, Copy, Debug, LabelSet)]
enum Port {
    Front,
    Back,
    Service,
}

/// What the device shows.
#[derive(Metrics)]
struct Instruments {
    /// Parcels that came.
    parcels_total: Family<Port, Counter>,
    /// Weights of parcels, as the scale at the door of the hall has shown them, which is somewhat less than what the post says.
    #[metric(unit = "grams", buckets = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000])]
    weight_grams: Family<Port, Histogram<7>>,
}

fn board() -> Board<Instruments> {
    let board = Board::new(Instruments::new());
    for n in 0..1_000u32 {
        board.group.parcels_total.at(Port::Back).add(n);
        board.group.weight_grams().at(Port::Service).observe(n * n);
    }
    board
}

fn page(source: &impl Source, format: Format) -> String {
    let (mut page, mut encoder, mut buf) = (Vec::new(), Encoder::new(format), [0; 1024]);
    while let n @ 1.. = encoder.fill(source, &mut buf).unwrap() {
        page.extend_from_slice(&buf[..n]);
    }
    String::from_utf8(page).unwrap()
}

const GET: &[u8] = b"GET /metrics HTTP/1.1\r\nHost: device\r\n\r\n";
const OLD: &[u8] = b"GET /metrics HTTP/1.0\r\n\r\n";

impl Answer {
    /// The only answer.
    #[track_caller]
    fn only(&self) -> Response {
        let mut all = self.all();
        assert_eq!(all.len(), 1, "{:?}", String::from_utf8_lossy(&self.bytes));
        all.remove(0)
    }

    /// All answers, none of them to a `HEAD`, and nothing else.
    #[track_caller]
    fn all(&self) -> Vec<Response> {
        let (mut rest, mut all) = (&self.bytes[..], Vec::new());
        while !rest.is_empty() {
            all.push(answers::next(&mut rest, false).expect("an answer").expect("a whole one"));
        }
        all
    }
}

#[test]
fn a_page_is_what_the_encoder_writes_whatever_the_buffers() {
    let (board, http) = (board(), HttpServer::new());
    let want = page(&board, Format::Text);
    assert!(want.len() > 1_500);
    for send in [230, 333, 1_000, 2_048, 9_000] {
        for receive in [16, 512] {
            let mut device = Device::new(&board, &http, Sizes { receive, send, ..Sizes::USUAL });
            for window in [50, 300, 4_096] {
                let (handle, _) = device.net.dial(window);
                let response = device.ask_on(handle, GET).only();
                assert_eq!((response.status, response.body.as_str()), (200, want.as_str()));
                // Once more, on the same connection.
                assert_eq!(device.ask_on(handle, GET).only().body, want);
                device.hang_up(handle);
            }
            assert_eq!(device.listening(), 4);
        }
    }
    let open = b"GET /metrics HTTP/1.1\r\nHost: d\r\nAccept: application/openmetrics-text\r\n\r\n";
    let mut device = Device::new(&board, &http, Sizes::USUAL);
    assert_eq!(device.ask(open).only().body, page(&board, Format::OpenMetrics));
}

#[test]
fn an_old_page_ends_with_the_connection() {
    let (board, http) = (board(), HttpServer::new());
    let mut device = Device::new(&board, &http, Sizes::USUAL);
    let answer = device.ask(OLD);
    assert_eq!(answer.only().body, page(&board, Format::Text));
    assert_eq!(answer.state, State::CloseWait, "it ended as it should");
    assert_eq!(device.listening(), 4);
}

#[test]
fn a_line_that_no_buffer_can_hold_resets() {
    let (board, http) = (board(), HttpServer::new());
    let long = page(&board, Format::Text).lines().map(str::len).max().unwrap();
    // A line has its end, and in a chunk eight bytes around it.
    for (request, send) in [(GET, long + 9), (OLD, long + 1)] {
        let mut device = Device::new(&board, &http, Sizes { send, ..Sizes::USUAL });
        assert_eq!(device.ask(request).only().body, page(&board, Format::Text));
        let mut device = Device::new(&board, &http, Sizes { send: send - 1, ..Sizes::USUAL });
        assert_eq!(device.ask(request).state, State::Closed, "a reset");
        assert_eq!(device.listening(), 4);
    }
    assert_eq!(http.aborted_pages_total.get(), 2);
}

/// A source whose set of families changes when the test says so.
struct Changing<'a>(&'a Board<Instruments>, AtomicBool);

impl Source for Changing<'_> {
    fn instance(&self, index: usize) -> Option<narthex::model::Instance<'_>> {
        self.0.instance(index)
    }

    fn read(&self, index: usize, child: usize, cell: usize) -> Option<narthex::model::Value> {
        self.0.read(index, child, cell)
    }

    fn schema_hash(&self) -> u32 {
        self.0.schema_hash() ^ u32::from(self.1.load(Ordering::Relaxed))
    }
}

#[test]
fn a_page_of_two_sets_is_reset_not_ended() {
    let (board, http) = (board(), HttpServer::new());
    for request in [GET, OLD] {
        let source = Changing(&board, AtomicBool::new(false));
        let mut device = Device::new(&source, &http, Sizes { send: 256, ..Sizes::USUAL });
        let (handle, _) = device.net.dial(100);
        device.step(1);
        device.net.socket(handle).send_slice(request).unwrap();
        device.step(1);
        source.1.store(true, Ordering::Relaxed);
        let answer = device.ask_on(handle, b"");
        assert_eq!(answer.state, State::Closed, "a reset");
        assert!(!answer.bytes.ends_with(b"0\r\n\r\n"));
        device.step(1);
        assert_eq!(device.listening(), 4);
        // The next page is one of the new set.
        assert_eq!(device.ask(GET).only().body, page(&source, Format::Text));
    }
    assert_eq!(http.aborted_pages_total.get(), 2);
}

#[test]
fn pipelined_requests_are_answered_in_turn() {
    let (board, http) = (board(), HttpServer::new());
    let want = page(&board, Format::Text);
    let other = b"GET /other HTTP/1.1\r\nHost: d\r\n\r\n";
    let all: Vec<u8> = [GET, other, GET, other, other, GET].concat().repeat(20);
    for sizes in [Sizes::USUAL, Sizes { receive: 32, send: 230, ..Sizes::USUAL }] {
        let mut device = Device::new(&board, &http, sizes);
        let answers = device.ask(&all).all();
        let statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
        assert_eq!(statuses, [200, 404, 200, 404, 404, 200].repeat(20));
        assert!(
            answers.iter().all(|answer| answer.body == if answer.status == 200 { want.as_str() } else { "" })
        );
        assert_eq!(device.listening(), 4);
    }
}

#[test]
fn four_at_once_are_served_at_once() {
    let (board, http) = (board(), HttpServer::new());
    let want = page(&board, Format::Text);
    let mut device = Device::new(&board, &http, Sizes { send: 256, ..Sizes::USUAL });
    let clients: Vec<SocketHandle> = (0..4).map(|_| device.net.dial(120).0).collect();
    device.step(1);
    assert_eq!(device.listening(), 0);
    let mut answers = vec![Vec::new(); 4];
    for client in &clients {
        device.net.socket(*client).send_slice(GET).unwrap();
    }
    for _ in 0..200 {
        device.step(1);
        for (client, answer) in clients.iter().zip(&mut answers) {
            answer.extend(device.read(*client));
        }
    }
    for bytes in answers {
        assert_eq!(Answer { bytes, state: State::Closed }.only().body, want);
    }
}

#[test]
fn slow_clients_are_told_and_cost_the_others_nothing() {
    let (board, http) = (board(), HttpServer::new());
    let want = page(&board, Format::Text);
    let mut device = Device::new(&board, &http, Sizes::USUAL);
    let slow: Vec<SocketHandle> = (0..3).map(|_| device.net.dial(4_096).0).collect();
    device.step(1);
    let mut served = 0;
    for byte in &GET[..17] {
        for client in &slow {
            device.net.socket(*client).send_slice(&[*byte]).unwrap();
        }
        assert_eq!(device.ask(GET).only().body, want);
        served += 1;
    }
    assert_eq!(device.listening(), 1);
    device.step(2_000);
    for client in slow {
        assert_eq!(Answer { bytes: device.read(client), state: State::Closed }.only().status, 408);
        assert_eq!(device.net.socket(client).state(), State::CloseWait);
        device.hang_up(client);
    }
    assert_eq!(device.listening(), 4);
    assert_eq!(http.requests_total.at(HttpCode::Ok).get(), served);
    assert_eq!(http.requests_total.at(HttpCode::RequestTimeout).get(), 3);
}

#[test]
fn a_byte_at_a_time_is_a_request_too() {
    let (board, http) = (board(), HttpServer::new());
    let mut device = Device::new(&board, &http, Sizes::USUAL);
    let (client, _) = device.net.dial(4_096);
    device.step(1);
    for byte in GET {
        device.net.socket(client).send_slice(&[*byte]).unwrap();
        device.step(1);
    }
    assert_eq!(device.ask_on(client, b"").only().body, page(&board, Format::Text));
}

#[test]
fn clients_that_are_gone_are_forgotten() {
    let (board, http) = (board(), HttpServer::new());
    let mut device = Device::new(&board, &http, Sizes { send: 512, ..Sizes::USUAL });
    // One has only knocked, one says nothing, one has asked for half, one takes nothing of its page.
    let clients: Vec<(SocketHandle, u16)> = (0..4).map(|_| device.net.dial(64)).collect();
    // Its acknowledgement is lost, and all that follows.
    device.net.poll_egress();
    device.net.cable.muted.insert(clients[0].1);
    device.step(1);
    device.net.socket(clients[2].0).send_slice(&GET[..20]).unwrap();
    device.net.socket(clients[3].0).send_slice(GET).unwrap();
    device.step(1);
    device.net.cable.muted.extend(clients.iter().map(|(_, port)| *port));
    assert_eq!(device.listening(), 0);
    for _ in 0..300 {
        device.step(100);
    }
    assert_eq!(device.listening(), 4);
    assert_eq!(http.aborted_pages_total.get(), 1);
    device.net.cable.muted.clear();
    assert_eq!(device.ask(GET).only().body, page(&board, Format::Text));
}

#[test]
fn resets_leave_nothing_behind() {
    let (board, http) = (board(), HttpServer::new());
    let mut device = Device::new(&board, &http, Sizes { send: 300, ..Sizes::USUAL });
    for sent in [0, 10, GET.len()] {
        for _ in 0..10 {
            let (client, _) = device.net.dial(64);
            device.step(1);
            device.net.socket(client).send_slice(&GET[..sent]).unwrap();
            device.step(1);
            device.net.socket(client).abort();
            device.step(1);
            device.net.sockets.remove(client);
            assert_eq!(device.listening(), 4, "{sent}");
        }
    }
    assert_eq!(http.aborted_pages_total.get(), 10);
    assert_eq!(device.ask(GET).only().body, page(&board, Format::Text));
}

#[test]
fn too_much_is_refused() {
    let (board, http) = (board(), HttpServer::new());
    let mut device = Device::new(&board, &http, Sizes::USUAL);
    let fields = format!("GET /metrics HTTP/1.1\r\nHost: d\r\n{}\r\n", "X-Y: 0123456789\r\n".repeat(480));
    assert!(fields.len() > 8 * 1024);
    assert_eq!(device.ask(fields.as_bytes()).only().status, 431);
    assert_eq!(device.ask(format!("GET /{} HTTP/1.1\r\n", "x".repeat(9_000)).as_bytes()).only().status, 414);
    let post =
        format!("POST /metrics HTTP/1.1\r\nHost: d\r\nContent-Length: 9000\r\n\r\n{}", "x".repeat(9_000));
    assert_eq!(device.ask(post.as_bytes()).only().status, 405);
    assert_eq!(device.listening(), 4);
}

#[test]
fn who_is_idle_makes_room() {
    let (board, http) = (board(), HttpServer::new());
    let mut device = Device::new(&board, &http, Sizes { clients: 3, ..Sizes::USUAL });
    let idle: Vec<SocketHandle> = (0..3).map(|_| device.net.dial(4_096).0).collect();
    for client in &idle {
        device.ask_on(*client, GET);
        device.step(200);
    }
    assert_eq!(device.listening(), 0);
    // The one that was served first.
    device.step(500);
    let states = |device: &mut Device<'_, _>| {
        idle.iter().map(|client| device.net.socket(*client).state()).collect::<Vec<_>>()
    };
    assert_eq!(states(&mut device), [State::Closed, State::Established, State::Established]);
    assert_eq!(device.listening(), 1);
    // There is room: nobody else must go, until the deadline.
    device.step(10_000);
    assert_eq!(states(&mut device), [State::Closed, State::Established, State::Established]);
    device.step(10_000);
    assert_eq!(states(&mut device), [State::Closed, State::CloseWait, State::CloseWait]);
}

#[test]
fn a_server_with_nothing_to_do_does_nothing() {
    let (board, http) = (board(), HttpServer::new());
    let mut device = Device::new(&board, &http, Sizes::USUAL);
    assert_eq!(device.server.poll_delay(device.net.now), None);
    let (client, _) = device.net.dial(4_096);
    device.step(1);
    device.net.socket(client).send_slice(&GET[..10]).unwrap();
    device.step(1);
    device.busy = 0;
    for _ in 0..100 {
        device.step(1);
    }
    assert_eq!(device.busy, 0);
    // And says when it will have something to do: not earlier, not later.
    let delay = device.server.poll_delay(device.net.now).unwrap().total_millis();
    assert!((1_800..=1_900).contains(&delay), "{delay}");
    device.step(delay - 1);
    assert!(device.read(client).is_empty());
    device.step(1);
    assert!(device.read(client).starts_with(b"HTTP/1.1 408"));
}
