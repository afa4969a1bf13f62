//! Actions of the embedding program.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use super::argument::{self, ArgType, Arguments, Signature};
use super::{StreamView, guarded};
use crate::config::{RuleList, TargetPart};
use crate::http::message::{Head, Version};
use crate::http::reply::{add_length, is_hop_by_hop};
use crate::http::status::reason;
use crate::http::uri::is_token_byte;
use crate::log::{FormatUse, LogFormat};
use crate::sample::names::Names;
use crate::sample::variable::VariableName;
use crate::sample::{Arg, Context, Scope, Value};

/// What becomes of a message behind an action.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Outcome {
    /// On to the next rule.
    Next,
    /// The rules that follow are not looked at, as behind `allow`.
    Stop,
    /// It is denied with the error page of this status, as `deny deny_status` does; 403 where there is no such page. In
    /// TCP rules the connection is closed.
    Deny(u16),
    /// It is answered with this response, as `return` does. In TCP rules the connection is closed.
    Reply(Response),
    /// The connection is closed without a word, as `reject` does.
    Close,
}

/// A response that an action makes itself.
#[derive(Clone, Debug)]
pub struct Response {
    head: Head,
    body: Arc<[u8]>,
}

impl Response {
    /// A response with a status code from 200 to 599, others are 500, and a body. Its length is said by itself.
    pub fn new(status: u16, body: impl Into<Arc<[u8]>>) -> Self {
        let status = if (200..=599).contains(&status) { status } else { 500 };
        let mut head = Head::response(status, reason(status).as_bytes(), Version::Http11);
        let body = body.into();
        add_length(&mut head, body.len());
        Self { head, body }
    }

    /// With a header field.
    ///
    /// # Errors
    /// It is no header field, or one that is about the connection or the length.
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Result<Self, HeaderError> {
        check_field(name, value.as_ref())?;
        if is_hop_by_hop(name) {
            return Err(HeaderError::Name);
        }
        self.head.add(name.as_bytes(), value.as_ref());
        Ok(self)
    }

    pub(crate) fn into_parts(self) -> (Head, Arc<[u8]>) {
        (self.head, self.body)
    }
}

/// Why a header field is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HeaderError {
    /// The name is no token, or must not be set here.
    #[error("no name of a header field")]
    Name,
    /// The value has line ends or NUL.
    #[error("no value of a header field")]
    Value,
}

/// A variable's name is none: why, in HAProxy's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct VariableError(String);

/// What an action does to its message and stream. It is done behind the action, in order, unless that panics.
#[derive(Debug)]
pub(crate) enum Effect {
    /// A field is added; those of its name are removed before where `replace`.
    Header { name: Box<str>, value: Box<[u8]>, replace: bool },
    /// All fields of a name are removed.
    DelHeader(Box<str>),
    /// A part of the request line.
    Target(TargetPart, Box<[u8]>),
    /// A variable gets a value.
    SetVariable(VariableName, Value<'static>),
    /// A variable is forgotten.
    UnsetVariable(VariableName),
}

/// What an action sees of its stream, which is all that [`StreamView`] offers, and what it may do. Changes are made when the
/// action is over, in their order: what it sees stays as it is.
#[derive(Debug)]
pub struct ActionView<'c, 'a> {
    view: StreamView<'c, 'a>,
    effects: Vec<Effect>,
}

impl<'c, 'a> Deref for ActionView<'c, 'a> {
    type Target = StreamView<'c, 'a>;

    fn deref(&self) -> &Self::Target {
        &self.view
    }
}

impl<'a> ActionView<'_, 'a> {
    /// The head that the rule is about: the response's in rules of responses.
    pub fn message(&self) -> Option<&'a Head> {
        self.view.context.head()
    }

    /// Sets a field of the message, as `set-header` does. Nothing in TCP rules.
    ///
    /// # Errors
    /// It is no header field.
    pub fn set_header(&mut self, name: &str, value: impl AsRef<[u8]>) -> Result<(), HeaderError> {
        self.header(name, value.as_ref(), true)
    }

    /// Adds a field to the message, as `add-header` does. Nothing in TCP rules.
    ///
    /// # Errors
    /// It is no header field.
    pub fn add_header(&mut self, name: &str, value: impl AsRef<[u8]>) -> Result<(), HeaderError> {
        self.header(name, value.as_ref(), false)
    }

    fn header(&mut self, name: &str, value: &[u8], replace: bool) -> Result<(), HeaderError> {
        check_field(name, value)?;
        self.effects.push(Effect::Header { name: name.into(), value: value.into(), replace });
        Ok(())
    }

    /// Removes all fields of a name from the message, as `del-header` does.
    pub fn del_header(&mut self, name: &str) {
        self.effects.push(Effect::DelHeader(name.into()));
    }

    /// Sets a part of the request line, as `set-path` and its likes do. What would give no request line refuses the
    /// message. Nothing in rules of responses and in TCP rules.
    pub fn set_target(&mut self, part: TargetPart, text: impl AsRef<[u8]>) {
        self.effects.push(Effect::Target(part, text.as_ref().into()));
    }

    /// Sets a variable: `txn.user`. Nothing where there is none of its scope, as `txn.` before there is a stream.
    ///
    /// # Errors
    /// The name is none.
    pub fn set_variable(&mut self, name: &str, value: Value<'_>) -> Result<(), VariableError> {
        let name = VariableName::parse(name).map_err(VariableError)?;
        self.effects.push(Effect::SetVariable(name, value.into_owned()));
        Ok(())
    }

    /// Forgets a variable.
    ///
    /// # Errors
    /// The name is none.
    pub fn unset_variable(&mut self, name: &str) -> Result<(), VariableError> {
        let name = VariableName::parse(name).map_err(VariableError)?;
        self.effects.push(Effect::UnsetVariable(name));
        Ok(())
    }
}

