//! Stage 3: the rules of a message, in order.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::Stream;
use super::error::StreamError;
use super::local::{Answer, Verdict};
use super::lookup::Lookup;
use super::side::Side;
use super::transaction::Transaction;
use crate::acl::Verdict as Holds;
use crate::config::{ErrorReply, Mode, Proto, ProxyConfig, RestrictHeaderNames, Rule, RuleList};
use crate::connect::Link;
use crate::http::reply::error_reply;
use crate::log::{Cause, Stage};
use crate::rules::capture::keep;
use crate::rules::redirect::path_and_query;
use crate::sample::Place;
use crate::session::ClientInfo;
use crate::topology::BackendEntry;
use crate::worker::timer::Timer;

/// What judging a list of rules came to.
pub(super) enum Flow {
    /// All were looked at, or one allowed.
    Pass,
    /// The message is answered.
    Reply(Answer),
    /// `wait-for-body`: go on behind this rule once there is so much of the body, or this much time has passed.
    Wait {
        /// The rule to go on with.
        next: usize,
        time: Duration,
        at_least: u64,
    },
    /// `do-resolve`: go on behind this rule once the name is resolved, or cannot be.
    Resolve {
        /// The rule to go on with.
        next: usize,
        /// What is waited for.
        lookup: Lookup,
    },
    /// More of the message may decide it: go on with this rule once there is more.
    Undecided {
        /// The rule to go on with.
        next: usize,
    },
    /// `close`, of `tcp-response`.
    Close,
    /// `switch-mode http`: what comes is HTTP, of this version where it is said.
    Switch(Option<Proto>),
}

/// What one action came to.
pub(super) enum Step {
    /// On to the next rule.
    Next,
    /// The rules that follow are not looked at.
    End,
    /// The message is answered.
    Reply(Answer),
    /// See [`Flow::Wait`].
    Wait { time: Duration, at_least: u64 },
    /// See [`Flow::Resolve`].
    Resolve(Lookup),
    /// See [`Flow::Undecided`].
    Undecided,
    /// See [`Flow::Close`].
    Close,
    /// See [`Flow::Switch`].
    Switch(Option<Proto>),
}

/// More data may decide a condition.
struct Undecided;

/// Which rules are judged, and by what.
#[derive(Clone, Copy)]
pub(super) struct Judged<'r, 'c> {
    pub(super) list: RuleList,
    /// The section whose rules they are.
    pub(super) config: &'r ProxyConfig,
    pub(super) place: Place,
    /// The end that the message comes from, where its data may be looked at.
    pub(super) from: Option<&'r Side<'c>>,
    /// Nothing more will be waited for.
    pub(super) last: bool,
}

impl<'a> Stream<'a> {
    /// `monitor-uri` of the frontend.
    pub(super) fn monitored(&mut self) -> Option<Verdict> {
        let info: &'a ClientInfo = self.info;
        let config = &info.frontend.config;
        // A section in TCP mode has none, as it was told.
        let uri = config.monitor_uri.as_ref().filter(|_| config.mode == Mode::Http)?;
        if self.request.target() != uri.as_bytes() && path_and_query(self.request.target()) != uri.as_bytes() {
            return None;
        }
        // Nobody wants to read of these requests (configuration.txt, `monitor-uri`).
        self.end.logged = true;
        let fails = !config.monitor_fail.is_empty() && {
            self.begin_transaction();
            let context = self.context(Place::FrontendRequest, None);
            config.monitor_fail.iter().any(|condition| condition.holds(&config.acls, &context))
        };
        let reply = self.error_page(if fails { 503 } else { 200 });
        Some(Verdict::Reply(Answer::new(reply, Cause::Local, Stage::Request)))
    }

    /// Makes room for what rules do.
    pub(super) fn begin_transaction(&mut self) {
        if self.transaction.is_none() {
            self.transaction = Some(Box::new(Transaction::new(self.info)));
        }
    }

    /// `option http-restrict-req-hdr-names`: names other than letters, digits and dashes.
    pub(super) fn restrict_names(&mut self, config: &ProxyConfig) -> Option<Verdict> {
        let unusual = |name: &[u8]| !name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-');
        match config.options.http_restrict_req_hdr_names {
            None | Some(RestrictHeaderNames::Preserve) => None,
            Some(RestrictHeaderNames::Delete) => {
                self.request.remove_if(|name, _| unusual(name));
                None
            }
            Some(RestrictHeaderNames::Reject) if self.request.fields().any(|(name, _)| unusual(name)) => {
                let reply = self.error_page(403);
                Some(Verdict::Reply(Answer::new(reply, Cause::Proxy, Stage::Request)))
            }
            Some(RestrictHeaderNames::Reject) => None,
        }
    }

    /// `http-response` rules: the backend's, then the frontend's. They see what has come of the body.
    ///
    /// # Errors
    /// When the server breaks off while its body is waited for.
    pub(super) async fn response_rules(
        &mut self,
        backend: &BackendEntry,
        link: &mut Link,
        timer: &mut Timer,
    ) -> Result<Verdict, StreamError> {
        let info: &'a ClientInfo = self.info;
        let same = backend.config.kind.is_frontend() && backend.name == info.frontend.name;
        let sections = [(&backend.config, Place::BackendResponse), (&info.frontend.config, Place::FrontendResponse)];
        for (config, place) in sections.into_iter().take(if same { 1 } else { 2 }) {
            let mut next = 0;
            loop {
                let flow = self.judge(RuleList::HttpResponse, next, config, place, Some(&link.conn.side()));
                match flow {
                    Flow::Reply(answer) => return Ok(Verdict::Reply(answer)),
                    Flow::Wait { next: rule, time, at_least } => {
                        Box::pin(self.wait_for_response_body(time, at_least, link, timer)).await?;
                        next = rule;
                    }
                    _ => break,
                }
            }
        }
        Ok(Verdict::Pass)
    }

