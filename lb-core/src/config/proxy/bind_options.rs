//! The words of `bind` behind its addresses (configuration.txt, section 5.1).

mod ssl;
mod threads;

use super::settings::leading_integer;
use super::timeouts::overflow;
use crate::config::account;
use crate::config::diagnostic::Diagnostics;
use crate::config::document::Line;
use crate::config::model::{BindOptions, BindSsl, Proto};
use crate::net::Namespace;
use crate::runtime::{Level, SeverityOutput};
use crate::units::{TimeUnit, UnitError, parse_time};
pub(super) use ssl::alpn_list;
use ssl::{alpn, ciphers, ciphersuites, crt, curves, ecdhe, shared};
pub(in crate::config) use threads::number_set;
use threads::{process, shards, thread};

/// HAProxy's limit of threads, which thread sets are resolved against.
const MAX_THREADS: u16 = 64;

/// A word after the address.
#[derive(Debug)]
pub(super) struct BindOption {
    pub(super) name: &'static str,
    /// As `-dK` lists it.
    pub(super) shown: &'static str,
    /// How many words follow it.
    pub(super) arguments: usize,
    pub(super) parse: Option<OptionReader>,
}

type OptionReader = fn(&mut BindCx<'_>) -> Result<(), String>;

const fn option(name: &'static str, shown: &'static str, arguments: usize, parse: Option<OptionReader>) -> BindOption {
    BindOption { name, shown, arguments, parse }
}

/// Every word that HAProxy 2.6 knows after the address.
#[rustfmt::skip]
pub(super) const OPTIONS: &[BindOption] = &[
    option("accept-netscaler-cip", "bind <addr> accept-netscaler-cip +1", 1, Some(accept_netscaler_cip)),
    option("accept-proxy", "bind <addr> accept-proxy", 0, Some(|cx| cx.set(|o| o.accept_proxy = true))),
    option("backlog", "bind <addr> backlog +1", 1, Some(backlog)),
    option("defer-accept", "bind <addr> defer-accept", 0, Some(|cx| cx.set(|o| o.defer_accept = true))),
    option("expose-fd", "bind <addr> expose-fd +1", 1, None),
    option("gid", "bind <addr> gid +1", 1, Some(|cx| cx.number_id(|o| &mut o.gid))),
    option("group", "bind <addr> group +1", 1, Some(group)),
    option("id", "bind <addr> id +1", 1, Some(id)),
    option("interface", "bind <addr> interface +1", 1, Some(interface)),
    option("level", "bind <addr> level +1", 1, Some(level)),
    option("maxconn", "bind <addr> maxconn +1", 1, Some(maxconn)),
    option("mode", "bind <addr> mode +1", 1, Some(mode)),
    option("mss", "bind <addr> mss +1", 1, Some(mss)),
    option("name", "bind <addr> name +1", 1, Some(name)),
    option("namespace", "bind <addr> namespace +1", 1, Some(namespace)),
    option("nice", "bind <addr> nice +1", 1, Some(nice)),
    option("process", "bind <addr> process +1", 1, Some(process)),
    option("proto", "bind <addr> proto +1", 1, Some(proto)),
    option("severity-output", "bind <addr> severity-output +1", 1, Some(severity_output)),
    option("shards", "bind <addr> shards +1", 1, Some(shards)),
    option("tcp-ut", "bind <addr> tcp-ut +1", 1, Some(tcp_ut)),
    option("tfo", "bind <addr> tfo", 0, Some(|cx| cx.set(|o| o.tfo = true))),
    option("thread", "bind <addr> thread +1", 1, Some(thread)),
    option("transparent", "bind <addr> transparent", 0, Some(|cx| cx.set(|o| o.transparent = true))),
    option("uid", "bind <addr> uid +1", 1, Some(|cx| cx.number_id(|o| &mut o.uid))),
    option("user", "bind <addr> user +1", 1, Some(user)),
    option("v4v6", "bind <addr> v4v6", 0, Some(|cx| cx.set(|o| o.v4v6 = true))),
    option("v6only", "bind <addr> v6only", 0, Some(|cx| cx.set(|o| o.v6only = true))),
    option("allow-0rtt", "bind <addr> ssl allow-0rtt", 0, None),
    option("alpn", "bind <addr> ssl alpn +1", 1, Some(alpn)),
    option("ca-file", "bind <addr> ssl ca-file +1", 1, None),
    option("ca-ignore-err", "bind <addr> ssl ca-ignore-err +1", 1, None),
    option("ca-sign-file", "bind <addr> ssl ca-sign-file +1", 1, None),
    option("ca-sign-pass", "bind <addr> ssl ca-sign-pass +1", 1, None),
    option("ca-verify-file", "bind <addr> ssl ca-verify-file +1", 1, None),
    option("ciphers", "bind <addr> ssl ciphers +1", 1, Some(ciphers)),
    option("ciphersuites", "bind <addr> ssl ciphersuites +1", 1, Some(ciphersuites)),
    option("crl-file", "bind <addr> ssl crl-file +1", 1, None),
    option("crt", "bind <addr> ssl crt +1", 1, Some(crt)),
    option("crt-ignore-err", "bind <addr> ssl crt-ignore-err +1", 1, None),
    option("crt-list", "bind <addr> ssl crt-list +1", 1, None),
    option("curves", "bind <addr> ssl curves +1", 1, Some(curves)),
    option("ecdhe", "bind <addr> ssl ecdhe +1", 1, Some(ecdhe)),
    option("force-sslv3", "bind <addr> ssl force-sslv3", 0, Some(shared)),
    option("force-tlsv10", "bind <addr> ssl force-tlsv10", 0, Some(shared)),
    option("force-tlsv11", "bind <addr> ssl force-tlsv11", 0, Some(shared)),
    option("force-tlsv12", "bind <addr> ssl force-tlsv12", 0, Some(shared)),
    option("force-tlsv13", "bind <addr> ssl force-tlsv13", 0, Some(shared)),
    option("generate-certificates", "bind <addr> ssl generate-certificates", 0, None),
    option("no-ca-names", "bind <addr> ssl no-ca-names", 0, None),
    option("no-sslv3", "bind <addr> ssl no-sslv3", 0, Some(shared)),
    option("no-tls-tickets", "bind <addr> ssl no-tls-tickets", 0, Some(shared)),
    option("no-tlsv10", "bind <addr> ssl no-tlsv10", 0, Some(shared)),
    option("no-tlsv11", "bind <addr> ssl no-tlsv11", 0, Some(shared)),
    option("no-tlsv12", "bind <addr> ssl no-tlsv12", 0, Some(shared)),
    option("no-tlsv13", "bind <addr> ssl no-tlsv13", 0, Some(shared)),
    option("npn", "bind <addr> ssl npn +1", 1, None),
    option("prefer-client-ciphers", "bind <addr> ssl prefer-client-ciphers", 0, Some(|cx| cx.tls(|tls| tls.options.prefer_client_ciphers = true))),
    option("ssl-max-ver", "bind <addr> ssl ssl-max-ver +1", 1, Some(shared)),
    option("ssl-min-ver", "bind <addr> ssl ssl-min-ver +1", 1, Some(shared)),
    option("strict-sni", "bind <addr> ssl strict-sni", 0, Some(|cx| cx.tls(|tls| tls.strict_sni = true))),
    option("tls-ticket-keys", "bind <addr> ssl tls-ticket-keys +1", 1, None),
    option("verify", "bind <addr> ssl verify +1", 1, None),
    option("ssl", "bind <addr> ssl", 0, Some(|cx| { cx.ssl = true; Ok(()) })),
];

/// An option being read.
pub(super) struct BindCx<'a> {
    pub(super) line: &'a Line,
    /// Index of the option's own word.
    pub(super) at: usize,
    pub(super) options: BindOptions,
    pub(super) tls: BindSsl,
    pub(super) ssl: bool,
    /// How many addresses the line has, port ranges counted in full.
    pub(super) addresses: usize,
    /// What messages begin with.
    pub(super) prefix: String,
    /// Whether the line is a `stats socket`.
    pub(super) stats: bool,
    pub(super) diags: &'a mut Diagnostics,
}

