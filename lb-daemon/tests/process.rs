//! The daemon as a process: memory, descriptors and signals.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::Path;
use std::sync::mpsc;

use lb_tests::body::Digest;
use lb_tests::cli::ask;
use lb_tests::process::Process;
use lb_tests::{CliAddress, HTTP, Origin, PATIENCE, Wire, eventually};
use rustix::process::Signal;

fn start(origin: &Origin, settings: &str, server: &str) -> Process {
    start_with(origin, "global\n", settings, server)
}

fn start_with(origin: &Origin, global: &str, settings: &str, server: &str) -> Process {
    let text = HTTP.replace("global\n", global);
    let text = format!("{text}listen fe\n bind {{listen0}}\n{settings}\n server s {} {server}\n", origin.address());
    Process::start(Path::new(env!("CARGO_BIN_EXE_lbd")), &text, 1)
}

/// What bodies may add to the process, whatever their size.
const MEMORY: u64 = 24 << 20;

/// An endless download for `/endless`; otherwise the digest of the request's body.
fn heavy() -> Origin {
    Origin::start(|visit| {
        while let Ok(Some(mut request)) = visit.wire.try_head() {
            if request.target() == "/endless" {
                visit.wire.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
                let block = [b"10000\r\n", &vec![b'x'; 65536][..], b"\r\n"].concat();
                while visit.wire.try_send(&block).is_ok() {}
                return;
            }
            let mut digest = Digest::default();
            if visit.wire.stream_body(&mut request, false, &mut |piece| digest.update(piece)).is_err() {
                return;
            }
            let digest = digest.finish();
            visit.wire.send(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{digest}", digest.len()));
        }
    })
}

#[test]
fn memory_is_bounded_by_the_buffers() {
    let origin = heavy();
    let lb = start(&origin, "", "");
    lb.connect().get("/warm");
    let before = lb.resident();
    // Clients that do not read what servers send as fast as they can.
    let mut stalled: Vec<Wire> = (0..20).map(|_| lb.connect()).collect();
    for client in &mut stalled {
        client.send("GET /endless HTTP/1.1\r\nHost: a\r\n\r\n");
        assert_eq!(client.head().status(), 200);
    }
    // A hundred megabytes from a client, and as much to one.
    let block = vec![b'y'; 1 << 20];
    let mut client = lb.connect();
    client.send(format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n", 100 << 20));
    let mut digest = Digest::default();
    for _ in 0..100 {
        client.send(&block);
        digest.update(&block);
    }
    assert_eq!(client.response().text(), digest.finish());
    let mut reader = lb.connect();
    reader.send("GET /endless HTTP/1.1\r\nHost: a\r\n\r\n");
    reader.head();
    let mut piece = vec![0; 1 << 20];
    let mut have = 0;
    while have < 100 << 20 {
        have += reader.read_some(&mut piece).unwrap();
    }
    let growth = lb.resident().saturating_sub(before);
    assert!(growth < MEMORY, "the process grew by {growth} bytes");
}

#[test]
fn descriptors_return_to_where_they_were() {
    let origin = Origin::saying("ok");
    for (settings, server) in [(" http-reuse never", ""), (" http-reuse always", "pool-max-conn 0")] {
        let directory = tempfile::tempdir().unwrap();
        let socket = directory.path().join("stats");
        let global = format!("global\n  stats socket {}\n", socket.display());
        let lb = start_with(&origin, &global, settings, server);
        // It serves before its last thread has what that needs, but takes commands after.
        eventually("every thread runs", || std::os::unix::net::UnixStream::connect(&socket).is_ok());
        assert_eq!(ask(&CliAddress::from(&*socket), "show cli level"), "operator\n\n");
        // The first connection opens what stays: the client's end of it is gone when its server's is.
        let mut first = lb.connect();
        first.get("/");
        let with_one = lb.descriptors();
        drop(first);
        eventually("the first connection is gone", || lb.descriptors() < with_one);
        let mut clients: Vec<Wire> = (0..100).map(|_| lb.connect()).collect();
        for client in &mut clients {
            assert_eq!(client.get("/").status(), 200);
            assert_eq!(client.get("/again").status(), 200);
        }
        assert!(lb.descriptors() >= 100);
        // Some leave in an orderly way, some with a reset, some in the middle of a request.
        for (i, mut client) in clients.into_iter().enumerate() {
            match i % 3 {
                0 => drop(client),
                1 => client.reset(),
                _ => {
                    client.send("GET / HTTP/1.1\r\nHo");
                }
            }
        }
        eventually("descriptors are back", || lb.descriptors() < with_one);
    }
}

#[test]
fn a_soft_stop_lets_requests_end() {
    let (go, wait) = mpsc::channel::<()>();
    let wait = std::sync::Mutex::new(wait);
    let origin = Origin::start(move |visit| {
        while visit.request().is_some() {
            wait.lock().unwrap().recv_timeout(PATIENCE).unwrap();
            visit.wire.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone");
        }
    });
    let mut lb = start(&origin, "", "");
    let mut client = lb.connect();
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    eventually("the request is at the origin", || origin.requests().len() == 1);
    lb.signal(Signal::USR1);
    eventually("the listener is closed", || std::net::TcpStream::connect(lb.address(0)).is_err());
    go.send(()).unwrap();
    assert_eq!(client.response().text(), "done");
    assert_eq!(lb.wait().code(), Some(0));
}

#[test]
fn a_termination_ends_at_once() {
    let origin = Origin::start(|visit| {
        let _ = visit.wire.try_read_to_end();
    });
    for signal in [Signal::TERM, Signal::INT] {
        let mut lb = start(&origin, "", "");
        let mut client = lb.connect();
        let seen = origin.connections();
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        eventually("the request is at the origin", || origin.connections() > seen);
        lb.signal(signal);
        client.expect_gone();
        assert_ne!(lb.wait().code(), Some(0));
    }
}

/// A process that listens on a UNIX socket of its own and replaces another one.
fn replace(word: &str, old: u32, directory: &Path) -> std::process::Child {
    let file = directory.join("next.cfg");
    let socket = directory.join("next.sock");
    std::fs::write(&file, format!("{HTTP}listen fe\n bind unix@{}\n server s 127.0.0.1:1\n", socket.display()))
        .unwrap();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_lbd"));
    command.args(["-db", "-f"]).arg(&file).args([word, &old.to_string(), "999999999"]).spawn().unwrap()
}

#[test]
fn the_next_process_ends_the_one_before() {
    let origin = Origin::saying("ok");
    for (word, code) in [("-sf", Some(0)), ("-st", None)] {
        let directory = tempfile::tempdir().unwrap();
        let mut old = start(&origin, "", "");
        // It serves, so it handles signals, too: its socket was there before it.
        old.connect().get("/");
        let mut next = replace(word, old.id(), directory.path());
        assert_eq!(old.wait().code(), code, "{word}");
        // It was told once the new one listened.
        assert!(std::os::unix::net::UnixStream::connect(directory.path().join("next.sock")).is_ok());
        next.kill().unwrap();
        next.wait().unwrap();
    }
}

#[test]
fn frontends_pause_and_resume_by_signal() {
    let origin = heavy();
    let lb = start(&origin, "", "");
    let accepts = || std::net::TcpStream::connect(lb.address(0)).is_ok();
    lb.connect().get("/");
    for _ in 0..2 {
        lb.signal(Signal::TTOU);
        eventually("the frontend is paused", || !accepts());
        lb.signal(Signal::TTIN);
        eventually("the frontend is resumed", accepts);
        lb.connect().get("/");
    }
}
