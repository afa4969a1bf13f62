#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::rc::Rc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::task::{LocalSet, yield_now};

use super::*;
use crate::forward::{BufferPool, PipeLimit, PipePool};
use crate::transport::Socket;

const TOTAL: usize = 50 * 1024 * 1024;

fn forwarder(pipes: u32) -> (Forwarder, std::sync::Arc<PipeLimit>) {
    let limit = PipeLimit::new(pipes);
    let pipes = PipePool::new(limit.clone(), None);
    (Forwarder { buffers: BufferPool::new(), pipes, clock: Clock::system() }, limit)
}

async fn tcp_pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let near = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    (near, listener.accept().await.unwrap().0)
}

fn plain(tcp: TcpStream) -> Transport {
    Transport::Plain(Socket::Tcp(tcp))
}

/// Bytes without a short period, so that a lost, doubled or moved block shows.
struct Pattern {
    block: Vec<u8>,
    at: usize,
}

impl Pattern {
    fn new(seed: u64) -> Self {
        let mut state = seed | 1;
        let block = (0..1_048_583)
            .map(|_| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                (state >> 32) as u8
            })
            .collect();
        Self { block, at: 0 }
    }

    fn next(&mut self, most: usize) -> &[u8] {
        if self.at == self.block.len() {
            self.at = 0;
        }
        let start = self.at;
        self.at = (start + most).min(self.block.len());
        &self.block[start..self.at]
    }

    fn check(&mut self, mut got: &[u8]) {
        while !got.is_empty() {
            let expected = self.next(got.len()).to_vec();
            assert!(got.starts_with(&expected), "the bytes differ");
            got = &got[expected.len()..];
        }
    }
}

/// Sends `total` bytes in pieces of `piece` and shuts its half.
async fn send(mut to: impl tokio::io::AsyncWrite + Unpin, seed: u64, total: usize, piece: usize, lazy: bool) {
    let mut pattern = Pattern::new(seed);
    let mut sent = 0;
    while sent < total {
        let bytes = pattern.next(piece.min(total - sent));
        sent += bytes.len();
        to.write_all(bytes).await.unwrap();
        if lazy {
            yield_now().await;
        }
    }
    to.shutdown().await.unwrap();
}

/// Receives until the end in pieces of at most `piece`, checks the bytes and returns their number.
async fn receive(mut from: impl tokio::io::AsyncRead + Unpin, seed: u64, piece: usize, lazy: bool) -> usize {
    let mut pattern = Pattern::new(seed);
    let mut buffer = vec![0; piece];
    let mut total = 0;
    loop {
        let count = from.read(&mut buffer).await.unwrap();
        if count == 0 {
            return total;
        }
        pattern.check(&buffer[..count]);
        total += count;
        if lazy {
            for _ in 0..20 {
                yield_now().await;
            }
        }
    }
}

/// Relays between two pairs of sockets while both far ends send and receive.
async fn both_ways(options: RelayOptions, pipes: u32, total: usize, piece: usize, lazy: bool) -> RelayOutcome {
    let local = LocalSet::new();
    let (client, near_client) = tcp_pair().await;
    let (near_server, server) = tcp_pair().await;
    let (forwarder, limit) = forwarder(pipes);
    let shared = forwarder.clone();
    let outcome = local
        .run_until(async move {
            let relaying = tokio::task::spawn_local(async move {
                let (mut client, mut server) = (plain(near_client), plain(near_server));
                relay(&shared, &mut client, &mut server, Initial::default(), &options).await
            });
            let (client_read, client_write) = client.into_split();
            let (server_read, server_write) = server.into_split();
            tokio::task::spawn_local(send(client_write, 1, total, piece, lazy));
            tokio::task::spawn_local(send(server_write, 2, total, piece, lazy));
            let at_server = tokio::task::spawn_local(receive(server_read, 1, piece, lazy));
            let at_client = tokio::task::spawn_local(receive(client_read, 2, piece, lazy));
            assert_eq!(at_server.await.unwrap(), total);
            assert_eq!(at_client.await.unwrap(), total);
            relaying.await.unwrap()
        })
        .await;
    assert!(limit.used() <= pipes);
    outcome
}

