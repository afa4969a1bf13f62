//! Scripts and servers. `|` separates lines of the backend, `{port}` is the server's.

use super::peer::Act::{self, Close, Deaf, Pause, Recv, Reset, Send, Until};

/// A backend with one server.
#[derive(Clone, Copy)]
pub(crate) struct Case {
    pub(crate) lines: &'static str,
    pub(crate) options: &'static str,
    pub(crate) acts: &'static [Act],
    /// The server speaks TLS.
    pub(crate) tls: bool,
}

impl Case {
    pub(crate) const fn new(lines: &'static str, options: &'static str, acts: &'static [Act]) -> Self {
        Self { lines, options, acts, tls: false }
    }
}

const HEAD: Act = Until(b"\r\n\r\n");
const OK: Act = Send(b"HTTP/1.1 200 OK\r\nX-A: b, c\r\nX-Code: 99\r\nContent-Length: 5\r\n\r\nhello");
const SOCKS4: &[Act] = &[Until(b"HAProxy\0"), Send(b"\0\x5a\0\0\0\0\0\0"), Send(b"hello")];
const GREETING: &[u8] = b"\x13\0\0\0\x0a8.0.33-foo\0\x05\0\0\0abc";
const MYSQL_OK: &[u8] = b"\x07\0\0\x02\0\0\0\x02\0\0\0";
const MYSQL_ERROR: &[u8] = b"\x0b\0\0\x02\xff\x15\x04#28000No";
const LDAP_OK: &[u8] = b"\x30\x0c\x02\x01\x01\x61\x07\x0a\x01\0\x04\0\x04\0";

