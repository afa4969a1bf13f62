//! What must hold when peers misbehave and instances end at bad moments.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::sync::{Arc, Mutex, mpsc};
use std::thread;

use lb_core::config::Config;
use lb_core::proxy::{Proxy, StartOptions};
use lb_tests::origin::ClosedPort;
use lb_tests::{HTTP, Instance, Origin, PATIENCE, TCP, Wire};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

fn listen(origin: &Origin, globals: &str) -> Instance {
    let server = origin.address();
    Instance::start(&format!("global\n{globals}\n{HTTP}listen fe\n bind 127.0.0.1:0\n server s {server}\n"))
}

#[test]
fn a_head_that_is_too_large_is_answered_while_it_is_still_sent() {
    let origin = Origin::answering(OK);
    let lb = listen(&origin, "");
    let mut client = lb.connect();
    client.send(format!("GET / HTTP/1.1\r\nX: {}", "a".repeat(300_000)));
    assert_eq!(client.response().status(), 400);
    client.expect_end();
}

#[test]
fn the_body_of_a_request_that_was_refused_is_no_request() {
    let origin = Origin::answering(OK);
    let lb = listen(&origin, "");
    let mut client = lb.connect();
    client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n");
    assert_eq!(client.response().status(), 400);
    client.send("GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n".repeat(2000));
    client.expect_end();
    assert!(origin.requests().is_empty());
}

/// HTTP/1.0 knows no chunks, so that the end of the connection is the end of the body: a truncated one must not end so.
#[test]
fn a_truncated_body_does_not_look_complete() {
    let origin = Origin::start(|visit| {
        if visit.request().is_some() {
            visit.wire.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
        }
    });
    let lb = listen(&origin, "");
    let mut client = lb.connect();
    client.send("GET / HTTP/1.0\r\n\r\n");
    assert!(client.try_read_to_end().is_err());
}

#[test]
fn no_tunnel_begins_before_its_request_has_ended() {
    let origin = Origin::start(|visit| {
        if visit.request_head().is_some() {
            visit.wire.send("HTTP/1.1 200 OK\r\n\r\n");
            let _ = visit.wire.try_read_to_end();
        }
    });
    let lb = listen(&origin, "");
    let mut client = lb.connect();
    client.send("CONNECT h:1 HTTP/1.1\r\nHost: h:1\r\nContent-Length: 10\r\n\r\n12345");
    assert_eq!(client.response().status(), 502);
}

#[test]
fn a_disabled_backend_is_a_503() {
    let lb = Instance::start(&format!(
        "{HTTP}frontend fe\n bind 127.0.0.1:0\n default_backend off\nbackend off\n disabled\n server s 127.0.0.1:1\n"
    ));
    assert_eq!(lb.connect().get("/").status(), 503);
}

#[test]
fn hard_stop_after_ends_what_a_soft_stop_waits_for() {
    let origin = Origin::start(|visit| {
        let byte = visit.wire.read_exactly(1).unwrap();
        visit.wire.send(byte);
        let _ = visit.wire.try_read_to_end();
    });
    let server = origin.address();
    let lb = Instance::start(&format!(
        "global\n hard-stop-after 20ms\n{TCP}listen fe\n bind 127.0.0.1:0\n server s {server}\n"
    ));
    let mut client = lb.connect();
    client.send("x");
    assert_eq!(client.read_exactly(1).unwrap(), b"x");
    lb.proxy().soft_stop();
    lb.proxy().wait();
    client.expect_gone();
}

#[test]
fn grace_keeps_listening_after_a_soft_stop() {
    let origin = Origin::answering(OK);
    let lb = listen(&origin, " grace 1h");
    lb.proxy().soft_stop();
    assert_eq!(lb.connect().get("/").status(), 200);
    assert!(!lb.proxy().is_finished());
}

#[test]
fn an_instance_that_is_waited_for_is_not_finished() {
    let origin = Origin::answering(OK);
    let lb = listen(&origin, "");
    let (waits, done) = (lb.proxy().clone(), lb.proxy().clone());
    let (started, start) = mpsc::channel();
    let waiter = thread::spawn(move || {
        started.send(()).unwrap();
        waits.wait();
    });
    start.recv().unwrap();
    for _ in 0..10_000 {
        assert!(!lb.proxy().is_finished());
        thread::yield_now();
    }
    let second = thread::spawn(move || {
        done.wait();
    });
    lb.proxy().stop();
    waiter.join().unwrap();
    second.join().unwrap();
    assert!(lb.proxy().is_finished());
}

