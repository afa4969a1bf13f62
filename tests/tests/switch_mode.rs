//! Sections in TCP mode whose connections become HTTP: `tcp-request content switch-mode http`, and backends in HTTP mode.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::Path;

use lb_tests::Side;
use lb_tests::frames::Frames;
use lb_tests::process::haproxy;

/// Lines of frontends in TCP mode, whose listeners are numbered as they stand here.
const FRONTENDS: [&str; 7] = [
    " default_backend b\n",
    " tcp-request inspect-delay 10s\n tcp-request content set-var(txn.v) str(tcp)\n \
     tcp-request content track-sc0 src table t\n tcp-request content sc-inc-gpc0(0) if HTTP\n \
     tcp-request content switch-mode http if HTTP\n \
     tcp-request content set-var(txn.v) str(later)\n http-request set-header x-front yes\n \
     http-request deny if { path /deny }\n http-response set-header x-front-says yes\n default_backend b\n",
    " tcp-request inspect-delay 10s\n tcp-request content accept if HTTP\n \
     http-request set-header x-front yes\n \
     http-response set-header x-front-says yes\n use_backend b if { req.hdr(host) -m found }\n default_backend silent\n",
    " tcp-request inspect-delay 10s\n tcp-request content switch-mode http proto h1 if { req.len gt 3 }\n \
     default_backend b\n",
    " tcp-request content switch-mode http\n http-request return status 200 content-type a/b lf-string \"%[method]\"\n",
    " tcp-request content switch-mode http proto h2\n default_backend b\n",
    " tcp-request inspect-delay 10s\n tcp-request content reject if { path /no }\n \
     tcp-request content switch-mode http if HTTP\n default_backend b\n",
];

fn start(binary: Option<&Path>) -> Side {
    let mut text = "global\n stats socket {dir}/stats level admin\ndefaults\n mode tcp\n timeout client 10s\n \
                    timeout server 10s\n timeout connect 10s\n"
        .to_owned();
    for (number, lines) in FRONTENDS.iter().enumerate() {
        text += &format!("frontend f{number}\n bind {{listen{number}}}\n{lines}");
    }
    text += "backend t\n stick-table type ip size 10 store gpc0\nbackend silent\n\
             backend b\n mode http\n http-request set-header x-back yes\n http-request return status 200 \
             content-type text/plain lf-string \"%[path] front=%[req.hdr(x-front)] back=%[req.hdr(x-back)] \
             v=%[var(txn.v)] gpc0=%[sc0_get_gpc0] htx=%[internal.strm.is_htx] %fi %b\"\n";
    Side::start(binary, &text, FRONTENDS.len())
}

/// What a client gets that sends these pieces: each request is answered before the next goes out, and behind anything else
/// the connection is read to its end.
fn exchange(side: &Side, listener: usize, pieces: &[&str]) -> String {
    let mut client = side.connect(listener);
    let mut got = String::new();
    for piece in pieces {
        let sent = client.try_send(piece).is_ok();
        if sent && piece.ends_with("\r\n\r\n") && piece.matches("\r\n\r\n").count() == 1 {
            match client.try_response_to("GET") {
                Ok(response) => {
                    let says = response.header("x-front-says").unwrap_or("nothing");
                    got += &format!("[{} {says} {}]", response.start, response.text());
                }
                Err(_) => got += "[none]",
            }
        } else if pieces.len() == 1 {
            let rest = String::from_utf8_lossy(&client.try_read_to_end().unwrap_or_default()).into_owned();
            let bodies = rest.split("HTTP/1.1 ").map(|part| part.split("\r\n\r\n").last().unwrap_or_default());
            got.extend(bodies);
        }
    }
    got
}

const GET: &str = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n";

#[test]
fn connections_become_http_as_in_haproxy() {
    let deny = "GET /deny HTTP/1.1\r\nHost: h\r\n\r\n";
    let no = "GET /no HTTP/1.1\r\nHost: h\r\n\r\n";
    let two = GET.to_owned() + "GET /b HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    let inputs: [&[&str]; 7] =
        [&[GET, GET], &[&two], &[&GET[..7], &GET[7..]], &[deny, GET], &[no], &["\x01\x02 no request\r\n"], &[GET, no]];
    let run = |binary: Option<&Path>| {
        let side = start(binary);
        let mut answers = Vec::new();
        for listener in [0, 1, 2, 3, 4, 6] {
            for pieces in inputs {
                answers.push(format!("f{listener} {pieces:?} {}", exchange(&side, listener, pieces)));
            }
        }
        answers
    };
    let ours = run(None);
    assert!(ours[7].contains("front=yes back=yes v=tcp gpc0=1 htx=1"), "{}", ours[7]);
    assert!(ours[14].contains("front=yes back=yes"), "{}", ours[14]);
    let Some(binary) = haproxy() else { return };
    let theirs = run(Some(&binary));
    for (ours, theirs) in ours.iter().zip(&theirs) {
        assert_eq!(ours, theirs);
    }
}

#[test]
fn http2_is_found_behind_the_rule() {
    let fields = [(":method", "GET"), (":scheme", "http"), (":authority", "h"), (":path", "/a")];
    let run = |binary: Option<&Path>| {
        let side = start(binary);
        [0, 1, 4, 5].map(|listener| {
            let mut client = Frames::connect(side.address(listener));
            (client.request(&fields), client.request(&fields))
        })
    };
    let ours = run(None);
    let shown = format!("{ours:?}");
    assert!(shown.contains("front=yes back=yes v=tcp gpc0="), "{shown}");
    let Some(binary) = haproxy() else { return };
    assert_eq!(shown, format!("{:?}", run(Some(&binary))));
}

/// A backend in TCP mode cannot serve what has become HTTP: a 500, where HAProxy closes.
#[test]
fn no_way_from_http_to_a_backend_of_bytes() {
    let side = Side::start(
        None,
        "global\n stats socket {dir}/stats level admin\ndefaults\n mode tcp\n timeout client 10s\n timeout server 10s\n \
         timeout connect 10s\nfrontend f\n bind {listen0}\n tcp-request content switch-mode http\n default_backend t\n\
         backend t\n",
        1,
    );
    assert_eq!(side.connect(0).get("/").status(), 500);
}
