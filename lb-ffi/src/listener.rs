//! Where an instance listens.

use std::ffi::{CString, c_char};

use lb_core::proxy::ListenerInfo;

use crate::error::{Failure, lb_error};
use crate::guard;
use crate::pointer::{self, Versioned, c_string};
use crate::proxy::lb_proxy;
use crate::status::lb_status::{self, *};

/// An address that an instance listens on. The strings belong to the instance and live as long as it does.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct lb_listener {
    /// Set it to sizeof(lb_listener).
    pub struct_size: usize,
    /// The frontend or listen section.
    pub frontend: *const c_char,
    /// The IP address, for example "127.0.0.1" or "::1"; null for a UNIX socket.
    pub address: *const c_char,
    /// The port, also where the system chose it; 0 for a UNIX socket.
    pub port: u32,
    /// Not used.
    pub reserved: u32,
}

// SAFETY: plain data of C types, `struct_size` first; zeroes are a value of it.
unsafe impl Versioned for lb_listener {
    const FIRST_SIZE: usize = size_of::<Self>();
}

/// A listener with strings for C.
#[derive(Debug)]
pub(crate) struct Listener {
    frontend: CString,
    address: Option<CString>,
    port: u16,
}

impl Listener {
    pub(crate) fn new(info: &ListenerInfo) -> Self {
        Self {
            frontend: c_string(&info.frontend),
            address: info.address.map(|address| c_string(&address.ip().to_string())),
            port: info.address.map_or(0, |address| address.port()),
        }
    }

    fn view(&self) -> lb_listener {
        lb_listener {
            struct_size: size_of::<lb_listener>(),
            frontend: self.frontend.as_ptr(),
            address: self.address.as_ref().map_or(std::ptr::null(), |address| address.as_ptr()),
            port: u32::from(self.port),
            reserved: 0,
        }
    }
}

/// How many addresses the instance listens on, or did; 0 for null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lb_proxy_listener_count(proxy: *const lb_proxy) -> usize {
    // SAFETY: the caller promises null or an instance that was not freed.
    unsafe { proxy.as_ref() }.map_or(0, |proxy| proxy.listeners.len())
}

/// Fills *listener with listener index, from 0, in the order of the configuration.
///
/// Errors: LB_ERR_NULL, LB_ERR_RANGE, LB_ERR_STRUCT_SIZE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lb_proxy_listener(
    proxy: *const lb_proxy,
    index: usize,
    listener: *mut lb_listener,
    error: *mut *mut lb_error,
) -> lb_status {
    // SAFETY: the caller promises pointers as the header says.
    unsafe {
        guard::call(error, || {
            let found = pointer::object(proxy, "proxy")?.listeners.get(index);
            let found = found.ok_or_else(|| Failure::new(LB_ERR_RANGE, format!("there is no listener {index}")))?;
            pointer::fill(listener, "listener", found.view())
        })
    }
}
