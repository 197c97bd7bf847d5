//! Numbers as text: exact decimals from scaled integers, and Go's shortest form for bounds and floats.

use super::{Format, Out};
use crate::model::{Scale, Value};

/// Writes a value. Returns whether it could: floats need features `f32` or `f64`.
pub fn value(out: &mut Out<'_>, format: Format, value: Value, scale: Scale) -> bool {
    match value {
        Value::Unsigned(n) => decimal(out, n, scale),
        Value::Signed(n) => {
            if n < 0 {
                out.byte(b'-');
            }
            decimal(out, n.unsigned_abs(), scale);
        }
        Value::F32(x) => return float::single(out, format, x),
        Value::F64(x) => return float::double(out, format, x),
    }
    true
}

/// Writes `n` times ten to the power of `scale` as a plain decimal: exact, without an exponent, without trailing
/// zeros behind the point.
pub fn decimal(out: &mut Out<'_>, n: u64, scale: Scale) {
    plain(out, n, i32::from(scale.exponent()));
}

/// Writes an upper bound as the value of an `le` label: the canonical form of the number
/// (OpenMetrics 1.0, "Considerations: Canonical Numbers"), which is Go's shortest form (`0.005`, `1e-06`), in
/// OpenMetrics with `.0` behind what would look like an integer.
pub fn bound(out: &mut Out<'_>, format: Format, bound: u64, scale: Scale) {
    let (mut wide, mut digits) = (bound, 1);
    while wide > u64::from(u32::MAX) {
        wide = tenth(wide);
        digits += 1;
    }
    let mut rest = wide as u32;
    while rest > 9 {
        rest /= 10;
        digits += 1;
    }
    shortest(out, format, bound, digits, i32::from(scale.exponent()));
}

/// Writes `n`, which has so many digits, times ten to the power of `exponent` as Go's `%g` with shortest precision does:
/// with an exponent if that of the first digit is below −4 or above 5.
fn shortest(out: &mut Out<'_>, format: Format, n: u64, digits: i32, exponent: i32) {
    let behind_first = digits - 1;
    let first = behind_first + exponent;
    if n == 0 || (-4..6).contains(&first) {
        if !plain(out, n, exponent) && format == Format::OpenMetrics {
            out.str(".0");
        }
        return;
    }
    plain(out, n, -behind_first);
    out.str(if first < 0 { "e-" } else { "e+" });
    let first = first.unsigned_abs();
    if first < 10 {
        out.byte(b'0');
    }
    plain(out, u64::from(first), 0);
}

/// Writes `n` times ten to the power of `exponent` without an exponent and without trailing zeros behind the point.
/// Returns whether there is a point.
fn plain(out: &mut Out<'_>, n: u64, exponent: i32) -> bool {
    // From the last character to the first. So many digits stand behind the point; of those, zeros at the end are left
    // out.
    let (start, mut rest, mut behind, mut point) = (out.len(), n, -exponent, false);
    loop {
        let digit = take_digit(&mut rest);
        if behind <= 0 || digit > b'0' || out.len() > start {
            out.byte(digit);
        }
        behind -= 1;
        if behind == 0 && out.len() > start {
            out.byte(b'.');
            point = true;
        }
        if rest == 0 && behind < 0 {
            break;
        }
    }
    out.reverse(start);
    if n > 0 {
        (0..exponent).for_each(|_| out.byte(b'0'));
    }
    point
}

/// Takes the last digit off `n`, as the core does it best.
fn take_digit(n: &mut u64) -> u8 {
    let all = *n;
    *n = if cfg!(target_pointer_width = "64") { all / 10 } else { tenth(all) };
    b'0' + (all - *n * 10) as u8
}

