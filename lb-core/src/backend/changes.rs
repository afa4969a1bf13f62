//! Changes of servers' states: what operators and checks decide, what the balancer and the queues make of it, and the
//! events to report.
//!
//! Every change is made under the backend's state lock, and its counts are taken there.

use std::sync::Arc;
use std::time::Instant;

use super::queue::Turn;
use super::{Backend, slot};
use crate::balance::Candidate;
use crate::config::model::OnError;
use crate::server::check::{CheckResult, CheckStatus, Verdict};
use crate::server::event::{Cause, Counts, EventKind};
use crate::server::health::{Health, Transition};
use crate::server::{AdminState, OperationalState, Risen, Server, ServerEvent};

/// What an operator makes of a server (management.txt, section 9.3: `set server ... state`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AdminChange {
    /// `ready`: out of maintenance and drain.
    Ready,
    /// `drain`: no new sessions but those that persistence brings.
    Drain,
    /// `maint`: no sessions at all, no checks.
    Maint,
}

/// What an operator says of a server's health (management.txt, section 9.3: `set server ... health`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HealthChange {
    /// `up`.
    Up,
    /// `stopping`: up, but without new sessions.
    Stopping,
    /// `down`.
    Down,
}

/// What the embedding program knows of a server's health.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HealthReport {
    /// As a health check that passed: `rise` of them in a row bring the server up.
    Passed {
        /// More about it, for logs and statistics.
        info: Option<String>,
    },
    /// As a health check that failed: `fall` of them in a row take the server down.
    Failed {
        /// More about it, for logs and statistics.
        info: Option<String>,
    },
    /// It is up, at once.
    Up,
    /// It is down, at once.
    Down,
}

impl Backend {
    /// Changes the administrative state of a server as an operator does.
    pub fn change_admin(&self, server: &Arc<Server>, change: AdminChange) -> Vec<ServerEvent> {
        let (maint, drain, none) = (AdminState::FMAINT, AdminState::FDRAIN, AdminState::default());
        match change {
            AdminChange::Ready => self.set_admin(server, none, maint.union(drain)),
            AdminChange::Drain => self.set_admin(server, drain, maint),
            AdminChange::Maint => self.set_admin(server, maint, drain),
        }
    }

    /// Sets and clears flags of the administrative state; maintenance stops the server, and leaving maintenance starts
    /// it again. Those that track it follow.
    pub fn set_admin(&self, server: &Arc<Server>, set: AdminState, clear: AdminState) -> Vec<ServerEvent> {
        let mut events = self.set_admin_alone(server, set, clear);
        Self::tell_trackers(server, &mut events);
        events
    }

    /// The same for this server alone.
    pub(super) fn set_admin_alone(&self, server: &Arc<Server>, set: AdminState, clear: AdminState) -> Vec<ServerEvent> {
        let mut guard = self.lock_state();
        let usable_before = self.usable_count();
        let (served, was_up) = (server.was_serving(), server.operational_state().is_up());
        let before = server.set_admin(set, clear);
        let after = server.admin_state();
        let (maint, drain) = (AdminState::MAINT, AdminState::DRAIN);
        let mut kinds = Vec::new();
        match (before.intersects(maint), after.intersects(maint)) {
            (false, true) => {
                server.set_maintenance(true);
                if was_up {
                    server.history.count_down();
                }
                self.rebuild(&mut guard);
                let counts = was_up.then(|| self.counts_of_leaving(server));
                let via = inherited(server, AdminState::IMAINT);
                kinds.push(EventKind::EntersMaintenance { counts, served, via });
            }
            (true, false) => {
                server.set_maintenance(false);
                self.rebuild(&mut guard);
                let (forced, up) = (before.intersects(AdminState::FMAINT), server.operational_state().is_up());
                kinds.push(EventKind::LeavesMaintenance { forced, up, draining: after.intersects(drain) });
                kinds.extend(remains_draining(server));
            }
            (true, true) => kinds.extend(remains_in_maintenance(server, before)),
            (false, false) if !before.intersects(drain) && after.intersects(drain) => {
                self.rebuild(&mut guard);
                let (counts, via) = (self.counts_of_leaving(server), inherited(server, AdminState::IDRAIN));
                kinds.push(EventKind::EntersDrain { counts, up: was_up, via });
            }
            (false, false) if before.intersects(drain) && !after.intersects(drain) => {
                self.rebuild(&mut guard);
                kinds.push(EventKind::LeavesDrain { up: was_up });
            }
            (false, false) if before != after => kinds.extend(remains_draining(server)),
            (false, false) => {}
        }
        self.events(server, kinds, usable_before)
    }

    /// Changes the health of a server as an operator does. In maintenance only its health is noted.
    pub fn change_health(&self, server: &Arc<Server>, change: HealthChange) -> Vec<ServerEvent> {
        let mut events = self.change_health_alone(server, change);
        Self::tell_trackers(server, &mut events);
        events
    }

