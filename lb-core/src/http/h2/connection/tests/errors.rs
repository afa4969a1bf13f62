//! Every error of RFC 9113, sections 4 to 6 and 8, with its code: of the connection or of the stream alone.

use super::*;

/// A client does this after its preface; yields what it is told.
fn told(input: &[u8]) -> Vec<(u32, Reason)> {
    let mut peer = Peer::client();
    peer.feed(input);
    let codes = peer.codes();
    if codes.iter().any(|(stream, _)| *stream == 0) {
        assert!(peer.connection.failed().is_some());
        assert_eq!(peer.connection.counts().goaway_sent, 1);
        assert_eq!(peer.connection.counts().connection_protocol_errors, 1);
        let used = peer.connection.receive(&get(101), peer.now);
        assert_eq!((used, peer.connection.accepted().is_none()), (0, true), "nothing is taken after the end");
    } else {
        peer.feed(&get(101));
        assert!(std::iter::from_fn(|| peer.connection.accepted()).any(|it| matches!(it, Accepted::Request { .. })));
    }
    assert_eq!(peer.connection.fault().is_some(), !codes.is_empty());
    codes
}

#[track_caller]
fn connection(reason: Reason, input: &[&[u8]]) {
    assert_eq!(told(&input.concat()), [(0, reason)]);
}

#[track_caller]
fn stream(id: u32, reason: Reason, input: &[&[u8]]) {
    assert_eq!(told(&input.concat()), [(id, reason)]);
}

#[test]
fn preface_and_first_frame() {
    let now = Instant::now();
    let mut peer =
        Peer { connection: Connection::new(Role::Server, &H2Settings::default(), now), now, rest: Vec::new() };
    peer.feed(b"PRI * HTTP/1.1\r\n");
    assert!(!peer.connection.is_open());
    assert_eq!(peer.codes(), [(0, Reason::PROTOCOL_ERROR)]);
    for first in [get(1), frame(SETTINGS, flags::ACK, 0, &[]), frame(6, 0, 0, &[0; 8])] {
        let mut peer =
            Peer { connection: Connection::new(Role::Server, &H2Settings::default(), now), now, rest: Vec::new() };
        peer.feed(PREFACE);
        peer.feed(&first);
        assert_eq!(peer.codes(), [(0, Reason::PROTOCOL_ERROR)]);
    }
}

#[test]
fn frame_sizes() {
    let size = Reason::FRAME_SIZE_ERROR;
    connection(size, &[&frame(kind::DATA, 0, 1, &[0; 16385])]);
    connection(size, &[&frame(SETTINGS, 0, 0, &[0; 5])]);
    connection(size, &[&frame(SETTINGS, flags::ACK, 0, &[0; 6])]);
    connection(size, &[&frame(6, 0, 0, &[0; 7])]);
    connection(size, &[&frame(6, 0, 0, &[0; 9])]);
    connection(size, &[&frame(7, 0, 0, &[0; 7])]);
    connection(size, &[&get(1), &frame(3, 0, 1, &[0; 3])]);
    connection(size, &[&frame(8, 0, 0, &[0; 5])]);
    connection(size, &[&frame(kind::HEADERS, flags::PRIORITY | flags::END_HEADERS, 1, &[0; 4])]);
    stream(1, size, &[&post(1), &frame(2, 0, 1, &[0; 4])]);
}

#[test]
fn streams_that_frames_may_be_on() {
    let protocol = Reason::PROTOCOL_ERROR;
    for kind in [0, 1, 2, 3, 5, 9] {
        connection(protocol, &[&frame(kind, flags::END_HEADERS, 0, &[0; 5])]);
    }
    for kind in [4, 6, 7] {
        connection(protocol, &[&frame(kind, 0, 1, &[0; 8])]);
    }
    connection(protocol, &[&get(2)]);
    connection(protocol, &[&frame(5, flags::END_HEADERS, 1, &[0; 4])]);
    // Idle streams.
    connection(protocol, &[&frame(kind::DATA, 0, 1, b"x")]);
    connection(protocol, &[&frame(3, 0, 1, &[0; 4])]);
    connection(protocol, &[&frame(8, 0, 1, &[0, 0, 0, 1])]);
    connection(protocol, &[&frame(8, 0, 2, &[0, 0, 0, 1])]);
    // Unknown frames and priorities are ignored anywhere.
    assert_eq!(told(&[frame(77, 0xff, 9, b"?"), frame(2, 0, 9, &[0; 5])].concat()), []);
}

