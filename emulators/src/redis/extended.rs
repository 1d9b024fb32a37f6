//! The 80-bit floating point numbers that `INCRBYFLOAT` reckons with, in software.
//!
//! Redis adds in C's `long double`, which on x86-64 has 64 bits of mantissa, and prints 17 digits after the point: with
//! an `f64`, `10.5 + 0.1` would print as `10.59999999999999964`. Only what the command needs is here: reading, adding,
//! printing. Every step is exact, then rounded once, half to even, as the hardware and the C library do.

/// The largest exponent of two of a finite number whose mantissa is a 64-bit integer.
const MAX_EXPONENT: i64 = 16_383 - 63;
/// The smallest, of numbers that are denormal.
const MIN_EXPONENT: i64 = -16_445;
/// Beyond this exponent, either way, no mantissa that can be written in a request is finite, or more than zero.
const FAR_EXPONENT: i64 = 80_000;
/// The digits after the point that are printed.
const FRACTION_DIGITS: usize = 17;
/// The longest text that is read, in bytes: Redis's `MAX_LONG_DOUBLE_CHARS`.
const MAX_TEXT_BYTES: usize = 5 * 1024;
/// Beyond this power of ten, either way, a number is infinite or zero, whatever its digits are.
const MAX_POWER_OF_TEN: i64 = 12_000;

/// A number, or an infinity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extended {
    /// Too large.
    Infinite {
        /// Below zero.
        is_negative: bool,
    },
    /// `±mantissa × 2^exponent`
    Finite {
        /// Below zero.
        is_negative: bool,
        /// An integer of 64 bits.
        mantissa: u64,
        /// A power of two.
        exponent: i64,
    },
}

impl Extended {
    /// Reads what `strtold` takes whole. Neither `nan`, nor what is too large, nor what is too near to zero to be told
    /// from it, is a number; `inf` is.
    #[must_use]
    pub fn parse(text: &[u8]) -> Option<Self> {
        if text.len() >= MAX_TEXT_BYTES {
            return None;
        }
        let (is_negative, rest) = match text.split_first()? {
            (b'-', rest) => (true, rest),
            (b'+', rest) => (false, rest),
            _ => (false, text),
        };
        if rest.eq_ignore_ascii_case(b"inf") || rest.eq_ignore_ascii_case(b"infinity") {
            return Some(Self::Infinite { is_negative });
        }
        let (magnitude, is_zero) = match rest {
            [b'0', b'x' | b'X', hexadecimal @ ..] => parse_hexadecimal(hexadecimal)?,
            decimal => parse_decimal(decimal)?,
        };
        match magnitude {
            Self::Finite { mantissa: 0, .. } if !is_zero => None,
            Self::Finite { mantissa, exponent, .. } => Some(Self::Finite {
                is_negative,
                mantissa,
                exponent,
            }),
            Self::Infinite { .. } => None,
        }
    }

    /// The sum; `None` where it is not finite.
    #[must_use]
    pub fn add(self, other: Self) -> Option<Self> {
        let (
            Self::Finite {
                is_negative: a_negative,
                mantissa: a,
                exponent: a_exponent,
            },
            Self::Finite {
                is_negative: b_negative,
                mantissa: b,
                exponent: b_exponent,
            },
        ) = (self, other)
        else {
            return None;
        };
        let exponent = a_exponent.min(b_exponent);
        let mut left = Natural::from(a).shifted_left(a_exponent - exponent);
        let mut right = Natural::from(b).shifted_left(b_exponent - exponent);
        let is_negative = if a_negative == b_negative {
            left.add(&right);
            a_negative
        } else if left.is_less_than(&right) {
            right.subtract(&left);
            left = right;
            b_negative
        } else {
            left.subtract(&right);
            a_negative && !left.is_zero()
        };
        match round(&left, exponent, false) {
            Self::Finite { mantissa, exponent, .. } => Some(Self::Finite {
                is_negative,
                mantissa,
                exponent,
            }),
            Self::Infinite { .. } => None,
        }
    }

