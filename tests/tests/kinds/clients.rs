//! Clients that go away, at every stage.

use super::*;

pub(super) const KINDS: &[Entry] = &[
    // Before a request is there.
    kind("client: closes at once", "", &[Close], NONE),
    kind("client: ends at once", "", &[Finish, End], NONE),
    kind("client: resets at once", "", &[Reset], NONE),
    logs(0, kind("client: closes at once, not wanted", "option dontlognull", &[Close], NONE)),
    logs(0, kind("client: closes at once, a probe", "option http-ignore-probes", &[Close], NONE)),
    kind("client: closes within the head", "", &[Send("GET / HT"), Close], NONE),
    kind("client: ends within the head", "", &[Send("GET / HT"), Finish, End], NONE),
    kind("client: resets within the head", "", &[Send("GET / HT"), Pause, Reset], NONE),
    kind("client: closes within the head, no null", "option dontlognull", &[Send("GET / HT"), Close], NONE),
    kind("client: closes between requests", "", &[GET, GOT, Close], GOOD),
    logs(2, kind("client: closes within the second head", "", &[GET, GOT, Send("GET / HT"), Close], GOOD)),
    // Within a body.
    kind("client: closes within the body", "", &[UPLOAD, Wait, Close], &[&[Read(20), Tell, End]]),
    kind("client: ends within the body", "", &[UPLOAD, Wait, Finish, End], &[&[Read(20), Tell, End]]),
    kind("client: resets within the body", "", &[UPLOAD, Wait, Reset], &[&[Read(20), Tell, End]]),
    kind(
        "client: closes within a chunk",
        "",
        &[Send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nabc"), Wait, Close],
        &[&[Read(20), Tell, End]],
    ),
    kind("client: closes within a buffered body", "option http-buffer-request", &[UPLOAD, Pause, Close], NONE),
    kind("client: closes within the body, answered", "", &[UPLOAD, Head, Close], &[&[Read(20), OK, End]]),
    // While the connection is opened.
    kind("client: closes while connecting", "option abortonclose;server s {silent}", &[GET, Pause, Close], NONE),
    kind("client: ends while connecting", "option abortonclose;server s {silent}", &[GET, Pause, Finish, End], NONE),
    kind("client: resets while connecting", "option abortonclose;server s {silent}", &[GET, Pause, Reset], NONE),
    kind(
        "client: closes while connecting, unwatched",
        "timeout connect 400;server s {silent}",
        &[GET, Pause, Close],
        NONE,
    ),
    kind(
        "client: closes before a retry",
        "option abortonclose;retries 3;server s {closed}",
        &[GET, Pause, Close],
        NONE,
    ),
    // While the response is waited for.
    kind("client: closes before the response", "option abortonclose", &[GET, Wait, Close], &[&[Head, Tell, End]]),
    kind("client: ends before the response", "option abortonclose", &[GET, Wait, Finish, End], &[&[Head, Tell, End]]),
    kind("client: resets before the response", "option abortonclose", &[GET, Wait, Reset], &[&[Head, Tell, End]]),
    kind("client: closes before the response, unwatched", "", &[GET, Wait, Close], &[&[Head, Tell, Pause, OK, End]]),
    differs(
        Difference::Purpose("bytes that could not be written are not counted"),
        kind(
            "client: resets before the response, unwatched",
            "",
            &[GET, Wait, Reset],
            &[&[Head, Tell, Pause, OK, End]],
        ),
    ),
    kind(
        "client: ends before the response, unwatched",
        "",
        &[GET, Wait, Finish, GOT],
        &[&[Head, Tell, Pause, OK, End]],
    ),
    // Within the response.
    kind(
        "client: closes within the response",
        "",
        &[GET, Read(50), Close],
        &[&[Head, PARTIAL, Pause, Send("def"), Pause, Send("ghi"), End]],
    ),
    differs(
        Difference::Purpose(
            "the rest of the response could not be written; HAProxy takes what it handed on for delivered",
        ),
        kind(
            "client: resets within the response",
            "",
            &[GET, Read(40), Reset],
            &[&[Head, PARTIAL, Pause, Send("def"), Pause, Send("ghi"), End]],
        ),
    ),
    kind(
        "client: resets within a large response",
        "",
        &[GET, Read(40), Reset],
        &[&[Head, Send("HTTP/1.1 200 OK\r\nContent-Length: 50000000\r\n\r\n"), Flood(50_000_000), End]],
    ),
    kind(
        "client: closes within a large response",
        "",
        &[GET, Read(40), Close],
        &[&[Head, Send("HTTP/1.1 200 OK\r\nContent-Length: 50000000\r\n\r\n"), Flood(50_000_000), End]],
    ),
    kind(
        "client: ends within the response",
        "",
        &[GET, Read(40), Finish, End],
        &[&[Head, PARTIAL, Pause, Send("defghi"), End]],
    ),
    differs(
        Difference::Purpose(
            "the rest of the response could not be written; HAProxy takes what it handed on for delivered",
        ),
        kind(
            "client: closes within a chunked response",
            "",
            &[GET, Read(40), Close],
            &[&[
                Head,
                Send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"),
                Pause,
                Send("3\r\nabc\r\n"),
                Pause,
                Send("0\r\n\r\n"),
                End,
            ]],
        ),
    ),
];
