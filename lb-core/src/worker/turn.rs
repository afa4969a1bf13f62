//! Turns of the event loop: what sessions have to send leaves together, when all that were woken together have run.
//!
//! The first of a turn sends at once, so that whoever is alone waits for nobody and its peer can begin. Others let the
//! sessions behind them run before they send: a peer that serves several of our connections is then woken once and kept
//! busy instead of being woken for each, and on our side the code of one stage stays in the processor's cache. This decides
//! when to send; it sends nothing itself.

use std::cell::Cell;
use std::task::{Context, Poll};

thread_local! {
    /// Number of the poll that is under way; 0 where none of a session's is.
    static POLL: Cell<u8> = const { Cell::new(0) };
    static POLLS: Cell<u8> = const { Cell::new(0) };
    /// Somebody has sent in this turn.
    static SENT: Cell<bool> = const { Cell::new(false) };
    /// Somebody lets others go first in the poll that is under way.
    static WAITS: Cell<bool> = const { Cell::new(false) };
    /// How many let others go first now.
    static WAITING: Cell<u16> = const { Cell::new(0) };
}

/// More than this do not wait: what a connection holds while it is served would be held by all that are ready.
const MOST_WAITING: u16 = 64;

/// Says that the event loop has waited: another turn begins.
pub(super) fn begin() {
    SENT.set(false);
    WAITING.set(0);
}

/// Polls a session, which may let others go first while it is polled.
pub(super) fn poll<T>(session: impl FnOnce() -> T) -> T {
    let number = POLLS.get().wrapping_add(1).max(1);
    POLLS.set(number);
    POLL.set(number);
    WAITS.set(false);
    let result = session();
    POLL.set(0);
    result
}

/// Whether something of the session that is polled lets others go first: it is polled again soon, and what else it might
/// wait for can be looked at then.
pub(crate) fn waits() -> bool {
    WAITS.get()
}

/// In which poll a connection has let others go first; 0 while it has not. Idle connections hold it: one byte is enough, as
/// the next poll of its task comes soon, and taking it for the same one costs a round.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Courtesy(u8);

impl Courtesy {
    /// Ready when it is time to send. Otherwise the task is woken again behind those that are ready now.
    pub(crate) fn poll(&mut self, cx: &Context<'_>) -> Poll<()> {
        let poll = POLL.get();
        if poll == 0 {
            return Poll::Ready(());
        }
        if self.0 != poll {
            let waiting = WAITING.get();
            if std::mem::take(&mut self.0) != 0 {
                WAITING.set(waiting.saturating_sub(1));
                return Poll::Ready(());
            }
            if !SENT.replace(true) || waiting >= MOST_WAITING {
                return Poll::Ready(());
            }
            WAITING.set(waiting + 1);
        }
        self.0 = poll;
        WAITS.set(true);
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use super::*;

    #[test]
    fn the_first_sends_at_once_and_others_after_one_round() {
        let cx = Context::from_waker(Waker::noop());
        let (mut first, mut second) = (Courtesy::default(), Courtesy::default());
        begin();
        assert!(poll(|| first.poll(&cx)).is_ready());
        // However often it asks within one poll.
        poll(|| {
            assert!(second.poll(&cx).is_pending());
            assert!(second.poll(&cx).is_pending());
            assert!(waits());
        });
        assert!(poll(|| second.poll(&cx).is_ready() && !waits()));
        // What it sends next waits again, until there is a new turn.
        assert!(poll(|| second.poll(&cx)).is_pending());
        begin();
        assert!(poll(|| second.poll(&cx)).is_ready());
        assert!(poll(|| first.poll(&cx)).is_ready());
        assert!(poll(|| first.poll(&cx)).is_pending());
    }

    #[test]
    fn only_so_many_wait() {
        let cx = Context::from_waker(Waker::noop());
        begin();
        let mut crowd = [Courtesy::default(); 200];
        let waits = |courtesy: &mut Courtesy| poll(|| courtesy.poll(&cx)).is_pending();
        assert_eq!(crowd.iter_mut().map(waits).filter(|waits| *waits).count(), usize::from(MOST_WAITING));
        // Those that waited send, and others may wait in their place.
        assert!(crowd.iter_mut().skip(1).take(10).all(|courtesy| poll(|| courtesy.poll(&cx)).is_ready()));
        let mut later = [Courtesy::default(); 20];
        assert_eq!(later.iter_mut().map(waits).filter(|waits| *waits).count(), 10);
    }

    #[test]
    fn outside_of_sessions_nobody_waits() {
        let cx = Context::from_waker(Waker::noop());
        let mut courtesy = Courtesy::default();
        assert!(courtesy.poll(&cx).is_ready());
        assert!(courtesy.poll(&cx).is_ready());
    }
}
