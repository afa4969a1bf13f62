//! Stage 8: logs. `record` is what a stream leaves behind; formats and targets turn it into lines.

pub mod record;

pub use record::{Cause, LogRecord, Stage};
