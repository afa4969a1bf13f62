//! One HTTP/2 connection as a state machine: bytes and the time in, bytes and streams out (RFC 9113).
//!
//! Whoever owns the socket feeds [`Connection::receive`], sends what [`Connection::output`] holds and takes what was
//! [accepted](Connection::accepted). Streams are used through their slots, see `send` and `read`; frames are written
//! at once where the windows and the bounded output have room, so nothing is queued per stream. What the peer may make
//! us hold is bounded by the windows we gave, what we hold to be sent by [`OUTPUT`].
//!
//! What went wrong is a [`Fault`]: of the connection, which is sent away with GOAWAY, or of one stream, which is reset.

mod blocks;
mod budget;
mod control;
mod counts;
mod flow;
mod output;
mod read;
mod receive;
mod send;
mod stream;

use crate::instant::Instant;
use std::collections::VecDeque;
use std::task::{Context, Waker};

pub use counts::H2Counts;
pub(crate) use output::{Output, SLICES};

use super::convert::HeadReader;
use super::error::{H2Error, H2ErrorKind, H2Side, H2Stage, Reason};
use super::frame::{self, HEADER, PREFACE};
use super::hpack::{Decoder, Encoder};
use super::settings::H2Settings;
use crate::http::{BodyLength, Head};
use blocks::Block;
use budget::Budget;
use flow::RecvWindow;
use stream::{Streams, Wait};

/// Bytes of bodies that wait to be sent, over all streams of a connection.
const OUTPUT: usize = 256 * 1024;
/// Answers to control frames that wait to be sent before no more is read: a peer that does not read is not served.
const CONTROL: u32 = 1000;
/// Streams a peer may reset before their end, in a row: a browser that leaves a page resets some dozens. Requests that
/// were refused count as well, and a completed one earns one back.
pub(crate) const RESETS: u32 = 500;
/// Frames without use that are tolerated in a row, and each second after that.
const GLITCHES: u32 = 10_000;
const GLITCHES_PER_SECOND: u32 = 100;
/// Streams we reset whose last frames may still come.
const RECENT: usize = 256;

/// Which side of the connection this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Answers requests.
    Server,
    /// Sends them.
    Client,
}

/// What the peer did wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The connection cannot go on.
    Connection(Reason, &'static str),
    /// One stream cannot.
    Stream(u32, Reason, &'static str),
}

/// A new stream of a client.
#[derive(Debug)]
pub(crate) enum Accepted {
    /// A well-formed request; its stream has no handle yet.
    Request { slot: u32, head: Head, length: BodyLength, upgrade: bool },
    /// A malformed one, which was reset.
    Malformed(H2Error),
}

/// What the peer announced.
#[derive(Clone, Copy, Debug)]
struct Peer {
    max_concurrent_streams: u32,
    initial_window_size: u32,
    max_frame_size: u32,
    /// It takes CONNECT with `:protocol`.
    connect_protocol: bool,
}

/// How far the end of the connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Leaving {
    No,
    /// The peer was told; streams that it opened before it knew are still served.
    Announced,
    /// No new stream is served.
    Final,
}

/// The state of a connection.
#[derive(Debug)]
pub(crate) struct Connection {
    role: Role,
    ours: H2Settings,
    peer: Peer,
    decoder: Decoder,
    encoder: Encoder,
    reader: HeadReader,
    streams: Streams,
    output: Output,
    /// Bytes of the client's preface that have come.
    preface: usize,
    /// The first SETTINGS has come.
    settled: bool,
    /// Who waits for it.
    settling: Wait,
    /// The peer knows ours.
    acknowledged: bool,
    block: Option<Block>,
    window: RecvWindow,
    send_window: i64,
    /// The largest identifier of the peer's streams, and the next of ours.
    last_peer: u32,
    next_id: u32,
    leaving: Leaving,
    /// The client sends nothing more, and is still answered.
    half_closed: bool,
    /// What the peer's GOAWAY said.
    peer_leaves: Option<(u32, Reason)>,
    failed: Option<H2Error>,
    fault: Option<Fault>,
    accepted: VecDeque<Accepted>,
    /// Slots that wait for room, in the order of their turn.
    blocked: VecDeque<u32>,
    recent: VecDeque<u32>,
    resets: Budget,
    glitches: Budget,
    /// Answers to control frames since the output was last empty.
    answers: u32,
    spare_head: Option<Head>,
    driver: Option<Waker>,
    /// The driver runs, or was woken.
    driven: bool,
    counts: H2Counts,
}

