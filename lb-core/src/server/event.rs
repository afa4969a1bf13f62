//! Changes of a server's state, and the lines HAProxy writes about them.

use std::sync::Arc;

use super::health::{CheckResult, Health};

/// Something happened to a server or, by it, to its backend.
#[derive(Clone, Debug)]
pub struct ServerEvent {
    /// Name of the backend.
    pub backend: Arc<str>,
    /// Whether the backend has a `backend` section of its own, rather than a `listen` section.
    pub backend_only: bool,
    /// Name of the server.
    pub server: Arc<str>,
    /// Whether the server is a backup server.
    pub backup: bool,
    /// What happened.
    pub kind: EventKind,
}

/// What happened.
#[derive(Clone, Debug)]
pub enum EventKind {
    /// A check moved the server's health (`option log-health-checks`).
    Check {
        /// The result.
        result: CheckResult,
        /// The health after it.
        health: Health,
    },
    /// The server went down.
    Down {
        /// Why; `None` where a [`EventKind::Check`] has just said it.
        reason: Option<CheckResult>,
        /// Counts after the change.
        counts: Counts,
    },
    /// The server came up.
    Up {
        /// Why; `None` where a [`EventKind::Check`] has just said it.
        reason: Option<CheckResult>,
        /// Counts after the change.
        counts: Counts,
    },
    /// The server was put into maintenance.
    EntersMaintenance {
        /// Counts after the change.
        counts: Counts,
    },
    /// The server left maintenance and is up.
    LeavesMaintenance,
    /// The server was put into drain state.
    EntersDrain {
        /// Counts after the change.
        counts: Counts,
    },
    /// The server left drain state and is up.
    LeavesDrain,
    /// The last usable server of the backend is gone.
    NoServerLeft,
}

/// Numbers at the end of a state-change line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Usable active servers.
    pub active: usize,
    /// Usable backup servers.
    pub backup: usize,
    /// Sessions on the server.
    pub sessions: u32,
    /// Streams taken from a queue.
    pub requeued: u32,
    /// Streams left in the queue: the server's for a server that goes, the backend's for one that comes.
    pub queued: u32,
}

impl ServerEvent {
    /// Severity of the log line: 0 emerg, 1 alert, 5 notice.
    pub fn level(&self) -> u8 {
        match self.kind {
            EventKind::NoServerLeft => 0,
            EventKind::Down { .. } | EventKind::EntersMaintenance { .. } => 1,
            _ => 5,
        }
    }

    /// Whether standard error gets the line as `[ALERT]`, rather than as `[WARNING]`.
    pub fn is_alert(&self) -> bool {
        matches!(self.kind, EventKind::NoServerLeft)
    }

    /// The line sent to log targets.
    pub fn log_line(&self) -> String {
        self.line("")
    }

    /// The line written to standard error, after `[WARNING]  (pid) : `.
    pub fn stderr_line(&self) -> String {
        self.line("'")
    }

    fn line(&self, quote: &str) -> String {
        let backup = if self.backup { "Backup " } else { "" };
        let name = format!("{backup}Server {}/{}", self.backend, self.server);
        match &self.kind {
            EventKind::Check { result, health } => {
                let backup = if self.backup { "backup " } else { "" };
                let outcome = if result.status.passed() { "succeeded" } else { "failed" };
                let (done, of) = health.progress();
                let state = if health.is_up() { "UP" } else { "DOWN" };
                let (backend, server, reason) = (&self.backend, &self.server, reason(Some(result)));
                format!(
                    "Health check for {backup}server {backend}/{server} {outcome}{reason}, status: {done}/{of} {state}."
                )
            }
            EventKind::Down { reason: cause, counts } => {
                format!("{name} is DOWN{}. {}", reason(cause.as_ref()), counts.left())
            }
            EventKind::Up { reason: cause, counts } => {
                format!("{name} is UP{}. {}", reason(cause.as_ref()), counts.online())
            }
            EventKind::EntersMaintenance { counts } => {
                format!("{name} is going DOWN for maintenance. {}", counts.left())
            }
            EventKind::LeavesMaintenance => format!("{name} is UP/READY (leaving forced maintenance)."),
            EventKind::EntersDrain { counts } => format!("{name} enters drain state. {}", counts.online()),
            EventKind::LeavesDrain => format!("{name} is UP (leaving forced drain)."),
            EventKind::NoServerLeft => {
                let kind = if self.backend_only { "backend" } else { "proxy" };
                format!("{kind} {quote}{}{quote} has no server available!", self.backend)
            }
        }
    }
}

