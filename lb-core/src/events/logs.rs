//! Subscriptions to log records: nothing is made of a record while there are none.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arc_swap::ArcSwap;

use super::{Event, EventSender};

/// Who wants to know of log records. Workers look at it without a lock.
#[derive(Debug, Default)]
pub(crate) struct LogSubscriptions {
    any: AtomicBool,
    list: ArcSwap<Vec<EventSender>>,
}

impl LogSubscriptions {
    /// Whether there are some.
    pub(crate) fn any(&self) -> bool {
        self.any.load(Ordering::Relaxed)
    }

    /// One more.
    pub(crate) fn add(&self, sender: &EventSender) {
        self.list.rcu(|list| list.iter().chain([sender]).cloned().collect::<Vec<_>>());
        self.any.store(true, Ordering::Relaxed);
    }

    /// Gives a record to all, and forgets those whose owner is gone.
    pub(crate) fn send(&self, event: &Event) {
        let list = self.list.load();
        let mut closed = false;
        for sender in list.iter() {
            closed |= !sender.send(event.clone());
        }
        if closed {
            self.list.rcu(|list| list.iter().filter(|sender| !sender.is_closed()).cloned().collect::<Vec<_>>());
            // One that comes between both lines is told of the next record: the list is looked at again.
            self.any.store(!self.list.load().is_empty(), Ordering::Relaxed);
        }
    }

    /// None gets anything any more.
    pub(crate) fn end(&self) {
        self.any.store(false, Ordering::Relaxed);
        self.list.store(Arc::default());
    }
}

#[cfg(test)]
mod tests {
    use super::super::channel;
    use super::*;

    #[test]
    fn those_who_are_gone_are_forgotten() {
        let logs = LogSubscriptions::default();
        assert!(!logs.any());
        let (first, mut one) = channel(4);
        let (second, other) = channel(4);
        logs.add(&first);
        logs.add(&second);
        logs.send(&Event::Stopping);
        drop(other);
        logs.send(&Event::Stopping);
        assert!(logs.any());
        assert!(one.try_recv().is_some() && one.try_recv().is_some() && one.try_recv().is_none());
        drop(one);
        logs.send(&Event::Stopping);
        assert!(!logs.any());
    }
}
