//! Stage 7: forward bytes: copy, splice, tunnel.
//!
//! `buffer` and `splice` own what is lent to a connection only while it moves bytes; `copy` and `splice` move one
//! direction, also up to an exact number of bytes; `tunnel` relays both directions with their timeouts.

pub mod buffer;
pub mod copy;
pub mod splice;
pub mod tunnel;

pub use buffer::BufferPool;
pub use copy::CopyPump;
pub use splice::{PipeLimit, PipePool, Progress, PumpError, Pumped, SplicePump};
pub use tunnel::{Initial, Relay, RelayOptions, RelayOutcome, Splicing, relay};

use crate::clock::Clock;

/// What forwarding needs from its worker. Clones share everything; it does not leave its thread.
#[derive(Clone, Debug)]
pub struct Forwarder {
    /// Copy buffers.
    pub buffers: BufferPool,
    /// Pipes.
    pub pipes: PipePool,
    /// The worker's clock.
    pub clock: Clock,
}
