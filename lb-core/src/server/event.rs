//! Changes of a server's state, and the lines HAProxy writes about them.

use std::net::IpAddr;
use std::sync::Arc;

use super::check::{CheckResult, Verdict};
use super::health::Health;

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
    /// Whether a file of states brought it about, at the start: no log is told.
    pub at_start: bool,
    /// What happened.
    pub kind: EventKind,
}

/// What happened.
#[derive(Clone, Debug)]
pub enum EventKind {
    /// A check, or an agent, moved the server's health (`option log-health-checks`).
    Check {
        /// The result.
        result: CheckResult,
        /// The health after it.
        health: Health,
        /// Whether the server takes no new sessions although it is up: its weight is 0.
        draining: bool,
        /// Whether its agent was asked, rather than a health check made.
        agent: bool,
    },
    /// The server went down.
    Down {
        /// Why.
        cause: Cause,
        /// Counts after the change.
        counts: Counts,
        /// Whether it was in no drain state until then.
        served: bool,
    },
    /// The server came up.
    Up {
        /// Why.
        cause: Cause,
        /// Counts after the change.
        counts: Counts,
    },
    /// The server is about to stop: it takes no new sessions (`set server ... health stopping`, `http-check
    /// disable-on-404`).
    Stopping {
        /// Why.
        cause: Cause,
        /// Counts after the change.
        counts: Counts,
    },
    /// The server was put into maintenance.
    EntersMaintenance {
        /// Counts after the change; `None` where it was down before.
        counts: Option<Counts>,
        /// Whether it was in no drain state until then.
        served: bool,
        /// The server that took it along, as `backend/server`.
        via: Option<Arc<str>>,
    },
    /// The server left maintenance.
    LeavesMaintenance {
        /// Whether an operator had put it there, rather than the server that it tracks.
        forced: bool,
        /// Whether it is up.
        up: bool,
        /// Whether it left it for drain state.
        draining: bool,
    },
    /// The server that it tracks left maintenance, but an operator put this one there too.
    RemainsInMaintenance,
    /// An operator ended its maintenance, but another reason for it is left: the server that it tracks, which is named
    /// here, or the lack of an address.
    KeptInMaintenance(Option<Arc<str>>),
    /// The server was put into drain state.
    EntersDrain {
        /// Counts after the change.
        counts: Counts,
        /// Whether it is up.
        up: bool,
        /// The server that took it along, as `backend/server`.
        via: Option<Arc<str>>,
    },
    /// Something else changed, but the server stays in drain state.
    RemainsDraining,
    /// Something else changed, but the server that it tracks, named here, keeps it in drain state.
    KeptDraining(Arc<str>),
    /// The server left drain state.
    LeavesDrain {
        /// Whether it is up.
        up: bool,
    },
    /// The server's name has another address.
    AddressChanged {
        /// The address until then, if it had one.
        from: Option<IpAddr>,
        /// The address from now on.
        to: IpAddr,
        /// Who told: the section and its nameserver.
        by: Arc<str>,
    },
    /// The server has another name.
    NameChanged {
        /// The name until then, if it had one.
        from: Option<Arc<str>>,
        /// The name from now on.
        to: Arc<str>,
        /// Who told.
        by: Arc<str>,
    },
    /// The server's name has no address: it is in maintenance until it has one.
    LosesAddress {
        /// Why.
        cause: &'static str,
        /// Counts after the change; `None` where it was down before.
        counts: Option<Counts>,
        /// Whether it took new sessions until then.
        served: bool,
    },
    /// The server's name has an address again, and the server is up.
    Resolves {
        /// The name.
        name: Option<Arc<str>>,
        /// Whether it is in drain state.
        draining: bool,
    },
    /// The server's name has an address again, but the server is in maintenance for another reason.
    ResolvesInMaintenance {
        /// The name.
        name: Option<Arc<str>>,
    },
    /// Said behind the two above where an answer about the name itself was the reason.
    ReadyByAnswer,
    /// The last usable server of the backend is gone.
    NoServerLeft,
    /// Its weight changed, or what of it is in use (`set server ... weight`, an agent, a service, `slowstart`).
    WeightChanged {
        /// The weight that was configured or set.
        weight: u32,
        /// What of it is in use; less while the server comes back slowly.
        effective: u32,
    },
    /// The server was added at run time.
    Added,
    /// The server was taken out of its backend at run time.
    Removed,
}

