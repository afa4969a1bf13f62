//! What a check found, with the words and numbers of the statistics (management.txt, section 9.1, `check_status`).

use std::time::Duration;

/// Status of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckStatus {
    /// `INI`: not checked yet.
    Initializing,
    /// `CHECKED`: an agent said nothing about whether the server is up.
    Checked,
    /// `HANA`: traffic showed the server to be bad (`observe`).
    Analyzed,
    /// `SOCKERR`: the check could not be made: no socket, no address.
    SocketError,
    /// `L4OK`: the connection was established, and no more was asked for.
    L4Ok,
    /// `L4TOUT`: no connection in time.
    L4Timeout,
    /// `L4CON`: the connection was refused or failed.
    L4ConnectionError,
    /// `L6OK`: the TLS handshake was done, and no more was asked for.
    L6Ok,
    /// `L6TOUT`: no TLS handshake in time.
    L6Timeout,
    /// `L6RSP`: the TLS handshake failed.
    L6InvalidResponse,
    /// `L7TOUT`: no answer in time.
    L7Timeout,
    /// `L7RSP`: an answer that is none.
    L7InvalidResponse,
    /// `L7OK`: the answer was the expected one.
    L7Ok,
    /// `L7OKC`: the server wants no new sessions (`http-check disable-on-404`).
    L7OkConditional,
    /// `L7STS`: an answer, but another one.
    L7WrongStatus,
    /// `PROCERR`: the command failed (`external-check`).
    ProcessError,
    /// `PROCTOUT`: the command took too long.
    ProcessTimeout,
    /// `PROCOK`: the command succeeded.
    ProcessOk,
}

/// What a check says about its server, with the number of `srv_check_result` (management.txt, `show servers state`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Verdict {
    /// Nothing yet.
    Unknown = 0,
    /// An answer that says nothing about the server's health.
    Neutral = 1,
    /// The check failed.
    Failed = 2,
    /// The check passed.
    Passed = 3,
    /// It passed, but the server wants no new sessions.
    Conditional = 4,
}

impl Verdict {
    /// Whether it counts as a success.
    pub fn passed(self) -> bool {
        matches!(self, Self::Passed | Self::Conditional)
    }
}

impl CheckStatus {
    /// The word of the statistics.
    pub fn word(self) -> &'static str {
        self.facts().1
    }

    /// The words of log lines (`check_desc` in the statistics).
    pub fn description(self) -> &'static str {
        self.facts().2
    }

    /// The number of `srv_check_status`.
    pub fn number(self) -> u8 {
        self.facts().0
    }

    /// What it says about the server.
    pub fn verdict(self) -> Verdict {
        match self {
            Self::Initializing => Verdict::Unknown,
            Self::Checked => Verdict::Neutral,
            Self::L4Ok | Self::L6Ok | Self::L7Ok | Self::ProcessOk => Verdict::Passed,
            Self::L7OkConditional => Verdict::Conditional,
            _ => Verdict::Failed,
        }
    }

    /// Whether the check passed.
    pub fn passed(self) -> bool {
        self.verdict().passed()
    }

    /// Whether a code goes with it (`check_code`, and `code:` in log lines): 0 where the protocol has none.
    pub fn has_code(self) -> bool {
        matches!(
            self,
            Self::L7Ok
                | Self::L7OkConditional
                | Self::L7WrongStatus
                | Self::ProcessError
                | Self::ProcessTimeout
                | Self::ProcessOk
        )
    }

    /// The status of that number.
    pub(crate) fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.number() == number)
    }

    const ALL: [Self; 18] = [
        Self::Initializing,
        Self::Checked,
        Self::Analyzed,
        Self::SocketError,
        Self::L4Ok,
        Self::L4Timeout,
        Self::L4ConnectionError,
        Self::L6Ok,
        Self::L6Timeout,
        Self::L6InvalidResponse,
        Self::L7Timeout,
        Self::L7InvalidResponse,
        Self::L7Ok,
        Self::L7OkConditional,
        Self::L7WrongStatus,
        Self::ProcessError,
        Self::ProcessTimeout,
        Self::ProcessOk,
    ];

    /// Number, word and description.
    fn facts(self) -> (u8, &'static str, &'static str) {
        match self {
            Self::Initializing => (1, "INI", "Initializing"),
            Self::Checked => (3, "CHECKED", "No status change"),
            Self::Analyzed => (4, "HANA", "Health analyze"),
            Self::SocketError => (5, "SOCKERR", "Socket error"),
            Self::L4Ok => (6, "L4OK", "Layer4 check passed"),
            Self::L4Timeout => (7, "L4TOUT", "Layer4 timeout"),
            Self::L4ConnectionError => (8, "L4CON", "Layer4 connection problem"),
            Self::L6Ok => (9, "L6OK", "Layer6 check passed"),
            Self::L6Timeout => (10, "L6TOUT", "Layer6 timeout"),
            Self::L6InvalidResponse => (11, "L6RSP", "Layer6 invalid response"),
            Self::L7Timeout => (12, "L7TOUT", "Layer7 timeout"),
            Self::L7InvalidResponse => (13, "L7RSP", "Layer7 invalid response"),
            Self::L7Ok => (15, "L7OK", "Layer7 check passed"),
            Self::L7OkConditional => (16, "L7OKC", "Layer7 check conditionally passed"),
            Self::L7WrongStatus => (17, "L7STS", "Layer7 wrong status"),
            Self::ProcessError => (18, "PROCERR", "External check error"),
            Self::ProcessTimeout => (19, "PROCTOUT", "External check timeout"),
            Self::ProcessOk => (20, "PROCOK", "External check passed"),
        }
    }
}