#[test]
fn header_blocks() {
    let protocol = Reason::PROTOCOL_ERROR;
    let begun = frame(kind::HEADERS, 0, 1, GET);
    connection(protocol, &[&begun, &frame(6, 0, 0, &[0; 8])]);
    connection(protocol, &[&begun, &frame(kind::CONTINUATION, flags::END_HEADERS, 3, &[])]);
    connection(protocol, &[&begun, &get(3)]);
    connection(protocol, &[&begun, &frame(77, 0, 1, &[])]);
    connection(protocol, &[&frame(kind::CONTINUATION, flags::END_HEADERS, 1, GET)]);
    connection(protocol, &[&frame(kind::HEADERS, flags::PADDED | flags::END_HEADERS, 1, &[9, 0x82])]);
    connection(Reason::COMPRESSION_ERROR, &[&frame(kind::HEADERS, flags::END_HEADERS, 1, &[0xff, 0xff])]);
    connection(Reason::COMPRESSION_ERROR, &[&frame(kind::HEADERS, flags::END_HEADERS, 1, &[0xbe])]);
    let pieces: Vec<u8> = GET.iter().flat_map(|byte| frame(kind::CONTINUATION, 0, 1, &[*byte])).collect();
    let whole = [
        frame(kind::HEADERS, flags::END_STREAM, 1, &[]),
        pieces,
        frame(kind::CONTINUATION, flags::END_HEADERS, 1, &[]),
    ];
    assert_eq!(told(&whole.concat()), []);
    let priority = [&[0, 0, 0, 0, 9][..], GET].concat();
    let priority = frame(kind::HEADERS, flags::PRIORITY | flags::END_HEADERS | flags::END_STREAM, 1, &priority);
    assert_eq!(told(&priority), []);
}

#[test]
fn stream_states() {
    let closed = Reason::STREAM_CLOSED;
    stream(1, closed, &[&get(1), &frame(kind::DATA, 0, 1, b"x")]);
    stream(1, closed, &[&get(1), &get(1)]);
    // A stream that was skipped is closed.
    connection(closed, &[&get(5), &get(3)]);
    let trailers = frame(kind::HEADERS, flags::END_HEADERS, 1, &[]);
    stream(1, Reason::PROTOCOL_ERROR, &[&post(1), &trailers]);
    let pseudo = frame(kind::HEADERS, flags::END_HEADERS | flags::END_STREAM, 1, &[0x88]);
    stream(1, Reason::PROTOCOL_ERROR, &[&post(1), &pseudo]);
    // What comes for a stream that we reset is ignored for a while.
    let bad = frame(kind::HEADERS, flags::END_HEADERS, 1, &[0x82]);
    let late = [frame(kind::DATA, 0, 1, b"x"), frame(8, 0, 1, &[0, 0, 0, 9]), frame(3, 0, 1, &[0; 4]), trailers];
    stream(1, Reason::PROTOCOL_ERROR, &[&bad, &late.concat()]);
}

#[test]
fn frames_for_a_stream_that_is_long_over() {
    let mut peer = Peer::client();
    peer.feed(&get(1));
    let slot = peer.request().unwrap();
    peer.respond(slot, true);
    peer.connection.drop_handle(slot);
    peer.sent();
    peer.feed(&[frame(8, 0, 1, &[0, 0, 0, 9]), frame(3, 0, 1, &[0; 4])].concat());
    assert_eq!(peer.codes(), []);
    peer.feed(&frame(kind::DATA, 0, 1, b"x"));
    assert_eq!(peer.codes(), [(1, Reason::STREAM_CLOSED)]);
}

#[test]
fn windows_that_overflow_and_updates_of_nothing() {
    let most = (1_u32 << 31) - 1;
    let flow = Reason::FLOW_CONTROL_ERROR;
    connection(flow, &[&frame(8, 0, 0, &most.to_be_bytes())]);
    connection(Reason::PROTOCOL_ERROR, &[&frame(8, 0, 0, &[0; 4])]);
    stream(1, flow, &[&get(1), &frame(8, 0, 1, &most.to_be_bytes())]);
    stream(1, Reason::PROTOCOL_ERROR, &[&get(1), &frame(8, 0, 1, &[0; 4])]);
    let setting = |identifier: u16, value: u32| {
        frame(SETTINGS, 0, 0, &[&identifier.to_be_bytes()[..], &value.to_be_bytes()].concat())
    };
    connection(flow, &[&setting(4, 1 << 31)]);
    connection(flow, &[&get(1), &frame(8, 0, 1, &[0, 0, 0, 100]), &setting(4, most)]);
    connection(Reason::PROTOCOL_ERROR, &[&setting(5, 16383)]);
    connection(Reason::PROTOCOL_ERROR, &[&setting(5, 1 << 24)]);
    connection(Reason::PROTOCOL_ERROR, &[&setting(2, 2)]);
    assert_eq!(told(&[setting(2, 1), setting(5, 1 << 20), setting(1, 0), setting(3, 0)].concat()), []);
}

