//! Both sides against each other and against the bare h2 crate, over in-process pipes and TCP on the loopback.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::cell::Cell;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, duplex};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{LocalSet, spawn_local};

use super::*;
use crate::http::{BodyLength, Head, Version};

/// Runs a test on one thread with local tasks, as a worker does.
fn worker<F: Future>(test: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    LocalSet::new().block_on(&runtime, test)
}

async fn tcp_pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (client, server) = tokio::join!(TcpStream::connect(address), listener.accept());
    (client.unwrap(), server.unwrap().0)
}

fn get(path: &str) -> Head {
    let mut head = Head::request(b"GET", path.as_bytes(), Version::Http11);
    head.add(b"Host", b"example.org");
    head
}

async fn response(answer: &mut H2Response) -> Result<(Head, BodyLength, H2RecvBody), H2Error> {
    poll_fn(|cx| answer.poll_head(cx)).await
}

async fn next(body: &mut H2RecvBody) -> Option<Result<Bytes, H2Error>> {
    poll_fn(|cx| body.poll_data(cx)).await
}

async fn trailers(body: &mut H2RecvBody) -> Option<Head> {
    poll_fn(|cx| body.poll_trailers(cx)).await.unwrap()
}

/// Reads a whole body as a consumer that is always ready; its length.
async fn drain(body: &mut H2RecvBody) -> Result<usize, H2Error> {
    let mut length = 0;
    while let Some(bytes) = next(body).await {
        let bytes = bytes?;
        length += bytes.len();
        body.release(bytes.len());
    }
    Ok(length)
}

/// A body of pseudo-random bytes that needs no memory.
fn byte_at(seed: u64, offset: usize) -> u8 {
    let word = (seed ^ (offset as u64 >> 3)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (word >> (8 * (offset & 7))) as u8
}

async fn send_all(body: &mut H2SendBody, seed: u64, length: usize, sent: &Cell<usize>) -> Result<(), H2Error> {
    let mut offset = 0;
    while offset < length {
        let room = poll_fn(|cx| body.poll_capacity(cx, 32 * 1024)).await?;
        let take = room.min(length - offset);
        let chunk: Vec<u8> = (offset..offset + take).map(|at| byte_at(seed, at)).collect();
        offset += take;
        body.send_data(chunk.into(), offset == length)?;
        sent.set(offset);
    }
    Ok(())
}

async fn check_all(body: &mut H2RecvBody, seed: u64, slow: bool, sent: &Cell<usize>, bound: usize) -> usize {
    let mut offset = 0;
    let mut unreleased = 0;
    while let Some(bytes) = next(body).await {
        let bytes = bytes.unwrap();
        for (at, byte) in bytes.iter().enumerate() {
            assert_eq!(*byte, byte_at(seed, offset + at), "byte {}", offset + at);
        }
        offset += bytes.len();
        unreleased += bytes.len();
        assert!(sent.get() - offset <= bound, "{} bytes under way", sent.get() - offset);
        if slow {
            // Lets the sender run until nothing moves any more.
            for _ in 0..50 {
                tokio::task::yield_now().await;
            }
            assert!(sent.get() - offset <= bound, "{} bytes under way", sent.get() - offset);
        }
        body.release(unreleased);
        unreleased = 0;
    }
    offset
}

/// Serves every stream of a connection with `answer`; yields the number of malformed ones.
async fn serve<T, F, R>(io: T, settings: H2Settings, answer: F) -> Result<usize, H2Error>
where
    T: AsyncRead + AsyncWrite + Unpin + 'static,
    F: Fn(H2Request) -> R + 'static,
    R: Future<Output = ()> + 'static,
{
    let mut connection = H2ServerConnection::handshake(io, b"", &settings).await?;
    let mut malformed = 0;
    while let Some(accepted) = poll_fn(|cx| connection.poll_accept(cx)).await {
        match accepted? {
            H2Accepted::Request(request) => drop(spawn_local(answer(*request))),
            H2Accepted::Malformed(error) => {
                assert_eq!(error.side, H2Side::Peer);
                malformed += 1;
            }
        }
    }
    Ok(malformed)
}

async fn connect<T: AsyncRead + AsyncWrite + Unpin + 'static>(io: T) -> H2Client {
    let (client, driver) = H2Client::handshake(io, &H2Settings::default(), false);
    spawn_local(driver);
    client
}