    /// As `%.17Lf` prints it, without the zeros at its end.
    #[must_use]
    pub fn print(self) -> String {
        let Self::Finite {
            is_negative,
            mantissa,
            exponent,
        } = self
        else {
            return "inf".to_owned(); // never an answer: see `add`
        };
        let mut scaled = Natural::from(mantissa);
        for _ in 0..FRACTION_DIGITS {
            scaled.multiply(10);
        }
        let digits = if exponent >= 0 {
            scaled.shifted_left(exponent)
        } else {
            scaled.shifted_right_to_even(exponent.unsigned_abs(), false)
        }
        .decimal();
        let digits = format!("{digits:0>width$}", width = FRACTION_DIGITS + 1);
        let (whole, fraction) = digits.split_at(digits.len() - FRACTION_DIGITS);
        let fraction = fraction.trim_end_matches('0');
        let sign = if is_negative { "-" } else { "" };
        let point = if fraction.is_empty() { "" } else { "." };
        match format!("{sign}{whole}{point}{fraction}") {
            zero if zero == "-0" => "0".to_owned(),
            text => text,
        }
    }
}

impl From<i64> for Extended {
    fn from(number: i64) -> Self {
        Self::Finite {
            is_negative: number < 0,
            mantissa: number.unsigned_abs(),
            exponent: 0,
        }
    }
}

/// Reads `12.5e-3`. Also says whether all its digits are zero.
fn parse_decimal(text: &[u8]) -> Option<(Extended, bool)> {
    let (digits, fraction, rest) = split_digits(text, u8::is_ascii_digit)?;
    let power = parse_power(rest, b'e')?.saturating_sub(fraction);
    let mut number = Natural::default();
    for digit in &digits {
        number.multiply(10);
        number.add_small(u32::from(digit - b'0'));
    }
    let is_zero = number.is_zero();
    if is_zero {
        return Some((Extended::from(0), true));
    }
    // the size of the number itself is bounded by that of its text
    if power > MAX_POWER_OF_TEN {
        return Some((Extended::Infinite { is_negative: false }, false));
    }
    if power < -MAX_POWER_OF_TEN {
        return Some((Extended::from(0), false));
    }
    let mut scale = Natural::from(1);
    let scaled = if power < 0 { &mut scale } else { &mut number };
    for _ in 0..power.unsigned_abs() {
        scaled.multiply(10);
    }
    if power >= 0 {
        return Some((round(&number, 0, false), false));
    }
    let (quotient, exponent, has_rest) = divide(number, &scale);
    Some((round(&quotient, exponent, has_rest), false))
}

/// Reads `1.8p3`, what follows `0x`.
fn parse_hexadecimal(text: &[u8]) -> Option<(Extended, bool)> {
    let (digits, fraction, rest) = split_digits(text, u8::is_ascii_hexdigit)?;
    let power = parse_power(rest, b'p')?;
    let mut number = Natural::default();
    for digit in &digits {
        number.multiply(16);
        number.add_small(char::from(*digit).to_digit(16)?);
    }
    if number.is_zero() {
        return Some((Extended::from(0), true));
    }
    Some((
        round(&number, power.saturating_sub(fraction.saturating_mul(4)), false),
        false,
    ))
}

/// The digits before and after the point, how many are after it, and what follows.
fn split_digits(text: &[u8], is_digit: fn(&u8) -> bool) -> Option<(Vec<u8>, i64, &[u8])> {
    let whole = text.iter().take_while(|byte| is_digit(byte)).count();
    let (digits, rest) = text.split_at(whole);
    let mut digits = digits.to_vec();
    let mut fraction = 0;
    let rest = match rest.split_first() {
        Some((b'.', rest)) => {
            fraction = rest.iter().take_while(|byte| is_digit(byte)).count();
            let (after, rest) = rest.split_at(fraction);
            digits.extend_from_slice(after);
            rest
        }
        _ => rest,
    };
    (!digits.is_empty()).then_some((digits, i64::try_from(fraction).ok()?, rest))
}