    fn change_health_alone(&self, server: &Arc<Server>, change: HealthChange) -> Vec<ServerEvent> {
        let mut guard = self.lock_state();
        let (state, reset): (_, fn(&mut Health)) = match change {
            HealthChange::Up => (OperationalState::Running, Health::reset_top),
            HealthChange::Stopping => (OperationalState::Stopping, Health::reset_top),
            HealthChange::Down => (OperationalState::Stopped, Health::reset_down),
        };
        server.checks.change_health(reset);
        if server.admin_state().intersects(AdminState::MAINT) || server.operational_state().settled() == state {
            return Vec::new();
        }
        let usable_before = self.usable_count();
        let kinds = self.change_operational(&mut guard, server, state, Cause::Command);
        self.events(server, kinds, usable_before)
    }

    /// Changes the operational state of a server to another one, for a reason, and says so.
    pub(super) fn change_operational(
        &self,
        candidates: &mut Vec<Candidate>,
        server: &Arc<Server>,
        state: OperationalState,
        cause: Cause,
    ) -> Vec<EventKind> {
        let (served, waiting) = (server.was_serving(), self.hub.queue.pending());
        if state == OperationalState::Stopped {
            server.history.count_down();
        }
        server.set_operational(state);
        self.rebuild(candidates);
        let mut kinds = vec![match state {
            OperationalState::Stopped => EventKind::Down { cause, counts: self.counts_of_leaving(server), served },
            OperationalState::Stopping => EventKind::Stopping { cause, counts: self.counts_of_leaving(server) },
            _ => EventKind::Up { cause, counts: self.counts_of_coming(server, waiting) },
        }];
        kinds.extend(remains_draining(server));
        kinds
    }

    /// Changes the operational state of a server, without a check or an operator having said so.
    ///
    /// Returns how many waiters of the server's own queue were sent to choose again.
    pub fn set_operational(&self, server: &Arc<Server>, state: OperationalState) -> u32 {
        let mut guard = self.lock_state();
        server.set_operational(state);
        self.rebuild(&mut guard);
        if state.is_up() { 0 } else { self.counts_of_leaving(server).requeued }
    }

    /// Changes the weight of a server. Static algorithms only take 0 and the initial weight: the runtime command that
    /// leads here refuses the rest ([`crate::balance::Balancer::is_dynamic`]).
    pub fn set_weight(&self, server: &Arc<Server>, weight: u32) -> Vec<ServerEvent> {
        let mut guard = self.lock_state();
        let usable_before = self.usable_count();
        server.set_weight(weight);
        self.rebuild(&mut guard);
        self.events(server, remains_draining(server).into_iter().collect(), usable_before)
    }

    /// Takes the time into account for servers that come back slowly (`slowstart`): their weights and limits rise.
    pub fn rise(&self, now: Instant) -> Vec<ServerEvent> {
        let mut guard = self.lock_state();
        let servers = self.servers.load();
        let risen: Vec<_> = servers.iter().filter_map(|server| Some((server, server.rise(now)?))).collect();
        if risen.is_empty() {
            return Vec::new();
        }
        risen.iter().for_each(|(server, _)| server.load_changed());
        let waiting = self.hub.queue.pending();
        self.rebuild(&mut guard);
        let kinds = |(server, risen): (&Arc<Server>, Risen)| {
            // As HAProxy does: that it is up is said again when it has come back as a whole.
            let up = || EventKind::Up { cause: Cause::Told, counts: self.counts_of_coming(server, waiting) };
            let kinds = (risen == Risen::All).then(up).into_iter().chain(server.weight_change());
            kinds.map(|kind| self.event(server, kind)).collect::<Vec<_>>()
        };
        risen.into_iter().flat_map(kinds).collect()
    }

    /// Waits until a server begins to come back slowly.
    pub(crate) async fn begins_to_rise(&self) {
        self.hub.rising.notified().await;
    }

    /// When [`Backend::rise`] has something to do again; `None` while no server comes back slowly.
    pub(crate) fn next_rise(&self, now: Instant) -> Option<Instant> {
        self.servers.load().iter().filter_map(|server| server.next_rise(now)).min()
    }

    /// Changes how many sessions a server may have; who waits for it may go on.
    pub fn set_maxconn(&self, server: &Server, maxconn: u32) {
        let _guard = self.lock_state();
        server.set_maxconn(maxconn);
        self.serve_all(Turn::Own);
    }

    /// Takes the result of a check into account, and says what is to be reported.
    pub fn apply_check(&self, server: &Arc<Server>, result: CheckResult) -> Vec<ServerEvent> {
        // They may have been disabled while it was made.
        if !server.checks.are_enabled() {
            return Vec::new();
        }
        self.apply_result(server, result)
    }

