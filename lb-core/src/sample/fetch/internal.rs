//! Internal states and constants (configuration.txt, section 7.3.2).

use super::{Arg, ArgSpec, Context, Fetch, SampleType, Scope, Value};
use crate::sample::ArgKind;
use crate::sample::variable::VariableName;

const EVERYWHERE: &str = "YYYYYYYYYYYYYYYYYYYYYY";

pub(super) const FETCHES: &[Fetch] = &[
    Fetch::one(EVERYWHERE, "always_false", SampleType::Bool, |_, _| Some(Value::Bool(false))),
    Fetch::one(EVERYWHERE, "always_true", SampleType::Bool, |_, _| Some(Value::Bool(true))),
    Fetch::one(EVERYWHERE, "int", SampleType::Sint, |_, args| args.first()?.number().map(Value::Sint))
        .args(ArgSpec::all(&[ArgKind::Sint])),
    Fetch::one(EVERYWHERE, "str", SampleType::Str, |_, args| args.first()?.text().map(Value::str))
        .args(ArgSpec::all(&[ArgKind::Str])),
    Fetch::one(EVERYWHERE, "var", SampleType::Any, var)
        .args(ArgSpec::of(1, &[ArgKind::Str, ArgKind::Str]))
        .check(check_var),
];

fn check_var(args: &mut [Arg], _: &Scope<'_>) -> Result<(), String> {
    if let Some(first) = args.first_mut()
        && let Some(text) = first.text()
    {
        *first = Arg::Variable(VariableName::parse(&String::from_utf8_lossy(text))?);
    }
    Ok(())
}

fn var<'a>(context: &Context<'a>, args: &'a [Arg]) -> Option<Value<'a>> {
    let Some(Arg::Variable(name)) = args.first() else { return None };
    let found = context.variable(name);
    found.or_else(|| args.get(1)?.text().map(Value::str))
}
