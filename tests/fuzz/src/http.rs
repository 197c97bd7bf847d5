//! What comes to the server of a device.

use std::time::Duration;

use narthex::http::{Connection, Endpoint, Wants};
use narthex::runtime::HttpServer;
use narthex::text::{Encoder, Format};
use narthex::{Registry, registry};
use narthex_tests::answers;

use crate::bytes::{Bytes, pieces};

static HTTP: HttpServer = HttpServer::new();
static REGISTRY: Registry = registry![HTTP];

/// Any bytes for the server of a device, cut anywhere: every answer is one that a client can read, a page is what the
/// encoder writes, whatever the room for it, and how the bytes are cut makes no difference.
///
/// The first byte tells how much room there is, the second how many cuts there are; then come the bytes.
pub fn http(data: &[u8]) {
    let mut input = Bytes(data);
    let (room, count) = (192 + usize::from(input.byte()) * 8, input.byte() % 8);
    let (cuts, stream) = (input.take(count.into()), input.0);
    let whole = answers_to([stream], room);
    assert_eq!(answers_to(pieces(stream, cuts), room), whole);
    for answer in whole {
        check(&answer);
    }
}

/// What is answered, each answer by itself.
fn answers_to<'a>(pieces: impl IntoIterator<Item = &'a [u8]>, room: usize) -> Vec<Vec<u8>> {
    let (endpoint, mut head, mut buf, now) =
        (Endpoint::new(&REGISTRY), [0; 256], vec![0; room], Duration::ZERO);
    let mut connection = Connection::new(&mut head);
    connection.open(now);
    let mut all = Vec::new();
    for mut piece in pieces {
        while !piece.is_empty() {
            let taken = connection.receive(&endpoint, piece, now);
            assert!(taken > 0, "it takes nothing, and sends nothing");
            piece = &piece[taken..];
            let mut answer = Vec::new();
            while connection.wants() == Wants::Room {
                let n = connection.send(&endpoint, &mut buf, true, now);
                assert!(n > 0, "it sends nothing, and is not done");
                answer.extend_from_slice(&buf[..n]);
            }
            all.extend((!answer.is_empty()).then_some(answer));
            assert_ne!(connection.wants(), Wants::Abort);
        }
    }
    all
}

fn check(answer: &[u8]) {
    let read = |head_only| {
        let mut rest = answer;
        answers::next(&mut rest, head_only).expect("an answer").filter(|_| rest.is_empty())
    };
    // Only the client knows which it has asked for.
    let Some(response) = read(false).or_else(|| read(true)) else {
        panic!("no answer: {:?}", String::from_utf8_lossy(answer))
    };
    if response.status != 200 {
        assert_eq!((response.header("content-length"), response.body.as_str()), (Some("0"), ""));
        return;
    }
    let formats = [Format::Text, Format::OpenMetrics];
    let is_its = |format: &&Format| response.header("content-type") == Some(format.content_type());
    let format = formats.iter().find(is_its).expect("a format");
    assert!(response.body.is_empty() || response.body == page(*format), "another page");
}

fn page(format: Format) -> String {
    let (mut page, mut encoder, mut buf) = (Vec::new(), Encoder::new(format), [0; 1024]);
    while let n @ 1.. = encoder.fill(&REGISTRY, &mut buf).expect("there is room for a line") {
        page.extend_from_slice(&buf[..n]);
    }
    String::from_utf8(page).expect("it is text")
}
