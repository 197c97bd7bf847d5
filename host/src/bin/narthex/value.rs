//! Values as they are written, on the command line and in the configuration file alike.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use ipnet::IpNet;
use narthex_host::model::LabelText;
use narthex_host::relay::fleet;

/// Longest device name, in bytes; the wire has the same limit.
const MAX_NAME: usize = 32;

/// A count of what there may be.
pub(crate) fn at_least_one(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|n| *n > 0).ok_or_else(|| "wanted a whole number above 0".to_owned())
}

/// A number of seconds, with or without its unit.
pub(crate) fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.strip_suffix('s').unwrap_or(text).parse().ok();
    seconds
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .ok_or_else(|| "wanted a number of seconds".to_owned())
}

/// A time with its unit.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
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

/// The address of a peer, by name or number.
pub(crate) fn host_and_port(text: &str) -> Result<String, String> {
    let wanted = || "wanted HOST:PORT, such as 10.0.0.2:23".to_owned();
    let (host, port) = text.rsplit_once(':').ok_or_else(wanted)?;
    let port: u16 = port.parse().map_err(|_| wanted())?;
    if host.is_empty() || port == 0 || (host.contains(':') && !host.starts_with('[')) {
        return Err(wanted());
    }
    Ok(text.to_owned())
}

/// An address to listen on.
pub(crate) fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| "wanted IP:PORT, such as 127.0.0.1:9901".to_owned())
}

/// The name of the device label.
pub(crate) fn device_label(text: &str) -> Result<String, String> {
    fleet::Limits::check_label(text).map(|()| text.to_owned()).map_err(str::to_owned)
}

/// The name of a label that is added to a device's series.
pub(crate) fn label(text: &str) -> Result<(), String> {
    LabelText::new(&[(text, "")]).map(|_| ()).map_err(|defect| defect.as_str().to_owned())
}

/// A network, or one address.
pub(crate) fn network(text: &str) -> Result<IpNet, String> {
    let wanted = || "wanted a network, such as 10.0.0.0/8 or fd00::/8, or an address".to_owned();
    if let Ok(address) = text.parse::<IpAddr>() {
        return Ok(address.into());
    }
    let network: IpNet = text.parse().map_err(|_| wanted())?;
    if network != network.trunc() {
        return Err(format!("has bits set behind its length; wanted {}", network.trunc()));
    }
    Ok(network)
}

/// What a device is called.
pub(crate) fn device(text: &str) -> Result<String, String> {
    if text.is_empty() || text.len() > MAX_NAME || text.chars().any(char::is_control) {
        return Err(format!("wanted a name of 1 to {MAX_NAME} printable bytes"));
    }
    Ok(text.to_owned())
}

/// What is shown of a link.
pub(crate) fn link(text: &str) -> Result<String, String> {
    if text.trim().is_empty() || text.chars().any(char::is_control) {
        return Err("wanted a name that can be printed".to_owned());
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_exact() {
        for (text, network_of) in
            [("10.0.0.0/8", "10.0.0.0/8"), ("10.1.2.3", "10.1.2.3/32"), ("fd00::/8", "fd00::/8")]
        {
            assert_eq!(network(text).unwrap().to_string(), network_of);
        }
        assert_eq!(network("10.0.0.1/8").unwrap_err(), "has bits set behind its length; wanted 10.0.0.0/8");
        for text in ["", "10.0.0.0/33", "10.0.0/8", "floor", "10.0.0.0/"] {
            assert!(network(text).unwrap_err().starts_with("wanted a network"), "{text}");
        }
    }

    #[test]
    fn times_have_a_unit() {
        assert_eq!(duration("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("2d"), Ok(Duration::from_hours(48)));
        for text in ["", "5", "0s", "-1s", "5 m", "5w", "99999999999999999999s", "36526d"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn addresses_name_a_port() {
        assert!(
            address("[::1]:0").is_ok() && host_and_port("[::1]:1").is_ok() && host_and_port("a:1").is_ok()
        );
        for text in ["localhost:1", "1.2.3.4", ":1", ""] {
            assert!(address(text).is_err(), "{text}");
        }
        for text in ["a", "a:0", ":1", "::1:1", "a:b", "a:65536"] {
            assert!(host_and_port(text).is_err(), "{text}");
        }
    }
}
