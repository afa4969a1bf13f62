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

    pub(super) fn to_h2(self) -> h2::Reason {
        self.0.into()
    }
}

impl fmt::Debug for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_h2().fmt(f)
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

    pub(super) fn reset(stage: H2Stage, reason: h2::Reason) -> Self {
        let retry_safe = reason == h2::Reason::REFUSED_STREAM;
        Self { retry_safe, ..Self::new(H2Side::Peer, stage, H2ErrorKind::Reset(Reason(reason.into()))) }
    }

    /// Translates the library's error. A stream learns of a GOAWAY only when the peer did not process it.
    pub(super) fn from_h2(stage: H2Stage, error: &h2::Error) -> Self {
        if let Some(io) = error.get_io() {
            return Self::io(stage, io);
        }
        // What the library itself objects to is the peer's fault; what its user did wrong is ours.
        let side = if error.is_remote() || error.is_library() { H2Side::Peer } else { H2Side::Local };
        let reason = error.reason().unwrap_or(h2::Reason::INTERNAL_ERROR);
        if error.is_go_away() {
            let retry_safe = error.is_remote();
            return Self { retry_safe, ..Self::new(side, stage, H2ErrorKind::GoAway(Reason(reason.into()))) };
        }
        if error.is_reset() {
            let retry_safe = error.is_remote() && reason == h2::Reason::REFUSED_STREAM;
            return Self { retry_safe, ..Self::new(side, stage, H2ErrorKind::Reset(Reason(reason.into()))) };
        }
        Self::closed(stage)
    }

    /// This error with the word that the request was not sent.
    pub(super) fn retry_safe(self) -> Self {
        Self { retry_safe: true, ..self }
    }

    /// Whether the peer itself gave the stream up, as a browser does when a page is left.
    pub fn is_cancel(&self) -> bool {
        self.side == H2Side::Peer && matches!(self.kind, H2ErrorKind::Reset(_))
    }
}
