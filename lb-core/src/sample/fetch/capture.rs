//! What was captured of the messages (configuration.txt, section 7.3.6, `capture.req.hdr` and others).

use super::{Arg, ArgSpec, Context, Fetch, SERVER_CONNECTION, SINCE_REQUEST, SampleType, Value};
use crate::http::message::Version;
use crate::sample::ArgKind;

const INDEX: ArgSpec = ArgSpec::all(&[ArgKind::Sint]);

pub(super) const FETCHES: &[Fetch] = &[
    Fetch::one(SINCE_REQUEST, "capture.req.hdr", SampleType::Str, |context, args| {
        header(context.captures().request, args)
    })
    .args(INDEX),
    Fetch::one(SINCE_REQUEST, "capture.req.method", SampleType::Str, |context, _| {
        let line = context.captures().request_line.and_then(|line| line.split(|byte| *byte == b' ').next());
        line.or_else(|| Some(context.request?.method())).map(Value::str)
    }),
    Fetch::one(SINCE_REQUEST, "capture.req.uri", SampleType::Str, |context, _| {
        let line = context.captures().request_line.and_then(|line| line.split(|byte| *byte == b' ').nth(1));
        let target = line.or_else(|| Some(context.request?.target()))?;
        Some(Value::str(without_authority(target)?))
    }),
    Fetch::one(SINCE_REQUEST, "capture.req.ver", SampleType::Str, |context, _| {
        version(context.captures().request_version.or_else(|| Some(context.request?.version()))?)
    }),
    Fetch::one(SERVER_CONNECTION, "capture.res.hdr", SampleType::Str, |context, args| {
        header(context.captures().response, args)
    })
    .args(INDEX)
    .from("HTTP response"),
    Fetch::one(SINCE_REQUEST, "capture.res.ver", SampleType::Str, |context, _| {
        version(context.captures().response_version.or_else(|| Some(context.response?.version()))?)
    }),
];

fn header<'a>(captured: &'a [Option<Vec<u8>>], args: &[Arg]) -> Option<Value<'a>> {
    let index = usize::try_from(args.first()?.number()?).ok()?;
    captured.get(index)?.as_deref().map(Value::str)
}

/// From the first slash behind the authority on.
fn without_authority(target: &[u8]) -> Option<&[u8]> {
    let start = target.windows(3).position(|window| window == b"://").filter(|_| !target.starts_with(b"/"));
    let rest = target.get(start.map_or(0, |start| start + 3)..)?;
    rest.get(memchr::memchr(b'/', rest)?..)
}

/// Only two versions are told apart, as in HAProxy.
fn version(version: Version) -> Option<Value<'static>> {
    Some(Value::str(match version {
        Version::Http10 => b"HTTP/1.0",
        Version::Http11 | Version::Http2 => b"HTTP/1.1",
    }))
}

impl Context<'_> {
    /// The status of the response, also where only the log remembers it.
    pub(super) fn status(&self) -> Option<u16> {
        self.captures().status.or_else(|| Some(self.response?.status()))
    }
}
