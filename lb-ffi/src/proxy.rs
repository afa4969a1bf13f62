//! A running instance.

use std::ffi::c_char;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use lb_core::config::Loaded;
use lb_core::proxy::{Proxy, ProxyBuilder, StartOptions};

use crate::dispatch::{Dispatcher, Queue};
use crate::error::{Failure, lb_error};
use crate::event::Event;
use crate::guard;
use crate::listener::Listener;
use crate::options::{self, Options, lb_start_options};
use crate::pointer;
use crate::signals::Mask;
use crate::status::lb_status::{self, *};

/// A running instance: a load balancer with threads of its own. Any thread may call any function on it at any time, but
/// for lb_proxy_free(), which is the last use of it.
#[derive(Debug)]
pub struct lb_proxy {
    pub(crate) proxy: Proxy,
    pub(crate) listeners: Vec<Listener>,
    dispatcher: Option<Dispatcher>,
    stopping: AtomicBool,
}

impl lb_proxy {
    fn tell_stopping(&self) {
        if let Some(dispatcher) = &self.dispatcher
            && !self.stopping.swap(true, Ordering::AcqRel)
        {
            dispatcher.queue.event(Event::stopping());
        }
    }
}

/// Starts an instance and hands it out.
pub(crate) fn start(loaded: Loaded, options: Options) -> Result<*mut lb_proxy, Failure> {
    let _mask = Mask::for_new_threads();
    let Options { callbacks, queue, .. } = options;
    let mut start = StartOptions::default();
    let mut ends = None;
    if !callbacks.is_none() {
        let (queue, incoming) = Queue::new(queue);
        let events = Arc::clone(&queue);
        start.on_event = Some(Box::new(move |event| events.event(Event::of_server(event))));
        let end = Arc::clone(&queue);
        start.on_end = Some(Box::new(move || end.stopped()));
        ends = Some((queue, incoming));
    }
    let mut first: Vec<Event> = loaded.diagnostics.iter().filter_map(Event::warning).collect();
    first.push(Event::started());
    let proxy = Proxy::start(loaded.config, start)?;
    let listeners = proxy.listeners().iter().map(Listener::new).collect();
    let (queue, incoming) = ends.unzip();
    let dispatcher = queue.map(Dispatcher::new);
    let object = Box::into_raw(Box::new(lb_proxy { proxy, listeners, dispatcher, stopping: AtomicBool::new(false) }));
    // SAFETY: made above, and freed below at the earliest.
    let shared = unsafe { &*object };
    if let (Some(dispatcher), Some(incoming)) = (&shared.dispatcher, incoming)
        && let Err(error) = dispatcher.start(incoming, callbacks, object, first)
    {
        // SAFETY: nobody else has it: the thread that would have does not exist.
        drop(unsafe { Box::from_raw(object) });
        return Err(Failure::new(LB_ERR_START, format!("cannot start the thread of the callbacks: {error}")));
    }
    Ok(object)
}

/// Starts a configuration written as text: lb_builder_text() and lb_builder_start() in one. name stands for the file in
/// messages; the text is TOML where it ends in ".toml", otherwise in the language of haproxy.cfg. options may be null.
///
/// Errors: those of lb_builder_start(); LB_ERR_ENCODING.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lb_proxy_start_text(
    name: *const c_char,
    text: *const c_char,
    options: *const lb_start_options,
    proxy: *mut *mut lb_proxy,
    error: *mut *mut lb_error,
) -> lb_status {
    // SAFETY: the caller promises pointers as the header says.
    unsafe {
        guard::call(error, || {
            let proxy = pointer::out(proxy, "proxy")?.write(std::ptr::null_mut());
            let options = options::read(options)?;
            let builder = ProxyBuilder::default().text(pointer::text(name, "name")?, pointer::text(text, "text")?);
            *proxy = start(builder.load(&options.load_options())?, options)?;
            Ok(())
        })
    }
}

