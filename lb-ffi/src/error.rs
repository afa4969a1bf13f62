//! Why a call failed, as an object: its number and its messages, each with its place.

use std::ffi::{CString, c_char};

use lb_core::config::{ConfigError, Diagnostic, Diagnostics, Severity, render};
use lb_core::proxy::StartError;
use lb_core::runtime::CommandError;

use crate::guard;
use crate::pointer::{self, Versioned, c_string};
use crate::status::lb_status::{self, *};

/// An error (severity of a message).
pub const LB_SEVERITY_ERROR: u32 = 3;
/// A warning: the configuration is accepted.
pub const LB_SEVERITY_WARNING: u32 = 4;
/// Something to know.
pub const LB_SEVERITY_NOTICE: u32 = 5;
/// A hint for a closer look.
pub const LB_SEVERITY_DEBUG: u32 = 7;

/// Why a call failed: a number and one or more messages. It belongs to the caller, who frees it with lb_error_free().
/// It does not change: several threads may read it.
#[derive(Debug)]
pub struct lb_error {
    status: lb_status,
    messages: Vec<Message>,
}

#[derive(Debug)]
struct Message {
    severity: u32,
    text: CString,
    file: Option<CString>,
    line: u32,
    column: u32,
    source: Option<CString>,
}

/// One message of an error. The strings belong to the error and live as long as it does.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct lb_message {
    /// Set it to sizeof(lb_message).
    pub struct_size: usize,
    /// LB_SEVERITY_ERROR or another one.
    pub severity: u32,
    /// Line from 1; 0 where there is no file.
    pub line: u32,
    /// Column in characters from 1; 0 where there is none.
    pub column: u32,
    /// Not used.
    pub reserved: u32,
    /// The text, with the place in front as HAProxy writes it.
    pub text: *const c_char,
    /// The file or, for what a builder was told, kind and name of the section; null where the message is about no place.
    pub file: *const c_char,
    /// The line as it was written; null where there is none.
    pub source: *const c_char,
}

// SAFETY: plain data of C types, `struct_size` first; zeroes are a value of it.
unsafe impl Versioned for lb_message {
    const FIRST_SIZE: usize = size_of::<Self>();
}

/// Why a call failed, before it is known whether anybody asks.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) status: lb_status,
    text: String,
    diagnostics: Option<Diagnostics>,
}

impl Failure {
    pub(crate) fn new(status: lb_status, text: impl Into<String>) -> Self {
        Self { status, text: text.into(), diagnostics: None }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn null(name: &str) -> Self {
        Self::new(LB_ERR_NULL, format!("'{name}' is null"))
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self { status: LB_ERR_CONFIG, text: error.to_string(), diagnostics: Some(error.diagnostics) }
    }
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Self {
        match error {
            StartError::Config(error) => error.into(),
            error => Self::new(LB_ERR_START, error.to_string()),
        }
    }
}

impl From<CommandError> for Failure {
    fn from(error: CommandError) -> Self {
        Self::new(error.code().into(), error.text())
    }
}

impl From<Failure> for lb_error {
    fn from(failure: Failure) -> Self {
        let messages = match &failure.diagnostics {
            Some(diagnostics) if !diagnostics.is_empty() => messages(diagnostics),
            _ => vec![Message::plain(&failure.text)],
        };
        Self { status: failure.status, messages }
    }
}

impl lb_error {
    /// Warnings of a configuration that is accepted; `None` without any.
    pub(crate) fn warnings(diagnostics: &Diagnostics) -> Option<Self> {
        (!diagnostics.is_empty()).then(|| Self { status: LB_OK, messages: messages(diagnostics) })
    }
}

/// The messages, errors first: what comes first is what a caller shows.
fn messages(diagnostics: &Diagnostics) -> Vec<Message> {
    let mut messages: Vec<Message> = diagnostics.iter().map(Message::of).collect();
    messages.sort_by_key(|message| message.severity);
    messages
}

impl Message {
    fn plain(text: &str) -> Self {
        Self { severity: LB_SEVERITY_ERROR, text: c_string(text), file: None, line: 0, column: 0, source: None }
    }

