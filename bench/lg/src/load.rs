//! The connections of a run: opened, used for the next request, closed.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::Arc;

use rustls::pki_types::ServerName;

use crate::conn::{Conn, Sock, State};
use crate::hist::Hist;
use crate::options::{Mode, Options};
use crate::time::now;

pub struct Load {
    pub epoll: i32,
    port: u16,
    pub mode: Mode,
    request: Vec<u8>,
    pub tls: Option<Arc<rustls::ClientConfig>>,
    pub conns: Vec<Conn>,
    pub hist: Hist,
    pub done: u64,
    pub errs: u64,
    pub non200: u64,
    pub bytes: u64,
    pub resumed: u64,
    /// Connections without a request, in `mode=rate`.
    pub idle: Vec<usize>,
    /// When the requests were due that found no idle connection.
    pub backlog: VecDeque<u64>,
    pub buf: Vec<u8>,
    pub max: u64,
    pub newconns: u64,
    /// Responses count.
    pub measuring: bool,
}

impl Load {
    pub fn new(options: &Options) -> Self {
        Load {
            epoll: unsafe { libc::epoll_create1(0) },
            port: options.port,
            mode: options.mode,
            request: options.request(),
            tls: options.tls.then(|| crate::tls::config(options.resume)),
            conns: (0..options.conns).map(|_| Conn::closed()).collect(),
            hist: Hist::new(),
            done: 0,
            errs: 0,
            non200: 0,
            bytes: 0,
            resumed: 0,
            idle: vec![],
            backlog: VecDeque::new(),
            buf: vec![0; 1 << 20],
            max: options.max,
            newconns: 0,
            measuring: true,
        }
    }

    /// Opens a connection in place `i`.
    pub fn open(&mut self, i: usize) {
        unsafe {
            let fd = libc::socket(libc::AF_INET, libc::SOCK_STREAM | libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC, 0);
            if fd < 0 {
                self.errs += 1;
                return;
            }
            let one = 1i32;
            libc::setsockopt(fd, libc::IPPROTO_TCP, libc::TCP_NODELAY, &one as *const _ as _, 4);
            let mut a: libc::sockaddr_in = std::mem::zeroed();
            a.sin_family = libc::AF_INET as _;
            a.sin_port = self.port.to_be();
            a.sin_addr.s_addr = u32::from_ne_bytes([127, 0, 0, 1]);
            let r = libc::connect(fd, &a as *const _ as _, std::mem::size_of_val(&a) as _);
            if r < 0 && *libc::__errno_location() != libc::EINPROGRESS {
                libc::close(fd);
                self.errs += 1;
                self.conns[i].state = State::Dead;
                self.conns[i].fd = -1;
                return;
            }
            let mut ev = libc::epoll_event {
                events: (libc::EPOLLIN | libc::EPOLLOUT | libc::EPOLLRDHUP | libc::EPOLLET) as u32,
                u64: ((fd as u64) << 32) | i as u64,
            };
            libc::epoll_ctl(self.epoll, libc::EPOLL_CTL_ADD, fd, &mut ev);
            self.newconns += 1;
            let c = &mut self.conns[i];
            c.fd = fd;
            c.state = State::Connecting;
            c.expect_response();
            c.start = now();
            c.tls = self.tls.as_ref().map(|t| {
                Box::new(
                    rustls::ClientConnection::new(t.clone(), ServerName::try_from("bench.local").unwrap()).unwrap(),
                )
            });
        }
    }

    /// Sends a request that was due at `t`.
    pub fn send_request(&mut self, i: usize, t: u64) {
        let request = std::mem::take(&mut self.request);
        let c = &mut self.conns[i];
        c.state = State::Wait;
        c.expect_response();
        c.start = t;
        let ok = if let Some(t) = c.tls.as_mut() {
            t.writer().write_all(&request).unwrap();
            let mut ok = true;
            while t.wants_write() {
                match t.write_tls(&mut Sock(c.fd)) {
                    Ok(_) => {}
                    Err(e) => {
                        ok = e.kind() == io::ErrorKind::WouldBlock;
                        break;
                    }
                }
            }
            ok
        } else {
            unsafe {
                libc::send(c.fd, request.as_ptr() as _, request.len(), libc::MSG_NOSIGNAL) == request.len() as isize
            }
        };
        self.request = request;
        if !ok {
            self.fail(i);
        }
    }

    pub fn close(&mut self, i: usize) {
        let c = &mut self.conns[i];
        if c.fd >= 0 {
            unsafe { libc::close(c.fd) };
        }
        c.fd = -1;
        c.state = State::Dead;
        c.tls = None;
    }

    /// Counts an error, and opens the connection anew.
    pub fn fail(&mut self, i: usize) {
        self.errs += 1;
        self.close(i);
        if self.errs < 100000 {
            self.open(i);
        }
    }

    /// A response is complete.
    pub fn complete(&mut self, i: usize) {
        let t = now();
        if self.measuring {
            self.hist.add(t - self.conns[i].start);
            self.done += 1;
        }
        let tls = self.conns[i].tls.as_ref();
        if tls.is_some_and(|tls| tls.handshake_kind() == Some(rustls::HandshakeKind::Resumed)) {
            self.resumed += 1;
        }
        match self.mode {
            Mode::KeepAlive => {
                if self.done < self.max {
                    self.send_request(i, t)
                } else {
                    self.conns[i].state = State::Idle
                }
            }
            Mode::Rate => {
                if let Some(s) = self.backlog.pop_front() {
                    self.send_request(i, s)
                } else {
                    self.conns[i].state = State::Idle;
                    self.idle.push(i)
                }
            }
            Mode::Close => self.conns[i].state = State::WaitEof,
            Mode::Idle => self.conns[i].state = State::Idle,
        }
    }
}
