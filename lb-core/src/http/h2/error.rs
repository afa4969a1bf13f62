//! Errors of HTTP/2 connections and streams: who caused them, when, and whether a request may be sent again.

use std::fmt;
use std::io;

use thiserror::Error;

/// An error code of RST_STREAM or GOAWAY (RFC 9113, section 7).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Reason(pub u32);

impl Reason {
    /// Graceful end.
    pub const NO_ERROR: Self = Self(0);
    /// The peer broke the protocol.
    pub const PROTOCOL_ERROR: Self = Self(1);
    /// Something failed on this side.
    pub const INTERNAL_ERROR: Self = Self(2);
    /// The request was not processed at all and may be sent again.
    pub const REFUSED_STREAM: Self = Self(7);
    /// The stream is no longer wanted.
    pub const CANCEL: Self = Self(8);
    /// A tunnel was reset or closed abnormally.
    pub const CONNECT_ERROR: Self = Self(10);
    /// The peer causes too much work.
    pub const ENHANCE_YOUR_CALM: Self = Self(11);
    /// HTTP/1.1 is needed for this request.
    pub const HTTP_1_1_REQUIRED: Self = Self(13);

    /// Window or amount that the protocol does not allow.
    pub const FLOW_CONTROL_ERROR: Self = Self(3);
    /// A frame for a stream that is over.
    pub const STREAM_CLOSED: Self = Self(5);
    /// A frame of the wrong length.
    pub const FRAME_SIZE_ERROR: Self = Self(6);
    /// Header blocks that cannot be decoded.
    pub const COMPRESSION_ERROR: Self = Self(9);
}

impl fmt::Debug for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            0 => "NO_ERROR",
            1 => "PROTOCOL_ERROR",
            2 => "INTERNAL_ERROR",
            3 => "FLOW_CONTROL_ERROR",
            4 => "SETTINGS_TIMEOUT",
            5 => "STREAM_CLOSED",
            6 => "FRAME_SIZE_ERROR",
            7 => "REFUSED_STREAM",
            8 => "CANCEL",
            9 => "COMPRESSION_ERROR",
            10 => "CONNECT_ERROR",
            11 => "ENHANCE_YOUR_CALM",
            12 => "INADEQUATE_SECURITY",
            13 => "HTTP_1_1_REQUIRED",
            _ => return write!(f, "Reason({})", self.0),
        })
    }
}

/// Who caused an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum H2Side {
    /// The peer: it reset, went away or broke the protocol.
    Peer,
    /// This process.
    Local,
    /// The network between the two.
    Network,
}

/// What was going on when an error struck.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum H2Stage {
    /// Preface and settings, or anything that concerns the whole connection.
    Connection,
    /// Waiting for, reading or writing a head.
    Head,
    /// Body or trailers.
    Body,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum H2ErrorKind {
    /// The stream was reset.
    Reset(Reason),
    /// The connection is going away.
    GoAway(Reason),
    /// The connection broke.
    Io(io::ErrorKind),
    /// A message that cannot be expressed or accepted.
    Message(&'static str),
    /// The stream is closed already.
    Closed,
}

/// An error of an HTTP/2 connection or stream.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("HTTP/2 {stage:?} error, {side:?} side: {kind:?}")]
pub struct H2Error {
    /// Who caused it.
    pub side: H2Side,
    /// When.
    pub stage: H2Stage,
    /// What.
    pub kind: H2ErrorKind,
    /// Whether the peer has surely not processed the request, so that it may be sent again (RFC 9113, section 8.7).
    pub retry_safe: bool,
}

impl H2Error {
    pub(super) fn new(side: H2Side, stage: H2Stage, kind: H2ErrorKind) -> Self {
        Self { side, stage, kind, retry_safe: false }
    }

    pub(super) fn message(side: H2Side, stage: H2Stage, what: &'static str) -> Self {
        Self::new(side, stage, H2ErrorKind::Message(what))
    }

    pub(super) fn closed(stage: H2Stage) -> Self {
        Self::new(H2Side::Local, stage, H2ErrorKind::Closed)
    }

    pub(super) fn io(stage: H2Stage, error: &io::Error) -> Self {
        Self::new(H2Side::Network, stage, H2ErrorKind::Io(error.kind()))
    }

    /// A stream that the peer reset.
    pub(super) fn reset(stage: H2Stage, reason: Reason) -> Self {
        let retry_safe = reason == Reason::REFUSED_STREAM;
        Self { retry_safe, ..Self::new(H2Side::Peer, stage, H2ErrorKind::Reset(reason)) }
    }

    /// This error with the word that the request was not sent.
    pub(super) fn retry_safe(self) -> Self {
        Self { retry_safe: true, ..self }
    }

    /// Whether the connection is over because the peer broke the protocol.
    pub fn is_fault(&self) -> bool {
        self.side == H2Side::Peer && matches!(self.kind, H2ErrorKind::GoAway(_))
    }

    /// Whether the peer itself gave the stream up, as a browser does when a page is left.
    pub fn is_cancel(&self) -> bool {
        self.side == H2Side::Peer && matches!(self.kind, H2ErrorKind::Reset(_))
    }
}
