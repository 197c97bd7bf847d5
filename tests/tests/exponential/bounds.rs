//! Bounds and indices against arbitrary precision, and against the floats of `client_golang`.

use narthex::model::{Cells as _, Exponential, Grid, Scale, Value, Window};
use narthex::{ExponentialHistogram, SignedExponentialHistogram};
use narthex_tests::random::Random;
use num_bigint::BigUint;

/// A grid made at run time.
fn grid(schema: i8, scale: i8) -> &'static [u32] {
    macro_rules! table {
        ($($schema:literal)*) => {
            match schema {
                $($schema => Grid::table::<{ Grid::words($schema) }>(Scale::new(scale), 16).to_vec(),)*
                _ => panic!("no such schema"),
            }
        };
    }
    table!(0 1 2 3 4 5 6 7 8).leak()
}

fn ten(power: i8) -> BigUint {
    BigUint::from(10u32).pow(u32::from(power.unsigned_abs()))
}

/// Whether `value` · 2^`shift` times ten to the power of `scale` is at or below 2^(`index` / 2^`schema`), by integers alone.
fn is_not_above(value: &BigUint, shift: i32, scale: i8, index: i32, schema: i8) -> bool {
    let (mut left, mut right) = (value.clone(), BigUint::from(1u32));
    if scale < 0 {
        right *= ten(scale);
    } else {
        left *= ten(scale);
    }
    // Both sides to the power of 2^schema; at a negative schema it is the bound that has a power.
    let (power, bound) = if schema >= 0 { (1u32 << schema, index) } else { (1, index << -schema) };
    let (left, right) = (left.pow(power), right.pow(power));
    let twos = bound - shift * i32::try_from(power).unwrap();
    if twos >= 0 { left <= right << twos } else { left << -twos <= right }
}

/// All 64 bits of every bound of an octave are those of the exact number, rounded down: at every schema and every scale.
/// The bounds of other octaves are the same, shifted, and rounding down twice is rounding down once.
#[test]
fn every_bound_is_exact_to_the_last_bit() {
    for schema in 0..=Grid::MAX_SCHEMA {
        for scale in -Scale::MAX..=Scale::MAX {
            let words = grid(schema, scale);
            let grid = Grid::new(words).unwrap();
            for place in 0..1 << schema {
                // The octave of 2^63: all bits stand in front of the point.
                let index = grid.offset() + (63 << schema) + place;
                let bits = BigUint::from(grid.threshold(index));
                assert_eq!(bits.bits(), 64);
                assert!(is_not_above(&bits, 0, scale, index, schema), "{index} of {schema} at {scale}");
                assert!(
                    !is_not_above(&(bits + 1u32), 0, scale, index, schema),
                    "{index} of {schema} at {scale}"
                );
            }
        }
    }
}

fn unsigned(value: Option<Value>) -> u64 {
    match value {
        Some(Value::Unsigned(n)) => n,
        other => panic!("{other:?}"),
    }
}

/// The schema, and the one bucket of a histogram of sixteen in which something is.
fn bucket(histogram: &dyn narthex::model::Cells, finest: i8, rings: usize, ring: usize) -> (i8, i32) {
    let window = Window::unpack(unsigned(histogram.read(0, Exponential::window(16, rings, ring))), 16);
    let count =
        |place: usize| unsigned(histogram.read(0, Exponential::ring(16, ring) + (window.cell + place) % 16));
    let place = (0..16).find(|place| count(*place) > 0).expect("an observation");
    let halvings = i8::try_from(window.halvings).unwrap();
    (finest - halvings, window.first + i32::try_from(place).unwrap())
}

/// Every bound, the integers beside it, and values at random are in the bucket that arbitrary precision says, of any
/// resolution: whatever the histogram begins with and however far it has been merged.
#[test]
fn observations_stand_where_arbitrary_precision_has_them() {
    let mut random = Random(5);
    for scale in [-9, -6, -3, -1, 0, 2] {
        for finest in 0..=Grid::MAX_SCHEMA {
            let words = grid(finest, scale);
            let grid = Grid::new(words).unwrap();
            let octaves = if finest > 4 { 1 } else { 64 };
            let start = i32::try_from(random.below(64)).unwrap() % (65 - octaves);
            let bounds = (start << finest)..((start + octaves) << finest);
            let near = bounds.step_by(if finest > 6 { 7 } else { 1 }).flat_map(|place| {
                let threshold = grid.threshold(grid.offset() + place);
                [threshold.saturating_sub(1), threshold, threshold.saturating_add(1)]
            });
            let values: Vec<u64> = near.chain((0..30).map(|_| random.wide() >> random.below(64))).collect();
            for value in values.into_iter().filter(|value| *value > 0) {
                let histogram = ExponentialHistogram::<16>::new();
                // Merged as far as these two take it, which are taken out of sight by being alike.
                histogram.with(words).observe_u64(value);
                let (schema, index) = bucket(&histogram, finest, 1, 0);
                let exact = BigUint::from(value);
                assert_eq!(schema, finest);
                assert!(is_not_above(&exact, 0, scale, index, schema), "{value} {scale} {schema}");
                assert!(!is_not_above(&exact, 0, scale, index - 1, schema), "{value} {scale} {schema}");
                if let Ok(short) = u32::try_from(value) {
                    let narrow = ExponentialHistogram::<16>::new();
                    narrow.with(words).observe(short);
                    assert_eq!(bucket(&narrow, finest, 1, 0), (schema, index));
                }
                if let Ok(short) = i32::try_from(value) {
                    for (value, ring) in [(short, 0), (-short, 1)] {
                        let signed = SignedExponentialHistogram::<16>::new();
                        signed.with(words).observe(value);
                        assert_eq!(bucket(&signed, finest, 2, ring), (schema, index));
                    }
                }
            }
        }
    }
}

