//! What streams send: heads, bodies, trailers, resets. Frames are written to the output at once.

use std::task::{Context, Poll};

use bytes::Bytes;

use super::stream::{Half, Stream};
use super::{Connection, Leaving, OUTPUT, RECENT, Role};
use crate::http::Head;
use crate::http::h2::convert::{Malformed, write_request, write_response, write_trailers, write_upgrade};
use crate::http::h2::error::{H2Error, H2ErrorKind, H2Side, H2Stage, Reason};
use crate::http::h2::frame::{self, HEADER, flags};
use crate::http::h2::hpack::Encoder;

/// Least room for which a stream is woken: a few bytes are not worth a frame.
const ROOM: usize = 4096;
/// Largest DATA frame that is sent, whatever the peer takes: other streams want their turn.
const LARGEST_FRAME: usize = 64 * 1024;
/// Largest stream identifier.
const LAST_ID: u32 = (1 << 31) - 1;

impl Connection {
    /// Opens a stream with a request; yields its slot. Every error means that nothing was sent.
    pub(crate) fn open(&mut self, head: &Head, tls: bool, end: bool) -> Result<u32, H2Error> {
        self.open_with(head, end, |encoder, out| write_request(head, tls, encoder, out))
    }

    /// The same for a tunnel of another protocol (RFC 8441, section 4), which [`Self::poll_settled`] has to allow.
    pub(crate) fn open_upgrade(&mut self, head: &Head, protocol: &[u8], tls: bool) -> Result<u32, H2Error> {
        self.open_with(head, false, |encoder, out| write_upgrade(head, protocol, tls, encoder, out))
    }

    /// Once the server's settings are known: whether it takes such tunnels.
    pub(crate) fn poll_settled(&mut self, cx: &Context<'_>) -> Poll<Result<bool, H2Error>> {
        if let Some(error) = &self.failed {
            return Poll::Ready(Err(error.clone()));
        }
        if self.settled {
            return Poll::Ready(Ok(self.peer.connect_protocol));
        }
        self.settling.register(cx);
        Poll::Pending
    }

    fn open_with(
        &mut self,
        head: &Head,
        end: bool,
        write: impl FnOnce(&mut Encoder, &mut Vec<u8>) -> Result<(), Malformed>,
    ) -> Result<u32, H2Error> {
        if let Some(error) = &self.failed {
            return Err(error.clone().retry_safe());
        }
        if self.peer_leaves.is_some() || self.leaving != Leaving::No || self.next_id > LAST_ID {
            let gone = H2ErrorKind::GoAway(Reason::NO_ERROR);
            return Err(H2Error::new(H2Side::Peer, H2Stage::Head, gone).retry_safe());
        }
        if self.available() == 0 {
            return Err(H2Error::closed(H2Stage::Head).retry_safe());
        }
        let written = self.write_block(self.next_id, end, |encoder, out| write(encoder, out).map(|()| true));
        written.map_err(|what| H2Error::message(H2Side::Local, H2Stage::Head, what))?;
        let stream = Stream {
            id: self.next_id,
            send: if end { Half::Ended } else { Half::Open },
            window: self.initial_window(),
            send_window: i64::from(self.peer.initial_window_size),
            is_head: head.method() == b"HEAD",
            ..Stream::default()
        };
        self.next_id += 2;
        self.counts.streams += 1;
        self.touch();
        Ok(self.streams.open(stream))
    }

    /// How many more streams may be opened right now.
    pub(crate) fn available(&self) -> usize {
        let ours = self.ours.max_concurrent_streams;
        let most = if ours == 0 { u32::MAX } else { ours }.min(self.peer.max_concurrent_streams);
        // Before the server has said anything, no more than everybody takes (RFC 9113, section 6.5.2).
        let most = if self.settled { most } else { most.min(100) };
        (most as usize).saturating_sub(self.streams.len())
    }

    /// Whether a stream can be opened at all, now or later.
    pub(crate) fn is_usable(&self) -> bool {
        self.failed.is_none() && self.peer_leaves.is_none() && self.leaving == Leaving::No && self.next_id <= LAST_ID
    }

    /// Writes a header block with its frame headers; takes nothing where `write` fails or has nothing to say.
    fn write_block(
        &mut self,
        id: u32,
        end: bool,
        write: impl FnOnce(&mut Encoder, &mut Vec<u8>) -> Result<bool, Malformed>,
    ) -> Result<bool, Malformed> {
        let out = self.output.frames();
        let start = out.len();
        out.extend_from_slice(&[0; HEADER]);
        match write(&mut self.encoder, out) {
            Ok(true) => {
                frame::frame_block(out, start, self.peer.max_frame_size as usize, id, end);
                Ok(true)
            }
            nothing => {
                out.truncate(start);
                nothing
            }
        }
    }