/// Starts a configuration file, or a directory of files: lb_builder_file() and lb_builder_start() in one. options may be
/// null.
///
/// Errors: those of lb_builder_start(); LB_ERR_ENCODING.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lb_proxy_start_file(
    path: *const c_char,
    options: *const lb_start_options,
    proxy: *mut *mut lb_proxy,
    error: *mut *mut lb_error,
) -> lb_status {
    // SAFETY: the caller promises pointers as the header says.
    unsafe {
        guard::call(error, || {
            let proxy = pointer::out(proxy, "proxy")?.write(std::ptr::null_mut());
            let options = options::read(options)?;
            let builder = ProxyBuilder::default().file(pointer::text(path, "path")?);
            *proxy = start(builder.load(&options.load_options())?, options)?;
            Ok(())
        })
    }
}

/// Runs a call on an instance.
///
/// # Safety
///
/// `proxy` is null or an instance that was not freed; `error` is null or valid for one write.
pub(crate) unsafe fn with(
    proxy: *const lb_proxy,
    error: *mut *mut lb_error,
    body: impl FnOnce(&lb_proxy) -> Result<(), Failure>,
) -> lb_status {
    // SAFETY: as the caller promises.
    unsafe {
        guard::call(error, || {
            let proxy = pointer::object(proxy, "proxy")?;
            let _mask = Mask::for_a_call();
            body(proxy)
        })
    }
}

/// Closes the listeners and idle connections and returns; what is being served is served to its end.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lb_proxy_soft_stop(proxy: *const lb_proxy, error: *mut *mut lb_error) -> lb_status {
    // SAFETY: the caller promises pointers as the header says.
    unsafe {
        with(proxy, error, |proxy| {
            proxy.tell_stopping();
            proxy.proxy.soft_stop();
            Ok(())
        })
    }
}

/// Stops softly and, where that takes longer than limit_ms milliseconds, closes what is left. Returns once every thread
/// has ended and the ports are free. *complete, where complete is not null, is 1 if everything was served to its end,
/// otherwise 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lb_proxy_drain(
    proxy: *const lb_proxy,
    limit_ms: u64,
    complete: *mut i32,
    error: *mut *mut lb_error,
) -> lb_status {
    // SAFETY: the caller promises pointers as the header says.
    unsafe {
        with(proxy, error, |proxy| {
            proxy.tell_stopping();
            let all = proxy.proxy.drain_blocking(Duration::from_millis(limit_ms));
            if let Ok(complete) = pointer::out(complete, "complete") {
                complete.write(i32::from(all));
            }
            Ok(())
        })
    }
}

/// Closes every connection and returns once every thread has ended and the ports are free. A second stop has nothing to
/// do.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lb_proxy_stop(proxy: *const lb_proxy, error: *mut *mut lb_error) -> lb_status {
    // SAFETY: the caller promises pointers as the header says.
    unsafe {
        with(proxy, error, |proxy| {
            proxy.tell_stopping();
            proxy.proxy.stop();
            proxy.proxy.wait();
            Ok(())
        })
    }
}

/// Returns once every thread has ended, which a soft stop brings about; for ever where nobody stops the instance.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lb_proxy_wait(proxy: *const lb_proxy, error: *mut *mut lb_error) -> lb_status {
    // SAFETY: the caller promises pointers as the header says.
    unsafe {
        with(proxy, error, |proxy| {
            proxy.proxy.wait();
            Ok(())
        })
    }
}

/// 1 when every thread has ended, otherwise 0; 1 for null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lb_proxy_is_finished(proxy: *const lb_proxy) -> i32 {
    // SAFETY: the caller promises null or an instance that was not freed.
    let finished = unsafe { proxy.as_ref() }.map(|proxy| guard::caught(|| Ok(proxy.proxy.is_finished())));
    i32::from(!matches!(finished, Some(Ok(false))))
}

/// Stops the instance as lb_proxy_stop() does, where it still runs, waits for the callbacks, and frees it. No other
/// thread may be using it. Not to be called from a callback of the instance, nor while holding a lock that a callback
/// waits for. Null is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lb_proxy_free(proxy: *mut lb_proxy) {
    // SAFETY: the caller promises null or an instance that was not freed.
    let Some(object) = (unsafe { proxy.as_ref() }) else { return };
    let _mask = Mask::for_a_call();
    let _ = guard::caught(|| {
        object.tell_stopping();
        object.proxy.stop();
        object.proxy.wait();
        if let Some(dispatcher) = &object.dispatcher {
            dispatcher.close();
        }
        Ok(())
    });
    // SAFETY: as above; the thread of the callbacks has ended.
    unsafe { pointer::free(proxy) }
}
