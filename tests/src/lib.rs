//! Support for the end-to-end tests: real sockets on 127.0.0.1, ports that the kernel picks, no sleeping.
//!
//! # Layout
//!
//! ```text
//! instance   lb inside this process, from configuration text
//! process    lbd or HAProxy as a child process, on a listening socket that it inherits
//! peers      HTTP/2 and TLS peers
//! held_port  a port for a program that only takes an address as text
//! origin     a scripted server behind the load balancer
//! wire       one connection: raw bytes out, strictly read HTTP/1 messages in; client and origin both hold one
//! message    an HTTP/1 message as it was on the wire
//! name_server  a nameserver with scripted answers
//! cli        a client of the stats socket
//! body       random bodies that are told by a digest
//! peers      clients and servers of any protocol, asynchronous
//! script     exchanges as data: what both sides do step by step, and what is logged of it
//! tcp_cases  rules about bytes as data, through HAProxy and through lb
//! families   rules that are generated, thousands of them, on top of rule_cases
//! frames     an HTTP/2 client that sends any fields and tells frames
//! side       HAProxy or lb on the same configuration, with a stats socket
//! log_sink   where log lines go, and their fields
//! ```
//!
//! Everything that waits gives up after [`PATIENCE`]: a guard against hanging, never something a test measures.

#![allow(clippy::unwrap_used, clippy::expect_used)]

pub mod body;
pub mod cli;
pub mod columns;
pub mod families;
pub mod frames;
pub mod held_port;
pub mod instance;
pub mod log_sink;
pub mod message;
pub mod name_server;
pub mod origin;
pub mod peers;
pub mod process;
pub mod rule_cases;
pub mod script;
pub mod side;
pub mod tcp_cases;
pub mod wire;

use std::time::Duration;

pub use cli::{Cli, CliAddress};
pub use held_port::HeldPort;
pub use instance::Instance;
pub use log_sink::{LogLine, LogSink};
pub use message::Message;
pub use origin::Origin;
pub use side::Side;
pub use wire::Wire;

/// How long anything may take before a test fails rather than hangs.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A `global` and a `defaults` section for HTTP: one worker, so that what one request leaves the next one finds.
pub const HTTP: &str = "global
  nbthread 1
defaults
  mode http
  timeout connect 10s
  timeout client 30s
  timeout server 30s
";

/// The same for TCP mode.
pub const TCP: &str = "global
  nbthread 1
defaults
  mode tcp
  timeout connect 10s
  timeout client 30s
  timeout server 30s
";

/// Asks until the answer is yes; for what the other side does in its own time (a closed descriptor, a counter).
///
/// # Panics
/// After [`PATIENCE`].
#[track_caller]
pub fn eventually(what: &str, mut answer: impl FnMut() -> bool) {
    let started = std::time::Instant::now();
    while !answer() {
        assert!(started.elapsed() < PATIENCE, "never came true: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}
