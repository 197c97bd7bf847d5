//! `narthex demo`: devices without hardware, and the gateway they report to.
//!
//! Each device is what firmware would be: instruments of the core, its reporter, and a TCP connection. Nothing on
//! the way is shortened; only the water is simulated.

use std::hash::{BuildHasher, RandomState};
use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use narthex::transport::Reporter;
use narthex::wire::Identity;
use narthex_host::relay::fleet::Fleet;
use narthex_host::relay::link::Backoff;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::{MissedTickBehavior, interval, sleep};
use tracing::debug;

use crate::Failure;
use crate::gateway::{Gateway, MORE_FILES, OTHER_FILES, Stop, allow_files};
use crate::options::Demo;
use crate::pump::{Owned, Pump};
use crate::settings::{Limits, LinkSettings, Source};
use crate::terminal::Terminal;

/// One snapshot each.
const PERIOD: Duration = Duration::from_secs(1);
/// Longest frame: any MTU would do.
const MTU: usize = 256;

/// Runs devices and gateway until told to end, or for the time given.
///
/// # Errors
/// Status 2 when an address cannot be had, 1 for what fails later.
pub(crate) async fn run(options: &Demo, terminal: &Terminal) -> Result<(), Failure> {
    let stop = Stop::on_signal()?.or_after(options.seconds);
    let limits = Limits::default();
    let other = OTHER_FILES + limits.max_scrapes as u64;
    // Both ends of each connection are ours.
    let allowed = allow_files(other + u64::from(options.devices) * 2);
    let fit = allowed.saturating_sub(other) / 2;
    if fit < u64::from(options.devices) {
        return Err(Failure::usage(format!(
            "--devices {}: {fit} fit into the {allowed} files that may be open: {MORE_FILES}",
            options.devices
        )));
    }
    let limits = Limits { max_connections: options.devices as usize, ..limits };
    let mut gateway = Gateway::open(options.listen, &limits, Fleet::new(limits.fleet()), None).await?;
    let link = LinkSettings::new(Source::Tcp(([127, 0, 0, 1], 0).into()));
    for devices in gateway.link(&[link]).await? {
        for number in 0..options.devices {
            gateway.spawn(device(number, options.devices, devices));
        }
    }
    let address = gateway.address();
    let notes = [
        format!("  devices     {} simulated pump controllers, a snapshot a second each", options.devices),
        format!("  page        http://{address}/"),
        format!("  as JSON     http://{address}/api/devices"),
        format!(
            "  Prometheus  scrape_configs: [{{ job_name: narthex, static_configs: [{{ targets: [\"{address}\"] }}] }}]"
        ),
    ];
    gateway.serve(terminal, stop, &notes, None).await
}

/// The life of one device: boot, measure, report, and dial again should the connection be lost.
async fn device(number: u32, of: u32, gateway: SocketAddr) {
    // Devices do not boot at the same instant; neither do these.
    sleep(PERIOD * number / of).await;
    let name = format!("pump-{:0width$}", number + 1, width = of.to_string().len().max(2));
    // A fleet is never quite up to date.
    let firmware = if number % 4 == 3 { "1.3.9" } else { "1.4.2" };
    let source = match Owned::new() {
        Ok(source) => source,
        Err(error) => return tracing::error!("{name}: {}", error.as_str()),
    };
    let boot = RandomState::new().hash_one(number) as u32;
    let mut reporter = Reporter::new(&source, Identity { device: &name, firmware }, boot);
    let mut pump = Pump::new(number);
    let booted = Instant::now();
    let mut ticks = interval(PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut backoff = Backoff::new();
    loop {
        let lost = async {
            let mut stream = TcpStream::connect(gateway).await?;
            stream.set_nodelay(true)?;
            backoff.reset();
            loop {
                ticks.tick().await;
                pump.step(&source.instruments);
                reporter.begin(booted.elapsed());
                let (mut snapshot, mut buf) = (Vec::new(), [0; MTU]);
                while let Some(frame) = reporter.frame(&mut buf).map_err(io::Error::other)? {
                    snapshot.extend_from_slice(frame);
                }
                stream.write_all(&snapshot).await?;
            }
        };
        let lost: Result<std::convert::Infallible, io::Error> = lost.await;
        let Err(error) = lost;
        debug!("{name}: {error}");
        sleep(backoff.wait()).await;
    }
}
