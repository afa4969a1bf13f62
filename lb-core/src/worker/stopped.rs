//! The lines about proxies that stop (management.txt, section 4: soft stop).

use std::sync::Arc;

use super::Worker;
use crate::log::Notice;

/// Tells the logs of every proxy, and who started the instance, that it accepts no more: those with listeners first, as
/// HAProxy does. One worker does it, when its own listeners are closed; the others close theirs in the same moment.
pub(super) fn tell(worker: &Worker) {
    if worker.index != 0 {
        return;
    }
    let topology = worker.topology();
    let mut logger = worker.logger.borrow_mut();
    let mut tell = |targets, proxy: &Arc<str>, frontend, backend| {
        let notice = Notice::ProxyStopped { proxy: Arc::clone(proxy), frontend, backend };
        logger.send(targets, notice.level(), notice.to_string().as_bytes());
        worker.shared.log_hooks.notice(&notice);
    };
    let streams = |name: &Arc<str>| {
        let own = topology.backends.iter().find(|backend| backend.name == *name && backend.config.kind.is_frontend());
        own.map_or(0, |backend| backend.backend.stats.counters.totals().sessions)
    };
    for frontend in &topology.frontends {
        let connections = frontend.stats.counters.totals().connections;
        tell(frontend.log.targets(), &frontend.name, connections, streams(&frontend.name));
    }
    for backend in topology.backends.iter().filter(|backend| !backend.config.kind.is_frontend()) {
        tell(&backend.log_targets, &backend.name, 0, backend.backend.stats.counters.totals().sessions);
    }
    logger.flush();
}
