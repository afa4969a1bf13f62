//! A worker's logger: renders lines into one buffer per destination and sends them once per turn of the event loop.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::access::AccessLog;
use super::header;
use super::level::Level;
use super::record::LogRecord;
use super::render::{LogContext, render, render_connection_error};
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

    /// Writes the line of a connection that failed before there was a stream: a bad PROXY protocol header, a TLS
    /// handshake (section 8.2.5). `bind` is the `name` of the bind line, or else its `id`. Not written under
    /// `option dontlognull` when the client sent nothing.
    pub fn connection_error(&mut self, log: &AccessLog, record: &LogRecord, bind: &str, message: &str) {
        if log.targets().is_empty() {
            return;
        }
        let Some(level) = log.decide_connection_error(record) else { return };
        let mut line = std::mem::take(&mut self.line);
        line.clear();
        render_connection_error(record, bind, message, &mut self.context, &mut line);
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::net::UdpSocket;

    use jiff::tz::TimeZone;

    use super::*;
    use crate::config::model::{LogDestination, LogSample, LogTarget, LogTargetFormat};
    use crate::log::{AccessLogOptions, Cause, DateCache, HTTP_FORMAT, LogFormat, LogSettings};

    fn target(destination: LogDestination, format: Option<LogTargetFormat>) -> LogTarget {
        LogTarget { destination, length: 1024, format, sample: None, facility: 16, level: 7, minlevel: 0 }
    }

    fn targets(list: &[LogTarget], hostname: Option<&str>) -> LogTargets {
        let settings = LogSettings { tag: "mytag".into(), hostname: hostname.map(Into::into) };
        LogTargets::new(list, &settings).unwrap()
    }

    fn logger() -> Logger {
        let dates = DateCache::new(TimeZone::UTC);
        let context = LogContext { pid: 5033, hostname: "vm".into(), log_counter: 0, dates };
        Logger::new(context, Arc::default())
    }

    /// What one line looks like with this format, as HAProxy 2.6.12 sent it.
    fn header(format: Option<LogTargetFormat>, hostname: Option<&str>) -> String {
        let destination = LogDestination::Unix("/nowhere".into());
        let targets = targets(&[target(destination, format)], hostname);
        let now = Duration::from_micros(1_795_233_210_225_992);
        let mut out = Vec::new();
        header::write(&mut out, &targets.targets[0], 6, now, &mut logger().context);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn headers() {
        use LogTargetFormat::*;
        assert_eq!(header(None, None), "<134>Nov 21 03:53:30 mytag[5033]: ");
        assert_eq!(header(Some(Local), Some("vm")), "<134>Nov 21 03:53:30 mytag[5033]: ");
        assert_eq!(header(None, Some("vm")), "<134>Nov 21 03:53:30 vm mytag[5033]: ");
        assert_eq!(header(Some(Rfc3164), None), "<134>Nov 21 03:53:30 localhost mytag[5033]: ");
        assert_eq!(header(Some(Rfc5424), None), "<134>1 2026-11-21T03:53:30.225992+00:00 - mytag 5033 - - ");
        assert_eq!(header(Some(Rfc5424), Some("foo")), "<134>1 2026-11-21T03:53:30.225992+00:00 foo mytag 5033 - - ");
        assert_eq!(header(Some(Priority), None), "<134>");
        assert_eq!(header(Some(Short), None), "<6>");
        assert_eq!(header(Some(Timed), None), "<6>2026-11-21T03:53:30.225992+00:00 ");
        assert_eq!(header(Some(Iso), None), "2026-11-21T03:53:30.225992+00:00 ");
        assert_eq!(header(Some(Raw), None), "");
    }

    #[test]
    fn lines_wait_for_the_flush_and_are_filtered_capped_and_cut() {
        let receiver = UdpSocket::bind("127.0.0.1:0").unwrap();
        let destination = LogDestination::Udp(receiver.local_addr().unwrap());
        let short = target(destination, Some(LogTargetFormat::Short));
        let notice = LogTarget { level: 5, ..short.clone() };
        let capped = LogTarget { minlevel: 6, length: 80, ..short.clone() };
        let targets = targets(&[notice, capped], None);
        let mut logger = logger();
        logger.send(&targets, Level::Info, &[b'x'; 200]);
        logger.send(&targets, Level::Alert, b"down");
        assert!(logger.has_pending());
        logger.flush();
        assert!(!logger.has_pending());
        let mut buffer = [0; 300];
        let mut next = || {
            let size = receiver.recv(&mut buffer).unwrap();
            String::from_utf8_lossy(&buffer[..size]).into_owned()
        };
        assert_eq!(next(), format!("<6>{}\n", "x".repeat(77)));
        assert_eq!(next(), "<1>down\n");
        assert_eq!(next(), "<6>down\n");
        assert_eq!(logger.dropped.count(), 0);
    }

    #[test]
    fn samples_take_their_share() {
        let receiver = UdpSocket::bind("127.0.0.1:0").unwrap();
        let destination = LogDestination::Udp(receiver.local_addr().unwrap());
        let sample = LogSample { ranges: vec![(1, 1), (3, 4)], size: 5 };
        let sampled = LogTarget { sample: Some(sample), ..target(destination, Some(LogTargetFormat::Raw)) };
        let targets = targets(&[sampled], None);
        let mut logger = logger();
        for line in 1..=6 {
            logger.send(&targets, Level::Info, format!("{line}").as_bytes());
        }
        logger.flush();
        let mut buffer = [0; 10];
        for expected in [b"1\n", b"3\n", b"4\n", b"6\n"] {
            let size = receiver.recv(&mut buffer).unwrap();
            assert_eq!(buffer[..size], expected[..]);
        }
    }

    #[test]
    fn lost_lines_are_counted() {
        let destination = LogDestination::Unix("/nowhere/at/all".into());
        let format = LogFormat::parse(HTTP_FORMAT, true).unwrap();
        let log = AccessLog::new(format, targets(&[target(destination, None)], None), AccessLogOptions::default());
        let mut logger = logger();
        logger.access(&log, &LogRecord::default());
        logger.access(&log, &LogRecord::default());
        logger.flush();
        assert_eq!(logger.dropped.count(), 2);
    }

    #[test]
    fn only_known_descriptors() {
        let error = LogTargets::new(&[target(LogDestination::Fd(7), None)], &LogSettings::default()).unwrap_err();
        assert!(error.to_string().contains("fd@7"));
    }

    #[test]
    fn connection_errors() {
        let record = LogRecord {
            accept_date: Duration::from_millis(1_795_233_210_225),
            client: "127.0.0.1:53568".parse().ok(),
            frontend: "sep".into(),
            cause: Cause::ClientAbort,
            ..LogRecord::default()
        };
        let mut out = Vec::new();
        let message = "Connection closed while waiting for PROXY protocol header";
        render_connection_error(&record, "1", message, &mut logger().context, &mut out);
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "127.0.0.1:53568 [21/Nov/2026:03:53:30.225] sep/1: Connection closed while waiting for PROXY protocol header"
        );
    }
}
