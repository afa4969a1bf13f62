//! Which server gets a request: the same one as with HAProxy 2.6.12.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;

use lb_core::backend::{Assign, AssignRequest, Backend};
use lb_core::config::Config;
use lb_tests::process::haproxy;
use lb_tests::{Origin, Side, Wire};

/// One worker, and an origin in the same process; the backend is what `x-be` names, and the answer tells the server.
const AROUND: &str = "global
  nbthread 1
  stats socket {dir}/stats level admin
defaults
  mode http
  timeout connect 10s
  timeout client 30s
  timeout server 30s
frontend fe
  bind {listen0}
  http-request set-src hdr(x-ip) if { hdr(x-ip) -m found }
  use_backend %[req.hdr(x-be)]
  http-response set-header x-s %[srv_id]
frontend origin
  bind unix@{dir}/origin
  http-request return status 200
";

/// One worker, for connections.
const AROUND_TCP: &str = "global
  nbthread 1
  stats socket {dir}/stats level admin
defaults
  mode tcp
  timeout connect 10s
  timeout client 30s
  timeout server 30s
";

/// A backend whose servers are the origin: ids, weights and what else stands on their lines.
fn farm(name: &str, lines: &str, servers: &[(u32, u32, &str)]) -> String {
    let mut text = format!("backend {name}\n  {}\n", lines.replace('|', "\n  "));
    for (id, weight, more) in servers {
        writeln!(text, "  server s{id} unix@{{dir}}/origin id {id} weight {weight} {more}").unwrap();
    }
    text
}

fn weighted(weights: &[u32]) -> Vec<(u32, u32, &'static str)> {
    (1..).zip(weights).map(|(id, weight)| (id, *weight, "")).collect()
}

fn get(backend: &str, target: &str, fields: &[(&str, &str)]) -> String {
    let mut text = format!("GET {target} HTTP/1.1\r\nhost: host.com\r\nx-be: {backend}\r\n");
    for (name, value) in fields {
        write!(text, "{name}: {value}\r\n").unwrap();
    }
    text + "\r\n"
}

