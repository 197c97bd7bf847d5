//! What others make of a page: `promtool`, and the strict parser of the Prometheus project.

use crate::program::run;
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

fn family(line: &str) -> Result<(String, String, usize), String> {
    let mut words = line.split(' ');
    match (words.next(), words.next(), words.next().and_then(|count| count.parse().ok()), words.next()) {
        (Some(name), Some(kind), Some(count), None) => Ok((name.to_owned(), kind.to_owned(), count)),
        _ => Err(format!("not what openmetrics.py says: {line}")),
    }
}
