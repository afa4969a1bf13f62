//! What the rules have made of a stream: variables, captures, and what differs from the configuration.

use std::cell::{OnceCell, RefCell};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::http::message::Head;
use crate::sample::account::Account;
use crate::sample::context::{Capture, Peek};
use crate::sample::variable::{Scopes, VariableScope, Variables};
use crate::session::ClientInfo;
use crate::table::Tracking;
use crate::table::stick::Stores;

/// State of a stream that only rules need. It is made when the first rules are judged.
#[derive(Debug, Default)]
pub(crate) struct Transaction {
    /// In TCP, the request that its rules look for among what the client sent.
    pub(crate) peek: Peek,
    txn: Variables,
    req: Variables,
    res: Variables,
    /// `capture` of the request, by slot.
    pub(crate) captured_request: Vec<Option<Vec<u8>>>,
    /// `capture` of the response, by slot.
    pub(crate) captured_response: Vec<Option<Vec<u8>>>,
    /// What converters captured, until it is put into its slots.
    pub(crate) captured: RefCell<Vec<Capture>>,
    /// `capture cookie` of the request.
    pub(crate) request_cookie: Option<Vec<u8>>,
    /// `capture cookie` of the response.
    pub(crate) response_cookie: Option<Vec<u8>>,
    /// What it tracks, and its connection.
    pub(crate) tracking: Tracking,
    /// Under which keys the server is to be stored.
    pub(crate) stores: Stores,
    /// `set-src`, `set-src-port`.
    pub(crate) source: Option<SocketAddr>,
    /// `set-dst`, `set-dst-port`.
    pub(crate) destination: Option<SocketAddr>,
    /// `set-timeout server`.
    pub(crate) server_timeout: Option<Duration>,
    /// `set-timeout tunnel`.
    pub(crate) tunnel_timeout: Option<Duration>,
    /// `set-log-level`; the inner `None` is `silent`.
    pub(crate) log_level: Option<Option<u8>>,
    /// `set-priority-class`.
    pub(crate) priority_class: i32,
    /// `set-priority-offset`.
    pub(crate) priority_offset: i32,
    /// `disable-l7-retry`.
    pub(crate) no_l7_retry: bool,
    /// `strict-mode off`: a rewrite that fails is passed over.
    pub(crate) lenient: bool,
    /// `unique-id-format`, made when it is first asked for.
    pub(crate) unique_id: OnceCell<Vec<u8>>,
    /// The request line as it came, where rules have changed it.
    pub(crate) request_line: Option<Vec<u8>>,
    /// `early-hint`: what is to be sent before the response.
    pub(crate) early_hints: Option<Head>,
    /// Where the rule stands that ended the last set of rules.
    pub(crate) last_rule: Option<crate::config::Place>,
}

impl Transaction {
    /// Of a stream of this connection.
    pub(crate) fn new(client: &ClientInfo) -> Self {
        let tracking = Tracking::new(client.tracked());
        let Some(process) = &client.frontend.variables else { return Self { tracking, ..Self::default() } };
        let account = |parent: Option<&Arc<Account>>, limit| parent.map(|parent| Account::within(parent, limit));
        let txn = account(client.variables().account.as_ref(), process.limits.txn);
        let part = || Variables::counted(account(txn.as_ref(), process.limits.reqres));
        let (req, res) = (part(), part());
        Self { tracking, req, res, txn: Variables::counted(txn), ..Self::default() }
    }

    /// The variables of its scopes.
    pub(crate) fn scopes<'s>(&'s self, session: &'s ClientInfo) -> Scopes<'s> {
        Scopes {
            session: Some(session),
            txn: Some(&self.txn),
            req: Some(&self.req),
            res: Some(&self.res),
            ..Scopes::default()
        }
    }

    /// The request has been processed: its variables are gone.
    pub(crate) fn end_request(&self) {
        self.req.clear();
    }

    /// The variables of a scope of the stream.
    pub(crate) fn of(&self, scope: VariableScope) -> Option<&Variables> {
        match scope {
            VariableScope::Txn => Some(&self.txn),
            VariableScope::Req => Some(&self.req),
            VariableScope::Res => Some(&self.res),
            VariableScope::Proc | VariableScope::Sess | VariableScope::Check => None,
        }
    }
}
