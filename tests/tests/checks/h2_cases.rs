//! Scripts of `option httpchk` and servers that speak HTTP/2, or should.

use super::cases::Case;
use super::peer::Act::{self, Deaf, Pause, Recv, Request, Reset, Send};

const SETTINGS: Act = Send(b"\0\0\0\x04\0\0\0\0\0");
/// The acknowledgement of the other side's settings, and `:status: 200` of the static table.
const OK: Act = Send(b"\0\0\0\x04\x01\0\0\0\0\0\0\x01\x01\x05\0\0\0\x01\x88");
/// The same without the end of the stream.
const BEGUN: Act = Send(b"\0\0\0\x04\x01\0\0\0\0\0\0\x01\x01\x04\0\0\0\x01\x88");
const HEL: Act = Send(b"\0\0\x03\0\0\0\0\0\x01hel");
const LO: Act = Send(b"\0\0\x02\0\x01\0\0\0\x01lo");

pub(crate) fn cases() -> Vec<Case> {
    let ok: &'static [Act] = &[SETTINGS, Request, OK];
    let body: &'static [Act] = &[SETTINGS, Request, BEGUN, HEL, Pause, LO];
    let mut cases = Vec::new();
    let mut add = |acts: &'static [Act], options: &'static str, all: &[&'static str]| {
        cases.extend(all.iter().map(|lines| Case::new(lines, options, acts)));
    };
    let plain = "mode http|option httpchk";
    add(
        ok,
        "proto h2",
        &[
            plain,
            "mode http|option httpchk GET /a HTTP/1.1\\r\\nHost:\\ b",
            "mode http|option httpchk HEAD /a|http-check send-state|http-check send hdr host x",
            "mode http|option httpchk|http-check connect default",
            "mode http|option httpchk|http-check expect status 200-399",
            "mode http|option httpchk|http-check expect ! status 200",
            "mode http|option httpchk|http-check expect rstatus ^3",
            "mode http|option httpchk|http-check expect string x",
        ],
    );
    add(
        ok,
        "check-proto h2",
        &[
            "option httpchk",
            "option httpchk POST /a?b=c|http-check send ver HTTP/2 hdr Host a hdr X-Foo Bar body hello",
            "option httpchk|http-check send uri-lf \"/%[str(x)]\" body-lf \"%[int(5)]\"",
        ],
    );
    add(ok, "", &["option httpchk|http-check connect proto h2"]);
    add(
        body,
        "proto h2",
        &[
            plain,
            "mode http|option httpchk|http-check expect string hello",
            "mode http|option httpchk|http-check expect string hellx",
            "mode http|option httpchk|http-check expect ! string hello",
            "mode http|option httpchk|http-check expect rstring ^he.*o$",
        ],
    );
    add(
        &[SETTINGS, Request, BEGUN, HEL],
        "proto h2",
        &[plain, "mode http|option httpchk|http-check expect string hello"],
    );
    // x-a: b
    let field: &'static [Act] = &[SETTINGS, Request, Send(b"\0\0\x08\x01\x05\0\0\0\x01\x88\0\x03x-a\x01b")];
    add(
        field,
        "proto h2",
        &[
            "mode http|option httpchk|http-check expect hdr name x-a value b",
            "mode http|option httpchk|http-check expect hdr name x-a value c",
            "mode http|option httpchk|http-check expect hdr name x-b",
        ],
    );
    add(&[Deaf], "proto h2", &["mode http|option tcp-check|tcp-check connect"]);
    let e404: &'static [Act] = &[SETTINGS, Request, Send(b"\0\0\x01\x01\x05\0\0\0\x01\x8d")];
    add(e404, "proto h2", &[plain, "mode http|option httpchk|http-check disable-on-404"]);
    let answers: [&'static [Act]; 11] = [
        // 500, 103.
        &[SETTINGS, Request, Send(b"\0\0\x01\x01\x05\0\0\0\x01\x8e")],
        &[SETTINGS, Request, Send(b"\0\0\x05\x01\x04\0\0\0\x01\x08\x03103")],
        // INTERNAL_ERROR, REFUSED_STREAM.
        &[SETTINGS, Request, Send(b"\0\0\x04\x03\0\0\0\0\x01\0\0\0\x02")],
        &[SETTINGS, Request, Send(b"\0\0\x04\x03\0\0\0\0\x01\0\0\0\x07")],
        &[SETTINGS, Request, Reset],
        &[SETTINGS, Request],
        &[Recv],
        &[Recv, Send(b"HTTP/1.1 400 Bad request\r\nContent-length: 0\r\n\r\n")],
        // No status; one that is no number; a name in upper case.
        &[SETTINGS, Request, Send(b"\0\0\x05\x01\x05\0\0\0\x01\0\x01x\x01y")],
        &[SETTINGS, Request, Send(b"\0\0\x05\x01\x05\0\0\0\x01\x08\x0320x")],
        &[SETTINGS, Request, Send(b"\0\0\x06\x01\x05\0\0\0\x01\x88\0\x01X\x01y")],
    ];
    for acts in answers {
        add(acts, "proto h2", &[plain]);
    }
    // Trailers: an empty block that ends the stream.
    add(
        &[SETTINGS, Request, BEGUN, HEL, Send(b"\0\0\x05\x01\x05\0\0\0\x01\0\x01t\x01u")],
        "proto h2",
        &["mode http|option httpchk|http-check expect string hel"],
    );
    cases
}