/// A tenth, rounded down: the upper half of the product with 2^67 / 10, rounded up. Compilers make that of a division by
/// a constant where there is a multiplication of that width (T. Granlund, P. Montgomery, Division by Invariant Integers
/// using Multiplication, 1994), and else call a function for it.
const fn tenth(n: u64) -> u64 {
    const HIGH: u64 = 0xcccc_cccc;
    const LOW: u64 = 0xcccc_cccd;
    const MASK: u64 = 0xffff_ffff;
    if n <= MASK {
        return (n as u32 / 10) as u64;
    }
    let (high, low) = (n >> 32, n & MASK);
    let middle = high * LOW + ((low * LOW) >> 32);
    let carry = low * HIGH + (middle & MASK);
    (high * HIGH + (middle >> 32) + (carry >> 32)) >> 3
}

#[cfg(feature = "f32")]
mod float {
    use super::{Format, Out, shortest};

    pub(super) fn single(out: &mut Out<'_>, format: Format, x: f32) -> bool {
        number(out, format, x.is_nan(), x.is_infinite(), x < 0.0, zmij::Buffer::new().format(x.abs()));
        true
    }

    #[cfg(feature = "f64")]
    pub(super) fn double(out: &mut Out<'_>, format: Format, x: f64) -> bool {
        number(out, format, x.is_nan(), x.is_infinite(), x < 0.0, zmij::Buffer::new().format(x.abs()));
        true
    }

    #[cfg(not(feature = "f64"))]
    pub(super) fn double(_: &mut Out<'_>, _: Format, _: f64) -> bool {
        false
    }

    /// Lays out the shortest digits that `zmij` has found the way Go does.
    fn number(out: &mut Out<'_>, format: Format, nan: bool, infinite: bool, negative: bool, text: &str) {
        if nan {
            return out.str("NaN");
        }
        if infinite {
            return out.str(if negative { "-Inf" } else { "+Inf" });
        }
        if negative {
            out.byte(b'-');
        }
        // `12.5`, `1e-7`, `1.25e+20`: the digits as a number, and by what power of ten it is too large.
        let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
        let (mut n, mut digits) = (0u64, 0);
        let (mut exponent, mut behind_point) = (exponent.parse().unwrap_or(0), false);
        for byte in mantissa.bytes() {
            if byte == b'.' {
                behind_point = true;
                continue;
            }
            // All but zeros fits: a float has seventeen digits at most.
            match n.checked_mul(10).and_then(|n| n.checked_add(u64::from(byte - b'0'))) {
                Some(longer) => {
                    n = longer;
                    digits += i32::from(n > 0);
                    exponent -= i32::from(behind_point);
                }
                None => exponent += i32::from(!behind_point),
            }
        }
        shortest(out, format, n, digits, exponent);
    }
}

#[cfg(not(feature = "f32"))]
mod float {
    use super::{Format, Out};

    pub(super) fn single(_: &mut Out<'_>, _: Format, _: f32) -> bool {
        false
    }

