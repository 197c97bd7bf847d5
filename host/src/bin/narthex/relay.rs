//! `narthex relay`: the links that command line and configuration file name, and the gateway behind them.

use narthex_host::relay::link::record::Recorder;

use crate::Failure;
use crate::gateway::{Gateway, Stop};
use crate::options::Relay;
use crate::reload::Reload;
use crate::settings::Settings;
use crate::terminal::Terminal;

/// Runs the gateway until it is told to end.
///
/// # Errors
/// Status 2 when something is wrong with what it is to do, or an address cannot be had; 1 for what fails later.
pub(crate) async fn run(options: &Relay, terminal: &Terminal) -> Result<(), Failure> {
    let stop = Stop::on_signal()?;
    let settings = Settings::gather(options)?;
    let recorder = match &settings.record {
        None => None,
        Some(file) => Some(
            Recorder::create(file)
                .map_err(|error| Failure::usage(format!("--record {}: {error}", file.display())))?,
        ),
    };
    let mut gateway = Gateway::open(settings.listen, &settings.limits, recorder).await?;
    gateway.link(&settings.links).await?;
    let reload = match &options.config {
        // Without a file there is nothing to read again, and a hang-up is what it is elsewhere: the end.
        None => None,
        Some(file) => Some(Reload::new(file, options, settings, gateway.parts())?),
    };
    gateway.serve(terminal, stop, &[], reload).await
}
