//! What an operator gets who sends HAProxy a signal: the states of all servers, the memory that is kept.

use super::Proxy;
use crate::log::Level;
use crate::runtime::{CommandError, ErrorCode};
use crate::stats::{PoolState, StateLines};

impl Proxy {
    /// Logs the states of all servers and proxies as HAProxy does on SIGHUP, each proxy's to its own targets, and returns
    /// them: the stats sockets first, where there are any, then the sections in the order of the configuration. Those
    /// that are `disabled` are left out.
    ///
    /// ```no_run
    /// # let proxy = lb_core::proxy::Proxy::builder().start()?;
    /// for line in proxy.dump_states().iter().flat_map(|proxy| &proxy.lines) {
    ///     eprintln!("{line}");
    /// }
    /// # Ok::<(), lb_core::proxy::StartError>(())
    /// ```
    pub fn dump_states(&self) -> Vec<StateLines> {
        let shared = &self.inner.shared;
        let cli = &shared.cli;
        let mut all = Vec::new();
        if !cli.sockets.is_empty() {
            all.push(StateLines::of_cli(cli.connections.current(), cli.connections.accepted()));
        }
        for proxy in self.stats().proxies {
            let states = StateLines::of(&proxy);
            let topology = &shared.topology;
            let targets = match &proxy.frontend {
                Some(_) => topology.frontends.iter().find(|f| f.name == proxy.name).map(|f| f.log.targets()),
                None => topology.backends.iter().find(|b| b.name == proxy.name).map(|b| &b.log_targets),
            };
            if let Some(targets) = targets {
                shared.log.send(targets, Level::Notice, &states.title());
                states.lines.iter().for_each(|line| shared.log.send(targets, Level::Notice, line));
            }
            all.push(states);
        }
        all
    }

    /// Gives the memory back that the workers keep for later, as HAProxy does on SIGQUIT, and says how much that was.
    ///
    /// Waits for the worker threads, which answer between two turns of their event loops; must not be called by one.
    ///
    /// # Errors
    /// When a worker does not answer.
    pub fn flush_pools(&self) -> Result<Vec<PoolState>, CommandError> {
        self.inner.shared.flush_pools().map_err(|error| CommandError::new(ErrorCode::System, error.to_string()))
    }
}
