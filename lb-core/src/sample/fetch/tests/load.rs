//! How busy backends and servers are: numbers of haproxy 2.6.12 for idle ones.

use std::sync::Arc;

use crate::backend::{Assign, AssignRequest};
use crate::config::Config;
use crate::net::{Inherited, SystemOptions};
use crate::sample::context::{Context, Known, Settings};
use crate::sample::names::{Names, ProxyHeader};
use crate::sample::{Expression, Scope};
use crate::topology::Topology;

const CONFIG: &str = "defaults\n mode http\n timeout server 3s\n timeout client 4s\n\
backend off\n disabled\n server s1 127.0.0.1:1\n\
backend b1\n server s1 127.0.0.1:1 maxconn 5 maxqueue 7 weight 10\n server s2 127.0.0.1:1 maxconn 6 weight 20\n\
backend b2\n server s1 127.0.0.1:1 maxconn 5 maxqueue 7\n server s2 127.0.0.1:1 maxconn 6 maxqueue 8 backup\n\
\x20server s3 127.0.0.1:1 maxconn 9 maxqueue 9 disabled\n\
backend b3\n server s1 127.0.0.1:1 maxconn 5 maxqueue 7 disabled\n\
\x20server s2 127.0.0.1:1 maxconn 6 maxqueue 8 backup\n server s3 127.0.0.1:1 maxconn 3 maxqueue 2 backup\n\
backend b4\n\
backend b5\n option allbackups\n server s1 127.0.0.1:1 maxconn 5 maxqueue 7 disabled\n\
\x20server s2 127.0.0.1:1 maxconn 6 maxqueue 8 backup\n server s3 127.0.0.1:1 maxconn 3 maxqueue 2 backup\n\
backend b6\n server s1 127.0.0.1:1 maxconn 5 maxqueue 7 weight 0\n server s2 127.0.0.1:1 maxconn 6\n\
backend b7\n server s1 127.0.0.1:1 maxconn 5 maxqueue 7\n server s2 127.0.0.1:1 maxqueue 7\n\
frontend f\n bind 127.0.0.1:1\n maxconn 9\n default_backend b1\n";

fn topology() -> (Names, Topology) {
    let config = Config::parse(CONFIG, "t.cfg").unwrap();
    let header = |section: &crate::config::ProxyConfig| ProxyHeader {
        name: section.name.clone(),
        frontend: section.kind.is_frontend(),
        backend: section.kind.is_backend(),
        table: false,
        servers: section.servers.iter().map(|server| server.name.clone()).collect(),
    };
    let names = Names { proxies: config.proxies.iter().map(header).collect(), ..Names::default() };
    let topology = Topology::new(&config, 100, 1, &SystemOptions::default(), &Inherited::default()).unwrap();
    (names, topology)
}

fn parse(names: &Names, text: &str) -> Expression {
    let scope = Scope { names, proxy: None, section: "", file: "t.cfg", line: 1, keyword: "test", ignore_case: false };
    Expression::parse_prefix(text, &scope).unwrap_or_else(|error| panic!("{text}: {error}")).0
}

fn value(names: &Names, context: &Context<'_>, text: &str) -> Option<String> {
    let expression = parse(names, text);
    let bytes = expression.bytes(context)?;
    Some(String::from_utf8(bytes.into_owned()).unwrap())
}

