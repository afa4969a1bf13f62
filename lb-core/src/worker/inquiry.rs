//! Questions of other threads about the streams of a worker, answered between two turns of its event loop.
//!
//! The worker is never held up for long: it looks at some streams, lets everything else have its turn, and goes on.

use std::rc::Rc;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use super::{Shared, Worker};
use crate::instant::Instant;
use crate::log::Cause;
use crate::runtime::{SessionId, SessionInfo};
use crate::server::Server;
use crate::stats::PoolState;
use crate::stream::live::Entry;

/// Streams looked at in one go: some ten microseconds.
const CHUNK: usize = 64;

/// How long a worker may take for its next answer. One that takes longer is stuck, and so would be whoever waits.
const PATIENCE: Duration = Duration::from_secs(10);

/// Which streams are meant.
#[derive(Clone, Debug)]
pub(crate) enum Streams {
    /// Every one.
    All,
    /// This one.
    One(SessionId),
    /// Those that are older.
    Older(Duration),
    /// Those with which something is wrong.
    Suspicious,
    /// Those that hold this server: its backend's index and its number there.
    OfServer(usize, u32),
}

/// What a worker is asked for.
#[derive(Debug)]
enum Inquiry {
    /// What is known of streams, in several parts, and whether what has to be asked for is wanted, too.
    Tell(Streams, bool, Sender<Vec<SessionInfo>>),
    /// To end streams, and how many there were.
    Shut(Streams, Cause, Sender<usize>),
    /// To give memory back, and how much that was.
    Flush(Sender<Vec<PoolState>>),
}

/// Where other threads leave their questions.
#[derive(Debug)]
pub(crate) struct Inbox {
    /// `None`: the worker ends and answers no more.
    waiting: Mutex<Option<Vec<Inquiry>>>,
    arrived: Notify,
}

impl Default for Inbox {
    fn default() -> Self {
        Self { waiting: Mutex::new(Some(Vec::new())), arrived: Notify::new() }
    }
}

