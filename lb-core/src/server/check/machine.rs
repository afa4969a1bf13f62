//! A check while it is made, without sockets: what to do next, and what came of it.

use std::sync::Arc;

use super::environment::Environment;
use super::expect::{self, Judged};
use super::http::{Answer, build_request};
use super::script::{Script, Style};
use super::status::{CheckResult, CheckStatus};
use crate::config::model::{Assignment, CheckConnect, CheckData, CheckExpect, CheckPattern, CheckStep};
use crate::http::message::Head;
use crate::sample::account::{Account, ProcessAccount};
use crate::sample::context::Context;
use crate::sample::value::Value;
use crate::sample::variable::{VariableName, VariableScope, Variables};

/// What is known of a failure is cut at this many bytes, as HAProxy does.
const LONGEST_INFO: usize = 127;

/// What the check does next.
#[derive(Debug)]
pub(crate) enum Next<'s> {
    /// Closes what is open, and opens a connection; the number counts connections.
    Connect(&'s CheckConnect, usize),
    /// Sends bytes.
    Send(Vec<u8>),
    /// Sends a request with its body.
    Request(Box<Head>, Vec<u8>),
    /// Waits for bytes.
    Receive,
    /// It is over.
    Done(Outcome),
}

/// A result without its duration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) status: CheckStatus,
    pub(crate) code: i32,
    pub(crate) info: Option<String>,
    /// Whether the statistics keep the info.
    pub(crate) kept: bool,
}

impl Outcome {
    pub(crate) fn new(status: CheckStatus) -> Self {
        Self { status, code: 0, info: None, kept: true }
    }

    pub(crate) fn info(self, info: impl Into<String>) -> Self {
        Self { info: Some(info.into()), ..self }
    }

    /// The result, with how long it took.
    pub(crate) fn result(self, duration: std::time::Duration) -> CheckResult {
        let info = self.info.map(shorten).filter(|info| !info.is_empty());
        CheckResult { status: self.status, code: self.code, info, kept: self.kept, duration: Some(duration) }
    }
}

/// Cuts a text at the length that HAProxy keeps, and at a NUL.
fn shorten(mut text: String) -> String {
    if let Some(end) = text.find('\0') {
        text.truncate(end);
    }
    if text.len() > LONGEST_INFO {
        let end = (0..=LONGEST_INFO).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
        text.truncate(end);
    }
    text
}

/// Why a connection failed, for the words of the result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Trouble {
    pub(crate) status: CheckStatus,
    pub(crate) text: String,
}

/// What was received from the server.
#[derive(Debug, Default)]
pub(crate) struct Received {
    /// The bytes since the last `send`, as many as there is room for.
    pub(crate) bytes: Vec<u8>,
    /// In HTTP, what they are.
    pub(crate) answer: Option<Answer>,
    /// No more will come, or there is no room.
    pub(crate) last: bool,
}

/// One run of a script.
#[derive(Debug)]
pub(crate) struct Machine<'s> {
    script: &'s Script,
    at: usize,
    connections: usize,
    received: Received,
    /// `tune.bufsize`.
    room: usize,
    /// How the last step went that talks to the server.
    done: Outcome,
    check: Variables,
    session: Variables,
}

impl<'s> Machine<'s> {
    pub(crate) fn new(script: &'s Script, room: usize) -> Self {
        Self {
            script,
            at: 0,
            connections: 0,
            received: Received::default(),
            room,
            done: Outcome::new(CheckStatus::L4Ok),
            check: Variables::default(),
            session: Variables::default(),
        }
    }

    /// Its variables count for those of the process (`tune.vars.*`).
    pub(crate) fn counting_for(self, process: Option<&Arc<ProcessAccount>>) -> Self {
        let limits = process.map(|process| process.limits).unwrap_or_default();
        let session = process.map(|process| Account::of_process(process, limits.sess));
        let check = session.as_ref().map(|session| Account::within(session, limits.check));
        Self { check: Variables::counted(check), session: Variables::counted(session), ..self }
    }

    /// The connection is there; with TLS or without.
    pub(crate) fn connected(&mut self, tls: bool) {
        if tls {
            self.done.status = CheckStatus::L6Ok;
        }
    }

    /// How many more bytes can be taken.
    pub(crate) fn room(&self) -> usize {
        self.room.saturating_sub(self.received.bytes.len())
    }

