//! What a component's imports and exports ask of the slightfile. Whether slt hosts them at all is `interfaces`'s.

use std::collections::BTreeMap;

use semver::Version;

use super::interfaces;
use super::{Artifact, Interface, World};
use crate::catalogue::{Capability, Catalogue, Family, Hosted, Resource};
use crate::slightfile::{Diagnostic, Slightfile, SpecVersion, codes};

/// What `slt run` starts.
const ENTRY_POINTS: &[(&str, &str)] = &[("wasi:http", "incoming-handler"), ("wasi:cli", "run")];

/// Finds every problem of a world.
pub fn check(slightfile: &Slightfile, world: &World, catalogue: &Catalogue, artifact: Artifact) -> Vec<Diagnostic> {
    let mut found = interfaces::check(world, catalogue, artifact);
    let used = uses(world, catalogue, |_, _| true);
    // Another version is not hosted, whatever the slightfile offers: it asks for no entry.
    let asked = uses(world, catalogue, |interface, hosted| {
        is_hosted(interface.version.as_ref(), hosted.versions)
    });
    let missing = match all_is_known(slightfile, catalogue) {
        true => missing(slightfile, &asked, catalogue),
        false => Vec::new(),
    };
    let unused = match artifact {
        Artifact::App => unused(slightfile, &used, catalogue),
        Artifact::Test => Vec::new(),
    };
    let (backends, free): (Vec<_>, Vec<_>) = unused
        .into_iter()
        .partition(|(_, resource)| resource.family.needs_entry());
    found.extend(free.iter().filter_map(|entry| never_used(entry, world, catalogue)));
    // One capability that is missing and one that is not used are most likely one mistake.
    if let ([family], [entry]) = (missing.as_slice(), backends.as_slice()) {
        found.push(wrong_family(*family, &asked, slightfile, entry, catalogue));
    } else {
        let lacks = |family: &Family| without_capability(slightfile, *family, &asked, catalogue);
        found.extend(missing.iter().filter_map(lacks));
        found.extend(backends.iter().filter_map(|entry| never_used(entry, world, catalogue)));
    }
    found.extend(outbound(slightfile, world, catalogue));
    if artifact == Artifact::App {
        found.extend(handler(slightfile, world, catalogue));
        found.extend(nothing_to_run(world, catalogue));
    }
    found
}

/// Whether a guest's version of an interface is one of those that are hosted, as semver says: a pre-release is only
/// itself, and `0.2.0` is every 0.2.x.
pub fn is_hosted(version: Option<&Version>, hosted: &[&str]) -> bool {
    let Some(version) = version else { return false };
    hosted
        .iter()
        .filter_map(|text| Version::parse(text).ok())
        .any(|hosted| match hosted.pre.is_empty() && version.pre.is_empty() {
            true if hosted.major > 0 => hosted.major == version.major,
            true => version.major == 0 && hosted.minor == version.minor,
            false => hosted == *version,
        })
}

/// The interfaces that a capability has its components import, or export.
pub(super) type Rows = fn(&Capability) -> &'static [Hosted];

pub(super) fn row(interface: &Interface, catalogue: &Catalogue, rows: Rows) -> Option<(Family, &'static Hosted)> {
    catalogue.capabilities.iter().find_map(|capability| {
        let hosted = rows(capability)
            .iter()
            .find(|hosted| hosted.package == interface.package && hosted.interface == interface.name)?;
        Some((capability.family, hosted))
    })
}

fn family(interface: &Interface, catalogue: &Catalogue, rows: Rows) -> Option<Family> {
    row(interface, catalogue, rows).map(|(family, _)| family)
}

fn offered(slightfile: &Slightfile, catalogue: &Catalogue, family: Family) -> bool {
    slightfile.capabilities.iter().any(|entry| {
        catalogue
            .resource(&entry.resource.value)
            .is_some_and(|resource| resource.family == family)
    })
}

/// An entry whose resource exists.
type Entry<'a> = (&'a crate::slightfile::Capability, &'static Resource);

/// The interfaces that a component uses, by family.
type Used = BTreeMap<Family, Vec<String>>;

/// What a component uses of the capabilities, as far as it `counts`.
fn uses(world: &World, catalogue: &Catalogue, counts: impl Fn(&Interface, &Hosted) -> bool) -> Used {
    let imports = world
        .imports
        .iter()
        .map(|import| (import, row(import, catalogue, |capability| capability.imports)));
    let exports = world
        .exports
        .iter()
        .map(|export| (export, row(export, catalogue, |capability| capability.exports)));
    let mut used = Used::new();
    for (interface, row) in imports.chain(exports) {
        let counted = row.filter(|(_, hosted)| counts(interface, hosted));
        if let Some((family, _)) = counted {
            used.entry(family).or_default().push(interface.path());
        }
    }
    used
}

/// Whether it is known what the slightfile offers: an entry that cannot be read, or whose resource is misspelt, can be what the
/// component needs, and has been reported.
fn all_is_known(slightfile: &Slightfile, catalogue: &Catalogue) -> bool {
    let mut entries = slightfile.capabilities.iter();
    !slightfile.unread_capabilities && entries.all(|entry| catalogue.resource(&entry.resource.value).is_some())
}

