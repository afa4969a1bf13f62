//! Hashed passwords: what is slow to verify keeps nobody else waiting.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use lb_tests::wire::Socket;
use lb_tests::{Instance, Wire};

const CONFIGURATION: &str = "global
  nbthread 1
userlist users
  user u password $6$rounds=60000$saltsalt$okNGCFnNjemxB.l.WNTay6XLL3x6lsOce11AvBFFVlm9n.Qi/JYvEvOcbA7YLbPhptSLR/JE3ymHRQDb6WWnZ/
defaults
  mode http
  timeout client 20s
frontend web
  bind 127.0.0.1:0
  http-request auth unless { path /open } or { http_auth(users) }
  http-request return status 200
";

/// `Authorization` of the user: the base 64 of `u:` and the password.
fn ask(wire: &mut Wire, credentials: &str) {
    wire.send(format!("GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Basic {credentials}\r\n\r\n"));
}

fn has_answer(wire: &Wire) -> bool {
    let Socket::Tcp(socket) = wire.socket() else { return false };
    socket.set_nonblocking(true).unwrap();
    let there = socket.peek(&mut [0]).is_ok();
    socket.set_nonblocking(false).unwrap();
    there
}

#[test]
fn a_worker_serves_others_while_passwords_are_verified() {
    let instance = Instance::start(CONFIGURATION);
    // u:wrong0 to u:wrong3, u:right
    let wrong = ["dTp3cm9uZzA=", "dTp3cm9uZzE=", "dTp3cm9uZzI=", "dTp3cm9uZzM="];
    let mut asking: Vec<Wire> = wrong.iter().map(|_| instance.connect()).collect();
    for (wire, credentials) in asking.iter_mut().zip(wrong) {
        ask(wire, credentials);
    }
    let mut other = instance.connect();
    for _ in 0..3 {
        assert_eq!(other.get("/open").status(), 200);
    }
    assert!(!asking.iter().all(has_answer), "who has no password waits for all who have one");
    for wire in &mut asking {
        assert_eq!(wire.response().status(), 401);
    }
    for _ in 0..2 {
        ask(&mut other, "dTpyaWdodA==");
        assert_eq!(other.response().status(), 200);
    }
}
