//! Files or text to a checked configuration, with everything that is to be said about it.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::diagnostic::{Diagnostics, Severity};
use super::document::{Document, Line, Section};
use super::environment::Environment;
use super::model::Config;
use super::{files, reader, render, sections, toml};
use crate::extension::Extensions;

/// What a configuration is read with.
#[derive(Clone, Debug, Default)]
pub struct LoadOptions {
    /// The environment that variables are taken from; the process' own when not given.
    pub environment: Option<Environment>,
    /// What the embedding program adds to the rule language.
    pub extensions: Extensions,
    /// Refuse a configuration that causes a warning (`-dW`, `zero-warning`).
    pub zero_warning: bool,
    /// A server whose name does not resolve begins without an address, rather than being an error (`-dr`).
    pub unresolved_names: bool,
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

    /// Reads several configuration files and directories as one configuration, in this order (`-f` and `--`). A file
    /// whose name ends in `.toml` is TOML, any other one haproxy.cfg.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with any of them.
    pub fn load_files(paths: &[PathBuf], options: &LoadOptions) -> Result<Loaded, ConfigError> {
        let mut reading = Reading::new(options);
        reading.files(paths);
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
        reading.whole_text(text, name);
        reading.finish(options)
    }
}

impl Document {
    /// Reads configuration files and directories into sections and lines only, for conversion into the other language:
    /// keywords and their arguments are not looked at.
    ///
    /// # Errors
    ///
    /// Files that cannot be read, lines that cannot be cut into words, and lines outside any section.
    pub fn read_files(paths: &[PathBuf], options: &LoadOptions) -> Result<(Self, Diagnostics), ConfigError> {
        let mut reading = Reading::new(options);
        reading.files(paths);
        let Reading { document, mut diagnostics, .. } = reading;
        diagnostics.sort();
        if diagnostics.has_errors() { Err(ConfigError { diagnostics }) } else { Ok((document, diagnostics)) }
    }
}

/// A configuration while it is read, from files, text and the calls of a builder.
pub(crate) struct Reading {
    document: Document,
    diagnostics: Diagnostics,
    environment: Environment,
}

impl Reading {
    pub(crate) fn new(options: &LoadOptions) -> Self {
        Self {
            document: Document::default(),
            diagnostics: Diagnostics::new(),
            environment: options.environment.clone().unwrap_or_else(Environment::of_process),
        }
    }

    pub(crate) fn files(&mut self, paths: &[PathBuf]) {
        match files::expand(paths) {
            Err(error) => self.diagnostics.give_up(error.to_string()),
            Ok(files) => {
                for file in &files {
                    self.file(file);
                }
                let names: Vec<_> = files.iter().map(|file| file.display().to_string()).collect();
                // HAProxy sets it once all files were read: no line of them sees it.
                self.environment.set("HAPROXY_CFGFILES", &names.join(";"));
            }
        }
    }

    fn file(&mut self, path: &Path) {
        match files::read(path) {
            Ok(bytes) => self.text(&bytes, &path.display().to_string()),
            Err(error) => self.diagnostics.give_up(error.to_string()),
        }
    }

    /// Text whose last line is complete without a line feed.
    pub(crate) fn whole_text(&mut self, text: &str, name: &str) {
        let mut bytes = text.as_bytes().to_vec();
        if bytes.last().is_some_and(|&last| last != b'\n') {
            bytes.push(b'\n');
        }
        self.text(&bytes, name);
    }

    /// Says that what comes next is about the section `file` of a builder.
    pub(crate) fn begin(&mut self, file: &Arc<str>) {
        self.diagnostics.register_file(file);
    }

    /// A line of a builder's section as it would stand in a file; `None` where it is empty or cannot be cut into words.
    pub(crate) fn line(&mut self, text: &str, file: &Arc<str>, section: &str) -> Option<Line> {
        let Self { diagnostics, environment, .. } = self;
        let line = reader::single_line(text, file, section, environment, diagnostics)?;
        Some(line).filter(|line| !line.keyword().is_empty())
    }

    /// A section of a builder.
    pub(crate) fn section(&mut self, section: Section) {
        if section.header.keyword() == "global" {
            section.lines.iter().for_each(|line| self.environment.apply(line));
        }
        self.document.sections.push(section);
    }

    fn text(&mut self, bytes: &[u8], name: &str) {
        let file: Arc<str> = name.into();
        let Self { document, diagnostics, environment } = self;
        if !name.ends_with(".toml") {
            return reader::read(bytes, &file, environment, document, diagnostics);
        }
        match std::str::from_utf8(bytes) {
            Ok(text) => toml::read(text, &file, environment, document, diagnostics),
            Err(_) => diagnostics.give_up(format!("{name} is not UTF-8, as TOML has to be.")),
        }
    }

