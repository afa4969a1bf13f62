//! A section while it is read: the typed proxy plus what is only known once all sections were read.

use std::collections::BTreeMap;

use super::keywords::Sections;
use super::late::Late;
use super::server::ServerDraft;
use crate::config::document::Line;
use crate::config::model::{
    Balance, Captures, CheckConfig, EmailAlert, ErrorReply, HashType, LoadServerState, LogFormatChoice, Mode,
    ProxyConfig, ProxyKind, ProxyOptions, RuleList, Rules, Timeouts,
};
use crate::sample::{Place, Places};

/// The four sections of this module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SectionKind {
    Defaults,
    Frontend,
    Backend,
    Listen,
}

impl SectionKind {
    pub(super) fn from_keyword(keyword: &str) -> Option<Self> {
        match keyword {
            "defaults" => Some(Self::Defaults),
            "frontend" => Some(Self::Frontend),
            "backend" => Some(Self::Backend),
            "listen" => Some(Self::Listen),
            _ => None,
        }
    }

    /// The word that opens the section.
    pub(super) fn keyword(self) -> &'static str {
        match self {
            Self::Defaults => "defaults",
            Self::Frontend => "frontend",
            Self::Backend => "backend",
            Self::Listen => "listen",
        }
    }

    /// How messages call it.
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Listen => "proxy",
            other => other.keyword(),
        }
    }

    pub(super) fn bit(self) -> Sections {
        match self {
            Self::Defaults => Sections::DEFAULTS,
            Self::Frontend => Sections::FRONTEND,
            Self::Backend => Sections::BACKEND,
            Self::Listen => Sections::LISTEN,
        }
    }

    pub(super) fn is_defaults(self) -> bool {
        self == Self::Defaults
    }

    pub(super) fn has_frontend(self) -> bool {
        self != Self::Backend
    }

    pub(super) fn has_backend(self) -> bool {
        self != Self::Frontend
    }

    fn proxy_kind(self) -> ProxyKind {
        match self {
            Self::Frontend => ProxyKind::Frontend,
            Self::Backend => ProxyKind::Backend,
            Self::Defaults | Self::Listen => ProxyKind::Listen,
        }
    }
}

/// A section while it is read. A proxy starts as a copy of its defaults.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub(super) section: SectionKind,
    pub(super) header: Line,
    /// `config.servers`, `errors` and the references in replies are filled in by `finish`.
    pub(super) config: ProxyConfig,
    /// The `id` line, if there is one.
    pub(super) id_line: Option<Line>,
    /// `default-server` so far.
    pub(super) default_server: ServerDraft,
    pub(super) servers: Vec<ServerDraft>,
    /// The lines of `config.binds`, for messages.
    pub(super) bind_lines: Vec<Line>,
    /// `errorfile` and its kin, in order: a later one wins.
    pub(super) errors: Vec<ErrorDirective>,
    /// Replies of rules that name error files of other sections.
    pub(super) references: Vec<ReplyReference>,
    pub(super) default_backend_line: Option<Line>,
    pub(super) use_backend_lines: Vec<Line>,
    /// Rule sets whose last rule always ends them.
    pub(super) finished: Vec<RuleSet>,
    /// What is told when all was read.
    pub(super) late: Late,
    /// Its number among the proxies; none for `defaults`.
    pub(super) number: Option<usize>,
    /// `option httplog` and the like stood here, for the warning that it needs HTTP.
    pub(super) httplog_line: Option<Line>,
    /// Where the formats stand, here or in the defaults, for what is wrong in them.
    pub(super) log_format_lines: LogFormatLines,
    /// The `stick-table` line, if there is one.
    pub(super) stick_table_line: Option<Line>,
    /// `balance` was written in this section or its defaults.
    pub(super) balance_said: bool,
    /// The `tcp-check` lines are those of the defaults: the section's first own one replaces them.
    pub(super) tcp_check_inherited: bool,
    /// The same of `http-check`.
    pub(super) http_check_inherited: bool,
    /// `tcp-check` lines stand here without their option.
    pub(super) tcp_check_unused: bool,
    /// `http-check` lines stand here without their option.
    pub(super) http_check_unused: bool,
    /// The last line of the section with a format that has something to say in HTTP alone.
    pub(super) http_format_line: Option<Line>,
    /// The line of `balance hash`, whose expression is read once all sections are known.
    pub(super) hash_line: Option<Line>,
}