/// Streams that are merged again and again hold what merging exact indices gives, at every schema down to −4.
#[test]
fn streams_hold_what_exact_indices_merge_to() {
    let mut random = Random(77);
    let mut seen = std::collections::BTreeSet::new();
    for round in 0..600 {
        let scale = [-9, -6, -3, 0, 1][round % 5];
        let finest = (round % 9) as i8;
        let words = grid(finest, scale);
        // From values beside each other to such of any length.
        let (alike, spread) = (1 + round % 14, if round % 3 == 0 { 1 + random.below(63) } else { 1 });
        let center = random.wide();
        let values: Vec<u64> =
            (0..40).map(|_| (center ^ (random.wide() >> alike)) >> random.below(spread)).collect();
        let histogram = ExponentialHistogram::<8>::new();
        let grid8 = {
            let mut words = words.to_vec();
            words[0] = (words[0] & 0xf000_ffff) | 8 << 16;
            words.leak()
        };
        for value in &values {
            histogram.with(grid8).observe_u64(*value);
        }
        let window = Window::unpack(unsigned(histogram.read(0, Exponential::window(8, 1, 0))), 8);
        let schema = finest - i8::try_from(window.halvings).unwrap();
        seen.insert(schema);
        let mut counted = [0; 8];
        for value in &values {
            if *value == 0 {
                continue;
            }
            let exact = BigUint::from(*value);
            let place = (0..8).find(|place| is_not_above(&exact, 0, scale, window.first + place, schema));
            let place = place.expect("a bucket of the window");
            assert!(!is_not_above(&exact, 0, scale, window.first + place - 1, schema), "below the window");
            counted[usize::try_from(place).unwrap()] += 1;
        }
        for (place, count) in counted.into_iter().enumerate() {
            let cell = Exponential::ring(8, 0) + (window.cell + place) % 8;
            assert_eq!(unsigned(histogram.read(0, cell)), count, "round {round}, bucket {place} of {schema}");
        }
    }
    assert_eq!(seen.first(), Some(&Grid::MIN_SCHEMA), "{seen:?}");
    assert!(seen.len() > 8, "{seen:?}");
}

/// `client_golang`'s way to a bucket (`histogram.go`, `observe` and `addToBuckets`): the fraction of the float among the
/// bounds of one octave, which are floats.
fn of_floats(value: f64, schema: i8, bounds: &[f64]) -> i32 {
    let bits = value.to_bits();
    let (exponent, fraction) =
        ((bits >> 52) as i32 - 1022, f64::from_bits((bits & !(0x7ff << 52)) | 1022 << 52));
    if schema > 0 {
        return bounds.partition_point(|bound| *bound < fraction) as i32 + ((exponent - 1) << schema);
    }
    let key = if fraction <= 0.5 { exponent - 1 } else { exponent };
    let offset = (1 << -schema) - 1;
    (key + offset) >> -schema
}

/// What `client_golang` does with the same values as floats of the exposed unit is the same, for the integers on both sides
/// of each bound that 32 bits can hold; whichever way its bounds are rounded to floats, as no integer is so near.
#[test]
fn floats_agree_on_both_sides_of_every_bound() {
    let mut compared = 0;
    for scale in -9..=0 {
        for finest in 0..=Grid::MAX_SCHEMA {
            let words = grid(finest, scale);
            let grid = Grid::new(words).unwrap();
            // Bounds from 0.5 on, as floats: cut off, and the next one.
            let plain = self::grid(finest, 0);
            let plain = Grid::new(plain).unwrap();
            let cut: Vec<f64> = (0..1 << finest)
                .map(|place| {
                    // The upper 53 bits are those of a float from 1 to 2, but for the first.
                    let bits = plain.threshold((63 << finest) + place) >> 11;
                    f64::from_bits((bits & !(1 << 52)) | 1022 << 52)
                })
                .collect();
            let next: Vec<f64> =
                cut.iter().map(|bound| if *bound > 0.5 { bound.next_up() } else { 0.5 }).collect();
            for place in 0..32 << finest {
                let threshold = grid.threshold(grid.offset() + place);
                for value in [threshold, threshold + 1] {
                    let Ok(value) = u32::try_from(value) else { continue };
                    let exposed = f64::from(value) / 10f64.powi(i32::from(-scale));
                    let index = grid.index(value.into());
                    for bounds in [&cut, &next] {
                        assert_eq!(of_floats(exposed, finest, bounds), index, "{value} at {scale}, {finest}");
                    }
                    for coarse in Grid::MIN_SCHEMA..=0 {
                        let merged = ((index - 1) >> (finest - coarse)) + 1;
                        assert_eq!(of_floats(exposed, coarse, &[]), merged, "{value} at {scale}, {coarse}");
                    }
                    compared += 1;
                }
            }
        }
    }
    assert!(compared > 300_000, "{compared}");
}
