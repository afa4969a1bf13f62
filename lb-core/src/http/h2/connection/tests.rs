//! The state machine fed with bytes: every class of error with its code, flow control, limits, random input.
#![allow(clippy::unwrap_used)]

mod abuse;
mod errors;
mod flow;
mod random;

use std::task::{Poll, Waker};

use bytes::Bytes;

use super::*;
use crate::http::Version;
use crate::http::h2::frame::{FrameHeader, Kind, flags, kind};

/// The other side of a connection, in bytes.
struct Peer {
    connection: Connection,
    now: Instant,
    /// Bytes that the connection has not taken.
    rest: Vec<u8>,
}

/// A frame that the connection sent.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Sent {
    kind: Kind,
    flags: u8,
    stream: u32,
    payload: Vec<u8>,
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    frame::write_header(&mut out, payload.len(), kind, flags, stream);
    out.extend_from_slice(payload);
    out
}

const SETTINGS: u8 = 4;

/// `GET http://a/`.
const GET: &[u8] = &[0x82, 0x86, 0x84, 0x01, 1, b'a'];
/// `POST http://a/`.
const POST: &[u8] = &[0x83, 0x86, 0x84, 0x01, 1, b'a'];

fn get(stream: u32) -> Vec<u8> {
    frame(kind::HEADERS, flags::END_STREAM | flags::END_HEADERS, stream, GET)
}

fn post(stream: u32) -> Vec<u8> {
    frame(kind::HEADERS, flags::END_HEADERS, stream, POST)
}

fn cx() -> Context<'static> {
    Context::from_waker(Waker::noop())
}

impl Peer {
    /// A client that has sent its preface to a server.
    fn client() -> Self {
        Self::client_of(&H2Settings::default())
    }

    fn client_of(settings: &H2Settings) -> Self {
        let now = Instant::now();
        let mut peer = Self { connection: Connection::new(Role::Server, settings, now), now, rest: Vec::new() };
        peer.feed(PREFACE);
        peer.feed(&frame(SETTINGS, 0, 0, &[]));
        peer.feed(&frame(SETTINGS, flags::ACK, 0, &[]));
        peer.sent();
        peer
    }

    /// A server that has received the preface of a client of ours.
    fn server() -> Self {
        let now = Instant::now();
        let connection = Connection::new(Role::Client, &H2Settings::default(), now);
        let mut peer = Self { connection, now, rest: Vec::new() };
        peer.feed(&frame(SETTINGS, 0, 0, &[]));
        let mut bytes = Vec::new();
        peer.drain(&mut bytes);
        assert!(bytes.starts_with(PREFACE));
        peer
    }

    fn feed(&mut self, bytes: &[u8]) {
        self.rest.extend_from_slice(bytes);
        let used = self.connection.receive(&self.rest, self.now);
        self.rest.drain(..used);
    }

    fn drain(&mut self, bytes: &mut Vec<u8>) {
        while self.connection.output().pending() > 0 {
            let mut slices = [std::io::IoSlice::new(&[]); SLICES];
            let count = self.connection.output().slices(&mut slices);
            let before = bytes.len();
            slices[..count].iter().for_each(|slice| bytes.extend_from_slice(slice));
            let sent = bytes.len() - before;
            self.connection.output().advance(sent);
            self.connection.sent();
        }
    }

    /// Frames sent since the last time.
    fn sent(&mut self) -> Vec<Sent> {
        let mut bytes = Vec::new();
        self.drain(&mut bytes);
        let mut frames = Vec::new();
        let mut input = &bytes[..];
        while let Some(header) = FrameHeader::read(input) {
            let payload = input[HEADER..HEADER + header.length].to_vec();
            frames.push(Sent { kind: header.kind, flags: header.flags, stream: header.stream, payload });
            input = &input[HEADER + header.length..];
        }
        assert!(input.is_empty());
        frames
    }

    /// Error codes of all RST_STREAM and GOAWAY sent since the last time, 0 for the connection's stream.
    fn codes(&mut self) -> Vec<(u32, Reason)> {
        let code = |payload: &[u8]| Reason(u32::from_be_bytes(*payload.last_chunk().unwrap()));
        let ends = |frame: &Sent| matches!(frame.kind, Kind::RstStream | Kind::GoAway);
        self.sent().iter().filter(|frame| ends(frame)).map(|frame| (frame.stream, code(&frame.payload))).collect()
    }

