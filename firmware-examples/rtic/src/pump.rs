//! The pump, simulated, and what is measured of it.

use narthex::{Counter, Family, Histogram, LabelSet, Metrics, OptionalGauge};

/// Edges of the tachometer, which timer 1 plays.
pub(crate) const EDGES_PER_SECOND: u32 = 100;
/// Edges the tachometer gives in one turn of the shaft.
const EDGES_PER_TURN: u64 = 8;
/// Edges from one turn of the control loop to the next.
const EDGES_PER_CONTROL: u64 = 4;

/// Where in the application something happened, by priority.
#[derive(Clone, Copy, Debug, LabelSet)]
#[label(name = "task")]
pub(crate) enum Place {
    /// The tachometer's interrupt.
    Edge,
    /// The control loop.
    Control,
    /// The UART's interrupt.
    Uart,
    /// The idle task.
    Idle,
}

/// What the controller measures and does.
#[derive(Debug, Metrics)]
#[metrics(prefix = "pump")]
pub(crate) struct Pump {
    /// What has happened, by the task in which it did.
    pub(crate) events_total: Family<Place, Counter>,
    /// Glitches of sensors, wherever they were noticed.
    glitches_total: Counter,
    /// Turns of the control loop that were due before the last had ended.
    pub(crate) overruns_total: Counter,
    /// Turns of the shaft.
    turns_total: Counter,
    /// Current of the motor.
    #[metric(unit = "amperes", scale = -3)]
    current_amperes: OptionalGauge,
    /// Current of the motor, over all turns of the control loop.
    #[metric(unit = "amperes", scale = -3, buckets = [500, 1_000, 2_000, 5_000])]
    drawn_amperes: Histogram<4>,
}

/// The metrics of the one pump.
pub(crate) static PUMP: Pump = Pump::new();

/// Counts an edge. Returns whether the control loop is due.
pub(crate) fn on_edge() -> bool {
    let edges = PUMP.events_total.at(Place::Edge);
    edges.inc();
    let edges = edges.get();
    if edges.is_multiple_of(EDGES_PER_TURN) {
        PUMP.turns_total.inc();
    }
    // Each 25th comes twice: a bad contact.
    if edges.is_multiple_of(25) {
        PUMP.glitches_total.inc();
    }
    edges.is_multiple_of(EDGES_PER_CONTROL)
}

/// The control loop, which also measures the current.
#[derive(Debug)]
pub(crate) struct Controller {
    current: u32,
}

impl Controller {
    pub(crate) const fn new() -> Self {
        Self { current: 0 }
    }

    /// One turn: the current swings between 0 and 3 A.
    pub(crate) fn turn(&mut self) {
        PUMP.events_total.at(Place::Control).inc();
        self.current = (self.current + 700) % 3_000;
        PUMP.drawn_amperes().observe(self.current);
        PUMP.current_amperes.set(self.current.cast_signed());
        // At the end of the range, the measurement is not to be trusted. The same counter as above.
        if self.current >= 2_900 {
            PUMP.glitches_total.inc();
        }
    }
}
