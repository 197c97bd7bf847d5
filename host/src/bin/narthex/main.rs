//! The program `narthex`: reads the command line and wires the library's stages together.

mod demo;
mod gateway;
mod metrics;
mod options;
mod pump;
mod relay;
mod terminal;

use std::fmt;
use std::process::ExitCode;
use std::time::Duration;

use options::{Command, Options};
use terminal::Terminal;

/// How long tasks that cannot be interrupted are waited for at the end: a read of standard input is one.
const LAST_WAIT: Duration = Duration::from_millis(100);

/// Why the program ends other than by being told to.
#[derive(Debug)]
pub(crate) struct Failure {
    /// The status it ends with.
    status: u8,
    /// One line for the user.
    what: String,
}

impl Failure {
    /// What was asked for cannot be: status 2.
    pub(crate) fn usage(what: impl Into<String>) -> Self {
        Self { status: 2, what: what.into() }
    }

    /// It went wrong later: status 1.
    pub(crate) fn later(what: impl Into<String>) -> Self {
        Self { status: 1, what: what.into() }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("narthex: {failure}");
            ExitCode::from(failure.status)
        }
    }
}

fn run() -> Result<(), Failure> {
    let Some(options) = Options::read(std::env::args_os())? else {
        return Ok(());
    };
    let terminal = Terminal::new(options.quiet);
    terminal.take_logs(options.verbose);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::later(format!("cannot start: {error}")))?;
    let end = runtime.block_on(async {
        match &options.command {
            Command::Demo(options) => demo::run(options, &terminal).await,
            Command::Relay(options) => relay::run(options, &terminal).await,
        }
    });
    runtime.shutdown_timeout(LAST_WAIT);
    terminal.close();
    end
}
