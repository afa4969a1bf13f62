//! Credentials of a request (configuration.txt, section 7.3.6; RFC 7617, RFC 6750).

use super::{Arg, ArgSpec, Context, Fetch, REQUEST, SampleType, Value};
use crate::http::message::Head;
use crate::sample::ArgKind;

const USERLIST: ArgSpec = ArgSpec::all(&[ArgKind::Userlist]);

pub(super) const FETCHES: &[Fetch] = &[
    Fetch::one(REQUEST, "http_auth", SampleType::Bool, |context, args| {
        let (name, password) = basic(context.request_head()?)?;
        Some(Value::Bool(groups(context, args, &name, &password).is_some()))
    })
    .args(USERLIST),
    Fetch::one(REQUEST, "http_auth_bearer", SampleType::Str, |context, args| {
        let header = args.first().and_then(Arg::text).filter(|header| !header.is_empty());
        token(context.request_head()?, header.unwrap_or(b"authorization")).map(Value::str)
    })
    .args(ArgSpec::of(0, &[ArgKind::Str])),
    // In an ACL, what the patterns are compared with are the groups of the user.
    Fetch::each(
        REQUEST,
        "http_auth_group",
        SampleType::Str,
        |context, args| {
            let (name, password) = basic(context.request_head()?)?;
            groups(context, args, &name, &password).map(|_| Value::Str(name.into()))
        },
        |context, args, each| {
            if let Some((name, password)) = context.request_head().and_then(basic) {
                let groups = groups(context, args, &name, &password).unwrap_or_default();
                groups.iter().any(|group| each(Value::str(&**group)));
            }
        },
    )
    .args(USERLIST),
    Fetch::one(REQUEST, "http_auth_pass", SampleType::Str, |context, _| {
        basic(context.request_head()?).map(|(_, password)| Value::Str(password.into()))
    }),
    Fetch::one(REQUEST, "http_auth_type", SampleType::Str, |context, _| {
        let head = context.request_head()?;
        let kind: &[u8] =
            if basic(head).is_some() { b"Basic" } else { token(head, b"authorization").map(|_| b"Bearer")? };
        Some(Value::str(kind))
    }),
    Fetch::one(REQUEST, "http_auth_user", SampleType::Str, |context, _| {
        basic(context.request_head()?).map(|(name, _)| Value::Str(name.into()))
    }),
];

/// The groups of a user whose password is right.
fn groups<'a>(context: &Context<'a>, args: &[Arg], name: &[u8], password: &[u8]) -> Option<&'a [Box<[u8]>]> {
    let Some(Arg::Userlist(list)) = args.first() else { return None };
    context.topology?.userlists.authenticate(*list, name, password)
}

/// What follows a scheme in the first field of a name.
fn credentials<'a>(head: &'a Head, header: &[u8], scheme: &[u8]) -> Option<&'a [u8]> {
    let (_, value) = head.fields().find(|(known, _)| known.eq_ignore_ascii_case(header))?;
    let space = memchr::memchr(b' ', value)?;
    let (known, rest) = value.split_at(space);
    let rest = rest.trim_ascii_start();
    (known.eq_ignore_ascii_case(scheme) && !rest.is_empty()).then_some(rest)
}

fn token<'a>(head: &'a Head, header: &[u8]) -> Option<&'a [u8]> {
    credentials(head, header, b"bearer")
}

/// Name and password.
fn basic(head: &Head) -> Option<(Vec<u8>, Vec<u8>)> {
    let mut text = decode(credentials(head, b"authorization", b"basic")?)?;
    let colon = memchr::memchr(b':', &text)?;
    let password = text.split_off(colon + 1);
    text.truncate(colon);
    Some((text, password))
}

/// Base 64 with its padding (RFC 4648, section 4).
fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let body = text.strip_suffix(b"==").or_else(|| text.strip_suffix(b"=")).unwrap_or(text);
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    for group in body.chunks(4) {
        let mut bits = 0u32;
        for byte in group {
            let digit = match byte {
                b'A'..=b'Z' => byte - b'A',
                b'a'..=b'z' => byte - b'a' + 26,
                b'0'..=b'9' => byte - b'0' + 52,
                b'+' => 62,
                b'/' => 63,
                _ => return None,
            };
            bits = bits << 6 | u32::from(digit);
        }
        bits <<= 6 * (4 - group.len());
        let bytes = bits.to_be_bytes();
        out.extend_from_slice(bytes.get(1..group.len()).filter(|bytes| !bytes.is_empty())?);
    }
    text.len().is_multiple_of(4).then_some(out)
}
