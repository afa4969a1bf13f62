//! What traffic shows of a server's health (configuration.txt, `observe`, `error-limit`, `on-error`).
//!
//! The data path counts errors in a row with atomics. Where there are too many it says so to the task that makes the
//! server's checks, which takes the consequences on its own thread.

use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering};

use super::Server;
use crate::config::model::{Observe, OnError};

/// Default of `error-limit`.
const DEFAULT_LIMIT: u32 = 10;

/// Errors of a server in a row.
#[derive(Debug, Default)]
pub(crate) struct Observer {
    errors: AtomicU32,
    /// The last error of a row that was too long: its number, 0 for none.
    pending: AtomicU8,
    /// How often a row was too long (`hanafail`).
    failures: AtomicU64,
}

/// What the data path saw of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Observation {
    /// A connection was established.
    Connected = 1,
    /// A connection was not established.
    NotConnected,
    /// A response with a status that servers in good health give.
    RightResponse,
    /// A response with another status.
    WrongResponse,
    /// Something that is no response.
    InvalidResponse,
    /// The connection ended before the response.
    Closed,
    /// No response in time.
    TimedOut,
}

impl Observation {
    /// A response of that status (configuration.txt, `observe`).
    pub(crate) fn of_status(status: u16) -> Self {
        match status {
            100..=499 | 501 | 505 => Self::RightResponse,
            _ => Self::WrongResponse,
        }
    }

    fn is_error(self) -> bool {
        !matches!(self, Self::Connected | Self::RightResponse)
    }

    /// HAProxy's words.
    fn text(self) -> &'static str {
        match self {
            Self::Connected => "L4 successful connection",
            Self::NotConnected => "L4 unsuccessful connection",
            Self::RightResponse => "Correct http response",
            Self::WrongResponse => "Wrong http response",
            Self::InvalidResponse => "Invalid http response (headers)",
            Self::Closed => "Close from server (http)",
            Self::TimedOut => "Read timeout (http)",
        }
    }

    const ERRORS: [Self; 5] =
        [Self::NotConnected, Self::WrongResponse, Self::InvalidResponse, Self::Closed, Self::TimedOut];
}

impl Server {
    /// Takes note of something that the data path saw.
    pub(crate) fn observe(&self, seen: Observation) {
        let Some(mode) = self.config.observe else { return };
        // In layer 7 mode an established connection says nothing: its response will.
        let counts = match mode {
            Observe::Layer4 => matches!(seen, Observation::Connected | Observation::NotConnected),
            Observe::Layer7 => seen != Observation::Connected,
        };
        if !counts || !self.checks.are_enabled() {
            return;
        }
        let observer = &self.observer;
        if !seen.is_error() {
            // A plain load first: there rarely is an error to forget, and the line stays shared.
            if observer.errors.load(Ordering::Relaxed) != 0 {
                observer.errors.store(0, Ordering::Relaxed);
            }
            return;
        }
        let errors = observer.errors.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        if errors >= self.error_limit() {
            observer.errors.store(0, Ordering::Relaxed);
            observer.failures.fetch_add(1, Ordering::Relaxed);
            observer.pending.store(seen as u8, Ordering::Release);
            self.checks.changed.notify_one();
        }
    }

    /// What to say of a row of errors that was too long, if there was one since the last call.
    pub(crate) fn take_observed(&self) -> Option<String> {
        let number = self.observer.pending.swap(0, Ordering::AcqRel);
        let seen = Observation::ERRORS.into_iter().find(|seen| *seen as u8 == number)?;
        let limit = self.error_limit();
        Some(format!("Detected {limit} consecutive errors, last one was: {}", seen.text()))
    }

    /// How often there were too many errors in a row (`hanafail`); `None` without `observe`, its own or that of the
    /// server whose checks count for it.
    pub fn observed_failures(&self) -> Option<u64> {
        self.chain_end().config.observe.map(|_| self.observer.failures.load(Ordering::Relaxed))
    }

    /// What happens then.
    pub(crate) fn on_error(&self) -> OnError {
        self.config.on_error
    }

    fn error_limit(&self) -> u32 {
        self.config.error_limit.unwrap_or(DEFAULT_LIMIT)
    }
}
