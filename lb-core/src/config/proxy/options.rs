//! `option ...`, `no option ...` and `default option ...` (configuration.txt, section 4.2).

use super::keywords::Sections;
use super::settings::leading_integer;
use super::{Cx, Prefix, checks, push_did_you_mean};
use crate::config::address::parse_ip;
use crate::config::model::{
    ConnectionMode, ForwardedHeader, LogFormatChoice, Network, ProxyOptions, RestrictHeaderNames,
};
use crate::config::suggest;

/// On which side of a proxy an option has a meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Side {
    pub(super) frontend: bool,
    pub(super) backend: bool,
}

const FE: Side = Side { frontend: true, backend: false };
const BE: Side = Side { frontend: false, backend: true };
const BOTH: Side = Side { frontend: true, backend: true };

/// An option that is on or off.
#[derive(Debug)]
pub(super) struct Flag {
    pub(super) name: &'static str,
    /// As `-dK` lists it.
    pub(super) shown: &'static str,
    pub(super) side: Side,
    /// Without meaning unless `mode http`.
    pub(super) http: bool,
    /// The switch; `None` where the option is not supported yet.
    pub(super) field: Option<fn(&mut ProxyOptions) -> &mut bool>,
}

impl Flag {
    pub(super) fn sections(&self) -> Sections {
        let sections = Sections::DEFAULTS.or(Sections::LISTEN);
        match (self.side.frontend, self.side.backend) {
            (true, true) => sections.or(Sections::FRONTEND).or(Sections::BACKEND),
            (true, false) => sections.or(Sections::FRONTEND),
            _ => sections.or(Sections::BACKEND),
        }
    }
}

const fn flag(
    name: &'static str,
    shown: &'static str,
    side: Side,
    http: bool,
    field: Option<fn(&mut ProxyOptions) -> &mut bool>,
) -> Flag {
    Flag { name, shown, side, http, field }
}

/// The options that can be switched off with `no`.
#[rustfmt::skip]
pub(super) const FLAGS: &[Flag] = &[
    flag("abortonclose", "option abortonclose [ BE ]", BE, false, Some(|o| &mut o.abortonclose)),
    flag("accept-invalid-http-request", "option accept-invalid-http-request [ FE HTTP ]", FE, true, Some(|o| &mut o.accept_invalid_http_request)),
    flag("accept-invalid-http-response", "option accept-invalid-http-response [ BE HTTP ]", BE, true, Some(|o| &mut o.accept_invalid_http_response)),
    flag("allbackups", "option allbackups [ BE ]", BE, false, Some(|o| &mut o.allbackups)),
    flag("checkcache", "option checkcache [ BE HTTP ]", BE, true, Some(|o| &mut o.checkcache)),
    flag("clitcpka", "option clitcpka [ FE ]", FE, false, Some(|o| &mut o.clitcpka)),
    flag("contstats", "option contstats [ FE ]", FE, false, Some(|o| &mut o.contstats)),
    flag("disable-h2-upgrade", "option disable-h2-upgrade [ FE HTTP ]", FE, true, Some(|o| &mut o.disable_h2_upgrade)),
    flag("dontlog-normal", "option dontlog-normal [ FE ]", FE, false, Some(|o| &mut o.dontlog_normal)),
    flag("dontlognull", "option dontlognull [ FE ]", FE, false, Some(|o| &mut o.dontlognull)),
    flag("h1-case-adjust-bogus-client", "option h1-case-adjust-bogus-client [ FE ]", FE, false, Some(|o| &mut o.h1_case_adjust_bogus_client)),
    flag("h1-case-adjust-bogus-server", "option h1-case-adjust-bogus-server [ BE ]", BE, false, Some(|o| &mut o.h1_case_adjust_bogus_server)),
    flag("http-buffer-request", "option http-buffer-request [ FE BE HTTP ]", BOTH, true, Some(|o| &mut o.http_buffer_request)),
    flag("http-ignore-probes", "option http-ignore-probes [ FE HTTP ]", FE, true, Some(|o| &mut o.http_ignore_probes)),
    flag("http-no-delay", "option http-no-delay [ FE BE HTTP ]", BOTH, true, Some(|o| &mut o.http_no_delay)),
    flag("http-pretend-keepalive", "option http-pretend-keepalive [ BE HTTP ]", BE, true, Some(|o| &mut o.http_pretend_keepalive)),
    flag("http-use-proxy-header", "option http-use-proxy-header [ FE HTTP ]", FE, true, Some(|o| &mut o.http_use_proxy_header)),
    flag("idle-close-on-response", "option idle-close-on-response [ FE HTTP ]", FE, true, Some(|o| &mut o.idle_close_on_response)),
    flag("independent-streams", "option independent-streams [ FE BE ]", BOTH, false, Some(|o| &mut o.independent_streams)),
    flag("log-health-checks", "option log-health-checks [ BE ]", BE, false, Some(|o| &mut o.log_health_checks)),
    flag("log-separate-errors", "option log-separate-errors [ FE ]", FE, false, Some(|o| &mut o.log_separate_errors)),
    flag("logasap", "option logasap [ FE ]", FE, false, Some(|o| &mut o.logasap)),
    flag("nolinger", "option nolinger [ FE BE ]", BOTH, false, Some(|o| &mut o.nolinger)),
    flag("persist", "option persist [ BE ]", BE, false, Some(|o| &mut o.persist)),
    flag("prefer-last-server", "option prefer-last-server [ BE HTTP ]", BE, true, Some(|o| &mut o.prefer_last_server)),
    flag("socket-stats", "option socket-stats [ FE ]", FE, false, Some(|o| &mut o.socket_stats)),
    flag("splice-auto", "option splice-auto [ FE BE ]", BOTH, false, Some(|o| &mut o.splice_auto)),
    flag("splice-request", "option splice-request [ FE BE ]", BOTH, false, Some(|o| &mut o.splice_request)),
    flag("splice-response", "option splice-response [ FE BE ]", BOTH, false, Some(|o| &mut o.splice_response)),
    flag("srvtcpka", "option srvtcpka [ BE ]", BE, false, Some(|o| &mut o.srvtcpka)),
    flag("tcp-smart-accept", "option tcp-smart-accept [ FE ]", FE, false, Some(|o| &mut o.tcp_smart_accept)),
    flag("tcp-smart-connect", "option tcp-smart-connect [ BE ]", BE, false, Some(|o| &mut o.tcp_smart_connect)),
    flag("transparent", "option transparent [ BE ]", BE, false, Some(|o| &mut o.transparent)),
];