/// Lines of the log formats, which are compiled once the mode is known.
#[derive(Clone, Debug, Default)]
pub(super) struct LogFormatLines {
    pub(super) log_format: Option<Line>,
    pub(super) error_log_format: Option<Line>,
    pub(super) log_format_sd: Option<Line>,
}

/// Which errors a line sets, in order.
#[derive(Clone, Debug)]
pub(super) struct ErrorDirective {
    pub(super) line: Line,
    /// Status codes; empty for all of the `http-errors` section.
    pub(super) status: Vec<u16>,
    pub(super) source: ErrorSource,
}

/// What an error directive says.
#[derive(Clone, Debug)]
pub(super) enum ErrorSource {
    Reply(ErrorReply),
    /// `errorfiles name`.
    Section(String),
    /// `default-errorfiles`: forget what was said.
    Reset,
}

/// A reply in a rule whose body is an error page that is known only at the end.
#[derive(Clone, Debug)]
pub(super) struct ReplyReference {
    pub(super) set: RuleSet,
    /// Index of the rule in its set.
    pub(super) rule: usize,
    pub(super) line: Line,
    pub(super) status: u16,
    /// Name of an `http-errors` section.
    pub(super) section: String,
}

/// The rule sets of a proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RuleSet {
    TcpConnection,
    TcpSession,
    TcpContent,
    TcpResponse,
    HttpRequest,
    HttpResponse,
    HttpAfterResponse,
}

impl RuleSet {
    /// Every set.
    pub(super) const ALL: [Self; 7] = [
        Self::TcpConnection,
        Self::TcpSession,
        Self::TcpContent,
        Self::TcpResponse,
        Self::HttpRequest,
        Self::HttpResponse,
        Self::HttpAfterResponse,
    ];

    pub(super) fn keyword(self) -> &'static str {
        match self {
            Self::TcpConnection => "tcp-request connection",
            Self::TcpSession => "tcp-request session",
            Self::TcpContent => "tcp-request content",
            Self::TcpResponse => "tcp-response content",
            Self::HttpRequest => "http-request",
            Self::HttpResponse => "http-response",
            Self::HttpAfterResponse => "http-after-response",
        }
    }

    pub(super) fn list(self) -> RuleList {
        match self {
            Self::TcpConnection => RuleList::TcpConnection,
            Self::TcpSession => RuleList::TcpSession,
            Self::TcpContent => RuleList::TcpContent,
            Self::TcpResponse => RuleList::TcpResponse,
            Self::HttpRequest => RuleList::HttpRequest,
            Self::HttpResponse => RuleList::HttpResponse,
            Self::HttpAfterResponse => RuleList::HttpAfterResponse,
        }
    }

    /// How messages call its expressions.
    pub(super) fn expression(self) -> &'static str {
        match self {
            Self::HttpRequest => "http-request expression",
            Self::HttpResponse | Self::HttpAfterResponse => "http-response response",
            Self::TcpConnection => "tcp-request connection expression",
            Self::TcpSession => "tcp-request session expression",
            Self::TcpContent => "tcp-request content expression",
            Self::TcpResponse => "tcp-response content expression",
        }
    }

    pub(super) fn is_http(self) -> bool {
        matches!(self, Self::HttpRequest | Self::HttpResponse | Self::HttpAfterResponse)
    }

    /// Where rules of a section are evaluated.
    pub(super) fn places(self, section: SectionKind) -> Places {
        let (front, back) = match self {
            Self::TcpConnection => (Place::FrontendConnection, Place::FrontendConnection),
            Self::TcpSession => (Place::FrontendSession, Place::FrontendSession),
            Self::TcpContent => (Place::FrontendContent, Place::BackendContent),
            Self::TcpResponse => (Place::FrontendResponseContent, Place::BackendResponseContent),
            Self::HttpRequest => (Place::FrontendRequest, Place::BackendRequest),
            Self::HttpResponse | Self::HttpAfterResponse => (Place::FrontendResponse, Place::BackendResponse),
        };
        let of = |has: bool, place| if has { Places::one(place) } else { Places::NONE };
        of(section.has_frontend(), front).or(of(section.has_backend(), back))
    }
}

