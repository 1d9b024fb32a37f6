//! Sizes (`128MiB`) and durations (`30s`), as people write them.
//!
//! A number without a unit is refused, and so is a fraction: `1.5GiB` is `1536MiB`.

use std::time::Duration;

/// Units of a size, in bytes.
pub const SIZE_UNITS: &[(&str, u64)] = &[
    ("B", 1),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("kB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
];

/// Units of a duration, in nanoseconds.
pub const DURATION_UNITS: &[(&str, u64)] = &[
    ("ms", 1_000_000),
    ("us", 1_000),
    ("ns", 1),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// Why a quantity cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QuantityError {
    /// There is no number at its start.
    #[error("it does not start with a whole number")]
    Number,
    /// It has a fraction.
    #[error("it is not a whole number")]
    Fraction,
    /// There is nothing behind the number; the units that there are.
    #[error("it has no unit")]
    NoUnit(String),
    /// The unit is unknown; the units that there are.
    #[error("the unit is none of {0}")]
    Unit(String),
    /// It does not fit.
    #[error("it is too large")]
    TooLarge,
    /// It is zero.
    #[error("it is zero")]
    Zero,
}

impl QuantityError {
    /// The way out.
    #[must_use]
    pub fn way_out(&self) -> String {
        match self {
            Self::Number => "begin with a whole number, and put a unit behind it".to_owned(),
            Self::Fraction => "take a smaller unit: 1.5GiB is 1536MiB, and 1.5s is 1500ms".to_owned(),
            Self::NoUnit(units) => format!("put a unit behind it: {units}"),
            Self::Unit(_) => "units are written exactly so, in upper and lower case".to_owned(),
            Self::TooLarge | Self::Zero => "leave it out to have the default".to_owned(),
        }
    }
}

/// Reads a size: a whole number and `B`, `KiB`, `MiB`, `GiB`, `kB`, `MB` or `GB`. The answer is in bytes.
///
/// # Errors
/// When the number or the unit is missing, or the size is zero or above 2⁶⁴ bytes.
pub fn size(text: &str) -> Result<u64, QuantityError> {
    quantity(text, SIZE_UNITS)
}

/// Reads a duration: a whole number and `ns`, `us`, `ms`, `s`, `m` or `h`.
///
/// # Errors
/// When the number or the unit is missing, or the duration is zero or above 2⁶⁴ ns (584 years).
pub fn duration(text: &str) -> Result<Duration, QuantityError> {
    quantity(text, DURATION_UNITS).map(Duration::from_nanos)
}

fn quantity(text: &str, units: &[(&str, u64)]) -> Result<u64, QuantityError> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    if number.is_empty() {
        return Err(QuantityError::Number);
    }
    if unit.starts_with(['.', ',']) {
        return Err(QuantityError::Fraction);
    }
    let unit = unit.trim_start();
    let Some((_, factor)) = units.iter().find(|(name, _)| *name == unit) else {
        let names: Vec<_> = units.iter().map(|(name, _)| format!("`{name}`")).collect();
        let names = names.join(", ");
        return Err(match unit.is_empty() {
            true => QuantityError::NoUnit(names),
            false => QuantityError::Unit(names),
        });
    };
    let number: u64 = number.parse().map_err(|_| QuantityError::TooLarge)?;
    match number.checked_mul(*factor).ok_or(QuantityError::TooLarge)? {
        0 => Err(QuantityError::Zero),
        quantity => Ok(quantity),
    }
}

/// Other words for units.
const SYNONYMS: &[(&str, &str)] = &[
    ("sec", "s"),
    ("secs", "s"),
    ("second", "s"),
    ("seconds", "s"),
    ("msec", "ms"),
    ("min", "m"),
    ("mins", "m"),
    ("minute", "m"),
    ("minutes", "m"),
    ("hour", "h"),
    ("hours", "h"),
];

/// The size that was most likely meant: one without a unit is in MiB, as memory is counted.
#[must_use]
pub fn meant_size(text: &str) -> Option<String> {
    meant(text, SIZE_UNITS, "MiB").filter(|meant| size(meant).is_ok())
}

/// The duration that was most likely meant: one without a unit is in seconds.
#[must_use]
pub fn meant_duration(text: &str) -> Option<String> {
    meant(text, DURATION_UNITS, "s").filter(|meant| duration(meant).is_ok())
}

fn meant(text: &str, units: &[(&str, u64)], default: &str) -> Option<String> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, written) = text.split_at(digits);
    let written = written.trim();
    let unit = match written {
        "" => default,
        _ => {
            let unit = units.iter().find(|(name, _)| name.eq_ignore_ascii_case(written));
            let synonym = SYNONYMS.iter().find(|(word, _)| word.eq_ignore_ascii_case(written));
            let synonym = synonym.filter(|(_, name)| units.iter().any(|(unit, _)| unit == name));
            unit.map(|(name, _)| *name).or(synonym.map(|(_, name)| *name))?
        }
    };
    Some(format!("{number}{unit}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_durations() {
        for (text, bytes) in [("128MiB", 128 << 20), ("1 GiB", 1 << 30), ("10kB", 10_000), ("7B", 7)] {
            assert_eq!(size(text), Ok(bytes), "{text}");
        }
        for (text, milliseconds) in [("30s", 30_000), ("5m", 300_000), ("250ms", 250), ("2h", 7_200_000)] {
            assert_eq!(duration(text), Ok(Duration::from_millis(milliseconds)), "{text}");
        }
    }

    #[test]
    fn meant() {
        for (text, meant) in [
            ("128", Some("128MiB")),
            ("1 gib", Some("1GiB")),
            ("10KB", Some("10kB")),
            ("", None),
            ("0", None),
            ("1.5GiB", None),
            ("5 min", None),
        ] {
            assert_eq!(meant_size(text).as_deref(), meant, "{text}");
        }
        for (text, meant) in [("30", Some("30s")), ("5 Min", Some("5m")), ("1d", None), ("half", None)] {
            assert_eq!(meant_duration(text).as_deref(), meant, "{text}");
        }
    }

    #[test]
    fn refused() {
        assert_eq!(size(""), Err(QuantityError::Number));
        assert_eq!(size("MiB"), Err(QuantityError::Number));
        assert_eq!(size("-1MiB"), Err(QuantityError::Number));
        assert!(matches!(size("128"), Err(QuantityError::NoUnit(_))));
        assert!(matches!(size("1 tb"), Err(QuantityError::Unit(_))));
        assert_eq!(size("1.5GiB"), Err(QuantityError::Fraction));
        assert_eq!(size("1,5 GB"), Err(QuantityError::Fraction));
        assert_eq!(size("0B"), Err(QuantityError::Zero));
        assert_eq!(size("99999999999GiB"), Err(QuantityError::TooLarge));
        assert_eq!(size("99999999999999999999999B"), Err(QuantityError::TooLarge));
        assert!(matches!(duration("30"), Err(QuantityError::NoUnit(_))));
        assert!(matches!(duration("30 sec"), Err(QuantityError::Unit(_))));
    }
}
