//! `slight:keyvalue/compat`: the methods of slight's `keyvalue`, for applications that are brought over.
//!
//! A missing key is an error here, as in slight. What slight's backends did differently from each other (empty values, keys that are
//! deleted and not there) is as the provider has it: the same for all.

use wasmtime::component::{HasData, Linker, Resource, ResourceTable};

use super::keyvalue::{Bindings, Handle, tell};
use crate::host::{Guest, Told};
use crate::providers::keyvalue::Error;

/// The most keys that `keys` gives. All of them are in the guest's memory at once: where there are more, one lists pages.
const MAX_KEYS: usize = 100_000;

#[allow(missing_docs)]
mod generated {
    wasmtime::component::bindgen!({
        path: "wit/slight-keyvalue",
        world: "imports",
        with: { "slight:keyvalue/compat.keyvalue": crate::host::adapters::keyvalue::Handle },
        imports: { default: async | trappable },
        require_store_data_send: true,
    });
}

use generated::slight::keyvalue::compat::{self, KeyvalueError};

struct Compat;

impl HasData for Compat {
    type Data<'a> = View<'a>;
}

struct View<'a> {
    bindings: &'a Bindings,
    table: &'a mut ResourceTable,
    clock: &'a slt_emulators::chassis::Clock,
    told: Option<&'a Told>,
}

/// Links the interface.
pub fn add_to_linker(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    compat::add_to_linker::<Guest, Compat>(linker, |guest| View {
        bindings: &guest.keyvalue,
        table: &mut guest.table,
        clock: &guest.clock,
        told: guest.told.as_ref(),
    })
}

type Answer<T> = wasmtime::Result<Result<T, KeyvalueError>>;

/// The one table from a provider's errors to slight's.
fn meaning(error: &Error) -> KeyvalueError {
    let case = match error {
        Error::AccessDenied(_) => KeyvalueError::AuthenticationError,
        Error::Unavailable(_) => KeyvalueError::ConnectionError,
        Error::Indeterminate(_) => KeyvalueError::IoError,
        Error::Invalid(_) => KeyvalueError::InvalidValue,
        Error::NoSuchStore | Error::Throttled { .. } | Error::Other(_) => KeyvalueError::UnexpectedError,
    };
    case(error.to_string())
}

impl View<'_> {
    fn error(&self, error: Error) -> KeyvalueError {
        tell(self.told, &error);
        meaning(&error)
    }

    fn handle(&self, store: &Resource<Handle>) -> wasmtime::Result<Handle> {
        self.clock.guest_calls();
        Ok(self.table.get(store)?.clone())
    }
}

impl compat::Host for View<'_> {}

impl compat::HostKeyvalue for View<'_> {
    async fn open(&mut self, name: String) -> Answer<Resource<Handle>> {
        self.clock.guest_calls();
        match self.bindings.open(name).await {
            Ok(handle) => Ok(Ok(self.table.push(handle)?)),
            Err(reason) => Ok(Err(self.error(reason))),
        }
    }

    async fn get(&mut self, store: Resource<Handle>, key: String) -> Answer<Vec<u8>> {
        let missing = KeyvalueError::KeyNotFound(format!("there is no key `{key}`"));
        Ok(match self.handle(&store)?.bucket.get(key).await {
            Ok(value) => value.ok_or(missing),
            Err(failed) => Err(self.error(failed)),
        })
    }

    async fn set(&mut self, store: Resource<Handle>, key: String, value: Vec<u8>) -> Answer<()> {
        let set = self.handle(&store)?.bucket.set(key, value).await;
        Ok(set.map_err(|failed| self.error(failed)))
    }

    async fn keys(&mut self, store: Resource<Handle>) -> Answer<Vec<String>> {
        Ok(match self.handle(&store)?.bucket.keys().await {
            Ok(keys) if keys.len() > MAX_KEYS => Err(KeyvalueError::UnexpectedError(format!(
                "the store has {} keys, and `keys` gives {MAX_KEYS} at most: `wasi:keyvalue` lists them page by page",
                keys.len()
            ))),
            Ok(keys) => Ok(keys),
            Err(failed) => Err(self.error(failed)),
        })
    }

    async fn delete(&mut self, store: Resource<Handle>, key: String) -> Answer<()> {
        let deleted = self.handle(&store)?.bucket.delete(key).await;
        Ok(deleted.map_err(|failed| self.error(failed)))
    }

    async fn drop(&mut self, store: Resource<Handle>) -> wasmtime::Result<()> {
        self.table.delete(store)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_by_slights_names() {
        let text = || "why".to_owned();
        let throttled = Error::Throttled {
            message: text(),
            after: None,
        };
        for (error, expected) in [
            (
                Error::AccessDenied(text()),
                "AuthenticationError(\"access denied: why\")",
            ),
            (Error::Unavailable(text()), "ConnectionError(\"unavailable: why\")"),
            (Error::Indeterminate(text()), "IoError(\"indeterminate: why\")"),
            (Error::Invalid(text()), "InvalidValue(\"why\")"),
            (Error::NoSuchStore, "UnexpectedError(\"no such store\")"),
            (throttled, "UnexpectedError(\"throttled: why\")"),
            (Error::Other(text()), "UnexpectedError(\"why\")"),
        ] {
            let shown = format!("{:?}", meaning(&error));
            assert!(shown.ends_with(expected), "{shown} is not {expected}");
        }
    }
}
