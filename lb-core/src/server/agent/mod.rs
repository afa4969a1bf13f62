//! Agent checks: a program beside the server says in a line how the server is (configuration.txt, `agent-check`).
//!
//! ```text
//!   exchange   the connection: what is sent, the line that comes
//!   words      what the line says
//!   backend/agent   what that makes of the server
//! ```

mod exchange;
mod words;

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

pub(crate) use exchange::{Answer, ask};
pub(crate) use words::{Admin, Report, maxconn};

use super::check::CheckResult;
use super::health::{DEFAULT_INTER, Health};
use crate::config::model::ServerConfig;

/// The agent of one server.
#[derive(Debug)]
pub struct Agent {
    configured: bool,
    /// `agent-inter`.
    inter: Duration,
    enabled: AtomicBool,
    running: AtomicBool,
    found: Mutex<Found>,
    target: Mutex<AgentTarget>,
    /// Wakes the task that asks: to begin, or to end with the server.
    pub(crate) changed: Notify,
}

#[derive(Debug)]
struct Found {
    health: Health,
    last: Option<CheckResult>,
}

/// Where the agent is, and what it is sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AgentTarget {
    /// `agent-addr`, or `addr`; else the server's own.
    pub addr: Option<IpAddr>,
    /// `agent-port`, or `port`.
    pub port: Option<u16>,
    /// `agent-send`.
    pub send: String,
}

impl Agent {
    pub(super) fn new(config: &ServerConfig, enabled: bool) -> Self {
        Self {
            configured: config.agent_check,
            inter: config.agent_inter.unwrap_or(DEFAULT_INTER),
            enabled: AtomicBool::new(config.agent_check && enabled),
            running: AtomicBool::new(false),
            // One word is enough in both directions.
            found: Mutex::new(Found { health: Health::new(1, 1), last: None }),
            target: Mutex::new(AgentTarget {
                addr: config.agent_addr.or(config.check_addr),
                port: config.agent_port.or(config.check_port),
                send: config.agent_send.clone().unwrap_or_default(),
            }),
            changed: Notify::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Found> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the line says `agent-check`.
    pub fn is_configured(&self) -> bool {
        self.configured
    }

    /// Whether it is asked (`enable agent`).
    pub fn is_enabled(&self) -> bool {
        self.enabled.load(Ordering::Acquire)
    }

    /// Whether it is being asked.
    pub fn is_running(&self) -> bool {
        self.running.load(Ordering::Relaxed)
    }

    /// Whether it keeps the server down.
    pub fn says_down(&self) -> bool {
        self.is_enabled() && !self.health().is_up()
    }

    /// `agent-inter`.
    pub(crate) fn inter(&self) -> Duration {
        self.inter
    }

    pub(crate) fn enable(&self, enabled: bool) {
        if self.configured {
            self.enabled.store(enabled, Ordering::Release);
            self.changed.notify_one();
        }
    }

    pub(crate) fn set_running(&self, running: bool) {
        self.running.store(running, Ordering::Relaxed);
    }

    /// The mask of `show servers state`, `srv_agent_state`: 1 in progress, 2 configured, 4 enabled, 16 an agent.
    pub fn state(&self) -> u8 {
        let bit = |flag: bool, bit: u8| if flag { bit } else { 0 };
        bit(self.configured, 16 + 2) | bit(self.is_enabled(), 4) | bit(self.is_running(), 1)
    }

    /// Whether the server is up as far as it knows.
    pub fn health(&self) -> Health {
        self.lock().health
    }

    /// What came of asking it last.
    pub fn last(&self) -> Option<CheckResult> {
        self.lock().last.clone()
    }

    /// Where it is, and what it is sent.
    pub fn target(&self) -> AgentTarget {
        self.target.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn change_target(&self, change: impl FnOnce(&mut AgentTarget)) {
        change(&mut self.target.lock().unwrap_or_else(PoisonError::into_inner));
    }

    pub(crate) fn change_health<T>(&self, change: impl FnOnce(&mut Health) -> T) -> T {
        change(&mut self.lock().health)
    }

    pub(crate) fn set_last(&self, result: CheckResult) {
        self.lock().last = Some(result);
    }
}
