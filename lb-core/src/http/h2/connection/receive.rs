//! Frames that were received, each with the checks of its section (RFC 9113, section 6).

use crate::instant::Instant;

use super::stream::Half;
use super::{Connection, Fault, Role};
use crate::http::h2::error::{H2Error, H2ErrorKind, H2Side, H2Stage, Reason};
use crate::http::h2::frame::{self, FrameHeader, Kind, flags};

pub(super) type Taken = Result<(), Fault>;

pub(super) fn protocol(what: &'static str) -> Fault {
    Fault::Connection(Reason::PROTOCOL_ERROR, what)
}

fn size(what: &'static str) -> Fault {
    Fault::Connection(Reason::FRAME_SIZE_ERROR, what)
}

impl Connection {
    /// Takes one frame.
    pub(super) fn frame(&mut self, header: FrameHeader, payload: &[u8], now: Instant) -> Taken {
        if let Some(block) = &self.block
            && (header.kind != Kind::Continuation || block.id != header.stream)
        {
            return Err(protocol("a header block was interrupted"));
        }
        if !self.settled && (header.kind != Kind::Settings || header.has(flags::ACK)) {
            return Err(protocol("the first frame is not SETTINGS"));
        }
        let on_stream = matches!(
            header.kind,
            Kind::Data | Kind::Headers | Kind::Priority | Kind::RstStream | Kind::PushPromise | Kind::Continuation
        );
        if on_stream && header.stream == 0 {
            return Err(protocol("a frame that needs a stream without one"));
        }
        if matches!(header.kind, Kind::Settings | Kind::Ping | Kind::GoAway) && header.stream != 0 {
            return Err(protocol("a frame of the connection on a stream"));
        }
        match header.kind {
            Kind::Data => self.data(header, payload, now),
            Kind::Headers => self.headers(header, payload, now),
            Kind::Continuation => self.continuation(header, payload, now),
            Kind::Priority if payload.len() != 5 => {
                Err(Fault::Stream(header.stream, Reason::FRAME_SIZE_ERROR, "length of PRIORITY"))
            }
            Kind::Priority | Kind::Unknown => self.glitch(now),
            Kind::RstStream => self.rst_stream(header, payload, now),
            Kind::Settings => self.settings(header, payload, now),
            Kind::PushPromise => Err(protocol("PUSH_PROMISE, which nobody allowed")),
            Kind::Ping => self.ping(header, payload, now),
            Kind::GoAway => self.peer_goaway(payload),
            Kind::WindowUpdate => self.window_update(header, payload, now),
        }
    }

    /// Notes a frame that carries nothing.
    pub(super) fn glitch(&mut self, now: Instant) -> Taken {
        if self.glitches.spend(now) {
            return Ok(());
        }
        Err(Fault::Connection(Reason::ENHANCE_YOUR_CALM, "too many frames without use"))
    }

    /// Whether a stream was not opened yet.
    pub(super) fn is_idle(&self, id: u32) -> bool {
        match (self.role, id % 2) {
            (Role::Server, 1) => id > self.last_peer,
            (Role::Client, 1) => id >= self.next_id,
            // Nobody opens streams with even identifiers: those would be pushed.
            _ => true,
        }
    }

    fn data(&mut self, header: FrameHeader, payload: &[u8], now: Instant) -> Taken {
        self.counts.data_received += 1;
        let id = header.stream;
        let length = payload.len() as u32;
        if !self.window.receive(length) {
            return Err(Fault::Connection(Reason::FLOW_CONTROL_ERROR, "more DATA than the connection's window"));
        }
        let body = frame::strip_padding(header.has(flags::PADDED), payload).ok_or(protocol("padding of DATA"))?;
        let Some(slot) = self.streams.find(id) else {
            self.release_connection(length);
            return self.closed_stream(id, "DATA on a closed stream", now);
        };
        let taken = self.stream_data(slot, header, body, length);
        match taken {
            Ok(true) => {}
            // Nobody will read it.
            Ok(false) => self.release_connection(length),
            Err(fault) => {
                self.release_connection(length);
                return Err(fault);
            }
        }
        match body.is_empty() {
            true if !header.has(flags::END_STREAM) => self.glitch(now),
            true => Ok(()),
            false => {
                self.glitches.earn();
                Ok(())
            }
        }
    }

    /// Gives DATA to its stream. False where the stream does not want it.
    fn stream_data(&mut self, slot: u32, header: FrameHeader, body: &[u8], length: u32) -> Result<bool, Fault> {
        let id = header.stream;
        let fault = |reason, what| Err(Fault::Stream(id, reason, what));
        let Some(stream) = self.streams.get(slot) else { return Ok(false) };
        if stream.error.is_some() {
            return Ok(false);
        }
        match stream.receive {
            Half::Head => return fault(Reason::PROTOCOL_ERROR, "DATA before HEADERS"),
            Half::Ended => return fault(Reason::STREAM_CLOSED, "DATA behind END_STREAM"),
            Half::Open => {}
        }
        if !stream.window.receive(length) {
            return fault(Reason::FLOW_CONTROL_ERROR, "more DATA than the stream's window");
        }
        let end = header.has(flags::END_STREAM);
        if let Some(expected) = &mut stream.expected {
            match expected.checked_sub(body.len() as u64) {
                Some(left) if left == 0 || !end => *expected = left,
                _ => return fault(Reason::PROTOCOL_ERROR, "DATA and content-length disagree"),
            }
        }
        let wanted = !stream.unread;
        if wanted {
            stream.data.extend_from_slice(body);
            stream.reader.wake();
        }
        let padding = length - body.len() as u32;
        if wanted && padding > 0 {
            let update = if end { None } else { stream.window.release(padding) };
            self.update_window(id, update);
            self.release_connection(padding);
        }
        if end {
            self.end_receive(slot);
        }
        Ok(wanted)
    }

