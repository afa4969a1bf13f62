//! What a program that embeds the library adds to the rule language: sample fetches, converters and actions of its own,
//! written in Rust and used by name wherever HAProxy's are (configuration.txt, sections 4.2 and 7.3).
//!
//! ```text
//! mod       the registry, which a configuration is read with
//! argument  what extensions take: types for the configuration, values for the function
//! stream    what functions see of a stream
//! sample    fetches and converters
//! action    actions, and what they may do
//! ```
//!
//! Functions are called by worker threads while they serve: they must not wait, and cost every request what they take.
//! One that panics takes nothing down: a fetch or a converter has no value then, an action refuses its message.
//!
//! ```
//! use lb_core::config::{Config, LoadOptions};
//! use lb_core::extension::{Action, ArgType, Converter, Extensions, Fetch, Needs, Outcome};
//! use lb_core::sample::{SampleType, Value};
//!
//! let extensions = Extensions::new()
//!     // The first label of the host name: `%[tenant]`, `acl beta tenant -m beg beta-`.
//!     .fetch(Fetch::new("tenant", SampleType::Str, Needs::Request, |stream, _| {
//!         let host = stream.request()?.value("host")?;
//!         host.split(|byte| *byte == b'.').next().map(Value::str)
//!     }))?
//!     // `,repeat(2)`
//!     .converter(
//!         Converter::new("repeat", SampleType::Str, SampleType::Str, |value, args| {
//!             let times = usize::try_from(args.number(0)?).ok()?.min(100);
//!             Some(Value::str(value.raw()?.repeat(times)))
//!         })
//!         .args(&[ArgType::Integer]),
//!     )?
//!     // `http-request greet %[src]`
//!     .action(
//!         Action::new("greet", |stream, args| match stream.set_header("x-greeting", args.bytes(0).unwrap_or_default()) {
//!             Ok(()) => Outcome::Next,
//!             Err(_) => Outcome::Deny(400),
//!         })
//!         .args(&[ArgType::Format]),
//!     )?;
//!
//! let options = LoadOptions { extensions, ..LoadOptions::default() };
//! let text = "frontend web\n  mode http\n  bind 127.0.0.1:8080\n  timeout client 9s\n  http-request greet %[tenant,repeat(2)]\n";
//! assert!(Config::parse_with(text, "web.cfg", &options).is_ok());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod action;
mod argument;
mod sample;
mod stream;

use std::collections::BTreeMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

pub use action::Call;
pub(crate) use action::Effect;
pub use action::{Action, ActionView, HeaderError, Outcome, Response, VariableError};
pub use argument::{ArgType, Arguments};
pub use sample::{Converter, Fetch, Needs};
pub use stream::StreamView;

/// Why an extension was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ExtensionError {
    /// A name consists of letters, digits, `_`, `-` and `.`, and begins with a letter.
    #[error("'{0}' cannot be the name of an extension")]
    Name(String),
    /// There is one of that name, HAProxy's or another extension.
    #[error("there is a {kind} '{name}' already")]
    Taken {
        /// `sample fetch`, `converter` or `action`.
        kind: &'static str,
        /// The name.
        name: String,
    },
    /// An argument must be given although one before it need not.
    #[error("{kind} '{name}' takes a format, which only actions do")]
    Format {
        /// `sample fetch` or `converter`.
        kind: &'static str,
        /// The name.
        name: String,
    },
}

/// Sample fetches, converters and actions of the embedding program. A configuration is read with them
/// ([`LoadOptions::extensions`](crate::config::LoadOptions::extensions), [`ProxyBuilder::extensions`]). Cloning is cheap.
///
/// [`ProxyBuilder::extensions`]: crate::proxy::ProxyBuilder::extensions
#[derive(Clone, Default)]
pub struct Extensions {
    inner: Arc<Inner>,
}

#[derive(Clone, Default)]
struct Inner {
    fetches: BTreeMap<Box<str>, Arc<Fetch>>,
    converters: BTreeMap<Box<str>, Arc<Converter>>,
    actions: BTreeMap<Box<str>, Arc<Action>>,
    panics: Arc<AtomicU64>,
}

impl Extensions {
    /// None.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a sample fetch.
    ///
    /// # Errors
    /// Its name is none, or is taken; it takes a format.
    pub fn fetch(mut self, fetch: Fetch) -> Result<Self, ExtensionError> {
        let kind = "sample fetch";
        let taken = crate::sample::fetch::find(&fetch.name).is_some()
            || crate::sample::fetch::acl_words::find(&fetch.name).is_some()
            || self.inner.fetches.contains_key(&fetch.name);
        check(kind, &fetch.name, taken)?;
        fetch.signature.without_formats(kind, &fetch.name)?;
        let inner = Arc::make_mut(&mut self.inner);
        let fetch = Fetch { panics: Arc::clone(&inner.panics), ..fetch };
        inner.fetches.insert(fetch.name.clone(), Arc::new(fetch));
        Ok(self)
    }

    /// Adds a converter.
    ///
    /// # Errors
    /// Its name is none, or is taken; it takes a format.
    pub fn converter(mut self, converter: Converter) -> Result<Self, ExtensionError> {
        let kind = "converter";
        let taken = crate::sample::convert::find(&converter.name).is_some()
            || self.inner.converters.contains_key(&converter.name);
        check(kind, &converter.name, taken)?;
        converter.signature.without_formats(kind, &converter.name)?;
        let inner = Arc::make_mut(&mut self.inner);
        let converter = Converter { panics: Arc::clone(&inner.panics), ..converter };
        inner.converters.insert(converter.name.clone(), Arc::new(converter));
        Ok(self)
    }

