//! Fetches against what haproxy 2.6.12 answered for the same bytes.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod acl;
mod arguments;
mod auth;
mod cookies;
mod distcc;
mod headers;
mod hello;
mod load;
mod parameters;
mod payload;
mod process;
mod rdp;
mod request;
mod response;
mod tables;
mod tcp_http;

use crate::http::h1::parse::{Limits, Parsed, parse_request, parse_response};
use crate::http::message::Head;
use crate::sample::context::{Buffered, Context, Peek};
use crate::sample::names::{Names, ProxyHeader};
use crate::sample::{Expression, Place, Scope};

/// Expressions and their values; `None` where there is none.
type Expected = &'static [(&'static str, Option<&'static [u8]>)];

/// Parses an expression in a section `p`, which has a server `s`; there is a userlist `l`.
fn parse(text: &str) -> Result<Expression, String> {
    let proxy = ProxyHeader {
        name: "p".to_owned(),
        frontend: true,
        backend: true,
        table: false,
        servers: vec!["s".to_owned()],
    };
    let names = Names { proxies: vec![proxy], userlists: vec!["l".to_owned()], ..Names::default() };
    let scope = Scope {
        names: &names,
        proxy: Some(0),
        section: "p",
        file: "t.cfg",
        line: 1,
        keyword: "http-request expression",
        ignore_case: false,
    };
    match Expression::parse_prefix(text, &scope) {
        Ok((_, length)) if length < text.len() => Err(format!("trailing: {}", &text[length..])),
        Ok((expression, _)) => Ok(expression),
        Err(error) => Err(error.to_string()),
    }
}

fn expression(text: &str) -> Expression {
    parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// A head and what follows it.
fn request(bytes: &[u8]) -> (Head, &[u8]) {
    let mut head = Head::default();
    match parse_request(bytes, &Limits::default(), false, &mut head) {
        Parsed::Complete { len } => (head, &bytes[len..]),
        other => panic!("{}: {other:?}", bytes.escape_ascii()),
    }
}

fn response(bytes: &[u8]) -> (Head, &[u8]) {
    let mut head = Head::default();
    match parse_response(bytes, &Limits::default(), false, &mut head) {
        Parsed::Complete { len } => (head, &bytes[len..]),
        other => panic!("{}: {other:?}", bytes.escape_ascii()),
    }
}

fn everything(bytes: &[u8]) -> Buffered<'_> {
    Buffered { bytes, complete: true, full: false, announced: None }
}

/// Compares the value of an expression, as text.
fn check(context: &Context<'_>, text: &str, expected: Option<&[u8]>, input: &[u8]) {
    let expression = expression(text);
    let value = expression.evaluate(context);
    let value = value.as_ref().map(|value| value.raw().map_or_else(|| value.clone().into_bytes(), Into::into));
    let show = |bytes: Option<&[u8]>| bytes.map(|bytes| bytes.escape_ascii().to_string());
    assert_eq!(show(value.as_deref()), show(expected), "{text} of {}", input.escape_ascii());
}

fn check_requests(cases: &[(&'static [u8], Expected)]) {
    for (bytes, expected) in cases {
        let (head, body) = request(bytes);
        let context =
            Context { request: Some(&head), request_data: everything(body), last: true, ..Context::default() };
        for (text, value) in *expected {
            check(&context, text, *value, bytes);
        }
    }
}

/// What comes of bytes behind which more may follow.
enum Outcome {
    Value(&'static [u8]),
    Nothing,
    /// Nothing yet.
    Wait,
}

/// Expressions and what comes of them.
type Outcomes = &'static [(&'static str, Outcome)];

fn check_bytes(cases: &[(&'static [u8], Outcomes)]) {
    for (bytes, expected) in cases {
        let peek = Peek::default();
        let context = Context {
            place: Place::FrontendContent,
            request_data: Buffered { bytes, ..Buffered::default() },
            peek: Some(&peek),
            ..Context::default()
        };
        for (text, outcome) in *expected {
            context.may_change.set(false);
            match outcome {
                Outcome::Value(value) => check(&context, text, Some(value), bytes),
                Outcome::Nothing | Outcome::Wait => {
                    check(&context, text, None, bytes);
                    let waits = matches!(outcome, Outcome::Wait);
                    assert_eq!(context.may_change.get(), waits, "{text} of {}", bytes.escape_ascii());
                }
            }
        }
    }
}

fn check_responses(cases: &[(&'static [u8], Expected)]) {
    for (bytes, expected) in cases {
        let (head, body) = response(bytes);
        let context = Context {
            place: Place::BackendResponse,
            response: Some(&head),
            response_data: everything(body),
            ..Context::default()
        };
        for (text, value) in *expected {
            check(&context, text, *value, bytes);
        }
    }
}
