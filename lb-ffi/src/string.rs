//! Strings that the caller frees.

use std::ffi::{CString, c_char};

use crate::pointer::c_string;

/// A string for the caller.
pub(crate) fn owned(text: &str) -> *mut c_char {
    c_string(text).into_raw()
}

/// Frees a string that a function returned as the caller's own. Null is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lb_string_free(string: *mut c_char) {
    if !string.is_null() {
        // SAFETY: the caller promises that it came from `owned` and was not freed or made shorter.
        drop(unsafe { CString::from_raw(string) });
    }
}
