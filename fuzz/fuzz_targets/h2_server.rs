//! What a client sends on an HTTP/2 connection: never a panic, no endless loop, bounded output; requests that get
//! through can be written for HTTP/1, and are answered.
#![no_main]

use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use lb_core::http::h1::{EncodeOptions, OutFraming, encode_request};
use lb_core::http::h2::frame::PREFACE;
use lb_core::http::h2::{H2Accepted, H2ServerConnection, H2Settings};
use lb_core::http::{BodyLength, Head, Version};
use libfuzzer_sys::fuzz_target;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Input in two pieces, output that takes so many bytes at a time.
struct Pipe {
    input: Vec<u8>,
    at: usize,
    cut: usize,
    waited: bool,
    step: usize,
    written: usize,
}

impl AsyncRead for Pipe {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let end = if this.at < this.cut { this.cut } else { this.input.len() };
        if this.at == this.cut && !std::mem::replace(&mut this.waited, true) {
            return Poll::Pending;
        }
        let piece = &this.input[this.at..end];
        let take = piece.len().min(buf.remaining());
        buf.put_slice(&piece[..take]);
        this.at += take;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Pipe {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let take = buf.len().min(this.step);
        this.written += take;
        Poll::Ready(Ok(take))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

fuzz_target!(|data: &[u8]| {
    let Some(([cut, step], data)) = data.split_first_chunk() else { return };
    let input = [PREFACE, data].concat();
    let cut = PREFACE.len() + data.len() * usize::from(*cut) / 256;
    let pipe = Pipe { input, at: 0, cut, waited: false, step: usize::from(*step) * 64 + 1, written: 0 };
    let settings = H2Settings { max_concurrent_streams: 5, ..H2Settings::default() };
    let mut cx = Context::from_waker(Waker::noop());
    let mut handshake = pin!(H2ServerConnection::handshake(pipe, b"", &settings));
    let mut polls = 0;
    let mut connection = loop {
        polls += 1;
        match handshake.as_mut().poll(&mut cx) {
            Poll::Ready(Ok(connection)) => break connection,
            Poll::Ready(Err(_)) => return,
            Poll::Pending => assert!(polls < 3),
        }
    };
    let mut waits = 0;
    while waits < 3 {
        let request = match connection.poll_accept(&mut cx) {
            Poll::Ready(Some(Ok(H2Accepted::Request(request)))) => *request,
            Poll::Ready(Some(Ok(H2Accepted::Malformed(_)))) => continue,
            Poll::Ready(_) => break,
            Poll::Pending => {
                waits += 1;
                continue;
            }
        };
        let mut out = Vec::new();
        encode_request(&request.head, OutFraming::from(request.length), &EncodeOptions::default(), &mut out);
        let mut body = request.body;
        if let Poll::Ready(Some(Ok(bytes))) = body.poll_data(&mut cx) {
            body.release(bytes.len());
        }
        let mut head = Head::response(200, b"", Version::Http11);
        head.add(b"server", request.head.value("x").unwrap_or(b"lb"));
        if let Ok(mut send) = request.responder.send_response(&head, BodyLength::Chunked)
            && let Poll::Ready(Ok(room)) = send.poll_capacity(&mut cx, 5000)
        {
            let _ = send.send_data(vec![0; room].into(), request.length == BodyLength::None);
        }
    }
    let written = connection.with_io(|pipe| pipe.written);
    assert!(written <= 2000 + 6000 * data.len(), "{written} bytes for {}", data.len());
});
