//! The gateway: links on one side, HTTP on the other, the fleet between them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use narthex_host::expose::http::{Metrics, Scrapes};
use narthex_host::registry::{Registerer, Registry};
use narthex_host::relay::Now;
use narthex_host::relay::fleet::Fleet;
use narthex_host::relay::link::record::Recorder;
use narthex_host::relay::site::{self, View};
use narthex_host::relay::status::{DeviceStatus, GatewayStatus};
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};
use tracing::{info, warn};

use crate::Failure;
use crate::door::Door;
use crate::links::{Links, bind};
use crate::metrics::LinkMetrics;
use crate::reload::Reload;
use crate::settings::{Limits, LinkSettings};
use crate::terminal::Terminal;

/// How often silence is looked for.
const SWEEP: Duration = Duration::from_secs(1);
/// How long answers that are under way may take at the end.
const GRACE: Duration = Duration::from_millis(1500);
/// File descriptors beside those of connections: listeners, ports, the runtime's own.
pub(crate) const OTHER_FILES: u64 = 64;

/// What to do about too few of them.
pub(crate) const MORE_FILES: &str = "raise the hard limit (`ulimit -Hn`, or LimitNOFILE= of the unit)";

/// What ends the program: a signal, or the end of a time.
pub(crate) struct Stop {
    interrupt: Signal,
    terminate: Signal,
    after: Option<Duration>,
}

impl Stop {
    /// On `SIGINT` and `SIGTERM`, which are taken from now on.
    pub(crate) fn on_signal() -> Result<Self, Failure> {
        let take =
            |kind| signal(kind).map_err(|error| Failure::later(format!("cannot take signals: {error}")));
        Ok(Self {
            interrupt: take(SignalKind::interrupt())?,
            terminate: take(SignalKind::terminate())?,
            after: None,
        })
    }

    /// And after this time, if any, counted from when the gateway is ready.
    pub(crate) fn or_after(self, after: Option<Duration>) -> Self {
        Self { after, ..self }
    }

    /// Waits for the first of them.
    pub(crate) async fn wait(&mut self) {
        let end = async {
            match self.after {
                Some(after) => sleep(after).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            () = end => {}
        }
    }
}

/// The gateway before it serves: its address is bound, links are added to it.
pub(crate) struct Gateway {
    listener: TcpListener,
    address: SocketAddr,
    fleet: Arc<Fleet>,
    links: Arc<Links>,
    tasks: JoinSet<()>,
    max_scrapes: usize,
}

impl Gateway {
    /// Binds the address of the pages.
    ///
    /// # Errors
    /// Status 2 when it cannot be had.
    pub(crate) async fn open(
        listen: SocketAddr,
        limits: &Limits,
        fleet: Fleet,
        recorder: Option<Recorder>,
    ) -> Result<Self, Failure> {
        let (listener, address) = bind(&format!("--listen {listen}"), listen).await?;
        if !address.ip().is_loopback() {
            warn!("--listen {address}: whoever reaches this machine can read all metrics");
        }
        let fleet = Arc::new(fleet);
        let links = Links::new(Arc::clone(&fleet), recorder, places(limits));
        Ok(Self {
            listener,
            address,
            fleet,
            links: Arc::new(links),
            tasks: JoinSet::new(),
            max_scrapes: limits.max_scrapes,
        })
    }

    /// Opens links. Returns the addresses that are listened on, with their real ports.
    ///
    /// # Errors
    /// Status 2 when an address cannot be had.
    pub(crate) async fn link(&mut self, links: &[LinkSettings]) -> Result<Vec<SocketAddr>, Failure> {
        // Every address is had before the first byte is taken, so that a mistake ends before it starts.
        let mut ready = Vec::new();
        for link in links {
            ready.push(self.links.prepare(link).await?);
        }
        Ok(ready.into_iter().filter_map(|ready| self.links.start(ready)).collect())
    }

    /// The links, and the devices behind them.
    pub(crate) fn parts(&self) -> (Arc<Links>, Arc<Fleet>) {
        (Arc::clone(&self.links), Arc::clone(&self.fleet))
    }

    /// Runs something beside; it ends with the gateway.
    pub(crate) fn spawn(&mut self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(task);
    }

