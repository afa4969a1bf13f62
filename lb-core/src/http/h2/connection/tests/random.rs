//! Random and broken input: never a panic, bounded memory, and every frame that is sent is well formed.

use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Step {
    Frame(u8, u8, u32, Vec<u8>),
    Bytes(Vec<u8>),
    Get(u32),
    Post(u32),
    Data(u32, u16),
    Respond(bool),
    Body(u16),
    Read,
    Reset,
    Drop,
    Send,
    ShutDown,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let id = || (0..12_u32).prop_map(|at| at.saturating_sub(1));
    let payload = || proptest::collection::vec(any::<u8>(), 0..40);
    let step = prop_oneof![
        (0..12_u8, any::<u8>(), id(), payload())
            .prop_map(|(kind, flags, id, payload)| Step::Frame(kind, flags, id, payload)),
        (2..9_u8, id(), payload()).prop_map(|(kind, id, payload)| Step::Frame(kind, 0, id, payload)),
        payload().prop_map(Step::Bytes),
        id().prop_map(|id| Step::Get(2 * id + 1)),
        id().prop_map(|id| Step::Post(2 * id + 1)),
        (id(), any::<u16>()).prop_map(|(id, size)| Step::Data(2 * id + 1, size % 20_000)),
        any::<bool>().prop_map(Step::Respond),
        any::<u16>().prop_map(Step::Body),
        Just(Step::Read),
        Just(Step::Reset),
        Just(Step::Drop),
        Just(Step::Send),
        Just(Step::ShutDown),
    ];
    proptest::collection::vec(step, 0..60)
}

fn run(mut peer: Peer, mut slots: Vec<u32>, steps: Vec<Step>) {
    for step in steps {
        let last = slots.last().copied().unwrap_or(u32::MAX);
        match step {
            Step::Frame(kind, flags, id, payload) => peer.feed(&frame(kind, flags, id, &payload)),
            Step::Bytes(bytes) => peer.feed(&bytes),
            Step::Get(id) => peer.feed(&get(id)),
            Step::Post(id) => peer.feed(&post(id)),
            Step::Data(id, size) => peer.feed(&frame(kind::DATA, 0, id, &vec![0; usize::from(size)])),
            Step::Respond(end) => {
                let _ = peer.connection.send_response(last, &Head::response(200, b"", Version::Http11), end);
            }
            Step::Body(size) => {
                if let Poll::Ready(Ok(room)) = peer.connection.poll_capacity(&cx(), last, usize::from(size)) {
                    assert!(room > 0);
                    let _ = peer.connection.send_data(last, vec![0; room].into(), false);
                }
            }
            Step::Read => {
                let _ = peer.connection.poll_interim(&cx(), last);
                let _ = peer.connection.poll_response(&cx(), last);
                let _ = peer.connection.poll_trailers(&cx(), last);
                if let Poll::Ready(Some(Ok(data))) = peer.connection.poll_data(&cx(), last) {
                    peer.connection.release(last, data.len());
                }
            }
            Step::Reset => peer.connection.reset(last, Reason::CANCEL),
            Step::Drop => {
                if let Some(slot) = slots.pop() {
                    peer.connection.drop_handle(slot);
                }
            }
            Step::Send => drop(peer.sent()),
            Step::ShutDown => peer.connection.shut_down(),
        }
        slots.extend(std::iter::from_fn(|| peer.request()));
        assert!(peer.connection.streams() <= 200);
        assert!(peer.connection.output().pending() <= OUTPUT + 100_000);
    }
    peer.sent();
    for slot in slots {
        peer.connection.drop_handle(slot);
    }
    if peer.connection.failed().is_none() {
        assert_eq!(peer.connection.streams.active(), 0);
    }
    peer.connection.eof(false);
    peer.sent();
}

proptest! {
    #[test]
    fn servers_survive_anything(steps in steps()) {
        run(Peer::client(), Vec::new(), steps);
    }

    #[test]
    fn clients_survive_anything(steps in steps(), streams in 0..4) {
        let mut peer = Peer::server();
        let slots: Vec<u32> = (0..streams).map(|_| peer.open()).collect();
        run(peer, slots, steps);
    }

    #[test]
    fn bytes_survive_being_cut(bytes in proptest::collection::vec(any::<u8>(), 0..400), cut in 1..50_usize) {
        let mut whole = Peer::client();
        whole.feed(&bytes);
        let mut pieces = Peer::client();
        bytes.chunks(cut).for_each(|piece| pieces.feed(piece));
        prop_assert_eq!(whole.sent(), pieces.sent());
    }
}
