//! `tcp-request connection` and `tcp-request session`: rules about a connection that has no stream yet
//! (configuration.txt, section 4.2).
//!
//! The first are judged before a byte is read, the second behind the PROXY header and the TLS handshake. What they
//! refuse is closed without a word, is not logged, and is counted in columns of its own.

use std::os::fd::AsFd;
use std::sync::Arc;

use super::ClientInfo;
use crate::config::{Action, Assignment, RuleList, TagValue};
use crate::extension::{Call, Effect, Outcome};
use crate::log::LogFormat;
use crate::net::client_actions;
use crate::rules::address;
use crate::sample::variable::Scopes;
use crate::sample::{Context, Expression, Place, SampleType, Value};
use crate::stream::{assign, connection_record, unset};
use crate::table::TrackScope;
use crate::transport::Socket;
use crate::worker::Worker;

/// What rules make of a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Admission {
    /// It begins with a PROXY header (`expect-proxy layer4`).
    pub(super) proxied: bool,
    /// It begins with a header of NetScaler's Client IP insertion (`expect-netscaler-cip layer4`).
    pub(super) netscaler_cip: bool,
}

/// What one action came to.
enum Step {
    Next,
    Accept,
    ExpectProxy,
    ExpectNetscalerCip,
    Reject,
    Drop,
}

/// Judges `tcp-request connection`; `None` refuses the connection, which is to be closed.
pub(super) fn admit(worker: &Worker, info: &mut ClientInfo, socket: &Socket) -> Option<Admission> {
    if info.frontend.config.rules.tcp_connection.is_empty() {
        return Some(Admission::default());
    }
    judge(worker, info, socket, RuleList::TcpConnection)
}

/// Judges `tcp-request session` and counts the session. False refuses the connection, which is to be closed.
pub(super) fn begin(worker: &Worker, info: &mut ClientInfo, socket: &Socket) -> bool {
    let rules = &info.frontend.config.rules;
    let judged = rules.judges_connections();
    if !rules.tcp_session.is_empty() && judge(worker, info, socket, RuleList::TcpSession).is_none() {
        return false;
    }
    if judged {
        let clock = &worker.forwarder.clock;
        clock.invalidate();
        info.slot.session(clock.now());
    }
    if info.tracked().is_some()
        && let Some(moment) = info.tracking().at(crate::worker::timer::now())
    {
        info.tracking().session(moment);
    }
    info.frontend.stats.counters.of(worker.index).sessions.inc();
    if let Some(stats) = &info.slot.limits().stats {
        stats.counters.of(worker.index).sessions.inc();
    }
    true
}

fn judge(worker: &Worker, info: &mut ClientInfo, socket: &Socket, list: RuleList) -> Option<Admission> {
    let config = Arc::clone(&info.frontend.config);
    let place = match list {
        RuleList::TcpConnection => Place::FrontendConnection,
        _ => Place::FrontendSession,
    };
    let mut admission = Admission::default();
    for rule in config.rules.of(list) {
        let holds = rule.condition.as_ref().is_none_or(|condition| {
            let context = context(worker, info, place);
            condition.holds(&config.acls, &context)
        });
        if !holds {
            continue;
        }
        match act(&rule.action, worker, info, socket, place) {
            Step::Next => {}
            Step::ExpectProxy => admission.proxied = true,
            Step::ExpectNetscalerCip => admission.netscaler_cip = true,
            Step::Accept => break,
            Step::Reject => {
                refuse(worker, info, socket, list);
                return None;
            }
            Step::Drop => {
                drop_silently(worker, info, socket);
                return None;
            }
        }
    }
    Some(admission)
}

/// Does what a rule says: every action of both lists.
fn act(action: &Action, worker: &Worker, info: &mut ClientInfo, socket: &Socket, place: Place) -> Step {
    match action {
        Action::Allow => return Step::Accept,
        Action::Reject => return Step::Reject,
        Action::SilentDrop => return Step::Drop,
        Action::ExpectProxy => return Step::ExpectProxy,
        Action::ExpectNetscalerCip => return Step::ExpectNetscalerCip,
        Action::SetVar(assignment, expression) => {
            let value = value(expression, None, worker, info, place);
            assign(assignment, value, worker, info, None);
        }
        Action::SetVarFmt(assignment, format) => {
            let text = render(format, worker, info, place);
            assign(assignment, Some(Value::Str(text.into())), worker, info, None);
        }
        Action::UnsetVar(name) => unset(name, worker, info, None),
        Action::SetAddress(part, expression) => {
            let value = value(expression, Some(address::value_type(*part)), worker, info, place);
            if let Some(value) = value {
                if place == Place::FrontendSession {
                    info.keep_connection_addresses();
                }
                let field = if address::is_source(*part) { &mut info.source } else { &mut info.destination };
                *field = Some(address::changed(*field, &value));
            }
        }
        Action::Track { slot, key, table } => {
            let table = worker.topology().tables.get(*table).and_then(Option::as_ref);
            let context = context(worker, info, place);
            if let Some(table) = table
                && let Some(key) = key.evaluate(&context).and_then(|value| table.config.key.key(value))
            {
                let moment = table.at(crate::worker::timer::now());
                info.tracking().track(TrackScope::Connection, *slot, table, &key, moment);
            }
        }
        Action::Counter { action, value: tag } => {
            let evaluate = |expression| value(expression, Some(SampleType::Sint), worker, info, place);
            if let Some(number) = TagValue::number(tag.as_ref(), evaluate) {
                action.run(info.tracking(), number, crate::worker::timer::now());
            }
        }
        Action::Extension(call) => return extension(call, worker, info, place),
        Action::SetTos(tos) => on_socket(socket, |socket| client_actions::set_tos(socket, *tos)),
        Action::SetMark(mark) => on_socket(socket, |socket| client_actions::set_mark(socket, *mark)),
        _ => {}
    }
    Step::Next
}

