//! Why an entry is not added or not removed. Nothing has been written then.

/// Why not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No such resource.
    #[error("there is no resource `{written}`")]
    UnknownResource {
        /// What was asked for.
        written: String,
        /// The resource that was most likely meant.
        nearest: Option<&'static str>,
        /// What there is.
        choices: String,
    },
    /// A resource that only older spec versions have.
    #[error("`{0}` ended with specversion 0.2")]
    Legacy(&'static str),
    /// A capability without slight's names.
    #[error("slt has no interface with slight's names for `{capability}`")]
    NoCompat {
        /// The capability.
        capability: &'static str,
        /// Those that have one.
        others: String,
    },
    /// An empty name.
    #[error("a name cannot be empty")]
    EmptyName,
    /// In 0.1 an entry has no name of its own.
    #[error("an entry of specversion 0.1 has no name of its own")]
    NameIn0_1,
    /// The name is another entry's.
    #[error("the name `{name}` is taken: `{resource}` has it, in line {line}")]
    NameTaken {
        /// The name.
        name: String,
        /// Whose it is.
        resource: String,
        /// Where.
        line: usize,
    },
    /// `*` beside another name.
    #[error("`*` is every name, and `{resource}` in line {line} is called `{name}`")]
    StarBesideName {
        /// The other name.
        name: String,
        /// Whose it is.
        resource: String,
        /// Where.
        line: usize,
    },
    /// A name beside `*`.
    #[error("`{resource}` in line {line} is called `*`, which is every name")]
    NameBesideStar {
        /// Whose it is.
        resource: String,
        /// Where.
        line: usize,
    },
    /// In 0.1 a capability has one backend.
    #[error("specversion 0.1 has one backend for each capability, and `{resource}` is there in line {line}")]
    SecondIn0_1 {
        /// The one that is there.
        resource: String,
        /// Where.
        line: usize,
    },
    /// In 0.1 configuration comes from the secret store, and there is none.
    #[error(
        "`{resource}` needs {keys}, and specversion 0.1 takes that from a `secret_store`, which the file does not name"
    )]
    NoSecretStore {
        /// The resource.
        resource: &'static str,
        /// Its keys.
        keys: String,
    },
    /// A file is where a WIT package would go.
    #[error("`{file}` is there already, and is not the file of `{package}` that slt carries")]
    FileInTheWay {
        /// The file.
        file: String,
        /// The package.
        package: String,
    },
    /// There is nothing to remove.
    #[error("there is no {wanted} in the slightfile")]
    NotThere {
        /// What was asked for.
        wanted: String,
        /// What is there.
        there: String,
    },
    /// More than one entry could be meant.
    #[error("there are {count} entries of `{resource}`: {names}")]
    Several {
        /// The resource.
        resource: &'static str,
        /// How many.
        count: usize,
        /// Their names.
        names: String,
    },
}

impl Refusal {
    /// The way out.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::UnknownResource { nearest, choices, .. } => match nearest {
                Some(near) => format!("did you mean `{near}`?"),
                None => choices.clone(),
            },
            Self::Legacy(_) => "write literal values into the configuration instead".to_owned(),
            Self::NoCompat { others, .. } => format!("leave `--compat` out: there is one for {others}"),
            Self::EmptyName => "`--name N` is what the component opens, or `*` for any name".to_owned(),
            Self::NameIn0_1 => "leave `--name` out, or bring the file to 1.0 with `slt migrate`".to_owned(),
            Self::NameTaken { .. } => "give it another name with `--name N`: it is what the component opens".to_owned(),
            Self::StarBesideName { .. } => "give it a name of its own with `--name N`".to_owned(),
            Self::NameBesideStar { .. } => "give the entry with `*` a name first: it is what the component opens".to_owned(),
            Self::SecondIn0_1 { .. } => "bring the file to 1.0 with `slt migrate`, where entries have names".to_owned(),
            Self::NoSecretStore { .. } => {
                "write secret_store = \"configs.envvars\" at the start of the file, or bring it to 1.0 with `slt migrate`"
                    .to_owned()
            }
            Self::FileInTheWay { package, .. } => {
                format!("move it away, or put `{package}` below `wit/deps` yourself")
            }
            Self::NotThere { there, .. } if there.is_empty() => "it has no capabilities".to_owned(),
            Self::NotThere { there, .. } => format!("it has {there}"),
            Self::Several { .. } => "say which one with `--name N`".to_owned(),
        }
    }
}
