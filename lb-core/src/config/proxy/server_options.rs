//! The words of `server` and `default-server` (configuration.txt, section 5.2).

mod connection;
mod health;
mod ssl;

use super::checks::server as check;
use super::resolve_options;
use super::server::ServerDraft;
use super::settings::leading_integer;
use super::timeouts::overflow;
use crate::config::diagnostic::Diagnostics;
use crate::config::document::Line;
use crate::config::model::ServerConfig;
use crate::units::{TimeUnit, UnitError, parse_time};
use connection::{namespace, proto, proxy_v2_options, source, tcp_ut, usesrc, ws};
use health::{
    addr, agent_addr, agent_port, agent_send, count, delay, error_limit, observe, on_error, on_marked_down,
    on_marked_up, port, track,
};
use ssl::{alpn, ca_file, ciphers, ciphersuites, shared, sni, verify, verifyhost};

/// A word after the address.
#[derive(Debug)]
pub(super) struct ServerOption {
    pub(super) name: &'static str,
    /// As `-dK` lists it.
    pub(super) shown: &'static str,
    /// How many words follow it; `source` says how far it read itself.
    pub(super) arguments: usize,
    pub(super) parse: Option<OptionReader>,
}

type OptionReader = fn(&mut ServerCx<'_>) -> Result<(), String>;

const fn option(
    name: &'static str,
    shown: &'static str,
    arguments: usize,
    parse: Option<OptionReader>,
) -> ServerOption {
    ServerOption { name, shown, arguments, parse }
}

/// Every word that HAProxy 2.6 knows after the address.
#[rustfmt::skip]
pub(super) const OPTIONS: &[ServerOption] = &[
    option("addr", "server <name> <addr> addr +1", 1, Some(addr)),
    option("agent-addr", "server <name> <addr> agent-addr +1", 1, Some(agent_addr)),
    option("agent-check", "server <name> <addr> agent-check", 0, Some(|cx| cx.set(|s| s.agent_check = true))),
    option("agent-inter", "server <name> <addr> agent-inter +1", 1, Some(|cx| delay(cx, |s| &mut s.agent_inter))),
    option("agent-port", "server <name> <addr> agent-port +1", 1, Some(agent_port)),
    option("agent-send", "server <name> <addr> agent-send +1", 1, Some(agent_send)),
    option("allow-0rtt", "server <name> <addr> allow-0rtt", 0, None),
    option("alpn", "server <name> <addr> alpn +1", 1, Some(alpn)),
    option("backup", "server <name> <addr> backup", 0, Some(|cx| cx.set(|s| s.backup = true))),
    option("ca-file", "server <name> <addr> ca-file +1", 1, Some(ca_file)),
    option("check", "server <name> <addr> check", 0, Some(|cx| cx.set(|s| s.check = true))),
    option("check-alpn", "server <name> <addr> check-alpn +1", 1, Some(check::alpn)),
    option("check-proto", "server <name> <addr> check-proto +1", 1, Some(check::proto)),
    option("check-send-proxy", "server <name> <addr> check-send-proxy", 0, Some(|cx| cx.set(|s| s.check_send_proxy = true))),
    option("check-sni", "server <name> <addr> check-sni +1", 1, Some(check::sni)),
    option("check-ssl", "server <name> <addr> check-ssl", 0, Some(|cx| cx.set(|s| s.check_ssl = Some(true)))),
    option("check-via-socks4", "server <name> <addr> check-via-socks4", 0, Some(|cx| cx.set(|s| s.check_via_socks4 = true))),
    option("ciphers", "server <name> <addr> ciphers +1", 1, Some(ciphers)),
    option("ciphersuites", "server <name> <addr> ciphersuites +1", 1, Some(ciphersuites)),
    option("cookie", "server <name> <addr> cookie +1", 1, Some(cookie)),
    option("crl-file", "server <name> <addr> crl-file +1", 1, None),
    option("crt", "server <name> <addr> crt +1", 1, None),
    option("disabled", "server <name> <addr> disabled", 0, Some(|cx| cx.flag(|d| { d.config.disabled = true; d.enabled = false }))),
    option("downinter", "server <name> <addr> downinter +1", 1, Some(|cx| delay(cx, |s| &mut s.downinter))),
    option("enabled", "server <name> <addr> enabled", 0, Some(|cx| cx.flag(|d| { d.config.disabled = false; d.enabled = true }))),
    option("error-limit", "server <name> <addr> error-limit +1", 1, Some(error_limit)),
    option("fall", "server <name> <addr> fall +1", 1, Some(|cx| count(cx, |s| &mut s.fall))),
    option("fastinter", "server <name> <addr> fastinter +1", 1, Some(|cx| delay(cx, |s| &mut s.fastinter))),
    option("force-sslv3", "server <name> <addr> force-sslv3", 0, Some(shared)),
    option("force-tlsv10", "server <name> <addr> force-tlsv10", 0, Some(shared)),
    option("force-tlsv11", "server <name> <addr> force-tlsv11", 0, Some(shared)),
    option("force-tlsv12", "server <name> <addr> force-tlsv12", 0, Some(shared)),
    option("force-tlsv13", "server <name> <addr> force-tlsv13", 0, Some(shared)),
    option("id", "server <name> <addr> id +1", 1, Some(id)),
    option("init-addr", "server <name> <addr> init-addr +1", 1, Some(resolve_options::init_addr)),
    option("inter", "server <name> <addr> inter +1", 1, Some(|cx| delay(cx, |s| &mut s.inter))),
    option("log-proto", "server <name> <addr> log-proto +1", 1, None),
    option("max-reuse", "server <name> <addr> max-reuse +1", 1, Some(max_reuse)),
    option("maxconn", "server <name> <addr> maxconn +1", 1, Some(|cx| limit(cx, |s| &mut s.maxconn))),
    option("maxqueue", "server <name> <addr> maxqueue +1", 1, Some(|cx| limit(cx, |s| &mut s.maxqueue))),
    option("minconn", "server <name> <addr> minconn +1", 1, Some(|cx| limit(cx, |s| &mut s.minconn))),
    option("namespace", "server <name> <addr> namespace +1", 1, Some(namespace)),
    option("no-agent-check", "server <name> <addr> no-agent-check", 0, Some(|cx| cx.set(|s| s.agent_check = false))),
    option("no-backup", "server <name> <addr> no-backup", 0, Some(|cx| cx.set(|s| s.backup = false))),
    option("no-check", "server <name> <addr> no-check", 0, Some(|cx| cx.set(|s| s.check = false))),
    option("no-check-send-proxy", "server <name> <addr> no-check-send-proxy", 0, Some(|cx| cx.set(|s| s.check_send_proxy = false))),
    option("no-check-ssl", "server <name> <addr> no-check-ssl", 0, Some(|cx| cx.set(|s| s.check_ssl = Some(false)))),
    option("no-send-proxy", "server <name> <addr> no-send-proxy", 0, Some(|cx| cx.flag(|d| d.proxy_v1 = false))),
    option("no-send-proxy-v2", "server <name> <addr> no-send-proxy-v2", 0, Some(|cx| cx.flag(|d| d.proxy_v2 = false))),
    option("no-send-proxy-v2-ssl", "server <name> <addr> no-send-proxy-v2-ssl", 0, Some(|cx| cx.flag(|d| { d.proxy_v2 = false; d.v2.ssl = false }))),
    option("no-send-proxy-v2-ssl-cn", "server <name> <addr> no-send-proxy-v2-ssl-cn", 0, Some(|cx| cx.flag(|d| { d.proxy_v2 = false; d.v2.ssl = false; d.v2.cert_cn = false }))),
    option("no-ssl", "server <name> <addr> no-ssl", 0, Some(|cx| cx.flag(|d| d.ssl = false))),
    option("no-ssl-reuse", "server <name> <addr> no-ssl-reuse", 0, Some(|cx| cx.flag(|d| d.tls.options.no_reuse = true))),
    option("no-sslv3", "server <name> <addr> no-sslv3", 0, Some(shared)),
    option("no-tfo", "server <name> <addr> no-tfo", 0, Some(|cx| cx.set(|s| s.tfo = false))),
    option("no-tls-tickets", "server <name> <addr> no-tls-tickets", 0, Some(shared)),
    option("no-tlsv10", "server <name> <addr> no-tlsv10", 0, Some(shared)),
    option("no-tlsv11", "server <name> <addr> no-tlsv11", 0, Some(shared)),
    option("no-tlsv12", "server <name> <addr> no-tlsv12", 0, Some(shared)),
    option("no-tlsv13", "server <name> <addr> no-tlsv13", 0, Some(shared)),
    option("non-stick", "server <name> <addr> non-stick", 0, Some(|cx| cx.set(|s| s.non_stick = true))),
    option("npn", "server <name> <addr> npn +1", 1, None),
    option("observe", "server <name> <addr> observe +1", 1, Some(observe)),
    option("on-error", "server <name> <addr> on-error +1", 1, Some(on_error)),
    option("on-marked-down", "server <name> <addr> on-marked-down +1", 1, Some(on_marked_down)),
    option("on-marked-up", "server <name> <addr> on-marked-up +1", 1, Some(on_marked_up)),
    option("pool-low-conn", "server <name> <addr> pool-low-conn +1", 1, Some(pool_low_conn)),
    option("pool-max-conn", "server <name> <addr> pool-max-conn +1", 1, Some(pool_max_conn)),
    option("pool-purge-delay", "server <name> <addr> pool-purge-delay +1", 1, Some(pool_purge_delay)),
    option("port", "server <name> <addr> port +1", 1, Some(port)),
    option("proto", "server <name> <addr> proto +1", 1, Some(proto)),
    option("proxy-v2-options", "server <name> <addr> proxy-v2-options +1", 1, Some(proxy_v2_options)),
    option("redir", "server <name> <addr> redir +1", 1, Some(redir)),
    option("resolve-net", "server <name> <addr> resolve-net +1", 1, Some(resolve_options::resolve_net)),
    option("resolve-opts", "server <name> <addr> resolve-opts +1", 1, Some(resolve_options::resolve_opts)),
    option("resolve-prefer", "server <name> <addr> resolve-prefer +1", 1, Some(resolve_options::resolve_prefer)),
    option("resolvers", "server <name> <addr> resolvers +1", 1, Some(resolve_options::resolvers)),
    option("rise", "server <name> <addr> rise +1", 1, Some(|cx| count(cx, |s| &mut s.rise))),
    option("send-proxy", "server <name> <addr> send-proxy", 0, Some(|cx| cx.flag(|d| d.proxy_v1 = true))),
    option("send-proxy-v2", "server <name> <addr> send-proxy-v2", 0, Some(|cx| cx.flag(|d| d.proxy_v2 = true))),
    option("send-proxy-v2-ssl", "server <name> <addr> send-proxy-v2-ssl", 0, Some(|cx| cx.flag(|d| { d.proxy_v2 = true; d.v2.ssl = true }))),
    option("send-proxy-v2-ssl-cn", "server <name> <addr> send-proxy-v2-ssl-cn", 0, Some(|cx| cx.flag(|d| { d.proxy_v2 = true; d.v2.ssl = true; d.v2.cert_cn = true }))),
    option("slowstart", "server <name> <addr> slowstart +1", 1, Some(slowstart)),
    option("sni", "server <name> <addr> sni +1", 1, Some(sni)),
    option("socks4", "server <name> <addr> socks4 +1", 1, Some(check::socks4)),
    option("source", "server <name> <addr> source +-1", 1, Some(source)),
    option("ssl", "server <name> <addr> ssl", 0, Some(|cx| cx.flag(|d| d.ssl = true))),
    option("ssl-max-ver", "server <name> <addr> ssl-max-ver +1", 1, Some(shared)),
    option("ssl-min-ver", "server <name> <addr> ssl-min-ver +1", 1, Some(shared)),
    option("ssl-reuse", "server <name> <addr> ssl-reuse", 0, Some(|cx| cx.flag(|d| d.tls.options.no_reuse = false))),
    option("stick", "server <name> <addr> stick", 0, Some(|cx| cx.set(|s| s.non_stick = false))),
    option("tcp-ut", "server <name> <addr> tcp-ut +1", 1, Some(tcp_ut)),
    option("tfo", "server <name> <addr> tfo", 0, Some(|cx| cx.set(|s| s.tfo = true))),
    option("tls-tickets", "server <name> <addr> tls-tickets", 0, Some(|cx| cx.flag(|d| d.tls.options.no_tickets = false))),
    option("track", "server <name> <addr> track +1", 1, Some(track)),
    option("usesrc", "server <name> <addr> usesrc", 0, Some(usesrc)),
    option("verify", "server <name> <addr> verify +1", 1, Some(verify)),
    option("verifyhost", "server <name> <addr> verifyhost +1", 1, Some(verifyhost)),
    option("weight", "server <name> <addr> weight +1", 1, Some(weight)),
    option("ws", "server <name> <addr> ws +1", 1, Some(ws)),
];

/// Whether HAProxy knows a word behind the address of a server.
pub(in crate::config) fn is_server_option(word: &str) -> bool {
    OPTIONS.iter().any(|option| option.name == word)
}

/// What a server that is made at run time cannot have (as HAProxy 2.6.12 says).
pub(super) const FIXED: &[&str] = &[
    "cookie",
    "init-addr",
    "log-proto",
    "max-reuse",
    "namespace",
    "no-agent-check",
    "no-check",
    "no-check-send-proxy",
    "no-check-ssl",
    "no-send-proxy-v2-ssl",
    "no-send-proxy-v2-ssl-cn",
    "no-ssl",
    "non-stick",
    "redir",
    "resolve-net",
    "resolve-opts",
    "resolve-prefer",
    "resolvers",
    "socks4",
    "ssl-reuse",
    "stick",
    "tcp-ut",
];

/// An option being read.
pub(super) struct ServerCx<'a> {
    pub(super) line: &'a Line,
    /// Index of the option's own word.
    pub(super) at: usize,
    /// Where the next option stands, when the option knows better than the table.
    pub(super) next: Option<usize>,
    /// The word of the option in which something is wrong, where it is another one than the option's own.
    pub(super) within: Option<&'static str>,
    pub(super) draft: &'a mut ServerDraft,
    /// `'server b/s'`, or nothing for `default-server`.
    pub(super) prefix: &'a str,
    /// Whether the section is in HTTP mode.
    pub(super) http: bool,
    /// Whether the server is made at run time, where nothing is accepted with a warning.
    pub(super) dynamic: bool,
    pub(super) diags: &'a mut Diagnostics,
}

