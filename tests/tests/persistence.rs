//! Cookies that lead to servers while servers and secrets change, and the cookie of terminal clients.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::net::SocketAddr;

use lb_tests::message::Message;
use lb_tests::{HTTP, Instance, Origin, Wire, eventually};

/// Asks with a cookie; says which server answered, and what the cookie is to be.
fn ask(lb: &Instance, cookie: &str) -> (String, Option<String>) {
    let mut wire = lb.connect();
    wire.send(format!("GET / HTTP/1.1\r\nHost: h\r\nCookie: {cookie}\r\n\r\n"));
    let response: Message = wire.response();
    (response.text(), response.header("set-cookie").map(str::to_owned))
}

/// The cookie of a `Set-Cookie` field.
fn cookie(field: &str) -> &str {
    field.split(';').next().unwrap()
}

#[test]
fn dynamic_cookies_follow_addresses_and_secrets() {
    let (one, two) = (Origin::saying("one"), Origin::saying("two"));
    let lb = Instance::start(&format!(
        "{HTTP}listen fe\n bind 127.0.0.1:0\n cookie X insert indirect dynamic\n dynamic-cookie-key secret\n \
         server a {}\n server b {} disabled\n",
        one.address(),
        two.address()
    ));
    let say = |command: &str| lb.proxy().execute(command).unwrap();
    let (who, set) = ask(&lb, "none=1");
    let first = cookie(&set.unwrap()).to_owned();
    assert_eq!((who.as_str(), first.len()), ("one", "X=".len() + 16));
    assert_eq!(ask(&lb, &first), ("one".to_owned(), None));
    let stat = say("show stat");
    assert!(stat.contains(first.strip_prefix("X=").unwrap()), "{stat}");

    say("set dynamic-cookie-key backend fe other");
    let second = cookie(&ask(&lb, &first).1.unwrap()).to_owned();
    assert_ne!(first, second);
    assert_eq!(ask(&lb, &second), ("one".to_owned(), None));

    say(&format!("set server fe/a addr 127.0.0.1 port {}", two.address().port()));
    let (who, set) = ask(&lb, &second);
    assert_eq!(who, "two");
    assert_ne!(cookie(&set.unwrap()), second);

    // A server that comes later has one like the others.
    say(&format!("add server fe/c {}", one.address()));
    say("enable server fe/c");
    assert_eq!(ask(&lb, &second), ("one".to_owned(), None));

    say("disable dynamic-cookie backend fe");
    assert_eq!(cookie(&ask(&lb, &second).1.unwrap()), "X=");
    say("enable dynamic-cookie backend fe");
    assert_eq!(ask(&lb, &second), ("one".to_owned(), None));
    for (command, expected) in [
        ("enable dynamic-cookie backend none", "No such backend."),
        ("enable dynamic-cookie backend", "A backend name is expected."),
        ("set dynamic-cookie-key backend fe", "String value expected."),
    ] {
        assert_eq!(lb.proxy().execute(command).unwrap_err().to_string(), expected, "{command}");
    }
}

#[test]
fn a_cookie_leads_to_a_server_that_drains_and_not_to_one_in_maintenance() {
    let (one, two) = (Origin::saying("one"), Origin::saying("two"));
    let lb = Instance::start(&format!(
        "{HTTP}listen fe\n bind 127.0.0.1:0\n cookie X insert indirect\n server a {} cookie A\n server b {} cookie B\n",
        one.address(),
        two.address()
    ));
    let say = |command: &str| lb.proxy().execute(command).unwrap();
    let kept = ("one".to_owned(), None);
    let moved = ("two".to_owned(), Some("X=B; path=/".to_owned()));
    assert_eq!(ask(&lb, "X=A"), kept);
    say("set server fe/a state drain");
    assert_eq!(ask(&lb, "X=A"), kept);
    assert_eq!(ask(&lb, "X=Z"), moved);
    say("set server fe/a state maint");
    assert_eq!(ask(&lb, "X=A"), moved);
    say("set server fe/a state ready");
    say("set server fe/a weight 0");
    assert_eq!(ask(&lb, "X=A"), kept);
    say("disable server fe/a");
    // The last stream leaves it a moment after its answer.
    eventually("nothing uses the server", || lb.proxy().execute("del server fe/a").is_ok());
    assert_eq!(ask(&lb, "X=A"), moved);
}

/// What a terminal client sends first, with the cookie that names a server.
fn terminal_client(server: SocketAddr) -> Vec<u8> {
    let SocketAddr::V4(server) = server else { panic!("not IPv4") };
    let address = u32::from_le_bytes(server.ip().octets());
    let cookie = format!("Cookie: msts={address}.{}.0000\r\n", server.port().swap_bytes());
    let mut bytes = vec![3, 0, 0, (11 + cookie.len()) as u8, (6 + cookie.len()) as u8, 0xe0, 0, 0, 0, 0, 0];
    bytes.extend_from_slice(cookie.as_bytes());
    bytes
}

#[test]
fn a_terminal_client_comes_back_to_its_server() {
    let greeting = |name: &'static str| Origin::start(move |visit| drop(visit.wire.try_send(name)));
    let (one, two) = (greeting("one"), greeting("two"));
    let lb = Instance::start(&format!(
        "defaults\n timeout connect 5s\n timeout client 5s\n timeout server 5s\nlisten fe\n bind 127.0.0.1:0\n \
         tcp-request inspect-delay 5s\n tcp-request content accept if RDP_COOKIE\n persist rdp-cookie\n server a {}\n \
         server b {}\n",
        one.address(),
        two.address()
    ));
    let greeted = |server: SocketAddr| {
        let mut wire: Wire = lb.connect();
        wire.send(terminal_client(server));
        String::from_utf8(wire.try_read_to_end().unwrap()).unwrap()
    };
    for _ in 0..3 {
        assert_eq!(greeted(two.address()), "two");
        assert_eq!(greeted(one.address()), "one");
    }
    lb.proxy().execute("disable server fe/b").unwrap();
    assert_eq!(greeted(two.address()), "one");
}
