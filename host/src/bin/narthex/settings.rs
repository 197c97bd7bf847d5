//! What the gateway is to do, once command line and configuration file are put together.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use narthex_host::expose::http::Metrics;
use narthex_host::relay::fleet;
use narthex_host::relay::link::serial::Port;

use crate::Failure;
use crate::config::{self, Config};
use crate::options::{Relay, Said};

/// Labels that are added to series: names and values.
pub(crate) type Labels = Vec<(String, String)>;

/// Everything that the gateway is to do.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Settings {
    /// Where pages are served.
    pub(crate) listen: SocketAddr,
    /// Where to keep what outlives the program, if said.
    pub(crate) state: Option<PathBuf>,
    /// Where to record what comes in.
    pub(crate) record: Option<PathBuf>,
    /// Whether what comes between frames is printed.
    pub(crate) print_text: bool,
    pub(crate) limits: Limits,
    pub(crate) rates: Rates,
    pub(crate) links: Vec<LinkSettings>,
    /// What is added to the series of devices, by their names.
    pub(crate) labels: BTreeMap<String, Labels>,
}

/// What the gateway allows.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Limits {
    pub(crate) device_label: String,
    pub(crate) ttl: Duration,
    pub(crate) max_devices: usize,
    pub(crate) max_series_per_device: usize,
    pub(crate) max_schema_bytes: usize,
    pub(crate) max_connections: usize,
    pub(crate) max_scrapes: usize,
}

/// What one source may send: an address, or a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rates {
    /// Over each link; one may say otherwise.
    pub(crate) bytes_per_second: u64,
    pub(crate) new_names_per_minute: u32,
    pub(crate) new_schemas_per_minute: u32,
}

impl Default for Rates {
    fn default() -> Self {
        // As many as there may be devices: a fleet behind one address comes up within a minute.
        Self { bytes_per_second: 16 << 20, new_names_per_minute: 16384, new_schemas_per_minute: 16384 }
    }
}

/// One link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LinkSettings {
    /// What it is called; by its source, if nothing is said.
    pub(crate) name: Option<String>,
    pub(crate) source: Source,
    /// What a device is called that does not say so itself.
    pub(crate) device: Option<String>,
    /// Whom it takes bytes from; everybody, if empty.
    pub(crate) networks: Vec<IpNet>,
    /// Allowed names of devices; all, if empty.
    pub(crate) devices: Vec<String>,
    /// What is added to all series of its devices.
    pub(crate) labels: Labels,
    pub(crate) bytes_per_second: Option<u64>,
    /// Where it is said, if in a file.
    pub(crate) place: Place,
}

/// A place in a file, `FILE:LINE`. A link that has moved there is still the same link: all places are equal.
#[derive(Clone, Debug, Default)]
pub(crate) struct Place(pub(crate) Option<String>);

impl PartialEq for Place {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Place {}

/// Where the bytes of a link come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    Tcp(SocketAddr),
    TcpConnect(String),
    Udp(SocketAddr),
    Serial(Port),
    Stdin,
    Replay(PathBuf),
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
            max_scrapes: Metrics::MAX_SCRAPES,
        }
    }
}

impl Limits {
    /// Those that are the fleet's; what sources may bring is not limited.
    pub(crate) fn fleet(&self) -> fleet::Limits {
        fleet::Limits {
            device_label: self.device_label.as_str().into(),
            ttl: self.ttl,
            max_devices: self.max_devices,
            max_series: self.max_series_per_device,
            max_schema_bytes: self.max_schema_bytes,
            ..fleet::Limits::default()
        }
    }
}