/// An action of the embedding program: there is nothing to answer yet.
fn extension(call: &Call, worker: &Worker, info: &ClientInfo, place: Place) -> Step {
    let context = context(worker, info, place);
    let Some((effects, outcome)) = call.run(&context, &mut |format| render(format, worker, info, place)) else {
        return Step::Reject;
    };
    for effect in effects {
        match effect {
            Effect::SetVariable(name, value) => assign(&Assignment::always(name), Some(value), worker, info, None),
            Effect::UnsetVariable(name) => unset(&name, worker, info, None),
            Effect::Header { .. } | Effect::DelHeader(_) | Effect::Target(..) => {}
        }
    }
    match outcome {
        Outcome::Next => Step::Next,
        Outcome::Stop => Step::Accept,
        Outcome::Deny(_) | Outcome::Reply(_) | Outcome::Close => Step::Reject,
    }
}

/// Closes a connection that a rule rejects: before the session by a reset, as HAProxy does, to be rid of it at once.
fn refuse(worker: &Worker, info: &ClientInfo, socket: &Socket, list: RuleList) {
    let connection = list == RuleList::TcpConnection;
    let frontend = info.frontend.stats.counters.of(worker.index);
    let listener = info.slot.limits().stats.as_ref().map(|stats| stats.counters.of(worker.index));
    if connection {
        frontend.denied_connections.inc();
        if let Some(listener) = listener {
            listener.denied_connections.inc();
        }
        on_socket(socket, |socket| client_actions::reset_on_close(socket));
    } else {
        frontend.denied_sessions.inc();
        if let Some(listener) = listener {
            listener.denied_sessions.inc();
        }
    }
}

/// `silent-drop`, which counts as a denied request.
fn drop_silently(worker: &Worker, info: &ClientInfo, socket: &Socket) {
    info.frontend.stats.counters.of(worker.index).denied_requests.inc();
    if let Some(stats) = &info.slot.limits().stats {
        stats.counters.of(worker.index).denied_requests.inc();
    }
    on_socket(socket, |socket| client_actions::silence(socket, &worker.topology().system));
}

/// Does something to a socket that is open.
fn on_socket(socket: &Socket, act: impl FnOnce(&std::os::fd::BorrowedFd<'_>)) {
    match socket {
        Socket::Tcp(tcp) => act(&tcp.as_fd()),
        Socket::Fresh(Some(tcp)) => act(&tcp.as_fd()),
        Socket::Unix(unix) => act(&unix.as_fd()),
        Socket::Fresh(None) => {}
    }
}

fn context<'s>(worker: &'s Worker, info: &'s ClientInfo, place: Place) -> Context<'s> {
    Context {
        place,
        now: Some(crate::worker::timer::now()),
        topology: Some(worker.topology()),
        frontend: Some(&info.frontend),
        facts: Some(info),
        tracking: info.state.get().is_some().then(|| info.tracking()),
        tables: &worker.topology().tables,
        variables: Scopes { session: Some(info), ..Scopes::default() },
        process: Some(worker.shared_variables()),
        last: true,
        ..Context::default()
    }
}

fn value(
    expression: &Expression,
    kind: Option<SampleType>,
    worker: &Worker,
    info: &ClientInfo,
    place: Place,
) -> Option<Value<'static>> {
    let context = context(worker, info, place);
    let value = expression.evaluate(&context)?;
    match kind {
        Some(kind) => value.cast(kind).map(Value::into_owned),
        None => Some(value.into_owned()),
    }
}

fn render(format: &LogFormat, worker: &Worker, info: &ClientInfo, place: Place) -> Vec<u8> {
    let mut out = Vec::new();
    worker.render_rule(format, Some(&context(worker, info, place)), &connection_record(info), &mut out);
    out
}
