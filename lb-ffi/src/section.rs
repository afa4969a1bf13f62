//! A section of a builder.

use std::ffi::c_char;
use std::time::Duration;

use lb_core::config::convert::quote;
use lb_core::proxy::{Backend, Defaults, Frontend, Listen, ProxyBuilder, Server};

use crate::error::Failure;
use crate::guard;
use crate::pointer;
use crate::server::{self, lb_server};
use crate::status::lb_status::{self, *};

/// A section of a builder, to be filled: frontend, backend, listen or defaults. It belongs to its builder: it is not
/// freed, and not used after the builder is freed.
///
/// The lb_section functions add a line each, which is checked when the builder is started or checked. Their own status
/// need not be looked at: the builder keeps the first failure and refuses to start with it.
#[derive(Debug)]
pub struct lb_section {
    kind: Kind,
    http: bool,
    name: String,
    lines: Vec<Line>,
    failure: Option<(lb_status, String)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Defaults,
    Frontend,
    Backend,
    Listen,
}

#[derive(Clone, Debug)]
enum Line {
    Text(String),
    Server(Server),
}

impl lb_section {
    pub(crate) fn new(kind: Kind, http: bool, name: &str) -> Self {
        Self { kind, http, name: name.to_owned(), lines: Vec::new(), failure: None }
    }

    /// Adds the section to the configuration.
    pub(crate) fn add_to(&self, builder: ProxyBuilder) -> Result<ProxyBuilder, Failure> {
        if let Some((status, text)) = &self.failure {
            return Err(Failure::new(*status, text.as_str()));
        }
        let name = self.name.as_str();
        let text = |line: &Line| match line {
            Line::Text(text) => text.clone(),
            // Only sections with servers get some: see `lb_section_server`.
            Line::Server(_) => String::new(),
        };
        Ok(match self.kind {
            Kind::Defaults => {
                let defaults = Defaults::new().line(if self.http { "mode http" } else { "mode tcp" });
                builder.defaults(self.lines.iter().fold(defaults, |section, line| section.line(text(line))))
            }
            Kind::Frontend => {
                let frontend = if self.http { Frontend::http(name) } else { Frontend::tcp(name) };
                builder.frontend(self.lines.iter().fold(frontend, |section, line| section.line(text(line))))
            }
            Kind::Backend => {
                let backend = if self.http { Backend::new(name) } else { Backend::tcp(name) };
                builder.backend(self.lines.iter().fold(backend, |section, line| match line {
                    Line::Text(text) => section.line(text),
                    Line::Server(server) => section.server(server.clone()),
                }))
            }
            Kind::Listen => {
                let listen = if self.http { Listen::http(name) } else { Listen::tcp(name) };
                builder.listen(self.lines.iter().fold(listen, |section, line| match line {
                    Line::Text(text) => section.line(text),
                    Line::Server(server) => section.server(server.clone()),
                }))
            }
        })
    }

    fn words(&mut self, words: &[&str]) {
        let quoted: Vec<String> = words.iter().map(|word| quote(word)).collect();
        self.lines.push(Line::Text(quoted.join(" ")));
    }

    fn needs(&self, wanted: &[Kind], what: &str) -> Result<(), Failure> {
        if wanted.contains(&self.kind) {
            return Ok(());
        }
        let kind = format!("{:?}", self.kind).to_lowercase();
        Err(Failure::new(LB_ERR_ARGUMENT, format!("a section of kind '{kind}' has no {what}")))
    }
}

/// Runs a call on a section, which keeps its first failure.
///
/// # Safety
///
/// `section` is null or a section whose builder was not freed, and nobody else uses the builder.
unsafe fn with(section: *mut lb_section, body: impl FnOnce(&mut lb_section) -> Result<(), Failure>) -> lb_status {
    guard::quiet(|| {
        // SAFETY: as the caller promises.
        let section = unsafe { pointer::exclusive(section, "section") }?;
        let result = guard::caught(|| body(section));
        if let (Err(failure), None) = (&result, &section.failure) {
            section.failure = Some((failure.status, failure.text().to_owned()));
        }
        result
    })
}

/// Listens on an address, in a frontend or listen section: "host:port", ":port", "unix@path", "abns@name", or several
/// separated by commas. Port 0 lets the system choose; lb_proxy_listener() tells which.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lb_section_bind(section: *mut lb_section, address: *const c_char) -> lb_status {
    // SAFETY: the caller promises pointers as the header says.
    unsafe {
        with(section, |section| {
            section.needs(&[Kind::Frontend, Kind::Listen], "listeners")?;
            section.words(&["bind", pointer::text(address, "address")?]);
            Ok(())
        })
    }
}

