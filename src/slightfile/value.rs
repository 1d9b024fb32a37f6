//! A configuration value: a literal, or a reference `${store.KEY}` that is resolved when the application starts.
//!
//! Nothing here reads a store. Whoever starts an application hands [`Value::resolve`] a lookup.

/// Where the value of a reference comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Store {
    /// The environment of slt.
    Envvars,
    /// The user-secrets store.
    Usersecrets,
    /// A file.
    File,
    /// Azure App Configuration.
    Azapp,
}

/// Each store and its name in a slightfile.
pub const STORES: &[(&str, Store)] = &[
    ("envvars", Store::Envvars),
    ("usersecrets", Store::Usersecrets),
    ("file", Store::File),
    ("azapp", Store::Azapp),
];

impl Store {
    /// Whether nobody reads it yet: `slt run` does not start on what refers to it.
    #[must_use]
    pub fn is_planned(self) -> bool {
        matches!(self, Self::File | Self::Azapp)
    }

    /// Its name in a slightfile.
    #[must_use]
    pub fn name(self) -> &'static str {
        STORES
            .iter()
            .find(|(_, store)| *store == self)
            .map_or("", |(name, _)| name)
    }
}

/// The value of a configuration key.
#[derive(Clone, PartialEq, Eq)]
pub enum Value {
    /// As written.
    Literal(String),
    /// `${store.KEY}`, and what to take when the store lacks it: `${store.KEY:-default}`.
    Reference {
        /// Where to look.
        store: Store,
        /// What to look for.
        key: String,
        /// What to take when it is not there.
        default: Option<String>,
    },
}

/// A literal may be a secret, so that it is never shown.
impl std::fmt::Debug for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Literal(_) => f.write_str("Literal(…)"),
            Self::Reference { store, key, .. } => write!(f, "Reference({}.{key})", store.name()),
        }
    }
}

/// Why a reference cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReferenceError {
    /// No dot.
    #[error("a reference is `${{store.KEY}}`, and there is no dot in this one")]
    NoDot,
    /// No key after the dot.
    #[error("there is no key after the dot")]
    NoKey,
    /// A store that does not exist.
    #[error("there is no store `{0}`")]
    UnknownStore(String),
    /// A key that no variable has.
    #[error("the key has a character that no variable has in its name")]
    Key,
    /// A reference within the default.
    #[error("the default is a literal: no reference can stand within a reference")]
    Nested,
    /// A reference that does not end.
    #[error("`}}` is missing at its end")]
    Unclosed,
    /// Text beside the reference.
    #[error("a reference is the whole value: text cannot stand before or after it")]
    Interpolated,
}

/// A reference whose store does not have it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", unresolved(*.store, .key))]
pub struct Unresolved {
    /// Where was looked.
    pub store: Store,
    /// What was looked for.
    pub key: String,
}

fn unresolved(store: Store, key: &str) -> String {
    match store {
        Store::Envvars | Store::Usersecrets => format!("`{}` has no `{key}`", store.name()),
        Store::File | Store::Azapp => format!("the store `{}` is planned, and not read yet", store.name()),
    }
}

/// What a spec version allows in a value.
#[derive(Debug, Clone, Copy)]
pub struct Dialect {
    /// `${local.K}` is the literal `K` (before 1.0).
    pub local: bool,
    /// `${store.KEY:-default}` (1.0), and names that a variable can have. Before it, all else between the braces is the key, and
    /// what begins like a reference and does not end is a literal.
    pub defaults: bool,
}

impl Value {
    /// Reads a value. As in `slight`, only a whole value is a reference, and it is split at the last dot.
    ///
    /// # Errors
    /// When it is a reference that cannot be resolved by any store.
    pub fn parse(text: &str, dialect: Dialect) -> Result<Self, ReferenceError> {
        let Some(inner) = text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')) else {
            return match text.find("${") {
                Some(start) if text.get(start..).is_some_and(|rest| rest.contains('}')) => {
                    Err(ReferenceError::Interpolated)
                }
                Some(0) if dialect.defaults => Err(ReferenceError::Unclosed),
                _ => Ok(Self::Literal(text.to_owned())),
            };
        };
        let (path, default) = match inner.split_once(":-").filter(|_| dialect.defaults) {
            Some((path, default)) => (path, Some(default.to_owned())),
            None => (inner, None),
        };
        let (store, key) = path.rsplit_once('.').ok_or(ReferenceError::NoDot)?;
        if key.is_empty() {
            return Err(ReferenceError::NoKey);
        }
        if default.as_ref().is_some_and(|default| default.contains("${")) {
            return Err(ReferenceError::Nested);
        }
        if store == "local" && dialect.local {
            return Ok(Self::Literal(key.to_owned()));
        }
        match STORES.iter().find(|(name, _)| *name == store) {
            Some((_, store)) if dialect.defaults && !is_key(*store, key) => Err(ReferenceError::Key),
            Some((_, store)) => Ok(Self::Reference {
                store: *store,
                key: key.to_owned(),
                default,
            }),
            None => Err(ReferenceError::UnknownStore(store.to_owned())),
        }
    }

    /// Whether it is a reference to this store.
    #[must_use]
    pub fn is_from(&self, wanted: Store) -> bool {
        matches!(self, Self::Reference { store, .. } if *store == wanted)
    }

    /// The value itself: the literal, or what `lookup` answers for the reference.
    ///
    /// # Errors
    /// When the store does not have the key, and there is no default.
    pub fn resolve(&self, lookup: impl Fn(Store, &str) -> Option<String>) -> Result<String, Unresolved> {
        match self {
            Self::Literal(text) => Ok(text.clone()),
            Self::Reference { store, key, default } => {
                lookup(*store, key)
                    .or_else(|| default.clone())
                    .ok_or_else(|| Unresolved {
                        store: *store,
                        key: key.clone(),
                    })
            }
        }
    }
}

