//! Frontends that stop accepting and accept again, for all workers at once.

use std::io;
use std::sync::{Arc, PoisonError};

use super::{ListenerContext, Shared};
use crate::log::Notice;
use crate::topology::Frontend;

impl Shared {
    /// A line for the logs of a frontend and for whoever started the instance.
    fn tell(&self, frontend: &Frontend, notice: &Notice) {
        self.log.send(frontend.log.targets(), notice.level(), &notice.to_string());
        self.log_hooks.notice(notice);
    }

    fn listeners_of(&self, frontend: &Frontend) -> impl Iterator<Item = &Arc<ListenerContext>> {
        let index = frontend.index;
        self.listeners.iter().filter(move |listener| listener.frontend.index == index)
    }

    /// Has a frontend accept nothing until it is resumed. Clients of its IP addresses are refused; those of its UNIX
    /// sockets wait.
    pub(crate) fn pause_frontend(&self, frontend: &Frontend) {
        if frontend.gate.pause() {
            self.listeners_of(frontend).for_each(|listener| listener.stop_listening());
            let listen = frontend.config.kind.is_backend();
            self.tell(frontend, &Notice::ProxyPaused { proxy: Arc::clone(&frontend.name), listen });
        }
    }

    /// Has a paused frontend accept again.
    ///
    /// # Errors
    /// When an address cannot be listened on again; the frontend stays paused then.
    pub(crate) fn resume_frontend(&self, frontend: &Frontend) -> io::Result<()> {
        for listener in self.listeners_of(frontend) {
            if let Err(error) = listener.listen_again() {
                self.listeners_of(frontend).for_each(|listener| listener.stop_listening());
                return Err(error);
            }
        }
        if frontend.gate.resume() {
            let listen = frontend.config.kind.is_backend();
            self.tell(frontend, &Notice::ProxyResumed { proxy: Arc::clone(&frontend.name), listen });
        }
        Ok(())
    }

    /// Closes the sockets of a frontend for ever. What it serves is served to its end.
    pub(crate) fn stop_frontend(&self, frontend: &Frontend) {
        if !frontend.gate.stop() {
            return;
        }
        for listener in self.listeners_of(frontend) {
            if listener.own {
                listener.stop_listening();
            }
            listener.close();
        }
        let connections = frontend.stats.counters.totals().connections;
        let own = frontend.own_backend.and_then(|index| self.topology.backends.get(index));
        let backend = own.map_or(0, |entry| entry.backend.stats.counters.totals().sessions);
        let proxy = Arc::clone(&frontend.name);
        self.tell(frontend, &Notice::ProxyStopped { proxy, frontend: connections, backend });
    }

    /// The instance ends: nothing of the listening sockets is needed any more.
    pub(super) fn close_listeners(&self) {
        self.listeners.iter().for_each(|listener| listener.close());
    }
}

impl ListenerContext {
    /// Refuses connections: those that nobody accepted yet, too.
    fn stop_listening(&self) {
        for socket in self.sockets.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            socket.pause();
        }
    }

    fn listen_again(&self) -> io::Result<()> {
        self.sockets
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
            .try_for_each(|socket| socket.resume(self.backlog))
    }

    /// Gives the handles up that commands use.
    fn close(&self) {
        self.sockets.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
