//! Header blocks: gathered from HEADERS and CONTINUATION, decoded, and made requests, responses and trailers.

use crate::instant::Instant;

use super::receive::{Taken, protocol};
use super::stream::{Half, Stream};
use super::{Accepted, Connection, Fault, Leaving, Role};
use crate::http::BodyLength;
use crate::http::h2::convert::MessageKind;
use crate::http::h2::error::{H2Error, H2Side, H2Stage, Reason};
use crate::http::h2::frame::{self, FrameHeader, flags};
use crate::http::h2::hpack::HpackError;

/// A block whose end has not come.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) id: u32,
    end_stream: bool,
    bytes: Vec<u8>,
}

/// What a block is for.
enum Target {
    Request,
    /// The slot; for responses whether the request was HEAD.
    Response(u32, bool),
    Trailers(u32),
    /// Decoded and thrown away, then this is said of it.
    Nothing(Taken),
}

impl Connection {
    pub(super) fn headers(&mut self, header: FrameHeader, payload: &[u8], now: Instant) -> Taken {
        self.counts.headers_received += 1;
        let mut fragment =
            frame::strip_padding(header.has(flags::PADDED), payload).ok_or(protocol("padding of HEADERS"))?;
        if header.has(flags::PRIORITY) {
            let short = Fault::Connection(Reason::FRAME_SIZE_ERROR, "HEADERS too short for its priority");
            fragment = fragment.get(5..).ok_or(short)?;
        }
        let end_stream = header.has(flags::END_STREAM);
        if header.has(flags::END_HEADERS) {
            return self.block(header.stream, end_stream, fragment, now);
        }
        self.block = Some(Block { id: header.stream, end_stream, bytes: fragment.to_vec() });
        Ok(())
    }

    pub(super) fn continuation(&mut self, header: FrameHeader, payload: &[u8], now: Instant) -> Taken {
        let Some(block) = &mut self.block else { return Err(protocol("CONTINUATION without HEADERS")) };
        // A list that is short enough is hardly longer when coded; the frames themselves are bounded as well.
        let most = self.ours.max_header_list_size.max(self.ours.max_frame_size) as usize;
        if block.bytes.len() + payload.len() > most {
            return Err(Fault::Connection(Reason::ENHANCE_YOUR_CALM, "header block too large"));
        }
        block.bytes.extend_from_slice(payload);
        if payload.len() < 64 && !header.has(flags::END_HEADERS) {
            self.glitch(now)?;
        }
        match self.block.take_if(|_| header.has(flags::END_HEADERS)) {
            Some(block) => self.block(block.id, block.end_stream, &block.bytes, now),
            None => Ok(()),
        }
    }

    /// A complete block. It is decoded whatever becomes of it: the tables of both sides must stay the same.
    fn block(&mut self, id: u32, end_stream: bool, block: &[u8], now: Instant) -> Taken {
        let target = self.target(id, end_stream, now)?;
        let kind = match target {
            Target::Request | Target::Nothing(_) => MessageKind::Request,
            Target::Response(..) => MessageKind::Response,
            Target::Trailers(_) => MessageKind::Trailers,
        };
        let head = self.spare_head.take().unwrap_or_default();
        self.reader.begin(kind, head);
        let reader = &mut self.reader;
        self.decoder.decode(block, |name, value| reader.field(name, value)).map_err(|error| match error {
            HpackError::TooLarge => Fault::Connection(Reason::ENHANCE_YOUR_CALM, "header field too large"),
            _ => Fault::Connection(Reason::COMPRESSION_ERROR, "header block that cannot be decoded"),
        })?;
        match target {
            Target::Request => self.request(id, end_stream),
            Target::Response(slot, is_head) => self.response(slot, id, end_stream, is_head),
            Target::Trailers(slot) => {
                let read = self.reader.finish(true, true);
                let (head, _) = read.map_err(|what| Fault::Stream(id, Reason::PROTOCOL_ERROR, what))?;
                if let Some(stream) = self.streams.get(slot) {
                    stream.trailers = (!head.is_empty()).then(|| Box::new(head));
                }
                self.end_receive(slot);
                Ok(())
            }
            Target::Nothing(taken) => {
                self.spare_head = Some(self.reader.take_back());
                taken
            }
        }
    }

