//! What a running instance can be asked and told.

use std::ffi::c_char;

use crate::error::{Failure, lb_error};
use crate::pointer;
use crate::proxy::{lb_proxy, with};
use crate::status::lb_status;
use crate::string;

/// Runs a runtime command as it is written on the stats socket, at admin level: "show servers state app". Behind a line
/// that ends in "<<" follow the lines of its payload, up to an empty one or to the end. *reply is the command's answer,
/// whole lines or "", to be freed with lb_string_free(); reply may be null. After the end of the instance commands still
/// answer from its last state.
///
/// Errors: LB_ERR_COMMAND and those after it, with HAProxy's text; *reply is null then. LB_ERR_NULL, LB_ERR_ENCODING.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lb_proxy_command(
    proxy: *const lb_proxy,
    command: *const c_char,
    reply: *mut *mut c_char,
    error: *mut *mut lb_error,
) -> lb_status {
    // SAFETY: the caller promises pointers as the header says.
    unsafe {
        with(proxy, error, |proxy| {
            let command = pointer::text(command, "command");
            answer(reply, command.and_then(|command| Ok(proxy.proxy.execute(command)?)))
        })
    }
}

/// The statistics as JSON: {"info": ..., "stat": ...}, which are what the commands "show info json" and "show stat json"
/// answer. *json is to be freed with lb_string_free().
///
/// Errors: those of lb_proxy_command().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lb_proxy_stats_json(
    proxy: *const lb_proxy,
    json: *mut *mut c_char,
    error: *mut *mut lb_error,
) -> lb_status {
    // SAFETY: the caller promises pointers as the header says.
    unsafe {
        with(proxy, error, |proxy| {
            let ask = |command: &str| proxy.proxy.execute(command).map_err(Failure::from);
            let both = ask("show info json").and_then(|info| Ok((info, ask("show stat json")?)));
            let text = both.map(|(info, stat)| format!("{{\"info\":{},\"stat\":{}}}\n", info.trim(), stat.trim()));
            answer(json, text)
        })
    }
}

/// Gives an answer to the caller, who may not want it; null in its place where there is none.
///
/// # Safety
///
/// `reply` is null or valid for one write.
unsafe fn answer(reply: *mut *mut c_char, text: Result<String, Failure>) -> Result<(), Failure> {
    // SAFETY: as the caller promises.
    if let Ok(reply) = unsafe { pointer::out(reply, "reply") } {
        reply.write(text.as_deref().map_or(std::ptr::null_mut(), string::owned));
    }
    text.map(drop)
}
