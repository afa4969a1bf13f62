//! What fetches, converters and actions have in common: a name, arguments, and data of the caller.

use std::ffi::{c_char, c_void};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use lb_core::extension::{ArgType, Arguments};

use crate::error::Failure;
use crate::pointer::{self, Versioned};
use crate::status::lb_status::*;
use crate::value::{lb_arguments, lb_result};

/// Any text.
pub const LB_ARGUMENT_TEXT: u32 = 0;
/// A signed integer.
pub const LB_ARGUMENT_INTEGER: u32 = 1;
/// An IPv4 address.
pub const LB_ARGUMENT_IPV4: u32 = 2;
/// An IPv6 address.
pub const LB_ARGUMENT_IPV6: u32 = 3;
/// An IPv4 mask: 24 or 255.255.255.0.
pub const LB_ARGUMENT_IPV4_MASK: u32 = 4;
/// An IPv6 mask: 64 or an address.
pub const LB_ARGUMENT_IPV6_MASK: u32 = 5;
/// The name of a frontend. Names of what does not exist refuse the configuration.
pub const LB_ARGUMENT_FRONTEND: u32 = 6;
/// The name of a backend.
pub const LB_ARGUMENT_BACKEND: u32 = 7;
/// backend/server, or a server of the section; functions get backend/server.
pub const LB_ARGUMENT_SERVER: u32 = 8;
/// The name of a section with a stick table.
pub const LB_ARGUMENT_TABLE: u32 = 9;
/// The name of a userlist.
pub const LB_ARGUMENT_USERLIST: u32 = 10;
/// Of actions alone: a text with variables and expressions, as `%[src] %ci`. Functions get what it comes to.
pub const LB_ARGUMENT_FORMAT: u32 = 11;

/// Looks at arguments when the configuration is read: returns 1 where they are good, or 0, and may say why with
/// lb_result_text(). Formats have no value yet.
pub type lb_check_function =
    Option<unsafe extern "C" fn(user_data: *mut c_void, arguments: *const lb_arguments, reason: *mut lb_result) -> i32>;

/// Frees what user_data points at.
pub type lb_free_function = Option<unsafe extern "C" fn(user_data: *mut c_void)>;

/// What fetches, converters and actions have in common: a structure of yours, read during the call. Begin with
/// LB_EXTENSION_INIT.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct lb_extension {
    /// sizeof(lb_extension), as LB_EXTENSION_INIT sets it.
    pub struct_size: usize,
    /// Letters, digits, "_", "-" and ".", a letter first; none that the language has.
    pub name: *const c_char,
    /// The types of its arguments, LB_ARGUMENT_TEXT and the like; may be null where there are none.
    pub arguments: *const u32,
    /// How many types there are.
    pub argument_count: usize,
    /// How many of them must be given; the others may be left out.
    pub required: usize,
    /// Looks at arguments when a configuration is read; null for none.
    pub check: lb_check_function,
    /// Given to the functions as it is, by any thread.
    pub user_data: *mut c_void,
    /// Called once with user_data, when the extensions were freed and every instance that uses them has ended; null for
    /// none. Where the extension is refused user_data stays yours.
    pub free_user_data: lb_free_function,
}

// SAFETY: plain data of C types, `struct_size` first; zeroes are a value of it.
unsafe impl Versioned for lb_extension {
    const FIRST_SIZE: usize = size_of::<Self>();
}

/// The caller's data, which is given back once nobody uses it any more.
pub(crate) struct UserData {
    pub(crate) data: *mut c_void,
    free: lb_free_function,
    /// The extension was taken.
    pub(crate) taken: AtomicBool,
}

// SAFETY: the header says that any thread gives it to the functions, and that any thread may be the last.
unsafe impl Send for UserData {}
// SAFETY: as above.
unsafe impl Sync for UserData {}

impl Drop for UserData {
    fn drop(&mut self) {
        if let (Some(free), true) = (self.free, self.taken.load(Ordering::Acquire)) {
            // SAFETY: the caller gave the function for this; nobody uses the data any more.
            unsafe { free(self.data) }
        }
    }
}

/// An extension as it was given.
pub(crate) struct Given {
    pub(crate) name: String,
    pub(crate) required: Vec<ArgType>,
    pub(crate) optional: Vec<ArgType>,
    check: lb_check_function,
    pub(crate) data: Arc<UserData>,
}

impl Given {
    /// # Safety
    ///
    /// `extension` is null or a structure of its `struct_size`, whose pointers are as the header says.
    pub(crate) unsafe fn read(extension: *const lb_extension) -> Result<Self, Failure> {
        // SAFETY: as the caller promises.
        let (extension, name) = unsafe {
            let extension = pointer::read(extension, "extension")?;
            (extension, pointer::text(extension.name, "extension.name")?.to_owned())
        };
        if extension.required > extension.argument_count {
            let text = "'extension.required' is more than there are arguments";
            return Err(Failure::new(LB_ERR_ARGUMENT, text));
        }
        if extension.arguments.is_null() && extension.argument_count > 0 {
            return Err(Failure::null("extension.arguments"));
        }
        let mut types = Vec::new();
        for index in 0..extension.argument_count {
            // SAFETY: not null, and the caller promises as many.
            types.push(argument_type(unsafe { extension.arguments.add(index).read() })?);
        }
        let optional = types.split_off(extension.required);
        let (data, free) = (extension.user_data, extension.free_user_data);
        let data = Arc::new(UserData { data, free, taken: AtomicBool::new(false) });
        Ok(Self { name, required: types, optional, check: extension.check, data })
    }

    /// What looks at arguments; with nothing to look at, everything is good.
    pub(crate) fn check(&self) -> impl Fn(&Arguments<'_>) -> Result<(), String> + Send + Sync + 'static {
        let (check, data) = (self.check, Arc::clone(&self.data));
        move |list| {
            let Some(check) = check else { return Ok(()) };
            let mut reason = lb_result::default();
            let list = lb_arguments::of(list);
            // SAFETY: the caller gave the function with this type; what it gets outlives the call.
            if unsafe { check(data.data, &list, &mut reason) } != 0 {
                return Ok(());
            }
            let text = reason.value.as_ref().and_then(|value| value.raw()).map(String::from_utf8_lossy);
            Err(text.map_or_else(|| "wrong arguments".to_owned(), |text| text.into_owned()))
        }
    }
}

fn argument_type(number: u32) -> Result<ArgType, Failure> {
    Ok(match number {
        LB_ARGUMENT_TEXT => ArgType::Text,
        LB_ARGUMENT_INTEGER => ArgType::Integer,
        LB_ARGUMENT_IPV4 => ArgType::Ipv4,
        LB_ARGUMENT_IPV6 => ArgType::Ipv6,
        LB_ARGUMENT_IPV4_MASK => ArgType::Ipv4Mask,
        LB_ARGUMENT_IPV6_MASK => ArgType::Ipv6Mask,
        LB_ARGUMENT_FRONTEND => ArgType::Frontend,
        LB_ARGUMENT_BACKEND => ArgType::Backend,
        LB_ARGUMENT_SERVER => ArgType::Server,
        LB_ARGUMENT_TABLE => ArgType::Table,
        LB_ARGUMENT_USERLIST => ArgType::Userlist,
        LB_ARGUMENT_FORMAT => ArgType::Format,
        other => {
            let text = format!("'extension.arguments' has {other}, which is no type of an argument");
            return Err(Failure::new(LB_ERR_ARGUMENT, text));
        }
    })
}
