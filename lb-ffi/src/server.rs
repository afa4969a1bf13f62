//! A server, as a builder and a running instance take it.

use std::ffi::c_char;

use lb_core::proxy::Server;

use crate::error::Failure;
use crate::pointer::{self, Versioned};
use crate::status::lb_status::*;

/// Used only when no other server is available (flag of lb_server).
pub const LB_SERVER_BACKUP: u32 = 1;
/// Starts in maintenance (flag of lb_server).
pub const LB_SERVER_DISABLED: u32 = 2;
/// Checks the server by connecting to it (flag of lb_server).
pub const LB_SERVER_CHECK: u32 = 4;

/// A server of a backend: a structure of yours, read during the call. Begin with LB_SERVER_INIT.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct lb_server {
    /// sizeof(lb_server), as LB_SERVER_INIT sets it.
    pub struct_size: usize,
    /// Its name, unique in the backend.
    pub name: *const c_char,
    /// "host:port", "unix@path" or "abns@name". A host name is resolved once.
    pub address: *const c_char,
    /// Share of the load, 0 to 256; -1 for the default, 1.
    pub weight: i32,
    /// Most sessions at the same time, more wait in a queue; 0 for no limit.
    pub maxconn: u32,
    /// Milliseconds between two checks, with LB_SERVER_CHECK; 0 for the default, 2000.
    pub check_interval_ms: u32,
    /// LB_SERVER_BACKUP, LB_SERVER_DISABLED and LB_SERVER_CHECK, added up.
    pub flags: u32,
    /// Further options as on a server line of haproxy.cfg, for example "send-proxy-v2 rise 1"; null for none. Separated
    /// by spaces; there are no quotes here.
    pub options: *const c_char,
}

// SAFETY: plain data of C types, `struct_size` first; zeroes are a value of it.
unsafe impl Versioned for lb_server {
    const FIRST_SIZE: usize = size_of::<Self>();
}

/// Reads a server of the caller.
///
/// # Safety
///
/// `server` is null or a structure of its `struct_size`, whose strings are null or ended by a zero.
pub(crate) unsafe fn read(server: *const lb_server) -> Result<Server, Failure> {
    // SAFETY: as the caller promises.
    let (server, name, address, options) = unsafe {
        let server = pointer::read(server, "server")?;
        let options = if server.options.is_null() { "" } else { pointer::text(server.options, "server.options")? };
        (server, pointer::text(server.name, "server.name")?, pointer::text(server.address, "server.address")?, options)
    };
    let argument = |text: &str| Failure::new(LB_ERR_ARGUMENT, text);
    if server.flags & !(LB_SERVER_BACKUP | LB_SERVER_DISABLED | LB_SERVER_CHECK) != 0 {
        return Err(argument("'server.flags' has a flag that this version of the library does not know"));
    }
    if server.check_interval_ms != 0 && server.flags & LB_SERVER_CHECK == 0 {
        return Err(argument("'server.check_interval_ms' is set without LB_SERVER_CHECK"));
    }
    let mut result = Server::new(name, address);
    match server.weight {
        -1 => {}
        weight => {
            result = result.weight(u32::try_from(weight).map_err(|_| argument("'server.weight' is below -1"))?);
        }
    }
    if server.maxconn != 0 {
        result = result.maxconn(server.maxconn);
    }
    if server.flags & LB_SERVER_CHECK != 0 {
        result = result.check();
    }
    if server.check_interval_ms != 0 {
        result = result.options(["inter".to_owned(), format!("{}ms", server.check_interval_ms)]);
    }
    if server.flags & LB_SERVER_BACKUP != 0 {
        result = result.backup();
    }
    if server.flags & LB_SERVER_DISABLED != 0 {
        result = result.disabled();
    }
    Ok(result.options(options.split_whitespace()))
}