    /// Takes into account what the embedding program knows of a server, whether or not it is checked.
    pub(crate) fn apply_health_report(&self, server: &Arc<Server>, report: HealthReport) -> Vec<ServerEvent> {
        let (status, info) = match report {
            HealthReport::Up => return self.change_health(server, HealthChange::Up),
            HealthReport::Down => return self.change_health(server, HealthChange::Down),
            HealthReport::Passed { info } => (CheckStatus::L7Ok, info),
            HealthReport::Failed { info } => (CheckStatus::L7WrongStatus, info),
        };
        self.apply_result(server, CheckResult { status, code: 0, info, kept: true, duration: None })
    }

    fn apply_result(&self, server: &Arc<Server>, result: CheckResult) -> Vec<ServerEvent> {
        let mut events = self.apply_result_alone(server, result);
        Self::tell_trackers(server, &mut events);
        events
    }

    fn apply_result_alone(&self, server: &Arc<Server>, result: CheckResult) -> Vec<ServerEvent> {
        let mut guard = self.lock_state();
        let status_changed = server.last_check().is_none_or(|last| last.status != result.status);
        let (observed, health) = server.record_check(&result);
        // The operator may have been faster.
        if server.is_removed() || server.admin_state().intersects(AdminState::MAINT) {
            return Vec::new();
        }
        let state = server.operational_state();
        let next = match (observed.transition, result.status.verdict()) {
            (Some(Transition::Down), _) => OperationalState::Stopped,
            _ if !health.is_up() || server.agent.says_down() => state,
            // Up it is, but without new sessions.
            (_, Verdict::Conditional) if state.is_up() => OperationalState::Stopping,
            // One that comes back slowly is up already.
            (Some(Transition::Up), _) if state == OperationalState::Starting => state,
            (Some(Transition::Up), _) => OperationalState::Running,
            // Who was about to stop, or was kept down by an agent, is up again with the next good check.
            (None, Verdict::Passed) if state != OperationalState::Starting => OperationalState::Running,
            (None, _) => state,
        };
        let tell = self.check_settings.log_health_checks;
        let mut kinds = Vec::new();
        let cause = if tell { Cause::Told } else { Cause::Check(result.clone()) };
        if tell && (observed.moved || status_changed) {
            kinds.push(EventKind::Check { result, health, draining: server.weight() == 0, agent: false });
        }
        // Nearly every check finds what was known: the servers are not counted for it.
        let usable_before = if next == state { 0 } else { self.usable_count() };
        if next != state {
            kinds.extend(self.change_operational(&mut guard, server, next, cause));
        }
        self.events(server, kinds, usable_before)
    }

    /// Takes the consequences of too many errors in a row (`on-error`); `seen` tells of them.
    pub(crate) fn apply_observed(&self, server: &Arc<Server>, seen: String) -> Vec<ServerEvent> {
        match server.on_error() {
            OnError::FastInter => return Vec::new(),
            OnError::FailCheck => {}
            OnError::SuddenDeath => server.checks.change_health(Health::reset_to_last_but_one),
            OnError::MarkDown => server.checks.change_health(Health::reset_to_last),
        }
        let result =
            CheckResult { status: CheckStatus::Analyzed, code: 0, info: Some(seen), kept: true, duration: None };
        self.apply_check(server, result)
    }

    /// Usable active and backup servers, as state-change lines count them.
    pub fn usable_servers(&self) -> (usize, usize) {
        let servers = self.servers.load();
        let usable =
            |backup: bool| servers.iter().filter(|server| server.is_backup() == backup && server.takes_new()).count();
        (usable(false), usable(true))
    }

    /// Whether the balancer has another server than this one to choose.
    pub(crate) fn has_other(&self, server: &Arc<Server>) -> bool {
        self.servers.load().iter().any(|other| other.is_eligible() && !Arc::ptr_eq(other, server))
    }

    pub(super) fn usable_count(&self) -> usize {
        let (active, backup) = self.usable_servers();
        active + backup
    }

    /// Sends the waiters of a server that leaves to choose again, where they may, and counts.
    pub(super) fn counts_of_leaving(&self, server: &Arc<Server>) -> Counts {
        let requeued = if self.hub.redispatch { server.queue.redistribute() } else { 0 };
        Counts { requeued, ..self.counts(server) }
    }

    /// Counts for a server that comes; `waiting` is how many waited in the backend's queue before.
    pub(super) fn counts_of_coming(&self, server: &Server, waiting: u32) -> Counts {
        Counts { requeued: waiting.saturating_sub(self.hub.queue.pending()), ..self.counts(server) }
    }

    fn counts(&self, server: &Server) -> Counts {
        let (active, backup) = self.usable_servers();
        Counts { active, backup, sessions: server.current(), requeued: 0, queued: server.queued() }
    }

