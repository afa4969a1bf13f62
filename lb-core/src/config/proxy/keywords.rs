//! The table of all keywords of the proxy sections, and the rows that `-dK` lists.

use super::{
    Cx, acl, balance, bind, bind_options, capture, checks, email_alert, errors, log, options, persistence, rules,
    server, server_options, server_state, server_template, settings, source, stick, stick_table, switching, timeouts,
};

/// In which of the four sections a keyword may stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sections(u8);

impl Sections {
    /// `defaults`.
    pub const DEFAULTS: Self = Self(1);
    /// `frontend`.
    pub const FRONTEND: Self = Self(2);
    /// `listen`.
    pub const LISTEN: Self = Self(4);
    /// `backend`.
    pub const BACKEND: Self = Self(8);

    /// Both sets together.
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all of `other` is in this set.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// What happens to a keyword in a section of the wrong kind; HAProxy has several texts for it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Wrong {
    /// `'x' ignored because ... has no ... capability.` and a hint.
    Ignored(&'static str),
    /// `'x' will be ignored because ...`.
    WillBeIgnored,
    /// `x will be ignored because ...`.
    WillBeIgnoredBare,
    /// An error.
    NotAllowed,
    /// The keyword's own function says it.
    OwnText,
}

/// A keyword of the proxy sections.
#[derive(Debug)]
pub struct KeywordRow {
    /// The keyword, with its second word where that makes a difference (`timeout client`).
    pub words: &'static str,
    /// Where it may stand.
    pub sections: Sections,
    /// Only in `defaults` sections that have a name.
    pub named_defaults_only: bool,
    pub(super) wrong: Wrong,
    pub(super) parse: Option<fn(&mut Cx<'_>)>,
}

impl KeywordRow {
    /// The keyword without its second word.
    pub fn first_word(&self) -> &'static str {
        self.words.split_once(' ').map_or(self.words, |(first, _)| first)
    }

    /// Whether it is supported; the others are refused by name.
    pub fn supported(&self) -> bool {
        self.parse.is_some()
    }

    const fn wrong(self, wrong: Wrong) -> Self {
        Self { wrong, ..self }
    }
}

const fn row(words: &'static str, sections: Sections, parse: Option<fn(&mut Cx<'_>)>) -> KeywordRow {
    KeywordRow { words, sections, named_defaults_only: false, wrong: Wrong::Ignored(""), parse }
}

const fn named(words: &'static str, sections: Sections, parse: Option<fn(&mut Cx<'_>)>) -> KeywordRow {
    KeywordRow { words, sections, named_defaults_only: true, wrong: Wrong::Ignored(""), parse }
}

const FE_ONLY: Sections = Sections::FRONTEND.or(Sections::LISTEN);
const BE_ONLY: Sections = Sections::LISTEN.or(Sections::BACKEND);
const FE: Sections = Sections::DEFAULTS.or(FE_ONLY);
const BE: Sections = Sections::DEFAULTS.or(BE_ONLY);
const PROXIES: Sections = FE_ONLY.or(BE_ONLY);
const ALL: Sections = Sections::DEFAULTS.or(PROXIES);

