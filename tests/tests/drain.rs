//! Draining: a soft stop with a limit.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::net::TcpStream;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::Duration;

use lb_tests::{Instance, Origin, TCP, Wire};

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