pub(crate) fn cases() -> Vec<Case> {
    let hello: &'static [Act] = &[Send(b"hello\r\n")];
    let closing: &'static [Act] = &[Send(b"hello\r\n"), Close];
    let http: &'static [Act] = &[HEAD, OK];
    let mut cases = Vec::new();
    let mut add = |acts: &'static [Act], all: &[&'static str]| {
        cases.extend(all.iter().map(|lines| Case::new(lines, "", acts)));
    };
    // Nothing listens.
    add(
        &[],
        &[
            "option tcp-check",
            "option tcp-check|tcp-check expect string x",
            "option tcp-check|tcp-check connect comment \"con com\"|tcp-check expect string x",
            "option tcp-check|tcp-check connect port {port}",
            "option tcp-check|tcp-check comment c1|tcp-check connect",
            "option tcp-check|tcp-check connect port int(1)",
            "option redis-check",
            "option httpchk",
            "option httpchk|http-check connect comment bar|http-check send|http-check expect status 500",
        ],
    );
    // It listens, and nobody looks at what comes.
    add(
        &[Deaf],
        &[
            "option tcp-check",
            "option tcp-check|tcp-check connect|tcp-check connect linger",
            "option tcp-check|tcp-check set-var(check.a) int(1)",
            "option tcp-check|tcp-check comment a",
            "option tcp-check|tcp-check connect port var(check.none)",
            "option tcp-check|tcp-check connect port str(x)",
        ],
    );
    add(
        hello,
        &[
            "option tcp-check|tcp-check expect string hell",
            "option tcp-check|tcp-check expect string hellx",
            "option tcp-check|tcp-check expect comment cc string hellx",
            "option tcp-check|tcp-check comment c1|tcp-check expect string hellx",
            "option tcp-check|tcp-check expect ! string hellx",
            "option tcp-check|tcp-check expect ! string hell",
            "option tcp-check|tcp-check expect rstring ^hel+o",
            "option tcp-check|tcp-check expect ! rstring ^hel+o",
            "option tcp-check|tcp-check expect ! rstring ^hel+x",
            "option tcp-check|tcp-check expect binary 68656c",
            "option tcp-check|tcp-check expect binary 68656d",
            "option tcp-check|tcp-check expect rbinary ^68656C",
            "option tcp-check|tcp-check expect rbinary ^ff",
            "option tcp-check|tcp-check set-var(check.x) str(hell)|tcp-check expect string-lf \"%[var(check.x)]o\"",
            "option tcp-check|tcp-check set-var-fmt(check.x) \"%[str(he)]ll\"|tcp-check expect string-lf \"%[var(check.x)]o\"",
            "option tcp-check|tcp-check set-var(check.x) str(a)|tcp-check unset-var(check.x)|tcp-check expect string-lf \
         %[var(check.x)]",
            "option tcp-check|tcp-check expect binary-lf \"68%[str(65)]\"",
            "option tcp-check|tcp-check expect binary-lf \"68%[str(6)]\"",
            "option tcp-check|tcp-check expect binary-lf \"6865%[str(66)]\"",
            "option tcp-check|tcp-check expect binary-lf zz",
            "option tcp-check|tcp-check expect min-recv 10 string hellx",
            "option tcp-check|tcp-check expect min-recv 0 string hellx",
            "option tcp-check|tcp-check expect min-recv 4 string hellx",
            "option tcp-check|tcp-check expect min-recv 4 ! string hellx",
            "option tcp-check|tcp-check expect min-recv 10 rstring hel",
            "option tcp-check|tcp-check expect min-recv 0 rstring helx",
            "option tcp-check|tcp-check expect ok-status L4OK on-success \"ok %[res.payload(0,5)] %b\" status-code int(77) string hell",
            "option tcp-check|tcp-check expect tout-status L4TOUT on-error \"bad\" status-code int(78) string hellx",
            "option tcp-check|tcp-check expect ok-status L7OKC string hell",
            "option tcp-check|tcp-check expect status-code int(5) string hell",
            "option tcp-check|tcp-check expect on-success os string hell|tcp-check send x",
            "option tcp-check|tcp-check expect string hell|tcp-check set-var(check.a) int(1)",
            "option tcp-check|tcp-check expect string hell|tcp-check expect string lo",
            "option tcp-check|tcp-check expect string hell|tcp-check send abc|tcp-check expect string hell",
            "option tcp-check|tcp-check send-lf %[var(check.none)]|tcp-check expect string hell",
            "option tcp-check|tcp-check connect|tcp-check expect string h|tcp-check connect linger|tcp-check send a|tcp-check \
         expect string h|tcp-check connect",
            "option smtpchk",
            "option ssl-hello-chk",
            "option ldap-check",
        ],
    );
    // What is sent last is read before the reset is seen.
    add(
        &[Recv],
        &[
            "option tcp-check|tcp-check send foo",
            "option tcp-check|tcp-check send-binary 41420d0a|tcp-check send-lf \"%[srv_name] %s\\r\\n\"|tcp-check \
         send-binary-lf \"4142%[str(43)]\"",
        ],
    );
    add(
        closing,
        &[
            "option tcp-check|tcp-check expect string hellx",
            "option tcp-check|tcp-check expect comment \"a comment\" string hellx",
            "option tcp-check|tcp-check comment precomment|tcp-check expect string hellx",
            "option tcp-check|tcp-check comment c1|tcp-check expect string h|tcp-check expect string hellx",
            "option tcp-check|tcp-check comment c1|tcp-check set-var(check.a) int(1)|tcp-check expect string hellx",
            "option tcp-check|tcp-check expect comment cc on-error oe string hellx",
            "option tcp-check|tcp-check expect rstring ^hel+x",
            "option tcp-check|tcp-check expect rbinary ^6866",
            "option tcp-check|tcp-check expect error-status L4CON on-error \"bad %[res.payload(0,5)]\" string hellx",
            "option tcp-check|tcp-check expect error-status L7STS status-code int(78) string hellx",
            "option tcp-check|tcp-check expect error-status L7OKC string hellx",
            "option tcp-check|tcp-check expect ! string hellx",
            "option tcp-check|tcp-check expect on-error \"yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\
         zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz\" string hellx",
        ],
    );
    add(
        &[Recv, Send(b"+PONG\r\n")],
        &[
            "option redis-check",
            "option tcp-check|tcp-check send PING\\r\\n|tcp-check expect string +PONG",
            "option tcp-check|tcp-check send PING\\r\\n|tcp-check expect ! string +PONG",
        ],
    );
    add(&[Recv, Send(b"-ERR foo\r\n"), Pause, Close], &["option redis-check"]);
    add(&[Recv, Send(b"+PO"), Pause, Send(b"NG\r\n")], &["option redis-check"]);
    add(
        &[Recv, Close],
        &["option redis-check", "option tcp-check|tcp-check send a|tcp-check expect comment c string b"],
    );
    add(&[Recv, Reset], &["option redis-check", "option tcp-check|tcp-check send a|tcp-check expect string b"]);
    add(
        &[Send(b"hell\x00\x01foo"), Close],
        &["option tcp-check|tcp-check expect rstring foo", "option tcp-check|tcp-check expect string foo"],
    );
    add(
        &[Send(b"220 hi\r\n"), Recv, Send(b"250 nice\r\n"), Recv, Send(b"221 bye\r\n")],
        &["option smtpchk", "option smtpchk EHLO foo.org", "option smtpchk HELO"],
    );
    add(&[Send(b"220 hi\r\n"), Recv, Send(b"250-nice\r\n250 ok\r\n"), Recv, Send(b"521 bye\r\n")], &["option smtpchk"]);
    add(&[Send(b"554 no\r\n")], &["option smtpchk"]);
    add(&[Send(b"220 hi\r\n"), Recv, Send(b"550 nope\r\n"), Pause, Close], &["option smtpchk"]);
    add(
        &[Recv, Send(GREETING), Send(MYSQL_OK)],
        &["option mysql-check user bob", "option mysql-check user bob pre-41", "option mysql-check user bob post-41"],
    );
    add(&[Recv, Send(GREETING), Send(MYSQL_ERROR)], &["option mysql-check user bob"]);
    add(&[Send(GREETING)], &["option mysql-check"]);
    add(&[Send(MYSQL_ERROR)], &["option mysql-check"]);
    add(&[Recv, Send(GREETING)], &["option mysql-check user bob"]);
    add(&[Recv, Send(b"R\0\0\0\x08\0\0\0\0")], &["option pgsql-check user bob"]);
    add(&[Recv, Send(b"R\0\0\0\x08\0\0\0\x0a")], &["option pgsql-check user bob"]);
    add(&[Recv, Send(b"R\0\0\0\x08\0\0\0\x08")], &["option pgsql-check user bob"]);
    add(&[Recv, Send(b"E\0\0\0\x20SFATAL\0Cxx\0Mno way\0")], &["option pgsql-check user bob"]);
    add(&[Recv, Send(LDAP_OK)], &["option ldap-check"]);
    add(&[Recv, Send(b"\x30\x0c\x02\x01\x01\x61\x07\x0a\x01\x31\x04\0\x04\0")], &["option ldap-check"]);
    add(&[Recv, Send(b"\x31\x0c\x02\x01\x01\x61\x07\x0a\x01\x31\x04\0\x04\0")], &["option ldap-check"]);
    add(
        &[Recv, Send(b"\x30\x84\0\0\0\x10\x02\x01\x01\x61\x84\0\0\0\x07\x0a\x01\0\x04\0\x04\0")],
        &["option ldap-check"],
    );
    add(&[Recv, Send(b"\x16\x03\0\0\x20abc")], &["option ssl-hello-chk"]);
    add(
        http,
        &[
            "option httpchk",
            "option httpchk /foo",
            "option httpchk GET /x",
            "option httpchk GET /x HTTP/1.1",
            "option httpchk GET /x HTTP/1.1\\r\\nHost:\\ a",
            "option httpchk|http-check send meth POST uri /a ver HTTP/1.1 hdr Host foo hdr X-A \"a %[srv_name]\" body hello",
            "option httpchk|http-check send ver HTTP/1.1|http-check send-state",
            "option httpchk|http-check send hdr Connection keep-alive hdr Content-Length 4",
            "option httpchk GET http://bar:80/foo HTTP/1.1|http-check send hdr Host foo",
            "option httpchk GET /a|http-check send uri /b",
            "option httpchk GET /a|http-check connect|http-check send",
            "option httpchk|http-check expect string hello",
            "option httpchk|http-check expect string hellx",
            "option httpchk|http-check expect ! string hello",
            "option httpchk|http-check expect rstring hel+o",
            "option httpchk|http-check expect string-lf \"%[str(hel)]lo\"",
            "option httpchk|http-check expect status 201,300-310",
            "option httpchk|http-check expect status 100-299",
            "option httpchk|http-check expect rstatus ^3",
            "option httpchk|http-check expect ! status 200",
            "option httpchk|http-check expect hdr name X-A",
            "option httpchk|http-check expect hdr name X-A value c",
            "option httpchk|http-check expect fhdr name X-A value c",
            "option httpchk|http-check expect fhdr name X-A value \"b, c\"",
            "option httpchk|http-check expect ! hdr name X-A value c",
            "option httpchk|http-check expect hdr name -m beg X- value -m end c",
            "option httpchk|http-check expect hdr name -m reg ^x-[ab]$ value -m reg ^[cd]$",
            "option httpchk|http-check expect hdr name-lf \"X-%[str(a)]\" value-lf \"%[str(b)]\"",
            "option httpchk|http-check expect comment \"my comment\" status 500",
            "option httpchk|http-check comment \"pre comment\"|http-check expect status 500",
            "option httpchk|http-check expect comment cc on-error oe status 500",
            "option httpchk|http-check expect on-error \"st %[status] %[res.hdr(x-a)] %[res.body]\" status-code res.hdr(x-code) status 500",
            "option httpchk|http-check expect on-success \"st %[status]\" ok-status L6OK status 200",
            "option httpchk|http-check expect error-status L7RSP status 500",
            "option httpchk|http-check expect status 200|http-check expect string hellx",
            "option httpchk|http-check connect|http-check send|http-check expect status 200|http-check set-var(check.c) status|\
         http-check connect|http-check send uri /b hdr x-c %[var(check.c)]|http-check expect status 404",
            "option httpchk|http-check set-var(check.a) str(vv)|http-check send hdr x-v %[var(check.a)]|http-check expect status 500",
        ],
    );
    add(
        &[HEAD, Send(b"HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\n\r\nhelxo")],
        &[
            "option httpchk",
            "option httpchk|http-check disable-on-404",
            "option httpchk|http-check expect string hello|http-check disable-on-404",
        ],
    );
    add(&[HEAD, Send(b"HTTP/1.1 503 Sorry there\r\n\r\n"), Close], &["option httpchk"]);
    add(&[HEAD, Send(b"HTTP/1.1 200 OK\r\nContent-Len"), Close], &["option httpchk"]);
    add(
        &[HEAD, Send(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello"), Close],
        &["option httpchk|http-check expect string hellx"],
    );
    add(
        &[HEAD, Send(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello")],
        &[
            "option httpchk|http-check expect string hello",
            "option httpchk|http-check expect string hellx",
            "option httpchk|http-check expect min-recv 3 string hellx",
        ],
    );
    add(
        &[HEAD, Send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")],
        &["option httpchk|http-check expect string hello", "option httpchk|http-check expect ! rstring hello"],
    );
    add(
        &[HEAD, Send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n")],
        &["option httpchk|http-check expect string hello"],
    );
    add(&[HEAD, Send(b"garbage\r\n\r\n")], &["option httpchk"]);
    add(&[HEAD, Reset], &["option httpchk"]);
    add(&[HEAD, Close], &["option httpchk"]);
    add(&[HEAD], &["option httpchk", "option httpchk|http-check expect tout-status L6TOUT status 500"]);
    add(
        &[Deaf],
        &[
            "option tcp-check|tcp-check connect addr 127.0.0.1:1",
            "option external-check|external-check command /bin/true",
            "option external-check|external-check command /bin/false",
            "option external-check|external-check command /nonexistent",
        ],
    );
    for (lines, options, acts) in [
        ("option tcp-check|tcp-check expect string h", "send-proxy-v2", hello),
        ("option tcp-check|tcp-check connect|tcp-check expect string h", "send-proxy-v2", hello),
        ("option tcp-check|tcp-check connect default|tcp-check expect string h", "send-proxy-v2", hello),
        ("option tcp-check|tcp-check connect port {port} addr 127.0.0.1", "port 1", &[Deaf] as &[Act]),
        ("option tcp-check|tcp-check connect default", "addr 127.0.0.1 port 1", &[Deaf] as &[Act]),
        ("option httpchk", "check-send-proxy send-proxy-v2", http),
        ("option tcp-check", "socks4 127.0.0.1:{port}", &[Deaf]),
        ("option tcp-check", "socks4 127.0.0.1:{port} check-via-socks4 addr 127.0.0.9 port 99", SOCKS4),
        (
            "option tcp-check|tcp-check connect port 99 addr 127.0.0.9 via-socks4|tcp-check expect string hello",
            "socks4 127.0.0.1:{port}",
            SOCKS4,
        ),
        (
            "option tcp-check|tcp-check connect default|tcp-check expect string hello",
            "socks4 127.0.0.1:{port} check-via-socks4",
            SOCKS4,
        ),
        (
            "option tcp-check|tcp-check expect string hello",
            "socks4 127.0.0.1:{port} check-via-socks4 send-proxy-v2",
            SOCKS4,
        ),
        (
            "option redis-check",
            "socks4 127.0.0.1:{port} check-via-socks4",
            &[Until(b"HAProxy\0"), Send(b"\0\x5a\0\0"), Pause, Send(b"\0\0\0\0"), Recv, Send(b"+PONG\r\n")],
        ),
        (
            "option tcp-check|tcp-check expect string hello",
            "socks4 127.0.0.1:{port} check-via-socks4",
            &[Until(b"HAProxy\0"), Send(b"\x05\x5a\0\0\0\0\0\0")],
        ),
        (
            "option tcp-check|tcp-check expect string hello",
            "socks4 127.0.0.1:{port} check-via-socks4",
            &[Until(b"HAProxy\0"), Close],
        ),
        (
            "option tcp-check|tcp-check expect string hello",
            "socks4 127.0.0.1:{port} check-via-socks4",
            &[Until(b"HAProxy\0"), Reset],
        ),
        // HAProxy's text of a refusal may carry an error of before: that is not compared.
        (
            "option httpchk",
            "socks4 127.0.0.1:{port} check-via-socks4",
            &[Until(b"HAProxy\0"), Send(b"\0\x5a\0\0\0\0\0\0"), HEAD, OK],
        ),
    ] {
        cases.push(Case::new(lines, options, acts));
    }
    cases
}
