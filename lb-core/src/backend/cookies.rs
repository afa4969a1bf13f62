//! Which servers a persistence cookie names, and the cookies that are made of addresses (configuration.txt, `cookie` and
//! `dynamic-cookie-key`).

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arc_swap::{ArcSwap, ArcSwapOption};

use super::Backend;
use crate::config::model::ProxyConfig;
use crate::persistence::{Found, dynamic, request::Lookup};
use crate::server::Server;

/// Servers by cookie; several may have the same.
type ByCookie = HashMap<Box<[u8]>, Vec<Arc<Server>>>;

/// The cookies of a backend's servers. Requests read it without a lock; it is replaced when a server changes.
#[derive(Debug, Default)]
pub(super) struct Cookies {
    servers: ArcSwap<ByCookie>,
    /// Whether servers without a cookie of their own get one.
    dynamic: AtomicBool,
    key: ArcSwapOption<String>,
}

impl Cookies {
    pub(super) fn new(config: &ProxyConfig) -> Self {
        Self {
            servers: ArcSwap::default(),
            dynamic: AtomicBool::new(config.cookie.as_ref().is_some_and(|cookie| cookie.dynamic)),
            key: ArcSwapOption::new(config.dynamic_cookie_key.clone().map(Arc::new)),
        }
    }
}

impl Backend {
    /// Switches dynamic cookies on or off; servers whose lines say `cookie` keep theirs.
    pub fn set_dynamic_cookies(&self, on: bool) {
        self.cookies.dynamic.store(on, Ordering::Release);
        self.refresh_cookies();
    }

    /// Replaces the secret of dynamic cookies: those of all servers change.
    pub fn set_dynamic_cookie_key(&self, key: &str) {
        self.cookies.key.store(Some(Arc::new(key.to_owned())));
        self.refresh_cookies();
    }

    /// Tells the cookies again after a server came, went or got another address.
    pub(crate) fn refresh_cookies(&self) {
        let _guard = self.lock_state();
        self.tell_cookies();
    }

    /// The same under the lock of the state.
    pub(super) fn tell_cookies(&self) {
        let key = self.cookies.key.load_full().filter(|_| self.cookies.dynamic.load(Ordering::Acquire));
        let mut by_cookie = ByCookie::new();
        for server in self.servers.load().iter() {
            if server.config.cookie.is_none() {
                server.set_cookie(key.as_ref().and_then(|key| dynamic::value(key, &server.endpoint())));
            }
            if let Some(cookie) = server.cookie() {
                by_cookie.entry(cookie.as_bytes().into()).or_default().push(Arc::clone(server));
            }
        }
        self.cookies.servers.store(Arc::new(by_cookie));
    }

    /// The server that a cookie leads to: the first usable one that has it. With `down`, its first one whatever its state.
    pub(crate) fn for_cookie(&self, cookie: &[u8], down: bool) -> Lookup<Arc<Server>> {
        let by_cookie = self.cookies.servers.load();
        let Some(servers) = by_cookie.get(cookie) else { return Lookup::None };
        let mut fitting = servers.iter().filter(|server| down || server.is_usable());
        match fitting.next() {
            Some(server) if server.is_usable() => Lookup::Server(Arc::clone(server), Found::Valid),
            Some(server) => Lookup::Server(Arc::clone(server), Found::Down),
            None => Lookup::Down,
        }
    }

    /// The server at an address (`persist rdp-cookie`).
    pub(crate) fn server_at(&self, address: std::net::SocketAddr) -> Option<Arc<Server>> {
        let inet = crate::config::model::Address::Inet(address);
        self.servers.load().iter().find(|server| server.endpoint().address == inet).cloned()
    }
}
