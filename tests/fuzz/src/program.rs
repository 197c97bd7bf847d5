//! What the user of the program writes: its configuration and its command line.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::time::Duration;

use narthex_host::relay::link::serial::Port;

use crate::config::Config;
use crate::options::{Command, Options};
use crate::settings::Settings;
use crate::value;

/// The text of a configuration file: it is taken, or each mistake is told in one line with its place in the file.
pub fn configuration(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let lines = 1 + text.bytes().filter(|byte| *byte == b'\n').count();
    match Config::parse("file", &text) {
        Ok(config) => {
            let Config { said, rates, links, labels } = config;
            let settings = Settings::new(said, rates, links, labels);
            assert!(settings.limits.max_devices > 0 && settings.limits.ttl > Duration::ZERO);
            assert!(settings.links.iter().all(|link| !link.said().contains(char::is_control)));
            // As the gateway would take it up again.
            assert!(settings.needs_restart(&settings).is_empty());
        }
        Err(mistakes) => {
            assert!(!mistakes.is_empty());
            for mistake in mistakes {
                let place = mistake.strip_prefix("file:").and_then(|rest| rest.split_once(": "));
                let line = place.and_then(|(line, _)| line.parse::<usize>().ok());
                assert!(line.is_some_and(|line| (1..=lines).contains(&line)), "{mistake:?} of {lines}");
                assert!(!mistake.contains(char::is_control), "{mistake:?}");
            }
        }
    }
}

/// The words of a command line, one a line; and each of them as every kind of value there is: it is taken, or told in
/// one line.
pub fn command_line(data: &[u8]) {
    let words: Vec<&[u8]> = data.split(|byte| *byte == b'\n').collect();
    let owned = words.iter().map(|word| OsString::from_vec(word.to_vec()));
    match Options::read(std::iter::once("narthex".into()).chain(owned)) {
        Ok(Some(options)) => {
            if let Command::Relay(relay) = &options.command
                && relay.config.is_none()
                && let Err(failure) = Settings::gather(relay)
            {
                is_one_line(&failure.what);
            }
        }
        Ok(None) => {}
        Err(failure) => {
            assert_eq!(failure.status, 2);
            is_one_line(&failure.what);
        }
    }
    for word in words.iter().take(8).filter_map(|word| str::from_utf8(word).ok()) {
        values(word);
    }
}

/// Words of the user may be quoted, but they do not break the line.
fn is_one_line(what: &str) {
    assert!(!what.is_empty() && !what.contains(char::is_control), "{what:?}");
}

fn values(word: &str) {
    if let Ok(port) = word.parse::<Port>() {
        assert!(!port.path.is_empty() && port.baud > 0);
        assert!(port.device.is_none_or(|name| value::device(&name).is_ok()));
    }
    if let Ok(time) = value::duration(word) {
        assert!((1..=36_525 * 86_400).contains(&time.as_secs()));
    }
    if let Ok(network) = value::network(word) {
        assert_eq!(value::network(&network.to_string()), Ok(network));
    }
    if let Ok(address) = value::address(word) {
        assert_eq!(value::address(&address.to_string()), Ok(address));
    }
    if let Ok(peer) = value::host_and_port(word) {
        assert!(peer.rsplit_once(':').is_some_and(|(host, port)| !host.is_empty() && port.parse() != Ok(0)));
    }
    if let Ok(name) = value::device(word) {
        assert!(name.len() <= 32 && !name.contains(char::is_control));
    }
    assert!(
        value::at_least_one(word).is_ok_and(|n| n > 0)
            || word.parse::<usize>().is_ok_and(|n| n == 0)
            || word.parse::<usize>().is_err()
    );
    // Whatever they say, they say it.
    _ = (value::seconds(word), value::device_label(word), value::label(word), value::link(word));
}