fn post(backend: &str, target: &str, body: &str) -> String {
    format!(
        "POST {target} HTTP/1.1\r\nhost: host.com\r\nx-be: {backend}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// The ids of the servers that requests get, which are sent in one connection.
fn ids(side: &Side, requests: &[String]) -> Vec<u32> {
    let mut wire = side.connect(0);
    let mut ids = Vec::with_capacity(requests.len());
    for some in requests.chunks(64) {
        wire.send(some.concat());
        ids.extend(some.iter().map(|request| {
            let response = wire.response();
            let id: Option<u32> = response.header("x-s").and_then(|id| id.parse().ok());
            id.unwrap_or_else(|| panic!("{request} {response:?}"))
        }));
    }
    ids
}

/// Asks both programs, and compares.
fn compare(haproxy: &Path, configuration: &str, requests: &[String]) {
    let sides = [Side::start(Some(haproxy), configuration, 1), Side::start(None, configuration, 1)];
    compare_sides(&sides, requests);
}

fn compare_sides(sides: &[Side; 2], requests: &[String]) {
    let [expected, got] = sides.each_ref().map(|side| ids(side, requests));
    let differ: Vec<String> = requests
        .iter()
        .zip(expected.iter().zip(&got))
        .filter(|(_, (expected, got))| expected != got)
        .map(|(request, (expected, got))| format!("{expected} not {got}: {request:?}"))
        .collect();
    let shown = differ.get(..10).unwrap_or(&differ);
    assert!(differ.is_empty(), "{} of {} differ:\n{}", differ.len(), requests.len(), shown.join("\n"));
}

/// Ten thousand requests for each algorithm and set of weights: HAProxy's over sockets, ours by calls.
#[test]
fn ten_thousand_turns_are_haproxys() {
    let Some(haproxy) = haproxy() else { return };
    let sets: [&[u32]; 3] = [&[1, 1, 1], &[10, 3, 8, 24, 1, 6], &[100, 255, 7]];
    let mut cases = Vec::new();
    for algorithm in ["roundrobin", "static-rr", "leastconn", "first"] {
        // What the order depends on besides the weights is looked at elsewhere.
        let sets = if algorithm.contains("rr") || algorithm == "roundrobin" { &sets[..] } else { &sets[..1] };
        cases.extend(sets.iter().map(|weights| (algorithm, *weights)));
    }
    let mut text = AROUND.to_owned();
    for (index, (algorithm, weights)) in cases.iter().enumerate() {
        text += &farm(&format!("b{index}"), &format!("balance {algorithm}"), &weighted(weights));
    }
    let side = Side::start(Some(&haproxy), &text, 1);
    let config = Config::parse(&text.replace("{listen0}", "127.0.0.1:1").replace("{dir}", "/tmp"), "F").unwrap();
    for (index, (algorithm, weights)) in cases.iter().enumerate() {
        let name = format!("b{index}");
        let expected = ids(&side, &vec![get(&name, "/", &[]); 10_000]);
        let proxy = config.proxies.iter().find(|proxy| proxy.name == name).unwrap();
        let backend = Arc::new(Backend::new(proxy, 1));
        let pick = || match backend.try_assign(&AssignRequest::default()) {
            Assign::Server(assignment) => assignment.server.id,
            other => panic!("{other:?}"),
        };
        let got: Vec<u32> = (0..10_000).map(|_| pick()).collect();
        let at = expected.iter().zip(&got).position(|(expected, got)| expected != got);
        assert_eq!(at, None, "{algorithm} {weights:?}: {:?} {:?}", &expected[..60], &got[..60]);
    }
}

/// By chance, but by the weights: each server's share is within five standard deviations of what its weight says.
#[test]
fn chance_follows_the_weights() {
    let weights = [1, 2, 5, 12];
    let draws = 20_000.0;
    for algorithm in ["random(1)", "random"] {
        let text = AROUND.to_owned() + &farm("b", &format!("balance {algorithm}"), &weighted(&weights));
        let config = Config::parse(&text.replace("{listen0}", "127.0.0.1:1").replace("{dir}", "/tmp"), "F").unwrap();
        let proxy = config.proxies.iter().find(|proxy| proxy.name == "b").unwrap();
        let backend = Arc::new(Backend::new(proxy, 1));
        let mut counts = [0.0; 4];
        for _ in 0..draws as u32 {
            let Assign::Server(assignment) = backend.try_assign(&AssignRequest::default()) else { panic!("no server") };
            counts[assignment.server.id as usize - 1] += 1.0;
        }
        for (count, weight) in counts.iter().zip(weights) {
            let share = f64::from(weight) / 20.0;
            let deviation = (draws * share * (1.0 - share)).sqrt();
            assert!((count - draws * share).abs() < 5.0 * deviation, "{algorithm} {counts:?}");
        }
    }
}

/// Servers of which one is down, with ids and weights in no order.
const UNEVEN: &[(u32, u32, &str)] = &[(7, 3, ""), (3, 1, ""), (10, 2, "disabled"), (1, 5, ""), (22, 4, ""), (4, 0, "")];

/// Every `hash-type`.
fn hash_types() -> Vec<String> {
    let mut types = Vec::new();
    for method in ["map-based", "consistent"] {
        types.push(method.to_owned());
        for function in ["sdbm", "djb2", "crc32"] {
            types.push(format!("{method} {function}"));
            types.push(format!("{method} {function} avalanche"));
        }
    }
    types
}

/// Words that hosts, parameters and paths are made of.
fn words(count: usize) -> Vec<String> {
    let letters = b"abcdefghijklmnopqrstuvwxyzABCDE0123456789-_~";
    let mut state = 12345u32;
    let mut next = |below: usize| {
        state = state.wrapping_mul(1_103_515_245).wrapping_add(12345);
        (state >> 16) as usize % below
    };
    (0..count)
        .map(|_| {
            let len = 1 + next(24);
            (0..len).map(|_| char::from(letters[next(letters.len())])).collect()
        })
        .collect()
}

#[test]
fn keys_lead_where_haproxy_leads_them() {
    let Some(haproxy) = haproxy() else { return };
    let kinds = [
        "source",
        "uri",
        "uri len 6",
        "uri depth 2",
        "uri whole",
        "uri path-only len 9",
        "url_param id",
        "hdr(x-k)",
        "hash req.fhdr(x-k),lower",
        "hash req.fhdr(x-k),length",
        "hash src",
    ];
    let mut text = AROUND.to_owned();
    let mut requests = Vec::new();
    let words = words(16);
    for (t, hash_type) in hash_types().iter().enumerate() {
        for (k, kind) in kinds.iter().enumerate() {
            let name = format!("b{t}-{k}");
            text += &farm(&name, &format!("balance {kind}|hash-type {hash_type}"), UNEVEN);
            for (index, word) in words.iter().enumerate() {
                let address = match index % 2 {
                    0 => format!("10.{index}.{}.{}", word.len(), index * 7),
                    _ => format!("2001:db8::{index}:{:x}", word.len() * 991),
                };
                let target = format!("/{word}/b/{index}?x=1&id={word}");
                requests.push(get(&name, &target, &[("x-k", word), ("x-ip", &address)]));
            }
        }
    }
    compare(&haproxy, &text, &requests);
}

/// What of a request is the key, and what happens to those without one: they are served in turns.
#[test]
fn odd_keys_are_haproxys() {
    let Some(haproxy) = haproxy() else { return };
    let many = weighted(&[1; 61]);
    let mut text = AROUND.to_owned();
    let mut requests = Vec::new();
    for hash_type in ["map-based", "consistent"] {
        let mut name = |lines: &str| {
            let name = format!("b{}", text.matches("\nbackend ").count());
            text += &farm(&name, &format!("balance {lines}|hash-type {hash_type}"), &many);
            name
        };
        let targets =
            ["/", "/a", "/a/bc/def/gh?x=1/2", "//a//b/", "/a?b?c", "http://host.com/a/b?x", "/?/a/b", "/a/b/c/d/e/f"];
        for kind in
            ["uri", "uri len 3", "uri depth 1", "uri depth 3 whole", "uri whole", "uri path-only", "uri len 8 depth 2"]
        {
            let backend = name(kind);
            requests.extend(targets.iter().map(|target| get(&backend, target, &[])));
        }
        let backend = name("url_param id");
        for query in ["id=a", "id=", "id", "x&id=b", "xid=c", "id=f;g", "ID=h", "id=i&id=j", "id=a%20b", "&&id=k", ""] {
            requests.push(get(&backend, &format!("/?{query}"), &[]));
        }
        let backend = name("url_param id check_post");
        for body in ["id=a", "x=1&id=b", "id=c d", "id=e\r\n", "xid=f", "id=", "id", "?id=g", "a b&id=h"] {
            requests.push(post(&backend, "/", body));
            requests.push(post(&backend, "/?id=z", body));
            requests.push(post(&backend, "/?id", body).replace("POST", "PUT"));
        }
        let backend = name("hdr(x-k)");
        for value in ["abc", "a, b", "", ",x", "\"a,b\",c", "a;q=1,d", "\u{e9}"] {
            requests.push(get(&backend, "/", &[("x-k", value)]));
        }
        requests.push(get(&backend, "/", &[("X-K", "one"), ("x-k", "two")]));
        requests.extend((0..3).map(|_| get(&backend, "/", &[])));
        let backend = name("hdr(x-k) use_domain_only");
        // Something stands behind it: HAProxy looks at the byte there.
        for value in
            ["haproxy.1wt.eu", "www.example.com:80", "localhost", "a.b.c.example.co.uk:80", "x.y.:80", "[::1]:80"]
        {
            requests.push(get(&backend, "/", &[("x-k", value), ("x-z", "1")]));
        }
        for expression in
            ["req.hdr_ip(x-k)", "int(-1)", "always_true", "method", "var(txn.none)", "req.hdr(x-k),bytes(9)"]
        {
            let backend = name(&format!("hash {expression}"));
            requests.push(get(&backend, "/", &[("x-k", "1.2.3.4")]));
            requests.push(get(&backend, "/", &[("x-k", "2001:db8::1")]));
            requests.push(get(&backend, "/", &[]));
        }
        let backend = name("rdp-cookie");
        requests.extend((0..3).map(|_| get(&backend, "/", &[])));
    }
    compare(&haproxy, &text, &requests);
}

/// Servers that go, come back and change their weight while requests come.
#[test]
fn keys_follow_changes_as_in_haproxy() {
    let Some(haproxy) = haproxy() else { return };
    let text = AROUND.to_owned()
        + &farm("m", "balance uri", UNEVEN)
        + &farm("c", "balance uri|hash-type consistent", UNEVEN)
        + &farm("s", "balance static-rr", UNEVEN);
    let sides = [Side::start(Some(&haproxy), &text, 1), Side::start(None, &text, 1)];
    let words = words(60);
    for commands in [
        &["disable server {}/s7"][..],
        &["enable server {}/s10"],
        &["set server {}/s7 state ready", "set weight {}/s22 0%"],
        &["set weight {}/s1 9", "get weight {}/s1"],
        &["set weight {}/s4 2", "get weight {}/s4"],
        &["set weight {}/s22 100%", "set weight {}/s3 50%", "get weight {}/s3", "set server {}/s3 weight 300"],
        &["set weight {}/s3 100%", "set server {}/s1 state drain"],
    ] {
        for backend in ["m", "c", "s"] {
            for command in commands {
                let command = command.replace("{}", backend);
                let [expected, got] = sides.each_ref().map(|side| side.ask(&command));
                assert_eq!(expected, got, "{command}");
            }
        }
        let targets = words.iter().map(|word| format!("/{word}"));
        let requests: Vec<String> = targets.flat_map(|t| [get("m", &t, &[]), get("c", &t, &[])]).collect();
        compare_sides(&sides, &requests);
        // Its turns go on somewhere; what follows on what is the same.
        let turns = sides.each_ref().map(|side| ids(side, &vec![get("s", "/", &[]); 30]));
        let [expected, got] = turns.map(|turns| {
            let mut pairs: Vec<_> = turns.windows(3).map(<[u32]>::to_vec).collect();
            pairs.sort();
            pairs.dedup();
            pairs
        });
        assert_eq!(expected, got, "{commands:?}");
    }
}

/// `hash-balance-factor`: connections that stay open, whose key is always the same, or one of a few.
#[test]
fn bounded_loads_spill_as_in_haproxy() {
    let Some(haproxy) = haproxy() else { return };
    let origins: Vec<Origin> = ["1", "2", "3", "4"]
        .map(|name| {
            Origin::start(move |visit| {
                visit.wire.send(name);
                let _ = visit.wire.try_read_to_end();
            })
        })
        .into();
    for (weights, factor) in [([1, 1, 1, 1], 101), ([1, 2, 3, 1], 150), ([10, 1, 5, 1], 125)] {
        let mut text = AROUND_TCP.to_owned()
            + "listen l\n bind {listen0} accept-proxy\n balance source\n hash-type consistent sdbm\n";
        // HAProxy takes the factor in a listen section as well, though its manual does not say so.
        writeln!(text, " hash-balance-factor {factor}").unwrap();
        for ((origin, weight), id) in origins.iter().zip(weights).zip(1..) {
            writeln!(text, " server s{id} {} weight {weight}", origin.address()).unwrap();
        }
        let served = [Some(&*haproxy), None].map(|program| {
            let side = Side::start(program, &text, 1);
            let mut held: Vec<Wire> = Vec::new();
            let mut next = |address: &str| {
                let mut wire = side.connect(0);
                wire.send(format!("PROXY TCP4 {address} 1.1.1.1 1 1\r\n"));
                let name = String::from_utf8(wire.read_exactly(1).unwrap()).unwrap();
                held.push(wire);
                name
            };
            let same: String = (0..20).map(|_| next("18.52.86.120")).collect();
            let some: String = (0..30).map(|n| next(["200.1.2.3", "1.2.3.4", "99.9.9.9"][n % 3])).collect();
            (same, some)
        });
        assert_eq!(served[0], served[1], "{weights:?} {factor}");
    }
}

/// The cookie of terminal clients, and what happens to those without one.
#[test]
fn keys_of_connections_are_haproxys() {
    let Some(haproxy) = haproxy() else { return };
    let origins: Vec<Origin> = ["1", "2", "3", "4", "5"]
        .map(|name| {
            Origin::start(move |visit| {
                visit.wire.send(name);
                let _ = visit.wire.try_read_to_end();
            })
        })
        .into();
    let mut text = AROUND_TCP.to_owned();
    let kinds = ["rdp-cookie", "rdp-cookie(msts)", "uri"];
    for (index, kind) in kinds.iter().enumerate() {
        writeln!(text, "listen l{index}\n bind {{listen{index}}}\n balance {kind}\n hash-type map-based crc32")
            .unwrap();
        writeln!(text, " tcp-request inspect-delay 10s\n tcp-request content accept if {{ req.len ge 11 }}").unwrap();
        for (origin, id) in origins.iter().zip(1..) {
            writeln!(text, " server s{id} {} weight {}", origin.address(), 1 + id % 3).unwrap();
        }
    }
    let cookie = |name: &str, value: &str| {
        let cookie = format!("Cookie: {name}={value}\r\n");
        let mut bytes = vec![3, 0, 0, (11 + cookie.len()) as u8, (6 + cookie.len()) as u8, 0xe0, 0, 0, 0, 0, 0];
        bytes.extend_from_slice(cookie.as_bytes());
        bytes
    };
    let mut sent = vec![b"no terminal client".to_vec(), b"nor this one here".to_vec()];
    for word in words(10) {
        sent.push(cookie("mstshash", &word));
        sent.push(cookie("MSTS", &word));
        sent.push(format!("{word}............").into_bytes());
    }
    let served = [Some(&*haproxy), None].map(|program| {
        let side = Side::start(program, &text, kinds.len());
        let served = (0..kinds.len()).map(|listener| {
            let name = |bytes: &Vec<u8>| {
                let mut wire = side.connect(listener);
                wire.send(bytes);
                String::from_utf8(wire.read_exactly(1).unwrap()).unwrap()
            };
            sent.iter().map(name).collect::<String>()
        });
        served.collect::<Vec<_>>()
    });
    assert_eq!(served[0], served[1]);
}

/// `slowstart`, at its first step: it is long enough to stay there.
#[test]
fn servers_come_back_slowly_as_in_haproxy() {
    let Some(haproxy) = haproxy() else { return };
    let mut text = AROUND.to_owned();
    for (name, algorithm) in [("r", "roundrobin"), ("s", "static-rr"), ("c", "uri|hash-type consistent")] {
        let servers = [(1, 100, "slowstart 1000s"), (2, 7, ""), (3, 1, "slowstart 1000s")];
        text += &farm(name, &format!("balance {algorithm}"), &servers);
    }
    let sides = [Side::start(Some(&haproxy), &text, 1), Side::start(None, &text, 1)];
    let looks = || {
        sides.each_ref().map(|side| {
            let mut seen = Vec::new();
            let stat = side.ask("show stat");
            let names: Vec<&str> = stat.lines().next().unwrap().trim_start_matches("# ").split(',').collect();
            for line in stat.lines().filter(|line| ["r,", "s,", "c,"].iter().any(|name| line.starts_with(name))) {
                let cells: Vec<&str> = line.split(',').collect();
                let cell = |name: &str| cells[names.iter().position(|other| *other == name).unwrap()].to_owned();
                seen.push(["pxname", "svname", "status", "weight", "uweight", "throttle"].map(cell).join(" "));
            }
            for backend in ["r", "s", "c"] {
                let state = side.ask(&format!("show servers state {backend}"));
                // The name, both states, both weights.
                seen.extend(state.lines().skip(2).map(|line| {
                    let cells: Vec<&str> = line.split(' ').collect();
                    [3, 5, 6, 7, 8].map(|at| cells.get(at).copied().unwrap_or_default()).join(" ")
                }));
                seen.push(side.ask(&format!("get weight {backend}/s1")));
            }
            seen
        })
    };
    let [expected, got] = looks();
    assert_eq!(expected, got, "at the start");
    for commands in [
        &["disable server {}/s1", "disable server {}/s3"][..],
        &["enable server {}/s1", "enable server {}/s3"],
        &["set weight {}/s1 0", "set weight {}/s3 0"],
        &["set weight {}/s1 100%", "set weight {}/s3 100%"],
    ] {
        for backend in ["r", "s", "c"] {
            for command in commands {
                let [expected, got] = sides.each_ref().map(|side| side.ask(&command.replace("{}", backend)));
                assert_eq!(expected, got, "{command}");
            }
        }
        let [expected, got] = looks();
        assert_eq!(expected, got, "{commands:?}");
    }
    let words = words(200);
    let requests: Vec<String> = words.iter().map(|word| get("c", &format!("/{word}"), &[])).collect();
    compare_sides(&sides, &requests);
    // A round of all is 213 sixteenths long.
    let [expected, got] = sides.each_ref().map(|side| {
        let ids = ids(side, &vec![get("r", "/", &[]); 213 * 5]);
        [1, 2, 3].map(|id| ids.iter().filter(|other| **other == id).count())
    });
    assert!(expected.iter().zip(got).all(|(expected, got)| expected.abs_diff(got) <= 2), "{expected:?} {got:?}");
}
