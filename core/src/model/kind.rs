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
}

impl Kind {
    /// The word of a `# TYPE` line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
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
