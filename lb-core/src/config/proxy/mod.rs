//! Keyword tables of `defaults`, `frontend`, `backend` and `listen` (configuration.txt, section 4).
//!
//! [`parse_section`] reads one section into a `Draft`; [`finish`] resolves what refers to other sections and
//! turns the drafts into [`ProxyConfig`]s. One file per family of keywords; `keywords.rs` is the table of all.

mod acl;
mod balance;
mod bind;
mod bind_options;
mod capture;
mod checks;
mod draft;
mod dynamic_server;
mod email_alert;
mod error_pages;
mod errors;
mod finish;
mod keywords;
mod late;
pub mod log;
mod options;
mod order;
mod persistence;
mod redirect;
mod reply;
mod resolve_options;
mod rules;
mod sections;
mod server;
mod server_options;
mod server_state;
mod server_template;
mod settings;
mod source;
mod stick;
mod stick_table;
mod switching;
mod timeouts;
mod tracking;

#[cfg(test)]
mod tests;

pub(in crate::config) use bind::parse_stats_socket;
pub(in crate::config) use bind_options::{number_set, socket_mode};
pub(crate) use dynamic_server::{DynamicServer, read_dynamic};
pub use finish::finish;
pub use keywords::{KeywordRow, Sections, keyword_rows};
pub use options::other_options;
pub(crate) use rules::is_action;
pub(in crate::config) use server_options::is_server_option;
pub(in crate::config) use server_template::names_of_line as server_names;
pub(in crate::config) use settings::leading_integer;

use std::collections::HashMap;
use std::sync::Arc;

use super::diagnostic::{Diagnostic, Diagnostics, Heading, Severity};
use super::document::{Line, Section};
use super::model::{ProxyConfig, UnixBind};
use super::sections as sections_of_file;
use super::suggest;
use crate::sample::Scope;
use crate::sample::names::Names;
use draft::Draft;
use keywords::Wrong;
use late::Late;
use sections::Defaults;

/// Everything the proxy sections read so far have said.
#[derive(Debug, Default)]
pub struct ProxyState {
    /// Every section's name.
    names: Arc<Names>,
    /// `expose-experimental-directives` stood before the section.
    pub(crate) experimental: bool,
    /// `unix-bind` of the `global` sections so far.
    pub(crate) unix_bind: UnixBind,
    defaults: Vec<Defaults>,
    /// What is to be told of each of them at the end.
    late_defaults: Vec<Late>,
    proxies: Vec<Draft>,
    /// Sections so far that are no `defaults`.
    count: usize,
    /// Indices of `proxies` by name: a frontend and a backend may share one.
    by_name: HashMap<String, Vec<usize>>,
}

impl ProxyState {
    /// Nothing read yet.
    pub(crate) fn new(names: Arc<Names>) -> Self {
        Self { names, ..Self::default() }
    }
}

/// Reads a `defaults`, `frontend`, `backend` or `listen` section; all its errors are reported.
pub fn parse_section(section: &Section, state: &mut ProxyState, diags: &mut Diagnostics) {
    let Some(mut draft) = sections::open(&section.header, state, diags) else { return };
    if !draft.section.is_defaults() {
        draft.number = Some(state.count);
        state.count += 1;
    }
    let name = draft.config.name.clone();
    for line in &section.lines {
        parse_line(line, &name, &mut draft, state, diags);
        draft.late.collect(line, &state.names.late);
    }
    if draft.section.is_defaults() {
        state.late_defaults.push(std::mem::take(&mut draft.late));
    }
    sections::close(draft, state);
}

/// A line being read: what a keyword's function gets.
struct Cx<'a> {
    line: &'a Line,
    /// The section's name.
    section: &'a str,
    draft: &'a mut Draft,
    names: &'a Names,
    experimental: bool,
    unix_bind: &'a UnixBind,
    diags: &'a mut Diagnostics,
    /// Index of the keyword's own word: 1 behind `no` and `default`.
    first: usize,
    /// Prefix of the line.
    prefix: Prefix,
}

/// `no` and `default` in front of a keyword.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Prefix {
    None,
    No,
    Default,
}

