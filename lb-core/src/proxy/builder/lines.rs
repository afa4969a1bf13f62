//! The lines of a section that calls make.

use std::sync::Arc;
use std::time::Duration;

use crate::balance::OwnBalance;
use crate::config::convert::quote;
use crate::config::load::Reading;
use crate::config::{Config, Line, Place, ProxyConfig, Section, Word};

/// A section under construction.
#[derive(Clone, Debug)]
pub(super) struct Lines {
    kind: &'static str,
    name: String,
    lines: Vec<Built>,
    /// An algorithm of the program, which no line can say.
    pub(super) own_balance: Option<OwnBalance>,
}

#[derive(Clone, Debug)]
enum Built {
    /// Each word is meant as it is.
    Words(Vec<String>),
    /// Words as a file has them, with quotes, escapes and variables.
    Text(String),
}

impl Lines {
    pub(super) fn new(kind: &'static str, name: String) -> Self {
        Self { kind, name, lines: Vec::new(), own_balance: None }
    }

    pub(super) fn global() -> Self {
        Self::new("global", String::new())
    }

    pub(super) fn is_global(&self) -> bool {
        self.kind == "global"
    }

    /// Gives the section, once it was read, what no line can say.
    pub(super) fn complete(&self, config: &mut Config) {
        let mine = |proxy: &&mut ProxyConfig| proxy.name == self.name && proxy.kind.is_backend();
        if let (Some(own), Some(proxy)) = (&self.own_balance, config.proxies.iter_mut().find(mine)) {
            proxy.own_balance = Some(own.clone());
        }
    }

    /// Adds a line of words.
    pub(super) fn words(&mut self, words: impl IntoIterator<Item = impl Into<String>>) {
        self.lines.push(Built::Words(words.into_iter().map(Into::into).collect()));
    }

    /// Adds a line as it stands in a file.
    pub(super) fn text(&mut self, line: impl Into<String>) {
        self.lines.push(Built::Text(line.into()));
    }

    /// Adds `timeout name`.
    pub(super) fn timeout(&mut self, name: &str, timeout: Duration) {
        self.words(["timeout", name, &time(timeout)]);
    }

    /// Gives the section to the reader of a configuration.
    pub(super) fn read(&self, reading: &mut Reading) {
        let header = match self.kind {
            "global" | "defaults" => vec![self.kind.to_owned()],
            kind => vec![kind.to_owned(), self.name.clone()],
        };
        let place: Arc<str> = header.join(" ").into();
        let mut section = Section { header: line(&header, &place), lines: Vec::new() };
        reading.begin(&place);
        for built in &self.lines {
            match built {
                Built::Words(words) => section.lines.push(line(words, &place)),
                // A line feed in it begins another line, as it does in a file.
                Built::Text(text) => {
                    section.lines.extend(text.lines().filter_map(|text| reading.line(text, &place, &self.name)));
                }
            }
        }
        reading.section(section);
    }
}

/// A line of words that were never written: its text is made for messages.
fn line(words: &[String], file: &Arc<str>) -> Line {
    let mut source = String::new();
    let mut column = 1;
    let mut placed = Vec::with_capacity(words.len());
    for word in words {
        placed.push(Word { text: word.clone(), column });
        let quoted = quote(word);
        if !source.is_empty() {
            source.push(' ');
        }
        source.push_str(&quoted);
        column += u32::try_from(quoted.chars().count()).unwrap_or(u32::MAX).saturating_add(1);
    }
    Line { place: Place { file: Arc::clone(file), line: 0, column: 1 }, words: placed, source: source.into() }
}

/// A time as the language writes it. Less than a microsecond is one: it was not meant to be none.
pub(super) fn time(duration: Duration) -> String {
    if duration.subsec_nanos().is_multiple_of(1_000_000) {
        return format!("{}ms", duration.as_millis());
    }
    format!("{}us", duration.as_micros().max(1))
}
