//! What health checks send and expect (configuration.txt, `option *-check`, `tcp-check`, `http-check`).

use super::bind::{Address, Proto};
use super::rules::Assignment;
use crate::log::LogFormat;
use crate::regex::Regex;
use crate::sample::Expression;
use crate::sample::variable::VariableName;
use crate::server::check::CheckStatus;

/// The checks of a backend.
#[derive(Clone, Debug, Default)]
pub struct CheckConfig {
    /// What the last `option` about checks says.
    pub protocol: CheckProtocol,
    /// `tcp-check` lines, used with `option tcp-check`.
    pub tcp: Vec<CheckStep>,
    /// `http-check` lines, used with `option httpchk`.
    pub http: Vec<CheckStep>,
    /// The request of `option httpchk`.
    pub request: CheckRequest,
    /// `http-check disable-on-404`.
    pub disable_on_404: bool,
    /// `http-check send-state`.
    pub send_state: bool,
    /// `external-check command`.
    pub command: Option<String>,
    /// `external-check path`.
    pub path: Option<String>,
}

impl CheckConfig {
    /// The `connect` lines of the checks that are made, in order.
    pub fn connects(&self) -> impl Iterator<Item = &CheckConnect> {
        let steps = match self.protocol {
            CheckProtocol::Tcp => self.tcp.as_slice(),
            CheckProtocol::Http => self.http.as_slice(),
            _ => &[],
        };
        steps.iter().filter_map(|step| match step {
            CheckStep::Connect(connect) => Some(&**connect),
            _ => None,
        })
    }
}

/// Which protocol a check speaks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum CheckProtocol {
    /// None: a connection is opened, with TLS where the server has it.
    #[default]
    Connect,
    /// `option tcp-check`.
    Tcp,
    /// `option httpchk`.
    Http,
    /// `option redis-check`.
    Redis,
    /// `option smtpchk`, with its command: `HELO localhost`.
    Smtp(String),
    /// `option mysql-check`.
    Mysql(Option<MysqlUser>),
    /// `option pgsql-check`, with its user.
    Pgsql(String),
    /// `option ldap-check`.
    Ldap,
    /// `option ssl-hello-chk`.
    SslHello,
    /// `option external-check`.
    External,
}

/// `option mysql-check user`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MysqlUser {
    /// Its name.
    pub name: String,
    /// `pre-41`.
    pub pre_41: bool,
}

/// A line of a script.
#[derive(Clone, Debug)]
pub enum CheckStep {
    /// `comment`: what is said where a step behind it fails.
    Comment(String),
    /// `connect`.
    Connect(Box<CheckConnect>),
    /// `tcp-check send` and its kin.
    Send(CheckSend),
    /// `http-check send`.
    Request(Box<CheckRequest>),
    /// `expect`.
    Expect(Box<CheckExpect>),
    /// `set-var`.
    SetVar(Assignment, Expression),
    /// `set-var-fmt`.
    SetVarFmt(Assignment, LogFormat),
    /// `unset-var`.
    UnsetVar(VariableName),
}

/// `connect`: a new connection.
#[derive(Clone, Debug, Default)]
pub struct CheckConnect {
    /// `default`: what is not said here is as the server's line says.
    pub default: bool,
    /// `port`.
    pub port: Option<CheckPort>,
    /// `addr`.
    pub addr: Option<Address>,
    /// `send-proxy`.
    pub send_proxy: bool,
    /// `via-socks4`.
    pub via_socks4: bool,
    /// `ssl`.
    pub ssl: bool,
    /// `sni`.
    pub sni: Option<String>,
    /// `alpn`.
    pub alpn: Vec<String>,
    /// `proto`; `none` is TCP.
    pub proto: Option<CheckProto>,
    /// `linger`: the connection is closed in order, not reset.
    pub linger: bool,
    /// `comment`.
    pub comment: Option<String>,
}

/// `proto` of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckProto {
    /// `none`.
    Tcp,
    /// `h1` or `h2`.
    Http(Proto),
}

/// `port` of `connect`.
#[derive(Clone, Debug)]
pub enum CheckPort {
    /// A number.
    Fixed(u16),
    /// What an expression says.
    Expression(Expression),
}