impl BindCx<'_> {
    fn value(&self) -> &str {
        self.line.arg(self.at + 1)
    }

    fn required(&self, missing: &str) -> Result<String, String> {
        match self.value() {
            "" => Err(format!("'{}' : {missing}", self.line.arg(self.at))),
            value => Ok(value.to_owned()),
        }
    }

    /// An integer as HAProxy reads it, with a warning about what does not belong to it.
    fn number(&mut self) -> Result<i64, String> {
        let text = self.required("missing value")?;
        let (value, trailing) = leading_integer(&text);
        if let Some(c) = trailing {
            let message = format!(
                "{} : '{}' : unexpected character '{c}' in integer value '{text}', {value} is used.",
                self.prefix,
                self.line.arg(self.at)
            );
            self.diags.warning(self.line, self.at + 1, message);
        }
        Ok(value)
    }

    fn set(&mut self, set: fn(&mut BindOptions)) -> Result<(), String> {
        set(&mut self.options);
        Ok(())
    }

    fn tls(&mut self, set: fn(&mut BindSsl)) -> Result<(), String> {
        set(&mut self.tls);
        Ok(())
    }

    fn number_id(&mut self, field: fn(&mut BindOptions) -> &mut Option<u32>) -> Result<(), String> {
        let value = self.number()?;
        *field(&mut self.options) = u32::try_from(value).ok();
        Ok(())
    }
}

