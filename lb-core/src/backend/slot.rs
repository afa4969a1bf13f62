//! The right to have one session on a server, given back when dropped.

use std::sync::Arc;

use super::queue::{Grant, Turn};
use crate::server::Server;

/// One session on a server. Dropping it hands the place to the next waiter: the server's own queue first, then the
/// backend's.
#[derive(Debug)]
#[must_use = "dropping the slot ends the session on the server"]
pub struct ServerSlot {
    server: Arc<Server>,
    armed: bool,
}

impl ServerSlot {
    /// Takes a slot of `server` if its limit allows.
    pub(crate) fn take(server: &Arc<Server>) -> Option<Self> {
        let slot = Self::take_quietly(server)?;
        server.load_changed();
        Some(slot)
    }

    /// The same without telling the balancer.
    fn take_quietly(server: &Arc<Server>) -> Option<Self> {
        server.try_take().then(|| Self { server: Arc::clone(server), armed: true })
    }

    /// The server.
    pub fn server(&self) -> &Arc<Server> {
        &self.server
    }

    /// Forgets the slot without giving it back: the caller has its count now.
    fn disarm(mut self) {
        self.armed = false;
    }
}

impl Drop for ServerSlot {
    fn drop(&mut self) {
        if !self.armed {
            return;
        }
        self.server.untake();
        hand_out(&self.server, Turn::Own);
        self.server.load_changed();
    }
}

/// Gives free slots of `server` to waiters until there are no more of one or the other.
pub(crate) fn serve_waiters(server: &Arc<Server>, turn: Turn) {
    if hand_out(server, turn) {
        server.load_changed();
    }
}

/// The same; the balancer is told of the sum alone, so that a server keeps its turn when one session follows another.
fn hand_out(server: &Arc<Server>, turn: Turn) -> bool {
    let mut any = false;
    while has_waiters(server) {
        let Some(mut slot) = ServerSlot::take_quietly(server) else { return any };
        loop {
            let Some(waiter) = next_waiter(server, turn) else {
                slot.disarm();
                server.untake();
                // Somebody may have joined while we held the slot and found the server full: look again.
                break;
            };
            match waiter.grant.send(Grant::Slot(slot, waiter.position)) {
                Ok(()) => {
                    any = true;
                    break;
                }
                // The waiter left between being taken and being told: the slot goes to the next one.
                Err(Grant::Slot(returned, _)) => slot = returned,
                Err(Grant::Redistribute) => return any,
            }
        }
    }
    any
}

/// Whether somebody waits whom this server may take. Who waits for this very server may be sent to it also while it is
/// down: those who were to choose again have left.
fn has_waiters(server: &Server) -> bool {
    server.queue.pending() > 0 || (server.hub.queue.pending() > 0 && server.is_eligible())
}

fn next_waiter(server: &Server, turn: Turn) -> Option<super::queue::Popped> {
    let all = server.is_eligible();
    // Who came first, or has the better class, goes first, whichever queue he is in.
    let others_first = all && server.hub.queue.is_before(&server.queue);
    if !others_first && let Some(popped) = server.queue.pop(turn) {
        server.room_changed();
        return Some(popped);
    }
    if all { server.hub.queue.pop(turn) } else { None }
}
