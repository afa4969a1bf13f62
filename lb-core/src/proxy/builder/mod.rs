//! A configuration made by calls instead of text.
//!
//! Each call adds the line it stands for. The keyword tables then read the lines as they read a file: calls and text
//! mean the same, are checked the same, and can be mixed.
//!
//! ```text
//! mod       the whole: global settings, sections, text, files; start
//! defaults  what the sections after it start with
//! frontend  what accepts connections
//! backend   what has servers
//! listen    both in one
//! server    a server of a backend
//! resolvers who is asked for the addresses of servers' names
//! mailers   who is told by mail of changes of servers
//! lines     the lines of a section
//! ```

mod backend;
mod defaults;
mod frontend;
mod lines;
mod listen;
mod mailers;
mod resolvers;
mod server;

use std::path::PathBuf;

use super::{Proxy, StartError, StartOptions};
use crate::config::load::Reading;
use crate::config::{Config, ConfigError, LoadOptions, Loaded};
use crate::extension::Extensions;
use crate::runtime::Level;
use lines::Lines;

pub use backend::Backend;
pub use defaults::Defaults;
pub use frontend::Frontend;
pub use listen::Listen;
pub use mailers::Mailers;
pub use resolvers::Resolvers;
pub use server::Server;

/// Builds and starts an instance; see [`Proxy::builder`].
///
/// Sections and settings are read in the order of the calls, as the lines of a file are. Nothing is checked before
/// [`ProxyBuilder::load`] or [`ProxyBuilder::start`], which report every fault.
///
/// ```no_run
/// use lb_core::proxy::{Frontend, Proxy};
///
/// let proxy = Proxy::builder()
///     .text("defaults", "defaults\n  mode http\n  timeout client 30s\n  timeout server 30s\n  timeout connect 2s\n")
///     .file("/etc/lb/backends.cfg")
///     .frontend(Frontend::http("web").bind("127.0.0.1:0").default_backend("app").option("forwardfor"))
///     .threads(2)
///     .start()?;
/// # Ok::<(), lb_core::proxy::StartError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct ProxyBuilder {
    parts: Vec<Part>,
    extensions: Extensions,
}

/// A piece of the configuration, in the order in which it is read.
#[derive(Clone, Debug)]
enum Part {
    Lines(Lines),
    Text { name: String, text: String },
    File(PathBuf),
}

impl ProxyBuilder {
    /// Adds a line of the `global` section, in the language of haproxy.cfg (configuration.txt, section 3):
    /// `.global("tune.bufsize 32768")`.
    pub fn global(mut self, line: impl Into<String>) -> Self {
        match self.parts.last_mut() {
            Some(Part::Lines(lines)) if lines.is_global() => lines.text(line),
            _ => {
                let mut lines = Lines::global();
                lines.text(line);
                self.parts.push(Part::Lines(lines));
            }
        }
        self
    }

    /// Number of worker threads (`nbthread`); the usable CPUs where it is not called.
    pub fn threads(self, threads: u16) -> Self {
        self.global(format!("nbthread {threads}"))
    }

    /// Most client connections at the same time (`maxconn` of `global`).
    pub fn maxconn(self, maxconn: u32) -> Self {
        self.global(format!("maxconn {maxconn}"))
    }

    /// Takes runtime commands on a socket (`stats socket`): a path, `abns@name` or `address:port`, where port 0 lets the
    /// kernel choose; its connections have the rights of `level`. [`ShowCliSockets`](crate::runtime::ShowCliSockets)
    /// says where it is bound.
    pub fn stats_socket(mut self, address: impl Into<String>, level: Level) -> Self {
        let mut lines = Lines::global();
        lines.words(["stats", "socket", &address.into(), "level", level.word()]);
        self.parts.push(Part::Lines(lines));
        self
    }

    /// Adds defaults for the sections that are added after them.
    pub fn defaults(self, defaults: Defaults) -> Self {
        self.add(defaults.lines)
    }

    /// Adds a frontend.
    pub fn frontend(self, frontend: Frontend) -> Self {
        self.add(frontend.lines)
    }

    /// Adds a backend.
    pub fn backend(self, backend: Backend) -> Self {
        self.add(backend.lines)
    }

    /// Adds a frontend and backend in one.
    pub fn listen(self, listen: Listen) -> Self {
        self.add(listen.lines)
    }

    /// Adds nameservers, which servers name with [`Server::resolvers`].
    pub fn resolvers(self, resolvers: Resolvers) -> Self {
        self.add(resolvers.lines)
    }

    /// Adds mailers, which backends name with `email-alert mailers`.
    pub fn mailers(self, mailers: Mailers) -> Self {
        self.add(mailers.lines)
    }

    fn add(mut self, lines: Lines) -> Self {
        self.parts.push(Part::Lines(lines));
        self
    }

    /// Adds sections written as text; `name` stands for the file in messages, and the text is TOML where it ends in
    /// `.toml`. A `defaults` section is valid for what is added after it.
    pub fn text(mut self, name: impl Into<String>, text: impl Into<String>) -> Self {
        self.parts.push(Part::Text { name: name.into(), text: text.into() });
        self
    }

    /// Adds a file, or a directory of files, as `-f` does: TOML where the name ends in `.toml`, otherwise haproxy.cfg.
    pub fn file(mut self, path: impl Into<PathBuf>) -> Self {
        self.parts.push(Part::File(path.into()));
        self
    }

    /// Lets the configuration use these sample fetches, converters and actions of the embedding program, whichever part of it
    /// names them. Those of [`LoadOptions`] take their
    /// place where there are some.
    pub fn extensions(mut self, extensions: &Extensions) -> Self {
        self.extensions = extensions.clone();
        self
    }

    /// Reads what was said so far; the result also has the warnings.
    ///
    /// # Errors
    /// Everything that is wrong with it, in the words of the configuration's keywords.
    pub fn load(&self, options: &LoadOptions) -> Result<Loaded, ConfigError> {
        let mut options = options.clone();
        if options.extensions.is_empty() {
            options.extensions = self.extensions.clone();
        }
        let mut reading = Reading::new(&options);
        let mut files = Vec::new();
        for part in &self.parts {
            // Files that follow each other are one list, as on a command line.
            if let Part::File(path) = part {
                files.push(path.clone());
                continue;
            }
            if !files.is_empty() {
                reading.files(&std::mem::take(&mut files));
            }
            match part {
                Part::Lines(lines) => lines.read(&mut reading),
                Part::Text { name, text } => reading.whole_text(text, name),
                Part::File(_) => {}
            }
        }
        if !files.is_empty() {
            reading.files(&files);
        }
        let mut loaded = reading.finish(&options)?;
        for part in &self.parts {
            if let Part::Lines(lines) = part {
                lines.complete(&mut loaded.config);
            }
        }
        Ok(loaded)
    }

    /// The configuration as it stands.
    ///
    /// # Errors
    /// As [`ProxyBuilder::load`].
    pub fn config(&self) -> Result<Config, ConfigError> {
        Ok(self.load(&LoadOptions::default())?.config)
    }

    /// Starts the instance.
    ///
    /// # Errors
    /// [`StartError::Config`] where something is wrong with what was said, and everything [`Proxy::start`] names.
    pub fn start(&self) -> Result<Proxy, StartError> {
        self.start_with(StartOptions::default())
    }

    /// Starts the instance with options.
    ///
    /// # Errors
    /// As [`ProxyBuilder::start`].
    pub fn start_with(&self, options: StartOptions) -> Result<Proxy, StartError> {
        Proxy::start(self.config()?, options)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