    /// Adds an action.
    ///
    /// # Errors
    /// Its name is none, or is taken.
    pub fn action(mut self, action: Action) -> Result<Self, ExtensionError> {
        let taken = crate::config::proxy::is_action(&action.name) || self.inner.actions.contains_key(&action.name);
        check("action", &action.name, taken)?;
        let inner = Arc::make_mut(&mut self.inner);
        let action = Action { panics: Arc::clone(&inner.panics), ..action };
        inner.actions.insert(action.name.clone(), Arc::new(action));
        Ok(self)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        let Inner { fetches, converters, actions, .. } = &*self.inner;
        fetches.is_empty() && converters.is_empty() && actions.is_empty()
    }

    /// How often functions of these extensions, and of those that were cloned from them, have panicked.
    pub fn panics(&self) -> u64 {
        self.inner.panics.load(Ordering::Relaxed)
    }

    pub(crate) fn find_fetch(&self, name: &str) -> Option<&Arc<Fetch>> {
        self.inner.fetches.get(name)
    }

    pub(crate) fn find_converter(&self, name: &str) -> Option<&Arc<Converter>> {
        self.inner.converters.get(name)
    }

    pub(crate) fn find_action(&self, name: &str) -> Option<&Arc<Action>> {
        self.inner.actions.get(name)
    }

    /// The sample fetch whose name is the nearest, if one is near.
    pub(crate) fn nearest_fetch(&self, name: &str) -> Option<&str> {
        crate::config::suggest::nearest(name, self.inner.fetches.keys().map(|name| &**name))
    }

    /// The converter whose name is the nearest, if one is near.
    pub(crate) fn nearest_converter(&self, name: &str) -> Option<&str> {
        crate::config::suggest::nearest(name, self.inner.converters.keys().map(|name| &**name))
    }

    /// All actions.
    pub(crate) fn actions(&self) -> impl Iterator<Item = &Action> {
        self.inner.actions.values().map(|action| &**action)
    }
}

impl fmt::Debug for Extensions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { fetches, converters, actions, .. } = &*self.inner;
        let names = (fetches.keys(), converters.keys(), actions.keys());
        f.debug_struct("Extensions")
            .field("fetches", &names.0)
            .field("converters", &names.1)
            .field("actions", &names.2)
            .finish_non_exhaustive()
    }
}

/// Whether an extension may have that name.
fn check(kind: &'static str, name: &str, taken: bool) -> Result<(), ExtensionError> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    // `if` and `unless` begin a condition, `or` is one of its words.
    let word = matches!(name, "if" | "unless" | "or");
    if !name.starts_with(|c: char| c.is_ascii_alphabetic()) || !name.chars().all(fits) || word {
        return Err(ExtensionError::Name(name.to_owned()));
    }
    if taken { Err(ExtensionError::Taken { kind, name: name.to_owned() }) } else { Ok(()) }
}

/// Calls a function of the embedding program; `None` where it panics, which is counted.
fn guarded<T>(panics: &AtomicU64, run: impl FnOnce() -> T) -> Option<T> {
    // What the function may have left half done is its own: it only gets to look at ours.
    catch_unwind(AssertUnwindSafe(run)).map_err(|_| panics.fetch_add(1, Ordering::Relaxed)).ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::sample::SampleType;

    fn fetch(name: &str) -> Fetch {
        Fetch::new(name, SampleType::Str, Needs::Nothing, |_, _| None)
    }

    fn converter(name: &str) -> Converter {
        Converter::new(name, SampleType::Str, SampleType::Str, |value, _| Some(value))
    }

    fn action(name: &str) -> Action {
        Action::new(name, |_, _| Outcome::Next)
    }

    #[test]
    fn names_are_taken_once() {
        let extensions = Extensions::new().fetch(fetch("my_fetch")).unwrap();
        let taken = |kind, name: &str| ExtensionError::Taken { kind, name: name.to_owned() };
        for name in ["my_fetch", "src", "path_beg"] {
            assert_eq!(extensions.clone().fetch(fetch(name)).unwrap_err(), taken("sample fetch", name));
        }
        assert_eq!(Extensions::new().converter(converter("lower")).unwrap_err(), taken("converter", "lower"));
        for name in ["deny", "set-var-x", "accept", "track-sc0", "expect-proxy", "inspect-delay"] {
            assert_eq!(Extensions::new().action(action(name)).unwrap_err(), taken("action", name), "{name}");
        }
        for name in ["", "a b", "if", "é", "1a", "a(b)"] {
            assert_eq!(Extensions::new().fetch(fetch(name)).unwrap_err(), ExtensionError::Name(name.to_owned()));
        }
        assert!(extensions.converter(converter("my_fetch")).unwrap().action(action("my_fetch")).is_ok());
    }

    #[test]
    fn only_actions_take_formats() {
        let refused = Extensions::new().fetch(fetch("x").args(&[ArgType::Format])).unwrap_err();
        assert_eq!(refused.to_string(), "sample fetch 'x' takes a format, which only actions do");
    }
}