async fn hello(request: H2Request) {
    let mut head = Head::response(200, b"OK", Version::Http11);
    head.add(b"X-Path", convert::split_target(request.head.target()).2);
    head.add(b"Connection", b"keep-alive, x-hop");
    head.add(b"X-Hop", b"1");
    head.add(b"Keep-Alive", b"timeout=5");
    head.add(b"Set-Cookie", b"a=1");
    head.add(b"Set-Cookie", b"b=2");
    let mut body = request.responder.send_response(&head, BodyLength::Known(5)).unwrap();
    poll_fn(|cx| body.poll_capacity(cx, 5)).await.unwrap();
    body.send_data(Bytes::from_static(b"hello"), true).unwrap();
}

fn pair() -> (DuplexStream, DuplexStream) {
    duplex(64 * 1024)
}

#[test]
fn one_request_and_its_answer() {
    worker(async {
        let (near, far) = pair();
        let server = spawn_local(serve(far, H2Settings::default(), |request| async move {
            let head = &request.head;
            assert_eq!(head.method(), b"GET");
            assert_eq!(head.target(), b"http://example.org/a?b=c");
            assert_eq!(head.version(), Version::Http2);
            assert_eq!(head.value("host"), Some(&b"example.org"[..]));
            assert_eq!(request.length, BodyLength::None);
            hello(request).await;
        }));
        let mut client = connect(near).await;
        let (half, mut answer) = client.open(&get("/a?b=c"), BodyLength::None).unwrap();
        assert!(half.is_ended());
        let (head, length, mut body) = response(&mut answer).await.unwrap();
        assert_eq!(head.status(), 200);
        assert_eq!(length, BodyLength::Chunked);
        let fields: Vec<_> = head.fields().collect();
        let expected: [(&[u8], &[u8]); 3] = [(b"x-path", b"/a?b=c"), (b"set-cookie", b"a=1"), (b"set-cookie", b"b=2")];
        assert_eq!(fields, expected);
        assert_eq!(next(&mut body).await.unwrap().unwrap(), "hello");
        body.release(5);
        assert!(next(&mut body).await.is_none());
        assert!(trailers(&mut body).await.is_none());
        assert_eq!(client.open_streams(), 1);
        drop((answer, body));
        assert_eq!(client.open_streams(), 1, "the sending half still lives");
        drop(half);
        assert_eq!(client.open_streams(), 0);
        drop(client);
        assert_eq!(server.await.unwrap().unwrap(), 0);
    });
}

#[test]
fn a_hundred_streams_at_once() {
    worker(async {
        let (near, far) = tcp_pair().await;
        spawn_local(serve(far, H2Settings::default(), hello));
        let mut client = connect(near).await;
        let mut open = Vec::new();
        for at in 0..100 {
            open.push(client.open(&get(&format!("/{at}")), BodyLength::None).unwrap());
        }
        assert_eq!(client.open_streams(), 100);
        assert_eq!(client.available_streams(), 0);
        for (at, (_, answer)) in open.iter_mut().enumerate() {
            let (head, _, mut body) = response(answer).await.unwrap();
            assert_eq!(head.value("x-path"), Some(format!("/{at}").as_bytes()));
            assert_eq!(drain(&mut body).await.unwrap(), 5);
        }
        open.clear();
        assert_eq!(client.open_streams(), 0);
        assert_eq!(client.available_streams(), 100);
    });
}

#[test]
fn a_hundred_small_answers_take_few_sends() {
    worker(async {
        let (near, far) = tcp_pair().await;
        let sends = Rc::new(Cell::new(0));
        let seen = Rc::clone(&sends);
        spawn_local(async move {
            let mut connection = H2ServerConnection::handshake(far, b"", &H2Settings::default()).await.unwrap();
            poll_fn(|cx| {
                loop {
                    let accepted = connection.poll_accept(cx);
                    seen.set(connection.sends());
                    match accepted {
                        Poll::Ready(Some(Ok(H2Accepted::Request(request)))) => drop(spawn_local(hello(*request))),
                        Poll::Ready(_) => return Poll::Ready(()),
                        Poll::Pending => return Poll::Pending,
                    }
                }
            })
            .await;
        });
        let mut client = connect(near).await;
        let mut open = Vec::new();
        for _ in 0..100 {
            open.push(client.open(&get("/"), BodyLength::None).unwrap());
        }
        for (_, answer) in &mut open {
            let (_, _, mut body) = response(answer).await.unwrap();
            drain(&mut body).await.unwrap();
        }
        assert!(sends.get() <= 10, "{} sends for 100 answers", sends.get());
    });
}

