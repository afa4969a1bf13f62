//! Every keyword of the `global` section that HAProxy 2.6 knows, and what reads it here.

use super::{Cx, cpu_map, http1, limits, process, stats, tls, tune, unix_bind, variables};

/// A keyword of the section.
pub(super) struct Row {
    /// The keyword, with its second word where that makes a difference.
    pub(super) words: &'static str,
    /// Whether the keyword can be used; the others have a function only for its error text.
    pub(super) usable: bool,
    /// What reads it; keywords without are refused by name.
    pub(super) parse: Option<fn(&mut Cx<'_>)>,
}

impl Row {
    /// The keyword without its second word.
    pub(super) fn first_word(&self) -> &'static str {
        self.words.split_once(' ').map_or(self.words, |(first, _)| first)
    }
}

/// The keywords and whether each is supported, in the order of `-dK`.
pub fn keyword_rows() -> impl Iterator<Item = (&'static str, bool)> {
    ROWS.iter().map(|row| (row.words, row.usable))
}

/// The row of a keyword; where rows share the first word, the second decides, or the first of them is it.
pub(super) fn find(keyword: &str, second: &str) -> Option<&'static Row> {
    let mut candidates = ROWS.iter().filter(|row| row.first_word() == keyword);
    let exact = candidates.clone().find(|row| row.words.split_once(' ').is_some_and(|(_, word)| word == second));
    exact.or_else(|| candidates.next())
}

const fn row(words: &'static str, parse: fn(&mut Cx<'_>)) -> Row {
    Row { words, usable: true, parse: Some(parse) }
}

/// A keyword that is gone, or nothing without its second word.
const fn refused(words: &'static str, parse: fn(&mut Cx<'_>)) -> Row {
    Row { words, usable: false, parse: Some(parse) }
}

const fn later(words: &'static str) -> Row {
    Row { words, usable: false, parse: None }
}

