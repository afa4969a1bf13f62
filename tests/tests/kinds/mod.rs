//! The kinds, by what happens in them.

mod clients;
mod connections;
mod queues;
mod refused;
mod served;
mod servers;
mod tcp;
mod timeouts;

use lb_tests::script::Step::{self, *};
use lb_tests::script::{Client, Kind};

/// Why lb logs something else.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Difference {
    /// For this reason.
    Purpose(&'static str),
    /// It should not: said, and no failure.
    #[allow(dead_code, reason = "as many as are open")]
    Open(&'static str),
}

/// A kind and what is known of it.
pub(crate) type Entry = (Kind, Option<Difference>);

/// Every kind.
pub(crate) fn all() -> impl Iterator<Item = &'static Entry> {
    [
        served::KINDS,
        refused::KINDS,
        clients::KINDS,
        servers::KINDS,
        queues::KINDS,
        timeouts::KINDS,
        connections::KINDS,
        tcp::KINDS,
    ]
    .into_iter()
    .flatten()
}

/// One log line, a listener without options.
const fn kind(
    name: &'static str,
    lines: &'static str,
    client: &'static [Step],
    server: &'static [&'static [Step]],
) -> Entry {
    (Kind { name, bind: "", lines, client: Client::Steps(client), server, logged: 1 }, None)
}

/// The same with more log lines, or none.
const fn logs(logged: usize, entry: Entry) -> Entry {
    (Kind { logged, ..entry.0 }, entry.1)
}

/// The same behind options of the `bind` line.
const fn bound(bind: &'static str, entry: Entry) -> Entry {
    (Kind { bind, ..entry.0 }, entry.1)
}

/// The same, known to differ.
const fn differs(why: Difference, entry: Entry) -> Entry {
    (entry.0, Some(why))
}

const GET: Step = Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
const POST: Step = Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc");
/// A request of which a part is missing.
const UPLOAD: Step = Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc");
const OK: Step = Send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
/// A response of which a part is missing.
const PARTIAL: Step = Send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc");
const GOT: Step = Response("GET");

/// A server that answers what comes.
const GOOD: &[&[Step]] = &[&[Request, OK, Request, OK, Request, OK, Request, OK, End]];
/// One that reads and says nothing.
const MUTE: &[&[Step]] = &[&[End]];
/// One that is never reached.
const NONE: &[&[Step]] = &[&[Close]];