    /// Takes the next request; its slot, with a handle.
    fn request(&mut self) -> Option<u32> {
        match self.connection.accepted()? {
            Accepted::Request { slot, .. } => {
                self.connection.retain(slot);
                Some(slot)
            }
            Accepted::Malformed(_) => None,
        }
    }

    fn respond(&mut self, slot: u32, end: bool) {
        self.connection.send_response(slot, &Head::response(200, b"", Version::Http11), end).unwrap();
    }

    /// Opens a stream of ours to this server.
    fn open(&mut self) -> u32 {
        let mut head = Head::request(b"GET", b"/", Version::Http11);
        head.add(b"host", b"a");
        let slot = self.connection.open(&head, false, true).unwrap();
        self.connection.retain(slot);
        slot
    }
}

#[test]
fn a_request_and_its_response() {
    let mut peer = Peer::client();
    peer.feed(&get(1));
    let Some(Accepted::Request { slot, head, length, .. }) = peer.connection.accepted() else { panic!() };
    assert_eq!((head.target(), length), (&b"http://a/"[..], BodyLength::None));
    peer.connection.retain(slot);
    peer.respond(slot, false);
    peer.connection.send_data(slot, b"hello".as_slice().into(), true).unwrap();
    peer.connection.drop_handle(slot);
    let sent = peer.sent();
    assert_eq!(sent[0], Sent { kind: Kind::Headers, flags: flags::END_HEADERS, stream: 1, payload: vec![0x88] });
    assert_eq!(sent[1], Sent { kind: Kind::Data, flags: flags::END_STREAM, stream: 1, payload: b"hello".to_vec() });
    assert_eq!((sent.len(), peer.connection.streams()), (2, 0));
    let counts = peer.connection.counts();
    assert_eq!((counts.headers_received, counts.settings_received, counts.streams), (1, 2, 1));
}

#[test]
fn bytes_may_come_one_by_one() {
    let mut peer = Peer::client();
    let mut input = post(1);
    input.extend(frame(kind::DATA, flags::END_STREAM | flags::PADDED, 1, b"\x02body\0\0"));
    input.iter().for_each(|byte| peer.feed(&[*byte]));
    let slot = peer.request().unwrap();
    let Poll::Ready(Some(Ok(data))) = peer.connection.poll_data(&cx(), slot) else { panic!() };
    assert_eq!(data, "body");
    assert!(matches!(peer.connection.poll_data(&cx(), slot), Poll::Ready(None)));
}

#[test]
fn settings_and_pings_are_acknowledged() {
    let mut peer = Peer::client();
    peer.feed(&frame(SETTINGS, 0, 0, &[0, 4, 0, 0, 0, 100, 0, 99, 0, 0, 0, 0]));
    peer.feed(&frame(6, 0, 0, b"12345678"));
    let sent = peer.sent();
    assert_eq!(sent[0], Sent { kind: Kind::Settings, flags: flags::ACK, stream: 0, payload: Vec::new() });
    assert_eq!(sent[1], Sent { kind: Kind::Ping, flags: flags::ACK, stream: 0, payload: b"12345678".to_vec() });
}

#[test]
fn our_preface_announces_the_settings() {
    let settings = H2Settings { header_table_size: 1000, max_concurrent_streams: 7, ..H2Settings::default() };
    let mut connection = Connection::new(Role::Server, &settings, Instant::now());
    let mut bytes = Vec::new();
    let mut slices = [std::io::IoSlice::new(&[]); SLICES];
    let count = connection.output().slices(&mut slices);
    slices[..count].iter().for_each(|slice| bytes.extend_from_slice(slice));
    let header = FrameHeader::read(&bytes).unwrap();
    assert_eq!((header.kind, header.flags, header.stream), (Kind::Settings, 0, 0));
    let announced: Vec<_> = frame::settings(&bytes[HEADER..HEADER + header.length]).collect();
    assert_eq!(announced, [(1, 1000), (4, 65535), (5, 16384), (6, 16384), (3, 7), (8, 1)]);
    let update = &bytes[HEADER + header.length..];
    assert_eq!(FrameHeader::read(update).unwrap().kind, Kind::WindowUpdate);
    assert_eq!(frame::read_u31(&update[HEADER..]), Some(7 * 65535 - 65535));
}

