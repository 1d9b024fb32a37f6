//! What each diagnostic means, with a wrong and a right example: the pages of `docs/diagnostics`, held in the binary.
//!
//! [`EXPLANATIONS`] is the list of all codes with their titles. `slt explain` prints the pages, SARIF carries them, and
//! the index of the pages is made from it. Nothing here decides when a diagnostic is given.

/// A diagnostic's page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Explanation {
    /// Its code: `SLT0103`.
    pub code: &'static str,
    /// What it is, in a few words: lower case, no full stop.
    pub title: &'static str,
    /// The page: Markdown, of which the first line is the code and the title.
    pub page: &'static str,
}

macro_rules! explanation {
    ($code:literal, $title:literal) => {
        Explanation {
            code: $code,
            title: $title,
            page: include_str!(concat!("../../docs/diagnostics/", $code, ".md")),
        }
    };
}

/// Every code, in order.
pub const EXPLANATIONS: &[Explanation] = &[
    explanation!("SLT0001", "the slightfile is too large"),
    explanation!("SLT0002", "the slightfile is not TOML"),
    explanation!("SLT0101", "`specversion` is missing"),
    explanation!("SLT0102", "`specversion` is none that slt reads"),
    explanation!("SLT0103", "a key that is not known"),
    explanation!("SLT0104", "a key of another spec version"),
    explanation!("SLT0105", "a value of the wrong type"),
    explanation!("SLT0106", "a key is missing"),
    explanation!(
        "SLT0107",
        "a size, duration, number, name or version that cannot be read"
    ),
    explanation!("SLT0108", "an outbound host that cannot be read"),
    explanation!("SLT0109", "a reference that cannot be read"),
    explanation!("SLT0110", "more entries than slt reads"),
    explanation!("SLT0201", "a resource that does not exist"),
    explanation!("SLT0202", "a resource that is planned"),
    explanation!("SLT0203", "a resource under its old name"),
    explanation!("SLT0204", "two capabilities share a name"),
    explanation!("SLT0205", "`*` beside another name"),
    explanation!("SLT0206", "a configuration key that the resource does not read"),
    explanation!("SLT0207", "a configuration key that the resource needs"),
    explanation!("SLT0208", "a secret in the file"),
    explanation!("SLT0209", "a configuration value of the wrong form"),
    explanation!("SLT0210", "a key that another kind of capability has"),
    explanation!("SLT0220", "a store that is planned"),
    explanation!("SLT0221", "too little memory to start"),
    explanation!("SLT0301", "an import whose capability the slightfile lacks"),
    explanation!("SLT0302", "an import that no capability provides"),
    explanation!("SLT0303", "a capability that the component does not use"),
    explanation!("SLT0304", "an interface in a version that is not hosted"),
    explanation!("SLT0305", "`slight:testing` outside of tests"),
    explanation!("SLT0306", "outbound HTTP that is granted to nobody"),
    explanation!("SLT0307", "a function with a shape that is not hosted"),
    explanation!("SLT0308", "nothing that could be run is exported"),
    explanation!("SLT0309", "a message handler without topics"),
    explanation!("SLT0310", "topics without a message handler"),
    explanation!("SLT0311", "a capability of another family than the component uses"),
    explanation!("SLT0401", "a core module where a component is needed"),
    explanation!("SLT0402", "not a component, or a damaged one"),
    explanation!("SLT0403", "WIT packages where a component is needed"),
    explanation!("SLT0404", "the `wit` folder cannot be read"),
    explanation!("SLT0405", "nothing to compare the slightfile with"),
    explanation!("SLT0406", "a module that was made for slight"),
];

/// The page of a code, as people write it: `SLT0103`, `slt0103` or `103`.
#[must_use]
pub fn explanation(written: &str) -> Option<&'static Explanation> {
    let number = number(written)?;
    EXPLANATIONS
        .iter()
        .find(|explanation| self::number(explanation.code) == Some(number))
}

/// The codes that were perhaps meant, the nearest first; none when what was written is no number.
#[must_use]
pub fn near(written: &str) -> Vec<&'static Explanation> {
    const NEAR_MAX: usize = 3;
    // a digit that was mistyped at the end
    const DISTANCE_MAX: u32 = 9;
    let Some(wanted) = number(written) else {
        return Vec::new();
    };
    let distance = |explanation: &&Explanation| number(explanation.code).map(|code| code.abs_diff(wanted));
    let is_near = |explanation: &&Explanation| distance(explanation).is_some_and(|distance| distance <= DISTANCE_MAX);
    let mut near: Vec<_> = EXPLANATIONS.iter().filter(is_near).collect();
    near.sort_by_key(distance);
    near.truncate(NEAR_MAX);
    near
}

/// `103` for `SLT0103`.
fn number(written: &str) -> Option<u32> {
    let written = written.trim();
    let digits = match written.get(..3) {
        Some(prefix) if prefix.eq_ignore_ascii_case("slt") => written.get(3..)?,
        _ => written,
    };
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| digits.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_as_people_write_them() {
        for (written, code) in [
            ("SLT0103", Some("SLT0103")),
            ("slt0103", Some("SLT0103")),
            ("SLT103", Some("SLT0103")),
            ("103", Some("SLT0103")),
            (" 0103 ", Some("SLT0103")),
            ("1", Some("SLT0001")),
            ("SLT9999", None),
            ("SLT", None),
            ("", None),
            ("-103", None),
            ("+103", None),
            ("key", None),
            ("ſlt", None),
            ("99999999999999999999", None),
        ] {
            assert_eq!(explanation(written).map(|found| found.code), code, "{written}");
        }
    }

    #[test]
    fn the_nearest_come_first() {
        let codes = |written| near(written).iter().map(|found| found.code).collect::<Vec<_>>();
        assert_eq!(codes("SLT0100"), ["SLT0101", "SLT0102", "SLT0103"]);
        assert!(codes("9999").is_empty());
        assert!(codes("what").is_empty());
    }
}
