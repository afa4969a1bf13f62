//! How connections to a server are opened: socket options and TLS, as its line and its backend say.

use super::check::Script;
use crate::config::model::{Global, Proto, ProxyConfig, ServerConfig, ServerSsl};
use crate::net::{ConnectOptions, SystemOptions};
use crate::tls::{self, TlsClientConfig, TlsConfigError};

/// What opening a connection to a server takes besides its address.
#[derive(Clone, Debug, Default)]
pub struct Dial {
    /// Options of the socket.
    pub options: ConnectOptions,
    /// TLS, where the line says `ssl`.
    pub tls: Option<TlsClientConfig>,
    /// TLS of websocket streams, where they are not spoken in what others are.
    pub(crate) websocket: Option<TlsClientConfig>,
    /// TLS of the checks, by the number of their connection.
    pub(crate) checks: Vec<Option<TlsClientConfig>>,
}

impl Dial {
    /// As a `server` line of this section says.
    ///
    /// # Errors
    /// A certificate, key, authority or name that cannot be used.
    pub fn new(
        line: &ServerConfig,
        section: &ProxyConfig,
        global: &Global,
        system: &SystemOptions,
    ) -> Result<Self, TlsConfigError> {
        let options = ConnectOptions {
            tcp_user_timeout: line.tcp_user_timeout,
            tfo: line.tfo,
            ..options_of(section, global, system)
        };
        Ok(Self {
            options: options.with_source(line.source.clone().or_else(|| section.source.clone())),
            tls: line.ssl.as_ref().map(tls::client_config).transpose()?,
            websocket: websocket_tls(line)?,
            checks: check_tls(line, section)?,
        })
    }

    /// For `dispatch` and `option transparent`, where there is no `server` line.
    pub fn without_server(section: &ProxyConfig, global: &Global, system: &SystemOptions) -> Self {
        Self { options: options_of(section, global, system).with_source(section.source.clone()), ..Self::default() }
    }
}

/// TLS that offers nothing but what [`ServerConfig::websockets`] asks for.
fn websocket_tls(line: &ServerConfig) -> Result<Option<TlsClientConfig>, TlsConfigError> {
    let (Some(ssl), Some(proto)) = (line.ssl.as_ref().filter(|ssl| !ssl.alpn.is_empty()), line.websockets()) else {
        return Ok(None);
    };
    let alpn = vec![if proto == Proto::H2 { "h2" } else { "http/1.1" }.to_owned()];
    tls::client_config(&ServerSsl { alpn, ..ssl.clone() }).map(Some)
}

/// TLS for each connection of the checks, where it may be used. Checks know nothing of the `sni` of traffic.
fn check_tls(line: &ServerConfig, section: &ProxyConfig) -> Result<Vec<Option<TlsClientConfig>>, TlsConfigError> {
    let Some(base) = line.check_tls.as_ref().filter(|_| line.check) else { return Ok(Vec::new()) };
    let script = Script::new(&section.checks);
    let connections = script.connections().map(|connect| {
        if !connect.ssl && !connect.default {
            return Ok(None);
        }
        let sni = connect.sni.clone().or_else(|| line.check_sni.clone().filter(|_| connect.default));
        let alpn = match (&connect.alpn, &line.check_alpn) {
            (own, _) if !own.is_empty() => own.clone(),
            (_, checks) if !checks.is_empty() => checks.clone(),
            _ => alpn_of_traffic(&base.alpn, line.check_proto),
        };
        tls::client_config(&ServerSsl { sni, alpn, ..base.clone() }).map(Some)
    });
    connections.collect()
}

/// What checks offer of what traffic offers: HTTP/2 only where there is nothing else.
fn alpn_of_traffic(alpn: &[String], proto: Option<Proto>) -> Vec<String> {
    let only_http2 = alpn.iter().all(|name| name == "h2") && proto != Some(Proto::H1);
    alpn.iter().filter(|name| only_http2 || *name != "h2").cloned().collect()
}

fn options_of(section: &ProxyConfig, global: &Global, system: &SystemOptions) -> ConnectOptions {
    ConnectOptions {
        keepalive: section.options.srvtcpka.then(|| section.options.srvtcpka_params.clone()),
        sndbuf: global.tune.sndbuf_server,
        rcvbuf: global.tune.rcvbuf_server,
        nolinger: section.options.nolinger,
        smart_connect: section.options.tcp_smart_connect,
        system: system.clone(),
        ..ConnectOptions::default()
    }
}
