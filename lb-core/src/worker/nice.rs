//! `nice` of listeners (configuration.txt, section 5.1): sessions that let others go first.
//!
//! A worker has one queue. A session of a listener that is nicer than the least nice one goes to the end of that queue
//! some times before it does anything: everything that is ready is served first. Nobody waits while there is nothing
//! else to do.

use std::pin::Pin;
use std::task::{Context, Poll};

/// So much more of `nice` is another time at the end of the queue.
const STEP: i32 = 256;

/// How often sessions of a listener go to the end of the queue, where the least nice listener has `least`: 8 times at most.
pub(crate) fn rounds(nice: i16, least: i16) -> u8 {
    let nicer = (i32::from(nice) - i32::from(least)).max(0);
    u8::try_from((nicer + STEP - 1) / STEP).unwrap_or(u8::MAX)
}

/// A session that goes to the end of the queue this often whenever it is woken.
pub(crate) struct Nice<S> {
    rounds: u8,
    left: u8,
    session: S,
}

impl<S> Nice<S> {
    pub(crate) fn new(rounds: u8, session: S) -> Self {
        Self { rounds, left: rounds, session }
    }
}

impl<S: Future<Output = ()> + Unpin> Future for Nice<S> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if let Some(left) = self.left.checked_sub(1) {
            self.left = left;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.left = self.rounds;
        Pin::new(&mut self.session).poll(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::rc::Rc;

    use tokio::task::{LocalSet, spawn_local};

    use super::*;

    #[test]
    fn only_differences_count() {
        let table =
            [(0, 0, 0), (-1024, -1024, 0), (1, 0, 1), (256, 0, 1), (257, 0, 2), (0, -1024, 4), (1024, -1024, 8)];
        for (nice, least, expected) in table {
            assert_eq!(rounds(nice, least), expected, "{nice} beside {least}");
        }
    }

    #[tokio::test]
    async fn the_nicest_goes_last() {
        let order = Rc::new(RefCell::new(Vec::new()));
        let session = |name: &'static str| {
            let order = Rc::clone(&order);
            Box::pin(async move { order.borrow_mut().push(name) })
        };
        let set = LocalSet::new();
        set.run_until(async {
            let tasks = [
                spawn_local(Nice::new(8, session("nicest"))),
                spawn_local(Nice::new(1, session("nice"))),
                spawn_local(Nice::new(0, session("plain"))),
            ];
            for task in tasks {
                assert!(task.await.is_ok());
            }
        })
        .await;
        assert_eq!(*order.borrow(), ["plain", "nice", "nicest"]);
    }
}
