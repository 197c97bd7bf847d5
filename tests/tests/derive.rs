//! What the derive macros make: descriptions, children and the order in which a registry reads them.

use narthex::model::{Dimension, Kind, Label, Number, Source as _, Value};
use narthex::registry::Group as _;
use narthex::{
    Counter, CounterFn, Family, Gauge, GaugeFn, Histogram, Info, LabelSet, Metrics, OptionalGauge,
    OptionalGaugeFn, Registry, StateSet, registry,
};

#[derive(Clone, Copy, Debug, PartialEq, LabelSet)]
enum Reason {
    Crc,
    #[label(value = "FIFO full")]
    Overrun,
    I2CTimeout,
}

#[derive(Clone, Copy, Debug, PartialEq, LabelSet)]
#[label(name = "dir")]
enum Direction {
    Receive,
    Transmit,
}

#[derive(Clone, Copy, Debug, PartialEq, LabelSet)]
struct Loss {
    direction: Direction,
    #[label(name = "why")]
    reason: Reason,
    retried: bool,
}

/// Health of one UART.
#[derive(Debug, Metrics)]
#[metrics(prefix = "uart")]
struct Uart {
    /// Bytes received,
    ///   good or bad.
    ///
    /// Not in the help text.
    received_bytes_total: Counter,
    /**
     * Bytes waiting
     * in the FIFO.
     *
     * Not in the help text either.
     */
    #[metric(name = "waiting_bytes", unit = "bytes")]
    fifo: Gauge,
    #[metric(help = "Time in the interrupt.", unit = "seconds", scale = -6, buckets = [1, 2, 5])]
    interrupt_seconds: Histogram<3>,
    /// Frames lost.
    lost_frames_total: Family<Loss, Counter>,
    /// Temperature of the driver.
    #[metric(unit = "celsius", scale = -2)]
    driver_celsius: OptionalGauge,
    /// Time between frames.
    #[metric(scale = -3, buckets = [10, 100])]
    gap_seconds: Family<Direction, Histogram<2>>,
}

#[derive(Debug, Metrics)]
struct Board {
    /// Resets seen.
    resets_total: Counter,
    /// A field whose name is a keyword.
    r#type: Gauge,
}

#[derive(Debug, Metrics)]
struct Nothing {}

static UART0: Uart = Uart::new();
static UART1: Uart = Uart::new();
static BOARD: Board = Board::new();
static NOTHING: Nothing = Nothing::new();
static REGISTRY: Registry = registry![UART0 { uart: "0" }, BOARD, NOTHING, UART1 { uart: "1" }];

#[test]
fn descriptions_say_what_was_declared() {
    let [received, fifo, interrupt, lost, celsius, gap] = Uart::DESCS else { panic!("six metrics") };
    assert_eq!((received.name, received.help), ("uart_received_bytes_total", "Bytes received, good or bad."));
    assert_eq!((received.kind, received.details.unit, received.scale.exponent()), (Kind::Counter, "", 0));
    assert_eq!((fifo.name, fifo.help), ("uart_waiting_bytes", "Bytes waiting in the FIFO."));
    assert_eq!((fifo.kind, fifo.number, fifo.details.unit), (Kind::Gauge, Number::Signed, "bytes"));
    assert_eq!((interrupt.name, interrupt.help), ("uart_interrupt_seconds", "Time in the interrupt."));
    assert_eq!((interrupt.details.unit, interrupt.scale.exponent()), ("seconds", -6));
    assert_eq!((interrupt.kind, interrupt.details.bounds), (Kind::Histogram, [1, 2, 5].as_slice()));
    assert_eq!((lost.kind, lost.details.dimensions), (Kind::Counter, Loss::DIMENSIONS));
    assert_eq!((celsius.optional, celsius.scale.exponent()), (true, -2));
    assert_eq!((gap.kind, gap.details.bounds), (Kind::Histogram, [10, 100].as_slice()));
    assert_eq!(gap.details.dimensions, Direction::DIMENSIONS);
    assert_eq!(Board::DESCS[1].name, "type");
    assert!(Nothing::DESCS.is_empty());
}

#[test]
fn names_and_values_are_in_snake_case_unless_said() {
    let reason = Dimension { name: "reason", values: &["crc", "FIFO full", "i2c_timeout"] };
    assert_eq!(Reason::DIMENSIONS, [reason]);
    assert_eq!(Direction::DIMENSIONS, [Dimension { name: "dir", values: &["receive", "transmit"] }]);
    let loss = [
        Dimension { name: "direction", values: &["receive", "transmit"] },
        Dimension { name: "why", values: reason.values },
        Dimension { name: "retried", values: &["false", "true"] },
    ];
    assert_eq!(Loss::DIMENSIONS, loss);
}