#[test]
fn large_bodies_both_ways_with_a_slow_reader() {
    const LENGTH: usize = 10 * 1024 * 1024;
    // Window, send queue, both coalescing buffers and the pipe.
    const BOUND: usize = 65535 + 64 * 1024 + 2 * crate::buffer::BUFFER_SIZE + 64 * 1024 + 32 * 1024;
    worker(async {
        let (near, far) = pair();
        spawn_local(serve(far, H2Settings::default(), |mut request| async move {
            assert_eq!(request.length, BodyLength::Known(LENGTH as u64));
            let head = Head::response(200, b"", Version::Http11);
            let mut out = request.responder.send_response(&head, BodyLength::Chunked).unwrap();
            // Echo: what is not written is not released.
            while let Some(bytes) = next(&mut request.body).await {
                let mut bytes = bytes.unwrap();
                while !bytes.is_empty() {
                    let room = poll_fn(|cx| out.poll_capacity(cx, bytes.len())).await.unwrap();
                    let chunk = bytes.split_to(room.min(bytes.len()));
                    let length = chunk.len();
                    out.send_data(chunk, false).unwrap();
                    request.body.release(length);
                }
            }
            out.send_data(Bytes::new(), true).unwrap();
        }));
        let mut client = connect(near).await;
        let mut head = get("/");
        head.add(b"Content-Length", LENGTH.to_string().as_bytes());
        let (mut upload, mut answer) = client.open(&head, BodyLength::Known(LENGTH as u64)).unwrap();
        let sent = Rc::new(Cell::new(0));
        let progress = Rc::clone(&sent);
        spawn_local(async move { send_all(&mut upload, 7, LENGTH, &progress).await.unwrap() });
        let (_, _, mut body) = response(&mut answer).await.unwrap();
        assert_eq!(check_all(&mut body, 7, true, &sent, 2 * BOUND).await, LENGTH);
    });
}

#[test]
fn unread_bodies_stop_their_sender_and_no_other_stream() {
    worker(async {
        let (near, far) = pair();
        let sent = Rc::new(Cell::new(0));
        let progress = Rc::clone(&sent);
        spawn_local(serve(far, H2Settings::default(), move |request| {
            let progress = Rc::clone(&progress);
            async move {
                if request.head.target().ends_with(b"/big") {
                    let head = Head::response(200, b"", Version::Http11);
                    let mut out = request.responder.send_response(&head, BodyLength::Chunked).unwrap();
                    let _ = send_all(&mut out, 1, 1 << 20, &progress).await;
                } else {
                    hello(request).await;
                }
            }
        }));
        let mut client = connect(near).await;
        let (_big, mut big) = client.open(&get("/big"), BodyLength::None).unwrap();
        let (_, _, _unread) = response(&mut big).await.unwrap();
        for _ in 0..50 {
            let (_half, mut small) = client.open(&get("/small"), BodyLength::None).unwrap();
            let (_, _, mut body) = response(&mut small).await.unwrap();
            assert_eq!(drain(&mut body).await.unwrap(), 5);
        }
        assert!(sent.get() <= 65535 + 64 * 1024 + 32 * 1024, "{} bytes sent to one who does not read", sent.get());
    });
}

#[test]
fn trailers_travel_both_ways() {
    worker(async {
        let (near, far) = pair();
        spawn_local(serve(far, H2Settings::default(), |mut request| async move {
            assert_eq!(request.length, BodyLength::Chunked);
            drain(&mut request.body).await.unwrap();
            let sum = trailers(&mut request.body).await.unwrap();
            let head = Head::response(200, b"", Version::Http11);
            let mut out = request.responder.send_response(&head, BodyLength::Chunked).unwrap();
            out.send_trailers(&sum).unwrap();
        }));
        let mut client = connect(near).await;
        let (mut upload, mut answer) = client.open(&get("/"), BodyLength::Chunked).unwrap();
        upload.send_data(Bytes::from_static(b"x"), false).unwrap();
        let mut sum = Head::default();
        sum.add(b"X-Sum", b"42");
        upload.send_trailers(&sum).unwrap();
        assert!(upload.is_ended());
        assert!(upload.send_data(Bytes::new(), true).is_err());
        let (_, _, mut body) = response(&mut answer).await.unwrap();
        assert!(next(&mut body).await.is_none());
        assert_eq!(trailers(&mut body).await.unwrap().value("x-sum"), Some(&b"42"[..]));
    });
}

