//! The command line: what there is to say, and how a mistake in it is told in one line.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::error::ErrorKind;
use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};
use narthex_host::relay::link::serial::Port;

use crate::Failure;
use crate::settings::{Limits, LinkSettings, Settings, Source};
use crate::value::{address, at_least_one, device_label, duration, host_and_port, seconds};

/// Prometheus metrics from microcontrollers.
///
/// `narthex demo` shows all of it at once, without hardware.
#[derive(Debug, Parser)]
#[command(name = "narthex", version, subcommand_required = true, max_term_width = 100)]
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
    ///
    /// Links may be given several times, and several at once. With --config, they are added to those of the file, and
    /// all other options win over it. With --config, SIGHUP reads the file again.
    Relay(Box<Relay>),
    /// A capture to readable form: what each device showed last, and what was lost.
    #[command(after_long_help = DECODE_HELP)]
    Decode(Decode),
    /// Checks the configuration file.
    #[command(subcommand)]
    Config(Config),
}

const STATE_HELP: &str = "Where to keep the schemas of devices, so that they are known after a restart [default: \
    $STATE_DIRECTORY, else $XDG_STATE_HOME/narthex, else ~/.local/state/narthex]";

/// What scripts may rely on.
const DECODE_HELP: &str = "\
The series go to standard output, as they last were; what was lost, corrupt or refused goes to standard error, by \
device. Status: 0 when all is well; 1 when a frame was lost, corrupt or refused, or a family is not known; 2 when the \
capture cannot be read.

JSON, an object a line:
  {\"device\":\"pump-1\",\"name\":\"pump_strokes_total\",\"type\":\"counter\",\"labels\":{\"side\":\"a\"},\"value\":17}
  type       counter, gauge, histogram, info or stateset (a line for each state, 1 or 0)
  value      a number with all its digits, above 2^53, too; \"NaN\", \"+Inf\", \"-Inf\"
  histogram  {\"count\":3,\"sum\":0.25,\"buckets\":[{\"le\":0.1,\"count\":2},{\"le\":\"+Inf\",\"count\":3}]}
             as value; buckets are cumulative
A gauge that was never set has no line.";

/// The options of `demo`.
#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// How many devices to simulate.
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=16384))]
    pub(crate) devices: u32,
    /// Where to serve metrics; port 0 takes a free one.
    #[arg(long, value_name = "ADDR", default_value_t = Settings::LISTEN, value_parser = address)]
    pub(crate) listen: SocketAddr,
    /// End after so many seconds, rather than when interrupted.
    #[arg(long, value_name = "S", value_parser = seconds)]
    pub(crate) seconds: Option<Duration>,
}

/// The options of `relay`.
#[derive(Clone, Debug, Args)]
pub(crate) struct Relay {
    #[command(flatten)]
    pub(crate) links: Links,
    /// Take settings from a file; `narthex config check FILE` says what is wrong with it.
    #[arg(long, value_name = "FILE", help_heading = "Files")]
    pub(crate) config: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) said: Said,
}

/// Where devices are.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Links")]
pub(crate) struct Links {
    /// Read a serial port; NAME is for a device that does not say its own. 115200 baud unless said.
    #[arg(long, value_name = "[NAME=]PATH[@BAUD]")]
    serial: Vec<Port>,
    /// Listen for devices that connect over TCP.
    #[arg(long, value_name = "ADDR", value_parser = address)]
    tcp: Vec<SocketAddr>,
    /// Connect to a device, or to a terminal server, over TCP.
    #[arg(long, value_name = "HOST:PORT", value_parser = host_and_port)]
    tcp_connect: Vec<String>,
    /// Listen for devices that send over UDP.
    #[arg(long, value_name = "ADDR", value_parser = address)]
    udp: Vec<SocketAddr>,
    /// Read standard input.
    #[arg(long)]
    stdin: bool,
    /// Read a capture, as --record writes it or as it came from a line, as fast as it can be read.
    #[arg(long, value_name = "FILE")]
    replay: Vec<PathBuf>,
}

