//! Gives back what a worker keeps for later.

use super::Worker;
use super::buffers::{LARGE, OUTPUT};
use crate::forward::buffer::{LARGE as COPY_LARGE, SMALL as COPY_SMALL};
use crate::http::Head;
use crate::stats::PoolState;

impl Worker {
    /// Empties the pools, and says what was in those of memory.
    pub(super) fn flush_pools(&self) -> Vec<PoolState> {
        let [small, large, outputs] = self.buffers.flush();
        let [copy_small, copy_large] = self.forwarder.buffers.flush();
        self.forwarder.pipes.flush();
        self.serving.flush();
        self.stream_tasks.flush();
        vec![
            PoolState::new("buffer", self.buffers.small_size(), small),
            PoolState::new("large_buffer", LARGE.max(self.buffers.small_size()), large),
            PoolState::new("output", OUTPUT, outputs),
            PoolState::new("copy_small", COPY_SMALL, copy_small),
            PoolState::new("copy_large", COPY_LARGE, copy_large),
            PoolState::new("head", size_of::<Head>(), self.heads.flush()),
        ]
    }
}
