//! The thread that callbacks are called from, and the queue before it. Whoever has something to tell never waits.

use std::ffi::c_void;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use crate::event::Event;
use crate::options::lb_event_callback;
use crate::proxy::lb_proxy;

/// The caller's functions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Callbacks {
    pub(crate) on_event: lb_event_callback,
    pub(crate) user_data: *mut c_void,
}

// SAFETY: the header says that the functions are called, with `user_data`, from another thread.
unsafe impl Send for Callbacks {}

impl Callbacks {
    pub(crate) fn none() -> Self {
        Self { on_event: None, user_data: std::ptr::null_mut() }
    }

    pub(crate) fn is_none(&self) -> bool {
        self.on_event.is_none()
    }
}

#[derive(Debug)]
enum Item {
    Event(Event),
    /// Every thread of the instance has ended.
    Stopped,
    /// The instance is being freed.
    Close,
}

/// Where those who have something to tell leave it.
#[derive(Debug)]
pub(crate) struct Queue {
    sender: SyncSender<Item>,
    lost: AtomicU64,
    stopped: AtomicBool,
}

impl Queue {
    pub(crate) fn new(size: usize) -> (Arc<Self>, Incoming) {
        let (sender, receiver) = sync_channel(size);
        (Arc::new(Self { sender, lost: AtomicU64::new(0), stopped: AtomicBool::new(false) }), Incoming(receiver))
    }

    pub(crate) fn event(&self, event: Event) {
        self.put(Item::Event(event));
    }

    /// Every thread of the instance has ended.
    pub(crate) fn stopped(&self) {
        self.stopped.store(true, Ordering::Release);
        // Where there is no room, it is told when the instance is freed.
        let _ = self.sender.try_send(Item::Stopped);
    }

    fn put(&self, item: Item) {
        if self.sender.try_send(item).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// The other end of the queue.
#[derive(Debug)]
pub(crate) struct Incoming(Receiver<Item>);

/// The thread, and what ends it.
#[derive(Debug)]
pub(crate) struct Dispatcher {
    pub(crate) queue: Arc<Queue>,
    abandoned: Arc<AtomicBool>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Dispatcher {
    /// A dispatcher whose thread is not started yet: what is told waits in the queue.
    pub(crate) fn new(queue: Arc<Queue>) -> Self {
        Self { queue, abandoned: Arc::default(), thread: Mutex::default() }
    }

    /// Starts the thread, which tells `first` and then what was and will be queued.
    pub(crate) fn start(
        &self,
        incoming: Incoming,
        callbacks: Callbacks,
        proxy: *const lb_proxy,
        first: Vec<Event>,
    ) -> std::io::Result<()> {
        let caller = Caller {
            callbacks,
            proxy,
            queue: Arc::clone(&self.queue),
            abandoned: Arc::clone(&self.abandoned),
            told_stopped: false,
        };
        let thread = std::thread::Builder::new()
            .name("lb-callbacks".to_owned())
            .spawn(move || caller.run(&incoming.0, first))?;
        *self.thread.lock().unwrap_or_else(PoisonError::into_inner) = Some(thread);
        Ok(())
    }

    /// Waits until everything was told and no callback runs. Called from a callback, which must not be, it only sees to
    /// it that no other callback follows.
    pub(crate) fn close(&self) {
        let Some(thread) = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take() else { return };
        if thread.thread().id() == std::thread::current().id() {
            self.abandoned.store(true, Ordering::Release);
            let _ = self.queue.sender.try_send(Item::Close);
            return;
        }
        let _ = self.queue.sender.send(Item::Close);
        let _ = thread.join();
    }
}

/// What the thread works with.
struct Caller {
    callbacks: Callbacks,
    /// Only handed on. It stays valid until the thread has ended: see [`Dispatcher::close`].
    proxy: *const lb_proxy,
    queue: Arc<Queue>,
    abandoned: Arc<AtomicBool>,
    told_stopped: bool,
}

// SAFETY: see `Callbacks`; an `lb_proxy` may be used from any thread.
unsafe impl Send for Caller {}

impl Caller {
    fn run(mut self, incoming: &Receiver<Item>, first: Vec<Event>) {
        for event in first {
            self.tell(&event);
        }
        while let Ok(item) = incoming.recv() {
            match item {
                Item::Event(event) => self.tell(&event),
                Item::Stopped => self.tell_stopped(),
                Item::Close => break,
            }
            if self.abandoned.load(Ordering::Acquire) {
                return;
            }
        }
        self.tell_stopped();
    }

    fn tell_stopped(&mut self) {
        if self.queue.stopped.load(Ordering::Acquire) && !std::mem::replace(&mut self.told_stopped, true) {
            self.tell(&Event::stopped());
        }
    }

    fn tell(&self, event: &Event) {
        let Some(on_event) = self.callbacks.on_event else { return };
        if self.abandoned.load(Ordering::Acquire) {
            return;
        }
        let view = event.view(self.proxy, self.queue.lost.swap(0, Ordering::Relaxed));
        // SAFETY: the caller gave the function with this type; the view and its strings outlive the call.
        unsafe { on_event(self.callbacks.user_data, &view) }
    }
}
