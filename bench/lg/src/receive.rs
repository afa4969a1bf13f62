//! What arrives on a connection: bytes to responses.

use std::io::{self, Read};

use crate::conn::{Conn, Sock, State};
use crate::load::Load;
use crate::options::Mode;

impl Load {
    /// Whether the response is complete with these bytes.
    fn feed(&mut self, i: usize, d: &[u8]) -> bool {
        let c = &mut self.conns[i];
        self.bytes += d.len() as u64;
        if c.state != State::Wait {
            return false;
        }
        if c.head_read {
            return Self::body(c, d);
        }
        let first = c.head.is_empty();
        if !first {
            c.head.extend_from_slice(d);
        }
        let h: &[u8] = if first { d } else { &c.head };
        let Some(p) = h.windows(4).position(|w| w == b"\r\n\r\n") else {
            if first {
                c.head.extend_from_slice(d);
            }
            return false;
        };
        let head = &h[..p + 2];
        if h.len() < 12 || &h[9..12] != b"200" {
            self.non200 += 1;
        }
        c.need = 0;
        c.chunked = false;
        c.head_read = true;
        for l in head.split(|b| *b == b'\n') {
            if l.len() > 15 && l[..15].eq_ignore_ascii_case(b"content-length:") {
                c.need = std::str::from_utf8(&l[15..]).unwrap().trim().parse().unwrap();
            } else if l.len() > 18 && l[..18].eq_ignore_ascii_case(b"transfer-encoding:") {
                c.chunked = true;
            }
        }
        let rest = h[p + 4..].to_vec();
        c.head.clear();
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

    /// Reads what there is.
    pub fn receive(&mut self, i: usize) {
        let mut buf = std::mem::take(&mut self.buf);
        loop {
            if self.conns[i].state == State::Dead {
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
                        let mut comp = false;
                        loop {
                            let t = self.conns[i].tls.as_mut().unwrap();
                            match t.reader().read(&mut buf) {
                                Ok(0) => break,
                                Ok(n) => {
                                    if self.feed(i, &buf[..n]) {
                                        comp = true;
                                    }
                                }
                                Err(_) => break,
                            }
                        }
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
            if c.state == State::Wait && c.head_read && !c.chunked && c.need > 65536 {
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
            if n < 65536 && self.mode != Mode::Close {
                break;
            }
        }
        self.buf = buf;
    }

    fn eof(&mut self, i: usize) {
        let st = self.conns[i].state;
        if st == State::WaitEof {
            self.close(i);
            if self.done < self.max {
                self.open(i);
            }
        } else if st == State::Idle {
            if std::env::var("LGDBG").is_ok() {
                eprintln!("idle conn closed");
            }
            self.errs += 1;
            self.close(i);
            if self.mode == Mode::Rate {
                self.idle.retain(|x| *x != i);
                self.open(i);
            }
        } else {
            self.fail(i)
        }
    }
}
