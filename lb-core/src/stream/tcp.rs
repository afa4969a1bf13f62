//! Streams whose bytes are not looked at: TCP mode, and the relay of HTTP connections that became tunnels (`tunnel`).

use std::future::poll_fn;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;

use super::Stream;
use super::balance_key::balances_by_bytes;
use super::error::{End, Kind, StreamError};

use super::inspect::Inspected;
use super::local::Answer;

use super::side::Side;
use super::upgrade::{Upgrade, Upgraded};
use crate::config::Mode;
use crate::connect::{Connector, Link, ServerConn};
use crate::forward::{Initial, Relay, RelayOptions, RelayOutcome, Splicing};

use crate::http::h1::io::H1Conn;
use crate::http::message::Head;
use crate::log::{Cause, Stage};
use crate::net::set_no_linger;
use crate::runtime::SessionStage;
use crate::session::ClientInfo;
use crate::topology::{BackendEntry, Pair};
use crate::worker::Worker;
use crate::worker::timer::{Timer, after, now};

/// Serves a connection in TCP mode, to its end or until it goes on with HTTP.
pub(crate) async fn run(worker: Rc<Worker>, mut client: H1Conn, info: ClientInfo) -> Option<Upgraded> {
    let mut timer = Timer::default();
    let mut stream = Stream::new(&worker, &info, 0, info.accepted + info.handshake, None, Head::default());
    stream.show();
    stream.tell_request();
    let live = stream.live.entry();
    if info.frontend.log.format().is_early() {
        stream.log();
    }
    let result = {
        let mut relayed = pin!(stream.relay_tcp(&mut client, &mut timer));
        poll_fn(|cx| live.poll_unless_shut(cx, relayed.as_mut())).await
    };
    match result {
        Ok(Ok(None)) => {}
        Ok(Ok(Some(upgrade))) => {
            let carried = stream.carry(upgrade);
            return Some(Upgraded { client, info, carried });
        }
        Ok(Err(error)) => {
            stream.end.terminate(error.cause(), error.stage);
            // What the client sent is taken, or closing its socket would reset it.
            poll_fn(|cx| Poll::Ready(client.poll_read_more(cx, &worker.buffers).is_ready())).await;
            stream.end.bytes_from_client = client.traffic.received;
        }
        Err(cause) => {
            stream.end_tcp_shut(cause, &live);
            stream.end.bytes_from_client = stream.end.bytes_from_client.max(client.traffic.received);
        }
    }
    stream.finish();
    None
}

impl<'a> Stream<'a> {
    /// Inspects, connects and relays to the end, or says why the connection goes on with HTTP.
    async fn relay_tcp(&mut self, client: &mut H1Conn, timer: &mut Timer) -> Result<Option<Upgrade>, StreamError> {
        self.declare_captures();
        let inspected = self.inspect_tcp_request(None, client, timer).await;
        match &inspected {
            Inspected::Refused(answer) => {
                self.end_refused(answer, None, client);
                return Ok(None);
            }
            Inspected::Switch(proto) => return Ok(Some(Upgrade::Rule(*proto))),
            _ => {}
        }
        let Some(backend) = self.tcp_backend(client)? else {
            return Err(StreamError::new(End::Server, Stage::Connect, Kind::Closed));
        };
        if backend.config.mode == Mode::Http && matches!(inspected, Inspected::Pass) {
            return Ok(Some(Upgrade::Backend(backend.index)));
        }
        self.enter_tcp_backend(backend);
        self.judge_persistence(backend, &Side::H1(client));
        let inspected = match inspected {
            Inspected::Pass => self.inspect_tcp_request(Some(backend), client, timer).await,
            inspected => inspected,
        };
        match inspected {
            Inspected::Refused(answer) => {
                self.end_refused(&answer, Some(backend), client);
                return Ok(None);
            }
            Inspected::Failed(error) => return Err(error),
            _ => {}
        }
        if let Some(transaction) = &self.transaction {
            transaction.end_request();
        }
        let looks = backend.config.persist_rdp_cookie.is_some() || balances_by_bytes(backend);
        if !backend.config.rules.tcp_response.is_empty() || looks {
            // Those that do not wait are judged as soon as there is a server: what has come is to reach it.
            self.read_what_came(client)?;
        }
        self.persist_connection(backend, client.raw());
        let mut connector = Connector::new(self.worker, self.info, self.route(), backend, true, self.live.entry());
        self.prepare(&mut connector);
        connector.hash = self.balance_hash(backend, Some(&Side::H1(client)));
        let link = connect_tcp(&mut connector, client, timer).await;
        self.end.addresses = connector.addresses;
        self.end.retries = connector.retries;
        self.end.redispatched = connector.redispatched;
        self.end.server_queue = connector.server_queue;
        self.end.backend_queue = connector.backend_queue;
        self.times.assigned = connector.assigned_at;
        self.server = connector.server.take();
        let link = link?;
        self.times.connected = Some(now());
        self.store_sticks(backend);
        if self.info.frontend.config.options.logasap {
            self.log();
        }
        let inspect = !backend.config.rules.tcp_response.is_empty();
        self.relay_link(backend, link, client, inspect.then_some(timer)).await.map(|()| None)
    }

