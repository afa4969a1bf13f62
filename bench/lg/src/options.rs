//! The command line: `key=value` words.

use std::collections::HashMap;
use std::str::FromStr;

#[derive(PartialEq, Clone, Copy, Debug)]
pub enum Mode {
    /// Requests one after the other on connections that stay.
    KeepAlive,
    /// A connection for each request.
    Close,
    /// Requests at fixed times, whether or not those before are answered.
    Rate,
    /// One request, then nothing.
    Idle,
}

pub struct Options {
    pub mode: Mode,
    pub port: u16,
    pub path: String,
    pub conns: usize,
    /// How long is measured.
    pub secs: f64,
    /// How long it runs before.
    pub warm: f64,
    /// Requests per second of `mode=rate`.
    pub rate: f64,
    pub tls: bool,
    /// TLS sessions are resumed.
    pub resume: bool,
    /// Ends after so many requests.
    pub max: u64,
}

impl Options {
    pub fn parse(args: impl Iterator<Item = String>) -> Self {
        let words: HashMap<String, String> =
            args.filter_map(|word| word.split_once('=').map(|(k, v)| (k.to_owned(), v.to_owned()))).collect();
        let mode = match words.get("mode").map_or("ka", String::as_str) {
            "ka" => Mode::KeepAlive,
            "close" => Mode::Close,
            "rate" => Mode::Rate,
            "idle" => Mode::Idle,
            other => panic!("mode={other}: ka, close, rate or idle"),
        };
        Self {
            mode,
            port: value(&words, "port", 8080),
            path: value(&words, "path", "/".to_owned()),
            conns: value(&words, "conns", 64),
            secs: value(&words, "secs", 3.0),
            warm: value(&words, "warm", 0.3),
            rate: value(&words, "rate", 5000.0),
            tls: value(&words, "tls", 0) == 1,
            resume: value(&words, "resume", 0) == 1,
            max: value(&words, "max", 1_000_000_000),
        }
    }

    /// The request that is sent over and over.
    pub fn request(&self) -> Vec<u8> {
        let close = if self.mode == Mode::Close { "Connection: close\r\n" } else { "" };
        format!("GET {} HTTP/1.1\r\nHost: bench.local\r\nUser-Agent: lg/0.1\r\nAccept: */*\r\n{close}\r\n", self.path)
            .into_bytes()
    }
}

fn value<T: FromStr>(words: &HashMap<String, String>, key: &str, default: T) -> T {
    match words.get(key) {
        Some(text) => text.parse().unwrap_or_else(|_| panic!("{key}={text} is not understood")),
        None => default,
    }
}