/// The other options: name, side, whether `no` and `default` are possible, and what reads it.
type Reader = fn(&mut Cx<'_>);
const OTHERS: &[(&str, Side, bool, Option<Reader>)] = &[
    ("http-server-close", BOTH, true, Some(|cx| connection_mode(cx, ConnectionMode::ServerClose))),
    ("http-keep-alive", BOTH, true, Some(|cx| connection_mode(cx, ConnectionMode::KeepAlive))),
    ("httpclose", BOTH, true, Some(|cx| connection_mode(cx, ConnectionMode::Close))),
    ("redispatch", BE, true, Some(redispatch)),
    ("forwardfor", BOTH, false, Some(|cx| forwarded(cx, "forwardfor"))),
    ("originalto", BOTH, false, Some(|cx| forwarded(cx, "originalto"))),
    ("http-restrict-req-hdr-names", BOTH, false, Some(restrict_header_names)),
    ("httplog", BOTH, false, Some(httplog)),
    ("tcplog", BOTH, false, Some(tcplog)),
    ("httpslog", BOTH, false, None),
    ("tcpka", BOTH, false, Some(tcpka)),
    ("tcp-check", BE, false, Some(checks::option_tcp_check)),
    ("httpchk", BE, false, Some(checks::httpchk)),
    ("external-check", BE, false, Some(checks::external)),
    ("ldap-check", BE, false, Some(checks::ldap)),
    ("mysql-check", BE, false, Some(checks::mysql)),
    ("pgsql-check", BE, false, Some(checks::pgsql)),
    ("redis-check", BE, false, Some(checks::redis)),
    ("smtpchk", BE, false, Some(checks::smtpchk)),
    ("spop-check", BE, false, None),
    ("ssl-hello-chk", BE, false, Some(checks::ssl_hello)),
];

/// The options beside the flags, which `-dK` does not list, and whether each is supported.
pub fn other_options() -> impl Iterator<Item = (&'static str, bool)> {
    OTHERS.iter().map(|(name, _, _, read)| (*name, read.is_some()))
}

pub(super) fn parse(cx: &mut Cx<'_>) {
    let name = cx.arg(1).to_owned();
    if name.is_empty() {
        return cx.alert_line(1, "'option' expects an option name.");
    }
    if let Some(flag) = FLAGS.iter().find(|flag| flag.name == name) {
        return set_flag(cx, flag);
    }
    if let Some((_, side, negatable, read)) = OTHERS.iter().find(|(known, ..)| *known == name) {
        if cx.prefix != Prefix::None && !negatable {
            return cx.alert_line(1, format!("negation/default is not supported for option '{name}'."));
        }
        ignored_here(cx, &name, *side);
        return match read {
            Some(read) => read(cx),
            None => cx.alert(1, format!("'option {name}' is not supported yet.")),
        };
    }
    if cx.prefix != Prefix::None {
        return cx.alert_line(1, format!("negation/default is not supported for option '{name}'."));
    }
    removed_or_unknown(cx, &name);
}

/// `transparent`, the old name of `option transparent`.
pub(super) fn transparent(cx: &mut Cx<'_>) {
    if !cx.too_many(0, "transparent") {
        cx.config().options.transparent = true;
    }
}

fn set_flag(cx: &mut Cx<'_>, flag: &Flag) {
    let what = format!("option {}", flag.name);
    if cx.too_many(1, &what) {
        return;
    }
    ignored_here(cx, flag.name, flag.side);
    match flag.field {
        Some(field) => *field(&mut cx.draft.config.options) = cx.prefix == Prefix::None,
        None => cx.alert(1, format!("'{what}' is not supported yet.")),
    }
}

fn ignored_here(cx: &mut Cx<'_>, name: &str, side: Side) {
    let section = cx.draft.section;
    let capability = match (section.has_frontend(), section.has_backend()) {
        (true, false) if !side.frontend => "backend",
        (false, true) if !side.backend => "frontend",
        _ => return,
    };
    let text = format!(
        "'{name}' ignored because {} '{}' has no {capability} capability.",
        section.label(),
        cx.draft.config.name
    );
    cx.warning(1, text);
}

fn removed_or_unknown(cx: &mut Cx<'_>, name: &str) {
    match name {
        "http-tunnel" => cx.alert_line(
            1,
            "option 'http-tunnel' is not supported any more since HAProxy 2.1, please just remove it, it shouldn't \
             be needed.",
        ),
        "forceclose" => cx.alert_line(
            1,
            "option 'forceclose' is not supported any more since HAProxy 2.0, please just remove it, or use 'option \
             httpclose' if absolutely needed.",
        ),
        _ => {
            let known = FLAGS.iter().map(|flag| flag.name).chain(OTHERS.iter().map(|(known, ..)| *known));
            let near = suggest::nearest(name, known);
            let mut text = format!("unknown option '{name}'");
            match near {
                Some(_) => push_did_you_mean(&mut text, near),
                None => text.push('.'),
            }
            cx.diags.alert_suggest(cx.line, cx.first + 1, text, near);
        }
    }
}

fn connection_mode(cx: &mut Cx<'_>, mode: ConnectionMode) {
    let what = format!("option {}", cx.arg(1));
    if cx.too_many(1, &what) {
        return;
    }
    let current = &mut cx.draft.config.options.connection_mode;
    match cx.prefix {
        Prefix::None => *current = Some(mode),
        // Only the mode that is named is taken back.
        Prefix::No | Prefix::Default if *current == Some(mode) => *current = None,
        Prefix::No | Prefix::Default => {}
    }
}

fn redispatch(cx: &mut Cx<'_>) {
    if cx.prefix != Prefix::None {
        cx.config().redispatch = None;
        return;
    }
    let interval = match cx.arg(2) {
        "" => -1,
        text => {
            let (value, trailing) = leading_integer(text);
            let value = value.clamp(i64::from(i32::MIN), i64::from(i32::MAX)) as i32;
            if let Some(c) = trailing {
                let message = format!(
                    "'option redispatch' : unexpected character '{c}' in integer value '{text}', {value} is used."
                );
                cx.warning(2, message);
            }
            value
        }
    };
    if !cx.arg(3).is_empty() {
        let text = format!("'option redispatch' : argument '{}' has no effect.", cx.arg(3));
        cx.warning(3, text);
    }
    cx.config().redispatch = Some(interval);
}

fn forwarded(cx: &mut Cx<'_>, name: &str) {
    let for_client = name == "forwardfor";
    let header = if for_client { "X-Forwarded-For" } else { "X-Original-To" };
    let mut result = ForwardedHeader { header: header.to_owned(), except: None, if_none: false };
    let mut at = 2;
    loop {
        match cx.arg(at) {
            "" => break,
            "except" => {
                let Some(network) = network(cx.arg(at + 1)) else {
                    let text = format!("'option {name} except' expects <address>[/mask] as argument.");
                    return cx.alert(at + 1, text);
                };
                result.except = Some(network);
                at += 2;
            }
            "header" => {
                let header = cx.arg(at + 1).to_owned();
                if header.is_empty() {
                    let text = format!("'option {name} header' expects <header_name> as argument.");
                    return cx.alert(at + 1, text);
                }
                if !is_token(&header) {
                    let text = format!("'option {name} header' : '{header}' is not a header name.");
                    return cx.alert(at + 1, text);
                }
                result.header = header;
                at += 2;
            }
            "if-none" if for_client => {
                result.if_none = true;
                at += 1;
            }
            _ => {
                let values = if for_client { "'except', 'header' and 'if-none'" } else { "'except' and 'header'" };
                return cx.alert(at, format!("'option {name}' only supports optional values: {values}."));
            }
        }
    }
    let options = &mut cx.config().options;
    if for_client {
        options.forwardfor = Some(result);
    } else {
        options.originalto = Some(result);
    }
}

/// Whether a text can be a header name (RFC 9110, section 5.6.2).
pub(super) fn is_token(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}

/// `address[/mask]`, the mask as prefix length or, for IPv4, dotted.
fn network(text: &str) -> Option<Network> {
    let (address, mask) = match text.split_once('/') {
        Some((address, mask)) => (address, Some(mask)),
        None => (text, None),
    };
    if address.is_empty() || address == "*" {
        return None;
    }
    let address = parse_ip(address).ok()?;
    let longest: u8 = if address.is_ipv4() { 32 } else { 128 };
    let prefix = match mask {
        None => longest,
        Some(mask) => match mask.parse::<u8>() {
            Ok(prefix) => prefix,
            Err(_) if address.is_ipv4() => {
                let bits = u32::from(mask.parse::<std::net::Ipv4Addr>().ok()?);
                let prefix = bits.leading_ones();
                // A mask with holes is no network.
                (prefix + bits.trailing_zeros() >= 32).then_some(prefix as u8)?
            }
            Err(_) => return None,
        },
    };
    (prefix <= longest).then_some(Network { address, prefix })
}

fn restrict_header_names(cx: &mut Cx<'_>) {
    let choice = match cx.arg(2) {
        "preserve" => RestrictHeaderNames::Preserve,
        "delete" => RestrictHeaderNames::Delete,
        "reject" => RestrictHeaderNames::Reject,
        other => {
            let what = if other.is_empty() {
                "missing parameter.".to_owned()
            } else {
                format!("invalid parameter '{other}'.")
            };
            let text =
                format!("{what} option 'http-restrict-req-hdr-names' expects 'preserve', 'reject' or 'delete' option.");
            return cx.alert(2, text);
        }
    };
    if !cx.too_many(2, "option") {
        cx.config().options.http_restrict_req_hdr_names = Some(choice);
    }
}

fn httplog(cx: &mut Cx<'_>) {
    let format = match cx.arg(2) {
        "" => LogFormatChoice::Http,
        "clf" => LogFormatChoice::Clf,
        _ => return cx.alert(2, "keyword 'httplog' only supports option 'clf'."),
    };
    if !cx.too_many(2, "option httplog") {
        set_log_format(cx, "httplog", format);
    }
}

fn tcplog(cx: &mut Cx<'_>) {
    if !cx.too_many(1, "option tcplog") {
        set_log_format(cx, "tcplog", LogFormatChoice::Tcp);
    }
}

fn set_log_format(cx: &mut Cx<'_>, name: &str, format: LogFormatChoice) {
    if !cx.draft.section.has_frontend() {
        let text = format!("backend '{}' : 'option {name}' directive is ignored in backends.", cx.draft.config.name);
        return cx.warning(1, text);
    }
    cx.config().log_format = format;
    cx.draft.httplog_line = (name == "httplog").then(|| cx.line.clone());
}

fn tcpka(cx: &mut Cx<'_>) {
    if cx.too_many(1, "option tcpka") {
        return;
    }
    let section = cx.draft.section;
    let options = &mut cx.config().options;
    options.clitcpka |= section.has_frontend();
    options.srvtcpka |= section.has_backend();
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn networks() {
        for (text, prefix) in [
            ("127.0.0.0/8", 8),
            ("127.0.0.1", 32),
            ("::1", 128),
            ("2001:db8::/32", 32),
            ("10.0.0.0/255.0.0.0", 8),
            ("0.0.0.0/0", 0),
            ("0.0.0.0/0.0.0.0", 0),
        ] {
            assert_eq!(network(text).unwrap().prefix, prefix, "{text}");
        }
        for text in ["", "/8", "x!", "10.0.0.0/33", "::/129", "10.0.0.0/255.0.255.0", "::/255.0.0.0", "10.0.0.0/"] {
            assert_eq!(network(text), None, "{text}");
        }
    }
}
