//! C ABI of the load balancer. The documentation of what is exported is that of C: `include/lb.h` is made from it.
//!
//! # Layout
//!
//! ```text
//! builder   lb_builder: a configuration made of text, files and calls
//! section   lb_section: a section of a builder
//! server    lb_server: a server, as builders and running instances take it
//! options   lb_start_options: callbacks and the like
//! proxy     lb_proxy: a running instance and its end
//! listener  lb_listener: where it listens
//! command   runtime commands, statistics
//! running_server  servers of a running instance: they come, change and go
//! event     lb_event: what happens in an instance
//! extension lb_extensions: sample fetches, converters and actions of the program
//! signature lb_extension: what they have in common
//! value     lb_value, lb_result, lb_arguments: what their functions get and come to
//! stream    lb_stream: what they see of a stream; change: what actions do to it
//! log       lb_log_record: what is known of a request when it is logged
//! dispatch  the thread that callbacks are called from
//! error     lb_error: why a call failed; status: the numbers
//! string    strings that the caller frees
//! pointer   what C callers point at: null, UTF-8, struct_size
//! signals   the host's signals stay the host's
//! guard     no panic crosses the border
//! ```
//!
//! Unsafe code is limited to reading and writing what C callers point at, and to the signal mask, one block each.

#![deny(unsafe_op_in_unsafe_fn)]
#![warn(clippy::undocumented_unsafe_blocks)]
#![allow(non_camel_case_types, reason = "the names are C's")]
#![allow(clippy::missing_safety_doc, reason = "the header says what each function takes, in C's words")]

mod builder;
mod change;
mod command;
mod dispatch;
mod error;
mod event;
mod extension;
mod guard;
mod listener;
mod log;
mod options;
mod pointer;
mod proxy;
mod running_server;
mod section;
mod server;
mod signals;
mod signature;
mod status;
mod stream;
mod string;
mod value;
mod version;

pub use builder::*;
pub use change::*;
pub use command::*;
pub use error::*;
pub use event::*;
pub use extension::*;
pub use listener::*;
pub use log::*;
pub use options::*;
pub use proxy::*;
pub use running_server::*;
pub use section::*;
pub use server::*;
pub use signature::*;
pub use status::*;
pub use stream::*;
pub use string::*;
pub use value::*;
pub use version::*;
