//! C ABI of the load balancer; `include/lb.h` says what each function promises.
//!
//! # Layout
//!
//! ```text
//! proxy   the opaque handle of a running instance
//! error   error numbers, and the text behind the last one of a thread
//! guard   no panic crosses the border
//! ```
//!
//! Unsafe code is limited to reading and writing what C callers point at, one block each.

#![deny(unsafe_op_in_unsafe_fn)]
#![warn(clippy::undocumented_unsafe_blocks)]

mod error;
mod guard;
mod proxy;

use std::ffi::c_char;

pub use error::{Status, lb_last_error};
pub use proxy::{
    LbProxy, lb_proxy_free, lb_proxy_is_finished, lb_proxy_listener_count, lb_proxy_listener_port, lb_proxy_soft_stop,
    lb_proxy_start_config, lb_proxy_start_file, lb_proxy_stop, lb_proxy_wait,
};

/// Number of the interface that the header describes; it grows with every change that old callers would notice.
const ABI_VERSION: u32 = 1;

/// The interface's number: equal to the header's `LB_ABI_VERSION` when both belong together.
#[unsafe(no_mangle)]
pub extern "C" fn lb_abi_version() -> u32 {
    ABI_VERSION
}

/// The product's version, for example `0.1.0`; a constant that must not be freed.
#[unsafe(no_mangle)]
pub extern "C" fn lb_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}
