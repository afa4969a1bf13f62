//! The logs of each proxy: formats compiled, `log global` resolved, every place opened once.

use crate::config::{Global, Mode, ProxyConfig, ProxyLog};
use crate::log::{AccessLog, LogDestinations, LogFormat, LogFormatError, LogSettings, LogTargets};
use crate::net::Inherited;

/// Makes the logs of proxies, whose targets may be the same places.
pub(super) struct Logs<'a> {
    global: &'a Global,
    inherited: &'a Inherited,
    places: LogDestinations,
}

impl<'a> Logs<'a> {
    pub(super) fn new(global: &'a Global, inherited: &'a Inherited) -> Self {
        Self { global, inherited, places: LogDestinations::default() }
    }

    pub(super) fn into_places(self) -> LogDestinations {
        self.places
    }

    pub(super) fn access(&mut self, section: &ProxyConfig) -> Result<AccessLog, LogFormatError> {
        let http = section.mode == Mode::Http;
        let format = LogFormat::choose(&section.log_format, http)?;
        let parse = |text: &Option<String>| text.as_deref().map(|text| LogFormat::parse(text, http)).transpose();
        let error_format = parse(&section.error_log_format)?;
        let structured_data = parse(&section.log_format_sd)?;
        Ok(AccessLog::new(format, self.targets(section), (&section.options).into())
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
