//! Syslog levels (configuration.txt, `log`: facility and level).

/// Severity of a log line, as in syslog: a smaller number is more severe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Level {
    /// `emerg`.
    Emerg = 0,
    /// `alert`: a server went down.
    Alert = 1,
    /// `crit`.
    Crit = 2,
    /// `err`: an access line raised by `option log-separate-errors`.
    Err = 3,
    /// `warning`: a proxy stopped.
    Warning = 4,
    /// `notice`: a server went up.
    Notice = 5,
    /// `info`: access lines.
    Info = 6,
    /// `debug`.
    Debug = 7,
}

/// Names of the levels, by number.
pub const LEVEL_NAMES: [&str; 8] = ["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"];

/// Names of the facilities, by number.
pub const FACILITY_NAMES: [&str; 24] = [
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "auth2", "ftp", "ntp", "audit",
    "alert", "cron2", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
];

impl Level {
    /// The level of a syslog number.
    pub fn from_number(number: u8) -> Self {
        match number {
            0 => Self::Emerg,
            1 => Self::Alert,
            2 => Self::Crit,
            3 => Self::Err,
            4 => Self::Warning,
            5 => Self::Notice,
            6 => Self::Info,
            _ => Self::Debug,
        }
    }

    /// The syslog number, 0 to 7.
    pub fn number(self) -> u8 {
        self as u8
    }

    /// The name of the configuration language.
    pub fn name(self) -> &'static str {
        LEVEL_NAMES.get(self as usize).copied().unwrap_or("info")
    }
}
