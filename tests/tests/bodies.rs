//! Every byte is right: bodies of any size, in any framing, in both directions, told by their digests.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::thread;

use lb_tests::body::{Digest, Random, chunked};
use lb_tests::origin::Visit;
use lb_tests::{HTTP, Instance, Origin, Wire};

/// Sizes around the buffers, and random ones.
fn sizes(random: &mut Random) -> Vec<usize> {
    let mut sizes = vec![0, 1, 2, 100, 16_383, 16_384, 16_385, 32_768, 65_535, 65_536, 65_537, 1 << 20];
    sizes.extend((0..8).map(|_| random.below(300_000)));
    sizes
}

fn number(target: &str, name: &str) -> usize {
    let (_, rest) = target.split_once(&format!("{name}=")).unwrap();
    rest.split('&').next().unwrap().parse().unwrap()
}

/// Answers with a body of `size` random bytes of `seed`, framed as the path says, and the digest of the request's body
/// in `X-Got`; trailers of the request come back as trailers.
fn serve(visit: &mut Visit) {
    while let Ok(Some(mut request)) = visit.wire.try_head() {
        let mut digest = Digest::default();
        if visit.wire.stream_body(&mut request, false, &mut |piece| digest.update(piece)).is_err() {
            return;
        }
        let target = request.target().to_owned();
        let mut random = Random::new(number(&target, "seed") as u64);
        let body = random.bytes(number(&target, "size"));
        let got = digest.finish();
        let trailer = request.trailers.iter().map(|(n, v)| format!("{n}: {v}\r\n")).collect::<String>();
        let sent = if target.starts_with("/length") {
            let head = format!("HTTP/1.1 200 OK\r\nX-Got: {got}\r\nContent-Length: {}\r\n\r\n", body.len());
            visit.wire.try_send(head).and_then(|()| visit.wire.try_send(&body))
        } else if target.starts_with("/chunked") {
            let head = format!("HTTP/1.1 200 OK\r\nX-Got: {got}\r\nTransfer-Encoding: chunked\r\n\r\n");
            visit.wire.try_send(head).and_then(|()| visit.wire.try_send(chunked(&body, &mut random, &trailer)))
        } else {
            let head = format!("HTTP/1.1 200 OK\r\nX-Got: {got}\r\nConnection: close\r\n\r\n");
            let _ = visit.wire.try_send(head).and_then(|()| visit.wire.try_send(&body));
            return;
        };
        if sent.is_err() {
            return;
        }
    }
}

struct Download {
    digest: String,
    got: String,
    trailers: Vec<(String, String)>,
    chunked: bool,
}

fn download(client: &mut Wire) -> Download {
    let mut head = client.head();
    assert_eq!(head.status(), 200);
    let mut digest = Digest::default();
    client.stream_body(&mut head, true, &mut |piece| digest.update(piece)).unwrap();
    let got = head.header("x-got").unwrap().to_owned();
    Download { digest: digest.finish(), got, chunked: head.is_chunked(), trailers: head.trailers }
}

fn expected(seed: u64, size: usize) -> String {
    Digest::of(&Random::new(seed).bytes(size))
}

fn listen(origin: &Origin, more: &str) -> Instance {
    Instance::start(&format!("{HTTP}listen fe\n bind 127.0.0.1:0\n{more}\n server s {}\n", origin.address()))
}

#[test]
fn downloads_of_every_size_and_framing() {
    let origin = Origin::start(serve);
    let lb = listen(&origin, "");
    let mut random = Random::new(1);
    for framing in ["length", "chunked", "close"] {
        let mut client = lb.connect();
        for (seed, size) in sizes(&mut random).into_iter().enumerate() {
            client.send(format!("GET /{framing}?size={size}&seed={seed} HTTP/1.1\r\nHost: a\r\n\r\n"));
            let answer = download(&mut client);
            assert_eq!(answer.digest, expected(seed as u64, size), "{framing} {size}");
            assert_eq!(answer.chunked, framing == "chunked");
            if framing == "close" {
                // As HAProxy, what only the server's close ends ends the client's connection too.
                client = lb.connect();
            }
        }
    }
}

