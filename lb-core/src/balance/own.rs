//! An algorithm of the embedding program, beside those that `balance` names.

use std::fmt;
use std::net::IpAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arc_swap::ArcSwap;

use super::{Candidate, Key, Pick, take, take_any};
use crate::http::message::Head;
use crate::server::Server;
use crate::stats::Padded;

/// An algorithm that chooses servers; a backend gets one with
/// [`Backend::balance_with`](crate::proxy::Backend::balance_with).
///
/// Every worker thread asks it, at the same time and once for each stream, so that it must be quick and must not block.
/// It only proposes: servers that are down, in maintenance or draining are never among its choices, a server that has
/// reached its `maxconn` or that the stream is to avoid is passed over for the next one with room, and where none has
/// room the stream waits in the backend's queue. Cookies, `use-server` and stick tables go before it. A call that
/// panics has chosen nothing.
///
/// ```
/// use lb_core::balance::{Balance, Choice};
///
/// /// The server with the fewest sessions; of those, the first.
/// struct Fewest;
///
/// impl Balance for Fewest {
///     fn choose(&self, choice: &Choice<'_>) -> Option<usize> {
///         let servers = choice.servers().enumerate();
///         servers.filter(|(_, server)| !server.is_full()).min_by_key(|(_, server)| server.sessions()).map(|(at, _)| at)
///     }
/// }
/// ```
pub trait Balance: Send + Sync + 'static {
    /// Makes a number of what is known of a request, for [`Balance::choose`] to go by. It is called once for a stream,
    /// before the first choice, when all rules have been applied. Where nothing is made, nothing is spent on it.
    fn key(&self, request: &Request<'_>) -> Option<u64> {
        let _ = request;
        None
    }

    /// Chooses one of the servers, by its place among [`Choice::servers`]. With `None`, or a place that is none, the
    /// servers are taken in turns.
    fn choose(&self, choice: &Choice<'_>) -> Option<usize>;

    /// The servers that choices will be among from now on: called at the start, and whenever one comes, goes or changes
    /// its weight. The backend's state is locked meanwhile: do not call back into the instance.
    fn servers_changed(&self, servers: &Choice<'_>) {
        let _ = servers;
    }
}

/// What is known of a stream that needs a server.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    client: Option<IpAddr>,
    head: Option<&'a Head>,
}

impl<'a> Request<'a> {
    pub(crate) fn new(client: Option<IpAddr>, head: Option<&'a Head>) -> Self {
        Self { client, head }
    }

    /// The client's address; a UNIX socket has none.
    pub fn client(&self) -> Option<IpAddr> {
        self.client
    }

    /// The method of an HTTP request; `None` in TCP.
    pub fn method(&self) -> Option<&'a [u8]> {
        self.head.map(Head::method)
    }

    /// The target of an HTTP request, as the request has it: a path with its query, or a whole URI.
    pub fn uri(&self) -> Option<&'a [u8]> {
        self.head.map(Head::target)
    }

    /// The value of the first field of that name.
    pub fn header(&self, name: &str) -> Option<&'a [u8]> {
        self.head?.value(name)
    }
}

/// The servers of a choice, and what it is for.
#[derive(Clone, Copy, Debug)]
pub struct Choice<'a> {
    members: &'a [Arc<Server>],
    key: Option<u64>,
    client: Option<IpAddr>,
    avoid: Option<&'a Arc<Server>>,
}

impl<'a> Choice<'a> {
    /// How many servers there are.
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether there is no server.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// The servers that take part, in order of the configuration.
    pub fn servers(&self) -> impl Iterator<Item = ServerView<'a>> + use<'a> {
        self.members.iter().map(ServerView)
    }

    /// The server at a place.
    pub fn server(&self, place: usize) -> Option<ServerView<'a>> {
        self.members.get(place).map(ServerView)
    }

    /// What [`Balance::key`] made of the request.
    pub fn key(&self) -> Option<u64> {
        self.key
    }

    /// The client's address; a UNIX socket has none.
    pub fn client(&self) -> Option<IpAddr> {
        self.client
    }

    /// Whether the stream should not go to this server, where there is another one: it has just failed there.
    pub fn avoids(&self, server: ServerView<'_>) -> bool {
        self.avoid.is_some_and(|avoid| Arc::ptr_eq(avoid, server.0))
    }
}

/// A server as an algorithm sees it. Numbers may change while it looks at them.
#[derive(Clone, Copy, Debug)]
pub struct ServerView<'a>(&'a Arc<Server>);

impl<'a> ServerView<'a> {
    /// Its name.
    pub fn name(&self) -> &'a str {
        &self.0.name
    }

    /// Its number: `id`, or the one given automatically.
    pub fn id(&self) -> u32 {
        self.0.id
    }

    /// Its weight in use, from 1 to 256.
    pub fn weight(&self) -> u32 {
        self.0.effective_weight()
    }

    /// Sessions on it now.
    pub fn sessions(&self) -> u32 {
        self.0.current()
    }

    /// Streams that wait for it.
    pub fn queued(&self) -> u32 {
        self.0.queued()
    }

    /// How many sessions it may have now; `None` is without limit.
    pub fn limit(&self) -> Option<u32> {
        self.0.session_limit()
    }

    /// Whether another session would have to wait.
    pub fn is_full(&self) -> bool {
        self.0.is_full()
    }
}