    /// `http-after-response` rules, of every response that goes to the client: the backend's, then the frontend's. `from` is
    /// the server's end, where the response is a server's.
    pub(super) fn after_response_rules(&mut self, from: Option<&Side<'_>>) {
        let frontend = Arc::clone(&self.info.frontend.config);
        if let Some(backend) = self.backend {
            let same = backend.config.kind.is_frontend() && backend.name == self.info.frontend.name;
            let config = Arc::clone(&backend.config);
            self.judge(RuleList::HttpAfterResponse, 0, &config, Place::BackendResponse, from);
            if same {
                return;
            }
        }
        self.judge(RuleList::HttpAfterResponse, 0, &frontend, Place::FrontendResponse, from);
    }

    /// Judges the rules of a list from one on.
    pub(super) fn judge(
        &mut self,
        list: RuleList,
        from: usize,
        config: &ProxyConfig,
        place: Place,
        client: Option<&Side<'_>>,
    ) -> Flow {
        self.judge_rules(from, &Judged { list, config, place, from: client, last: true })
    }

    /// The same where more of the message may come.
    pub(super) fn judge_rules(&mut self, from: usize, judged: &Judged<'_, '_>) -> Flow {
        let config = judged.config;
        let rules = config.rules.of(judged.list);
        if rules.is_empty() {
            return Flow::Pass;
        }
        self.begin_transaction();
        let mut from = from;
        loop {
            let index = match self.next_rule(rules, from, judged) {
                Ok(Some(index)) => index,
                Ok(None) => return Flow::Pass,
                // As HAProxy: all rules are looked at again once there is more, those that were passed as well.
                Err(Undecided) => return Flow::Undecided { next: 0 },
            };
            let Some(rule) = rules.get(index) else { return Flow::Pass };
            from = index + 1;
            let step = self.act(&rule.action, judged);
            self.keep_captured();
            match step {
                Step::Next => {}
                Step::End => {
                    self.note_last(rule);
                    return Flow::Pass;
                }
                Step::Reply(answer) => {
                    self.note_last(rule);
                    return Flow::Reply(answer);
                }
                Step::Wait { time, at_least } => return Flow::Wait { next: index + 1, time, at_least },
                Step::Resolve(lookup) => return Flow::Resolve { next: index + 1, lookup },
                Step::Undecided => return Flow::Undecided { next: index },
                Step::Close => {
                    self.note_last(rule);
                    return Flow::Close;
                }
                Step::Switch(proto) => {
                    self.note_last(rule);
                    return Flow::Switch(proto);
                }
            }
        }
    }

    /// The first rule from one on whose condition holds. What it looks at is put together once for all rules up to it.
    fn next_rule(&self, rules: &[Rule], from: usize, judged: &Judged<'_, '_>) -> Result<Option<usize>, Undecided> {
        match rules.get(from) {
            None => return Ok(None),
            Some(rule) if rule.condition.is_none() => return Ok(Some(from)),
            Some(_) => {}
        }
        let mut context = self.context(judged.place, judged.from);
        context.last = judged.last;
        for (index, rule) in rules.iter().enumerate().skip(from) {
            let Some(condition) = &rule.condition else { return Ok(Some(index)) };
            match condition.judge(&judged.config.acls, &context) {
                Holds::Yes => return Ok(Some(index)),
                Holds::No => {}
                Holds::Unknown => return Err(Undecided),
            }
        }
        Ok(None)
    }

    /// Puts what converters captured (`capture-req`, `capture-res`) into the slots that the frontend declares.
    pub(super) fn keep_captured(&mut self) {
        let Some(transaction) = &mut self.transaction else { return };
        let captures = &self.info.frontend.config.captures;
        for capture in transaction.captured.take() {
            let (slots, kept) = match capture.request {
                true => (&captures.request, &mut transaction.captured_request),
                false => (&captures.response, &mut transaction.captured_response),
            };
            if let Some(slot) = slots.get(capture.slot) {
                keep(kept, capture.slot, &capture.text, slot.length);
            }
        }
    }

    fn note_last(&mut self, rule: &crate::config::Rule) {
        if let Some(transaction) = &mut self.transaction {
            transaction.last_rule = Some(rule.place.clone());
        }
    }

    /// The error pages of the sections that a request went to: the backend's come first.
    pub(super) fn error_pages(&self) -> [&BTreeMap<u16, ErrorReply>; 2] {
        let frontend = &self.info.frontend.config.errors;
        [self.backend.as_ref().map_or(frontend, |backend| &backend.config.errors), frontend]
    }

    /// The error page of a status.
    pub(super) fn error_page(&self, status: u16) -> crate::rules::reply::BuiltReply {
        let place = if self.backend.is_some() { Place::BackendRequest } else { Place::FrontendRequest };
        crate::rules::reply::build_error(status, error_reply(status, &self.error_pages()), &mut |format| {
            self.render(format, place, None)
        })
    }
}