/// Reads an exponent, which may be absent, to the end of the text.
fn parse_power(text: &[u8], mark: u8) -> Option<i64> {
    let Some((first, rest)) = text.split_first() else {
        return Some(0);
    };
    if !first.eq_ignore_ascii_case(&mark) {
        return None;
    }
    let (is_negative, digits) = match rest.split_first()? {
        (b'-', digits) => (true, digits),
        (b'+', digits) => (false, digits),
        _ => (false, rest),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let power = digits
        .iter()
        .fold(0_i64, |power, digit| {
            power.saturating_mul(10).saturating_add(i64::from(digit - b'0'))
        })
        .min(1_000_000_000);
    Some(if is_negative { -power } else { power })
}

/// `number / by` as `quotient × 2^exponent`, with two bits more than a mantissa has, and whether there is a rest.
fn divide(number: Natural, by: &Natural) -> (Natural, i64, bool) {
    const QUOTIENT_BITS: i64 = 66;
    let shift = QUOTIENT_BITS + by.bits() - number.bits();
    // of the two, the one that must grow
    let mut rest = number.shifted_left(shift.max(0));
    let divisor = by.shifted_left((-shift).max(0));
    let mut quotient = Natural::default();
    for bit in (0..=QUOTIENT_BITS).rev() {
        quotient.multiply(2);
        let part = divisor.shifted_left(bit);
        if !rest.is_less_than(&part) {
            rest.subtract(&part);
            quotient.add_small(1);
        }
    }
    (quotient, -shift, !rest.is_zero())
}

/// `number × 2^exponent`, and a little more if `has_rest`, as the nearest number that there is.
fn round(number: &Natural, exponent: i64, has_rest: bool) -> Extended {
    if number.is_zero() || exponent < -FAR_EXPONENT {
        return Extended::from(0);
    }
    if exponent > FAR_EXPONENT {
        return Extended::Infinite { is_negative: false };
    }
    let excess = (number.bits() - 64).max(MIN_EXPONENT.saturating_sub(exponent));
    let (mut rounded, mut exponent) = if excess > 0 {
        (
            number.shifted_right_to_even(excess.unsigned_abs(), has_rest),
            exponent.saturating_add(excess),
        )
    } else {
        // all bits fit; a rest without room for it was given two bits more than fit
        (number.clone(), exponent)
    };
    if rounded.bits() > 64 {
        rounded = rounded.shifted_right_to_even(1, false);
        exponent += 1;
    }
    let unused = 64 - rounded.bits();
    if exponent.saturating_sub(unused) > MAX_EXPONENT {
        return Extended::Infinite { is_negative: false };
    }
    Extended::Finite {
        is_negative: false,
        mantissa: rounded.low(),
        exponent: if rounded.is_zero() { 0 } else { exponent },
    }
}

/// A natural number of any size: words of 32 bits, the lowest first, none of them zero at the end.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Natural(Vec<u32>);

impl From<u64> for Natural {
    fn from(number: u64) -> Self {
        let mut natural = Self(vec![low_word(number), low_word(number >> 32)]);
        natural.trim();
        natural
    }
}

/// The lowest 32 bits.
fn low_word(number: u64) -> u32 {
    u32::try_from(number & u64::from(u32::MAX)).unwrap_or(u32::MAX)
}

impl Natural {
    fn trim(&mut self) {
        while self.0.last() == Some(&0) {
            self.0.pop();
        }
    }

    fn is_zero(&self) -> bool {
        self.0.is_empty()
    }

    /// How many bits it has, without leading zeros.
    fn bits(&self) -> i64 {
        let words = i64::try_from(self.0.len()).unwrap_or(i64::MAX);
        self.0
            .last()
            .map_or(0, |last| words * 32 - i64::from(last.leading_zeros()))
    }

    /// The lowest 64 bits.
    fn low(&self) -> u64 {
        let word = |at: usize| u64::from(self.0.get(at).copied().unwrap_or(0));
        word(0) | (word(1) << 32)
    }

    fn multiply(&mut self, by: u32) {
        let mut carry = 0_u64;
        for word in &mut self.0 {
            carry += u64::from(*word) * u64::from(by);
            *word = low_word(carry);
            carry >>= 32;
        }
        if carry > 0 {
            self.0.push(low_word(carry));
        }
    }

    fn add_small(&mut self, number: u32) {
        self.add(&Self::from(u64::from(number)));
    }

    fn add(&mut self, other: &Self) {
        if self.0.len() < other.0.len() {
            self.0.resize(other.0.len(), 0);
        }
        let mut carry = 0_u64;
        for (at, word) in self.0.iter_mut().enumerate() {
            carry += u64::from(*word) + u64::from(other.0.get(at).copied().unwrap_or(0));
            *word = low_word(carry);
            carry >>= 32;
        }
        if carry > 0 {
            self.0.push(low_word(carry));
        }
    }

    /// `other` must not be larger.
    fn subtract(&mut self, other: &Self) {
        let mut borrow = 0_u64;
        for (at, word) in self.0.iter_mut().enumerate() {
            let take = u64::from(other.0.get(at).copied().unwrap_or(0)) + borrow;
            let (rest, is_below) = u64::from(*word).overflowing_sub(take);
            borrow = u64::from(is_below);
            *word = low_word(rest);
        }
        self.trim();
    }

    fn is_less_than(&self, other: &Self) -> bool {
        let lengths = self.0.len().cmp(&other.0.len());
        lengths
            .then_with(|| self.0.iter().rev().cmp(other.0.iter().rev()))
            .is_lt()
    }

    fn shifted_left(&self, bits: i64) -> Self {
        let bits = bits.max(0).unsigned_abs();
        let mut words = vec![0; usize::try_from(bits / 32).unwrap_or(0)];
        words.extend_from_slice(&self.0);
        let mut shifted = Self(words);
        shifted.trim();
        shifted.multiply(1 << (bits % 32));
        shifted
    }

    /// Divided by `2^bits` and rounded to the nearest, half to even; `has_rest` says that there was a little more.
    fn shifted_right_to_even(&self, bits: u64, has_rest: bool) -> Self {
        let bit = |at: u64| {
            let word = usize::try_from(at / 32)
                .ok()
                .and_then(|word| self.0.get(word))
                .copied()
                .unwrap_or(0);
            (word >> (at % 32)) & 1 == 1
        };
        let skip = usize::try_from(bits / 32).unwrap_or(usize::MAX);
        let mut words: Vec<u32> = self.0.iter().copied().skip(skip).collect();
        let by = u32::try_from(bits % 32).unwrap_or(0);
        if by > 0 {
            let mut above = 0;
            for word in words.iter_mut().rev() {
                let low = *word;
                *word = (low >> by) | above;
                above = low << (32 - by);
            }
        }
        let mut shifted = Self(words);
        shifted.trim();
        let Some(half) = bits.checked_sub(1) else {
            return shifted;
        };
        let is_more = || {
            let below = self
                .0
                .iter()
                .enumerate()
                .find(|(_, word)| **word != 0)
                .map_or(u64::MAX, |(at, word)| {
                    u64::try_from(at).unwrap_or(u64::MAX).saturating_mul(32) + u64::from(word.trailing_zeros())
                });
            has_rest || below < half
        };
        if bit(half) && (is_more() || shifted.low() & 1 == 1) {
            shifted.add_small(1);
        }
        shifted
    }

    fn decimal(&self) -> String {
        const GROUP: u64 = 1_000_000_000;
        let mut rest = self.clone();
        let mut groups = Vec::new();
        while !rest.is_zero() {
            let mut remainder = 0_u64;
            for word in rest.0.iter_mut().rev() {
                let part = (remainder << 32) | u64::from(*word);
                *word = low_word(part / GROUP);
                remainder = part % GROUP;
            }
            rest.trim();
            groups.push(remainder);
        }
        let mut text = groups.pop().unwrap_or(0).to_string();
        for group in groups.iter().rev() {
            text.push_str(&format!("{group:09}"));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(a: &str, b: &str) -> Option<String> {
        Some(
            Extended::parse(a.as_bytes())?
                .add(Extended::parse(b.as_bytes())?)?
                .print(),
        )
    }

    #[test]
    fn sums_as_redis_prints_them() {
        for (a, b, expected) in [
            ("10.5", "0.1", "10.6"),
            ("5.0e3", "2.0e2", "5200"),
            ("0", "3.0", "3"),
            ("3", "-1.1", "1.9"),
            ("1", "-1", "0"),
            ("-0", "-0", "0"),
            ("0.1", "0.2", "0.3"),
            ("0.00000000000000001", "0", "0.00000000000000001"),
            ("0.000000000000000001", "0", "0"),
            ("9223372036854775807", "1", "9223372036854775808"),
            ("18446744073709551615", "2", "18446744073709551616"),
            ("0x10", "0x.8p1", "17"),
            ("1e20", "1", "100000000000000000000"),
        ] {
            assert_eq!(sum(a, b).as_deref(), Some(expected), "{a} + {b}");
        }
    }

    #[test]
    fn what_is_no_number() {
        for text in [
            "", " 1", "1 ", "abc", "1e", "1e+", "nan", ".", "-", "0x", "1e5000", "1e-5000", "1.2.3", "--1",
        ] {
            assert_eq!(Extended::parse(text.as_bytes()), None, "{text:?}");
        }
        for text in [
            "1.",
            ".5",
            "+1",
            "1E5",
            "inf",
            "-Infinity",
            "0e9999",
            "1e4932",
            "1e-4940",
        ] {
            assert!(Extended::parse(text.as_bytes()).is_some(), "{text:?}");
        }
        assert_eq!(sum("inf", "1"), None);
        assert_eq!(sum("1e4932", "1e4932"), None);
    }
}
