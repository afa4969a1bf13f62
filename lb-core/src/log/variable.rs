//! The variables of a log format (configuration.txt, section 8.2.6).

/// What a `%name` stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Variable {
    BytesRead,
    CapturedRequestCookie,
    CapturedResponseCookie,
    Hostname,
    Method,
    UriWithoutQuery,
    Path,
    Query,
    Uri,
    HttpVersion,
    UniqueId,
    Status,
    AcceptDateGmt,
    AcceptDateLocal,
    ActiveTime,
    ConnectTime,
    DataTime,
    HandshakeTime,
    IdleTime,
    RequestTime,
    QueryTime,
    ResponseTime,
    Timestamp,
    TotalTime,
    UserTime,
    QueueTime,
    BytesUploaded,
    ProcessConnections,
    Backend,
    BackendConnections,
    BackendIp,
    BackendPort,
    BackendQueue,
    ClientIp,
    ClientPort,
    Frontend,
    FrontendConnections,
    FrontendIp,
    FrontendPort,
    FrontendTransport,
    LogCounter,
    RequestHeaders,
    RequestHeadersList,
    ResponseHeaders,
    ResponseHeadersList,
    Milliseconds,
    Pid,
    Request,
    Retries,
    RequestCounter,
    Server,
    ServerConnections,
    ServerIp,
    ServerPort,
    ServerQueue,
    TlsCipher,
    TlsVersion,
    AcceptDate,
    RequestDate,
    RequestDateGmt,
    RequestDateLocal,
    TerminationState,
    TerminationStateCookie,
}

impl Variable {
    /// Whether it is known when a stream begins.
    pub(super) fn is_early(self) -> bool {
        matches!(
            self,
            Self::Hostname
                | Self::AcceptDateGmt
                | Self::AcceptDateLocal
                | Self::AcceptDate
                | Self::Timestamp
                | Self::Milliseconds
                | Self::HandshakeTime
                | Self::ClientIp
                | Self::ClientPort
                | Self::Frontend
                | Self::FrontendIp
                | Self::FrontendPort
                | Self::FrontendTransport
                | Self::LogCounter
                | Self::RequestCounter
                | Self::Pid
                | Self::TlsCipher
                | Self::TlsVersion
        )
    }
}

/// A name, its meaning, and whether it needs `mode http`.
pub(super) struct VariableName {
    pub(super) name: &'static str,
    pub(super) variable: Variable,
    pub(super) http_only: bool,
}

const fn any(name: &'static str, variable: Variable) -> VariableName {
    VariableName { name, variable, http_only: false }
}

impl Variable {
    /// Whether it needs `mode http`.
    pub(super) fn is_http_only(self) -> bool {
        VARIABLES.iter().any(|known| known.http_only && known.variable == self)
    }
}

const fn http(name: &'static str, variable: Variable) -> VariableName {
    VariableName { name, variable, http_only: true }
}

/// Every variable but `%o`, in the order of the manual.
pub(super) const VARIABLES: &[VariableName] = &[
    any("B", Variable::BytesRead),
    http("CC", Variable::CapturedRequestCookie),
    http("CS", Variable::CapturedResponseCookie),
    any("H", Variable::Hostname),
    http("HM", Variable::Method),
    http("HP", Variable::UriWithoutQuery),
    http("HPO", Variable::Path),
    http("HQ", Variable::Query),
    http("HU", Variable::Uri),
    http("HV", Variable::HttpVersion),
    any("ID", Variable::UniqueId),
    any("ST", Variable::Status),
    any("T", Variable::AcceptDateGmt),
    http("Ta", Variable::ActiveTime),
    any("Tc", Variable::ConnectTime),
    any("Td", Variable::DataTime),
    any("Th", Variable::HandshakeTime),
    http("Ti", Variable::IdleTime),
    any("Tl", Variable::AcceptDateLocal),
    http("TR", Variable::RequestTime),
    http("Tq", Variable::QueryTime),
    http("Tr", Variable::ResponseTime),
    any("Ts", Variable::Timestamp),
    any("Tt", Variable::TotalTime),
    any("Tu", Variable::UserTime),
    any("Tw", Variable::QueueTime),
    any("U", Variable::BytesUploaded),
    any("ac", Variable::ProcessConnections),
    any("b", Variable::Backend),
    any("bc", Variable::BackendConnections),
    any("bi", Variable::BackendIp),
    any("bp", Variable::BackendPort),
    any("bq", Variable::BackendQueue),
    any("ci", Variable::ClientIp),
    any("cp", Variable::ClientPort),
    any("f", Variable::Frontend),
    any("fc", Variable::FrontendConnections),
    any("fi", Variable::FrontendIp),
    any("fp", Variable::FrontendPort),
    any("ft", Variable::FrontendTransport),
    any("hr", Variable::RequestHeaders),
    any("hrl", Variable::RequestHeadersList),
    any("hs", Variable::ResponseHeaders),
    any("hsl", Variable::ResponseHeadersList),
    any("lc", Variable::LogCounter),
    any("ms", Variable::Milliseconds),
    any("pid", Variable::Pid),
    http("r", Variable::Request),
    any("rc", Variable::Retries),
    any("rt", Variable::RequestCounter),
    any("s", Variable::Server),
    any("sc", Variable::ServerConnections),
    any("si", Variable::ServerIp),
    any("sp", Variable::ServerPort),
    any("sq", Variable::ServerQueue),
    any("sslc", Variable::TlsCipher),
    any("sslv", Variable::TlsVersion),
    any("t", Variable::AcceptDate),
    http("tr", Variable::RequestDate),
    http("trg", Variable::RequestDateGmt),
    http("trl", Variable::RequestDateLocal),
    any("ts", Variable::TerminationState),
    any("tsc", Variable::TerminationStateCookie),
];

/// Finds a variable by name.
pub(super) fn find(name: &str) -> Option<&'static VariableName> {
    VARIABLES.iter().find(|known| known.name == name)
}
