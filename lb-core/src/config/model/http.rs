//! The replies that the proxy makes itself.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::config::document::Place;
use crate::log::LogFormat;

/// A reply made by the proxy (configuration.txt, `http-request return`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reply {
    /// Status code; the action's own default when not set.
    pub status: Option<u16>,
    /// `content-type`.
    pub content_type: Option<String>,
    /// Where the body comes from.
    pub body: ReplyBody,
    /// `hdr name value`, in order.
    pub headers: Vec<(String, LogFormat)>,
}

impl Reply {
    /// Its formats: those of the headers, and the body's.
    pub(crate) fn formats(&self) -> Vec<&LogFormat> {
        let body = match &self.body {
            ReplyBody::Format(format) => Some(format),
            _ => None,
        };
        self.headers.iter().map(|(_, value)| value).chain(body).collect()
    }
}

/// The body of a [`Reply`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ReplyBody {
    /// Nothing said: the status' error page (`deny`) or an empty body (`return`).
    #[default]
    Default,
    /// `string` or the contents of `file`, read at load time.
    Bytes(Arc<[u8]>),
    /// `lf-string` or the contents of `lf-file`.
    Format(LogFormat),
    /// `errorfile` or `errorfiles name`: a whole response.
    Error(ErrorReply),
    /// `default-errorfiles`: the status' error page.
    ErrorPage,
}

/// `redirect`.
#[derive(Clone, Debug)]
pub struct Redirect {
    /// What the location is made from.
    pub kind: RedirectKind,
    /// `code`: 301, 302 (default), 303, 307, 308.
    pub code: u16,
    /// `drop-query`.
    pub drop_query: bool,
    /// `append-slash`.
    pub append_slash: bool,
    /// `ignore-empty`.
    pub ignore_empty: bool,
    /// `set-cookie NAME[=value]` or `clear-cookie NAME[=]`: the complete `Set-Cookie` value.
    pub set_cookie: Option<String>,
}

/// The three forms of `redirect`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RedirectKind {
    /// `location`: the value is the location.
    Location(LogFormat),
    /// `prefix`: the value is put before the path.
    Prefix(LogFormat),
    /// `scheme`: the value replaces the scheme.
    Scheme(LogFormat),
}

impl RedirectKind {
    /// The text it goes to.
    pub(crate) fn target(&self) -> &LogFormat {
        match self {
            Self::Location(target) | Self::Prefix(target) | Self::Scheme(target) => target,
        }
    }
}

/// A complete response kept ready for a status code (`errorfile`, `http-error`, `http-errors`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ErrorReply {
    /// Status code of the response's status line.
    pub status: u16,
    /// Reason of the status line.
    pub reason: String,
    /// Header fields in order, without framing headers (we compute those).
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Arc<[u8]>,
    /// `errorfile CODE /dev/null`: close the connection without any answer.
    pub silent: bool,
    /// Made anew for each answer: `http-error` with formats.
    pub made: Option<Arc<Reply>>,
}

/// An `http-errors` section.
#[derive(Clone, Debug, Default)]
pub struct HttpErrors {
    /// Its name.
    pub name: String,
    /// Where its header stands.
    pub place: Place,
    /// Replies by status code.
    pub errors: BTreeMap<u16, ErrorReply>,
}
