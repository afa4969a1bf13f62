//! Streams in every stage.

use std::time::Duration;

use lb_tests::Wire;

use crate::bench::Bench;

/// One or more streams held in some stage: opens them and says what words their lines hold then.
pub(crate) type Scenario = fn(&Bench) -> (Vec<Wire>, Vec<&'static str>);

pub(crate) const GET: &str = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
pub(crate) const POST: &str = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc";

pub(crate) fn large_body(wire: &mut Wire) {
    // More than all buffers on the way take; what is left over is of no interest.
    let lb_tests::wire::Socket::Tcp(socket) = wire.socket() else { unreachable!() };
    socket.set_write_timeout(Some(Duration::from_millis(300))).unwrap();
    while wire.try_send([b'x'; 65536]).is_ok() {}
}

pub(crate) fn h2_request(stream: u8, end: bool) -> Vec<u8> {
    let block = b"\x82\x86\x84\x41\x01a";
    let mut frame = vec![0, 0, block.len() as u8, 1, 4 | u8::from(end), 0, 0, 0, stream];
    frame.extend_from_slice(block);
    frame
}

pub(crate) const H2_PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

pub(crate) const WAITING: &str = "an=1400000h";
pub(crate) const DATA: &str = "an=4000000h";

/// A TCP connection through the proxy that is established on both sides, and was not used.
pub(crate) fn tcp(bench: &Bench) -> (Wire, Wire) {
    let client = bench.connect("tcp");
    let server = bench.accept(&bench.bytes);
    bench.lines_with(&["rp[f=80008000h"]).unwrap();
    (client, server)
}

/// What both are to agree on.
pub(crate) const SCENARIOS: &[(&str, Scenario)] = &[
    ("a connection that said nothing", |bench| (vec![bench.connect("plain")], vec![])),
    ("half a head", |bench| {
        let mut client = bench.connect("plain");
        client.send("GET / HT");
        (vec![client], vec![])
    }),
    ("a request waiting for its server", |bench| {
        let (client, server) = bench.ask("plain", GET);
        (vec![client, server], vec![WAITING])
    }),
    ("an upload that its client holds up", |bench| {
        let (client, server) = bench.ask("plain", POST);
        (vec![client, server], vec![WAITING])
    }),
    ("a complete upload", |bench| {
        let mut client = bench.connect("plain");
        client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc");
        let mut server = bench.accept(&bench.http);
        server.try_request().unwrap();
        (vec![client, server], vec![WAITING])
    }),
    ("an upload that its server does not take", |bench| {
        let (mut client, server) =
            bench.ask("plain", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\n");
        large_body(&mut client);
        (vec![client, server], vec!["870282"])
    }),
    ("a response whose server holds it up", |bench| {
        let (client, mut server) = bench.ask("plain", GET);
        server.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc");
        (vec![client, server], vec![DATA])
    }),
    ("a second piece of it", |bench| {
        let (mut client, mut server) = bench.ask("plain", GET);
        server.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc");
        client.head();
        client.read_exactly(3).unwrap();
        bench.lines_with(&[DATA]).unwrap();
        server.send("def");
        client.read_exactly(3).unwrap();
        (vec![client, server], vec!["80040202h"])
    }),
    ("a chunked response", |bench| {
        let (client, mut server) = bench.ask("plain", GET);
        server.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
        (vec![client, server], vec![DATA])
    }),
    ("a response that its client does not take", |bench| {
        let (client, mut server) = bench.ask("plain", GET);
        server.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n");
        large_body(&mut server);
        (vec![client, server], vec!["80070202"])
    }),
    ("a tunnel", |bench| {
        let (mut client, mut server) =
            bench.ask("plain", "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n");
        server.send("HTTP/1.1 101 S\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n");
        client.head();
        (vec![client, server], vec!["88048000h"])
    }),
    ("a tunnel that was used", |bench| {
        let (mut client, mut server) =
            bench.ask("plain", "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n");
        server.send("HTTP/1.1 101 S\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n");
        client.head();
        bench.lines_with(&["88048000h"]).unwrap();
        server.send("abc");
        client.read_exactly(3).unwrap();
        (vec![client, server], vec!["88048202h"])
    }),
    ("a CONNECT tunnel", |bench| {
        let (mut client, mut server) = bench.ask("plain", "CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n");
        server.send("HTTP/1.1 200 OK\r\n\r\n");
        client.response_to("CONNECT");
        (vec![client, server], vec!["88048000h"])
    }),
    ("a request in a queue", |bench| {
        let (first, server) = bench.ask("queued", GET);
        bench.lines_with(&[WAITING]).unwrap();
        let mut second = bench.connect("queued");
        second.send(GET);
        (vec![first, server, second], vec![WAITING, "scb=[2,"])
    }),
    ("a request that connects", |bench| {
        let mut client = bench.connect("silent");
        client.send(GET);
        (vec![client], vec!["scb=[5,"])
    }),
    ("a request that waits for another try", |bench| {
        let mut client = bench.connect("refused");
        client.send(GET);
        (vec![client], vec!["scb=[3,"])
    }),
    ("TCP before a byte", |bench| {
        let (client, server) = tcp(bench);
        (vec![client, server], vec!["rp[f=80008000h"])
    }),
    ("TCP from the client", |bench| {
        let (mut client, mut server) = tcp(bench);
        client.send("abc");
        server.read_exactly(3).unwrap();
        (vec![client, server], vec!["rq[f=848202h"])
    }),
    ("TCP both ways", |bench| {
        let (mut client, mut server) = tcp(bench);
        client.send("abc");
        server.read_exactly(3).unwrap();
        server.send("abc");
        client.read_exactly(3).unwrap();
        (vec![client, server], vec!["rp[f=80048202h"])
    }),
    ("TCP whose client has closed", |bench| {
        let (mut client, mut server) = tcp(bench);
        client.send("abc").finish();
        server.read_exactly(3).unwrap();
        (vec![client, server], vec!["rq[f=84a020h"])
    }),
    ("TCP whose server has closed", |bench| {
        let (mut client, mut server) = tcp(bench);
        server.send("abc").finish();
        client.read_exactly(3).unwrap();
        (vec![client, server], vec!["rp[f=8004a020h"])
    }),
    ("TCP that its client does not take", |bench| {
        let (client, mut server) = tcp(bench);
        large_body(&mut server);
        (vec![client, server], vec!["rp[f=80078202h"])
    }),
    ("TCP that its server does not take", |bench| {
        let (mut client, server) = tcp(bench);
        large_body(&mut client);
        (vec![client, server], vec!["rq[f=878202h"])
    }),
    ("TCP that connects", |bench| (vec![bench.connect("tcpsilent")], vec!["scb=[5,"])),
    ("HTTP/2 without a stream", |bench| {
        let mut client = bench.connect("h2");
        client.send(H2_PREFACE);
        (vec![client], vec![])
    }),
    ("two streams of HTTP/2", |bench| {
        let mut client = bench.connect("h2");
        client.send([H2_PREFACE, &h2_request(1, true), &h2_request(3, false)].concat());
        let (one, two) = (bench.accept(&bench.http), bench.accept(&bench.http));
        (vec![client, one, two], vec![WAITING, WAITING])
    }),
    // HAProxy leaves it there when it is shut: the last one.
    ("a request in a tarpit", |bench| {
        let mut client = bench.connect("tarpit");
        client.send(GET);
        (vec![client], vec!["an=200h"])
    }),
];
