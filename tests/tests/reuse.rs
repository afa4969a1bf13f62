//! `http-reuse`: which requests share server connections (configuration.txt, `http-reuse`).

#![allow(clippy::unwrap_used, clippy::expect_used)]

use lb_tests::{HTTP, Instance, Origin, Wire, eventually};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

fn listen(origin: &Origin, options: &str, server: &str) -> Instance {
    Instance::start(&format!(
        "{HTTP}listen fe\n bind 127.0.0.1:0\n{options}\n server s {} {server}\n",
        origin.address()
    ))
}

fn clients(lb: &Instance, count: usize, requests: usize) -> Vec<Wire> {
    let mut clients: Vec<Wire> = (0..count).map(|_| lb.connect()).collect();
    for _ in 0..requests {
        for client in &mut clients {
            assert_eq!(client.get("/").status(), 200);
        }
    }
    clients
}

/// Three clients take turns, two requests each: how many connections the server sees.
#[test]
fn policies() {
    for (policy, expected) in [
        // A connection per client, kept by it.
        ("never", 3),
        // The first request of each client goes on a connection of its own; from then on they share.
        ("safe", 3),
        // The first requests go on new connections: none was used by two clients yet.
        ("aggressive", 3),
        ("always", 1),
    ] {
        let origin = Origin::answering(OK);
        let lb = listen(&origin, &format!(" http-reuse {policy}"), "");
        let _clients = clients(&lb, 3, 2);
        assert_eq!(origin.connections(), expected, "{policy}");
        assert_eq!(origin.requests().len(), 6);
    }
}

/// With `safe` the second request of a client may use what another client's first one left.
#[test]
fn safe_shares_from_the_second_request_on() {
    let origin = Origin::answering(OK);
    let lb = listen(&origin, " http-reuse safe", "");
    let mut first = lb.connect();
    let mut second = lb.connect();
    first.get("/");
    second.get("/");
    assert_eq!(origin.connections(), 2);
    for _ in 0..3 {
        first.get("/");
        second.get("/");
    }
    assert_eq!(origin.connections(), 2);
}

/// With `aggressive` a first request may use a connection that has served more than one.
#[test]
fn aggressive_reuses_proven_connections() {
    let origin = Origin::answering(OK);
    let lb = listen(&origin, " http-reuse aggressive", "");
    let mut first = lb.connect();
    first.get("/");
    first.get("/");
    lb.connect().get("/");
    assert_eq!(origin.connections(), 1);
}

#[test]
fn a_pool_of_none_keeps_nothing() {
    let origin = Origin::answering(OK);
    let lb = listen(&origin, " http-reuse always", "pool-max-conn 0");
    for _ in 0..3 {
        lb.connect().get("/");
    }
    assert_eq!(origin.connections(), 3);
}

/// A connection that the server closed while it was idle is not used.
#[test]
fn a_closed_idle_connection_is_replaced() {
    let origin = Origin::start(|visit| {
        // Keep-alive is promised and then broken.
        if visit.request().is_some() {
            visit.wire.send(OK);
        }
    });
    let lb = listen(&origin, " http-reuse always", "");
    for i in 1..=5 {
        assert_eq!(lb.connect().get("/").status(), 200);
        assert_eq!(origin.connections(), i);
    }
}

/// Unsolicited bytes on an idle server connection are not the next request's response.
#[test]
fn bytes_after_a_response_poison_the_connection() {
    let origin = Origin::answering(format!("{OK}HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"));
    let lb = listen(&origin, " http-reuse always", "");
    for _ in 0..4 {
        assert_eq!(lb.connect().get("/").text(), "ok");
    }
}

#[test]
fn the_servers_close_is_respected() {
    let origin = Origin::answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    let lb = listen(&origin, " http-reuse always", "");
    for i in 1..=3 {
        lb.connect().get("/");
        assert_eq!(origin.connections(), i);
    }
}

/// A response without a length of its own ends with the connection: it cannot be reused.
#[test]
fn a_close_delimited_response_uses_its_connection_up() {
    let origin = Origin::answering_once("HTTP/1.1 200 OK\r\n\r\nbody");
    let lb = listen(&origin, " http-reuse always", "");
    for i in 1..=3 {
        assert_eq!(lb.connect().get("/").text(), "body");
        assert_eq!(origin.connections(), i);
    }
}

/// A client that leaves in the middle of a response does not leave its rest to the next one.
#[test]
fn an_abandoned_response_is_never_reused() {
    let origin = Origin::start(|visit| {
        while let Some(request) = visit.request() {
            let answer = match request.target() {
                "/half" => "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf",
                _ => OK,
            };
            if visit.wire.try_send(answer).is_err() {
                return;
            }
        }
    });
    let lb = listen(&origin, " http-reuse always", "");
    let mut client = lb.connect();
    client.send("GET /half HTTP/1.1\r\nHost: a\r\n\r\n");
    client.head();
    client.reset();
    assert_eq!(lb.connect().get("/").text(), "ok");
    eventually("two connections", || origin.connections() == 2);
}

/// A server connection that carries a client's address in a PROXY header is that client's own.
#[test]
fn proxied_connections_are_not_shared() {
    let origin = Origin::start(|visit| {
        let mut line = Vec::new();
        while !line.ends_with(b"\r\n") {
            line.extend_from_slice(&visit.wire.read_exactly(1).unwrap_or_default());
            if line.is_empty() {
                return;
            }
        }
        while visit.request().is_some() {
            visit.wire.send(OK);
        }
    });
    let lb = listen(&origin, " http-reuse always", "send-proxy");
    let _clients = clients(&lb, 2, 3);
    assert_eq!(origin.connections(), 2);
}

/// A body that went past the buffers (splice(2)) leaves its connection as fit for reuse as any other.
#[test]
fn a_large_response_leaves_its_connection_for_the_next() {
    let body = "x".repeat(3 << 20);
    let origin = Origin::answering(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()));
    let lb = listen(&origin, "", "");
    let mut client = lb.connect();
    for _ in 0..4 {
        let response = client.get("/");
        assert_eq!((response.status(), response.body.len()), (200, body.len()));
    }
    assert_eq!(origin.connections(), 1);
}
