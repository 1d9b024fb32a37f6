//! Gives a template's files the project's name.
//!
//! Each place where the name stands is a row of the template's table, so that prose about a URL shortener stays as it is. A test
//! (`tests/it/new.rs`) fails when a template has the name at a place that no row knows.

/// How the name is written at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// As the user gave it.
    Given,
    /// As a Rust path: `_` for `-`.
    Rust,
    /// As a WIT identifier: `-` for `_`.
    Wit,
}

impl Form {
    /// A project's name in this form.
    #[must_use]
    pub fn of(self, name: &str) -> String {
        match self {
            Self::Given => name.to_owned(),
            Self::Rust => name.replace('-', "_"),
            Self::Wit => name.replace('_', "-"),
        }
    }
}

/// Where the name stands: files that end so, the text before it, the text after it.
pub type Place = (&'static str, &'static str, &'static str, Form);

/// The name that the templates have.
pub const TEMPLATE_NAME: &str = "shortener";

/// A template's file with the project's name in it.
pub fn file(places: &[Place], path: &str, bytes: &[u8], name: &str) -> Vec<u8> {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return bytes.to_vec();
    };
    let mut text = text.to_owned();
    for (suffix, before, after, form) in places {
        if path.ends_with(suffix) {
            text = text.replace(
                &format!("{before}{TEMPLATE_NAME}{after}"),
                &format!("{before}{}{after}", form.of(name)),
            );
        }
    }
    if path.ends_with("Cargo.lock") {
        text = sorted_lock(&text);
    }
    text.into_bytes()
}

/// A lock file with its packages in cargo's order, so that cargo's next change to it is a small one. One that has something else
/// behind them is left as it is.
pub fn sorted_lock(text: &str) -> String {
    const START: &str = "\n[[package]]\n";
    let has_more = |line: &str| line.starts_with('[') && line != "[[package]]";
    if text.contains('\r') || text.lines().any(has_more) {
        return text.to_owned();
    }
    let mut parts = text.trim_end().split(START);
    let head = parts.next().unwrap_or_default().to_owned();
    let mut packages: Vec<&str> = parts.map(str::trim_end).collect();
    packages.sort_by_key(|package| {
        let value = |key: &str| {
            let line = package.lines().find_map(|line| line.strip_prefix(key));
            line.unwrap_or_default().trim_matches('"').to_owned()
        };
        let version = semver::Version::parse(&value("version = ")).ok();
        (value("name = "), version)
    });
    let mut sorted = head;
    for package in packages {
        sorted.push_str(START);
        sorted.push_str(package);
        sorted.push('\n');
    }
    sorted
}

#[cfg(test)]
mod tests {
    use super::super::rust;
    use super::*;

    fn file(path: &str, bytes: &[u8], name: &str) -> Vec<u8> {
        super::file(rust::TEMPLATE.places, path, bytes, name)
    }

    #[test]
    fn renamed() {
        for (path, text, expected) in [
            (
                "src/lib.rs",
                "//! A URL shortener.\nuse shortener::x;",
                "//! A URL shortener.\nuse my_app::x;",
            ),
            ("src/lib.rs", "world: \"shortener\"", "world: \"my-app\""),
            (
                "wit/world.wit",
                "package example:shortener@0.1.0;",
                "package example:my-app@0.1.0;",
            ),
            ("wit/world.wit", "world shortener {", "world my-app {"),
            ("slightfile.toml", "name = \"shortener\"", "name = \"my-app\""),
            (
                "README.md",
                "# shortener\n\ndist/shortener.wasm",
                "# my-app\n\ndist/my-app.wasm",
            ),
        ] {
            let written = file(path, text.as_bytes(), "my-app");
            assert_eq!(String::from_utf8(written).unwrap(), expected);
        }
    }

    #[test]
    fn a_lock_file_stays_sorted() {
        let lock = "# x\nversion = 4\n\n[[package]]\nname = \"bitflags\"\nversion = \"2.0.0\"\n\n\
                    [[package]]\nname = \"shortener\"\nversion = \"0.1.0\"\n";
        let written = String::from_utf8(file("Cargo.lock", lock.as_bytes(), "app")).unwrap();
        let expected = "# x\nversion = 4\n\n[[package]]\nname = \"app\"\nversion = \"0.1.0\"\n\n\
                        [[package]]\nname = \"bitflags\"\nversion = \"2.0.0\"\n";
        assert_eq!(written, expected);
        let same = file("Cargo.lock", lock.as_bytes(), "shortener");
        assert_eq!(String::from_utf8(same).unwrap(), lock);
        let other = format!("{lock}\n[metadata]\na = \"b\"\n");
        assert_eq!(sorted_lock(&other), other);
    }
}
