//! Rules: `http-request`, `http-response`, `http-after-response`, `tcp-request`, `tcp-response`, and what they do
//! (configuration.txt, section 4.2). The lists that they stand in are `rule_lists`.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use super::bind::Proto;
use super::http::{Redirect, Reply};
use super::resolvers::AddressFamily;
use crate::acl::Condition;
use crate::config::document::Place;
use crate::extension::Call;
use crate::log::LogFormat;
use crate::pattern::{Method, Reference, References};
use crate::regex::Regex;
use crate::sample::names::ProxyNumber;
use crate::sample::variable::VariableName;
use crate::sample::{Expression, Value};
use crate::table::ScAction;

/// A rule: an action, and when it is taken.
#[derive(Clone, Debug)]
pub struct Rule {
    /// What is done.
    pub action: Action,
    /// `if`, `unless`; always where there is none.
    pub condition: Option<Condition>,
    /// Where the rule stands.
    pub place: Place,
}

/// What a rule does. Texts are formats that are evaluated for each stream.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Action {
    /// `allow`, `accept`: the rules that follow are not looked at.
    Allow,
    /// `deny`.
    Deny(Reply),
    /// `tarpit`.
    Tarpit(Reply),
    /// `return`.
    Return(Reply),
    /// `redirect`.
    Redirect(Redirect),
    /// `reject`: the connection is closed.
    Reject,
    /// `close`, of `tcp-response`: the server's connection is closed.
    Close,
    /// `expect-proxy layer4`: the connection begins with a PROXY header.
    ExpectProxy,
    /// `expect-netscaler-cip layer4`: the connection begins with a header of NetScaler's Client IP insertion.
    ExpectNetscalerCip,
    /// `switch-mode http`: what comes is HTTP, of this version where it is said.
    SwitchMode(Option<Proto>),
    /// `silent-drop`: the connection is forgotten without a word to the client.
    SilentDrop,
    /// `auth`: 401, or 407 for a proxied request, unless the condition says that the client may.
    Auth {
        /// `realm`.
        realm: String,
    },
    /// `add-header`, `set-header`.
    Header {
        /// The field's name.
        name: String,
        /// Its value.
        value: LogFormat,
        /// Other fields of that name are removed first.
        replace: bool,
    },
    /// `del-header`.
    DelHeader(HeaderNames),
    /// `replace-header`, `replace-value`.
    ReplaceHeader {
        /// The field's name.
        name: String,
        /// What is replaced.
        regex: Arc<Regex>,
        /// By what.
        by: LogFormat,
        /// `replace-value`: each part between commas by itself.
        parts: bool,
    },
    /// `set-method`, `set-uri`, `set-path`, `set-pathq`, `set-query`.
    SetTarget(TargetPart, LogFormat),
    /// `replace-uri`, `replace-path`, `replace-pathq`.
    ReplaceTarget {
        /// Which part.
        part: TargetPart,
        /// What is replaced.
        regex: Arc<Regex>,
        /// By what.
        by: LogFormat,
    },
    /// `normalize-uri`.
    NormalizeUri {
        /// Which normalizer.
        normalizer: UriNormalizer,
        /// Errors refuse the request (`full`, `strict`).
        strict: bool,
        /// `full`.
        full: bool,
    },
    /// `set-status`.
    SetStatus {
        /// The code.
        status: u16,
        /// The reason; the standard one where there is none.
        reason: Option<String>,
    },
    /// `set-var`.
    SetVar(Assignment, Expression),
    /// `set-var-fmt`.
    SetVarFmt(Assignment, LogFormat),
    /// `unset-var`.
    UnsetVar(VariableName),
    /// `set-src`, `set-src-port`, `set-dst`, `set-dst-port`.
    SetAddress(AddressPart, Expression),
    /// `set-tos`.
    SetTos(u8),
    /// `set-mark`.
    SetMark(u32),
    /// `set-nice`: there is no queue of tasks that it could order.
    SetNice(i32),
    /// `set-log-level`; `None` is `silent`.
    SetLogLevel(Option<u8>),
    /// `set-priority-class`.
    SetPriorityClass(Expression),
    /// `set-priority-offset`.
    SetPriorityOffset(Expression),
    /// `set-timeout`.
    SetTimeout(TimeoutKind, TimeoutValue),
    /// `capture`.
    Capture {
        /// What is kept.
        expression: Expression,
        /// The slot, from 0.
        slot: usize,
        /// At most so many bytes.
        length: usize,
        /// Whether it is a slot of the request.
        request: bool,
    },
    /// `add-acl`, `del-acl`, `set-map`, `del-map`.
    Pattern {
        /// The list.
        list: PatternList,
        /// What is done to it.
        change: PatternChange,
        /// The pattern.
        key: LogFormat,
        /// Of `set-map`, the value.
        value: Option<LogFormat>,
    },
    /// `track-sc0` to `track-sc2`.
    Track {
        /// Which counters.
        slot: usize,
        /// The key.
        key: Expression,
        /// Whose table.
        table: ProxyNumber,
    },
    /// `sc-inc-gpc` and `sc-set-gpt` with their kin.
    Counter {
        /// What is done to which entry.
        action: ScAction,
        /// What a tag is set to.
        value: Option<TagValue>,
    },
    /// `early-hint`.
    EarlyHint {
        /// The field's name.
        name: String,
        /// Its value.
        value: LogFormat,
    },
    /// `do-resolve`.
    DoResolve {
        /// The variable that gets the address.
        name: VariableName,
        /// Number of the `resolvers` section.
        resolvers: usize,
        /// Which addresses are preferred.
        family: AddressFamily,
        /// The name.
        expression: Expression,
    },
    /// `wait-for-body`.
    WaitForBody {
        /// No longer than this.
        time: Duration,
        /// Or until there are so many bytes; 0 is all.
        at_least: u64,
    },
    /// `wait-for-handshake`: TLS without early data is always complete.
    WaitForHandshake,
    /// `strict-mode`: whether a rewrite that fails is an error.
    StrictMode(bool),
    /// `disable-l7-retry`.
    DisableL7Retry,
    /// An action of the embedding program.
    Extension(Call),
}