#[test]
fn head_and_204_and_informational() {
    worker(async {
        let (near, far) = pair();
        spawn_local(serve(far, H2Settings::default(), |mut request| async move {
            if request.head.method() == b"HEAD" {
                let mut head = Head::response(200, b"", Version::Http11);
                head.add(b"Content-Length", b"1000");
                assert!(request.responder.send_response(&head, BodyLength::None).unwrap().is_ended());
            } else {
                let mut early = Head::response(103, b"", Version::Http11);
                early.add(b"Link", b"</a.css>");
                request.responder.send_informational(&early).unwrap();
                let head = Head::response(204, b"", Version::Http11);
                request.responder.send_response(&head, BodyLength::None).unwrap();
            }
        }));
        let mut client = connect(near).await;
        let mut head = Head::request(b"HEAD", b"/", Version::Http11);
        head.add(b"host", b"example.org");
        let (_half, mut answer) = client.open(&head, BodyLength::None).unwrap();
        let (head, length, body) = response(&mut answer).await.unwrap();
        assert_eq!((head.value("content-length"), length), (Some(&b"1000"[..]), BodyLength::None));
        assert!(body.is_end());

        let (_half, mut answer) = client.open(&get("/"), BodyLength::None).unwrap();
        let early = poll_fn(|cx| answer.poll_informational(cx)).await.unwrap();
        assert_eq!((early.status(), early.value("link")), (103, Some(&b"</a.css>"[..])));
        assert!(poll_fn(|cx| answer.poll_informational(cx)).await.is_none());
        let (head, length, _) = response(&mut answer).await.unwrap();
        assert_eq!((head.status(), length), (204, BodyLength::None));
    });
}

#[test]
fn resets_reach_the_other_side() {
    worker(async {
        let (near, far) = pair();
        let (seen, mut resets) = tokio::sync::mpsc::unbounded_channel();
        spawn_local(serve(far, H2Settings::default(), move |mut request| {
            let seen = seen.clone();
            async move {
                match convert::split_target(request.head.target()).2 {
                    b"/refuse" => request.responder.reset(Reason::REFUSED_STREAM),
                    b"/drop" => {}
                    _ => seen.send(poll_fn(|cx| request.responder.poll_reset(cx)).await).unwrap(),
                }
            }
        }));
        let mut client = connect(near).await;

        let (_half, mut answer) = client.open(&get("/refuse"), BodyLength::None).unwrap();
        let error = response(&mut answer).await.err().unwrap();
        assert_eq!(error.kind, H2ErrorKind::Reset(Reason::REFUSED_STREAM));
        assert!(error.retry_safe);

        let (_half, mut answer) = client.open(&get("/drop"), BodyLength::None).unwrap();
        let error = response(&mut answer).await.err().unwrap();
        assert!(matches!(error.kind, H2ErrorKind::Reset(_)), "{error}");
        assert!(!error.retry_safe);

        let (mut half, _answer) = client.open(&get("/wait"), BodyLength::None).unwrap();
        // Its head has to be on the wire before it can be reset there.
        tokio::task::yield_now().await;
        half.reset(Reason::CANCEL);
        let error = resets.recv().await.unwrap();
        assert_eq!(error.kind, H2ErrorKind::Reset(Reason::CANCEL));
        assert!(error.is_cancel());
    });
}

#[test]
fn a_goaway_makes_the_client_unusable_and_ends_the_server() {
    worker(async {
        let (near, far) = pair();
        let server = spawn_local(async move {
            let mut connection = H2ServerConnection::handshake(far, b"", &H2Settings::default()).await.unwrap();
            let Some(Ok(H2Accepted::Request(request))) = poll_fn(|cx| connection.poll_accept(cx)).await else {
                unreachable!("a request")
            };
            assert_eq!(connection.open_streams(), 1);
            connection.graceful_shutdown();
            spawn_local(async move {
                for _ in 0..20 {
                    tokio::task::yield_now().await;
                }
                hello(*request).await;
            });
            poll_fn(|cx| connection.poll_accept(cx)).await.is_none()
        });
        let mut client = connect(near).await;
        let (half, mut answer) = client.open(&get("/"), BodyLength::None).unwrap();
        let (_, _, mut body) = response(&mut answer).await.unwrap();
        assert_eq!(drain(&mut body).await.unwrap(), 5);
        drop((half, answer, body));
        assert!(server.await.unwrap());
        assert!(!client.is_usable());
        let error = client.open(&get("/"), BodyLength::None).err().unwrap();
        assert!(error.retry_safe, "{error}");
    });
}

