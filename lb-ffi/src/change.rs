//! What actions do to their message and stream.

use std::ffi::c_char;

use lb_core::config::TargetPart;
use lb_core::extension::{ActionView, Response};

use crate::error::Failure;
use crate::guard;
use crate::pointer;
use crate::status::lb_status::{self, *};
use crate::stream::lb_stream;
use crate::value::{bytes, lb_value};

/// The method (lb_stream_set_target).
pub const LB_TARGET_METHOD: u32 = 1;
/// All of the target.
pub const LB_TARGET_URI: u32 = 2;
/// The path without the query.
pub const LB_TARGET_PATH: u32 = 3;
/// The path with the query.
pub const LB_TARGET_PATH_QUERY: u32 = 4;
/// The query.
pub const LB_TARGET_QUERY: u32 = 5;

/// Runs a change, which is made when the action is over.
///
/// # Safety
///
/// `stream` is null or what the running function was called with.
unsafe fn change(
    stream: *mut lb_stream,
    body: impl FnOnce(&mut ActionView<'static, 'static>) -> Result<(), Failure>,
) -> lb_status {
    guard::quiet(|| {
        // SAFETY: as the caller promises; the action outlives the stream, and nobody else looks at it meanwhile.
        let action = unsafe { pointer::object(stream, "stream")?.action.as_mut() };
        body(action.ok_or_else(|| Failure::new(LB_ERR_ARGUMENT, "only actions change a stream"))?)
    })
}

/// # Safety
///
/// As [`bytes`].
unsafe fn given<'a>(data: *const u8, size: usize) -> Result<&'a [u8], Failure> {
    // SAFETY: as the caller promises.
    unsafe { bytes(data, size) }.ok_or_else(|| Failure::null("data"))
}

fn wrong(error: impl ToString) -> Failure {
    Failure::new(LB_ERR_ARGUMENT, error.to_string())
}

/// Sets a header field of the message that the rule is about, as set-header does. Like all changes it is made when the
/// action is over; what the stream is asked for stays as it was. Nothing in TCP rules.
///
/// Errors: LB_ERR_ARGUMENT for what is no header field, or where no action runs; LB_ERR_NULL; LB_ERR_ENCODING.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lb_stream_set_header(
    stream: *mut lb_stream,
    name: *const c_char,
    data: *const u8,
    size: usize,
) -> lb_status {
    // SAFETY: the caller promises pointers as the header says.
    unsafe {
        change(stream, |action| action.set_header(pointer::text(name, "name")?, given(data, size)?).map_err(wrong))
    }
}

/// Adds a header field, as add-header does; the rest is as of lb_stream_set_header().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lb_stream_add_header(
    stream: *mut lb_stream,
    name: *const c_char,
    data: *const u8,
    size: usize,
) -> lb_status {
    // SAFETY: the caller promises pointers as the header says.
    unsafe {
        change(stream, |action| action.add_header(pointer::text(name, "name")?, given(data, size)?).map_err(wrong))
    }
}

/// Removes all header fields of a name, as del-header does; the rest is as of lb_stream_set_header().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lb_stream_del_header(stream: *mut lb_stream, name: *const c_char) -> lb_status {
    // SAFETY: the caller promises pointers as the header says.
    unsafe {
        change(stream, |action| {
            action.del_header(pointer::text(name, "name")?);
            Ok(())
        })
    }
}

/// Sets a part of the request line, LB_TARGET_METHOD and the like, as set-path and its kin do. What would give no request
/// line refuses the message. Nothing in rules of responses and in TCP rules; the rest is as of lb_stream_set_header().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lb_stream_set_target(
    stream: *mut lb_stream,
    part: u32,
    data: *const u8,
    size: usize,
) -> lb_status {
    // SAFETY: the caller promises pointers as the header says.
    unsafe {
        change(stream, |action| {
            let part = match part {
                LB_TARGET_METHOD => TargetPart::Method,
                LB_TARGET_URI => TargetPart::Uri,
                LB_TARGET_PATH => TargetPart::Path,
                LB_TARGET_PATH_QUERY => TargetPart::PathQuery,
                LB_TARGET_QUERY => TargetPart::Query,
                _ => return Err(wrong("'part' is no part of a request line")),
            };
            action.set_target(part, given(data, size)?);
            Ok(())
        })
    }
}

/// Sets a variable: "txn.user". A value of LB_TYPE_NONE, or null, forgets it. Nothing where there are no variables of that
/// scope, as "txn." before there is a stream.
///
/// Errors: LB_ERR_ARGUMENT for a name or a value that is none, or where no action runs; LB_ERR_NULL; LB_ERR_ENCODING.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lb_stream_set_variable(
    stream: *mut lb_stream,
    name: *const c_char,
    value: *const lb_value,
) -> lb_status {
    // SAFETY: the caller promises pointers as the header says.
    unsafe {
        change(stream, |action| {
            let name = pointer::text(name, "name")?;
            match value.as_ref().filter(|value| value.kind != crate::value::LB_TYPE_NONE) {
                None => action.unset_variable(name).map_err(wrong),
                Some(value) => {
                    let value = value.to_value().ok_or_else(|| wrong("'value' is none"))?;
                    action.set_variable(name, value).map_err(wrong)
                }
            }
        })
    }
}

/// Sets the status of the error page that the message is denied with, where the action returns LB_ACTION_DENY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lb_stream_deny(stream: *mut lb_stream, status: u32) -> lb_status {
    // SAFETY: the caller promises pointers as the header says.
    unsafe {
        change(stream, |_| {
            let status = u16::try_from(status).map_err(|_| wrong("'status' is no status code"))?;
            (*stream).answer.borrow_mut().deny = Some(status);
            Ok(())
        })
    }
}

/// Makes the response that the message is answered with, where the action returns LB_ACTION_REPLY: a status from 200 to
/// 599, others are 500, and a body, which is copied. Its length is said by itself.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lb_stream_reply(
    stream: *mut lb_stream,
    status: u32,
    data: *const u8,
    size: usize,
) -> lb_status {
    // SAFETY: the caller promises pointers as the header says.
    unsafe {
        change(stream, |_| {
            let response = Response::new(u16::try_from(status).unwrap_or(500), given(data, size)?);
            (*stream).answer.borrow_mut().reply = Some(response);
            Ok(())
        })
    }
}

/// Adds a header field to the response of lb_stream_reply(), which comes first.
///
/// Errors: LB_ERR_ARGUMENT for what is no header field or is about the connection or the length, and where there is no
/// response; LB_ERR_NULL; LB_ERR_ENCODING.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lb_stream_reply_header(
    stream: *mut lb_stream,
    name: *const c_char,
    data: *const u8,
    size: usize,
) -> lb_status {
    // SAFETY: the caller promises pointers as the header says.
    unsafe {
        change(stream, |_| {
            let (name, value) = (pointer::text(name, "name")?, given(data, size)?);
            let mut answer = (*stream).answer.borrow_mut();
            let response = answer.reply.clone().ok_or_else(|| wrong("there is no response yet"))?;
            answer.reply = Some(response.header(name, value).map_err(wrong)?);
            Ok(())
        })
    }
}
