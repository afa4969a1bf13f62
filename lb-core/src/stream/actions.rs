//! What the actions of rules do to a stream.

use std::sync::Arc;

use super::Stream;
use super::local::Answer;
use super::rules::{Judged, Step};
use super::variables::{assign, unset};
use crate::config::{
    Action, AddressPart, Assignment, HeaderNames, PatternChange, PatternList, Reply, RuleList, TagValue, TimeoutKind,
    TimeoutValue,
};
use crate::http::message::{BodyLength, Head};
use crate::log::{Cause, LogFormat, Stage};
use crate::pattern::Target;
use crate::rules::redirect::build_redirect;
use crate::rules::reply::{BuiltReply, ReplyDefaults, build_reply};
use crate::rules::{address, auth, capture, headers, target};
use crate::sample::{Context, Expression, SampleType, Value};
use crate::table::TrackScope;
use crate::worker::timer::now;

impl Stream<'_> {
    /// Does what a rule says: every action of every list that is judged with a stream.
    pub(super) fn act(&mut self, action: &Action, at: &Judged<'_, '_>) -> Step {
        match action {
            Action::Allow => return Step::End,
            Action::SwitchMode(proto) => return Step::Switch(*proto),
            Action::Deny(_)
            | Action::Tarpit(_)
            | Action::Return(_)
            | Action::Redirect(_)
            | Action::Auth { .. }
            | Action::Reject
            | Action::SilentDrop => return self.answer_of(action, at),
            Action::Close => return Step::Close,
            Action::DoResolve { name, resolvers, family, expression } => {
                let host = self.value(expression, Some(SampleType::Str), at);
                return self.resolve(name, *resolvers, *family, host);
            }
            Action::WaitForBody { time, at_least } => return Step::Wait { time: *time, at_least: *at_least },
            Action::Header { .. }
            | Action::DelHeader(_)
            | Action::ReplaceHeader { .. }
            | Action::SetTarget(..)
            | Action::ReplaceTarget { .. }
            | Action::SetStatus { .. } => return self.rewrite(action, at),
            Action::NormalizeUri { normalizer, strict, full } => {
                self.keep_request_line();
                if !target::normalize(&mut self.request, *normalizer, *strict, *full) {
                    let answer = Answer::new(self.error_page(400), Cause::Proxy, Stage::Request);
                    return Step::Reply(Answer { malformed: true, ..answer });
                }
            }
            Action::SetVar(assignment, expression) => {
                let value = self.value(expression, None, at);
                self.assign(assignment, value);
            }
            Action::SetVarFmt(assignment, format) => {
                let text = self.format(format, at);
                self.assign(assignment, Some(Value::Str(text.into())));
            }
            Action::UnsetVar(name) => unset(name, self.worker, self.info, self.transaction.as_deref()),
            Action::SetAddress(part, expression) => self.set_address(*part, expression, at),
            Action::Capture { expression, slot, length, request } => {
                let context = Context { last: at.last, ..self.context(at.place, at.from) };
                let value = expression.evaluate(&context).and_then(|value| value.cast(SampleType::Str));
                let value = value.map(|value| value.into_owned().into_bytes());
                if !at.last && context.may_change.get() {
                    return Step::Undecided;
                }
                let captures = &self.info.frontend.config.captures;
                let declared = if *request { &captures.request } else { &captures.response };
                let Some(length) = declared.get(*slot).map(|slot| slot.length.min(*length)) else { return Step::Next };
                if let (Some(value), Some(transaction)) = (value, &mut self.transaction) {
                    let slots =
                        if *request { &mut transaction.captured_request } else { &mut transaction.captured_response };
                    capture::keep(slots, *slot, &value, length);
                }
            }
            Action::EarlyHint { name, value } => {
                let value = self.format(value, at);
                let usable = !value.iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0));
                if let (true, Some(transaction)) = (usable, &mut self.transaction) {
                    let hints = transaction.early_hints.get_or_insert_with(|| {
                        let reason = crate::http::status::reason(103);
                        Head::response(103, reason.as_bytes(), crate::http::message::Version::Http11)
                    });
                    hints.add(name.as_bytes(), &value);
                }
            }
            Action::Pattern { list, change, key, value } => {
                self.change_patterns(list, *change, key, value.as_ref(), at)
            }
            Action::Track { slot, key, table } => return self.track(*slot, key, *table, at),
            Action::Counter { action, value } => {
                let evaluate = |expression| self.value(expression, Some(SampleType::Sint), at);
                let value = TagValue::number(value.as_ref(), evaluate);
                if let (Some(value), Some(transaction)) = (value, &self.transaction) {
                    action.run(&transaction.tracking, value, now());
                }
            }
            Action::Extension(call) => return self.extension(call, at),
            Action::SetTos(tos) => self.info.set_tos(*tos),
            Action::SetMark(mark) => self.info.set_mark(*mark),
            _ => self.set(action, at),
        }
        Step::Next
    }

    /// `track-sc0` and its kind.
    fn track(&self, slot: usize, key: &Expression, table: usize, at: &Judged<'_, '_>) -> Step {
        let table = self.worker.topology().tables.get(table).and_then(Option::as_ref);
        let (Some(table), Some(transaction)) = (table, &self.transaction) else { return Step::Next };
        let mut context = self.context(at.place, at.from);
        context.last = at.last;
        let key = key.evaluate(&context).and_then(|value| table.config.key.key(value));
        let Some(key) = key else {
            return if !at.last && context.may_change.get() { Step::Undecided } else { Step::Next };
        };
        let scope = if self.http { TrackScope::Request } else { TrackScope::Content };
        transaction.tracking.track(scope, slot, table, &key, table.at(now()));
        Step::Next
    }

    /// Actions that only set something.
    fn set(&mut self, action: &Action, at: &Judged<'_, '_>) {
        let number = |stream: &Self, expression: &Expression| match stream.value(expression, Some(SampleType::Sint), at)
        {
            Some(Value::Sint(number)) => Some(number),
            _ => None,
        };
        match action {
            Action::SetTimeout(kind, value) => {
                let time = match value {
                    TimeoutValue::Fixed(time) => Some(*time),
                    TimeoutValue::Expression(expression) => number(self, expression)
                        .and_then(|number| u64::try_from(number).ok())
                        .map(std::time::Duration::from_millis),
                };
                if let (Some(time), Some(transaction)) = (time, &mut self.transaction) {
                    match kind {
                        TimeoutKind::Server => transaction.server_timeout = Some(time),
                        TimeoutKind::Tunnel => transaction.tunnel_timeout = Some(time),
                    }
                }
            }
            Action::SetPriorityClass(expression) => {
                let class = number(self, expression);
                if let (Some(class), Some(transaction)) = (class, &mut self.transaction) {
                    transaction.priority_class = i32::try_from(class.clamp(-2047, 2047)).unwrap_or_default();
                }
            }
            Action::SetPriorityOffset(expression) => {
                let offset = number(self, expression);
                if let (Some(offset), Some(transaction)) = (offset, &mut self.transaction) {
                    transaction.priority_offset = i32::try_from(offset.clamp(-524_287, 524_287)).unwrap_or_default();
                }
            }
            Action::SetLogLevel(level) => {
                if let Some(transaction) = &mut self.transaction {
                    transaction.log_level = Some(*level);
                }
            }
            Action::StrictMode(on) => {
                if let Some(transaction) = &mut self.transaction {
                    transaction.lenient = !on;
                }
            }
            Action::DisableL7Retry => {
                if let Some(transaction) = &mut self.transaction {
                    transaction.no_l7_retry = true;
                }
            }
            _ => {}
        }
    }

    /// An expression's value, of a type if one is wanted, borrowing nothing.
    fn value(&self, expression: &Expression, kind: Option<SampleType>, at: &Judged<'_, '_>) -> Option<Value<'static>> {
        let context = self.context(at.place, at.from);
        let value = expression.evaluate(&context)?;
        match kind {
            Some(kind) => value.cast(kind).map(Value::into_owned),
            None => Some(value.into_owned()),
        }
    }

    pub(super) fn format(&self, format: &LogFormat, at: &Judged<'_, '_>) -> Vec<u8> {
        self.render(format, at.place, at.from)
    }

    fn assign(&self, assignment: &Assignment, value: Option<Value<'static>>) {
        assign(assignment, value, self.worker, self.info, self.transaction.as_deref());
    }

    /// `add-acl`, `del-acl`, `set-map`, `del-map`. What cannot be a pattern of the list is passed over, as HAProxy does.
    fn change_patterns(
        &self,
        list: &PatternList,
        change: PatternChange,
        key: &LogFormat,
        value: Option<&LogFormat>,
        at: &Judged<'_, '_>,
    ) {
        let Some(reference) = list.find(&self.worker.topology().references) else { return };
        let key = self.format(key, at);
        match change {
            PatternChange::AddAcl => drop(reference.add_once(&key)),
            PatternChange::DelAcl | PatternChange::DelMap => drop(reference.delete(&Target::Key(key))),
            PatternChange::SetMap => {
                let value = value.map(|value| self.format(value, at)).unwrap_or_default();
                drop(reference.set_or_add(&key, &value));
            }
        }
    }

    fn set_address(&mut self, part: AddressPart, expression: &Expression, at: &Judged<'_, '_>) {
        let value = self.value(expression, Some(address::value_type(part)), at);
        let (source, destination) = (self.source(), self.destination());
        let (Some(value), Some(transaction)) = (value, &mut self.transaction) else { return };
        match address::is_source(part) {
            true => transaction.source = Some(address::changed(source, &value)),
            false => transaction.destination = Some(address::changed(destination, &value)),
        }
    }

    /// Actions that change the head. One that fails refuses the message in strict mode.
    fn rewrite(&mut self, action: &Action, at: &Judged<'_, '_>) -> Step {
        if self.rewritten(action, at) { Step::Next } else { self.failed_rewrite(at) }
    }

    fn rewritten(&mut self, action: &Action, at: &Judged<'_, '_>) -> bool {
        let of_response = matches!(at.list, RuleList::HttpResponse | RuleList::HttpAfterResponse);
        match action {
            Action::Header { name, value, replace } => {
                let value = self.format(value, at);
                self.put_field(of_response, name, &value, *replace)
            }
            Action::DelHeader(names) => {
                let head = self.head(of_response);
                match names {
                    HeaderNames::Exact(name) => drop(head.remove(name)),
                    names => head.remove_if(|name, _| headers::is_named(names, name)),
                }
                true
            }
            Action::ReplaceHeader { name, regex, by, parts } => {
                let by = self.format(by, at);
                let done = headers::replace(self.head(of_response), name, regex, &by, *parts);
                if !of_response {
                    self.follow_host(name);
                }
                done
            }
            Action::SetTarget(part, format) => {
                self.keep_request_line();
                let text = self.format(format, at);
                target::set(&mut self.request, *part, &text)
            }
            Action::ReplaceTarget { part, regex, by } => {
                self.keep_request_line();
                let by = self.format(by, at);
                target::replace(&mut self.request, *part, regex, &by)
            }
            Action::SetStatus { status, reason } => {
                let standard = crate::http::status::reason(*status);
                let reason = reason.as_deref().unwrap_or(standard);
                self.response.set_status(*status, reason.as_bytes());
                true
            }
            _ => true,
        }
    }

    /// Adds a field, or sets it. False where that would break the head, or make it longer than a buffer.
    pub(super) fn put_field(&mut self, of_response: bool, name: &str, value: &[u8], replace: bool) -> bool {
        let limit = self.worker.settings.bufsize;
        let head = self.head(of_response);
        let breaks = value.iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0));
        if breaks || head.wire_len() + name.len() + value.len() + 4 > limit {
            return false;
        }
        match replace {
            true => head.set(name, value),
            false => head.add(name.as_bytes(), value),
        }
        if replace && !of_response {
            self.follow_host(name);
        }
        true
    }

    /// A rule has changed a field: the target goes with Host.
    fn follow_host(&mut self, name: &str) {
        if name.eq_ignore_ascii_case("host") {
            self.keep_request_line();
            target::follow_host(&mut self.request);
        }
    }

    /// A rewrite failed: the message is refused in strict mode.
    pub(super) fn failed_rewrite(&self, at: &Judged<'_, '_>) -> Step {
        if self.transaction.as_ref().is_some_and(|transaction| transaction.lenient) {
            return Step::Next;
        }
        self.internal_error(at)
    }

    /// The message is refused, and it is our fault.
    pub(super) fn internal_error(&self, at: &Judged<'_, '_>) -> Step {
        let of_response = matches!(at.list, RuleList::HttpResponse | RuleList::HttpAfterResponse);
        let stage = if of_response { Stage::Headers } else { Stage::Request };
        Step::Reply(Answer::new(self.error_page(500), Cause::Internal, stage))
    }

    /// The log tells of the request as it came.
    pub(super) fn keep_request_line(&mut self) {
        let line = self.current_request_line();
        if let Some(transaction) = &mut self.transaction {
            transaction.request_line.get_or_insert(line);
        }
    }

    pub(super) fn head(&mut self, response: bool) -> &mut Head {
        if response { &mut self.response } else { &mut self.request }
    }

    /// Actions that answer the message themselves.
    fn answer_of(&mut self, action: &Action, at: &Judged<'_, '_>) -> Step {
        let stage = match at.list {
            RuleList::TcpResponse => Stage::Data,
            RuleList::HttpResponse | RuleList::HttpAfterResponse => Stage::Headers,
            _ => Stage::Request,
        };
        let of_response = stage != Stage::Request;
        let answer = |reply, cause| Step::Reply(Answer::new(reply, cause, stage));
        match action {
            Action::Return(reply) => answer(self.built_reply(reply, ReplyDefaults::RETURN, at), Cause::Local),
            Action::Deny(reply) => {
                let defaults = if of_response { ReplyDefaults::DENY_RESPONSE } else { ReplyDefaults::DENY };
                answer(self.built_reply(reply, defaults, at), Cause::Proxy)
            }
            Action::Tarpit(reply) => {
                let timeouts = &at.config.timeouts;
                let time = timeouts.tarpit.or(timeouts.connect).unwrap_or_default();
                let reply = self.built_reply(reply, ReplyDefaults::TARPIT, at);
                Step::Reply(Answer::new(reply, Cause::Proxy, Stage::Tarpit).held(time))
            }
            Action::Redirect(redirect) => {
                let head = build_redirect(redirect, &self.request, &mut |format| self.format(format, at));
                let Some(head) = head else { return Step::Next };
                // As HAProxy: a redirected request with a body ends the connection, even where the body is here.
                let keep = of_response || matches!(self.framing.body, BodyLength::None | BodyLength::Known(0));
                let reply = BuiltReply::Message { status: head.status(), head, body: Arc::default() };
                Step::Reply(Answer { keep, ..Answer::new(reply, Cause::Local, stage) })
            }
            Action::Auth { realm } => {
                let before_proxy = self.info.frontend.config.options.http_use_proxy_header;
                let status = if before_proxy && auth::is_proxied(&self.request) { 407 } else { 401 };
                let head = auth::challenge(realm, status);
                let BuiltReply::Message { head: page, body, .. } = self.error_page(status) else {
                    return answer(BuiltReply::Silent, Cause::Local);
                };
                answer(BuiltReply::Message { status, head: auth::with_page(head, &page), body }, Cause::Local)
            }
            Action::SilentDrop => {
                self.info.silence(&self.worker.topology().system);
                Step::Reply(Answer::closing(Stage::Request))
            }
            _ => Step::Reply(Answer::closing(stage)),
        }
    }

    fn built_reply(&self, reply: &Reply, defaults: ReplyDefaults, at: &Judged<'_, '_>) -> BuiltReply {
        build_reply(reply, &self.error_pages(), defaults, &mut |format| self.format(format, at))
    }
}