#[test]
fn the_last_field_runs_fastest() {
    assert_eq!((Reason::COUNT, Direction::COUNT, Loss::COUNT), (3, 2, 12));
    let [_, _, _, family, _, _] = Uart::DESCS else { panic!("six metrics") };
    let children: [usize; 12] = core::array::from_fn(|child| child);
    let mut expected = 0;
    for direction in [Direction::Receive, Direction::Transmit] {
        for reason in [Reason::Crc, Reason::Overrun, Reason::I2CTimeout] {
            for retried in [false, true] {
                let loss = Loss { direction, reason, retried };
                assert_eq!(loss.index(), expected);
                assert_eq!(children[loss.index()], expected);
                assert_eq!(Loss::from_index(expected), Some(loss));
                // The index and the label values of the description agree.
                let values = [direction.index(), reason.index(), retried.index()];
                for (dimension, value) in values.into_iter().enumerate() {
                    let named = Loss::DIMENSIONS[dimension].values[value];
                    assert_eq!(family.label_value(expected, dimension), Some(named));
                }
                expected += 1;
            }
        }
    }
    assert_eq!(
        (Loss::from_index(12), Reason::from_index(3), Loss::from_index(usize::MAX)),
        (None, None, None)
    );
    assert_eq!(Loss::FIRST.index(), 0);
}

#[test]
fn each_label_set_picks_its_own_child() {
    static LOST: Family<Loss, Counter> = Family::new();
    for direction in [Direction::Receive, Direction::Transmit] {
        for reason in [Reason::Crc, Reason::Overrun, Reason::I2CTimeout] {
            for retried in [false, true] {
                let loss = Loss { direction, reason, retried };
                LOST.at(loss).add(100 + loss.index() as u32);
            }
        }
    }
    for child in 0..Loss::COUNT {
        let value = narthex::model::Cells::read(&LOST, child, 0);
        assert_eq!(value, Some(Value::Unsigned(100 + child as u64)));
    }
    assert_eq!(narthex::model::Cells::read(&LOST, Loss::COUNT, 0), None);
}

#[test]
fn observers_find_their_bounds() {
    static UART: Uart = Uart::new();
    for micros in [1, 2, 3, 9] {
        UART.interrupt_seconds().observe(micros);
    }
    UART.gap_seconds().at(Direction::Transmit).observe(50);
    let interrupt = UART.metric(2).unwrap();
    let cells: Vec<_> = (0..6).map_while(|cell| interrupt.read(0, cell)).collect();
    assert_eq!(cells, [1, 1, 1, 1, 15].map(Value::Unsigned));
    let gap = UART.metric(5).unwrap();
    let cells: Vec<_> = (0..5).map_while(|cell| gap.read(1, cell)).collect();
    assert_eq!(cells, [0, 1, 0, 50].map(Value::Unsigned));
    assert_eq!(gap.read(0, 1), Some(Value::Unsigned(0)));
}

#[test]
fn a_group_ends_after_its_last_metric() {
    assert!(BOARD.metric(1).is_some());
    assert!(BOARD.metric(2).is_none());
    assert!(NOTHING.metric(0).is_none());
}

#[test]
fn a_registry_reads_family_by_family() {
    let instances: Vec<_> = (0..).map_while(|index| REGISTRY.instance(index)).collect();
    let uart = [Some("0"), Some("1")];
    let mut expected = Vec::new();
    for desc in Uart::DESCS {
        expected.extend(uart.map(|uart| (desc.name, uart, uart == Some("0"))));
    }
    expected.extend(Board::DESCS.iter().map(|desc| (desc.name, None, true)));
    let read: Vec<_> = instances
        .iter()
        .map(|instance| (instance.desc.name, instance.labels.first().map(|l| l.value), instance.first))
        .collect();
    assert_eq!(read, expected);
    assert_eq!(instances[1].labels, [Label::new("uart", "1")]);

    UART1.received_bytes_total.add(7);
    BOARD.r#type.set(-3);
    assert_eq!(REGISTRY.read(0, 0, 0), Some(Value::Unsigned(0)));
    assert_eq!(REGISTRY.read(1, 0, 0), Some(Value::Unsigned(7)));
    assert_eq!(REGISTRY.read(13, 0, 0), Some(Value::Signed(-3)));
    // Never set, and past the end.
    assert_eq!(REGISTRY.read(8, 0, 0), None);
    assert_eq!(REGISTRY.read(14, 0, 0), None);
}

const BOARD_REVISION: &str = "rev-c";

mod mac {
    pub(crate) fn frames() -> u64 {
        u64::MAX
    }

    pub(crate) struct Clock;

    impl Clock {
        pub(crate) fn millis() -> i64 {
            i64::MIN
        }
    }
}

fn signal() -> Option<i64> {
    static ASKED: Counter = Counter::new();
    ASKED.inc();
    (ASKED.get() > 1).then_some(-54)
}

