//! Peers that mean harm: what they can make us hold and do is bounded.

use std::time::Duration;

use super::*;

/// Feeds pieces of input until the connection ends; how many it took, and the code.
fn until_refused(peer: &mut Peer, limit: u32, mut piece: impl FnMut(u32) -> Vec<u8>) -> (u32, Option<Reason>) {
    for at in 0..limit {
        peer.feed(&piece(at));
        while peer.connection.accepted().is_some() {}
        let codes = peer.codes();
        if let Some((_, reason)) = codes.iter().find(|(stream, _)| *stream == 0) {
            return (at, Some(*reason));
        }
    }
    (limit, None)
}

const CALM: Option<Reason> = Some(Reason::ENHANCE_YOUR_CALM);

/// CVE-2023-44487.
#[test]
fn rapid_resets() {
    let mut peer = Peer::client();
    let reset = |at: u32| [get(2 * at + 1), frame(3, 0, 2 * at + 1, &[0, 0, 0, 8])].concat();
    assert_eq!(until_refused(&mut peer, 10_000, reset), (RESETS, CALM));
    assert_eq!(peer.connection.streams(), 0, "none was worked on");
}

#[test]
fn resets_among_useful_requests_are_no_abuse() {
    let mut peer = Peer::client();
    for at in 0..5000 {
        let id = 4 * at + 1;
        peer.feed(&[get(id), get(id + 2)].concat());
        let (first, second) = (peer.request().unwrap(), peer.request().unwrap());
        peer.feed(&frame(3, 0, id, &[0, 0, 0, 8]));
        peer.respond(second, true);
        peer.connection.drop_handle(first);
        peer.connection.drop_handle(second);
        assert_eq!(peer.codes(), []);
    }
}

#[test]
fn malformed_requests_without_end() {
    let malformed = |at: u32| frame(kind::HEADERS, flags::END_HEADERS, 2 * at + 1, &[0x82]);
    assert_eq!(until_refused(&mut Peer::client(), 10_000, malformed), (RESETS, CALM));
}

/// CVE-2024-27316 and its likes.
#[test]
fn endless_header_blocks() {
    for size in [0, 1, 100, 16384] {
        let mut peer = Peer::client();
        peer.feed(&frame(kind::HEADERS, 0, 1, GET));
        let (took, reason) = until_refused(&mut peer, 1_000_000, |_| frame(kind::CONTINUATION, 0, 1, &vec![0; size]));
        assert_eq!(reason, CALM, "{size}");
        assert!(took as usize * size <= 2 * 16384 && took <= GLITCHES, "{size}: {took}");
    }
}

/// A small block that stands for a large list, with the help of the table.
#[test]
fn header_lists_that_grow_when_decoded() {
    let mut peer = Peer::client();
    let value = [&[0x40, 1, b'x', 0x7f, 0xc1, 0x1e][..], &[b'v'; 4000]].concat();
    let block = [GET, &value, &[0xbe; 12000]].concat();
    peer.feed(&frame(kind::HEADERS, flags::END_HEADERS | flags::END_STREAM, 1, &block));
    assert_eq!(peer.codes(), [(1, Reason::PROTOCOL_ERROR)]);
    peer.feed(&get(3));
    assert!(matches!(peer.connection.accepted(), Some(Accepted::Malformed(_))));
    assert!(peer.request().is_some());
}

#[test]
fn floods_of_frames_without_use() {
    let floods: [(&str, Vec<u8>); 6] = [
        ("PING", frame(6, 0, 0, &[0; 8])),
        ("SETTINGS", frame(SETTINGS, 0, 0, &[0, 4, 0, 0, 0, 0])),
        ("acknowledgements", frame(SETTINGS, flags::ACK, 0, &[])),
        ("PRIORITY", frame(2, 0, 1, &[0; 5])),
        ("unknown", frame(99, 0, 0, &[])),
        ("empty DATA", frame(kind::DATA, 0, 1, &[])),
    ];
    for (what, flood) in floods {
        let mut peer = Peer::client();
        peer.feed(&post(1));
        let (took, reason) = until_refused(&mut peer, 50_000, |_| flood.clone());
        assert_eq!(reason, CALM, "{what}");
        assert!(took <= GLITCHES, "{what}: {took}");
    }
}

