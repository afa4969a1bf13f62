//! Bytes that were received and not forwarded yet (configuration.txt, section 7.3.5).
//!
//! They are for TCP: an HTTP proxy has messages, not bytes, and these fetches find nothing there.

use super::{Arg, ArgSpec, Context, EITHER, Fetch, REQUEST, RESPONSE, SINCE_REQUEST, SampleType, Scope, Value};
use crate::http::message::Head;
use crate::sample::ArgKind;
use crate::sample::context::Buffered;

const LENGTHS: ArgSpec = ArgSpec::all(&[ArgKind::Sint, ArgKind::Sint]);
const VARIABLE: ArgSpec = ArgSpec::of(2, &[ArgKind::Sint, ArgKind::Sint, ArgKind::Str]);

pub(super) const FETCHES: &[Fetch] = &[
    Fetch::one(EITHER, "payload", SampleType::Bin, |context, args| payload(context, context.data(), args))
        .args(LENGTHS)
        .check(check_payload)
        .from("request buffer,response buffer"),
    Fetch::one(EITHER, "payload_lv", SampleType::Bin, |context, args| payload_lv(context, context.data(), args))
        .args(VARIABLE)
        .check(check_payload_lv)
        .from("request buffer,response buffer"),
    Fetch::one(REQUEST, "req.len", SampleType::Sint, request_length).from("request buffer"),
    Fetch::one(REQUEST, "req.payload", SampleType::Bin, |context, args| payload(context, &context.request_data, args))
        .args(LENGTHS)
        .check(check_payload)
        .from("request buffer"),
    Fetch::one(REQUEST, "req.payload_lv", SampleType::Bin, |context, args| {
        payload_lv(context, &context.request_data, args)
    })
    .args(VARIABLE)
    .check(check_payload_lv)
    .from("request buffer"),
    Fetch::one(SINCE_REQUEST, "req.proto_http", SampleType::Bool, is_http),
    Fetch::one(REQUEST, "req_len", SampleType::Sint, request_length).from("request buffer"),
    Fetch::one(SINCE_REQUEST, "req_proto_http", SampleType::Bool, is_http),
    Fetch::one(RESPONSE, "res.len", SampleType::Sint, |context, _| {
        length(context, context.response, &context.response_data)
    })
    .from("response buffer"),
    Fetch::one(RESPONSE, "res.payload", SampleType::Bin, |context, args| {
        payload(context, &context.response_data, args)
    })
    .args(LENGTHS)
    .check(check_payload)
    .from("response buffer"),
    Fetch::one(RESPONSE, "res.payload_lv", SampleType::Bin, |context, args| {
        payload_lv(context, &context.response_data, args)
    })
    .args(VARIABLE)
    .check(check_payload_lv)
    .from("response buffer"),
];

/// Whether the stream carries messages rather than bytes.
pub(super) fn has_messages(context: &Context<'_>) -> bool {
    context.request.is_some() || context.response.is_some()
}

fn is_http<'a>(context: &Context<'a>, _: &'a [Arg]) -> Option<Value<'a>> {
    // Once the response comes, HAProxy has no request to look at any more.
    let head = if context.is_response() { None } else { context.request_head() };
    head.map(|_| Value::Bool(true))
}

fn request_length<'a>(context: &Context<'a>, _: &'a [Arg]) -> Option<Value<'a>> {
    length(context, context.request, &context.request_data)
}

/// How much was received. It may grow: a rule that it does not satisfy yet waits.
fn length<'a>(context: &Context<'_>, head: Option<&Head>, data: &Buffered<'_>) -> Option<Value<'a>> {
    let length = data.bytes.len() + head.map_or(0, Head::wire_len);
    if !data.complete && !data.full {
        context.may_change.set(true);
    }
    i64::try_from(length).ok().map(Value::Sint)
}

