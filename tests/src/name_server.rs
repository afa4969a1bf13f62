//! A nameserver whose answers a test scripts: UDP and TCP on one port of 127.0.0.1.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Types of records.
pub const A: u16 = 1;
/// An alias.
pub const CNAME: u16 = 5;
/// An IPv6 address.
pub const AAAA: u16 = 28;
/// A server of a service.
pub const SRV: u16 = 33;

/// What is answered.
#[derive(Clone, Debug)]
pub enum Answer {
    /// These records, and those that come in addition.
    Records(Vec<Record>, Vec<Record>),
    /// An error: 2 failed, 3 no such name, 5 refused.
    Error(u8),
    /// Records, with the flag that there are more.
    Truncated(Vec<Record>),
    /// These bytes behind the number of the question.
    Bytes(Vec<u8>),
    /// Nothing.
    Silence,
}

/// A record: owner, type, data.
#[derive(Clone, Debug)]
pub struct Record(pub String, pub u16, pub Vec<u8>);

/// Addresses of a name.
pub fn addresses(name: &str, list: &[&str]) -> Answer {
    Answer::Records(list.iter().map(|ip| address(name, ip)).collect(), Vec::new())
}

/// One address of a name.
///
/// # Panics
/// When it is none.
pub fn address(name: &str, ip: &str) -> Record {
    match ip.parse::<Ipv4Addr>() {
        Ok(ip) => Record(name.to_owned(), A, ip.octets().to_vec()),
        Err(_) => Record(name.to_owned(), AAAA, ip.parse::<Ipv6Addr>().expect("an address").octets().to_vec()),
    }
}

/// A server of a service.
pub fn service(name: &str, weight: u16, port: u16, target: &str) -> Record {
    let mut data = [0, weight, port].map(u16::to_be_bytes).concat();
    data.extend(wire(target));
    Record(name.to_owned(), SRV, data)
}

/// A name as the wire has it.
pub fn wire(name: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for label in name.split('.').filter(|label| !label.is_empty()) {
        bytes.push(label.len() as u8);
        bytes.extend(label.as_bytes());
    }
    bytes.push(0);
    bytes
}

type Zone = HashMap<(String, u16), Answer>;

/// A running nameserver; dropping it stops it.
#[derive(Debug)]
pub struct NameServer {
    address: SocketAddr,
    state: Arc<State>,
}

#[derive(Debug, Default)]
struct State {
    zone: Mutex<Zone>,
    /// Names and types of questions, and whether they came over TCP.
    asked: Mutex<Vec<(String, u16, bool)>>,
    over: AtomicBool,
}

impl NameServer {
    /// Listens; every name is unknown.
    ///
    /// # Panics
    /// When no port is free for both.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        let (udp, tcp) = (0..100)
            .find_map(|_| {
                let udp = UdpSocket::bind("127.0.0.1:0").ok()?;
                let tcp = TcpListener::bind(udp.local_addr().ok()?).ok()?;
                Some((udp, tcp))
            })
            .expect("a port");
        let address = udp.local_addr().expect("address");
        udp.set_read_timeout(Some(Duration::from_millis(50))).expect("timeout");
        let state = Arc::<State>::default();
        let (datagrams, streams) = (Arc::clone(&state), Arc::clone(&state));
        std::thread::spawn(move || datagrams.datagrams(&udp));
        std::thread::spawn(move || {
            for stream in tcp.incoming() {
                if streams.over.load(Ordering::Relaxed) {
                    return;
                }
                let (Ok(stream), state) = (stream, Arc::clone(&streams)) else { continue };
                std::thread::spawn(move || state.stream(stream));
            }
        });
        Self { address, state }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers questions for a name and type so from now on.
    ///
    /// # Panics
    /// When a thread of it did.
    pub fn set(&self, name: &str, kind: u16, answer: Answer) {
        self.state.zone.lock().expect("not poisoned").insert((name.to_owned(), kind), answer);
    }

    /// Names and types of the questions so far, and whether they came over TCP.
    ///
    /// # Panics
    /// When a thread of it did.
    pub fn asked(&self) -> Vec<(String, u16, bool)> {
        self.state.asked.lock().expect("not poisoned").clone()
    }
}

impl Drop for NameServer {
    fn drop(&mut self) {
        self.state.over.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(self.address);
    }
}

impl State {
    fn datagrams(&self, socket: &UdpSocket) {
        let mut buffer = [0; 4096];
        while !self.over.load(Ordering::Relaxed) {
            let Ok((length, from)) = socket.recv_from(&mut buffer) else { continue };
            if let Some(answer) = self.answer(&buffer[..length], false) {
                let _ = socket.send_to(&answer, from);
            }
        }
    }

    fn stream(&self, mut stream: TcpStream) {
        let mut length = [0; 2];
        while stream.read_exact(&mut length).is_ok() {
            let mut question = vec![0; usize::from(u16::from_be_bytes(length))];
            if stream.read_exact(&mut question).is_err() {
                return;
            }
            if let Some(answer) = self.answer(&question, true) {
                let framed = [&(answer.len() as u16).to_be_bytes(), answer.as_slice()].concat();
                if stream.write_all(&framed).is_err() {
                    return;
                }
            }
        }
    }

    fn answer(&self, question: &[u8], tcp: bool) -> Option<Vec<u8>> {
        let mut at = 12;
        let mut labels = Vec::new();
        while question[at] != 0 {
            let end = at + 1 + usize::from(question[at]);
            labels.push(String::from_utf8_lossy(&question[at + 1..end]).into_owned());
            at = end;
        }
        let kind = u16::from_be_bytes([question[at + 1], question[at + 2]]);
        let name = labels.join(".");
        self.asked.lock().expect("not poisoned").push((name.clone(), kind, tcp));
        let answer = self.zone.lock().expect("not poisoned").get(&(name, kind)).cloned();
        let (flags, answers, additional) = match answer.unwrap_or(Answer::Error(3)) {
            Answer::Records(answers, additional) => (0x8180, answers, additional),
            Answer::Error(code) => (0x8180 | u16::from(code), Vec::new(), Vec::new()),
            Answer::Truncated(answers) => (0x8380, answers, Vec::new()),
            Answer::Bytes(bytes) => return Some([&question[..2], &bytes].concat()),
            Answer::Silence => return None,
        };
        let counts = [flags, 1, answers.len() as u16, 0, additional.len() as u16];
        let mut bytes = [&question[..2], &counts.map(u16::to_be_bytes).concat(), &question[12..at + 5]].concat();
        for Record(owner, kind, data) in answers.iter().chain(&additional) {
            bytes.extend(wire(owner));
            bytes.extend(kind.to_be_bytes());
            bytes.extend([0, 1, 0, 0, 0, 60]);
            bytes.extend((data.len() as u16).to_be_bytes());
            bytes.extend(data);
        }
        Some(bytes)
    }
}
