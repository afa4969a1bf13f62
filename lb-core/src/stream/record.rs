//! What log lines and formats of rules say of a stream.

use std::borrow::Cow;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use super::Stream;
use crate::instant::Instant;
use crate::log::{Cause, RecordSource, ServerAddress, Stage};
use crate::worker::timer::{now, wall};

impl Stream<'_> {
    /// When the first of its times began, and how long its handshakes took: they belong to the first stream of a connection.
    fn accepted(&self) -> (Instant, Duration) {
        if self.earlier == 0 { (self.info.accepted, self.info.handshake) } else { (self.times.start, Duration::ZERO) }
    }

    /// The request line as it is now, cut to `tune.http.logurilen`; empty where there is no request.
    pub(super) fn current_request_line(&self) -> Vec<u8> {
        let Some(parts) = self.parts_of_request_line() else { return Vec::new() };
        let mut line = parts.join(&b' ');
        line.truncate(self.worker.settings.logurilen);
        line
    }

    pub(super) fn parts_of_request_line(&self) -> Option<[&[u8]; 3]> {
        let method = self.request.method();
        let version = self.request.version().name();
        (!method.is_empty()).then(|| [method, self.request.target(), version.as_bytes()])
    }
}

/// The date of a moment that has passed.
fn date_of(moment: Instant) -> Duration {
    wall().saturating_sub(now().saturating_duration_since(moment))
}

/// The time between two moments that were reached.
fn between(from: Option<Instant>, to: Option<Instant>) -> Option<Duration> {
    Some(to?.saturating_duration_since(from?))
}

impl RecordSource for Stream<'_> {
    fn accept_date(&self) -> Duration {
        date_of(self.accepted().0)
    }

    fn request_date(&self) -> Duration {
        date_of(self.times.first_byte)
    }

    fn client(&self) -> Option<SocketAddr> {
        self.source()
    }

    fn frontend_address(&self) -> Option<SocketAddr> {
        self.destination()
    }

    fn backend_address(&self) -> Option<SocketAddr> {
        self.end.addresses.as_ref()?.local
    }

    fn server_address(&self) -> Option<ServerAddress> {
        self.end.addresses.as_ref()?.server
    }

    fn frontend(&self) -> &Arc<str> {
        &self.info.frontend.name
    }

    fn frontend_tls(&self) -> bool {
        self.info.tls.is_some()
    }

    fn frontend_http(&self) -> bool {
        self.http()
    }

    fn listener_id(&self) -> u32 {
        self.info.slot.limits().id
    }

    /// A disabled backend is named all the same.
    fn backend(&self) -> &Arc<str> {
        let nowhere = self.nowhere.as_ref().filter(|_| self.end.nowhere);
        nowhere.or(self.backend.map(|backend| &backend.name)).unwrap_or(&self.info.frontend.name)
    }

    fn server(&self) -> Option<&Arc<str>> {
        self.server.as_ref().map(|server| &server.name)
    }

    fn http(&self) -> bool {
        self.http
    }

    fn th(&self) -> Option<Duration> {
        Some(self.accepted().1)
    }

    fn ti(&self) -> Option<Duration> {
        Some(self.times.first_byte.saturating_duration_since(self.times.start))
    }

    fn tr_request(&self) -> Option<Duration> {
        between(Some(self.times.first_byte), self.times.head)
    }

    fn tw(&self) -> Option<Duration> {
        self.times.held.or_else(|| between(self.times.head, self.times.assigned))
    }

    fn tc(&self) -> Option<Duration> {
        self.times.head.and_then(|_| between(self.times.assigned, self.times.connected))
    }

    fn tr(&self) -> Option<Duration> {
        between(self.times.connected, self.times.response)
    }

    fn td(&self) -> Option<Duration> {
        let since = if self.http() { self.times.connected.and(self.times.response) } else { self.times.connected };
        between(since, Some(now()))
    }

    fn ta(&self) -> Option<Duration> {
        Some(now().saturating_duration_since(self.times.first_byte))
    }

    fn tt(&self) -> Option<Duration> {
        Some(now().saturating_duration_since(self.accepted().0))
    }

    fn early(&self) -> bool {
        self.info.frontend.config.options.logasap
    }

    fn status(&self) -> u16 {
        self.end.status
    }

    fn bytes_to_client(&self) -> u64 {
        self.end.bytes_to_client
    }

    fn bytes_from_client(&self) -> u64 {
        self.end.bytes_from_client
    }

    fn cause(&self) -> Cause {
        self.end.cause
    }

    fn stage(&self) -> Stage {
        self.end.stage
    }

    fn cookie_request(&self) -> u8 {
        self.cookie_letters().0
    }

    fn cookie_response(&self) -> u8 {
        self.cookie_letters().1
    }

    fn actconn(&self) -> u32 {
        self.info.slot.limits().process.connections.current()
    }

    fn feconn(&self) -> u32 {
        self.info.slot.limits().frontend.connections.current()
    }

    fn beconn(&self) -> u32 {
        self.backend.map_or(0, |backend| backend.backend.sessions())
    }

    fn srvconn(&self) -> u32 {
        self.server.as_ref().map_or(0, |server| self.end.srvconn.unwrap_or_else(|| server.current()))
    }

    fn retries(&self) -> u32 {
        self.end.retries
    }

    fn redispatched(&self) -> bool {
        self.end.redispatched
    }

    fn server_queue(&self) -> u32 {
        u32::try_from(self.end.server_queue).unwrap_or(u32::MAX)
    }

    fn backend_queue(&self) -> u32 {
        u32::try_from(self.end.backend_queue).unwrap_or(u32::MAX)
    }

    fn request_line(&self) -> Cow<'_, [u8]> {
        match self.transaction.as_ref().and_then(|transaction| transaction.request_line.as_deref()) {
            Some(kept) => Cow::Borrowed(kept),
            None => Cow::Owned(self.current_request_line()),
        }
    }

    fn request_parts(&self) -> Option<[&[u8]; 3]> {
        if self.transaction.as_ref().is_some_and(|transaction| transaction.request_line.is_some()) {
            return None;
        }
        let parts = self.parts_of_request_line()?;
        let length = parts.iter().map(|part| part.len() + 1).sum::<usize>();
        (length <= self.worker.settings.logurilen).then_some(parts)
    }

    fn cookie_captured_request(&self) -> Option<&[u8]> {
        self.transaction.as_ref()?.request_cookie.as_deref()
    }

    fn cookie_captured_response(&self) -> Option<&[u8]> {
        self.transaction.as_ref()?.response_cookie.as_deref()
    }

    fn unique_id(&self) -> Option<&[u8]> {
        self.transaction.as_ref()?.unique_id.get().map(Vec::as_slice)
    }

    fn captured_request(&self) -> &[Option<Vec<u8>>] {
        self.transaction.as_ref().map_or(&[], |transaction| &transaction.captured_request)
    }

    fn captured_response(&self) -> &[Option<Vec<u8>>] {
        self.transaction.as_ref().map_or(&[], |transaction| &transaction.captured_response)
    }

    fn tls(&self) -> Option<(&'static str, &'static str)> {
        self.info.tls.as_deref().copied()
    }

    fn request_counter(&self) -> u64 {
        self.number
    }

    fn null(&self) -> bool {
        !self.http() && self.end.bytes_from_client == 0
    }

    fn refused(&self) -> bool {
        self.end.refused
    }

    fn level(&self) -> Option<Option<u8>> {
        self.transaction.as_ref().and_then(|transaction| transaction.log_level)
    }
}
