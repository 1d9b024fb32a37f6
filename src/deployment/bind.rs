//! From a slightfile to what stands behind each capability: providers, services, grants, limits.

use std::sync::Arc;
use std::time::Duration;

use slt_emulators::chassis::{Clock, Mounted, World};

use crate::catalogue::{Catalogue, Family, Maturity, Resource};
use crate::host::adapters::keyvalue::Bindings;
use crate::providers::endpoint::Endpoint;
use crate::providers::keyvalue::{KeyValue, Redis};
use crate::services;
use crate::slightfile::{Capability, HostPattern, Slightfile, SpecVersion, Store, Unresolved, Value};

/// The memory of an instance where `[limits] memory` says nothing, in bytes.
const DEFAULT_MEMORY_BYTES: u64 = 256 * 1024 * 1024;

/// Makes a provider for a service.
type Provide = fn(Endpoint, Clock) -> Arc<dyn KeyValue>;

/// The provider of each key-value resource.
const KEYVALUE: &[(&str, Provide)] = &[("keyvalue.redis", |endpoint, clock| {
    Arc::new(Redis::new(endpoint, clock))
})];

/// Where services come from.
pub enum Services<'a> {
    /// Emulated in this process, fresh, in this world; nothing of the configuration's endpoints is resolved.
    Emulated(&'a World),
    /// At the addresses that the slightfile names.
    Named {
        /// Finds what a reference means.
        lookup: &'a dyn Fn(Store, &str) -> Option<String>,
        /// The clock of the providers.
        clock: &'a Clock,
    },
}

/// What stands behind a slightfile.
#[derive(Clone)]
pub struct Bound {
    /// Key-value stores by name.
    pub keyvalue: Arc<Bindings>,
    /// The emulated services, in the order of the slightfile.
    pub services: Vec<Mounted>,
    /// Where guests may send requests.
    pub grants: Arc<[HostPattern]>,
    /// The memory of an instance, in bytes.
    pub memory: u64,
    /// What one request may take, if the slightfile says.
    pub request_timeout: Option<Duration>,
}

/// Why a slightfile cannot be bound.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BindError {
    /// No such resource.
    #[error("there is no resource `{0}`")]
    Unknown(String),
    /// The catalogue knows it; nobody has built it yet.
    #[error("`{0}` is planned: this version of slt cannot run it yet")]
    Planned(String),
    /// A key is missing.
    #[error("`{resource}` needs the key `{key}`")]
    Missing {
        /// The resource.
        resource: String,
        /// The key.
        key: String,
    },
    /// A reference leads nowhere.
    #[error("`{key}` of `{resource}` is not set: {reason}")]
    Unresolved {
        /// The resource.
        resource: String,
        /// The key.
        key: String,
        /// Why.
        reason: Unresolved,
    },
    /// An address cannot be used.
    #[error("`{key}` of `{resource}` cannot be used: {reason}")]
    Address {
        /// The resource.
        resource: String,
        /// The key.
        key: String,
        /// Why; never the value.
        reason: String,
    },
}

/// Binds every capability of a slightfile.
///
/// # Errors
/// Every problem, not the first only.
pub fn bind(slightfile: &Slightfile, catalogue: &Catalogue, from: &Services<'_>) -> Result<Bound, Vec<BindError>> {
    let mut binder = Binder {
        slightfile,
        from,
        services: Vec::new(),
        emulated: Vec::new(),
    };
    let (mut keyvalue, mut errors) = (Vec::new(), Vec::new());
    for capability in &slightfile.capabilities {
        match binder.capability(capability, catalogue) {
            Ok(Some(provider)) => keyvalue.push((binder.name(capability), provider)),
            Ok(None) => {}
            Err(error) => errors.push(error),
        }
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    let limits = &slightfile.limits;
    Ok(Bound {
        keyvalue: Arc::new(Bindings::new(keyvalue)),
        services: binder.services,
        grants: slightfile.outbound.iter().map(|host| host.value.clone()).collect(),
        memory: limits
            .memory
            .as_ref()
            .map_or(DEFAULT_MEMORY_BYTES, |memory| memory.value),
        request_timeout: limits.request_timeout.as_ref().map(|timeout| timeout.value),
    })
}

struct Binder<'a> {
    slightfile: &'a Slightfile,
    from: &'a Services<'a>,
    services: Vec<Mounted>,
    /// Capabilities whose configuration names one server share one emulated server too.
    emulated: Vec<(&'static str, Option<Value>, Endpoint)>,
}

impl Binder<'_> {
    fn name(&self, capability: &Capability) -> String {
        // in 0.1 names are not written: any name opens the one capability of its family
        match self.slightfile.specversion.value {
            SpecVersion::V0_1 => "*".to_owned(),
            SpecVersion::V0_2 | SpecVersion::V1_0 => capability.name.value.clone(),
        }
    }

    fn capability(
        &mut self,
        capability: &Capability,
        catalogue: &Catalogue,
    ) -> Result<Option<Arc<dyn KeyValue>>, BindError> {
        let id = &capability.resource.value;
        let resource = catalogue.resource(id).ok_or_else(|| BindError::Unknown(id.clone()))?;
        if resource.maturity == Maturity::Planned {
            return if capability.optional {
                Ok(None)
            } else {
                Err(BindError::Planned(id.clone()))
            };
        }
        if resource.family != Family::Keyvalue {
            return Ok(None);
        }
        let provider = KEYVALUE
            .iter()
            .find(|(id, _)| *id == resource.id)
            .map(|(_, provider)| provider);
        let provider = provider.ok_or_else(|| BindError::Planned(id.clone()))?;
        let (endpoint, clock) = self.endpoint(capability, resource)?;
        Ok(Some(provider(endpoint, clock)))
    }

    fn endpoint(
        &mut self,
        capability: &Capability,
        resource: &'static Resource,
    ) -> Result<(Endpoint, Clock), BindError> {
        let id = || capability.resource.value.clone();
        let key = resource.keys.iter().find(|key| key.endpoint).map_or("", |key| key.name);
        let value = self.slightfile.config(capability, key);
        match self.from {
            Services::Emulated(world) => {
                let kind = resource
                    .service
                    .and_then(services::emulated)
                    .ok_or_else(|| BindError::Planned(id()))?;
                Ok((self.mount(kind, value, world), world.clock.clone()))
            }
            Services::Named { lookup, clock } => {
                let value = value.ok_or_else(|| BindError::Missing {
                    resource: id(),
                    key: key.to_owned(),
                })?;
                let address = value.resolve(lookup).map_err(|reason| BindError::Unresolved {
                    resource: id(),
                    key: key.to_owned(),
                    reason,
                })?;
                let endpoint = services::redis_at(&address, clock).map_err(|error| BindError::Address {
                    resource: id(),
                    key: key.to_owned(),
                    reason: error.to_string(),
                })?;
                Ok((endpoint, (*clock).clone()))
            }
        }
    }

    fn mount(&mut self, kind: &'static services::Kind, value: Option<Value>, world: &World) -> Endpoint {
        let is_same = |(name, known, _): &&(&str, Option<Value>, Endpoint)| *name == kind.name && *known == value;
        if let Some((_, _, endpoint)) = self.emulated.iter().find(is_same) {
            return endpoint.clone();
        }
        let number = self.emulated.iter().filter(|(name, ..)| *name == kind.name).count();
        let (service, endpoint) = services::mount(kind, number, world);
        self.services.push(service);
        self.emulated.push((kind.name, value, endpoint.clone()));
        endpoint
    }
}
