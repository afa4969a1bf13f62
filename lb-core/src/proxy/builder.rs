//! A configuration made by calls instead of text.

use std::net::{SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::time::Duration;

use super::{Proxy, StartError, StartOptions};
use crate::config::{
    Address, Balance, Bind, BindOptions, Config, Global, LogDestination, LogFormatChoice, LogTarget, LogTargetFormat,
    Mode, Place, ProxyConfig, ProxyKind, ProxyLog, ServerConfig,
};

/// Builds and starts an instance; see [`Proxy::builder`].
#[derive(Clone, Debug, Default)]
pub struct ProxyBuilder {
    config: Config,
    errors: Vec<String>,
}

impl ProxyBuilder {
    /// Sets `global` values.
    pub fn global(mut self, global: Global) -> Self {
        self.config.global = global;
        self
    }

    /// Number of worker threads (`nbthread`); the usable CPUs where it is not called.
    pub fn threads(mut self, threads: u16) -> Self {
        self.config.global.nbthread = Some(threads);
        self
    }

    /// Most client connections at the same time (`maxconn` of `global`).
    pub fn maxconn(mut self, maxconn: u32) -> Self {
        self.config.global.maxconn = Some(maxconn);
        self
    }

    /// Adds a frontend.
    pub fn frontend(mut self, frontend: Frontend) -> Self {
        self.errors.extend(frontend.errors);
        self.add(frontend.section)
    }

    /// Adds a backend.
    pub fn backend(mut self, backend: Backend) -> Self {
        self.errors.extend(backend.errors);
        self.add(backend.section)
    }

    fn add(mut self, mut section: ProxyConfig) -> Self {
        section.id = self.config.proxies.len() as u32 + 2;
        self.config.proxies.push(section);
        self
    }

    /// The configuration as it stands.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Starts the instance.
    ///
    /// # Errors
    /// An address that does not parse, and everything [`Proxy::start`] names.
    pub fn start(self) -> Result<Proxy, StartError> {
        match self.errors.into_iter().next() {
            Some(error) => Err(StartError::Address(error)),
            None => Proxy::start(self.config, StartOptions::default()),
        }
    }
}

/// A frontend under construction.
#[derive(Clone, Debug)]
pub struct Frontend {
    section: ProxyConfig,
    errors: Vec<String>,
}

impl Frontend {
    /// A frontend that parses HTTP.
    pub fn http(name: impl Into<String>) -> Self {
        Self::new(name.into(), Mode::Http)
    }

    /// A frontend that relays bytes.
    pub fn tcp(name: impl Into<String>) -> Self {
        Self::new(name.into(), Mode::Tcp)
    }

    fn new(name: String, mode: Mode) -> Self {
        let mut section = ProxyConfig::new(name, ProxyKind::Frontend);
        section.mode = mode;
        Self { section, errors: Vec::new() }
    }

    /// Listens on `address:port`, `unix@path` or `abns@name`; port 0 lets the kernel choose.
    pub fn bind(mut self, address: impl AsRef<str>) -> Self {
        match parse_address(address.as_ref()) {
            Ok(address) => self.section.binds.push(Bind {
                place: Place::default(),
                addresses: vec![address],
                options: BindOptions::default(),
            }),
            Err(error) => self.errors.push(error),
        }
        self
    }

    /// Sends everything to this backend.
    pub fn default_backend(mut self, name: impl Into<String>) -> Self {
        self.section.default_backend = Some(name.into());
        self
    }

    /// Most connections at the same time (`maxconn`).
    pub fn maxconn(mut self, maxconn: u32) -> Self {
        self.section.maxconn = Some(maxconn);
        self
    }

    /// How long a client may be silent while it is expected to act (`timeout client`).
    pub fn client_timeout(mut self, timeout: Duration) -> Self {
        self.section.timeouts.client = Some(timeout);
        self
    }

    /// Writes access lines to the process' standard output.
    pub fn log_stdout(mut self) -> Self {
        self.section.logs.push(ProxyLog::Target(LogTarget {
            destination: LogDestination::Stdout,
            length: 1024,
            format: Some(LogTargetFormat::Raw),
            sample: None,
            facility: 16,
            level: 7,
            minlevel: 0,
        }));
        self.section.log_format =
            if self.section.mode == Mode::Http { LogFormatChoice::Http } else { LogFormatChoice::Tcp };
        self
    }

    /// The section, for what has no method here.
    pub fn section_mut(&mut self) -> &mut ProxyConfig {
        &mut self.section
    }
}

/// A backend under construction.
#[derive(Clone, Debug)]
pub struct Backend {
    section: ProxyConfig,
    errors: Vec<String>,
}

impl Backend {
    /// A backend for HTTP frontends.
    pub fn new(name: impl Into<String>) -> Self {
        let mut section = ProxyConfig::new(name.into(), ProxyKind::Backend);
        section.mode = Mode::Http;
        Self { section, errors: Vec::new() }
    }

    /// A backend for TCP frontends.
    pub fn tcp(name: impl Into<String>) -> Self {
        Self { section: ProxyConfig::new(name.into(), ProxyKind::Backend), errors: Vec::new() }
    }

    /// How servers are chosen (`balance`).
    pub fn balance(mut self, balance: Balance) -> Self {
        self.section.balance = balance;
        self
    }

    /// Adds a server.
    pub fn server(mut self, server: Server) -> Self {
        match server.address {
            Ok(address) => {
                let mut line = server.line;
                line.address = address;
                line.id = self.section.servers.len() as u32 + 1;
                self.section.servers.push(line);
            }
            Err(error) => self.errors.push(error),
        }
        self
    }

    /// How long opening a connection may take (`timeout connect`).
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.section.timeouts.connect = Some(timeout);
        self
    }

    /// How long a server may be silent while it is expected to act (`timeout server`).
    pub fn server_timeout(mut self, timeout: Duration) -> Self {
        self.section.timeouts.server = Some(timeout);
        self
    }

    /// The section, for what has no method here.
    pub fn section_mut(&mut self) -> &mut ProxyConfig {
        &mut self.section
    }
}