#[test]
fn a_broken_connection_says_so() {
    worker(async {
        let (near, far) = pair();
        let server = spawn_local(async move {
            let mut connection = H2ServerConnection::handshake(far, b"", &H2Settings::default()).await.unwrap();
            poll_fn(|cx| connection.poll_accept(cx)).await.is_some()
        });
        let mut client = connect(near).await;
        let (_half, mut answer) = client.open(&get("/"), BodyLength::None).unwrap();
        assert!(server.await.unwrap());
        let error = response(&mut answer).await.err().unwrap();
        assert!(!error.retry_safe);
        assert!(!client.is_usable());
    });
}

#[test]
fn streams_learn_that_their_connection_was_dropped() {
    worker(async {
        let (near, far) = pair();
        let (ended, end) = tokio::sync::oneshot::channel();
        spawn_local(async move {
            let mut connection = H2ServerConnection::handshake(far, b"", &H2Settings::default()).await.unwrap();
            let Some(Ok(H2Accepted::Request(mut request))) = poll_fn(|cx| connection.poll_accept(cx)).await else {
                unreachable!("a request")
            };
            let waiting = spawn_local(async move { poll_fn(|cx| request.responder.poll_reset(cx)).await });
            tokio::task::yield_now().await;
            drop(connection);
            ended.send(waiting.await.unwrap()).unwrap();
        });
        let mut client = connect(near).await;
        let _stream = client.open(&get("/"), BodyLength::None).unwrap();
        assert_eq!(end.await.unwrap().kind, H2ErrorKind::Closed);
    });
}

#[test]
fn the_idle_session_is_woken_when_its_last_stream_ends() {
    worker(async {
        let (near, far) = pair();
        let (release, wait) = tokio::sync::oneshot::channel::<()>();
        let idle = spawn_local(async move {
            let mut connection = H2ServerConnection::handshake(far, b"", &H2Settings::default()).await.unwrap();
            let Some(Ok(H2Accepted::Request(request))) = poll_fn(|cx| connection.poll_accept(cx)).await else {
                unreachable!("a request")
            };
            spawn_local(async move {
                let head = Head::response(204, b"", Version::Http11);
                let body = request.responder.send_response(&head, BodyLength::None).unwrap();
                wait.await.unwrap();
                drop((body, request.body));
            });
            poll_fn(|cx| {
                let more = connection.poll_accept(cx);
                assert!(more.is_pending());
                if connection.open_streams() == 0 { Poll::Ready(()) } else { Poll::Pending }
            })
            .await;
        });
        let mut client = connect(near).await;
        let (_half, mut answer) = client.open(&get("/"), BodyLength::None).unwrap();
        response(&mut answer).await.unwrap();
        release.send(()).unwrap();
        idle.await.unwrap();
    });
}

#[test]
fn bytes_read_before_are_not_lost() {
    worker(async {
        let (mut near, mut far) = pair();
        near.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.unwrap();
        let mut start = vec![0; 20];
        far.read_exact(&mut start).await.unwrap();
        let mut connection = H2ServerConnection::handshake(far, &start, &H2Settings::default()).await.unwrap();
        near.shutdown().await.unwrap();
        assert!(poll_fn(|cx| connection.poll_accept(cx)).await.is_none());
    });
}

#[test]
fn garbage_instead_of_a_preface_is_an_error() {
    worker(async {
        let (mut near, far) = pair();
        near.write_all(b"GET / HTTP/1.1\r\nHost: example.org\r\n\r\n").await.unwrap();
        let error = H2ServerConnection::handshake(far, b"", &H2Settings::default()).await.err().unwrap();
        assert_eq!(error.stage, H2Stage::Connection);
    });
}

