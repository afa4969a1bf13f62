//! A measured run: warm up, count for some seconds, print one line of JSON.

use std::io::{self, Write};

use crate::conn::State;
use crate::load::Load;
use crate::options::{Mode, Options};
use crate::time::{cpu, nanoseconds, now};

/// Stands for the timer in what epoll reports.
const TIMER: u64 = u64::MAX;

/// When `mode=rate` begins, after the start.
const RATE_STARTS: u64 = 50_000_000;

/// Where the counters stood when the measured part began.
struct Start {
    at: u64,
    bytes: u64,
    resumed: u64,
    cpu: f64,
}

impl Start {
    fn now(load: &Load) -> Self {
        Self { at: now(), bytes: load.bytes, resumed: load.resumed, cpu: cpu() }
    }
}

pub fn run(load: &mut Load, options: &Options) {
    for i in 0..load.conns.len() {
        load.open(i);
    }
    let timer = unsafe { libc::timerfd_create(libc::CLOCK_MONOTONIC, libc::TFD_NONBLOCK) };
    if load.mode == Mode::Rate {
        arm(load, timer, nanoseconds(1.0 / options.rate));
    }
    let mut start = Start::now(load);
    let mut due = start.at + RATE_STARTS;
    let interval = nanoseconds(1.0 / options.rate);
    load.measuring = options.warm <= 0.0;
    let warm_until = start.at + nanoseconds(options.warm);
    let mut end = start.at + nanoseconds(options.secs + options.warm);
    let mut events: Vec<libc::epoll_event> = vec![unsafe { std::mem::zeroed() }; 512];
    loop {
        let t = now();
        if !load.measuring && t >= warm_until {
            load.measuring = true;
            println!("START");
            let _ = io::stdout().flush();
            start = Start::now(load);
            end = start.at + nanoseconds(options.secs);
        }
        if t >= end || load.done >= load.max {
            break;
        }
        let count = unsafe { libc::epoll_wait(load.epoll, events.as_mut_ptr(), 512, 10) };
        for event in &events[..count.max(0) as usize] {
            let (flags, data) = (event.events as i32, event.u64);
            if data == TIMER {
                send_due(load, timer, &mut due, interval);
            } else {
                happened(load, flags, data);
            }
        }
    }
    report(load, &start);
}

/// Makes the timer tick at the rate of requests.
fn arm(load: &Load, timer: i32, interval: u64) {
    let interval = interval as i64;
    let ticks = libc::itimerspec {
        it_interval: libc::timespec { tv_sec: interval / 1_000_000_000, tv_nsec: interval % 1_000_000_000 },
        it_value: libc::timespec { tv_sec: 0, tv_nsec: RATE_STARTS as i64 },
    };
    let mut event = libc::epoll_event { events: libc::EPOLLIN as u32, u64: TIMER };
    unsafe {
        libc::timerfd_settime(timer, 0, &ticks, std::ptr::null_mut());
        libc::epoll_ctl(load.epoll, libc::EPOLL_CTL_ADD, timer, &mut event);
    }
}

fn send_due(load: &mut Load, timer: i32, due: &mut u64, interval: u64) {
    let mut ticks = 0u64;
    unsafe { libc::read(timer, &mut ticks as *mut _ as _, 8) };
    for _ in 0..ticks {
        let t = *due;
        *due += interval;
        if let Some(i) = load.idle.pop() { load.send_request(i, t) } else { load.backlog.push_back(t) }
    }
}

/// Something happened to the connection that `data` names.
pub fn happened(load: &mut Load, flags: i32, data: u64) {
    let i = (data & 0xffff_ffff) as usize;
    let fd = (data >> 32) as i32;
    if load.conns[i].fd != fd {
        return;
    }
    if load.conns[i].state == State::Connecting {
        if flags & libc::EPOLLERR != 0 {
            return load.fail(i);
        }
        if flags & libc::EPOLLOUT != 0 {
            if load.mode == Mode::Rate && load.tls.is_none() {
                load.conns[i].state = State::Idle;
                load.idle.push(i);
            } else {
                let t = load.conns[i].start;
                load.send_request(i, if load.mode == Mode::Close { t } else { now() });
            }
        }
    }
    let readable = libc::EPOLLIN | libc::EPOLLRDHUP | libc::EPOLLHUP | libc::EPOLLERR;
    if flags & readable != 0 && load.conns[i].fd == fd {
        load.receive(i);
    }
}

fn report(load: &Load, start: &Start) {
    let secs = (now() - start.at) as f64 / 1e9;
    println!(
        "{{\"done\":{},\"errs\":{},\"non200\":{},\"secs\":{:.4},\"rps\":{:.1},\"gbps\":{:.3},\"p50\":{:.1},\"p90\":{:.1},\"p99\":{:.1},\"p999\":{:.1},\"resumed\":{},\"newconns\":{},\"backlog\":{},\"cpu\":{:.3}}}",
        load.done,
        load.errs,
        load.non200,
        secs,
        load.done as f64 / secs,
        (load.bytes - start.bytes) as f64 * 8.0 / secs / 1e9,
        load.hist.quantile(0.5),
        load.hist.quantile(0.9),
        load.hist.quantile(0.99),
        load.hist.quantile(0.999),
        load.resumed - start.resumed,
        load.newconns,
        load.backlog.len(),
        (cpu() - start.cpu) / secs
    );
}