fn backlog(cx: &mut BindCx<'_>) -> Result<(), String> {
    let value = cx.number()?;
    if value < 0 {
        return Err(format!("'backlog' : invalid value {value}, must be > 0"));
    }
    cx.options.backlog = positive(value);
    Ok(())
}

fn maxconn(cx: &mut BindCx<'_>) -> Result<(), String> {
    let value = cx.number()?;
    if value < 0 {
        return Err(format!("'maxconn' : invalid value {value}, must be >= 0"));
    }
    cx.options.maxconn = positive(value);
    Ok(())
}

fn accept_netscaler_cip(cx: &mut BindCx<'_>) -> Result<(), String> {
    let text = cx.required("missing value")?;
    let magic = text.parse::<u32>().ok().filter(|magic| *magic > 0);
    // The same for what HAProxy reads as far as it is a number, and for what has more than 32 bits.
    let wrong = || format!("'accept-netscaler-cip' : invalid value {}, must be >= 0", leading_integer(&text).0);
    cx.options.accept_netscaler_cip = Some(magic.ok_or_else(wrong)?);
    Ok(())
}

/// 0 is "not set" for the limits of a listener.
fn positive(value: i64) -> Option<u32> {
    u32::try_from(value.min(i64::from(i32::MAX))).ok().filter(|value| *value > 0)
}

fn name(cx: &mut BindCx<'_>) -> Result<(), String> {
    cx.options.name = Some(cx.required("missing name")?);
    Ok(())
}

fn interface(cx: &mut BindCx<'_>) -> Result<(), String> {
    cx.options.interface = Some(cx.required("missing interface name")?);
    Ok(())
}

fn namespace(cx: &mut BindCx<'_>) -> Result<(), String> {
    let name = cx.required("missing namespace id")?;
    known_namespace(&name).map_err(|fault| format!("'namespace' : {fault}"))?;
    cx.options.namespace = Some(name);
    Ok(())
}

/// Whether there is such a network namespace.
pub(super) fn known_namespace(name: &str) -> Result<(), String> {
    Namespace::open(name).map(drop).map_err(|_| format!("Cannot open namespace '{name}'."))
}

fn nice(cx: &mut BindCx<'_>) -> Result<(), String> {
    let value = cx.number()?;
    match i16::try_from(value) {
        Ok(nice) if (-1024..=1024).contains(&nice) => cx.options.nice = nice,
        _ => return Err(format!("'nice' : invalid value {value}, allowed range is -1024..1024")),
    }
    Ok(())
}