#[test]
fn a_ping_now_and_then_goes_on_for_ever() {
    let mut peer = Peer::client();
    for _ in 0..3 * GLITCHES {
        peer.now += Duration::from_millis(20);
        peer.feed(&frame(6, 0, 0, &[0; 8]));
        assert_eq!(peer.sent().len(), 1);
    }
}

/// A peer that does not read the answers is not read from.
#[test]
fn answers_are_not_piled_up() {
    let mut peer = Peer::client();
    for _ in 0..5000 {
        peer.feed(&frame(6, 0, 0, &[0; 8]));
    }
    assert!(!peer.connection.reads());
    assert!(peer.connection.output().pending() <= CONTROL as usize * 17);
    peer.sent();
    peer.feed(&[]);
    assert!(peer.connection.output().pending() > 0, "it goes on once they were sent");
}

#[test]
fn streams_beyond_the_limit_are_refused() {
    let settings = H2Settings { max_concurrent_streams: 3, ..H2Settings::default() };
    let mut peer = Peer::client_of(&settings);
    peer.feed(&[get(1), get(3), get(5), get(7)].concat());
    assert_eq!(peer.codes(), [(7, Reason::REFUSED_STREAM)]);
    let slot = peer.request().unwrap();
    peer.respond(slot, true);
    peer.connection.drop_handle(slot);
    peer.feed(&get(9));
    assert_eq!(peer.codes(), []);
    // Streams that the client gave up but that are still in use count as well.
    let mut slots = Vec::new();
    while let Some(slot) = peer.request() {
        slots.push(slot);
    }
    for at in 0..10 {
        let id = 101 + 2 * at;
        peer.feed(&[frame(3, 0, id - 2, &[0; 4]).split_off(if at == 0 { 13 } else { 0 }), get(id)].concat());
        slots.extend(peer.request());
    }
    assert!(peer.connection.streams() <= 6, "{}", peer.connection.streams());
}

/// Memory of requests whose bodies nobody reads is bounded by the windows.
#[test]
fn bodies_that_nobody_reads() {
    let settings = H2Settings { initial_window_size: 1000, max_concurrent_streams: 2, ..H2Settings::default() };
    let mut peer = Peer::client_of(&settings);
    peer.feed(&[post(1), post(3)].concat());
    for id in [1, 3] {
        (0..10).for_each(|_| peer.feed(&frame(kind::DATA, 0, id, &[0; 100])));
    }
    assert_eq!(peer.sent().len(), 0, "no window was renewed");
    peer.feed(&frame(kind::DATA, 0, 1, &[0; 1]));
    assert_eq!(peer.codes(), [(1, Reason::FLOW_CONTROL_ERROR)]);
}

/// Memory of responses that the client does not read is bounded over all streams.
#[test]
fn responses_that_nobody_reads() {
    let mut peer = Peer::client();
    peer.feed(&frame(SETTINGS, 0, 0, &[0, 4, 0x7f, 0xff, 0xff, 0xff]));
    peer.feed(&frame(8, 0, 0, &[0x70, 0, 0, 0]));
    (0..100).for_each(|at| peer.feed(&get(2 * at + 1)));
    while let Some(slot) = peer.request() {
        peer.respond(slot, false);
        while let Poll::Ready(Ok(room)) = peer.connection.poll_capacity(&cx(), slot, 50_000) {
            peer.connection.send_data(slot, vec![0; room].into(), false).unwrap();
        }
    }
    assert!(peer.connection.output().pending() <= OUTPUT + 100 * 100, "{}", peer.connection.output().pending());
}
