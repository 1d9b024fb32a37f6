//! Bytes as text, as names of files and fingerprints have them. It reads none back.

/// Two lower-case digits a byte.
pub fn hex<'a>(bytes: impl IntoIterator<Item = &'a u8>) -> String {
    bytes.into_iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_digits_a_byte() {
        assert_eq!(hex(&[0, 10, 255]), "000aff");
        assert_eq!(hex([].iter()), "");
    }
}