impl ServerCx<'_> {
    pub(super) fn name(&self) -> &str {
        self.line.arg(self.at)
    }

    pub(super) fn value(&self) -> &str {
        self.line.arg(self.at + 1)
    }

    pub(super) fn required(&self, expects: &str) -> Result<String, String> {
        match self.value() {
            "" => Err(format!("'{}' {expects}", self.name())),
            value => Ok(value.to_owned()),
        }
    }

    fn set(&mut self, set: fn(&mut ServerConfig)) -> Result<(), String> {
        set(&mut self.draft.config);
        Ok(())
    }

    fn flag(&mut self, set: fn(&mut ServerDraft)) -> Result<(), String> {
        set(self.draft);
        Ok(())
    }

    /// An integer as HAProxy reads it, with a warning about what does not belong to it.
    fn number(&mut self) -> i64 {
        let text = self.value();
        let (value, trailing) = leading_integer(text);
        if trailing.is_some() || text.is_empty() {
            let instead = if self.dynamic { String::new() } else { format!(", {value} is used") };
            let message = format!("{}'{}' : '{text}' is not an integer{instead}.", self.prefix, self.name());
            self.diags.warning(self.line, self.at + 1, message);
        }
        value
    }
}

fn to_u32(value: i64) -> u32 {
    u32::try_from(value.clamp(0, i64::from(i32::MAX))).unwrap_or(0)
}