/// The families that the component uses and the slightfile lacks.
fn missing(slightfile: &Slightfile, used: &Used, catalogue: &Catalogue) -> Vec<Family> {
    let families = used.keys().copied();
    families
        .filter(|family| family.needs_entry() && !offered(slightfile, catalogue, *family))
        .collect()
}

/// `` `wasi:keyvalue/store`, `wasi:keyvalue/batch` ``
fn paths(family: Family, used: &Used) -> String {
    let paths = used.get(&family).into_iter().flatten();
    paths.map(|path| format!("`{path}`")).collect::<Vec<_>>().join(", ")
}

fn without_capability(
    slightfile: &Slightfile,
    family: Family,
    used: &Used,
    catalogue: &Catalogue,
) -> Option<Diagnostic> {
    let capability = catalogue.capability(family)?;
    let message = format!(
        "the component uses {}, and the slightfile has no `{}` capability",
        paths(family, used),
        capability.name
    );
    let problem = Diagnostic::error(codes::IMPORT_WITHOUT_CAPABILITY, message)
        .label(slightfile.specversion.span.clone(), "in this slightfile")
        .hint(block(family, slightfile, catalogue));
    Some(match (slightfile.end, entry(family, slightfile, catalogue)) {
        (Some(end), Some((resource, entry))) => {
            problem.suggest(format!("add `{}`", resource.id), end..end, format!("\n{entry}"))
        }
        _ => problem,
    })
}

/// One entry is offered and not used, and what is used is not offered.
fn wrong_family(
    family: Family,
    used: &Used,
    slightfile: &Slightfile,
    entry: &Entry<'_>,
    catalogue: &Catalogue,
) -> Diagnostic {
    let (entry, resource) = entry;
    let name = |family: Family| catalogue.capability(family).map_or("", |capability| capability.name);
    let message = format!(
        "the component uses {}, and `{}` offers `{}`",
        paths(family, used),
        resource.id,
        name(resource.family)
    );
    let backend = resource.id.rsplit('.').next().unwrap_or_default();
    let same_backend = format!("{}.{backend}", name(family));
    let twin = catalogue.resources.iter().find(|other| other.id == same_backend);
    let instead = twin.or_else(|| catalogue.ready(family).next());
    let problem = Diagnostic::error(codes::WRONG_FAMILY, message).label(
        entry.resource.span.clone(),
        format!("not `{}`, which the component needs", name(family)),
    );
    match instead {
        Some(instead) => problem.hint(format!("did you mean `{}`?", instead.id)).suggest(
            format!("replace by `{}`", instead.id),
            entry.resource.span.clone(),
            format!("\"{}\"", instead.id),
        ),
        None => problem.hint(block(family, slightfile, catalogue)),
    }
}

/// The entry to paste: the resource that it takes, and its text.
fn entry(family: Family, slightfile: &Slightfile, catalogue: &Catalogue) -> Option<(&'static Resource, String)> {
    let first = catalogue.resources.iter().find(|resource| resource.family == family);
    let resource = catalogue.ready(family).next().or(first)?;
    // In 0.1 the name is the resource, and what it needs comes from the file's `secret_store`.
    if slightfile.specversion.value == SpecVersion::V0_1 {
        return Some((resource, format!("[[capability]]\nname = \"{}\"\n", resource.id)));
    }
    let mut entry = format!("[[capability]]\nresource = \"{}\"\nname = \"default\"", resource.id);
    let keys = resource
        .keys
        .iter()
        .filter(|key| key.need == crate::catalogue::Need::Required);
    for (index, key) in keys.enumerate() {
        if index == 0 {
            entry.push_str("\n[capability.configs]");
        }
        entry.push_str(&format!("\n{} = \"{}\"", key.name, key.example));
    }
    entry.push('\n');
    Some((resource, entry))
}

/// The entry in a hint.
fn block(family: Family, slightfile: &Slightfile, catalogue: &Catalogue) -> String {
    let entry = entry(family, slightfile, catalogue).map_or_else(String::new, |(_, entry)| entry);
    let name = match slightfile.specversion.value {
        SpecVersion::V0_1 => "the resource",
        SpecVersion::V0_2 | SpecVersion::V1_0 => "what the component opens",
    };
    format!("add an entry; `name` is {name}\n\n{entry}")
}

fn outbound(slightfile: &Slightfile, world: &World, catalogue: &Catalogue) -> Option<Diagnostic> {
    let calls = |import: &Interface| {
        let row = row(import, catalogue, |capability| capability.imports);
        row.is_some_and(|(family, hosted)| {
            family == Family::HttpClient && is_hosted(import.version.as_ref(), hosted.versions)
        })
    };
    if !slightfile.outbound.is_empty() || !world.imports.iter().any(calls) {
        return None;
    }
    Some(
        Diagnostic::note(
            codes::OUTBOUND_NOT_GRANTED,
            "the component imports `wasi:http/outgoing-handler`, and may call no host",
        )
        .hint("grant hosts with [outbound] hosts = [\"https://api.example.com\"]"),
    )
}

