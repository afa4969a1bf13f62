//! Arithmetic.

use super::{Arg, ArgSpec, Context, Converter, SampleType, Value};
use crate::sample::variable::VariableName;
use crate::sample::{ArgKind, Scope};

pub(super) const CONVERTERS: &[Converter] =
    &[Converter::new("add", SampleType::Sint, SampleType::Sint, |context, value, args| {
        let Value::Sint(number) = value else { return None };
        Some(Value::Sint(number.saturating_add(operand(context, args)?)))
    })
    .args(ArgSpec::all(&[ArgKind::Str]))
    .check(check_operand)];

/// The operand is a number or the name of a variable.
fn check_operand(args: &mut [Arg], _: &Scope<'_>) -> Result<(), String> {
    if let Some(first) = args.first_mut()
        && let Some(text) = first.text()
    {
        let text = String::from_utf8_lossy(text).into_owned();
        *first = match text.parse() {
            Ok(number) => Arg::Sint(number),
            Err(_) => VariableName::parse(&text)
                .map(Arg::Variable)
                .map_err(|_| "expects an integer or a variable name".to_owned())?,
        };
    }
    Ok(())
}

fn operand(context: &Context<'_>, args: &[Arg]) -> Option<i64> {
    match args.first()? {
        Arg::Sint(number) => Some(*number),
        Arg::Variable(name) => match context.variable(name)?.cast(SampleType::Sint)? {
            Value::Sint(number) => Some(number),
            _ => None,
        },
        _ => None,
    }
}
