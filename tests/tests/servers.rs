//! Servers that fail, are busy, or stand by: retries, redispatch, backup servers, queues, clients that leave.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex};

use lb_tests::origin::ClosedPort;
use lb_tests::{HTTP, Instance, LogSink, Origin, PATIENCE, eventually};

fn listen(settings: &str) -> Instance {
    Instance::start(&format!("{HTTP}listen fe\n bind 127.0.0.1:0\n{settings}\n"))
}

/// A door that keeps requests at the origin until it is opened.
#[derive(Clone, Default)]
struct Door(Arc<(Mutex<bool>, Condvar)>);

impl Door {
    fn open(&self) {
        *self.0.0.lock().unwrap() = true;
        self.0.1.notify_all();
    }

    fn pass(&self) {
        let open = self.0.0.lock().unwrap();
        let _open = self.0.1.wait_timeout_while(open, PATIENCE, |open| !*open).unwrap();
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        self.open();
    }
}

fn waiting_origin(door: &Door) -> Origin {
    let door = Door(Arc::clone(&door.0));
    Origin::start(move |visit| {
        while visit.request().is_some() {
            let open = door.0.0.lock().unwrap();
            drop(door.0.1.wait_timeout_while(open, PATIENCE, |open| !*open).unwrap());
            if visit.wire.try_send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").is_err() {
                return;
            }
        }
    })
}

#[test]
fn a_refused_connection_is_retried_and_then_503() {
    let (log, closed) = (LogSink::new(), ClosedPort::new());
    let lb = listen(&format!(
        " log {} local0\n option httplog\n timeout connect 20ms\n retries 2\n server s {}",
        log.address(),
        closed.address()
    ));
    assert_eq!(lb.connect().get("/").status(), 503);
    let line = log.line();
    assert_eq!((line.flags.as_str(), line.backend.as_str()), ("SC--", "fe/s"));
    assert!(line.counts.ends_with("/2"), "{line:?}");
}

#[test]
fn redispatch_finds_another_server() {
    let (log, closed, origin) = (LogSink::new(), ClosedPort::new(), Origin::saying("alive"));
    let lb = listen(&format!(
        " log {} local0\n option httplog\n timeout connect 20ms\n retries 1\n option redispatch\n \
         server dead {}\n server alive {}",
        log.address(),
        closed.address(),
        origin.address()
    ));
    let mut client = lb.connect();
    let mut redispatched = 0;
    for _ in 0..4 {
        assert_eq!(client.get("/").text(), "alive");
        let line = log.line();
        assert_eq!((line.backend.as_str(), line.flags.as_str()), ("fe/alive", "----"));
        redispatched += usize::from(line.counts.ends_with("/+1"));
    }
    assert!(redispatched >= 1);
}

#[test]
fn a_server_that_closes_without_a_word_is_502() {
    let (log, origin) = (LogSink::new(), Origin::start(|visit| drop(visit.request())));
    let lb = listen(&format!(" log {} local0\n option httplog\n server s {}", log.address(), origin.address()));
    assert_eq!(lb.connect().get("/").status(), 502);
    assert_eq!(log.line().flags, "SH--");
}

#[test]
fn a_server_that_resets_within_a_response() {
    let log = LogSink::new();
    let origin = Origin::start(|visit| {
        visit.request();
        visit.wire.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
    });
    let lb = listen(&format!(" log {} local0\n option httplog\n server s {}", log.address(), origin.address()));
    let mut client = lb.connect();
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert!(client.try_response_to("GET").is_err());
    let line = log.line();
    assert_eq!((line.status.as_str(), line.flags.as_str()), ("200", "SD--"));
}

#[test]
fn no_server_is_503() {
    let log = LogSink::new();
    let lb = listen(&format!(" log {} local0\n option httplog", log.address()));
    assert_eq!(lb.connect().get("/").status(), 503);
    let line = log.line();
    assert_eq!((line.flags.as_str(), line.backend.as_str()), ("SC--", "fe/<NOSRV>"));
}

#[test]
fn disabled_servers_get_nothing() {
    let (off, on) = (Origin::saying("off"), Origin::saying("on"));
    let lb = listen(&format!(" server off {} disabled\n server on {}", off.address(), on.address()));
    let mut client = lb.connect();
    for _ in 0..4 {
        assert_eq!(client.get("/").text(), "on");
    }
    let alone = listen(&format!(" server off {} disabled", off.address()));
    assert_eq!(alone.connect().get("/").status(), 503);
    assert_eq!(off.connections(), 0);
}

