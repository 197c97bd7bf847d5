//! The program `narthex`: reads the command line and wires the library's stages together.

mod config;
mod decode;
mod demo;
mod door;
mod figures;
mod gateway;
mod links;
mod metrics;
mod options;
mod print;
mod pump;
mod relay;
mod reload;
mod settings;
mod state;
mod stderr;
mod terminal;
mod value;

use std::fmt;
use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

use options::{Command, Config, Options};
use terminal::Terminal;

/// How long tasks that cannot be interrupted are waited for at the end: a read of standard input is one.
const LAST_WAIT: Duration = Duration::from_millis(100);

/// Why the program ends other than by being told to.
#[derive(Debug)]
pub(crate) struct Failure {
    /// The status it ends with.
    status: u8,
    /// One line for the user, or several mistakes, a line each.
    what: String,
    /// Whether lines begin with the name of the program.
    named: bool,
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

fn main() -> ExitCode {
    match run() {
        Ok(code) => code,
        Err(failure) => {
            let name = if failure.named { "narthex: " } else { "" };
            // Nobody may be there to read it.
            let _ = writeln!(io::stderr(), "{name}{failure}");
            ExitCode::from(failure.status)
        }
    }
}

/// # Errors
/// What is to be told, and the status to end with.
fn run() -> Result<ExitCode, Failure> {
    let Some(options) = Options::read(std::env::args_os())? else {
        return Ok(ExitCode::SUCCESS);
    };
    match &options.command {
        Command::Demo(demo) => serve(&options, async |terminal| demo::run(demo, terminal).await),
        Command::Relay(relay) => serve(&options, async |terminal| relay::run(relay, terminal).await),
        Command::Decode(decode) => {
            let terminal = (options.verbose > 0).then(|| Terminal::new(true));
            if let Some(terminal) = &terminal {
                terminal.take_logs(options.verbose);
            }
            let well = decode::run(decode, options.quiet);
            if let Some(terminal) = terminal {
                terminal.close();
            }
            let well = well?;
            Ok(if well { ExitCode::SUCCESS } else { ExitCode::from(1) })
        }
        Command::Config(Config::Check { file }) => config::check(file).map(|()| ExitCode::SUCCESS),
    }
}

/// Runs what goes on until it is told to end.
fn serve(
    options: &Options,
    run: impl AsyncFnOnce(&Terminal) -> Result<(), Failure>,
) -> Result<ExitCode, Failure> {
    let terminal = Terminal::new(options.quiet);
    terminal.take_logs(options.verbose);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::later(format!("cannot start: {error}")))?;
    let end = runtime.block_on(run(&terminal));
    runtime.shutdown_timeout(LAST_WAIT);
    terminal.close();
    end.map(|()| ExitCode::SUCCESS)
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
