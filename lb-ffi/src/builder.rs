//! A configuration made of text, files and calls.

use std::ffi::c_char;

use lb_core::config::convert::quote;
use lb_core::config::{LoadOptions, Loaded};
use lb_core::extension::Extensions;
use lb_core::proxy::ProxyBuilder;

use crate::error::{Failure, lb_error};
use crate::extension::lb_extensions;
use crate::guard;
use crate::options::{self, lb_start_options};
use crate::pointer;
use crate::proxy::{self, lb_proxy};
use crate::section::{Kind, lb_section};
use crate::status::lb_status::{self, *};

/// A section that relays bytes.
pub const LB_MODE_TCP: u32 = 0;
/// A section that parses HTTP.
pub const LB_MODE_HTTP: u32 = 1;

/// A configuration under construction: text, files and calls in any mix, read in the order in which they were given.
/// A builder and its sections are used by one thread at a time.
///
/// Nothing is checked before lb_builder_check() or lb_builder_start(). The status of the calls before need not be looked
/// at: the builder keeps the first failure and refuses to start with it. A builder may be started more than once.
#[derive(Debug, Default)]
pub struct lb_builder {
    parts: Vec<Part>,
    extensions: Extensions,
    failure: Option<(lb_status, String)>,
}

#[derive(Debug)]
enum Part {
    Global(String),
    Text {
        name: String,
        text: String,
    },
    File(String),
    /// Out of a box: the caller has a copy of the pointer.
    Section(*mut lb_section),
}

impl Drop for lb_builder {
    fn drop(&mut self) {
        for part in &self.parts {
            if let Part::Section(section) = part {
                // SAFETY: it came out of a box and is freed here alone.
                unsafe { pointer::free(*section) };
            }
        }
    }
}

impl lb_builder {
    /// # Safety
    ///
    /// Nobody uses a section of this builder during the call.
    unsafe fn build(&self) -> Result<ProxyBuilder, Failure> {
        if let Some((status, text)) = &self.failure {
            return Err(Failure::new(*status, text.as_str()));
        }
        let start = ProxyBuilder::default().extensions(&self.extensions);
        self.parts.iter().try_fold(start, |builder, part| match part {
            Part::Global(line) => Ok(builder.global(line)),
            Part::Text { name, text } => Ok(builder.text(name, text)),
            Part::File(path) => Ok(builder.file(path)),
            // SAFETY: ours, and nobody changes it meanwhile.
            Part::Section(section) => unsafe { (**section).add_to(builder) },
        })
    }

    /// # Safety
    ///
    /// As [`Self::build`].
    pub(crate) unsafe fn load(&self, options: &LoadOptions) -> Result<Loaded, Failure> {
        // SAFETY: as the caller promises.
        Ok(unsafe { self.build() }?.load(options)?)
    }

    fn fail(&mut self, failure: &Failure) {
        self.failure.get_or_insert_with(|| (failure.status, failure.text().to_owned()));
    }
}

/// Runs a call on a builder, which keeps its first failure.
///
/// # Safety
///
/// `builder` is null or a builder that was not freed, and nobody else uses it.
unsafe fn with<T>(
    builder: *mut lb_builder,
    body: impl FnOnce(&mut lb_builder) -> Result<T, Failure>,
) -> Result<T, Failure> {
    guard::caught(|| {
        // SAFETY: as the caller promises.
        let builder = unsafe { pointer::exclusive(builder, "builder") }?;
        guard::caught(|| body(builder)).inspect_err(|failure| builder.fail(failure))
    })
}

/// A new builder, to be freed with lb_builder_free(). Never null.
#[unsafe(no_mangle)]
pub extern "C" fn lb_builder_new() -> *mut lb_builder {
    Box::into_raw(Box::default())
}

/// Frees a builder and its sections; what was started from it goes on. Null is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lb_builder_free(builder: *mut lb_builder) {
    // SAFETY: the caller promises null or a builder that was not freed.
    unsafe { pointer::free(builder) }
}

