//! How busy the workers are: their tasks, and what part of the last second they waited.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::runtime::RuntimeMetrics;

/// What one worker says of its load.
#[derive(Debug, Default)]
pub(crate) struct WorkerLoad {
    /// Of its runtime, once it runs.
    metrics: Mutex<Option<RuntimeMetrics>>,
    busy_percent: AtomicU32,
}

/// The load of all workers.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Load {
    pub(crate) tasks: u32,
    pub(crate) run_queue: u32,
    pub(crate) idle_percent: u32,
}

impl WorkerLoad {
    /// The calling thread's runtime is this worker's.
    pub(super) fn begin(&self) {
        let metrics = tokio::runtime::Handle::current().metrics();
        *self.metrics.lock().unwrap_or_else(PoisonError::into_inner) = Some(metrics);
    }
}

/// Looks once a second how long the worker was busy.
#[derive(Debug)]
pub(super) struct BusyMeter {
    at: Instant,
    busy: Duration,
}

impl BusyMeter {
    pub(super) fn new() -> Self {
        Self { at: Instant::now(), busy: busy_time() }
    }

    /// Notes the part of the time since the last call that the worker was busy.
    pub(super) fn note(&mut self, load: &WorkerLoad) {
        let next = Self::new();
        let passed = next.at.saturating_duration_since(self.at).as_micros().max(1);
        let busy = next.busy.saturating_sub(self.busy).as_micros();
        let percent = u32::try_from(busy * 100 / passed).unwrap_or(100).min(100);
        load.busy_percent.store(percent, Ordering::Relaxed);
        *self = next;
    }
}

/// How long the calling worker was not waiting since it began.
fn busy_time() -> Duration {
    tokio::runtime::Handle::current().metrics().worker_total_busy_duration(0)
}

/// The sums over all workers; the part they waited is their average.
pub(super) fn sum(workers: &[WorkerLoad]) -> Load {
    let mut load = Load::default();
    let mut busy = 0;
    for worker in workers {
        if let Some(metrics) = &*worker.metrics.lock().unwrap_or_else(PoisonError::into_inner) {
            load.tasks += u32::try_from(metrics.num_alive_tasks()).unwrap_or_default();
            load.run_queue += u32::try_from(metrics.global_queue_depth()).unwrap_or_default();
        }
        busy += worker.busy_percent.load(Ordering::Relaxed);
    }
    load.idle_percent = 100 - (busy / u32::try_from(workers.len().max(1)).unwrap_or(1)).min(100);
    load
}