fn id(cx: &mut BindCx<'_>) -> Result<(), String> {
    if cx.addresses != 1 {
        return Err("'id' can only be used with a single socket".to_owned());
    }
    let text = cx.required("expects an integer argument")?;
    let (value, trailing) = leading_integer(&text);
    if trailing.is_some() {
        return Err(format!("'id' : expects an integer argument, found '{text}'"));
    }
    match u32::try_from(value) {
        Ok(id) if id > 0 && id <= i32::MAX.unsigned_abs() => cx.options.id = Some(id),
        _ => return Err("'id' : custom id has to be > 0".to_owned()),
    }
    Ok(())
}

fn mode(cx: &mut BindCx<'_>) -> Result<(), String> {
    let mode = socket_mode(cx.value()).map_err(|fault| format!("'mode' : {fault}"))?;
    cx.options.mode = Some(mode);
    Ok(())
}

/// The permissions of a UNIX socket.
pub(in crate::config) fn socket_mode(text: &str) -> Result<u32, String> {
    let digits = !text.is_empty() && text.bytes().all(|b| (b'0'..=b'7').contains(&b));
    let mode = u32::from_str_radix(text, 8).ok().filter(|mode| digits && *mode <= 0o7777);
    mode.ok_or_else(|| format!("missing or invalid mode '{text}' (octal integer expected)"))
}

fn level(cx: &mut BindCx<'_>) -> Result<(), String> {
    let word = cx.required("missing level")?;
    let found = Level::from_word(&word);
    cx.options.level = found;
    found.map(|_| ()).ok_or_else(|| format!("'level' only supports 'user', 'operator', and 'admin' (got '{word}')"))
}

fn severity_output(cx: &mut BindCx<'_>) -> Result<(), String> {
    let word = cx.required("missing severity format")?;
    let found = SeverityOutput::from_word(&word);
    cx.options.severity_output = found;
    found
        .map(|_| ())
        .ok_or_else(|| format!("'severity-output' only supports 'none', 'number', and 'string' (got '{word}')"))
}

fn mss(cx: &mut BindCx<'_>) -> Result<(), String> {
    let text = cx.required("missing MSS value")?;
    let (value, trailing) = leading_integer(&text);
    match i32::try_from(value) {
        Ok(mss) if trailing.is_none() && (1..=65535).contains(&mss.unsigned_abs()) => cx.options.mss = Some(mss),
        _ => return Err("'mss' : expects an MSS with and absolute value between 1 and 65535".to_owned()),
    }
    Ok(())
}

fn tcp_ut(cx: &mut BindCx<'_>) -> Result<(), String> {
    let text = cx.required("missing TCP User Timeout value")?;
    let time = parse_time(&text, TimeUnit::Milliseconds).map_err(|error| match error {
        UnitError::TimeOverflow => overflow(&text, "tcp-ut"),
        _ => "'tcp-ut' : expects a positive delay in milliseconds".to_owned(),
    })?;
    cx.options.tcp_user_timeout = (!time.is_zero()).then_some(time);
    Ok(())
}

fn proto(cx: &mut BindCx<'_>) -> Result<(), String> {
    cx.options.proto = Some(protocol(&cx.required("missing value")?)?);
    Ok(())
}

/// `proto` of `bind` and `server`.
pub(super) fn protocol(name: &str) -> Result<Proto, String> {
    match name {
        "h1" => Ok(Proto::H1),
        "h2" => Ok(Proto::H2),
        "none" | "fcgi" | "spop" => Err(format!("'proto' : MUX protocol '{name}' is not supported yet")),
        _ => Err(format!("'proto' :  unknown MUX protocol '{name}'")),
    }
}

fn user(cx: &mut BindCx<'_>) -> Result<(), String> {
    let name = cx.required("missing user name")?;
    let found = account::user_id(&name).ok_or_else(|| format!("'user' : unknown user name '{name}'"))?;
    cx.options.uid = Some(found);
    Ok(())
}

fn group(cx: &mut BindCx<'_>) -> Result<(), String> {
    let name = cx.required("missing group name")?;
    let found = account::group_id(&name).ok_or_else(|| format!("'group' : unknown group name '{name}'"))?;
    cx.options.gid = Some(found);
    Ok(())
}