/// Number of worker threads; without this call, or with 0, that of the usable CPUs.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lb_builder_threads(builder: *mut lb_builder, threads: u32) -> lb_status {
    // SAFETY: the caller promises a builder.
    unsafe { global(builder, || Ok((threads > 0).then(|| format!("nbthread {threads}")))) }
}

/// Most client connections of the whole instance at the same time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lb_builder_maxconn(builder: *mut lb_builder, maxconn: u32) -> lb_status {
    // SAFETY: the caller promises a builder.
    unsafe { global(builder, || Ok(Some(format!("maxconn {maxconn}")))) }
}

/// Opens a stats socket, as management tools use it: the path of a UNIX socket or "host:port", and the level "user",
/// "operator" or "admin" of who connects; null for "operator".
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lb_builder_stats_socket(
    builder: *mut lb_builder,
    address: *const c_char,
    level: *const c_char,
) -> lb_status {
    // SAFETY: the caller promises pointers as the header says.
    unsafe {
        global(builder, || {
            let level = if level.is_null() { "operator" } else { pointer::text(level, "level")? };
            let address = quote(pointer::text(address, "address")?);
            Ok(Some(format!("stats socket {address} level {}", quote(level))))
        })
    }
}

/// Adds a line of the global section, for what has no function here: "tune.bufsize 32768".
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lb_builder_global(builder: *mut lb_builder, line: *const c_char) -> lb_status {
    // SAFETY: the caller promises pointers as the header says.
    unsafe { global(builder, || Ok(Some(pointer::text(line, "line")?.to_owned()))) }
}

/// # Safety
///
/// As [`with`].
unsafe fn global(builder: *mut lb_builder, line: impl FnOnce() -> Result<Option<String>, Failure>) -> lb_status {
    guard::quiet(|| {
        // SAFETY: as the caller promises.
        unsafe {
            with(builder, |builder| {
                builder.parts.extend(line()?.map(Part::Global));
                Ok(())
            })
        }
    })
}

/// Adds sections written as text. The name stands for the file in messages; the text is TOML where the name ends in
/// ".toml", otherwise in the language of haproxy.cfg. Nothing of the text is kept by reference.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lb_builder_text(
    builder: *mut lb_builder,
    name: *const c_char,
    text: *const c_char,
) -> lb_status {
    guard::quiet(|| {
        // SAFETY: the caller promises pointers as the header says.
        unsafe {
            with(builder, |builder| {
                let (name, text) = (pointer::text(name, "name")?.to_owned(), pointer::text(text, "text")?.to_owned());
                builder.parts.push(Part::Text { name, text });
                Ok(())
            })
        }
    })
}

/// Adds a configuration file, or a directory whose *.cfg files are read in the order of their names. A file is TOML
/// where its name ends in ".toml". Files that are added one after the other are one configuration. They are read when
/// the builder is checked or started.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lb_builder_file(builder: *mut lb_builder, path: *const c_char) -> lb_status {
    guard::quiet(|| {
        // SAFETY: the caller promises pointers as the header says.
        unsafe {
            with(builder, |builder| {
                builder.parts.push(Part::File(pointer::text(path, "path")?.to_owned()));
                Ok(())
            })
        }
    })
}

/// What the configuration may use besides the language's own: sample fetches, converters and actions, as they are now.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lb_builder_extensions(
    builder: *mut lb_builder,
    extensions: *const lb_extensions,
) -> lb_status {
    guard::quiet(|| {
        // SAFETY: the caller promises pointers as the header says.
        unsafe {
            with(builder, |builder| {
                builder.extensions = pointer::object(extensions, "extensions")?.share();
                Ok(())
            })
        }
    })
}

/// Adds defaults, which are valid for the sections that are added after them. mode is LB_MODE_HTTP or LB_MODE_TCP.
/// Returns the section, which belongs to the builder; null where an argument is wrong, which the lb_section functions
/// bear.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lb_builder_defaults(builder: *mut lb_builder, mode: u32) -> *mut lb_section {
    // SAFETY: the caller promises a builder.
    unsafe { section(builder, Kind::Defaults, c"".as_ptr(), mode) }
}

