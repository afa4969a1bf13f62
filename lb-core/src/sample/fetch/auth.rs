//! Credentials of a request (configuration.txt, section 7.3.6; RFC 7617, RFC 6750).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{Arg, ArgSpec, Context, Fetch, REQUEST, SampleType, Value};
use crate::http::message::Head;
use crate::rules::auth::is_proxied;
use crate::sample::ArgKind;

const USERLIST: ArgSpec = ArgSpec::all(&[ArgKind::Userlist]);

pub(super) const FETCHES: &[Fetch] = &[
    Fetch::one(REQUEST, "http_auth", SampleType::Bool, |context, args| {
        let (name, password) = basic(context, context.request_head()?)?;
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
            let (name, password) = basic(context, context.request_head()?)?;
            groups(context, args, &name, &password).map(|_| Value::Str(name.into()))
        },
        |context, args, each| {
            if let Some((name, password)) = context.request_head().and_then(|head| basic(context, head)) {
                let groups = groups(context, args, &name, &password).unwrap_or_default();
                groups.iter().any(|group| each(Value::str(&**group)));
            }
        },
    )
    .args(USERLIST),
    Fetch::one(REQUEST, "http_auth_pass", SampleType::Str, |context, _| {
        basic(context, context.request_head()?).map(|(_, password)| Value::Str(password.into()))
    }),
    Fetch::one(REQUEST, "http_auth_type", SampleType::Str, |context, _| {
        let head = context.request_head()?;
        let kind: &[u8] =
            if basic(context, head).is_some() { b"Basic" } else { token(head, b"authorization").map(|_| b"Bearer")? };
        Some(Value::str(kind))
    }),
    Fetch::one(REQUEST, "http_auth_user", SampleType::Str, |context, _| {
        basic(context, context.request_head()?).map(|(name, _)| Value::Str(name.into()))
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

/// Name and password; those for a proxy where the frontend says that it stands before one.
fn basic(context: &Context<'_>, head: &Head) -> Option<(Vec<u8>, Vec<u8>)> {
    basic_credentials(head, context.frontend.is_some_and(|frontend| frontend.config.options.http_use_proxy_header))
}

/// Name and password of a request; those for a proxy, of a request that is sent to one, with `before_proxy`.
pub(crate) fn basic_credentials(head: &Head, before_proxy: bool) -> Option<(Vec<u8>, Vec<u8>)> {
    let header: &[u8] = match before_proxy && is_proxied(head) {
        true => b"proxy-authorization",
        false => b"authorization",
    };
    let mut text = STANDARD.decode(credentials(head, header, b"basic")?).ok()?;
    let colon = memchr::memchr(b':', &text)?;
    let password = text.split_off(colon + 1);
    text.truncate(colon);
    Some((text, password))
}