/// An algorithm in a configuration.
#[derive(Clone)]
pub struct OwnBalance(Arc<dyn Balance>);

impl OwnBalance {
    /// Takes an algorithm.
    pub fn new(algorithm: impl Balance) -> Self {
        Self(Arc::new(algorithm))
    }

    pub(crate) fn key(&self, request: &Request<'_>) -> Option<u64> {
        guarded(|| self.0.key(request))
    }
}

impl fmt::Debug for OwnBalance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OwnBalance")
    }
}

/// What a call returns; nothing where it panics, which must not reach the streams of others.
fn guarded<T>(call: impl FnOnce() -> Option<T>) -> Option<T> {
    catch_unwind(AssertUnwindSafe(call)).ok().flatten()
}

/// State of the algorithm.
#[derive(Debug)]
pub struct Own {
    algorithm: OwnBalance,
    members: ArcSwap<Vec<Arc<Server>>>,
    turn: Padded<AtomicUsize>,
}

impl Own {
    pub(super) fn new(algorithm: OwnBalance) -> Self {
        Self { algorithm, members: ArcSwap::default(), turn: Padded::default() }
    }

    pub(super) fn rebuild(&self, candidates: &[Candidate]) {
        let members: Vec<_> = candidates.iter().map(|candidate| Arc::clone(&candidate.server)).collect();
        let all = Choice { members: &members, key: None, client: None, avoid: None };
        let _ = guarded(|| {
            self.algorithm.0.servers_changed(&all);
            Some(())
        });
        self.members.store(Arc::new(members));
    }

    pub(super) fn pick(&self, key: &Key<'_>) -> Pick {
        let members = self.members.load();
        if members.is_empty() {
            return Pick::None;
        }
        let choice = Choice { members: &members, key: key.hash, client: key.source, avoid: key.exclude };
        let chosen = guarded(|| self.algorithm.0.choose(&choice)).filter(|place| *place < members.len());
        let start = chosen.unwrap_or_else(|| self.turn.fetch_add(1, Ordering::Relaxed) % members.len());
        match members.get(start).and_then(|server| take(server, key)) {
            Some(slot) => Pick::Taken(slot),
            None => take_any(members.iter().cycle().skip(start).take(members.len()), key),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;
    use crate::backend::{Assign, AssignRequest, Backend};
    use crate::config::model::{ProxyConfig, ProxyKind, ServerConfig};

    /// Goes where the key says, which need not be a place.
    struct ByKey;

    impl Balance for ByKey {
        fn choose(&self, choice: &Choice<'_>) -> Option<usize> {
            let key = choice.key()?;
            assert_ne!(key, 99, "told to panic");
            usize::try_from(key).ok()
        }
    }

    fn backend(maxconn: u32) -> Arc<Backend> {
        let mut config = ProxyConfig::new("b".into(), ProxyKind::Backend);
        config.own_balance = Some(OwnBalance::new(ByKey));
        for id in 1..=3 {
            let mut line = ServerConfig::new(format!("s{id}"));
            (line.id, line.maxconn, line.disabled) = (id, maxconn, id == 3);
            config.servers.push(line);
        }
        Arc::new(Backend::new(&config, 1))
    }

    fn request(key: Option<u64>) -> AssignRequest {
        AssignRequest { hash: key, ..AssignRequest::default() }
    }

    #[test]
    fn a_proposal_is_followed_where_it_can_be() {
        let backend = backend(0);
        let id = |key| match backend.try_assign(&request(key)) {
            Assign::Server(assignment) => assignment.server.id,
            other => panic!("{other:?}"),
        };
        assert_eq!([id(Some(0)), id(Some(1)), id(Some(1)), id(Some(0))], [1, 2, 2, 1]);
        // The third one is disabled: no place leads to it. In turns, and what panics too.
        let turns = [id(None), id(Some(2)), id(Some(u64::MAX)), id(Some(99))];
        assert_eq!(turns, [1, 2, 1, 2]);
        let avoiding = AssignRequest { exclude: Some(Arc::clone(&backend.servers()[1])), ..request(Some(1)) };
        let Assign::Server(assignment) = backend.try_assign(&avoiding) else { panic!("no server") };
        assert_eq!(assignment.server.id, 1);
    }

    #[test]
    fn limits_hold_whatever_is_proposed() {
        let backend = backend(1);
        let held: Vec<_> = (0..2)
            .map(|_| match backend.try_assign(&request(Some(1))) {
                Assign::Server(assignment) => assignment,
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(held.iter().map(|held| held.server.id).collect::<Vec<_>>(), [2, 1]);
        assert!(matches!(backend.try_assign(&request(Some(1))), Assign::Queue(_)));
    }
}
