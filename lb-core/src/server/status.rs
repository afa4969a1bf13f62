//! The words of the statistics for a server's state (management.txt, section 9.1, status).

use std::fmt;
use std::sync::Arc;

/// State of a server as `show stat` says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerStatus {
    /// It is not checked, and in use.
    NoCheck,
    /// Up; with fewer than `of` successes in a row it is on its way down.
    Up {
        /// Where it stands.
        at: u32,
        /// `fall`.
        of: u32,
    },
    /// Down; with some successes in a row it is on its way up.
    Down {
        /// Where it stands.
        at: u32,
        /// `rise`.
        of: u32,
    },
    /// Up, but takes no session without persistence.
    NoLb {
        /// Where it stands.
        at: u32,
        /// `fall`.
        of: u32,
    },
    /// Down because its agent says so.
    DownByAgent,
    /// Down as its health checks left it, which are disabled, although its agent says that it is up.
    DownUnchecked {
        /// `rise`.
        of: u32,
    },
    /// Drained by an operator; with fewer than `of` successes in a row it is on its way down.
    Drain {
        /// Where it stands.
        at: u32,
        /// `fall`.
        of: u32,
    },
    /// Drained by an operator or by its agent, which is asked.
    DrainWithAgent,
    /// In maintenance.
    Maint,
    /// In maintenance with the server it tracks: `backend/server`.
    MaintVia(Arc<str>),
    /// In maintenance because its name does not resolve.
    MaintResolution,
}

impl ServerStatus {
    /// Whether the server is down or in maintenance. One that is drained is not.
    pub fn is_down(&self) -> bool {
        matches!(self, Self::Down { .. } | Self::DownByAgent | Self::DownUnchecked { .. }) || self.is_maintenance()
    }

    /// Whether the server is in maintenance.
    pub fn is_maintenance(&self) -> bool {
        matches!(self, Self::Maint | Self::MaintVia(_) | Self::MaintResolution)
    }
}

impl fmt::Display for ServerStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let progress = |f: &mut fmt::Formatter<'_>, word: &str, at: u32, of: u32, sure: bool| match sure {
            true => f.write_str(word),
            false => write!(f, "{word} {at}/{of}"),
        };
        match self {
            Self::NoCheck => f.write_str("no check"),
            Self::Up { at, of } => progress(f, "UP", *at, *of, at >= of),
            Self::NoLb { at, of } => progress(f, "NOLB", *at, *of, at >= of),
            Self::Down { at, of } => progress(f, "DOWN", *at, *of, *at == 0),
            Self::DownByAgent => f.write_str("DOWN (agent)"),
            Self::DownUnchecked { of } => write!(f, "DOWN 0/{of}"),
            Self::Drain { at, of } => progress(f, "DRAIN", *at, *of, at >= of),
            Self::DrainWithAgent => f.write_str("DRAIN (agent)"),
            Self::Maint => f.write_str("MAINT"),
            Self::MaintVia(tracked) => write!(f, "MAINT (via {tracked})"),
            Self::MaintResolution => f.write_str("MAINT (resolution)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_haproxy() {
        for (status, word) in [
            (ServerStatus::Up { at: 3, of: 3 }, "UP"),
            (ServerStatus::Up { at: 1, of: 3 }, "UP 1/3"),
            (ServerStatus::Down { at: 0, of: 2 }, "DOWN"),
            (ServerStatus::Down { at: 1, of: 2 }, "DOWN 1/2"),
            (ServerStatus::NoLb { at: 3, of: 3 }, "NOLB"),
            (ServerStatus::Drain { at: 0, of: 0 }, "DRAIN"),
            (ServerStatus::Drain { at: 2, of: 3 }, "DRAIN 2/3"),
            (ServerStatus::DownUnchecked { of: 2 }, "DOWN 0/2"),
            (ServerStatus::NoCheck, "no check"),
            (ServerStatus::MaintVia("b/s".into()), "MAINT (via b/s)"),
        ] {
            assert_eq!(status.to_string(), word);
        }
    }
}
