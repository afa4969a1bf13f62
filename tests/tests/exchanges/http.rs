//! Interactions over HTTP.

use super::Difference::{self, OnPurpose};

/// How the server behaves towards every request but `/probe` and `/end`, which it always answers.
#[derive(Clone, Copy)]
pub(crate) enum Server {
    /// Answers this and keeps the connection.
    Keeps(&'static str),
    /// Answers this and closes.
    Closes(&'static str),
    /// Answers with the body of the request.
    Echoes,
}
use Server::{Closes, Echoes, Keeps};

/// One interaction: settings of the `listen` section, the server, and what the client sends. Each text is sent when the
/// response to the one before it has come.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) settings: &'static str,
    pub(crate) server: Server,
    pub(crate) sends: &'static [&'static str],
    pub(crate) differs: Option<Difference>,
}

const fn case(name: &'static str, settings: &'static str, server: Server, sends: &'static [&'static str]) -> Case {
    Case { name, settings, server, sends, differs: None }
}

const fn differs(why: Difference, mut case: Case) -> Case {
    case.differs = Some(why);
    case
}

pub(crate) const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const GET: &str = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const GET10: &str = "GET / HTTP/1.0\r\n\r\n";
const GET10_KEEP: &str = "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n";
const GET_CLOSE: &str = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
const CHUNKED: &str =
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-A: 1\r\n\r\n3\r\nabc\r\n4;ext=1\r\ndefg\r\n0\r\nX-T: 1\r\n\r\n";

