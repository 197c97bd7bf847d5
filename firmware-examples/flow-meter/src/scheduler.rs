//! A cooperative scheduler: each task runs once a period, to its end, and is timed.

use narthex::{Counter, Family, Histogram, LabelSet, Metrics};

/// What there is to run.
#[derive(Clone, Copy, Debug, LabelSet)]
pub(crate) enum Task {
    /// Takes one measurement.
    Measure,
    /// Corrects the sensor's drift.
    Recalibrate,
    /// Sends what the transmit queue has room for.
    Report,
}

/// How well the firmware keeps time.
#[derive(Debug, Metrics)]
#[metrics(prefix = "scheduler")]
pub(crate) struct Load {
    /// Runs of each task.
    runs_total: Family<Task, Counter>,
    /// Periods within which a task had not finished.
    deadlines_missed_total: Family<Task, Counter>,
    /// Time from when a task was due to when it started.
    #[metric(unit = "seconds", scale = -6, buckets = [10, 20, 50, 100, 200, 500, 1_000, 10_000])]
    latency_seconds: Histogram<8>,
    /// Time spent in tasks, interrupts that came between included.
    #[metric(unit = "seconds", scale = -6)]
    busy_seconds_total: Counter,
}

/// The metrics of the one scheduler.
pub(crate) static LOAD: Load = Load::new();

/// A task, and when it is next due.
#[derive(Debug)]
struct Entry {
    task: Task,
    period: u32,
    due: u64,
}

/// The tasks by priority: of two that are due, the first in the table runs first. Times are microseconds.
#[derive(Debug)]
pub(crate) struct Scheduler<const N: usize> {
    entries: [Entry; N],
}

impl<const N: usize> Scheduler<N> {
    /// Tasks with their periods in milliseconds, first due one period after `now`.
    pub(crate) fn new(now: u64, tasks: [(Task, u32); N]) -> Self {
        let entries = tasks.map(|(task, millis)| {
            let period = millis * 1_000;
            Entry { task, period, due: now + u64::from(period) }
        });
        Self { entries }
    }

    /// For how long there is nothing to run, from `now` on.
    pub(crate) fn idle(&self, now: u64) -> u32 {
        let next = self.entries.iter().map(|entry| entry.due).min().unwrap_or(now);
        saturate(next.saturating_sub(now))
    }

    /// Runs the first task that is due, if there is one, and says whether there was.
    ///
    /// A task that outlasts its period skips the runs it missed: running them late would make it later still.
    pub(crate) fn turn(&mut self, clock: fn() -> u64, run: impl FnOnce(Task)) -> bool {
        let start = clock();
        let Some(entry) = self.entries.iter_mut().find(|entry| entry.due <= start) else { return false };
        LOAD.latency_seconds().observe(saturate(start - entry.due));
        run(entry.task);
        let end = clock();
        let missed = saturate(end - entry.due) / entry.period;
        entry.due += u64::from(missed + 1) * u64::from(entry.period);
        LOAD.runs_total.at(entry.task).inc();
        LOAD.deadlines_missed_total.at(entry.task).add(missed);
        LOAD.busy_seconds_total.add(saturate(end - start));
        true
    }
}

/// Microseconds in 32 bits: more than an hour is an hour.
fn saturate(micros: u64) -> u32 {
    u32::try_from(micros).unwrap_or(u32::MAX)
}
