//! `server` lines.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::bind::{Address, Proto, WebsocketProto};
use super::resolvers::ResolveConfig;
use super::server_state::SavedServerState;
use super::tls::TlsOptions;
use crate::config::document::Place;

/// A `server` line with its `default-server` merged in (configuration.txt, section 5.2).
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// Name, unique in the backend.
    pub name: String,
    /// Where the line stands.
    pub place: Place,
    /// Where to connect.
    pub address: Address,
    /// The name that the address was written as.
    pub hostname: Option<String>,
    /// How it is resolved.
    pub resolve: ResolveConfig,
    /// How the port was written.
    pub port: PortKind,
    /// `id`, or the number given automatically.
    pub id: u32,
    /// Whether the line says `id`.
    pub forced_id: bool,
    /// `weight`, default 1.
    pub weight: u32,
    /// `slowstart`: how long a server that was down takes to be used as its weight says.
    pub slowstart: Option<Duration>,
    /// `backup`.
    pub backup: bool,
    /// `disabled`.
    pub disabled: bool,
    /// `maxconn`, 0 is unlimited.
    pub maxconn: u32,
    /// `minconn`.
    pub minconn: u32,
    /// `maxqueue`, 0 is unlimited.
    pub maxqueue: u32,
    /// `max-reuse`, -1 (default, `None`) is unlimited.
    pub max_reuse: Option<u32>,
    /// `pool-max-conn`, `None` or negative is unlimited.
    pub pool_max_conn: Option<u32>,
    /// `pool-low-conn`.
    pub pool_low_conn: u32,
    /// `pool-purge-delay`, default 5 s.
    pub pool_purge_delay: Option<Duration>,
    /// `check`.
    pub check: bool,
    /// `inter`, default 2 s.
    pub inter: Option<Duration>,
    /// `fastinter`.
    pub fastinter: Option<Duration>,
    /// `downinter`.
    pub downinter: Option<Duration>,
    /// `rise`, default 2.
    pub rise: Option<u32>,
    /// `fall`, default 3.
    pub fall: Option<u32>,
    /// `addr` for checks.
    pub check_addr: Option<IpAddr>,
    /// `port` for checks.
    pub check_port: Option<u16>,
    /// `check-ssl` (true) and `no-check-ssl` (false); by default as traffic.
    pub check_ssl: Option<bool>,
    /// `check-sni`.
    pub check_sni: Option<String>,
    /// `check-alpn`.
    pub check_alpn: Vec<String>,
    /// `check-proto`.
    pub check_proto: Option<Proto>,
    /// `check-via-socks4`.
    pub check_via_socks4: bool,
    /// Certificates and verification for checks over TLS, where there may be such.
    pub check_tls: Option<ServerSsl>,
    /// `socks4`.
    pub socks4: Option<SocketAddr>,
    /// `namespace`: the network namespace that connections are opened in.
    pub namespace: Option<String>,
    /// `check-send-proxy`.
    pub check_send_proxy: bool,
    /// `agent-check`.
    pub agent_check: bool,
    /// `agent-inter`, default 2 s.
    pub agent_inter: Option<Duration>,
    /// `agent-addr`.
    pub agent_addr: Option<IpAddr>,
    /// `agent-port`.
    pub agent_port: Option<u16>,
    /// `agent-send`.
    pub agent_send: Option<String>,
    /// `observe`; `None` is `none`.
    pub observe: Option<Observe>,
    /// `error-limit`, default 10.
    pub error_limit: Option<u32>,
    /// `on-error`.
    pub on_error: OnError,
    /// `on-marked-down shutdown-sessions`.
    pub shutdown_when_down: bool,
    /// `on-marked-up shutdown-backup-sessions`.
    pub shutdown_backups_when_up: bool,
    /// `track`.
    pub track: Option<Track>,
    /// Its state in an earlier run (`load-server-state-from-file`).
    pub saved: Option<Arc<SavedServerState>>,
    /// `send-proxy` and `send-proxy-v2`.
    pub send_proxy: Option<SendProxy>,
    /// `source`.
    pub source: Option<Source>,
    /// `tcp-ut`.
    pub tcp_user_timeout: Option<Duration>,
    /// `non-stick`: stick rules do not learn of it.
    pub non_stick: bool,
    /// `tfo`.
    pub tfo: bool,
    /// `proto`.
    pub proto: Option<Proto>,
    /// `ws`.
    pub ws: WebsocketProto,
    /// `ssl` and its words.
    pub ssl: Option<ServerSsl>,
    /// `redir`; `log-proto` and the rest come with their issues.
    pub redir: Option<String>,
    /// `cookie`: what the persistence cookie says for this server.
    pub cookie: Option<String>,
}

