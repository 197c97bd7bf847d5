//! `SIGHUP`: the configuration file is read again, and what has changed in it is taken up.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use narthex_host::instrument::{Counter, Gauge, Scalar, Vector};
use narthex_host::model::{Defect, Family};
use narthex_host::registry::{RegisterError, Registerer};
use narthex_host::relay::fleet::Fleet;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing::{error, info, warn};

use crate::Failure;
use crate::gateway::places;
use crate::links::Links;
use crate::options::Relay;
use crate::settings::Settings;

const RELOADS: &str = "narthex_config_reloads_total";
const SUCCESS: &str = "narthex_config_last_reload_success_timestamp_seconds";

/// Takes up the configuration file whenever it is told to.
pub(crate) struct Reload {
    file: PathBuf,
    options: Relay,
    running: Settings,
    links: Arc<Links>,
    fleet: Arc<Fleet>,
    hangups: Signal,
    metrics: Metrics,
}

struct Metrics {
    reloads: Arc<Vector<Counter>>,
    success: Arc<Scalar<Gauge>>,
}

/// What came of it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// All is as the file says.
    Ok,
    /// But for a link that could not be opened.
    Partial,
    /// The file is wrong; nothing has changed.
    Refused,
}

impl Outcome {
    const ALL: [Self; 3] = [Self::Ok, Self::Partial, Self::Refused];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Partial => "partial",
            Self::Refused => "refused",
        }
    }
}

impl Reload {
    /// Takes `SIGHUP` from now on.
    ///
    /// # Errors
    /// Status 1 when it cannot be taken.
    pub(crate) fn new(
        file: &Path,
        options: &Relay,
        running: Settings,
        (links, fleet): (Arc<Links>, Arc<Fleet>),
    ) -> Result<Self, Failure> {
        let hangups = signal(SignalKind::hangup())
            .map_err(|error| Failure::later(format!("cannot take signals: {error}")))?;
        let metrics = Metrics::new().map_err(|defect| Failure::later(format!("own metrics: {defect}")))?;
        metrics.succeed();
        Ok(Self { file: file.to_owned(), options: options.clone(), running, links, fleet, hangups, metrics })
    }

    /// Shows how reloads went.
    ///
    /// # Errors
    /// Status 1 if a name is taken.
    pub(crate) fn register(&self, registerer: &dyn Registerer) -> Result<(), Failure> {
        let taken = |error: RegisterError| Failure::later(format!("own metrics: {error}"));
        registerer.register(Arc::clone(&self.metrics.reloads) as _).map_err(taken)?;
        registerer.register(Arc::clone(&self.metrics.success) as _).map_err(taken)
    }

    /// Waits for `SIGHUP`, for ever.
    pub(crate) async fn run(mut self) {
        while self.hangups.recv().await.is_some() {
            let outcome = self.again().await;
            self.metrics.count(outcome);
        }
    }

    async fn again(&mut self) -> Outcome {
        let file = self.file.display();
        let wanted = match Settings::gather_apart(&self.options).await {
            Ok(settings) => settings,
            Err(failure) => {
                for line in failure.to_string().lines() {
                    error!("{line}");
                }
                error!("{file}: not taken up; all is as it was");
                return Outcome::Refused;
            }
        };
        let mut restart: Vec<_> =
            wanted.needs_restart(&self.running).into_iter().map(str::to_owned).collect();
        let wanted = wanted.until_restart(&self.running);
        restart.append(&mut self.fleet.reconfigure(wanted.fleet(), wanted.labels.clone()));
        if !restart.is_empty() {
            warn!("{file}: restart to change {}", restart.join(", "));
        }
        self.links.set_places(places(&wanted.limits));
        let failures = self.links.become_those(&wanted.links).await;
        for failure in &failures {
            error!("{failure}");
        }
        info!("{file}: taken up");
        self.running = wanted;
        if failures.is_empty() { Outcome::Ok } else { Outcome::Partial }
    }
}

impl Metrics {
    fn new() -> Result<Self, Defect> {
        let help = "Times the configuration file was read again, by what came of it: ok, partial (a link could not \
                    be opened), refused (the file is wrong, nothing has changed).";
        let reloads = Vector::<Counter>::new(Family::counter(RELOADS, help)?, &["outcome"])?;
        // All are shown from the start, so that their rates are right.
        for outcome in Outcome::ALL {
            let _ = reloads.with(&[outcome.as_str()]);
        }
        let help = "When the configuration file was last read and taken up as a whole.";
        let success = Family::gauge(SUCCESS, help)?.with_unit("seconds")?;
        Ok(Self { reloads, success: Scalar::new(success) })
    }

    fn count(&self, outcome: Outcome) {
        if let Ok(counter) = self.reloads.with(&[outcome.as_str()]) {
            counter.inc();
        }
        if outcome == Outcome::Ok {
            self.succeed();
        }
    }

    fn succeed(&self) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        self.success.set(now.as_secs_f64());
    }
}
