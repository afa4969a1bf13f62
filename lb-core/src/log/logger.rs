//! A worker's logger: renders lines into one buffer per destination and sends them once per turn of the event loop.

use std::sync::Arc;

use super::access::AccessLog;
use super::event::{LogEvent, LogHooks};
use super::format::LogFormat;
use super::header;
use super::level::Level;
use super::record::LogRecord;
use super::render::{LogContext, render, render_connection_error, render_rule};
use super::sink::Sink;
use super::source::RecordSource;
use super::target::LogTargets;
use crate::sample::Context;
use crate::worker::timer::wall;

/// The logger of one worker. It is not shared; nothing in it waits.
#[derive(Debug)]
pub struct Logger {
    context: LogContext,
    hooks: LogHooks,
    line: Vec<u8>,
    structured: Vec<u8>,
    /// By number of the place; opened when the first line for it comes.
    sinks: Vec<Option<Sink>>,
    /// Lines that came since the last flush.
    pending: u32,
    /// The last flush left lines.
    left: bool,
}

impl Logger {
    /// A logger for one thread.
    pub fn new(context: LogContext, hooks: LogHooks) -> Self {
        let line = Vec::with_capacity(1024);
        Self { context, hooks, line, structured: Vec::new(), sinks: Vec::new(), pending: 0, left: false }
    }

    /// Writes the access line of a stream, unless the frontend's options say that it is not worth one.
    /// Expressions of the format are evaluated in `samples`.
    pub(crate) fn access(&mut self, log: &AccessLog, record: &impl RecordSource, samples: Option<&Context<'_>>) {
        if log.is_off() && !self.hooks.want_records() {
            return;
        }
        let Some(level) = log.decide(record) else { return };
        let format = if record.refused() { log.error_format().unwrap_or(log.format()) } else { log.format() };
        self.write(log, record, level, None, samples, |context, out| render(format, record, samples, context, out));
    }

    /// Writes the line of a connection that failed before there was a stream: a bad PROXY protocol header, a TLS
    /// handshake (section 8.2.5). `bind` is the `name` of the bind line, or else its `id`. Not written under
    /// `option dontlognull` when the client sent nothing.
    pub(crate) fn connection_error(
        &mut self,
        log: &AccessLog,
        record: &impl RecordSource,
        samples: Option<&Context<'_>>,
        bind: &str,
        message: &str,
    ) {
        if log.is_off() && !self.hooks.want_records() {
            return;
        }
        let Some(level) = log.decide_connection_error(record) else { return };
        self.write(log, record, level, Some(message), samples, |context, out| match log.error_format() {
            Some(format) => render(format, record, samples, context, out),
            None => render_connection_error(record, bind, message, context, out),
        });
    }

    fn write(
        &mut self,
        log: &AccessLog,
        record: &impl RecordSource,
        level: Level,
        error: Option<&str>,
        samples: Option<&Context<'_>>,
        render_line: impl FnOnce(&mut LogContext, &mut Vec<u8>),
    ) {
        let mut line = std::mem::take(&mut self.line);
        line.clear();
        self.structured.clear();
        // HAProxy does not count the lines that have no format.
        if error.is_none() || log.error_format().is_some() {
            self.context.log_counter = log.count_line();
        }
        render_line(&mut self.context, &mut line);
        if let Some(format) = log.structured_data() {
            render(format, record, samples, &mut self.context, &mut self.structured);
        }
        self.queue(log.targets(), level, &line);
        if self.hooks.want_records() {
            self.hooks.record(&LogEvent { level, record: &LogRecord::of(record), error, line: &line });
        }
        self.line = line;
    }

    /// What a rule's format comes to; see [`render_rule`].
    pub(crate) fn render_rule(
        &mut self,
        format: &LogFormat,
        samples: Option<&Context<'_>>,
        record: &impl RecordSource,
        out: &mut Vec<u8>,
    ) {
        render_rule(format, samples, record, &mut self.context, out);
    }

    /// Queues one line, without header or line end, for every target that wants this level.
    pub fn send(&mut self, targets: &LogTargets, level: Level, line: &[u8]) {
        self.structured.clear();
        self.queue(targets, level, line);
    }

    fn queue(&mut self, targets: &LogTargets, level: Level, line: &[u8]) {
        let mut now = None;
        for target in &targets.targets {
            let Some(level) = target.admit(level) else { continue };
            if self.sinks.len() <= target.place.index {
                self.sinks.resize_with(target.place.index + 1, || None);
            }
            let Some(sink) = self.sinks.get_mut(target.place.index) else { continue };
            let sink = sink.get_or_insert_with(|| Sink::new(Arc::clone(&target.place)));
            let now = *now.get_or_insert_with(wall);
            self.pending = self.pending.saturating_add(1);
            let (context, structured) = (&mut self.context, &self.structured);
            sink.queue(target.length, &self.hooks, |out| {
                header::write(out, target, level, now, structured, context);
                out.extend_from_slice(line);
            });
        }
    }

    /// Sends what is queued; the worker calls it at the end of each turn of its event loop. Never blocks: what a
    /// destination does not take at once waits for a later call, or is dropped and counted.
    pub fn flush(&mut self) {
        if self.pending == 0 && !self.left {
            return;
        }
        self.pending = 0;
        self.left = false;
        for sink in self.sinks.iter_mut().flatten() {
            self.left |= sink.flush(&self.hooks);
        }
    }

    /// Whether lines came since the last [`Logger::flush`].
    pub fn has_pending(&self) -> bool {
        self.pending > 0
    }

    /// How many came since then.
    pub(crate) fn pending(&self) -> u32 {
        self.pending
    }
}

