//! The slightfile: which backend stands behind each capability, and what the application may do.
//!
//! Spec versions 0.1, 0.2 and 1.0 are read into one model, in which every value knows its place in the file. What is
//! known from the file alone is checked here; what takes the catalogue or a component is checked by `validate`.
//!
//! *Invariant:* nothing here reads a file or the environment.

mod capability;
mod diagnostic;
mod document;
pub mod edit;
mod explanations;
mod gap;
pub mod grammar;
mod mend;
mod outbound;
mod quantity;
mod read;
mod secret;
mod syntax;
mod value;

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

pub use diagnostic::{Diagnostic, Edit, Fix, Label, Severity, apply, codes, nearest, sort};
pub use explanations::{EXPLANATIONS, Explanation, explanation, near};
pub use gap::Gap;
pub use mend::{Judged, Mended, mend};
pub use outbound::{HostPattern, OutboundError};
pub use quantity::{DURATION_UNITS, QuantityError, SIZE_UNITS, duration, size};
pub use read::Meant;
pub use secret::{cover, has_password, is_secret_name};
pub use value::{STORES, Store, Unresolved, Value};

/// The largest slightfile that is read, in bytes. One with 50 capabilities has 10,000.
pub const SLIGHTFILE_MAX_BYTES: usize = 1 << 20;

/// The most `[[capability]]` entries that are read.
pub const CAPABILITIES_MAX: usize = 1_000;

/// A value, and where it stands in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Its bytes in the text of the file.
    pub span: Range<usize>,
}

/// The spec versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SpecVersion {
    /// `0.1`: `name` is the resource, one backend a capability.
    V0_1,
    /// `0.2`: `resource` and `name`, configuration per capability.
    V0_2,
    /// `1.0`: outbound hosts, limits, tests; unknown keys are errors.
    V1_0,
}

/// Each spec version and how it is written.
pub const SPEC_VERSIONS: &[(&str, SpecVersion)] = &[
    ("0.1", SpecVersion::V0_1),
    ("0.2", SpecVersion::V0_2),
    ("1.0", SpecVersion::V1_0),
];

/// A slightfile.
#[derive(Debug, Clone, PartialEq)]
pub struct Slightfile {
    /// The spec version.
    pub specversion: Spanned<SpecVersion>,
    /// `secret_store` of 0.1: where the configuration of every capability comes from.
    pub secret_store: Option<Spanned<Store>>,
    /// `[app]`
    pub app: App,
    /// `[outbound] hosts`: what the component may call; nothing when empty.
    pub outbound: Vec<Spanned<HostPattern>>,
    /// `[limits]`
    pub limits: Limits,
    /// Whether `secret_store` is written, with whatever value.
    pub has_secret_store: bool,
    /// `[[capability]]`, in the order of the file.
    pub capabilities: Vec<Capability>,
    /// Entries whose name could not be read, which has been reported: theirs is empty.
    pub nameless: Vec<Capability>,
    /// Whether any entry could not be read whole, so that what the file offers is not known.
    pub unread_capabilities: bool,
    /// `[test]`
    pub test: Test,
    /// The end of the text, in bytes, where a `[[capability]]` can be added; none behind `capability = [ … ]`.
    pub end: Option<usize>,
    /// `[[secret_settings]]` of 0.1 and 0.2, in the order of the file.
    pub secret_settings: Vec<SecretSetting>,
}

/// `[app]`
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct App {
    /// The name of the application, and of its component in `dist/`.
    pub name: Option<Spanned<String>>,
    /// Its version.
    pub version: Option<Spanned<String>>,
    /// Where a toolchain that slt does not know leaves the component.
    pub component: Option<Spanned<String>>,
    /// The command that builds it.
    pub build: Option<Spanned<String>>,
}

/// `[limits]`
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Limits {
    /// The memory of an instance, in bytes.
    pub memory: Option<Spanned<u64>>,
    /// What one request may take.
    pub request_timeout: Option<Spanned<Duration>>,
}

