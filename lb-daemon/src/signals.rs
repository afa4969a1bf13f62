//! Signals of the process.

use std::io;
use std::thread;

use lb_core::proxy::Proxy;
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTTIN, SIGTTOU, SIGUSR1, SIGUSR2};
use signal_hook::iterator::Signals;

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
        // SIGHUP, SIGQUIT, SIGUSR2, SIGTTIN and SIGTTOU have a meaning in HAProxy that comes later; none may end us.
        let signals = [SIGTERM, SIGINT, SIGUSR1, SIGUSR2, SIGHUP, SIGQUIT, SIGTTIN, SIGTTOU];
        Ok(Self { signals: Signals::new(signals)? })
    }

    /// Serves until a signal or the proxy itself ends it.
    pub(crate) fn wait(mut self, proxy: &Proxy) -> End {
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
                _ => {}
            }
        }
        End::Finished
    }
}

/// Ends the process as the signal would have: what waits for it sees a process ended by that signal, as with HAProxy.
pub(crate) fn die_of(signal: i32) -> u8 {
    // Returns only where the signal's default action does not end a process.
    let _ = signal_hook::low_level::emulate_default_handler(signal);
    u8::try_from(128 + signal).unwrap_or(1)
}
