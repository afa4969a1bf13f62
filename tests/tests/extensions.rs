//! Sample fetches, converters and actions of the embedding program: used by name in rules, ACLs and log formats.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::net::SocketAddr;

use lb_core::config::{Config, LoadOptions, RuleList, TargetPart};
use lb_core::extension::{Action, ArgType, Converter, Extensions, Fetch, Needs, Outcome, Response};
use lb_core::proxy::Proxy;
use lb_core::sample::{SampleType, Value};
use lb_tests::{LogSink, Message, Origin, Wire};

fn extensions() -> Extensions {
    let tenant = Fetch::new("tenant", SampleType::Str, Needs::Request, |stream, args| {
        let host = stream.request()?.value("host")?;
        let label = host.split(|byte| *byte == b'.').nth(usize::try_from(args.number(0).unwrap_or(0)).ok()?)?;
        Some(Value::str(label))
    })
    .optional_args(&[ArgType::Integer]);
    let of_client = Fetch::new("of_client", SampleType::Bool, Needs::Client, |stream, args| {
        Some(Value::Bool(stream.source()?.ip() == args.ip(0)?))
    })
    .args(&[ArgType::Ipv4]);
    let status = Fetch::new("doubled_status", SampleType::Sint, Needs::Response, |stream, _| {
        Some(Value::Sint(i64::from(stream.response()?.status()) * 2))
    });
    let names = Fetch::new("where", SampleType::Str, Needs::Frontend, |stream, args| {
        let named = |name: Option<&str>| name.unwrap_or("-").to_owned();
        Some(Value::text(format!("{}/{}/{}", named(stream.frontend()), named(stream.backend()), named(args.text(0)))))
    })
    .optional_args(&[ArgType::Server]);
    let broken = Fetch::new("broken", SampleType::Str, Needs::Nothing, |_, _| panic!("a fetch"));
    let repeat = Converter::new("repeat", SampleType::Str, SampleType::Str, |value, args| {
        Some(Value::str(value.raw()?.repeat(usize::try_from(args.number(0)?).ok()?)))
    })
    .args(&[ArgType::Integer])
    .check(|args| match args.number(0) {
        Some(0..=9) => Ok(()),
        _ => Err("expects a number from 0 to 9".to_owned()),
    });
    let broken_converter = Converter::new("broken-too", SampleType::Any, SampleType::Any, |_, _| panic!("a converter"));
    let tag = Action::new("tag", |stream, args| {
        let value = args.bytes(0).unwrap_or_default();
        if stream.set_header("x-tag", value).is_err() {
            return Outcome::Deny(400);
        }
        let seen = stream.variable("txn.seen").map_or(0, |_| 1);
        stream.set_variable("txn.seen", Value::Sint(seen)).expect("a variable");
        stream.del_header("x-gone");
        Outcome::Next
    })
    .args(&[ArgType::Format])
    .rules(&[RuleList::HttpRequest, RuleList::HttpResponse]);
    let answer = Action::new("answer", |_, args| match args.text(0) {
        Some("deny") => Outcome::Deny(429),
        Some("teapot") => Outcome::Reply(Response::new(418, *b"short\n").header("x-pot", "stout").expect("a field")),
        Some("close") => Outcome::Close,
        Some("stop") => Outcome::Stop,
        Some("panic") => panic!("an action"),
        _ => Outcome::Next,
    })
    .optional_args(&[ArgType::Format]);
    let rewrite = Action::new("rewrite", |stream, _| {
        stream.set_target(TargetPart::Path, "/rewritten");
        Outcome::Next
    });
    let admit = Action::new("admit", |stream, _| {
        let known = stream.source().is_some_and(|source| source.ip().is_loopback());
        stream.set_variable("sess.known", Value::Bool(known)).expect("a variable");
        if known { Outcome::Next } else { Outcome::Close }
    })
    .rules(&[RuleList::TcpConnection, RuleList::TcpContent]);
    let fetches = [tenant, of_client, status, names, broken];
    let registry = fetches.into_iter().fold(Extensions::new(), |all, fetch| all.fetch(fetch).expect("a name"));
    let registry = registry.converter(repeat).unwrap().converter(broken_converter).unwrap();
    [tag, answer, rewrite, admit].into_iter().fold(registry, |all, action| all.action(action).expect("a name"))
}

const DEFAULTS: &str = "global\n  nbthread 1\ndefaults\n  mode http\n  timeout client 20s\n  timeout server 20s\n  \
                        timeout connect 20s\n";

fn start(extensions: &Extensions, sections: &str) -> Proxy {
    let text = format!("{DEFAULTS}{sections}");
    Proxy::builder().extensions(extensions).text("test.cfg", text).start().expect("an instance")
}

fn address(proxy: &Proxy) -> SocketAddr {
    proxy.listeners()[0].address.expect("an IP listener")
}

fn get(proxy: &Proxy, path: &str) -> Message {
    let mut client = Wire::connect(address(proxy));
    client.send(format!("GET {path} HTTP/1.1\r\nHost: acme.example.org\r\nX-Gone: 1\r\n\r\n"));
    client.response()
}