#[test]
fn a_soft_stop_serves_what_was_asked_before_it_was_known() {
    let mut peer = Peer::client();
    peer.feed(&get(1));
    let first = peer.request().unwrap();
    peer.connection.shut_down();
    let sent = peer.sent();
    assert_eq!((sent[0].kind, frame::read_u31(&sent[0].payload)), (Kind::GoAway, Some(frame::MAX_WINDOW)));
    assert_eq!(sent[1].kind, Kind::Ping);
    peer.feed(&get(3));
    let second = peer.request().unwrap();
    peer.feed(&frame(6, flags::ACK, 0, &sent[1].payload));
    let sent = peer.sent();
    assert_eq!((sent[0].kind, frame::read_u31(&sent[0].payload)), (Kind::GoAway, Some(3)));
    peer.feed(&get(5));
    assert!(peer.request().is_none());
    for slot in [first, second] {
        assert!(!peer.connection.is_finished());
        peer.respond(slot, true);
        peer.connection.drop_handle(slot);
    }
    assert!(peer.connection.is_finished());
}

#[test]
fn streams_beyond_a_goaway_may_be_sent_again() {
    let mut peer = Peer::server();
    let (first, second) = (peer.open(), peer.open());
    peer.feed(&frame(7, 0, 0, &[0, 0, 0, 1, 0, 0, 0, 0]));
    assert!(!peer.connection.is_usable());
    assert!(peer.connection.poll_response(&cx(), first).is_pending());
    let Poll::Ready(Err(error)) = peer.connection.poll_response(&cx(), second) else { panic!() };
    assert!(error.retry_safe);
    peer.feed(&frame(kind::HEADERS, flags::END_HEADERS | flags::END_STREAM, 1, &[0x88]));
    assert!(matches!(peer.connection.poll_response(&cx(), first), Poll::Ready(Ok(_))));
}

#[test]
fn interim_responses_come_before_the_final_one() {
    let mut peer = Peer::server();
    let slot = peer.open();
    let interim = [0x08, 3, b'1', b'0', b'3'];
    peer.feed(&frame(kind::HEADERS, flags::END_HEADERS, 1, &interim));
    peer.feed(&frame(kind::HEADERS, flags::END_HEADERS | flags::END_STREAM, 1, &[0x88]));
    let Poll::Ready(Some(head)) = peer.connection.poll_interim(&cx(), slot) else { panic!() };
    assert_eq!(head.status(), 103);
    assert!(matches!(peer.connection.poll_interim(&cx(), slot), Poll::Ready(None)));
    let Poll::Ready(Ok((head, length))) = peer.connection.poll_response(&cx(), slot) else { panic!() };
    assert_eq!((head.status(), length), (200, BodyLength::None));
}

/// RFC 9113, section 8.1: the client may be told to stop sending once its response is complete.
#[test]
fn an_early_response_ends_the_upload_in_good_order() {
    let mut peer = Peer::client();
    peer.feed(&post(1));
    let slot = peer.request().unwrap();
    peer.respond(slot, true);
    peer.connection.drop_handle(slot);
    assert_eq!(peer.codes(), [(1, Reason::NO_ERROR)]);
    // What was under way is taken and thrown away.
    peer.feed(&frame(kind::DATA, flags::END_STREAM, 1, b"late"));
    peer.feed(&get(3));
    assert!(peer.request().is_some());
    assert_eq!(peer.codes(), []);
}

/// The complete response of a server that does not want the rest of the request is not lost.
#[test]
fn a_reset_behind_a_complete_response_does_not_destroy_it() {
    let mut peer = Peer::server();
    let mut head = Head::request(b"POST", b"/", Version::Http11);
    head.add(b"host", b"a");
    let slot = peer.connection.open(&head, false, false).unwrap();
    peer.connection.retain(slot);
    peer.feed(&frame(kind::HEADERS, flags::END_HEADERS, 1, &[0x88]));
    peer.feed(&frame(kind::DATA, flags::END_STREAM, 1, b"answer"));
    peer.feed(&frame(3, 0, 1, &[0; 4]));
    assert!(matches!(peer.connection.poll_response(&cx(), slot), Poll::Ready(Ok(_))));
    assert!(matches!(peer.connection.poll_data(&cx(), slot), Poll::Ready(Some(Ok(data))) if data == "answer"));
    assert!(matches!(peer.connection.poll_data(&cx(), slot), Poll::Ready(None)));
    assert!(peer.connection.send_data(slot, Bytes::new(), true).is_err());
}
