//! TLS hello messages that pass through in clear, before any TLS of ours (configuration.txt, section 7.3.5;
//! RFC 8446, section 4.1.2; RFC 6066, section 3).

use super::payload::has_messages;
use super::{Arg, Context, Fetch, REQUEST, RESPONSE, SampleType, Value};
use crate::sample::context::Buffered;
use crate::tls::structure::{ALPN, CLIENT_HELLO, HANDSHAKE, Reader};

pub(super) const FETCHES: &[Fetch] = &[
    Fetch::one(RESPONSE, "rep_ssl_hello_type", SampleType::Sint, response_type).from("response buffer"),
    Fetch::one(REQUEST, "req.ssl_alpn", SampleType::Str, |context, _| {
        let mut list = Reader(Reader(extension(context, ALPN)?).list16()?);
        Some(Value::str(list.list8()?))
    })
    .from("request buffer"),
    Fetch::one(REQUEST, "req.ssl_ec_ext", SampleType::Bool, |context, _| {
        extension(context, SUPPORTED_GROUPS).map(|_| Value::Bool(true))
    })
    .from("request buffer"),
    Fetch::one(REQUEST, "req.ssl_hello_type", SampleType::Sint, request_type).from("request buffer"),
    Fetch::one(REQUEST, "req.ssl_sni", SampleType::Str, server_name).from("request buffer"),
    Fetch::one(REQUEST, "req.ssl_st_ext", SampleType::Sint, session_ticket).from("request buffer"),
    Fetch::one(REQUEST, "req.ssl_ver", SampleType::Sint, version).from("request buffer"),
    Fetch::one(REQUEST, "req_ssl_hello_type", SampleType::Sint, request_type).from("request buffer"),
    Fetch::one(REQUEST, "req_ssl_sni", SampleType::Str, server_name).from("request buffer"),
    Fetch::one(REQUEST, "req_ssl_ver", SampleType::Sint, version).from("request buffer"),
    Fetch::one(RESPONSE, "res.ssl_hello_type", SampleType::Sint, response_type).from("response buffer"),
];

/// Extensions.
const SERVER_NAME: u16 = 0;
const SUPPORTED_GROUPS: u16 = 10;
const SESSION_TICKET: u16 = 35;

/// The first handshake message of a connection.
struct Hello<'a> {
    kind: u8,
    /// Major and minor.
    version: [u8; 2],
    /// Behind the version.
    body: Reader<'a>,
}

/// The message in the first record, which must be there as a whole.
fn hello<'a>(context: &Context<'_>, data: &Buffered<'a>) -> Option<Hello<'a>> {
    if has_messages(context) {
        return None;
    }
    match data.bytes {
        [] | [HANDSHAKE] => return context.wait_for(data),
        // Version 3.0, which is SSLv3, or later.
        [HANDSHAKE, major, ..] if *major >= 3 => {}
        _ => return None,
    }
    let mut reader = Reader(data.bytes);
    let record = reader.take(3).and_then(|_| reader.list16());
    let Some(record) = record else { return context.wait_for(data) };
    let mut record = Reader(record);
    let kind = *record.take(1)?.first()?;
    let length = record.take(3)?.iter().fold(0, |length: usize, byte| length << 8 | usize::from(*byte));
    let mut body = Reader(record.take(length)?);
    let version = body.take(2)?.try_into().ok()?;
    Some(Hello { kind, version, body })
}

fn request_type<'a>(context: &Context<'a>, _: &'a [Arg]) -> Option<Value<'a>> {
    hello(context, &context.request_data).map(|hello| Value::Sint(hello.kind.into()))
}

fn response_type<'a>(context: &Context<'a>, _: &'a [Arg]) -> Option<Value<'a>> {
    hello(context, &context.response_data).map(|hello| Value::Sint(hello.kind.into()))
}

/// Major version times 65536 plus minor.
fn version<'a>(context: &Context<'a>, _: &'a [Arg]) -> Option<Value<'a>> {
    let data = &context.request_data;
    let number = |[major, minor]: [u8; 2]| Value::Sint(i64::from(major) << 16 | i64::from(minor));
    // A hello in the form of SSLv2: two bytes of length with the highest bit set, type 1, the version.
    match data.bytes {
        [0x80..=0xff, ..] if has_messages(context) => None,
        [high @ 0x80..=0xff, rest @ ..] => match rest {
            [low, kind, major, minor, behind @ ..] => {
                let length = usize::from(high & 0x7f) << 8 | usize::from(*low);
                let complete = behind.len() + 3 >= length;
                match *kind == CLIENT_HELLO && length >= 9 {
                    true if complete => Some(number([*major, *minor])),
                    true => context.wait_for(data),
                    false => None,
                }
            }
            _ => context.wait_for(data),
        },
        _ => hello(context, data).map(|hello| number(hello.version)),
    }
}

/// The extensions of the ClientHello; `None` where there are none.
fn extensions<'a>(context: &Context<'a>) -> Option<Reader<'a>> {
    let mut hello = hello(context, &context.request_data).filter(|hello| hello.kind == CLIENT_HELLO)?;
    // Random, session id, cipher suites, compression methods.
    hello.body.take(32)?;
    hello.body.list8()?;
    hello.body.list16()?;
    hello.body.list8()?;
    hello.body.list16().filter(|list| !list.is_empty()).map(Reader)
}

fn find<'a>(mut extensions: Reader<'a>, wanted: u16) -> Option<&'a [u8]> {
    loop {
        let kind = extensions.number16()?;
        let body = extensions.list16()?;
        if kind == wanted {
            return Some(body);
        }
    }
}

fn extension<'a>(context: &Context<'a>, wanted: u16) -> Option<&'a [u8]> {
    find(extensions(context)?, wanted)
}

/// The first name of the server name list, if it is a host name.
fn server_name<'a>(context: &Context<'a>, _: &'a [Arg]) -> Option<Value<'a>> {
    let mut list = Reader(Reader(extension(context, SERVER_NAME)?).list16()?);
    if list.take(1)? != [0] {
        return None;
    }
    list.list16().filter(|name| !name.is_empty()).map(Value::str)
}

/// 0 without the extension, 1 with it, 2 with a ticket in it.
fn session_ticket<'a>(context: &Context<'a>, _: &'a [Arg]) -> Option<Value<'a>> {
    Some(Value::Sint(match find(extensions(context)?, SESSION_TICKET) {
        None => 0,
        Some([]) => 1,
        Some(_) => 2,
    }))
}