#[test]
fn they_are_used_by_name() {
    let origin = Origin::saying("served");
    let logs = LogSink::new();
    let extensions = extensions();
    let port = lb_tests::HeldPort::new();
    let proxy = start(
        &extensions,
        &format!(
            "frontend web\n  bind {}\n  log {} local0\n  log-format \"%[tenant] %[doubled_status] %ST\"\n  \
             tcp-request connection admit\n  acl acme tenant -m beg ac\n  acl second tenant(1),repeat(2) \
             exampleexample\n  http-request tag \"%[tenant,repeat(2)] %ci\" if acme second {{ of_client(127.0.0.1) }}\n  \
             http-request set-header x-known %[var(sess.known)]\n  http-request set-header x-where \
             %[where(app/s1)]\n  http-request set-header x-broken \"<%[broken]%[str(a),broken-too]>\"\n  http-request \
             rewrite if {{ path /old }}\n  http-response tag %[doubled_status]\n  default_backend app\nbackend app\n  \
             server s1 {}\n",
            port.address(),
            logs.address(),
            origin.address()
        ),
    );
    let answer = get(&proxy, "/old");
    assert_eq!((answer.status(), answer.header("x-tag")), (200, Some("400")));
    let seen = origin.request();
    let field = |name: &str| seen.header(name);
    assert_eq!((field("x-tag"), field("x-known")), (Some("acmeacme 127.0.0.1"), Some("1")));
    assert_eq!((field("x-where"), field("x-broken")), (Some("web/-/app/s1"), Some("<>")));
    assert_eq!((field("x-gone"), seen.target()), (None, "/rewritten"));
    assert_eq!(logs.text(), "acme 400 200");
    assert_eq!(extensions.panics(), 2);
}

#[test]
fn actions_answer_and_one_that_panics_refuses() {
    let extensions = extensions();
    let port = lb_tests::HeldPort::new();
    let proxy = start(
        &extensions,
        &format!(
            "frontend web\n  bind {}\n  http-request answer %[path,field(2,/)]\n  http-request return status 200\n",
            port.address()
        ),
    );
    let teapot = get(&proxy, "/teapot");
    assert_eq!(
        (teapot.status(), teapot.header("x-pot"), String::from_utf8_lossy(&teapot.body).as_ref()),
        (418, Some("stout"), "short\n")
    );
    assert_eq!(get(&proxy, "/deny").status(), 429);
    assert_eq!(get(&proxy, "/panic").status(), 500);
    assert_eq!(get(&proxy, "/none").status(), 200);
    assert_eq!(get(&proxy, "/stop").status(), 503, "what follows is not looked at, and there is no backend");
    let mut client = Wire::connect(address(&proxy));
    client.send("GET /close HTTP/1.1\r\nHost: a\r\n\r\n").expect_end();
    assert_eq!(extensions.panics(), 1);
}

#[test]
fn what_is_wrong_is_refused_when_the_configuration_is_read() {
    let options = LoadOptions { extensions: extensions(), ..LoadOptions::default() };
    let refused = |line: &str| {
        let text = format!("{DEFAULTS}frontend web\n  bind 127.0.0.1:8080\n  {line}\n");
        let error = Config::parse_with(&text, "t.cfg", &options).expect_err(line);
        error.diagnostics.iter().map(|fault| fault.message.clone()).collect::<Vec<_>>().join("|")
    };
    let mut faults = Vec::new();
    for (line, wanted) in [
        ("http-request set-header x %[tenant(a)]", "failed to parse 'a' as type 'integer' at position 1"),
        ("http-request set-header x %[of_client]", "expected type 'IPv4 address' at position 1, but got nothing"),
        ("http-request set-header x %[tennant]", "unknown fetch method 'tennant'; did you mean 'tenant' maybe ?"),
        ("http-request set-header x %[src,repaet(2)]", "unknown converter 'repaet'; did you mean 'repeat' maybe ?"),
        ("http-request set-header x %[src,repeat(12)]", "expects a number from 0 to 9"),
        (
            "http-request set-header x %[doubled_status]",
            "because it needs 'HTTP response headers' which is not available here",
        ),
        ("http-request tga x", "Did you mean 'tag' maybe ?"),
        ("http-request tag", "missing arguments (got 0/1), type 'format' expected"),
        ("http-request tag %[nothing]", "unknown fetch method 'nothing'"),
        ("http-request tag x y", "expects either 'if' or 'unless' followed by a condition but found 'y'"),
        ("http-after-response tag x", "but got 'tag'"),
        ("http-request admit", "but got 'admit'"),
        ("acl a tennant b", "did you mean 'tenant' maybe ?"),
        ("http-request set-header x %[where(none/s)]", "unable to find proxy 'none' referenced in"),
    ] {
        let said = refused(line);
        if !said.contains(wanted) {
            faults.push(format!("{line}: {said}"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    // Without them their names mean nothing.
    let text = format!("{DEFAULTS}frontend web\n  bind 127.0.0.1:8080\n  http-request tag x\n");
    assert!(Config::parse(&text, "t.cfg").is_err());
}
