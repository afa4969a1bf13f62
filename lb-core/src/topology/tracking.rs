//! Servers that track others meet those they track.

use std::sync::Arc;

use super::BackendEntry;
use crate::server::Server;

/// Links every server that tracks another one; that there is one and that no chain is a loop was checked with the
/// configuration. A server of a disabled backend is nobody's.
pub(super) fn link(backends: &[Arc<BackendEntry>]) {
    let mut linked = Vec::new();
    for entry in backends {
        for server in entry.backend.servers().iter() {
            let target = server.config.track.as_ref().and_then(|track| {
                let wanted = track.proxy.as_deref().unwrap_or(&entry.name);
                let other = backends.iter().find(|other| *other.name == *wanted)?;
                Some((other, other.backend.server(&track.server)?))
            });
            if let Some((other, target)) = target {
                Server::track(&entry.backend, server, &other.backend, &target);
                linked.push((entry, Arc::clone(server)));
            }
        }
    }
    // The end of a chain first: each server looks at the one before it.
    linked.sort_by_key(|(_, server)| server.chain_length());
    for (entry, server) in linked {
        entry.backend.begin_following(&server);
    }
}