impl Draft {
    /// A section that inherits nothing.
    pub(super) fn new(section: SectionKind, header: Line) -> Self {
        let config = ProxyConfig {
            name: String::new(),
            kind: section.proxy_kind(),
            place: header.place.clone(),
            id: 0,
            forced_id: false,
            description: None,
            disabled: false,
            load_server_state: LoadServerState::None,
            server_state_file_name: None,
            mode: Mode::Tcp,
            binds: Vec::new(),
            maxconn: None,
            backlog: None,
            rate_limit_sessions: None,
            monitor_uri: None,
            use_backend: Vec::new(),
            default_backend: None,
            acls: Vec::new(),
            rules: Rules::default(),
            monitor_fail: Vec::new(),
            captures: Captures::default(),
            unique_id_format: None,
            unique_id_header: None,
            send_name_header: None,
            use_server: Vec::new(),
            sticks: Vec::new(),
            timeouts: Timeouts::default(),
            options: ProxyOptions::default(),
            logs: Vec::new(),
            log_format: LogFormatChoice::Default,
            error_log_format: None,
            log_format_sd: None,
            log_tag: None,
            errors: BTreeMap::new(),
            balance: Balance::Unset,
            own_balance: None,
            hash_type: HashType::default(),
            hash_balance_factor: 0,
            servers: Vec::new(),
            fullconn: None,
            retries: None,
            redispatch: None,
            retry_on: None,
            http_reuse: None,
            max_keep_alive_queue: None,
            source: None,
            dispatch: None,
            checks: CheckConfig::default(),
            cookie: None,
            dynamic_cookie_key: None,
            persist_rules: Vec::new(),
            persist_rdp_cookie: None,
            stick_table: None,
            email_alert: EmailAlert::default(),
        };
        Self {
            section,
            header,
            config,
            id_line: None,
            default_server: ServerDraft::default(),
            servers: Vec::new(),
            bind_lines: Vec::new(),
            errors: Vec::new(),
            references: Vec::new(),
            default_backend_line: None,
            use_backend_lines: Vec::new(),
            finished: Vec::new(),
            late: Late::default(),
            number: None,
            httplog_line: None,
            log_format_lines: LogFormatLines::default(),
            stick_table_line: None,
            balance_said: false,
            tcp_check_inherited: false,
            http_check_inherited: false,
            tcp_check_unused: false,
            http_check_unused: false,
            http_format_line: None,
            hash_line: None,
        }
    }

    /// A section that starts with what `defaults` says.
    pub(super) fn inherit(defaults: &Self, section: SectionKind, header: Line) -> Self {
        let mut draft = Self { section, ..defaults.clone() };
        draft.config.kind = section.proxy_kind();
        draft.config.place = header.place.clone();
        draft.header = header;
        draft.httplog_line = None;
        (draft.tcp_check_inherited, draft.http_check_inherited) = (true, true);
        (draft.tcp_check_unused, draft.http_check_unused) = (false, false);
        if !section.has_backend() {
            // HAProxy reads the expression of a frontend, which has no use for it, only where the line stands there.
            draft.hash_line = None;
        }
        draft
    }

    /// Whether rules came from a defaults section or were written here.
    pub(super) fn has_rules(&self) -> bool {
        RuleList::ALL.iter().any(|list| !self.config.rules.of(*list).is_empty())
    }

    pub(super) fn is_http(&self) -> bool {
        self.config.mode == Mode::Http
    }
}
