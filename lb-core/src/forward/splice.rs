//! splice(2): bytes go from socket to socket through a pipe, without a copy in user space.
//!
//! A pipe is lent to a direction only while it moves data. It is filled only while it is empty: then a refusal on the
//! way in can only mean that the source has nothing, and one on the way out that the destination takes nothing.

use std::cell::RefCell;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use rustix::io::Errno;
use rustix::pipe::{PipeFlags, SpliceFlags, fcntl_setpipe_size, pipe_with, splice};
use tokio::io::Interest;
use tokio::net::TcpStream;

/// Most bytes asked for in one splice call: more than a pipe holds, so that the kernel fills all of its slots.
const CHUNK: usize = 1 << 20;
/// Unused pipes kept per worker.
const KEEP: usize = 32;
/// Size asked for where `tune.pipesize` does not say another: the default of the system, 64 KB, costs nearly twice the
/// CPU per byte.
const SIZE: u32 = 512 * 1024;
/// Pipes of the process that get [`SIZE`]. Without privileges a user's pipes may hold 64 MB together (pipe(7)), and
/// beyond that the kernel gives only tiny ones.
const SIZED: u32 = 64;
/// Rounds of fill and drain before other tasks of the worker get a turn.
const ROUNDS: u32 = 16;

/// Pipes of the whole process: how many exist and how many may (`maxpipes`).
#[derive(Debug)]
pub struct PipeLimit {
    used: AtomicU32,
    /// Of them, those that workers keep for later.
    free: AtomicU32,
    /// Bytes that went from a pipe to a socket.
    written: AtomicU64,
    max: u32,
}

impl PipeLimit {
    /// A limit of `max` pipes.
    pub fn new(max: u32) -> Arc<Self> {
        Arc::new(Self { used: AtomicU32::new(0), free: AtomicU32::new(0), written: AtomicU64::new(0), max })
    }

    /// Pipes that exist, used or kept.
    pub fn used(&self) -> u32 {
        self.used.load(Ordering::Relaxed)
    }

    /// Pipes that are kept for later.
    pub fn free(&self) -> u32 {
        self.free.load(Ordering::Relaxed)
    }

    /// Bytes that pipes were emptied of (`TotalSplicdedBytesOut`).
    pub fn written(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }

    fn acquire(&self) -> bool {
        let taken = self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| {
            (used < self.max).then_some(used.saturating_add(1))
        });
        taken.is_ok()
    }
}

/// A kernel pipe, empty unless a [`SplicePump`] holds it.
#[derive(Debug)]
struct Pipe {
    read: OwnedFd,
    write: OwnedFd,
    limit: Arc<PipeLimit>,
}

impl Drop for Pipe {
    fn drop(&mut self) {
        self.limit.used.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The pipes of one worker. Clones share them; it does not leave its thread.
#[derive(Clone, Debug)]
pub struct PipePool(Rc<Pool>);

#[derive(Debug)]
struct Pool {
    free: RefCell<Vec<Pipe>>,
    limit: Arc<PipeLimit>,
    size: Option<u32>,
}

impl PipePool {
    /// A pool under the process' limit; `size` is `tune.pipesize`.
    pub fn new(limit: Arc<PipeLimit>, size: Option<u32>) -> Self {
        Self(Rc::new(Pool { free: RefCell::default(), limit, size }))
    }

    /// Bytes went from a pipe to a socket.
    pub(crate) fn count_written(&self, bytes: u64) {
        self.0.limit.written.fetch_add(bytes, Ordering::Relaxed);
    }

    /// A pool that never gives a pipe (`nosplice`).
    pub fn disabled() -> Self {
        Self::new(PipeLimit::new(0), None)
    }

    /// An unused pipe or a new one; `None` at the limit or when the system has none.
    fn take(&self) -> Option<Pipe> {
        if let Some(pipe) = self.0.free.borrow_mut().pop() {
            self.0.limit.free.fetch_sub(1, Ordering::Relaxed);
            return Some(pipe);
        }
        if !self.0.limit.acquire() {
            return None;
        }
        let Ok((read, write)) = pipe_with(PipeFlags::NONBLOCK | PipeFlags::CLOEXEC) else {
            self.0.limit.used.fetch_sub(1, Ordering::Relaxed);
            return None;
        };
        let pipe = Pipe { read, write, limit: self.0.limit.clone() };
        let size = self.0.size.or_else(|| (self.0.limit.used() <= SIZED).then_some(SIZE));
        if let Some(size) = size {
            // Beyond the user's limit the kernel keeps its default, which works as well.
            let _ = fcntl_setpipe_size(&pipe.write, size as usize);
        }
        Some(pipe)
    }

    /// Closes the unused pipes.
    pub(crate) fn flush(&self) {
        let free = self.0.free.take();
        self.0.limit.free.fetch_sub(u32::try_from(free.len()).unwrap_or_default(), Ordering::Relaxed);
    }

    /// How many unused pipes are kept.
    pub fn unused(&self) -> usize {
        self.0.free.borrow().len()
    }

    fn put(&self, pipe: Pipe) {
        let mut free = self.0.free.borrow_mut();
        if free.len() < KEEP {
            self.0.limit.free.fetch_add(1, Ordering::Relaxed);
            free.push(pipe);
        }
    }
}

/// What a call of [`SplicePump::poll_pump`] achieved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pumped {
    /// The source ended and everything was delivered.
    Eof,
    /// The limit was reached and everything was delivered.
    Limit,
    /// splice(2) cannot be used here (limit of pipes, kernel refuses); nothing was lost, copy instead.
    Unsupported,
}

/// Which side a failure came from.
#[derive(Debug)]
pub enum PumpError {
    /// Reading from the source failed.
    Read(io::Error),
    /// Writing to the destination failed.
    Write(io::Error),
}

/// Progress that a caller wants to know even when the pump goes on waiting.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Bytes taken from the source.
    pub read: u64,
    /// Bytes delivered to the destination.
    pub written: u64,
}

