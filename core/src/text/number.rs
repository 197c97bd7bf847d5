//! Numbers as text: exact decimals from scaled integers, and Go's shortest form for bounds and floats.

use super::{Format, Out};
use crate::model::{Scale, Value};

/// Most digits of a `u64`.
const MAX_DIGITS: usize = 20;
/// Digits that one division splits off a number of more than 32 bits.
const GROUP: u32 = 10_000;

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
    let mut text = [0; MAX_DIGITS];
    let digits = digits(&mut text, n);
    let exponent = if n == 0 { 0 } else { i32::from(scale.exponent()) };
    plain(out, digits, digits.len() as i32 + exponent);
}

/// Writes an upper bound as the value of an `le` label: the canonical form of the number
/// (OpenMetrics 1.0, "Considerations: Canonical Numbers"), which is Go's shortest form (`0.005`, `1e-06`), in
/// OpenMetrics with `.0` behind what would look like an integer.
pub fn bound(out: &mut Out<'_>, format: Format, bound: u32, scale: Scale) {
    let mut text = [0; MAX_DIGITS];
    let digits = digits(&mut text, u64::from(bound));
    let point = digits.len() as i32 + i32::from(scale.exponent());
    shortest(out, format, digits, point);
}

/// Writes 0.`digits` times ten to the power of `point` as Go's `%g` with shortest precision does: with an exponent
/// if it is below −4 or above 5.
fn shortest(out: &mut Out<'_>, format: Format, digits: &[u8], point: i32) {
    let digits = trimmed(digits);
    let exponent = point - 1;
    if digits.is_empty() {
        out.byte(b'0');
    } else if (-4..6).contains(&exponent) {
        plain(out, digits, point);
    } else {
        let (first, rest) = digits.split_at_checked(1).unwrap_or((digits, &[]));
        out.bytes(first);
        if !rest.is_empty() {
            out.byte(b'.');
            out.bytes(rest);
        }
        out.str(if exponent < 0 { "e-" } else { "e+" });
        let exponent = exponent.unsigned_abs();
        if exponent < 10 {
            out.byte(b'0');
        }
        let mut text = [0; MAX_DIGITS];
        out.bytes(self::digits(&mut text, u64::from(exponent)));
        return;
    }
    if format == Format::OpenMetrics && digits.len() as i32 <= point.max(0) {
        out.str(".0");
    }
}

/// Writes 0.`digits` times ten to the power of `point` without an exponent and without trailing zeros behind the
/// point.
fn plain(out: &mut Out<'_>, digits: &[u8], point: i32) {
    let whole = usize::try_from(point).unwrap_or(0);
    let Some((whole_digits, fraction)) = digits.split_at_checked(whole) else {
        out.bytes(digits);
        zeros(out, point - digits.len() as i32);
        return;
    };
    if whole == 0 {
        out.byte(b'0');
    }
    out.bytes(whole_digits);
    let fraction = trimmed(fraction);
    if !fraction.is_empty() {
        out.byte(b'.');
        zeros(out, -point);
        out.bytes(fraction);
    }
}

fn zeros(out: &mut Out<'_>, n: i32) {
    for _ in 0..n {
        out.byte(b'0');
    }
}

/// Without the zeros at the end.
fn trimmed(mut digits: &[u8]) -> &[u8] {
    while let [rest @ .., b'0'] = digits {
        digits = rest;
    }
    digits
}

/// The decimal digits of `n`, at the end of `text`, without leading zeros; `0` has one digit.
fn digits(text: &mut [u8; MAX_DIGITS], mut n: u64) -> &[u8] {
    let mut used = 0;
    // What is left of the group at hand, and of its places.
    let (mut group, mut places) = (0u32, 0u32);
    for place in text.iter_mut().rev() {
        if places == 0 {
            // While it does not fit a machine word: four digits at a time.
            (n, group, places) = match u32::try_from(n) {
                Ok(n) => (0, n, u32::MAX),
                Err(_too_large) => divide(n),
            };
        }
        *place = b'0' + (group % 10) as u8;
        group /= 10;
        places -= 1;
        used += 1;
        if n == 0 && group == 0 {
            break;
        }
    }
    text.get(MAX_DIGITS.saturating_sub(used)..).unwrap_or(&[])
}

/// Quotient and remainder of a number of more than 32 bits by [`GROUP`], as the core does it best, and the digits of
/// the remainder.
fn divide(n: u64) -> (u64, u32, u32) {
    let (quotient, remainder) =
        if cfg!(target_pointer_width = "64") { divide_wide(n) } else { divide_narrow(n) };
    (quotient, remainder, 4)
}

const fn divide_wide(n: u64) -> (u64, u32) {
    (n / GROUP as u64, (n % GROUP as u64) as u32)
}

/// Divides 16 bits at a time, with the instruction that 32-bit cores have, where the compiler would link a 64-bit
/// division.
const fn divide_narrow(n: u64) -> (u64, u32) {
    let (high, low) = ((n >> 32) as u32, n as u32);
    let middle = ((high % GROUP) << 16) | (low >> 16);
    let last = ((middle % GROUP) << 16) | (low & 0xffff);
    let low = ((middle / GROUP) << 16) | (last / GROUP);
    ((((high / GROUP) as u64) << 32) | low as u64, last % GROUP)
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
        // `12.5`, `1e-7`, `1.25e+20`: collect the digits and where the point stands.
        let mut digits = [0u8; 24];
        let (mut used, mut point, mut seen_point) = (0usize, 0i32, false);
        let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
        for byte in mantissa.bytes() {
            if byte == b'.' {
                seen_point = true;
                continue;
            }
            if used == 0 && byte == b'0' {
                // A leading zero is no digit; behind the point it moves the point.
                point -= i32::from(seen_point);
                continue;
            }
            if let Some(place) = digits.get_mut(used) {
                *place = byte;
                used += 1;
            }
            point += i32::from(!seen_point);
        }
        point += exponent.parse::<i32>().unwrap_or(0);
        shortest(out, format, digits.get(..used).unwrap_or(&[]), point);
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
        text(|out| bound(out, Format::Text, n, Scale::new(exponent)))
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
    fn narrow_division_agrees_with_the_wide_one() {
        for n in [0, 9_999, 10_000, 655_350_000, u64::from(u32::MAX), 1 << 48, u64::MAX - 1, u64::MAX] {
            assert_eq!(divide_narrow(n), divide_wide(n));
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