impl Connection {
    /// A connection whose own preface waits to be sent.
    pub(crate) fn new(role: Role, settings: &H2Settings, now: Instant) -> Self {
        // Until the peer acknowledges our settings it goes by the defaults.
        let table = settings.header_table_size.max(4096);
        let mut connection = Self {
            role,
            peer: Peer {
                max_concurrent_streams: u32::MAX,
                initial_window_size: 65535,
                max_frame_size: 16384,
                connect_protocol: false,
            },
            decoder: Decoder::new(table as usize, settings.max_header_list_size as usize),
            encoder: Encoder::default(),
            reader: HeadReader::new(settings.max_headers, settings.max_header_list_size as usize),
            streams: Streams::default(),
            output: Output::default(),
            preface: if role == Role::Server { 0 } else { PREFACE.len() },
            settled: false,
            settling: Wait::default(),
            acknowledged: false,
            block: None,
            window: RecvWindow::new(65535),
            send_window: 65535,
            last_peer: 0,
            next_id: 1,
            leaving: Leaving::No,
            half_closed: false,
            peer_leaves: None,
            failed: None,
            fault: None,
            accepted: VecDeque::new(),
            blocked: VecDeque::new(),
            recent: VecDeque::new(),
            resets: Budget::new(RESETS, 0, now),
            glitches: Budget::new(GLITCHES, GLITCHES_PER_SECOND, now),
            answers: 0,
            spare_head: None,
            driver: None,
            driven: true,
            counts: H2Counts::default(),
            ours: settings.clone(),
        };
        connection.write_preface();
        connection
    }

    /// Whether the peer's preface has come.
    pub(crate) fn is_open(&self) -> bool {
        self.preface == PREFACE.len()
    }

    /// Takes complete frames from the start of `input` and says how many bytes they were. What is left has to come
    /// again with more behind it, see [`Self::wanted`].
    pub(crate) fn receive(&mut self, input: &[u8], now: Instant) -> usize {
        let mut used = 0;
        while self.failed.is_none() && self.reads() {
            let rest = input.get(used..).unwrap_or_default();
            if self.preface < PREFACE.len() {
                match self.match_preface(rest) {
                    0 => break,
                    matched => used += matched,
                }
                continue;
            }
            let Some(header) = frame::FrameHeader::read(rest) else { break };
            let taken = if header.length > self.ours.max_frame_size as usize {
                Err(Fault::Connection(Reason::FRAME_SIZE_ERROR, "frame larger than announced"))
            } else {
                let Some(payload) = rest.get(HEADER..HEADER + header.length) else { break };
                used += HEADER + header.length;
                self.frame(header, payload, now)
            };
            if let Err(fault) = taken {
                self.punish(fault, now);
            }
        }
        used
    }

    /// Bytes that the next frame takes, of which `input` is the beginning.
    pub(crate) fn wanted(&self, input: &[u8]) -> usize {
        let length = frame::FrameHeader::read(input).map_or(0, |header| header.length);
        HEADER + length.min(self.ours.max_frame_size as usize)
    }

    fn match_preface(&mut self, input: &[u8]) -> usize {
        let expected = PREFACE.get(self.preface..).unwrap_or_default();
        let length = expected.len().min(input.len());
        if expected.get(..length) != input.get(..length) {
            self.fail(Fault::Connection(Reason::PROTOCOL_ERROR, "not the connection preface"));
            return 0;
        }
        self.preface += length;
        length
    }

    fn punish(&mut self, fault: Fault, now: Instant) {
        match fault {
            Fault::Connection(..) => self.fail(fault),
            Fault::Stream(id, reason, _) => {
                if reason == Reason::PROTOCOL_ERROR {
                    self.counts.stream_protocol_errors += 1;
                }
                self.fault = Some(fault);
                self.reset_by_fault(id, reason);
                // A client may open many streams before it knows how many it may.
                if reason == Reason::REFUSED_STREAM {
                    if let Err(fault) = self.glitch(now) {
                        self.fail(fault);
                    }
                } else if !self.resets.spend(now) {
                    self.too_many_resets();
                }
            }
        }
    }

    fn too_many_resets(&mut self) {
        self.fail(Fault::Connection(Reason::ENHANCE_YOUR_CALM, "too many streams reset"));
    }

    /// Ends the connection for what the peer did.
    fn fail(&mut self, fault: Fault) {
        let Fault::Connection(reason, _) = fault else { return };
        if self.failed.is_some() {
            return;
        }
        self.fault = Some(fault);
        self.counts.connection_protocol_errors += 1;
        self.goaway(reason);
        self.end(H2Error::new(H2Side::Peer, H2Stage::Connection, H2ErrorKind::GoAway(reason)));
    }

