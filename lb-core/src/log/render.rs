//! Writes one log line from a compiled format and what a stream left behind.

use std::sync::Arc;

use jiff::tz::TimeZone;

use super::date::{DateCache, DateStyle};
use super::encode::{Encoding, decimal, padded};
use super::format::LogFormat;
use super::line::{Line, write_ip};
use super::record::LogRecord;
use super::source::RecordSource;
use crate::sample::Context;

/// What log lines of one worker have in common, with the dates it formatted last.
#[derive(Clone, Debug)]
pub struct LogContext {
    /// Process number (`%pid`).
    pub pid: u32,
    /// The system's host name (`%H`).
    pub hostname: Arc<str>,
    /// Lines that the frontend wrote before this one (`%lc`).
    pub log_counter: u64,
    /// Dates of the last seconds.
    pub dates: DateCache,
}

impl LogContext {
    /// A context with this process' number, the system's host name and time zone.
    pub fn system() -> Self {
        let hostname = rustix::system::uname().nodename().to_string_lossy().into_owned();
        Self {
            pid: std::process::id(),
            hostname: hostname.into(),
            log_counter: 0,
            dates: DateCache::new(TimeZone::system()),
        }
    }
}

/// Appends the line for `record`, without header or line end. Allocates nothing but what `out` needs to grow.
///
/// Expressions are evaluated in `samples`; without it they have no value.
pub(crate) fn render(
    format: &LogFormat,
    record: &impl RecordSource,
    samples: Option<&Context<'_>>,
    context: &mut LogContext,
    out: &mut Vec<u8>,
) {
    if format.connect_line {
        return connect_line(record, out);
    }
    Line::new(record, context, out, false).items(format, |line, expression| {
        let value = samples.and_then(|samples| expression.text_of(samples));
        line.text(value.as_deref(), Encoding::Sample);
    });
}

impl LogFormat {
    /// Appends what a format comes to where there is no stream: variables have no value.
    pub(crate) fn render_alone(&self, samples: &Context<'_>, out: &mut Vec<u8>) {
        render_rule(self, Some(samples), &LogRecord::default(), &mut LogContext::system(), out);
    }
}

/// Appends what a rule's format comes to. Expressions have no value without `samples`.
pub(crate) fn render_rule(
    format: &LogFormat,
    samples: Option<&Context<'_>>,
    record: &impl RecordSource,
    context: &mut LogContext,
    out: &mut Vec<u8>,
) {
    render_values(format, samples, record, context, out, |value| value);
}

/// The same of a health check's format: what an expression yields ends at a NUL, as in HAProxy.
pub(crate) fn render_check(
    format: &LogFormat,
    samples: Option<&Context<'_>>,
    record: &impl RecordSource,
    context: &mut LogContext,
    out: &mut Vec<u8>,
) {
    let text = |value: &[u8]| value.iter().position(|byte| *byte == 0).unwrap_or(value.len());
    render_values(format, samples, record, context, out, |value| value.get(..text(value)).unwrap_or(value));
}

fn render_values(
    format: &LogFormat,
    samples: Option<&Context<'_>>,
    record: &impl RecordSource,
    context: &mut LogContext,
    out: &mut Vec<u8>,
    cut: impl Fn(&[u8]) -> &[u8],
) {
    Line::new(record, context, out, true).items(format, |line, expression| {
        if let Some(value) = samples.and_then(|samples| expression.text_of(samples)) {
            line.value(cut(&value));
        }
    });
}

/// The default line (section 8.2.1).
fn connect_line(record: &impl RecordSource, out: &mut Vec<u8>) {
    match (record.client(), record.frontend_address()) {
        (Some(client), local) => {
            out.extend_from_slice(b"Connect from ");
            write_ip(out, client.ip());
            out.push(b':');
            decimal(out, client.port().into());
            out.extend_from_slice(b" to ");
            match local {
                Some(local) => {
                    write_ip(out, local.ip());
                    out.push(b':');
                    decimal(out, local.port().into());
                }
                None => unix_end(record, out),
            }
        }
        _ => {
            out.extend_from_slice(b"Connect to ");
            unix_end(record, out);
        }
    }
    out.extend_from_slice(b" (");
    out.extend_from_slice(record.frontend().as_bytes());
    out.extend_from_slice(if record.frontend_http() { b"/HTTP)" } else { b"/TCP)" });
}

/// Appends the line of a connection that failed before there was a stream (section 8.2.5).
pub(super) fn render_connection_error(
    record: &impl RecordSource,
    bind: &str,
    message: &str,
    context: &mut LogContext,
    out: &mut Vec<u8>,
) {
    match record.client() {
        Some(client) => {
            write_ip(out, client.ip());
            out.push(b':');
            decimal(out, client.port().into());
        }
        None => unix_end(record, out),
    }
    out.extend_from_slice(b" [");
    out.extend_from_slice(context.dates.get(DateStyle::Log, record.accept_date()));
    out.push(b'.');
    padded(out, record.accept_date().subsec_millis().into(), 3);
    out.extend_from_slice(b"] ");
    for part in [record.frontend(), "/", bind, ": ", message] {
        out.extend_from_slice(part.as_bytes());
    }
}

fn unix_end(record: &impl RecordSource, out: &mut Vec<u8>) {
    out.extend_from_slice(b"unix:");
    decimal(out, record.listener_id().into());
}

#[cfg(test)]
#[path = "render_tests.rs"]
mod tests;
