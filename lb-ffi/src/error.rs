//! Error numbers, and the text behind the last one of a thread.

use std::cell::RefCell;
use std::ffi::c_char;

/// What a function came to. The numbers are part of the ABI and never change their meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum Status {
    /// `LB_OK`: it worked.
    Ok = 0,
    /// `LB_ERR_NULL`: a pointer that must not be null was.
    Null = 1,
    /// `LB_ERR_ENCODING`: text that is not UTF-8.
    Encoding = 2,
    /// `LB_ERR_CONFIG`: the configuration is refused.
    Config = 3,
    /// `LB_ERR_START`: the configuration is good, starting it failed.
    Start = 4,
    /// `LB_ERR_RANGE`: an index beyond the end, or a listener without port.
    Range = 5,
    /// `LB_ERR_INTERNAL`: a fault of the library; the handle must only be freed.
    Internal = 6,
}

/// Why a call failed: its number and what a person may read.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) status: Status,
    pub(crate) text: String,
}

impl Failure {
    pub(crate) fn new(status: Status, text: impl Into<String>) -> Self {
        Self { status, text: text.into() }
    }

    pub(crate) fn null(name: &str) -> Self {
        Self::new(Status::Null, format!("'{name}' is null"))
    }
}

thread_local! {
    static LAST: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Keeps the text for [`lb_last_error`]. A call that works clears it.
pub(crate) fn remember(text: String) {
    LAST.with(|last| last.replace(text));
}

/// Copies the text of the calling thread's last failure, cut to `size - 1` bytes and ended by a zero, and returns its
/// whole length without the zero. With `size` 0 nothing is written.
///
/// # Safety
///
/// `buffer` is valid for writes of `size` bytes, or null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lb_last_error(buffer: *mut c_char, size: usize) -> usize {
    LAST.with(|last| {
        let Ok(text) = last.try_borrow() else { return 0 };
        if !buffer.is_null() && size > 0 {
            let mut end = text.len().min(size - 1);
            while !text.is_char_boundary(end) {
                end -= 1;
            }
            // SAFETY: the caller promises `size` bytes, `end` is below that, and the text is ours.
            unsafe {
                std::ptr::copy_nonoverlapping(text.as_ptr(), buffer.cast::<u8>(), end);
                buffer.add(end).write(0);
            }
        }
        text.len()
    })
}
