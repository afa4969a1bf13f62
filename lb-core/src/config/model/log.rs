//! Log targets and formats.

use std::net::SocketAddr;
use std::path::PathBuf;

/// A `log` line of a proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProxyLog {
    /// `log global`.
    Global,
    /// A target of its own.
    Target(LogTarget),
}

/// A log target (configuration.txt, `log`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogTarget {
    /// Where lines go.
    pub destination: LogDestination,
    /// `len`, default 1024.
    pub length: u32,
    /// `format`; the destination's default when not set.
    pub format: Option<LogTargetFormat>,
    /// `sample ranges:size`: the ranges (from 1, inclusive) and the size.
    pub sample: Option<LogSample>,
    /// Facility number 0 to 23.
    pub facility: u8,
    /// Most verbose level that is sent, 0 (emerg) to 7 (debug, the default).
    pub level: u8,
    /// Most severe level that is sent as itself; default 0.
    pub minlevel: u8,
}

/// Where log lines go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogDestination {
    /// `stdout`.
    Stdout,
    /// `stderr`.
    Stderr,
    /// `fd@n`.
    Fd(i32),
    /// UDP.
    Udp(SocketAddr),
    /// UNIX datagram socket.
    Unix(PathBuf),
    /// UNIX datagram socket with a name that is no file (`abns@name`).
    Abstract(Vec<u8>),
}

/// `format` of a log target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogTargetFormat {
    /// `local`.
    Local,
    /// `rfc3164`, the default of sockets.
    Rfc3164,
    /// `rfc5424`.
    Rfc5424,
    /// `priority`.
    Priority,
    /// `short`.
    Short,
    /// `timed`.
    Timed,
    /// `iso`.
    Iso,
    /// `raw`, the default of stdout and stderr.
    Raw,
}

/// `sample` of a log target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogSample {
    /// Inclusive ranges, from 1, in increasing order.
    pub ranges: Vec<(u32, u32)>,
    /// Cycle length.
    pub size: u32,
}

/// Which log format a frontend uses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum LogFormatChoice {
    /// Nothing said: the default "Connect from" line.
    #[default]
    Default,
    /// `option tcplog`.
    Tcp,
    /// `option httplog`.
    Http,
    /// `option httplog clf`.
    Clf,
    /// `log-format` text.
    Custom(String),
}
