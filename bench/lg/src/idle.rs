//! Connections that made one request and then do nothing, while somebody else measures memory.

use std::io::{self, Read, Write};

use crate::conn::{Conn, State};
use crate::load::Load;
use crate::measure::happened;
use crate::options::Options;
use crate::time::{nanoseconds, now};

/// Connections that are opened at the same time.
const AT_ONCE: usize = 64;

/// Opens all, says `READY`, waits for a byte on standard input, and says how many are still open.
pub fn run(load: &mut Load, options: &Options) {
    let end = now() + nanoseconds(options.secs);
    let mut opened = 0;
    let mut events: Vec<libc::epoll_event> = vec![unsafe { std::mem::zeroed() }; 512];
    while now() < end && load.done < load.max {
        let pending = |c: &&Conn| matches!(c.state, State::Connecting | State::Wait);
        let pending = load.conns[..opened].iter().filter(pending).count();
        if opened < load.conns.len() && pending < AT_ONCE {
            for i in opened..(opened + AT_ONCE).min(load.conns.len()) {
                load.open(i);
                opened += 1;
            }
        } else if opened == load.conns.len() && pending == 0 {
            let idle = load.conns.iter().filter(|c| c.state == State::Idle).count();
            println!("READY idle={idle} errs={}", load.errs);
            let _ = io::stdout().flush();
            let _ = io::stdin().read(&mut [0u8; 1]);
            println!("END alive={}", load.conns.iter().filter(|c| is_open(c)).count());
            return;
        }
        let count = unsafe { libc::epoll_wait(load.epoll, events.as_mut_ptr(), 512, 10) };
        for event in &events[..count.max(0) as usize] {
            happened(load, event.events as i32, event.u64);
        }
    }
    println!("not all connections could be opened: {opened} of {}, errs={}", load.conns.len(), load.errs);
}

fn is_open(c: &Conn) -> bool {
    let mut byte = [0u8; 1];
    c.state == State::Idle
        && unsafe { libc::recv(c.fd, byte.as_mut_ptr() as _, 1, libc::MSG_PEEK | libc::MSG_DONTWAIT) != 0 }
}