impl Inbox {
    /// Dropped, and with it its channel, where the worker has ended.
    fn put(&self, inquiry: Inquiry) {
        if let Some(waiting) = &mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner) {
            waiting.push(inquiry);
        }
        self.arrived.notify_one();
    }

    fn take(&self) -> Vec<Inquiry> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// The worker answers no more.
    pub(super) fn close(&self) {
        *self.waiting.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// A worker did not answer in time.
#[derive(Debug, thiserror::Error)]
#[error("thread {} does not answer", .worker + 1)]
pub(crate) struct Unanswered {
    worker: usize,
}

impl Shared {
    /// What is known of streams: those of the first worker first, in the order they started. Blocks until the workers
    /// have answered; must not be called by one of them.
    ///
    /// # Errors
    /// When one does not.
    pub(crate) fn streams(&self, wanted: &Streams, detail: bool) -> Result<Vec<SessionInfo>, Unanswered> {
        let mut found = Vec::new();
        let tell = |wanted, reply| Inquiry::Tell(wanted, detail, reply);
        for part in self.ask(wanted, tell, |parts| parts)? {
            let mut part: Vec<SessionInfo> = part.into_iter().flatten().collect();
            part.sort_by_key(|session| session.number);
            found.extend(part);
        }
        Ok(found)
    }

    /// Ends streams and says how many there were. Blocks as [`Shared::streams`] does.
    ///
    /// # Errors
    /// When a worker does not answer.
    pub(crate) fn shut_streams(&self, wanted: &Streams, cause: Cause) -> Result<usize, Unanswered> {
        let shut = |wanted, reply| Inquiry::Shut(wanted, cause, reply);
        Ok(self.ask(wanted, shut, |counts| counts)?.into_iter().flatten().sum())
    }

    /// Has the workers give the memory back that they keep for later. Blocks as [`Shared::streams`] does.
    ///
    /// # Errors
    /// When a worker does not answer.
    pub(crate) fn flush_pools(&self) -> Result<Vec<PoolState>, Unanswered> {
        let mut all = Vec::new();
        for pools in self.ask(&Streams::All, |_, reply| Inquiry::Flush(reply), |answers| answers)? {
            pools.into_iter().for_each(|pools| PoolState::add(&mut all, pools));
        }
        Ok(all)
    }

    /// Ends the streams of a server, without waiting for it to be done: for callers that must not block, as the health
    /// checks.
    pub(crate) fn shut_streams_of(&self, backend: usize, server: &Arc<Server>, cause: Cause) {
        for inbox in &self.inquiries {
            let (reply, _) = mpsc::channel();
            inbox.put(Inquiry::Shut(Streams::OfServer(backend, server.id), cause, reply));
        }
    }

    /// Asks the workers that may know, and collects what each says.
    fn ask<T, R>(
        &self,
        wanted: &Streams,
        inquiry: impl Fn(Streams, Sender<T>) -> Inquiry,
        collect: impl Fn(Vec<T>) -> R,
    ) -> Result<Vec<R>, Unanswered> {
        let concerned = |worker: usize| match wanted {
            Streams::One(id) => id.worker() == worker,
            _ => true,
        };
        let inboxes = self.inquiries.iter().enumerate().filter(|(worker, _)| concerned(*worker));
        let asked: Vec<_> = inboxes
            .map(|(worker, inbox)| {
                let (reply, answers) = mpsc::channel();
                inbox.put(inquiry(wanted.clone(), reply));
                (worker, answers)
            })
            .collect();
        let mut all = Vec::with_capacity(asked.len());
        for (worker, answers) in asked {
            let mut parts = Vec::new();
            loop {
                match answers.recv_timeout(PATIENCE) {
                    Ok(part) => parts.push(part),
                    Err(RecvTimeoutError::Disconnected) => break,
                    Err(RecvTimeoutError::Timeout) => return Err(Unanswered { worker }),
                }
            }
            all.push(collect(parts));
        }
        Ok(all)
    }
}

/// Answers until the worker ends.
pub(super) async fn answer(worker: Rc<Worker>) {
    let Some(inbox) = worker.shared.inquiries.get(worker.index) else { return };
    loop {
        inbox.arrived.notified().await;
        for inquiry in inbox.take() {
            match inquiry {
                Inquiry::Tell(wanted, detail, reply) => tell(&worker, &wanted, detail, &reply).await,
                // Whoever asked may not wait for it.
                Inquiry::Flush(reply) => drop(reply.send(worker.flush_pools())),
                Inquiry::Shut(wanted, cause, reply) => {
                    let now = Instant::now();
                    let shut = worker.streams.shut(cause, |entry| wanted.takes(entry, now));
                    // Whoever asked may not wait for it.
                    let _ = reply.send(shut);
                }
            }
        }
    }
}

/// Tells of the streams there are now, a part at a time. Those that start meanwhile are left out.
async fn tell(worker: &Rc<Worker>, wanted: &Streams, detail: bool, reply: &Sender<Vec<SessionInfo>>) {
    let streams = &worker.streams;
    let (last, places) = (streams.started(), streams.places());
    for from in (0..places).step_by(CHUNK) {
        let mut part = streams.in_places(from, CHUNK);
        let started = Instant::now();
        part.retain(|entry| entry.number() <= last && wanted.takes(entry, started));
        if detail {
            part.iter().for_each(|entry| entry.ask());
            tokio::task::yield_now().await;
        }
        let (now, wall) = (Instant::now(), super::timer::wall());
        // Another stream may have the place by now.
        let told =
            part.iter().filter(|entry| entry.number() <= last).filter_map(|entry| entry.snapshot(worker, now, wall));
        let suspicious = matches!(wanted, Streams::Suspicious);
        let told: Vec<_> = told.filter(|session| !suspicious || session.suspicious).collect();
        if !told.is_empty() && reply.send(told).is_err() {
            return;
        }
        tokio::task::yield_now().await;
    }
}

impl Streams {
    fn takes(&self, entry: &Entry, now: Instant) -> bool {
        match *self {
            Self::All | Self::Suspicious => true,
            Self::One(id) => entry.number() == id.number(),
            Self::Older(age) => now.saturating_duration_since(entry.started()) >= age,
            Self::OfServer(backend, server) => {
                entry.holds_server() && entry.backend() == Some(backend) && entry.server() == Some(server)
            }
        }
    }
}