    /// Where pages are served.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves pages until told to stop. `notes` are said once it is ready.
    ///
    /// # Errors
    /// Status 1 when serving fails.
    pub(crate) async fn serve(
        mut self,
        terminal: &Terminal,
        mut stop: Stop,
        notes: &[String],
        reload: Option<Reload>,
    ) -> Result<(), Failure> {
        let registry = Arc::new(Registry::new());
        let links = LinkMetrics::new(Arc::clone(&self.links))
            .map_err(|defect| Failure::later(format!("own metrics: {defect}")))?;
        if let Some(reload) = reload {
            reload.register(&*registry)?;
            self.tasks.spawn(reload.run());
        }
        let scrapes = registry
            .register(Arc::clone(&self.fleet) as _)
            .and_then(|()| registry.register_collector(Arc::new(links)))
            .and_then(|()| Scrapes::register(&*registry))
            .map_err(|error| Failure::later(format!("own metrics: {error}")))?;
        let view: Arc<dyn View> = Arc::new(Everything {
            fleet: Arc::clone(&self.fleet),
            links: Arc::clone(&self.links),
            started: Instant::now(),
        });
        let metrics = Metrics::new(registry).max_scrapes(self.max_scrapes).counted_by(scrapes);
        let router = site::router(Arc::clone(&view)).route("/metrics", metrics.into_route());

        let fleet = Arc::clone(&self.fleet);
        self.tasks.spawn(async move {
            let mut ticks = interval(SWEEP);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                ticks.tick().await;
                fleet.sweep(Now::read());
            }
        });
        let (end, mut ended) = watch::channel(false);
        let door = Door::new(self.listener, self.max_scrapes);
        let server = axum::serve(door, router).with_graceful_shutdown(async move {
            // An error says that the other side is gone: an end as well.
            let _ = ended.wait_for(|ended| *ended).await;
        });
        let mut server = tokio::spawn(server.into_future());
        terminal.always(&format!("narthex: listening on http://{}/metrics", self.address));
        for note in notes {
            terminal.say(note);
        }
        self.tasks.spawn(terminal.clone().watch(self.address, view));

        let ended = tokio::select! {
            () = stop.wait() => {
                info!("stopping");
                end.send_replace(true);
                // Who reads that slowly is cut off.
                timeout(GRACE, &mut server).await.unwrap_or(Ok(Ok(())))
            }
            ended = &mut server => ended,
        };
        self.tasks.shutdown().await;
        self.links.close().await;
        match ended {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(Failure::later(format!("--listen {}: {error}", self.address))),
            Err(error) => Err(Failure::later(format!("serving pages: {error}"))),
        }
    }
}

/// How many connections there may be: as many as asked for, but some files stay free for scrapes, or a crowd of
/// devices would leave the gateway deaf.
pub(crate) fn places(limits: &Limits) -> usize {
    let other = OTHER_FILES.saturating_add(limits.max_scrapes as u64);
    let allowed = allow_files(other.saturating_add(limits.max_connections as u64));
    let places = usize::try_from(allowed.saturating_sub(other)).unwrap_or(usize::MAX);
    if places < limits.max_connections {
        warn!("{places} connections fit into the {allowed} files that may be open: {MORE_FILES}");
    }
    places.min(limits.max_connections).min(tokio::sync::Semaphore::MAX_PERMITS)
}

/// Asks the system for so many open files. Returns how many it allows; a system that does not say allows all.
pub(crate) fn allow_files(files: u64) -> u64 {
    rlimit::increase_nofile_limit(files).unwrap_or(files)
}

/// Devices of which is shown how far their schema has come.
const SHOWN_LEARNING: usize = 4;

/// What page and terminal show.
struct Everything {
    fleet: Arc<Fleet>,
    links: Arc<Links>,
    started: Instant,
}

impl View for Everything {
    fn devices(&self) -> Vec<DeviceStatus> {
        self.fleet.devices(Now::read())
    }

    fn gateway(&self) -> GatewayStatus {
        GatewayStatus {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            uptime_seconds: self.started.elapsed().as_secs_f64(),
            totals: self.fleet.totals(Now::read()),
            learning: self.fleet.learning(SHOWN_LEARNING),
            links: self.links.reports(),
        }
    }
}