/// Every keyword that HAProxy 2.6 knows in these sections.
#[rustfmt::skip]
pub(super) const KEYWORDS: &[KeywordRow] = &[
    named("acl", ALL, Some(acl::parse)),
    row("backlog", FE, Some(settings::backlog)),
    row("balance", BE, Some(balance::parse)),
    row("bind", FE_ONLY, Some(bind::parse)),
    row("bind-process", ALL, Some(settings::bind_process)),
    row("capture", FE_ONLY, Some(capture::capture)),
    row("clitcpka-cnt", FE, Some(settings::keepalive_count)).wrong(Wrong::WillBeIgnoredBare),
    row("clitcpka-idle", FE, Some(settings::keepalive_idle)).wrong(Wrong::WillBeIgnoredBare),
    row("clitcpka-intvl", FE, Some(settings::keepalive_interval)).wrong(Wrong::WillBeIgnoredBare),
    row("compression", ALL, None),
    row("cookie", BE, Some(persistence::cookie)),
    row("declare", FE_ONLY, Some(capture::declare)).wrong(Wrong::OwnText),
    row("default-server", BE, Some(server::parse_default)).wrong(Wrong::NotAllowed),
    row("default_backend", FE, Some(settings::default_backend)),
    row("description", PROXIES, Some(settings::description)),
    row("disabled", ALL, Some(settings::disabled)),
    row("dispatch", BE_ONLY, Some(settings::dispatch)),
    row("dynamic-cookie-key", BE, Some(persistence::dynamic_cookie_key)),
    row("email-alert", ALL, Some(email_alert::parse)),
    row("enabled", ALL, Some(settings::enabled)),
    row("error-log-format", ALL, Some(log::error_log_format)),
    row("errorfile", ALL, Some(errors::errorfile)),
    row("errorfiles", ALL, Some(errors::errorfiles)),
    row("errorloc", ALL, Some(errors::errorloc)),
    row("errorloc302", ALL, Some(errors::errorloc)),
    row("errorloc303", ALL, Some(errors::errorloc)),
    row("external-check", BE, Some(checks::external_check)).wrong(Wrong::OwnText),
    row("filter", PROXIES, None),
    row("force-persist", BE_ONLY, Some(persistence::force_persist)),
    row("fullconn", BE, Some(settings::fullconn)).wrong(Wrong::Ignored(" Maybe you want 'maxconn' instead ?")),
    row("hash-balance-factor", BE, Some(balance::hash_balance_factor)),
    row("hash-type", BE, Some(balance::hash_type)),
    named("http-after-response", ALL, Some(rules::http_after_response)),
    row("http-check", BE, Some(checks::http_check)),
    row("http-error", ALL, Some(errors::http_error)),
    named("http-request", ALL, Some(rules::http_request)),
    named("http-response", ALL, Some(rules::http_response)),
    row("http-reuse", BE, Some(settings::http_reuse)),
    row("http-send-name-header", BE, Some(acl::send_name_header)),
    row("id", PROXIES, Some(settings::id)),
    row("ignore-persist", BE_ONLY, Some(persistence::ignore_persist)),
    row("load-server-state-from-file", BE, Some(server_state::load_server_state)),
    row("log", ALL, Some(log::parse)),
    row("log-format", ALL, Some(log::log_format)),
    row("log-format-sd", ALL, Some(log::log_format_sd)),
    row("log-tag", ALL, Some(log::log_tag)),
    row("max-keep-alive-queue", BE, Some(settings::max_keep_alive_queue)).wrong(Wrong::WillBeIgnoredBare),
    row("maxconn", FE, Some(settings::maxconn)).wrong(Wrong::Ignored(" Maybe you want 'fullconn' instead ?")),
    row("mode", ALL, Some(settings::mode)),
    row("monitor", FE_ONLY, Some(acl::monitor_fail)),
    row("monitor-uri", FE, Some(settings::monitor_uri)),
    row("option", ALL, Some(options::parse)),
    row("persist", BE, Some(persistence::persist)).wrong(Wrong::OwnText),
    row("rate-limit sessions", FE, Some(settings::rate_limit)).wrong(Wrong::WillBeIgnoredBare),
    row("redirect", PROXIES, Some(rules::redirect_line)),
    row("retries", BE, Some(settings::retries)),
    row("retry-on", BE, Some(settings::retry_on)).wrong(Wrong::OwnText),
    row("server", BE_ONLY, Some(server::parse)).wrong(Wrong::NotAllowed),
    row("server-state-file-name", BE, Some(server_state::server_state_file_name)),
    row("server-template", BE_ONLY, Some(server_template::parse)).wrong(Wrong::NotAllowed),
    row("source", BE, Some(source::parse)),
    row("srvtcpka-cnt", BE, Some(settings::keepalive_count)).wrong(Wrong::WillBeIgnoredBare),
    row("srvtcpka-idle", BE, Some(settings::keepalive_idle)).wrong(Wrong::WillBeIgnoredBare),
    row("srvtcpka-intvl", BE, Some(settings::keepalive_interval)).wrong(Wrong::WillBeIgnoredBare),
    row("stats", ALL, None),
    row("stick", BE_ONLY, Some(stick::parse)),
    row("stick-table", PROXIES, Some(stick_table::parse)),
    row("tcp-check", BE, Some(checks::tcp_check)),
    named("tcp-request", ALL, Some(rules::tcp_request)),
    named("tcp-response", ALL, Some(rules::tcp_response)),
    row("timeout check", BE, Some(timeouts::parse)).wrong(Wrong::WillBeIgnored),
    row("timeout client", FE, Some(timeouts::parse)).wrong(Wrong::WillBeIgnored),
    row("timeout client-fin", FE, Some(timeouts::parse)).wrong(Wrong::WillBeIgnored),
    row("timeout connect", BE, Some(timeouts::parse)).wrong(Wrong::WillBeIgnored),
    row("timeout http-keep-alive", ALL, Some(timeouts::parse)).wrong(Wrong::WillBeIgnored),
    row("timeout http-request", ALL, Some(timeouts::parse)).wrong(Wrong::WillBeIgnored),
    row("timeout queue", BE, Some(timeouts::parse)).wrong(Wrong::WillBeIgnored),
    row("timeout server", BE, Some(timeouts::parse)).wrong(Wrong::WillBeIgnored),
    row("timeout server-fin", BE, Some(timeouts::parse)).wrong(Wrong::WillBeIgnored),
    row("timeout tarpit", ALL, Some(timeouts::parse)).wrong(Wrong::WillBeIgnored),
    row("timeout tunnel", BE, Some(timeouts::parse)).wrong(Wrong::WillBeIgnored),
    row("transparent", BE, Some(options::transparent)).wrong(Wrong::OwnText),
    row("unique-id-format", ALL, Some(capture::unique_id_format)),
    row("unique-id-header", ALL, Some(capture::unique_id_header)),
    row("use-fcgi-app", BE_ONLY, None),
    row("use-server", BE_ONLY, Some(switching::use_server)),
    row("use_backend", FE_ONLY, Some(switching::use_backend)),
    row("usesrc", BE, Some(source::lone_usesrc)),
    row("clitimeout", ALL, Some(settings::removed)).wrong(Wrong::OwnText),
    row("contimeout", ALL, Some(settings::removed)).wrong(Wrong::OwnText),
    row("srvtimeout", ALL, Some(settings::removed)).wrong(Wrong::OwnText),
    row("redispatch", ALL, Some(settings::removed)).wrong(Wrong::OwnText),
    row("redisp", ALL, Some(settings::removed)).wrong(Wrong::OwnText),
    row("grace", ALL, Some(settings::removed)).wrong(Wrong::OwnText),
    row("block", ALL, Some(settings::removed)).wrong(Wrong::OwnText),
    row("appsession", ALL, Some(settings::removed)).wrong(Wrong::OwnText),
    row("monitor-net", ALL, Some(settings::removed)).wrong(Wrong::OwnText),
    row("reqadd", ALL, Some(settings::removed)).wrong(Wrong::OwnText),
    row("rspadd", ALL, Some(settings::removed)).wrong(Wrong::OwnText),
    row("reqdel", ALL, Some(settings::removed)).wrong(Wrong::OwnText),
    row("reqrep", ALL, Some(settings::removed)).wrong(Wrong::OwnText),
    row("rspdel", ALL, Some(settings::removed)).wrong(Wrong::OwnText),
    row("rsprep", ALL, Some(settings::removed)).wrong(Wrong::OwnText),
];

