//! The program `narthex`: reads the command line and wires the library's stages together.

mod config;
mod decode;
mod demo;
mod door;
mod failure;
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

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

pub(crate) use failure::{Failure, why};
use options::{Command, Config, Options};
use terminal::Terminal;

/// How long tasks that cannot be interrupted are waited for at the end: a read of standard input is one.
const LAST_WAIT: Duration = Duration::from_millis(100);

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