/// `[[capability]]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capability {
    /// Which backend: `keyvalue.redis`, as written.
    pub resource: Spanned<String>,
    /// What the guest opens; `*` for any name. In 0.1 the resource again.
    pub name: Spanned<String>,
    /// Whether the application starts without it.
    pub optional: bool,
    /// Where each of its keys stands.
    pub keys: BTreeMap<String, Range<usize>>,
    /// Its configuration.
    pub configs: BTreeMap<String, Config>,
    /// Whether `configs` is there and no table, which has been reported.
    pub configs_unread: bool,
    /// Configuration keys whose value could not be read, which has been reported.
    pub unread_configs: Vec<String>,
    /// Where the configuration is written: the header of its table, or of the capability when there is none.
    pub configs_span: Range<usize>,
    /// The topics of an exported message handler.
    pub subscribe: Vec<Spanned<String>>,
    /// What happens to a message that the handler refuses.
    pub retry: Option<Retry>,
    /// What a provider component itself may call.
    pub grants: Vec<Spanned<HostPattern>>,
    /// The header of the entry.
    pub span: Range<usize>,
    /// The entry from its header to its last value; none when it is written inline.
    pub extent: Option<Range<usize>>,
    /// Where keys can be added to its configuration.
    pub configs_gap: Option<Gap>,
}

/// A configuration key and its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Where the key stands.
    pub key: Range<usize>,
    /// The value.
    pub value: Spanned<Value>,
}

/// `retry`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retry {
    /// How often a message is delivered at most.
    pub attempts: Spanned<u32>,
    /// The topic that takes what was refused to the end.
    pub dead_letter: Option<Spanned<String>>,
}

/// `[test]`
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Test {
    /// The real time that one test may take.
    pub timeout: Option<Spanned<Duration>>,
    /// Where suites of any language lie, from the folder of this file.
    pub components: Vec<Spanned<String>>,
    /// Values for `configs.*` under emulation.
    pub configs: BTreeMap<String, Spanned<String>>,
    /// Container images by service.
    pub containers: BTreeMap<String, Spanned<String>>,
}

/// `[[secret_settings]]`: what `slight secret` wrote, and `slt secret import` reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretSetting {
    /// What `${usersecrets.NAME}` refers to.
    pub name: Spanned<String>,
    /// The value as `slight` encrypted it: weakly, so that it is shown no more than the value.
    pub encrypted: Spanned<Value>,
}

impl Slightfile {
    /// Whether any value comes from this store.
    #[must_use]
    pub fn refers_to(&self, store: Store) -> bool {
        let by_default = self.specversion.value == SpecVersion::V0_1
            && self.secret_store.as_ref().is_some_and(|default| default.value == store);
        let mut configs = self.capabilities.iter().flat_map(|entry| entry.configs.values());
        by_default || configs.any(|config| config.value.value.is_from(store))
    }

    /// The value of a capability's configuration key: its own, or in 0.1 the one in the `secret_store`.
    #[must_use]
    pub fn config(&self, capability: &Capability, key: &str) -> Option<Value> {
        let own = capability.configs.get(key).map(|config| config.value.value.clone());
        own.or_else(|| {
            let store = self.secret_store.as_ref()?;
            (self.specversion.value == SpecVersion::V0_1).then(|| Value::Reference {
                store: store.value,
                key: key.to_owned(),
                default: None,
            })
        })
    }

    /// Which of `candidates` (the entries of one capability) a guest gets that opens `name`: the one with that name, or
    /// the one with `*`; in 0.1, where names are not written, the first.
    #[must_use]
    pub fn opened<'a>(&self, candidates: &[&'a Capability], name: &str) -> Option<&'a Capability> {
        let named = |wanted: &str| candidates.iter().find(|entry| entry.name.value == wanted).copied();
        named(name).or_else(|| named("*")).or_else(|| {
            let first = candidates.first().copied();
            first.filter(|_| self.specversion.value == SpecVersion::V0_1)
        })
    }
}

/// Reads a slightfile. Every problem is reported at once; there is a slightfile when the file could be understood at
/// all, even with errors in it, so that `validate` can go on from there.
///
/// `source_name` is how the user calls the file.
#[must_use]
pub fn parse(source_name: &str, text: &str) -> (Option<Slightfile>, Vec<Diagnostic>) {
    let (slightfile, mut diagnostics) = document::parse(source_name, text);
    sort(&mut diagnostics);
    (slightfile, diagnostics)
}

/// The same for bytes, which may not be text at all.
#[must_use]
pub fn parse_bytes(source_name: &str, bytes: &[u8]) -> (Option<Slightfile>, Vec<Diagnostic>) {
    match std::str::from_utf8(bytes) {
        Ok(text) => parse(source_name, text),
        Err(error) => {
            let line = bytes
                .get(..error.valid_up_to())
                .map_or(1, |valid| valid.iter().filter(|byte| **byte == b'\n').count() + 1);
            let diagnostic = Diagnostic::error(
                codes::SYNTAX,
                format!("`{source_name}` is not UTF-8 text: line {line} has other bytes"),
            );
            (None, vec![diagnostic.hint("save the file as UTF-8")])
        }
    }
}

#[cfg(test)]
mod tests;
