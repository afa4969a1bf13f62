//! What only grows, per worker: the cumulative columns of `show stat` and `show info` (management.txt, section 9).
//!
//! Each struct is kept once per worker ([`PerWorker`]); the totals are summed when somebody asks. What
//!is per second is a [`Rate`](super::Rate).

use std::fmt::Debug;
use std::sync::{Mutex, PoisonError};

use super::worker::PerWorker;

/// A struct of counters that each worker keeps for itself.
pub trait Counters: Debug + Default {
    /// Their sums.
    type Totals: Clone + Debug + Default;

    /// The totals over all workers since the start.
    fn sum(workers: &PerWorker<Self>) -> Self::Totals;

    /// Takes off what was counted up to `before`.
    fn subtract(totals: &mut Self::Totals, before: &Self::Totals);

    /// Forgets the largest values of one worker.
    fn clear_max(&self);

    /// Forgets what is neither a sum nor a largest value: averages, times.
    fn forget(&self);
}

/// The counters of one thing, by worker.
///
/// A worker writes its own without a locked instruction, so nobody else may set them back: clearing notes what they
/// were, and readers take it off.
#[derive(Debug)]
pub struct Counted<C: Counters> {
    workers: PerWorker<C>,
    cleared: Mutex<C::Totals>,
}

impl<C: Counters> Counted<C> {
    /// Counters for this many workers.
    pub fn new(workers: usize) -> Self {
        Self { workers: PerWorker::new(workers), cleared: Mutex::default() }
    }

    /// Those of one worker. Only the worker itself may change them.
    pub fn of(&self, worker: usize) -> &C {
        self.workers.get(worker)
    }

    /// The totals since the start or since they were cleared.
    pub fn totals(&self) -> C::Totals {
        let mut totals = C::sum(&self.workers);
        C::subtract(&mut totals, &self.cleared.lock().unwrap_or_else(PoisonError::into_inner));
        totals
    }

    /// `clear counters`: the largest values.
    pub fn clear_max(&self) {
        self.workers.iter().for_each(C::clear_max);
    }

    /// `clear counters all`: everything.
    pub fn clear(&self) {
        self.clear_max();
        self.workers.iter().for_each(C::forget);
        *self.cleared.lock().unwrap_or_else(PoisonError::into_inner) = C::sum(&self.workers);
    }
}

/// Writes a struct of counters, a struct of their totals, and the sum from one to the other.
macro_rules! counters {
    ($(#[$about:meta])* $counters:ident, $(#[$about_totals:meta])* $totals:ident {
        $($(#[$doc:meta])* $field:ident,)*
    } $(gauges { $($(#[$gauge_doc:meta])* $gauge:ident,)* })? $(peaks { $($(#[$peak_doc:meta])* $peak:ident,)* })? $(averages { $($(#[$average_doc:meta])* $average:ident, $max:ident,)* })?) => {
        $(#[$about])*
        #[derive(Debug, Default)]
        pub struct $counters {
            $($(#[$doc])* pub $field: Counter,)*
            $($($(#[$gauge_doc])* pub $gauge: Counter,)*)?
            $($($(#[$peak_doc])* pub $peak: Peak,)*)?
            $($($(#[$average_doc])* pub $average: Average,)*)?
        }

        $(#[$about_totals])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct $totals {
            $($(#[$doc])* pub $field: u64,)*
            $($($(#[$gauge_doc])* pub $gauge: u64,)*)?
            $($($(#[$peak_doc])* pub $peak: u64,)*)?
            $($($(#[$average_doc])* pub $average: u64,
                /// The largest of it.
                pub $max: u64,)*)?
        }

        impl Counters for $counters {
            type Totals = $totals;

            fn sum(workers: &PerWorker<Self>) -> $totals {
                let mut totals = $totals::default();
                for worker in workers.iter() {
                    $(totals.$field = totals.$field.wrapping_add(worker.$field.get());)*
                    $($(totals.$gauge = totals.$gauge.wrapping_add(worker.$gauge.get());)*)?
                    $($(totals.$peak = totals.$peak.max(worker.$peak.get());)*)?
                    $($(totals.$max = totals.$max.max(worker.$average.max());)*)?
                }
                $($(totals.$average = Average::of(workers.iter().map(|worker| &worker.$average));)*)?
                totals
            }

            fn subtract(totals: &mut $totals, before: &$totals) {
                $(totals.$field = totals.$field.wrapping_sub(before.$field);)*
            }

            fn clear_max(&self) {
                $($(self.$average.clear_max();)*)?
            }

            fn forget(&self) {
                $($(self.$peak.clear();)*)?
                $($(self.$average.clear();)*)?
            }
        }
    };
}

/// Counts responses by the class of their status code.
macro_rules! response_classes {
    ($counters:ident) => {
        impl $counters {
            /// Counts a response by the class of its status code.
            pub fn response(&self, status: u16) {
                match status / 100 {
                    1 => self.responses_1xx.inc(),
                    2 => self.responses_2xx.inc(),
                    3 => self.responses_3xx.inc(),
                    4 => self.responses_4xx.inc(),
                    5 => self.responses_5xx.inc(),
                    _ => self.responses_other.inc(),
                }
            }
        }
    };
}

mod backend;
mod frontend;
mod listener;
mod mux;
mod process;
mod server;
mod tls;

pub use backend::{BackendCounters, BackendTotals};
pub use frontend::{FrontendCounters, FrontendTotals};
pub use listener::{ListenerCounters, ListenerTotals};
pub use mux::{MuxCounters, MuxTotals};
pub use process::{ProcessCounters, ProcessTotals};
pub use server::{ServerCounters, ServerTotals};
pub use tls::{TlsCounters, TlsTotals};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_are_summed_peaks_and_averages_combined() {
        let counted = Counted::<BackendCounters>::new(3);
        counted.of(0).bytes_in.add(10);
        counted.of(2).bytes_in.add(5);
        counted.of(1).response(204);
        counted.of(2).response(600);
        counted.of(0).last_session.record(7);
        counted.of(1).last_session.record(9);
        counted.of(0).queue_time.record(10);
        counted.of(1).queue_time.record(30);
        let totals = counted.totals();
        assert_eq!((totals.bytes_in, totals.responses_2xx, totals.responses_other), (15, 1, 1));
        assert_eq!(totals.last_session, 9);
        assert_eq!((totals.queue_time, totals.queue_time_max), (20, 30));
    }

    #[test]
    fn clearing_leaves_what_comes_after() {
        let counted = Counted::<BackendCounters>::new(2);
        counted.of(0).bytes_in.add(10);
        counted.of(1).queue_time.record(30);
        counted.of(1).last_session.record(9);
        counted.clear_max();
        let totals = counted.totals();
        assert_eq!((totals.bytes_in, totals.queue_time, totals.queue_time_max), (10, 30, 0));
        counted.clear();
        let totals = counted.totals();
        assert_eq!((totals.bytes_in, totals.queue_time, totals.last_session), (0, 0, 0));
        counted.of(0).bytes_in.add(1);
        counted.of(1).queue_time.record(4);
        let totals = counted.totals();
        assert_eq!((totals.bytes_in, totals.queue_time), (1, 4));
    }

    #[test]
    fn each_thread_writes_its_own() {
        let counted = Counted::<FrontendCounters>::new(4);
        std::thread::scope(|scope| {
            for index in 0..4 {
                let mine = counted.of(index);
                scope.spawn(move || {
                    for _ in 0..10_000 {
                        mine.requests.inc();
                    }
                });
            }
        });
        assert_eq!(counted.totals().requests, 40_000);
    }
}
