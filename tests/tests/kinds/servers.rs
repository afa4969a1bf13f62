//! Servers that fail, at every stage.

use super::*;

pub(super) const KINDS: &[Entry] = &[
    // No connection.
    kind("server: refuses", "server s {closed}", &[GET, GOT], NONE),
    kind("server: refuses a post", "server s {closed}", &[POST, GOT], NONE),
    kind("server: refuses twice", "retries 1;timeout connect 250;server s {closed}", &[GET, GOT], NONE),
    kind(
        "server: refuses, another does not",
        "retries 1;option redispatch;server s {closed};server t {server}",
        &[GET, GOT],
        GOOD,
    ),
    kind("server: both refuse", "retries 1;option redispatch;server s {closed};server t {closed}", &[GET, GOT], NONE),
    kind(
        "server: refuses, another does not, third time",
        "retries 2;option redispatch 1;server s {closed};server t {closed};server u {server}",
        &[GET, GOT],
        GOOD,
    ),
    kind("server: no socket at the path", "server s unix@/nowhere/at/all", &[GET, GOT], NONE),
    // Before the response.
    kind("server: closes at once", "", &[GET, GOT], &[&[Head, Close]]),
    kind("server: resets at once", "", &[GET, GOT], &[&[Head, Reset]]),
    kind("server: closes before the request", "", &[GET, GOT], &[&[Close]]),
    kind("server: closes, having got a body", "", &[POST, GOT], &[&[Request, Close]]),
    kind("server: closes within the head", "", &[GET, GOT], &[&[Head, Send("HTTP/1.1 200 OK\r\nX"), Close]]),
    kind("server: resets within the head", "", &[GET, GOT], &[&[Head, Send("HTTP/1.1 200 OK\r\nX"), Pause, Reset]]),
    kind("server: garbage instead of a head", "", &[GET, GOT], &[&[Head, Send("hello\r\n\r\n"), End]]),
    kind("server: bad name in the head", "", &[GET, GOT], &[&[Head, Send("HTTP/1.1 200 OK\r\nX Y: 1\r\n\r\n"), End]]),
    kind("server: head too large", "", &[GET, GOT], &[&[Head, Send("HTTP/1.1 200 OK\r\nX: "), Flood(20_000), End]]),
    kind(
        "server: lengths of the response differ",
        "",
        &[GET, GOT],
        &[&[Head, Send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"), End]],
    ),
    kind(
        "server: closes behind an interim response",
        "",
        &[GET, GOT],
        &[&[Head, Send("HTTP/1.1 103 Early Hints\r\n\r\n"), Close]],
    ),
    // Within the response.
    kind("server: closes within the response", "", &[GET, End], &[&[Head, PARTIAL, Pause, Close]]),
    kind("server: resets within the response", "", &[GET, End], &[&[Head, PARTIAL, Pause, Reset]]),
    kind(
        "server: closes behind the head",
        "",
        &[GET, End],
        &[&[Head, Send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"), Close]],
    ),
    kind(
        "server: closes within a chunk of the response",
        "",
        &[GET, End],
        &[&[Head, Send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nabc"), Pause, Close]],
    ),
    kind(
        "server: closes between chunks",
        "",
        &[GET, End],
        &[&[Head, Send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"), Pause, Close]],
    ),
    kind(
        "server: bad chunk of the response",
        "",
        &[GET, End],
        &[&[Head, Send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"), End]],
    ),
    kind(
        "server: bad second chunk of the response",
        "",
        &[GET, End],
        &[&[
            Head,
            Send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"),
            Pause,
            Send("xyz\r\n"),
            End,
        ]],
    ),
    // While the request is still on its way.
    kind("server: closes within the request", "", &[UPLOAD, End], &[&[Read(20), Close]]),
    differs(
        Difference::Purpose("the client is told, as of a server that closes; HAProxy just closes"),
        kind("server: resets within the request", "", &[UPLOAD, End], &[&[Read(20), Reset]]),
    ),
    kind(
        "server: answers within the request and closes",
        "",
        &[UPLOAD, GOT, Send("defghi"), End],
        &[&[Head, OK, Close]],
    ),
    kind("server: answers within the request", "", &[UPLOAD, GOT, Send("defghi")], &[&[Head, OK, Read(9), End]]),
    // On a connection that served a request before.
    logs(
        1,
        kind(
            "server: closed the idle connection",
            "",
            &[GET, GOT, Wait, GET, GOT],
            &[&[Head, OK, Pause, Tell, Close], &[Head, OK, End]],
        ),
    ),
];