/// A server under construction.
#[derive(Clone, Debug)]
pub struct Server {
    line: ServerConfig,
    address: Result<Address, String>,
}

impl Server {
    /// A server at `address:port`, `unix@path` or `abns@name`. A name is resolved once, now.
    pub fn new(name: impl Into<String>, address: impl AsRef<str>) -> Self {
        let address = parse_address(address.as_ref());
        Self { line: ServerConfig::new(name.into()), address }
    }

    /// Share of the load, 0 to 256, default 1 (`weight`).
    pub fn weight(mut self, weight: u32) -> Self {
        self.line.weight = weight.min(256);
        self
    }

    /// Used only when no other server is available (`backup`).
    pub fn backup(mut self) -> Self {
        self.line.backup = true;
        self
    }

    /// Most sessions at the same time; more wait in a queue (`maxconn`).
    pub fn maxconn(mut self, maxconn: u32) -> Self {
        self.line.maxconn = maxconn;
        self
    }

    /// Checks the server by connecting to it (`check`).
    pub fn check(mut self) -> Self {
        self.line.check = true;
        self
    }
}

fn parse_address(text: &str) -> Result<Address, String> {
    if let Some(path) = text.strip_prefix("unix@") {
        return Ok(Address::Unix(PathBuf::from(path)));
    }
    if let Some(name) = text.strip_prefix("abns@") {
        return Ok(Address::Abstract(name.as_bytes().to_vec()));
    }
    if let Ok(address) = text.parse::<SocketAddr>() {
        return Ok(Address::Inet(address));
    }
    let resolved = text.to_socket_addrs().ok().and_then(|mut found| found.next());
    resolved.map(Address::Inet).ok_or_else(|| format!("'{text}' is not an address with a port"))
}
