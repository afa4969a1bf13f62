//! What a start takes besides the configuration.

use std::ffi::c_void;

use lb_core::config::LoadOptions;
use lb_core::extension::Extensions;

use crate::dispatch::Callbacks;
use crate::error::Failure;
use crate::event::lb_event;
use crate::extension::lb_extensions;
use crate::log::lb_log_record;
use crate::pointer::{self, Versioned};
use crate::status::lb_status::*;

/// Refuse a configuration that causes a warning (flag of lb_start_options).
pub const LB_START_ZERO_WARNING: u32 = 1;

/// Takes an event.
pub type lb_event_callback = Option<unsafe extern "C" fn(user_data: *mut c_void, event: *const lb_event)>;

/// Takes an access record.
pub type lb_log_callback = Option<unsafe extern "C" fn(user_data: *mut c_void, record: *const lb_log_record)>;

/// Options of a start: a structure of yours, read during the call. Begin with LB_START_OPTIONS_INIT.
///
/// Callbacks are called from one thread that the instance has for them, one after the other, in the order of what
/// happened; never from a thread of yours, and also while the start function has not returned. They serve nobody: a
/// callback may take its time, wait, and call any function on its instance (event->proxy) and on others, except
/// lb_proxy_free() on its own instance. While it takes its time up to queue events wait; further ones are lost and
/// counted, traffic never waits. lb_proxy_free() returns when no callback runs any more and none will come, so that what
/// user_data points at can be freed then. A callback must not unwind: no C++ exception may leave it.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct lb_start_options {
    /// sizeof(lb_start_options), as LB_START_OPTIONS_INIT sets it.
    pub struct_size: usize,
    /// Gets what happens: start, end, state changes of servers; null for none.
    pub on_event: lb_event_callback,
    /// Gets each access record, whether or not the frontend has a log line; null for none. option dontlognull and option
    /// dontlog-normal hold here, too. A frontend with a log line and no format, such as option httplog, logs the beginning
    /// of each connection, and so its records know no more.
    pub on_log: lb_log_callback,
    /// Given to the callbacks as it is. It has to be usable from another thread.
    pub user_data: *mut c_void,
    /// How many events may wait for the callbacks; 0 for the default, 4096.
    pub queue: u32,
    /// LB_START_ZERO_WARNING or 0.
    pub flags: u32,
    /// What the configuration may use besides the language's own; null for what the builder has, or none.
    pub extensions: *const lb_extensions,
}

// SAFETY: plain data of C types, `struct_size` first; zeroes are a value of it.
unsafe impl Versioned for lb_start_options {
    const FIRST_SIZE: usize = std::mem::offset_of!(Self, extensions);
}

const DEFAULT_QUEUE: usize = 4096;
const LARGEST_QUEUE: usize = 1 << 20;

/// What was read.
pub(crate) struct Options {
    pub(crate) callbacks: Callbacks,
    pub(crate) queue: usize,
    zero_warning: bool,
    extensions: Extensions,
}

impl Options {
    pub(crate) fn load_options(&self) -> LoadOptions {
        let extensions = self.extensions.clone();
        LoadOptions { zero_warning: self.zero_warning, extensions, ..LoadOptions::default() }
    }
}

/// # Safety
///
/// `options` is null or a structure of its `struct_size`, with extensions that were not freed.
pub(crate) unsafe fn read(options: *const lb_start_options) -> Result<Options, Failure> {
    if options.is_null() {
        let extensions = Extensions::new();
        return Ok(Options { callbacks: Callbacks::none(), queue: DEFAULT_QUEUE, zero_warning: false, extensions });
    }
    // SAFETY: as the caller promises.
    let options = unsafe { pointer::read(options, "options") }?;
    if options.flags & !LB_START_ZERO_WARNING != 0 {
        let text = "'options.flags' has a flag that this version of the library does not know";
        return Err(Failure::new(LB_ERR_ARGUMENT, text));
    }
    let queue = match options.queue as usize {
        0 => DEFAULT_QUEUE,
        size if size <= LARGEST_QUEUE => size,
        size => {
            return Err(Failure::new(LB_ERR_ARGUMENT, format!("'options.queue' is {size}: more than {LARGEST_QUEUE}")));
        }
    };
    let callbacks = Callbacks { on_event: options.on_event, on_log: options.on_log, user_data: options.user_data };
    // SAFETY: as the caller promises.
    let extensions = unsafe { options.extensions.as_ref() }.map(lb_extensions::share).unwrap_or_default();
    Ok(Options { callbacks, queue, zero_warning: options.flags & LB_START_ZERO_WARNING != 0, extensions })
}