    /// Notes END_STREAM of the peer.
    pub(super) fn end_receive(&mut self, slot: u32) {
        let Some(stream) = self.streams.get(slot) else { return };
        stream.receive = Half::Ended;
        stream.reader.wake();
        self.streams.settle(slot);
        if self.role == Role::Client {
            self.resets.earn();
        }
    }

    /// A frame on a stream that is not known any more.
    fn closed_stream(&mut self, id: u32, what: &'static str, now: Instant) -> Taken {
        if self.is_idle(id) {
            return Err(protocol("a frame on a stream that was never opened"));
        }
        self.glitch(now)?;
        match self.recent.contains(&id) {
            true => Ok(()),
            false => Err(Fault::Stream(id, Reason::STREAM_CLOSED, what)),
        }
    }

    fn rst_stream(&mut self, header: FrameHeader, payload: &[u8], now: Instant) -> Taken {
        self.counts.rst_stream_received += 1;
        let id = header.stream;
        let &[a, b, c, d] = payload else { return Err(size("length of RST_STREAM")) };
        if self.is_idle(id) {
            return Err(protocol("RST_STREAM of a stream that was never opened"));
        }
        let Some(slot) = self.streams.find(id) else { return self.glitch(now) };
        let role = self.role;
        let Some(stream) = self.streams.get(slot) else { return Ok(()) };
        if stream.is_closed() {
            stream.wake();
            return self.glitch(now);
        }
        let stage = if stream.send == Half::Head { H2Stage::Head } else { H2Stage::Body };
        stream.error = Some(Box::new(H2Error::reset(stage, Reason(u32::from_be_bytes([a, b, c, d])))));
        stream.wake();
        if stream.receive != Half::Ended {
            // What a complete body has brought may still be read; the rest of a broken one is of no use.
            let unread = std::mem::take(&mut stream.data).len() as u32;
            self.release_connection(unread);
        }
        self.streams.settle(slot);
        if role == Role::Server && !self.resets.spend(now) {
            self.too_many_resets();
        }
        Ok(())
    }

    fn window_update(&mut self, header: FrameHeader, payload: &[u8], now: Instant) -> Taken {
        if payload.len() != 4 {
            return Err(size("length of WINDOW_UPDATE"));
        }
        let id = header.stream;
        let increment = frame::read_u31(payload).unwrap_or(0);
        let limit = i64::from(frame::MAX_WINDOW);
        if increment < 64 {
            self.glitch(now)?;
        }
        if id == 0 {
            self.send_window += i64::from(increment);
            return match (increment, self.send_window > limit) {
                (0, _) => Err(protocol("WINDOW_UPDATE of nothing")),
                (_, true) => Err(Fault::Connection(Reason::FLOW_CONTROL_ERROR, "the connection's window overflows")),
                _ => {
                    self.grant();
                    Ok(())
                }
            };
        }
        if self.is_idle(id) {
            return Err(protocol("WINDOW_UPDATE of a stream that was never opened"));
        }
        let Some(stream) = self.streams.find(id).and_then(|slot| self.streams.get(slot)) else { return Ok(()) };
        if stream.is_closed() {
            return Ok(());
        }
        stream.send_window += i64::from(increment);
        match (increment, stream.send_window > limit) {
            (0, _) => Err(Fault::Stream(id, Reason::PROTOCOL_ERROR, "WINDOW_UPDATE of nothing")),
            (_, true) => Err(Fault::Stream(id, Reason::FLOW_CONTROL_ERROR, "the stream's window overflows")),
            _ => {
                if !stream.blocked {
                    stream.writer.wake();
                }
                Ok(())
            }
        }
    }

    fn ping(&mut self, header: FrameHeader, payload: &[u8], now: Instant) -> Taken {
        let Some(payload) = payload.first_chunk::<8>().filter(|_| payload.len() == 8) else {
            return Err(size("length of PING"));
        };
        if header.has(flags::ACK) {
            self.pong();
            return self.glitch(now);
        }
        self.answers += 1;
        frame::write_ping(self.output.frames(), true, *payload);
        self.glitch(now)
    }

    fn peer_goaway(&mut self, payload: &[u8]) -> Taken {
        self.counts.goaway_received += 1;
        let (Some(last), Some(reason)) = (frame::read_u31(payload), payload.get(4..8)) else {
            return Err(size("length of GOAWAY"));
        };
        let reason = Reason(reason.iter().fold(0, |number, byte| number << 8 | u32::from(*byte)));
        if self.peer_leaves.is_some_and(|(before, _)| last > before) {
            return Err(protocol("a GOAWAY that takes more streams than the one before"));
        }
        self.peer_leaves = Some((last, reason));
        if self.role == Role::Client {
            let error =
                H2Error { retry_safe: true, ..H2Error::new(H2Side::Peer, H2Stage::Head, H2ErrorKind::GoAway(reason)) };
            for slot in self.streams.above(last) {
                let Some(stream) = self.streams.get(slot) else { continue };
                if !stream.is_closed() {
                    stream.error = Some(Box::new(error.clone()));
                    stream.wake();
                    self.streams.settle(slot);
                }
            }
        }
        Ok(())
    }
}