    /// A rule refuses the connection, which is closed without a word.
    fn end_refused(&mut self, answer: &Answer, backend: Option<&BackendEntry>, client: &mut H1Conn) {
        self.refuse_tcp(answer, backend);
        // What the client sent is taken, or closing its socket would reset it.
        let _ = self.read_what_came(client);
        self.end.bytes_from_client = client.traffic.received;
    }

    fn tcp_backend(&mut self, client: &mut H1Conn) -> Result<Option<&'a Arc<BackendEntry>>, StreamError> {
        let worker: &'a Worker = self.worker;
        if self.info.frontend.switches.iter().any(|switch| switch.looks()) {
            self.read_what_came(client)?;
        }
        let chosen = self.switched(Some(&Side::H1(client)));
        Ok(chosen.and_then(|index| worker.topology().backends.get(index)))
    }

    fn enter_tcp_backend(&mut self, backend: &'a Arc<BackendEntry>) {
        self.session = Some(backend.backend.enter());
        self.live.set_backend(backend.index);
        self.count_backend(backend);
        self.backend = Some(backend);
    }

    /// Moves bytes in both directions until both have ended. With a timer the response is inspected first.
    pub(super) async fn relay_link(
        &mut self,
        backend: &BackendEntry,
        mut link: Link,
        client: &mut H1Conn,
        inspect: Option<&mut Timer>,
    ) -> Result<(), StreamError> {
        let mut options =
            relay_options(&Pair { frontend: &self.info.frontend.config, backend: &backend.config }, self.worker);
        options.ends_with_server = self.framing.upgrade;
        let ServerConn::H1(server) = &mut link.conn else {
            return Err(StreamError::new(End::Server, Stage::Connect, Kind::Malformed));
        };
        let initial = Initial { from_client: client.take_raw(), from_server: server.take_raw() };
        client.release(&self.worker.buffers);
        server.release(&self.worker.buffers);
        let failed = |end| move |_| StreamError::new(end, Stage::Connect, Kind::Closed);
        client.transport.socket_mut().register().map_err(failed(End::Client))?;
        server.transport.socket_mut().register().map_err(failed(End::Server))?;
        self.live.enter_phase(SessionStage::Tunnel, None);
        let worker: &'a Worker = self.worker;
        let forwarder = &worker.forwarder;
        let mut relay = Relay::new(forwarder, initial, &options);
        if let Some(timer) = inspect
            && let Some(done) = self.gate_response(backend, &mut relay, client, server, &options, timer).await
        {
            return done.map(|done| self.end_relay(&done, client));
        }
        let live = &*self.live;
        let done = poll_fn(|cx| {
            let done = relay.poll_relay(cx, forwarder, &mut client.transport, &mut server.transport, &options);
            if done.is_pending() {
                let (request, response) = relay.flows(&forwarder.clock);
                live.set_flows(request, response);
                live.answer(|| server.transport.socket().local_addr());
            }
            done
        })
        .await;
        self.end_relay(&done, client);
        Ok(())
    }

    fn end_relay(&mut self, done: &RelayOutcome, client: &mut H1Conn) {
        client.traffic.received += done.from_client;
        client.traffic.sent += done.to_client;
        self.end.bytes_to_client += done.to_client;
        self.end.bytes_from_client += done.from_client;
        self.end.terminate(done.cause, done.stage);
    }

    /// `tcp-response content`. `None` lets the response flow, else the relay is over.
    async fn gate_response(
        &mut self,
        backend: &BackendEntry,
        relay: &mut Relay,
        client: &mut H1Conn,
        server: &mut H1Conn,
        options: &RelayOptions,
        timer: &mut Timer,
    ) -> Option<Result<RelayOutcome, StreamError>> {
        // What came with a PROXY header or before is looked at as well: nothing can have come before the request.
        relay.hold_response();
        let ends = (&mut *client, &mut *server);
        let inspected = self.inspect_tcp_response(backend, relay, ends, options, timer).await;
        let from_client = relay.client_bytes().0;
        // HAProxy counts what it received for the client, whether or not the client gets it.
        let held = server.raw().len() as u64;
        let done = |cause, stage| RelayOutcome {
            from_client,
            to_server: relay.server_bytes().1,
            from_server: held,
            to_client: held,
            cause,
            stage,
        };
        match inspected {
            Inspected::Over(outcome) => Some(Ok(outcome)),
            Inspected::Refused(answer) => {
                let done = done(Cause::Normal, Stage::Finished);
                self.refuse_tcp(&answer, Some(backend));
                Some(Ok(done))
            }
            Inspected::Close => {
                let done = done(Cause::Normal, Stage::Finished);
                set_no_linger(server.transport.socket());
                client.output.extend_from_slice(server.raw());
                let deadline = after(now(), options.client);
                Some(super::local::flush(&mut Side::H1(client), timer, deadline).await.map(|()| done))
            }
            Inspected::Pass | Inspected::Failed(_) | Inspected::Switch(_) => {
                let bytes = server.take_raw();
                server.release(&self.worker.buffers);
                relay.release_response(bytes, &self.worker.forwarder.clock);
                None
            }
        }
    }
}

