//! Samples: what a rule, a log line or a table takes from a stream (configuration.txt, section 7.3).
//!
//! An [`Expression`] is a fetch and the converters behind it, parsed once (`expression`) and evaluated in a
//! `Context`, which is all that fetches can see of a stream. `fetch` and `convert` hold the tables of both, one
//! file per family; `value` the types and the casts between them.

pub(crate) mod account;
pub(crate) mod arg;
pub(crate) mod context;
pub(crate) mod convert;
pub(crate) mod expression;
pub(crate) mod fetch;
#[doc(hidden)]
pub mod fuzzing;
pub(crate) mod hash;
pub(crate) mod late;
pub mod names;
pub(crate) mod place;
pub(crate) mod trace;
pub(crate) mod value;
pub(crate) mod variable;

pub(crate) use arg::{Arg, ArgKind};
pub(crate) use context::Context;
pub use expression::Expression;
pub(crate) use expression::Scope;
pub(crate) use place::{Place, Places};
pub use value::{SampleType, Value};
pub use variable::{VariableName, VariableScope};
