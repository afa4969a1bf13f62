//! Which parts of a record somebody wants to read: putting a part together that nobody reads costs every request.

use super::variable::Variable;

/// Parts of a [`super::LogRecord`]. What does not belong to one of them is always there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct RecordParts {
    /// Dates: `accept_date` and `request_date`.
    pub(crate) dates: bool,
    /// The durations of the stages.
    pub(crate) times: bool,
    /// The request line.
    pub(crate) request: bool,
    /// What was captured, and the unique identifier.
    pub(crate) captures: bool,
    /// Current connections, and the names of the sections.
    pub(crate) places: bool,
}

impl RecordParts {
    /// All of them.
    pub(crate) const ALL: Self = Self { dates: true, times: true, request: true, captures: true, places: true };

    /// These and what a variable needs.
    pub(super) fn with(mut self, variable: Variable) -> Self {
        use Variable::*;
        match variable {
            AcceptDate | AcceptDateGmt | AcceptDateLocal | RequestDate | RequestDateGmt | RequestDateLocal
            | Timestamp | Milliseconds => self.dates = true,
            ActiveTime | ConnectTime | DataTime | HandshakeTime | IdleTime | RequestTime | QueryTime | ResponseTime
            | TotalTime | UserTime | QueueTime => self.times = true,
            Method | UriWithoutQuery | Path | Query | Uri | HttpVersion | Request => self.request = true,
            CapturedRequestCookie
            | CapturedResponseCookie
            | RequestHeaders
            | RequestHeadersList
            | ResponseHeaders
            | ResponseHeadersList
            | UniqueId => self.captures = true,
            ProcessConnections | FrontendConnections | BackendConnections | ServerConnections | Backend | Frontend
            | FrontendTransport | Server => self.places = true,
            BytesRead
            | BytesUploaded
            | Hostname
            | Status
            | BackendIp
            | BackendPort
            | BackendQueue
            | ClientIp
            | ClientPort
            | FrontendIp
            | FrontendPort
            | LogCounter
            | Pid
            | Retries
            | RequestCounter
            | ServerIp
            | ServerPort
            | ServerQueue
            | TlsCipher
            | TlsVersion
            | TerminationState
            | TerminationStateCookie => {}
        }
        self
    }

    /// These and others.
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            dates: self.dates || other.dates,
            times: self.times || other.times,
            request: self.request || other.request,
            captures: self.captures || other.captures,
            places: self.places || other.places,
        }
    }
}
