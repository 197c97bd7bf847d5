//! The value of one cell.

/// What one cell holds. The four kinds stay apart from the instrument to the page.
///
/// Integers are multiplied by the [`Scale`](super::Scale) of their [`Desc`](super::Desc) when printed; floats are
/// printed as they are, an `f32` with the digits of an `f32`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value {
    /// A count: counters, buckets, sums.
    Unsigned(u64),
    /// A scaled integer: gauges.
    Signed(i64),
    /// A single-precision gauge.
    F32(f32),
    /// A double, on hosts.
    F64(f64),
}
