//! Frontends that stop accepting and accept again, for all workers at once.

use std::io;
use std::sync::{Arc, PoisonError};

use super::{ListenerContext, Shared};
use crate::listener::{FrontendEvent, FrontendEventKind};
use crate::log::{DroppedLogs, Level, LogContext, ProcessLog};
use crate::proxy::OnFrontendEvent;
use crate::topology::Frontend;

/// Tells logs, and whoever started the instance, what happens to frontends.
pub(crate) struct Announcer {
    log: ProcessLog,
    on_event: Option<OnFrontendEvent>,
}

impl std::fmt::Debug for Announcer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Announcer").field("log", &self.log).finish_non_exhaustive()
    }
}

impl Announcer {
    pub(super) fn new(dropped: &Arc<DroppedLogs>, on_event: Option<OnFrontendEvent>) -> Self {
        Self { log: ProcessLog::new(LogContext::system(), Arc::clone(dropped)), on_event }
    }

    fn tell(&self, frontend: &Frontend, kind: FrontendEventKind) {
        let listen = frontend.config.kind.is_backend();
        let event = FrontendEvent { frontend: Arc::clone(&frontend.name), listen, kind };
        self.log.send(frontend.log.targets(), Level::Warning, &event.line());
        if let Some(on_event) = &self.on_event {
            on_event(&event);
        }
    }
}

impl Shared {
    fn listeners_of(&self, frontend: &Frontend) -> impl Iterator<Item = &Arc<ListenerContext>> {
        let index = frontend.index;
        self.listeners.iter().filter(move |listener| listener.frontend.index == index)
    }

    /// Has a frontend accept nothing until it is resumed. Clients of its IP addresses are refused; those of its UNIX
    /// sockets wait.
    pub(crate) fn pause_frontend(&self, frontend: &Frontend) {
        if frontend.gate.pause() {
            self.listeners_of(frontend).for_each(|listener| listener.stop_listening());
            self.announcer.tell(frontend, FrontendEventKind::Paused);
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
            self.announcer.tell(frontend, FrontendEventKind::Resumed);
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
        let own =
            self.topology.backends.iter().find(|entry| entry.config.kind.is_frontend() && entry.name == frontend.name);
        let sessions = own.map_or(0, |entry| entry.backend.stats.counters.totals().sessions);
        self.announcer.tell(frontend, FrontendEventKind::Stopped { connections, sessions });
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
