//! `narthex relay`: the links that the command line names, and the gateway behind them.

use narthex_host::relay::link::{serial, stdin, tcp};

use crate::Failure;
use crate::gateway::{Gateway, Stop};
use crate::options::Relay;
use crate::terminal::Terminal;

/// Runs the gateway until it is told to end.
///
/// # Errors
/// Status 2 when an address cannot be had, 1 for what fails later.
pub(crate) async fn run(options: &Relay, terminal: &Terminal) -> Result<(), Failure> {
    let stop = Stop::on_signal()?;
    let mut gateway = Gateway::open(options.listen, &options.limits).await?;
    // Every address is had before the first byte is taken, so that a mistake ends before it starts.
    for address in &options.tcp {
        gateway.listen(*address).await?;
    }
    for port in &options.serial {
        let link = gateway.link(&format!("serial {}", port.path), port.device.as_deref());
        let port = port.clone();
        gateway.spawn(async move { serial::run(&port, link).await });
    }
    for address in &options.tcp_connect {
        let link = gateway.link(&format!("tcp-connect {address}"), None);
        let address = address.clone();
        gateway.spawn(async move { tcp::dial(&address, link).await });
    }
    if options.stdin {
        let link = gateway.link("stdin", None);
        gateway.spawn(stdin::run(link));
    }
    gateway.serve(terminal, stop, &[]).await
}