impl Action {
    /// The formats among its arguments.
    pub(crate) fn formats(&self) -> Vec<&LogFormat> {
        match self {
            Self::Deny(reply) | Self::Tarpit(reply) | Self::Return(reply) => reply.formats(),
            Self::Redirect(redirect) => vec![redirect.kind.target()],
            Self::Header { value, .. } | Self::EarlyHint { value, .. } => vec![value],
            Self::ReplaceHeader { by, .. } | Self::ReplaceTarget { by, .. } => vec![by],
            Self::SetTarget(_, format) | Self::SetVarFmt(_, format) => vec![format],
            Self::Pattern { key, value, .. } => std::iter::once(key).chain(value).collect(),
            _ => Vec::new(),
        }
    }
}

/// Which fields `del-header` removes.
#[derive(Clone, Debug)]
pub enum HeaderNames {
    /// The one of this name.
    Exact(String),
    /// `-m beg`.
    Prefix(String),
    /// `-m end`.
    Suffix(String),
    /// `-m sub`.
    Contains(String),
    /// `-m reg`.
    Regex(Arc<Regex>),
}

impl HeaderNames {
    /// The words of `-m` and what they are.
    pub(crate) fn of(method: Method, name: &str) -> Option<Self> {
        Some(match method {
            Method::Str => Self::Exact(name.to_owned()),
            Method::Beg => Self::Prefix(name.to_owned()),
            Method::End => Self::Suffix(name.to_owned()),
            Method::Sub => Self::Contains(name.to_owned()),
            _ => return None,
        })
    }
}

/// A part of a request line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TargetPart {
    /// The method.
    Method,
    /// All of the target.
    Uri,
    /// The path without the query.
    Path,
    /// The path with the query.
    PathQuery,
    /// The query.
    Query,
}

/// The normalizers of `normalize-uri`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UriNormalizer {
    /// `fragment-encode`.
    FragmentEncode,
    /// `fragment-strip`.
    FragmentStrip,
    /// `path-merge-slashes`.
    PathMergeSlashes,
    /// `path-strip-dot`.
    PathStripDot,
    /// `path-strip-dotdot`.
    PathStripDotdot,
    /// `percent-decode-unreserved`.
    PercentDecodeUnreserved,
    /// `percent-to-uppercase`.
    PercentToUppercase,
    /// `query-sort-by-name`.
    QuerySortByName,
}

/// Which variable is set, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// The variable.
    pub(crate) name: VariableName,
    /// `ifexists`, and so on.
    pub(crate) conditions: AssignmentConditions,
}

impl Assignment {
    /// Without conditions.
    pub(crate) fn always(name: VariableName) -> Self {
        Self { name, conditions: AssignmentConditions::default() }
    }
}

