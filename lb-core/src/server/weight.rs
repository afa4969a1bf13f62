//! The weight of a server, and what of it is in use while the server comes back slowly.

use std::sync::atomic::Ordering;
use std::time::Instant;

use super::event::EventKind;
use super::{AdminState, OperationalState, STEPS, Server};

/// How much of a server's weight and limit came into use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Risen {
    /// A little more.
    Some,
    /// All of it: the server runs as any other.
    All,
}

impl Server {
    /// The weight that was configured or set.
    pub fn weight(&self) -> u32 {
        self.user_weight.load(Ordering::Relaxed)
    }

    pub(crate) fn set_weight(&self, weight: u32) {
        self.user_weight.store(weight, Ordering::Relaxed);
        if self.state.operational() != OperationalState::Starting {
            self.slowstart.end();
        }
        self.use_weight();
    }

    /// The weight in use, rounded up: less than [`Server::weight`] while the server comes back slowly (`slowstart`).
    pub fn effective_weight(&self) -> u32 {
        self.share().div_ceil(STEPS)
    }

    /// The weight in use, in sixteenths.
    pub(crate) fn share(&self) -> u32 {
        self.share.load(Ordering::Relaxed)
    }

    /// Brings the weight into use, or what slow start lets through of it. In maintenance that has to wait.
    pub(super) fn use_weight(&self) {
        if self.state.admin().intersects(AdminState::MAINT) {
            return;
        }
        // Static algorithms do not follow.
        let steps = if self.hub.balancer.is_dynamic() { self.slowstart.steps() } else { STEPS };
        self.share.store(self.weight().saturating_mul(steps), Ordering::Relaxed);
    }

    /// How much of the weight is in use, in percent, while the server comes back slowly (`throttle`).
    pub fn throttle(&self) -> Option<u32> {
        (self.operational_state() == OperationalState::Starting && !self.is_draining())
            .then(|| (100 * self.share()).div_ceil(STEPS) / self.weight().max(1))
    }

    /// Sessions and waiters in relation to the weight: what `leastconn` and `random` compare.
    ///
    /// As HAProxy does, a busy server counts as if the new session were on it already, an idle one as 0, so that idle
    /// servers are used in turns whatever their weights.
    pub fn relative_load(&self) -> u64 {
        const SCALE: u64 = 1 << 12;
        match u64::from(self.current()) + u64::from(self.queued()) {
            0 => 0,
            load => (load + 1) * SCALE * u64::from(STEPS) / u64::from(self.share().max(1)),
        }
    }

    /// When more of it is in use, while the server comes back slowly.
    pub(crate) fn next_rise(&self, now: Instant) -> Option<Instant> {
        self.slowstart.next(now)
    }

    /// What its weight is now, where that was not told yet.
    pub(crate) fn weight_change(&self) -> Option<EventKind> {
        let (weight, effective) = (self.weight(), self.effective_weight());
        let now = both(weight, effective);
        (self.told_weight.swap(now, Ordering::Relaxed) != now).then_some(EventKind::WeightChanged { weight, effective })
    }

    /// Takes the time into account while the server comes back slowly. Says what came of it, if anything.
    pub(crate) fn rise(&self, now: Instant) -> Option<Risen> {
        if !self.slowstart.rise(now) {
            return None;
        }
        self.use_weight();
        if self.slowstart.is_rising() || self.state.operational() != OperationalState::Starting {
            return Some(Risen::Some);
        }
        self.state.set_operational(OperationalState::Running);
        self.history.changed(now, true);
        Some(Risen::All)
    }
}

/// A weight, and what of it is in use, in one number.
pub(super) fn both(weight: u32, effective: u32) -> u64 {
    u64::from(weight) << 32 | u64::from(effective)
}