/// Why a server went up or down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// A check, of which an [`EventKind::Check`] has just spoken.
    Told,
    /// A check.
    Check(CheckResult),
    /// A runtime command.
    Command,
    /// The server that it tracks, as `backend/server`.
    Tracked(Arc<str>),
    /// The file of an earlier run's states (`load-server-state-from-file`).
    StateFile,
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
    /// Streams left in the server's own queue.
    pub queued: u32,
}

impl ServerEvent {
    /// Severity of the log line: 0 emerg, 1 alert, 5 notice.
    pub fn level(&self) -> u8 {
        match self.kind {
            EventKind::NoServerLeft => 0,
            EventKind::Down { served: true, .. }
            | EventKind::EntersMaintenance { served: true, counts: Some(_), .. }
            | EventKind::LosesAddress { served: true, counts: Some(_), .. } => 1,
            _ => 5,
        }
    }

    /// What stands in front of the line on standard error: `ALERT`, `WARNING` or `NOTICE`.
    pub fn stderr_label(&self) -> &'static str {
        match self.kind {
            EventKind::NoServerLeft => "ALERT",
            EventKind::Added | EventKind::Removed => "NOTICE",
            _ => "WARNING",
        }
    }

    /// Whether log targets get the line too.
    pub fn is_logged(&self) -> bool {
        !self.at_start && self.is_shown() && !matches!(self.kind, EventKind::Added | EventKind::Removed)
    }

    /// Whether standard error gets the line: HAProxy has none for a weight.
    pub fn is_shown(&self) -> bool {
        !matches!(self.kind, EventKind::WeightChanged { .. })
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
            EventKind::Check { result, health, draining, agent } => {
                let backup = if self.backup { "backup " } else { "" };
                let outcome = match result.status.verdict() {
                    Verdict::Passed => "succeeded",
                    Verdict::Conditional => "conditionally succeeded",
                    _ => "failed",
                };
                let (done, of) = health.progress();
                let state = match (health.is_up(), draining) {
                    (true, true) => "DRAIN",
                    (true, false) => "UP",
                    (false, _) => "DOWN",
                };
                let (backend, server, reason) = (&self.backend, &self.server, result.reason());
                let what = if *agent { "Agent" } else { "Health" };
                format!(
                    "{what} check for {backup}server {backend}/{server} {outcome}{reason}, status: {done}/{of} {state}."
                )
            }
            EventKind::Down { cause, counts, .. } => format!("{name} is DOWN{}. {}", cause.text(), counts.left()),
            EventKind::Up { cause, counts } => format!("{name} is UP{}. {}", cause.text(), counts.online()),
            EventKind::Stopping { cause, counts } => {
                format!("{name} is stopping{}. {}", cause.text(), counts.online())
            }
            EventKind::EntersMaintenance { counts: Some(counts), via: tracked, .. } => {
                format!("{name} is going DOWN for maintenance{}. {}", via(tracked), counts.left())
            }
            EventKind::EntersMaintenance { counts: None, via: tracked, .. } => {
                format!("{name} was DOWN and now enters maintenance{}.", via(tracked))
            }
            EventKind::LeavesMaintenance { forced, up, draining } => {
                let state = if *draining { "DRAIN" } else { "READY" };
                let forced = if *forced { "forced " } else { "" };
                format!("{name} is {}/{state} (leaving {forced}maintenance).", up_or_down(*up))
            }
            EventKind::RemainsInMaintenance => format!("{name} remains in forced maintenance."),
            EventKind::KeptInMaintenance(tracked) => {
                format!("{name} is leaving forced maintenance but remains in maintenance{}.", via(tracked))
            }
            EventKind::EntersDrain { counts, up, via: tracked } => {
                let counts = if *up { counts.online() } else { counts.left() };
                format!("{name} enters drain state{}. {counts}", via(tracked))
            }
            EventKind::AddressChanged { from, to, by } => {
                let from = from.map_or_else(|| "(none)".to_owned(), |ip| ip.to_string());
                format!("{}/{} changed its IP from {from} to {to} by {by}.", self.backend, self.server)
            }
            EventKind::NameChanged { from, to, by } => {
                format!("{}/{} changed its FQDN from {} to {to} by '{by}'", self.backend, self.server, or_null(from))
            }
            EventKind::LosesAddress { cause, counts: Some(counts), .. } => {
                format!("{name} is going DOWN for maintenance ({cause}). {}", counts.left())
            }
            EventKind::LosesAddress { cause, counts: None, .. } => {
                format!("{name} was DOWN and now enters maintenance ({cause}).")
            }
            EventKind::Resolves { name: host, draining } => {
                let state = if *draining { "DRAIN" } else { "READY" };
                format!("{name} ('{}') is UP/{state} (resolves again).", or_null(host))
            }
            EventKind::ResolvesInMaintenance { name: host } => {
                format!("{name} ('{}') resolves again but remains in maintenance.", or_null(host))
            }
            EventKind::ReadyByAnswer => {
                let (backend, server) = (&self.backend, &self.server);
                format!("Server {backend}/{server} administratively READY thanks to valid DNS answer.")
            }
            EventKind::RemainsDraining => format!("{name} remains in forced drain mode."),
            EventKind::KeptDraining(tracked) => {
                format!("{name} is leaving forced drain but remains in drain mode via {tracked}.")
            }
            EventKind::LeavesDrain { up } => format!("{name} is {} (leaving forced drain).", up_or_down(*up)),
            EventKind::WeightChanged { weight, effective } => {
                format!("{name} has weight {weight}, of which {effective} is in use.")
            }
            EventKind::Added => format!("CLI : 'server {}/{}' : New server registered.", self.backend, self.server),
            EventKind::Removed => "CLI : Server deleted.".to_owned(),
            EventKind::NoServerLeft => {
                let kind = if self.backend_only { "backend" } else { "proxy" };
                format!("{kind} {quote}{}{quote} has no server available!", self.backend)
            }
        }
    }
}

