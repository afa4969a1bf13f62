//! Scripts and servers that speak TLS, or should. `{ca}` is the authority of their certificate, for `lb.test`, and
//! `{stranger}` another one.

use super::cases::Case;
use super::peer::Act::{self, Close, Pause, Recv, Reset, Send, Until};

pub(crate) fn cases() -> Vec<Case> {
    const HTTP: &[Act] = &[Until(b"\r\n\r\n"), Send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")];
    const HELLO: &[Act] = &[Send(b"hello\r\n")];
    const SAYS_NOTHING: &[Act] = &[Recv];
    let tls = |acts, lines: &'static str, options: &'static str| Case { tls: true, ..Case::new(lines, options, acts) };
    vec![
        // Only the handshake.
        tls(SAYS_NOTHING, "option tcp-check", "ssl verify none"),
        tls(SAYS_NOTHING, "option tcp-check", "check-ssl verify none"),
        tls(SAYS_NOTHING, "option tcp-check", "ssl verify required ca-file {ca}"),
        tls(SAYS_NOTHING, "option tcp-check", "ssl verify required ca-file {ca} verifyhost lb.test"),
        tls(SAYS_NOTHING, "option tcp-check", "ssl verify required ca-file {ca} check-sni lb.test"),
        tls(SAYS_NOTHING, "option tcp-check", "ssl verify none sni str(lb.test)"),
        tls(SAYS_NOTHING, "option tcp-check", "ssl verify none check-sni lb.test check-alpn y,http/1.1"),
        tls(SAYS_NOTHING, "option tcp-check", "ssl verify none alpn http/1.1"),
        tls(SAYS_NOTHING, "option tcp-check", "ssl verify none check-ssl addr 127.0.0.1 port {port}"),
        // A certificate of somebody else, for somebody else.
        tls(SAYS_NOTHING, "option tcp-check", "ssl verify required ca-file {stranger}"),
        tls(SAYS_NOTHING, "option tcp-check", "ssl verify required ca-file {ca} verifyhost other.test"),
        tls(SAYS_NOTHING, "option tcp-check", "ssl verify required ca-file {ca} check-sni other.test"),
        tls(SAYS_NOTHING, "option httpchk", "ssl verify required ca-file {stranger}"),
        tls(SAYS_NOTHING, "option httpchk|http-check connect ssl", "verify required ca-file {stranger}"),
        tls(
            SAYS_NOTHING,
            "option tcp-check|tcp-check connect comment \"the door\" ssl|tcp-check expect string x",
            "verify required ca-file {stranger}",
        ),
        tls(SAYS_NOTHING, "option tcp-check|tcp-check expect string x", "ssl verify required ca-file {stranger}"),
        tls(SAYS_NOTHING, "option redis-check", "ssl verify required ca-file {stranger}"),
        // What is said in TLS.
        tls(HELLO, "option tcp-check|tcp-check expect string hello", "ssl verify none"),
        tls(HELLO, "option tcp-check|tcp-check expect string hellx", "ssl verify none"),
        tls(HELLO, "option tcp-check|tcp-check connect ssl|tcp-check expect string hello", "verify none"),
        tls(
            HELLO,
            "option tcp-check|tcp-check connect ssl sni lb.test alpn x,y|tcp-check expect string hello",
            "verify none",
        ),
        tls(
            HELLO,
            "option tcp-check|tcp-check connect default|tcp-check expect string hello",
            "ssl verify none check-sni a.test",
        ),
        tls(
            HELLO,
            "option tcp-check|tcp-check connect default ssl sni b.test|tcp-check expect string hello",
            "ssl verify none check-sni a.test",
        ),
        tls(&[Recv, Send(b"+PONG\r\n")], "option redis-check", "ssl verify none"),
        tls(&[Recv, Send(b"-ERR no\r\n"), Close], "option redis-check", "check-ssl verify none"),
        tls(HTTP, "option httpchk", "ssl verify none"),
        tls(HTTP, "option httpchk", "check-ssl verify none check-sni lb.test"),
        tls(HTTP, "option httpchk", "ssl verify none check-alpn http/1.1"),
        tls(
            HTTP,
            "option httpchk GET / HTTP/1.1|http-check connect ssl sni lb.test alpn http/1.1|http-check send|http-check expect status 200",
            "verify none",
        ),
        tls(HTTP, "option httpchk|http-check expect status 500", "ssl verify none"),
        tls(&[Until(b"\r\n\r\n"), Close], "option httpchk", "ssl verify none"),
        tls(&[Until(b"\r\n\r\n"), Reset], "option httpchk", "ssl verify none"),
        tls(&[Until(b"\r\n\r\n")], "option httpchk", "ssl verify none"),
        tls(&[Close], "option tcp-check|tcp-check expect string hello", "ssl verify none"),
        tls(SAYS_NOTHING, "option tcp-check|tcp-check expect string hello", "ssl verify none"),
        tls(HTTP, "option httpchk", "ssl verify none send-proxy-v2 no-check-ssl"),
        // No TLS, although it should be.
        Case::new("option tcp-check", "ssl verify none", &[Recv, Send(b"HTTP/1.0 400 Bad\r\n\r\n"), Close]),
        Case::new("option tcp-check", "ssl verify none", &[Send(b"220 mail\r\n")]),
        Case::new("option tcp-check", "ssl verify none", &[Recv, Close]),
        Case::new("option tcp-check", "ssl verify none", SAYS_NOTHING),
        Case::new("option tcp-check", "check-ssl verify none", &[]),
        Case::new("option tcp-check", "ssl verify none", &[Recv, Send(b"\x15\x03\x03\0\x02\x02\x28"), Pause, Close]),
        Case::new("option httpchk", "ssl verify none", &[Recv, Close]),
        Case::new("option httpchk", "ssl verify none", SAYS_NOTHING),
        Case::new("option tcp-check|tcp-check connect ssl|tcp-check expect string x", "verify none", &[Recv, Close]),
        Case::new("option tcp-check|tcp-check connect ssl|tcp-check expect string x", "verify none", SAYS_NOTHING),
        Case::new("option httpchk", "ssl verify none no-check-ssl", HTTP),
        Case::new("option tcp-check|tcp-check expect string hello", "ssl verify none port {port}", HELLO),
        Case::new("option httpchk", "check-ssl no-check-ssl verify none", HTTP),
    ]
}
