//! Samples: what a rule, a log line or a table takes from a stream (configuration.txt, section 7.3).
//!
//! An [`Expression`] is a fetch and the converters behind it, parsed once (`expression`) and evaluated in a
//! `Context`, which is all that fetches can see of a stream. `fetch` and `convert` hold the tables of both, one
//! file per family; `value` the types and the casts between them.

pub(crate) mod arg;
pub(crate) mod context;
pub(crate) mod convert;
pub(crate) mod expression;
pub(crate) mod fetch;
pub(crate) mod hash;
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

/// Reads a chain of converters and gives it bytes, as text and as they are: for the fuzz target, which only wants to see
/// that nothing breaks.
#[doc(hidden)]
pub fn convert_any(chain: &str, input: &[u8]) {
    let names = names::Names::default();
    let text = format!("var(txn.in),{chain}");
    let Ok((expression, _)) = Expression::parse_words([text.as_str()], &Scope::of(&names, "http-request expression"))
    else {
        return;
    };
    for value in [Value::str(input.to_vec()), Value::Bin(input.to_vec().into())] {
        let txn = variable::Variables::default();
        txn.set(&"in".into(), value);
        let variables = variable::Scopes { txn: Some(&txn), ..variable::Scopes::default() };
        let context = Context { variables, ..Context::default() };
        let _ = expression.bytes(&context);
    }
}
