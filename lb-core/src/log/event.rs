//! What a program that embeds the library learns of logs: each record as it is logged, and what went wrong.

use std::fmt;
use std::sync::Arc;

use crate::config::model::LogDestination;

use super::level::Level;
use super::record::LogRecord;

/// A record that is being logged, with its line. It is made whether or not the frontend has a `log` line, and for the
/// streams of which `option dontlognull` and `option dontlog-normal` let one be written.
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
            Self::ProxyStopped { .. } => Level::Warning,
            Self::LogTargetFailed { .. } => Level::Alert,
        }
    }
}

/// The line that log targets and standard error get.
impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ProxyStopped { proxy, frontend, backend } => {
                write!(f, "Proxy {proxy} stopped (cumulated conns: FE: {frontend}, BE: {backend}).")
            }
            Self::LogTargetFailed { destination, reason } => {
                write!(f, "sendmsg()/writev() failed in logger '{destination}': {reason}")
            }
        }
    }
}

/// Who is told.
#[derive(Clone, Default)]
pub struct LogHooks {
    /// Of records.
    pub on_log: Option<OnLog>,
    /// Of everything else.
    pub on_notice: Option<OnNotice>,
}

impl LogHooks {
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
