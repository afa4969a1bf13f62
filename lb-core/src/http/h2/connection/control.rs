//! The preface, SETTINGS, and the end of the connection: GOAWAY and the waiting for the last streams.

use crate::instant::Instant;

use super::flow::RecvWindow;
use super::receive::{Taken, protocol};
use super::{Connection, Fault, Leaving, Role};
use crate::http::h2::error::Reason;
use crate::http::h2::frame::{self, FrameHeader, PREFACE, flags, setting};

/// Payload of the PING that tells when the peer knows that we are leaving.
const FAREWELL: [u8; 8] = *b"farewell";

impl Connection {
    /// What a connection begins with: our settings and the window of the whole connection.
    pub(super) fn write_preface(&mut self) {
        let ours = &self.ours;
        let streams = ours.max_concurrent_streams;
        let mut settings = vec![
            (setting::HEADER_TABLE_SIZE, ours.header_table_size),
            (setting::INITIAL_WINDOW_SIZE, ours.initial_window_size),
            (setting::MAX_FRAME_SIZE, ours.max_frame_size),
            (setting::MAX_HEADER_LIST_SIZE, ours.max_header_list_size),
        ];
        match self.role {
            Role::Client => settings.push((setting::ENABLE_PUSH, 0)),
            Role::Server if streams > 0 => settings.push((setting::MAX_CONCURRENT_STREAMS, streams)),
            Role::Server => {}
        }
        if self.role == Role::Server && ours.announce_connect_protocol {
            settings.push((setting::ENABLE_CONNECT_PROTOCOL, 1));
        }
        let more = self.window.grow(ours.connection_window());
        let out = self.output.frames();
        if self.role == Role::Client {
            out.extend_from_slice(PREFACE);
        }
        frame::write_settings(out, &settings);
        if let Some(more) = more {
            frame::write_window_update(out, 0, more);
        }
    }

    pub(super) fn settings(&mut self, header: FrameHeader, payload: &[u8], now: Instant) -> Taken {
        self.counts.settings_received += 1;
        let size = Fault::Connection(Reason::FRAME_SIZE_ERROR, "length of SETTINGS");
        if header.has(flags::ACK) {
            if !payload.is_empty() {
                return Err(size);
            }
            self.acknowledged();
            return self.glitch(now);
        }
        if !payload.len().is_multiple_of(6) {
            return Err(size);
        }
        for (identifier, value) in frame::settings(payload) {
            self.setting(identifier, value)?;
        }
        self.settled = true;
        self.settling.wake();
        self.answers += 1;
        frame::write_settings_ack(self.output.frames());
        self.glitch(now)
    }

    /// The peer has our settings: from now on it goes by them.
    fn acknowledged(&mut self) {
        if !std::mem::replace(&mut self.acknowledged, true) {
            self.decoder.limit(self.ours.header_table_size as usize);
            let size = self.ours.initial_window_size;
            self.streams.iter_mut().for_each(|stream| stream.window.shrink(size));
        }
    }

    /// The window of a new stream, as the peer knows it.
    pub(super) fn initial_window(&self) -> RecvWindow {
        let size = self.ours.initial_window_size;
        RecvWindow::new(if self.acknowledged { size } else { size.max(65535) })
    }

    /// One setting of the peer (RFC 9113, section 6.5.2).
    fn setting(&mut self, identifier: u16, value: u32) -> Taken {
        match identifier {
            setting::HEADER_TABLE_SIZE => self.encoder.set_max(value as usize),
            setting::ENABLE_PUSH if value > 1 || (value == 1 && self.role == Role::Client) => {
                return Err(protocol("value of SETTINGS_ENABLE_PUSH"));
            }
            setting::ENABLE_CONNECT_PROTOCOL if value > 1 => {
                return Err(protocol("value of SETTINGS_ENABLE_CONNECT_PROTOCOL"));
            }
            setting::ENABLE_CONNECT_PROTOCOL => self.peer.connect_protocol = value == 1,
            setting::MAX_CONCURRENT_STREAMS => self.peer.max_concurrent_streams = value,
            setting::INITIAL_WINDOW_SIZE => return self.resize_windows(value),
            setting::MAX_FRAME_SIZE => {
                if !(16384..1 << 24).contains(&value) {
                    return Err(protocol("value of SETTINGS_MAX_FRAME_SIZE"));
                }
                self.peer.max_frame_size = value;
            }
            // How large a head may be is advice; one that is refused is answered for itself.
            _ => {}
        }
        Ok(())
    }

    /// Streams that are open follow (section 6.9.2).
    fn resize_windows(&mut self, size: u32) -> Taken {
        let limit = i64::from(frame::MAX_WINDOW);
        if i64::from(size) > limit {
            return Err(Fault::Connection(Reason::FLOW_CONTROL_ERROR, "value of SETTINGS_INITIAL_WINDOW_SIZE"));
        }
        let change = i64::from(size) - i64::from(self.peer.initial_window_size);
        self.peer.initial_window_size = size;
        let mut overflow = false;
        for stream in self.streams.iter_mut() {
            stream.send_window += change;
            overflow |= stream.send_window > limit;
            if !stream.blocked {
                stream.writer.wake();
            }
        }
        match overflow {
            true => Err(Fault::Connection(Reason::FLOW_CONTROL_ERROR, "a stream's window overflows")),
            false => Ok(()),
        }
    }

    /// Tells the client to open no more streams. Those that are under way already are served (section 6.8).
    pub(crate) fn shut_down(&mut self) {
        if self.leaving == Leaving::No && self.failed.is_none() {
            self.leaving = Leaving::Announced;
            self.counts.goaway_sent += 1;
            let out = self.output.frames();
            frame::write_goaway(out, frame::MAX_WINDOW, Reason::NO_ERROR);
            frame::write_ping(out, false, FAREWELL);
            self.touch();
        }
    }

    /// The peer has answered a PING: the one behind our GOAWAY is the only one that we send.
    pub(super) fn pong(&mut self) {
        if self.leaving == Leaving::Announced {
            self.goaway(Reason::NO_ERROR);
        }
    }

    /// Sends the final GOAWAY.
    pub(super) fn goaway(&mut self, reason: Reason) {
        self.leaving = Leaving::Final;
        self.counts.goaway_sent += 1;
        let last = self.last_peer;
        frame::write_goaway(self.output.frames(), last, reason);
    }

    /// Ends the connection and all its streams at once.
    pub(crate) fn abort(&mut self, reason: Reason) {
        if self.failed.is_none() {
            self.goaway(reason);
            self.end(crate::http::h2::error::H2Error::closed(crate::http::h2::error::H2Stage::Connection));
        }
    }

    /// Whether nothing more will happen: both sides know that the connection ends, or a client has said so, and no stream is
    /// left.
    pub(crate) fn is_finished(&self) -> bool {
        let leaves = self.role == Role::Server && self.peer_leaves.is_some();
        (self.leaving == Leaving::Final || leaves) && self.streams.len() == 0 && self.accepted.is_empty()
    }

    /// The client side's end: the handle is gone and no stream is left, or the server leaves and none is left.
    pub(crate) fn finish_client(&mut self, handle_gone: bool) {
        let done = self.streams.len() == 0 && (handle_gone || self.peer_leaves.is_some());
        if done && self.leaving != Leaving::Final && self.failed.is_none() {
            self.goaway(Reason::NO_ERROR);
        }
    }
}