#[test]
fn more_data_than_there_was_room_for() {
    let settings = H2Settings { initial_window_size: 100, ..H2Settings::default() };
    let mut peer = Peer::client_of(&settings);
    peer.feed(&[post(1), frame(kind::DATA, 0, 1, &[0; 100]), frame(kind::DATA, 0, 1, &[0; 1])].concat());
    assert_eq!(peer.codes(), [(1, Reason::FLOW_CONTROL_ERROR)]);

    let settings = H2Settings { max_concurrent_streams: 1, ..H2Settings::default() };
    let mut peer = Peer::client_of(&settings);
    peer.feed(&post(1));
    for _ in 0..4 {
        peer.feed(&frame(kind::DATA, 0, 1, &[0; 16384]));
    }
    assert_eq!(peer.codes(), [(0, Reason::FLOW_CONTROL_ERROR)]);
}

#[test]
fn bodies_and_their_announced_length() {
    // `content-length: 5`
    let block = [POST, &[0x0f, 0x0d, 1, b'5']].concat();
    let head = frame(kind::HEADERS, flags::END_HEADERS, 1, &block);
    let data = |flags, bytes: &[u8]| frame(kind::DATA, flags, 1, bytes);
    let end = flags::END_STREAM;
    let protocol = Reason::PROTOCOL_ERROR;
    stream(1, protocol, &[&head, &data(end, b"1234")]);
    stream(1, protocol, &[&head, &data(0, b"123456")]);
    stream(1, protocol, &[&head, &data(0, b"12345"), &data(end, b"6")]);
    let trailers = frame(kind::HEADERS, flags::END_HEADERS | end, 1, &[]);
    stream(1, protocol, &[&head, &data(0, b"1234"), &trailers]);
    stream(1, protocol, &[&frame(kind::HEADERS, flags::END_HEADERS | end, 1, &block)]);
    assert_eq!(told(&[head.clone(), data(0, b"12345"), data(end, b"")].concat()), []);
    assert_eq!(told(&[head, data(0, b"12345"), trailers].concat()), []);
    connection(protocol, &[&post(1), &data(flags::PADDED, b"\x05abcd")]);
    connection(protocol, &[&post(1), &data(flags::PADDED, b"")]);
}

#[test]
fn malformed_requests_end_their_stream_alone() {
    for block in [&[0x82_u8, 0x86, 0x84][..], &[0x82, 0x86, 0x01, 1, b'a'], &[0x88], &[]] {
        stream(1, Reason::PROTOCOL_ERROR, &[&frame(kind::HEADERS, flags::END_HEADERS, 1, block)]);
    }
}

#[test]
fn what_servers_do_wrong() {
    let protocol = Reason::PROTOCOL_ERROR;
    let told = |input: &[u8]| {
        let mut peer = Peer::server();
        let slot = peer.open();
        peer.sent();
        peer.feed(input);
        let response = peer.connection.poll_response(&cx(), slot);
        let broken = matches!(response, Poll::Ready(Err(_)));
        peer.connection.drop_handle(slot);
        assert_eq!((peer.connection.streams(), broken), (0, true));
        peer.codes()
    };
    let headers = |flags, block: &[u8]| frame(kind::HEADERS, flags | flags::END_HEADERS, 1, block);
    assert_eq!(told(&frame(kind::DATA, 0, 1, b"x")), [(1, protocol)]);
    assert_eq!(told(&headers(0, &[])), [(1, protocol)]);
    assert_eq!(told(&headers(0, &[0x82])), [(1, protocol)]);
    assert_eq!(told(&headers(flags::END_STREAM, &[0x08, 3, b'1', b'0', b'0'])), [(1, protocol)]);
    assert_eq!(told(&frame(5, flags::END_HEADERS, 1, &[0, 0, 0, 2, 0x82])), [(0, protocol)]);
    assert_eq!(told(&frame(kind::HEADERS, flags::END_HEADERS, 2, &[0x88])), [(0, protocol)]);
    assert_eq!(told(&frame(kind::HEADERS, flags::END_HEADERS, 3, &[0x88])), [(0, protocol)]);
    assert_eq!(told(&frame(SETTINGS, 0, 0, &[0, 2, 0, 0, 0, 1])), [(0, protocol)]);
    let goaway = |last: u8| frame(7, 0, 0, &[0, 0, 0, last, 0, 0, 0, 0]);
    assert_eq!(told(&[goaway(0), goaway(1)].concat()), [(0, protocol)]);
}
