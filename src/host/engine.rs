//! The engine: how components are compiled and where their instances lie.
//!
//! Instances are pooled; where the pool's limits forbid a component, or the system gives no room for a pool, they are
//! made on demand.

use std::sync::{Arc, OnceLock};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use wasmtime::component::Component;
use wasmtime::{Config, InstanceAllocationStrategy, PoolingAllocationConfig, WasmBacktraceDetails};
use wasmtime_wasi::p2::bindings::CommandPre;
use wasmtime_wasi_http::p2::bindings::ProxyPre;

use super::cache::Cache;
use super::guest::{Guest, plain};
use super::linker;

/// How much the pool of instances has room for.
#[derive(Debug, Clone, Copy)]
pub struct Pool {
    /// Instances of components. Each reserves address space, not memory.
    pub instances: u32,
    /// The most memory that an instance may have, in bytes.
    pub memory_bytes: usize,
}

impl Default for Pool {
    /// All that a 32-bit guest can address, for as many as a busy server runs at once.
    fn default() -> Self {
        Self {
            instances: 256,
            memory_bytes: 1 << 32,
        }
    }
}

/// Compiles and loads components. One for a process.
pub struct Engine {
    pooled: Option<wasmtime::Engine>,
    on_demand: OnceLock<wasmtime::Engine>,
    cache: Option<Cache>,
    /// How many instances the pool has room for still.
    seats: Arc<Semaphore>,
}

/// A component that can be instantiated. Cheap to clone.
#[derive(Clone)]
pub struct Loaded {
    /// What it exports that slt can call.
    pub world: World,
    /// The pool in which its instances lie; `None`: they are made on demand.
    pool: Option<Arc<Spare>>,
}

/// What makes an instance on demand while the pool is full.
struct Spare {
    engine: Arc<Engine>,
    bytes: Vec<u8>,
    testing: bool,
    world: OnceLock<Option<World>>,
}

/// A place for one instance.
pub struct Seat {
    /// What to instantiate there.
    pub world: World,
    /// The place in the pool is given back when the instance is gone.
    pub kept: Option<OwnedSemaphorePermit>,
}

impl Loaded {
    /// A place for an instance: in the pool, or on demand while the pool is full. What a test sees does not depend on how
    /// many others run.
    #[must_use]
    pub fn seat(&self) -> Seat {
        let world = || self.world.clone();
        let Some(spare) = &self.pool else {
            return Seat {
                world: world(),
                kept: None,
            };
        };
        match Arc::clone(&spare.engine.seats).try_acquire_owned() {
            Ok(permit) => Seat {
                world: world(),
                kept: Some(permit),
            },
            Err(_) => Seat {
                world: spare.world().unwrap_or_else(world),
                kept: None,
            },
        }
    }
}

impl Spare {
    fn world(&self) -> Option<World> {
        let load = || {
            let engine = self.engine.on_demand().ok()?;
            self.engine.load_into(engine, &self.bytes, self.testing).ok()
        };
        self.world.get_or_init(load).clone()
    }
}

/// What a component exports that slt can call.
#[derive(Clone)]
pub struct World {
    /// `wasi:http/incoming-handler`
    pub http: Option<ProxyPre<Guest>>,
    /// `wasi:cli/run`
    pub command: Option<CommandPre<Guest>>,
}

/// Why a component cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// Not WebAssembly at all.
    #[error("this is not WebAssembly: it does not begin with `\\0asm`")]
    NotWasm,
    /// A core module.
    #[error("this is a core module, not a component")]
    CoreModule,
    /// Damaged, or not of the component model.
    #[error("this is not a valid component: {0}")]
    Invalid(String),
    /// It needs something that is not hosted.
    #[error("the component imports `{import}`, which {why}")]
    Import {
        /// The name, with its version.
        import: String,
        /// Why not.
        why: String,
    },
    /// The engine itself failed.
    #[error("the WebAssembly engine cannot start: {0}")]
    Engine(String),
}

impl Engine {
    /// An engine that keeps compiled code in `cache`.
    ///
    /// # Errors
    /// [`LoadError::Engine`] if not even instances on demand are possible.
    pub fn new(cache: Option<Cache>) -> Result<Self, LoadError> {
        Self::with_pool(cache, Pool::default())
    }

    /// As [`Engine::new`], with a pool of another size.
    ///
    /// # Errors
    /// As [`Engine::new`].
    pub fn with_pool(cache: Option<Cache>, pool: Pool) -> Result<Self, LoadError> {
        let pooled = wasmtime::Engine::new(&config(Some(pool))).ok();
        let engine = Self {
            pooled,
            on_demand: OnceLock::new(),
            cache,
            seats: Arc::new(Semaphore::new(pool.instances as usize)),
        };
        if engine.pooled.is_none() {
            engine.on_demand()?;
        }
        Ok(engine)
    }

