//! The configuration file: every mistake in it is told, each in one line with its place.

mod link;
mod table;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use toml::de::DeTable;

use crate::options::Said;
use crate::settings::{Labels, LinkSettings, Place, Rates, Settings, clashes};
use crate::{Failure, value};
use table::{Mistakes, Table};

/// No configuration is longer: what is, is something else, such as `/dev/zero`.
const MAX_BYTES: u64 = 16 << 20;

/// What a configuration file says.
#[derive(Clone, Debug, Default)]
pub(crate) struct Config {
    pub(crate) said: Said,
    pub(crate) rates: Rates,
    pub(crate) links: Vec<LinkSettings>,
    pub(crate) labels: BTreeMap<String, Labels>,
}

impl Config {
    /// Reads a file.
    ///
    /// # Errors
    /// Status 2, with lines that say what is wrong with it.
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let file = path.display().to_string();
        let mut bytes = Vec::new();
        let read = File::open(path).and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut bytes));
        read.map_err(|error| Failure::usage(format!("{file}: {}", crate::why(&error))))?;
        if bytes.len() as u64 > MAX_BYTES {
            return Err(Failure::usage(format!("{file}: longer than {} MiB", MAX_BYTES >> 20)));
        }
        let text = String::from_utf8(bytes).map_err(|error| {
            let line = line_of(&String::from_utf8_lossy(error.as_bytes()), error.utf8_error().valid_up_to());
            Failure::lines(&[format!("{file}:{line}: not UTF-8")])
        })?;
        Self::parse(&file, &text).map_err(|lines| Failure::lines(&lines))
    }

    /// Reads the text of a file called `file`.
    ///
    /// # Errors
    /// Lines that say what is wrong with it.
    pub(crate) fn parse(file: &str, text: &str) -> Result<Self, Vec<String>> {
        let mistakes = Mistakes::default();
        let (table, errors) = DeTable::parse_recoverable(text);
        for error in &errors {
            let at = error.span().map_or(0, |span| span.start);
            mistakes.add(at, error.message().split_whitespace().collect::<Vec<_>>().join(" "));
        }
        // What could not be understood may be missing, so what else seems wrong may be right.
        let config = errors
            .is_empty()
            .then(|| Self::take(Table::new("", (0, table.into_inner()), &mistakes), &mistakes, (file, text)));
        let lines = mistakes.lines(file, text);
        config.filter(|_| lines.is_empty()).ok_or(lines)
    }

    fn take(mut table: Table<'_, '_>, mistakes: &Mistakes, (file, text): (&str, &str)) -> Self {
        let path = |text: &str| match text {
            "" => Err("wanted a path".to_owned()),
            _ => Ok(PathBuf::from(text)),
        };
        let said = Said {
            listen: table.take("listen", table::read(value::address)),
            record: table.take("record", table::read(path)),
            state: table.take("state", table::read(path)),
            print_text: table.take("print_text", table::yes),
            device_label: table.take("device_label", table::read(value::device_label)),
            ttl: table.take("ttl", table::read(value::duration)),
            max_devices: table.take("max_devices", table::count),
            max_series_per_device: table.take("max_series_per_device", table::count),
            max_schema_bytes: table.take("max_schema_bytes", table::count),
            max_connections: table.take("max_connections", table::count),
            max_scrapes: table.take("max_scrapes", table::count),
        };
        let settings = Settings::new(said.clone(), Rates::default(), Vec::new(), BTreeMap::new());
        let device_label = &settings.limits.device_label;
        let mut rates = settings.rates;
        if let Some(mut source) = table.table("source") {
            rates = Rates {
                bytes_per_second: source
                    .take("bytes_per_second", table::count)
                    .unwrap_or(rates.bytes_per_second),
                new_names_per_minute: source
                    .take("new_names_per_minute", table::count)
                    .unwrap_or(rates.new_names_per_minute),
                new_schemas_per_minute: source
                    .take("new_schemas_per_minute", table::count)
                    .unwrap_or(rates.new_schemas_per_minute),
            };
            source.end();
        }
        let (mut links, mut places) = (Vec::new(), Vec::new());
        for table in table.tables("link") {
            places.push(table.at);
            match link::read(table, device_label) {
                Some(link) => links.push(link),
                None => _ = places.pop(),
            }
        }
        for (index, key, why) in clashes(&links, settings.listen) {
            mistakes.add(places.get(index).copied().unwrap_or(0), format!("key `link.{key}`: {why}"));
        }
        let mut all = BTreeMap::new();
        for mut table in table.tables("device") {
            if table.place("name").is_none() {
                table.refuse_all("has no `name`; wanted the name of the device");
            }
            let (at, name) =
                (table.place("name").unwrap_or(table.at), table.take("name", table::read(value::device)));
            let labels = labels(&mut table, device_label);
            if let Some(name) = name {
                if all.contains_key(&name) {
                    table.refuse(at, "name", &format!("`{name}` is the name of another [[device]]"));
                }
                all.insert(name, labels);
            }
            table.end();
        }
        table.end();
        for (link, at) in links.iter_mut().zip(places) {
            link.place = Place(Some(format!("{file}:{}", line_of(text, at))));
        }
        Self { said, rates, links, labels: all }
    }
}

/// The line in which a byte of a text stands.
fn line_of(text: &str, at: usize) -> usize {
    let before = text.as_bytes().get(..at).unwrap_or_default();
    before.split(|byte| *byte == b'\n').count()
}

/// Takes the labels of a link or a device.
fn labels(table: &mut Table<'_, '_>, device_label: &str) -> Labels {
    let Some(inner) = table.table("labels") else { return Labels::new() };
    let (mut labels, mut refused) = (Labels::new(), Vec::new());
    for (at, name, text) in inner.texts() {
        match check_label(&name, &text, device_label) {
            Ok(()) => labels.push((name, text)),
            Err(why) => refused.push((at, name, why)),
        }
    }
    for (at, name, why) in refused {
        table.refuse(at, &format!("labels.{name}"), &why);
    }
    labels
}

/// Whether a label can be added to series that have the device label.
pub(crate) fn check_label(name: &str, text: &str, device_label: &str) -> Result<(), String> {
    if name == device_label {
        return Err("this is the label that tells devices apart".to_owned());
    }
    if text.is_empty() {
        return Err("wanted a value; an empty one is as good as none".to_owned());
    }
    value::label(name)
}

/// `narthex config check`: one line when the file is good.
///
/// # Errors
/// Status 2, with what is wrong.
pub(crate) fn check(path: &Path) -> Result<(), Failure> {
    let config = Config::read(path)?;
    let count = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
    let (links, devices) = (count(config.links.len(), "link"), count(config.labels.len(), "device"));
    // Nobody may be there to read it; the status tells as much.
    let _ = std::io::Write::write_all(
        &mut std::io::stdout(),
        format!("{}: good: {links}, {devices}\n", path.display()).as_bytes(),
    );
    Ok(())
}
