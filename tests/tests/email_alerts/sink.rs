//! A mailer that follows a script and keeps what it is told.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lb_tests::eventually;

/// What it does once the client has said this (`greeting` is before it says anything, `text` is the end of the mail).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Twist {
    pub(crate) at: &'static str,
    pub(crate) act: Act,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Act {
    /// Says this in place of the usual.
    Say(&'static str),
    /// Closes the connection.
    Close,
    /// Closes it with a reset.
    Reset,
    /// Says nothing.
    Silence,
}

/// A mailer; what it was told, connection by connection.
#[derive(Debug)]
pub(crate) struct Sink {
    address: SocketAddr,
    connections: Arc<Mutex<Vec<Connection>>>,
}

#[derive(Clone, Debug, Default)]
struct Connection {
    told: String,
    over: bool,
}

impl Sink {
    pub(crate) fn start(twist: Option<Twist>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::<Mutex<Vec<Connection>>>::default();
        let all = Arc::clone(&connections);
        std::thread::spawn(move || {
            for connection in listener.incoming() {
                let Ok(connection) = connection else { return };
                let number = {
                    let mut all = all.lock().unwrap();
                    all.push(Connection::default());
                    all.len() - 1
                };
                let all = Arc::clone(&all);
                std::thread::spawn(move || {
                    serve(connection, twist, |line| all.lock().unwrap()[number].told += line);
                    all.lock().unwrap()[number].over = true;
                });
            }
        });
        Self { address, connections }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it was told on each connection, once so many of them are over and nobody is connected. Dates and durations are
    /// left out.
    pub(crate) fn told(&self, count: usize) -> Vec<String> {
        let mut seen = Vec::new();
        eventually("all mails came", || {
            seen = self.connections.lock().unwrap().clone();
            seen.len() >= count && seen.iter().all(|connection| connection.over)
        });
        seen.iter().map(|connection| without_times(&connection.told)).collect()
    }

    /// The same once it was told of this.
    pub(crate) fn told_last(&self, last: &str) -> Vec<String> {
        eventually(last, || self.connections.lock().unwrap().iter().any(|connection| connection.told.contains(last)));
        self.told(0)
    }
}

fn serve(connection: TcpStream, twist: Option<Twist>, told: impl Fn(&str)) {
    let mut reader = BufReader::new(connection.try_clone().unwrap());
    let mut connection = connection;
    let mut act = |at: &str, usual: &str| match twist.filter(|twist| twist.at == at).map(|twist| twist.act) {
        None => connection.write_all(usual.as_bytes()).is_ok(),
        Some(Act::Say(text)) => connection.write_all(text.as_bytes()).is_ok(),
        Some(Act::Silence) => true,
        Some(Act::Close) => false,
        Some(Act::Reset) => {
            socket2::SockRef::from(&connection).set_linger(Some(Duration::ZERO)).unwrap();
            false
        }
    };
    if !act("greeting", "220 sink ESMTP\r\n") {
        return;
    }
    let mut in_mail = false;
    loop {
        let mut line = String::new();
        if !matches!(reader.read_line(&mut line), Ok(length) if length > 0) {
            return;
        }
        told(&line);
        let word = line.split([' ', '\r']).next().unwrap_or_default();
        let goes_on = match word {
            "." if in_mail => {
                in_mail = false;
                act("text", "250 queued\r\n")
            }
            _ if in_mail => true,
            "DATA" => {
                in_mail = twist.is_none_or(|twist| twist.at != "DATA");
                act(word, "354 go\r\n")
            }
            "QUIT" => act(word, "221 bye\r\n"),
            _ => act(word, "250 ok\r\n"),
        };
        if !goes_on {
            return;
        }
    }
}

fn without_times(told: &str) -> String {
    let mut text = String::new();
    for line in told.split_inclusive('\n') {
        text += &match (line.strip_prefix("Date: "), line.split_once("check duration: ")) {
            (Some(date), _) => format!("Date: {}", shape(date)),
            (None, Some((before, after))) => format!("{before}{}", after.split_once("ms").unwrap().1),
            (None, None) => line.to_owned(),
        };
    }
    text
}

/// A date with its letters and digits replaced, all but the zone.
fn shape(date: &str) -> String {
    let (day, zone) = date.split_at(date.find('+').unwrap_or(0));
    let shape = day.chars().map(|c| match c {
        '0'..='9' => '9',
        'A'..='Z' => 'A',
        'a'..='z' => 'a',
        c => c,
    });
    shape.chain(zone.chars()).collect()
}
