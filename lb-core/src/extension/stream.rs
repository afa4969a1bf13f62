//! What extensions see of a stream.

use std::net::SocketAddr;
use std::time::Duration;

use crate::http::message::Head;
use crate::sample::variable::VariableName;
use crate::sample::{Context, Value};

/// A stream, or the connection that has none yet, as an extension sees it. What is not there, or not there yet, is `None`.
#[derive(Clone, Copy, Debug)]
pub struct StreamView<'c, 'a> {
    pub(super) context: &'c Context<'a>,
}

impl<'a> StreamView<'_, 'a> {
    /// The request's head. In `mode tcp` it is read from what the client sent, if that is HTTP/1.
    pub fn request(&self) -> Option<&'a Head> {
        self.context.request_head()
    }

    /// The response's head.
    pub fn response(&self) -> Option<&'a Head> {
        self.context.response
    }

    /// What has been received of the request's body and was not forwarded, and whether that is all of it; in `mode tcp`
    /// what the client sent. Of a body there is something where `wait-for-body` or `option http-buffer-request` waited.
    pub fn request_data(&self) -> (&'a [u8], bool) {
        (self.context.request_data.bytes, self.context.request_data.complete)
    }

    /// The same of the response, in rules of `tcp-response`.
    pub fn response_data(&self) -> (&'a [u8], bool) {
        (self.context.response_data.bytes, self.context.response_data.complete)
    }

    /// Says that more data may change the answer: rules under an `inspect-delay` wait for it and ask again. For use with
    /// `?` and at the end of a function.
    pub fn wait<T>(&self) -> Option<T> {
        self.context.wait()
    }

    /// Where the client comes from: the connection's address, the PROXY header's, or what `set-src` says. `None` for
    /// clients of UNIX sockets.
    pub fn source(&self) -> Option<SocketAddr> {
        self.context.client().source
    }

    /// The address that the client connected to.
    pub fn destination(&self) -> Option<SocketAddr> {
        self.context.client().destination
    }

    /// Version and cipher, where the client uses TLS.
    pub fn tls(&self) -> Option<(&'a str, &'a str)> {
        self.context.client().tls
    }

    /// The frontend's name.
    pub fn frontend(&self) -> Option<&'a str> {
        self.context.frontend.map(|frontend| &*frontend.name)
    }

    /// The backend's name, once there is one.
    pub fn backend(&self) -> Option<&'a str> {
        self.context.backend.map(|backend| &*backend.name)
    }

    /// The server's name, once there is one.
    pub fn server(&self) -> Option<&'a str> {
        self.context.server.map(|server| &*server.name)
    }

    /// A variable: `txn.user`, `proc.limit`.
    pub fn variable(&self, name: &str) -> Option<Value<'static>> {
        self.context.variable(&VariableName::parse(name).ok()?)
    }

    /// Wall-clock time since the epoch.
    pub fn date(&self) -> Duration {
        self.context.date()
    }
}
