//! Windows and turns: nothing is sent beyond them, nothing waits for ever.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Wake;

use super::*;

#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl Count {
    fn take(&self) -> usize {
        self.0.swap(0, Ordering::Relaxed)
    }
}

fn increments(sent: &[Sent], stream: u32) -> u32 {
    let of = |frame: &&Sent| frame.kind == Kind::WindowUpdate && frame.stream == stream;
    sent.iter().filter(of).filter_map(|frame| frame::read_u31(&frame.payload)).sum()
}

#[test]
fn updates_are_sent_for_what_was_consumed() {
    let settings = H2Settings { initial_window_size: 1000, max_concurrent_streams: 100, ..H2Settings::default() };
    let mut peer = Peer::client_of(&settings);
    peer.feed(&post(1));
    let slot = peer.request().unwrap();
    let mut announced = 0;
    for _ in 0..50 {
        peer.feed(&frame(kind::DATA, flags::PADDED, 1, &[&[49][..], &[0; 200], &[0; 49]].concat()));
        assert!(matches!(peer.connection.poll_data(&cx(), slot), Poll::Ready(Some(Ok(data))) if data.len() == 200));
        peer.connection.release(slot, 200);
        announced += increments(&peer.sent(), 1);
    }
    assert!(announced > 50 * 250 - 500 && announced <= 50 * 250, "{announced}");
    assert_eq!(peer.connection.fault(), None);
}

/// What is thrown away is given back to the connection, whoever throws it away.
#[test]
fn the_connections_window_does_not_leak() {
    let settings = H2Settings { max_concurrent_streams: 1, ..H2Settings::default() };
    let mut peer = Peer::client_of(&settings);
    let mut window = 65535_u32;
    for at in 0..300_u32 {
        let id = 2 * at + 1;
        peer.feed(&post(id));
        let slot = peer.request().unwrap();
        window -= 10_000;
        peer.feed(&frame(kind::DATA, 0, id, &[0; 10_000]));
        match at % 5 {
            0 => {}
            1 => {
                let _ = peer.connection.poll_data(&cx(), slot);
                peer.connection.stop_reading(slot, 10_000);
            }
            2 => peer.feed(&frame(3, 0, id, &[0; 4])),
            3 => peer.connection.reset(slot, Reason::CANCEL),
            _ => peer.connection.stop_reading(slot, 0),
        }
        if at % 5 != 2 {
            peer.respond_if_open(slot);
        }
        peer.connection.drop_handle(slot);
        window += increments(&peer.sent(), 0);
        assert!(window >= 20_000, "{window} after {at}");
        assert_eq!(peer.connection.fault(), None, "{at}");
    }
}

impl Peer {
    /// Earns back what a reset costs.
    fn respond_if_open(&mut self, slot: u32) {
        let _ = self.connection.send_response(slot, &Head::response(200, b"", Version::Http11), true);
    }
}

#[test]
fn nothing_is_sent_beyond_the_peers_windows() {
    let mut peer = Peer::client();
    peer.feed(&frame(SETTINGS, 0, 0, &[0, 4, 0, 0, 0, 10]));
    peer.feed(&get(1));
    let slot = peer.request().unwrap();
    peer.respond(slot, false);
    let count = Arc::new(Count::default());
    let waker = Waker::from(Arc::clone(&count));
    let cx = Context::from_waker(&waker);
    assert_eq!(peer.connection.poll_capacity(&cx, slot, 100), Poll::Ready(Ok(10)));
    peer.connection.send_data(slot, vec![0; 10].into(), false).unwrap();
    assert!(peer.connection.poll_capacity(&cx, slot, 100).is_pending());
    assert!(peer.connection.send_data(slot, vec![0; 1].into(), false).is_err());
    peer.feed(&frame(8, 0, 1, &[0, 0, 0, 5]));
    assert_eq!(count.take(), 1);
    assert_eq!(peer.connection.poll_capacity(&cx, slot, 100), Poll::Ready(Ok(5)));
    // Windows may become negative (RFC 9113, section 6.9.2).
    peer.feed(&frame(SETTINGS, 0, 0, &[0, 4, 0, 0, 0, 0]));
    assert!(peer.connection.poll_capacity(&cx, slot, 100).is_pending());
    peer.feed(&frame(SETTINGS, 0, 0, &[0, 4, 0, 0, 0, 20]));
    assert_eq!(count.take(), 1);
    assert_eq!(peer.connection.poll_capacity(&cx, slot, 100), Poll::Ready(Ok(15)));
}

