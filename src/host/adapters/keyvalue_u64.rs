//! `wasi:keyvalue@0.2.0-draft` in the shape with a `u64` cursor and unsigned numbers.

use wasmtime::component::{HasData, Linker, Resource, ResourceTable};

use super::keyvalue::{Bindings, Handle, tell};
use crate::host::{Guest, Told};
use crate::providers::keyvalue::{Error, Range};

#[allow(missing_docs)]
mod generated {
    wasmtime::component::bindgen!({
        path: "wit/host/keyvalue-u64",
        world: "imports",
        with: { "wasi:keyvalue/store.bucket": crate::host::adapters::keyvalue::Handle },
        imports: { default: async | trappable },
        require_store_data_send: true,
    });
}

use generated::wasi::keyvalue::{atomics, batch, store};

struct KeyValue;

impl HasData for KeyValue {
    type Data<'a> = View<'a>;
}

struct View<'a> {
    bindings: &'a Bindings,
    table: &'a mut ResourceTable,
    clock: &'a slt_emulators::chassis::Clock,
    told: Option<&'a Told>,
}

/// Links store, atomics and batch.
pub fn add_to_linker(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    fn view(guest: &mut Guest) -> View<'_> {
        View {
            bindings: &guest.keyvalue,
            table: &mut guest.table,
            clock: &guest.clock,
            told: guest.told.as_ref(),
        }
    }
    store::add_to_linker::<Guest, KeyValue>(linker, view)?;
    atomics::add_to_linker::<Guest, KeyValue>(linker, view)?;
    batch::add_to_linker::<Guest, KeyValue>(linker, view)
}

type Answer<T> = wasmtime::Result<Result<T, store::Error>>;

impl View<'_> {
    /// The one table from a provider's errors to this interface's. `access-denied` has no room for a reason.
    fn error(&self, error: Error) -> store::Error {
        tell(self.told, &error);
        match error {
            Error::NoSuchStore => store::Error::NoSuchStore,
            Error::AccessDenied(_) => store::Error::AccessDenied,
            error => store::Error::Other(error.to_string()),
        }
    }

    fn handle(&self, bucket: &Resource<Handle>) -> wasmtime::Result<Handle> {
        self.clock.guest_calls();
        Ok(self.table.get(bucket)?.clone())
    }
}

impl store::Host for View<'_> {
    async fn open(&mut self, identifier: String) -> Answer<Resource<Handle>> {
        self.clock.guest_calls();
        match self.bindings.open(identifier).await {
            Ok(handle) => Ok(Ok(self.table.push(handle)?)),
            Err(reason) => Ok(Err(self.error(reason))),
        }
    }
}

impl store::HostBucket for View<'_> {
    async fn get(&mut self, bucket: Resource<Handle>, key: String) -> Answer<Option<Vec<u8>>> {
        Ok(self
            .handle(&bucket)?
            .bucket
            .get(key)
            .await
            .map_err(|failed| self.error(failed)))
    }

    async fn set(&mut self, bucket: Resource<Handle>, key: String, value: Vec<u8>) -> Answer<()> {
        Ok(self
            .handle(&bucket)?
            .bucket
            .set(key, value)
            .await
            .map_err(|failed| self.error(failed)))
    }

    async fn delete(&mut self, bucket: Resource<Handle>, key: String) -> Answer<()> {
        Ok(self
            .handle(&bucket)?
            .bucket
            .delete(key)
            .await
            .map_err(|failed| self.error(failed)))
    }

    async fn exists(&mut self, bucket: Resource<Handle>, key: String) -> Answer<bool> {
        Ok(self
            .handle(&bucket)?
            .bucket
            .exists(key)
            .await
            .map_err(|failed| self.error(failed)))
    }

    async fn list_keys(&mut self, bucket: Resource<Handle>, cursor: Option<u64>) -> Answer<store::KeyResponse> {
        let page = self
            .handle(&bucket)?
            .page(cursor)
            .await
            .map_err(|failed| self.error(failed));
        Ok(page.map(|page| store::KeyResponse {
            keys: page.keys,
            cursor: page.cursor,
        }))
    }

    async fn drop(&mut self, bucket: Resource<Handle>) -> wasmtime::Result<()> {
        self.table.delete(bucket)?;
        Ok(())
    }
}

impl atomics::Host for View<'_> {
    async fn increment(&mut self, bucket: Resource<Handle>, key: String, delta: u64) -> Answer<u64> {
        let handle = self.handle(&bucket)?;
        let Ok(delta) = i64::try_from(delta) else {
            return Ok(Err(store::Error::Other("increment or decrement would overflow".into())));
        };
        let sum = handle
            .bucket
            .increment(key, delta, Range::Unsigned)
            .await
            .map_err(|failed| self.error(failed));
        Ok(sum.and_then(|sum| u64::try_from(sum).map_err(|_| store::Error::Other(format!("{sum} is negative")))))
    }
}

impl batch::Host for View<'_> {
    async fn get_many(
        &mut self,
        bucket: Resource<Handle>,
        keys: Vec<String>,
    ) -> Answer<Vec<Option<(String, Vec<u8>)>>> {
        let values = self
            .handle(&bucket)?
            .bucket
            .get_many(keys.clone())
            .await
            .map_err(|failed| self.error(failed));
        let pair = |(key, value): (String, Option<Vec<u8>>)| value.map(|value| (key, value));
        Ok(values.map(|values| keys.into_iter().zip(values).map(pair).collect()))
    }

    async fn set_many(&mut self, bucket: Resource<Handle>, pairs: Vec<(String, Vec<u8>)>) -> Answer<()> {
        Ok(self
            .handle(&bucket)?
            .bucket
            .set_many(pairs)
            .await
            .map_err(|failed| self.error(failed)))
    }

    async fn delete_many(&mut self, bucket: Resource<Handle>, keys: Vec<String>) -> Answer<()> {
        Ok(self
            .handle(&bucket)?
            .bucket
            .delete_many(keys)
            .await
            .map_err(|failed| self.error(failed)))
    }
}