pub(crate) const CASES: &[Case] = &[
    // Plain exchanges and how connections persist.
    case("get", "", Keeps(OK), &[GET]),
    case("get twice", "", Keeps(OK), &[GET, GET]),
    case("get, close", "", Keeps(OK), &[GET_CLOSE]),
    case(
        "server closes",
        "",
        Closes("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"),
        &[GET, GET],
    ),
    case("1.0", "", Keeps(OK), &[GET10]),
    case("1.0 keep-alive", "", Keeps(OK), &[GET10_KEEP, GET10_KEEP]),
    case("1.0 server", "", Closes("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"), &[GET, GET]),
    case("1.0 server without length", "", Closes("HTTP/1.0 200 OK\r\nX: 1\r\n\r\nuntil close"), &[GET]),
    case(
        "1.0 keep-alive server",
        "",
        Keeps("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok"),
        &[GET, GET10_KEEP],
    ),
    case("1.1 server without length", "", Closes("HTTP/1.1 200 OK\r\nX: 1\r\n\r\nuntil close"), &[GET]),
    case("1.1 server without length, 1.0 client", "", Closes("HTTP/1.1 200 OK\r\n\r\nuntil close"), &[GET10_KEEP]),
    case("chunked", "", Keeps(CHUNKED), &[GET, GET]),
    differs(
        OnPurpose("HTTP/1.0 knows no chunks (RFC 9112, section 6.1); HAProxy sends them"),
        case("chunked to 1.0", "", Keeps(CHUNKED), &[GET10_KEEP]),
    ),
    case("httpclose", " option httpclose", Keeps(OK), &[GET]),
    case("httpclose, 1.0", " option httpclose", Keeps(OK), &[GET10_KEEP]),
    case("server-close", " option http-server-close", Keeps(OK), &[GET, GET]),
    case("pretend", " option http-server-close\n option http-pretend-keepalive", Keeps(OK), &[GET, GET]),
    case("keep-alive tunnel option", " option http-keep-alive", Keeps(OK), &[GET, GET]),
    // Fields.
    case(
        "order and case",
        "",
        Keeps("HTTP/1.1 200 OK\r\nZ-Z: 1\r\nA: 2\r\nContent-Length: 0\r\nz-z: 3\r\n\r\n"),
        &["GET /x HTTP/1.1\r\nX-FOO: 1\r\nHost: A.b\r\nx-bar:2\r\nX-FOO:   3  \r\n\r\n"],
    ),
    case(
        "empty values",
        "",
        Keeps("HTTP/1.1 200 OK\r\nEmpty:\r\nContent-Length: 0\r\n\r\n"),
        &["GET / HTTP/1.1\r\nHost:\r\nE:\r\n\r\n"],
    ),
    case("reason", "", Keeps("HTTP/1.1 299 Quite, fine (really)\r\nContent-Length: 0\r\n\r\n"), &[GET]),
    case("no reason", "", Keeps("HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n"), &[GET]),
    case(
        "hop fields",
        "",
        Keeps(
            "HTTP/1.1 200 OK\r\nConnection: keep-alive, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\nContent-Length: 0\r\n\r\n",
        ),
        &[
            "GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: 1\r\nProxy-Connection: keep-alive\r\nTE: trailers\r\n\r\n",
        ],
    ),
    case("absolute uri", "", Keeps(OK), &["GET http://a/b?c HTTP/1.1\r\nHost: a\r\n\r\n"]),
    case("options star", "", Keeps(OK), &["OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"]),
    case("odd method", "", Keeps(OK), &["FOO-bar /x HTTP/1.1\r\nHost: a\r\n\r\n"]),
    case("leading empty line", "", Keeps(OK), &["\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"]),
    case(
        "length twice",
        "",
        Echoes,
        &["POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nab"],
    ),
    case(
        "forwardfor",
        " option forwardfor",
        Keeps(OK),
        &["GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 1.2.3.4\r\nZ: 1\r\n\r\n"],
    ),
    case(
        "forwardfor if-none",
        " option forwardfor if-none",
        Keeps(OK),
        &["GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 1.2.3.4\r\nZ: 1\r\n\r\n"],
    ),
    case("originalto", " option originalto header X-To", Keeps(OK), &[GET]),
    // Bodies.
    case("post", "", Echoes, &["POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"]),
    case(
        "post chunked",
        "",
        Echoes,
        &["POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-T: 1\r\n\r\n"],
    ),
    case("post nothing", "", Echoes, &["POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"]),
    case("post without length", "", Echoes, &["POST / HTTP/1.1\r\nHost: a\r\n\r\n"]),
    case("get with a body", "", Echoes, &["GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"]),
    case("head", "", Keeps("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n"), &["HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"]),
    case(
        "head chunked",
        "",
        Keeps("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
        &["HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"],
    ),
    case("head without length", "", Keeps("HTTP/1.1 200 OK\r\nX: 1\r\n\r\n"), &["HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"]),
    case("204", "", Keeps("HTTP/1.1 204 No Content\r\nX: 1\r\n\r\n"), &[GET, GET]),
    case("304", "", Keeps("HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n"), &[GET, GET]),
    case(
        "interim",
        "",
        Keeps("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"),
        &[GET],
    ),
    case("pipelined", "", Keeps(OK), &["GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n", ""]),
    // Tunnels.
    case(
        "upgrade declined",
        "",
        Keeps(OK),
        &["GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"],
    ),
    case(
        "upgrade",
        "",
        Closes("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\nX: 1\r\n\r\n"),
        &["GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, X-Y\r\nUpgrade: x\r\n\r\n"],
    ),
    differs(
        OnPurpose("Upgrade without Connection is not forwarded (RFC 9110, section 7.8)"),
        case("upgrade without Connection", "", Keeps(OK), &["GET / HTTP/1.1\r\nHost: a\r\nUpgrade: x\r\n\r\n"]),
    ),
    case(
        "connect",
        "",
        Closes("HTTP/1.1 200 Established\r\nX: 1\r\n\r\n"),
        &["CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n"],
    ),
    // Refused requests.
    case("garbage", "", Keeps(OK), &["hello\r\n\r\n"]),
    case("bad name", "", Keeps(OK), &["GET / HTTP/1.1\r\nHost: a\r\nX Y: 1\r\n\r\n"]),
    case("two hosts", "", Keeps(OK), &["GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"]),
    case("host disagrees", "", Keeps(OK), &["GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n"]),
    case(
        "differing lengths",
        "",
        Keeps(OK),
        &["POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"],
    ),
    case(
        "gzip, chunked",
        "",
        Keeps(OK),
        &["POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"],
    ),
    case("second request bad", "", Keeps(OK), &[GET, "hello\r\n\r\n"]),
    differs(
        OnPurpose("a version that is not HTTP/1 is refused"),
        case("version 3", "", Keeps(OK), &["GET / HTTP/3.0\r\nHost: a\r\n\r\n"]),
    ),
    differs(
        OnPurpose("text that claims HTTP/2 is refused"),
        case("version 2", "", Keeps(OK), &["GET / HTTP/2.0\r\nHost: a\r\n\r\n"]),
    ),
    differs(
        OnPurpose("HTTP/1.1 needs a Host (RFC 9112, section 3.2)"),
        case("no host", "", Keeps(OK), &["GET / HTTP/1.1\r\n\r\n"]),
    ),
    differs(OnPurpose("lines end with CRLF"), case("bare LF", "", Keeps(OK), &["GET / HTTP/1.1\nHost: a\n\n"])),
    differs(
        OnPurpose("folded lines are refused (RFC 9112, section 5.2)"),
        case("folded line", "", Keeps(OK), &["GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n"]),
    ),
    differs(
        OnPurpose("ambiguous framing is refused (RFC 9112, section 6.1)"),
        case(
            "both framings",
            "",
            Echoes,
            &[
                "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
            ],
        ),
    ),
    case(
        "bad chunk from the client",
        "",
        Keeps(OK),
        &["POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"],
    ),
    case("server closes after the head", "", Closes("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"), &[GET]),
    case(
        "bad second chunk from the client",
        "",
        Echoes,
        &["POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nxyz\r\n"],
    ),
    case(
        "bad chunk behind a response",
        "",
        Echoes,
        &[GET, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"],
    ),
    case("deny a 1.0 client", " http-request deny", Keeps(OK), &[GET10]),
    case("space in target", "", Keeps(OK), &["GET /a b HTTP/1.1\r\nHost: a\r\n\r\n"]),
    // Refused and missing responses.
    case("garbage from the server", "", Closes("hello\r\n\r\n"), &[GET]),
    case("nothing from the server", "", Closes(""), &[GET]),
    case("server closes within a head", "", Closes("HTTP/1.1 200 OK\r\nX"), &[GET]),
    case("server closes within a body", "", Closes("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"), &[GET]),
    case(
        "server closes within a chunk",
        "",
        Closes("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nabc"),
        &[GET],
    ),
    case(
        "bad chunk from the server",
        "",
        Keeps("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"),
        &[GET],
    ),
    case(
        "bad second chunk from the server",
        "",
        Keeps("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nxyz\r\n"),
        &[GET],
    ),
    case(
        "server closes before the first chunk",
        "",
        Closes("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
        &[GET],
    ),
    case(
        "server lengths differ",
        "",
        Keeps("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"),
        &[GET],
    ),
    // Replies of the proxy.
    case("return", " http-request return status 200 content-type text/plain string hello", Keeps(OK), &[GET, GET]),
    case("return 1.0", " http-request return status 200 content-type text/plain string hello", Keeps(OK), &[GET10]),
    case(
        "return to head",
        " http-request return status 200 content-type text/plain string hello",
        Keeps(OK),
        &["HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"],
    ),
    case(
        "return after a body",
        " http-request return status 200 content-type text/plain string hello",
        Keeps(OK),
        &["POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"],
    ),
    case(
        "return hdr",
        " http-request return status 404 content-type text/plain string no hdr X-Why because",
        Keeps(OK),
        &[GET],
    ),
    case("deny", " http-request deny", Keeps(OK), &[GET, GET]),
    case("deny 429", " http-request deny deny_status 429", Keeps(OK), &[GET]),
    case("redirect", " http-request redirect location /x code 301", Keeps(OK), &[GET, GET]),
    case(
        "redirect prefix",
        " http-request redirect prefix http://b drop-query",
        Keeps(OK),
        &["GET /p?q HTTP/1.1\r\nHost: a\r\n\r\n"],
    ),
    case(
        "redirect scheme",
        " http-request redirect scheme https",
        Keeps(OK),
        &["GET /p?q HTTP/1.1\r\nHost: a\r\n\r\n"],
    ),
    case("monitor-uri", " monitor-uri /alive", Keeps(OK), &["GET /alive HTTP/1.1\r\nHost: a\r\n\r\n"]),
    case("tarpit", " timeout tarpit 10\n http-request tarpit", Keeps(OK), &[GET]),
    case("server timeout", " timeout server 50", Keeps(""), &[GET]),
    case("request timeout", " timeout http-request 50", Keeps(OK), &["GET / HTTP/1.1\r\nHo"]),
    case(
        "websocket without a key",
        "",
        Keeps(OK),
        &["GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"],
    ),
    case(
        "websocket among others without a key",
        "",
        Keeps(OK),
        &["GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x, WebSocket\r\n\r\n"],
    ),
    case(
        "websocket with a short key",
        "",
        Keeps(OK),
        &["GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n"],
    ),
    case(
        "websocket without a key, with an empty body",
        "",
        Keeps(OK),
        &["GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"],
    ),
    case(
        "websocket without a key in HTTP/1.0",
        "",
        Keeps(OK),
        &["GET / HTTP/1.0\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"],
    ),
    case(
        "websocket not accepted",
        "",
        Closes("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"),
        &[
            "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        ],
    ),
    case(
        "websocket not accepted, no connection",
        "",
        Closes("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"),
        &[
            "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        ],
    ),
    differs(
        OnPurpose("timeout client ends a client that stops sending, as the manual says; HAProxy waits for the server"),
        case(
            "body timeout",
            " timeout client 50\n timeout server 500",
            Keeps(OK),
            &["POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc"],
        ),
    ),
];
