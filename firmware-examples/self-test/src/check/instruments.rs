//! Single instruments, at the edges of their words.
#![allow(clippy::float_cmp, reason = "what was stored is what is read")]

use core::time::Duration;

use narthex::instrument::Timer;
use narthex::model::{Cells as _, Value};

use super::subject::{ALL, REGISTRY};
use super::{Made, Outcome, holds};
use narthex::model::Source as _;

/// The carries from the low word of a counter, and what no word holds.
pub(super) fn counter() -> Outcome {
    let events = &ALL.events_total;
    holds!(events.get() == 0);
    events.inc();
    events.add(u32::MAX);
    holds!(events.get() == 1 << 32);
    events.add(0);
    events.add((1 << 28) - 1);
    holds!(events.get() == (1 << 32) + (1 << 28) - 1);
    events.inc();
    holds!(events.get() == (1 << 32) + (1 << 28));
    events.add_u64((5 << 40) + 3);
    holds!(events.get() == (5 << 40) + (1 << 32) + (1 << 28) + 3);
    ALL.energy_joules_total.add(1_234_567);
    holds!(ALL.energy_joules_total.get() == 1_234_567);
    Ok(Made::default())
}

/// It wraps as integers do.
pub(super) fn gauge() -> Outcome {
    let oil = &ALL.oil_celsius;
    oil.set(i32::MAX);
    oil.inc();
    holds!(oil.get() == i32::MIN);
    oil.dec();
    holds!(oil.get() == i32::MAX);
    oil.set(-4_000);
    oil.add(30);
    oil.sub(35);
    holds!(oil.get() == -4_005);
    oil.set_max(-5_000);
    oil.set_min(-3_000);
    holds!(oil.get() == -4_005);
    oil.set_min(-4_217);
    oil.set_max(-4_216);
    holds!(oil.get() == -4_216);
    Ok(Made::default())
}

/// Unset until it is set, and again when it is cleared.
pub(super) fn optional_gauge() -> Outcome {
    let air = &ALL.air_pascals;
    holds!(air.get().is_none());
    air.set(i32::MIN + 1);
    holds!(air.get() == Some(i32::MIN + 1));
    air.clear();
    holds!(air.get().is_none());
    air.set(0);
    holds!(air.get() == Some(0));
    air.add(1_013);
    air.set_max(1_000);
    holds!(air.get() == Some(1_013));
    holds!(ALL.signal_dbm.get().is_none());
    Ok(Made::default())
}

/// Stored as it is; arithmetic in the core's own floats, or in soft ones.
pub(super) fn f32_gauge() -> Outcome {
    let ratio = &ALL.ratio;
    for value in [f32::MIN_POSITIVE, -0.0, f32::MAX, f32::INFINITY] {
        ratio.set(value);
        holds!(ratio.get().to_bits() == value.to_bits());
    }
    ratio.set(f32::NAN);
    holds!(ratio.get().is_nan());
    ratio.set(1.5);
    ratio.add(16_777_216.0);
    ratio.sub(16_777_216.0);
    // To even: the fraction is beyond the last bit.
    holds!(ratio.get() == 2.0);
    ratio.set_max(36.6);
    ratio.set_min(40.0);
    holds!(ratio.get() == 36.6);
    Ok(Made::default())
}

/// Bounds belong to the bucket below them; count and sum go beyond 32 bits.
pub(super) fn histogram() -> Outcome {
    let run = ALL.run_seconds();
    for value in [0, 10, 11, 100, 101, 1_000, 1_001, u32::MAX] {
        run.observe(value);
    }
    run.observe_n(50, u32::MAX);
    let cell = |cell| ALL.run_seconds.read(0, cell);
    let counts = [2, 2 + u64::from(u32::MAX), 2, 2].map(|count| Some(Value::Unsigned(count)));
    holds!([cell(0), cell(1), cell(2), cell(3)] == counts);
    holds!(ALL.run_seconds.count() == 8 + u64::from(u32::MAX));
    holds!(ALL.run_seconds.sum() == 2_223 + 51 * u64::from(u32::MAX));
    holds!(cell(4) == Some(Value::Unsigned(ALL.run_seconds.sum())));
    holds!(cell(5).is_none());
    Ok(Made::default())
}

/// It finds its buckets, and halves its resolution where they are too few.
pub(super) fn exponential_histogram() -> Outcome {
    let interrupt = ALL.interrupt_seconds();
    for value in [0, 1, 2, 3, 1_000, 1_048_576, u32::MAX] {
        interrupt.observe(value);
    }
    interrupt.observe_n(5, u32::MAX);
    interrupt.observe(5);
    let (count, sum) = (ALL.interrupt_seconds.count(), ALL.interrupt_seconds.sum());
    holds!(count == 8 + u64::from(u32::MAX));
    holds!(sum == 1_049_587 + 6 * u64::from(u32::MAX));
    let offset = ALL.offset_seconds();
    for value in [-1_000, 0, 10, i32::MIN, i32::MAX, -1] {
        offset.observe(value);
    }
    holds!(ALL.offset_seconds.count() == 6);
    holds!(ALL.offset_seconds.sum() == -992);
    Ok(Made::default())
}

/// What is old counts no more for quantiles, and for ever for the count.
pub(super) fn summary() -> Outcome {
    let answer = &ALL.answer_seconds;
    answer.observe_n(u32::MAX, 3);
    holds!(answer.quantile(500_000).is_some_and(|median| median > u32::MAX / 2));
    answer.tick(Duration::from_secs(700));
    holds!(answer.quantile(500_000).is_none());
    (96..=104).for_each(|value| answer.observe(value));
    // Two per cent, and half a unit.
    holds!(answer.quantile(500_000).is_some_and(|median| (97..=103).contains(&median)));
    holds!((answer.count(), answer.sum()) == (12, 900 + 3 * u64::from(u32::MAX)));
    holds!(ALL.silence_seconds.quantile(990_000).is_none());
    Ok(Made::default())
}

/// Observes when it ends, however it ends; the counter of its ticks may come round.
pub(super) fn timer() -> Outcome {
    let now = core::cell::Cell::new(u32::MAX - 2);
    let start = || ALL.wait_seconds().start(|| now.get());
    let (first, second, third) = (start(), start(), start());
    now.set(2);
    holds!(first.stop() == 5);
    second.discard();
    now.set(4);
    holds!(Timer::elapsed(&third) == 7);
    drop(third);
    holds!((ALL.wait_seconds.count(), ALL.wait_seconds.sum()) == (2, 12));
    holds!(ALL.wait_seconds.read(0, 0) == Some(Value::Unsigned(1)));
    Ok(Made::default())
}

/// Asked when they are read.
pub(super) fn functions() -> Outcome {
    let read = |name| {
        let named = |index: &usize| REGISTRY.instance(*index).is_some_and(|it| it.desc.name == name);
        (0..64).find(named).map(|index| REGISTRY.read(index, 0, 0))
    };
    holds!(read("test_frames_total") == Some(Some(Value::Unsigned((1 << 40) + 7))));
    holds!(read("test_supply_volts") == Some(Some(Value::Signed(3_300))));
    holds!(read("test_absent") == Some(None));
    Ok(Made::default())
}