async fn connect_tcp(
    connector: &mut Connector<'_>,
    client: &mut H1Conn,
    timer: &mut Timer,
) -> Result<Link, StreamError> {
    loop {
        let mut link = connector.next(&mut Side::H1(client), timer, &mut None).await?;
        let deadline = connector.connect_deadline();
        let (watch, pool) = connector.watch();
        let connected = poll_fn(|cx| {
            connector.answer(&link);
            if let Poll::Ready(result) = link.poll_connected(cx) {
                return Poll::Ready(result.map_err(|e| StreamError::io(End::Server, Stage::Connect, &e)));
            }
            if watch && client.poll_closed(cx, pool).is_ready() {
                return Poll::Ready(Err(StreamError::new(End::Client, Stage::Connect, Kind::Closed)));
            }
            timer.poll(cx, deadline).map(|()| Err(StreamError::new(End::Server, Stage::Connect, Kind::Timeout)))
        })
        .await;
        match connected {
            Ok(()) => {
                link.establish();
                return Ok(link);
            }
            Err(error) if error.end == End::Client => return Err(error),
            Err(error) => connector.failed(link, error, &mut Side::H1(client), timer).await?,
        }
    }
}

fn relay_options(pair: &Pair<'_>, worker: &Worker) -> RelayOptions {
    let timeouts = pair.timeouts();
    let (front, back) = (&pair.frontend.options, &pair.backend.options);
    let splicing = |always: bool| match () {
        () if worker.settings.global.nosplice => Splicing::Never,
        () if always => Splicing::Always,
        () => Splicing::Auto,
    };
    RelayOptions {
        client: timeouts.client,
        server: timeouts.server,
        tunnel: timeouts.tunnel,
        client_fin: timeouts.client_fin,
        server_fin: timeouts.server_fin,
        splice_request: splicing(front.splice_request || back.splice_request),
        splice_response: splicing(front.splice_response || back.splice_response),
        independent_client: front.independent_streams,
        independent_server: back.independent_streams,
        nolinger_client: front.nolinger,
        ends_with_server: false,
        nolinger_server: back.nolinger,
    }
}

impl Link {
    /// Ready once a started connection is established and pending output (a PROXY header) was written.
    fn poll_connected(&mut self, cx: &mut std::task::Context<'_>) -> Poll<std::io::Result<()>> {
        match &mut self.conn {
            ServerConn::H1(conn) if conn.has_output() => conn.poll_flush(cx),
            ServerConn::H1(conn) => conn.transport.socket_mut().poll_connected(cx),
            ServerConn::H2 { .. } => Poll::Ready(Ok(())),
        }
    }
}
