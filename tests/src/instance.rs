//! lb inside this process, from configuration text.

use std::net::SocketAddr;

use lb_core::config::{Address, Config};
use lb_core::proxy::{Proxy, StartOptions};

use crate::Wire;

/// A running instance; dropping it stops it.
#[derive(Debug)]
pub struct Instance {
    proxy: Proxy,
}

impl Instance {
    /// Starts what the configuration says. `bind 127.0.0.1:0`, which the language refuses, is a port that the kernel
    /// picks.
    ///
    /// # Panics
    /// When the configuration is refused or a listener cannot be bound.
    #[track_caller]
    pub fn start(configuration: &str) -> Self {
        let text = configuration.replace("bind 127.0.0.1:0", "bind 127.0.0.1:1");
        let mut config = Config::parse(&text, "test.cfg").unwrap_or_else(|error| {
            let all: Vec<String> = error.diagnostics.iter().map(|d| format!("{d:?}")).collect();
            panic!("{error}\n{}\n{configuration}", all.join("\n"))
        });
        let binds = config.proxies.iter_mut().flat_map(|proxy| &mut proxy.binds);
        for address in binds.flat_map(|bind| &mut bind.addresses) {
            if let Address::Inet(inet) = address
                && inet.port() == 1
            {
                inet.set_port(0);
            }
        }
        let proxy = Proxy::start(config, StartOptions::default()).expect("the instance starts");
        Self { proxy }
    }

    /// The handle that an embedding program would hold.
    pub fn proxy(&self) -> &Proxy {
        &self.proxy
    }

    /// Where the first listener listens.
    pub fn address(&self) -> SocketAddr {
        self.proxy.listeners()[0].address.expect("an IP listener")
    }

    /// Where the first listener of a frontend listens.
    pub fn address_of(&self, frontend: &str) -> SocketAddr {
        let listener = self.proxy.listeners().iter().find(|l| &*l.frontend == frontend);
        listener.expect("a listener of that frontend").address.expect("an IP listener")
    }

    /// A client connection to the first listener.
    pub fn connect(&self) -> Wire {
        Wire::connect(self.address())
    }
}
