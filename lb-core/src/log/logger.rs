//! A worker's logger: renders lines into one buffer per destination and sends them once per turn of the event loop.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::access::AccessLog;
use super::header;
use super::level::Level;
use super::record::LogRecord;
use super::render::{LogContext, render};
use super::sink::Sink;
use super::target::LogTargets;

/// Lines that no worker could deliver (`DroppedLogs` of `show info`).
#[derive(Debug, Default)]
pub struct DroppedLogs(AtomicU64);

impl DroppedLogs {
    /// Lines dropped since the start.
    pub fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    pub(super) fn add(&self, lines: u64) {
        if lines > 0 {
            self.0.fetch_add(lines, Ordering::Relaxed);
        }
    }
}

/// The logger of one worker. It is not shared; nothing in it waits.
#[derive(Debug)]
pub struct Logger {
    context: LogContext,
    line: Vec<u8>,
    sinks: Vec<Sink>,
    dropped: Arc<DroppedLogs>,
    pending: bool,
}

impl Logger {
    /// A logger for one thread. `dropped` is shared by the loggers of an instance.
    pub fn new(context: LogContext, dropped: Arc<DroppedLogs>) -> Self {
        Self { context, line: Vec::with_capacity(1024), sinks: Vec::new(), dropped, pending: false }
    }

    /// Writes the access line of a stream, unless the frontend's options say that it is not worth one.
    pub fn access(&mut self, log: &AccessLog, record: &LogRecord) {
        if log.targets().is_empty() {
            return;
        }
        let Some(level) = log.decide(record) else { return };
        let mut line = std::mem::take(&mut self.line);
        line.clear();
        self.context.log_counter = log.count_line();
        render(log.format(), record, &mut self.context, &mut line);
        self.send(log.targets(), level, &line);
        self.line = line;
    }

    /// Queues one line, without header or line end, for every target that wants this level.
    pub fn send(&mut self, targets: &LogTargets, level: Level, line: &[u8]) {
        let mut now = None;
        for target in &targets.targets {
            let Some(level) = target.admit(level) else { continue };
            let index = self.sink(&target.destination);
            let Some(sink) = self.sinks.get_mut(index) else { continue };
            let now = *now.get_or_insert_with(since_epoch);
            self.pending = true;
            let context = &mut self.context;
            sink.queue(target.length, &self.dropped, |out| {
                header::write(out, target, level, now, context);
                out.extend_from_slice(line);
            });
        }
    }

    /// Sends what is queued; the worker calls it at the end of each turn of its event loop. Never blocks: what a
    /// destination does not take at once waits for the next call, or is dropped and counted.
    pub fn flush(&mut self) {
        if !self.pending {
            return;
        }
        self.pending = false;
        for sink in &mut self.sinks {
            self.pending |= sink.flush(&self.dropped);
        }
    }

    /// Whether lines are waiting for [`Logger::flush`].
    pub fn has_pending(&self) -> bool {
        self.pending
    }

    fn sink(&mut self, destination: &crate::config::model::LogDestination) -> usize {
        match self.sinks.iter().position(|sink| sink.destination() == destination) {
            Some(index) => index,
            None => {
                self.sinks.push(Sink::new(destination.clone()));
                self.sinks.len() - 1
            }
        }
    }
}

impl Drop for Logger {
    fn drop(&mut self) {
        self.flush();
    }
}

fn since_epoch() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}
