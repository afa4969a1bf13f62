//! What a program that embeds the library learns of logs: each record as it is logged, and what went wrong.

use std::fmt;
use std::sync::Arc;

use crate::config::model::LogDestination;
use crate::events::{Event, LogSubscriptions};

use super::level::Level;
use super::record::LogRecord;

/// A record that is being logged, with its line. It is made whether or not the frontend has a `log` line, and for the
/// streams of which `option dontlognull` and `option dontlog-normal` let one be written.
///
/// It is complete but where the frontend writes HAProxy's default line, which is logged when a connection begins. Without
/// a `log` line and a format the record comes at the end, and its line is in the HTTP or TCP format.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct LogEvent<'a> {
    /// Severity of the line: `info`, or `err` under `option log-separate-errors`.
    pub level: Level,
    /// What is known of the stream, or of the connection that failed before there was one.
    pub record: &'a LogRecord,
    /// Why the connection failed before there was a stream; `None` for a stream.
    pub error: Option<&'a str>,
    /// The line in the frontend's format, without header and line end. Not UTF-8 where a format says so.
    pub line: &'a [u8],
}

/// A record that was logged, for subscriptions of events.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Logged {
    /// See [`LogEvent::level`].
    pub level: Level,
    /// See [`LogEvent::record`].
    pub record: LogRecord,
    /// See [`LogEvent::error`].
    pub error: Option<String>,
    /// See [`LogEvent::line`].
    pub line: Vec<u8>,
}

impl LogEvent<'_> {
    /// A copy that stays.
    pub fn to_logged(&self) -> Logged {
        let Self { level, record, error, line } = *self;
        Logged { level, record: record.clone(), error: error.map(str::to_owned), line: line.to_vec() }
    }
}

/// Gets the [`LogEvent`]s of a running instance, from the worker threads, while they serve: it must not wait, and costs
/// every request what it takes. Sending a copy over a channel is a good use.
pub type OnLog = Arc<dyn Fn(&LogEvent<'_>) + Send + Sync>;

/// Something to know about a running instance.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notice {
    /// A proxy does not accept connections any more; those it has are served to their end.
    ProxyStopped {
        /// Its name.
        proxy: Arc<str>,
        /// Connections that its frontend accepted.
        frontend: u64,
        /// Streams that its backend got.
        backend: u64,
    },
    /// A proxy does not accept connections until it is resumed.
    ProxyPaused {
        /// Its name.
        proxy: Arc<str>,
        /// Whether it is a `listen` section.
        listen: bool,
    },
    /// A proxy that was paused accepts connections again.
    ProxyResumed {
        /// Its name.
        proxy: Arc<str>,
        /// Whether it is a `listen` section.
        listen: bool,
    },
    /// A log target did not take a line, for the first time.
    LogTargetFailed {
        /// Which one.
        destination: LogDestination,
        /// What the system said.
        reason: String,
    },
}

/// Gets the [`Notice`]s of a running instance, from the thread where they come up: it must not wait.
pub type OnNotice = Arc<dyn Fn(&Notice) + Send + Sync>;

impl Notice {
    /// Severity of the line that log targets get.
    pub fn level(&self) -> Level {
        match self {
            Self::ProxyStopped { .. } | Self::ProxyPaused { .. } | Self::ProxyResumed { .. } => Level::Warning,
            Self::LogTargetFailed { .. } => Level::Alert,
        }
    }
}

/// The line that log targets and standard error get.
impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = |listen: &bool| if *listen { "proxy" } else { "frontend" };
        match self {
            Self::ProxyPaused { proxy, listen } => write!(f, "Paused {} {proxy}.", kind(listen)),
            Self::ProxyResumed { proxy, listen } => write!(f, "Resumed {} {proxy}.", kind(listen)),
            Self::ProxyStopped { proxy, frontend, backend } => {
                write!(f, "Proxy {proxy} stopped (cumulated conns: FE: {frontend}, BE: {backend}).")
            }
            Self::LogTargetFailed { destination, reason } => {
                write!(f, "sendmsg()/writev() failed in logger '{destination}': {reason}")
            }
        }
    }
}

/// Gets lines about what comes and goes: the beginning of each stream with its request, the response of its server, its end.
/// They are those of HAProxy's `-d`, several at once, each with its line end; every thread calls it.
pub type OnTraffic = Arc<dyn Fn(&str) + Send + Sync>;

/// Who is told.
#[derive(Clone, Default)]
pub struct LogHooks {
    /// Of records.
    pub on_log: Option<OnLog>,
    /// Of everything else.
    pub on_notice: Option<OnNotice>,
    /// Of what comes and goes.
    pub on_traffic: Option<OnTraffic>,
    /// Of records, in their own time.
    pub(crate) subscriptions: Arc<LogSubscriptions>,
}

impl LogHooks {
    /// Whether anybody is told of records.
    pub(crate) fn want_records(&self) -> bool {
        self.on_log.is_some() || self.subscriptions.any()
    }

    pub(crate) fn record(&self, event: &LogEvent<'_>) {
        if let Some(on_log) = &self.on_log {
            on_log(event);
        }
        if self.subscriptions.any() {
            self.subscriptions.send(&Event::Logged(Arc::new(event.to_logged())));
        }
    }

    pub(crate) fn notice(&self, notice: &Notice) {
        if let Some(on_notice) = &self.on_notice {
            on_notice(notice);
        }
    }
}

impl fmt::Debug for LogHooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (log, notice) = (self.on_log.is_some(), self.on_notice.is_some());
        f.debug_struct("LogHooks").field("on_log", &log).field("on_notice", &notice).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_those_of_haproxy() {
        let stopped = Notice::ProxyStopped { proxy: "web".into(), frontend: 5, backend: 0 };
        assert_eq!(stopped.to_string(), "Proxy web stopped (cumulated conns: FE: 5, BE: 0).");
        assert_eq!(stopped.level(), Level::Warning);
    }
}
