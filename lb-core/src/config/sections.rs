//! The kinds of sections: which exist, and which part of the configuration each fills.

use std::sync::Arc;

use super::diagnostic::Diagnostics;
use super::document::{Document, Line, Section};
use super::load::LoadOptions;
use super::model::Config;
use super::{global, http_errors, mailers, proxy, resolvers, userlist};
use crate::sample::late::LateFaults;
use crate::sample::names::{Names, ProxyHeader};

/// A kind of section, by the keyword that starts it.
#[derive(Debug, PartialEq, Eq)]
pub struct Kind {
    /// The keyword.
    pub keyword: &'static str,
    /// Whether its keywords are known here; the others are refused by name.
    pub supported: bool,
}

/// Every kind of section of HAProxy 2.6 (configuration.txt, sections 3 and 4).
pub const KINDS: [Kind; 15] = [
    Kind { keyword: "global", supported: true },
    Kind { keyword: "defaults", supported: true },
    Kind { keyword: "frontend", supported: true },
    Kind { keyword: "backend", supported: true },
    Kind { keyword: "listen", supported: true },
    Kind { keyword: "userlist", supported: true },
    Kind { keyword: "http-errors", supported: true },
    Kind { keyword: "peers", supported: false },
    Kind { keyword: "mailers", supported: true },
    Kind { keyword: "program", supported: false },
    Kind { keyword: "ring", supported: false },
    Kind { keyword: "log-forward", supported: false },
    Kind { keyword: "resolvers", supported: true },
    Kind { keyword: "cache", supported: false },
    Kind { keyword: "fcgi-app", supported: false },
];

/// HAProxy's text for `no` or `default` in front of a keyword that knows neither.
pub const NEGATION: &str = "negation/default currently supported only for options, log, busy-polling, set-dumpable, \
                            strict-limits, insecure-fork-wanted and numa-cpu-mapping.";

/// The kind of section that `keyword` starts.
pub fn kind(keyword: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.keyword == keyword)
}

/// Turns a document into a configuration. All of the document is read and all its faults are reported; the
/// configuration is usable only if there is no error among them.
pub fn build(document: &Document, options: &LoadOptions, diags: &mut Diagnostics) -> Config {
    let mut config = Config { unresolved_names: options.unresolved_names, ..Config::default() };
    let names = Arc::new(Names {
        extensions: options.extensions.clone(),
        late: Arc::new(LateFaults::collected()),
        ..names(document)
    });
    config.names = Arc::clone(&names);
    let mut proxies = proxy::ProxyState::new(Arc::clone(&names));
    for section in &document.sections {
        names.directories.enter(&section.header.place.file);
        match section.header.keyword() {
            "global" => global::parse_section(section, &mut config.global, &names, diags),
            "userlist" => userlist::parse_section(section, &mut config.userlists, diags),
            "http-errors" => http_errors::parse_section(section, &names, &mut config.http_errors, diags),
            "resolvers" => resolvers::parse_section(section, &mut config.resolvers, diags),
            "mailers" => mailers::parse_section(section, &mut config.mailers, diags),
            "defaults" | "frontend" | "backend" | "listen" => {
                proxies.experimental = config.global.expose_experimental_directives;
                proxies.unix_bind = config.global.unix_bind.clone();
                proxy::parse_section(section, &mut proxies, diags);
            }
            _ => refuse(section, diags),
        }
    }
    let (read, failed) = (diags.len(), diags.has_errors());
    userlist::finish(&mut config.userlists, diags);
    resolvers::finish(&mut config.resolvers, diags);
    proxy::finish(proxies, &mut config, diags);
    if !failed {
        mailers::finish(&config.mailers, &config.proxies, diags);
    }
    names.late.close();
    config.global.experimental_used = config.proxies.iter().any(|proxy| proxy.rules.are_experimental());
    if failed {
        // What was refused above may be all that is missing.
        diags.drop_warnings(read);
    }
    config
}

/// The names of all sections, which expressions may refer to before these are read.
fn names(document: &Document) -> Names {
    let mut names = Names::default();
    for section in &document.sections {
        let (keyword, name) = (section.header.keyword(), section.header.arg(1).to_owned());
        match keyword {
            "userlist" => names.userlists.push(name),
            "resolvers" => names.resolvers.push(name),
            "frontend" | "backend" | "listen" => names.proxies.push(ProxyHeader {
                name,
                frontend: keyword != "backend",
                backend: keyword != "frontend",
                table: section.lines.iter().any(|line| line.keyword() == "stick-table"),
                servers: section.lines.iter().flat_map(proxy::server_names).collect(),
            }),
            _ => {}
        }
    }
    if !names.resolvers.iter().any(|name| name == resolvers::DEFAULT) && resolvers::has_system() {
        names.resolvers.push(resolvers::DEFAULT.to_owned());
    }
    names
}

fn refuse(section: &Section, diags: &mut Diagnostics) {
    let keyword = section.header.keyword();
    if kind(keyword).is_some() {
        diags.alert(&section.header, 0, format!("the '{keyword}' section is not supported yet by lb."));
    } else {
        let nearest = super::suggest::nearest(keyword, KINDS.iter().map(|kind| kind.keyword));
        diags.alert_suggest(&section.header, 0, format!("unknown section '{keyword}'."), nearest);
    }
}

/// Refuses words behind the first `max` arguments of a line. Answers whether there were none.
pub(super) fn no_more_than(max: usize, line: &Line, first: usize, diags: &mut Diagnostics) -> bool {
    let extra = line.arg(first + max + 1);
    if extra.is_empty() {
        return true;
    }
    let text = format!("'{}' cannot handle unexpected argument '{extra}'.", line.arg(first));
    diags.alert(line, first + max + 1, text);
    false
}

/// The first character of a section's or object's name that none may have.
pub(super) fn bad_name_character(name: &str) -> Option<char> {
    name.chars().find(|c| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | ':')))
}