fn limit(cx: &mut ServerCx<'_>, field: fn(&mut ServerConfig) -> &mut u32) -> Result<(), String> {
    let value = to_u32(cx.number());
    *field(&mut cx.draft.config) = value;
    Ok(())
}

fn weight(cx: &mut ServerCx<'_>) -> Result<(), String> {
    let value = cx.number();
    match u32::try_from(value) {
        Ok(weight @ 0..=256) => cx.draft.config.weight = weight,
        _ => return Err(format!("weight of server {} is not within 0 and 256 ({value}).", cx.draft.config.name)),
    }
    Ok(())
}

fn id(cx: &mut ServerCx<'_>) -> Result<(), String> {
    cx.required(": expects an integer argument")?;
    match u32::try_from(cx.number()) {
        Ok(id) if id > 0 && id <= i32::MAX.unsigned_abs() => cx.draft.config.id = id,
        _ => return Err("'id' : custom id has to be > 0".to_owned()),
    }
    Ok(())
}

fn max_reuse(cx: &mut ServerCx<'_>) -> Result<(), String> {
    cx.required("expects <value> as argument.")?;
    cx.draft.config.max_reuse = u32::try_from(cx.number()).ok();
    Ok(())
}

fn pool_max_conn(cx: &mut ServerCx<'_>) -> Result<(), String> {
    cx.required("expects <value> as argument.")?;
    let value = cx.number();
    if value < -1 {
        return Err("'pool-max-conn' must be >= -1".to_owned());
    }
    cx.draft.config.pool_max_conn = u32::try_from(value).ok();
    Ok(())
}