/// The conditions of `set-var`; all of them must hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AssignmentConditions {
    /// `ifexists`.
    pub exists: bool,
    /// `ifnotexists`.
    pub not_exists: bool,
    /// `ifempty`.
    pub empty: bool,
    /// `ifnotempty`.
    pub not_empty: bool,
    /// `ifset`.
    pub set: bool,
    /// `ifnotset`.
    pub not_set: bool,
    /// `ifgt`.
    pub greater: bool,
    /// `iflt`.
    pub less: bool,
}

impl AssignmentConditions {
    /// Whether a variable that has `old` may become `new` (configuration.txt, section 7.3.1, `set-var`). `existed` is
    /// whether there is, or was, a variable of that name.
    pub(crate) fn hold(self, old: Option<&Value<'_>>, existed: bool, new: &Value<'_>) -> bool {
        let empty = matches!(new, Value::Str(bytes) | Value::Bin(bytes) | Value::Meth(bytes) if bytes.is_empty());
        // Only integers are compared.
        let compared = match (old, new) {
            (Some(Value::Sint(old)), Value::Sint(new)) => Some((*old, *new)),
            _ => None,
        };
        (!self.exists || existed)
            && (!self.not_exists || !existed)
            && (!self.empty || empty)
            && (!self.not_empty || !empty)
            && (!self.set || old.is_some())
            && (!self.not_set || old.is_none())
            && (!self.greater || compared.is_none_or(|(old, new)| old > new))
            && (!self.less || compared.is_none_or(|(old, new)| old < new))
    }
}

/// An address or port that a rule sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressPart {
    /// `set-src`.
    Source,
    /// `set-src-port`.
    SourcePort,
    /// `set-dst`.
    Destination,
    /// `set-dst-port`.
    DestinationPort,
}

/// What `set-timeout` sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeoutKind {
    /// `server`.
    Server,
    /// `tunnel`.
    Tunnel,
}

/// What it is set to.
#[derive(Clone, Debug)]
pub enum TimeoutValue {
    /// Always this.
    Fixed(Duration),
    /// Milliseconds.
    Expression(Expression),
}

/// A list of patterns by the file that it was read from.
#[derive(Clone, Debug)]
pub struct PatternList {
    /// The file.
    pub file: String,
    found: OnceLock<Option<Arc<Reference>>>,
}

impl PatternList {
    /// The list of a file.
    pub(crate) fn new(file: String) -> Self {
        Self { file, found: OnceLock::new() }
    }

    /// The list, which is looked for once; `None` where no ACL and no map reads the file.
    pub(crate) fn find(&self, references: &References) -> Option<&Arc<Reference>> {
        self.found.get_or_init(|| references.by_file(&self.file)).as_ref()
    }
}

/// What is done to a list of patterns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PatternChange {
    /// `add-acl`.
    AddAcl,
    /// `del-acl`.
    DelAcl,
    /// `set-map`.
    SetMap,
    /// `del-map`.
    DelMap,
}

/// What a tag is set to.
#[derive(Clone, Debug)]
pub enum TagValue {
    /// Always this.
    Fixed(u32),
    /// An integer.
    Expression(Expression),
}

impl TagValue {
    /// The number that a counter is given: 0 where the rule says none, nothing where its expression has no value.
    pub(crate) fn number<'v>(
        tag: Option<&'v Self>,
        evaluate: impl FnOnce(&'v Expression) -> Option<Value<'v>>,
    ) -> Option<i64> {
        match tag {
            None => Some(0),
            Some(Self::Fixed(number)) => Some(i64::from(*number)),
            Some(Self::Expression(expression)) => match evaluate(expression) {
                Some(Value::Sint(number)) => Some(number),
                _ => None,
            },
        }
    }
}

impl Action {
    /// Whether no rule behind it is looked at.
    pub(crate) fn is_final(&self) -> bool {
        matches!(
            self,
            Self::Allow
                | Self::Deny(_)
                | Self::Tarpit(_)
                | Self::Return(_)
                | Self::Redirect(_)
                | Self::Reject
                | Self::Close
                | Self::SilentDrop
                | Self::Auth { .. }
        )
    }
}

/// `stick on`, `stick match`, `stick store-request`, `stick store-response`.
#[derive(Clone, Debug)]
pub struct StickRule {
    /// The server is looked for.
    pub matches: bool,
    /// The server is stored, under a key of the request.
    pub request: bool,
    /// The server is stored, under a key of the response.
    pub response: bool,
    /// The key.
    pub key: Expression,
    /// Whose table.
    pub table: ProxyNumber,
    /// When; always where there is none.
    pub condition: Option<Condition>,
    /// Where the line stands.
    pub place: Place,
}