/// Whether a store can have a key of this name. Those of Azure App Configuration have colons.
fn is_key(store: Store, key: &str) -> bool {
    let is_refused = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '=' | '$' | '{' | '}');
    !key.contains(is_refused) && (store.is_planned() || !key.contains(':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEW: Dialect = Dialect {
        local: false,
        defaults: true,
    };
    const OLD: Dialect = Dialect {
        local: true,
        defaults: false,
    };

    fn reference(store: Store, key: &str, default: Option<&str>) -> Value {
        Value::Reference {
            store,
            key: key.to_owned(),
            default: default.map(ToOwned::to_owned),
        }
    }

    #[test]
    fn read() {
        for (text, dialect, expected) in [
            ("plain", NEW, Ok(Value::Literal("plain".into()))),
            ("", NEW, Ok(Value::Literal(String::new()))),
            ("$HOME", NEW, Ok(Value::Literal("$HOME".into()))),
            ("${envvars.A}", NEW, Ok(reference(Store::Envvars, "A", None))),
            (
                "${envvars.A:-b.c}",
                NEW,
                Ok(reference(Store::Envvars, "A", Some("b.c"))),
            ),
            ("${envvars.A:-b}", OLD, Ok(reference(Store::Envvars, "A:-b", None))),
            ("${local.x}", OLD, Ok(Value::Literal("x".into()))),
            ("${local.x}", NEW, Err(ReferenceError::UnknownStore("local".into()))),
            ("${a.b.C}", NEW, Err(ReferenceError::UnknownStore("a.b".into()))),
            ("${envvars}", NEW, Err(ReferenceError::NoDot)),
            ("${envvars.}", NEW, Err(ReferenceError::NoKey)),
            ("${}", NEW, Err(ReferenceError::NoDot)),
            ("redis://${envvars.HOST}", NEW, Err(ReferenceError::Interpolated)),
            ("${envvars.A:-}", NEW, Ok(reference(Store::Envvars, "A", Some("")))),
            ("${envvars.A:-${envvars.B}}", NEW, Err(ReferenceError::Nested)),
            ("${envvars.A=B}", NEW, Err(ReferenceError::Key)),
            ("${envvars.A B}", NEW, Err(ReferenceError::Key)),
            ("${envvars.A:b}", NEW, Err(ReferenceError::Key)),
            ("${azapp.A:b}", NEW, Ok(reference(Store::Azapp, "A:b", None))),
            ("${envvars.A=B}", OLD, Ok(reference(Store::Envvars, "A=B", None))),
            ("${envvars.X", NEW, Err(ReferenceError::Unclosed)),
            ("${", NEW, Err(ReferenceError::Unclosed)),
            ("${envvars.X", OLD, Ok(Value::Literal("${envvars.X".into()))),
        ] {
            assert_eq!(Value::parse(text, dialect), expected, "{text}");
        }
    }

    #[test]
    fn resolved() {
        let lookup = |_: Store, key: &str| (key == "A").then(|| "1".to_owned());
        assert_eq!(Value::Literal("x".into()).resolve(lookup), Ok("x".into()));
        assert_eq!(reference(Store::Envvars, "A", None).resolve(lookup), Ok("1".into()));
        assert_eq!(
            reference(Store::Envvars, "B", Some("2")).resolve(lookup),
            Ok("2".into())
        );
        let missing = reference(Store::Usersecrets, "B", None).resolve(lookup).unwrap_err();
        assert_eq!(missing.to_string(), "`usersecrets` has no `B`");
        let planned = reference(Store::Azapp, "B", None).resolve(lookup).unwrap_err();
        assert_eq!(planned.to_string(), "the store `azapp` is planned, and not read yet");
    }
}
