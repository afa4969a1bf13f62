//! The status line, and what was done to the response (configuration.txt, section 7.3.6).

use super::request::number;
use super::{Arg, Context, Fetch, RESPONSE, SERVER, SERVER_CONNECTION, SampleType, Value};

pub(super) const FETCHES: &[Fetch] = &[
    // There is no cache, and responses are not compressed.
    Fetch::one(SERVER, "res.cache_hit", SampleType::Bool, |_, _| Some(Value::Bool(false))).from("HTTP response"),
    Fetch::one(SERVER, "res.cache_name", SampleType::Str, |_, _| None).from("HTTP response"),
    Fetch::one(SERVER_CONNECTION, "res.comp", SampleType::Bool, |_, _| Some(Value::Bool(false))).from("HTTP response"),
    Fetch::one(SERVER_CONNECTION, "res.comp_algo", SampleType::Str, |_, _| None).from("HTTP response"),
    Fetch::one(RESPONSE, "res.ver", SampleType::Str, version),
    Fetch::one(RESPONSE, "resp_ver", SampleType::Str, version),
    Fetch::one(SERVER_CONNECTION, "status", SampleType::Sint, |context, _| {
        context.status().map(|status| Value::Sint(status.into()))
    })
    .from("HTTP response"),
];

fn version<'a>(context: &Context<'a>, _: &'a [Arg]) -> Option<Value<'a>> {
    Some(Value::str(number(context.response?.version())))
}
