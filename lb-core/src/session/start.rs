//! From an accepted socket to the protocol that is spoken on it: TLS first, where the listener has it.

use std::rc::Rc;
use std::sync::Arc;

use super::rules::Admission;
use super::{ClientInfo, H1Session, h2, rules, upgrade};
use crate::config::{Mode, Proto};
use crate::connect::within;
use crate::instant::Instant;
use crate::listener::proxy_header::{Preface, read_preface};
use crate::stats::tls::{Handshake, OpenTls};
use crate::stream;
use crate::tls::{self, Alpn, TlsError};
use crate::transport::{Socket, Transport};
use crate::worker::nice::Nice;
use crate::worker::timer::{Timer, after};
use crate::worker::{ListenerContext, Worker};

/// Starts the session of an accepted connection.
pub(crate) fn start(worker: &Rc<Worker>, socket: Socket, context: &Arc<ListenerContext>, mut info: ClientInfo) {
    let tasks = Rc::clone(worker);
    let Some(admission) = rules::admit(worker, &mut info, &socket) else { return };
    let prefaces = prefaces(context, admission);
    if prefaces != Prefaces::default() {
        spawn(worker, context, Box::pin(behind_prefaces(tasks, socket, Arc::clone(context), info, prefaces)));
        return;
    }
    if context.tls.is_some() {
        spawn(worker, context, Box::pin(secure(tasks, socket, Arc::clone(context), info)));
        return;
    }
    if !rules::begin(worker, &mut info, &socket) {
        return;
    }
    match context.frontend.config.mode {
        Mode::Tcp => spawn(worker, context, Box::pin(upgrade::serve(tasks, Transport::Plain(socket), info))),
        Mode::Http if context.options.proto == Some(Proto::H2) => {
            spawn(worker, context, Box::pin(h2::run(tasks, Transport::Plain(socket), Vec::new(), info)));
        }
        Mode::Http => spawn(worker, context, H1Session::new(tasks, Transport::Plain(socket), info)),
    }
}

/// What comes before anything else on a connection, in this order.
type Prefaces = [Option<Preface>; 2];

/// What the listener says, and what the rules say of this connection.
fn prefaces(context: &ListenerContext, admission: Admission) -> Prefaces {
    let options = &context.options;
    let netscaler = options.accept_netscaler_cip.is_some() || admission.netscaler_cip;
    [
        (options.accept_proxy || admission.proxied).then_some(Preface::Proxy),
        // A listener without a number of its own has 0, as in HAProxy.
        netscaler.then(|| Preface::NetscalerCip(options.accept_netscaler_cip.unwrap_or(0))),
    ]
}

/// Starts the session's task, which lets others go first where the listener is nicer than others.
fn spawn(worker: &Rc<Worker>, context: &ListenerContext, session: impl Future<Output = ()> + Unpin + 'static) {
    match context.rounds {
        0 => worker.spawn(session),
        rounds => worker.spawn(Nice::new(rounds, session)),
    }
}

/// The headers in front of everything, then what comes without them.
async fn behind_prefaces(
    worker: Rc<Worker>,
    mut socket: Socket,
    context: Arc<ListenerContext>,
    mut info: ClientInfo,
    prefaces: Prefaces,
) {
    let deadline = after(info.accepted, context.frontend.config.timeouts.client);
    for preface in prefaces.into_iter().flatten() {
        match Box::pin(read_preface(preface, &mut socket, &mut Timer::default(), deadline)).await {
            Ok(header) => {
                info.keep_connection_addresses();
                info.source = header.source.or(info.source);
                info.destination = header.destination.or(info.destination);
                if preface == Preface::Proxy {
                    info.proxied(header.fields);
                }
                info.handshake = Instant::now().saturating_duration_since(info.accepted);
            }
            Err(refused) => {
                stream::log_connection_error(&worker, &info, &context.name, refused.message, refused.received);
                return;
            }
        }
    }
    if context.tls.is_some() {
        return secure(worker, socket, context, info).await;
    }
    if !rules::begin(&worker, &mut info, &socket) {
        return;
    }
    match context.frontend.config.mode {
        Mode::Tcp => Box::pin(upgrade::serve(worker, Transport::Plain(socket), info)).await,
        Mode::Http if context.options.proto == Some(Proto::H2) => {
            Box::pin(h2::run(worker, Transport::Plain(socket), Vec::new(), info)).await;
        }
        Mode::Http => H1Session::new(worker, Transport::Plain(socket), info).await,
    }
}

/// The TLS handshake, then what was negotiated.
async fn secure(worker: Rc<Worker>, socket: Socket, context: Arc<ListenerContext>, mut info: ClientInfo) {
    let Some(accepted) = Box::pin(handshake(&worker, socket, &context, &mut info)).await else { return };
    let (transport, alpn) = accepted;
    if !rules::begin(&worker, &mut info, transport.socket()) {
        return;
    }
    match context.frontend.config.mode {
        Mode::Tcp => Box::pin(upgrade::serve(worker, transport, info)).await,
        Mode::Http if context.options.proto.map_or(alpn == Alpn::H2, |proto| proto == Proto::H2) => {
            Box::pin(h2::run(worker, transport, Vec::new(), info)).await;
        }
        Mode::Http => H1Session::new(worker, transport, info).await,
    }
}

/// What is logged of a client that leaves in the handshake; `option dontlognull` keeps it out.
const CLOSED: &str = "Connection closed during SSL handshake";
/// The same of one that takes too long.
const TIMEOUT: &str = "Timeout during SSL handshake";

async fn handshake(
    worker: &Rc<Worker>,
    socket: Socket,
    context: &ListenerContext,
    info: &mut ClientInfo,
) -> Option<(Transport, Alpn)> {
    let config = context.tls.as_ref()?;
    let deadline = after(info.accepted, context.frontend.config.timeouts.client);
    let open = OpenTls::begin(worker);
    let failure = match within(&mut Timer::default(), deadline, tls::accept(config, socket)).await {
        Some(Ok((mut transport, session))) => {
            transport.hold(open);
            let outcome = if session.resumed { Handshake::Resumed } else { Handshake::Full };
            count(worker, info, outcome);
            info.handshake = Instant::now().saturating_duration_since(info.accepted);
            info.tls = Some(Box::new((session.version, session.cipher)));
            return Some((transport, session.alpn));
        }
        Some(Err(TlsError::Closed(_))) => CLOSED,
        Some(Err(_)) => "SSL handshake failure",
        None => TIMEOUT,
    };
    // HAProxy does not count the timeout either.
    if failure != TIMEOUT {
        count(worker, info, Handshake::Failed);
    }
    // What OpenSSL says of a connection for which nothing was agreed on.
    info.tls = Some(Box::new(("TLSv1.3", "(NONE)")));
    let received = u64::from(failure != CLOSED);
    stream::log_connection_error(worker, info, &context.name, failure, received);
    None
}

/// Counts a handshake.
fn count(worker: &Worker, info: &ClientInfo, outcome: Handshake) {
    let listener = info.slot.limits().stats.as_ref().map(|stats| &stats.tls);
    outcome.count(worker.index, std::iter::once(&info.frontend.stats.tls).chain(listener));
    if outcome == Handshake::Full {
        worker.shared.stats.tls_frontend_keys.count(worker.index, worker.uptime(Instant::now()));
    }
}
