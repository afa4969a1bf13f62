//! RFC 9113, sections 4 to 6 and 8, frame by frame through HAProxy and through lb: how each answers what a client must not
//! send, and what it may. Skipped where HAProxy is not installed.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::net::SocketAddr;

use lb_core::http::h2::frame::{FrameHeader, HEADER, Kind, PREFACE, flags, kind};
use lb_tests::frames::{block, framed};
use lb_tests::process::{Process, haproxy};
use lb_tests::{Instance, Origin, Wire};

const PRIORITY: u8 = 2;
const RESET: u8 = 3;
const SETTINGS: u8 = 4;
const PUSH: u8 = 5;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW: u8 = 8;
const CONTINUATION: u8 = 9;
const PADDED: u8 = 8;
const PRIORITIZED: u8 = 0x20;
/// The request behind all others, whose response ends a case.
const LAST: u32 = 999;

const GET: [(&str, &str); 4] = [(":method", "GET"), (":scheme", "http"), (":authority", "a.test"), (":path", "/")];

fn get() -> Vec<u8> {
    block(&GET)
}

fn post(fields: &[(&str, &str)]) -> Vec<u8> {
    block(&[&[(":method", "POST")], &GET[1..], fields].concat())
}

fn with(fields: &[(&str, &str)]) -> Vec<u8> {
    block(&[&GET[..], fields].concat())
}

/// HEADERS with a whole block.
fn headers(stream: u32, more: u8, block: &[u8]) -> Vec<u8> {
    framed(kind::HEADERS, flags::END_HEADERS | more, stream, block)
}

const END: u8 = flags::END_STREAM;

struct Case {
    name: &'static str,
    frames: Vec<u8>,
    /// What lb answers where that is not what HAProxy does.
    ours: Option<&'static str>,
}

fn case(name: &'static str, frames: impl IntoIterator<Item = Vec<u8>>) -> Case {
    Case { name, frames: frames.into_iter().flatten().collect(), ours: None }
}

fn other(name: &'static str, ours: &'static str, frames: impl IntoIterator<Item = Vec<u8>>) -> Case {
    Case { ours: Some(ours), ..case(name, frames) }
}

fn framing() -> Vec<Case> {
    vec![
        case("a request", [headers(1, END, &get())]),
        case("a frame beyond the size", [framed(kind::DATA, 0, 1, &[0; 16385])]),
        case("an unknown frame", [framed(77, 255, 0, b"hello")]),
        case("an unknown frame beyond the size", [framed(77, 0, 0, &[0; 16385])]),
        case("unknown flags", [framed(PING, 0xfe, 0, b"12345678")]),
        case("the reserved bit", [framed(PING, 0, 1 << 31, b"12345678")]),
        case("DATA of the connection", [framed(kind::DATA, 0, 0, b"x")]),
        case("DATA of a stream that is not open", [framed(kind::DATA, END, 1, b"x")]),
        // HAProxy takes what follows for something else.
        other(
            "padding",
            "PING HEADERS 999",
            [headers(1, 0, &post(&[])), framed(kind::DATA, PADDED | END, 1, b"\x02abc\0\0")],
        ),
        case("HEADERS of the connection", [headers(0, END, &get())]),
        case("HEADERS of an even stream", [headers(2, END, &get())]),
        case("padded HEADERS", [headers(1, END | PADDED, &[&[2][..], &get(), &[0, 0]].concat())]),
        case("HEADERS with too much padding", [headers(1, END | PADDED, &[&[255][..], &get()].concat())]),
        case("HEADERS with a priority", [headers(1, END | PRIORITIZED, &[&[0, 0, 0, 0, 16][..], &get()].concat())]),
        // Priorities are gone from RFC 9113.
        other(
            "HEADERS that depend on themselves",
            "HEADERS 1 PING HEADERS 999",
            [headers(1, END | PRIORITIZED, &[&[0, 0, 0, 1, 16][..], &get()].concat())],
        ),
        case("HEADERS without room for the priority", [headers(1, END | PRIORITIZED, &[0, 0])]),
        case("a block that is none", [headers(1, END, &[0xff; 6])]),
        case("index 0", [headers(1, END, &[0x80])]),
        case("a table beyond what was announced", [headers(1, END, &[&[0x3f, 0xe1, 0xff, 3][..], &get()].concat())]),
        case("a change of the table at the end", [headers(1, END, &[&get()[..], &[0x20]].concat())]),
        case("a change of the table", [headers(1, END, &[&[0x20][..], &get()].concat())]),
        case(
            "a block in pieces",
            [
                framed(kind::HEADERS, END, 1, &get()[..9]),
                framed(CONTINUATION, 0, 1, &get()[9..15]),
                framed(CONTINUATION, flags::END_HEADERS, 1, &get()[15..]),
            ],
        ),
        case("CONTINUATION alone", [framed(CONTINUATION, flags::END_HEADERS, 1, &get())]),
        case(
            "CONTINUATION of another stream",
            [framed(kind::HEADERS, END, 1, &get()), framed(CONTINUATION, flags::END_HEADERS, 3, b"")],
        ),
        case("another frame within a block", [framed(kind::HEADERS, END, 1, &get()), framed(77, 0, 0, b"x")]),
        case("PUSH_PROMISE of a client", [framed(PUSH, flags::END_HEADERS, 1, &[&[0, 0, 0, 2][..], &get()].concat())]),
    ]
}

