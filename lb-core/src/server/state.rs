//! Administrative and operational state, with the numbers of `show servers state` (management.txt, section 9.3).

use std::sync::atomic::{AtomicU8, Ordering};

/// Administrative state: a mask of the `SRV_ADMF_*` values of management.txt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AdminState(pub u8);

impl AdminState {
    /// Forced into maintenance by an operator.
    pub const FMAINT: Self = Self(0x01);
    /// Maintenance inherited from a tracked server.
    pub const IMAINT: Self = Self(0x02);
    /// The configuration says `disabled`, so it started in maintenance; stays set when an operator ends that.
    pub const CMAINT: Self = Self(0x04);
    /// Forced into drain by an operator.
    pub const FDRAIN: Self = Self(0x08);
    /// Drain inherited from a tracked server.
    pub const IDRAIN: Self = Self(0x10);
    /// In maintenance because its name does not resolve.
    pub const RMAINT: Self = Self(0x20);
    /// The name was set over the stats socket.
    pub const HMAINT: Self = Self(0x40);

    /// Every flag that means maintenance.
    pub const MAINT: Self = Self(0x01 | 0x02 | 0x20);
    /// Every flag that means drain.
    pub const DRAIN: Self = Self(0x08 | 0x10);

    /// The flags of both.
    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The flags that `other` does not have.
    pub fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether any flag of `other` is set.
    pub fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

/// Operational state (`srv_op_state`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum OperationalState {
    /// Down.
    Stopped = 0,
    /// Up, its weight still rising (slow start).
    Starting = 1,
    /// Up.
    Running = 2,
    /// Up, but about to stop: takes no new session without persistence.
    Stopping = 3,
}

impl OperationalState {
    /// Whether sessions may be sent to the server.
    pub fn is_up(self) -> bool {
        self != Self::Stopped
    }

    /// The state without how it came about: a server that comes back slowly runs.
    pub(crate) fn settled(self) -> Self {
        if self == Self::Starting { Self::Running } else { self }
    }
}

/// The two states of one server, readable from every thread.
#[derive(Debug)]
pub(crate) struct StateCell {
    admin: AtomicU8,
    operational: AtomicU8,
}

impl StateCell {
    pub(crate) fn new(admin: AdminState, operational: OperationalState) -> Self {
        Self { admin: AtomicU8::new(admin.0), operational: AtomicU8::new(operational as u8) }
    }

    pub(crate) fn admin(&self) -> AdminState {
        AdminState(self.admin.load(Ordering::Acquire))
    }

    pub(crate) fn operational(&self) -> OperationalState {
        match self.operational.load(Ordering::Acquire) {
            0 => OperationalState::Stopped,
            1 => OperationalState::Starting,
            3 => OperationalState::Stopping,
            _ => OperationalState::Running,
        }
    }

    pub(crate) fn set_admin(&self, set: AdminState, clear: AdminState) -> AdminState {
        let change = |bits: u8| Some((bits & !clear.0) | set.0);
        match self.admin.fetch_update(Ordering::AcqRel, Ordering::Acquire, change) {
            Ok(previous) | Err(previous) => AdminState(previous),
        }
    }

    pub(crate) fn set_operational(&self, state: OperationalState) {
        self.operational.store(state as u8, Ordering::Release);
    }
}
