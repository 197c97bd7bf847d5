//! Scrapes counted: how they ended, how long they took, how much was sent.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use crate::instrument::{Bounds, Counter, Histogram, Scalar, Vector};
use crate::model::{Defect, Family, LabelText};
use crate::registry::{RegisterError, Registerer};

/// How a scrape ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The page was sent as a whole.
    Ok,
    /// It was, without what had to be left out.
    Partial,
    /// Status 500.
    Failed,
    /// Status 503.
    Refused,
    /// The client left before the end.
    Aborted,
}

impl Outcome {
    const ALL: [(Self, &'static str); 5] = [
        (Self::Ok, "ok"),
        (Self::Partial, "partial"),
        (Self::Failed, "failed"),
        (Self::Refused, "refused"),
        (Self::Aborted, "aborted"),
    ];
}

/// Metrics about scrapes: `narthex_scrapes_total{outcome}`, `narthex_scrape_duration_seconds` and
/// `narthex_scrape_bytes_total`.
///
/// Outcomes are `ok`, `partial` (something was left out), `failed` (status 500), `refused` (status 503) and `aborted`
/// (the client left). Durations end with the page handed over, so they include waiting for the client. Bytes are those
/// of bodies, as they are sent.
pub struct Scrapes {
    outcomes: [Arc<Counter>; 5],
    duration: Arc<Scalar<Histogram>>,
    bytes: Arc<Scalar<Counter>>,
}

impl Scrapes {
    /// Makes the metrics and registers them.
    ///
    /// # Errors
    /// [`RegisterError`] if one of the names is taken.
    pub fn register(registerer: &dyn Registerer) -> Result<Arc<Self>, RegisterError> {
        const SCRAPES: &str = "narthex_scrapes_total";
        let defect = |defect| RegisterError::Defect { family: SCRAPES.into(), defect };
        let (total, scrapes) = Self::new(SCRAPES).map_err(defect)?;
        registerer.register(total)?;
        registerer.register(Arc::clone(&scrapes.duration) as _)?;
        registerer.register(Arc::clone(&scrapes.bytes) as _)?;
        Ok(Arc::new(scrapes))
    }

    fn new(name: &str) -> Result<(Arc<Vector<Counter>>, Self), Defect> {
        let total =
            Vector::<Counter>::new(Family::counter(name, "Scrapes, by how they ended.")?, &["outcome"])?;
        let [ok, partial, failed, refused, aborted] =
            Outcome::ALL.map(|(_, outcome)| Ok(total.child(LabelText::new(&[("outcome", outcome)])?)));
        let duration = Family::histogram(
            "narthex_scrape_duration_seconds",
            "Time from a scrape's request to the end of its page.",
        )?
        .with_unit("seconds")?;
        let bounds =
            Bounds::new(&[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0])
                .map_err(|_| Defect::BoundsOrder)?;
        let bytes = Family::counter("narthex_scrape_bytes_total", "Bytes of pages sent, as packed.")?;
        let scrapes = Self {
            outcomes: [ok?, partial?, failed?, refused?, aborted?],
            duration: Scalar::with_shape(duration, bounds),
            bytes: Scalar::new(bytes.with_unit("bytes")?),
        };
        Ok((total, scrapes))
    }

    fn count(&self, outcome: Outcome) {
        for ((known, _), counter) in Outcome::ALL.iter().zip(&self.outcomes) {
            if *known == outcome {
                counter.inc();
            }
        }
    }
}

impl fmt::Debug for Scrapes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scrapes").field("bytes", &self.bytes.get()).finish_non_exhaustive()
    }
}

/// Watches one scrape; counts it when it ends, which may be that it is dropped.
pub(super) struct Watch {
    scrapes: Option<Arc<Scrapes>>,
    begun: Instant,
    outcome: Outcome,
    at_the_end: Outcome,
}

impl Watch {
    pub(super) fn new(scrapes: Option<Arc<Scrapes>>, begun: Instant) -> Self {
        Self { scrapes, begun, outcome: Outcome::Aborted, at_the_end: Outcome::Ok }
    }

    /// It ended.
    pub(super) fn ends(&mut self, outcome: Outcome) {
        self.outcome = outcome;
    }

    /// How it will have ended once its page is sent.
    pub(super) fn ends_well_as(&mut self, outcome: Outcome) {
        self.at_the_end = outcome;
    }

    /// Its page is sent.
    pub(super) fn done(&mut self) {
        self.outcome = self.at_the_end;
    }

    /// Some of its page is.
    pub(super) fn sent(&self, bytes: usize) {
        if let Some(scrapes) = &self.scrapes {
            scrapes.bytes.add(bytes as u64);
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if let Some(scrapes) = &self.scrapes {
            scrapes.count(self.outcome);
            scrapes.duration.observe(self.begun.elapsed().as_secs_f64());
        }
    }
}
