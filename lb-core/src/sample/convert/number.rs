//! Arithmetic, bits and truth.

use super::{Arg, ArgKind, ArgSpec, Context, Converter, SampleType, Scope, Value, argument};
use crate::sample::arg;
use crate::sample::variable::VariableName;

pub(super) const CONVERTERS: &[Converter] = &[
    binary("add", |context, value, args| calculate(context, &value, args, i64::saturating_add)),
    binary("sub", |context, value, args| calculate(context, &value, args, i64::saturating_sub)),
    binary("mul", |context, value, args| calculate(context, &value, args, i64::saturating_mul)),
    binary("div", |context, value, args| calculate(context, &value, args, divide)),
    binary("mod", |context, value, args| calculate(context, &value, args, |a, b| a.checked_rem(b).unwrap_or(0))),
    binary("and", |context, value, args| calculate(context, &value, args, |a, b| a & b)),
    binary("or", |context, value, args| calculate(context, &value, args, |a, b| a | b)),
    binary("xor", |context, value, args| calculate(context, &value, args, |a, b| a ^ b)),
    unary("cpl", |_, value, _| number(&value).map(|number| Value::Sint(!number))),
    unary("neg", |_, value, _| number(&value).map(|number| Value::Sint(number.saturating_neg()))),
    truth("bool", |_, value, _| number(&value).map(|number| Value::Bool(number != 0))),
    truth("not", |_, value, _| number(&value).map(|number| Value::Bool(number == 0))),
    truth("odd", |_, value, _| number(&value).map(|number| Value::Bool(number & 1 == 1))),
    truth("even", |_, value, _| number(&value).map(|number| Value::Bool(number & 1 == 0))),
    Converter::new("iif", SampleType::Bool, SampleType::Str, |_, value, args| {
        let Value::Bool(truth) = value else { return None };
        args.get(usize::from(!truth))?.text().map(Value::str)
    })
    .args(ArgSpec::all(&[ArgKind::Str, ArgKind::Str])),
];

const fn unary(name: &'static str, run: super::Convert) -> Converter {
    Converter::new(name, SampleType::Sint, SampleType::Sint, run)
}

const fn binary(name: &'static str, run: super::Convert) -> Converter {
    unary(name, run).args(ArgSpec::all(&[ArgKind::Str])).check(check_operand)
}

const fn truth(name: &'static str, run: super::Convert) -> Converter {
    Converter::new(name, SampleType::Sint, SampleType::Bool, run)
}

/// The operand is a number or the name of a variable.
fn check_operand(args: &mut [Arg], _: &Scope<'_>) -> Result<(), String> {
    let word = argument::shown(args, 0);
    let operand = match arg::number(&word) {
        Some(number) => Arg::Sint(number),
        None => VariableName::parse(&word)
            .map(Arg::Variable)
            .map_err(|_| "expects an integer or a variable name".to_owned())?,
    };
    argument::replace(args, 0, operand);
    Ok(())
}

fn number(value: &Value<'_>) -> Option<i64> {
    match value {
        Value::Sint(number) => Some(*number),
        _ => None,
    }
}

fn calculate<'a>(
    context: &Context<'a>,
    value: &Value<'a>,
    args: &[Arg],
    operator: fn(i64, i64) -> i64,
) -> Option<Value<'a>> {
    let operand = match args.first()? {
        Arg::Sint(number) => *number,
        _ => number(&argument::variable(context, args, 0)?.cast(SampleType::Sint)?)?,
    };
    Some(Value::Sint(operator(number(value)?, operand)))
}

/// By zero it is the largest number there is, whatever sign the dividend has.
fn divide(dividend: i64, divisor: i64) -> i64 {
    match divisor {
        0 => i64::MAX,
        _ => dividend.saturating_div(divisor),
    }
}