impl ServerConfig {
    /// A server with every option at its default and no address yet.
    pub fn new(name: String) -> Self {
        Self {
            name,
            place: Default::default(),
            address: Address::Inet(SocketAddr::from(([0, 0, 0, 0], 0))),
            hostname: Default::default(),
            resolve: Default::default(),
            port: Default::default(),
            id: Default::default(),
            forced_id: Default::default(),
            weight: 1,
            slowstart: Default::default(),
            backup: Default::default(),
            disabled: Default::default(),
            maxconn: Default::default(),
            minconn: Default::default(),
            maxqueue: Default::default(),
            max_reuse: Default::default(),
            pool_max_conn: Default::default(),
            pool_low_conn: Default::default(),
            pool_purge_delay: Default::default(),
            check: Default::default(),
            inter: Default::default(),
            fastinter: Default::default(),
            downinter: Default::default(),
            rise: Default::default(),
            fall: Default::default(),
            check_addr: Default::default(),
            check_port: Default::default(),
            check_ssl: Default::default(),
            check_sni: Default::default(),
            check_alpn: Default::default(),
            check_proto: Default::default(),
            check_via_socks4: Default::default(),
            check_tls: Default::default(),
            socks4: Default::default(),
            namespace: Default::default(),
            check_send_proxy: Default::default(),
            agent_check: Default::default(),
            agent_inter: Default::default(),
            agent_addr: Default::default(),
            agent_port: Default::default(),
            agent_send: Default::default(),
            observe: Default::default(),
            error_limit: Default::default(),
            on_error: Default::default(),
            shutdown_when_down: Default::default(),
            shutdown_backups_when_up: Default::default(),
            track: Default::default(),
            saved: Default::default(),
            send_proxy: Default::default(),
            source: Default::default(),
            tcp_user_timeout: Default::default(),
            non_stick: Default::default(),
            tfo: Default::default(),
            proto: Default::default(),
            ws: Default::default(),
            ssl: Default::default(),
            redir: Default::default(),
            cookie: Default::default(),
        }
    }
}

impl ServerConfig {
    /// What websocket streams are spoken in, where others are, or may be, in something else (configuration.txt, `ws`).
    pub(crate) fn websockets(&self) -> Option<Proto> {
        let offers = |name: &str| self.ssl.as_ref().is_some_and(|ssl| ssl.alpn.iter().any(|known| known == name));
        let (h1, h2) = (Some(Proto::H1), Some(Proto::H2));
        match (self.ws, self.proto) {
            (WebsocketProto::Auto, None) if offers("h2") && offers("http/1.1") => h1,
            (WebsocketProto::H1, Some(Proto::H2)) => h1,
            (WebsocketProto::H1, None) if offers("h2") => h1,
            (WebsocketProto::H2, Some(Proto::H1) | None) => h2,
            _ => None,
        }
    }

    /// Replaces the IP address; UNIX sockets have none.
    pub fn set_ip(&mut self, ip: IpAddr) {
        if let Address::Inet(address) = &mut self.address {
            address.set_ip(ip);
        }
    }
}

/// `observe`: which traffic counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Observe {
    /// `layer4`: connections that are established or not.
    Layer4,
    /// `layer7`: responses too.
    Layer7,
}

/// `on-error`: what happens after `error-limit` errors in a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnError {
    /// `fastinter`: the next check is made soon.
    FastInter,
    /// `fail-check`: as if a check had failed.
    #[default]
    FailCheck,
    /// `sudden-death`: as if all checks but one had failed.
    SuddenDeath,
    /// `mark-down`: the server goes down.
    MarkDown,
}

/// `track`: the server whose state another one takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Track {
    /// Its proxy; `None` is the one of the line.
    pub proxy: Option<String>,
    /// Its name.
    pub server: String,
}

/// How the port of a `server` address was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PortKind {
    /// A fixed port.
    #[default]
    Fixed,
    /// No port (or 0): the port the client connected to.
    Client,
    /// `+n` or `-n`: the client's port plus this.
    Offset(i32),
}

/// TLS of a `server` line.
#[derive(Clone, Debug, Default)]
pub struct ServerSsl {
    /// `verify none` (false) or `verify required` (true, the default).
    pub verify: bool,
    /// `ca-file`; `@system-ca` is refused by name until its issue.
    pub ca_file: Option<PathBuf>,
    /// `verifyhost`.
    pub verifyhost: Option<String>,
    /// `sni str(name)`: a constant name only, until the rule language is there.
    pub sni: Option<String>,
    /// `alpn`.
    pub alpn: Vec<String>,
    /// Versions, ciphers and tickets, with the defaults of the `global` section.
    pub options: TlsOptions,
}

/// `send-proxy`, `send-proxy-v2` and `proxy-v2-options`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SendProxy {
    /// Version 1 or 2.
    pub version: u8,
    /// Checks say in version 2 that they are proxied connections (`pp2-never-send-local`).
    pub never_local: bool,
    /// `set-proxy-v2-tlv-fmt` is newer than 2.6; options of `proxy-v2-options`:
    pub v2: ProxyV2Options,
}

/// Words of `proxy-v2-options`, and what `send-proxy-v2-ssl[-cn]` sets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProxyV2Options {
    /// `ssl`.
    pub ssl: bool,
    /// `cert-cn`.
    pub cert_cn: bool,
    /// `ssl-cipher`.
    pub ssl_cipher: bool,
    /// `cert-sig`.
    pub cert_sig: bool,
    /// `cert-key`.
    pub cert_key: bool,
    /// `authority`.
    pub authority: bool,
    /// `crc32c`.
    pub crc32c: bool,
    /// `unique-id`.
    pub unique_id: bool,
}

/// `source` of a backend or a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Address to bind to; port 0 lets the kernel choose.
    pub address: Option<SocketAddr>,
    /// Last port of a range that starts at the address' port.
    pub port_high: Option<u16>,
    /// `usesrc`.
    pub usesrc: Option<UseSrc>,
    /// `interface`.
    pub interface: Option<String>,
}

/// `usesrc`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UseSrc {
    /// `client`: the client's address and port.
    Client,
    /// `clientip`: the client's address.
    ClientIp,
    /// A fixed address.
    Address(SocketAddr),
    /// `hdr_ip(<name>[,<occurrence>])`: the address that a field of the request holds.
    Header {
        /// Name of the field, in lower case.
        name: String,
        /// Which of its values, from 1; negative ones count from the last, which is -1; 0 is none.
        occurrence: i64,
    },
}
