//! The device under test.

use narthex_tests::answers;
use narthex_tests::http::{self, Response, free_address};
use narthex_tests::page::{Format, Page};
use narthex_tests::program::{Program, eventually};
use narthex_tests::root;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::time::Duration;

/// How many clients the firmware `ethernet` has room for at a time.
pub(crate) const CLIENTS: usize = 8;
/// A request as a scraper sends it.
pub(crate) const GET: &str = "GET /metrics HTTP/1.1\r\nHost: device\r\n\r\n";

/// Firmware in QEMU, and where its port 80 is found.
pub(crate) struct Device {
    firmware: Program,
    pub(crate) http: SocketAddr,
}

impl Device {
    /// Builds an example and boots it, and waits until it answers.
    #[track_caller]
    pub(crate) fn boot(example: &str, arguments: &[&str]) -> Self {
        let http = free_address();
        let script = root().join("firmware-examples/boot.sh");
        let mut command = Command::new(script);
        command.args([example, "--http", &http.to_string()]).args(arguments);
        let mut device = Self { firmware: Program::start(&mut command), http };
        // A first build takes its time. QEMU takes connections before the firmware does.
        eventually(Duration::from_mins(5), "the firmware is built and booted", || {
            assert!(!device.firmware.ended(), "the firmware ended:\n{}", device.firmware.said().join("\n"));
            device.get(Format::Text).ok()
        });
        device
    }

    fn get(&self, format: Format) -> io::Result<Response> {
        let accept = match format {
            Format::Text => "text/plain;version=0.0.4",
            Format::OpenMetrics => "application/openmetrics-text;version=1.0.0",
        };
        http::get(self.http, "/metrics", accept)
    }

    /// Its page as it stands.
    #[track_caller]
    pub(crate) fn text(&self, format: Format) -> String {
        let response = self.get(format).expect("the device answers");
        let kind = match format {
            Format::Text => "text/plain; version=0.0.4; charset=utf-8",
            Format::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        };
        assert_eq!((response.status, response.header("content-type")), (200, Some(kind)));
        response.body
    }

    /// Its page, read strictly, if there is a socket for whoever asks.
    #[track_caller]
    pub(crate) fn try_page(&self, format: Format) -> Option<Page> {
        self.get(format).ok().map(|response| read(&response.body, format))
    }

    /// Its page, read strictly.
    #[track_caller]
    pub(crate) fn page(&self, format: Format) -> Page {
        read(&self.text(format), format)
    }

    /// The numbers of its HTTP server that tell how many requests it answered, by status.
    #[track_caller]
    pub(crate) fn answered(&self) -> impl Fn(&str) -> u64 + use<> {
        let page = self.page(Format::Text);
        move |code| value(&page, "http_requests_total", &[("code", code)])
    }

    /// Serves as many clients as there are sockets at a time: none is stuck. One socket is for whoever comes; if it were
    /// taken too, who has been idle the longest would be let go.
    pub(crate) fn serve_all_at_once(&self) -> io::Result<()> {
        let mut clients: Vec<TcpStream> = Vec::new();
        for _ in 1..CLIENTS {
            let mut client = self.dial();
            ask(&mut client)?;
            clients.push(client);
        }
        self.get(Format::OpenMetrics)?;
        clients.iter_mut().try_for_each(ask)
    }

    /// A connection.
    #[track_caller]
    pub(crate) fn dial(&self) -> TcpStream {
        let stream = TcpStream::connect(self.http).expect("QEMU listens");
        stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a socket may time out");
        stream.set_nodelay(true).expect("a socket need not wait");
        stream
    }
}

/// Asks for the page, which must be right.
fn ask(client: &mut TcpStream) -> io::Result<()> {
    client.write_all(GET.as_bytes())?;
    let answer = next(client, &mut Vec::new())?;
    assert_eq!(answer.status, 200);
    agrees(&read(&answer.body, Format::Text));
    Ok(())
}

/// The next answer on a connection; `kept` has what was read behind the one before.
///
/// # Errors
/// `InvalidData` if it is no answer; all else is an end of the connection.
pub(crate) fn next(stream: &mut impl Read, kept: &mut Vec<u8>) -> io::Result<Response> {
    let mut buf = [0; 4096];
    loop {
        let mut bytes = &kept[..];
        let answer = if bytes.is_empty() { Ok(None) } else { answers::next(&mut bytes, false) };
        if let Some(answer) = answer.map_err(|why| io::Error::new(io::ErrorKind::InvalidData, why))? {
            *kept = bytes.to_vec();
            return Ok(answer);
        }
        match stream.read(&mut buf)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            n => kept.extend_from_slice(&buf[..n]),
        }
    }
}

/// A page, read strictly.
#[track_caller]
pub(crate) fn read(page: &str, format: Format) -> Page {
    Page::read(page, format).unwrap_or_else(|why| panic!("{why} in\n{page}"))
}

/// The value of a whole number.
#[track_caller]
pub(crate) fn value(page: &Page, name: &str, labels: &[(&str, &str)]) -> u64 {
    let sample = page.sample(name, labels).unwrap_or_else(|| panic!("no {name}{labels:?}"));
    sample.value.parse().unwrap_or_else(|_| panic!("{name} is {}", sample.value))
}

/// The page must agree with itself: all readings of the meter are counted once.
#[track_caller]
pub(crate) fn agrees(page: &Page) {
    let readings = value(page, "mains_readings_total", &[]);
    let refused = |reason| value(page, "mains_refused_readings_total", &[("reason", reason)]);
    // Every 97th, and of the others every 251st.
    let both = readings / (97 * 251);
    assert_eq!((refused("checksum"), refused("range")), (readings / 97, readings / 251 - both));
    assert_eq!(value(page, "mains_cycle_volts_count", &[]), readings - readings / 97 - readings / 251 + both);
}