fn number(args: &[Arg], index: usize) -> Option<usize> {
    args.get(index)?.number()?.try_into().ok()
}

/// `payload(offset,length)`; length 0 is all there is.
fn payload<'a>(context: &Context<'_>, data: &Buffered<'a>, args: &[Arg]) -> Option<Value<'a>> {
    if has_messages(context) {
        return None;
    }
    let (offset, length) = (number(args, 0)?, number(args, 1)?);
    if length > 0 {
        return slice(context, data, offset, length);
    }
    if offset >= data.bytes.len() {
        return if offset == data.bytes.len() && offset > 0 { None } else { context.wait_for(data) };
    }
    let bytes = data.bytes.get(offset..)?;
    if !data.complete && !data.full {
        context.may_change.set(true);
    }
    Some(Value::Bin(bytes.into()))
}

fn slice<'a>(context: &Context<'_>, data: &Buffered<'a>, offset: usize, length: usize) -> Option<Value<'a>> {
    match data.bytes.get(offset..offset.checked_add(length)?) {
        Some(bytes) => Some(Value::Bin(bytes.into())),
        None => context.wait_for(data),
    }
}

/// Where the second argument of `payload_lv` leads, made of its text by the check function.
#[derive(Clone, Copy)]
enum Start {
    /// At this offset.
    At(usize),
    /// So many bytes before or behind the end of the length.
    Relative(i64),
}

/// `payload_lv(offset1,length[,offset2])`: a length of so many bytes, and as many bytes.
fn payload_lv<'a>(context: &Context<'_>, data: &Buffered<'a>, args: &'a [Arg]) -> Option<Value<'a>> {
    if has_messages(context) {
        return None;
    }
    let (offset, size) = (number(args, 0)?, number(args, 1)?);
    let end = offset.checked_add(size)?;
    let Some(length) = data.bytes.get(offset..end) else { return context.wait_for(data) };
    let length = length.iter().fold(0usize, |length, byte| length.saturating_mul(256).saturating_add((*byte).into()));
    let start = match args.get(2).and_then(Arg::own::<Start>) {
        None => end,
        Some(Start::At(start)) => *start,
        Some(Start::Relative(distance)) => usize::try_from(i64::try_from(end).ok()?.checked_add(*distance)?).ok()?,
    };
    if length == 0 {
        return None;
    }
    slice(context, data, start, length)
}

/// HAProxy 2.6 takes negative numbers and crashes at the first connection.
fn check_payload(args: &mut [Arg], _: &Scope<'_>) -> Result<(), String> {
    let negative = |index: usize| args.get(index).and_then(Arg::number).is_some_and(|number| number < 0);
    match (negative(0), negative(1)) {
        (true, _) => Err("payload offset must be positive".into()),
        (_, true) => Err("payload length must be >= 0".into()),
        _ => Ok(()),
    }
}

fn check_payload_lv(args: &mut [Arg], _: &Scope<'_>) -> Result<(), String> {
    let [offset, size, start] = args else { return Ok(()) };
    let (Some(offset), Some(size)) = (offset.number(), size.number()) else { return Ok(()) };
    if offset < 0 {
        return Err("payload offset1 must be positive".into());
    }
    if size <= 0 {
        return Err("payload length must be > 0".into());
    }
    if let Some(text) = start.text() {
        let text = String::from_utf8_lossy(text);
        if text.is_empty() {
            *start = Arg::Absent;
            return Ok(());
        }
        let number: i64 = text.parse().map_err(|_| "payload offset2 is not a number".to_owned())?;
        let relative = text.starts_with(['+', '-']);
        if number < 0 && offset.saturating_add(size).saturating_add(number) < 0 {
            return Err("payload offset2 too negative".into());
        }
        *start = Arg::Own(std::sync::Arc::new(match usize::try_from(number) {
            Ok(number) if !relative => Start::At(number),
            _ => Start::Relative(number),
        }));
    }
    Ok(())
}
