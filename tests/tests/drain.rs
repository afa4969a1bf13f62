//! Draining: a soft stop with a limit.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::net::TcpStream;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::Duration;

use lb_core::extension::{Extensions, Fetch, Needs};
use lb_core::proxy::Proxy;
use lb_core::sample::{SampleType, Value};
use lb_tests::{HTTP, HeldPort, Instance, Origin, PATIENCE, TCP, Wire, eventually};

const LONG: Duration = Duration::from_secs(3600);

/// A connection over an instance that neither side ends.
fn endless() -> (Instance, Origin, Wire) {
    let origin = Origin::start(|visit| {
        let byte = visit.wire.read_exactly(1).unwrap();
        visit.wire.send(byte);
        let _ = visit.wire.try_read_to_end();
    });
    let lb = Instance::start(&format!("{TCP}listen fe\n bind 127.0.0.1:0\n server s {}\n", origin.address()));
    let mut client = lb.connect();
    client.send("x");
    assert_eq!(client.read_exactly(1).unwrap(), b"x");
    (lb, origin, client)
}

/// No runtime at all: the thread sleeps until the future wakes it.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(value) => return value,
            Poll::Pending => std::thread::park(),
        }
    }
}

#[test]
fn what_is_served_may_end() {
    let (lb, _origin, client) = endless();
    let proxy = lb.proxy().clone();
    let drained = std::thread::spawn(move || block_on(proxy.drain(LONG)));
    assert!(!lb.proxy().is_finished());
    drop(client);
    assert!(drained.join().unwrap());
    assert!(lb.proxy().is_finished());
    assert!(TcpStream::connect(lb.address()).is_err());
}

#[test]
fn what_takes_too_long_is_cut() {
    let (lb, _origin, mut client) = endless();
    assert!(!lb.proxy().drain_blocking(Duration::from_millis(20)));
    client.expect_gone();
    // All has ended: there is nothing to wait for, and what was cut stays cut.
    assert!(!block_on(lb.proxy().drain(LONG)));
}

#[test]
fn a_drain_that_is_not_waited_for_goes_on_and_can_be_hurried() {
    let (lb, _origin, mut client) = endless();
    {
        let drain = pin!(lb.proxy().drain(LONG));
        let mut context = Context::from_waker(Waker::noop());
        assert!(drain.poll(&mut context).is_pending());
    }
    assert!(!lb.proxy().is_finished());
    assert!(!block_on(lb.proxy().drain(Duration::ZERO)));
    client.expect_gone();
}

#[test]
fn an_instance_that_serves_nothing_is_drained_at_once() {
    let lb = Instance::start(&format!("{TCP}listen fe\n bind 127.0.0.1:0\n server s 127.0.0.1:1 check\n"));
    assert!(block_on(lb.proxy().drain(LONG)));
}

const REQUEST: &str = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

/// An instance with these settings that was told to stop softly, a connection that has served a request, and one that
/// has sent nothing yet.
fn stopping(global: &str, frontend: &str) -> (Instance, Origin, Wire, Wire) {
    let origin = Origin::saying("ok");
    let lb = Instance::start(&format!(
        "{}listen fe\n bind 127.0.0.1:0\n {frontend}\n server s {}\n",
        HTTP.replace("global", &format!("global\n {global}")),
        origin.address()
    ));
    let (mut used, mut new) = (lb.connect(), lb.connect());
    assert_eq!(used.get("/").status(), 200);
    // Both were accepted by then: one thread, in order.
    lb.proxy().soft_stop();
    eventually("the listeners are closed", || TcpStream::connect(lb.address()).is_err());
    new.send(REQUEST);
    (lb, origin, used, new)
}

/// What came before the stop, and what the system took for accepted, is served: a reload resets nothing.
#[test]
fn a_soft_stop_serves_what_has_come() {
    let (blocked, is_blocked) = std::sync::mpsc::channel();
    let (release, released) = std::sync::mpsc::channel();
    let gate = Mutex::new((blocked, released));
    let block = Fetch::new("block", SampleType::Bool, Needs::Request, move |_, _| {
        let gate = gate.lock().unwrap();
        gate.0.send(()).unwrap();
        Some(Value::Bool(gate.1.recv_timeout(PATIENCE).is_ok()))
    });
    let port = HeldPort::new();
    let text = format!(
        "{HTTP}listen l\n bind {}\n http-request set-header x-a %[block] if {{ path /block }}\n http-request return\n",
        port.address()
    );
    let extensions = Extensions::new().fetch(block).unwrap();
    let proxy = Proxy::builder().extensions(&extensions).text("test.cfg", &text).start().unwrap();
    let mut idle = Wire::connect(port.address());
    assert_eq!(idle.get("/").status(), 200);
    let mut blocking = Wire::connect(port.address());
    blocking.send("GET /block HTTP/1.1\r\nHost: x\r\n\r\n");
    is_blocked.recv_timeout(PATIENCE).unwrap();
    // The only worker sees nothing of these before it sees the stop.
    idle.send(REQUEST);
    let mut new = Wire::connect(port.address());
    new.send(REQUEST);
    proxy.soft_stop();
    release.send(()).unwrap();
    for mut client in [blocking, idle, new] {
        assert_eq!(client.response().status(), 200);
        client.expect_end();
    }
}

/// As HAProxy: idle connections go at once, one that comes to its first request is told that it is the last.
#[test]
fn a_soft_stop_ends_idle_connections_and_announces_the_end_to_others() {
    let (_lb, _origin, mut used, mut new) = stopping("", "");
    used.expect_end();
    assert_eq!(new.response().header("connection"), Some("close"));
    new.expect_end();
}

#[test]
fn idle_connections_may_be_left_until_their_next_response() {
    let (_lb, _origin, mut used, new) = stopping("", "option idle-close-on-response");
    used.send(REQUEST);
    for mut client in [new, used] {
        assert_eq!(client.response().header("connection"), Some("close"));
        client.expect_end();
    }
}

#[test]
fn connections_may_be_left_to_their_timeouts() {
    let (_lb, _origin, mut used, mut new) = stopping("close-spread-time infinite", "");
    assert_eq!(new.response().header("connection"), None);
    for client in [&mut new, &mut used] {
        assert_eq!(client.get("/").header("connection"), None);
    }
}

#[test]
fn the_end_of_connections_may_be_spread() {
    let (_lb, _origin, mut used, mut new) = stopping("close-spread-time 50ms", "");
    used.expect_end();
    let _ = new.response();
    new.expect_end();
}
