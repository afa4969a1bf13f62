//! Timeouts, at every stage.

use super::*;

pub(super) const KINDS: &[Entry] = &[
    // The client's request.
    kind("timeout: nothing comes", "timeout http-request 400", &[End], NONE),
    kind("timeout: nothing comes, client", "timeout client 400", &[End], NONE),
    logs(0, kind("timeout: nothing comes, not wanted", "timeout client 400;option dontlognull", &[End], NONE)),
    logs(0, kind("timeout: nothing comes, a probe", "timeout client 400;option http-ignore-probes", &[End], NONE)),
    kind("timeout: the head stays unfinished", "timeout http-request 400", &[Send("GET / HT"), End], NONE),
    kind("timeout: the head stays unfinished, client", "timeout client 400", &[Send("GET / HT"), End], NONE),
    kind(
        "timeout: the head stays unfinished, no null",
        "timeout http-request 400;option dontlognull",
        &[Send("GET / HT"), End],
        NONE,
    ),
    kind("timeout: no second request", "timeout http-keep-alive 400", &[GET, GOT, End], GOOD),
    logs(
        2,
        kind(
            "timeout: the second head stays unfinished",
            "timeout http-request 400",
            &[GET, GOT, Send("GET / HT"), End],
            GOOD,
        ),
    ),
    kind(
        "timeout: the body stays unfinished, buffered",
        "option http-buffer-request;timeout http-request 400",
        &[UPLOAD, End],
        NONE,
    ),
    kind("timeout: the body stays unfinished", "timeout client 400;timeout server 800", &[UPLOAD, End], MUTE),
    kind("timeout: the body stays unfinished, server", "timeout server 400", &[UPLOAD, End], MUTE),
    // The server.
    kind("timeout: no connection", "timeout connect 400;server s {silent}", &[GET, GOT], NONE),
    kind("timeout: no connection, twice", "retries 1;timeout connect 250;server s {silent}", &[GET, GOT], NONE),
    kind(
        "timeout: no connection, another server has one",
        "retries 1;timeout connect 400;option redispatch;server s {silent};server t {server}",
        &[GET, GOT],
        GOOD,
    ),
    kind("timeout: no response", "timeout server 400", &[GET, GOT], MUTE),
    kind("timeout: no response to a post", "timeout server 400", &[POST, GOT], MUTE),
    kind(
        "timeout: the response's head stays unfinished",
        "timeout server 400",
        &[GET, GOT],
        &[&[Head, Send("HTTP/1.1 200 OK\r\nX"), End]],
    ),
    kind("timeout: the response stays unfinished", "timeout server 400", &[GET, End], &[&[Head, PARTIAL, End]]),
    kind(
        "timeout: the chunked response stays unfinished",
        "timeout server 400",
        &[GET, End],
        &[&[Head, Send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"), End]],
    ),
    // The client's reading.
    kind(
        "timeout: the client does not read",
        "timeout client 400",
        &[GET, Wait],
        &[&[Head, Send("HTTP/1.1 200 OK\r\nContent-Length: 50000000\r\n\r\n"), Flood(50_000_000), End]],
    ),
    // Tunnels.
    kind(
        "timeout: the tunnel is quiet",
        "timeout tunnel 400",
        &[Send("CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n"), Head, End],
        &[&[Head, Send("HTTP/1.1 200 Established\r\n\r\n"), End]],
    ),
    kind(
        "timeout: the tunnel is quiet, client",
        "timeout client 400",
        &[Send("CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n"), Head, End],
        &[&[Head, Send("HTTP/1.1 200 Established\r\n\r\n"), End]],
    ),
    kind(
        "timeout: the tunnel is quiet, server",
        "timeout server 400",
        &[Send("CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n"), Head, End],
        &[&[Head, Send("HTTP/1.1 200 Established\r\n\r\n"), End]],
    ),
];
