//! Clients that do anything at all, at random, many at a time.

use super::net::{Device, Sizes};
use super::{GET, OLD, board, page};
use narthex::runtime::HttpServer;
use narthex::text::Format;
use narthex_tests::answers;
use narthex_tests::random::Random;
use smoltcp::iface::SocketHandle;
use smoltcp::socket::tcp::State;

/// Somebody at the other end.
struct Client {
    handle: SocketHandle,
    port: u16,
    /// What it sends, and how much of that it has.
    bytes: Vec<u8>,
    sent: usize,
    /// The most it sends at once, and how often it does, in a thousand.
    piece: usize,
    haste: u16,
    /// How often it reads.
    reads: u16,
    /// Whether it is one that asks for pages, and should get them.
    honest: bool,
    answer: Vec<u8>,
}

/// Some requests, as a client could send them.
fn bytes(random: &mut Random) -> Vec<u8> {
    let mut bytes = Vec::new();
    for _ in 0..=random.below(4) {
        match random.below(8) {
            0 => bytes.extend((0..random.below(600)).map(|_| random.bits() as u8)),
            1 => bytes.extend(format!("GET /metrics HTTP/1.1\r\n{}", "X: y\r\n".repeat(1_400)).bytes()),
            2 => bytes.extend_from_slice(&GET[..random.below(GET.len())]),
            3 => bytes.extend_from_slice(OLD),
            4 => bytes.extend_from_slice(b"POST /metrics HTTP/1.1\r\nContent-Length: 50\r\n\r\n"),
            5 => bytes.extend_from_slice(b"\r\n"),
            _ => bytes.extend_from_slice(GET),
        }
    }
    bytes
}

fn client(device: &mut Device<'_, impl narthex::model::Source>, random: &mut Random) -> Client {
    let honest = random.happens(300);
    let window = if honest { 4_096 } else { [16, 100, 4_096][random.below(3)] };
    let (handle, port) = device.net.dial(window);
    let bytes = if honest { GET.repeat(1 + random.below(3)) } else { bytes(random) };
    let any = |random: &mut Random| [3, 50, 1_000][random.below(3)];
    Client {
        handle,
        port,
        bytes,
        sent: 0,
        piece: if honest { 4_096 } else { [1, 7, 4_096][random.below(3)] },
        haste: if honest { 1_000 } else { any(random) },
        reads: if honest { 1_000 } else { any(random) },
        honest,
        answer: Vec::new(),
    }
}

#[test]
fn nothing_that_clients_do_outlasts_them() {
    let (board, seeds) = (board(), std::env::var("NARTHEX_SEEDS").map_or(6, |seeds| seeds.parse().unwrap()));
    let want = page(&board, Format::Text);
    let (mut served, mut refused, mut aborted) = (0, 0, 0);
    for seed in 0..seeds {
        let (mut random, http) = (Random(seed), HttpServer::new());
        let send = [300, 777, 2_048][random.below(3)];
        let mut device =
            Device::new(&board, &http, Sizes { send, receive: 64 + random.below(512), ..Sizes::USUAL });
        let mut clients: Vec<Client> = Vec::new();
        for _ in 0..2_000 {
            if clients.len() < 6 && random.happens(200) {
                clients.push(client(&mut device, &mut random));
            }
            device.step([1, 5, 20, 200][random.below(4)]);
            let mut at = 0;
            while at < clients.len() {
                let client = &mut clients[at];
                if client.sent < client.bytes.len() && random.happens(client.haste) {
                    let end = client.bytes.len().min(client.sent + client.piece);
                    let part = &client.bytes[client.sent..end];
                    client.sent += device.net.socket(client.handle).send_slice(part).unwrap_or(0);
                }
                if random.happens(client.reads) {
                    client.answer.extend(device.read(client.handle));
                }
                let state = device.net.socket(client.handle).state();
                let gone = if client.honest {
                    // One that was not let in comes again.
                    let mut rest = &client.answer[..];
                    let mut pages = 0;
                    while !rest.is_empty()
                        && let Some(answer) = answers::next(&mut rest, false).unwrap()
                    {
                        assert_eq!((answer.status, answer.body.as_str()), (200, want.as_str()));
                        pages += 1;
                    }
                    served += if pages == client.bytes.len() / GET.len() { pages } else { 0 };
                    refused += usize::from(state == State::Closed && client.answer.is_empty());
                    assert!(state != State::Closed || client.answer.is_empty(), "an honest one was reset");
                    pages == client.bytes.len() / GET.len() || state == State::Closed
                } else {
                    matches!(state, State::Closed | State::CloseWait) || random.happens(5)
                };
                if gone {
                    let client = clients.swap_remove(at);
                    let socket = device.net.socket(client.handle);
                    match random.below(3) {
                        0 => socket.abort(),
                        1 => _ = device.net.cable.muted.insert(client.port),
                        _ => socket.close(),
                    }
                    device.step(1);
                    device.net.sockets.remove(client.handle);
                } else {
                    at += 1;
                }
            }
        }
        for client in clients {
            device.net.cable.muted.insert(client.port);
            device.net.sockets.remove(client.handle);
        }
        for _ in 0..400 {
            device.step(100);
        }
        assert_eq!(device.listening(), 4, "seed {seed}");
        assert_eq!(device.ask(GET).only().body, want, "seed {seed}");
        aborted += http.aborted_pages_total.get();
    }
    assert!(served > 10 && aborted > 10, "{served} served, {refused} refused, {aborted} aborted");
    println!("{served} pages served whole, {refused} clients not let in, {aborted} pages given up");
}
