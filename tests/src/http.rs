//! The least of an HTTP/1.1 client: one GET a connection, to a server on loopback.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

/// What a server answered.
#[derive(Debug)]
pub struct Response {
    /// 200 and so on.
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// Decoded from chunks if need be.
    pub body: String,
}

impl Response {
    /// The value of a header, if it is there once.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_str())
    }
}

/// Asks for `path`, saying what is accepted.
///
/// # Errors
/// When the connection fails, or the answer is not HTTP, not whole or not UTF-8.
pub fn get(server: SocketAddr, path: &str, accept: &str) -> io::Result<Response> {
    let bad = |why: &str| io::Error::new(io::ErrorKind::InvalidData, why.to_owned());
    let mut stream = TcpStream::connect_timeout(&server, Duration::from_secs(5))?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {server}\r\nAccept: {accept}\r\nConnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let end =
        answer.windows(4).position(|four| four == b"\r\n\r\n").ok_or_else(|| bad("no end of the head"))?;
    let (head, rest) = (String::from_utf8_lossy(&answer[..end]).into_owned(), &answer[end + 4..]);
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok());
    let status = status.ok_or_else(|| bad("no status"))?;
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let mut response = Response { status, headers, body: String::new() };
    let body = match (response.header("transfer-encoding"), response.header("content-length")) {
        (Some("chunked"), _) => unchunk(rest).ok_or_else(|| bad("a broken chunk"))?,
        (None, Some(length)) if length.parse() != Ok(rest.len()) => {
            return Err(bad("a body of another length"));
        }
        (None, _) => rest.to_vec(),
        _ => return Err(bad("an unknown transfer encoding")),
    };
    response.body = String::from_utf8(body).map_err(|_| bad("a body that is not UTF-8"))?;
    Ok(response)
}

fn unchunk(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = rest.windows(2).position(|two| two == b"\r\n")?;
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..end]).ok()?, 16).ok()?;
        rest = &rest[end + 2..];
        if size == 0 {
            return (rest == b"\r\n").then_some(body);
        }
        body.extend_from_slice(rest.get(..size)?);
        rest = rest.get(size..)?.strip_prefix(b"\r\n")?;
    }
}

/// Answers every request with the page of that moment, for as long as this process lives. Returns where.
///
/// # Panics
/// If loopback has no free port.
pub fn serve(content_type: &'static str, page: impl Fn() -> String + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let address = listener.local_addr().expect("it is bound");
    thread::spawn(move || {
        // A client that goes away harms only itself.
        for mut stream in listener.incoming().map_while(Result::ok) {
            let (page, mut request) = (page(), [0; 4096]);
            let _ = stream.read(&mut request);
            let head = format!(
                "Content-Type: {content_type}\r\nContent-Length: {}\r\nConnection: close",
                page.len()
            );
            let _ = write!(stream, "HTTP/1.1 200 OK\r\n{head}\r\n\r\n{page}");
        }
    });
    address
}

/// `text` as the value in a query.
pub fn escape(text: &str) -> String {
    text.bytes().fold(String::new(), |query, byte| {
        if byte.is_ascii_alphanumeric() {
            query + &char::from(byte).to_string()
        } else {
            query + &format!("%{byte:02X}")
        }
    })
}

/// An address on loopback where nobody listens at the moment, over TCP or UDP.
///
/// # Panics
/// If there is none.
pub fn free_address() -> SocketAddr {
    // Below the ports that the system hands out itself (`ip_local_port_range`), so that none of those is in the way by
    // the time it is listened on. Programs that run side by side begin at places of their own.
    const PORTS: std::ops::Range<u32> = 12_000..32_000;
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let first = std::process::id().wrapping_mul(401);
    (0..PORTS.len())
        .find_map(|_| {
            let at = first.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % (PORTS.end - PORTS.start);
            let address = SocketAddr::from(([127, 0, 0, 1], u16::try_from(PORTS.start + at).ok()?));
            TcpListener::bind(address).and(UdpSocket::bind(address)).is_ok().then_some(address)
        })
        .expect("loopback has a free port")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joins_chunks() {
        assert_eq!(
            unchunk(b"3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n").as_deref(),
            Some(&b"abc0123456789"[..])
        );
        assert_eq!(unchunk(b"3\r\nabc\r\n"), None);
        assert_eq!(unchunk(b"4\r\nabc\r\n0\r\n\r\n"), None);
    }

    #[test]
    fn escapes_queries() {
        assert_eq!(escape("a{b=\"c\"}[5s]"), "a%7Bb%3D%22c%22%7D%5B5s%5D");
    }
}
