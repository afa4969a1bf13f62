//! What expressions see of a stream.

use std::cell::Cell;
use std::net::SocketAddr;

use super::Stream;
use super::side::Side;
use crate::connect::Route;
use crate::http::message::{BodyLength, Version};
use crate::log::LogFormat;
use crate::proxy_protocol::tlv;
use crate::sample::context::{Activity, Buffered, Captures, ClientFacts, Facts, ServerFacts, Settings};
use crate::sample::{Context, Place};
use crate::session::ClientInfo;
use crate::worker::timer::now;

impl Stream<'_> {
    /// Where the client comes from, or where rules say that it does.
    pub(super) fn source(&self) -> Option<SocketAddr> {
        self.transaction.as_ref().and_then(|transaction| transaction.source).or(self.info.source)
    }

    /// Where the client wanted to go, or where rules say that it did.
    pub(super) fn destination(&self) -> Option<SocketAddr> {
        self.transaction.as_ref().and_then(|transaction| transaction.destination).or(self.info.destination)
    }

    /// Both, for servers.
    pub(super) fn route(&self) -> Route {
        Route { source: self.source(), destination: self.destination(), imitated: None }
    }

    /// The context of rules at a place. Without a client's end there is no body to look at.
    pub(super) fn context<'s>(&'s self, place: Place, client: Option<&'s Side<'_>>) -> Context<'s> {
        let response = self.times.response.is_some() || self.response.status() != 0;
        let (request_data, response_data) = match (client, place) {
            (Some(server), Place::BackendResponseContent | Place::BackendResponse | Place::FrontendResponse) => {
                (Buffered::default(), self.data_of(server, None))
            }
            (Some(client), _) => (self.data_of(client, Some(self.framing.body)), Buffered::default()),
            (None, _) => Default::default(),
        };
        let now = now();
        let set = self.transaction.as_deref();
        Context {
            facts: Some(self),
            place,
            now: Some(now),
            since_start: self.worker.uptime(now),
            thread: self.worker.index,
            stopping: self.worker.stopping(),
            topology: Some(self.worker.topology()),
            frontend: Some(&self.info.frontend),
            backend: self.backend.map(|backend| &**backend),
            server: self.server.as_deref(),
            request: (!self.request.method().is_empty()).then_some(&self.request),
            response: response.then_some(&self.response),
            peek: if self.http || client.is_none() { None } else { set.map(|set| &set.peek) },
            limits: self.worker.settings.limits,
            request_data,
            response_data,
            captured: set.map(|set| &set.captured),
            tracking: self.transaction.as_ref().map(|transaction| &transaction.tracking),
            tables: &self.worker.topology().tables,
            unique_id: self.transaction.as_ref().and_then(|transaction| transaction.unique_id.get()).map(Vec::as_slice),
            variables: self.transaction.as_ref().map(|transaction| transaction.scopes(self.info)).unwrap_or_default(),
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
        let (bytes, complete) = match (from, self.http) {
            (Side::H1(conn), false) => (conn.raw(), conn.eof),
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
        if let Some(text) = format.constant_text() {
            return text.to_vec();
        }
        let mut out = Vec::with_capacity(64);
        let context = format.uses_samples().then(|| self.context(place, client));
        self.worker.render_rule(format, context.as_ref(), self, &mut out);
        out
    }
}

impl Facts for Stream<'_> {
    fn client(&self) -> ClientFacts<'_> {
        ClientFacts {
            first_request: self.is_first(),
            http_major: Some(if self.request.version() == Version::Http2 { 2 } else { 1 }),
            source: self.source(),
            destination: self.destination(),
            ..client_facts(self.info)
        }
    }

    fn connection(&self) -> ServerFacts {
        let answered = self.times.response.is_some();
        let addresses = self.end.addresses.as_ref();
        let destination = match addresses.and_then(|addresses| addresses.server) {
            Some(crate::log::ServerAddress::Inet(address)) => Some(address),
            _ => None,
        };
        ServerFacts {
            source: addresses.and_then(|addresses| addresses.local),
            destination,
            http_major: answered.then(|| if self.response.version() == Version::Http2 { 2 } else { 1 }),
            error: answered.then_some(0),
        }
    }

    fn captures(&self) -> Captures<'_> {
        let Some(set) = self.transaction.as_deref() else { return Captures::default() };
        Captures {
            request_line: set.request_line.as_deref(),
            status: (self.end.status != 0).then_some(self.end.status),
            request: &set.captured_request,
            response: &set.captured_response,
            ..Captures::default()
        }
    }

    fn settings(&self) -> Settings<'_> {
        let set = self.transaction.as_deref();
        let timeouts = self.backend.map(|backend| &backend.config.timeouts);
        Settings {
            last_rule: set.and_then(|set| set.last_rule.as_ref()).map(|place| (&*place.file, place.line)),
            priority_class: set.map_or(0, |set| set.priority_class.into()),
            priority_offset: set.map_or(0, |set| set.priority_offset.into()),
            server_timeout: set.and_then(|set| set.server_timeout).or_else(|| timeouts?.server),
            tunnel_timeout: set.and_then(|set| set.tunnel_timeout).or_else(|| timeouts?.tunnel),
        }
    }

    fn activity(&self) -> Activity {
        Activity { calls: self.live.calls(now()).0.into(), ..Activity::default() }
    }
}

impl Facts for ClientInfo {
    fn client(&self) -> ClientFacts<'_> {
        client_facts(self)
    }
}

/// What is known of a client's connection.
fn client_facts(info: &ClientInfo) -> ClientFacts<'_> {
    let limits = info.slot.limits();
    let connection = info.connection_addresses();
    ClientFacts {
        unix: info.source.is_none(),
        listener_connections: limits.connections.current(),
        source: info.source,
        destination: info.destination,
        connection_source: connection.source,
        connection_destination: connection.destination,
        tls: info.tls.as_deref().copied(),
        proxied: info.proxy_fields().is_some(),
        proxy_authority: info.proxy_fields().and_then(|fields| fields.get(tlv::AUTHORITY)),
        proxy_unique_id: info.proxy_fields().and_then(|fields| fields.get(tlv::UNIQUE_ID)),
        listener_id: limits.id,
        listener_name: limits.name.as_deref(),
        fd: Some(info.fd),
        ..ClientFacts::default()
    }
}
