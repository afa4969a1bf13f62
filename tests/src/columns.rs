//! Columns of `show stat` that cannot be compared as they are.

/// Columns that depend on the moment, or on how fast the machine is.
pub const VOLATILE: &[&str] = &[
    "rate",
    "rate_max",
    "req_rate",
    "req_rate_max",
    "conn_rate",
    "conn_rate_max",
    "lastchg",
    "downtime",
    "qtime",
    "ctime",
    "rtime",
    "ttime",
    "qtime_max",
    "ctime_max",
    "rtime_max",
    "ttime_max",
    "check_duration",
    "lastsess",
    "need_conn_est",
    "idle_conn_cur",
    "safe_conn_cur",
];

/// Columns in which HAProxy counts its own representation of a message, or heads that each writes in its own way.
pub const SIZES: &[&str] = &["bin", "bout", "h1_bytes_in", "h1_bytes_out"];