#[test]
fn idle() {
    let (names, topology) = topology();
    let context = Context { topology: Some(&topology), ..Context::default() };
    let number = |text: &str| value(&names, &context, text).map(|text| text.parse::<i64>().unwrap());
    for (backend, free, slots, servers) in [
        ("b1", 11, -1, 2),
        ("b2", 5, 26, 1),
        ("b3", 6, 19, 1),
        ("b4", 0, 0, 0),
        ("b5", 9, 19, 2),
        ("b6", 6, -1, 1),
        ("b7", -1, -1, 2),
    ] {
        let of = |fetch: &str| number(&format!("{fetch}({backend})"));
        assert_eq!(of("be_conn_free"), Some(free), "{backend}");
        assert_eq!(of("connslots"), Some(slots), "{backend}");
        assert_eq!(of("nbsrv"), Some(servers), "{backend}");
        for fetch in ["be_conn", "queue", "avg_queue", "be_sess_rate"] {
            assert_eq!(of(fetch), Some(0), "{fetch} {backend}");
        }
    }
    for (server, free, up, weight) in
        [("b1/s1", 5, 1, 10), ("b1/s2", 6, 1, 20), ("b2/s3", 9, 0, 1), ("b6/s1", 5, 1, 0), ("b7/s2", -1, 1, 1)]
    {
        let of = |fetch: &str| number(&format!("{fetch}({server})"));
        assert_eq!(of("srv_conn_free"), Some(free), "{server}");
        assert_eq!(of("srv_is_up"), Some(up), "{server}");
        for fetch in ["srv_weight", "srv_uweight", "srv_iweight"] {
            assert_eq!(of(fetch), Some(weight), "{fetch} {server}");
        }
        for fetch in ["srv_conn", "srv_queue", "srv_sess_rate"] {
            assert_eq!(of(fetch), Some(0), "{fetch} {server}");
        }
    }
    for fetch in ["fe_conn(f)", "fe_req_rate(f)", "fe_sess_rate(f)"] {
        assert_eq!(number(fetch), Some(0), "{fetch}");
    }
    // HAProxy 2.6 crashes where these are asked for in a backend that is disabled.
    assert_eq!(number("be_conn(off)"), None);
    assert_eq!(number("srv_conn(off/s1)"), None);
}

#[test]
fn busy() {
    let (names, topology) = topology();
    let context = Context { topology: Some(&topology), ..Context::default() };
    let backend = &topology.backends[1].backend;
    assert_eq!(&*backend.name, "b2");
    let mut held = Vec::new();
    let _session = backend.enter();
    for _ in 0..8 {
        held.push(backend.try_assign(&AssignRequest::default()));
    }
    assert!(matches!(held[7], Assign::Queue(_)));
    for (text, expected) in [
        ("be_conn(b2)", "1"),
        ("be_conn_free(b2)", "0"),
        ("srv_conn(b2/s1)", "5"),
        ("srv_conn_free(b2/s1)", "0"),
        ("queue(b2)", "3"),
        ("avg_queue(b2)", "3"),
        ("connslots(b2)", "21"),
    ] {
        assert_eq!(value(&names, &context, text).as_deref(), Some(expected), "{text}");
    }
    // Without any usable server twice the queue is said.
    let server = backend.server("s1").unwrap();
    drop(server);
}

#[test]
fn sections() {
    let (names, topology) = topology();
    let backend: &Arc<_> = &topology.backends[0];
    let server = backend.backend.server("s2").unwrap();
    let context = Context {
        topology: Some(&topology),
        frontend: Some(&topology.frontends[0]),
        backend: Some(backend),
        server: Some(&server),
        ..Context::default()
    };
    for (text, expected) in [
        ("be_name", Some("b1")),
        ("be_server_timeout", Some("3000")),
        ("be_tunnel_timeout", Some("0")),
        ("cur_server_timeout", Some("3000")),
        ("fe_client_timeout", Some("4000")),
        ("fe_name", Some("f")),
        ("fe_defbe", Some("b1")),
        ("srv_name", Some("s2")),
        ("srv_id", Some("2")),
        ("so_name", None),
    ] {
        assert_eq!(value(&names, &context, text).as_deref(), expected, "{text}");
    }
    let settings = Settings { server_timeout: Some(std::time::Duration::from_millis(70)), ..Settings::default() };
    let known = Known { settings, ..Known::default() };
    let context = Context { facts: Some(&known), ..context };
    assert_eq!(value(&names, &context, "cur_server_timeout").as_deref(), Some("70"));
}
