//! Files or text to a checked configuration, with everything that is to be said about it.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::diagnostic::{Diagnostics, Severity};
use super::document::Document;
use super::environment::Environment;
use super::model::Config;
use super::{files, reader, render, sections};

/// What a configuration is read with.
#[derive(Clone, Debug, Default)]
pub struct LoadOptions {
    /// The environment that variables are taken from; the process' own when not given.
    pub environment: Option<Environment>,
    /// Refuse a configuration that causes a warning (`-dW`, `zero-warning`).
    pub zero_warning: bool,
}

/// A configuration that can be used, and what was found on the way.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The configuration.
    pub config: Config,
    /// Warnings, notices and hints.
    pub diagnostics: Diagnostics,
    /// The sections and lines it was made from.
    pub document: Document,
    /// The environment after `setenv` and its likes, as `show env` prints it.
    pub environment: Environment,
}

/// A configuration that is refused.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ConfigError {
    /// Why: at least one error, and whatever else was found.
    pub diagnostics: Diagnostics,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut errors = self.diagnostics.iter().filter(|d| d.severity == Severity::Alert);
        match errors.next() {
            Some(first) => write!(f, "{}", render::message(first))?,
            None => write!(f, "the configuration is refused")?,
        }
        match errors.count() {
            0 => Ok(()),
            more => write!(f, " (and {more} more)"),
        }
    }
}

impl std::error::Error for ConfigError {}

impl Config {
    /// Reads the configuration file, or the directory of configuration files, `path`.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it, not only the first.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, ConfigError> {
        let loaded = Self::load_files(&[path.as_ref().to_owned()], &LoadOptions::default())?;
        Ok(loaded.config)
    }

    /// Reads several configuration files and directories as one configuration, in this order (`-f` and `--`).
    ///
    /// # Errors
    ///
    /// Everything that is wrong with any of them.
    pub fn load_files(paths: &[PathBuf], options: &LoadOptions) -> Result<Loaded, ConfigError> {
        let mut reading = Reading::new(options);
        match files::expand(paths) {
            Err(error) => reading.diagnostics.alert_global(error.to_string()),
            Ok(files) => {
                for file in &files {
                    reading.file(file);
                }
                let names: Vec<_> = files.iter().map(|file| file.display().to_string()).collect();
                // HAProxy sets it once all files were read: no line of them sees it.
                reading.environment.set("HAPROXY_CFGFILES", &names.join(";"));
            }
        }
        reading.finish(options)
    }

    /// Reads a configuration from text; `name` stands for the file in messages.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it.
    ///
    /// ```
    /// use lb_core::config::Config;
    ///
    /// let config = Config::parse("global\n  maxconn 1000\n", "example.cfg")?;
    /// assert_eq!(config.global.maxconn, Some(1000));
    /// assert!(Config::parse("global\n  maxcon 1000\n", "example.cfg").is_err());
    /// # Ok::<(), lb_core::config::ConfigError>(())
    /// ```
    pub fn parse(text: &str, name: &str) -> Result<Self, ConfigError> {
        Self::parse_with(text, name, &LoadOptions::default()).map(|loaded| loaded.config)
    }

    /// Reads a configuration from text, with options; a last line without line feed is complete here.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it.
    pub fn parse_with(text: &str, name: &str, options: &LoadOptions) -> Result<Loaded, ConfigError> {
        let mut reading = Reading::new(options);
        let mut bytes = text.as_bytes().to_vec();
        if bytes.last().is_some_and(|&last| last != b'\n') {
            bytes.push(b'\n');
        }
        reading.text(&bytes, name);
        reading.finish(options)
    }
}

struct Reading {
    document: Document,
    diagnostics: Diagnostics,
    environment: Environment,
}

impl Reading {
    fn new(options: &LoadOptions) -> Self {
        Self {
            document: Document::default(),
            diagnostics: Diagnostics::new(),
            environment: options.environment.clone().unwrap_or_else(Environment::of_process),
        }
    }

    fn file(&mut self, path: &Path) {
        match files::read(path) {
            Ok(bytes) => self.text(&bytes, &path.display().to_string()),
            Err(error) => self.diagnostics.alert_global(error.to_string()),
        }
    }

    fn text(&mut self, bytes: &[u8], name: &str) {
        let file: Arc<str> = name.into();
        reader::read(bytes, &file, &mut self.environment, &mut self.document, &mut self.diagnostics);
    }

    fn finish(mut self, options: &LoadOptions) -> Result<Loaded, ConfigError> {
        let config = sections::build(&self.document, &mut self.diagnostics);
        let zero_warning = options.zero_warning || config.global.zero_warning;
        if zero_warning && !self.diagnostics.has_errors() && self.diagnostics.has_warnings() {
            self.diagnostics.alert_global("Some warnings were found and 'zero-warning' is set. Aborting.");
        }
        self.diagnostics.sort();
        if self.diagnostics.has_errors() {
            return Err(ConfigError { diagnostics: self.diagnostics });
        }
        let Self { document, diagnostics, environment } = self;
        Ok(Loaded { config, diagnostics, document, environment })
    }
}