impl Settings {
    /// Where pages are served unless said otherwise.
    pub(crate) const LISTEN: SocketAddr =
        SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 9920);

    /// What was said, and the defaults for the rest.
    pub(crate) fn new(
        said: Said,
        rates: Rates,
        mut links: Vec<LinkSettings>,
        labels: BTreeMap<String, Labels>,
    ) -> Self {
        let limits = Limits::default();
        for link in &mut links {
            // What is there already need not be waited for.
            let live = !matches!(link.source, Source::Stdin | Source::Replay(_));
            link.bytes_per_second = link.bytes_per_second.or(live.then_some(rates.bytes_per_second));
        }
        Self {
            listen: said.listen.unwrap_or(Self::LISTEN),
            state: said.state,
            record: said.record,
            print_text: said.print_text.unwrap_or(false),
            limits: Limits {
                device_label: said.device_label.unwrap_or(limits.device_label),
                ttl: said.ttl.unwrap_or(limits.ttl),
                max_devices: said.max_devices.unwrap_or(limits.max_devices),
                max_series_per_device: said.max_series_per_device.unwrap_or(limits.max_series_per_device),
                max_schema_bytes: said.max_schema_bytes.unwrap_or(limits.max_schema_bytes),
                max_connections: said.max_connections.unwrap_or(limits.max_connections),
                max_scrapes: said.max_scrapes.unwrap_or(limits.max_scrapes),
            },
            rates,
            links,
            labels,
        }
    }

    /// As [`Settings::gather`], on a thread where reading may take its time.
    ///
    /// # Errors
    /// Status 2, with what is wrong.
    pub(crate) async fn gather_apart(options: &Relay) -> Result<Self, Failure> {
        let options = options.clone();
        let gathered = tokio::task::spawn_blocking(move || Self::gather(&options)).await;
        gathered.map_err(|error| Failure::later(format!("reading what to do: {error}")))?
    }

    /// What the command line says, and the configuration file that it may name. Links of both are opened; otherwise the
    /// command line wins.
    ///
    /// # Errors
    /// Status 2, with what is wrong.
    pub(crate) fn gather(options: &Relay) -> Result<Self, Failure> {
        let Config { said, rates, links, labels } = match &options.config {
            Some(file) => Config::read(file)?,
            None => Config::default(),
        };
        let links = links.into_iter().chain(options.links.settings()).collect();
        let settings = Self::new(options.said.clone().or(said), rates, links, labels);
        if settings.links.is_empty() {
            return Err(Failure::usage(
                "no link given: say where devices are, with --serial, --tcp, --tcp-connect, --udp, --stdin or \
                 --replay, or in a file with --config",
            ));
        }
        // The file by itself has been looked through; together with the command line it may be wrong all the same.
        if let Some((index, _, why)) = clashes(&settings.links, settings.listen).first() {
            let said = settings.links.get(*index).map(LinkSettings::said).unwrap_or_default();
            return Err(Failure::usage(format!("{said}: {why}")));
        }
        let label = &settings.limits.device_label;
        let mut all =
            settings.links.iter().map(|link| &link.labels).chain(settings.labels.values()).flatten();
        if let Some((name, why)) =
            all.find_map(|(name, text)| Some((name, config::check_label(name, text, label).err()?)))
        {
            return Err(Failure::usage(format!(
                "--device-label {label}: the file has a label `{name}`: {why}"
            )));
        }
        Ok(settings)
    }

    /// The limits of the fleet.
    pub(crate) fn fleet(&self) -> fleet::Limits {
        let Rates { new_names_per_minute, new_schemas_per_minute, .. } = self.rates;
        fleet::Limits { new_names_per_minute, new_schemas_per_minute, ..self.limits.fleet() }
    }

    /// What of this the gateway cannot take up from `running` without a restart: the keys.
    pub(crate) fn needs_restart(&self, running: &Self) -> Vec<&'static str> {
        let changed = [
            ("listen", self.listen != running.listen),
            ("state", self.state != running.state),
            ("record", self.record != running.record),
            ("print_text", self.print_text != running.print_text),
            ("device_label", self.limits.device_label != running.limits.device_label),
            ("max_scrapes", self.limits.max_scrapes != running.limits.max_scrapes),
        ];
        changed.into_iter().filter(|(_, changed)| *changed).map(|(key, _)| key).collect()
    }

    /// This, but for what stays as it is in `running` until a restart.
    pub(crate) fn until_restart(self, running: &Self) -> Self {
        let Self { listen, state, record, print_text, .. } = running.clone();
        let Limits { device_label, max_scrapes, .. } = running.limits.clone();
        Self {
            listen,
            state,
            record,
            print_text,
            limits: Limits { device_label, max_scrapes, ..self.limits },
            ..self
        }
    }
}

impl LinkSettings {
    /// A link of which nothing more is said.
    pub(crate) fn new(source: Source) -> Self {
        let device = match &source {
            Source::Serial(port) => port.device.as_deref().map(str::to_owned),
            _ => None,
        };
        Self {
            name: None,
            source,
            device,
            networks: Vec::new(),
            devices: Vec::new(),
            labels: Vec::new(),
            bytes_per_second: None,
            place: Place::default(),
        }
    }