fn check_field(name: &str, value: &[u8]) -> Result<(), HeaderError> {
    if name.is_empty() || !name.bytes().all(is_token_byte) {
        return Err(HeaderError::Name);
    }
    match value.iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0)) {
        true => Err(HeaderError::Value),
        false => Ok(()),
    }
}

type Run = dyn for<'c, 'a> Fn(&mut ActionView<'c, 'a>, &Arguments<'_>) -> Outcome + Send + Sync;

/// An action: `http-request name arg arg if condition`.
pub struct Action {
    pub(super) name: Box<str>,
    pub(super) signature: Signature,
    pub(super) rules: Vec<RuleList>,
    pub(super) run: Box<Run>,
    pub(super) panics: Arc<AtomicU64>,
}

impl Action {
    /// An action of `http-request` rules, without arguments.
    pub fn new(
        name: impl Into<Box<str>>,
        run: impl for<'c, 'a> Fn(&mut ActionView<'c, 'a>, &Arguments<'_>) -> Outcome + Send + Sync + 'static,
    ) -> Self {
        Self {
            name: name.into(),
            signature: Signature::default(),
            rules: vec![RuleList::HttpRequest],
            run: Box::new(run),
            panics: Arc::default(),
        }
    }

    /// With arguments that must be given, each a word.
    #[must_use]
    pub fn args(mut self, types: &[ArgType]) -> Self {
        self.signature.args(types);
        self
    }

    /// With arguments behind those that may be left out.
    #[must_use]
    pub fn optional_args(mut self, types: &[ArgType]) -> Self {
        self.signature.optional(types);
        self
    }

    /// Looks at the arguments when the configuration is read; what it says refuses them. Formats have no value yet.
    #[must_use]
    pub fn check(mut self, check: impl Fn(&Arguments<'_>) -> Result<(), String> + Send + Sync + 'static) -> Self {
        self.signature.check = Some(Arc::new(check));
        self
    }

    /// In which rules it can be used; else those of `http-request`.
    #[must_use]
    pub fn rules(mut self, lists: &[RuleList]) -> Self {
        self.rules = lists.to_vec();
        self
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn is_for(&self, list: RuleList) -> bool {
        self.rules.contains(&list)
    }

    /// How many words it takes: at least, and at most.
    pub(crate) fn words(&self) -> (usize, usize) {
        (self.signature.required, self.signature.kinds.len())
    }

    /// What an argument must be, in messages.
    pub(crate) fn shown(&self, index: usize) -> &'static str {
        match self.signature.is_format(index) {
            true => "format",
            false => self.signature.kinds.get(index).map_or("", |kind| kind.name()),
        }
    }

    /// Reads one word of its arguments.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn read(
        &self,
        index: usize,
        text: &str,
        scope: &Scope<'_>,
        usage: &FormatUse<'_>,
    ) -> Result<Arg, String> {
        match self.signature.is_format(index) {
            true => argument::format(text, usage),
            false => argument::word(&self.signature, index, text, scope),
        }
    }
}

impl fmt::Debug for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Action").field("name", &self.name).field("rules", &self.rules).finish_non_exhaustive()
    }
}

/// An action with its arguments, as a rule has it.
#[derive(Clone, Debug)]
pub struct Call {
    action: Arc<Action>,
    args: Arc<[Arg]>,
    has_formats: bool,
}

impl Call {
    /// The action with all its arguments.
    ///
    /// # Errors
    /// What the action says is wrong with them.
    pub(crate) fn new(action: &Arc<Action>, mut args: Vec<Arg>, names: &Names) -> Result<Self, String> {
        action.signature.finish(&mut args, names)?;
        let has_formats = args.iter().any(|arg| arg.own::<LogFormat>().is_some());
        Ok(Self { action: Arc::clone(action), args: args.into(), has_formats })
    }

    /// Runs it: what is to be done, and what becomes of the message. `None` where it panicked. `render` makes the text of a
    /// format.
    pub(crate) fn run(
        &self,
        context: &Context<'_>,
        render: &mut dyn FnMut(&LogFormat) -> Vec<u8>,
    ) -> Option<(Vec<Effect>, Outcome)> {
        let mut made = Vec::new();
        if self.has_formats {
            made = self.args.to_vec();
            for arg in &mut made {
                if let Some(format) = arg.own::<LogFormat>() {
                    *arg = Arg::Str(render(format).into());
                }
            }
        }
        let args = Arguments::new(if self.has_formats { &made } else { &self.args });
        guarded(&self.action.panics, || {
            let mut view = ActionView { view: StreamView { context }, effects: Vec::new() };
            let outcome = (self.action.run)(&mut view, &args);
            (view.effects, outcome)
        })
    }
}
