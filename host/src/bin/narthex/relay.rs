//! `narthex relay`: the links that command line and configuration file name, and the gateway behind them.

use std::sync::Arc;

use narthex_host::relay::fleet::Fleet;
use narthex_host::relay::link::record::Recorder;
use narthex_host::relay::store::Store;
use tracing::warn;

use crate::gateway::{Gateway, Stop};
use crate::options::Relay;
use crate::print::Printer;
use crate::reload::Reload;
use crate::settings::Settings;
use crate::terminal::Terminal;
use crate::{Failure, state};

/// Runs the gateway until it is told to end.
///
/// # Errors
/// Status 2 when something is wrong with what it is to do, or an address cannot be had; 1 for what fails later.
pub(crate) async fn run(options: &Relay, terminal: &Terminal) -> Result<(), Failure> {
    let mut stop = Stop::on_signal()?;
    // A pipe may let us wait for whoever writes to it.
    let settings = tokio::select! {
        settings = Settings::gather_apart(options) => settings?,
        () = stop.wait() => return Ok(()),
    };
    let recorder = match &settings.record {
        None => None,
        Some(file) => Some(
            Recorder::create(file)
                .map_err(|error| Failure::usage(format!("--record {}: {error}", file.display())))?,
        ),
    };
    let several = settings.links.len() > 1;
    let printer = settings.print_text.then(|| Printer::to(std::io::stdout(), several, false)).transpose()?;
    let mut fleet = Fleet::new(settings.fleet()).with_labels(settings.labels.clone());
    if let Some(printer) = &printer {
        fleet = fleet.with_listener(Arc::clone(printer) as _);
    }
    if let Some(store) = open_store(&settings) {
        fleet = fleet.with_store(store);
    }
    let mut gateway = Gateway::open(settings.listen, &settings.limits, fleet, recorder).await?;
    tokio::select! {
        linked = gateway.link(&settings.links) => drop(linked?),
        () = stop.wait() => return Ok(()),
    }
    let reload = match &options.config {
        // Without a file there is nothing to read again, and a hang-up is what it is elsewhere: the end.
        None => None,
        Some(file) => Some(Reload::new(file, options, settings, gateway.parts())?),
    };
    let end = gateway.serve(terminal, stop, &[], reload).await;
    if let Some(printer) = printer {
        printer.finish();
    }
    end
}

/// Opens the store. A gateway without one works as well; it only knows less at its start.
fn open_store(settings: &Settings) -> Option<Store> {
    let Some(directory) = state::directory(settings.state.as_ref()) else {
        warn!("no state directory, schemas are not kept: say where with --state");
        return None;
    };
    match Store::open(&directory) {
        Ok(store) => Some(store),
        Err(error) => {
            warn!("--state {}: {}; schemas are not kept", directory.display(), crate::why(&error));
            None
        }
    }
}
