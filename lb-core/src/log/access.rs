//! Which streams get an access line, and at which level (configuration.txt, section 8.3).

use std::sync::atomic::{AtomicU64, Ordering};

use crate::config::model::ProxyOptions;

use super::format::LogFormat;
use super::level::Level;
use super::record::Cause;
use super::source::RecordSource;
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
    error_format: Option<LogFormat>,
    structured_data: Option<LogFormat>,
    targets: LogTargets,
    options: AccessLogOptions,
    uses_addresses: bool,
    uses_log_counter: bool,
    uses_samples: bool,
    lines: AtomicU64,
}

impl AccessLog {
    /// Puts a frontend's format, targets and options together.
    pub fn new(format: LogFormat, targets: LogTargets, options: AccessLogOptions) -> Self {
        Self { format, targets, options, ..Self::default() }.prepared()
    }

    /// `error-log-format`: the lines of what failed before there was a request.
    pub fn with_error_format(self, error_format: Option<LogFormat>) -> Self {
        Self { error_format, ..self }.prepared()
    }

    /// `log-format-sd`: what targets in RFC 5424's format get as structured data.
    pub fn with_structured_data(self, structured_data: Option<LogFormat>) -> Self {
        // Not rendered where no target would print it.
        Self { structured_data: structured_data.filter(|_| self.targets.has_structured_data()), ..self }.prepared()
    }

    fn prepared(self) -> Self {
        let uses_addresses = self.formats().any(LogFormat::uses_addresses);
        let uses_log_counter = self.formats().any(LogFormat::uses_log_counter);
        let uses_samples = self.formats().any(LogFormat::uses_samples);
        Self { uses_addresses, uses_log_counter, uses_samples, ..self }
    }

    /// Whether a line prints `%bi`, `%bp`, `%si` or `%sp`.
    pub fn uses_addresses(&self) -> bool {
        self.uses_addresses
    }

    /// The line's format.
    pub fn format(&self) -> &LogFormat {
        &self.format
    }

    /// The format of lines about what failed before there was a request; `None` is HAProxy's own (section 8.2.5).
    pub fn error_format(&self) -> Option<&LogFormat> {
        self.error_format.as_ref()
    }

    pub(super) fn structured_data(&self) -> Option<&LogFormat> {
        self.structured_data.as_ref()
    }

    /// The formats that this frontend may use.
    pub fn formats(&self) -> impl Iterator<Item = &LogFormat> {
        [Some(&self.format), self.error_format.as_ref(), self.structured_data.as_ref()].into_iter().flatten()
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
    pub(crate) fn decide(&self, record: &impl RecordSource) -> Option<Level> {
        access_log_decision(self.options, record)
    }

    /// The level of the line of a connection that failed before there was a stream (section 8.2.5).
    pub(super) fn decide_connection_error(&self, record: &impl RecordSource) -> Option<Level> {
        if self.options.dontlognull && record.null() {
            return None;
        }
        Some(if self.options.log_separate_errors { Level::Err } else { Level::Info })
    }

    /// Whether one of its formats has expressions.
    pub fn uses_samples(&self) -> bool {
        self.uses_samples
    }

    /// Counts a line for `%lc`, where the format prints it, and returns how many came before.
    pub(super) fn count_line(&self) -> u64 {
        if self.uses_log_counter { self.lines.fetch_add(1, Ordering::Relaxed) } else { 0 }
    }
}

/// The level of a stream's access line, or `None` where the options say that it gets none (section 8.3).
pub(crate) fn access_log_decision(options: AccessLogOptions, record: &impl RecordSource) -> Option<Level> {
    if options.dontlognull && record.null() {
        return None;
    }
    let abnormal = record.retries() > 0
        || record.redispatched()
        || record.status() >= 500
        || !matches!(record.cause(), Cause::Normal | Cause::Local);
    if let Some(level) = record.level() {
        let level = Level::from_number(level?);
        return (abnormal || !options.dontlog_normal).then_some(level);
    }
    if abnormal && options.log_separate_errors {
        return Some(Level::Err);
    }
    if !abnormal && options.dontlog_normal {
        return None;
    }
    Some(Level::Info)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::{LogRecord, Stage};

    const SEPARATE: AccessLogOptions =
        AccessLogOptions { log_separate_errors: true, dontlog_normal: false, dontlognull: false };
    const ERRORS_ONLY: AccessLogOptions =
        AccessLogOptions { log_separate_errors: false, dontlog_normal: true, dontlognull: false };
    const NOT_NULL: AccessLogOptions =
        AccessLogOptions { log_separate_errors: false, dontlog_normal: false, dontlognull: true };

    fn record(status: u16, cause: Cause, stage: Stage, retries: u32) -> LogRecord {
        let request_line = b"GET / HTTP/1.1".to_vec();
        LogRecord { status, cause, stage, retries, request_line, http: true, ..LogRecord::default() }
    }

    /// The pairs that HAProxy 2.6.12 produced for both options.
    #[test]
    fn errors_are_raised_and_normal_lines_left_out() {
        for (record, error) in [
            (record(200, Cause::Normal, Stage::Finished, 0), false),
            (record(200, Cause::Local, Stage::Request, 0), false),
            (record(302, Cause::Local, Stage::Request, 0), false),
            (record(404, Cause::Local, Stage::Request, 0), false),
            (record(500, Cause::Local, Stage::Request, 0), true),
            (record(403, Cause::Proxy, Stage::Request, 0), true),
            (record(503, Cause::ServerAbort, Stage::Connect, 2), true),
            (record(504, Cause::ServerTimeout, Stage::Headers, 0), true),
            (record(400, Cause::ClientAbort, Stage::Request, 0), true),
            (record(408, Cause::ClientTimeout, Stage::Request, 0), true),
            (record(200, Cause::Normal, Stage::Finished, 1), true),
        ] {
            let level = if error { Level::Err } else { Level::Info };
            assert_eq!(access_log_decision(SEPARATE, &record), Some(level), "{record:?}");
            assert_eq!(access_log_decision(ERRORS_ONLY, &record), error.then_some(Level::Info), "{record:?}");
        }
    }

    #[test]
    fn connections_without_data() {
        let silent = LogRecord { status: 408, cause: Cause::ClientTimeout, null: true, ..LogRecord::default() };
        assert_eq!(access_log_decision(NOT_NULL, &silent), None);
        let started = LogRecord { null: false, ..silent.clone() };
        assert_eq!(access_log_decision(NOT_NULL, &started), Some(Level::Info));
        assert_eq!(access_log_decision(AccessLogOptions::default(), &silent), Some(Level::Info));
        let both = AccessLogOptions { log_separate_errors: true, ..NOT_NULL };
        assert_eq!(access_log_decision(both, &silent), None);
    }
}