/// What the gateway is to do, as far as it was said: here, or in the configuration file under the same names.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Limits")]
pub(crate) struct Said {
    #[arg(long, value_name = "ADDR", value_parser = address, help_heading = "Output",
        help = format!("Where to serve metrics; port 0 takes a free one [default: {}]", Settings::LISTEN))]
    pub(crate) listen: Option<SocketAddr>,
    /// Record all that comes in to a file, for --replay and `narthex decode`.
    #[arg(long, value_name = "FILE", help_heading = "Files")]
    pub(crate) record: Option<PathBuf>,
    #[arg(long, value_name = "DIR", help_heading = "Files", help = STATE_HELP)]
    pub(crate) state: Option<PathBuf>,
    /// Print what comes between frames, such as log lines, to standard output.
    #[arg(long, num_args = 0, help_heading = "Output", default_missing_value = "true")]
    pub(crate) print_text: Option<bool>,
    #[arg(long, value_name = "NAME", value_parser = device_label, help_heading = "Output",
        help = format!("The label that tells devices apart [default: {}]", Limits::default().device_label))]
    pub(crate) device_label: Option<String>,
    #[arg(long, value_name = "TIME", value_parser = duration,
        help = format!("How long a silent device is remembered: 90s, 5m, 1h [default: {}m]", Limits::default().ttl.as_secs() / 60))]
    pub(crate) ttl: Option<Duration>,
    #[arg(long, value_name = "N", value_parser = at_least_one,
        help = format!("Devices at a time [default: {}]", Limits::default().max_devices))]
    pub(crate) max_devices: Option<usize>,
    #[arg(long, value_name = "N", value_parser = at_least_one,
        help = format!("Series of one device [default: {}]", Limits::default().max_series_per_device))]
    pub(crate) max_series_per_device: Option<usize>,
    #[arg(long, value_name = "N", value_parser = at_least_one,
        help = format!("Bytes of the schema of one device [default: {}]", Limits::default().max_schema_bytes))]
    pub(crate) max_schema_bytes: Option<usize>,
    #[arg(long, value_name = "N", value_parser = at_least_one,
        help = format!("Connections of devices at a time, over all links [default: {}]", Limits::default().max_connections))]
    pub(crate) max_connections: Option<usize>,
    #[arg(long, value_name = "N", value_parser = at_least_one,
        help = format!("Scrapes at a time [default: {}]", Limits::default().max_scrapes))]
    pub(crate) max_scrapes: Option<usize>,
}

/// The options of `decode`.
#[derive(Debug, Args)]
pub(crate) struct Decode {
    /// A capture that --record wrote, or bytes as they came from a line; standard input, if not given.
    pub(crate) file: Option<PathBuf>,
    /// How to write it.
    #[arg(long, value_enum, default_value_t = Form::Text)]
    pub(crate) format: Form,
    /// Print what comes between frames, such as log lines, to standard error.
    #[arg(long)]
    pub(crate) print_text: bool,
}

/// How `decode` writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    /// The text format 0.0.4 of Prometheus.
    Text,
    /// OpenMetrics 1.0.
    Openmetrics,
    /// One JSON object a line, for each series.
    Json,
}

/// What to do about the configuration file.
#[derive(Debug, Subcommand)]
pub(crate) enum Config {
    /// Says what is wrong with a file, with the line; status 0 when nothing is, else 2.
    Check {
        /// The file.
        file: PathBuf,
    },
}

impl Options {
    /// Reads the command line. `None` when it only asked for help or the version, which is then printed.
    ///
    /// # Errors
    /// What is wrong with it, in one line; status 2.
    pub(crate) fn read(words: impl IntoIterator<Item = OsString>) -> Result<Option<Self>, Failure> {
        match Self::try_parse_from(words) {
            Ok(options) => Ok(Some(options)),
            Err(error) if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => {
                // Help that goes into a closed pipe is no failure of ours.
                let _ = error.print();
                Ok(None)
            }
            Err(error) => Err(Failure::usage(one_line(&error))),
        }
    }
}

