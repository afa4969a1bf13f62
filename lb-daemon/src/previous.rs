//! Processes that this one replaces (`-sf`, `-st`; management.txt, section 4).

use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

/// How often binding is tried again while the old processes release their ports, and how long it is waited in between.
const TRIES: u32 = 200;
const PAUSE: Duration = Duration::from_millis(10);

/// The old processes, and how they are to end.
#[derive(Clone, Debug)]
pub(crate) struct Previous {
    processes: Vec<Pid>,
    end: Signal,
    tries: u32,
}

impl Previous {
    /// Those of the command line: `-sf` lets them finish what they serve, `-st` does not.
    pub(crate) fn new(pids: &[i32], at_once: bool) -> Self {
        let end = if at_once { Signal::TERM } else { Signal::USR1 };
        // A process that is no process number is none that could be signalled.
        Self { processes: pids.iter().filter_map(|pid| Pid::from_raw(*pid)).collect(), end, tries: TRIES }
    }

    /// After a failure to bind: asks the old processes to release their ports, and waits a moment for it. Says whether
    /// to try again; after the last time they are asked to go on.
    pub(crate) fn release(&mut self) -> bool {
        if self.processes.is_empty() {
            return false;
        }
        if self.tries == 0 {
            self.signal(Signal::TTIN);
            return false;
        }
        self.tries -= 1;
        self.signal(Signal::TTOU);
        thread::sleep(PAUSE);
        true
    }

    /// The new process has bound its sockets: the old ones may end.
    pub(crate) fn end(&self) {
        self.signal(self.end);
    }

    fn signal(&self, signal: Signal) {
        for process in &self.processes {
            // One that has ended already is as it should be.
            let _ = kill_process(*process, signal);
        }
    }
}
