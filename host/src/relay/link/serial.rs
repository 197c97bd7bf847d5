//! Serial ports, pseudo terminals included.

use std::fmt;
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::str::FromStr;
use std::sync::Arc;

use tokio_serial::SerialStream;

use super::Link;
use super::redial::{Opened, keep_open};

/// Symbols a second, unless said otherwise.
pub const DEFAULT_BAUD: u32 = 115_200;
/// Longest device name, in bytes; the wire has the same limit.
const MAX_NAME: usize = 32;

/// A serial port as it is named on the command line: `[NAME=]PATH[@BAUD]`.
///
/// ```
/// use narthex_host::relay::link::serial::Port;
/// let port: Port = "pump=/dev/ttyUSB0@9600".parse()?;
/// assert_eq!((port.device.as_deref(), &*port.path, port.baud), (Some("pump"), "/dev/ttyUSB0", 9600));
/// # Ok::<(), narthex_host::relay::link::serial::PortError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    /// What the device at its other end is called, if it does not say so itself.
    pub device: Option<Arc<str>>,
    /// The device file.
    pub path: String,
    /// Symbols a second; a pseudo terminal does not care.
    pub baud: u32,
}

/// What is wrong with the text of a [`Port`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PortError {
    /// There is no path.
    NoPath,
    /// What follows the `@` is no number of symbols a second.
    Baud,
    /// What precedes the `=` is empty, too long or not printable.
    Name,
}

impl fmt::Display for PortError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoPath => f.write_str("no path; wanted [NAME=]PATH[@BAUD]"),
            Self::Baud => f.write_str("the baud rate after `@` must be a number from 1 to 4294967295"),
            Self::Name => write!(f, "the name before `=` must have 1 to {MAX_NAME} printable bytes"),
        }
    }
}

impl std::error::Error for PortError {}

impl FromStr for Port {
    type Err = PortError;

    fn from_str(text: &str) -> Result<Self, PortError> {
        // A path may hold `=` and `@` too: a name ends before the first slash, and a rate has none.
        let (device, rest) = match text.split_once('=') {
            Some((name, rest)) if !name.contains('/') => (Some(name), rest),
            _ => (None, text),
        };
        if device.is_some_and(|name| {
            name.is_empty() || name.len() > MAX_NAME || name.chars().any(char::is_control)
        }) {
            return Err(PortError::Name);
        }
        let (path, baud) = match rest.rsplit_once('@') {
            Some((path, baud)) if !baud.contains('/') => {
                (path, baud.parse().ok().filter(|baud| *baud > 0).ok_or(PortError::Baud)?)
            }
            _ => (rest, DEFAULT_BAUD),
        };
        if path.is_empty() {
            return Err(PortError::NoPath);
        }
        Ok(Self { device: device.map(Into::into), path: path.to_owned(), baud })
    }
}

/// Reads `port`, and opens it again whenever it cannot be opened or is unplugged, for ever.
pub async fn run(port: &Port, link: Link) {
    keep_open(link, || async {
        let how = format!("open at {} baud", port.baud);
        Ok(Opened { stream: open(port)?, peer: port.path.clone(), how })
    })
    .await;
}

impl Port {
    /// What is wrong with the path, if anything is there that is no serial port: it would be waited for in vain.
    /// What is not there may be plugged in later.
    ///
    /// # Errors
    /// What is there instead.
    pub fn check(&self) -> Result<(), String> {
        match std::fs::metadata(&self.path) {
            Ok(there) if there.is_dir() => Err("a directory, not a serial port".to_owned()),
            Ok(there) if !there.file_type().is_char_device() => Err("a file, not a serial port".to_owned()),
            _ => Ok(()),
        }
    }
}

/// Opens a port: raw, eight data bits, no parity, one stop bit, for us alone.
fn open(port: &Port) -> Result<SerialStream, String> {
    port.check()?;
    SerialStream::open(&tokio_serial::new(&port.path, port.baud)).map_err(|error| {
        if io::Error::from(error.clone()).kind() == io::ErrorKind::PermissionDenied {
            let owner = std::fs::metadata(&port.path).map(|port| port.gid()).ok();
            let groups = std::fs::read_to_string("/etc/group").unwrap_or_default();
            return denied(owner, &groups);
        }
        match error.description.to_lowercase() {
            // Other devices with a file, such as /dev/null. The system's words for ENOTTY come from another age.
            text if text.contains("not a typewriter") || text.contains("inappropriate ioctl") => {
                "a device, but not a serial port".to_owned()
            }
            text => text,
        }
    })
}

/// What to do about a port that may not be opened: on most systems, join the group that owns it.
fn denied(owner: Option<u32>, groups: &str) -> String {
    let Some(gid) = owner else {
        return "permission denied".to_owned();
    };
    // A line is `name:password:gid:members`; see group(5).
    let name = groups.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(gid)).then_some(name)
    });
    match name {
        Some("root") | None => format!(
            "permission denied: the port belongs to group {gid}, which is not to be joined; see udev(7)"
        ),
        Some(group) => format!(
            "permission denied: the port belongs to group {group}; join it with `sudo usermod -aG {group} $USER`, then log in again"
        ),
    }
}

