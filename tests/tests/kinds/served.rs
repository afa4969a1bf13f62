//! What is answered as it should be.

use super::*;

pub(super) const KINDS: &[Entry] = &[
    kind("get", "", &[GET, GOT], GOOD),
    logs(2, kind("get twice", "", &[GET, GOT, GET, GOT], GOOD)),
    logs(
        2,
        kind(
            "pipelined",
            "",
            &[Send("GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n"), GOT, GOT],
            GOOD,
        ),
    ),
    kind("get, close", "", &[Send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"), End], GOOD),
    kind("1.0", "", &[Send("GET / HTTP/1.0\r\n\r\n"), End], GOOD),
    logs(
        2,
        kind(
            "1.0 keep-alive",
            "",
            &[Send("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"), GOT, Send("GET / HTTP/1.0\r\n\r\n"), GOT],
            GOOD,
        ),
    ),
    kind(
        "head",
        "",
        &[Send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"), Response("HEAD")],
        &[&[Head, Send("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n"), End]],
    ),
    kind("204", "", &[GET, GOT], &[&[Head, Send("HTTP/1.1 204 No Content\r\n\r\n"), End]]),
    kind("304", "", &[GET, GOT], &[&[Head, Send("HTTP/1.1 304 Not Modified\r\n\r\n"), End]]),
    kind("404 of the server", "", &[GET, GOT], &[&[Head, Send("HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n"), End]]),
    kind("500 of the server", "", &[GET, GOT], &[&[Head, Send("HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"), End]]),
    kind("post", "", &[POST, GOT], GOOD),
    kind(
        "post chunked",
        "",
        &[Send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"), GOT],
        GOOD,
    ),
    kind(
        "chunked response",
        "",
        &[GET, GOT],
        &[&[Head, Send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"), End]],
    ),
    kind("response until close", "", &[GET, End], &[&[Head, Send("HTTP/1.1 200 OK\r\n\r\nabc"), Close]]),
    kind("1.0 server", "", &[GET, GOT], &[&[Head, Send("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"), Close]]),
    kind("server closes after its response", "", &[GET, GOT], &[&[Head, OK, Close]]),
    kind("interim response", "", &[GET, GOT], &[&[Head, Send("HTTP/1.1 103 Early Hints\r\n\r\n"), OK, End]]),
    kind(
        "expect",
        "",
        &[
            Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n"),
            Head,
            Send("abc"),
            GOT,
        ],
        &[&[Head, Send("HTTP/1.1 100 Continue\r\n\r\n"), Read(3), OK, End]],
    ),
    kind("slow server", "", &[GET, GOT], &[&[Head, Pause, Pause, Pause, Pause, Pause, OK, End]]),
    kind("slow body", "", &[GET, GOT], &[&[Head, PARTIAL, Pause, Pause, Pause, Pause, Pause, Send("defghi"), End]]),
    kind(
        "slow client",
        "",
        &[Send("GET / HT"), Pause, Pause, Pause, Pause, Pause, Send("TP/1.1\r\nHost: a\r\n\r\n"), GOT],
        GOOD,
    ),
    kind("late client", "", &[Pause, Pause, Pause, Pause, Pause, GET, GOT], GOOD),
    logs(2, kind("late second request", "", &[GET, GOT, Pause, Pause, Pause, Pause, Pause, GET, GOT], GOOD)),
    kind("options star", "", &[Send("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"), GOT], GOOD),
    kind("absolute uri", "", &[Send("GET http://a:80/b?c=d HTTP/1.1\r\nHost: a:80\r\n\r\n"), GOT], GOOD),
    kind("query", "", &[Send("GET /a/b?c=d&e=%22 HTTP/1.1\r\nHost: a\r\n\r\n"), GOT], GOOD),
    kind("unusual characters", "", &[Send("GET /a\"b{c}|d\\e?f\"g HTTP/1.1\r\nHost: a\r\n\r\n"), GOT], GOOD),
    kind("odd method", "", &[Send("FOO-bar /x HTTP/1.1\r\nHost: a\r\n\r\n"), GOT], GOOD),
    // Answers of the proxy.
    kind("return", "http-request return status 200", &[GET, GOT], NONE),
    kind("return 500", "http-request return status 500", &[GET, GOT], NONE),
    kind("return after a body", "http-request return status 200", &[POST, GOT], NONE),
    kind("redirect", "http-request redirect location /x", &[GET, GOT], NONE),
    kind("redirect of a post", "http-request redirect location /x", &[POST, GOT], NONE),
    kind("redirect prefix", "redirect prefix http://b", &[GET, GOT], NONE),
    logs(0, kind("monitor-uri", "monitor-uri /", &[GET, GOT], NONE)),
    kind("return instead of the response", "http-response return status 201", &[GET, GOT], GOOD),
    kind("redirect instead of the response", "http-response redirect location /x", &[GET, GOT], GOOD),
    kind("server that redirects", "server s {server} redir http://x", &[GET, GOT], NONE),
    // Tunnels.
    kind(
        "connect, the client ends",
        "",
        &[Send("CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n"), Head, Send("hello"), Wait, Finish, End],
        &[&[Head, Send("HTTP/1.1 200 Established\r\n\r\n"), Read(5), Tell, End, Close]],
    ),
    kind(
        "connect, the server ends",
        "",
        &[Send("CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n"), Head, Send("hello"), End, Close],
        &[&[Head, Send("HTTP/1.1 200 Established\r\n\r\n"), Read(5), Send("bye"), Close]],
    ),
    kind(
        "connect refused by the server",
        "",
        &[Send("CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n"), Response("GET")],
        &[&[Head, Send("HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n"), End]],
    ),
    kind(
        "websocket, the server ends",
        "",
        &[UPGRADE, Head, Send("hello"), End, Close],
        &[&[Head, SWITCH, Read(5), Send("bye"), Close]],
    ),
    kind(
        "websocket, the client ends",
        "",
        &[UPGRADE, Head, Send("hello"), Wait, Finish, End],
        &[&[Head, SWITCH, Read(5), Tell, End, Close]],
    ),
    kind(
        "websocket, the client resets",
        "",
        &[UPGRADE, Head, Send("hello"), Wait, Reset],
        &[&[Head, SWITCH, Read(5), Tell, End]],
    ),
    kind("websocket, the server resets", "", &[UPGRADE, Head, Send("hello"), End], &[&[Head, SWITCH, Read(5), Reset]]),
    kind("upgrade declined", "", &[UPGRADE, GOT], GOOD),
    // Options about what is logged.
    logs(0, kind("normal lines are not wanted", "option dontlog-normal", &[GET, GOT], GOOD)),
    kind("errors are wanted", "option dontlog-normal;http-request deny", &[GET, GOT], NONE),
    kind("logasap", "option logasap", &[GET, GOT, Logged(1)], &[&[Head, PARTIAL, Wait, Send("defghi"), End]]),
];

const UPGRADE: Step = Send(
    "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
     Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
);
const SWITCH: Step = Send(
    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
     Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
);
