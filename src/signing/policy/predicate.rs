//! Conditions on the values of an attestation: a path to a value, and what it must be.

use serde_json::Value;

use super::matcher::Matcher;

/// The most steps of a path.
const STEPS_MAX: usize = 32;

/// A path: `$.buildDefinition.buildType`, `$.a["b.c"][0]`, `$.packages[*].name`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    text: String,
    steps: Vec<Step>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Key(String),
    Index(usize),
    Any,
}

/// A path that is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ConditionError(String);

impl Field {
    /// Reads a path. `$` is the predicate; `.key`, `["key"]`, `[0]`; `[*]`: one of the elements.
    ///
    /// # Errors
    /// It is none.
    pub fn parse(text: &str) -> Result<Self, ConditionError> {
        let wrong = |what: &str| {
            ConditionError(format!(
                "{what}: a path is like `$.a.b`, `$.a[0]`, `$.a[*].b` or `$[\"a.b\"]`"
            ))
        };
        let mut rest = text
            .strip_prefix('$')
            .ok_or_else(|| wrong("it does not begin with `$`"))?;
        let mut steps = Vec::new();
        while !rest.is_empty() {
            let (step, after) = Self::step(rest).ok_or_else(|| wrong(&format!("there is no step at `{rest}`")))?;
            steps.push(step);
            rest = after;
        }
        if steps.len() > STEPS_MAX {
            return Err(wrong(&format!("it has more than {STEPS_MAX} steps")));
        }
        Ok(Self {
            text: text.to_owned(),
            steps,
        })
    }

    fn step(text: &str) -> Option<(Step, &str)> {
        if let Some(text) = text.strip_prefix('.') {
            let end = text.find(['.', '[']).unwrap_or(text.len());
            let (key, rest) = text.split_at_checked(end)?;
            return (!key.is_empty()).then(|| (Step::Key(key.to_owned()), rest));
        }
        let text = text.strip_prefix('[')?;
        if let Some(text) = text.strip_prefix('"') {
            let (key, rest) = text.split_once("\"]")?;
            return Some((Step::Key(key.to_owned()), rest));
        }
        let (index, rest) = text.split_once(']')?;
        match index {
            "*" => Some((Step::Any, rest)),
            index => Some((Step::Index(index.parse().ok()?), rest)),
        }
    }

    /// The values there: more than one where `[*]` stands.
    fn values<'a>(&self, predicate: &'a Value) -> Vec<&'a Value> {
        let mut values = vec![predicate];
        for step in &self.steps {
            values = values.into_iter().flat_map(|value| Self::below(value, step)).collect();
        }
        values
    }

    fn below<'a>(value: &'a Value, step: &Step) -> Vec<&'a Value> {
        match step {
            Step::Key(key) => value.get(key).into_iter().collect(),
            Step::Index(index) => value.get(index).into_iter().collect(),
            Step::Any => value.as_array().map(|array| array.iter().collect()).unwrap_or_default(),
        }
    }
}

/// What a value must be.
#[derive(Debug, Clone)]
pub enum Test {
    /// One of these.
    OneOf(Vec<Value>),
    /// A string that matches.
    Matches(Matcher),
}

/// As a policy says it.
impl std::fmt::Display for Test {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::OneOf(values) => match values.as_slice() {
                [value] => write!(formatter, "`equals = {}`", short(value)),
                values => {
                    let values: Vec<String> = values.iter().map(short).collect();
                    write!(formatter, "`one-of = [{}]`", values.join(", "))
                }
            },
            Self::Matches(Matcher::Exact(text)) => write!(formatter, "`{}`", text.escape_debug()),
            Self::Matches(Matcher::Expression(_, text)) => {
                write!(formatter, "`matches = {}`", short(&Value::from(text.as_str())))
            }
        }
    }
}

/// A value, and what it must be.
#[derive(Debug, Clone)]
pub struct Condition {
    /// Where it stands.
    pub field: Field,
    /// What it must be.
    pub test: Test,
}

impl Condition {
    /// Whether a value at the path is what it must be; else why not.
    ///
    /// # Errors
    /// What stands there instead.
    pub fn holds(&self, predicate: &Value) -> Result<(), String> {
        let values = self.field.values(predicate);
        let is_it = |value: &&Value| match &self.test {
            Test::OneOf(expected) => expected.contains(value),
            Test::Matches(matcher) => value.as_str().is_some_and(|text| matcher.matches(text)),
        };
        if values.iter().any(is_it) {
            return Ok(());
        }
        let (field, test) = (&self.field.text, &self.test);
        let found = match values.as_slice() {
            [] => format!("`{field}` is not in it"),
            [value] => format!("`{field}` is {}", short(value)),
            values => format!("none of the {} values at `{field}` is it", values.len()),
        };
        Err(format!("{found}, and {test} is demanded"))
    }
}

/// A value as a part of a sentence.
fn short(value: &Value) -> String {
    const SHOWN_CHARACTERS: usize = 80;
    match value {
        Value::Object(_) => "an object".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        value => {
            let text = value.to_string();
            match text.chars().count() > SHOWN_CHARACTERS {
                true => format!("{}…", text.chars().take(SHOWN_CHARACTERS).collect::<String>()),
                false => text,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn paths() {
        let predicate = json!({"a": {"b.c": [1, 2]}, "list": [{"n": "x"}, {"n": "y"}], "s": "text"});
        let holds = |field: &str, expected: Value| {
            let field = Field::parse(field).unwrap();
            let test = Test::OneOf(vec![expected]);
            Condition { field, test }.holds(&predicate)
        };
        for (field, value) in [
            ("$.s", json!("text")),
            (r#"$.a["b.c"][1]"#, json!(2)),
            ("$.list[*].n", json!("y")),
            ("$.list[0].n", json!("x")),
        ] {
            assert_eq!(holds(field, value), Ok(()), "{field}");
        }
        for (field, said) in [
            ("$.s", "`$.s` is \"text\""),
            ("$.z", "`$.z` is not in it"),
            ("$.a", "`$.a` is an object"),
            ("$.list[*].n", "none of the 2 values at `$.list[*].n` is it"),
        ] {
            let said = format!("{said}, and `equals = \"q\"` is demanded");
            assert_eq!(holds(field, json!("q")).unwrap_err(), said);
        }
        let one_of = Test::OneOf(vec![json!("a"), json!(1), json!(true)]);
        assert_eq!(one_of.to_string(), "`one-of = [\"a\", 1, true]`");
        let matches = Test::Matches(Matcher::expression("a.*").unwrap());
        assert_eq!(matches.to_string(), "`matches = \"a.*\"`");
        for text in [
            "",
            "a",
            "$a",
            "$.",
            "$..a",
            "$[",
            "$[x]",
            "$[\"a]",
            &format!("${}", ".a".repeat(40)),
        ] {
            assert!(Field::parse(text).is_err(), "{text}");
        }
    }
}
