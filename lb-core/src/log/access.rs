//! Which streams get an access line, and at which level (configuration.txt, section 8.3).

use std::sync::atomic::{AtomicU64, Ordering};

use crate::config::model::ProxyOptions;

use super::format::LogFormat;
use super::level::Level;
use super::record::{Cause, LogRecord};
use super::target::LogTargets;

/// Options of a frontend that decide about access lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AccessLogOptions {
    /// `option dontlognull`.
    pub dontlognull: bool,
    /// `option dontlog-normal`.
    pub dontlog_normal: bool,
    /// `option log-separate-errors`.
    pub log_separate_errors: bool,
}

impl From<&ProxyOptions> for AccessLogOptions {
    fn from(options: &ProxyOptions) -> Self {
        Self {
            dontlognull: options.dontlognull,
            dontlog_normal: options.dontlog_normal,
            log_separate_errors: options.log_separate_errors,
        }
    }
}

/// What a frontend needs to write access lines.
#[derive(Debug, Default)]
pub struct AccessLog {
    format: LogFormat,
    targets: LogTargets,
    options: AccessLogOptions,
    lines: AtomicU64,
}

impl AccessLog {
    /// Puts a frontend's format, targets and options together.
    pub fn new(format: LogFormat, targets: LogTargets, options: AccessLogOptions) -> Self {
        Self { format, targets, options, lines: AtomicU64::new(0) }
    }

    /// The line's format.
    pub fn format(&self) -> &LogFormat {
        &self.format
    }

    /// Where lines go.
    pub fn targets(&self) -> &LogTargets {
        &self.targets
    }

    /// Whether no line is ever written, so that the record need not be filled.
    pub fn is_off(&self) -> bool {
        self.targets.is_empty()
    }

    /// See [`access_log_decision`].
    pub fn decide(&self, record: &LogRecord) -> Option<Level> {
        access_log_decision(self.options, record)
    }

    /// Runs `write` with the frontend's line counter (`%lc`) in the record, where the format prints it.
    pub(super) fn count_line(&self, record: &LogRecord, write: impl FnOnce(&LogRecord)) {
        if self.format.uses_log_counter() {
            let counted = LogRecord { log_counter: self.lines.fetch_add(1, Ordering::Relaxed), ..record.clone() };
            write(&counted);
        } else {
            write(record);
        }
    }
}

/// The level of a stream's access line, or `None` where the options say that it gets none (section 8.3).
pub fn access_log_decision(options: AccessLogOptions, record: &LogRecord) -> Option<Level> {
    let abnormal = record.retries > 0
        || record.redispatched
        || record.status >= 500
        || !matches!(record.cause, Cause::Normal | Cause::Local);
    if abnormal && options.log_separate_errors {
        return Some(Level::Err);
    }
    if !abnormal && options.dontlog_normal {
        return None;
    }
    if options.dontlognull && record.is_null() {
        return None;
    }
    Some(Level::Info)
}
