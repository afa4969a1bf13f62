//! The request line and what belongs to it (configuration.txt, section 7.3.6).

use std::net::{IpAddr, Ipv4Addr};

use super::address::address;
use super::{Arg, Context, Fetch, REQUEST, SINCE_REQUEST, SampleType, Value};
use crate::http::message::{Head, Version};
use crate::sample::hash::{avalanche, sdbm};

pub(super) const FETCHES: &[Fetch] = &[
    Fetch::one(REQUEST, "base", SampleType::Str, |context, _| base(context.request_head()?, path)),
    Fetch::one(REQUEST, "base32", SampleType::Sint, |context, _| {
        Some(Value::Sint(hash(context.request_head()?, path).into()))
    }),
    Fetch::one(REQUEST, "base32+src", SampleType::Bin, |context, _| {
        with_source(context, hash(context.request_head()?, path))
    }),
    Fetch::one(REQUEST, "baseq", SampleType::Str, |context, _| base(context.request_head()?, path_and_query)),
    Fetch::one(SINCE_REQUEST, "method", SampleType::Meth, |context, _| {
        context.request_head().map(|head| Value::Meth(head.method().into()))
    }),
    Fetch::one(REQUEST, "path", SampleType::Str, |context, _| path(context.request_head()?).map(Value::str)),
    Fetch::one(REQUEST, "pathq", SampleType::Str, |context, _| path_and_query(context.request_head()?).map(Value::str)),
    Fetch::one(REQUEST, "query", SampleType::Str, |context, _| {
        let target = context.request_head()?.target();
        let mark = memchr::memchr(b'?', target)?;
        target.get(mark + 1..).map(Value::str)
    }),
    Fetch::one(REQUEST, "req.ver", SampleType::Str, version),
    Fetch::one(REQUEST, "req_ver", SampleType::Str, version),
    Fetch::one(REQUEST, "url", SampleType::Str, |context, _| {
        context.request_head().map(|head| Value::str(head.target()))
    }),
    Fetch::one(REQUEST, "url32", SampleType::Sint, |context, _| {
        Some(Value::Sint(hash(context.request_head()?, path_and_query).into()))
    }),
    Fetch::one(REQUEST, "url32+src", SampleType::Bin, |context, _| {
        with_source(context, hash(context.request_head()?, path_and_query))
    }),
    Fetch::one(REQUEST, "url_ip", SampleType::Ipv4, |context, _| {
        endpoint(context.request_head()?.target()).map(|(address, _)| Value::Ipv4(address))
    }),
    Fetch::one(REQUEST, "url_port", SampleType::Sint, |context, _| {
        endpoint(context.request_head()?.target()).map(|(_, port)| Value::Sint(port.into()))
    }),
];

/// From the first slash behind the authority on; `None` where there is no path. A fragment, which only relaxed parsing
/// lets pass, belongs to it.
fn path_and_query(head: &Head) -> Option<&[u8]> {
    let target = head.target();
    if target.starts_with(b"/") {
        return Some(target);
    }
    let scheme = target.windows(3).position(|window| window == b"://")?;
    let rest = target.get(scheme + 3..)?;
    rest.get(memchr::memchr(b'/', rest)?..)
}

fn path(head: &Head) -> Option<&[u8]> {
    path_and_query(head)?.split(|byte| *byte == b'?').next()
}

type Part = for<'h> fn(&'h Head) -> Option<&'h [u8]>;

fn host(head: &Head) -> &[u8] {
    head.value("host").unwrap_or_default()
}

/// The host and a part of the target. Where one of them is missing, nothing is copied.
fn base<'a>(head: &'a Head, part: Part) -> Option<Value<'a>> {
    Some(match (host(head), part(head).unwrap_or_default()) {
        (b"", b"") => return None,
        (b"", part) => Value::str(part),
        (host, b"") => Value::str(host),
        (host, part) => Value::str([host, part].concat()),
    })
}

fn hash(head: &Head, part: Part) -> u32 {
    avalanche(sdbm([host(head), part(head).unwrap_or_default()]))
}

/// A hash and the client's address.
fn with_source(context: &Context<'_>, hash: u32) -> Option<Value<'static>> {
    let hash = hash.to_be_bytes();
    let bytes = match address(context.client().source)? {
        IpAddr::V4(v4) => [&hash[..], &v4.octets()].concat(),
        IpAddr::V6(v6) => [&hash[..], &v6.octets()].concat(),
    };
    Some(Value::Bin(bytes.into()))
}

fn version<'a>(context: &Context<'a>, _: &'a [Arg]) -> Option<Value<'a>> {
    let head = context.request_head()?;
    Some(Value::str(match head.protocol() {
        Some(protocol) => protocol.rsplit(|byte| *byte == b'/').next().unwrap_or_default(),
        None => number(head.version()),
    }))
}

/// The number of a version.
pub(super) fn number(version: Version) -> &'static [u8] {
    match version {
        Version::Http10 => b"1.0",
        Version::Http11 => b"1.1",
        Version::Http2 => b"2.0",
    }
}

/// Address and port of an absolute URI of HTTP whose host is an IPv4 address; the port of its scheme where it names none.
fn endpoint(target: &[u8]) -> Option<(Ipv4Addr, u16)> {
    let text = std::str::from_utf8(target).ok()?;
    let (scheme, rest) = text.split_once("://").filter(|_| !text.starts_with('/'))?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let (host, port) = match authority.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (authority, None),
    };
    let implied = match scheme.to_ascii_lowercase().as_str() {
        "http" => 80,
        "https" => 443,
        _ => return None,
    };
    let port = port.filter(|port| !port.is_empty());
    Some((host.parse().ok()?, port.map_or(Some(implied), |port| port.parse().ok())?))
}