/// Adds a frontend, which accepts connections; the rest is as of lb_builder_defaults().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lb_builder_frontend(
    builder: *mut lb_builder,
    name: *const c_char,
    mode: u32,
) -> *mut lb_section {
    // SAFETY: the caller promises pointers as the header says.
    unsafe { section(builder, Kind::Frontend, name, mode) }
}

/// Adds a backend, which has servers; the rest is as of lb_builder_defaults().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lb_builder_backend(
    builder: *mut lb_builder,
    name: *const c_char,
    mode: u32,
) -> *mut lb_section {
    // SAFETY: the caller promises pointers as the header says.
    unsafe { section(builder, Kind::Backend, name, mode) }
}

/// Adds a listen section, a frontend and its backend in one; the rest is as of lb_builder_defaults().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lb_builder_listen(
    builder: *mut lb_builder,
    name: *const c_char,
    mode: u32,
) -> *mut lb_section {
    // SAFETY: the caller promises pointers as the header says.
    unsafe { section(builder, Kind::Listen, name, mode) }
}

/// # Safety
///
/// As [`with`]; `name` is null or a string.
unsafe fn section(builder: *mut lb_builder, kind: Kind, name: *const c_char, mode: u32) -> *mut lb_section {
    let add = |builder: &mut lb_builder| {
        // SAFETY: as the caller promises.
        let name = unsafe { pointer::text(name, "name") }?;
        if mode != LB_MODE_TCP && mode != LB_MODE_HTTP {
            return Err(Failure::new(
                LB_ERR_ARGUMENT,
                format!("'mode' is {mode}: it can be LB_MODE_TCP and LB_MODE_HTTP"),
            ));
        }
        let section = Box::into_raw(Box::new(lb_section::new(kind, mode == LB_MODE_HTTP, name)));
        builder.parts.push(Part::Section(section));
        Ok(section)
    };
    // SAFETY: as the caller promises.
    unsafe { with(builder, add) }.unwrap_or(std::ptr::null_mut())
}

/// Reads the whole configuration without starting it. On LB_OK *report is null or has the warnings; otherwise it has
/// every fault. In both cases it is freed with lb_error_free(); report may be null.
///
/// Errors: LB_ERR_CONFIG; what an earlier call on the builder failed with; LB_ERR_NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lb_builder_check(builder: *const lb_builder, report: *mut *mut lb_error) -> lb_status {
    let mut warnings = None;
    // SAFETY: the caller promises pointers as the header says.
    let status = unsafe {
        guard::call(report, || {
            let loaded = pointer::object(builder, "builder")?.load(&LoadOptions::default())?;
            warnings = lb_error::warnings(&loaded.diagnostics);
            Ok(())
        })
    };
    if let Some(warnings) = warnings.filter(|_| !report.is_null()) {
        // SAFETY: not null, and the caller promises that it can be written.
        unsafe { report.write(Box::into_raw(Box::new(warnings))) };
    }
    status
}

/// Starts an instance. On LB_OK *proxy is the instance, which lb_proxy_free() takes back; otherwise null, and nothing is
/// left running or bound. options may be null. The builder stays as it is and may be freed at once.
///
/// Errors: LB_ERR_CONFIG with every fault; LB_ERR_START; LB_ERR_STRUCT_SIZE; what an earlier call on the builder failed
/// with; LB_ERR_NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lb_builder_start(
    builder: *const lb_builder,
    options: *const lb_start_options,
    proxy: *mut *mut lb_proxy,
    error: *mut *mut lb_error,
) -> lb_status {
    // SAFETY: the caller promises pointers as the header says.
    unsafe {
        guard::call(error, || {
            let proxy = pointer::out(proxy, "proxy")?.write(std::ptr::null_mut());
            let options = options::read(options)?;
            let loaded = pointer::object(builder, "builder")?.load(&options.load_options())?;
            *proxy = proxy::start(loaded, options)?;
            Ok(())
        })
    }
}