    fn target(&mut self, id: u32, end_stream: bool, now: Instant) -> Result<Target, Fault> {
        let fault = |reason, what| Ok(Target::Nothing(Err(Fault::Stream(id, reason, what))));
        if let Some(slot) = self.streams.find(id)
            && let Some(stream) = self.streams.get(slot)
        {
            if stream.error.is_some() {
                return Ok(Target::Nothing(Ok(())));
            }
            return match stream.receive {
                Half::Head => Ok(Target::Response(slot, stream.is_head)),
                Half::Ended => fault(Reason::STREAM_CLOSED, "HEADERS behind END_STREAM"),
                Half::Open if !end_stream => fault(Reason::PROTOCOL_ERROR, "trailers without END_STREAM"),
                Half::Open if stream.expected.is_some_and(|left| left > 0) => {
                    fault(Reason::PROTOCOL_ERROR, "DATA and content-length disagree")
                }
                Half::Open => Ok(Target::Trailers(slot)),
            };
        }
        if !self.is_idle(id) {
            if self.recent.contains(&id) {
                self.glitch(now)?;
                return Ok(Target::Nothing(Ok(())));
            }
            return Err(Fault::Connection(Reason::STREAM_CLOSED, "HEADERS on a closed stream"));
        }
        if self.role == Role::Client || id.is_multiple_of(2) {
            return Err(protocol("a stream that the peer must not open"));
        }
        self.last_peer = id;
        if self.leaving == Leaving::Final {
            // It was told that they are not looked at.
            self.remember(id);
            return Ok(Target::Nothing(Ok(())));
        }
        let most = self.ours.max_concurrent_streams as usize;
        // Streams that ended may still be in use for a moment, but not ever more of them.
        if most > 0 && (self.streams.active() >= most || self.streams.len() >= 2 * most) {
            let what = "too many streams";
            if self.role == Role::Server {
                // For the log.
                self.accepted.push_back(Accepted::Malformed(H2Error::message(H2Side::Peer, H2Stage::Head, what)));
            }
            return fault(Reason::REFUSED_STREAM, what);
        }
        Ok(Target::Request)
    }

    /// A new stream.
    fn request(&mut self, id: u32, end_stream: bool) -> Taken {
        let upgrade = self.reader.is_upgrade();
        let (head, length) = match self.reader.finish(end_stream, false) {
            Ok(read) => read,
            Err(what) => {
                self.accepted.push_back(Accepted::Malformed(H2Error::message(H2Side::Peer, H2Stage::Head, what)));
                return Err(Fault::Stream(id, Reason::PROTOCOL_ERROR, what));
            }
        };
        let stream = Stream {
            id,
            receive: if end_stream { Half::Ended } else { Half::Open },
            window: self.initial_window(),
            send_window: i64::from(self.peer.initial_window_size),
            expected: if let BodyLength::Known(length) = length { Some(length) } else { None },
            is_head: head.method() == b"HEAD",
            ..Stream::default()
        };
        self.counts.streams += 1;
        let slot = self.streams.open(stream);
        self.accepted.push_back(Accepted::Request { slot, head, length, upgrade });
        Ok(())
    }

    /// A response to a request of ours.
    fn response(&mut self, slot: u32, id: u32, end_stream: bool, is_head: bool) -> Taken {
        let malformed = |what| Fault::Stream(id, Reason::PROTOCOL_ERROR, what);
        let read = self.reader.finish(end_stream, is_head);
        let Some(stream) = self.streams.get(slot) else { return Ok(()) };
        let (head, length) = match read {
            Ok(read) => read,
            Err(what) => {
                stream.error = Some(Box::new(H2Error::message(H2Side::Peer, H2Stage::Head, what)));
                stream.wake();
                return Err(malformed(what));
            }
        };
        if head.status() < 200 {
            if end_stream {
                return Err(malformed("an interim response that ends the stream"));
            }
            // A server may send as many as it likes, but not faster than they are passed on.
            if stream.interim.len() >= MAX_INTERIM {
                return Err(Fault::Stream(id, Reason::ENHANCE_YOUR_CALM, "too many interim responses"));
            }
            stream.interim.push_back(head);
            stream.reader.wake();
            return Ok(());
        }
        stream.receive = Half::Open;
        let bodiless = is_head || matches!(head.status(), 204 | 304);
        stream.expected = match length {
            BodyLength::Known(length) if !bodiless => Some(length),
            _ => None,
        };
        stream.response = Some(Box::new((head, length)));
        stream.reader.wake();
        if end_stream {
            self.end_receive(slot);
        }
        Ok(())
    }
}

/// Interim responses of one stream that were not taken yet.
const MAX_INTERIM: usize = 32;
