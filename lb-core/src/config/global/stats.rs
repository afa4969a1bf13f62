//! `stats` in the `global` section: the sockets for runtime commands (configuration.txt, section 3.1).

use std::fmt::Write;

use super::Cx;
use crate::config::model::{Address, Stats};
use crate::config::proxy::{number_set, parse_stats_socket};
use crate::units::{TimeUnit, UnitError, parse_time};

/// `stats socket <address> [options]`; there may be several.
pub(super) fn socket(cx: &mut Cx<'_>) {
    if let Some(socket) = parse_stats_socket(cx.line, cx.first, cx.diags) {
        cx.global.stats.sockets.push(socket);
    }
}

/// `stats timeout <time>`
pub(super) fn timeout(cx: &mut Cx<'_>) {
    let text = cx.arg(2);
    match parse_time(text, TimeUnit::Milliseconds) {
        _ if text.is_empty() => cx.alert(2, "'stats timeout' expects a positive value"),
        Ok(time) if time.is_zero() => cx.alert(2, "'stats timeout' expects a positive value"),
        Ok(time) => cx.global.stats.timeout = Some(time),
        Err(UnitError::Unexpected(c)) => cx.alert(2, format!("'stats timeout' : unexpected character '{c}'")),
        Err(_) => cx.alert(
            2,
            format!(
                "timer overflow in argument '{text}' to 'stats timeout' (maximum value is 2147483647 ms or ~24.8 days)"
            ),
        ),
    }
    cx.no_more_than(2);
}

/// `stats maxconn <connections>`
pub(super) fn maxconn(cx: &mut Cx<'_>) {
    match cx.arg(2).parse::<u32>() {
        Ok(maxconn) if maxconn > 0 && maxconn <= i32::MAX.unsigned_abs() => cx.global.stats.maxconn = Some(maxconn),
        _ => cx.alert(2, "'stats maxconn' expects a positive value"),
    }
    cx.no_more_than(2);
}

/// `stats bind-process`: there is one process, which every accepted value names.
pub(super) fn bind_process(cx: &mut Cx<'_>) {
    for index in 2..cx.line.words.len().saturating_sub(cx.first) {
        if let Err(message) = number_set(cx.arg(index), 1) {
            return cx.alert(index, format!("'stats bind-process' : {message}"));
        }
    }
}

/// `stats` with a second word that the table does not have.
pub(super) fn other(cx: &mut Cx<'_>) {
    let text = format!("'stats' only supports 'socket', 'maxconn', 'bind-process' and 'timeout' (got '{}')", cx.arg(1));
    cx.alert(1, text);
}

impl Stats {
    /// Every address of the sockets, as HAPROXY_CLI names them; nothing where there is none.
    pub(in crate::config) fn names(&self) -> Option<String> {
        let mut names = String::new();
        for address in self.sockets.iter().flat_map(|socket| &socket.addresses) {
            let separator = if names.is_empty() { "" } else { ";" };
            let _ = write!(names, "{separator}{}", Named(address));
        }
        (!names.is_empty()).then_some(names)
    }
}

/// An address with its family in front, as `show cli sockets` writes it.
struct Named<'a>(&'a Address);

impl std::fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Address::Inet(address) if address.is_ipv4() => write!(f, "ipv4@{address}"),
            Address::Inet(address) => write!(f, "ipv6@{address}"),
            Address::Unix(path) => write!(f, "unix@{}", path.display()),
            Address::Abstract(name) => write!(f, "abns@{}", String::from_utf8_lossy(name)),
            Address::Fd(number) => write!(f, "fd@{number}"),
        }
    }
}
