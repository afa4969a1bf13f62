//! Signals of the process.

use std::io;
use std::thread;

use lb_core::proxy::Proxy;
use lb_core::runtime::{Command, FrontendChange, SetFrontendState};
use lb_core::stats::{FrontendStatus, PoolState};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTTIN, SIGTTOU, SIGUSR1, SIGUSR2};
use signal_hook::iterator::Signals;

use crate::report::Reporter;

/// What ended the process' life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// Every connection was finished after a soft stop.
    Finished,
    /// This signal stopped it at once.
    Killed(i32),
}

/// The signals the process reacts to, held from before the first connection.
pub(crate) struct Life {
    signals: Signals,
}

impl Life {
    /// Takes the signals over. SIGPIPE is ignored: a peer that went away is an error of its connection.
    ///
    /// # Errors
    ///
    /// Where the system refuses a handler.
    pub(crate) fn begin() -> io::Result<Self> {
        // SIGUSR2 has a meaning in HAProxy that comes later; it may not end us.
        let signals = [SIGTERM, SIGINT, SIGUSR1, SIGUSR2, SIGHUP, SIGQUIT, SIGTTIN, SIGTTOU];
        Ok(Self { signals: Signals::new(signals)? })
    }

    /// Serves until a signal or the proxy itself ends it.
    pub(crate) fn wait(mut self, proxy: &Proxy, reporter: &Reporter) -> End {
        let handle = self.signals.handle();
        let watched = proxy.clone();
        thread::spawn(move || {
            watched.wait();
            handle.close();
        });
        for signal in self.signals.forever() {
            match signal {
                SIGTERM | SIGINT => {
                    proxy.stop();
                    proxy.wait();
                    return End::Killed(signal);
                }
                SIGUSR1 => proxy.soft_stop(),
                SIGTTOU => set_frontends(proxy, FrontendStatus::Open, FrontendChange::Disable, reporter),
                SIGTTIN => set_frontends(proxy, FrontendStatus::Paused, FrontendChange::Enable, reporter),
                SIGHUP => dump_states(proxy, reporter),
                SIGQUIT => flush_pools(proxy, reporter),
                _ => {}
            }
        }
        End::Finished
    }
}

/// Tells standard error and the logs of the states of all servers.
fn dump_states(proxy: &Proxy, reporter: &Reporter) {
    reporter.running("SIGHUP received, dumping servers states.");
    proxy.dump_states().iter().flat_map(|states| &states.lines).for_each(|line| reporter.running(line));
}

/// Gives memory back that is kept for later, and tells standard error how much that is.
fn flush_pools(proxy: &Proxy, reporter: &Reporter) {
    match proxy.flush_pools() {
        Ok(pools) => reporter.dump(&PoolState::text(&pools)),
        Err(error) => reporter.running(&format!("SIGQUIT: {error}")),
    }
}

/// Pauses or resumes every frontend that is in this state, as `disable frontend` and `enable frontend` do; what comes of
/// each is logged there.
fn set_frontends(proxy: &Proxy, status: FrontendStatus, state: FrontendChange, reporter: &Reporter) {
    for of in proxy.stats().proxies {
        if of.frontend.is_some_and(|frontend| frontend.status == status) {
            let command = Command::SetFrontendState(SetFrontendState { frontend: of.name.to_string(), state });
            if let Err(error) = proxy.run(&command) {
                reporter.running(&format!("frontend {}: {error}", of.name));
            }
        }
    }
}

/// Ends the process as the signal would have: what waits for it sees a process ended by that signal, as with HAProxy.
pub(crate) fn die_of(signal: i32) -> u8 {
    // Returns only where the signal's default action does not end a process.
    let _ = signal_hook::low_level::emulate_default_handler(signal);
    u8::try_from(128 + signal).unwrap_or(1)
}