/// `send`, `send-lf`, `send-binary` and `send-binary-lf`.
#[derive(Clone, Debug)]
pub struct CheckSend {
    /// What.
    pub data: CheckData,
    /// `comment`.
    pub comment: Option<String>,
}

/// Bytes to send or to look for.
#[derive(Clone, Debug)]
pub enum CheckData {
    /// As they are.
    Bytes(Vec<u8>),
    /// A format.
    Text(LogFormat),
    /// A format of hexadecimal digits.
    Hex(LogFormat),
}

/// A request of an HTTP check.
#[derive(Clone, Debug, Default)]
pub struct CheckRequest {
    /// `meth`.
    pub method: Option<String>,
    /// `uri` or `uri-lf`.
    pub uri: Option<CheckText>,
    /// `ver`.
    pub version: Option<String>,
    /// `hdr`: names, in lower case, and values.
    pub headers: Vec<(String, LogFormat)>,
    /// `body` or `body-lf`.
    pub body: Option<CheckText>,
    /// `comment`.
    pub comment: Option<String>,
}

/// A text as it is, or a format.
#[derive(Clone, Debug)]
pub enum CheckText {
    /// As it is.
    Fixed(String),
    /// A format.
    Format(LogFormat),
}

/// `expect`.
#[derive(Clone, Debug)]
pub struct CheckExpect {
    /// What is looked for.
    pub pattern: CheckPattern,
    /// `!`.
    pub negated: bool,
    /// `min-recv`; `None` is -1.
    pub min_recv: Option<u32>,
    /// `comment`.
    pub comment: Option<String>,
    /// `ok-status`.
    pub ok_status: Option<CheckStatus>,
    /// `error-status`.
    pub error_status: Option<CheckStatus>,
    /// `tout-status`.
    pub timeout_status: Option<CheckStatus>,
    /// `on-success`.
    pub on_success: Option<LogFormat>,
    /// `on-error`.
    pub on_error: Option<LogFormat>,
    /// `status-code`.
    pub status_code: Option<Expression>,
}

impl CheckExpect {
    /// Expects a pattern, with all options at their defaults.
    pub fn new(pattern: CheckPattern) -> Self {
        Self {
            pattern,
            negated: false,
            min_recv: None,
            comment: None,
            ok_status: None,
            error_status: None,
            timeout_status: None,
            on_success: None,
            on_error: None,
            status_code: None,
        }
    }
}

/// What an answer must be like.
#[derive(Clone, Debug)]
pub enum CheckPattern {
    /// `string`: of the body in HTTP.
    Text(Vec<u8>),
    /// `binary`.
    Binary(Vec<u8>),
    /// `string-lf`.
    TextFormat(LogFormat),
    /// `binary-lf`.
    BinaryFormat(LogFormat),
    /// `rstring`.
    Regex(Regex),
    /// `rbinary`: of the answer in hexadecimal.
    BinaryRegex(Regex),
    /// `status`: ranges.
    Status(Vec<(u32, u32)>),
    /// `rstatus`.
    StatusRegex(Regex),
    /// `hdr` and `fhdr`.
    Header(Box<HeaderPattern>),
    /// The greeting of a MySQL server; `last`: no answer to a user is looked for behind it.
    MysqlGreeting {
        /// Nothing is expected behind it.
        last: bool,
    },
    /// What a MySQL server answers to a user, behind its greeting.
    MysqlAnswer,
    /// A bind response of LDAPv3.
    Ldap,
}

/// `hdr` and `fhdr`.
#[derive(Clone, Debug)]
pub struct HeaderPattern {
    /// `fhdr`: the value is not split at commas.
    pub full: bool,
    /// `name` or `name-lf`.
    pub name: HeaderMatch,
    /// `value` or `value-lf`.
    pub value: Option<HeaderMatch>,
}

/// How a name or value is compared.
#[derive(Clone, Debug)]
pub enum HeaderMatch {
    /// `-m reg`.
    Regex(Regex),
    /// With a text.
    Text(HeaderMethod, CheckText),
}

/// `-m` of `hdr` and `fhdr`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HeaderMethod {
    /// `str`.
    #[default]
    Exact,
    /// `beg`.
    Prefix,
    /// `end`.
    Suffix,
    /// `sub`.
    Contains,
}