/// One direction of spliced data, possibly with bytes in a pipe.
#[derive(Debug, Default)]
pub struct SplicePump {
    pipe: Option<Pipe>,
    in_pipe: usize,
    eof: bool,
}

impl SplicePump {
    /// A pump without a pipe.
    pub fn new() -> Self {
        Self::default()
    }

    /// Bytes taken from the source and not delivered yet.
    pub fn pending(&self) -> usize {
        self.in_pipe
    }

    /// Moves bytes until the source ends, `limit` is used up or one side makes it wait.
    ///
    /// `limit` counts down by the bytes taken from the source; give `u64::MAX` for "until the end". `progress` grows by
    /// what happened during this call. While it waits with nothing in the pipe, it holds no pipe.
    pub fn poll_pump(
        &mut self,
        cx: &mut Context<'_>,
        from: &TcpStream,
        to: &TcpStream,
        pool: &PipePool,
        limit: &mut u64,
        progress: &mut Progress,
    ) -> Poll<Result<Pumped, PumpError>> {
        for _ in 0..ROUNDS {
            ready!(self.poll_drain(cx, to, pool, progress)).map_err(PumpError::Write)?;
            if self.eof {
                return Poll::Ready(Ok(Pumped::Eof));
            }
            if *limit == 0 {
                self.release(pool);
                return Poll::Ready(Ok(Pumped::Limit));
            }
            match ready!(self.poll_fill(cx, from, pool, limit)) {
                Ok(Some(count)) => progress.read += count as u64,
                Ok(None) => return Poll::Ready(Ok(Pumped::Unsupported)),
                Err(error) => return Poll::Ready(Err(PumpError::Read(error))),
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Source to empty pipe. `None` when splicing is not possible.
    fn poll_fill(
        &mut self,
        cx: &mut Context<'_>,
        from: &TcpStream,
        pool: &PipePool,
        limit: &mut u64,
    ) -> Poll<io::Result<Option<usize>>> {
        loop {
            ready!(from.poll_read_ready(cx))?;
            let pipe = match self.pipe.take().or_else(|| pool.take()) {
                Some(pipe) => self.pipe.insert(pipe),
                None => return Poll::Ready(Ok(None)),
            };
            let most = usize::try_from(*limit).unwrap_or(CHUNK).min(CHUNK);
            let moved = from.try_io(Interest::READABLE, || splice_once(from, &pipe.write, most));
            match moved {
                Ok(count) => {
                    self.in_pipe = count;
                    *limit = limit.saturating_sub(count as u64);
                    if count == 0 {
                        self.eof = true;
                        self.release(pool);
                    }
                    return Poll::Ready(Ok(Some(count)));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.release(pool),
                Err(error) => {
                    self.release(pool);
                    let unsupported = [Errno::INVAL, Errno::NOSYS].map(Errno::raw_os_error).map(Some);
                    if unsupported.contains(&error.raw_os_error()) {
                        return Poll::Ready(Ok(None));
                    }
                    return Poll::Ready(Err(error));
                }
            }
        }
    }

    /// Pipe to destination, until the pipe is empty.
    fn poll_drain(
        &mut self,
        cx: &mut Context<'_>,
        to: &TcpStream,
        pool: &PipePool,
        progress: &mut Progress,
    ) -> Poll<io::Result<()>> {
        while self.in_pipe > 0 {
            ready!(to.poll_write_ready(cx))?;
            let Some(pipe) = &self.pipe else { return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())) };
            match to.try_io(Interest::WRITABLE, || splice_once(&pipe.read, to, self.in_pipe)) {
                Ok(0) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Ok(count) => {
                    self.in_pipe = self.in_pipe.saturating_sub(count);
                    progress.written += count as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
        if self.pipe.is_some() && self.eof {
            self.release(pool);
        }
        Poll::Ready(Ok(()))
    }

    /// Gives the empty pipe back.
    fn release(&mut self, pool: &PipePool) {
        if self.in_pipe == 0
            && let Some(pipe) = self.pipe.take()
        {
            pool.put(pipe);
        }
    }
}

/// One splice(2) without blocking; EINTR is tried again.
fn splice_once(from: impl AsFd, to: impl AsFd, most: usize) -> io::Result<usize> {
    loop {
        match splice(&from, None, &to, None, most, SpliceFlags::NONBLOCK | SpliceFlags::MOVE) {
            Ok(count) => return Ok(count),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}
