//! The tokens of a distcc message (configuration.txt, section 7.3.5, `distcc_param` and `distcc_body`).
//!
//! A message is a row of tokens: four letters, a parameter of eight hexadecimal digits, and for most of them as many bytes
//! as the parameter says.

use super::payload::has_messages;
use super::{Arg, ArgSpec, Context, EITHER, Fetch, SampleType, Scope, Value};
use crate::sample::ArgKind;

const TOKEN: ArgSpec = ArgSpec::of(1, &[ArgKind::Str, ArgKind::Sint]);

pub(super) const FETCHES: &[Fetch] = &[
    Fetch::one(EITHER, "distcc_body", SampleType::Bin, body)
        .args(TOKEN)
        .check(check)
        .from("request buffer,response buffer"),
    Fetch::one(EITHER, "distcc_param", SampleType::Sint, parameter)
        .args(TOKEN)
        .check(check)
        .from("request buffer,response buffer"),
];

/// Letters of a token.
const NAME: usize = 4;
/// Digits of its parameter.
const DIGITS: usize = 8;

fn check(args: &mut [Arg], _: &Scope<'_>) -> Result<(), String> {
    match args.first().and_then(Arg::text) {
        Some(name) if name.len() == NAME => Ok(()),
        _ => Err("token name must be exactly 4 characters".to_owned()),
    }
}

/// A token that was found.
struct Token<'a> {
    parameter: u32,
    /// What has come of its body; `None` where it has none.
    body: Option<&'a [u8]>,
}

fn parameter<'a>(context: &Context<'a>, args: &'a [Arg]) -> Option<Value<'a>> {
    find(context, args).map(|token| Value::Sint(token.parameter.into()))
}

/// The body as far as it has come: rules that want a certain length of it wait for that.
fn body<'a>(context: &Context<'a>, args: &'a [Arg]) -> Option<Value<'a>> {
    let token = find(context, args)?;
    let body = token.body?;
    let data = context.data();
    if body.len() < token.parameter.try_into().unwrap_or(usize::MAX) && !data.complete && !data.full {
        context.may_change.set(true);
    }
    (!body.is_empty()).then_some(Value::Bin(body.into()))
}

/// The occurrence of a token that the arguments ask for, the first where they do not say which.
fn find<'a>(context: &Context<'a>, args: &[Arg]) -> Option<Token<'a>> {
    if has_messages(context) {
        return None;
    }
    let wanted = args.first()?.text()?;
    let mut left = match args.get(1).and_then(Arg::number) {
        None => 1,
        Some(number) => usize::try_from(number).ok()?.max(1),
    };
    let data = context.data();
    let mut rest = data.bytes;
    loop {
        let Some((head, behind)) = rest.split_at_checked(NAME + DIGITS) else { return context.wait_for(data) };
        let (name, digits) = head.split_at_checked(NAME)?;
        let parameter = hexadecimal(digits)?;
        let length = if has_body(name) { usize::try_from(parameter).ok()? } else { 0 };
        if name == wanted {
            left -= 1;
            if left == 0 {
                let body = behind.get(..length).unwrap_or(behind);
                return Some(Token { parameter, body: has_body(name).then_some(body) });
            }
        }
        rest = match behind.get(length..) {
            Some(rest) => rest,
            None => return context.wait_for(data),
        };
    }
}

/// Tokens whose parameter is a number and not the length of what follows.
fn has_body(name: &[u8]) -> bool {
    !matches!(name, b"ARGC" | b"DIST" | b"DONE" | b"NFIL" | b"STAT")
}

fn hexadecimal(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0u32, |number, digit| Some(number << 4 | char::from(*digit).to_digit(16)?))
}
