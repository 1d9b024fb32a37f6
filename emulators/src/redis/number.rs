//! Numbers as Redis reads them: only the one way in which it would write them.
//!
//! `007`, `+1`, `-0` and ` 1` are no integers. Floats are in [`super::extended`].

/// The most digits of a 64-bit number, with its sign.
const MAX_DIGITS: usize = 20;

/// A signed 64-bit number, if the text is exactly how it is written.
#[must_use]
pub fn parse(text: &[u8]) -> Option<i64> {
    let (is_negative, digits) = match text.split_first() {
        Some((b'-', rest)) => (true, rest),
        _ => (false, text),
    };
    let canonical = match digits.first() {
        Some(b'0') => digits.len() == 1 && !is_negative,
        Some(b'1'..=b'9') => text.len() <= MAX_DIGITS,
        _ => false,
    };
    if !canonical {
        return None;
    }
    let mut value = 0_i64;
    for byte in digits {
        if !byte.is_ascii_digit() {
            return None;
        }
        let digit = i64::from(byte - b'0');
        value = value.checked_mul(10)?;
        value = if is_negative {
            value.checked_sub(digit)?
        } else {
            value.checked_add(digit)?
        };
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_one_way_to_write_a_number() {
        for (text, expected) in [
            ("0", Some(0)),
            ("-1", Some(-1)),
            ("9223372036854775807", Some(i64::MAX)),
            ("-9223372036854775808", Some(i64::MIN)),
            ("9223372036854775808", None),
            ("-9223372036854775809", None),
            ("", None),
            ("-", None),
            ("-0", None),
            ("+1", None),
            ("01", None),
            (" 1", None),
            ("1 ", None),
            ("1x", None),
            ("00000000000000000000001", None),
        ] {
            assert_eq!(parse(text.as_bytes()), expected, "{text:?}");
        }
    }
}
