//! No panic crosses the border to C: it becomes an error number.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::error::{Failure, Status, remember};

/// Runs the body of an exported function and keeps the text of its failure.
pub(crate) fn status(body: impl FnOnce() -> Result<(), Failure>) -> Status {
    // What a panicking body leaves behind is only ever freed: see `Status::Internal`.
    let result = catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
        Err(Failure::new(Status::Internal, format!("internal error: {}", text.unwrap_or("panic"))))
    });
    match result {
        Ok(()) => {
            remember(String::new());
            Status::Ok
        }
        Err(Failure { status, text }) => {
            remember(text);
            status
        }
    }
}

#[cfg(test)]
#[allow(clippy::panic)]
mod tests {
    use super::*;
    use crate::lb_last_error;

    fn last() -> (usize, String) {
        let mut buffer = [1u8; 16];
        // SAFETY: the buffer has the size that is told.
        let length = unsafe { lb_last_error(buffer.as_mut_ptr().cast(), buffer.len()) };
        let end = buffer.iter().position(|byte| *byte == 0).unwrap_or(buffer.len());
        (length, String::from_utf8_lossy(&buffer[..end]).into_owned())
    }

    #[test]
    fn panics_and_failures_become_numbers() {
        assert_eq!(status(|| panic!("x {}", 1)), Status::Internal);
        assert_eq!(last(), ("internal error: x 1".len(), "internal error:".to_owned()));
        assert_eq!(status(|| Err(Failure::new(Status::Config, "ääääääääää"))), Status::Config);
        assert_eq!(last(), (20, "äääääää".to_owned()));
        assert_eq!(status(|| Ok(())), Status::Ok);
        assert_eq!(last(), (0, String::new()));
        // SAFETY: nothing is written to a null pointer.
        assert_eq!(unsafe { lb_last_error(std::ptr::null_mut(), 5) }, 0);
    }
}
