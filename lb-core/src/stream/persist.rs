//! Stage 4: the server that persistence chooses, and stage 6: the cookie that leads there (configuration.txt, `cookie`,
//! `force-persist`, `ignore-persist`, `persist`).

use std::sync::Arc;

use super::Stream;
use super::side::Side;
use crate::config::{CookieConfig, CookieMode, PersistKind};
use crate::connect::Connector;
use crate::persistence::request::Lookup;
use crate::persistence::{Dates, Done, Found, rdp, request, response};
use crate::sample::Place;
use crate::sample::fetch::rdp::find_cookie;
use crate::server::Server;
use crate::topology::BackendEntry;
use crate::worker::timer::wall;

/// What persistence has made of a stream.
#[derive(Debug, Default)]
pub(super) struct Persistence {
    /// The server that `use-server` or a cookie chose.
    wanted: Option<Arc<Server>>,
    found: Found,
    dates: Dates,
    done: Done,
    /// `force-persist`.
    forced: bool,
    /// `ignore-persist`.
    ignored: bool,
}

impl Stream<'_> {
    /// `force-persist` and `ignore-persist`: the first rule that holds.
    pub(super) fn judge_persistence(&mut self, backend: &BackendEntry, client: &Side<'_>) {
        for rule in &backend.config.persist_rules {
            self.begin_transaction();
            let context = self.context(Place::BackendContent, Some(client));
            if rule.condition.holds(&backend.config.acls, &context) {
                self.persistence.forced = rule.kind == PersistKind::Force;
                self.persistence.ignored = rule.kind == PersistKind::Ignore;
                return;
            }
        }
    }

    /// Whether a server is used although it is down.
    pub(super) fn persists_on_down(&self, backend: &BackendEntry) -> bool {
        self.persistence.forced || backend.config.options.persist
    }

    /// The server that `use-server`, the cookie of a request or `stick` rules choose, in this order, and what is left of
    /// the cookie for it.
    pub(super) fn persist_request(&mut self, backend: &BackendEntry) {
        self.persistence.wanted = self.used_server(backend);
        self.persist_by_cookie(backend);
        self.persist_by_table(backend);
    }

    /// `stick` rules: they are looked at though a server is chosen, for what they store. As in HAProxy, `ignore-persist` is
    /// not about them.
    fn persist_by_table(&mut self, backend: &BackendEntry) {
        let chosen = self.persistence.wanted.is_some();
        if let Some(server) = self.stuck_server(backend, chosen, None) {
            self.persistence.wanted = Some(server);
        }
    }

    fn persist_by_cookie(&mut self, backend: &BackendEntry) {
        let Some(cookie) = &backend.config.cookie else { return };
        let chosen = self.persistence.wanted.is_some() || self.persistence.ignored;
        let down = self.persists_on_down(backend);
        let lookup = |value: &[u8]| if chosen { Lookup::Unused } else { backend.backend.for_cookie(value, down) };
        let outcome = request::find(&self.request, cookie, seconds(cookie, Dates::default()), lookup);
        let persistence = &mut self.persistence;
        (persistence.found, persistence.dates) = (outcome.found, outcome.dates);
        if !chosen {
            persistence.wanted = outcome.server;
        }
        request::forward(&mut self.request, cookie);
    }

    /// The same for a connection: `use-server`, then `persist rdp-cookie`, which looks at what the client sent so far.
    pub(super) fn persist_connection(&mut self, backend: &BackendEntry, sent: &[u8]) {
        self.persistence.wanted = self.used_server(backend);
        if let (Some(name), None, false) =
            (&backend.config.persist_rdp_cookie, &self.persistence.wanted, self.persistence.ignored)
        {
            let address = find_cookie(sent, name.as_bytes()).and_then(rdp::server);
            let server = address.and_then(|address| backend.backend.server_at(address));
            let down = self.persists_on_down(backend);
            self.persistence.wanted = server.filter(|server| down || server.is_usable());
        }
        self.persist_by_table(backend);
    }

    /// Tells the connector where the stream goes, unless it was sent elsewhere already.
    pub(super) fn prepare(&mut self, connector: &mut Connector<'_>) {
        if !self.end.redispatched {
            connector.wanted.clone_from(&self.persistence.wanted);
        }
        connector.bound = connector.wanted.is_some();
        connector.pinned = self.persistence.forced;
        if let Some(transaction) = &self.transaction {
            connector.priority.class = transaction.priority_class;
            connector.priority.time += i64::from(transaction.priority_offset);
        }
    }

    /// Whether the stream is where persistence sent it.
    fn is_direct(&self) -> bool {
        let there =
            |server: &Arc<Server>| self.persistence.wanted.as_ref().is_some_and(|wanted| Arc::ptr_eq(wanted, server));
        !self.end.redispatched && self.server.as_ref().is_some_and(there)
    }

    /// The cookie of a response, whose status was `status` before the rules.
    pub(super) fn persist_response(&mut self, backend: &BackendEntry, status: u16) {
        let Some(cookie) = backend.config.cookie.as_ref().filter(|_| !self.persistence.ignored) else { return };
        let Some(server) = &self.server else { return };
        let (own, direct) = (server.cookie(), self.is_direct());
        let own = own.as_ref().map(|own| own.as_str());
        self.persistence.done = response::edit(&mut self.response, cookie, own, direct);
        if cookie.mode != Some(CookieMode::Insert)
            || self.persistence.done == Done::Provided
            || (cookie.postonly && self.request.method() != b"POST")
        {
            return;
        }
        let dates = self.persistence.dates;
        let now = seconds(cookie, dates);
        if direct && !dates.wants_update(cookie, now) {
            return;
        }
        response::insert(&mut self.response, cookie, own, dates, now);
        self.persistence.done = if direct { Done::Updated } else { Done::Inserted };
        if cookie.nocache && !direct {
            response::mark_private(&mut self.response, status, self.request.method());
        }
    }

    /// The third and fourth character of `%tsc`.
    pub(super) fn cookie_letters(&self) -> (u8, u8) {
        let cookie = self.backend.and_then(|backend| backend.config.cookie.as_ref());
        if !cookie.is_some_and(|cookie| cookie.mode.is_some() || cookie.indirect) {
            return (b'-', b'-');
        }
        let elsewhere = self.end.redispatched || (self.server.is_some() && !self.is_direct());
        let found = match self.persistence.found {
            Found::Valid if elsewhere => Found::Down,
            found => found,
        };
        (found.letter(), self.persistence.done.letter())
    }
}

/// Now, in seconds since 1970. Where neither the cookie nor its configuration knows of dates nobody looks at the clock.
fn seconds(cookie: &CookieConfig, dates: Dates) -> u64 {
    let dated = cookie.maxidle.is_some() || cookie.maxlife.is_some() || dates != Dates::default();
    if dated { wall().as_secs() } else { 0 }
}
