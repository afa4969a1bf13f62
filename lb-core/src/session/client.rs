//! What is known of a client connection, and what rules have made of it.

use std::cell::{Cell, OnceCell};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use crate::instant::Instant;
use crate::listener::limits::ConnectionSlot;
use crate::net::{SystemOptions, client_actions};
use crate::proxy_protocol::Tlvs;
use crate::sample::account::Account;
use crate::sample::variable::Variables;
use crate::table::{Slots, Tracking};
use crate::topology::Frontend;
use crate::worker::timer::now;

/// What is known of a client connection; its streams share it.
#[derive(Debug)]
pub(crate) struct ClientInfo {
    pub(crate) frontend: Arc<Frontend>,
    /// The client's address, from the PROXY header where one was accepted. `None` for UNIX clients.
    pub(crate) source: Option<SocketAddr>,
    /// The address the client connected to.
    pub(crate) destination: Option<SocketAddr>,
    pub(crate) accepted: Instant,
    /// Time of handshakes before the first request (`%Th`).
    pub(crate) handshake: Duration,
    /// Version and cipher of TLS. Boxed: most idle connections have none.
    pub(crate) tls: Option<Box<(&'static str, &'static str)>>,
    /// Its descriptor, for those who look at it from outside.
    pub(crate) fd: i32,
    /// Another handle of its socket, where rules of streams act on it.
    pub(crate) handle: Option<OwnedFd>,
    /// `silent-drop` was done: nothing more may be said to the client.
    pub(crate) dropped: Cell<bool>,
    /// Counts the connection in the limits it was accepted under.
    pub(crate) slot: ConnectionSlot,
    /// Variables of the connection, once there are rules that may set some.
    pub(crate) state: OnceCell<Box<ConnectionState>>,
}

/// What rules have made of a connection.
#[derive(Debug)]
pub(crate) struct ConnectionState {
    variables: Variables,
    tracking: Tracking,
    /// The additional fields of the PROXY header, where there was one.
    proxied: OnceCell<Tlvs>,
    /// The addresses of the connection itself, where a header or a rule of the session has put others in their place.
    addresses: OnceCell<ConnectionAddresses>,
}

/// Both ends of a client's connection; `None` for UNIX sockets.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ConnectionAddresses {
    pub(crate) source: Option<SocketAddr>,
    pub(crate) destination: Option<SocketAddr>,
}

impl ConnectionState {
    fn new(frontend: &Frontend) -> Box<Self> {
        let account = frontend.variables.as_ref().map(|process| Account::of_process(process, process.limits.sess));
        let (tracking, proxied) = (Tracking::default(), OnceCell::new());
        Box::new(Self { variables: Variables::counted(account), tracking, proxied, addresses: OnceCell::new() })
    }
}

impl Drop for ConnectionState {
    fn drop(&mut self) {
        if let Some(moment) = self.tracking.at(now()) {
            self.tracking.end_connection(moment);
        }
    }
}

impl ClientInfo {
    /// A number from 0 to 1 that spreads connections.
    pub(crate) fn share(&self) -> f64 {
        let mut hasher = DefaultHasher::new();
        (self.accepted, self.source, self.fd).hash(&mut hasher);
        f64::from((hasher.finish() >> 32) as u32) / f64::from(u32::MAX)
    }

    fn state(&self) -> &ConnectionState {
        self.state.get_or_init(|| ConnectionState::new(&self.frontend))
    }

    /// The connection's variables.
    pub(crate) fn variables(&self) -> &Variables {
        &self.state().variables
    }

    /// The same, where it has any.
    pub(crate) fn known_variables(&self) -> Option<&Variables> {
        self.state.get().map(|state| &state.variables)
    }

    /// What the connection tracks, for rules to add to.
    pub(crate) fn tracking(&self) -> &Tracking {
        &self.state().tracking
    }

    /// Notes that the connection began with a PROXY header.
    pub(crate) fn proxied(&self, fields: Tlvs) {
        let _ = self.state().proxied.set(fields);
    }

    /// The additional fields of the PROXY header, if the connection began with one.
    pub(crate) fn proxy_fields(&self) -> Option<&Tlvs> {
        self.state.get()?.proxied.get()
    }

    /// Keeps the addresses of the connection itself: others are about to be put in their place, which do not change what
    /// the connection is (`fc_src` and its likes).
    pub(crate) fn keep_connection_addresses(&self) {
        self.state().addresses.get_or_init(|| self.session_addresses());
    }

    /// The addresses of the connection itself.
    pub(crate) fn connection_addresses(&self) -> ConnectionAddresses {
        let kept = self.state.get().and_then(|state| state.addresses.get().copied());
        kept.unwrap_or_else(|| self.session_addresses())
    }

    fn session_addresses(&self) -> ConnectionAddresses {
        ConnectionAddresses { source: self.source, destination: self.destination }
    }

    /// The entries that the connection tracks, if it does.
    pub(crate) fn tracked(&self) -> Option<&Rc<Slots>> {
        self.state.get()?.tracking.connection()
    }

    /// `set-tos` of a stream.
    pub(crate) fn set_tos(&self, tos: u8) {
        if let Some(handle) = &self.handle {
            client_actions::set_tos(handle, tos);
        }
    }

    /// `set-mark` of a stream.
    pub(crate) fn set_mark(&self, mark: u32) {
        if let Some(handle) = &self.handle {
            client_actions::set_mark(handle, mark);
        }
    }

    /// `silent-drop` of a stream: closing the connection, which must follow, is not noticed by the client.
    pub(crate) fn silence(&self, system: &SystemOptions) {
        self.dropped.set(true);
        if let Some(handle) = &self.handle {
            client_actions::silence(handle, system);
        }
    }
}
