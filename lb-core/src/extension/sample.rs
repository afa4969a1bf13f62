//! Sample fetches and converters of the embedding program.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use super::argument::{ArgType, Arguments, Signature};
use super::{StreamView, guarded};
use crate::sample::fetch::{CONNECTION, EITHER, FRONTEND, REQUEST, RUNNING, SINCE_REQUEST};
use crate::sample::{Arg, Context, Places, SampleType, Value};

/// What a sample fetch takes its value from, which decides where it can be used. Elsewhere it is refused, or an ACL with it
/// never matches, which is warned of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Needs {
    /// No stream: it can be used everywhere but in the configuration itself.
    Nothing,
    /// The client's connection.
    Client,
    /// The frontend.
    Frontend,
    /// The request's head: from the request on, log lines included.
    Request,
    /// The request's body, or what was received in `mode tcp`: while the request passes.
    RequestData,
    /// The response's head, log lines included.
    Response,
    /// The head that is judged: the request's in rules of requests, the response's in those of responses.
    Message,
}

/// While the response passes, and in the log.
const RESPONSE_TO_LOG: &str = "...........YYYYYYYYY..";

impl Needs {
    /// As HAProxy's messages name it.
    fn shown(self) -> &'static str {
        match self {
            Self::Nothing => "internal state",
            Self::Client => "client address",
            Self::Frontend => "frontend",
            Self::Request => "HTTP request",
            Self::RequestData => "HTTP request headers",
            Self::Response => "HTTP response headers",
            Self::Message => "HTTP request headers,HTTP response headers",
        }
    }

    fn places(self) -> Places {
        Places::row(match self {
            Self::Nothing => RUNNING,
            Self::Client => CONNECTION,
            Self::Frontend => FRONTEND,
            Self::Request => SINCE_REQUEST,
            Self::RequestData => REQUEST,
            Self::Response => RESPONSE_TO_LOG,
            Self::Message => EITHER,
        })
    }
}

type Run = dyn for<'c, 'a> Fn(&StreamView<'c, 'a>, &Arguments<'a>) -> Option<Value<'a>> + Send + Sync;

/// A sample fetch: `name(args)`.
pub struct Fetch {
    pub(super) name: Box<str>,
    pub(crate) signature: Signature,
    pub(crate) output: SampleType,
    pub(crate) places: Places,
    pub(crate) needs: &'static str,
    pub(super) run: Box<Run>,
    pub(super) panics: Arc<AtomicU64>,
}

impl Fetch {
    /// A sample fetch without arguments. A value of another type than `output` is cast to it, and is none where it cannot
    /// be.
    pub fn new(
        name: impl Into<Box<str>>,
        output: SampleType,
        needs: Needs,
        run: impl for<'c, 'a> Fn(&StreamView<'c, 'a>, &Arguments<'a>) -> Option<Value<'a>> + Send + Sync + 'static,
    ) -> Self {
        Self {
            name: name.into(),
            signature: Signature::default(),
            output,
            places: needs.places(),
            needs: needs.shown(),
            run: Box::new(run),
            panics: Arc::default(),
        }
    }

    /// With arguments that must be given.
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

    /// Looks at the arguments when the configuration is read; what it says refuses them.
    #[must_use]
    pub fn check(mut self, check: impl Fn(&Arguments<'_>) -> Result<(), String> + Send + Sync + 'static) -> Self {
        self.signature.check = Some(Arc::new(check));
        self
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn value<'a>(&self, context: &Context<'a>, args: &'a [Arg]) -> Option<Value<'a>> {
        let value = guarded(&self.panics, || (self.run)(&StreamView { context }, &Arguments::new(args)));
        value?.and_then(|value| value.cast(self.output))
    }
}

impl fmt::Debug for Fetch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fetch").field("name", &self.name).field("output", &self.output).finish_non_exhaustive()
    }
}

type Convert = dyn for<'a> Fn(Value<'a>, &Arguments<'a>) -> Option<Value<'a>> + Send + Sync;

/// A converter: `,name(args)`.
pub struct Converter {
    pub(super) name: Box<str>,
    pub(crate) signature: Signature,
    pub(crate) input: SampleType,
    pub(crate) output: SampleType,
    pub(super) run: Box<Convert>,
    pub(super) panics: Arc<AtomicU64>,
}

impl Converter {
    /// A converter without arguments. It gets values of type `input` only; one of another type than `output` is cast to it.
    pub fn new(
        name: impl Into<Box<str>>,
        input: SampleType,
        output: SampleType,
        run: impl for<'a> Fn(Value<'a>, &Arguments<'a>) -> Option<Value<'a>> + Send + Sync + 'static,
    ) -> Self {
        Self {
            name: name.into(),
            signature: Signature::default(),
            input,
            output,
            run: Box::new(run),
            panics: Arc::default(),
        }
    }

    /// With arguments that must be given.
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

    /// Looks at the arguments when the configuration is read; what it says refuses them.
    #[must_use]
    pub fn check(mut self, check: impl Fn(&Arguments<'_>) -> Result<(), String> + Send + Sync + 'static) -> Self {
        self.signature.check = Some(Arc::new(check));
        self
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn convert<'a>(&self, value: Value<'a>, args: &'a [Arg]) -> Option<Value<'a>> {
        let value = value.cast(self.input)?;
        let value = guarded(&self.panics, || (self.run)(value, &Arguments::new(args)));
        value?.and_then(|value| value.cast(self.output))
    }
}

impl fmt::Debug for Converter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Converter").field("name", &self.name).field("output", &self.output).finish_non_exhaustive()
    }
}
