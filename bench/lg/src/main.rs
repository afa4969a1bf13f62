// lg: single-threaded epoll load generator for proxies on 127.0.0.1
// lg mode=ka|close|rate|idle port=N conns=N secs=F [path=/] [rate=N] [tls=0|1] [resume=0|1] [max=N]
use rustls::client::danger::*;
use rustls::pki_types::*;
use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::sync::Arc;

fn now() -> u64 {
    let mut t: libc::timespec = unsafe { std::mem::zeroed() };
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &mut t) };
    t.tv_sec as u64 * 1_000_000_000 + t.tv_nsec as u64
}
#[derive(Debug)]
struct NoVerify;
impl ServerCertVerifier for NoVerify {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }
    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &rustls::DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }
    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &rustls::DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }
    fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
        use rustls::SignatureScheme::*;
        vec![ECDSA_NISTP256_SHA256, RSA_PSS_SHA256, RSA_PKCS1_SHA256, ECDSA_NISTP384_SHA384, ED25519]
    }
}
struct Sock(i32);
impl Read for Sock {
    fn read(&mut self, b: &mut [u8]) -> io::Result<usize> {
        let r = unsafe { libc::recv(self.0, b.as_mut_ptr() as _, b.len(), 0) };
        if r < 0 { Err(io::Error::last_os_error()) } else { Ok(r as usize) }
    }
}
impl Write for Sock {
    fn write(&mut self, b: &[u8]) -> io::Result<usize> {
        let r = unsafe { libc::send(self.0, b.as_ptr() as _, b.len(), libc::MSG_NOSIGNAL) };
        if r < 0 { Err(io::Error::last_os_error()) } else { Ok(r as usize) }
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
#[derive(PartialEq, Clone, Copy, Debug)]
enum St {
    Dead,
    Connecting,
    Wait,
    Idle,
    WaitEof,
}
struct Conn {
    fd: i32,
    st: St,
    tls: Option<Box<rustls::ClientConnection>>,
    start: u64,
    hdr: bool,
    chunked: bool,
    need: i64,
    tail: Vec<u8>,
    rbuf: Vec<u8>,
    sent: bool,
    resumed: bool,
}
struct Hist {
    v: Vec<u32>,
}
impl Hist {
    fn new() -> Self {
        Hist { v: vec![0; 64 * 64] }
    }
    fn add(&mut self, ns: u64) {
        let x = ns / 100;
        let i = if x < 64 {
            x as usize
        } else {
            let l = 63 - x.leading_zeros() as usize;
            (l - 5) * 64 + (((x >> (l - 6)) & 63) as usize)
        };
        let m = self.v.len() - 1;
        self.v[i.min(m)] += 1;
    }
    fn q(&self, q: f64) -> f64 {
        let tot: u64 = self.v.iter().map(|x| *x as u64).sum();
        let want = (tot as f64 * q).ceil() as u64;
        let mut s = 0;
        for (i, c) in self.v.iter().enumerate() {
            s += *c as u64;
            if s >= want && tot > 0 {
                let x = if i < 64 {
                    i as f64
                } else {
                    let l = i / 64 + 5;
                    ((64 + (i % 64)) as f64) * (1u64 << (l - 6)) as f64
                };
                return x / 10.0;
            }
        }
        0.0
    }
}
struct G {
    ep: i32,
    port: u16,
    mode: String,
    req: Vec<u8>,
    tlscfg: Option<Arc<rustls::ClientConfig>>,
    conns: Vec<Conn>,
    hist: Hist,
    done: u64,
    errs: u64,
    non200: u64,
    bytes: u64,
    resumed: u64,
    stop: bool,
    idle: Vec<usize>,
    backlog: VecDeque<u64>,
    buf: Vec<u8>,
    max: u64,
    newconns: u64,
    measuring: bool,
}
impl G {
    fn open(&mut self, i: usize) {
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
                self.conns[i].st = St::Dead;
                self.conns[i].fd = -1;
                return;
            }
            let mut ev = libc::epoll_event {
                events: (libc::EPOLLIN | libc::EPOLLOUT | libc::EPOLLRDHUP | libc::EPOLLET) as u32,
                u64: ((fd as u64) << 32) | i as u64,
            };
            libc::epoll_ctl(self.ep, libc::EPOLL_CTL_ADD, fd, &mut ev);
            self.newconns += 1;
            let c = &mut self.conns[i];
            c.fd = fd;
            c.st = St::Connecting;
            c.hdr = false;
            c.rbuf.clear();
            c.sent = false;
            c.start = now();
            c.resumed = false;
            c.tls = self.tlscfg.as_ref().map(|t| {
                Box::new(
                    rustls::ClientConnection::new(t.clone(), ServerName::try_from("bench.local").unwrap()).unwrap(),
                )
            });
        }
    }
    fn send_req(&mut self, i: usize, t: u64) {
        let req = std::mem::take(&mut self.req);
        let c = &mut self.conns[i];
        c.st = St::Wait;
        c.hdr = false;
        c.rbuf.clear();
        c.start = t;
        c.tail.clear();
        c.chunked = false;
        let ok = if let Some(t) = c.tls.as_mut() {
            t.writer().write_all(&req).unwrap();
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
            unsafe { libc::send(c.fd, req.as_ptr() as _, req.len(), libc::MSG_NOSIGNAL) == req.len() as isize }
        };
        self.req = req;
        if !ok {
            self.fail(i);
        }
    }
    fn close(&mut self, i: usize) {
        let c = &mut self.conns[i];
        if c.fd >= 0 {
            unsafe { libc::close(c.fd) };
        }
        c.fd = -1;
        c.st = St::Dead;
        c.tls = None;
    }
    fn fail(&mut self, i: usize) {
        self.errs += 1;
        self.close(i);
        if !self.stop && self.errs < 100000 {
            self.open(i);
        }
    }
    fn complete(&mut self, i: usize) {
        let t = now();
        if self.measuring {
            self.hist.add(t - self.conns[i].start);
            self.done += 1;
        }
        if let Some(tl) = &self.conns[i].tls {
            if tl.handshake_kind() == Some(rustls::HandshakeKind::Resumed) {
                self.resumed += 1;
            }
        }
        match self.mode.as_str() {
            "ka" => {
                if !self.stop && self.done < self.max {
                    self.send_req(i, t)
                } else {
                    self.conns[i].st = St::Idle
                }
            }
            "rate" => {
                if let Some(s) = self.backlog.pop_front() {
                    self.send_req(i, s)
                } else {
                    self.conns[i].st = St::Idle;
                    self.idle.push(i)
                }
            }
            "close" => self.conns[i].st = St::WaitEof,
            _ => self.conns[i].st = St::Idle,
        }
    }
    // returns true if response complete
    fn feed(&mut self, i: usize, d: &[u8]) -> bool {
        let c = &mut self.conns[i];
        self.bytes += d.len() as u64;
        if c.st != St::Wait {
            return false;
        }
        if c.hdr {
            return Self::body(c, d);
        }
        let first = c.rbuf.is_empty();
        if !first {
            c.rbuf.extend_from_slice(d);
        }
        let h: &[u8] = if first { d } else { &c.rbuf };
        let Some(p) = h.windows(4).position(|w| w == b"\r\n\r\n") else {
            if first {
                c.rbuf.extend_from_slice(d);
            }
            return false;
        };
        let head = &h[..p + 2];
        if h.len() < 12 || &h[9..12] != b"200" {
            self.non200 += 1;
        }
        c.need = 0;
        c.chunked = false;
        c.hdr = true;
        for l in head.split(|b| *b == b'\n') {
            if l.len() > 15 && l[..15].eq_ignore_ascii_case(b"content-length:") {
                c.need = std::str::from_utf8(&l[15..]).unwrap().trim().parse().unwrap();
            } else if l.len() > 18 && l[..18].eq_ignore_ascii_case(b"transfer-encoding:") {
                c.chunked = true;
            }
        }
        let rest = h[p + 4..].to_vec();
        c.rbuf.clear();
        Self::body(c, &rest)
    }
    fn body(c: &mut Conn, d: &[u8]) -> bool {
        if c.chunked {
            c.tail.extend_from_slice(d);
            let n = c.tail.len();
            if n > 5 {
                c.tail.drain(..n - 5);
            }
            return c.tail.as_slice() == b"0\r\n\r\n";
        }
        c.need -= d.len() as i64;
        c.need <= 0
    }
    fn rd(&mut self, i: usize) {
        let mut buf = std::mem::take(&mut self.buf);
        loop {
            if self.conns[i].st == St::Dead {
                break;
            }
            let fd = self.conns[i].fd;
            if let Some(t) = self.conns[i].tls.as_mut() {
                match t.read_tls(&mut Sock(fd)) {
                    Ok(0) => {
                        self.eof(i);
                        break;
                    }
                    Ok(_) => {
                        if let Err(e) = t.process_new_packets() {
                            if self.errs < 3 {
                                eprintln!("tls err {e:?}");
                            }
                            self.fail(i);
                            break;
                        }
                        while t.wants_write() {
                            if t.write_tls(&mut Sock(fd)).is_err() {
                                break;
                            }
                        }
                        let mut got = 0;
                        let mut comp = false;
                        loop {
                            let t = self.conns[i].tls.as_mut().unwrap();
                            match t.reader().read(&mut buf) {
                                Ok(0) => break,
                                Ok(n) => {
                                    got += n;
                                    if self.feed(i, &buf[..n]) {
                                        comp = true;
                                    }
                                }
                                Err(_) => break,
                            }
                        }
                        let _ = got;
                        if comp {
                            self.complete(i);
                        }
                    }
                    Err(e) if e.kind() == io::ErrorKind::WouldBlock => break,
                    Err(_) => {
                        self.eof(i);
                        break;
                    }
                }
                continue;
            }
            let c = &mut self.conns[i];
            if c.st == St::Wait && c.hdr && !c.chunked && c.need > 65536 {
                let want = (c.need as usize).min(1 << 20);
                let r = unsafe { libc::recv(c.fd, buf.as_mut_ptr() as _, want, libc::MSG_TRUNC) };
                if r > 0 {
                    c.need -= r as i64;
                    self.bytes += r as u64;
                    if c.need == 0 {
                        self.complete(i);
                    }
                    if (r as usize) < want {
                        break;
                    }
                    continue;
                }
                if r < 0 && unsafe { *libc::__errno_location() } == libc::EAGAIN {
                    break;
                }
                self.eof(i);
                break;
            }
            let r = unsafe { libc::recv(c.fd, buf.as_mut_ptr() as _, 65536, 0) };
            if r == 0 {
                self.eof(i);
                break;
            }
            if r < 0 {
                if unsafe { *libc::__errno_location() } != libc::EAGAIN {
                    self.eof(i);
                }
                break;
            }
            let n = r as usize;
            if self.feed(i, &buf[..n]) {
                self.complete(i);
            }
            if n < 65536 && self.mode != "close" {
                break;
            }
        }
        self.buf = buf;
    }
    fn eof(&mut self, i: usize) {
        let st = self.conns[i].st;
        if st == St::WaitEof {
            self.close(i);
            if !self.stop && self.done < self.max {
                self.open(i);
            }
        } else if st == St::Idle {
            if std::env::var("LGDBG").is_ok() {
                eprintln!("idle conn closed");
            }
            self.errs += 1;
            self.close(i);
            if self.mode == "rate" {
                self.idle.retain(|x| *x != i);
                self.open(i);
            }
        } else {
            self.fail(i)
        }
    }
}
fn main() {
    let mut a = std::collections::HashMap::new();
    for x in std::env::args().skip(1) {
        if let Some((k, v)) = x.split_once('=') {
            a.insert(k.to_string(), v.to_string());
        }
    }
    let g = |k: &str, d: &str| a.get(k).cloned().unwrap_or(d.to_string());
    let mode = g("mode", "ka");
    let n: usize = g("conns", "64").parse().unwrap();
    let secs: f64 = g("secs", "3").parse().unwrap();
    let rate: f64 = g("rate", "5000").parse().unwrap();
    let tls = g("tls", "0") == "1";
    let resume = g("resume", "0") == "1";
    let warm: f64 = g("warm", "0.3").parse().unwrap();
    let close_hdr = if mode == "close" { "Connection: close\r\n" } else { "" };
    let req = format!(
        "GET {} HTTP/1.1\r\nHost: bench.local\r\nUser-Agent: lg/0.1\r\nAccept: */*\r\n{}\r\n",
        g("path", "/"),
        close_hdr
    )
    .into_bytes();
    let tlscfg = if tls {
        let mut p = rustls::crypto::aws_lc_rs::default_provider();
        p.kx_groups = vec![rustls::crypto::aws_lc_rs::kx_group::X25519];
        p.cipher_suites = vec![rustls::crypto::aws_lc_rs::cipher_suite::TLS13_AES_128_GCM_SHA256];
        let mut c = rustls::ClientConfig::builder_with_provider(Arc::new(p))
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap()
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(NoVerify))
            .with_no_client_auth();
        c.resumption = if resume {
            rustls::client::Resumption::in_memory_sessions(1024)
        } else {
            rustls::client::Resumption::disabled()
        };
        Some(Arc::new(c))
    } else {
        None
    };
    let ep = unsafe { libc::epoll_create1(0) };
    let mut s = G {
        ep,
        port: g("port", "8080").parse().unwrap(),
        mode: mode.clone(),
        req,
        tlscfg,
        conns: vec![],
        hist: Hist::new(),
        done: 0,
        errs: 0,
        non200: 0,
        bytes: 0,
        resumed: 0,
        stop: false,
        idle: vec![],
        backlog: VecDeque::new(),
        buf: vec![0; 1 << 20],
        max: g("max", "1000000000").parse().unwrap(),
        newconns: 0,
        measuring: true,
    };
    for _ in 0..n {
        s.conns.push(Conn {
            fd: -1,
            st: St::Dead,
            tls: None,
            start: 0,
            hdr: false,
            chunked: false,
            need: 0,
            tail: vec![],
            rbuf: vec![],
            sent: false,
            resumed: false,
        });
    }
    let mut opened = if mode == "idle" {
        0
    } else {
        for i in 0..n {
            s.open(i);
        }
        n
    };
    let tfd = unsafe { libc::timerfd_create(libc::CLOCK_MONOTONIC, libc::TFD_NONBLOCK) };
    if mode == "rate" {
        let ns = (1e9 / rate) as i64;
        let sp = libc::itimerspec {
            it_interval: libc::timespec { tv_sec: ns / 1_000_000_000, tv_nsec: ns % 1_000_000_000 },
            it_value: libc::timespec { tv_sec: 0, tv_nsec: 50_000_000 },
        };
        let mut ev = libc::epoll_event { events: libc::EPOLLIN as u32, u64: u64::MAX };
        unsafe {
            libc::timerfd_settime(tfd, 0, &sp, std::ptr::null_mut());
            libc::epoll_ctl(ep, libc::EPOLL_CTL_ADD, tfd, &mut ev);
        }
    }
    let mut t0 = now();
    let mut tstart_sched = t0 + 50_000_000;
    let ival = (1e9 / rate) as u64;
    if warm > 0.0 && mode != "idle" {
        s.measuring = false;
    }
    let tw = t0 + (warm * 1e9) as u64;
    let mut tend = t0 + ((secs + if mode != "idle" { warm } else { 0.0 }) * 1e9) as u64;
    let mut evs: Vec<libc::epoll_event> = vec![unsafe { std::mem::zeroed() }; 512];
    let mut announced = false;
    let mut b0 = 0;
    let mut r0 = 0;
    let cpu = || {
        let mut r: libc::rusage = unsafe { std::mem::zeroed() };
        unsafe { libc::getrusage(libc::RUSAGE_SELF, &mut r) };
        (r.ru_utime.tv_sec + r.ru_stime.tv_sec) as f64 + (r.ru_utime.tv_usec + r.ru_stime.tv_usec) as f64 / 1e6
    };
    let mut cpu0 = cpu();
    loop {
        if mode == "idle" && !announced {
            let pend = s.conns[..opened].iter().filter(|c| c.st == St::Connecting || c.st == St::Wait).count();
            if opened < n && pend < 64 {
                let k = (opened + 64).min(n);
                for i in opened..k {
                    s.open(i);
                }
                opened = k;
            } else if opened == n && pend == 0 {
                announced = true;
                println!("READY idle={} errs={}", s.conns.iter().filter(|c| c.st == St::Idle).count(), s.errs);
                let _ = io::stdout().flush();
                let mut x = [0u8; 1];
                let _ = io::stdin().read(&mut x);
                let alive = s
                    .conns
                    .iter()
                    .filter(|c| {
                        c.st == St::Idle
                            && c.fd >= 0
                            && unsafe {
                                let mut b = [0u8; 1];
                                libc::recv(c.fd, b.as_mut_ptr() as _, 1, libc::MSG_PEEK | libc::MSG_DONTWAIT) != 0
                            }
                    })
                    .count();
                println!("END alive={alive}");
                return;
            }
        }
        let t = now();
        if !s.measuring && mode != "idle" && t >= tw {
            s.measuring = true;
            println!("START");
            let _ = io::stdout().flush();
            t0 = now();
            tend = t0 + (secs * 1e9) as u64;
            b0 = s.bytes;
            r0 = s.resumed;
            cpu0 = cpu();
        }
        if t >= tend || s.done >= s.max {
            break;
        }
        let k = unsafe { libc::epoll_wait(ep, evs.as_mut_ptr(), 512, 10) };
        for e in 0..k.max(0) as usize {
            let (ev, d) = (evs[e].events as i32, evs[e].u64);
            if d == u64::MAX {
                let mut x = 0u64;
                unsafe { libc::read(tfd, &mut x as *mut _ as _, 8) };
                for _ in 0..x {
                    let t = tstart_sched;
                    tstart_sched += ival;
                    if let Some(i) = s.idle.pop() { s.send_req(i, t) } else { s.backlog.push_back(t) }
                }
                continue;
            }
            let i = (d & 0xffff_ffff) as usize;
            let fd = (d >> 32) as i32;
            if s.conns[i].fd != fd {
                continue;
            }
            if s.conns[i].st == St::Connecting && ev & libc::EPOLLOUT != 0 && ev & libc::EPOLLERR == 0 {
                if mode == "rate" && s.tlscfg.is_none() {
                    s.conns[i].st = St::Idle;
                    s.idle.push(i);
                } else {
                    let t = s.conns[i].start;
                    s.send_req(i, if mode == "close" { t } else { now() });
                }
            } else if s.conns[i].st == St::Connecting && ev & libc::EPOLLERR != 0 {
                s.fail(i);
                continue;
            }
            if ev & (libc::EPOLLIN | libc::EPOLLRDHUP | libc::EPOLLHUP | libc::EPOLLERR) != 0 && s.conns[i].fd == fd {
                s.rd(i);
            }
        }
    }
    let dt = (now() - t0) as f64 / 1e9;
    println!(
        "{{\"done\":{},\"errs\":{},\"non200\":{},\"secs\":{:.4},\"rps\":{:.1},\"gbps\":{:.3},\"p50\":{:.1},\"p90\":{:.1},\"p99\":{:.1},\"p999\":{:.1},\"resumed\":{},\"newconns\":{},\"backlog\":{},\"cpu\":{:.3}}}",
        s.done,
        s.errs,
        s.non200,
        dt,
        s.done as f64 / dt,
        (s.bytes - b0) as f64 * 8.0 / dt / 1e9,
        s.hist.q(0.5),
        s.hist.q(0.9),
        s.hist.q(0.99),
        s.hist.q(0.999),
        s.resumed - r0,
        s.newconns,
        s.backlog.len(),
        (cpu() - cpu0) / dt
    );
}