    /// Ends all streams with an error. Nothing more is received; what was queued is still to be sent.
    pub(crate) fn end(&mut self, error: H2Error) {
        if self.failed.is_some() {
            return;
        }
        self.streams.end(&error);
        self.failed = Some(error);
        self.settling.wake();
        for accepted in std::mem::take(&mut self.accepted) {
            if let Accepted::Request { slot, .. } = accepted {
                self.streams.remove(slot);
            }
        }
        self.touch();
    }

    /// The peer will send nothing more. A client's requests that are complete are still answered, as over HTTP/1.
    pub(crate) fn eof(&mut self, partial: bool) {
        if self.role == Role::Server && self.streams.any_complete() {
            self.half_closed = true;
            self.leaving = Leaving::Final;
            let gone = H2ErrorKind::Io(std::io::ErrorKind::UnexpectedEof);
            self.streams.end_incomplete(&H2Error::new(H2Side::Network, H2Stage::Connection, gone));
            // Windows stay as they are: see `poll_capacity`.
            self.streams.iter_mut().for_each(|stream| stream.writer.wake());
            return;
        }
        let idle = self.streams.active() == 0 && !partial && self.block.is_none() && self.is_open();
        let kind = if idle { H2ErrorKind::Closed } else { H2ErrorKind::Io(std::io::ErrorKind::UnexpectedEof) };
        self.end(H2Error::new(H2Side::Network, H2Stage::Connection, kind));
    }

    /// Why the connection is over, if it is. [`H2ErrorKind::Closed`]: in good order.
    pub(crate) fn failed(&self) -> Option<&H2Error> {
        self.failed.as_ref()
    }

    /// Whether nothing can be sent any more.
    pub(crate) fn is_broken(&self) -> bool {
        matches!(&self.failed, Some(H2Error { kind: H2ErrorKind::Io(kind), .. }) if *kind != std::io::ErrorKind::UnexpectedEof)
    }

    /// Whether this is the side that sends requests.
    pub(crate) fn is_client(&self) -> bool {
        self.role == Role::Client
    }

    /// Whether more may be received: not while a peer does not read the answers to what it sent.
    pub(crate) fn reads(&self) -> bool {
        self.answers < CONTROL && !self.half_closed
    }

    /// What is to be sent.
    pub(crate) fn output(&mut self) -> &mut Output {
        &mut self.output
    }

    /// Notes that some of the output was sent: streams that wait for room have their turn.
    pub(crate) fn sent(&mut self) {
        if self.output.pending() == 0 {
            self.answers = 0;
        }
        self.grant();
    }

    /// The next stream that the client opened.
    pub(crate) fn accepted(&mut self) -> Option<Accepted> {
        loop {
            match self.accepted.pop_front()? {
                // Given up before anybody looked at it.
                Accepted::Request { slot, head, .. } if self.streams.get(slot).is_none_or(|it| it.error.is_some()) => {
                    self.spare_head = Some(head);
                    self.streams.remove(slot);
                }
                accepted => return Some(accepted),
            }
        }
    }

    /// A head whose memory the next request may take.
    pub(crate) fn supply_head(&mut self, head: Head) {
        self.spare_head = Some(head);
    }

    /// Streams that are open or still used.
    pub(crate) fn streams(&self) -> usize {
        self.streams.len()
    }

    /// What was counted so far.
    pub(crate) fn counts(&self) -> &H2Counts {
        &self.counts
    }

    /// The driver begins: what it does wakes nobody.
    pub(crate) fn begin_drive(&mut self) {
        self.driven = true;
    }

    /// The driver waits: it is woken when there is something to send or the last stream is gone.
    pub(crate) fn end_drive(&mut self, cx: &Context<'_>) {
        self.driven = false;
        match &mut self.driver {
            Some(waker) if waker.will_wake(cx.waker()) => {}
            waker => *waker = Some(cx.waker().clone()),
        }
    }

    /// Wakes the driver.
    pub(crate) fn touch(&mut self) {
        if !std::mem::replace(&mut self.driven, true)
            && let Some(waker) = &self.driver
        {
            waker.wake_by_ref();
        }
    }

    /// What the peer was last found to do wrong.
    #[cfg(test)]
    pub(crate) fn fault(&self) -> Option<Fault> {
        self.fault
    }
}

#[cfg(test)]
mod tests;
