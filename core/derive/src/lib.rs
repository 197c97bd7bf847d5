//! The derive macros of narthex, which re-exports them: use them from there.
//!
//! They turn a struct into a group of metrics ([`Metrics`](macro@Metrics)), an enum or a struct of enums into a set of
//! labels ([`LabelSet`](macro@LabelSet)), and a struct of integers and short strings into labels that only run time
//! knows ([`LabelValues`](macro@LabelValues)). All text ends up in flash, all cells are zero at first, and what
//! is wrong is a compile error at the field or variant. The rules for names, units and bounds are those of
//! `narthex::model`, asked at compile time; nothing is checked here that is checked there.
//!
//! Generated code names the crate by the path `::narthex`.

mod attribute;
mod case;
mod label;
mod label_set;
mod label_values;
mod metrics;
mod span;

use proc_macro::TokenStream;
use syn::{DeriveInput, Error, parse_macro_input};

/// Makes a struct a group of metrics: each field is a metric, its type the type of the metric, the first paragraph
/// of its doc comment the help text.
///
/// ```
/// use narthex::{Counter, Family, Gauge, Histogram, LabelSet, Metrics, Registry, registry};
///
/// /// Why a frame was dropped.
/// #[derive(Clone, Copy, LabelSet)]
/// enum Reason {
///     Crc,
///     Overrun,
/// }
///
/// /// Health of one UART.
/// #[derive(Metrics)]
/// #[metrics(prefix = "uart")]
/// struct Uart {
///     /// Bytes received.
///     received_bytes_total: Counter,
///     /// Bytes waiting in the receive FIFO.
///     fifo_bytes: Gauge,
///     /// Time spent in the receive interrupt.
///     #[metric(unit = "seconds", scale = -6, buckets = [1, 2, 5, 10, 20, 50])]
///     interrupt_seconds: Histogram<6>,
///     /// Frames dropped, by reason.
///     dropped_frames_total: Family<Reason, Counter>,
/// }
///
/// static UART0: Uart = Uart::new();
/// static REGISTRY: Registry = registry![UART0];
///
/// UART0.received_bytes_total.inc();
/// UART0.interrupt_seconds().observe(12); // microseconds, by the scale
/// UART0.dropped_frames_total.at(Reason::Crc).inc();
/// ```
///
/// # Attributes
/// On the struct, `#[metrics(prefix = "uart")]` puts `uart_` before every name.
///
/// On a field, `#[metric(…)]` takes any of:
///
/// | key | value | if left out |
/// |---|---|---|
/// | `name` | what follows the prefix in the metric's name | the name of the field |
/// | `help` | the help text | the first paragraph of the doc comment, its lines joined by spaces |
/// | `unit` | the base unit in plural, which must be the suffix of the name (before `_total`) | none |
/// | `scale` | the power of ten by which cells are multiplied, from −18 to 18: −6 for microseconds under `seconds` | 0 |
/// | `buckets` | the upper bounds of a histogram in the device's unit, increasing, as many as its type says | none |
/// | `schema` | the finest resolution of an exponential histogram, from 0 to 8: 2^schema buckets an octave; 3 makes each end 9 % above the one before | none |
/// | `labels(…)` | the labels of an `Info`: `labels(version = env!("CARGO_PKG_VERSION"), board = "rev-c")` | none |
/// | `read` | the path of the function that gives the value of a `CounterFn`, `GaugeFn` or `OptionalGaugeFn` | none |
///
/// # What it makes
/// - `narthex::registry::Metrics` and `Group`: what `registry!` asks for.
/// - `const fn new()`, as visible as the struct, for use in a `static`.
/// - For each field with `buckets` or `schema`, a method with the name and the visibility of the field that brings the cells
///   together with their bounds: `UART0.interrupt_seconds().observe(12)`, and for a family
///   `HTTP.request_seconds().at(Route::Get).observe(3)`.
///
/// # Errors
/// The compiler refuses, at the field, a missing help text, an illegal or reserved name, a counter without
/// `_total` or anything else with it, a unit that is not the suffix, bounds that are missing, out of order or of the
/// wrong number, a scale out of range, an info without labels, a function that is missing or of another type, and a
/// name that stands twice.
#[proc_macro_derive(Metrics, attributes(metrics, metric))]
pub fn metrics(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    metrics::derive(&input).unwrap_or_else(Error::into_compile_error).into()
}

