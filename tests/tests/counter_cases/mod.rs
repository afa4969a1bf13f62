//! Traffic after which the counters of both programs are compared, by what happens to it.

mod failures;
mod rules;
mod served;
mod servers;
mod tcp;

use std::net::SocketAddr;
use std::ops::Index;

use lb_tests::origin::Visit;
use lb_tests::{Origin, Wire, eventually};

use crate::rows;

/// A proxy under traffic.
pub(crate) struct Subject<'a> {
    /// Where it listens.
    pub(crate) addresses: [SocketAddr; 2],
    /// The server behind it.
    pub(crate) origin: &'a Origin,
    /// Its `show stat`.
    pub(crate) read: &'a dyn Fn() -> String,
}

impl Subject<'_> {
    /// Waits until the server has read the head of a request.
    fn served(&self) {
        eventually("the server has a request", || !self.origin.requests().is_empty());
    }

    /// Waits until a cell of the statistics has this value.
    fn shows(&self, row: &str, column: &str, value: &str) {
        eventually("the statistics show it", || rows(&(self.read)())[row][column] == value);
    }
}

impl Index<usize> for Subject<'_> {
    type Output = SocketAddr;

    fn index(&self, listener: usize) -> &SocketAddr {
        &self.addresses[listener]
    }
}

/// What clients do with a proxy.
pub(crate) type Traffic = fn(&Subject<'_>);

/// A configuration with its traffic.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    /// Sections; `{fe}`, `{fe2}` stand for listening addresses, `{origin}` and `{closed}` for servers.
    pub(crate) sections: &'static str,
    pub(crate) server: fn(&mut Visit),
    pub(crate) traffic: Traffic,
    /// Columns in which lb differs on purpose.
    pub(crate) differs: &'static [&'static str],
}

/// Every case.
pub(crate) fn all() -> impl Iterator<Item = &'static Case> {
    [served::CASES, servers::CASES, rules::CASES, failures::CASES, tcp::CASES].into_iter().flatten()
}

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// As [`ok`], for requests whose body does not come: it is not waited for.
fn head_only(visit: &mut Visit) {
    if visit.request_head().is_some() {
        visit.linger();
    }
}

fn ok(visit: &mut Visit) {
    while let Some(request) = visit.request() {
        let response = match request.target() {
            "/404" => "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
            "/302" => "HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n",
            "/500" => "HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n",
            "/100" => "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
            "/700" => "HTTP/1.1 700 What\r\nContent-Length: 0\r\n\r\n",
            "/bad" => "HTTP/1.1 2xx\r\n\r\n",
            "/close" => return,
            "/short" => {
                visit.wire.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nok");
                return;
            }
            "/wait" => {
                visit.linger();
                return;
            }
            "/begin" => {
                visit.wire.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nok");
                visit.linger();
                return;
            }
            _ => OK,
        };
        if visit.wire.try_send(response).is_err() {
            return;
        }
    }
}

const PLAIN: &str = "
frontend fe
  bind {fe}
  default_backend be
backend be
  server s {origin}
";

fn one(at: &Subject<'_>, target: &str) {
    let mut wire = Wire::connect(at[0]);
    wire.send(format!("GET {target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
    let _ = wire.try_read_to_end();
}

/// The connection on which a response came that a rule replaced is closed; HAProxy keeps it.
const REPLACED: &[&str] = &["BACKEND h1_open_connections", "s srv_icur"];

/// A client that resets its connection while it waits is told nothing; HAProxy counts the 502 that it does not get.
const ABANDONED: &[&str] = &["bout", "eresp", "hrsp_5xx", "hrsp_other"];