    pub(super) fn double(_: &mut Out<'_>, _: Format, _: f64) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::{String, ToString};

    fn text(write: impl FnOnce(&mut Out<'_>)) -> String {
        let mut buf = [0; 64];
        let mut out = Out::new(&mut buf);
        write(&mut out);
        String::from_utf8(out.written().to_vec()).unwrap()
    }

    fn scaled(n: u64, exponent: i8) -> String {
        text(|out| decimal(out, n, Scale::new(exponent)))
    }

    fn le(n: u32, exponent: i8) -> String {
        text(|out| bound(out, Format::Text, n.into(), Scale::new(exponent)))
    }

    #[test]
    fn decimals_are_exact() {
        for n in [0, 7, 10, 9_999, 10_000, u64::from(u32::MAX), 1 << 32, 1 << 53, (1 << 53) + 1, u64::MAX] {
            assert_eq!(scaled(n, 0), n.to_string());
        }
        assert_eq!(scaled(1_500_000, -6), "1.5");
        assert_eq!(scaled(1_000_000, -6), "1");
        assert_eq!(scaled(1, -6), "0.000001");
        assert_eq!(scaled(2150, -2), "21.5");
        assert_eq!(scaled(0, -6), "0");
        assert_eq!(scaled(0, 6), "0");
        assert_eq!(scaled(12, 3), "12000");
        assert_eq!(scaled(u64::MAX, -18), "18.446744073709551615");
        assert_eq!(scaled(u64::MAX, 18), "18446744073709551615000000000000000000");
        assert_eq!(
            text(|out| assert!(value(out, Format::Text, Value::Signed(-305), Scale::new(-1)))),
            "-30.5"
        );
        assert_eq!(
            text(|out| assert!(value(out, Format::Text, Value::Signed(i64::MIN), Scale::ONE))),
            i64::MIN.to_string()
        );
    }

    #[test]
    fn the_tenth_by_multiplication_is_that_by_division() {
        // Both sides of multiples of ten at every height, and of the words' edges.
        for shift in 0..64 {
            let near = u64::MAX >> shift;
            for n in [near, near / 10 * 10, near / 7, near / 3 + 1]
                .into_iter()
                .flat_map(|n| [n, n.wrapping_sub(1)])
            {
                assert_eq!(tenth(n), n / 10, "{n}");
            }
        }
        let mut n = 1u64;
        for _ in 0..100_000 {
            n = n.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            assert_eq!(tenth(n), n / 10, "{n}");
        }
    }

    #[test]
    fn bounds_are_canonical() {
        assert_eq!(le(1, -6), "1e-06");
        assert_eq!(le(50, -6), "5e-05");
        assert_eq!(le(100, -6), "0.0001");
        assert_eq!(le(125, -6), "0.000125");
        assert_eq!(le(12, -7), "1.2e-06");
        assert_eq!(le(5, -3), "0.005");
        assert_eq!(le(2500, -3), "2.5");
        assert_eq!(le(123_456, 0), "123456");
        assert_eq!(le(1_000_000, 0), "1e+06");
        assert_eq!(le(1_234_567, 0), "1.234567e+06");
        assert_eq!(le(10, 12), "1e+13");
        assert_eq!(le(0, -3), "0");
        let open = |n, e| text(|out| bound(out, Format::OpenMetrics, n, Scale::new(e)));
        assert_eq!(open(1, 0), "1.0");
        assert_eq!(open(0, 0), "0.0");
        assert_eq!(open(100, -1), "10.0");
        assert_eq!(open(5, -1), "0.5");
        assert_eq!(open(1_000_000, 0), "1e+06");
    }

    #[cfg(feature = "f64")]
    #[test]
    fn floats_follow_go() {
        let f64_text = |x: f64| text(|out| assert!(value(out, Format::Text, Value::F64(x), Scale::ONE)));
        let f32_text = |x: f32| text(|out| assert!(value(out, Format::Text, Value::F32(x), Scale::ONE)));
        for (x, want) in [
            (0.0, "0"),
            (-0.0, "0"),
            (1.0, "1"),
            (-1.5, "-1.5"),
            (36.6, "36.6"),
            (123_456.0, "123456"),
            (1e6, "1e+06"),
            (1_234_567.0, "1.234567e+06"),
            (0.0001, "0.0001"),
            (0.000_01, "1e-05"),
            (1e100, "1e+100"),
            (5e-324, "5e-324"),
            (f64::MAX, "1.7976931348623157e+308"),
            (f64::NAN, "NaN"),
            (f64::INFINITY, "+Inf"),
            (f64::NEG_INFINITY, "-Inf"),
        ] {
            assert_eq!(f64_text(x), want);
        }
        assert_eq!(f32_text(36.6), "36.6");
        assert_eq!(f32_text(f32::MIN_POSITIVE), "1.1754944e-38");
        let open = |x: f64| text(|out| assert!(value(out, Format::OpenMetrics, Value::F64(x), Scale::ONE)));
        assert_eq!(
            (open(1.0), open(0.5), open(0.0), open(1e6)),
            ("1.0".into(), "0.5".into(), "0.0".into(), "1e+06".into())
        );
    }
}
