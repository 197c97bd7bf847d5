//! `GET /metrics` over any stream of bytes: what comes in, what goes out, and when to give up. No sockets, no clock.
//!
//! A [`Connection`] is one client. It is given the bytes that come ([`receive`](Connection::receive)), fills a buffer
//! with what goes back ([`send`](Connection::send)), and says what it waits for ([`wants`](Connection::wants)). An
//! [`Endpoint`] is what all clients are served from: a [`Source`](crate::model::Source), a path, [`Deadlines`], and who
//! is told what was answered ([`Observe`]). Adapters for smoltcp and embedded-io-async are in
//! [`transport`](crate::transport).
//!
//! ```
//! use core::time::Duration;
//! use narthex::http::{Connection, Endpoint, Wants};
//! use narthex::{Counter, Metrics, Registry, registry};
//! #[derive(Metrics)]
//! struct Radio {
//!     /// Packets sent.
//!     radio_packets_total: Counter,
//! }
//! static RADIO: Radio = Radio::new();
//! static REGISTRY: Registry = registry![RADIO];
//!
//! let endpoint = Endpoint::new(&REGISTRY);
//! let (mut request, mut buf, now) = ([0; 512], [0; 1460], Duration::ZERO);
//! let mut connection = Connection::new(&mut request);
//! connection.open(now);
//! connection.receive(&endpoint, b"GET /metrics HTTP/1.1\r\nHost: device\r\n\r\n", now);
//!
//! let mut response = Vec::new();
//! while connection.wants() == Wants::Room {
//!     let n = connection.send(&endpoint, &mut buf, true, now);
//!     response.extend_from_slice(&buf[..n]); // to the client
//! }
//! assert!(response.starts_with(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4"));
//! assert!(response.ends_with(b"radio_packets_total 0\n\r\n0\r\n\r\n"));
//! assert_eq!(connection.wants(), Wants::Bytes); // of the next request
//! ```
//!
//! # What is answered
//! `GET` and `HEAD` on the path, a query ignored: the page, in the format that `Accept` likes best ([`accept`]). HTTP/1.1
//! gets it in chunks, and may ask again on the same connection, also before the answer is there; HTTP/1.0 gets it up to
//! the end of the connection. All else is refused with a [`Status`] and no body. There is no `Date`, as there is no clock.
//!
//! # How a page is written
//! Straight into the buffer that [`send`](Connection::send) is given, behind room for the size of its chunk, which is
//! filled in afterwards: four digits, with zeros in front
//! ([RFC 9112, 7.1](https://www.rfc-editor.org/rfc/rfc9112#section-7.1)). There is no buffer for a page, and no second
//! pass. A line that does not fit waits for more room.
//!
//! # Pages that have no end
//! When the set of families changes under a page, when a line is longer than the buffer will ever be, or when the client
//! does not take the page in time, the page is given up: [`Wants::Abort`]. In HTTP/1.1 the last chunk is then missing,
//! so that no client takes the page for whole. HTTP/1.0 has no such mark: the transport must reset the connection, and
//! in case it cannot, a byte is sent with which no line can begin, where there is room for one.
//!
//! What a page says of one child is of one piece, as the [text encoder](crate::text::Encoder) carries it from line to
//! line, whatever buffers it goes through.

pub mod accept;
mod connection;
mod endpoint;
mod reply;
mod request;
mod status;
mod words;

pub use connection::{Connection, Wants};
pub use endpoint::{Deadlines, Endpoint, Observe};
pub use status::Status;
