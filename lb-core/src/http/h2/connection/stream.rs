//! The streams of a connection (RFC 9113, section 5.1): two halves each, found by slot or by identifier.
//!
//! ```text
//!            receive: Head -> Open -> Ended        send: Head -> Open -> Ended
//!            either half ends with the stream's reset, by the peer or by us
//! ```

use std::collections::VecDeque;
use std::task::{Context, Waker};

use bytes::Bytes;

use super::flow::RecvWindow;
use crate::http::h2::error::H2Error;
use crate::http::{BodyLength, Head};

/// Free slots that an idle connection keeps.
const KEPT: usize = 4;

/// How far one half of a stream is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Half {
    /// Before its (final) head.
    #[default]
    Head,
    /// Its body is under way.
    Open,
    /// Behind END_STREAM.
    Ended,
}

/// A task that waits for something on a stream.
#[derive(Debug, Default)]
pub(crate) struct Wait {
    waker: Option<Waker>,
    waiting: bool,
}

impl Wait {
    pub(crate) fn register(&mut self, cx: &Context<'_>) {
        self.waiting = true;
        match &mut self.waker {
            Some(waker) if waker.will_wake(cx.waker()) => {}
            waker => *waker = Some(cx.waker().clone()),
        }
    }

    pub(crate) fn wake(&mut self) {
        if std::mem::take(&mut self.waiting)
            && let Some(waker) = &self.waker
        {
            waker.wake_by_ref();
        }
    }
}

/// One stream.
#[derive(Debug, Default)]
pub(crate) struct Stream {
    /// Identifier; 0 for a free slot.
    pub(crate) id: u32,
    /// Handles that still use it.
    pub(crate) handles: u32,
    pub(crate) receive: Half,
    pub(crate) send: Half,
    /// Why it ended before its time.
    pub(crate) error: Option<Box<H2Error>>,
    /// Received and not read.
    pub(crate) data: Vec<u8>,
    pub(crate) trailers: Option<Box<Head>>,
    pub(crate) window: RecvWindow,
    /// What content-length says is still to come.
    pub(crate) expected: Option<u64>,
    /// Nobody reads what comes.
    pub(crate) unread: bool,
    /// What the peer lets us send; negative after it made its windows smaller.
    pub(crate) send_window: i64,
    /// It waits for room in the connection, and is in its list of such streams.
    pub(crate) blocked: bool,
    /// How much it wants to send then.
    pub(crate) wanted: usize,
    /// It was told that there is room and did not come for it yet.
    pub(crate) granted: bool,
    /// Responses to a request of ours: interim ones, then the final one.
    pub(crate) interim: VecDeque<Head>,
    pub(crate) response: Option<Box<(Head, BodyLength)>>,
    /// It is given up when the peer sends nothing more (`option abortonclose`).
    pub(crate) ends_with_peer: bool,
    /// The request was HEAD.
    pub(crate) is_head: bool,
    /// The protocol counts it as open.
    pub(crate) active: bool,
    pub(crate) reader: Wait,
    pub(crate) writer: Wait,
}

impl Stream {
    /// Whether the protocol is done with it.
    pub(crate) fn is_closed(&self) -> bool {
        self.error.is_some() || (self.receive == Half::Ended && self.send == Half::Ended)
    }

    /// All that was received, not read yet.
    pub(crate) fn take_data(&mut self) -> Bytes {
        Bytes::from(std::mem::take(&mut self.data))
    }

    pub(crate) fn wake(&mut self) {
        self.reader.wake();
        self.writer.wake();
    }
}

/// All streams of a connection that are open, or still used.
#[derive(Debug, Default)]
pub(crate) struct Streams {
    slots: Vec<Stream>,
    free: Vec<u32>,
    /// Identifier and slot, in ascending order.
    index: Vec<(u32, u32)>,
    /// Streams that the protocol counts as open.
    active: usize,
}

impl Streams {
    /// Adds an open stream whose identifier is larger than those before; yields its slot.
    pub(crate) fn open(&mut self, stream: Stream) -> u32 {
        let id = stream.id;
        let slot = match self.free.pop() {
            Some(slot) => {
                if let Some(place) = self.slots.get_mut(slot as usize) {
                    *place = stream;
                }
                slot
            }
            None => {
                self.slots.push(stream);
                (self.slots.len() - 1) as u32
            }
        };
        if let Some(stream) = self.slots.get_mut(slot as usize) {
            stream.active = true;
        }
        self.index.push((id, slot));
        self.active += 1;
        slot
    }

    /// The stream in a slot.
    pub(crate) fn get(&mut self, slot: u32) -> Option<&mut Stream> {
        self.slots.get_mut(slot as usize).filter(|stream| stream.id != 0)
    }

    /// The slot of a stream.
    pub(crate) fn find(&self, id: u32) -> Option<u32> {
        let at = self.index.binary_search_by_key(&id, |(id, _)| *id).ok()?;
        self.index.get(at).map(|(_, slot)| *slot)
    }

    /// Counts a stream no longer as open if the protocol is done with it.
    pub(crate) fn settle(&mut self, slot: u32) {
        if let Some(stream) = self.slots.get_mut(slot as usize)
            && stream.is_closed()
            && std::mem::take(&mut stream.active)
        {
            self.active = self.active.saturating_sub(1);
        }
    }

    /// Ends all that are open with an error, and wakes everybody.
    pub(crate) fn end(&mut self, error: &H2Error) {
        for stream in self.iter_mut() {
            if !stream.is_closed() {
                stream.error = Some(Box::new(error.clone()));
            }
            stream.active = false;
            stream.wake();
        }
        self.active = 0;
    }

    /// Whether the peer still waits for the rest of what it has asked for completely.
    pub(crate) fn any_complete(&self) -> bool {
        self.slots.iter().any(|stream| stream.id != 0 && !stream.is_closed() && stream.receive == Half::Ended)
    }

    /// Ends those with an error that the peer has not completed, and those that are to end with the peer's connection.
    pub(crate) fn end_incomplete(&mut self, error: &H2Error) {
        let mut ended = 0;
        for stream in self.iter_mut() {
            if !stream.is_closed() && (stream.receive != Half::Ended || stream.ends_with_peer) {
                stream.error = Some(Box::new(error.clone()));
                ended += usize::from(std::mem::take(&mut stream.active));
                stream.wake();
            }
        }
        self.active = self.active.saturating_sub(ended);
    }

    /// Forgets a stream.
    pub(crate) fn remove(&mut self, slot: u32) {
        let Some(stream) = self.get(slot) else { return };
        let (id, active) = (stream.id, stream.active);
        *stream = Stream::default();
        self.active -= usize::from(active);
        if let Ok(at) = self.index.binary_search_by_key(&id, |(id, _)| *id) {
            self.index.remove(at);
        }
        self.free.push(slot);
        if self.index.is_empty() && self.slots.len() > KEPT {
            // An idle connection keeps no memory for the many streams it once had.
            (self.slots, self.free, self.index) = (Vec::new(), Vec::new(), Vec::new());
        }
    }

    /// Streams that the protocol counts as open.
    pub(crate) fn active(&self) -> usize {
        self.active
    }

    /// Streams that are open or still used.
    pub(crate) fn len(&self) -> usize {
        self.index.len()
    }

    /// All of them.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Stream> {
        self.slots.iter_mut().filter(|stream| stream.id != 0)
    }

    /// Slots of streams with a larger identifier.
    pub(crate) fn above(&self, id: u32) -> Vec<u32> {
        self.index.iter().filter(|(known, _)| *known > id).map(|(_, slot)| *slot).collect()
    }
}