/// The entries that the component does not use.
fn unused<'a>(slightfile: &'a Slightfile, used: &Used, catalogue: &Catalogue) -> Vec<Entry<'a>> {
    let entries = slightfile.capabilities.iter();
    entries
        .filter_map(|entry| Some((entry, catalogue.resource(&entry.resource.value)?)))
        .filter(|(_, resource)| !used.contains_key(&resource.family))
        .collect()
}

fn never_used((entry, resource): &Entry<'_>, world: &World, catalogue: &Catalogue) -> Option<Diagnostic> {
    let capability = catalogue.capability(resource.family)?;
    let of_it =
        |import: &&Interface| family(import, catalogue, |capability| capability.imports) == Some(resource.family);
    let uncalled: Vec<_> = world.uncalled.iter().filter(of_it).map(Interface::path).collect();
    let ways: Vec<_> = [("import", capability.imports), ("export", capability.exports)]
        .into_iter()
        .filter_map(|(verb, hosted)| Some(format!("{verb} {}", alternatives(hosted)?)))
        .collect();
    let problem = Diagnostic::warning(
        codes::CAPABILITY_UNUSED,
        format!("the component does not use `{}`", resource.id),
    )
    .label(entry.resource.span.clone(), "offered and never used")
    .hint(match one_of(&uncalled) {
        Some(uncalled) => {
            format!("leave the entry out, or call {uncalled}: `wit` imports it, and no code of the component does")
        }
        None => format!("leave the entry out, or {} in the component's world", ways.join(" or ")),
    });
    Some(match &entry.extent {
        Some(extent) => problem.suggest("leave the entry out", extent.clone(), ""),
        None => problem,
    })
}

/// A message handler without topics is never called, and topics without a handler are not delivered to anybody.
fn handler(slightfile: &Slightfile, world: &World, catalogue: &Catalogue) -> Vec<Diagnostic> {
    let exported = world.exports.iter().find(|export| {
        let family = family(export, catalogue, |capability| capability.exports);
        family == Some(Family::Messaging)
    });
    let brokers: Vec<_> = slightfile
        .capabilities
        .iter()
        .filter(|entry| {
            let resource = catalogue.resource(&entry.resource.value);
            resource.is_some_and(|resource| resource.family == Family::Messaging)
        })
        .collect();
    let subscribed = |entry: &&&crate::slightfile::Capability| !entry.subscribe.is_empty();
    match (exported, brokers.iter().find(subscribed)) {
        (Some(export), None) => {
            let problem = |entry: &&crate::slightfile::Capability| {
                Diagnostic::warning(
                    codes::HANDLER_WITHOUT_SUBSCRIBE,
                    format!(
                        "nothing calls the component's `{}`: no topic is subscribed",
                        export.path()
                    ),
                )
                .label(entry.span.clone(), "no `subscribe` here")
                .hint(match slightfile.specversion.value {
                    SpecVersion::V1_0 => "name its topics, e.g. subscribe = [\"orders.*\"]",
                    _ => "write specversion = \"1.0\", and name its topics, e.g. subscribe = [\"orders.*\"]",
                })
            };
            brokers.first().map(problem).into_iter().collect()
        }
        (None, Some(entry)) => {
            let first = entry.subscribe.first().map(|topic| topic.span.clone());
            vec![
                Diagnostic::warning(
                    codes::SUBSCRIBE_WITHOUT_HANDLER,
                    "topics are subscribed, and the component has no message handler",
                )
                .label(first.unwrap_or_default(), "nobody gets its messages")
                .hint("export `wasi:messaging/incoming-handler` in the component's world, or leave `subscribe` out"),
            ]
        }
        _ => Vec::new(),
    }
}

/// `` `wasi:keyvalue/store`, `wasi:keyvalue/atomics` or `wasi:keyvalue/batch` ``
fn alternatives(hosted: &[Hosted]) -> Option<String> {
    let recommended = hosted.iter().filter(|hosted| !hosted.compat);
    let paths: Vec<_> = recommended
        .map(|hosted| format!("{}/{}", hosted.package, hosted.interface))
        .collect();
    one_of(&paths)
}

fn one_of(paths: &[String]) -> Option<String> {
    let (last, rest) = paths.split_last()?;
    let rest: Vec<_> = rest.iter().map(|path| format!("`{path}`")).collect();
    Some(match rest.is_empty() {
        true => format!("`{last}`"),
        false => format!("{} or `{last}`", rest.join(", ")),
    })
}

fn nothing_to_run(world: &World, catalogue: &Catalogue) -> Option<Diagnostic> {
    let runs = world.exports.iter().any(|export| {
        let entry = (export.package.as_str(), export.name.as_str());
        ENTRY_POINTS.contains(&entry) || family(export, catalogue, |capability| capability.exports).is_some()
    });
    (!runs).then(|| {
        Diagnostic::warning(
            codes::EXPORT_MISSING,
            "the component exports nothing that `slt run` could start",
        )
        .hint("export `wasi:http/incoming-handler` to serve HTTP, or `wasi:cli/run` to be a command")
    })
}
