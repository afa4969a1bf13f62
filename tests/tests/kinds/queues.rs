//! Waiting for a server that is full.

use super::*;

/// A server that lets the first client go only after a while.
const BUSY: &[&[Step]] = &[&[Head, Tell, Pause, Pause, Pause, Pause, Pause, OK, Head, OK, Head, OK, End]];
/// One that is busy to the end.
const STUCK: &[&[Step]] = &[&[Head, Tell, End], &[Head, OK, End]];

pub(super) const KINDS: &[Entry] = &[
    logs(2, kind("queue: waits and is served", "server s {server} maxconn 1", &[Other(&[GET, Wait]), GET, GOT], BUSY)),
    logs(
        2,
        kind(
            "queue: waits behind another and is served",
            "server s {server} maxconn 1",
            &[Other(&[GET, Wait]), Other(&[GET, Pause]), Logged(1)],
            BUSY,
        ),
    ),
    kind(
        "queue: waits too long",
        "timeout queue 400;server s {server} maxconn 1",
        &[Other(&[GET, Wait]), GET, GOT],
        STUCK,
    ),
    kind(
        "queue: closes in the queue",
        "option abortonclose;server s {server} maxconn 1",
        &[Other(&[GET, Wait]), GET, Pause, Close],
        STUCK,
    ),
    kind(
        "queue: ends in the queue",
        "option abortonclose;server s {server} maxconn 1",
        &[Other(&[GET, Wait]), GET, Pause, Finish, End],
        STUCK,
    ),
    kind(
        "queue: resets in the queue",
        "option abortonclose;server s {server} maxconn 1",
        &[Other(&[GET, Wait]), GET, Pause, Reset],
        STUCK,
    ),
    kind(
        "queue: the queue is full, another server is not",
        "balance roundrobin;server s {server} maxconn 1;server t {server} maxconn 1",
        &[Other(&[GET, Wait]), GET, GOT],
        STUCK,
    ),
    kind(
        "queue: waits in the server's queue too long",
        "balance source;timeout queue 400;server s {server} maxconn 1",
        &[Other(&[GET, Wait]), GET, GOT],
        STUCK,
    ),
    kind(
        "queue: no room in the server's queue",
        "balance source;timeout queue 400;server s {server} maxconn 1 maxqueue 1",
        &[Other(&[GET, Wait]), Other(&[GET, Pause]), GET, GOT],
        STUCK,
    ),
];