/// Both ends of a pseudo terminal: one that is open, and the path of the other.
#[cfg(test)]
pub(super) fn pair() -> (SerialStream, String) {
    let (device, slave) = SerialStream::pair().unwrap();
    (device, tokio_serial::SerialPort::name(&slave).unwrap())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::sync::Semaphore;
    use tokio::time::sleep;

    use super::super::testing::Witness;
    use super::*;

    fn port(text: &str) -> Result<(Option<String>, String, u32), PortError> {
        text.parse::<Port>().map(|port| (port.device.map(|name| name.to_string()), port.path, port.baud))
    }

    #[test]
    fn ports_are_read_from_text() {
        assert_eq!(port("/dev/ttyUSB0"), Ok((None, "/dev/ttyUSB0".into(), 115_200)));
        assert_eq!(port("/dev/ttyUSB0@9600"), Ok((None, "/dev/ttyUSB0".into(), 9600)));
        assert_eq!(port("pump=/dev/pts/3"), Ok((Some("pump".into()), "/dev/pts/3".into(), 115_200)));
        assert_eq!(port("/dev/by=id/a@b/x"), Ok((None, "/dev/by=id/a@b/x".into(), 115_200)));
        assert_eq!(port("pump=COM3"), Ok((Some("pump".into()), "COM3".into(), 115_200)));
        for (text, error) in [
            ("", PortError::NoPath),
            ("pump=", PortError::NoPath),
            ("@9600", PortError::NoPath),
            ("/dev/a@", PortError::Baud),
            ("/dev/a@fast", PortError::Baud),
            ("/dev/a@0", PortError::Baud),
            ("=/dev/a", PortError::Name),
            ("a\nb=/dev/a", PortError::Name),
            ("an-impossibly-long-name-for-a-port=/dev/a", PortError::Name),
        ] {
            assert_eq!(port(text), Err(error), "{text}");
        }
    }

    #[test]
    fn the_group_of_a_denied_port_is_named() {
        let groups = "root:x:0:\ndialout:x:20:anna\n";
        assert!(denied(Some(20), groups).contains("usermod -aG dialout $USER"));
        assert!(denied(Some(0), groups).contains("group 0"));
        assert!(denied(Some(77), groups).contains("group 77"));
        assert_eq!(denied(None, groups), "permission denied");
    }

    #[tokio::test]
    async fn a_pseudo_terminal_is_raw_and_its_hang_up_is_a_lost_link() {
        let witness = Arc::new(Witness::answering(&[b'k'; 1000]));
        let (mut device, path) = pair();
        let port = Port { device: Some("pump".into()), path, baud: DEFAULT_BAUD };
        let gate: Arc<dyn super::super::Gate> = witness.clone();
        let link = Link::new("serial", gate, Arc::new(Semaphore::new(1))).with_device(port.device.as_deref());
        let reading = link.clone();
        tokio::spawn(async move { run(&port, reading).await });
        while !link.status().report().up {
            sleep(Duration::from_millis(5)).await;
        }
        let all: Vec<u8> = (0..=255).collect();
        device.write_all(&all).await.unwrap();
        witness.until(|log| log.total() == 256).await;
        witness.with(|log| assert_eq!((&log.fed[&0], &log.names[0]), (&all, &Some("pump".into()))));
        let mut answer = [0; 1000];
        device.read_exact(&mut answer).await.unwrap();
        assert_eq!(answer, [b'k'; 1000]);
        // A device that reads nothing is still heard.
        for more in 1..=20_000 {
            device.write_all(b"x").await.unwrap();
            if more % 100 == 0 {
                witness.until(|log| log.total() == 256 + more).await;
            }
        }
        assert!(link.status().report().unsent_bytes > 0);
        drop(device);
        witness.until(|log| log.closed.len() == 1).await;
        while link.status().report().up {
            sleep(Duration::from_millis(5)).await;
        }
        assert_eq!(link.status().report().connections, 0);
    }

    #[tokio::test]
    async fn a_missing_port_is_waited_for() {
        let witness = Arc::new(Witness::default());
        let folder = std::env::temp_dir().join(format!("narthex-serial-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("port");
        let port = path.to_str().unwrap().parse::<Port>().unwrap();
        let gate: Arc<dyn super::super::Gate> = witness.clone();
        let link = Link::new("serial", gate, Arc::new(Semaphore::new(1)));
        let reading = link.clone();
        tokio::spawn(async move { run(&port, reading).await });
        while link.status().report().errors == 0 {
            sleep(Duration::from_millis(5)).await;
        }
        assert_eq!(link.status().report().trouble, "no such file or directory");
        let (mut device, end) = pair();
        std::os::unix::fs::symlink(end, &path).unwrap();
        while !link.status().report().up {
            sleep(Duration::from_millis(5)).await;
        }
        device.write_all(b"here").await.unwrap();
        witness.until(|log| log.total() == 4).await;
        assert!(link.status().report().trouble.is_empty());
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[tokio::test]
    async fn what_is_no_serial_port_is_told_and_not_opened() {
        let folder = std::env::temp_dir().join(format!("narthex-no-port-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join("file");
        std::fs::write(&file, "bytes").unwrap();
        for (path, what) in [
            (folder.to_str().unwrap(), "a directory, not a serial port"),
            (file.to_str().unwrap(), "a file, not a serial port"),
            ("/dev/null", "a device, but not a serial port"),
        ] {
            let port: Port = path.parse().unwrap();
            assert_eq!(port.check().is_err(), path != "/dev/null", "{path}");
            let link = Link::new("serial", Arc::new(Witness::default()), Arc::new(Semaphore::new(1)));
            let reading = link.clone();
            let task = tokio::spawn(async move { run(&port, reading).await });
            while link.status().report().errors == 0 {
                sleep(Duration::from_millis(5)).await;
            }
            task.abort();
            assert_eq!(link.status().report().trouble, what, "{path}");
        }
        assert_eq!("/nowhere".parse::<Port>().unwrap().check(), Ok(()));
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
