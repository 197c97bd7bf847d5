//! The types of families and of their cells.

/// The type of a metric family, as Prometheus knows it. The numbers are those of the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[repr(u8)]
pub enum Kind {
    /// Only grows.
    Counter = 0,
    /// Goes up and down.
    Gauge = 1,
    /// Counts observations in buckets.
    Histogram = 2,
    /// Tells quantiles of observations.
    Summary = 3,
    /// Text that does not change, as labels; the value is always 1.
    Info = 4,
    /// Which of several states holds.
    StateSet = 5,
    /// Counts observations in buckets that it finds by itself. Text shows it as a histogram.
    ExponentialHistogram = 6,
}

impl Kind {
    /// The word of a `# TYPE` line in OpenMetrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram | Self::ExponentialHistogram => "histogram",
            Self::Summary => "summary",
            Self::Info => "info",
            Self::StateSet => "stateset",
        }
    }

    /// The type by which text 0.0.4 shows it, which has fewer of these.
    #[must_use]
    pub const fn in_text(self) -> Self {
        match self {
            Self::Info | Self::StateSet => Self::Gauge,
            kind => kind,
        }
    }

    /// Whether it finds its buckets by itself.
    pub const fn is_distribution(self) -> bool {
        matches!(self, Self::ExponentialHistogram | Self::Summary)
    }

    /// What the names of its series end in, and OpenMetrics leaves out of the family's.
    pub const fn suffix(self) -> &'static str {
        match self {
            Self::Counter => "_total",
            Self::Info => "_info",
            _ => "",
        }
    }
}

/// What the cells of a family hold. The numbers are those of the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[repr(u8)]
pub enum Number {
    /// `u64`, scaled.
    Unsigned = 0,
    /// `i64`, scaled.
    Signed = 1,
    /// `f32`, not scaled.
    F32 = 2,
    /// `f64`, not scaled.
    F64 = 3,
}