    /// The stream in a slot, if it can still send.
    fn sender(&mut self, slot: u32, stage: H2Stage) -> Result<&mut Stream, H2Error> {
        let stream = self.streams.get(slot).ok_or(H2Error::closed(stage))?;
        match &stream.error {
            Some(error) => Err(H2Error { stage, ..H2Error::clone(error) }),
            None if stream.send == Half::Ended => Err(H2Error::closed(stage)),
            None => Ok(stream),
        }
    }

    /// Sends a response head. One of 1xx is followed by another; `end` ends the stream with the head.
    pub(crate) fn send_response(&mut self, slot: u32, head: &Head, end: bool) -> Result<(), H2Error> {
        let id = self.sender(slot, H2Stage::Head)?.id;
        let interim = (100..200).contains(&head.status());
        let written = self.write_block(id, end, |encoder, out| write_response(head, encoder, out).map(|()| true));
        written.map_err(|what| H2Error::message(H2Side::Local, H2Stage::Head, what))?;
        self.glitches.earn();
        if let Some(stream) = self.streams.get(slot)
            && !interim
        {
            stream.send = Half::Open;
        }
        if end {
            self.end_send(slot);
        }
        self.touch();
        Ok(())
    }

    /// How many of `want` bytes may be sent now; never 0.
    pub(crate) fn poll_capacity(&mut self, cx: &Context<'_>, slot: u32, want: usize) -> Poll<Result<usize, H2Error>> {
        let room = self.room();
        let connection = usize::try_from(self.send_window).unwrap_or(0);
        let half_closed = self.half_closed;
        let stream = match self.sender(slot, H2Stage::Body) {
            Ok(stream) => stream,
            Err(error) => return Poll::Ready(Err(error)),
        };
        let want = want.max(1);
        stream.granted = false;
        let window = usize::try_from(stream.send_window).unwrap_or(0);
        if window > 0 && connection > 0 && room >= want.min(ROOM) {
            return Poll::Ready(Ok(want.min(window).min(connection).min(room)));
        }
        if half_closed && (window == 0 || connection == 0) {
            // Nothing that comes any more opens a window.
            let gone = H2ErrorKind::Io(std::io::ErrorKind::UnexpectedEof);
            return Poll::Ready(Err(H2Error::new(H2Side::Network, H2Stage::Body, gone)));
        }
        stream.writer.register(cx);
        // Its own window is told by the peer; the rest is shared.
        if window > 0 {
            stream.wanted = want.min(window);
            if !std::mem::replace(&mut stream.blocked, true) {
                self.blocked.push_back(slot);
            }
        }
        Poll::Pending
    }

    fn room(&self) -> usize {
        OUTPUT.saturating_sub(self.output.pending())
    }

    /// Wakes streams that wait for room, as many as it will do for.
    pub(super) fn grant(&mut self) {
        if self.blocked.is_empty() {
            return;
        }
        let mut room = self.room().min(usize::try_from(self.send_window).unwrap_or(0));
        while room > 0 {
            let Some(slot) = self.blocked.pop_front() else { return };
            let Some(stream) = self.streams.get(slot).filter(|stream| stream.blocked) else { continue };
            if room < stream.wanted.min(ROOM) && self.output.pending() > 0 {
                // More comes when the output was sent.
                self.blocked.push_front(slot);
                return;
            }
            room = room.saturating_sub(stream.wanted);
            stream.blocked = false;
            stream.granted = true;
            stream.writer.wake();
        }
    }

    /// Gives up a turn.
    pub(crate) fn release_capacity(&mut self, slot: u32) {
        let Some(stream) = self.streams.get(slot) else { return };
        stream.blocked = false;
        if std::mem::take(&mut stream.granted) {
            self.grant();
        }
    }

    /// Sends body bytes, no more than [`Self::poll_capacity`] said just before.
    pub(crate) fn send_data(&mut self, slot: u32, mut bytes: Bytes, end: bool) -> Result<(), H2Error> {
        let connection = self.send_window;
        let stream = self.sender(slot, H2Stage::Body)?;
        let length = bytes.len() as i64;
        if length > 0 && (length > stream.send_window || length > connection) {
            return Err(H2Error::message(H2Side::Local, H2Stage::Body, "more than there was room for"));
        }
        stream.send_window -= length;
        let id = stream.id;
        self.send_window -= length;
        let largest = LARGEST_FRAME.min(self.peer.max_frame_size as usize);
        loop {
            let piece = bytes.split_to(largest.min(bytes.len()));
            let flags = if end && bytes.is_empty() { flags::END_STREAM } else { 0 };
            frame::write_header(self.output.frames(), piece.len(), frame::kind::DATA, flags, id);
            self.output.payload(piece);
            if bytes.is_empty() {
                break;
            }
        }
        if length > 0 {
            self.glitches.earn();
        }
        if end {
            self.end_send(slot);
        }
        self.touch();
        Ok(())
    }

