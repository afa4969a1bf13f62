//! What expressions see of a stream.

use std::cell::Cell;

use super::Stream;
use super::side::Side;
use crate::config::Mode;
use crate::http::message::{BodyLength, Version};
use crate::log::LogFormat;
use crate::sample::context::{Buffered, ClientFacts};
use crate::sample::{Context, Place};
use crate::session::ClientInfo;

impl Stream<'_> {
    /// The context of rules at a place. Without a client's end there is no body to look at.
    pub(super) fn context<'s>(&'s self, place: Place, client: Option<&'s Side<'_>>) -> Context<'s> {
        let response = self.times.response.is_some() || self.response.status() != 0;
        let (request_data, response_data) = match (client, place) {
            (Some(server), Place::BackendResponseContent) => (Buffered::default(), self.data_of(server, None)),
            (Some(client), _) => (self.data_of(client, Some(self.framing.body)), Buffered::default()),
            (None, _) => Default::default(),
        };
        let mut facts = client_facts(self.info);
        facts.first_request = self.earlier == 0;
        facts.http_major = Some(if self.request.version() == Version::Http2 { 2 } else { 1 });
        let ends = self.ends();
        (facts.source, facts.destination) = (ends.source, ends.destination);
        Context {
            place,
            now: Some(crate::worker::timer::now()),
            topology: Some(self.worker.topology()),
            frontend: Some(&self.info.frontend),
            backend: self.backend.map(|backend| &**backend),
            server: self.server.as_deref(),
            client: facts,
            request: (!self.request.method().is_empty()).then_some(&self.request),
            response: response.then_some(&self.response),
            request_data,
            response_data,
            variables: self
                .transaction
                .as_ref()
                .map(|transaction| transaction.scopes(self.info.variables()))
                .unwrap_or_default(),
            process: Some(self.worker.shared_variables()),
            may_change: Cell::new(false),
            last: true,
            ..Context::default()
        }
    }

    /// What an end has sent and was not forwarded: in TCP all of it, in HTTP the body. HAProxy leaves room in its buffers
    /// (`tune.maxrewrite`), and so ends the inspection as early.
    pub(super) fn data_of<'s>(&self, from: &'s Side<'_>, body: Option<BodyLength>) -> Buffered<'s> {
        let most = self.worker.settings.limits.max_head_size;
        let (bytes, complete) = match (from, self.info.frontend.config.mode) {
            (Side::H1(conn), Mode::Tcp) => (conn.raw(), conn.eof),
            (from, _) => (from.payload(), from.body_received()),
        };
        Buffered {
            bytes: bytes.get(..most).unwrap_or(bytes),
            complete,
            full: bytes.len() >= most,
            announced: match body {
                Some(BodyLength::Known(length)) => Some(length),
                Some(BodyLength::None) => Some(0),
                _ => None,
            },
        }
    }

    /// What a rule's format comes to.
    pub(super) fn render(&self, format: &LogFormat, place: Place, client: Option<&Side<'_>>) -> Vec<u8> {
        let mut out = Vec::new();
        if let Some(text) = format.constant_text() {
            out.extend_from_slice(text);
        } else {
            let context = self.context(place, client);
            self.worker.render_rule(format, &context, || self.record(), &mut out);
        }
        out
    }
}

/// What is known of a client's connection.
pub(crate) fn client_facts(info: &ClientInfo) -> ClientFacts<'_> {
    let limits = info.slot.limits();
    ClientFacts {
        unix: info.source.is_none(),
        listener_connections: limits.connections.current(),
        source: info.source,
        destination: info.destination,
        connection_source: info.source,
        connection_destination: info.destination,
        tls: info.tls.as_deref().copied(),
        listener_id: limits.id,
        fd: Some(info.fd),
        ..ClientFacts::default()
    }
}
