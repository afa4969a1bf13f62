//! Parameters of a query string or of a form (configuration.txt, section 7.3.6, `urlp` and `req.body_param`).

use super::body;
use super::header::leading_number;
use super::{Arg, ArgSpec, Context, Fetch, REQUEST, SampleType, Scope, Value};
use crate::sample::ArgKind;

const NAME_AND_DELIMITER: ArgSpec = ArgSpec::of(0, &[ArgKind::Str, ArgKind::Str]);

pub(super) const FETCHES: &[Fetch] = &[
    Fetch::each(
        REQUEST,
        "req.body_param",
        SampleType::Bin,
        |context, args| form(context, args)?.next(),
        |c, a, each| {
            form(c, a).into_iter().flatten().any(each);
        },
    )
    .args(ArgSpec::of(0, &[ArgKind::Str])),
    Fetch::each(REQUEST, "url_param", SampleType::Str, |context, args| query(context, args)?.next(), each_in_query)
        .args(NAME_AND_DELIMITER)
        .check(check_delimiter),
    Fetch::each(REQUEST, "urlp", SampleType::Str, |context, args| query(context, args)?.next(), each_in_query)
        .args(NAME_AND_DELIMITER)
        .check(check_delimiter),
    Fetch::each(
        REQUEST,
        "urlp_val",
        SampleType::Sint,
        |context, args| number(query(context, args)?.next()?),
        |context, args, each| {
            query(context, args).into_iter().flatten().any(|value| number(value).is_some_and(&mut *each));
        },
    )
    .args(NAME_AND_DELIMITER)
    .check(check_delimiter),
];

fn number(value: Value<'_>) -> Option<Value<'static>> {
    value.raw().map(|text| Value::Sint(leading_number(text)))
}

fn each_in_query<'a>(context: &Context<'a>, args: &'a [Arg], each: &mut dyn FnMut(Value<'a>) -> bool) {
    query(context, args).into_iter().flatten().any(each);
}

fn name(args: &[Arg]) -> &[u8] {
    args.first().and_then(Arg::text).unwrap_or_default()
}

/// Only the first character of the delimiter counts; none is `?`.
fn check_delimiter(args: &mut [Arg], _: &Scope<'_>) -> Result<(), String> {
    if let Some(delimiter) = args.get_mut(1)
        && let Some(text) = delimiter.text()
    {
        *delimiter = text.first().map_or(Arg::Absent, |first| Arg::Str([*first].into()));
    }
    Ok(())
}

/// The values of a name behind the delimiter of the URL. The delimiter takes the place of the question mark.
fn query<'a>(context: &Context<'a>, args: &'a [Arg]) -> Option<impl Iterator<Item = Value<'a>>> {
    let target = context.request_head()?.target();
    let delimiter = args.get(1).and_then(Arg::text).and_then(|text| text.first()).copied().unwrap_or(b'?');
    let start = memchr::memchr(delimiter, target)? + 1;
    Some(values(target.get(start..)?, delimiter, name(args)))
}

/// The values of a name in the body.
fn form<'a>(context: &Context<'a>, args: &'a [Arg]) -> Option<impl Iterator<Item = Value<'a>>> {
    Some(values(body::form(context)?, b'&', name(args)))
}

/// The values of a name, or all where it is empty. What has no `=` is no parameter.
fn values<'a>(text: &'a [u8], delimiter: u8, name: &'a [u8]) -> impl Iterator<Item = Value<'a>> {
    let parts = text.split(move |byte| matches!(*byte, b'&' | b';') || *byte == delimiter);
    parts.filter_map(move |part| {
        let at = memchr::memchr(b'=', part)?;
        let (known, value) = part.split_at(at);
        (name.is_empty() || known == name).then(|| Value::str(value.get(1..).unwrap_or_default()))
    })
}