/// Metrics without a cell, and one cell for a state.
#[derive(Debug, Metrics)]
#[metrics(prefix = "board")]
struct Told {
    /// What this device is.
    #[metric(labels(version = env!("CARGO_PKG_VERSION"), board = BOARD_REVISION, r#type = concat!("a", "b")))]
    build_info: Info,
    /// Frames received.
    #[metric(read = mac::frames)]
    frames_total: CounterFn,
    /// Time since boot.
    #[metric(unit = "seconds", scale = -3, read = <mac::Clock>::millis)]
    uptime_seconds: GaugeFn,
    /// Strength of the last signal, in dBm.
    #[metric(read = signal)]
    signal_dbm: OptionalGaugeFn,
    /// What the line does.
    line: StateSet<Direction>,
    /// What each loss led to.
    verdict: Family<Direction, StateSet<Reason>>,
}

static TOLD: Told = Told::new();
static TOLD_REGISTRY: Registry = registry![TOLD { slot: "0" }];

#[test]
fn an_info_holds_constants() {
    let info = &Told::DESCS[0];
    let labels = [
        Dimension { name: "version", values: &[env!("CARGO_PKG_VERSION")] },
        Dimension { name: "board", values: &["rev-c"] },
        Dimension { name: "type", values: &["ab"] },
    ];
    assert_eq!(
        (info.kind, info.name, info.details.dimensions),
        (Kind::Info, "board_build_info", labels.as_slice())
    );
    assert_eq!((info.cells(), info.children()), (0, 1));
    assert_eq!(TOLD_REGISTRY.read(0, 0, 0), None);
}

#[test]
fn functions_are_asked_when_they_are_read() {
    let numbers: Vec<_> =
        Told::DESCS[1..4].iter().map(|desc| (desc.kind, desc.number, desc.optional)).collect();
    assert_eq!(
        numbers,
        [
            (Kind::Counter, Number::Unsigned, false),
            (Kind::Gauge, Number::Signed, false),
            (Kind::Gauge, Number::Signed, true)
        ]
    );
    assert_eq!(TOLD_REGISTRY.read(1, 0, 0), Some(Value::Unsigned(u64::MAX)));
    assert_eq!(TOLD_REGISTRY.read(2, 0, 0), Some(Value::Signed(i64::MIN)));
    assert_eq!(TOLD_REGISTRY.read(3, 0, 0), None);
    assert_eq!(TOLD_REGISTRY.read(3, 0, 0), Some(Value::Signed(-54)));
    assert_eq!([TOLD_REGISTRY.read(1, 1, 0), TOLD_REGISTRY.read(1, 0, 1)], [None, None]);
    // Nothing of an info or a function stands in the group: two cells of the family, one of the line.
    assert_eq!(size_of::<Told>(), 12);
}

#[test]
fn a_state_set_takes_its_states_from_an_enum() {
    let [.., line, verdict] = Told::DESCS else { panic!("six metrics") };
    assert_eq!(
        (line.kind, line.details.states, line.details.dimensions),
        (Kind::StateSet, ["receive", "transmit"].as_slice(), &[][..])
    );
    assert_eq!(verdict.details.states, ["crc", "FIFO full", "i2c_timeout"]);
    assert_eq!(verdict.details.dimensions, Direction::DIMENSIONS);

    assert_eq!(TOLD.line.get(), Direction::Receive);
    TOLD.line.set(Direction::Transmit);
    assert_eq!(
        (TOLD.line.get(), TOLD_REGISTRY.read(4, 0, 0)),
        (Direction::Transmit, Some(Value::Unsigned(1)))
    );
    TOLD.verdict.at(Direction::Transmit).set(Reason::I2CTimeout);
    assert_eq!(TOLD.verdict.at(Direction::Receive).get(), Reason::Crc);
    let cells = [0, 1, 2].map(|child| TOLD_REGISTRY.read(5, child, 0));
    assert_eq!(cells, [Some(Value::Unsigned(0)), Some(Value::Unsigned(2)), None]);
}

#[test]
fn a_timer_observes_into_the_family_of_its_group() {
    static UART: Uart = Uart::new();
    static NOW: Counter = Counter::new();
    let now = || NOW.get() as u32;
    {
        let _timer = UART.interrupt_seconds().start(now);
        NOW.add(4);
    }
    let timer = UART.gap_seconds().at(Direction::Receive).start(now);
    NOW.add(60);
    assert_eq!(timer.stop(), 60);
    UART.gap_seconds().at(Direction::Receive).observe_n(5, 3);
    assert_eq!((UART.interrupt_seconds.count(), UART.interrupt_seconds.sum()), (1, 4));
    let gaps = UART.gap_seconds.at(Direction::Receive);
    assert_eq!((gaps.count(), gaps.sum()), (4, 75));
}
