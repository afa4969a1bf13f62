//! Rules that stand behind others which are judged later: HAProxy warns of each, since the file reads as if they came last.

use super::Cx;
use crate::config::model::{ProxyConfig, RuleList};

/// Lists of rules in the order in which they are judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Class {
    Connection,
    Session,
    Content,
    Monitor,
    Http,
    Redirect,
    UseBackend,
    UseServer,
}

impl Class {
    /// The class of a list; the rules of responses have no order to others.
    pub(super) fn of(list: RuleList) -> Option<Self> {
        Some(match list {
            RuleList::TcpConnection => Self::Connection,
            RuleList::TcpSession => Self::Session,
            RuleList::TcpContent => Self::Content,
            RuleList::HttpRequest => Self::Http,
            RuleList::Redirect => Self::Redirect,
            RuleList::TcpResponse | RuleList::HttpResponse | RuleList::HttpAfterResponse => return None,
        })
    }

    fn is_empty(self, config: &ProxyConfig) -> bool {
        match self {
            Self::Connection => config.rules.tcp_connection.is_empty(),
            Self::Session => config.rules.tcp_session.is_empty(),
            Self::Content => config.rules.tcp_content.is_empty(),
            Self::Monitor => config.monitor_fail.is_empty(),
            Self::Http => config.rules.http_request.is_empty(),
            Self::Redirect => config.rules.redirect.is_empty(),
            Self::UseBackend => config.use_backend.is_empty(),
            Self::UseServer => config.use_server.is_empty(),
        }
    }

    /// How messages name what stands too late.
    fn late(self) -> &'static str {
        match self {
            Self::Connection | Self::Session | Self::Content => "a 'tcp-request'",
            Self::Http => "a 'http-request'",
            other => other.before(),
        }
    }

    /// How they name what stands before it.
    fn before(self) -> &'static str {
        match self {
            Self::Connection => "a 'tcp-request connection'",
            Self::Session => "a 'tcp-request session'",
            Self::Content => "a 'tcp-request content'",
            Self::Monitor => "a 'monitor fail'",
            Self::Http => "an 'http-request'",
            Self::Redirect => "a 'redirect'",
            Self::UseBackend => "a 'use_backend'",
            Self::UseServer => "a 'use-server'",
        }
    }
}

/// Warns where the section has rules already that are judged after one of this class.
pub(super) fn warn_of_order(cx: &mut Cx<'_>, class: Class) {
    const ALL: [Class; 8] = [
        Class::Connection,
        Class::Session,
        Class::Content,
        Class::Monitor,
        Class::Http,
        Class::Redirect,
        Class::UseBackend,
        Class::UseServer,
    ];
    let config = &cx.draft.config;
    if let Some(other) = ALL.into_iter().find(|other| *other > class && !other.is_empty(config)) {
        let text =
            format!("{} rule placed after {} rule will still be processed before.", class.late(), other.before());
        cx.warning(0, text);
    }
}