impl Links {
    /// The links, in the order of their kinds.
    pub(crate) fn settings(&self) -> impl Iterator<Item = LinkSettings> {
        let tcp = self.tcp.iter().copied().map(Source::Tcp);
        let udp = self.udp.iter().copied().map(Source::Udp);
        let serial = self.serial.iter().cloned().map(Source::Serial);
        let dialled = self.tcp_connect.iter().cloned().map(Source::TcpConnect);
        let stdin = self.stdin.then_some(Source::Stdin);
        let replay = self.replay.iter().cloned().map(Source::Replay);
        tcp.chain(udp).chain(serial).chain(dialled).chain(stdin).chain(replay).map(LinkSettings::new)
    }
}

impl Said {
    /// What is said here, and what is said there for the rest.
    pub(crate) fn or(self, other: Self) -> Self {
        Self {
            listen: self.listen.or(other.listen),
            record: self.record.or(other.record),
            state: self.state.or(other.state),
            print_text: self.print_text.or(other.print_text),
            device_label: self.device_label.or(other.device_label),
            ttl: self.ttl.or(other.ttl),
            max_devices: self.max_devices.or(other.max_devices),
            max_series_per_device: self.max_series_per_device.or(other.max_series_per_device),
            max_schema_bytes: self.max_schema_bytes.or(other.max_schema_bytes),
            max_connections: self.max_connections.or(other.max_connections),
            max_scrapes: self.max_scrapes.or(other.max_scrapes),
        }
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
            // What was said may be quoted.
            let line = words.join(" ").replace(char::is_control, "\u{fffd}");
            line.strip_prefix("error: ").unwrap_or(&line).to_owned()
        }
    }
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
            ("config", "no command given"),
            ("config check", "<FILE>"),
            ("decode --format xml", "[possible values: text, openmetrics, json]"),
            ("relay --fly", "unexpected argument '--fly' found"),
            ("relay --stdin --stdin", "cannot be used multiple times"),
            ("relay --tcp nowhere", "invalid value 'nowhere' for '--tcp <ADDR>'"),
            ("relay --udp nowhere", "invalid value 'nowhere' for '--udp <ADDR>': wanted IP:PORT"),
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
    fn what_is_quoted_does_no_harm() {
        for word in ["\u{9d}0;title", "\u{1b}[31mred", "a\u{85}b", "\u{7f}", "two\nlines"] {
            let words = ["narthex", word].map(OsString::from);
            let what = Options::read(words).unwrap_err().what;
            assert!(!what.contains(char::is_control), "{what:?}");
        }
    }

    #[test]
    fn what_is_not_said_has_the_documented_values() {
        let words = ["narthex", "relay", "--tcp", "127.0.0.1:0"].map(OsString::from);
        let Some(Options { command: Command::Relay(relay), .. }) = Options::read(words).unwrap() else {
            panic!("not a relay");
        };
        let settings = Settings::new(
            relay.said.clone(),
            crate::settings::Rates::default(),
            Vec::new(),
            std::collections::BTreeMap::new(),
        );
        assert_eq!((settings.listen.to_string().as_str(), settings.print_text), ("127.0.0.1:9920", false));
        assert_eq!(settings.limits, Limits::default());
        let Limits { device_label, ttl, .. } = settings.limits;
        assert_eq!((device_label.as_str(), ttl), ("device", Duration::from_mins(5)));
        let Limits { max_devices, max_series_per_device, max_schema_bytes, .. } = settings.limits;
        assert_eq!([max_devices, max_series_per_device, max_schema_bytes], [16384, 2048, 65536]);
        assert_eq!([settings.limits.max_connections, settings.limits.max_scrapes], [16384, 16]);
    }
}
