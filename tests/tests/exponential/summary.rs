//! Summaries against exact quantiles, on the page, and through frames.

use std::collections::VecDeque;
use std::time::Duration;

use narthex::instrument::{Instrument as _, Quantiles, Summary};
use narthex::text::Format;
use narthex::transport::Reporter;
use narthex::wire::Identity;
use narthex::{Family, LabelSet, Metrics, Registry, WithDistributions, registry};
use narthex_tests::host::Host;
use narthex_tests::random::Random;

use super::page;

struct Four;

impl Quantiles for Four {
    const MILLIONTHS: &'static [u32] = &[0, 500_000, 990_000, 1_000_000];
    const SECONDS: u32 = 50;
}

#[derive(Clone, Copy, LabelSet)]
enum Side {
    Left,
    Right,
}

/// A pump.
#[derive(Metrics)]
#[metrics(prefix = "pump")]
struct Pump {
    /// Time of a turn.
    #[metric(unit = "seconds", scale = -3)]
    turn_seconds: Family<Side, Summary<Four, 64, 5>>,
}

/// As `client_golang` has it for fewer than 500 values: the ⌈nq⌉-th smallest.
fn exact(values: &mut [u32], millionths: u32) -> u32 {
    values.sort_unstable();
    let rank = (values.len() as u64 * u64::from(millionths)).div_ceil(1_000_000).max(1);
    values[usize::try_from(rank).unwrap() - 1]
}

/// The factor from a bucket to the next at this many halvings, of 16 an octave.
fn factor(halvings: u32) -> f64 {
    2f64.powf(f64::from(1u32 << halvings) / 16.0)
}

/// How often 16 buckets an octave must be halved, that so many buckets hold what these values span.
fn halvings(values: &[u32], buckets: f64) -> u32 {
    let (low, high) = values
        .iter()
        .filter(|value| **value > 0)
        .fold((u32::MAX, 1), |(low, high), value| (low.min(*value), high.max(*value)));
    let octaves = (f64::from(high) / f64::from(low.min(high))).log2();
    // A span of so many steps may touch one bucket more at each end.
    (0..9).find(|halvings| octaves * 16.0 / f64::from(1 << halvings) + 2.0 <= buckets).unwrap_or(8)
}

#[test]
fn quantiles_are_as_near_as_is_said() {
    let mut random = Random(3);
    for round in 0..300u32 {
        let summary = Summary::<Four, 64, 5>::new();
        let mut window = VecDeque::new();
        let (mut all, mut sum) = (0u64, 0u64);
        let mut second = 0;
        for _ in 0..12 {
            let mut age = Vec::new();
            for _ in 0..random.below(60) {
                // All alike; two far apart; evenly; by magnitude; one in a hundred far away; zeros.
                let value = match round % 6 {
                    0 => 1_000 + round,
                    1 => [3, 4_000_000_000][random.below(2)],
                    2 => random.below(5_000) as u32,
                    3 => (random.bits() >> (32 + random.below(32))) as u32,
                    4 => {
                        if random.happens(10) {
                            u32::MAX
                        } else {
                            700 + random.below(9) as u32
                        }
                    }
                    _ => random.below(3) as u32,
                };
                summary.observe(value);
                age.push(value);
                all += 1;
                sum += u64::from(value);
            }
            window.push_back(age);
            while window.len() > 5 {
                window.pop_front();
            }
            let mut values: Vec<u32> = window.iter().flatten().copied().collect();
            for quantile in [0, 1, 250_000, 500_000, 900_000, 999_999, 1_000_000] {
                let told = summary.quantile(quantile);
                if values.is_empty() {
                    assert_eq!(told, None);
                    continue;
                }
                let (told, exact) = (f64::from(told.unwrap()), f64::from(exact(&mut values, quantile)));
                let worst = window.iter().map(|age| halvings(age, 64.0)).max().unwrap();
                let most = exact * (factor(worst) - 1.0) / 2.0 + 0.5;
                assert!((told - exact).abs() <= most, "{told} for {exact} ± {most}, round {round}");
            }
            second += 10;
            summary.tick(Duration::from_secs(second));
            window.push_back(Vec::new());
            while window.len() > 5 {
                window.pop_front();
            }
            // The age that was begun is the one that is filled next.
            window.pop_back();
        }
        assert_eq!((summary.count(), summary.sum()), (all, sum));
        summary.tick(Duration::from_secs(second + 1_000));
        assert_eq!(summary.quantile(500_000), None);
        summary.tick(Duration::from_secs(3));
        summary.reset();
        assert_eq!((summary.count(), summary.sum()), (0, 0));
    }
}

#[test]
fn the_page_and_the_gateway_say_the_same() {
    static PUMP: Pump = Pump::new();
    static REGISTRY: Registry<WithDistributions> = registry![PUMP { site: "b2" }];
    for millis in [100, 100, 250, 0] {
        PUMP.turn_seconds.at(Side::Left).observe(millis);
    }
    let text = "\
# HELP pump_turn_seconds Time of a turn.
# TYPE pump_turn_seconds summary
pump_turn_seconds{site=\"b2\",side=\"left\",quantile=\"0\"} 0
pump_turn_seconds{site=\"b2\",side=\"left\",quantile=\"0.5\"} 0.101
pump_turn_seconds{site=\"b2\",side=\"left\",quantile=\"0.99\"} 0.251
pump_turn_seconds{site=\"b2\",side=\"left\",quantile=\"1\"} 0.251
pump_turn_seconds_sum{site=\"b2\",side=\"left\"} 0.45
pump_turn_seconds_count{site=\"b2\",side=\"left\"} 4
pump_turn_seconds{site=\"b2\",side=\"right\",quantile=\"0\"} NaN
pump_turn_seconds{site=\"b2\",side=\"right\",quantile=\"0.5\"} NaN
pump_turn_seconds{site=\"b2\",side=\"right\",quantile=\"0.99\"} NaN
pump_turn_seconds{site=\"b2\",side=\"right\",quantile=\"1\"} NaN
pump_turn_seconds_sum{site=\"b2\",side=\"right\"} 0
pump_turn_seconds_count{site=\"b2\",side=\"right\"} 0
";
    assert_eq!(page(&REGISTRY, Format::Text, 90), text);
    assert!(page(&REGISTRY, Format::OpenMetrics, 90).contains("quantile=\"1.0\"} 0.251\n"));
    let (mut host, mut random) = (Host::new(), Random(1));
    let identity = Identity { device: "pump-3", firmware: "1" };
    let mut last = [0; REGISTRY.cells()];
    let mut reporter = Reporter::new(&REGISTRY, identity, 1).with_memory(&mut last);
    for second in 1..30 {
        let time = Duration::from_secs(second * 3);
        PUMP.turn_seconds.at(Side::Left).tick(time);
        if random.happens(400) {
            PUMP.turn_seconds.at(Side::Left).observe(random.below(100_000) as u32);
        }
        host.at(time);
        reporter.begin(time);
        let mut buf = [0; 64];
        while let Some(frame) = reporter.frame(&mut buf).unwrap() {
            host.feed(frame, &mut random);
        }
        if second > 8 {
            for format in [Format::Text, Format::OpenMetrics] {
                host.agrees("pump-3", &page(&REGISTRY, format, 400), format).unwrap();
            }
        }
    }
}