fn pool_low_conn(cx: &mut ServerCx<'_>) -> Result<(), String> {
    cx.required("expects <value> as argument.")?;
    cx.draft.config.pool_low_conn = to_u32(cx.number());
    Ok(())
}

fn pool_purge_delay(cx: &mut ServerCx<'_>) -> Result<(), String> {
    let text = cx.required("expects <value> as argument.")?;
    let time = parse_time(&text, TimeUnit::Milliseconds).map_err(|error| match error {
        UnitError::Unexpected(c) => format!("unexpected character '{c}' in argument to <pool-purge-delay>."),
        _ => overflow(&text, "pool-purge-delay"),
    })?;
    cx.draft.config.pool_purge_delay = Some(time);
    Ok(())
}

fn slowstart(cx: &mut ServerCx<'_>) -> Result<(), String> {
    let text = cx.required("expects a delay as argument.")?;
    let server = &cx.draft.config.name;
    let time = parse_time(&text, TimeUnit::Milliseconds).map_err(|error| match error {
        UnitError::Unexpected(c) => format!("unexpected character '{c}' in 'slowstart' argument of server {server}."),
        _ => format!(
            "overflow in argument <{text}> to <slowstart> of server {server}, maximum value is 2147483647 ms (~24.8 \
             days)."
        ),
    })?;
    cx.draft.config.slowstart = Some(time);
    Ok(())
}

fn redir(cx: &mut ServerCx<'_>) -> Result<(), String> {
    cx.draft.config.redir = Some(cx.required("expects <prefix> as argument.")?);
    Ok(())
}

fn cookie(cx: &mut ServerCx<'_>) -> Result<(), String> {
    cx.draft.config.cookie = Some(cx.required("expects <value> as argument.")?);
    Ok(())
}