/// Listens for TLS connections with the certificates and keys of a PEM file, or of a directory of them. In HTTP mode
/// HTTP/2 is offered.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lb_section_bind_tls(
    section: *mut lb_section,
    address: *const c_char,
    certificates: *const c_char,
) -> lb_status {
    // SAFETY: the caller promises pointers as the header says.
    unsafe {
        with(section, |section| {
            section.needs(&[Kind::Frontend, Kind::Listen], "listeners")?;
            let (address, certificates) =
                (pointer::text(address, "address")?, pointer::text(certificates, "certificates")?);
            let mut words = vec!["bind", address, "ssl", "crt", certificates];
            if section.http {
                words.extend(["alpn", "h2,http/1.1"]);
            }
            section.words(&words);
            Ok(())
        })
    }
}

/// The backend that gets everything, of a frontend or listen section.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lb_section_default_backend(section: *mut lb_section, name: *const c_char) -> lb_status {
    // SAFETY: the caller promises pointers as the header says.
    unsafe {
        with(section, |section| {
            section.needs(&[Kind::Frontend, Kind::Listen, Kind::Defaults], "default backend")?;
            section.words(&["default_backend", pointer::text(name, "name")?]);
            Ok(())
        })
    }
}

/// Most client connections at the same time, of a section with listeners.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lb_section_maxconn(section: *mut lb_section, maxconn: u32) -> lb_status {
    // SAFETY: the caller promises a section.
    unsafe {
        with(section, |section| {
            section.needs(&[Kind::Frontend, Kind::Listen, Kind::Defaults], "maxconn")?;
            section.words(&["maxconn", &maxconn.to_string()]);
            Ok(())
        })
    }
}

/// Sets the timeout of this name in milliseconds: "client", "server", "connect", "queue", "http-request",
/// "http-keep-alive", "tunnel", "check" and the others of haproxy.cfg. 0 is no timeout.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lb_section_timeout(
    section: *mut lb_section,
    name: *const c_char,
    milliseconds: u64,
) -> lb_status {
    // SAFETY: the caller promises pointers as the header says.
    unsafe {
        with(section, |section| {
            let time = format!("{}ms", Duration::from_millis(milliseconds).as_millis());
            section.words(&["timeout", pointer::text(name, "name")?, &time]);
            Ok(())
        })
    }
}

/// How servers are chosen: "roundrobin", "static-rr", "leastconn", "first", "source", "random" or "random(draws)".
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lb_section_balance(section: *mut lb_section, algorithm: *const c_char) -> lb_status {
    // SAFETY: the caller promises pointers as the header says.
    unsafe {
        with(section, |section| {
            section.needs(&[Kind::Backend, Kind::Listen, Kind::Defaults], "servers")?;
            section.words(&["balance", pointer::text(algorithm, "algorithm")?]);
            Ok(())
        })
    }
}

/// Adds a server to a backend or listen section. Nothing of *server is kept.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lb_section_server(section: *mut lb_section, server: *const lb_server) -> lb_status {
    // SAFETY: the caller promises pointers as the header says.
    unsafe {
        with(section, |section| {
            section.needs(&[Kind::Backend, Kind::Listen], "servers")?;
            section.lines.push(Line::Server(server::read(server)?));
            Ok(())
        })
    }
}

/// Writes access lines, in the HTTP or TCP format, to a target as haproxy.cfg has it: "127.0.0.1:514 local0",
/// "/dev/log daemon", "stdout format raw local0". A frontend, listen or defaults section.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lb_section_log(section: *mut lb_section, target: *const c_char) -> lb_status {
    // SAFETY: the caller promises pointers as the header says.
    unsafe {
        with(section, |section| {
            section.needs(&[Kind::Frontend, Kind::Listen, Kind::Defaults], "access log")?;
            section.lines.push(Line::Text(format!("log {}", pointer::text(target, "target")?)));
            section.words(&["option", if section.http { "httplog" } else { "tcplog" }]);
            Ok(())
        })
    }
}

/// Adds an option with its arguments, for example "forwardfor" or "redispatch 2".
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lb_section_option(section: *mut lb_section, option: *const c_char) -> lb_status {
    // SAFETY: the caller promises pointers as the header says.
    unsafe {
        with(section, |section| {
            section.lines.push(Line::Text(format!("option {}", pointer::text(option, "option")?)));
            Ok(())
        })
    }
}

/// Adds a line of haproxy.cfg, for what has no function here: "http-request deny status 403".
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lb_section_line(section: *mut lb_section, line: *const c_char) -> lb_status {
    // SAFETY: the caller promises pointers as the header says.
    unsafe {
        with(section, |section| {
            section.lines.push(Line::Text(pointer::text(line, "line")?.to_owned()));
            Ok(())
        })
    }
}
