//! No panic crosses the border to C: it becomes an error number.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::error::{Failure, lb_error};
use crate::status::lb_status::{self, *};

/// Runs the body of an exported function; the failure goes to `*error`, which is null where there is none.
///
/// # Safety
///
/// `error` is null or valid for one write.
pub(crate) unsafe fn call(error: *mut *mut lb_error, body: impl FnOnce() -> Result<(), Failure>) -> lb_status {
    let failure = caught(body).err();
    let status = failure.as_ref().map_or(LB_OK, |failure| failure.status);
    if !error.is_null() {
        let owned = failure.map_or(std::ptr::null_mut(), |failure| Box::into_raw(Box::new(failure.into())));
        // SAFETY: not null, and the caller promises that it can be written.
        unsafe { error.write(owned) };
    }
    status
}

/// Runs the body of an exported function whose failure is its number alone.
pub(crate) fn quiet(body: impl FnOnce() -> Result<(), Failure>) -> lb_status {
    caught(body).err().map_or(LB_OK, |failure| failure.status)
}

/// Runs a body and makes a failure of its panic.
pub(crate) fn caught<T>(body: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    // What a panicking body leaves behind is only ever freed: see `LB_ERR_INTERNAL`.
    catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
        let failure = Failure::new(LB_ERR_INTERNAL, format!("internal error: {}", text.unwrap_or("panic")));
        // Its own destructor may panic, too.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(panic)));
        Err(failure)
    })
}

#[cfg(test)]
#[allow(clippy::panic)]
mod tests {
    use std::ffi::CStr;

    use super::*;
    use crate::{lb_error_code, lb_error_count, lb_error_free, lb_error_text};

    fn outcome(body: impl FnOnce() -> Result<(), Failure>) -> (lb_status, String) {
        let mut error = std::ptr::without_provenance_mut(1);
        // SAFETY: `error` is ours; what is written to it is null or an error, which is freed once.
        unsafe {
            let status = call(&mut error, body);
            assert_eq!(lb_error_code(error), status);
            assert_eq!(lb_error_count(error), usize::from(status != LB_OK));
            let text = CStr::from_ptr(lb_error_text(error)).to_string_lossy().into_owned();
            lb_error_free(error);
            (status, text)
        }
    }

    #[test]
    fn panics_and_failures_become_errors() {
        assert_eq!(outcome(|| panic!("x {}", 1)), (LB_ERR_INTERNAL, "internal error: x 1".to_owned()));
        assert_eq!(outcome(|| panic!("x")), (LB_ERR_INTERNAL, "internal error: x".to_owned()));
        let odd = || std::panic::panic_any(7);
        assert_eq!(outcome(odd), (LB_ERR_INTERNAL, "internal error: panic".to_owned()));
        let zero = || Err(Failure::new(LB_ERR_CONFIG, "a\0b"));
        assert_eq!(outcome(zero), (LB_ERR_CONFIG, "a\u{fffd}b".to_owned()));
        assert_eq!(outcome(|| Ok(())), (LB_OK, String::new()));
    }

    #[test]
    fn nobody_has_to_ask_for_the_error() {
        // SAFETY: nothing is written to a null pointer.
        assert_eq!(unsafe { call(std::ptr::null_mut(), || panic!("x")) }, LB_ERR_INTERNAL);
        assert_eq!(quiet(|| panic!("x")), LB_ERR_INTERNAL);
    }
}