#[test]
fn backups_serve_only_when_the_others_cannot() {
    let (main, spare, third) = (Origin::saying("main"), Origin::saying("spare"), Origin::saying("third"));
    let servers = |main_state: &str, options: &str| {
        format!(
            "{options}\n server main {} {main_state}\n server spare {} backup\n server third {} backup",
            main.address(),
            spare.address(),
            third.address()
        )
    };
    let answers = |lb: &Instance| {
        let mut client = lb.connect();
        let mut count = BTreeMap::new();
        for _ in 0..4 {
            *count.entry(client.get("/").text()).or_insert(0) += 1;
        }
        count.into_iter().map(|(name, n)| format!("{name}:{n}")).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(answers(&listen(&servers("", ""))), "main:4");
    assert_eq!(answers(&listen(&servers("disabled", ""))), "spare:4");
    assert_eq!(answers(&listen(&servers("disabled", " option allbackups"))), "spare:2 third:2");
}

#[test]
fn roundrobin_takes_turns_by_weight() {
    let (one, three) = (Origin::saying("one"), Origin::saying("three"));
    let lb = listen(&format!(
        " balance roundrobin\n server one {} weight 1\n server three {} weight 3",
        one.address(),
        three.address()
    ));
    let mut client = lb.connect();
    for _ in 0..16 {
        client.get("/");
    }
    assert_eq!((one.requests().len(), three.requests().len()), (4, 12));
}

#[test]
fn a_full_server_queues_and_serves_in_order() {
    let (log, door) = (LogSink::new(), Door::default());
    let origin = waiting_origin(&door);
    let lb =
        listen(&format!(" log {} local0\n option httplog\n server s {} maxconn 1", log.address(), origin.address()));
    let mut clients = Vec::new();
    for i in 0..4 {
        let mut client = lb.connect();
        client.send(format!("GET /{i} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
        if i == 0 {
            eventually("the first request is at the origin", || origin.requests().len() == 1);
        }
        clients.push(client);
    }
    assert_eq!(origin.requests().len(), 1);
    door.open();
    for client in &mut clients {
        assert_eq!(client.response().status(), 200);
    }
    assert_eq!(origin.requests().len(), 4);
    let queued = (0..4).filter(|_| log.line().queues != "0/0").count();
    assert!(queued >= 2, "{queued} requests say that they were queued");
}

#[test]
fn abortonclose_forgets_clients_that_left_the_queue() {
    let (log, door) = (LogSink::new(), Door::default());
    let origin = waiting_origin(&door);
    let lb = listen(&format!(
        " log {} local0\n option httplog\n option abortonclose\n server s {} maxconn 1",
        log.address(),
        origin.address()
    ));
    let mut first = lb.connect();
    first.send("GET /first HTTP/1.1\r\nHost: a\r\n\r\n");
    eventually("the first request is at the origin", || origin.requests().len() == 1);
    let mut second = lb.connect();
    second.send("GET /second HTTP/1.1\r\nHost: a\r\n\r\n");
    drop(second);
    let line = log.line();
    assert_eq!((line.flags.as_str(), line.status.as_str()), ("CQ--", "-1"));
    door.open();
    assert_eq!(first.response().status(), 200);
    assert_eq!(origin.requests().len(), 1);
}

#[test]
fn abortonclose_ends_a_request_whose_client_left() {
    let (log, door) = (LogSink::new(), Door::default());
    let origin = waiting_origin(&door);
    let lb = listen(&format!(
        " log {} local0\n option httplog\n option abortonclose\n server s {}",
        log.address(),
        origin.address()
    ));
    let mut client = lb.connect();
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    eventually("the request is at the origin", || origin.requests().len() == 1);
    drop(client);
    // The door stays shut: only the client's leaving can end this.
    let line = log.line();
    assert_eq!(line.flags, "CH--", "{line:?}");
    door.open();
}

/// Without the option a client that closed its side only is still answered.
#[test]
fn a_half_closed_client_is_answered() {
    let door = Door::default();
    let origin = waiting_origin(&door);
    let lb = listen(&format!(" server s {}", origin.address()));
    let mut client = lb.connect();
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").finish();
    eventually("the request is at the origin", || origin.requests().len() == 1);
    door.open();
    assert_eq!(client.response().status(), 200);
    client.expect_end();
    door.pass();
}
