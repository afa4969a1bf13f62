//! Stage 8: logs. `record` is what a stream leaves behind; formats and targets turn it into lines.
//!
//! `format` compiles a log-format string, `render` writes a line from it (`line` its items), `access` decides which streams get one,
//! `target` and `header` say where lines go and what stands before them, `logger` batches them per worker.

mod access;
mod datagram;
mod date;
mod destination;
mod encode;
mod event;
mod format;
mod header;
mod level;
mod line;
mod logger;
mod process;
pub mod record;
mod render;
mod request_line;
mod sink;
mod source;
mod stream;
mod target;
mod variable;

pub use access::{AccessLog, AccessLogOptions};
pub use date::DateCache;
pub use destination::{DroppedLogs, LogDestinations, LogTargetState};
pub use event::{LogEvent, LogHooks, Logged, Notice, OnLog, OnNotice, OnTraffic};
pub(crate) use format::FormatUse;
pub use format::{CLF_FORMAT, HTTP_FORMAT, LogFormat, LogFormatError, TCP_FORMAT};
pub use level::{FACILITY_NAMES, LEVEL_NAMES, Level};
pub use logger::Logger;
pub use process::ProcessLog;
pub use record::{Cause, LogRecord, ServerAddress, Stage};
pub use render::LogContext;
pub(crate) use render::render_check;
pub(crate) use source::RecordSource;
pub use target::{LogSettings, LogTargets};