fn assert_complete(outcome: RelayOutcome, total: usize) {
    let total = total as u64;
    let expected = RelayOutcome {
        from_client: total,
        to_server: total,
        from_server: total,
        to_client: total,
        cause: Cause::Normal,
        stage: Stage::Finished,
    };
    assert_eq!(outcome, expected);
}

fn splicing(mode: Splicing) -> RelayOptions {
    RelayOptions { splice_request: mode, splice_response: mode, ..RelayOptions::default() }
}

#[tokio::test]
async fn copies_bulk_data_both_ways() {
    assert_complete(both_ways(splicing(Splicing::Never), 0, TOTAL, 1 << 18, false).await, TOTAL);
}

#[tokio::test]
async fn splices_bulk_data_both_ways() {
    assert_complete(both_ways(splicing(Splicing::Always), 10, TOTAL, 1 << 18, false).await, TOTAL);
}

#[tokio::test]
async fn changes_from_copy_to_splice_both_ways() {
    let options = RelayOptions {
        client: Some(Duration::from_secs(3600)),
        server: Some(Duration::from_secs(3600)),
        ..splicing(Splicing::Auto)
    };
    assert_complete(both_ways(options, 10, TOTAL, 1 << 18, false).await, TOTAL);
}

#[tokio::test]
async fn goes_on_copying_without_pipes() {
    assert_complete(both_ways(splicing(Splicing::Always), 0, TOTAL / 4, 1 << 18, false).await, TOTAL / 4);
}

#[tokio::test]
async fn slow_readers_get_every_byte() {
    for mode in [Splicing::Never, Splicing::Auto, Splicing::Always] {
        assert_complete(both_ways(splicing(mode), 2, 3_000_001, 70_001, true).await, 3_000_001);
    }
}

#[tokio::test]
async fn small_pieces_pass() {
    for mode in [Splicing::Never, Splicing::Auto, Splicing::Always] {
        assert_complete(both_ways(splicing(mode), 2, 40_003, 7, true).await, 40_003);
    }
}

/// A relay whose far ends the test holds.
struct Bench {
    client: TcpStream,
    server: TcpStream,
    near: (Transport, Transport),
}

impl Bench {
    async fn new() -> Self {
        let (client, near_client) = tcp_pair().await;
        let (near_server, server) = tcp_pair().await;
        Self { client, server, near: (plain(near_client), plain(near_server)) }
    }
}

#[tokio::test]
async fn initial_bytes_go_first() {
    let Bench { mut client, mut server, near: (mut c, mut s) } = Bench::new().await;
    let (forwarder, _limit) = forwarder(1);
    let initial = Initial { from_client: b"hello ".to_vec(), from_server: b"banner ".to_vec() };
    let options = splicing(Splicing::Always);
    let ends = async {
        client.write_all(b"world").await.unwrap();
        client.shutdown().await.unwrap();
        server.write_all(b"reply").await.unwrap();
        server.shutdown().await.unwrap();
        let (mut at_server, mut at_client) = (Vec::new(), Vec::new());
        server.read_to_end(&mut at_server).await.unwrap();
        client.read_to_end(&mut at_client).await.unwrap();
        assert_eq!((at_server, at_client), (b"hello world".to_vec(), b"banner reply".to_vec()));
    };
    let (outcome, ()) = tokio::join!(relay(&forwarder, &mut c, &mut s, initial, &options), ends);
    assert_eq!((outcome.from_client, outcome.from_server), (11, 12));
    assert_eq!((outcome.to_server, outcome.to_client), (11, 12));
    assert_eq!(outcome.cause, Cause::Normal);
}

#[tokio::test]
async fn half_close_keeps_the_other_direction() {
    let Bench { mut client, mut server, near: (mut c, mut s) } = Bench::new().await;
    let (forwarder, _limit) = forwarder(1);
    let options = RelayOptions::default();
    let ends = async {
        client.write_all(b"request").await.unwrap();
        client.shutdown().await.unwrap();
        let mut request = Vec::new();
        // Ends only because the half-close came through.
        server.read_to_end(&mut request).await.unwrap();
        server.write_all(&request).await.unwrap();
        drop(server);
        let mut reply = Vec::new();
        client.read_to_end(&mut reply).await.unwrap();
        assert_eq!(reply, b"request");
    };
    let (outcome, ()) = tokio::join!(relay(&forwarder, &mut c, &mut s, Initial::default(), &options), ends);
    assert_eq!(outcome.cause, Cause::Normal);
}

