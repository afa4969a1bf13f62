//! A deadline that is cheap to move, and the clock of one wake-up.
//!
//! Most deadlines are far away and are moved further long before they pass. Those are numbers in a table of the worker,
//! which it looks over once a second; only what is due soon gets a timer of the runtime.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::time::Sleep;

use super::turn;
use crate::instant::Instant;

/// How far away a deadline must be to wait in the table.
const FAR: Duration = Duration::from_secs(4);

thread_local! {
    static DEADLINES: RefCell<Deadlines> = RefCell::default();
    static WAKE_UP: Cell<WakeUp> = const { Cell::new(WakeUp::None) };
    /// When the system was last asked for wall time, and what it said.
    static WALL: Cell<Option<(Instant, Duration)>> = const { Cell::new(None) };
}

/// Deadlines of one worker that are far away.
#[derive(Debug, Default)]
struct Deadlines {
    /// What is due before this needs a timer of the runtime. `None` where nobody looks the table over.
    horizon: Option<Instant>,
    entries: Vec<Option<(Waker, Option<Instant>)>>,
    free: Vec<u32>,
}

/// Wakes whoever has a deadline that is no longer far away. The worker calls it once a second; timers use the table from
/// the first call on.
pub(crate) fn look_over_deadlines(now: Instant) {
    let horizon = now + FAR;
    DEADLINES.with_borrow_mut(|deadlines| {
        deadlines.horizon = Some(horizon);
        for (waker, deadline) in deadlines.entries.iter_mut().flatten() {
            if deadline.is_some_and(|deadline| deadline < horizon) {
                *deadline = None;
                waker.wake_by_ref();
            }
        }
    });
}

#[derive(Clone, Copy)]
enum WakeUp {
    /// No session is being polled.
    None,
    /// One is, and did not ask for the time yet.
    Begun,
    At(Instant),
}

/// Polls a session; within it, [`now`] is one instant.
pub(crate) fn wake_up<T>(poll: impl FnOnce() -> T) -> T {
    WAKE_UP.set(WakeUp::Begun);
    let result = turn::poll(poll);
    WAKE_UP.set(WakeUp::None);
    result
}

/// The time of this wake-up.
pub(crate) fn now() -> Instant {
    match WAKE_UP.get() {
        WakeUp::At(now) => now,
        WakeUp::None => Instant::now(),
        WakeUp::Begun => {
            let now = Instant::now();
            WAKE_UP.set(WakeUp::At(now));
            now
        }
    }
}

/// How long wall time is reckoned from the monotonic clock before the system is asked again: it may have been set.
const WALL_KEPT: Duration = Duration::from_millis(100);

/// Wall time since the epoch: within a wake-up always the same.
pub(crate) fn wall() -> Duration {
    let asked = || std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    if let WakeUp::None = WAKE_UP.get() {
        return asked();
    }
    let now = now();
    if let Some((then, wall)) = WALL.get() {
        let since = now.saturating_duration_since(then);
        if since < WALL_KEPT {
            return wall + since;
        }
    }
    let wall = asked();
    WALL.set(Some((now, wall)));
    wall
}

/// The timer of one connection or stream.
///
/// Moving a deadline further away costs a store. The runtime's timer behind it stays armed for the earlier moment and is
/// armed again only if it fires before the deadline.
#[derive(Debug, Default)]
pub(crate) struct Timer {
    sleep: Option<Pin<Box<Sleep>>>,
    /// Place in the table.
    entry: Option<u32>,
}

impl Timer {
    /// Ready once `deadline` has passed; never without a deadline. Must be polled by the task that owns the timer.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>, deadline: Option<Instant>) -> Poll<()> {
        let Some(deadline) = deadline else { return Poll::Pending };
        if self.waits_in_table(cx, deadline) {
            return Poll::Pending;
        }
        let deadline = tokio::time::Instant::from(deadline);
        loop {
            let Some(sleep) = &mut self.sleep else {
                self.sleep = Some(Box::pin(tokio::time::sleep_until(deadline)));
                continue;
            };
            let armed = sleep.deadline();
            if armed > deadline || sleep.is_elapsed() {
                if armed == deadline {
                    return Poll::Ready(());
                }
                sleep.as_mut().reset(deadline);
            }
            match sleep.as_mut().poll(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(()) if sleep.deadline() >= deadline || tokio::time::Instant::now() >= deadline => {
                    return Poll::Ready(());
                }
                Poll::Ready(()) => {}
            }
        }
    }

    /// Notes a deadline that is far away in the table.
    fn waits_in_table(&mut self, cx: &Context<'_>, deadline: Instant) -> bool {
        DEADLINES.with_borrow_mut(|deadlines| {
            let far = deadlines.horizon.is_some_and(|horizon| deadline >= horizon);
            if let Some(entry) = self.entry.and_then(|index| deadlines.entries.get_mut(index as usize)) {
                if let Some((waker, noted)) = entry {
                    *noted = far.then_some(deadline);
                    if !waker.will_wake(cx.waker()) {
                        waker.clone_from(cx.waker());
                    }
                }
            } else if far {
                let entry = Some((cx.waker().clone(), Some(deadline)));
                self.entry = match deadlines.free.pop() {
                    Some(index) => {
                        if let Some(place) = deadlines.entries.get_mut(index as usize) {
                            *place = entry;
                        }
                        Some(index)
                    }
                    None => {
                        deadlines.entries.push(entry);
                        u32::try_from(deadlines.entries.len() - 1).ok()
                    }
                };
            }
            far
        })
    }
}