/// The result of one check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckResult {
    /// Outcome.
    pub status: CheckStatus,
    /// What the server answered in numbers: an HTTP status, an exit code. Shown where [`CheckStatus::has_code`] says so.
    pub code: i32,
    /// More about it: `Connection refused` as the system says it, or what the server said (`last_chk`).
    pub info: Option<String>,
    /// Whether the statistics keep the info: HAProxy only logs what some protocols say of a success.
    pub kept: bool,
    /// How long the check took; `None` where none was made (`observe`).
    pub duration: Option<Duration>,
}

impl CheckResult {
    /// A result without a code and without more to say.
    pub fn new(status: CheckStatus, duration: Duration) -> Self {
        Self { status, code: 0, info: None, kept: true, duration: Some(duration) }
    }

    /// The code, where one is shown.
    pub fn shown_code(&self) -> Option<i32> {
        self.status.has_code().then_some(self.code)
    }

    /// Why, as state-change lines say it: `, reason: Layer7 wrong status, code: 503, info: "...", check duration: 1ms`.
    pub fn reason(&self) -> String {
        let mut text = format!(", reason: {}", self.status.description());
        if let Some(code) = self.shown_code() {
            text.push_str(&format!(", code: {code}"));
        }
        if let Some(info) = self.info.as_ref().filter(|info| !info.is_empty()) {
            text.push_str(&format!(", info: \"{info}\""));
        }
        if let Some(duration) = self.duration {
            text.push_str(&format!(", check duration: {}ms", duration.as_millis()));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_those_of_haproxy() {
        let result = |status, code, info: &str| {
            let info = Some(info.to_owned());
            CheckResult { code, info, ..CheckResult::new(status, Duration::from_micros(1900)) }.reason()
        };
        assert_eq!(
            result(CheckStatus::L7WrongStatus, 503, "Sorry"),
            ", reason: Layer7 wrong status, code: 503, info: \"Sorry\", check duration: 1ms"
        );
        assert_eq!(
            result(CheckStatus::ProcessOk, 0, ""),
            ", reason: External check passed, code: 0, check duration: 1ms"
        );
        assert_eq!(
            result(CheckStatus::L7Timeout, 7, " at step 1 of tcp-check"),
            ", reason: Layer7 timeout, info: \" at step 1 of tcp-check\", check duration: 1ms"
        );
    }

    #[test]
    fn only_good_ones_pass() {
        let passed = |status: CheckStatus| (status.verdict() as u8, status.passed());
        assert_eq!(passed(CheckStatus::Initializing), (0, false));
        assert_eq!(passed(CheckStatus::L6Ok), (3, true));
        assert_eq!(passed(CheckStatus::L7OkConditional), (4, true));
        assert_eq!(passed(CheckStatus::Analyzed), (2, false));
    }
}
