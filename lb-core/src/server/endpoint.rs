//! Where connections to a server go: its address, its name, and whether with TLS. All of them change at run time.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::Server;
use crate::config::model::{Address, PortKind};
use crate::resolve::{HostName, Resolvers};
use crate::tls::TlsClientConfig;

/// Where connections to a server go; swapped whole when it changes at run time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// The address.
    pub address: Address,
    /// Whether the port is fixed or follows the client's.
    pub port: PortKind,
    /// Whether there is no IP address: the server's name has none, and the one above is only a place for the port.
    pub unknown: bool,
}

impl Endpoint {
    /// A known address.
    pub fn new(address: Address, port: PortKind) -> Self {
        Self { address, port, unknown: false }
    }

    /// The IP address, if there is one.
    pub fn ip(&self) -> Option<IpAddr> {
        match &self.address {
            Address::Inet(address) if !self.unknown => Some(address.ip()),
            _ => None,
        }
    }
}

impl Server {
    /// Where to connect now.
    pub fn endpoint(&self) -> Arc<Endpoint> {
        self.endpoint.load_full()
    }

    /// Changes where to connect. Connections to the old place end with the exchange they are in.
    pub fn set_endpoint(&self, endpoint: Endpoint) {
        self.endpoint.store(Arc::new(endpoint));
        self.renounce_connections();
    }

    /// The name whose address it has, as it is now.
    pub fn hostname(&self) -> Option<Arc<String>> {
        self.hostname.load_full()
    }

    pub(crate) fn set_hostname(&self, name: Option<String>) {
        self.hostname.store(name.map(Arc::new));
    }

    /// Tells who resolves its name; once.
    pub(crate) fn set_resolvers(&self, resolvers: &Arc<Resolvers>) {
        let _ = self.resolvers.set(Arc::clone(resolvers));
    }

    /// It does not answer: perhaps its name has another address (configuration.txt, section 5.3.1).
    pub(super) fn hurry_resolution(&self) {
        if let (Some(resolvers), Some(name)) = (self.resolvers.get(), self.hostname())
            && let Some(name) = HostName::new(&name)
        {
            resolvers.hurry(name, self.config.resolve.prefer);
        }
    }

    /// Gives it another name than its line does.
    pub(crate) fn rename(&self, name: &str) {
        self.set_hostname(Some(name.to_owned()));
        self.renamed.store(true, Ordering::Relaxed);
    }

    /// Another IP address, or none, at the same port.
    pub(crate) fn set_ip(&self, ip: Option<IpAddr>) {
        let mut endpoint = Endpoint::clone(&self.endpoint());
        if let Address::Inet(address) = &mut endpoint.address {
            address.set_ip(ip.unwrap_or(Ipv4Addr::UNSPECIFIED.into()));
            endpoint.unknown = ip.is_none();
            self.set_endpoint(endpoint);
        }
    }

    /// Another port of the same address; 0 is none.
    pub(crate) fn set_port(&self, port: u16) {
        let mut endpoint = Endpoint::clone(&self.endpoint());
        if let Address::Inet(address) = &mut endpoint.address {
            address.set_port(port);
            endpoint.port = if port == 0 { PortKind::Client } else { PortKind::Fixed };
            self.set_endpoint(endpoint);
        }
    }

    /// TLS towards the server, unless it has none or `set server ... ssl off` said so.
    pub fn tls(&self) -> Option<&TlsClientConfig> {
        self.dial.tls.as_ref().filter(|_| self.tls.load(Ordering::Relaxed))
    }

    /// The same for websocket streams that are not spoken in what others are.
    pub(crate) fn websocket_tls(&self) -> Option<&TlsClientConfig> {
        let own = self.tls()?;
        Some(self.dial.websocket.as_ref().unwrap_or(own))
    }

    /// Switches TLS on or off for new connections, where the line says `ssl`.
    pub(crate) fn set_tls(&self, on: bool) {
        if self.tls.swap(on, Ordering::AcqRel) != on {
            self.renounce_connections();
        }
    }
}