fn control() -> Vec<Case> {
    let open = || headers(1, 0, &post(&[]));
    vec![
        case("PING", [framed(PING, 0, 0, b"12345678")]),
        case("PING that answers nothing", [framed(PING, flags::ACK, 0, b"12345678")]),
        case("PING of a stream", [framed(PING, 0, 1, b"12345678")]),
        case("PING of nine bytes", [framed(PING, 0, 0, b"123456789")]),
        case("PRIORITY of the connection", [framed(PRIORITY, 0, 0, &[0, 0, 0, 0, 16])]),
        case("PRIORITY", [framed(PRIORITY, 0, 5, &[0, 0, 0, 0, 16])]),
        // Section 6.3: an error of the stream.
        other("PRIORITY of four bytes", "RST_STREAM 1 6 PING HEADERS 999", [framed(PRIORITY, 0, 1, &[0; 4])]),
        other("PRIORITY of itself", "PING HEADERS 999", [framed(PRIORITY, 0, 1, &[0, 0, 0, 1, 16])]),
        case("RST_STREAM of the connection", [framed(RESET, 0, 0, &[0, 0, 0, 8])]),
        case("RST_STREAM of a stream that is not open", [framed(RESET, 0, 1, &[0, 0, 0, 8])]),
        case("RST_STREAM of three bytes", [open(), framed(RESET, 0, 1, &[0; 3])]),
        case("RST_STREAM", [open(), framed(RESET, 0, 1, &[0, 0, 0, 8])]),
        case("RST_STREAM twice", [open(), framed(RESET, 0, 1, &[0, 0, 0, 8]), framed(RESET, 0, 1, &[0, 0, 0, 8])]),
        case("RST_STREAM of an unknown reason", [open(), framed(RESET, 0, 1, &[255; 4])]),
        case("SETTINGS of a stream", [framed(SETTINGS, 0, 1, b"")]),
        case("SETTINGS of five bytes", [framed(SETTINGS, 0, 0, &[0; 5])]),
        case("SETTINGS that acknowledge something", [framed(SETTINGS, flags::ACK, 0, &[0; 6])]),
        case("SETTINGS_ENABLE_PUSH 2", [framed(SETTINGS, 0, 0, &[0, 2, 0, 0, 0, 2])]),
        case("a window beyond all", [framed(SETTINGS, 0, 0, &[0, 4, 0x80, 0, 0, 0])]),
        case("frames below the least", [framed(SETTINGS, 0, 0, &[0, 5, 0, 0, 0x3f, 0xff])]),
        case("frames beyond the most", [framed(SETTINGS, 0, 0, &[0, 5, 1, 0, 0, 0])]),
        case("a setting that is not known", [framed(SETTINGS, 0, 0, &[0x7f, 0x7f, 1, 0, 0, 0])]),
        case("GOAWAY of a stream", [framed(GOAWAY, 0, 1, &[0; 8])]),
        case("GOAWAY of four bytes", [framed(GOAWAY, 0, 0, &[0; 4])]),
        case("WINDOW_UPDATE of nothing", [framed(WINDOW, 0, 0, &[0; 4])]),
        case("WINDOW_UPDATE of nothing for a stream", [open(), framed(WINDOW, 0, 1, &[0; 4])]),
        case("WINDOW_UPDATE of three bytes", [framed(WINDOW, 0, 0, &[0; 3])]),
        case("WINDOW_UPDATE of a stream that is not open", [framed(WINDOW, 0, 1, &[0, 0, 0, 1])]),
        case("a window that overflows", [framed(WINDOW, 0, 0, &[0x7f, 0xff, 0xff, 0xff])]),
        case("a stream's window that overflows", [open(), framed(WINDOW, 0, 1, &[0x7f, 0xff, 0xff, 0xff])]),
        // The bit says nothing (section 6.9).
        other("WINDOW_UPDATE with the reserved bit", "PING HEADERS 999", [framed(WINDOW, 0, 0, &[0x80, 0, 0, 1])]),
    ]
}

