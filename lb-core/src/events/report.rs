//! From a change of state to everybody who is to know of it.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};

use super::{Event, EventSender, Events, LogSubscriptions, channel};
use crate::log::{Level, LogContext, LogHooks, ProcessLog};
use crate::mail::Alerts;
use crate::proxy::OnEvent;
use crate::server::ServerEvent;
use crate::topology::Topology;

/// How many events a subscription holds where nothing is said.
const CAPACITY: usize = 1024;

/// Tells of changes in the order in which they were made, on the thread of whoever made one.
pub(crate) struct Reports {
    /// Changes are made while this is locked, so that their events stand here in order.
    waiting: Mutex<VecDeque<Event>>,
    /// Held by who tells. It is only tried: whoever finds it taken leaves his events to its holder, so a function that
    /// is told of a change may make another.
    telling: Mutex<()>,
    subscriptions: Mutex<Vec<EventSender>>,
    /// Those of them that want log records.
    logs: Arc<LogSubscriptions>,
    log: ProcessLog,
    alerts: Alerts,
    on_event: Option<OnEvent>,
}

impl fmt::Debug for Reports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reports").field("subscriptions", &self.subscriptions).finish_non_exhaustive()
    }
}

impl Reports {
    pub(crate) fn new(
        log_hooks: LogHooks,
        alerts: Alerts,
        on_event: Option<OnEvent>,
        subscriptions: Vec<EventSender>,
    ) -> Self {
        let logs = Arc::clone(&log_hooks.subscriptions);
        subscriptions.iter().filter(|sender| sender.logs).for_each(|sender| logs.add(sender));
        Self {
            logs,
            waiting: Mutex::default(),
            telling: Mutex::default(),
            subscriptions: Mutex::new(subscriptions),
            log: ProcessLog::new(LogContext::system(), log_hooks),
            alerts,
            on_event,
        }
    }

    /// A subscription to everything from now on.
    pub(crate) fn subscribe(&self, capacity: Option<usize>) -> Events {
        let (sender, events) = channel(capacity.unwrap_or(CAPACITY));
        lock(&self.subscriptions).push(sender);
        events
    }

    /// The same with log records.
    pub(crate) fn subscribe_with_logs(&self, capacity: usize) -> Events {
        let (sender, events) = channel(capacity);
        self.logs.add(&sender);
        lock(&self.subscriptions).push(sender);
        events
    }

    /// Makes a change of servers and tells of it.
    pub(crate) fn change(&self, topology: &Topology, change: &mut dyn FnMut() -> Vec<ServerEvent>) {
        {
            let mut waiting = lock(&self.waiting);
            waiting.extend(change().into_iter().map(Event::Server));
        }
        self.tell(topology);
    }

    /// Tells of something that just happened.
    pub(crate) fn happened(&self, topology: &Topology, event: Event) {
        lock(&self.waiting).push_back(event);
        self.tell(topology);
    }

    /// No subscription gets anything any more.
    pub(crate) fn end(&self) {
        self.logs.end();
        lock(&self.subscriptions).clear();
    }

    fn tell(&self, topology: &Topology) {
        loop {
            let telling = match self.telling.try_lock() {
                Ok(telling) => telling,
                // A function that was told of a change panicked; that is over.
                Err(TryLockError::Poisoned(telling)) => telling.into_inner(),
                Err(TryLockError::WouldBlock) => return,
            };
            loop {
                let Some(event) = lock(&self.waiting).pop_front() else { break };
                self.tell_one(topology, &event);
            }
            drop(telling);
            // Somebody may have left an event between our last look and the end of our turn.
            if lock(&self.waiting).is_empty() {
                return;
            }
        }
    }

    fn tell_one(&self, topology: &Topology, event: &Event) {
        if let Event::Server(event) = event {
            self.log(topology, event);
            self.alerts.offer(event, |text| self.warn(topology, &event.backend, text));
            if let Some(on_event) = &self.on_event {
                on_event(event);
            }
        }
        lock(&self.subscriptions).retain(|subscription| subscription.send(event.clone()));
    }

    /// A change of a server's state goes to the logs of its proxy.
    fn log(&self, topology: &Topology, event: &ServerEvent) {
        if !event.is_logged() {
            return;
        }
        let level = match event.level() {
            0 => Level::Emerg,
            1 => Level::Alert,
            _ => Level::Notice,
        };
        self.send(topology, &event.backend, level, &event.log_line());
    }

    /// A warning goes to the logs of a proxy.
    pub(crate) fn warn(&self, topology: &Topology, backend: &str, line: &str) {
        self.send(topology, backend, Level::Warning, line);
    }

    fn send(&self, topology: &Topology, backend: &str, level: Level, line: &str) {
        if let Some(entry) = topology.backends.iter().find(|entry| &*entry.name == backend) {
            self.log.send(&entry.log_targets, level, line);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
