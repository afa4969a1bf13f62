//! Source port ranges (`source <addr>:<low>-<high>`): one allocator per server, ports come back when connections close.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

/// The free ports of one server's range, shared by all workers.
///
/// A lock is fine here: it is taken once per new server connection that asked for a range, never across a wait.
#[derive(Clone, Debug)]
pub struct PortRange(Arc<Mutex<VecDeque<u16>>>);

impl PortRange {
    /// The ports `low..=high`.
    pub fn new(low: u16, high: u16) -> Self {
        Self(Arc::new(Mutex::new((low..=high).collect())))
    }

    /// Takes the port that has been free for longest; `None` when all are in use.
    pub fn lease(&self) -> Option<PortLease> {
        let port = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop_front()?;
        Some(PortLease { port, range: self.clone() })
    }

    /// How many ports are free.
    pub fn free(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

/// A port in use; dropping it, which must happen after the socket is closed, gives it back.
#[derive(Debug)]
pub struct PortLease {
    port: u16,
    range: PortRange,
}

impl PortLease {
    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for PortLease {
    fn drop(&mut self) {
        self.range.0.lock().unwrap_or_else(PoisonError::into_inner).push_back(self.port);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_unique_and_come_back_last() {
        let range = PortRange::new(65_533, 65_535);
        let leases: Vec<_> = std::iter::from_fn(|| range.lease()).collect();
        assert_eq!(leases.iter().map(PortLease::port).collect::<Vec<_>>(), [65_533, 65_534, 65_535]);
        assert!(range.lease().is_none());
        drop(leases);
        assert_eq!(range.free(), 3);
        assert_eq!(range.lease().unwrap().port(), 65_533);
        assert_eq!(range.lease().unwrap().port(), 65_534);
    }
}