/// The row of a keyword, and whether its second word fits. Where several rows share the first word, the second
/// decides; a wrong second word gives the first of them, whose function names the right ones.
pub(super) fn find(keyword: &str, second: &str) -> Option<(&'static KeywordRow, bool)> {
    let mut fallback = None;
    for row in KEYWORDS {
        match row.words.split_once(' ') {
            None if row.words == keyword => return Some((row, true)),
            Some((first, rest)) if first == keyword => {
                if rest == second {
                    return Some((row, true));
                }
                fallback = fallback.or(Some((row, false)));
            }
            _ => {}
        }
    }
    fallback
}

/// Every keyword as `-dK` names it, the sections it may stand in, and whether it is supported: proxy keywords,
/// then the words of `bind`, `server`, `option` and the rule sets.
pub fn keyword_rows() -> impl Iterator<Item = (&'static str, Sections, bool)> {
    let proxy = KEYWORDS.iter().map(|row| (row.words, row.sections, row.supported()));
    let bind = bind_options::OPTIONS.iter().map(|row| (row.shown, FE_ONLY, row.parse.is_some()));
    let server = server_options::OPTIONS.iter().map(|row| (row.shown, BE_ONLY, row.parse.is_some()));
    let option = options::FLAGS.iter().map(|row| (row.shown, row.sections(), row.field.is_some()));
    let rules = rules::ACTIONS.iter().map(|row| (row.shown, ALL, row.supported()));
    proxy.chain(bind).chain(server).chain(option).chain(rules)
}
