//! What others make of a page: `promtool`, and the strict parser of the Prometheus project; and of frames: a decoder
//! that was written from the specification alone.

use crate::program::run;
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

/// What `tests/peers/decode.py` says of each line, which it is given in hex: by its `arguments` captures, or numbers.
///
/// # Panics
/// If it cannot be run, or stops.
pub fn decode<L: AsRef<[u8]>>(arguments: &[&str], lines: &[L]) -> Vec<serde_json::Value> {
    let input: String = lines.iter().map(|line| hex(line.as_ref()) + "\n").collect();
    let script = crate::root().join("tests/peers/decode.py");
    let (ok, said) = run(Command::new("python3").arg(script).args(arguments), &input);
    assert!(ok, "{said}");
    said.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
}

/// What `tests/peers/decode.py` finds in a stream of bytes: every series as a line, sorted; and what became of the
/// frames, by outcome.
///
/// # Panics
/// If it cannot be run, or stops.
pub fn series(stream: &[u8]) -> (Vec<String>, BTreeMap<String, u64>) {
    let script = crate::root().join("tests/peers/decode.py");
    let (ok, said) = run(Command::new("python3").arg(script).arg("--series"), stream);
    assert!(ok, "{said}");
    let mut lines: Vec<String> = said.lines().map(str::to_owned).collect();
    let counts = lines.pop().expect("the last line has the counts");
    let counts: Vec<&str> = counts.trim_start_matches("# ").split(' ').collect();
    let count = |pair: &[&str]| (pair[0].to_owned(), pair[1].parse().expect("a number"));
    (lines, counts.chunks(2).map(count).collect())
}

/// The series that `narthex decode --format json` has printed, as sorted lines of text.
///
/// # Panics
/// If they are not what it should print.
pub fn json_lines(said: &str) -> Vec<String> {
    let script = crate::root().join("tests/peers/json_lines.py");
    let (ok, lines) = run(Command::new("python3").arg(script), said);
    assert!(ok, "{lines}");
    lines.lines().map(str::to_owned).collect()
}

fn family(line: &str) -> Result<(String, String, usize), String> {
    let mut words = line.split(' ');
    match (words.next(), words.next(), words.next().and_then(|count| count.parse().ok()), words.next()) {
        (Some(name), Some(kind), Some(count), None) => Ok((name.to_owned(), kind.to_owned(), count)),
        _ => Err(format!("not what openmetrics.py says: {line}")),
    }
}
