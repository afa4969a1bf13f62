//! What is known beside the value: servers and their queues, captures, and the traces of `debug`.

use std::borrow::Cow;
use std::io::Write as _;
use std::sync::Arc;

use super::{Arg, ArgKind, ArgSpec, Context, Converter, SampleType, Scope, Value, argument};
use crate::sample::context::Capture;
use crate::sample::trace::Sink;

pub(super) const CONVERTERS: &[Converter] = &[
    Converter::new("nbsrv", SampleType::Str, SampleType::Sint, nbsrv),
    Converter::new("srv_queue", SampleType::Str, SampleType::Sint, srv_queue),
    Converter::new("capture-req", SampleType::Str, SampleType::Str, |context, value, args| {
        capture(context, value, args, true)
    })
    .args(ArgSpec::all(&[ArgKind::Sint])),
    Converter::new("capture-res", SampleType::Str, SampleType::Str, |context, value, args| {
        capture(context, value, args, false)
    })
    .args(ArgSpec::all(&[ArgKind::Sint])),
    Converter::new("debug", SampleType::Any, SampleType::Any, debug)
        .args(ArgSpec::of(0, &[ArgKind::Str, ArgKind::Str]))
        .check(check_debug),
];

/// Usable servers of a backend: the active ones, or those that stand in for them.
fn nbsrv<'a>(context: &Context<'a>, value: Value<'a>, _: &'a [Arg]) -> Option<Value<'a>> {
    let name = value.raw()?;
    let entry = context.topology?.backends.iter().find(|entry| entry.name.as_bytes() == name)?;
    let (active, backup) = entry.backend.usable_servers();
    let usable = match active {
        0 if entry.config.options.allbackups => backup,
        0 => backup.min(1),
        active => active,
    };
    i64::try_from(usable).ok().map(Value::Sint)
}

/// Streams that wait for a server, `backend/server` or one of the stream's backend.
fn srv_queue<'a>(context: &Context<'a>, value: Value<'a>, _: &'a [Arg]) -> Option<Value<'a>> {
    let name = std::str::from_utf8(value.raw()?).ok()?;
    let (backend, server) = match name.split_once('/') {
        Some((backend, server)) => {
            let found = context.topology?.backends.iter().find(|entry| *entry.name == *backend)?;
            (&found.backend, server)
        }
        None => (&context.backend?.backend, name),
    };
    Some(Value::Sint(i64::from(backend.server(server)?.queued())))
}

/// Keeps the text in a slot that `declare capture` has made; without it there is no value.
fn capture<'a>(context: &Context<'a>, value: Value<'a>, args: &[Arg], request: bool) -> Option<Value<'a>> {
    let slot = usize::try_from(argument::number(args, 0)?).ok()?;
    let captures = &context.frontend?.config.captures;
    let slots = if request { &captures.request } else { &captures.response };
    slots.get(slot)?;
    let text = value.raw()?.to_vec();
    if let Some(captured) = context.captured {
        captured.borrow_mut().push(Capture { request, slot, text });
    }
    Some(value)
}

fn check_debug(args: &mut [Arg], _: &Scope<'_>) -> Result<(), String> {
    let sink = match args.get(1).and_then(Arg::text) {
        None => Sink::Buffer,
        Some(name) => Sink::find(name).ok_or_else(|| format!("No such sink '{}'", String::from_utf8_lossy(name)))?,
    };
    argument::replace(args, 1, Arg::Own(Arc::new(sink)));
    Ok(())
}

/// Tells what passes here; the value goes on as it is.
fn debug<'a>(_: &Context<'a>, value: Value<'a>, args: &'a [Arg]) -> Option<Value<'a>> {
    let sink = *args.get(1)?.own::<Sink>()?;
    let text = value.clone().cast(SampleType::Str).map(Value::into_bytes).unwrap_or_default();
    let shown: Cow<'_, [u8]> = match text.iter().all(|byte| matches!(byte, b' '..=b'~')) {
        true => text,
        false => text.iter().map(|byte| if matches!(byte, b' '..=b'~') { *byte } else { b'.' }).collect(),
    };
    let mut line = b"[debug] ".to_vec();
    line.extend_from_slice(argument::text(args, 0));
    let _ = write!(line, ": type={} <", value.kind().word());
    line.extend_from_slice(&shown);
    line.push(b'>');
    sink.write(line);
    Some(value)
}
