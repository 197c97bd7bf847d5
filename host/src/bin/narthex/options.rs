//! The command line: what there is to say, and how a mistake in it is told in one line.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::time::Duration;

use clap::error::ErrorKind;
use clap::{ArgAction, Args, Parser, Subcommand};
use narthex_host::relay::fleet;
use narthex_host::relay::link::serial::Port;

use crate::Failure;

/// Prometheus metrics from microcontrollers.
///
/// `narthex demo` shows all of it at once, without hardware.
#[derive(Debug, Parser)]
#[command(name = "narthex", version, subcommand_required = true)]
pub(crate) struct Options {
    #[command(subcommand)]
    pub(crate) command: Command,
    /// Say more; twice: everything.
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Say only where it listens, and what goes wrong.
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Simulated devices send real frames over TCP to a gateway in this process. Writes nothing to disk.
    Demo(Demo),
    /// The gateway: takes frames from devices and serves their metrics to Prometheus.
    Relay(Box<Relay>),
}

/// The options of `demo`.
#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// How many devices to simulate.
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=16384))]
    pub(crate) devices: u32,
    /// Where to serve metrics; port 0 takes a free one.
    #[arg(long, value_name = "ADDR", default_value = DEFAULT_LISTEN, value_parser = address)]
    pub(crate) listen: SocketAddr,
    /// End after so many seconds, rather than when interrupted.
    #[arg(long, value_name = "S", value_parser = seconds)]
    pub(crate) seconds: Option<Duration>,
}

/// The options of `relay`.
#[derive(Debug, Args)]
pub(crate) struct Relay {
    /// Where to serve metrics; port 0 takes a free one.
    #[arg(long, value_name = "ADDR", default_value = DEFAULT_LISTEN, value_parser = address)]
    pub(crate) listen: SocketAddr,
    /// Read a serial port; NAME is for a device that does not say its own. 115200 baud unless said.
    #[arg(long, value_name = "[NAME=]PATH[@BAUD]")]
    pub(crate) serial: Vec<Port>,
    /// Listen for devices that connect over TCP.
    #[arg(long, value_name = "ADDR", value_parser = address)]
    pub(crate) tcp: Vec<SocketAddr>,
    /// Connect to a device, or to a terminal server, over TCP.
    #[arg(long, value_name = "HOST:PORT", value_parser = host_and_port)]
    pub(crate) tcp_connect: Vec<String>,
    /// Read standard input.
    #[arg(long)]
    pub(crate) stdin: bool,
    #[command(flatten)]
    pub(crate) limits: Limits,
}

/// What the gateway allows.
#[derive(Debug, Args)]
pub(crate) struct Limits {
    /// The label that tells devices apart.
    #[arg(long, value_name = "NAME", default_value = "device", value_parser = label)]
    pub(crate) device_label: String,
    /// How long a silent device is remembered: `90s`, `5m`, `1h`.
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = duration)]
    pub(crate) ttl: Duration,
    /// Devices at a time.
    #[arg(long, value_name = "N", default_value_t = Self::default().max_devices, value_parser = at_least_one)]
    pub(crate) max_devices: usize,
    /// Series of one device.
    #[arg(long, value_name = "N", default_value_t = Self::default().max_series_per_device, value_parser = at_least_one)]
    pub(crate) max_series_per_device: usize,
    /// Bytes of the schema of one device.
    #[arg(long, value_name = "N", default_value_t = Self::default().max_schema_bytes, value_parser = at_least_one)]
    pub(crate) max_schema_bytes: usize,
    /// Connections of devices at a time, over all links.
    #[arg(long, value_name = "N", default_value_t = Self::default().max_connections, value_parser = at_least_one)]
    pub(crate) max_connections: usize,
    /// Scrapes at a time.
    #[arg(long, value_name = "N", default_value_t = Self::default().max_scrapes, value_parser = at_least_one)]
    pub(crate) max_scrapes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        let fleet = fleet::Limits::default();
        Self {
            device_label: fleet.device_label.to_string(),
            ttl: fleet.ttl,
            max_devices: fleet.max_devices,
            max_series_per_device: fleet.max_series,
            max_schema_bytes: fleet.max_schema_bytes,
            max_connections: 16384,
            max_scrapes: 16,
        }
    }
}

const DEFAULT_LISTEN: &str = "127.0.0.1:9920";

impl Options {
    /// Reads the command line. `None` when it only asked for help or the version, which is then printed.
    ///
    /// # Errors
    /// What is wrong with it, in one line; status 2.
    pub(crate) fn read(words: impl IntoIterator<Item = OsString>) -> Result<Option<Self>, Failure> {
        let options = match Self::try_parse_from(words) {
            Ok(options) => options,
            Err(error) if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => {
                // Help that goes into a closed pipe is no failure of ours.
                let _ = error.print();
                return Ok(None);
            }
            Err(error) => return Err(Failure::usage(one_line(&error))),
        };
        if let Command::Relay(relay) = &options.command
            && relay.serial.is_empty()
            && relay.tcp.is_empty()
            && relay.tcp_connect.is_empty()
            && !relay.stdin
        {
            return Err(Failure::usage(
                "no link given: say where devices are, with --serial, --tcp, --tcp-connect or --stdin",
            ));
        }
        Ok(Some(options))
    }
}

