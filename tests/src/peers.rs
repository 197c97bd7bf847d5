//! What others make of a page: `promtool`, and the strict parser of the Prometheus project; and of frames: a decoder
//! that was written from the specification alone.

use crate::program::run;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::env;
use std::process::Command;

/// What `promtool check metrics` has to say against a page in the text format: nothing, if it is good.
///
/// # Errors
/// What it said.
pub fn promtool(page: &str) -> Result<(), String> {
    match run(Command::new("promtool").args(["check", "metrics"]), page) {
        (true, said) if said.is_empty() => Ok(()),
        (_, said) => Err(said),
    }
}

/// The families that Python's `prometheus_client` finds in a page in OpenMetrics: name, type, and how many samples.
///
/// `NARTHEX_PYTHON` names a Python that has the package, else `python3` is asked.
///
/// # Errors
/// What the parser said.
pub fn python(page: &str) -> Result<Vec<(String, String, usize)>, String> {
    let python = env::var("NARTHEX_PYTHON").unwrap_or_else(|_| "python3".into());
    let script = crate::root().join("tests/peers/openmetrics.py");
    match run(Command::new(python).arg(script), page) {
        (true, said) => said.lines().map(family).collect(),
        (false, said) => Err(said),
    }
}

/// Two digits for each byte.
pub fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}

/// What `tests/peers/frames.py` says of each line, which it is given in hex: by its `arguments` captures, or numbers.
///
/// # Panics
/// If it cannot be run, or stops.
pub fn frames<L: AsRef<[u8]>>(arguments: &[&str], lines: &[L]) -> Vec<serde_json::Value> {
    let input: String = lines.iter().map(|line| hex(line.as_ref()) + "\n").collect();
    let script = crate::root().join("tests/peers/frames.py");
    let (ok, said) = run(Command::new("python3").arg(script).args(arguments), &input);
    assert!(ok, "{said}");
    said.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
}

/// What `tests/peers/decode.py` finds in a stream of bytes: every series as a line of JSON, sorted; and what became of
/// the frames, by outcome.
///
/// # Panics
/// If it cannot be run, or stops.
pub fn series(stream: &[u8]) -> (Vec<String>, BTreeMap<String, u64>) {
    let script = crate::root().join("tests/peers/decode.py");
    let (ok, said) = run(Command::new("python3").arg(script), stream);
    assert!(ok, "{said}");
    let mut lines: Vec<String> = said.lines().map(str::to_owned).collect();
    let counts = lines.pop().expect("the last line has the counts");
    (lines, serde_json::from_str(&counts).expect("an object of numbers"))
}

/// Series as JSON, one an object, as sorted lines of the text format. Numbers are taken as they are written.
///
/// # Panics
/// If they are not what `narthex decode --format json` should print.
pub fn text_lines<L: AsRef<str>>(series: &[L]) -> Vec<String> {
    let mut lines: Vec<String> = series.iter().flat_map(|series| text_of(series.as_ref())).collect();
    lines.sort();
    lines
}

const JSON: &str = "series are told as `narthex decode` does";

type Object = BTreeMap<String, Box<RawValue>>;

/// The lines of one series.
fn text_of(series: &str) -> Vec<String> {
    let series: Object = serde_json::from_str(series).expect(JSON);
    let name: String = serde_json::from_str(series["name"].get()).expect(JSON);
    let value = series["value"].get();
    let mut labels: BTreeMap<String, String> = serde_json::from_str(series["labels"].get()).expect(JSON);
    labels.insert("device".into(), serde_json::from_str(series["device"].get()).expect(JSON));
    // The label of a state, which is called as the family, comes last.
    let state = if series["type"].get() == "\"stateset\"" { labels.remove(&name) } else { None };
    if !value.starts_with('{') {
        return vec![line(&name, &labels, state.map(|state| (&*name, state)), value)];
    }
    let value: Object = serde_json::from_str(value).expect(JSON);
    let count = |bucket: Object| {
        let le = bucket["le"].get().trim_matches('"').to_owned();
        line(&format!("{name}_bucket"), &labels, Some(("le", le)), bucket["count"].get())
    };
    let part = |part: &str| line(&format!("{name}_{part}"), &labels, None, value[part].get());
    let buckets: Vec<Object> = serde_json::from_str(value["buckets"].get()).expect(JSON);
    buckets.into_iter().map(count).chain([part("sum"), part("count")]).collect()
}

fn line(name: &str, labels: &BTreeMap<String, String>, last: Option<(&str, String)>, value: &str) -> String {
    let labels = labels.iter().map(|(name, value)| (&**name, value.clone())).chain(last);
    let escape = |text: String| text.replace('\\', "\\\\").replace('\n', "\\n").replace('"', "\\\"");
    let pairs: Vec<_> = labels.map(|(name, value)| format!("{name}=\"{}\"", escape(value))).collect();
    format!("{name}{{{}}} {}", pairs.join(","), value.trim_matches('"'))
}

fn family(line: &str) -> Result<(String, String, usize), String> {
    let mut words = line.split(' ');
    match (words.next(), words.next(), words.next().and_then(|count| count.parse().ok()), words.next()) {
        (Some(name), Some(kind), Some(count), None) => Ok((name.to_owned(), kind.to_owned(), count)),
        _ => Err(format!("not what openmetrics.py says: {line}")),
    }
}