impl Drop for Logger {
    fn drop(&mut self) {
        self.flush();
        self.sinks.iter_mut().flatten().for_each(Sink::abandon);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::net::UdpSocket;
    use std::time::Duration;

    use jiff::tz::TimeZone;

    use super::*;
    use crate::config::model::{LogDestination, LogSample, LogTarget, LogTargetFormat};
    use crate::log::{AccessLogOptions, Cause, DateCache, HTTP_FORMAT, LogDestinations, LogFormat, LogSettings};

    fn target(destination: LogDestination, format: Option<LogTargetFormat>) -> LogTarget {
        LogTarget { destination, length: 1024, format, sample: None, facility: 16, level: 7, minlevel: 0 }
    }

    fn targets(list: &[LogTarget], hostname: Option<&str>) -> LogTargets {
        targets_at(&mut LogDestinations::default(), list, hostname)
    }

    fn targets_at(places: &mut LogDestinations, list: &[LogTarget], hostname: Option<&str>) -> LogTargets {
        let settings = LogSettings { tag: "mytag".into(), hostname: hostname.map(Into::into) };
        LogTargets::new(list, &settings, places, &|_| None)
    }

    fn logger() -> Logger {
        let dates = DateCache::new(TimeZone::UTC);
        let context = LogContext { pid: 5033, hostname: "vm".into(), log_counter: 0, dates };
        Logger::new(context, LogHooks::default())
    }

    /// What one line looks like with this format, as HAProxy 2.6.12 sent it.
    fn header(format: Option<LogTargetFormat>, hostname: Option<&str>) -> String {
        let destination = LogDestination::Unix("/nowhere".into());
        let targets = targets(&[target(destination, format)], hostname);
        let now = Duration::from_micros(1_795_233_210_225_992);
        let mut out = Vec::new();
        header::write(&mut out, &targets.targets[0], 6, now, b"", &mut logger().context);
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
    fn lost_lines_are_counted_and_the_first_failure_is_told() {
        let told: Arc<std::sync::Mutex<Vec<String>>> = Arc::default();
        let notices = Arc::clone(&told);
        let hooks = LogHooks {
            on_notice: Some(Arc::new(move |notice| notices.lock().unwrap().push(notice.to_string()))),
            ..LogHooks::default()
        };
        let mut places = LogDestinations::default();
        let list = [target(LogDestination::Unix("/nowhere/at/all".into()), None), target(LogDestination::Fd(77), None)];
        let format = LogFormat::parse(HTTP_FORMAT, true).unwrap();
        let log = AccessLog::new(format, targets_at(&mut places, &list, None), AccessLogOptions::default());
        let mut logger = logger();
        logger.hooks = hooks;
        for _ in 0..2 {
            logger.access(&log, &LogRecord::default(), None);
            logger.flush();
        }
        assert_eq!(places.states().iter().map(|state| state.dropped).collect::<Vec<_>>(), [2, 2]);
        assert_eq!(places.dropped().count(), 4);
        let expected = [("/nowhere/at/all", "No such file or directory"), ("fd@77", "Bad file descriptor")];
        let line = |(place, why)| format!("sendmsg()/writev() failed in logger '{place}': {why}");
        assert_eq!(*told.lock().unwrap(), expected.map(line));
    }

    #[test]
    fn a_listener_gets_records_without_a_target() {
        let seen: Arc<std::sync::Mutex<Vec<(u16, String)>>> = Arc::default();
        let records = Arc::clone(&seen);
        let on_log = move |event: &LogEvent<'_>| {
            records.lock().unwrap().push((event.record.status, String::from_utf8_lossy(event.line).into_owned()));
        };
        let hooks = LogHooks { on_log: Some(Arc::new(on_log)), ..LogHooks::default() };
        let format = LogFormat::parse("%ST %tsc", true).unwrap();
        let log = AccessLog::new(format, LogTargets::default(), AccessLogOptions::default());
        let mut logger = logger();
        logger.hooks = hooks;
        logger.access(&log, &LogRecord { status: 200, ..LogRecord::default() }, None);
        assert!(!logger.has_pending());
        assert_eq!(*seen.lock().unwrap(), [(200, "200 ----".to_owned())]);
    }

    #[test]
    fn what_was_refused_has_a_format_of_its_own() {
        let receiver = UdpSocket::bind("127.0.0.1:0").unwrap();
        let destination = LogDestination::Udp(receiver.local_addr().unwrap());
        let list = [target(destination, Some(LogTargetFormat::Rfc5424))];
        let parse = |text| Some(LogFormat::parse(text, true).unwrap());
        let log = AccessLog::new(parse("%ST").unwrap(), targets(&list, None), AccessLogOptions::default())
            .with_error_format(parse("ERR %ST"))
            .with_structured_data(parse("[a@1 lc=\"%lc\"]"));
        let mut logger = logger();
        logger.access(&log, &LogRecord { status: 200, ..LogRecord::default() }, None);
        logger.access(&log, &LogRecord { status: 400, refused: true, ..LogRecord::default() }, None);
        logger.connection_error(&log, &LogRecord::default(), None, "1", "why");
        logger.send(log.targets(), Level::Notice, b"about a server");
        logger.flush();
        let mut buffer = [0; 300];
        for expected in
            ["[a@1 lc=\"0\"] 200\n", "[a@1 lc=\"1\"] ERR 400\n", "[a@1 lc=\"2\"] ERR 0\n", "- about a server\n"]
        {
            let size = receiver.recv(&mut buffer).unwrap();
            let line = String::from_utf8_lossy(&buffer[..size]);
            assert_eq!(line.split_once(" mytag 5033 - ").unwrap().1, expected);
        }
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