impl Timer {
    fn leave_table(&mut self) {
        let Some(index) = self.entry.take() else { return };
        // The thread may be ending, and its table with it.
        let left = DEADLINES.try_with(|deadlines| {
            let mut deadlines = deadlines.try_borrow_mut().ok()?;
            deadlines.free.push(index);
            deadlines.entries.get_mut(index as usize)?.take()
        });
        // It may hold the last reference to a task: not while the table is borrowed.
        drop(left);
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        self.leave_table();
    }
}

/// Timers of streams that ended, for later ones: they stay armed, so that most streams never touch the runtime's
/// timers. One that fires with nobody waiting wakes nothing.
#[derive(Debug, Default)]
pub(crate) struct TimerPool(RefCell<Vec<Timer>>);

/// Timers kept for reuse.
const KEPT: usize = 1024;

impl TimerPool {
    pub(crate) fn take(&self) -> Timer {
        self.0.borrow_mut().pop().unwrap_or_default()
    }

    pub(crate) fn give(&self, mut timer: Timer) {
        timer.leave_table();
        let mut free = self.0.borrow_mut();
        if timer.sleep.is_some() && free.len() < KEPT {
            free.push(timer);
        }
    }
}

/// The earlier of two optional moments.
pub(crate) fn earlier(a: Option<Instant>, b: Option<Instant>) -> Option<Instant> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

/// `from + timeout`, `None` where there is no timeout.
pub(crate) fn after(from: Instant, timeout: Option<Duration>) -> Option<Instant> {
    timeout.and_then(|t| from.checked_add(t))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::task::Wake;

    use super::*;

    #[derive(Default)]
    struct Count(AtomicU32);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[tokio::test]
    async fn far_deadlines_wait_in_the_table_until_they_are_near() {
        let count = Arc::new(Count::default());
        let waker = Waker::from(Arc::clone(&count));
        let mut cx = Context::from_waker(&waker);
        let start = Instant::now();
        look_over_deadlines(start);
        let mut timer = Timer::default();
        let deadline = start + Duration::from_secs(60);
        assert!(timer.poll(&mut cx, Some(deadline)).is_pending());
        assert!(timer.sleep.is_none());
        look_over_deadlines(start + Duration::from_secs(50));
        assert_eq!(count.0.load(Ordering::Relaxed), 0);
        look_over_deadlines(start + Duration::from_secs(57));
        assert_eq!(count.0.load(Ordering::Relaxed), 1);
        assert!(timer.poll(&mut cx, Some(deadline)).is_pending());
        assert!(timer.sleep.is_some());
        // Woken once is enough: from here on the runtime's timer has it.
        look_over_deadlines(start + Duration::from_secs(59));
        assert_eq!(count.0.load(Ordering::Relaxed), 1);
        // The timer moves to an earlier deadline too.
        let passed = std::future::poll_fn(|cx| timer.poll(cx, Some(start)));
        passed.await;
        drop(timer);
        DEADLINES.with_borrow(|deadlines| assert_eq!(deadlines.free.len(), deadlines.entries.len()));
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_table_the_runtime_has_all_deadlines() {
        let mut timer = Timer::default();
        let start = tokio::time::Instant::now().into_std();
        let wait = |timer: &mut Timer, secs| {
            let deadline = start + Duration::from_secs(secs);
            let mut timer = std::mem::take(timer);
            async move {
                std::future::poll_fn(|cx| timer.poll(cx, Some(deadline.into()))).await;
                timer
            }
        };
        timer = wait(&mut timer, 60).await;
        assert_eq!(start.elapsed().as_secs(), tokio::time::Instant::now().into_std().elapsed().as_secs());
        // Fired for an earlier deadline, then armed for a later one.
        wait(&mut timer, 90).await;
        assert!(tokio::time::Instant::now().into_std() >= start + Duration::from_secs(90));
    }
}