    /// Ends the stream with trailers. Without a field they are an empty DATA frame.
    pub(crate) fn send_trailers(&mut self, slot: u32, trailers: &Head) -> Result<(), H2Error> {
        let id = self.sender(slot, H2Stage::Body)?.id;
        let written = self.write_block(id, true, |encoder, out| write_trailers(trailers, encoder, out));
        if !written.map_err(|what| H2Error::message(H2Side::Local, H2Stage::Body, what))? {
            return self.send_data(slot, Bytes::new(), true);
        }
        self.end_send(slot);
        self.touch();
        Ok(())
    }

    /// Notes END_STREAM of ours.
    fn end_send(&mut self, slot: u32) {
        if let Some(stream) = self.streams.get(slot) {
            stream.send = Half::Ended;
            self.streams.settle(slot);
            if self.role == Role::Server {
                self.resets.earn();
            }
        }
    }

    /// Resets a stream in both directions, unless it is over.
    pub(crate) fn reset(&mut self, slot: u32, reason: Reason) {
        let Some(stream) = self.streams.get(slot).filter(|stream| !stream.is_closed()) else { return };
        stream.error = Some(Box::new(H2Error::closed(H2Stage::Body)));
        stream.blocked = false;
        let id = stream.id;
        let unread = std::mem::take(&mut stream.data).len() as u32;
        self.release_connection(unread);
        self.streams.settle(slot);
        self.write_reset(id, reason);
        self.touch();
    }

    fn write_reset(&mut self, id: u32, reason: Reason) {
        self.counts.rst_stream_sent += 1;
        frame::write_rst_stream(self.output.frames(), id, reason);
        self.remember(id);
    }

    /// Frames of this stream may still come for a moment.
    pub(super) fn remember(&mut self, id: u32) {
        if self.recent.len() >= RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back(id);
    }

    /// Resets a stream for what the peer did on it.
    pub(super) fn reset_by_fault(&mut self, id: u32, reason: Reason) {
        self.answers += 1;
        let Some(slot) = self.streams.find(id) else { return self.write_reset(id, reason) };
        let Some(stream) = self.streams.get(slot) else { return };
        if stream.is_closed() && stream.error.is_none() {
            // Both sides had ended it in order; what came behind that changes nothing of it.
            return self.write_reset(id, reason);
        }
        let stage = if stream.receive == Half::Head { H2Stage::Head } else { H2Stage::Body };
        if stream.error.is_none() {
            stream.error = Some(Box::new(H2Error::new(H2Side::Peer, stage, H2ErrorKind::Reset(reason))));
        }
        let unread = std::mem::take(&mut stream.data).len() as u32;
        stream.wake();
        self.release_connection(unread);
        self.streams.settle(slot);
        self.write_reset(id, reason);
    }

    /// Has a stream given up when its peer closes the connection, or has closed it.
    pub(crate) fn end_with_peer(&mut self, slot: u32) {
        if let Some(stream) = self.streams.get(slot) {
            stream.ends_with_peer = true;
        }
        if self.half_closed {
            let gone = H2ErrorKind::Io(std::io::ErrorKind::UnexpectedEof);
            self.streams.end_incomplete(&H2Error::new(H2Side::Network, H2Stage::Connection, gone));
        }
    }

    /// Another handle of a stream.
    pub(crate) fn retain(&mut self, slot: u32) {
        if let Some(stream) = self.streams.get(slot) {
            stream.handles += 1;
        }
    }

    /// A handle of a stream is gone. With the last one goes the stream: what it still had to do is given up.
    pub(crate) fn drop_handle(&mut self, slot: u32) {
        let Some(stream) = self.streams.get(slot) else { return };
        stream.handles = stream.handles.saturating_sub(1);
        if stream.handles > 0 {
            return;
        }
        if !stream.is_closed() {
            // RFC 9113, section 8.1: a complete response makes the rest of its request needless.
            let complete = self.role == Role::Server && stream.send == Half::Ended;
            self.reset(slot, if complete { Reason::NO_ERROR } else { Reason::CANCEL });
        }
        let Some(stream) = self.streams.get(slot) else { return };
        let unread = stream.data.len() as u32;
        self.release_connection(unread);
        self.streams.remove(slot);
        self.grant();
        if self.streams.len() == 0 {
            self.touch();
        }
    }

    /// Why a stream is over, once the peer has reset it or the connection broke.
    pub(crate) fn poll_reset(&mut self, cx: &Context<'_>, slot: u32, stage: H2Stage) -> Poll<H2Error> {
        let Some(stream) = self.streams.get(slot) else { return Poll::Ready(H2Error::closed(stage)) };
        if let Some(error) = &stream.error {
            return Poll::Ready(H2Error { stage, ..H2Error::clone(error) });
        }
        stream.writer.register(cx);
        Poll::Pending
    }
}
