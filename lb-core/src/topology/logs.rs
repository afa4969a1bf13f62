//! The logs of each proxy: formats compiled, `log global` resolved, every place opened once.

use crate::config::{Global, LogFormatChoice, Mode, ProxyConfig, ProxyLog};
use crate::log::{AccessLog, FormatUse, LogDestinations, LogFormat, LogFormatError, LogSettings, LogTargets};
use crate::net::Inherited;
use crate::sample::names::Names;
use crate::sample::{Places, Scope};

/// Makes the logs of proxies, whose targets may be the same places.
pub(super) struct Logs<'a> {
    global: &'a Global,
    names: &'a Names,
    inherited: &'a Inherited,
    places: LogDestinations,
}

impl<'a> Logs<'a> {
    pub(super) fn new(global: &'a Global, names: &'a Names, inherited: &'a Inherited) -> Self {
        Self { global, names, inherited, places: LogDestinations::default() }
    }

    pub(super) fn into_places(self) -> LogDestinations {
        self.places
    }

    pub(super) fn access(&mut self, section: &ProxyConfig) -> Result<AccessLog, LogFormatError> {
        let http = section.mode == Mode::Http;
        let targets = self.targets(section);
        let choice = match &section.log_format {
            // Only a program that embeds the library gets records then, and the default line is made before there is
            // anything to know.
            LogFormatChoice::Default if targets.is_empty() && http => &LogFormatChoice::Http,
            LogFormatChoice::Default if targets.is_empty() => &LogFormatChoice::Tcp,
            choice => choice,
        };
        let proxy = self
            .names
            .proxies
            .iter()
            .position(|proxy| proxy.name == section.name && proxy.frontend == section.kind.is_frontend());
        let scope = Scope { proxy, ..Scope::of(self.names, "log-format expression") };
        let usage = FormatUse { http, messages: false, rule: false, places: Places::LOG, scope };
        let format = LogFormat::choose(choice, &usage)?;
        let parse = |text: &Option<String>| text.as_deref().map(|text| LogFormat::parse_in(text, &usage)).transpose();
        let error_format = parse(&section.error_log_format)?;
        let structured_data = parse(&section.log_format_sd)?;
        Ok(AccessLog::new(format, targets, (&section.options).into())
            .with_error_format(error_format)
            .with_structured_data(structured_data))
    }

    pub(super) fn targets(&mut self, section: &ProxyConfig) -> LogTargets {
        let tag = section.log_tag.as_ref().or(self.global.log_tag.as_ref());
        let hostname = match self.global.log_send_hostname.as_deref() {
            Some("") => Some(rustix::system::uname().nodename().to_string_lossy().into_owned()),
            other => other.map(str::to_owned),
        };
        let settings = LogSettings { tag: tag.map_or("haproxy", String::as_str).to_owned(), hostname };
        let mut targets = Vec::new();
        for log in &section.logs {
            match log {
                ProxyLog::Global => targets.extend(self.global.logs.iter().cloned()),
                ProxyLog::Target(target) => targets.push(target.clone()),
            }
        }
        let inherited = |number| self.inherited.by_number(number).ok();
        LogTargets::new(&targets, &settings, &mut self.places, &inherited)
    }
}