    /// Bytes came.
    pub(crate) fn receive(&mut self, bytes: &[u8]) {
        let taken = bytes.get(..self.room().min(bytes.len())).unwrap_or(bytes);
        self.received.bytes.extend_from_slice(taken);
        if let Some(answer) = &mut self.received.answer {
            answer.feed(taken);
        }
        self.received.last |= self.room() == 0;
    }

    /// The answer that comes over HTTP/2, and how many bytes of its body there is room for.
    pub(crate) fn answer(&mut self) -> Option<(&mut Answer, usize)> {
        self.received.answer.as_mut().map(|answer| (answer, self.room))
    }

    /// The result when the connection ended in front of an answer over HTTP/2; none where there is a part of one.
    pub(crate) fn unanswered(&self) -> Option<Outcome> {
        self.received.answer.as_ref().filter(|answer| answer.head.is_none())?;
        let text = format!("TCPCHK got an empty response at step {}", self.script.number(self.at));
        Some(Outcome::new(CheckStatus::L7InvalidResponse).info(text))
    }

    /// The connection ended.
    pub(crate) fn end(&mut self) {
        if let Some(answer) = &mut self.received.answer {
            answer.end();
        }
        self.received.last = true;
    }

    /// Whether anything was received since the last `send`.
    pub(crate) fn has_received(&self) -> bool {
        !self.received.bytes.is_empty()
    }