/// Sends a request as the bare h2 crate would and tells how it was answered.
async fn bare(request: http::Request<()>, end: bool) -> Result<u16, h2::Error> {
    let (near, far) = pair();
    spawn_local(serve(far, H2Settings::default(), hello));
    let (mut send, connection) = h2::client::handshake(near).await?;
    spawn_local(connection);
    let (answer, _stream) = send.send_request(request, end)?;
    Ok(answer.await?.status().as_u16())
}

#[test]
fn malformed_requests_are_reset() {
    worker(async {
        let base = || http::Request::builder().uri("http://example.org/");
        let cases = [
            ("authority and host disagree", base().header("host", "other.org"), true),
            ("two hosts", base().header("host", "example.org").header("host", "example.org"), true),
            ("content-length without body", base().header("content-length", "5"), true),
            ("contradicting lengths", base().header("content-length", "5").header("content-length", "6"), false),
            ("list of lengths", base().header("content-length", "5, 5"), false),
            ("signed length", base().header("content-length", "+5"), false),
            ("overflowing length", base().header("content-length", "99999999999999999999"), false),
            ("userinfo", http::Request::builder().uri("http://user@example.org/"), true),
            ("te", base().header("te", "gzip"), true),
            ("connection", base().header("connection", "close"), true),
            ("transfer-encoding", base().header("transfer-encoding", "chunked"), true),
        ];
        for (what, request, end) in cases {
            let outcome = bare(request.body(()).unwrap(), end).await;
            assert!(outcome.is_err(), "{what}: {outcome:?}");
        }
        let mut many = base();
        for at in 0..150 {
            many = many.header(format!("x-{at}"), "1");
        }
        assert!(bare(many.body(()).unwrap(), true).await.is_err());
        assert_eq!(bare(base().header("host", "EXAMPLE.org").body(()).unwrap(), true).await.unwrap(), 200);
        assert_eq!(bare(base().header("te", "trailers").body(()).unwrap(), true).await.unwrap(), 200);
    });
}

#[test]
fn cookie_crumbs_are_joined_in_order() {
    worker(async {
        let (near, far) = pair();
        spawn_local(serve(far, H2Settings::default(), |request| async move {
            let cookies: Vec<_> = request.head.values("cookie").collect();
            assert_eq!(cookies, [b"a=1; b=2; c=3"]);
            hello(request).await;
        }));
        let (mut send, connection) = h2::client::handshake(near).await.unwrap();
        spawn_local(connection);
        let request = http::Request::builder().uri("http://example.org/");
        let request = request.header("cookie", "a=1").header("x", "y").header("cookie", "b=2").header("cookie", "c=3");
        let (answer, _stream) = send.send_request(request.body(()).unwrap(), true).unwrap();
        assert_eq!(answer.await.unwrap().status().as_u16(), 200);
    });
}

#[test]
fn a_client_that_resets_all_it_asks_for_is_sent_away() {
    worker(async {
        let (near, far) = pair();
        let server = spawn_local(serve(far, H2Settings::default(), |mut request| async move {
            poll_fn(|cx| request.responder.poll_reset(cx)).await;
        }));
        let mut client = connect(near).await;
        let mut resets = 0;
        while client.is_usable() && resets < 5000 {
            if let Ok((mut half, _)) = client.open(&get("/"), BodyLength::None) {
                tokio::task::yield_now().await;
                half.reset(Reason::CANCEL);
                resets += 1;
            }
            for _ in 0..4 {
                tokio::task::yield_now().await;
            }
        }
        assert!(resets <= 2 * connection::RESETS as usize, "{resets} resets were let through");
        let error = server.await.unwrap().unwrap_err();
        assert_eq!((error.side, error.stage), (H2Side::Peer, H2Stage::Connection));
    });
}

#[test]
fn a_dropped_handle_closes_the_connection_after_its_streams() {
    worker(async {
        let (near, far) = tcp_pair().await;
        let server = spawn_local(serve(far, H2Settings::default(), hello));
        let mut client = connect(near).await;
        let (half, mut answer) = client.open(&get("/"), BodyLength::None).unwrap();
        drop(client);
        let (_, _, mut body) = response(&mut answer).await.unwrap();
        assert_eq!(drain(&mut body).await.unwrap(), 5);
        drop((half, answer, body));
        assert_eq!(server.await.unwrap().unwrap(), 0);
    });
}
