//! How busy frontends, backends and servers are (configuration.txt, section 7.3.2).

use std::sync::Arc;

use super::{Arg, ArgSpec, Context, Fetch, RUNNING, SampleType, Value};
use crate::backend::Backend;
use crate::sample::ArgKind;
use crate::server::Server;

pub(super) const FETCHES: &[Fetch] = &[
    backend("avg_queue", |context, args| {
        let backend = &context.backend_of(args.first())?.backend;
        let (queued, usable) = (queued(backend), usable(backend));
        Some(number(if usable == 0 { queued * 2 } else { queued.div_ceil(usable) }))
    }),
    backend("be_conn", |context, args| Some(number(context.backend_of(args.first())?.backend.sessions().into()))),
    backend("be_conn_free", |context, args| {
        let servers = context.backend_of(args.first())?.backend.servers();
        let free: Option<u64> = servers.iter().filter(|server| server.is_eligible()).map(|server| free(server)).sum();
        Some(free.map_or(UNLIMITED, number))
    }),
    backend("be_sess_rate", |context, args| {
        let stats = &context.backend_of(args.first())?.backend.stats;
        Some(number(stats.session_rate.per_second(context.since_start).into()))
    }),
    backend("connslots", |context, args| {
        let servers = context.backend_of(args.first())?.backend.servers();
        let slots: Option<u64> = servers.iter().filter(|server| server.is_usable()).map(|server| slots(server)).sum();
        Some(slots.map_or(UNLIMITED, number))
    }),
    backend("nbsrv", |context, args| Some(number(usable(&context.backend_of(args.first())?.backend)))),
    backend("queue", |context, args| Some(number(queued(&context.backend_of(args.first())?.backend)))),
    frontend("fe_conn", |context, args| {
        Some(number(context.frontend_of(args.first())?.limits.connections.current().into()))
    }),
    frontend("fe_req_rate", |context, args| {
        let stats = &context.frontend_of(args.first())?.stats;
        Some(number(stats.request_rate.per_second(context.since_start).into()))
    }),
    frontend("fe_sess_rate", |context, args| {
        let limits = &context.frontend_of(args.first())?.limits;
        Some(number(limits.session_rate.rate_at(context.since_start).into()))
    }),
    server("srv_conn", |context, args| Some(number(server_of(context, args)?.current().into()))),
    server("srv_conn_free", |context, args| Some(free(&*server_of(context, args)?).map_or(UNLIMITED, number))),
    Fetch::one(RUNNING, "srv_is_up", SampleType::Bool, |context, args| {
        Some(Value::Bool(server_of(context, args)?.is_usable()))
    })
    .args(ArgSpec::all(&[ArgKind::Server])),
    server("srv_iweight", |context, args| Some(number(server_of(context, args)?.config.weight.into()))),
    server("srv_queue", |context, args| Some(number(server_of(context, args)?.queued().into()))),
    server("srv_sess_rate", |context, args| {
        Some(number(server_of(context, args)?.stats.session_rate.per_second(context.since_start).into()))
    }),
    server("srv_uweight", |context, args| Some(number(server_of(context, args)?.weight().into()))),
    server("srv_weight", |context, args| Some(number(server_of(context, args)?.weight().into()))),
];

type Run = for<'a> fn(&Context<'a>, &'a [Arg]) -> Option<Value<'a>>;

/// What is said where a limit is missing.
const UNLIMITED: Value<'static> = Value::Sint(-1);

const fn backend(name: &'static str, run: Run) -> Fetch {
    Fetch::one(RUNNING, name, SampleType::Sint, run).args(ArgSpec::all(&[ArgKind::Backend]))
}

const fn frontend(name: &'static str, run: Run) -> Fetch {
    Fetch::one(RUNNING, name, SampleType::Sint, run).args(ArgSpec::all(&[ArgKind::Frontend]))
}

const fn server(name: &'static str, run: Run) -> Fetch {
    Fetch::one(RUNNING, name, SampleType::Sint, run).args(ArgSpec::all(&[ArgKind::Server]))
}

fn number(number: u64) -> Value<'static> {
    Value::Sint(i64::try_from(number).unwrap_or(i64::MAX))
}

/// Servers that are chosen among.
fn usable(backend: &Backend) -> u64 {
    backend.servers().iter().filter(|server| server.is_eligible()).count() as u64
}

/// Who waits for the backend or for one of its servers.
fn queued(backend: &Backend) -> u64 {
    let own = u64::from(backend.queue().pending());
    backend.servers().iter().fold(own, |sum, server| sum + u64::from(server.queued()))
}

/// Sessions that the server takes at once; `None` is unlimited.
fn free(server: &Server) -> Option<u64> {
    server.session_limit().map(|limit| limit.saturating_sub(server.current()).into())
}

/// The same with its queue.
fn slots(server: &Server) -> Option<u64> {
    let (maxconn, maxqueue) = (server.maxconn(), server.config.maxqueue);
    let left = |limit: u32, used: u32| u64::from(limit.saturating_sub(used));
    (maxconn != 0 && maxqueue != 0).then(|| left(maxconn, server.current()) + left(maxqueue, server.queued()))
}

/// The server that the first argument names. Servers come and go: there may be none of that name now.
fn server_of(context: &Context<'_>, args: &[Arg]) -> Option<Arc<Server>> {
    let Some(Arg::Server(proxy, name)) = args.first() else { return None };
    context.backend_of(Some(&Arg::Proxy(*proxy)))?.backend.server(name)
}
