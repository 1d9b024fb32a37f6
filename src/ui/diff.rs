//! The difference between two texts of a file, as `diff -u` writes it.

use similar::TextDiff;

/// Nothing, where a file is new or goes.
const NO_FILE: &str = "/dev/null";

/// The unified difference; empty when there is none.
#[must_use]
pub fn unified(file: &str, before: Option<&str>, after: Option<&str>) -> String {
    let file = file.replace('\\', "/");
    let name = |prefix: &str, text: Option<&str>| text.map_or(NO_FILE.to_owned(), |_| format!("{prefix}/{file}"));
    TextDiff::from_lines(before.unwrap_or_default(), after.unwrap_or_default())
        .unified_diff()
        .header(&name("a", before), &name("b", after))
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences() {
        assert_eq!(unified("f", Some("a\n"), Some("a\n")), "");
        assert_eq!(
            unified("d\\f", Some("a\nb"), Some("a\nc\n")),
            "--- a/d/f\n+++ b/d/f\n@@ -1,2 +1,2 @@\n a\n-b\n\\ No newline at end of file\n+c\n"
        );
        assert_eq!(
            unified("f", None, Some("a\n")),
            "--- /dev/null\n+++ b/f\n@@ -0,0 +1 @@\n+a\n"
        );
    }
}
