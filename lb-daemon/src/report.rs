//! Messages of the process in HAProxy's form: `[ALERT]    (pid) : text`.

use std::cell::Cell;
use std::io::Write;

use lb_core::config::Diagnostics;
use lb_core::config::render::{RenderOptions, render};
use lb_core::log::{Level, Notice};
use lb_core::server::ServerEvent;

use crate::version;

/// Writes messages to stderr unless the process is quiet.
pub(crate) struct Reporter {
    quiet: Cell<bool>,
    told_version: Cell<bool>,
}

impl Reporter {
    pub(crate) fn new(quiet: bool) -> Self {
        Self { quiet: Cell::new(quiet), told_version: Cell::new(false) }
    }

    /// Writes nothing from now on.
    pub(crate) fn silence(&self) {
        self.quiet.set(true);
    }

    /// Whether nothing is written.
    pub(crate) fn is_quiet(&self) -> bool {
        self.quiet.get()
    }

    /// Why the process ends.
    pub(crate) fn alert(&self, message: &str) {
        self.message("[ALERT]   ", message);
    }

    /// What should be changed.
    pub(crate) fn warning(&self, message: &str) {
        self.message("[WARNING] ", message);
    }

    /// Text as it is, for whoever asked for it by a signal.
    pub(crate) fn dump(&self, text: &str) {
        if !self.is_quiet() {
            to_stderr(text);
        }
    }

    /// What an operator asked for while the process runs.
    pub(crate) fn running(&self, message: &str) {
        if !self.is_quiet() {
            to_stderr(&format!("[WARNING]  ({}) : {message}\n", std::process::id()));
        }
    }

    /// What a verbose start tells; `maxconn` where it was computed.
    pub(crate) fn start(&self, maxconn: Option<u32>) {
        if let Some(maxconn) = maxconn {
            to_stderr(&format!("Note: setting global.maxconn to {maxconn}.\n"));
        }
        to_stderr(&format!("{}\n{}", version::POLLING, version::FILTERS));
        self.result("Using epoll() as the polling mechanism.");
    }

    /// A line of a result, such as that of `-c`.
    pub(crate) fn result(&self, text: &str) {
        if !self.is_quiet() {
            let _ = writeln!(std::io::stdout(), "{text}");
        }
    }

    /// What was found in a configuration.
    pub(crate) fn diagnostics(&self, diagnostics: &Diagnostics, diagnostic_mode: bool) {
        if self.is_quiet() {
            return;
        }
        let path = executable();
        let version = version::compatible();
        let banner = (!self.told_version.get()).then_some((version.as_str(), path.as_str()));
        let pretty = std::io::IsTerminal::is_terminal(&std::io::stderr());
        let options = RenderOptions { pid: std::process::id(), pretty, diagnostic_mode, banner };
        let text = render(diagnostics, &options);
        if text.contains("path to executable is") {
            self.told_version.set(true);
        }
        to_stderr(&text);
    }

    fn message(&self, label: &str, message: &str) {
        if self.is_quiet() {
            return;
        }
        let pid = std::process::id();
        if !self.told_version.replace(true) {
            to_stderr(&format!("[NOTICE]   ({pid}) : haproxy version is {}\n", version::compatible()));
            to_stderr(&format!("[NOTICE]   ({pid}) : path to executable is {}\n", executable()));
        }
        to_stderr(&format!("{label} ({pid}) : {message}\n"));
    }
}

/// A change of a server's state, as it happens.
pub(crate) fn server_event(event: &ServerEvent) {
    if !event.is_shown() {
        return;
    }
    let label = format!("[{}]", event.stderr_label());
    to_stderr(&format!("{label:<10} ({}) : {}\n", std::process::id(), event.stderr_line()));
}

/// Writes what comes and goes to standard output (`-d`). Nobody is told where that is closed.
pub(crate) fn traffic(lines: &str) {
    let _ = std::io::stdout().lock().write_all(lines.as_bytes());
}

/// Something else to know, as it happens.
pub(crate) fn notice(notice: &Notice) {
    let label = if notice.level() <= Level::Alert { "[ALERT]   " } else { "[WARNING] " };
    to_stderr(&format!("{label} ({}) : {notice}\n", std::process::id()));
}

/// Writes to standard error. Nobody may be left to read it: that is no reason to end.
fn to_stderr(text: &str) {
    let _ = std::io::stderr().write_all(text.as_bytes());
}

fn executable() -> String {
    std::env::current_exe().map_or_else(|_| "?".to_owned(), |path| path.display().to_string())
}

/// The system's words for an error, without Rust's "(os error n)".
pub(crate) fn reason(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_owned()
}
