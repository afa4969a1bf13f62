//! The library as another program uses it: instances that know nothing of each other.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::net::SocketAddr;

use lb_core::config::{Address, Config};
use lb_core::events::{self, Event};
use lb_core::proxy::{Proxy, StartOptions};
use lb_tests::{PATIENCE, Wire};

/// A configuration whose listeners are on ports that the kernel picks.
fn parse(text: &str) -> Config {
    let mut config = Config::parse(&text.replace("127.0.0.1:0", "127.0.0.1:1"), "test.cfg").expect("a configuration");
    for address in config.proxies.iter_mut().flat_map(|proxy| &mut proxy.binds).flat_map(|bind| &mut bind.addresses) {
        if let Address::Inet(inet) = address {
            inet.set_port(0);
        }
    }
    config
}

fn address(proxy: &Proxy) -> SocketAddr {
    proxy.listeners()[0].address.expect("an IP listener")
}

/// The status of an answer, and one of its fields.
fn get(proxy: &Proxy, path: &str, field: &str) -> (u16, Option<String>) {
    let mut client = Wire::connect(address(proxy));
    client.send(format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n"));
    let answer = client.response();
    (answer.status(), answer.header(field).map(str::to_owned))
}

#[test]
fn instances_of_one_configuration_have_their_own_acls_and_maps() {
    let directory = tempfile::tempdir().unwrap();
    let map = directory.path().join("a.map");
    std::fs::write(&map, "/one first\n").unwrap();
    let map = map.display();
    let config = parse(&format!(
        "defaults\n  mode http\n  timeout client 20s\nfrontend web\n  bind 127.0.0.1:0\n  \
         acl closed path -u 9 /closed\n  http-request deny if closed\n  http-request set-map({map}) /set %[path] if {{ \
         path /set }}\n  http-request return status 200 hdr x-map %[path,map({map},none)]\n"
    ));
    let start = || Proxy::start(config.clone(), StartOptions::default()).expect("an instance");
    let (one, other) = (start(), start());
    let answers = |proxy: &Proxy| {
        let map = |path| get(proxy, path, "x-map").1.unwrap_or_default();
        (get(proxy, "/closed", "x-map").0, get(proxy, "/open", "x-map").0, map("/one"), map("/two"))
    };
    let first = (403, 200, "first".to_owned(), "none".to_owned());
    assert_eq!((answers(&one), answers(&other)), (first.clone(), first.clone()));

    one.execute("add acl #9 /open").unwrap();
    one.execute("del acl #9 /closed").unwrap();
    one.execute(&format!("set map {map} /one other")).unwrap();
    one.execute(&format!("add map {map} /two second")).unwrap();
    get(&one, "/set", "x-map");
    let changed = (200, 403, "other".to_owned(), "second".to_owned());
    assert_eq!((answers(&one), answers(&other)), (changed.clone(), first.clone()));
    let keys = |proxy: &Proxy| proxy.map(&map.to_string()).unwrap().entries().len();
    assert_eq!((keys(&one), keys(&other)), (3, 1));

    // One that starts later begins with what the configuration says, whatever became of those before it.
    drop(one);
    assert_eq!((answers(&start()), answers(&other)), (first.clone(), first));
}

#[test]
fn log_records_come_as_events_to_those_who_want_them() {
    let text = "defaults\n  mode http\n  timeout client 20s\nfrontend web\n  bind 127.0.0.1:0\n  log-format \
                \"%ST %HP\"\n  http-request return status 204\n";
    let (sender, mut early) = events::channel(16);
    let options = StartOptions { events: vec![sender.with_logs()], ..StartOptions::default() };
    let proxy = Proxy::start(parse(text), options).expect("an instance");
    let mut plain = proxy.events();
    let logged = |events: &mut events::Events| loop {
        match events.recv_timeout(PATIENCE).expect("an event") {
            Event::Logged(logged) => return (logged.record.status, String::from_utf8_lossy(&logged.line).into_owned()),
            Event::Started => {}
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(get(&proxy, "/one", "x").0, 204);
    assert_eq!(logged(&mut early), (204, "204 /one".to_owned()));

    let mut late = proxy.events_and_logs(16);
    drop(early);
    assert_eq!(get(&proxy, "/two", "x").0, 204);
    assert_eq!(logged(&mut late), (204, "204 /two".to_owned()));
    proxy.stop();
    proxy.wait();
    assert!(matches!(plain.next(), Some(Event::Stopped)), "no log record came here");
}
