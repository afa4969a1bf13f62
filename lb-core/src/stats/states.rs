//! The states of servers and proxies in HAProxy's words, as it tells them on SIGHUP.

use std::sync::Arc;

use super::snapshot::{ProxySnapshot, ServerSnapshot};

/// The states of a proxy and of its servers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateLines {
    /// The proxy.
    pub proxy: Arc<str>,
    /// A line for each server, and one for the proxy.
    pub lines: Vec<String>,
}

impl StateLines {
    /// What its logs get before the lines.
    pub fn title(&self) -> String {
        format!("SIGHUP received, dumping servers states for proxy {}.", self.proxy)
    }

    pub(crate) fn of(proxy: &ProxySnapshot) -> Self {
        let servers = proxy.backend.iter().flat_map(|backend| &backend.servers);
        let mut lines: Vec<String> = servers.map(|server| of_server(&proxy.name, server)).collect();
        lines.push(of_proxy(proxy));
        Self { proxy: Arc::clone(&proxy.name), lines }
    }

    /// Of the proxy that HAProxy has for the stats sockets.
    pub(crate) fn of_cli(open: u32, accepted: u64) -> Self {
        let name: Arc<str> = Arc::from("GLOBAL");
        let line = format!(
            "SIGHUP: Proxy {name} has no servers. Conn: act(FE+BE): {open}+{open}, 0 pend (0 unass), \
             tot(FE+BE): {accepted}+{accepted}."
        );
        Self { proxy: name, lines: vec![line] }
    }
}

fn of_server(proxy: &str, server: &ServerSnapshot) -> String {
    let state = if server.status.is_down() { "DOWN" } else { "UP" };
    format!(
        "SIGHUP: Server {proxy}/{} is {state}. Conn: {} act, {} pend, {} tot.",
        server.name, server.sessions.current, server.queue.current, server.totals.sessions
    )
}

fn of_proxy(proxy: &ProxySnapshot) -> String {
    let servers = match &proxy.backend {
        Some(backend) if !backend.servers.is_empty() => match (backend.active, backend.backup) {
            (0, 0) => "has no server available !".to_owned(),
            (0, _) => "is running on backup servers !".to_owned(),
            (active, backup) => format!("has {active} active servers and {backup} backup servers available."),
        },
        _ => "has no servers.".to_owned(),
    };
    let (open, accepted) =
        proxy.frontend.as_ref().map_or((0, 0), |frontend| (frontend.sessions.current, frontend.totals.connections));
    let (sessions, total, unassigned, waiting) = proxy.backend.as_ref().map_or((0, 0, 0, 0), |backend| {
        let queued: u32 = backend.servers.iter().map(|server| server.queue.current).sum();
        let unassigned = backend.queue.current;
        (backend.sessions.current, backend.totals.sessions, unassigned, unassigned.saturating_add(queued))
    });
    format!(
        "SIGHUP: Proxy {} {servers} Conn: act(FE+BE): {open}+{sessions}, {waiting} pend ({unassigned} unass), \
         tot(FE+BE): {accepted}+{total}.",
        proxy.name
    )
}
