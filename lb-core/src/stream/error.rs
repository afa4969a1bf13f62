//! How a stream fails: which side, at which stage, in what way. One place maps it to status and log flags.

use std::io;

use crate::config::RetryOn;
use crate::log::{Cause, Stage};

/// Which end of the stream failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The client.
    Client,
    /// The server.
    Server,
}

/// In what way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It closed, reset or refused.
    Closed,
    /// It did nothing for the time it was given.
    Timeout,
    /// It sent something that is not the protocol.
    Malformed,
    /// A head did not fit in the buffer.
    TooLarge,
}

/// A failed stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{end:?} failed at {stage:?}: {kind:?}")]
pub(crate) struct StreamError {
    /// Which end.
    pub(crate) end: End,
    /// Where the stream was.
    pub(crate) stage: Stage,
    /// How.
    pub(crate) kind: Kind,
    /// Nothing of a response had been received, and the connection was a reused one: another connection may be
    /// tried when the request allows it.
    pub(crate) stale: bool,
    /// The server said that it did not look at the request (HTTP/2: REFUSED_STREAM, GOAWAY): any request may be sent
    /// again.
    pub(crate) unprocessed: bool,
}

impl StreamError {
    pub(crate) fn new(end: End, stage: Stage, kind: Kind) -> Self {
        Self { end, stage, kind, stale: false, unprocessed: false }
    }

    /// From an I/O error on one end.
    pub(crate) fn io(end: End, stage: Stage, error: &io::Error) -> Self {
        let kind = match error.kind() {
            io::ErrorKind::InvalidData => Kind::Malformed,
            io::ErrorKind::OutOfMemory => Kind::TooLarge,
            io::ErrorKind::TimedOut => Kind::Timeout,
            _ => Kind::Closed,
        };
        Self::new(end, stage, kind)
    }

    /// Whether this is a failure for which the request is sent again, given what `retry-on` names. HAProxy takes a head
    /// that breaks off for none at all.
    pub(crate) fn replays(&self, on: RetryOn) -> bool {
        let event = match self.kind {
            Kind::Closed => RetryOn::EMPTY_RESPONSE,
            Kind::Timeout => RetryOn::RESPONSE_TIMEOUT,
            Kind::Malformed | Kind::TooLarge => RetryOn::JUNK_RESPONSE,
        };
        self.end == End::Server && self.stage == Stage::Headers && on.has(event)
    }

    /// First character of the termination state (configuration.txt, section 8.5).
    pub(crate) fn cause(&self) -> Cause {
        match (self.end, self.kind) {
            (End::Client, Kind::Closed) => Cause::ClientAbort,
            (End::Client, Kind::Timeout) => Cause::ClientTimeout,
            (End::Server, Kind::Closed) => Cause::ServerAbort,
            (End::Server, Kind::Timeout) => Cause::ServerTimeout,
            // A response that breaks off in something else is one that the server broke off.
            (End::Server, Kind::Malformed) if self.stage == Stage::Data => Cause::ServerAbort,
            // A message that we refuse is a decision of the proxy.
            (_, Kind::Malformed | Kind::TooLarge) => Cause::Proxy,
        }
    }

    /// The status that is sent where no response has been started yet.
    pub(crate) fn status(&self) -> u16 {
        match (self.end, self.kind) {
            (End::Client, Kind::Timeout) => 408,
            (End::Client, _) => 400,
            (End::Server, Kind::Timeout) if matches!(self.stage, Stage::Request | Stage::Headers | Stage::Data) => 504,
            (End::Server, _) if self.stage == Stage::Headers || self.stage == Stage::Data => 502,
            (End::Server, _) => 503,
        }
    }
}
