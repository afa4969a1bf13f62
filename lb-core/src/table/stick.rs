//! Stickiness: finding the server that a key stands for, and learning it (configuration.txt, `stick match`,
//! `stick store-request`, `stick store-response`).

use crate::instant::Instant;
use std::net::SocketAddr;
use std::sync::Arc;

use super::config::ServerKey;
use super::counters::StoredServer;
use super::key::Key;
use super::store::Table;
use crate::config::Address;
use crate::server::Server;

/// Most keys that are stored for a request, and for a response.
const STORES: usize = 8;

/// The server of a backend that a table has for a key (`stick match`). Looking it up is a use of the entry.
///
/// It is looked for by its name or address first, as `srvkey` says, then by its number: tables are shared between
/// backends whose servers are the same under other numbers.
pub(crate) fn find_server(table: &Table, key: &Key, servers: &[Arc<Server>], now: Instant) -> Option<Arc<Server>> {
    let now = table.at(now);
    let stored = table.stored_server(&table.get(key, now)?, now)?;
    by_key(table.config.server_key, &stored, servers).or_else(|| by_id(&stored, servers)).map(Arc::clone)
}

/// Where a server is, if that has an address and a port.
fn socket_addr(server: &Server) -> Option<SocketAddr> {
    match server.endpoint().address {
        Address::Inet(addr) => Some(addr),
        _ => None,
    }
}

fn by_key<'a>(kind: ServerKey, stored: &StoredServer, servers: &'a [Arc<Server>]) -> Option<&'a Arc<Server>> {
    let key = stored.key.as_deref()?;
    servers.iter().find(|server| match kind {
        ServerKey::Name => *server.name == *key,
        ServerKey::Addr => socket_addr(server).is_some_and(|addr| addr.to_string() == key),
    })
}

fn by_id<'a>(stored: &StoredServer, servers: &'a [Arc<Server>]) -> Option<&'a Arc<Server>> {
    servers.iter().find(|server| i64::from(server.id) == i64::from(stored.id))
}

/// The keys of a request or of a response under which its server is to be stored once it is known: the first of each
/// table, eight at most.
#[derive(Debug, Default)]
pub(crate) struct Stores(Vec<(Arc<Table>, Key)>);

impl Stores {
    /// Whether a rule for this table would still have an effect; its condition is not looked at where not.
    pub(crate) fn takes(&self, table: &Arc<Table>) -> bool {
        self.0.len() < STORES && !self.0.iter().any(|(other, _)| Arc::ptr_eq(other, table))
    }

    /// Notes a key, unless the table has one already.
    pub(crate) fn push(&mut self, table: &Arc<Table>, key: Key) {
        if self.takes(table) {
            self.0.push((Arc::clone(table), key));
        }
    }

    /// Stores the server under all keys.
    pub(crate) fn store(&mut self, server: &Server, now: Instant) {
        for (table, key) in self.0.drain(..) {
            let now = table.at(now);
            if let Some(entry) = table.get_or_insert(&key, now) {
                table.store_server(&entry, server.id, &server.name, socket_addr(server), now);
            }
        }
    }
}
