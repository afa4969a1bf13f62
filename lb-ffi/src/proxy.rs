//! The opaque handle of a running instance.

use std::ffi::{CStr, c_char};

use lb_core::config::{Config, ConfigError};
use lb_core::proxy::{Proxy, StartOptions};

use crate::error::{Failure, Status};
use crate::guard;

/// `lb_proxy`: a running instance. It may be used from several threads at once; freeing it is the last use.
#[derive(Debug)]
pub struct LbProxy(Proxy);

/// Starts the haproxy.cfg text of `length` bytes and leaves its handle in `*proxy`.
///
/// # Safety
///
/// `text` is valid for reads of `length` bytes and `proxy` for one write, or null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lb_proxy_start_config(text: *const c_char, length: usize, proxy: *mut *mut LbProxy) -> Status {
    guard::status(|| {
        if text.is_null() {
            return Err(Failure::null("text"));
        }
        // SAFETY: not null, and the caller promises `length` bytes.
        let text = unsafe { std::slice::from_raw_parts(text.cast::<u8>(), length) };
        let text = std::str::from_utf8(text).map_err(|error| Failure::new(Status::Encoding, error.to_string()))?;
        // SAFETY: as the caller promises.
        unsafe { start(Config::parse(text, "config"), proxy) }
    })
}

/// Starts a configuration file, haproxy.cfg or, by its name, TOML, and leaves its handle in `*proxy`.
///
/// # Safety
///
/// `path` is a string ended by a zero and `proxy` is valid for one write, or null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lb_proxy_start_file(path: *const c_char, proxy: *mut *mut LbProxy) -> Status {
    guard::status(|| {
        if path.is_null() {
            return Err(Failure::null("path"));
        }
        // SAFETY: not null, and the caller promises a string.
        let path = unsafe { CStr::from_ptr(path) };
        let path = path.to_str().map_err(|error| Failure::new(Status::Encoding, error.to_string()))?;
        // SAFETY: as the caller promises.
        unsafe { start(Config::load(path), proxy) }
    })
}

/// # Safety
///
/// `proxy` is valid for one write, or null.
unsafe fn start(config: Result<Config, ConfigError>, proxy: *mut *mut LbProxy) -> Result<(), Failure> {
    if proxy.is_null() {
        return Err(Failure::null("proxy"));
    }
    // SAFETY: not null, and valid for one write.
    unsafe { proxy.write(std::ptr::null_mut()) };
    let config = config.map_err(|error| Failure::new(Status::Config, error.to_string()))?;
    let started = Proxy::start(config, StartOptions::default())
        .map_err(|error| Failure::new(Status::Start, error.to_string()))?;
    // SAFETY: as above.
    unsafe { proxy.write(Box::into_raw(Box::new(LbProxy(started)))) };
    Ok(())
}

/// # Safety
///
/// `proxy` is null or came from a start function and was not freed.
unsafe fn with(proxy: *const LbProxy, body: impl FnOnce(&Proxy) -> Result<(), Failure>) -> Status {
    // SAFETY: as the caller promises.
    let proxy = unsafe { proxy.as_ref() };
    guard::status(|| body(&proxy.ok_or_else(|| Failure::null("proxy"))?.0))
}

/// Number of addresses the instance listens on; 0 for null.
///
/// # Safety
///
/// `proxy` is null or a handle that was not freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lb_proxy_listener_count(proxy: *const LbProxy) -> usize {
    let mut count = 0;
    // SAFETY: as the caller promises.
    unsafe {
        with(proxy, |proxy| {
            count = proxy.listeners().len();
            Ok(())
        })
    };
    count
}

/// Writes the TCP port of listener `index`, in the order of the configuration, to `*port`.
///
/// # Safety
///
/// `proxy` is null or a handle that was not freed; `port` is valid for one write, or null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lb_proxy_listener_port(proxy: *const LbProxy, index: usize, port: *mut u16) -> Status {
    let found = |proxy: &Proxy| {
        if port.is_null() {
            return Err(Failure::null("port"));
        }
        let address = proxy.listeners().get(index).and_then(|listener| listener.address);
        let address = address.ok_or_else(|| Failure::new(Status::Range, format!("listener {index} has no port")))?;
        // SAFETY: not null, and the caller promises that it can be written.
        unsafe { port.write(address.port()) };
        Ok(())
    };
    // SAFETY: as the caller promises.
    unsafe { with(proxy, found) }
}

/// Closes the listeners and idle connections; what is being served is served to its end. Returns at once.
///
/// # Safety
///
/// `proxy` is null or a handle that was not freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lb_proxy_soft_stop(proxy: *const LbProxy) -> Status {
    // SAFETY: as the caller promises.
    unsafe {
        with(proxy, |proxy| {
            proxy.soft_stop();
            Ok(())
        })
    }
}

/// Closes every connection and waits until every thread has ended; the ports are free then.
///
/// # Safety
///
/// `proxy` is null or a handle that was not freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lb_proxy_stop(proxy: *const LbProxy) -> Status {
    // SAFETY: as the caller promises.
    unsafe {
        with(proxy, |proxy| {
            proxy.stop();
            proxy.wait();
            Ok(())
        })
    }
}

/// Waits until every thread has ended, which a soft stop brings about.
///
/// # Safety
///
/// `proxy` is null or a handle that was not freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lb_proxy_wait(proxy: *const LbProxy) -> Status {
    // SAFETY: as the caller promises.
    unsafe {
        with(proxy, |proxy| {
            proxy.wait();
            Ok(())
        })
    }
}

/// Whether every thread has ended: 1, or 0; 1 for null.
///
/// # Safety
///
/// `proxy` is null or a handle that was not freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lb_proxy_is_finished(proxy: *const LbProxy) -> i32 {
    let mut finished = true;
    // SAFETY: as the caller promises.
    unsafe {
        with(proxy, |proxy| {
            finished = proxy.is_finished();
            Ok(())
        })
    };
    i32::from(finished)
}

/// Stops the instance as [`lb_proxy_stop`] does, where it still runs, and frees its handle. Null is allowed.
///
/// # Safety
///
/// `proxy` is null or a handle that was not freed, and no other thread uses it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lb_proxy_free(proxy: *mut LbProxy) {
    if proxy.is_null() {
        return;
    }
    guard::status(|| {
        // SAFETY: it came out of a box in a start function, and is given back once.
        drop(unsafe { Box::from_raw(proxy) });
        Ok(())
    });
}