/// Makes an enum, or a struct of enums, a set of labels for a `Family`.
///
/// An enum without fields is one label: it is called as the enum is, its values as the variants are, all in
/// `snake_case`. Both can be given another text; a value may be any. The type must be `Clone` and `Copy`.
///
/// ```
/// use narthex::LabelSet;
///
/// #[derive(Clone, Copy, LabelSet)]
/// #[label(name = "reason")]
/// enum DropReason {
///     CrcError,
///     #[label(value = "FIFO full")]
///     Overrun,
/// }
/// assert_eq!(DropReason::DIMENSIONS[0].name, "reason");
/// assert_eq!(DropReason::DIMENSIONS[0].values, ["crc_error", "FIFO full"]);
/// ```
///
/// A struct is the product of its fields, each an enum or a `bool`. A label is called as the field is, or as
/// `#[label(name = "…")]` on the field says. The last field runs fastest.
///
/// ```
/// use narthex::LabelSet;
///
/// #[derive(Clone, Copy, LabelSet)]
/// enum Direction {
///     Receive,
///     Transmit,
/// }
/// #[derive(Clone, Copy, LabelSet)]
/// struct Transfer {
///     direction: Direction,
///     #[label(name = "dma")]
///     by_dma: bool,
/// }
/// assert_eq!(Transfer::COUNT, 4);
/// assert_eq!(Transfer { direction: Direction::Transmit, by_dma: false }.index(), 2);
/// assert_eq!(Transfer::DIMENSIONS[1].name, "dma");
/// ```
///
/// # Errors
/// The compiler refuses, at the type, field or variant, variants with fields or discriminants, enums and structs
/// without any part, a value or label that stands twice, an illegal or reserved label name, and generics.
#[proc_macro_derive(LabelSet, attributes(label))]
pub fn label_set(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    label_set::derive(&input).unwrap_or_else(Error::into_compile_error).into()
}

/// Makes a struct the labels of a `TableFamily`, whose values only run time knows.
///
/// Each field is a label: an integer, a `bool`, a `ShortStr` of at most 32 bytes, or an enum with
/// `#[derive(LabelSet)]`. The label is called as the field is, or as `#[label(name = "…")]` on the field says. The
/// type must be `Clone`, `Copy` and `PartialEq`.
///
/// ```
/// use narthex::model::ShortStr;
/// use narthex::{LabelSet, LabelValues};
///
/// #[derive(Clone, Copy, PartialEq, LabelSet)]
/// enum Direction {
///     Receive,
///     Transmit,
/// }
/// #[derive(Clone, Copy, PartialEq, LabelValues)]
/// struct Peer {
///     #[label(name = "node")]
///     address: u16,
///     interface: ShortStr<8>,
///     direction: Direction,
/// }
/// let peer = Peer { address: 513, interface: ShortStr::cut("mesh"), direction: Direction::Transmit };
/// assert_eq!(Peer::DIMENSIONS[0].name, "node");
/// assert_eq!([0, 1, 2].map(|label| peer.value(label)), ["513", "mesh", "transmit"].map(ShortStr::cut));
/// ```
///
/// # Errors
/// The compiler refuses, at the type or field, what is not a struct with named fields, field types that cannot be the
/// value of a label, a label that stands twice, an illegal or reserved label name, and generics.
#[proc_macro_derive(LabelValues, attributes(label))]
pub fn label_values(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    label_values::derive(&input).unwrap_or_else(Error::into_compile_error).into()
}