impl<'a> Cx<'a> {
    /// What the line's expressions may refer to; messages say that they belong to `keyword`.
    fn scope<'k>(&self, keyword: &'k str) -> Scope<'k>
    where
        'a: 'k,
    {
        let place = &self.line.place;
        let (names, proxy) = (self.names, self.draft.number);
        let section = self.section;
        Scope { names, proxy, section, file: &place.file, line: place.line, keyword, ignore_case: false }
    }

    /// Argument `index` of the keyword, from 1; empty where there is none.
    fn arg(&self, index: usize) -> &str {
        self.line.arg(self.first + index)
    }

    fn config(&mut self) -> &mut ProxyConfig {
        &mut self.draft.config
    }

    fn alert(&mut self, index: usize, message: impl Into<String>) {
        self.diags.alert(self.line, self.first + index, message);
    }

    /// An error that HAProxy introduces with `parsing [file:line]: `.
    fn alert_line(&mut self, index: usize, message: impl Into<String>) {
        self.diags.alert_line(self.line, self.first + index, message);
    }

    fn warning(&mut self, index: usize, message: impl Into<String>) {
        self.diags.warning(self.line, self.first + index, message);
    }

    /// Refuses arguments beyond `max`; `what` is how the message names the keyword.
    fn too_many(&mut self, max: usize, what: &str) -> bool {
        let extra = self.arg(max + 1);
        if extra.is_empty() {
            return false;
        }
        let message = format!("'{what}' cannot handle unexpected argument '{extra}'.");
        self.alert(max + 1, message);
        true
    }
}

fn parse_line(line: &Line, section: &str, draft: &mut Draft, state: &ProxyState, diags: &mut Diagnostics) {
    let prefix = match line.keyword() {
        "no" => Prefix::No,
        "default" => Prefix::Default,
        _ => Prefix::None,
    };
    let first = usize::from(prefix != Prefix::None);
    let keyword = line.arg(first);
    if prefix != Prefix::None && !matches!(keyword, "option" | "log") {
        diags.alert_line(line, first, sections_of_file::NEGATION);
        return;
    }
    let Some((row, exact)) = keywords::find(keyword, line.arg(first + 1)) else {
        unknown_keyword(line, first, draft, diags);
        return;
    };
    if exact && !check_section(row, line, first, draft, diags) {
        return;
    }
    match row.parse {
        Some(parse) => {
            let ProxyState { names, experimental, unix_bind, .. } = state;
            parse(&mut Cx { line, section, draft, names, experimental: *experimental, unix_bind, diags, first, prefix })
        }
        None => diags.alert(line, first, format!("'{}' is not supported yet.", row.words)),
    }
}

fn unknown_keyword(line: &Line, first: usize, draft: &Draft, diags: &mut Diagnostics) {
    let bit = draft.section.bit();
    let known = keywords::KEYWORDS.iter().filter(|row| row.sections.contains(bit)).map(|row| row.first_word());
    diags.unknown_keyword(line, first, draft.section.keyword(), known);
}

/// HAProxy's way to name the nearest word.
fn push_did_you_mean(text: &mut String, near: Option<&str>) {
    if let Some(near) = near {
        text.push_str("; did you mean '");
        text.push_str(near);
        text.push_str("' maybe ?");
    }
}

/// Whether the keyword may stand in this section; says what is wrong otherwise. What HAProxy only warns of is
/// read all the same, so that its other errors show too.
fn check_section(row: &KeywordRow, line: &Line, first: usize, draft: &Draft, diags: &mut Diagnostics) -> bool {
    let section = draft.section;
    if row.sections.contains(section.bit()) {
        if row.named_defaults_only && section.is_defaults() && draft.config.name.is_empty() {
            let text = format!("'{}' not allowed in anonymous 'defaults' section.", row.first_word());
            diags.alert(line, first, text);
            return false;
        }
        return true;
    }
    if section.is_defaults() {
        let heading = match row.first_word() {
            "server" | "server-template" => Heading::Server,
            "id" | "description" => Heading::Line,
            _ => Heading::Keyword,
        };
        let how = if row.words == "stick-table" { "is not supported" } else { "not allowed" };
        let text = format!("'{}' {how} in 'defaults' section.", row.first_word());
        diags.push(Diagnostic::about(Severity::Alert, line, first, text).heading(heading));
        return false;
    }
    let capability = if row.sections.contains(Sections::BACKEND) { "backend" } else { "frontend" };
    let because = format!("because {} '{}' has no {capability} capability", section.label(), draft.config.name);
    match row.wrong {
        Wrong::Ignored(hint) => {
            diags.warning(line, first, format!("'{}' ignored {because}.{hint}", row.first_word()));
            true
        }
        Wrong::WillBeIgnored => {
            diags.warning(line, first, format!("'{}' will be ignored {because}", row.words));
            true
        }
        Wrong::WillBeIgnoredBare => {
            diags.warning(line, first, format!("{} will be ignored {because}", row.words));
            true
        }
        Wrong::NotAllowed => {
            // HAProxy names the place twice here.
            let text = format!(
                "parsing [{}:{}] : '{}' not allowed {because}.",
                line.place.file,
                line.place.line,
                row.first_word()
            );
            diags.push(Diagnostic::about(Severity::Alert, line, first, text).heading(Heading::Server));
            false
        }
        Wrong::OwnText => true,
    }
}