fn reset(tcp: TcpStream) {
    socket2::SockRef::from(&tcp).set_linger(Some(Duration::ZERO)).unwrap();
    drop(tcp);
}

#[tokio::test]
async fn a_reset_names_its_side() {
    for mode in [Splicing::Never, Splicing::Always] {
        let options = splicing(mode);
        let Bench { client, server, near: (mut c, mut s) } = Bench::new().await;
        let (forwarder, _limit) = forwarder(1);
        reset(client);
        let outcome = relay(&forwarder, &mut c, &mut s, Initial::default(), &options).await;
        assert_eq!((outcome.cause, outcome.stage), (Cause::ClientAbort, Stage::Data));
        drop(server);

        let Bench { client, server, near: (mut c, mut s) } = Bench::new().await;
        reset(server);
        let outcome = relay(&forwarder, &mut c, &mut s, Initial::default(), &options).await;
        assert_eq!((outcome.cause, outcome.stage), (Cause::ServerAbort, Stage::Data));
        drop(client);
    }
}

#[tokio::test]
async fn the_last_words_of_a_server_that_resets_arrive() {
    let Bench { mut client, mut server, near: (mut c, mut s) } = Bench::new().await;
    let (forwarder, _limit) = forwarder(1);
    server.write_all(b"go away").await.unwrap();
    // Unread data makes this close a reset on the server's side.
    s.write_all(b"unread").await.unwrap();
    server.readable().await.unwrap();
    drop(server);
    client.write_all(b"more").await.unwrap();
    let options = RelayOptions::default();
    let outcome = relay(&forwarder, &mut c, &mut s, Initial::default(), &options).await;
    assert_eq!((outcome.cause, outcome.stage), (Cause::ServerAbort, Stage::Data));
    drop(c);
    let mut reply = Vec::new();
    let _ = client.read_to_end(&mut reply).await;
    assert_eq!(reply, b"go away");
}

/// Cause and duration of a relay on which nothing happens, and the half-closes both far ends see.
async fn idle_cause(options: RelayOptions) -> (Cause, Stage, Duration) {
    let Bench { mut client, mut server, near: (mut c, mut s) } = Bench::new().await;
    let (forwarder, _limit) = forwarder(1);
    let start = tokio::time::Instant::now();
    let outcome = relay(&forwarder, &mut c, &mut s, Initial::default(), &options).await;
    let elapsed = start.elapsed();
    // Each end got its FIN while the relay still held the connections.
    assert_eq!(client.read(&mut [0; 1]).await.unwrap(), 0);
    assert_eq!(server.read(&mut [0; 1]).await.unwrap(), 0);
    (outcome.cause, outcome.stage, elapsed)
}

fn seconds(value: u64) -> Option<Duration> {
    Some(Duration::from_secs(value))
}

fn whole_seconds((cause, stage, elapsed): (Cause, Stage, Duration)) -> (Cause, Stage, u64) {
    (cause, stage, elapsed.as_secs())
}

#[tokio::test(start_paused = true)]
async fn a_silent_side_ends_its_direction_and_names_the_cause() {
    // As HAProxy: the first timeout closes one direction and is logged, the second ends the relay. Time is simulated.
    let client = RelayOptions { client: seconds(5), server: seconds(6), ..RelayOptions::default() };
    assert_eq!(whole_seconds(idle_cause(client).await), (Cause::ClientTimeout, Stage::Data, 6));
    let server = RelayOptions { client: seconds(6), server: seconds(5), ..RelayOptions::default() };
    assert_eq!(whole_seconds(idle_cause(server).await), (Cause::ServerTimeout, Stage::Data, 6));
    let both = RelayOptions { client: seconds(5), server: seconds(5), ..RelayOptions::default() };
    assert_eq!(whole_seconds(idle_cause(both).await), (Cause::ClientTimeout, Stage::Data, 5));
}

#[tokio::test(start_paused = true)]
async fn the_tunnel_timeout_replaces_both() {
    let options = RelayOptions { client: seconds(1), server: seconds(2), tunnel: seconds(60), ..Default::default() };
    assert_eq!(whole_seconds(idle_cause(options).await), (Cause::ClientTimeout, Stage::Data, 60));
}