fn via(tracked: &Option<Arc<str>>) -> String {
    tracked.as_ref().map_or_else(String::new, |tracked| format!(" via {tracked}"))
}

fn up_or_down(up: bool) -> &'static str {
    if up { "UP" } else { "DOWN" }
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

impl Cause {
    fn text(&self) -> String {
        match self {
            Self::Told => String::new(),
            Self::Check(result) => result.reason(),
            Self::Command => ", changed from CLI".to_owned(),
            Self::Tracked(tracked) => format!(" via {tracked}"),
            Self::StateFile => ", changed from server-state after a reload".to_owned(),
        }
    }
}

/// HAProxy's word for no name.
fn or_null(name: &Option<Arc<str>>) -> &str {
    name.as_deref().unwrap_or("(null)")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::server::check::CheckStatus;

    fn event(backup: bool, kind: EventKind) -> ServerEvent {
        ServerEvent { backend: "b".into(), backend_only: true, server: "s1".into(), backup, at_start: false, kind }
    }

    fn refused() -> CheckResult {
        CheckResult {
            info: Some("Connection refused".into()),
            ..CheckResult::new(CheckStatus::L4ConnectionError, Duration::from_micros(900))
        }
    }

    /// The lines are HAProxy 2.6.12's.
    #[test]
    fn lines_are_those_of_haproxy() {
        let passed = CheckResult::new(CheckStatus::L4Ok, Duration::ZERO);
        let timeout = CheckResult::new(CheckStatus::L4Timeout, Duration::from_millis(500));
        let counts = Counts { active: 1, backup: 1, ..Counts::default() };
        let backup = Counts { backup: 1, ..Counts::default() };
        let one = Counts { active: 1, ..Counts::default() };
        let mut full = Health::new(2, 3);
        full.observe(true);
        let mut down = Health::new(2, 3);
        down.observe(false);
        let table = [
            (
                event(false, EventKind::Down { cause: Cause::Check(refused()), counts: one, served: true }),
                "Server b/s1 is DOWN, reason: Layer4 connection problem, info: \"Connection refused\", check duration: 0ms. \
                 1 active and 0 backup servers left. 0 sessions active, 0 requeued, 0 remaining in queue.",
            ),
            (
                event(false, EventKind::Down { cause: Cause::Check(timeout), counts: backup, served: true }),
                "Server b/s1 is DOWN, reason: Layer4 timeout, check duration: 500ms. 0 active and 1 backup servers left. \
                 Running on backup. 0 sessions active, 0 requeued, 0 remaining in queue.",
            ),
            (
                event(false, EventKind::Down { cause: Cause::Told, counts, served: true }),
                "Server b/s1 is DOWN. 1 active and 1 backup servers left. 0 sessions active, 0 requeued, 0 remaining in queue.",
            ),
            (
                event(false, EventKind::Up { cause: Cause::Check(passed.clone()), counts }),
                "Server b/s1 is UP, reason: Layer4 check passed, check duration: 0ms. 1 active and 1 backup servers online. \
                 0 sessions requeued, 0 total in queue.",
            ),
            (
                event(true, EventKind::EntersMaintenance { counts: Some(Counts::default()), served: true, via: None }),
                "Backup Server b/s1 is going DOWN for maintenance. 0 active and 0 backup servers left. 0 sessions active, \
                 0 requeued, 0 remaining in queue.",
            ),
            (
                event(false, EventKind::LeavesMaintenance { forced: true, up: true, draining: false }),
                "Server b/s1 is UP/READY (leaving forced maintenance).",
            ),
            (
                event(false, EventKind::EntersMaintenance { counts: None, served: false, via: None }),
                "Server b/s1 was DOWN and now enters maintenance.",
            ),
            (
                event(false, EventKind::Stopping { cause: Cause::Command, counts }),
                "Server b/s1 is stopping, changed from CLI. 1 active and 1 backup servers online. 0 sessions requeued, \
                 0 total in queue.",
            ),
            (event(false, EventKind::RemainsDraining), "Server b/s1 remains in forced drain mode."),
            (
                event(false, EventKind::EntersDrain { counts: Counts::default(), up: true, via: None }),
                "Server b/s1 enters drain state. 0 active and 0 backup servers online. 0 sessions requeued, 0 total in queue.",
            ),
            (event(false, EventKind::LeavesDrain { up: true }), "Server b/s1 is UP (leaving forced drain)."),
            (
                event(
                    true,
                    EventKind::Down { cause: Cause::Tracked("a/t".into()), counts: Counts::default(), served: true },
                ),
                "Backup Server b/s1 is DOWN via a/t. 0 active and 0 backup servers left. 0 sessions active, 0 requeued, \
                 0 remaining in queue.",
            ),
            (
                event(false, EventKind::EntersMaintenance { counts: None, served: false, via: Some("a/t".into()) }),
                "Server b/s1 was DOWN and now enters maintenance via a/t.",
            ),
            (
                event(false, EventKind::LeavesMaintenance { forced: false, up: false, draining: true }),
                "Server b/s1 is DOWN/DRAIN (leaving maintenance).",
            ),
            (event(false, EventKind::RemainsInMaintenance), "Server b/s1 remains in forced maintenance."),
            (
                event(false, EventKind::KeptInMaintenance(Some("a/t".into()))),
                "Server b/s1 is leaving forced maintenance but remains in maintenance via a/t.",
            ),
            (
                event(false, EventKind::KeptDraining("a/t".into())),
                "Server b/s1 is leaving forced drain but remains in drain mode via a/t.",
            ),
            (
                event(false, EventKind::Check { result: refused(), health: down, draining: false, agent: false }),
                "Health check for server b/s1 failed, reason: Layer4 connection problem, info: \"Connection refused\", \
                 check duration: 0ms, status: 0/2 DOWN.",
            ),
            (
                event(true, EventKind::Check { result: passed, health: full, draining: false, agent: false }),
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
        assert_eq!((none.level(), none.stderr_label()), (0, "ALERT"));
    }
}
