//! `stick` rules of a backend: the server that a table has for a client, and what is learnt of the one it got.

use std::sync::Arc;

use super::Stream;
use super::side::Side;
use crate::config::StickRule;
use crate::sample::Place;
use crate::server::Server;
use crate::table::stick::find_server;
use crate::table::{Key, Table};
use crate::topology::BackendEntry;
use crate::worker::timer::now;

impl Stream<'_> {
    /// Judges the rules about the request: notes what is to be stored, and returns the first server that is found and
    /// can be used. Where a server was chosen already, none is looked for.
    pub(super) fn stuck_server(
        &mut self,
        backend: &BackendEntry,
        chosen: bool,
        client: Option<&Side<'_>>,
    ) -> Option<Arc<Server>> {
        if backend.config.sticks.is_empty() {
            return None;
        }
        self.begin_transaction();
        let mut found: Option<Arc<Server>> = None;
        for rule in backend.config.sticks.iter().filter(|rule| !rule.response) {
            let Some((table, key)) = self.stick_key(rule, backend, Place::UseServer, client) else { continue };
            if rule.matches && !chosen && found.is_none() {
                let servers = backend.backend.servers();
                let down = self.persists_on_down(backend);
                found = find_server(&table, &key, &servers, now()).filter(|server| down || server.is_usable());
            }
            if rule.request
                && let Some(transaction) = &mut self.transaction
            {
                transaction.stores.push(&table, key);
            }
        }
        found
    }

    /// Judges the rules about the response, and stores the server under all keys.
    pub(super) fn store_sticks(&mut self, backend: &BackendEntry) {
        if backend.config.sticks.is_empty() {
            return;
        }
        self.begin_transaction();
        for rule in backend.config.sticks.iter().filter(|rule| rule.response) {
            let Some((table, key)) = self.stick_key(rule, backend, Place::StickStore, None) else { continue };
            if let Some(transaction) = &mut self.transaction {
                transaction.stores.push(&table, key);
            }
        }
        let learnt = self.server.clone().filter(|server| !server.config.non_stick);
        if let (Some(server), Some(transaction)) = (learnt, &mut self.transaction) {
            transaction.stores.store(&server, now());
        }
    }

    fn stick_key(
        &self,
        rule: &StickRule,
        backend: &BackendEntry,
        place: Place,
        client: Option<&Side<'_>>,
    ) -> Option<(Arc<Table>, Key)> {
        let table = self.worker.topology().tables.get(rule.table)?.as_ref()?;
        let context = self.context(place, client);
        let holds = rule.condition.as_ref().is_none_or(|condition| condition.holds(&backend.config.acls, &context));
        let value = if holds { rule.key.evaluate(&context)? } else { return None };
        Some((Arc::clone(table), table.config.key.key(value)?))
    }
}
