//! The lists of rules that a section has, in the order of their lines, and the slots in which they capture.

use std::time::Duration;

use super::rules::{Action, Rule};

/// Which rules of a section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuleList {
    /// `tcp-request connection`.
    TcpConnection,
    /// `tcp-request session`.
    TcpSession,
    /// `tcp-request content`.
    TcpContent,
    /// `tcp-response content`.
    TcpResponse,
    /// `http-request`.
    HttpRequest,
    /// `redirect`, judged behind all of `http-request`.
    Redirect,
    /// `http-response`.
    HttpResponse,
    /// `http-after-response`.
    HttpAfterResponse,
}

impl RuleList {
    /// All of them, in the order in which they are judged.
    pub(crate) const ALL: [Self; 8] = [
        Self::TcpConnection,
        Self::TcpSession,
        Self::TcpContent,
        Self::HttpRequest,
        Self::Redirect,
        Self::TcpResponse,
        Self::HttpResponse,
        Self::HttpAfterResponse,
    ];
}

/// The rules of a section, in order.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// `tcp-request connection`.
    pub tcp_connection: Vec<Rule>,
    /// `tcp-request session`.
    pub tcp_session: Vec<Rule>,
    /// `tcp-request content`.
    pub tcp_content: Vec<Rule>,
    /// `tcp-response content`.
    pub tcp_response: Vec<Rule>,
    /// `http-request`.
    pub http_request: Vec<Rule>,
    /// `redirect`.
    pub redirect: Vec<Rule>,
    /// `http-response`.
    pub http_response: Vec<Rule>,
    /// `http-after-response`.
    pub http_after_response: Vec<Rule>,
    /// `tcp-request inspect-delay`.
    pub inspect_delay: Option<Duration>,
    /// `tcp-response inspect-delay`.
    pub response_delay: Option<Duration>,
}

impl Rules {
    /// Whether connections are judged before they become sessions.
    pub(crate) fn judges_connections(&self) -> bool {
        !self.tcp_connection.is_empty() || !self.tcp_session.is_empty()
    }

    /// Whether a rule of a stream acts on the client's socket itself: `set-tos`, `set-mark`, `silent-drop`. Another handle
    /// of the socket is kept for it.
    pub fn touch_sockets(&self) -> bool {
        let lists = [&self.tcp_content, &self.tcp_response, &self.http_request, &self.http_response];
        let mut rules = lists.into_iter().chain([&self.http_after_response]).flatten();
        rules.any(|rule| matches!(rule.action, Action::SetTos(_) | Action::SetMark(_) | Action::SilentDrop))
    }

    /// Whether one of them needs `expose-experimental-directives`.
    pub(crate) fn are_experimental(&self) -> bool {
        self.http_request.iter().any(|rule| matches!(rule.action, Action::NormalizeUri { .. }))
    }

    /// The rules of a list.
    pub fn of(&self, list: RuleList) -> &Vec<Rule> {
        match list {
            RuleList::TcpConnection => &self.tcp_connection,
            RuleList::TcpSession => &self.tcp_session,
            RuleList::TcpContent => &self.tcp_content,
            RuleList::TcpResponse => &self.tcp_response,
            RuleList::HttpRequest => &self.http_request,
            RuleList::Redirect => &self.redirect,
            RuleList::HttpResponse => &self.http_response,
            RuleList::HttpAfterResponse => &self.http_after_response,
        }
    }

    /// The rules of a list, to be changed.
    pub fn of_mut(&mut self, list: RuleList) -> &mut Vec<Rule> {
        match list {
            RuleList::TcpConnection => &mut self.tcp_connection,
            RuleList::TcpSession => &mut self.tcp_session,
            RuleList::TcpContent => &mut self.tcp_content,
            RuleList::TcpResponse => &mut self.tcp_response,
            RuleList::HttpRequest => &mut self.http_request,
            RuleList::Redirect => &mut self.redirect,
            RuleList::HttpResponse => &mut self.http_response,
            RuleList::HttpAfterResponse => &mut self.http_after_response,
        }
    }
}

/// A place where a part of a message is kept for the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaptureSlot {
    /// The header that is kept there; rules keep what they like where there is none.
    pub header: Option<String>,
    /// At most so many bytes.
    pub length: usize,
}

/// `capture` and `declare capture`.
#[derive(Clone, Debug, Default)]
pub struct Captures {
    /// Slots of the request.
    pub request: Vec<CaptureSlot>,
    /// Slots of the response.
    pub response: Vec<CaptureSlot>,
    /// `capture cookie`: the start of the name, and how much is kept.
    pub cookie: Option<(String, usize)>,
}

impl Captures {
    /// Adds a slot and returns its number.
    pub(crate) fn declare(&mut self, request: bool, length: usize, header: Option<String>) -> usize {
        let slots = if request { &mut self.request } else { &mut self.response };
        slots.push(CaptureSlot { header, length });
        slots.len() - 1
    }
}
