//! The host's signals stay the host's: the library's threads take none, and none is raised in the host by what the
//! library writes.

use std::mem::MaybeUninit;

/// A signal mask of the calling thread, until it is dropped.
pub(crate) struct Mask {
    before: libc::sigset_t,
    /// A SIGPIPE that comes meanwhile is ours.
    take_sigpipe: bool,
}

/// Signals that a fault of the running code raises, which must not be blocked, and the profiler's.
const NOT_BLOCKED: [i32; 8] = [
    libc::SIGSEGV,
    libc::SIGBUS,
    libc::SIGFPE,
    libc::SIGILL,
    libc::SIGTRAP,
    libc::SIGABRT,
    libc::SIGSYS,
    libc::SIGPROF,
];

impl Mask {
    /// Blocks every signal: threads that are started meanwhile keep it so. The host's handlers then run on the host's
    /// threads only, and a connection that is gone raises no SIGPIPE that would end a process which does not ignore it.
    pub(crate) fn for_new_threads() -> Self {
        let mut set = MaybeUninit::uninit();
        // SAFETY: the set is filled before it is used.
        let set = unsafe {
            libc::sigfillset(set.as_mut_ptr());
            for signal in NOT_BLOCKED {
                libc::sigdelset(set.as_mut_ptr(), signal);
            }
            set.assume_init()
        };
        Self { before: block(&set), take_sigpipe: false }
    }

    /// Blocks SIGPIPE while the library writes log lines on the host's own thread.
    pub(crate) fn for_a_call() -> Self {
        let take_sigpipe = !sigpipe_is_pending();
        Self { before: block(&sigpipe()), take_sigpipe }
    }
}

impl Drop for Mask {
    fn drop(&mut self) {
        if self.take_sigpipe && sigpipe_is_pending() {
            let at_once = libc::timespec { tv_sec: 0, tv_nsec: 0 };
            // SAFETY: both structures are ours; a null pointer asks for no information.
            unsafe { libc::sigtimedwait(&sigpipe(), std::ptr::null_mut(), &at_once) };
        }
        // SAFETY: the mask was filled when ours was set.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &self.before, std::ptr::null_mut()) };
    }
}

fn block(set: &libc::sigset_t) -> libc::sigset_t {
    let mut before = MaybeUninit::zeroed();
    // SAFETY: zeroes are a set, where the call should fail to fill it.
    unsafe {
        libc::pthread_sigmask(libc::SIG_BLOCK, set, before.as_mut_ptr());
        before.assume_init()
    }
}

fn sigpipe() -> libc::sigset_t {
    let mut set = MaybeUninit::uninit();
    // SAFETY: the set is filled before it is used.
    unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        libc::sigaddset(set.as_mut_ptr(), libc::SIGPIPE);
        set.assume_init()
    }
}

fn sigpipe_is_pending() -> bool {
    let mut set = MaybeUninit::zeroed();
    // SAFETY: zeroes are a set, where the call should fail to fill it.
    unsafe {
        libc::sigpending(set.as_mut_ptr());
        libc::sigismember(set.as_ptr(), libc::SIGPIPE) == 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_blocked(signal: i32) -> bool {
        let mut set = MaybeUninit::zeroed();
        // SAFETY: a null pointer asks for the mask alone.
        unsafe {
            libc::pthread_sigmask(libc::SIG_BLOCK, std::ptr::null(), set.as_mut_ptr());
            libc::sigismember(set.as_ptr(), signal) == 1
        }
    }

    #[test]
    fn threads_take_no_signal_and_the_caller_gets_its_mask_back() {
        assert!(!is_blocked(libc::SIGTERM));
        let mask = Mask::for_new_threads();
        let thread = std::thread::spawn(|| [libc::SIGTERM, libc::SIGPIPE, libc::SIGSEGV].map(is_blocked));
        drop(mask);
        assert_eq!(thread.join().ok(), Some([true, true, false]));
        assert!(!is_blocked(libc::SIGTERM) && !is_blocked(libc::SIGPIPE));
    }

    #[test]
    fn a_sigpipe_of_ours_is_taken_and_one_of_the_hosts_is_not() {
        // A thread of its own: a test harness ignores SIGPIPE, so that it is only pending where it is blocked.
        let outer = Mask { before: block(&sigpipe()), take_sigpipe: true };
        // SAFETY: sends a signal to this thread, which blocks it.
        let raise = || unsafe { libc::pthread_kill(libc::pthread_self(), libc::SIGPIPE) };
        {
            let _mask = Mask::for_a_call();
            raise();
        }
        assert!(!sigpipe_is_pending() && is_blocked(libc::SIGPIPE));
        raise();
        drop(Mask::for_a_call());
        // An ignored signal does not stay pending.
        let ignored = !sigpipe_is_pending();
        drop(outer);
        assert!(ignored || !sigpipe_is_pending());
    }
}
