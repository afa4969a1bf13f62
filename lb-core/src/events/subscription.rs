//! A bounded queue of events between an instance or a table and a listener.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use super::Event;

/// The end of a subscription that an instance writes to; see [`channel`].
#[derive(Clone, Debug)]
pub struct EventSender<T = Event> {
    sender: mpsc::Sender<T>,
    lost: Arc<AtomicU64>,
    /// It wants log records as well.
    pub(super) logs: bool,
}

/// A subscription: the events of an instance, in order, from the moment it was made. Dropping it ends it.
///
/// It holds a limited number of events that were not taken yet. While it is full, new ones are lost and counted:
/// [`Events::lost`].
///
/// ```no_run
/// use lb_core::events::Event;
/// # let proxy = lb_core::proxy::Proxy::builder().start()?;
/// for event in proxy.events() {
///     if let Event::Server(event) = event {
///         println!("{}", event.log_line());
///     }
/// }
/// # Ok::<(), lb_core::proxy::StartError>(())
/// ```
#[derive(Debug)]
pub struct Events<T = Event> {
    receiver: mpsc::Receiver<T>,
    lost: Arc<AtomicU64>,
}

/// A subscription that exists before its instance, for [`StartOptions::events`](crate::proxy::StartOptions::events):
/// it misses nothing of the start. `capacity`, at least 1, is how many events it holds.
pub fn channel(capacity: usize) -> (EventSender, Events) {
    queue(capacity)
}

/// The same for events of another kind.
pub(crate) fn queue<T>(capacity: usize) -> (EventSender<T>, Events<T>) {
    let (sender, receiver) = mpsc::channel(capacity.max(1));
    let lost = Arc::<AtomicU64>::default();
    (EventSender { sender, lost: Arc::clone(&lost), logs: false }, Events { receiver, lost })
}

impl EventSender {
    /// Lets the subscription get log records as well ([`Event::Logged`]): one for each stream, so it should have room for
    /// what comes while nobody takes any.
    #[must_use]
    pub fn with_logs(self) -> Self {
        Self { logs: true, ..self }
    }
}

impl<T> EventSender<T> {
    /// Whether nobody listens any more.
    pub(super) fn is_closed(&self) -> bool {
        self.sender.is_closed()
    }

    /// Offers an event; says whether anybody still listens.
    pub(crate) fn send(&self, event: T) -> bool {
        match self.sender.try_send(event) {
            Ok(()) => true,
            Err(mpsc::error::TrySendError::Full(_)) => {
                self.lost.fetch_add(1, Ordering::Relaxed);
                true
            }
            Err(mpsc::error::TrySendError::Closed(_)) => false,
        }
    }
}

impl<T> Events<T> {
    /// The next event, as soon as there is one; `None` once the instance is gone and everything was taken.
    ///
    /// Needs no particular runtime. Cancel safe: dropping the future loses nothing.
    pub async fn recv(&mut self) -> Option<T> {
        self.receiver.recv().await
    }

    /// The next event, if there is one already.
    pub fn try_recv(&mut self) -> Option<T> {
        self.receiver.try_recv().ok()
    }

    /// The next event, waiting for it at most `timeout`; the thread is blocked meanwhile.
    pub fn recv_timeout(&mut self, timeout: Duration) -> Option<T> {
        let deadline = Instant::now().checked_add(timeout);
        self.blocking(deadline)
    }

    /// How many events were lost so far because this subscription was full.
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    fn blocking(&mut self, deadline: Option<Instant>) -> Option<T> {
        let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
        let mut cx = Context::from_waker(&waker);
        loop {
            if let Poll::Ready(event) = self.receiver.poll_recv(&mut cx) {
                return event;
            }
            match deadline.map(|deadline| deadline.saturating_duration_since(Instant::now())) {
                None => std::thread::park(),
                Some(Duration::ZERO) => return None,
                Some(left) => std::thread::park_timeout(left),
            }
        }
    }
}

/// Blocks the thread until the next event; ends once the instance is gone and everything was taken.
impl<T> Iterator for Events<T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.blocking(None)
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_lost_and_counted() {
        let (sender, mut events) = channel(2);
        for _ in 0..5 {
            assert!(sender.send(Event::Stopping));
        }
        assert_eq!(events.lost(), 3);
        assert!(events.try_recv().is_some() && events.try_recv().is_some() && events.try_recv().is_none());
        assert!(events.recv_timeout(Duration::ZERO).is_none());
        drop(events);
        assert!(!sender.send(Event::Stopping));
    }

    #[test]
    fn a_blocked_listener_is_woken() {
        let (sender, mut events) = channel(1);
        std::thread::scope(|scope| {
            scope.spawn(|| assert!(sender.send(Event::Stopped)));
            assert!(matches!(events.next(), Some(Event::Stopped)));
        });
        drop(sender);
        assert!(events.next().is_none());
    }
}
