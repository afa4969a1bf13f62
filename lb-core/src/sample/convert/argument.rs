//! What arguments of converters may be besides what [`crate::sample::ArgKind`] says: variables, and texts in base64.

use std::borrow::Cow;

use super::{Arg, Context, SampleType, Value, base64};
use crate::sample::variable::VariableName;

/// The text of an argument; empty where there is none.
pub(super) fn text(args: &[Arg], index: usize) -> &[u8] {
    args.get(index).and_then(Arg::text).unwrap_or_default()
}

/// The same for messages.
pub(super) fn shown(args: &[Arg], index: usize) -> Cow<'_, str> {
    String::from_utf8_lossy(text(args, index))
}

/// A number, if the argument is given.
pub(super) fn number(args: &[Arg], index: usize) -> Option<i64> {
    args.get(index).and_then(Arg::number)
}

/// Puts an argument in the place of the text it was read from.
pub(super) fn replace(args: &mut [Arg], index: usize, arg: Arg) {
    if let Some(place) = args.get_mut(index) {
        *place = arg;
    }
}

/// Makes an argument the variable it names.
///
/// # Errors
/// HAProxy's text.
pub(super) fn name_variable(args: &mut [Arg], index: usize) -> Result<(), String> {
    let name = shown(args, index);
    if name.is_empty() {
        return Err("missing variable name".to_owned());
    }
    let variable = VariableName::parse(&name).map_err(|_| format!("failed to register variable name '{name}'"))?;
    replace(args, index, Arg::Variable(variable));
    Ok(())
}

/// The value of the variable that an argument names; `None` where it has none.
pub(super) fn variable(context: &Context<'_>, args: &[Arg], index: usize) -> Option<Value<'static>> {
    let Some(Arg::Variable(name)) = args.get(index) else { return None };
    context.variable(name)
}

/// Makes an argument the variable it names, or the bytes that it holds in base64.
///
/// # Errors
/// HAProxy's text; `what` is the argument's name in it.
pub(super) fn check_base64_or_variable(args: &mut [Arg], index: usize, what: &str) -> Result<(), String> {
    let arg = match VariableName::parse(&shown(args, index)) {
        Ok(name) => Arg::Variable(name),
        Err(_) => base64::decode(text(args, index)).map(|bytes| Arg::Str(bytes.into())).ok_or_else(|| {
            format!(
                "failed to parse {what} : argument needs to be base64 encoded, and can either be a string or a variable"
            )
        })?,
    };
    replace(args, index, arg);
    Ok(())
}

/// The bytes of an argument that [`check_base64_or_variable`] has seen.
pub(super) fn base64_or_variable<'a>(context: &Context<'_>, args: &'a [Arg], index: usize) -> Option<Cow<'a, [u8]>> {
    match args.get(index)? {
        Arg::Str(bytes) => Some(Cow::Borrowed(bytes)),
        Arg::Variable(_) => {
            let Value::Str(encoded) = variable(context, args, index)?.cast(SampleType::Str)? else { return None };
            base64::decode(&encoded).map(Cow::Owned)
        }
        _ => None,
    }
}