impl Counts {
    fn left(&self) -> String {
        let Self { active, backup, sessions, requeued, queued } = self;
        let on_backup = self.on_backup();
        format!(
            "{active} active and {backup} backup servers left.{on_backup} \
             {sessions} sessions active, {requeued} requeued, {queued} remaining in queue."
        )
    }

    fn online(&self) -> String {
        let Self { active, backup, requeued, queued, .. } = self;
        let on_backup = self.on_backup();
        format!(
            "{active} active and {backup} backup servers online.{on_backup} \
             {requeued} sessions requeued, {queued} total in queue."
        )
    }

    fn on_backup(&self) -> &'static str {
        if self.active == 0 && self.backup > 0 { " Running on backup." } else { "" }
    }
}

fn reason(result: Option<&CheckResult>) -> String {
    let Some(CheckResult { status, info, duration }) = result else { return String::new() };
    let info = info.as_ref().map_or(String::new(), |info| format!(", info: \"{info}\""));
    format!(", reason: {}{info}, check duration: {}ms", status.description(), duration.as_millis())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::server::health::CheckStatus;

    fn event(backup: bool, kind: EventKind) -> ServerEvent {
        ServerEvent { backend: "b".into(), backend_only: true, server: "s1".into(), backup, kind }
    }

    fn refused() -> CheckResult {
        CheckResult {
            status: CheckStatus::L4ConnectionError,
            info: Some("Connection refused".into()),
            duration: Duration::from_micros(900),
        }
    }

    /// The lines are HAProxy 2.6.12's.
    #[test]
    fn lines_are_those_of_haproxy() {
        let passed = CheckResult { status: CheckStatus::L4Ok, info: None, duration: Duration::ZERO };
        let timeout = CheckResult { status: CheckStatus::L4Timeout, info: None, duration: Duration::from_millis(500) };
        let counts = Counts { active: 1, backup: 1, ..Counts::default() };
        let backup = Counts { backup: 1, ..Counts::default() };
        let mut full = Health::new(2, 3);
        full.observe(true);
        let mut down = Health::new(2, 3);
        down.observe(false);
        let table = [
            (
                event(
                    false,
                    EventKind::Down { reason: Some(refused()), counts: Counts { active: 1, ..Counts::default() } },
                ),
                "Server b/s1 is DOWN, reason: Layer4 connection problem, info: \"Connection refused\", check duration: 0ms. \
                 1 active and 0 backup servers left. 0 sessions active, 0 requeued, 0 remaining in queue.",
            ),
            (
                event(false, EventKind::Down { reason: Some(timeout), counts: backup }),
                "Server b/s1 is DOWN, reason: Layer4 timeout, check duration: 500ms. 0 active and 1 backup servers left. \
                 Running on backup. 0 sessions active, 0 requeued, 0 remaining in queue.",
            ),
            (
                event(false, EventKind::Down { reason: None, counts }),
                "Server b/s1 is DOWN. 1 active and 1 backup servers left. 0 sessions active, 0 requeued, 0 remaining in queue.",
            ),
            (
                event(false, EventKind::Up { reason: Some(passed.clone()), counts }),
                "Server b/s1 is UP, reason: Layer4 check passed, check duration: 0ms. 1 active and 1 backup servers online. \
                 0 sessions requeued, 0 total in queue.",
            ),
            (
                event(true, EventKind::EntersMaintenance { counts: Counts::default() }),
                "Backup Server b/s1 is going DOWN for maintenance. 0 active and 0 backup servers left. 0 sessions active, \
                 0 requeued, 0 remaining in queue.",
            ),
            (event(false, EventKind::LeavesMaintenance), "Server b/s1 is UP/READY (leaving forced maintenance)."),
            (
                event(false, EventKind::EntersDrain { counts: Counts::default() }),
                "Server b/s1 enters drain state. 0 active and 0 backup servers online. 0 sessions requeued, 0 total in queue.",
            ),
            (event(false, EventKind::LeavesDrain), "Server b/s1 is UP (leaving forced drain)."),
            (
                event(false, EventKind::Check { result: refused(), health: down }),
                "Health check for server b/s1 failed, reason: Layer4 connection problem, info: \"Connection refused\", \
                 check duration: 0ms, status: 0/2 DOWN.",
            ),
            (
                event(true, EventKind::Check { result: passed, health: full }),
                "Health check for backup server b/s1 succeeded, reason: Layer4 check passed, check duration: 0ms, \
                 status: 3/3 UP.",
            ),
        ];
        for (event, expected) in table {
            assert_eq!(event.log_line(), expected);
        }
        let none = event(false, EventKind::NoServerLeft);
        assert_eq!(none.log_line(), "backend b has no server available!");
        assert_eq!(none.stderr_line(), "backend 'b' has no server available!");
        assert_eq!((none.level(), none.is_alert()), (0, true));
    }
}