    pub(crate) fn event(&self, server: &Server, kind: EventKind) -> ServerEvent {
        ServerEvent {
            backend: Arc::clone(&self.name),
            backend_only: self.backend_only,
            server: Arc::clone(&server.name),
            backup: server.is_backup(),
            at_start: false,
            kind,
        }
    }

    pub(super) fn events(&self, server: &Server, kinds: Vec<EventKind>, usable_before: usize) -> Vec<ServerEvent> {
        let mut kinds = kinds;
        if usable_before > 0 && self.usable_count() == 0 {
            kinds.push(EventKind::NoServerLeft);
        }
        kinds.extend(server.weight_change());
        kinds.into_iter().map(|kind| self.event(server, kind)).collect()
    }

    /// Lets every server take from the queues: after a change, any of them may have room for whom it could not take.
    pub(super) fn serve_all(&self, turn: Turn) {
        for server in self.servers.load().iter() {
            slot::serve_waiters(server, turn);
        }
    }
}

/// The server it tracks, where it has the flag from there and no flag of its own for the same.
fn inherited(server: &Server, flag: AdminState) -> Option<Arc<str>> {
    let tracked = server.tracking.tracked().filter(|_| server.admin_state().intersects(flag));
    tracked.map(|tracked| Arc::clone(&tracked.name))
}

/// Said of a server that stays in maintenance although one reason for it is gone.
fn remains_in_maintenance(server: &Server, before: AdminState) -> Option<EventKind> {
    let lost = before.without(server.admin_state());
    if lost.intersects(AdminState::FMAINT) {
        return Some(EventKind::KeptInMaintenance(inherited(server, AdminState::IMAINT)));
    }
    lost.intersects(AdminState::IMAINT).then_some(EventKind::RemainsInMaintenance)
}

/// Said of a server in drain state whenever something else about it changes.
pub(super) fn remains_draining(server: &Server) -> Option<EventKind> {
    let admin = server.admin_state();
    if admin.intersects(AdminState::MAINT) {
        return None;
    }
    if admin.intersects(AdminState::FDRAIN) {
        return Some(EventKind::RemainsDraining);
    }
    inherited(server, AdminState::IDRAIN).map(EventKind::KeptDraining)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::time::Duration;

    use super::*;
    use crate::backend::tests::backend;
    use crate::config::model::Balance;
    use crate::server::check::CheckStatus;

    /// What HAProxy 2.6.12 says of a server that answers these to `option httpchk` with `http-check disable-on-404`.
    #[test]
    fn a_server_that_is_about_to_stop() {
        let backend = backend(Balance::RoundRobin, &[1], |_, line| line.check = true);
        let server = Arc::clone(&backend.servers()[0]);
        let results = [
            (CheckStatus::L7OkConditional, "NOLB", "is stopping"),
            (CheckStatus::L7OkConditional, "NOLB", ""),
            (CheckStatus::L7Ok, "UP", "is UP"),
            (CheckStatus::L7OkConditional, "NOLB", "is stopping"),
            (CheckStatus::L7WrongStatus, "NOLB 2/3", ""),
            (CheckStatus::L7WrongStatus, "NOLB 1/3", ""),
            (CheckStatus::L7WrongStatus, "DOWN", "is DOWN"),
            (CheckStatus::L7Ok, "DOWN 1/2", ""),
            (CheckStatus::L7Ok, "UP", "is UP"),
        ];
        for (step, (status, expected, said)) in results.into_iter().enumerate() {
            let events = backend.apply_check(&server, CheckResult::new(status, Duration::ZERO));
            assert_eq!(server.status().to_string(), expected, "step {step}");
            let line = events.first().map_or(String::new(), ServerEvent::log_line);
            assert_eq!(line.contains(said), !said.is_empty() || line.is_empty(), "step {step}: {line}");
        }
    }

    #[test]
    fn another_status_is_worth_a_line() {
        let mut section = crate::config::model::ProxyConfig::new("b".into(), crate::config::model::ProxyKind::Backend);
        section.options.log_health_checks = true;
        let mut line = crate::config::model::ServerConfig::new("s".into());
        line.check = true;
        section.servers.push(line);
        let backend = Arc::new(Backend::new(&section, 1));
        let server = Arc::clone(&backend.servers()[0]);
        let lines = |status| backend.apply_check(&server, CheckResult::new(status, Duration::ZERO)).len();
        // Health check, DOWN, no server left.
        assert_eq!(lines(CheckStatus::L4ConnectionError), 3);
        assert_eq!(lines(CheckStatus::L4ConnectionError), 0);
        assert_eq!(lines(CheckStatus::L7WrongStatus), 1);
        assert_eq!(lines(CheckStatus::L7WrongStatus), 0);
    }
}