    fn on_demand(&self) -> Result<&wasmtime::Engine, LoadError> {
        if let Some(engine) = self.on_demand.get() {
            return Ok(engine);
        }
        let engine = wasmtime::Engine::new(&config(None)).map_err(|error| LoadError::Engine(plain(&error)))?;
        Ok(self.on_demand.get_or_init(|| engine))
    }

    /// Lets each running guest ask whether it was interrupted.
    pub(crate) fn increment_epoch(&self) {
        for engine in self.pooled.iter().chain(self.on_demand.get()) {
            engine.increment_epoch();
        }
    }

    /// Compiles a component, or takes it from the cache, and links its imports. `testing`: `slight:testing` is there.
    ///
    /// # Errors
    /// What is wrong with the component, or what it needs and is not hosted.
    pub fn load(self: &Arc<Self>, bytes: &[u8], testing: bool) -> Result<Loaded, LoadError> {
        check_kind(bytes)?;
        let loaded = self
            .pooled
            .as_ref()
            .map(|engine| self.load_into(engine, bytes, testing));
        match loaded {
            Some(Ok(world)) => {
                let engine = Arc::clone(self);
                let spare = Spare {
                    engine,
                    bytes: bytes.to_vec(),
                    testing,
                    world: OnceLock::new(),
                };
                Ok(Loaded {
                    world,
                    pool: Some(Arc::new(spare)),
                })
            }
            Some(Err(error @ LoadError::Import { .. })) => Err(error),
            // beyond the pool's limits, or invalid: an engine without a pool will tell
            Some(Err(_)) | None => {
                let world = self.load_into(self.on_demand()?, bytes, testing)?;
                Ok(Loaded { world, pool: None })
            }
        }
    }

    fn load_into(&self, engine: &wasmtime::Engine, bytes: &[u8], testing: bool) -> Result<World, LoadError> {
        let component = self.compile(engine, bytes)?;
        let linker = linker::of(engine, &component, testing)?;
        let pre = linker
            .instantiate_pre(&component)
            .map_err(|error| LoadError::Invalid(plain(&error)))?;
        Ok(World {
            http: ProxyPre::new(pre.clone()).ok(),
            command: CommandPre::new(pre).ok(),
        })
    }

    fn compile(&self, engine: &wasmtime::Engine, bytes: &[u8]) -> Result<Component, LoadError> {
        let compile = || Component::from_binary(engine, bytes);
        let compiled = match &self.cache {
            Some(cache) => cache.get(engine, bytes, compile),
            None => compile(),
        };
        compiled.map_err(|error| LoadError::Invalid(plain(&error)))
    }
}

/// Tells a component from what else may lie in a `.wasm`, by its first eight bytes.
fn check_kind(bytes: &[u8]) -> Result<(), LoadError> {
    match bytes.get(..8) {
        Some([0, b'a', b's', b'm', 1, 0, 0, 0]) => Err(LoadError::CoreModule),
        Some([0, b'a', b's', b'm', ..]) => is_flat(bytes).map_err(|error| LoadError::Invalid(error.to_string())),
        _ => Err(LoadError::NotWasm),
    }
}

/// Whether its types can be read. The engine's own reader has no bound for types that lie in each other, and the stack has one.
fn is_flat(bytes: &[u8]) -> wasmparser::Result<()> {
    // what else is wrong, the engine says
    let payloads = wasmparser::Parser::new(0).parse_all(bytes).map_while(Result::ok);
    for payload in payloads {
        if let wasmparser::Payload::ComponentTypeSection(types) = payload {
            types.into_iter().try_for_each(|ty| ty.map(drop))?;
        }
    }
    Ok(())
}

fn config(pool: Option<Pool>) -> Config {
    let mut config = Config::new();
    config.epoch_interruption(true);
    // the environment would change how a backtrace is printed, which `frames` reads
    config.wasm_backtrace_details(WasmBacktraceDetails::Disable);
    if let Some(Pool {
        instances,
        memory_bytes,
    }) = pool
    {
        let mut pool = PoolingAllocationConfig::default();
        // a component is made of several core instances, and may have a memory for its adapter
        pool.total_component_instances(instances)
            .total_core_instances(instances * 8)
            .total_memories(instances * 2)
            .total_tables(instances * 8)
            .total_stacks(instances * 2)
            .max_memory_size(memory_bytes);
        config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    }
    config
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_a_component_is_named() {
        let engine = Arc::new(Engine::new(None).unwrap());
        for (bytes, expected) in [
            (&b"not wasm"[..], "this is not WebAssembly"),
            (b"", "this is not WebAssembly"),
            (b"\0asm\x01\0\0\0", "this is a core module"),
            (b"\0asm\x0d\0\x01\0\xff\xff", "this is not a valid component"),
        ] {
            let error = engine.load(bytes, false).map(|_| ()).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{error}");
        }
    }
}
