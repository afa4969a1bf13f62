//! Lines about the process and its servers, written by the control thread (configuration.txt, `log`: level).

use std::sync::{Mutex, PoisonError};

use super::event::LogHooks;
use super::level::Level;
use super::logger::Logger;
use super::render::LogContext;
use super::target::LogTargets;

/// Where start-up, stop and server state lines go. Shared by the threads of the control plane; each line is sent at
/// once. Not for the data path.
#[derive(Debug)]
pub struct ProcessLog {
    logger: Mutex<Logger>,
}

impl ProcessLog {
    /// A log that tells `hooks` of targets that fail.
    pub fn new(context: LogContext, hooks: LogHooks) -> Self {
        Self { logger: Mutex::new(Logger::new(context, hooks)) }
    }

    /// Sends one line: `notice` for a server that goes up, `warning` for a proxy that stops, `alert` for a server that
    /// goes down.
    pub fn send(&self, targets: &LogTargets, level: Level, line: &str) {
        let mut logger = self.logger.lock().unwrap_or_else(PoisonError::into_inner);
        logger.send(targets, level, line.as_bytes());
        logger.flush();
    }
}