/// In the order of their names.
pub(super) const ROWS: &[Row] = &[
    later("busy-polling"),
    row("ca-base", tls::ca_base),
    row("chroot", process::chroot),
    row("close-spread-time", process::close_spread_time),
    later("cluster-secret"),
    row("cpu-map", cpu_map::cpu_map),
    row("crt-base", tls::crt_base),
    row("daemon", process::daemon),
    row("default-path", process::default_path),
    row("description", process::description),
    row("expose-experimental-directives", process::expose_experimental_directives),
    row("external-check", process::external_check),
    row("gid", process::gid),
    row("grace", process::grace),
    row("group", process::group),
    row("h1-accept-payload-with-any-method", http1::accept_payload),
    row("h1-case-adjust", http1::h1_case_adjust),
    row("h1-case-adjust-file", http1::h1_case_adjust_file),
    row("h2-workaround-bogus-websocket-clients", process::hide_connect_protocol),
    row("hard-stop-after", process::hard_stop_after),
    later("httpclient.resolvers.id"),
    later("httpclient.resolvers.prefer"),
    later("httpclient.ssl.ca-file"),
    later("httpclient.ssl.verify"),
    row("identity", process::identity),
    row("insecure-fork-wanted", process::insecure_fork_wanted),
    later("insecure-setuid-wanted"),
    later("issuers-chain-path"),
    row("localpeer", process::localpeer),
    row("log", process::log),
    row("log-send-hostname", process::log_send_hostname),
    row("log-tag", process::log_tag),
    later("lua-load"),
    later("lua-load-per-thread"),
    later("lua-prepend-path"),
    later("master-worker"),
    row("max-spread-checks", limits::max_spread_checks),
    later("maxcompcpuusage"),
    later("maxcomprate"),
    row("maxconn", limits::maxconn),
    row("maxconnrate", limits::maxconnrate),
    row("maxpipes", limits::maxpipes),
    row("maxsessrate", limits::maxsessrate),
    later("maxsslconn"),
    row("maxsslrate", limits::maxsslrate),
    later("maxzlibmem"),
    later("mworker-max-reloads"),
    refused("nbproc", limits::nbproc),
    row("nbthread", limits::nbthread),
    later("no-memory-trimming"),
    row("node", process::node),
    later("noepoll"),
    later("noevports"),
    later("nogetaddrinfo"),
    later("nokqueue"),
    later("nopoll"),
    row("noreuseport", process::noreuseport),
    row("nosplice", process::nosplice),
    later("numa-cpu-mapping"),
    row("pidfile", process::pidfile),
    row("pp2-never-send-local", process::pp2_never_send_local),
    row("presetenv", process::set_environment),
    later("profiling.tasks"),
    row("quiet", process::quiet),
    row("resetenv", process::reset_environment),
    row("server-state-base", process::server_state_base),
    row("server-state-file", process::server_state_file),
    later("set-dumpable"),
    row("set-var", variables::set_var),
    row("set-var-fmt", variables::set_var_fmt),
    row("setenv", process::set_environment),
    row("spread-checks", limits::spread_checks),
    row("ssl-default-bind-ciphers", tls::default_bind_list),
    row("ssl-default-bind-ciphersuites", tls::default_bind_list),
    row("ssl-default-bind-curves", tls::default_bind_list),
    row("ssl-default-bind-options", tls::default_bind_options),
    row("ssl-default-server-ciphers", tls::default_server_list),
    row("ssl-default-server-ciphersuites", tls::default_server_list),
    row("ssl-default-server-options", tls::default_server_options),
    row("ssl-dh-param-file", tls::dh_param_file),
    later("ssl-engine"),
    later("ssl-load-extra-del-ext"),
    later("ssl-load-extra-files"),
    later("ssl-mode-async"),
    later("ssl-propquery"),
    later("ssl-provider"),
    later("ssl-provider-path"),
    row("ssl-server-verify", tls::ssl_server_verify),
    later("ssl-skip-self-issued-ca"),
    refused("stats", stats::other),
    row("stats bind-process", stats::bind_process),
    row("stats maxconn", stats::maxconn),
    row("stats socket", stats::socket),
    row("stats timeout", stats::timeout),
    row("strict-limits", process::strict_limits),
    later("thread-group"),
    row("thread-groups", limits::thread_groups),
    later("tune.buffers.limit"),
    later("tune.buffers.reserve"),
    row("tune.bufsize", tune::bufsize),
    refused("tune.chksize", tune::chksize),
    later("tune.comp.maxlevel"),
    later("tune.fail-alloc"),
    later("tune.fd.edge-triggered"),
    row("tune.h2.header-table-size", tune::h2_header_table_size),
    row("tune.h2.initial-window-size", tune::h2_initial_window_size),
    row("tune.h2.max-concurrent-streams", tune::h2_max_concurrent_streams),
    row("tune.h2.max-frame-size", tune::h2_max_frame_size),
    row("tune.http.cookielen", tune::http_cookielen),
    row("tune.http.logurilen", tune::http_logurilen),
    row("tune.http.maxhdr", tune::http_maxhdr),
    row("tune.idle-pool.shared", tune::idle_pool_shared),
    later("tune.idletimer"),
    later("tune.listener.multi-queue"),
    later("tune.lua.forced-yield"),
    later("tune.lua.maxmem"),
    later("tune.lua.service-timeout"),
    later("tune.lua.session-timeout"),
    later("tune.lua.task-timeout"),
    row("tune.maxaccept", tune::maxaccept),
    later("tune.maxpollevents"),
    row("tune.maxrewrite", tune::maxrewrite),
    later("tune.pattern.cache-size"),
    later("tune.peers.max-updates-at-once"),
    row("tune.pipesize", tune::pipesize),
    row("tune.pool-high-fd-ratio", tune::pool_high_fd_ratio),
    later("tune.pool-low-fd-ratio"),
    row("tune.rcvbuf.client", tune::rcvbuf_client),
    row("tune.rcvbuf.server", tune::rcvbuf_server),
    later("tune.recv_enough"),
    later("tune.runqueue-depth"),
    later("tune.sched.low-latency"),
    row("tune.sndbuf.client", tune::sndbuf_client),
    row("tune.sndbuf.server", tune::sndbuf_server),
    row("tune.ssl.cachesize", tls::cachesize),
    later("tune.ssl.capture-buffer-size"),
    later("tune.ssl.capture-cipherlist-size"),
    row("tune.ssl.default-dh-param", tls::default_dh_param),
    later("tune.ssl.force-private-cache"),
    later("tune.ssl.hard-maxrecord"),
    later("tune.ssl.keylog"),
    row("tune.ssl.lifetime", tls::lifetime),
    later("tune.ssl.maxrecord"),
    later("tune.ssl.ssl-ctx-cache-size"),
    row("tune.vars.check-max-size", variables::check_max_size),
    row("tune.vars.global-max-size", variables::global_max_size),
    row("tune.vars.proc-max-size", variables::proc_max_size),
    row("tune.vars.reqres-max-size", variables::reqres_max_size),
    row("tune.vars.sess-max-size", variables::sess_max_size),
    row("tune.vars.txn-max-size", variables::txn_max_size),
    row("uid", process::uid),
    row("ulimit-n", limits::ulimit_n),
    row("unix-bind", unix_bind::unix_bind),
    row("unsetenv", process::unset_environment),
    row("user", process::user),
    row("zero-warning", process::zero_warning),
];
