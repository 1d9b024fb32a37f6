//! What every emulated service stands on.
//!
//! A service implements [`Emulator`]: one function, called once per connection with the node at which it arrived.
//! Everything that it may depend on comes with the connection, as a [`Peer`]: the clock, its random streams, the
//! faults, the journal, the shutdown signal and the limits. A TCP listener and an in-memory pipe are [mounts](Mounted)
//! of that one function.
//!
//! *Invariant:* no emulator reads another clock, draws from another source of randomness, or starts a thread.

mod clock;
mod coverage;
mod faults;
mod journal;
mod mount;
mod random;
mod shards;
mod shutdown;
mod simulation;
mod stream;

pub use clock::{Clock, DEFAULT_WALL_NANOSECONDS, Hold, READINGS_BEFORE_STEP, STEP_NANOSECONDS, Sleep, Unsupported};
pub use coverage::{Coverage, State};
pub use faults::{Action, CONNECT, Fault, FaultGuard, Faults, Hit, Target};
pub use journal::{Journal, MAX_ARGUMENT_BYTES, MAX_ARGUMENTS, Record, shorten};
pub use mount::{Emulator, Limits, Listening, Mounted, Peer, World};
pub use random::{Random, Seed};
pub use shards::{SHARDS, Shards, hash};
pub use shutdown::{Shutdown, Trigger};
pub use simulation::{Deadlock, Simulation};
pub use stream::{BoxStream, FaultStream, Shape, Stream};