    /// What `see` makes of what is known now.
    pub(crate) fn evaluate<T>(
        &self,
        environment: &Environment<'_>,
        see: impl FnOnce(&Context<'_>) -> Option<T>,
    ) -> Option<T> {
        environment.with(self.scopes(), &self.received, |context| see(context))
    }

    /// What comes next.
    pub(crate) fn next(&mut self, environment: &Environment<'_>) -> Next<'s> {
        loop {
            let Some(step) = self.script.steps.get(self.at) else { return Next::Done(self.done.clone()) };
            match step {
                CheckStep::Comment(_) => {}
                CheckStep::SetVar(assignment, expression) => {
                    let value = environment.with(self.scopes(), &self.received, |context| {
                        expression.evaluate(context).map(Value::into_owned)
                    });
                    if let Some(value) = value {
                        self.assign(environment, assignment, value);
                    }
                }
                CheckStep::SetVarFmt(assignment, format) => {
                    let text = environment.text(self.scopes(), &self.received, format);
                    self.assign(environment, assignment, Value::Str(text.into()));
                }
                CheckStep::UnsetVar(name) => self.unset(environment, name),
                CheckStep::Connect(connect) => {
                    self.at += 1;
                    self.connections += 1;
                    self.received = Received::default();
                    let said = self.script.style != Style::Plain && self.script.number(self.at - 1) > 0;
                    let info = said.then(|| "(tcp-check)".to_owned());
                    self.done = Outcome { info, ..Outcome::new(CheckStatus::L4Ok) };
                    return Next::Connect(connect, self.connections - 1);
                }
                CheckStep::Send(send) => {
                    let bytes = match &send.data {
                        CheckData::Bytes(bytes) => bytes.clone(),
                        CheckData::Text(format) => environment.text(self.scopes(), &self.received, format),
                        CheckData::Hex(format) => {
                            let text = environment.text(self.scopes(), &self.received, format);
                            let Some(bytes) = expect::from_hexadecimal(&text) else {
                                let text = format!(
                                    "tcp-check send : failed to build log-format string at step {}",
                                    self.script.number(self.at)
                                );
                                return Next::Done(Outcome::new(CheckStatus::L7InvalidResponse).info(text));
                            };
                            bytes
                        }
                    };
                    self.sent();
                    if !bytes.is_empty() {
                        return Next::Send(bytes);
                    }
                    continue;
                }
                CheckStep::Request(request) => {
                    let built = build_request(request, self.script.send_state, environment, self.scopes());
                    self.sent();
                    self.received.answer = Some(Answer::new(built.0.method()));
                    return Next::Request(Box::new(built.0), built.1);
                }
                CheckStep::Expect(expected) => match self.judge(expected, environment) {
                    Judged::Wait => return Next::Receive,
                    Judged::Pass(outcome) => self.done = outcome,
                    Judged::Fail(outcome) => return Next::Done(outcome),
                },
            }
            self.at += 1;
        }
    }

    /// A `send` was made: what came before is forgotten.
    fn sent(&mut self) {
        self.at += 1;
        self.received = Received::default();
        self.done = Outcome { info: self.steps_info(), ..Outcome::new(CheckStatus::L7Ok) };
    }

    fn steps_info(&self) -> Option<String> {
        (self.script.style == Style::Steps).then(|| "(tcp-check)".to_owned())
    }

    fn judge(&self, expected: &CheckExpect, environment: &Environment<'_>) -> Judged {
        let view = expect::View {
            expected,
            received: &self.received,
            http: self.script.style == Style::Http,
            disable_on_404: self.script.disable_on_404 && environment.is_up(),
            step: self.script.number(self.at),
            comment: self.script.comment(self.at),
            scopes: self.scopes(),
            environment,
        };
        view.judge(self.steps_info())
    }

    /// The result when the time is over.
    pub(crate) fn timed_out(&self, connecting: Option<CheckStatus>) -> Outcome {
        let status = match (connecting, self.script.steps.get(self.at)) {
            (Some(status), _) => status,
            (None, Some(CheckStep::Expect(expected))) => expected.timeout_status.unwrap_or(CheckStatus::L7Timeout),
            (None, _) => CheckStatus::L7Timeout,
        };
        match self.place(connecting.is_some()) {
            place if place.is_empty() => Outcome::new(status),
            place => Outcome::new(status).info(place),
        }
    }

    /// The result when the connection failed.
    pub(crate) fn failed(&self, trouble: Trouble, connecting: bool) -> Outcome {
        Outcome::new(trouble.status).info(format!("{}{}", trouble.text, self.place(connecting)))
    }

    /// Where a script of `tcp-check` was, with its comment.
    fn place(&self, connecting: bool) -> String {
        if self.script.style != Style::Steps {
            return String::new();
        }
        // The step of a connection was taken when it began.
        let index = if connecting { self.at.saturating_sub(1) } else { self.at };
        let number = self.script.number(index);
        if number == 0 {
            return " at initial connection step of tcp-check".to_owned();
        }
        let what = match self.script.steps.get(index) {
            Some(CheckStep::Connect(connect)) => match &connect.port {
                Some(crate::config::model::CheckPort::Fixed(port)) => format!(" (connect port {port})"),
                _ => " (connect)".to_owned(),
            },
            Some(CheckStep::Expect(expected)) => format!(" (expect {})", pattern_words(&expected.pattern)),
            Some(CheckStep::Send(_)) => " (send)".to_owned(),
            _ => String::new(),
        };
        let comment = self.script.comment(index).map_or(String::new(), |comment| format!(" comment: '{comment}'"));
        format!(" at step {number} of tcp-check{what}{comment}")
    }

    fn scopes(&self) -> (&Variables, &Variables) {
        (&self.check, &self.session)
    }

    fn assign(&self, environment: &Environment<'_>, assignment: &Assignment, value: Value<'static>) {
        let name = &assignment.name;
        let variables = match name.scope {
            VariableScope::Proc => {
                if let Some(process) = environment.process {
                    process.set_if(&name.name, value, assignment.conditions);
                }
                return;
            }
            VariableScope::Sess => &self.session,
            VariableScope::Check => &self.check,
            // A check has no stream.
            VariableScope::Txn | VariableScope::Req | VariableScope::Res => return,
        };
        let old = variables.get(&name.name);
        if assignment.conditions.hold(old.as_ref(), variables.exists(&name.name), &value) {
            variables.set(&name.name, value);
        }
    }

    fn unset(&self, environment: &Environment<'_>, name: &VariableName) {
        match name.scope {
            VariableScope::Proc => {
                if let Some(process) = environment.process {
                    process.unset(&name.name);
                }
            }
            VariableScope::Sess => self.session.unset(&name.name),
            VariableScope::Check => self.check.unset(&name.name),
            VariableScope::Txn | VariableScope::Req | VariableScope::Res => {}
        }
    }
}

/// A pattern as messages about its step say it.
fn pattern_words(pattern: &CheckPattern) -> String {
    match pattern {
        CheckPattern::Text(text) => format!("string '{}'", String::from_utf8_lossy(text)),
        CheckPattern::Binary(bytes) => format!("binary '{}'", String::from_utf8_lossy(bytes)),
        CheckPattern::TextFormat(_) => "log-format string".to_owned(),
        CheckPattern::BinaryFormat(_) => "log-format binary".to_owned(),
        CheckPattern::Regex(_) => "regex".to_owned(),
        CheckPattern::BinaryRegex(_) => "binary regex".to_owned(),
        _ => "answer".to_owned(),
    }
}
