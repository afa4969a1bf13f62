//! Names to addresses at run time: what `resolvers` sections say (configuration.txt, section 5.3).
//!
//! ```text
//!   name         names as questions ask for them
//!   message      questions and answers on the wire
//!   resolution   one name: which question is next, what its answers come to; without sockets and without a clock
//!   engine       all names of a section, and who waits for them; the same
//!   choice       which of a name's addresses a server takes
//!   nameserver   sockets: datagrams and streams
//!   servers      what answers make of servers: addresses, ports, weights, maintenance
//!   task         the thread of control: sockets, the clock and the engine, together
//!   section      what workers and runtime commands see of a section: counters, questions
//! ```
//!
//! Sockets are opened when the first question is asked, and only on the control thread.

mod choice;
mod engine;
pub mod message;
mod name;
mod nameserver;
mod resolution;
mod section;
mod servers;
mod task;

pub use name::HostName;
pub use section::{Nameserver, NameserverCounters, Resolvers};
pub(crate) use task::run;