    pub(crate) fn finish(mut self, options: &LoadOptions) -> Result<Loaded, ConfigError> {
        let mut config = sections::build(&self.document, options, &mut self.diagnostics);
        let zero_warning = options.zero_warning || config.global.zero_warning;
        if zero_warning && !self.diagnostics.has_errors() && self.diagnostics.has_warnings() {
            self.diagnostics.give_up("Some warnings were found and 'zero-warning' is set. Aborting.");
        }
        self.diagnostics.sort();
        if self.diagnostics.has_errors() {
            return Err(ConfigError { diagnostics: self.diagnostics });
        }
        let Self { document, diagnostics, mut environment } = self;
        if let Some(sockets) = config.global.stats.names() {
            environment.set("HAPROXY_CLI", &sockets);
        }
        config.environment = Some(environment.clone());
        Ok(Loaded { config, diagnostics, document, environment })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::fs;

    fn options() -> LoadOptions {
        LoadOptions { environment: Some(Environment::empty()), ..LoadOptions::default() }
    }

    fn messages(diags: &Diagnostics) -> Vec<String> {
        diags.iter().map(render::message).collect()
    }

    #[test]
    fn several_files_are_one_configuration() {
        let directory = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = directory.path().join(name);
            fs::write(&path, text).unwrap();
            path
        };
        file("b.cfg", "global\n  setenv PORT 8080\n  maxconn 7\n");
        file("c.cfg", "userlist \"u$PORT\"\n");
        let loaded = Config::load_files(&[directory.path().to_owned()], &options()).unwrap();
        assert_eq!((loaded.config.global.maxconn, loaded.config.userlists[0].name.as_str()), (Some(7), "u8080"));
        assert_eq!(loaded.environment.get("PORT"), Some("8080"));
        assert!(loaded.environment.get("HAPROXY_CFGFILES").unwrap().contains("b.cfg;"));
        assert_eq!(loaded.document.sections.len(), 2);

        let outside = file("a.cfg", " maxconn 5\n");
        let error = Config::load_files(&[directory.path().to_owned()], &options()).unwrap_err();
        assert_eq!(
            messages(&error.diagnostics),
            [format!("parsing [{}:1]: unknown keyword 'maxconn' out of section.", outside.display())]
        );
    }

    #[test]
    fn all_errors_of_all_files_are_reported_in_order() {
        let directory = tempfile::tempdir().unwrap();
        let paths: Vec<PathBuf> = ["2.cfg", "1.cfg"].iter().map(|name| directory.path().join(name)).collect();
        fs::write(&paths[0], "global\n  maxcon 5\n  nbthread x\nuserlist\n").unwrap();
        fs::write(&paths[1], "global\n  foo \"\n").unwrap();
        let error = Config::load_files(&paths, &options()).unwrap_err();
        let places: Vec<(bool, u32)> = error
            .diagnostics
            .iter()
            .map(|d| d.place.as_ref().map_or((false, 0), |p| (p.file.ends_with("2.cfg"), p.line)))
            .collect();
        assert_eq!(places, [(true, 2), (true, 3), (true, 4), (false, 2)]);
        assert!(error.to_string().ends_with("did you mean 'maxconn' maybe ? (and 3 more)"));
    }

    #[test]
    fn files_that_cannot_be_read() {
        let error = Config::load("/nonexistent.cfg").unwrap_err();
        assert_eq!(
            error.to_string(),
            "Cannot open configuration file/directory /nonexistent.cfg : No such file or directory"
        );
    }

    #[test]
    fn zero_warning_refuses_what_warns() {
        let text = ".warning careful\n";
        assert!(Config::parse_with(text, "t.cfg", &options()).is_ok());
        let strict = LoadOptions { zero_warning: true, ..options() };
        let error = Config::parse_with(text, "t.cfg", &strict).unwrap_err();
        assert_eq!(
            messages(&error.diagnostics),
            ["parsing [t.cfg:1]: 'careful'.", "Some warnings were found and 'zero-warning' is set. Aborting."]
        );
        assert!(Config::parse("global\n zero-warning\n.warning x\n", "t.cfg").is_err());
    }

    #[test]
    fn sections_of_later_releases_are_refused_by_name() {
        let error = Config::parse("peers mine\n  peer a 1.2.3.4:5\n  foo\nglobal\n  maxconn 5\n", "t.cfg").unwrap_err();
        assert_eq!(
            messages(&error.diagnostics),
            ["parsing [t.cfg:1] : the 'peers' section is not supported yet by lb."]
        );
    }

    #[test]
    fn a_whole_configuration() {
        let text = "global\n  maxconn 100\ndefaults\n  mode http\n  timeout connect 5s\n  timeout client 5s\n  timeout \
                    server 5s\nfrontend web\n  bind 127.0.0.1:8080\n  default_backend app\nbackend app\n  server s1 \
                    127.0.0.1:9001\n";
        let loaded = Config::parse_with(text, "t.cfg", &options()).unwrap();
        assert_eq!(messages(&loaded.diagnostics), Vec::<String>::new());
        assert_eq!(loaded.config.proxies.len(), 2);
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "((global|defaults|frontend a|backend|userlist u|http-errors e|[.]if|[.]endif|no)?[ \n\"'$\\\\{}a-z0-9:/-]{0,30}\n){0,8}") {
            let _ = Config::parse_with(&text, "t.cfg", &options());
        }
    }
}
