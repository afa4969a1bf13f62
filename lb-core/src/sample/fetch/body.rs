//! Bodies, as far as they are there (configuration.txt, section 7.3.6).

use super::{Context, Fetch, REQUEST, RESPONSE, SampleType, Value};
use crate::http::message::Head;
use crate::sample::context::Buffered;

pub(super) const FETCHES: &[Fetch] = &[
    Fetch::one(REQUEST, "req.body", SampleType::Bin, |context, _| Some(Value::Bin(form(context)?.into()))),
    Fetch::one(REQUEST, "req.body_len", SampleType::Sint, |context, _| {
        length(form(context)?, &context.request_data, false)
    }),
    Fetch::one(REQUEST, "req.body_size", SampleType::Sint, |context, _| {
        length(form(context)?, &context.request_data, true)
    }),
    Fetch::one(RESPONSE, "res.body", SampleType::Bin, |context, _| Some(Value::Bin(reply(context)?.into()))),
    Fetch::one(RESPONSE, "res.body_len", SampleType::Sint, |context, _| {
        length(reply(context)?, &context.response_data, false)
    }),
    Fetch::one(RESPONSE, "res.body_size", SampleType::Sint, |context, _| {
        let announced = context.response.and_then(announced).or(context.response_data.announced);
        length(reply(context)?, &Buffered { announced, ..context.response_data }, true)
    }),
];

/// What is there of the request's body. In TCP there is none, even where the bytes are a request.
pub(super) fn form<'a>(context: &Context<'a>) -> Option<&'a [u8]> {
    context.request_head()?;
    context.request.map(|_| context.request_data.bytes)
}

/// The same of the response.
fn reply<'a>(context: &Context<'a>) -> Option<&'a [u8]> {
    context.response.map(|_| context.response_data.bytes)
}

/// What a response says of its length.
fn announced(head: &Head) -> Option<u64> {
    std::str::from_utf8(head.value("content-length")?).ok()?.parse().ok()
}

/// The length of what is there, or what the message announces.
fn length(there: &[u8], data: &Buffered<'_>, announced: bool) -> Option<Value<'static>> {
    let there = there.len() as u64;
    let length = if announced { data.announced.unwrap_or(there) } else { there };
    i64::try_from(length).ok().map(Value::Sint)
}