/// clap tells a mistake in a paragraph, then advises. The first paragraph is the mistake.
fn one_line(error: &clap::Error) -> String {
    match error.kind() {
        ErrorKind::MissingSubcommand | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            "no command given: try `narthex demo`, or `narthex --help`".to_owned()
        }
        _ => {
            let text = error.render().to_string();
            let paragraph = text.split("\n\n").next().unwrap_or_default();
            let words: Vec<&str> = paragraph.split_whitespace().collect();
            let line = words.join(" ");
            line.strip_prefix("error: ").unwrap_or(&line).to_owned()
        }
    }
}

fn at_least_one(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|n| *n > 0).ok_or_else(|| "wanted a whole number above 0".to_owned())
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.strip_suffix('s').unwrap_or(text).parse().ok();
    seconds
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .ok_or_else(|| "wanted a number of seconds".to_owned())
}

fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let factor = match text.strip_prefix(digits) {
        Some("s") => Some(1),
        Some("m") => Some(60),
        Some("h") => Some(3600),
        Some("d") => Some(86400),
        _ => None,
    };
    factor
        .zip(digits.parse::<u64>().ok())
        .and_then(|(factor, n)| n.checked_mul(factor))
        // A century is enough, and can be added to any clock.
        .filter(|seconds| (1..=36525 * 86400).contains(seconds))
        .map(Duration::from_secs)
        .ok_or_else(|| "wanted a time above zero with its unit: 90s, 5m, 1h, 2d".to_owned())
}

fn host_and_port(text: &str) -> Result<String, String> {
    let wanted = || "wanted HOST:PORT, such as 10.0.0.2:23".to_owned();
    let (host, port) = text.rsplit_once(':').ok_or_else(wanted)?;
    let port: u16 = port.parse().map_err(|_| wanted())?;
    if host.is_empty() || port == 0 || (host.contains(':') && !host.starts_with('[')) {
        return Err(wanted());
    }
    Ok(text.to_owned())
}

fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| "expected IP:PORT, such as 127.0.0.1:9901".to_owned())
}

fn label(text: &str) -> Result<String, String> {
    fleet::Limits::check_label(text).map(|()| text.to_owned()).map_err(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(words: &str) -> String {
        let words = std::iter::once("narthex").chain(words.split_whitespace()).map(OsString::from);
        let failure = Options::read(words).unwrap_err();
        assert_eq!(failure.status, 2);
        assert!(!failure.what.contains('\n'));
        failure.what
    }

    #[test]
    fn mistakes_are_told_in_one_line() {
        for (words, said) in [
            ("", "no command given"),
            ("fly", "unrecognized subcommand 'fly'"),
            ("relay", "no link given"),
            ("relay --stdin --udp 127.0.0.1:1", "unexpected argument '--udp' found"),
            ("relay --tcp nowhere", "invalid value 'nowhere' for '--tcp <ADDR>'"),
            ("relay --serial a=", "no path; wanted [NAME=]PATH[@BAUD]"),
            ("relay --stdin --ttl 5", "wanted a time above zero with its unit"),
            ("relay --stdin --ttl 0s", "wanted a time above zero with its unit"),
            ("relay --stdin --device-label 9a", "invalid value '9a' for '--device-label <NAME>'"),
            ("relay --stdin --max-devices 0", "wanted a whole number above 0"),
            ("relay --tcp-connect 10.0.0.2", "wanted HOST:PORT"),
            ("demo --devices 0", "0 is not in 1..=16384"),
            ("demo --seconds soon", "wanted a number of seconds"),
            ("demo -q -v", "cannot be used with"),
        ] {
            let what = refused(words);
            assert!(what.contains(said), "{words}: {what}");
        }
    }

    #[test]
    fn what_is_not_said_has_the_documented_values() {
        let words = ["narthex", "relay", "--tcp", "127.0.0.1:0"].map(OsString::from);
        let Some(Options { command: Command::Relay(relay), .. }) = Options::read(words).unwrap() else {
            panic!("not a relay");
        };
        assert_eq!(relay.listen.to_string(), "127.0.0.1:9920");
        assert_eq!(format!("{:?}", relay.limits), format!("{:?}", Limits::default()));
        let Limits { device_label, ttl, .. } = &relay.limits;
        assert_eq!((device_label.as_str(), *ttl), ("device", Duration::from_mins(5)));
        let Limits { max_devices, max_series_per_device, max_schema_bytes, .. } = relay.limits;
        assert_eq!([max_devices, max_series_per_device, max_schema_bytes], [16384, 2048, 65536]);
        assert_eq!([relay.limits.max_connections, relay.limits.max_scrapes], [16384, 16]);
    }
}
