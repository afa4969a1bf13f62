//! What comes and goes, a line for each event: what `-d` shows (management.txt, section 3).

use std::fmt::Write as _;

use super::Stream;
use crate::http::message::{Head, Version};

impl Stream<'_> {
    /// Tells of the stream, before a rule has changed anything of its request.
    pub(super) fn tell_request(&mut self) {
        let Some(tell) = &self.worker.shared.log_hooks.on_traffic else { return };
        self.end.shown = true;
        let info = self.info;
        let source = match info.source {
            Some(source) => format!("{}:{}", source.ip(), source.port()),
            None => format!("unix:{}", info.slot.limits().id),
        };
        let alpn = match info.tls.is_some() {
            true if self.request.version() == Version::Http2 => "h2",
            _ => "<none>",
        };
        let listener = info.slot.limits().id;
        let mut lines = String::new();
        self.line(&mut lines, "accept", format_args!("({listener:04x})={:04x} from [{source}] ALPN={alpn}", info.fd));
        if let Some(parts) = self.parts_of_request_line() {
            let ends = format!("[{:04x}:ffffffff]", info.fd);
            let request = parts.join(&b' ');
            self.line(&mut lines, "clireq", format_args!("{ends}: {}", Shown(&request)));
            self.fields(&mut lines, "clihdr", &ends, &self.request);
        }
        tell(&lines);
    }

    /// Tells of the server's response, before a rule has changed anything of it.
    pub(super) fn tell_response(&self) {
        let Some(tell) = &self.worker.shared.log_hooks.on_traffic else { return };
        let ends = self.ends();
        let mut lines = String::new();
        let (status, reason) = (self.response.status(), self.response.reason());
        let version = self.response.version().name();
        self.line(&mut lines, "srvrep", format_args!("{ends}: {version} {status} {}", Shown(reason)));
        self.fields(&mut lines, "srvhdr", &ends, &self.response);
        tell(&lines);
    }

    /// Tells of the end.
    pub(super) fn tell_end(&self) {
        let Some(tell) = &self.worker.shared.log_hooks.on_traffic else { return };
        if !self.end.shown {
            return;
        }
        let ends = self.ends();
        let mut lines = String::new();
        self.line(&mut lines, "clicls", format_args!("{ends}"));
        if self.times.connected.is_some() {
            self.line(&mut lines, "srvcls", format_args!("{ends}"));
        }
        self.line(&mut lines, "closed", format_args!("{ends}"));
        tell(&lines);
    }

    /// The descriptors of both connections.
    fn ends(&self) -> String {
        match self.live.entry().server_fd().0 {
            -1 => format!("[{:04x}:ffff]", self.info.fd),
            server => format!("[{:04x}:{server:04x}]", self.info.fd),
        }
    }

    fn fields(&self, lines: &mut String, event: &str, ends: &str, head: &Head) {
        for (name, value) in head.fields() {
            self.line(lines, event, format_args!("{ends}: {}: {}", Shown(name), Shown(value)));
        }
    }

    fn line(&self, lines: &mut String, event: &str, what: std::fmt::Arguments<'_>) {
        let section = self.backend.map_or(&self.info.frontend.name, |backend| &backend.name);
        // A text takes all that is written to it.
        let _ = writeln!(lines, "{:08x}:{section}.{event}{what}", self.number);
    }
}

/// Bytes of a message for a terminal: what is no printable ASCII as `#XX`, as in logs.
struct Shown<'a>(&'a [u8]);

impl std::fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| match byte {
            b' '..=b'~' => f.write_char(char::from(*byte)),
            _ => write!(f, "#{byte:02X}"),
        })
    }
}
