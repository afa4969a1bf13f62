//! Versions of the interface and of the product.

use std::ffi::c_char;

use crate::status::lb_status::{self, *};

/// Number of the interface that this header describes; it grows with every change that an old program would notice.
pub const LB_ABI_VERSION: u32 = 1;

/// Oldest interface that this library still serves.
const OLDEST: u32 = 1;

/// The interface's number of the library that is linked.
#[unsafe(no_mangle)]
pub extern "C" fn lb_abi_version() -> u32 {
    LB_ABI_VERSION
}

/// Whether the library serves a program that was compiled with a header of this number: call it once at the start, with
/// LB_ABI_VERSION. LB_OK or LB_ERR_ABI.
#[unsafe(no_mangle)]
pub extern "C" fn lb_abi_check(version: u32) -> lb_status {
    if (OLDEST..=LB_ABI_VERSION).contains(&version) { LB_OK } else { LB_ERR_ABI }
}

/// The product's version, for example "0.1.0"; a constant that must not be freed.
#[unsafe(no_mangle)]
pub extern "C" fn lb_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}
