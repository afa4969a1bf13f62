//! Servers of a running instance: they come, change and go.

use std::ffi::c_char;
use std::thread::sleep;
use std::time::{Duration, Instant};

use lb_core::backend::{AdminChange, HealthReport};
use lb_core::runtime::ErrorCode;

use crate::error::{Failure, lb_error};
use crate::pointer;
use crate::proxy::{lb_proxy, with};
use crate::server::{self, lb_server};
use crate::status::lb_status::{self, *};

/// Serves: out of maintenance and drain.
pub const LB_SERVER_STATE_READY: u32 = 0;
/// Gets no new sessions; those it has go on.
pub const LB_SERVER_STATE_DRAIN: u32 = 1;
/// Gets no sessions and no checks.
pub const LB_SERVER_STATE_MAINTENANCE: u32 = 2;

/// As a health check that passed: rise of them in a row bring the server up.
pub const LB_HEALTH_PASSED: u32 = 0;
/// As a health check that failed: fall of them in a row take the server down.
pub const LB_HEALTH_FAILED: u32 = 1;
/// The server is up, at once.
pub const LB_HEALTH_UP: u32 = 2;
/// The server is down, at once.
pub const LB_HEALTH_DOWN: u32 = 3;

/// How often it is looked whether a server has become idle.
const PAUSE: Duration = Duration::from_millis(1);

/// Adds a server to a backend of a running instance. It takes traffic from the next request on, and is checked if it
/// has LB_SERVER_CHECK; with LB_SERVER_DISABLED it begins in maintenance. Nothing of *server is kept.
///
/// Errors: LB_ERR_COMMAND_NOT_FOUND without such a backend; LB_ERR_COMMAND_EXISTS; LB_ERR_COMMAND_STATE where the
/// algorithm of the backend does not follow changes; LB_ERR_COMMAND_INVALID for an option; those of lb_section_server().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lb_proxy_add_server(
    proxy: *const lb_proxy,
    backend: *const c_char,
    server: *const lb_server,
    error: *mut *mut lb_error,
) -> lb_status {
    // SAFETY: the caller promises pointers as the header says.
    unsafe {
        with(proxy, error, |proxy| {
            let (backend, server) = (pointer::text(backend, "backend")?, server::read(server)?);
            proxy.proxy.backend(backend)?.add_server(server)?;
            Ok(())
        })
    }
}

/// Takes a server out of a backend of a running instance: puts it into maintenance, waits for at most limit_ms
/// milliseconds until its last session has ended, and deletes it. No request fails by it.
///
/// Errors: LB_ERR_COMMAND_NOT_FOUND; LB_ERR_COMMAND_STATE where it is still in use after the limit: it stays in
/// maintenance then, and another call goes on waiting.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lb_proxy_delete_server(
    proxy: *const lb_proxy,
    backend: *const c_char,
    server: *const c_char,
    limit_ms: u64,
    error: *mut *mut lb_error,
) -> lb_status {
    // SAFETY: the caller promises pointers as the header says.
    unsafe {
        with(proxy, error, |proxy| {
            let (backend, server) = (pointer::text(backend, "backend")?, pointer::text(server, "server")?);
            let backend = proxy.proxy.backend(backend)?;
            backend.server(server)?.set_state(AdminChange::Maint)?;
            let limit = Instant::now().checked_add(Duration::from_millis(limit_ms));
            loop {
                match backend.del_server(server) {
                    Err(error)
                        if error.code() == ErrorCode::State && limit.is_none_or(|limit| Instant::now() < limit) =>
                    {
                        sleep(PAUSE);
                    }
                    result => return Ok(result?),
                }
            }
        })
    }
}

/// Sets the state of a server: LB_SERVER_STATE_READY, LB_SERVER_STATE_DRAIN or LB_SERVER_STATE_MAINTENANCE.
///
/// Errors: LB_ERR_COMMAND_NOT_FOUND; LB_ERR_ARGUMENT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lb_proxy_set_server_state(
    proxy: *const lb_proxy,
    backend: *const c_char,
    server: *const c_char,
    state: u32,
    error: *mut *mut lb_error,
) -> lb_status {
    // SAFETY: the caller promises pointers as the header says.
    unsafe {
        with(proxy, error, |proxy| {
            let (backend, server) = (pointer::text(backend, "backend")?, pointer::text(server, "server")?);
            let change = match state {
                LB_SERVER_STATE_READY => AdminChange::Ready,
                LB_SERVER_STATE_DRAIN => AdminChange::Drain,
                LB_SERVER_STATE_MAINTENANCE => AdminChange::Maint,
                _ => return Err(Failure::new(LB_ERR_ARGUMENT, format!("'state' is {state}, which is none"))),
            };
            Ok(proxy.proxy.backend(backend)?.server(server)?.set_state(change)?)
        })
    }
}

/// Sets the weight of a server, 0 to 256. With 0 it gets no new sessions.
///
/// Errors: LB_ERR_COMMAND_NOT_FOUND; LB_ERR_COMMAND_INVALID; LB_ERR_COMMAND_STATE where the algorithm of the backend does
/// not follow changes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lb_proxy_set_server_weight(
    proxy: *const lb_proxy,
    backend: *const c_char,
    server: *const c_char,
    weight: u32,
    error: *mut *mut lb_error,
) -> lb_status {
    // SAFETY: the caller promises pointers as the header says.
    unsafe {
        with(proxy, error, |proxy| {
            let (backend, server) = (pointer::text(backend, "backend")?, pointer::text(server, "server")?);
            Ok(proxy.proxy.backend(backend)?.server(server)?.set_weight(weight)?)
        })
    }
}

/// Reports what the program itself knows of a server's health: LB_HEALTH_PASSED, LB_HEALTH_FAILED, LB_HEALTH_UP or
/// LB_HEALTH_DOWN. The server need not have LB_SERVER_CHECK; the first two count with its rise and fall, 2 and 3 by
/// default. Null for info is nothing; else it stands in log lines and statistics.
///
/// Errors: LB_ERR_COMMAND_NOT_FOUND; LB_ERR_COMMAND_STATE where the server tracks another one; LB_ERR_ARGUMENT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lb_proxy_report_server_health(
    proxy: *const lb_proxy,
    backend: *const c_char,
    server: *const c_char,
    health: u32,
    info: *const c_char,
    error: *mut *mut lb_error,
) -> lb_status {
    // SAFETY: the caller promises pointers as the header says.
    unsafe {
        with(proxy, error, |proxy| {
            let (backend, server) = (pointer::text(backend, "backend")?, pointer::text(server, "server")?);
            let info = if info.is_null() { None } else { Some(pointer::text(info, "info")?.to_owned()) };
            let report = match health {
                LB_HEALTH_PASSED => HealthReport::Passed { info },
                LB_HEALTH_FAILED => HealthReport::Failed { info },
                LB_HEALTH_UP => HealthReport::Up,
                LB_HEALTH_DOWN => HealthReport::Down,
                _ => return Err(Failure::new(LB_ERR_ARGUMENT, format!("'health' is {health}, which is none"))),
            };
            Ok(proxy.proxy.backend(backend)?.server(server)?.report_health(report)?)
        })
    }
}