    /// Where and how it was said, for messages: `--tcp 127.0.0.1:1`, `FILE:LINE: tcp 127.0.0.1:1`.
    pub(crate) fn said(&self) -> String {
        match &self.place {
            Place(Some(place)) => format!("{place}: {}", self.source),
            Place(None) => format!("--{}", self.source),
        }
    }

    /// What its devices may do.
    pub(crate) fn access(&self) -> fleet::Access {
        let devices = self.devices.iter().map(|name| fleet::Pattern::new(name)).collect();
        fleet::Access { devices, labels: self.labels.clone() }
    }

    /// What it is called before its port is known.
    pub(crate) fn shown(&self) -> String {
        self.name.clone().unwrap_or_else(|| self.source.to_string())
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => write!(f, "tcp {address}"),
            Self::TcpConnect(address) => write!(f, "tcp-connect {address}"),
            Self::Udp(address) => write!(f, "udp {address}"),
            Self::Serial(port) => write!(f, "serial {}", port.path),
            Self::Stdin => f.write_str("stdin"),
            Self::Replay(path) => write!(f, "replay {}", path.display()),
        }
    }
}

impl Source {
    /// Whether both cannot be open at the same time.
    fn clashes(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Tcp(a), Self::Tcp(b)) | (Self::Udp(a), Self::Udp(b)) => same_port(*a, *b),
            (Self::Serial(a), Self::Serial(b)) => a.path == b.path,
            (a, b) => a == b,
        }
    }
}

/// Whether two addresses cannot both be listened on. Port 0 is a free one each time.
pub(crate) fn same_port(a: SocketAddr, b: SocketAddr) -> bool {
    let (all, both) = (a.ip().is_unspecified() || b.ip().is_unspecified(), a.is_ipv4() == b.is_ipv4());
    a.port() == b.port() && a.port() != 0 && (a.ip() == b.ip() || (all && both))
}

/// What cannot be of several links: the index of the later one, the key that says it, and why.
pub(crate) fn clashes(links: &[LinkSettings], listen: SocketAddr) -> Vec<(usize, &'static str, String)> {
    let mut found = Vec::new();
    for (index, link) in links.iter().enumerate() {
        let before = links.get(..index).unwrap_or_default();
        if let Some(other) = before.iter().find(|other| other.source.clashes(&link.source)) {
            found.push((
                index,
                link.source.key(),
                format!("`{}` is in use by the link `{}`", link.source, other.shown()),
            ));
        } else if let Source::Tcp(address) = &link.source
            && same_port(*address, listen)
        {
            found.push((
                index,
                link.source.key(),
                format!("`{address}` is where pages are served, by `listen`"),
            ));
        } else if link.shown_alone() && before.iter().any(|other| other.shown() == link.shown()) {
            found.push((index, "name", format!("`{}` is the name of another link", link.shown())));
        }
    }
    found
}

impl LinkSettings {
    /// Whether its name is its own: one that listens on a free port is named after the port once that is known.
    fn shown_alone(&self) -> bool {
        self.name.is_some()
            || !matches!(self.source, Source::Tcp(address) | Source::Udp(address) if address.port() == 0)
    }
}

impl Source {
    /// The key that says it in the configuration file.
    pub(crate) fn key(&self) -> &'static str {
        match self {
            Self::Tcp(_) => "tcp",
            Self::TcpConnect(_) => "tcp_connect",
            Self::Udp(_) => "udp",
            Self::Serial(_) => "serial",
            Self::Stdin => "stdin",
            Self::Replay(_) => "replay",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listening(addresses: &[&str]) -> Vec<(usize, &'static str, String)> {
        let links = addresses.iter().map(|address| Source::Tcp(address.parse().unwrap()));
        let links: Vec<_> = links.map(LinkSettings::new).collect();
        clashes(&links, Settings::LISTEN)
    }

    #[test]
    fn a_port_is_had_once() {
        assert_eq!(listening(&["127.0.0.1:1", "127.0.0.2:1", "[::]:1", "127.0.0.1:0", "127.0.0.1:0"]), []);
        for (index, addresses) in [
            (1, ["127.0.0.1:1", "127.0.0.1:1"]),
            (1, ["0.0.0.0:1", "127.0.0.1:1"]),
            (1, ["[::]:1", "[::1]:1"]),
        ] {
            let found = listening(&addresses);
            assert!(
                matches!(&*found, [(at, "tcp", why)] if *at == index && why.contains("in use")),
                "{found:?}"
            );
        }
        assert!(listening(&["127.0.0.1:9920"]).iter().all(|(_, _, why)| why.contains("pages are served")));
    }
}
