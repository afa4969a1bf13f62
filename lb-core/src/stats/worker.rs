//! The building blocks of counters: values with one writer, one copy per worker.

use std::ops::Deref;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Keeps a value on cache lines of its own (two: x86 fetches them in pairs).
#[derive(Debug, Default)]
#[repr(align(128))]
pub struct Padded<T>(pub T);

impl<T> Deref for Padded<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

/// One `T` per worker. Each worker writes its own, anybody reads all.
#[derive(Debug)]
pub struct PerWorker<T>(Box<[Padded<T>]>);

impl<T: Default> PerWorker<T> {
    /// One `T` for each of `workers` (at least one).
    pub fn new(workers: usize) -> Self {
        Self((0..workers.max(1)).map(|_| Padded::default()).collect())
    }
}

impl<T> PerWorker<T> {
    /// The worker's own. A number that is too large shares another worker's: counts may then be lost, nothing else.
    pub fn get(&self, worker: usize) -> &T {
        let index = if worker < self.0.len() { worker } else { worker % self.0.len() };
        &self.0[index].0
    }

    /// Those of all workers.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.0.iter().map(|padded| &padded.0)
    }
}

/// A number that one thread changes and any thread reads: a plain load and store, no locked instruction.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Adds one. Only the owning worker may call it.
    pub fn inc(&self) {
        self.add(1);
    }

    /// Adds `amount`. Only the owning worker may call it.
    pub fn add(&self, amount: u64) {
        self.0.store(self.0.load(Ordering::Relaxed).wrapping_add(amount), Ordering::Relaxed);
    }

    /// Subtracts `amount`; a worker may end what another began, the sum over workers stays right.
    pub fn sub(&self, amount: u64) {
        self.0.store(self.0.load(Ordering::Relaxed).wrapping_sub(amount), Ordering::Relaxed);
    }

    /// This worker's share.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The largest value that one thread saw.
#[derive(Debug, Default)]
pub struct Peak(AtomicU64);

impl Peak {
    /// Takes a value into account. Only the owning worker may call it.
    pub fn record(&self, value: u64) {
        if value > self.0.load(Ordering::Relaxed) {
            self.0.store(value, Ordering::Relaxed);
        }
    }

    /// The largest so far.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Forgets it (`clear counters`).
    pub fn clear(&self) {
        self.0.store(0, Ordering::Relaxed);
    }
}

/// How many values an [`Average`] looks back on (management.txt, section 9.1: qtime to ttime).
const WINDOW: u64 = 1024;

/// A sliding average over about the last 1024 values of one thread.
#[derive(Debug, Default)]
pub struct Average {
    sum: Counter,
    count: Counter,
    max: Peak,
    /// Somebody asked for a new start; the owner makes it with its next value.
    cleared: AtomicBool,
}

impl Average {
    /// Takes a value into account. Only the owning worker may call it.
    pub fn record(&self, value: u64) {
        if self.cleared.load(Ordering::Relaxed) {
            self.sum.sub(self.sum.get());
            self.count.sub(self.count.get());
            self.cleared.store(false, Ordering::Relaxed);
        }
        self.max.record(value);
        if self.count.get() < WINDOW {
            self.count.inc();
        } else {
            self.sum.sub(self.sum.get().div_ceil(WINDOW));
        }
        self.sum.add(value);
    }

    /// The largest value.
    pub fn max(&self) -> u64 {
        self.max.get()
    }

    /// The average of several workers' values, each worker weighted by how many it has.
    pub fn of<'a>(averages: impl Iterator<Item = &'a Average>) -> u64 {
        let (sum, count) = averages
            .filter(|one| !one.cleared.load(Ordering::Relaxed))
            .fold((0u64, 0u64), |(sum, count), one| (sum.saturating_add(one.sum.get()), count + one.count.get()));
        sum.checked_div(count).unwrap_or(0)
    }

    /// Forgets the values, but not the largest (`clear counters all`).
    pub fn clear(&self) {
        self.cleared.store(true, Ordering::Relaxed);
    }

    /// Forgets the largest value (`clear counters`).
    pub fn clear_max(&self) {
        self.max.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn averages_slide_and_are_weighted() {
        let (busy, idle) = (Average::default(), Average::default());
        for _ in 0..WINDOW {
            busy.record(100);
        }
        assert_eq!(Average::of([&busy, &idle].into_iter()), 100);
        for _ in 0..20 * WINDOW {
            busy.record(10);
        }
        assert_eq!(Average::of([&busy].into_iter()), 10);
        assert_eq!(busy.max(), 100);
        assert_eq!(Average::of([&idle].into_iter()), 0);
    }

    #[test]
    fn what_one_worker_began_another_may_end() {
        let open = PerWorker::<Counter>::new(2);
        open.get(0).add(3);
        open.get(1).sub(2);
        assert_eq!(open.iter().fold(0u64, |sum, one| sum.wrapping_add(one.get())), 1);
        assert_eq!(size_of::<Padded<Counter>>(), 128);
    }
}