#[test]
fn uploads_of_every_size_and_framing() {
    let origin = Origin::start(serve);
    let lb = listen(&origin, "");
    let mut random = Random::new(2);
    let mut client = lb.connect();
    for (seed, size) in sizes(&mut random).into_iter().enumerate() {
        let body = random.bytes(size);
        let head = format!("POST /length?size=1&seed={seed} HTTP/1.1\r\nHost: a\r\n");
        client.send(format!("{head}Content-Length: {size}\r\n\r\n")).send(&body);
        assert_eq!(download(&mut client).got, Digest::of(&body), "length {size}");
        client.send(format!("{head}Transfer-Encoding: chunked\r\n\r\n")).send(chunked(&body, &mut random, ""));
        assert_eq!(download(&mut client).got, Digest::of(&body), "chunked {size}");
    }
    assert_eq!(origin.connections(), 1);
}

#[test]
fn trailers_pass_in_both_directions() {
    let origin = Origin::start(serve);
    let lb = listen(&origin, "");
    let mut random = Random::new(3);
    let mut client = lb.connect();
    for size in [0, 1, 20_000] {
        let body = random.bytes(size);
        client.send("POST /chunked?size=10&seed=1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
        client.send(chunked(&body, &mut random, "X-One: 1\r\nX-Two: two words\r\n"));
        let answer = download(&mut client);
        assert_eq!(answer.got, Digest::of(&body));
        let trailers: Vec<_> = answer.trailers.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        assert_eq!(trailers, [("x-one", "1"), ("x-two", "two words")]);
    }
}

/// Both bodies at once, neither end reads before it has written: only a proxy that moves both can end this.
#[test]
fn both_directions_at_once() {
    let size = 8 << 20;
    let origin = Origin::start(move |visit| {
        let mut head = visit.request_head().unwrap();
        let mut writer = visit.wire.writer();
        let sender = thread::spawn(move || {
            writer.send(format!("HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n"));
            writer.send(Random::new(7).bytes(size));
        });
        let mut digest = Digest::default();
        visit.wire.stream_body(&mut head, false, &mut |piece| digest.update(piece)).unwrap();
        assert_eq!(digest.finish(), expected(8, size));
        sender.join().unwrap();
    });
    let lb = listen(&origin, "");
    let mut client = lb.connect();
    let mut writer = client.writer();
    let sender = thread::spawn(move || {
        writer.send(format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {size}\r\n\r\n"));
        writer.send(Random::new(8).bytes(size));
    });
    let mut head = client.head();
    let mut digest = Digest::default();
    client.stream_body(&mut head, true, &mut |piece| digest.update(piece)).unwrap();
    assert_eq!(digest.finish(), expected(7, size));
    sender.join().unwrap();
}

/// Requests with bodies, sent without waiting, while responses are read: all in order on one connection.
#[test]
fn pipelined_bodies() {
    let origin = Origin::start(serve);
    let lb = listen(&origin, "");
    let mut client = lb.connect();
    let mut random = Random::new(4);
    let bodies: Vec<Vec<u8>> = (0..60)
        .map(|_| {
            let size = random.below(40_000);
            random.bytes(size)
        })
        .collect();
    let mut writer = client.writer();
    let to_send = bodies.clone();
    let sender = thread::spawn(move || {
        let mut random = Random::new(5);
        for (seed, body) in to_send.iter().enumerate() {
            let framing = ["length", "chunked"][seed % 2];
            let head = format!("PUT /{framing}?size={}&seed={seed} HTTP/1.1\r\nHost: a\r\n", seed * 997);
            if seed % 3 == 0 {
                writer.send(format!("{head}Transfer-Encoding: chunked\r\n\r\n")).send(chunked(body, &mut random, ""));
            } else {
                writer.send(format!("{head}Content-Length: {}\r\n\r\n", body.len())).send(body);
            }
        }
    });
    for (seed, body) in bodies.iter().enumerate() {
        let answer = download(&mut client);
        assert_eq!(answer.got, Digest::of(body), "request {seed}");
        assert_eq!(answer.digest, expected(seed as u64, seed * 997), "response {seed}");
    }
    sender.join().unwrap();
}

/// A writer that gives a few bytes at a time, and a reader that takes a few, with small kernel buffers.
#[test]
fn slow_writers_and_slow_readers() {
    let origin = Origin::start(|visit| {
        let mut head = visit.request_head().unwrap();
        let mut body = Vec::new();
        visit.wire.stream_body(&mut head, false, &mut |piece| body.extend_from_slice(piece)).unwrap();
        visit.wire.send(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len()));
        let mut random = Random::new(10);
        let mut left = &body[..];
        while !left.is_empty() {
            let (now, rest) = left.split_at(left.len().min(1 + random.below(3000)));
            visit.wire.send(now);
            left = rest;
        }
    });
    let lb = listen(&origin, "");
    let mut random = Random::new(9);
    let body = random.bytes(300_000);
    let mut client = lb.connect();
    if let lb_tests::wire::Socket::Tcp(tcp) = client.socket() {
        socket2::SockRef::from(tcp).set_recv_buffer_size(4096).unwrap();
    }
    client.send(format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n", body.len()));
    let mut left = &body[..];
    while !left.is_empty() {
        let (now, rest) = left.split_at(left.len().min(1 + random.below(700)));
        client.send(now);
        left = rest;
    }
    client.head();
    let mut digest = Digest::default();
    let mut have = 0;
    while have < body.len() {
        let want = 1 + random.below(500);
        let mut piece = vec![0; want.min(body.len() - have)];
        let n = client.read_some(&mut piece).unwrap();
        assert_ne!(n, 0);
        digest.update(&piece[..n]);
        have += n;
    }
    assert_eq!(digest.finish(), Digest::of(&body));
}

/// Many clients at once on several workers.
#[test]
fn many_clients_at_once() {
    let origin = Origin::start(serve);
    let text = format!("{HTTP}listen fe\n bind 127.0.0.1:0\n server s {}\n", origin.address());
    let lb = Instance::start(&text.replace("nbthread 1", "nbthread 4"));
    let address = lb.address();
    let clients: Vec<_> = (0..24)
        .map(|number: u64| {
            thread::spawn(move || {
                let mut random = Random::new(100 + number);
                let mut client = Wire::connect(address);
                for seed in 0..15 {
                    let body = random.below(100_000);
                    let body = random.bytes(body);
                    let size = random.below(100_000);
                    let framing = ["length", "chunked"][random.below(2)];
                    let head = format!("POST /{framing}?size={size}&seed={seed} HTTP/1.1\r\nHost: a\r\n");
                    client.send(format!("{head}Content-Length: {}\r\n\r\n", body.len())).send(&body);
                    let answer = download(&mut client);
                    assert_eq!((answer.got, answer.digest), (Digest::of(&body), expected(seed, size)));
                }
            })
        })
        .collect();
    for client in clients {
        client.join().unwrap();
    }
}

/// Sends the same block over and over, so that neither end needs memory for it.
fn send_blocks(wire: &mut Wire, block: &[u8], count: usize) {
    for _ in 0..count {
        wire.send(block);
    }
}

/// 100 MB in each direction and framing.
#[test]
fn a_hundred_megabytes() {
    const COUNT: usize = 100;
    let block = Random::new(11).bytes(1 << 20);
    let mut digest = Digest::default();
    for _ in 0..COUNT {
        digest.update(&block);
    }
    let whole = digest.finish();
    let (theirs, length) = (block.clone(), COUNT << 20);
    let origin = Origin::start(move |visit| {
        while let Some(mut request) = visit.request_head() {
            let mut digest = Digest::default();
            visit.wire.stream_body(&mut request, false, &mut |piece| digest.update(piece)).unwrap();
            let got = digest.finish();
            if request.target() == "/chunked" {
                visit.wire.send(format!("HTTP/1.1 200 OK\r\nX-Got: {got}\r\nTransfer-Encoding: chunked\r\n\r\n"));
                for _ in 0..COUNT {
                    visit.wire.send(format!("{:x}\r\n", theirs.len())).send(&theirs).send("\r\n");
                }
                visit.wire.send("0\r\n\r\n");
            } else {
                visit.wire.send(format!("HTTP/1.1 200 OK\r\nX-Got: {got}\r\nContent-Length: {length}\r\n\r\n"));
                send_blocks(&mut visit.wire, &theirs, COUNT);
            }
        }
    });
    let lb = listen(&origin, "");
    let mut client = lb.connect();
    client.send("GET /length HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(download(&mut client).digest, whole);
    client.send(format!("POST /chunked HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n"));
    send_blocks(&mut client, &block, COUNT);
    let answer = download(&mut client);
    assert_eq!((answer.got, answer.digest), (whole.clone(), whole));
}
