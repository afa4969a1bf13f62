//! Microbenchmarks of HTTP/1: reading a head, judging it, writing it, and decoding chunks.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use lb_core::http::Head;
use lb_core::http::h1::{
    ChunkedDecoder, EncodeOptions, Limits, OutFraming, encode_request, encode_response, parse_request, parse_response,
    request_framing, response_framing,
};

const REQUEST: &[u8] = b"GET /path/to/an/object.html?with=query HTTP/1.1\r\n\
    Host: www.example.com\r\n\
    User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\r\n\
    Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n\
    Accept-Language: en-US,en;q=0.5\r\n\
    Accept-Encoding: gzip, deflate, br\r\n\
    Connection: keep-alive\r\n\
    Referer: https://www.example.com/path/to/\r\n\
    Cookie: session=0123456789abcdef0123456789abcdef; theme=dark\r\n\
    Upgrade-Insecure-Requests: 1\r\n\
    Cache-Control: max-age=0\r\n\r\n";

const RESPONSE: &[u8] = b"HTTP/1.1 200 OK\r\n\
    Date: Sat, 21 Nov 2026 03:40:25 GMT\r\n\
    Server: Apache\r\n\
    Last-Modified: Fri, 20 Nov 2026 10:00:00 GMT\r\n\
    ETag: \"0123456789abcdef\"\r\n\
    Accept-Ranges: bytes\r\n\
    Cache-Control: max-age=3600\r\n\
    Vary: Accept-Encoding\r\n\
    Content-Type: text/html; charset=utf-8\r\n\
    Content-Length: 12345\r\n\
    Connection: keep-alive\r\n\r\n";

fn heads(c: &mut Criterion) {
    let limits = Limits::default();
    let mut head = Head::default();
    let mut out = Vec::with_capacity(4096);
    let options = EncodeOptions::default();
    c.bench_function("h1 request: parse", |b| {
        b.iter(|| parse_request(black_box(REQUEST), &limits, false, &mut head));
    });
    c.bench_function("h1 request: parse relaxed", |b| {
        b.iter(|| parse_request(black_box(REQUEST), &limits, true, &mut head));
    });
    c.bench_function("h1 request: framing", |b| b.iter(|| request_framing(black_box(&head))));
    c.bench_function("h1 request: write", |b| {
        b.iter(|| {
            out.clear();
            encode_request(black_box(&head), OutFraming::None, &options, &mut out);
        });
    });
    c.bench_function("h1 request: parse, framing, write", |b| {
        b.iter(|| {
            parse_request(black_box(REQUEST), &limits, false, &mut head);
            let framing = request_framing(&head);
            out.clear();
            encode_request(&head, OutFraming::None, &options, &mut out);
            framing
        });
    });
    let framing = request_framing(&head).unwrap_or_default();
    c.bench_function("h1 response: parse, framing, write", |b| {
        b.iter(|| {
            parse_response(black_box(RESPONSE), &limits, false, &mut head);
            let framing = response_framing(&head, &framing);
            out.clear();
            encode_response(&head, OutFraming::Length(12345), &options, &mut out);
            framing
        });
    });
}

fn chunks(c: &mut Criterion) {
    let mut body = Vec::new();
    for _ in 0..16 {
        body.extend_from_slice(b"1000\r\n");
        body.extend_from_slice(&[b'x'; 0x1000]);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"0\r\n\r\n");
    let mut window = body.clone();
    c.bench_function("h1 chunked: decode 64 KB in 4 KB chunks (with the copy of the input)", |b| {
        b.iter(|| {
            window.copy_from_slice(&body);
            ChunkedDecoder::new().decode(black_box(&mut window))
        });
    });
}

criterion_group!(benches, heads, chunks);
criterion_main!(benches);
