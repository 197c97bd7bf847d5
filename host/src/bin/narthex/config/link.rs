//! The `[[link]]` of a configuration file.

use std::path::PathBuf;

use narthex_host::relay::link::serial::Port;
use toml::de::DeValue;

use super::labels;
use super::table::{self, Table};
use crate::settings::{LinkSettings, Source};
use crate::value;

/// The keys of which a link has one.
const SOURCES: &str = "tcp, tcp_connect, udp, serial, stdin, replay";

/// Reads one link. `None` if it cannot be told what it is; why is among the mistakes then.
pub(super) fn read(mut table: Table<'_, '_>, device_label: &str) -> Option<LinkSettings> {
    let name = table.take("name", table::read(value::link));
    let places: Vec<_> = SOURCES.split(", ").filter_map(|key| table.place(key).map(|at| (at, key))).collect();
    match &*places {
        [] => table.refuse_all(&format!("does not say where bytes come from; wanted one of {SOURCES}")),
        [_] => {}
        [(_, first), more @ ..] => {
            for (at, key) in more {
                table.refuse(*at, key, &format!("the link has `{first}` already; wanted one of {SOURCES}"));
            }
        }
    }
    // All are taken, so that each mistake is told.
    let mut sources = [
        table.take("tcp", table::read(value::address)).map(Source::Tcp),
        table.take("tcp_connect", table::read(value::host_and_port)).map(Source::TcpConnect),
        table.take("udp", table::read(value::address)).map(Source::Udp),
        table.take("serial", table::read(port)).map(Source::Serial),
        table.take("stdin", stdin),
        table.take("replay", table::text).map(|path| Source::Replay(PathBuf::from(path))),
    ];
    let source = sources.iter_mut().find_map(Option::take);
    let key = places.first().map_or("", |(_, key)| *key);
    // Keys that only some links have. What is said in vain is a mistake: it would be thought to hold.
    let only = |table: &Table<'_, '_>, of: &'static str, links: &[&str]| {
        if let Some(at) = table.place(of)
            && !key.is_empty()
            && !links.contains(&key)
        {
            table.refuse(
                at,
                of,
                &format!("only a link with {} has it, this one has `{key}`", links.join(" or ")),
            );
        }
    };
    only(&table, "networks", &["tcp", "udp"]);
    only(&table, "device", &["serial", "tcp_connect"]);
    only(&table, "baud", &["serial"]);
    let (networks, baud_at) = (table.list("networks", table::read(value::network)), table.place("baud"));
    let device = table.take("device", table::read(value::device));
    let baud = table.take("baud", table::count::<u32>);
    let devices = table.list("devices", table::read(value::device));
    let bytes_per_second = table.take("bytes_per_second", table::count);
    let labels = labels(&mut table, device_label);
    let at_of_baud = baud_at.unwrap_or(table.at);
    let mut link = source.map(LinkSettings::new);
    if let Some(link) = &mut link {
        if let (Source::Serial(port), Some(baud)) = (&mut link.source, baud) {
            if port.baud != narthex_host::relay::link::serial::DEFAULT_BAUD && port.baud != baud {
                table.refuse(at_of_baud, "baud", &format!("`serial` says {} already", port.baud));
            }
            port.baud = baud;
        }
        link.name = name;
        link.device = device.or_else(|| link.device.take());
        link.networks = networks;
        link.devices = devices;
        link.labels = labels;
        link.bytes_per_second = bytes_per_second;
    }
    table.end();
    link
}

fn port(text: &str) -> Result<Port, String> {
    text.parse().map_err(|error| format!("{error}"))
}

fn stdin(value: &DeValue<'_>) -> Result<Source, String> {
    if table::yes(value)? {
        Ok(Source::Stdin)
    } else {
        Err("wanted true; leave the link out if standard input is not to be read".to_owned())
    }
}
