//! Why the program ends, and how that is told.

use std::{fmt, io};

/// Why the program ends other than by being told to.
#[derive(Debug)]
pub(crate) struct Failure {
    /// The status it ends with.
    pub(crate) status: u8,
    /// One line for the user, or several mistakes, a line each.
    pub(crate) what: String,
    /// Whether lines begin with the name of the program.
    pub(crate) named: bool,
}

impl Failure {
    /// What was asked for cannot be: status 2.
    pub(crate) fn usage(what: impl Into<String>) -> Self {
        Self { status: 2, what: what.into(), named: true }
    }

    /// It went wrong later: status 1.
    pub(crate) fn later(what: impl Into<String>) -> Self {
        Self { status: 1, what: what.into(), named: true }
    }

    /// Mistakes in a file, which begin with its name: status 2.
    pub(crate) fn lines(lines: &[String]) -> Self {
        Self { status: 2, what: lines.join("\n"), named: false }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

/// What the system says is wrong, the way the rest of a line is written: no number, no capital.
pub(crate) fn why(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::AddrNotAvailable => return "not an address of this machine".to_owned(),
        io::ErrorKind::PermissionDenied => return "permission denied".to_owned(),
        _ => {}
    }
    let text = error.to_string();
    let text = text.split_once(" (os error").map_or(&*text, |(text, _)| text);
    text.to_lowercase()
}
