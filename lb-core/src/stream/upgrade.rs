//! From bytes to messages: a connection of a section in TCP mode that is HTTP from some point on (configuration.txt, section
//! 4; `tcp-request content switch-mode http`).
//!
//! Two things lead there: the rule, and a backend in HTTP mode. The rules of the frontend that are about HTTP count from then
//! on in either case, as HAProxy does it, though it warns of them where there is no such rule. What the rules have made of the
//! stream of bytes (variables, captures, what it tracks) goes on in the first request of HTTP/1; the streams of HTTP/2 begin
//! anew.

use super::Stream;
use super::transaction::Transaction;
use crate::config::Proto;
use crate::http::h1::io::H1Conn;
use crate::session::ClientInfo;
use crate::worker::timer::now;

/// Why a stream of bytes becomes one of messages.
#[derive(Clone, Copy, Debug)]
pub(super) enum Upgrade {
    /// `switch-mode http`, with its `proto`.
    Rule(Option<Proto>),
    /// The backend of this number is in HTTP mode.
    Backend(usize),
}

/// A connection whose stream of bytes is over, and which goes on with HTTP.
#[derive(Debug)]
pub(crate) struct Upgraded {
    pub(crate) client: H1Conn,
    pub(crate) info: ClientInfo,
    pub(crate) carried: Carried,
}

/// What the first request takes over from the stream of bytes.
#[derive(Debug)]
pub(crate) struct Carried {
    transaction: Option<Box<Transaction>>,
    number: u64,
    logged: bool,
    upgrade: Upgrade,
}

impl Carried {
    /// The version that is spoken, where that is not to be found out.
    pub(crate) fn proto(&self) -> Option<Proto> {
        match self.upgrade {
            Upgrade::Rule(proto) => proto,
            Upgrade::Backend(_) => None,
        }
    }
}

impl Drop for Carried {
    /// There was no first request.
    fn drop(&mut self) {
        if let Some(transaction) = &mut self.transaction
            && let Some(moment) = transaction.tracking.at(now())
        {
            transaction.tracking.end(moment);
        }
    }
}

impl Stream<'_> {
    /// What is left of the stream of bytes, which ends without a trace.
    pub(super) fn carry(mut self, upgrade: Upgrade) -> Carried {
        let (number, logged) = (self.number, self.end.logged);
        Carried { transaction: self.transaction.take(), number, logged, upgrade }
    }

    /// Goes on with what the stream of bytes left.
    pub(crate) fn resume(&mut self, mut carried: Carried) {
        self.transaction = carried.transaction.take();
        self.number = carried.number;
        self.end.logged = carried.logged;
        self.inspected = true;
        if let Upgrade::Backend(number) = carried.upgrade {
            self.chosen = Some(number);
        }
    }
}
