//! What the agents of servers say, and what operators say for them.

use std::sync::Arc;
use std::time::Duration;

use super::{AdminChange, Backend};
use crate::runtime::weight_by_percent;
use crate::server::agent::{Admin, Answer, Report, maxconn};
use crate::server::check::{CheckResult, CheckStatus};
use crate::server::event::{Cause, EventKind};
use crate::server::health::Health;
use crate::server::{AdminState, OperationalState, Server, ServerEvent};

impl Backend {
    /// Does what the agent of a server said, and says what is to be reported.
    pub(crate) fn apply_agent(&self, server: &Arc<Server>, answer: Answer) -> Vec<ServerEvent> {
        // It may have been disabled meanwhile.
        if server.is_removed() || !server.agent.is_enabled() {
            return Vec::new();
        }
        match answer {
            Answer::Line(line, took) => self.apply_report(server, &Report::parse(&line), took),
            Answer::Incomplete => {
                let initial = || CheckResult::new(CheckStatus::Initializing, Duration::ZERO);
                let last = server.agent.last().unwrap_or_else(initial);
                let info = Some("Ignoring incomplete line from agent".to_owned());
                server.agent.set_last(CheckResult { info, ..last });
                Vec::new()
            }
            Answer::None(result) => self.note_agent(server, result, None, false),
        }
    }

    fn apply_report(&self, server: &Arc<Server>, report: &Report, took: Duration) -> Vec<ServerEvent> {
        // Who leaves maintenance with these words does not come up in between.
        let leaves = server.admin_state().intersects(AdminState::MAINT) && report.admin.is_some();
        let fell =
            leaves && report.is_up() == Some(false) && server.agent.change_health(|health| health.observe(false).moved);
        let mut events = match report.admin {
            None => Vec::new(),
            Some(Admin::Ready) => self.change_admin(server, AdminChange::Ready),
            Some(Admin::Drain) => self.change_admin(server, AdminChange::Drain),
            Some(Admin::Maint) => self.change_admin(server, AdminChange::Maint),
        };
        let mut fault = None;
        for text in &report.weights {
            match weight_by_percent(text, self, server) {
                Ok(weight) => events.extend(self.set_weight(server, weight)),
                Err(error) => fault = Some(error),
            }
        }
        for text in &report.maxconns {
            match maxconn(text) {
                Ok(maxconn) => self.set_maxconn(server, maxconn),
                Err(error) => fault = Some(error.to_owned()),
            }
        }
        let status = match report.is_up() {
            None => CheckStatus::Checked,
            Some(true) => CheckStatus::L7Ok,
            Some(false) => CheckStatus::L7WrongStatus,
        };
        let info = report.info(fault.as_deref());
        let result = CheckResult { info, ..CheckResult::new(status, took) };
        events.extend(self.note_agent(server, result, report.is_up(), fell));
        events
    }

    /// Notes a result; `up` is what it says of the server, if anything, and `fell` that its health is down since.
    fn note_agent(
        &self,
        server: &Arc<Server>,
        mut result: CheckResult,
        up: Option<bool>,
        fell: bool,
    ) -> Vec<ServerEvent> {
        if let Some(info) = &mut result.info {
            shorten(info);
        }
        let mut guard = self.lock_state();
        let usable_before = self.usable_count();
        let changed = server.agent.last().is_none_or(|last| last.status != result.status);
        server.agent.set_last(result.clone());
        let (moved, health) = server.agent.change_health(|health| {
            let observed = up.is_some_and(|up| health.observe(up).moved);
            (observed || fell, *health)
        });
        let tell = self.check_settings.log_health_checks;
        let mut kinds = Vec::new();
        if tell && result.status != CheckStatus::Checked && (changed || moved) {
            let draining = server.weight() == 0;
            kinds.push(EventKind::Check { result: result.clone(), health, draining, agent: true });
        }
        let state = server.operational_state();
        let next = match up {
            _ if server.admin_state().intersects(AdminState::MAINT) => state,
            Some(false) => OperationalState::Stopped,
            Some(true) if state == OperationalState::Stopped && server.health_allows_up() => OperationalState::Running,
            _ => state,
        };
        if next != state {
            let cause = if tell { Cause::Told } else { Cause::Check(result) };
            kinds.extend(self.change_operational(&mut guard, server, next, cause));
        }
        let mut events = self.events(server, kinds, usable_before);
        drop(guard);
        Self::tell_trackers(server, &mut events);
        events
    }

    /// An operator says for the agent of a server whether the server is up (`set server ... agent`).
    pub fn change_agent(&self, server: &Arc<Server>, up: bool) -> Vec<ServerEvent> {
        let mut guard = self.lock_state();
        server.agent.change_health(if up { Health::reset_top } else { Health::reset_down });
        let state = if up { OperationalState::Running } else { OperationalState::Stopped };
        if server.admin_state().intersects(AdminState::MAINT) || server.operational_state().settled() == state {
            return Vec::new();
        }
        let usable_before = self.usable_count();
        let kinds = self.change_operational(&mut guard, server, state, Cause::Command);
        let mut events = self.events(server, kinds, usable_before);
        drop(guard);
        Self::tell_trackers(server, &mut events);
        events
    }
}

/// HAProxy keeps 127 bytes.
fn shorten(info: &mut String) {
    const LONGEST: usize = 127;
    let mut end = LONGEST.min(info.len());
    while !info.is_char_boundary(end) {
        end -= 1;
    }
    info.truncate(end);
}
