//! The places where lines of an instance go: each once, however many `log` lines of however many proxies name it.

use std::fmt;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::config::model::LogDestination;

/// Lines that could not be delivered, of the whole instance (`DroppedLogs` of `show info`).
#[derive(Debug, Default)]
pub struct DroppedLogs(AtomicU64);

impl DroppedLogs {
    /// Lines dropped since the start.
    pub fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// What a place has been through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogTargetState {
    /// Where lines go.
    pub destination: LogDestination,
    /// Lines it did not take: nobody was there, its buffer was full, its reader was too slow. A datagram that the
    /// network loses is not known of.
    pub dropped: u64,
}

/// One place, shared by the loggers of all threads.
#[derive(Debug)]
pub(super) struct Destination {
    /// Its number, from 0, in the order of the configuration.
    pub(super) index: usize,
    pub(super) address: LogDestination,
    /// What `fd@n` names; `None` where it was not handed over, or where the address is no descriptor.
    pub(super) descriptor: Option<OwnedFd>,
    dropped: AtomicU64,
    total: Arc<DroppedLogs>,
    failed: AtomicBool,
}

impl Destination {
    /// Counts lines that were not taken.
    pub(super) fn lose(&self, lines: u64) {
        if lines > 0 {
            self.dropped.fetch_add(lines, Ordering::Relaxed);
            self.total.0.fetch_add(lines, Ordering::Relaxed);
        }
    }

    /// Whether this failure is the first one: only that is told.
    pub(super) fn fails_first(&self) -> bool {
        !self.failed.load(Ordering::Relaxed) && !self.failed.swap(true, Ordering::Relaxed)
    }
}

/// The places of an instance.
#[derive(Debug, Default)]
pub struct LogDestinations {
    list: Vec<Arc<Destination>>,
    dropped: Arc<DroppedLogs>,
}

impl LogDestinations {
    /// The place with this address; made where there is none yet. `descriptor` finds what `fd@n` names.
    pub(super) fn get(
        &mut self,
        address: &LogDestination,
        descriptor: &dyn Fn(i32) -> Option<OwnedFd>,
    ) -> Arc<Destination> {
        let address = match address {
            LogDestination::Fd(1) => &LogDestination::Stdout,
            LogDestination::Fd(2) => &LogDestination::Stderr,
            other => other,
        };
        if let Some(known) = self.list.iter().find(|known| known.address == *address) {
            return Arc::clone(known);
        }
        let place = Arc::new(Destination {
            index: self.list.len(),
            address: address.clone(),
            descriptor: match address {
                LogDestination::Fd(number) => descriptor(*number),
                _ => None,
            },
            dropped: AtomicU64::new(0),
            total: Arc::clone(&self.dropped),
            failed: AtomicBool::new(false),
        });
        self.list.push(Arc::clone(&place));
        place
    }

    /// What each place has been through, in the order of the configuration.
    pub fn states(&self) -> Vec<LogTargetState> {
        let state = |place: &Arc<Destination>| LogTargetState {
            destination: place.address.clone(),
            dropped: place.dropped.load(Ordering::Relaxed),
        };
        self.list.iter().map(state).collect()
    }

    /// Lines lost in all places.
    pub fn dropped(&self) -> &Arc<DroppedLogs> {
        &self.dropped
    }
}

/// As a `log` line names it.
impl fmt::Display for LogDestination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stdout => f.write_str("stdout"),
            Self::Stderr => f.write_str("stderr"),
            Self::Fd(number) => write!(f, "fd@{number}"),
            Self::Udp(address) => write!(f, "{address}"),
            Self::Unix(path) => write!(f, "{}", path.display()),
            Self::Abstract(name) => write!(f, "abns@{}", String::from_utf8_lossy(name)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_place_is_kept_once() {
        let mut places = LogDestinations::default();
        let none = |_| None;
        let udp = LogDestination::Udp(([127, 0, 0, 1], 514).into());
        let first = places.get(&udp, &none);
        let stdout = places.get(&LogDestination::Fd(1), &none);
        assert!(Arc::ptr_eq(&first, &places.get(&udp, &none)));
        assert!(Arc::ptr_eq(&stdout, &places.get(&LogDestination::Stdout, &none)));
        first.lose(2);
        let lost: Vec<_> = places.states().iter().map(|s| (s.destination.to_string(), s.dropped)).collect();
        assert_eq!(lost, [("127.0.0.1:514".to_owned(), 2), ("stdout".to_owned(), 0)]);
        assert_eq!(places.dropped().count(), 2);
        assert!(first.fails_first() && !first.fails_first());
    }
}
