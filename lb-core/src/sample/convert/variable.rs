//! `set-var` and `unset-var` within an expression.

use std::sync::Arc;

use super::{Arg, ArgKind, ArgSpec, Context, Converter, SampleType, Scope, Value, argument};
use crate::config::AssignmentConditions;
use crate::sample::variable::{VariableName, VariableScope};

pub(super) const CONVERTERS: &[Converter] = &[
    Converter::new("set-var", SampleType::Any, SampleType::Any, set)
        .args(ArgSpec::of(1, &[ArgKind::Str, ArgKind::Str, ArgKind::Str, ArgKind::Str, ArgKind::Str]))
        .check(check_set),
    Converter::new("unset-var", SampleType::Any, SampleType::Any, unset)
        .args(ArgSpec::all(&[ArgKind::Str]))
        .check(check_name),
];

fn check_name(args: &mut [Arg], scope: &Scope<'_>) -> Result<(), String> {
    let name = VariableName::parse(&argument::shown(args, 0))?;
    scope.names.used.note_variable(&name);
    argument::replace(args, 0, Arg::Variable(name));
    Ok(())
}

fn check_set(args: &mut [Arg], scope: &Scope<'_>) -> Result<(), String> {
    check_name(args, scope)?;
    let mut conditions = AssignmentConditions::default();
    for word in args.iter().skip(1).filter_map(Arg::text) {
        *match word {
            b"ifexists" => &mut conditions.exists,
            b"ifnotexists" => &mut conditions.not_exists,
            b"ifempty" => &mut conditions.empty,
            b"ifnotempty" => &mut conditions.not_empty,
            b"ifset" => &mut conditions.set,
            b"ifnotset" => &mut conditions.not_set,
            b"ifgt" => &mut conditions.greater,
            b"iflt" => &mut conditions.less,
            other => return Err(format!("unknown condition \"{}\"", String::from_utf8_lossy(other))),
        } = true;
    }
    argument::replace(args, 1, Arg::Own(Arc::new(conditions)));
    Ok(())
}

/// The value goes on, unless a condition does not hold or there are no variables of that scope here.
fn set<'a>(context: &Context<'a>, value: Value<'a>, args: &'a [Arg]) -> Option<Value<'a>> {
    let Some(Arg::Variable(name)) = args.first() else { return None };
    let conditions = *args.get(1)?.own::<AssignmentConditions>()?;
    match name.scope {
        VariableScope::Proc => {
            let process = context.process?;
            if !conditions.hold(process.get(&name.name).as_ref(), true, &value) {
                return None;
            }
            if !process.set_if(&name.name, value.clone().into_owned(), conditions) {
                return None;
            }
        }
        scope => {
            let variables = context.variables.for_change(scope)?;
            if !conditions.hold(variables.get(&name.name).as_ref(), variables.exists(&name.name), &value) {
                return None;
            }
            if !variables.set(&name.name, value.clone().into_owned()) {
                return None;
            }
        }
    }
    Some(value)
}

fn unset<'a>(context: &Context<'a>, value: Value<'a>, args: &'a [Arg]) -> Option<Value<'a>> {
    let Some(Arg::Variable(name)) = args.first() else { return None };
    match name.scope {
        VariableScope::Proc => context.process?.unset(&name.name),
        scope => context.variables.of(scope)?.unset(&name.name),
    }
    Some(value)
}