#[tokio::test(start_paused = true)]
async fn a_server_fin_timeout_follows_a_client_timeout() {
    let options =
        RelayOptions { client: seconds(5), server: seconds(90), server_fin: seconds(10), ..Default::default() };
    assert_eq!(whole_seconds(idle_cause(options).await), (Cause::ClientTimeout, Stage::Data, 10));
}

#[tokio::test(start_paused = true)]
async fn a_side_that_takes_nothing_ends_the_relay() {
    for (mode, from_client) in [(Splicing::Never, true), (Splicing::Always, true), (Splicing::Never, false)] {
        let Bench { mut client, mut server, near: (mut c, mut s) } = Bench::new().await;
        let (forwarder, _limit) = forwarder(1);
        let options = RelayOptions { client: seconds(50), server: seconds(60), ..splicing(mode) };
        let flood = async {
            let sender = if from_client { &mut client } else { &mut server };
            while sender.write_all(&[0; 65_536]).await.is_ok() {}
        };
        tokio::select! {
            outcome = relay(&forwarder, &mut c, &mut s, Initial::default(), &options) => {
                let expected = if from_client { Cause::ServerTimeout } else { Cause::ClientTimeout };
                assert_eq!((outcome.cause, outcome.stage), (expected, Stage::Data));
            }
            () = flood => unreachable!("the relay holds the connections"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn fin_timeouts_replace_the_tunnel_timeout_after_a_half_close() {
    let Bench { mut client, server, near: (mut c, mut s) } = Bench::new().await;
    let (forwarder, _limit) = forwarder(1);
    client.shutdown().await.unwrap();
    let options = RelayOptions { tunnel: seconds(3600), server_fin: seconds(2), ..RelayOptions::default() };
    let start = tokio::time::Instant::now();
    let outcome = relay(&forwarder, &mut c, &mut s, Initial::default(), &options).await;
    assert_eq!((outcome.cause, outcome.stage), (Cause::ServerTimeout, Stage::Data));
    assert!(start.elapsed() < Duration::from_secs(3600));
    drop(server);
}

#[tokio::test]
async fn an_idle_relay_holds_no_buffer_and_no_pipe() {
    let (forwarder, limit) = forwarder(4);
    let forwarder = Rc::new(forwarder);
    for mode in [Splicing::Never, Splicing::Always] {
        let Bench { mut client, mut server, near: (mut c, mut s) } = Bench::new().await;
        let options = splicing(mode);
        let mut relaying = Relay::new(&forwarder, Initial::default(), &options);
        let mut word = [0; 4];
        let talk = async {
            client.write_all(b"ping").await.unwrap();
            server.read_exact(&mut word).await.unwrap();
        };
        tokio::select! {
            _ = poll_fn(|cx| relaying.poll_relay(cx, &forwarder, &mut c, &mut s, &options)) => unreachable!(),
            () = talk => {}
        }
        // One more turn, in which it finds nothing to do.
        let idle = poll_fn(|cx| Poll::Ready(relaying.poll_relay(cx, &forwarder, &mut c, &mut s, &options))).await;
        assert!(idle.is_pending());
        assert_eq!(relaying.request.copy.pending() + relaying.response.copy.pending(), 0);
        assert_eq!(forwarder.pipes.unused(), limit.used() as usize);
    }
    assert_eq!(forwarder.buffers.unused(), (1, 0));
}

#[tokio::test]
async fn unix_sockets_are_copied() {
    let (forwarder, _limit) = forwarder(1);
    let (mut client, near_client) = UnixStream::pair().unwrap();
    let (near_server, mut server) = UnixStream::pair().unwrap();
    let (mut c, mut s) = (Transport::Plain(Socket::Unix(near_client)), Transport::Plain(Socket::Unix(near_server)));
    let options = splicing(Splicing::Always);
    let ends = async {
        client.write_all(b"over unix").await.unwrap();
        client.shutdown().await.unwrap();
        let mut got = Vec::new();
        server.read_to_end(&mut got).await.unwrap();
        assert_eq!(got, b"over unix");
        drop(server);
    };
    let (outcome, ()) = tokio::join!(relay(&forwarder, &mut c, &mut s, Initial::default(), &options), ends);
    assert_eq!(outcome.cause, Cause::Normal);
}

#[tokio::test]
async fn a_limit_is_exact_and_leaves_the_rest_unread() {
    for splice in [false, true] {
        let Bench { mut client, mut server, near: (mut c, mut s) } = Bench::new().await;
        let (forwarder, _limit) = forwarder(1);
        let body = 200_000;
        let mut limit = body as u64;
        let mut progress = Progress::default();
        let sending = async {
            let mut pattern = Pattern::new(5);
            let block = pattern.next(body).to_vec();
            client.write_all(&block).await.unwrap();
            client.write_all(b"next request").await.unwrap();
        };
        let receiving = async {
            let mut got = vec![0; body];
            server.read_exact(&mut got).await.unwrap();
            Pattern::new(5).check(&got);
        };
        let (mut copy, mut pump) = (CopyPump::new(), SplicePump::new());
        let moving = poll_fn(|cx| {
            if splice {
                let (from, to) = (c.plain_tcp().unwrap(), s.plain_tcp().unwrap());
                pump.poll_pump(cx, from, to, &forwarder.pipes, &mut limit, &mut progress)
            } else {
                let (from, to) = (Pin::new(&mut c), Pin::new(&mut s));
                copy.poll_pump(cx, from, to, &forwarder.buffers, false, &mut limit, &mut progress)
            }
        });
        let (moved, (), ()) = tokio::join!(moving, sending, receiving);
        assert_eq!(moved.unwrap(), Pumped::Limit);
        assert_eq!(progress, Progress { read: body as u64, written: body as u64 });
        let mut rest = [0; 12];
        c.read_exact(&mut rest).await.unwrap();
        assert_eq!(&rest, b"next request");
        assert_eq!(forwarder.pipes.unused(), usize::from(splice));
    }
}

#[tokio::test]
async fn the_future_is_small() {
    let Bench { client: _client, server: _server, near: (mut c, mut s) } = Bench::new().await;
    let (forwarder, _limit) = forwarder(1);
    let options = RelayOptions::default();
    let size = size_of_val(&relay(&forwarder, &mut c, &mut s, Initial::default(), &options));
    assert!(size <= 512, "{size}");
}

#[test]
fn the_state_is_small() {
    assert!(size_of::<Relay>() <= 320, "{}", size_of::<Relay>());
}

/// While a response is held back, the request flows, nothing of the response is read, and no timeout of the server strikes.
#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn a_response_that_is_held_back() {
    let (forwarder, _) = forwarder(0);
    let ((mut client, near), (far, mut server)) = (tcp_pair().await, tcp_pair().await);
    let (mut near, mut far) = (plain(near), plain(far));
    let options = RelayOptions { server: Some(Duration::from_millis(100)), ..RelayOptions::default() };
    let mut relay = Relay::new(&forwarder, Initial { from_client: b"hello".to_vec(), ..Initial::default() }, &options);
    relay.hold_response();
    server.write_all(b" is kept in the socket").await.unwrap();
    let mut got = [0; 5];
    poll_fn(|cx| {
        assert!(relay.poll_relay(cx, &forwarder, &mut near, &mut far, &options).is_pending());
        Poll::Ready(())
    })
    .await;
    server.read_exact(&mut got).await.unwrap();
    assert_eq!((&got, relay.server_bytes().0), (b"hello", 0));
    tokio::time::advance(Duration::from_secs(9)).await;
    poll_fn(|cx| {
        assert!(relay.poll_relay(cx, &forwarder, &mut near, &mut far, &options).is_pending());
        Poll::Ready(())
    })
    .await;
    relay.release_response(b"what was looked at".to_vec(), &forwarder.clock);
    let expected = b"what was looked at is kept in the socket";
    let reader = async {
        let mut got = vec![0; expected.len()];
        client.read_exact(&mut got).await.unwrap();
        drop((client, server));
        got
    };
    let relayed = poll_fn(|cx| relay.poll_relay(cx, &forwarder, &mut near, &mut far, &options));
    let (got, outcome) = tokio::join!(reader, relayed);
    assert_eq!(got, expected);
    assert_eq!((outcome.from_server, outcome.to_client), (expected.len() as u64, expected.len() as u64));
}
