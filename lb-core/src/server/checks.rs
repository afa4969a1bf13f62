//! What the checks of a server found, and whether they run.

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::AdminState;
use super::check::{CheckResult, Verdict};
use super::health::{DEFAULT_FALL, DEFAULT_RISE, Health};
use crate::config::model::ServerConfig;

/// The checks of one server. A server without `check` has a health too, which only operators change.
#[derive(Debug)]
pub struct Checks {
    configured: bool,
    enabled: AtomicBool,
    paused: AtomicBool,
    running: AtomicBool,
    found: Mutex<Found>,
    target: Mutex<CheckTarget>,
    /// Wakes the task that makes the checks: to begin, or to end with the server.
    pub(crate) changed: Notify,
}

#[derive(Debug)]
struct Found {
    health: Health,
    last: Option<CheckResult>,
}

/// Where checks go instead of to the server's own address (configuration.txt, `addr` and `port`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CheckTarget {
    /// `addr`.
    pub addr: Option<IpAddr>,
    /// `port`.
    pub port: Option<u16>,
}

impl Checks {
    pub(super) fn new(config: &ServerConfig, admin: AdminState, enabled: bool) -> Self {
        let mut health = Health::new(config.rise.unwrap_or(DEFAULT_RISE), config.fall.unwrap_or(DEFAULT_FALL));
        if admin.intersects(AdminState::MAINT) {
            health.reset_down();
        }
        Self {
            configured: config.check,
            enabled: AtomicBool::new(config.check && enabled),
            paused: AtomicBool::new(config.disabled || (config.check && admin.intersects(AdminState::RMAINT))),
            running: AtomicBool::new(false),
            found: Mutex::new(Found { health, last: None }),
            target: Mutex::new(CheckTarget { addr: config.check_addr, port: config.check_port }),
            changed: Notify::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Found> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the line says `check`.
    pub fn are_configured(&self) -> bool {
        self.configured
    }

    /// Whether they are made, maintenance aside (`enable health`).
    pub fn are_enabled(&self) -> bool {
        self.enabled.load(Ordering::Acquire)
    }

    /// Whether they wait for the end of maintenance.
    pub(crate) fn are_paused(&self) -> bool {
        self.paused.load(Ordering::Acquire)
    }

    /// Whether the next one is made.
    pub(crate) fn may_run(&self) -> bool {
        self.are_enabled() && !self.are_paused()
    }

    /// Begins or ends making them; nothing where there is no `check`.
    pub(crate) fn enable(&self, enabled: bool) {
        if self.configured {
            self.enabled.store(enabled, Ordering::Release);
            if enabled {
                self.paused.store(false, Ordering::Release);
            }
            self.changed.notify_one();
        }
    }

    /// Maintenance begins (true) or ends.
    pub(super) fn pause(&self, paused: bool) {
        if self.configured && (self.are_enabled() || !paused) {
            self.paused.store(paused, Ordering::Release);
        }
    }

    /// Whether a check is under way.
    pub(crate) fn is_running(&self) -> bool {
        self.running.load(Ordering::Relaxed)
    }

    pub(crate) fn set_running(&self, running: bool) {
        self.running.store(running, Ordering::Relaxed);
    }

    /// The mask of `show servers state`, `srv_check_state`: 1 in progress, 2 configured, 4 enabled, 8 paused.
    pub fn state(&self) -> u8 {
        let bit = |flag: &AtomicBool, bit: u8| if flag.load(Ordering::Relaxed) { bit } else { 0 };
        let configured = if self.configured { 2 } else { 0 };
        bit(&self.running, 1) | configured | bit(&self.enabled, 4) | bit(&self.paused, 8)
    }

    /// What the last one said, or [`Verdict::Unknown`] while one is in progress (`srv_check_result`).
    pub fn verdict(&self) -> Verdict {
        match self.lock().last.as_ref().map(|result| result.status.verdict()) {
            Some(verdict) if !self.running.load(Ordering::Relaxed) => verdict,
            _ => Verdict::Unknown,
        }
    }

    /// What they found so far.
    pub fn health(&self) -> Health {
        self.lock().health
    }

    /// Result of the last one.
    pub fn last(&self) -> Option<CheckResult> {
        self.lock().last.clone()
    }

    /// Where they go.
    pub fn target(&self) -> CheckTarget {
        *self.target.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn set_target(&self, target: CheckTarget) {
        *self.target.lock().unwrap_or_else(PoisonError::into_inner) = target;
    }

    pub(crate) fn change_health<T>(&self, change: impl FnOnce(&mut Health) -> T) -> T {
        change(&mut self.lock().health)
    }

    /// What the last one said in an earlier run.
    pub(crate) fn restore(&self, result: CheckResult) {
        self.lock().last = Some(result);
    }

    pub(super) fn set_last(&self, result: &CheckResult) {
        self.lock().last = Some(result.clone());
    }
}
