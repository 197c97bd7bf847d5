//! A registry as users write it, under every lint a user may have turned on.
#![deny(warnings, missing_docs, unreachable_pub, unused_qualifications, missing_debug_implementations)]
#![deny(rust_2018_idioms, unused, let_underscore_drop, single_use_lifetimes, trivial_casts)]

use narthex::{Counter, Family, Gauge, Histogram, LabelSet, Metrics, Registry, registry};

/// Why a frame was dropped.
#[derive(Clone, Copy, LabelSet)]
enum Reason {
    Crc,
    Overrun,
}

/// Health of one UART.
#[derive(Metrics)]
#[metrics(prefix = "uart")]
struct Uart {
    /// Bytes received.
    received_bytes_total: Counter,
    /// Bytes waiting in the receive FIFO.
    fifo_bytes: Gauge,
    /// Time spent in the receive interrupt.
    #[metric(unit = "seconds", scale = -6, buckets = [1, 2, 5, 10, 20, 50])]   // observed in whole microseconds
    interrupt_seconds: Histogram<6>,                    // cells only: the bounds stay in flash
    /// Frames dropped, by reason.
    dropped_frames_total: Family<Reason, Counter>,      // Reason: enum, #[derive(LabelSet)], dense
}
static UART0: Uart = Uart::new();
static UART1: Uart = Uart::new();
// a table in flash; duplicates and conflicts are refused by the compiler; const labels tell instances apart
static REGISTRY: Registry = registry![UART0 { uart: "0" }, UART1 { uart: "1" }];

/// Groups that others may use, too.
pub mod http {
    use narthex::{Counter, Family, GaugeFn, Histogram, Info, LabelSet, Metrics, StateSet};

    /// A place on the server.
    #[derive(Clone, Copy, Debug, LabelSet)]
    #[label(name = "path")]
    pub enum Route {
        /// The page for people.
        #[label(value = "/")]
        Home,
        /// The page for Prometheus.
        #[label(value = "/metrics")]
        Metrics,
    }

    /// What a request is told by.
    #[derive(Clone, Copy, Debug, LabelSet)]
    pub struct Request {
        /// Where.
        pub route: Route,
        /// Whether it was answered.
        #[label(name = "ok")]
        pub answered: bool,
    }

    /// How the server is.
    #[derive(Clone, Copy, Debug, LabelSet)]
    pub enum Health {
        /// As it should be.
        Well,
        /// Answers late.
        Slow,
    }

    fn sockets() -> i64 {
        4
    }

    /// Requests of one server.
    #[derive(Debug, Metrics)]
    #[metrics(prefix = "http")]
    pub struct Http {
        /// Requests.
        pub requests_total: Family<Request, Counter>,
        /// Time to answer.
        #[metric(unit = "seconds", scale = -3, buckets = [1, 5, 25])]
        pub request_seconds: Family<Route, Histogram<3>>,
        /// What this server is.
        #[metric(labels(version = "1.2.0", board = "rev-c"))]
        pub build_info: Info,
        /// How it is.
        pub health: StateSet<Health>,
        /// Sockets that are free.
        #[metric(read = sockets)]
        pub free_sockets: GaugeFn,
    }
}
static HTTP: http::Http = http::Http::new();
static SERVER: Registry = registry![HTTP, UART0];

fn main() {
    use narthex::model::Source as _;
    UART0.received_bytes_total.inc();
    UART0.fifo_bytes.set(3);
    UART0.interrupt_seconds().observe(12);
    UART1.dropped_frames_total.at(Reason::Crc).inc();
    UART1.dropped_frames_total.at(Reason::Overrun).inc();
    HTTP.requests_total.at(http::Request { route: http::Route::Home, answered: true }).inc();
    HTTP.request_seconds().at(http::Route::Metrics).observe(3);
    assert!(REGISTRY.instance(7).is_some() && REGISTRY.instance(8).is_none());
    HTTP.health.set(http::Health::Slow);
    assert!(matches!(HTTP.health.get(), http::Health::Slow));
    {
        let _timer = UART0.interrupt_seconds().start(|| 7);
    }
    assert!(SERVER.instance(8).is_some() && SERVER.instance(9).is_none());
}