    fn of(diagnostic: &Diagnostic) -> Self {
        let place = diagnostic.place.as_ref();
        Self {
            severity: match diagnostic.severity {
                Severity::Alert => LB_SEVERITY_ERROR,
                Severity::Warning => LB_SEVERITY_WARNING,
                Severity::Notice => LB_SEVERITY_NOTICE,
                Severity::Diag => LB_SEVERITY_DEBUG,
            },
            text: c_string(&render::message(diagnostic)),
            file: place.map(|place| c_string(&place.file)),
            line: place.map_or(0, |place| place.line),
            column: place.filter(|place| place.line > 0).map_or(0, |place| place.column),
            source: diagnostic.source.as_deref().map(c_string),
        }
    }

    fn view(&self) -> lb_message {
        let pointer = |text: &Option<CString>| text.as_ref().map_or(std::ptr::null(), |text| text.as_ptr());
        lb_message {
            struct_size: size_of::<lb_message>(),
            severity: self.severity,
            line: self.line,
            column: self.column,
            reserved: 0,
            text: self.text.as_ptr(),
            file: pointer(&self.file),
            source: pointer(&self.source),
        }
    }
}

/// Reads the first message of an error, which is there unless the error is null.
unsafe fn first<T>(error: *const lb_error, none: T, read: impl FnOnce(&Message) -> T) -> T {
    // SAFETY: the caller promises null or an error that was not freed.
    unsafe { error.as_ref() }.and_then(|error| error.messages.first()).map_or(none, read)
}

/// The number of an error; LB_OK for null, and for warnings of lb_builder_check().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lb_error_code(error: *const lb_error) -> lb_status {
    // SAFETY: the caller promises null or an error that was not freed.
    unsafe { error.as_ref() }.map_or(LB_OK, |error| error.status)
}

/// The first message, "" for null. It belongs to the error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lb_error_text(error: *const lb_error) -> *const c_char {
    // SAFETY: as the caller promises.
    unsafe { first(error, c"".as_ptr(), |message| message.text.as_ptr()) }
}

/// The file that the first message is about; null where it is about none. It belongs to the error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lb_error_file(error: *const lb_error) -> *const c_char {
    // SAFETY: as the caller promises.
    unsafe { first(error, std::ptr::null(), |message| message.view().file) }
}

/// The line that the first message is about, from 1; 0 without one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lb_error_line(error: *const lb_error) -> u32 {
    // SAFETY: as the caller promises.
    unsafe { first(error, 0, |message| message.line) }
}

/// The column that the first message is about, in characters from 1; 0 without one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lb_error_column(error: *const lb_error) -> u32 {
    // SAFETY: as the caller promises.
    unsafe { first(error, 0, |message| message.column) }
}

/// How many messages an error has: all faults of a configuration are found in one run. 0 for null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lb_error_count(error: *const lb_error) -> usize {
    // SAFETY: the caller promises null or an error that was not freed.
    unsafe { error.as_ref() }.map_or(0, |error| error.messages.len())
}

/// Fills *message with message index, from 0. Errors come before warnings.
///
/// Errors: LB_ERR_NULL, LB_ERR_RANGE, LB_ERR_STRUCT_SIZE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lb_error_message(error: *const lb_error, index: usize, message: *mut lb_message) -> lb_status {
    guard::quiet(|| {
        // SAFETY: the caller promises null or an error that was not freed.
        let error = unsafe { pointer::object(error, "error") }?;
        let found = error.messages.get(index).ok_or_else(|| Failure::new(LB_ERR_RANGE, "no such message"))?;
        // SAFETY: the caller promises null or a structure of its `struct_size`.
        unsafe { pointer::fill(message, "message", found.view()) }
    })
}

/// Frees an error. Null is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lb_error_free(error: *mut lb_error) {
    // SAFETY: the caller promises null or an error that was not freed.
    unsafe { pointer::free(error) }
}
