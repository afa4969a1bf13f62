//! Whether a server may be used: its states, what its checks say, and what follows when one of them changes.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use super::check::{CheckResult, CheckStatus};
use super::health::{Health, Observed};
use super::{AdminState, OperationalState, Server, ServerStatus};

impl Server {
    /// Administrative state.
    pub fn admin_state(&self) -> AdminState {
        self.state.admin()
    }

    /// Operational state.
    pub fn operational_state(&self) -> OperationalState {
        self.state.operational()
    }

    /// Its state as the statistics say it.
    pub fn status(&self) -> ServerStatus {
        let admin = self.admin_state();
        if admin.intersects(AdminState::RMAINT) {
            return ServerStatus::MaintResolution;
        }
        if admin.intersects(AdminState::MAINT) {
            let tracked = self.tracking.tracked().filter(|_| admin.intersects(AdminState::IMAINT));
            return tracked.map_or(ServerStatus::Maint, |tracked| ServerStatus::MaintVia(Arc::clone(&tracked.name)));
        }
        let end = self.chain_end();
        let health = end.health();
        let (at, of) = health.map_or((0, 0), |health| health.progress());
        match self.operational_state() {
            OperationalState::Stopped if end.agent.says_down() => ServerStatus::DownByAgent,
            OperationalState::Stopped if health.is_none() && end.agent.is_enabled() => {
                ServerStatus::DownUnchecked { of: end.checks.health().rise() }
            }
            // Its health may be good: an agent, or an operator, took it down.
            OperationalState::Stopped => {
                let (at, of) = health.map_or((0, 0), |health| (health.value(), health.rise()));
                ServerStatus::Down { at, of }
            }
            OperationalState::Stopping => ServerStatus::NoLb { at, of },
            _ if admin.intersects(AdminState::DRAIN) && end.agent.is_enabled() => ServerStatus::DrainWithAgent,
            _ if admin.intersects(AdminState::DRAIN) => ServerStatus::Drain { at, of },
            _ if health.is_none() => ServerStatus::NoCheck,
            _ => ServerStatus::Up { at, of },
        }
    }

    /// Whether the server was taken out of its backend. Streams that hold it finish on it.
    pub fn is_removed(&self) -> bool {
        self.removed.load(Ordering::Acquire)
    }

    pub(crate) fn set_removed(&self) {
        self.removed.store(true, Ordering::Release);
        self.checks.changed.notify_one();
        self.agent.changed.notify_one();
        self.eligible.store(false, Ordering::Release);
        self.renounce_connections();
    }

    /// Whether sessions may be sent to the server at all (persistence included): up, not in maintenance and not taken
    /// out of its backend.
    pub fn is_usable(&self) -> bool {
        !self.is_removed() && self.state.operational().is_up() && !self.state.admin().intersects(AdminState::MAINT)
    }

    /// Whether the server may get sessions without persistence: usable, not about to stop, not draining, weight above
    /// 0.
    pub fn takes_new(&self) -> bool {
        self.is_usable() && self.state.operational() != OperationalState::Stopping && !self.is_draining()
    }

    /// Whether it is in no drain state: whether its going is an alert.
    pub(crate) fn was_serving(&self) -> bool {
        !self.state.admin().intersects(AdminState::DRAIN)
    }

    /// Whether the server is in drain state, or its weight is 0.
    pub fn is_draining(&self) -> bool {
        self.state.admin().intersects(AdminState::DRAIN) || self.weight() == 0
    }

    /// Whether the server is one of those the balancer chooses among now.
    pub fn is_eligible(&self) -> bool {
        self.eligible.load(Ordering::Acquire)
    }

    pub(crate) fn set_eligible(&self, eligible: bool) {
        self.eligible.store(eligible, Ordering::Release);
    }

    /// What the checks found so far; `None` for a server without `check`.
    pub fn health(&self) -> Option<Health> {
        self.checks.are_enabled().then(|| self.checks.health())
    }

    /// Whether its checks let it be up, if there are any.
    pub(crate) fn health_allows_up(&self) -> bool {
        self.health().is_none_or(|health| health.is_up())
    }

    /// Whether a check of it is under way.
    pub fn is_being_checked(&self) -> bool {
        self.checks.is_running()
    }

    /// Result of the last check.
    pub fn last_check(&self) -> Option<CheckResult> {
        self.checks.last()
    }

    /// Counts a result in.
    pub(crate) fn record_check(&self, result: &CheckResult) -> (Observed, Health) {
        let passed = result.status.passed();
        let (was_up, observed, health) = self.checks.change_health(|health| {
            let was_up = health.is_up();
            let observed = health.observe(passed);
            (was_up, observed, *health)
        });
        self.checks.set_last(result);
        if result.status == CheckStatus::L4Timeout {
            self.hurry_resolution();
        }
        if !passed && was_up {
            self.history.count_failed_check();
        }
        (observed, health)
    }

    pub(crate) fn set_admin(&self, set: AdminState, clear: AdminState) -> AdminState {
        // As in HAProxy: that the name was changed shows with the next change of state.
        let renamed = self.renamed.load(Ordering::Relaxed);
        let set = if renamed { set.union(AdminState::HMAINT) } else { set };
        self.state.set_admin(set, clear)
    }

    pub(crate) fn set_operational(&self, state: OperationalState) {
        let before = self.state.operational();
        // Only a server that was seen down, or about to stop, comes back slowly.
        let comes = matches!(before, OperationalState::Stopped | OperationalState::Stopping);
        let slowly = state == OperationalState::Running && comes && self.slowstart.begin(Instant::now());
        match state {
            OperationalState::Running if slowly => self.hub.rising.notify_one(),
            OperationalState::Running => self.slowstart.end(),
            // How far it had come is seen until it comes again.
            _ => self.slowstart.interrupt(),
        }
        self.state.set_operational(if slowly { OperationalState::Starting } else { state });
        if state == OperationalState::Running {
            self.use_weight();
        }
        if before.is_up() != state.is_up() {
            self.history.changed(Instant::now(), state.is_up());
        }
    }

    /// Enters or leaves maintenance: the health and the checks follow.
    pub(crate) fn set_maintenance(&self, on: bool) {
        if on {
            // Of one that is down already HAProxy keeps how far it was.
            if self.operational_state().is_up() {
                self.checks.change_health(Health::reset_down);
            }
            // Nothing of it is kept.
            self.renounce_connections();
        } else if self.checks.are_enabled() {
            self.checks.change_health(Health::reset_up);
        }
        self.checks.pause(on);
        let state = match self.tracking.tracked() {
            _ if on => OperationalState::Stopped,
            Some(tracked) => tracked.server.operational_state().settled(),
            None if self.agent.says_down() => OperationalState::Stopped,
            None => OperationalState::Running,
        };
        self.set_operational(state);
        if !on && !state.is_up() {
            self.slowstart.end();
            self.use_weight();
        }
    }
}