#[test]
fn streams_take_turns_when_the_connections_window_is_small() {
    let mut peer = Peer::client();
    peer.feed(&frame(SETTINGS, 0, 0, &[0, 4, 0, 1, 0, 0]));
    let count = Arc::new(Count::default());
    let waker = Waker::from(Arc::clone(&count));
    let cx = Context::from_waker(&waker);
    let mut slots = Vec::new();
    for at in 0..4 {
        peer.feed(&get(2 * at + 1));
        let slot = peer.request().unwrap();
        peer.respond(slot, false);
        slots.push(slot);
    }
    assert_eq!(peer.connection.poll_capacity(&cx, slots[0], 65535), Poll::Ready(Ok(65535)));
    peer.connection.send_data(slots[0], vec![0; 65535].into(), false).unwrap();
    peer.sent();
    for slot in &slots[1..] {
        assert!(peer.connection.poll_capacity(&cx, *slot, 5000).is_pending());
    }
    peer.feed(&frame(8, 0, 0, &[0, 0, 0x20, 0]));
    assert_eq!(count.take(), 2, "as many as there is room for");
    // One of them goes away instead: its turn is the next one's.
    peer.connection.drop_handle(slots[1]);
    peer.sent();
    assert!(peer.connection.poll_capacity(&cx, slots[2], 5000).is_ready());
    peer.connection.send_data(slots[2], vec![0; 5000].into(), false).unwrap();
    peer.sent();
    assert!(count.take() >= 1);
    assert_eq!(peer.connection.poll_capacity(&cx, slots[3], 5000), Poll::Ready(Ok(8192 - 5000)));
}

#[test]
fn large_bodies_are_cut_into_frames_the_peer_takes() {
    let mut peer = Peer::client();
    peer.feed(&get(1));
    let slot = peer.request().unwrap();
    peer.respond(slot, false);
    peer.connection.send_data(slot, vec![7; 40_000].into(), true).unwrap();
    let sent = peer.sent();
    let sizes: Vec<_> = sent[1..].iter().map(|frame| (frame.payload.len(), frame.flags)).collect();
    assert_eq!(sizes, [(16384, 0), (16384, 0), (7232, flags::END_STREAM)]);
}

/// A client may send before it knows our settings; then they hold for what is open already (RFC 9113, section 6.9.2).
#[test]
fn smaller_windows_hold_from_their_acknowledgement_on() {
    let settings = H2Settings { initial_window_size: 100, header_table_size: 0, ..H2Settings::default() };
    let now = Instant::now();
    let mut peer = Peer { connection: Connection::new(Role::Server, &settings, now), now, rest: Vec::new() };
    peer.feed(&[PREFACE, &frame(SETTINGS, 0, 0, &[])].concat());
    // A table of the usual size is used until then.
    let indexed = [POST, &[0x40, 1, b'x', 1, b'y', 0xbe]].concat();
    peer.feed(&frame(kind::HEADERS, flags::END_HEADERS, 1, &indexed));
    peer.feed(&frame(kind::DATA, 0, 1, &[0; 1000]));
    peer.feed(&frame(SETTINGS, flags::ACK, 0, &[]));
    assert_eq!(peer.connection.fault(), None);
    let slot = peer.request().unwrap();
    assert!(matches!(peer.connection.poll_data(&cx(), slot), Poll::Ready(Some(Ok(data))) if data.len() == 1000));
    peer.sent();
    peer.connection.release(slot, 1000);
    assert_eq!(increments(&peer.sent(), 1), 1000);
    peer.feed(&frame(kind::DATA, 0, 1, &[0; 100]));
    assert_eq!(peer.codes(), []);
    peer.feed(&frame(kind::HEADERS, flags::END_HEADERS, 3, &[&[0x3f, 0x01][..], GET].concat()));
    assert_eq!(peer.codes(), [(0, Reason::COMPRESSION_ERROR)], "a table larger than announced");
}

/// A client that has closed its sending side opens no window any more: what waits for one is over.
#[test]
fn closed_clients_open_no_windows() {
    for window in [0, 3] {
        let mut peer = Peer::client();
        peer.feed(&frame(SETTINGS, 0, 0, &[0, 4, 0, 0, 0, window]));
        peer.feed(&get(1));
        let slot = peer.request().unwrap();
        peer.respond(slot, false);
        let count = Arc::new(Count::default());
        let waker = std::task::Waker::from(Arc::clone(&count));
        let cx = Context::from_waker(&waker);
        if window > 0 {
            assert!(matches!(peer.connection.poll_capacity(&cx, slot, 10), Poll::Ready(Ok(3))));
            peer.connection.send_data(slot, b"abc".as_slice().into(), false).unwrap();
        }
        assert!(peer.connection.poll_capacity(&cx, slot, 10).is_pending());
        peer.connection.eof(false);
        assert_eq!(count.take(), 1);
        assert!(matches!(peer.connection.poll_capacity(&cx, slot, 10), Poll::Ready(Err(_))), "{window}");
    }
}