/// The callback runs on a thread of the instance, which must not wait for itself.
#[test]
fn the_last_handle_may_be_dropped_by_a_callback() {
    let closed = ClosedPort::new();
    let text = format!("{HTTP}backend be\n server s {} check inter 10ms fall 1\n", closed.address());
    let config = Config::parse(&text, "test.cfg").expect("configuration");
    let held: Arc<Mutex<Option<Proxy>>> = Arc::default();
    let (dropped, is_dropped) = mpsc::channel();
    let mine = Arc::clone(&held);
    let on_event = move |_: &lb_core::server::ServerEvent| {
        let taken = mine.lock().unwrap().take();
        if taken.is_some() {
            drop(taken);
            dropped.send(()).unwrap();
        }
    };
    let mut guard = held.lock().unwrap();
    let options = StartOptions { on_event: Some(Box::new(on_event)), ..StartOptions::default() };
    *guard = Some(Proxy::start(config, options).expect("start"));
    drop(guard);
    is_dropped.recv_timeout(PATIENCE).expect("the callback came back");
}

fn lists_of_threads(name: &str) -> Vec<String> {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap().flatten();
    let named =
        tasks.filter(|task| std::fs::read_to_string(task.path().join("comm")).unwrap_or_default().trim() == name);
    let list = |task: std::fs::DirEntry| {
        let status = std::fs::read_to_string(task.path().join("status")).unwrap_or_default();
        status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:")).unwrap_or_default().trim().to_owned()
    };
    named.map(list).collect()
}

#[test]
fn cpu_map_is_honoured() {
    let allowed = rustix::thread::sched_getaffinity(None).unwrap();
    let cpu = (0..64).rfind(|cpu| allowed.is_set(*cpu)).unwrap();
    let origin = Origin::answering(OK);
    let lb = listen(&origin, &format!(" cpu-map 1/1 {cpu}"));
    assert_eq!(lb.connect().get("/").status(), 200);
    assert!(lists_of_threads("lb-1").contains(&cpu.to_string()));
}

#[test]
fn shards_and_threads_of_a_bind_line_share_a_port() {
    let origin = Origin::answering(OK);
    let server = origin.address();
    for options in ["shards 1", "shards 2", "shards by-thread", "thread 2-3", "thread 3 shards 2", "shards 9"] {
        let lb = Instance::start(&format!(
            "global\n nbthread 4\ndefaults\n mode http\n timeout client 30s\n timeout server 30s\n timeout connect 5s\n\
             listen fe\n bind 127.0.0.1:0 {options}\n server s {server}\n"
        ));
        for _ in 0..16 {
            assert_eq!(lb.connect().get("/").status(), 200, "{options}");
        }
    }
}

/// Whoever was accepted while the instance stops is served or sees an end; nobody hangs, and the threads end.
#[test]
fn connections_that_come_during_a_soft_stop() {
    let origin = Origin::answering(OK);
    let server = origin.address();
    for _ in 0..20 {
        let lb = Instance::start(&format!(
            "global\n nbthread 4\ndefaults\n mode http\n timeout client 30s\n timeout server 30s\n timeout connect 5s\n\
             listen fe\n bind 127.0.0.1:0\n server s {server}\n"
        ));
        let address = lb.address();
        let clients: Vec<_> = (0..4)
            .map(|_| {
                thread::spawn(move || {
                    while let Ok(socket) = std::net::TcpStream::connect(address) {
                        let mut wire = Wire::of_tcp(socket);
                        if wire.try_send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").is_ok() {
                            match wire.try_read_to_end() {
                                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => panic!("hangs"),
                                _ => {}
                            }
                        }
                    }
                })
            })
            .collect();
        drop(lb.connect());
        lb.proxy().soft_stop();
        lb.proxy().wait();
        clients.into_iter().for_each(|client| client.join().unwrap());
    }
}
