//! `show stat` (management.txt, sections 9.1 to 9.3).

mod columns;
mod render;
mod rows;

use super::super::{Command, CommandError, ErrorCode, Instance, Level, Reply, Words};
use super::show_resolvers::{self, ResolversTable};
use super::typed::{Format, number};
use crate::server::ServerStatus;
use crate::stats::Statistics;
use rows::{Kind, Row};

/// `show stat [<proxy> <type> <sid>] [desc] [json|typed] [no-maint] [up]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShowStat {
    /// What to show; everything without.
    pub filter: Option<StatFilter>,
    /// Leave out servers that are down.
    pub up: bool,
    /// Leave out servers in maintenance.
    pub no_maint: bool,
    /// How to write it.
    pub format: Format,
    /// With the meaning of each value, in the typed form.
    pub described: bool,
    /// Nameservers instead of proxies (`domain resolvers`).
    pub resolvers: bool,
    /// Without addresses, cookies and algorithms, which are for operators.
    pub brief: bool,
}

/// Which rows to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatFilter {
    /// Of which proxies.
    pub proxy: ProxyFilter,
    /// 1 frontends, 2 backends, 4 servers, 8 listeners, or a sum of them.
    pub kinds: u32,
    /// Number of the server or listener (`sid`); `None` is all.
    pub service: Option<u32>,
}

/// Which proxies to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProxyFilter {
    /// All of them.
    All,
    /// The one with this number (`iid`).
    Id(u32),
    /// The one of this name.
    Name(String),
}

/// The statistics, with how they were asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct StatTable {
    /// The values of all proxies.
    pub statistics: Statistics,
    /// What is rendered of them, and how.
    pub asked: ShowStat,
}

impl StatFilter {
    /// Numbers are read as far as they go; -1 is all, and a first word that is no number is a name.
    fn of_words(proxy: &str, kinds: &str, service: &str) -> Self {
        let id = |number: i32| u32::try_from(number).unwrap_or(u32::MAX);
        Self {
            proxy: match number(proxy) {
                -1 => ProxyFilter::All,
                0 => ProxyFilter::Name(proxy.to_owned()),
                number => ProxyFilter::Id(id(number)),
            },
            kinds: number(kinds).cast_unsigned(),
            service: Some(number(service)).filter(|number| *number != -1).map(id),
        }
    }

    fn takes(&self, row: &Row) -> bool {
        let service = match row.kind {
            Kind::Server | Kind::Listener => self.service.is_none_or(|id| id == row.id),
            Kind::Frontend | Kind::Backend => true,
        };
        self.kinds & row.kind.bit() != 0 && service
    }
}

impl ShowStat {
    pub(crate) fn parse(words: Words) -> Result<Command, CommandError> {
        let mut command = Self { brief: words.level() < Level::Operator, ..Self::default() };
        let words: Vec<&str> = words.iter().collect();
        let mut options = words.as_slice();
        if let ["domain", rest @ ..] = options {
            let (domain, rest) = rest.split_first().map_or(("", rest), |(domain, rest)| (*domain, rest));
            command.resolvers = match domain {
                "proxy" => false,
                // The manual's word, which HAProxy 2.6 itself refuses.
                "resolvers" | "dns" => true,
                _ => return Err(CommandError::new(ErrorCode::Usage, "Invalid statistics domain.")),
            };
            options = rest;
        }
        // Any three words are a filter: options come behind it, or are one or two.
        if let [proxy, kinds, service, rest @ ..] = options {
            command.filter = Some(StatFilter::of_words(proxy, kinds, service));
            options = rest;
        }
        for word in options {
            match *word {
                "typed" => command.format = Format::Typed,
                "json" => command.format = Format::Json,
                "no-maint" => command.no_maint = true,
                "up" => command.up = true,
                "desc" => command.described = true,
                _ => {}
            }
        }
        Ok(Command::ShowStat(command))
    }

    pub(crate) fn run(&self, instance: &Instance) -> Result<Reply, CommandError> {
        if self.resolvers {
            let sections = show_resolvers::sections(instance);
            let (format, described) = (self.format, self.described);
            return Ok(Reply::ResolversTable(ResolversTable { sections, format, described }));
        }
        let statistics = instance.statistics();
        if let Some(StatFilter { proxy: ProxyFilter::Name(name), .. }) = &self.filter
            && !statistics.proxies.iter().any(|proxy| *proxy.name == **name)
        {
            return Err(CommandError::new(ErrorCode::NotFound, "No such proxy."));
        }
        Ok(Reply::Statistics(Box::new(StatTable { statistics, asked: self.clone() })))
    }

    fn takes_proxy(&self, id: u32, name: &str) -> bool {
        match self.filter.as_ref().map(|filter| &filter.proxy) {
            None | Some(ProxyFilter::All) => true,
            Some(ProxyFilter::Id(wanted)) => *wanted == id,
            Some(ProxyFilter::Name(wanted)) => wanted == name,
        }
    }

    fn takes_server(&self, status: &ServerStatus) -> bool {
        !(self.no_maint && status.is_maintenance() || self.up && status.is_down())
    }
}

impl StatTable {
    pub(crate) fn render(&self, out: &mut String) {
        render::render(&self.rows(), &self.asked, out);
    }

    fn rows(&self) -> Vec<Row> {
        let mut rows = Vec::new();
        let (asked, brief) = (&self.asked, self.asked.brief);
        for proxy in self.statistics.proxies.iter().filter(|proxy| asked.takes_proxy(proxy.id, &proxy.name)) {
            if let Some(frontend) = &proxy.frontend {
                rows.push(rows::frontend(proxy, frontend));
                rows.extend(frontend.listeners.iter().map(|listener| rows::listener(proxy, listener, brief)));
            }
            if let Some(backend) = &proxy.backend {
                let servers = backend.servers.iter().filter(|server| asked.takes_server(&server.status));
                rows.extend(servers.map(|server| rows::server(proxy, server, brief)));
                rows.push(rows::backend(proxy, backend, brief, asked.up || asked.no_maint));
            }
        }
        if let Some(filter) = &asked.filter {
            rows.retain(|row| filter.takes(row));
        }
        rows
    }
}