fn requests() -> Vec<Case> {
    let open = |fields: &[(&str, &str)]| headers(1, 0, &post(fields));
    let body = |bytes: &[u8]| framed(kind::DATA, END, 1, bytes);
    vec![
        case("trailers", [open(&[]), framed(kind::DATA, 0, 1, b"ab"), headers(1, END, &block(&[("x-t", "1")]))]),
        case("a length that is right", [open(&[("content-length", "2")]), body(b"ab")]),
        case("a length that is too large", [open(&[("content-length", "5")]), body(b"ab")]),
        case("a length that is too small", [open(&[("content-length", "1")]), body(b"ab")]),
        case("no method", [headers(1, END, &block(&GET[1..]))]),
        case("no path", [headers(1, END, &block(&GET[..3]))]),
        case("two methods", [headers(1, END, &with(&[(":method", "GET")]))]),
        case("a pseudo-header that is not known", [headers(1, END, &with(&[(":foo", "x")]))]),
        case("a pseudo-header of responses", [headers(1, END, &with(&[(":status", "200")]))]),
        case("a pseudo-header behind a field", [headers(1, END, &block(&[&[("x", "y")], &GET[..]].concat()))]),
        case("a name with a capital", [headers(1, END, &with(&[("X-A", "y")]))]),
        case("connection", [headers(1, END, &with(&[("connection", "keep-alive")]))]),
        case("te", [headers(1, END, &with(&[("te", "gzip")]))]),
        case("te: trailers", [headers(1, END, &with(&[("te", "trailers")]))]),
        case("upgrade", [headers(1, END, &with(&[("upgrade", "x")]))]),
        case("transfer-encoding", [headers(1, END, &with(&[("transfer-encoding", "chunked")]))]),
        case("a line feed in a value", [headers(1, END, &with(&[("a", "b\r\nc: d")]))]),
        case("cookies", [headers(1, END, &with(&[("cookie", "a=1"), ("cookie", "b=2")]))]),
        case("CONNECT with a path", [headers(1, END, &block(&[&[(":method", "CONNECT")], &GET[2..]].concat()))]),
    ]
}

/// What comes for a case and the request behind it.
fn answers(address: SocketAddr, case: &Case) -> String {
    let mut wire = Wire::connect(address);
    let end = [framed(PING, 0, 0, b"the end!"), headers(LAST, END, &get())].concat();
    let bytes = [PREFACE, &framed(SETTINGS, 0, 0, &[]), &case.frames, &end].concat();
    let _ = wire.try_send(bytes);
    let posts = case.frames.windows(4).any(|bytes| bytes == b"POST");
    let mut told = Vec::new();
    while let Some(header) = wire.read_exactly(HEADER).ok().and_then(|bytes| FrameHeader::read(&bytes)) {
        let Ok(payload) = wire.read_exactly(header.length) else { break };
        let code = payload.last_chunk().map_or(0, |code| u32::from_be_bytes(*code));
        match header.kind {
            // A server takes its time for those of POST.
            Kind::Headers if header.stream != LAST && posts => {}
            Kind::Headers => told.push(format!("HEADERS {}", header.stream)),
            Kind::RstStream => told.push(format!("RST_STREAM {} {code}", header.stream)),
            Kind::Ping => told.push("PING".to_owned()),
            Kind::GoAway => {
                let code = payload.get(4..8).and_then(|code| code.try_into().ok()).map_or(0, u32::from_be_bytes);
                told.push(format!("GOAWAY {code}"));
                break;
            }
            _ => {}
        }
        if header.stream == LAST {
            break;
        }
    }
    // Streams may be reset before or behind the answer to a ping.
    told.sort_by_key(|line| (line.contains(&LAST.to_string()), line == "PING"));
    told.join(" ")
}

fn configuration(origin: &Origin, bind: &str) -> String {
    format!(
        "global\n  nbthread 1\ndefaults\n  mode http\n  timeout connect 5s\n  timeout client 20s\n  timeout server 20s\n\
         listen l\n  bind {bind} proto h2\n  http-request return status 200 unless METH_POST\n  server s {}\n",
        origin.address()
    )
}

#[test]
fn frames_are_answered_as_haproxy_answers_them() {
    let Some(binary) = haproxy() else { return };
    let origin = Origin::echoing();
    let theirs = Process::start(&binary, &configuration(&origin, "{listen0}"), 1);
    let ours = Instance::start(&configuration(&origin, "127.0.0.1:0"));
    let mut differences = Vec::new();
    for case in [framing(), control(), requests()].into_iter().flatten() {
        let (theirs, ours) = (answers(theirs.address(0), &case), answers(ours.address(), &case));
        let expected = case.ours.unwrap_or(&theirs);
        if ours != expected || case.ours == Some(&theirs) {
            differences.push(format!("{}\n  haproxy {theirs}\n  lb      {ours}", case.name));
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}
